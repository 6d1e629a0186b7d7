"""Which block pays, and how much money a number of credits is.

`DRAWDOWN_ORDER` is the table of orders a tenant can combine; the cumulative rule makes every block
end at exactly zero whatever the rounding on the way.

Source:
    Order of blocks: Orb, "Credit systems" (item filter, expiry, cost basis, creation); Metronome,
    "Prioritization rules" (priority first).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from drawdown.core.block import Block
from drawdown.core.money import ZERO, credits_floor, minus, plus, share_floor

_NEVER = datetime.max.replace(tzinfo=UTC)
_MANY = 10**9  # items of a block that is bound to none

# fmt: off
DRAWDOWN_ORDER: dict[str, tuple[Callable[[Block], object], str]] = {
    "priority":           (lambda b: b.priority,                        "lower number first"),
    "soonest_expiry":     (lambda b: b.expires_at or _NEVER,            "soonest expiry first, never last"),
    "lowest_cost_basis":  (lambda b: cost_basis(b),                     "lowest money per credit first"),  # noqa: PLW0108 - defined below
    "free_first":         (lambda b: b.amount_minor > 0,                "blocks without a price first"),
    "fewest_items":       (lambda b: len(b.item_ids) or _MANY,          "bound to the fewest items first"),
    "earliest_effective": (lambda b: b.effective_at,                    "earliest effective first"),
    "item_filtered":      (lambda b: not b.item_ids,                    "blocks bound to items first"),
    "block_id":           (lambda b: b.block_id,                        "block id, so that nothing is left to chance"),
}
# fmt: on


def cost_basis(block: Block) -> Fraction:
    """Return the exact money per credit of a block, in minor units."""
    return Fraction(block.amount_minor) / Fraction(block.credits)


def in_order(blocks: Iterable[Block], order: Sequence[str]) -> list[Block]:
    """Sort blocks so that the first to be drawn comes first; the block id decides what `order` leaves.

    Raises:
        KeyError: `order` names a key that DRAWDOWN_ORDER lacks.
    """
    keys = [DRAWDOWN_ORDER[name][0] for name in (*order, "block_id")]
    return sorted(blocks, key=lambda block: tuple(key(block) for key in keys))


def money_for(block: Block, credits_: Decimal) -> int:
    """Return the money of the next credits of a block, by the cumulative rule.

    Args:
        block: Its position counts.
        credits_: Not negative, at most what remains.

    Returns:
        Minor units, not negative; what ends the block takes the rest.
    """
    if not credits_:
        return 0
    after = plus(block.used_credits, credits_)
    assert after <= block.credits
    if after == block.credits:
        return block.remaining_minor
    target = share_floor(block.amount_minor, after, block.credits)
    return min(max(0, target - block.used_minor), block.remaining_minor)


def credits_for(block: Block, amount_minor: int) -> Decimal:
    """Return the credits that an amount of money draws: the same rule, read the other way.

    Args:
        block: Its position counts; it has a cost.
        amount_minor: Positive, at most what remains.
    """
    after = block.used_minor + amount_minor
    assert after <= block.amount_minor
    if after == block.amount_minor:
        return block.remaining_credits
    target = credits_floor(block.credits, after, block.amount_minor)
    return min(max(ZERO, minus(target, block.used_credits)), block.remaining_credits)


def take_credits(block: Block, wanted: Decimal) -> tuple[Decimal, int]:
    """Draw up to `wanted` credits: (credits, minor units) taken from the block."""
    taken = min(wanted, block.remaining_credits)
    return taken, money_for(block, taken)


def take_money(block: Block, wanted_minor: int) -> tuple[Decimal, int]:
    """Draw up to `wanted_minor` of money: (credits, minor units) taken from the block."""
    taken = min(wanted_minor, block.remaining_minor)
    return (credits_for(block, taken), taken) if taken else (ZERO, 0)
