"""Where an account and the journal meet: what others did to the same blocks, what may be let go.

Blocks can be drawn, credited and voided by facts of another source. The journal then holds less (or
more) than the account expects, and the account is fitted to it before it goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from drawdown.core.money import ZERO, minus, plus
from drawdown.core.subscription.account import Account, Holding, Meter
from drawdown.core.subscription.bills import next_period
from drawdown.core.subscription.terms import Subscription

TOLD_MAX = 200
"""Notices that an account remembers; the store remembers all."""


def fresh(customer_id: str, at: datetime) -> Account:
    """Return the account of a customer before anything happened."""
    return Account(customer_id, at, at)


def agrees(account: Account, left: Mapping[str, Decimal | None]) -> bool:
    """Whether the journal has left of every block what the account expects."""
    for block_id, holding in account.holdings.items():
        if holding.is_ended or block_id not in left:
            continue
        found = left[block_id]
        if found is None or found != plus(holding.left, _unposted(account, holding)):
            return False
    return True


def fit(account: Account, left: Mapping[str, Decimal | None]) -> None:
    """Bring an account to what the journal has left of its blocks.

    Args:
        left: Credits by block id; None: the journal has closed the block. A block that the journal
            does not know yet is as the account has it.
    """
    for block_id, holding in account.holdings.items():
        if holding.is_ended or block_id not in left:
            continue
        found = left[block_id]
        now = minus(found if found is not None else ZERO, _unposted(account, holding))
        if now < 0:
            _strip(account, holding, -now)
        holding.left = max(now, ZERO)
        holding.is_ended = found is None


def _unposted(account: Account, holding: Holding) -> Decimal:
    """Return what the journal does not know yet of a block: drawn or ended, less given back."""
    block_id = holding.block.block_id
    total = holding.reserved
    for ending in account.endings:
        if ending.block_id == block_id and ending.credits is not None:
            total = plus(total, ending.credits)
    for meter in account.meters.values():
        for part in meter.credited:
            if part.block_id == block_id:
                total = minus(total, part.credits)
    return total


def _strip(account: Account, holding: Holding, credits_: Decimal) -> None:
    """Turn draws that a block cannot pay any more into pay as you go, the last first."""
    block_id, wanted = holding.block.block_id, credits_
    for meter in reversed(account.meters.values()):
        drawn = meter.draws.get(block_id)
        if drawn is None or not wanted:
            continue
        part = min(drawn.credits, wanted)
        wanted = minus(wanted, part)
        drawn.credits = minus(drawn.credits, part)
        holding.reserved = minus(holding.reserved, part)
        meter.overage = plus(meter.overage, part)
        meter.overage_at = drawn.last_at
        if not drawn.credits:
            del meter.draws[block_id]


def prune(
    account: Account, subscriptions: Mapping[str, Subscription], *, is_base: bool
) -> tuple[list[Meter], list[str]]:
    """Let go of what later folds do not need: closed meters, and blocks that have ended.

    Args:
        is_base: Of what has just been billed, blocks with nothing left go too, so that an account
            does not grow with every refill. A correction that gives them credits back brings them
            back.

    Returns:
        The meters, and the ids of the blocks.
    """
    billed: dict[str, date | None] = {}
    for subscription in subscriptions.values():
        period = next_period(account, subscription)
        billed[subscription.subscription_id] = period.starts_on if period else None
    meters = [
        key
        for key, meter in account.meters.items()
        if not meter.is_open and _is_before(meter.starts_on, billed.get(meter.subscription_id))
    ]
    waiting = {ending.block_id for ending in account.endings} | set(account.uninvoiced)
    waiting |= {part.block_id for meter in account.meters.values() for part in meter.credited}
    blocks = [
        block_id
        for block_id, holding in account.holdings.items()
        if not holding.reserved
        and block_id not in waiting
        and (holding.is_ended or (is_base and not holding.left))
    ]
    for block_id in blocks:
        del account.holdings[block_id]
    del account.told[:-TOLD_MAX]
    return [account.meters.pop(key) for key in meters], blocks


def _is_before(day: date, billed_through: date | None) -> bool:
    """Whether a period is over: None means that all of the subscription is billed."""
    return billed_through is None or day < billed_through
