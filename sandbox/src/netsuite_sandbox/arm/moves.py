"""The adjustments of a reclassification, and how an amount is apportioned among elements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from netsuite_sandbox.money import share

if TYPE_CHECKING:
    from netsuite_sandbox.store.database import Row

CARVE = "carve"
FOREIGN, UNBILLED, NETTING, CONTRACT_ASSET = "foreign currency", "unbilled", "netting", "asset gain"
REVERSED = (UNBILLED, NETTING)  # Every month anew; the others add up.


@dataclass(frozen=True, slots=True)
class Move:
    """What a reclassification does to the deferral account of one element.

    Attributes:
        base: Base currency, debit positive; the kind says what takes the other side.
        undoes: The earlier move that this one reverses.
        amount: Of a carving: the same in transaction currency.
    """

    kind: str
    element: Row
    base: int
    undoes: int = 0
    amount: int = 0


def in_ratio(total: int, weights: list[int], precision: int) -> list[int]:
    """Apportion by net amount ratio; the last takes the rounding."""
    out: list[int] = []
    whole = sum(weights)
    seen = given = 0
    for weight in weights:
        seen += weight
        upto = share(total, seen, whole, precision)
        out.append(upto - given)
        given = upto
    return out
