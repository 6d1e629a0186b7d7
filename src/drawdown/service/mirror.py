"""Laying what the ERP's own subscription billing says beside what its charges lead to.

Read only. Each prepaid line is computed anew from its charges (`core.revenue_elements`) and
compared: what is left, the sales amount of each element, and what was recognised in each month that
the ERP has run.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from drawdown.core.money import credits_text, money_text
from drawdown.core.native_prepayment import NativePrepayment, NativePrepayments
from drawdown.core.revenue_elements import Account, Kind, elements, journals


class Deviation(NamedTuple):
    """One disagreement on a prepaid line.

    Attributes:
        what: Item and figure concerned.
        ours: Decimal string of what the charges lead to.
        theirs: Decimal string of what the ERP says.
        detail: What happened and what to do, in words.
    """

    subscription: str
    what: str
    currency: str
    ours: str
    theirs: str
    detail: str


class Mirrored(NamedTuple):
    """A prepaid line and what does not agree on it."""

    prepayment: NativePrepayment
    deviations: tuple[Deviation, ...]


def mirror(erp: NativePrepayments, as_of: date) -> Iterator[Mirrored]:
    """Read and compare every prepaid line.

    Args:
        as_of: Day up to which the ERP has rated usage and updated its revenue elements.
    """
    for one in erp.prepayments():
        yield Mirrored(one, tuple(deviations(one, as_of)))


def deviations(one: NativePrepayment, as_of: date) -> Iterator[Deviation]:
    """Yield what does not agree on one prepaid line."""
    yield from _remaining(one)
    yield from _elements(one, as_of)
    yield from _recognition(one)


def _remaining(one: NativePrepayment) -> Iterator[Deviation]:
    facts = one.facts
    left = sum(charge.amount_minor for charge in facts.bought)
    left -= sum(charge.amount_minor for charge in facts.drawn)
    left -= sum(credit.amount_minor for credit in facts.returned)
    if left != one.remaining_minor:
        yield _deviation(
            one, "prepayment remaining", left, one.remaining_minor,
            "its charges are bought, drawn and returned to another remainder; look for a charge "
            "that was deleted or changed, and rate again",
        )  # fmt: skip


def _elements(one: NativePrepayment, as_of: date) -> Iterator[Deviation]:
    ours = {element.item_id: element for element in elements(one.facts, as_of)}
    for line in sorted(ours.keys() | one.elements.keys(), key=int):
        mine, other = ours.get(line), one.elements.get(line)
        mine_minor = mine.sales_minor if mine else 0
        other_minor = other.sales_minor if other else 0
        if mine_minor != other_minor:
            yield _deviation(
                one, f"{one.names[line]}: sales amount", mine_minor, other_minor,
                "usage was rated and its revenue element was not updated: run Update Revenue "
                "Arrangements, then compare again",
            )  # fmt: skip
        elif mine and other and mine.quantity != other.quantity:
            yield Deviation(
                one.subscription, f"{one.names[line]}: quantity", "",
                credits_text(mine.quantity), credits_text(other.quantity),
                f"subscription {one.subscription}: the revenue element of {one.names[line]} has "
                f"quantity {credits_text(other.quantity)}, its charges have "
                f"{credits_text(mine.quantity)}; run Update Revenue Arrangements, then compare "
                "again",
            )  # fmt: skip


def _recognition(one: NativePrepayment) -> Iterator[Deviation]:
    """Compare the months up to the last one in which the ERP recognised anything of the line."""
    if not one.recognised:
        return
    last = max(period for _line, period in one.recognised)
    ours = {
        (line.item_id, journal.period_end): -line.amount_minor
        for journal in journals(one.facts, last)
        if journal.kind is Kind.RECOGNITION
        for line in journal.lines
        if line.account is Account.INCOME
    }
    for key in sorted(ours.keys() | one.recognised.keys(), key=lambda key: (key[1], int(key[0]))):
        line, period = key
        mine, other = ours.get(key, 0), one.recognised.get(key, 0)
        if mine != other:
            yield _deviation(
                one, f"{one.names[line]}: recognised in {period:%Y-%m}", mine, other,
                "usage was dated into a month after its month end was run, or a recognition "
                "journal was changed; see the revenue plan of the element",
            )  # fmt: skip


def _deviation(one: NativePrepayment, what: str, mine: int, other: int, why: str) -> Deviation:
    code = one.facts.currency
    ours, theirs = money_text(mine, code), money_text(other, code)
    return Deviation(
        one.subscription, what, code, ours, theirs,
        f"subscription {one.subscription}, {what}: NetSuite says {theirs} {code}, its charges "
        f"lead to {ours}; {why}",
    )  # fmt: skip
