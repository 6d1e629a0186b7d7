"""Rollover: what of a recurring allocation outlives its period, and what of it ends there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_FLOOR, Context, Decimal

from drawdown.core.money import ZERO, minus
from drawdown.core.subscription.account import Holding
from drawdown.core.subscription.plan import Rollover

_FLOOR = Context(prec=80, rounding=ROUND_FLOOR)


def rolls_now(holding: Holding, at: datetime) -> bool:
    """Whether a period of a block has ended by an instant and it has not rolled over yet."""
    rolls_at = holding.block.rolls_at
    return holding.rolls < len(rolls_at) and rolls_at[holding.rolls] <= at


def is_carried(holding: Holding, at: datetime) -> bool:
    """Whether a block lives on at an instant because it rolls over then, or did before."""
    expires_at = holding.block.expires_at
    is_alive = not holding.is_ended and (expires_at is None or expires_at > at)
    return is_alive and (holding.rolls > 0 or rolls_now(holding, at))


def kept(
    holdings: Sequence[Holding], rollover: Rollover, decimals: int, at: datetime
) -> list[Decimal]:
    """Decide what each block of a line keeps when some of them roll over.

    Those keep the share of what is left, rounded down to the unit; together with what was carried
    over before no more than the cap. What lives longest is kept first, so that the customer loses
    the least.

    Args:
        holdings: Those that are carried over at this instant, in any order.
        decimals: Of the plan's unit.

    Returns:
        Credits kept, in the order of `holdings`.

    Source:
        Cap and number of periods: Zuora, "Create prepayment charge with rollover"; the cap counts
        all that is carried over at one time, as in Autumn, "Rollovers".
    """
    quantum = Decimal(1).scaleb(-decimals)
    shares = [
        _FLOOR.multiply(one.left, rollover.share).quantize(quantum, context=_FLOOR)
        if rolls_now(one, at)
        else one.left
        for one in holdings
    ]
    if rollover.cap is None:
        return shares
    room = rollover.cap
    by_life = sorted(range(len(holdings)), key=lambda n: _life(holdings[n]), reverse=True)
    result = [ZERO] * len(holdings)
    for number in by_life:
        result[number] = min(shares[number], room)
        room = minus(room, result[number])
    return result


def _life(holding: Holding) -> tuple[bool, str, str]:
    expires_at = holding.block.expires_at
    return (
        expires_at is None,
        expires_at.isoformat() if expires_at else "",
        holding.block.block_id,
    )
