"""Giving credits back: what usage took is returned to where it was taken from, the last first."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from drawdown.core.money import minus, plus
from drawdown.core.subscription.account import Account, BilledPart, Meter
from drawdown.core.subscription.acts import Ending, EndKind

EndsAs = Callable[[str], EndKind]
"""What becomes of what is left of a block that has ended."""


def give_back(account: Account, meter: Meter, credits_: Decimal, ends_as: EndsAs) -> None:
    """Give credits of a meter back.

    What is not billed yet goes first: pay as you go, then the draws. Then lines of earlier bills,
    which the next bill credits.
    """
    wanted = credits_
    freed = min(meter.overage, wanted)
    meter.overage = minus(meter.overage, freed)
    wanted = minus(wanted, freed)
    for block_id in reversed(list(meter.draws)):
        if not wanted:
            return
        drawn = meter.draws[block_id]
        part = min(drawn.credits, wanted)
        drawn.credits = minus(drawn.credits, part)
        wanted = minus(wanted, part)
        if not drawn.credits:
            del meter.draws[block_id]
        holding = account.holdings[block_id]
        holding.reserved = minus(holding.reserved, part)
        _restore(account, block_id, part, ends_as)
    for billed in reversed(meter.parts):
        if not wanted:
            return
        part = min(billed.credits, wanted)
        if not part:
            continue
        billed.credits = minus(billed.credits, part)
        wanted = minus(wanted, part)
        meter.credited.append(BilledPart(billed.invoice_id, billed.line_id, billed.block_id, part))
        if billed.block_id:
            _restore(account, billed.block_id, part, ends_as)


def _restore(account: Account, block_id: str, credits_: Decimal, ends_as: EndsAs) -> None:
    """Put credits back into a block; where it has ended they end with it."""
    holding = account.holdings.get(block_id)
    if holding is not None:
        holding.left = plus(holding.left, credits_)
    if (holding is None or holding.is_ended) and not any(
        one.block_id == block_id and one.credits is None for one in account.endings
    ):
        account.endings.append(Ending(block_id, ends_as(block_id), None, account.at))
