"""What a usage line draws from: the blocks that can pay for it, first to go first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from drawdown.core.allocation import in_order
from drawdown.core.block import Block
from drawdown.core.subscription.account import Account, Holding, Meter
from drawdown.core.subscription.acts import PlanBlock
from drawdown.core.subscription.plan import Apply, Frequency, Plan, PrepayLine, UsageLine
from drawdown.core.subscription.terms import Subscription

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Well:
    """A usage line of a subscription with what it draws from, as of now.

    Attributes:
        holdings: In drawing order; some may be empty.
        refilled: Prepay lines that are refilled for it, with their subscriptions.
        meter: Of the billing period from `starts_at` to `ends_at`.
    """

    subscription: Subscription
    line: UsageLine
    holdings: list[Holding]
    refilled: list[tuple[Subscription, PrepayLine]]
    watched: list[tuple[Subscription, PrepayLine]]
    meter: Meter | None = None
    starts_at: datetime = _NEVER
    ends_at: datetime = _NEVER


def open_well(
    account: Account, subscriptions: Iterable[Subscription], subscription: Subscription, name: str
) -> Well:
    """Find what a usage line draws from.

    Raises:
        StopIteration: The plan has no such line.
    """
    line = next(one for one in subscription.plan.usage if one.line_id == name)
    own = [(subscription, subscription.plan.prepay_line(one)) for one in line.draws]
    shared = [
        (other, prepay)
        for other in subscriptions
        if other.subscription_id != subscription.subscription_id
        and (other.plan.currency, other.plan.unit)
        == (subscription.plan.currency, subscription.plan.unit)
        for prepay in other.plan.prepay
        if prepay.is_shared and (not prepay.items or line.item in prepay.items)
    ]
    refilled = [one for one in own if one[1].frequency is Frequency.AUTO_REFILL] or [
        one for one in shared if one[1].frequency is Frequency.AUTO_REFILL
    ]
    plans = {one.subscription_id: one.plan for one in (*(one[0] for one in shared), subscription)}
    holdings = candidates(account, plans, subscription.subscription_id, line)
    watched = [one for one in (*own, *shared) if one in refilled or one[1].thresholds]
    return Well(subscription, line, holdings, refilled, watched)


def candidates(
    account: Account, plans: Mapping[str, Plan], subscription_id: str, line: UsageLine
) -> list[Holding]:
    """Return the holdings with something left that can pay for a usage line, in drawing order.

    Grants to the customer as a whole pay for any line, prepay lines for those that draw them,
    shared prepay lines for other subscriptions too, after what is their own.

    Args:
        plans: Of the subscription and of those that share with it, by subscription.
    """
    plan = plans[subscription_id]
    found = [
        holding
        for holding in account.holdings.values()
        if holding.left
        and not holding.is_ended
        and _pays_for(holding.block, plan, subscription_id, line)
    ]
    place = {
        block.block_id: number
        for number, block in enumerate(
            in_order((as_block(one.block) for one in found), plan.drawdown_order)
        )
    }
    return sorted(
        found,
        key=lambda one: (
            one.block.subscription_id not in ("", subscription_id),
            _rolled_rank(one, plans),
            place[one.block.block_id],
        ),
    )


def _pays_for(block: PlanBlock, plan: Plan, subscription_id: str, line: UsageLine) -> bool:
    if (block.currency, block.unit) != (plan.currency, plan.unit):
        return False
    if block.item_ids and line.item not in block.item_ids:
        return False
    if not block.line_id:
        return block.subscription_id in ("", subscription_id)
    if block.subscription_id == subscription_id:
        return block.line_id in line.draws
    return block.is_shared


def _rolled_rank(holding: Holding, plans: Mapping[str, Plan]) -> int:
    """Return -1 for what goes first because it rolled over, 1 for what goes last, otherwise 0."""
    if not holding.rolls:
        return 0
    rollover = plans[holding.block.subscription_id].prepay_line(holding.block.line_id).rollover
    assert rollover is not None
    return 1 if rollover.apply is Apply.LAST else -1


def as_block(block: PlanBlock) -> Block:
    """Return the terms of a block as the core's drawdown order reads them."""
    return Block(
        block.block_id, block.customer_id, block.subscription_id, block.kind, block.currency,
        block.amount_minor, block.credits, block.priority, block.effective_at, block.expires_at,
        frozenset(block.item_ids), block.exchange_rate,
    )  # fmt: skip
