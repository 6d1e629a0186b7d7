"""Balances: what is left at an instant, as it is known now or was known at another.

Usage counts from the moment it was used, billed or not. The fold begins at the last bill before the
instant asked for, so the answer costs what was used since.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from drawdown.core.errors import SubscriptionError
from drawdown.core.money import ZERO, minus, plus
from drawdown.core.policy import Policy
from drawdown.core.subscription.account import meter_key
from drawdown.core.subscription.acts import PlanBlock
from drawdown.core.subscription.fitting import fit, fresh
from drawdown.core.subscription.notices import balance_of
from drawdown.core.subscription.plan import Frequency
from drawdown.core.subscription.running import Run
from drawdown.core.subscription.span import day_of, midnight
from drawdown.core.subscription.timeline import Timeline
from drawdown.service.accounts import END_OF_TIME
from drawdown.store.codec import array_literal
from drawdown.store.database import Session
from drawdown.store.subscriptions import (
    bases,
    closed_meters,
    positions_known,
    subscriptions_known,
)
from drawdown.store.usage import uses_of

_BEGINNING = datetime.min.replace(tzinfo=UTC)
BURN_DAYS = 30
"""Days whose usage says when a refill is expected."""


class BlockBalance(NamedTuple):
    """What is left of a block.

    Attributes:
        reserved: Drawn by usage that is not billed yet; it is not in `left`.
    """

    block: PlanBlock
    left: Decimal
    reserved: Decimal


class LineBalance(NamedTuple):
    """What is left of a prepay line.

    Attributes:
        minimum: Balance at which it is refilled; None: it is not.
        burn_per_day: Recent usage of it.
        refill_on: Day on which the minimum is reached if it goes on like this; None: it is not
            used, or not refilled.
    """

    subscription_id: str
    line_id: str
    unit: str
    left: Decimal
    minimum: Decimal | None
    burn_per_day: Decimal
    refill_on: date | None


class Balance(NamedTuple):
    """A customer's balance at an instant.

    Attributes:
        overage: Unbilled usage that no block pays, in credits, by (subscription, line).
    """

    customer_id: str
    as_of: datetime
    known_at: datetime | None
    lines: tuple[LineBalance, ...]
    blocks: tuple[BlockBalance, ...]
    overage: dict[tuple[str, str], Decimal]

    @property
    def left(self) -> Decimal:
        """Credits left in all; of one customer they have one unit as a rule."""
        total = ZERO
        for one in self.blocks:
            total = plus(total, one.left)
        return total


def balance(
    session: Session,
    customer_id: str,
    policy: Policy,
    as_of: datetime,
    known_at: datetime | None = None,
) -> Balance:
    """Return a customer's balance at an instant.

    Args:
        as_of: Usage, purchases and expiry up to and including this instant count.
        known_at: Only what had arrived by then; None: everything.

    Raises:
        SubscriptionError: The customer is not known.
    """
    with session.transaction():
        if not session.run("customers", {"ids": array_literal([customer_id])}).fetchone():
            raise SubscriptionError(
                f"customer {customer_id!r} is not known; `drawdown blocks` lists customers"
            )
        timeline = timeline_at(session, customer_id, policy, as_of, known_at)
        start = timeline.account.at
        Run(timeline, uses_of(session, customer_id, start, known_at)).finish(as_of)
        drawn = _burn(session, customer_id, policy, as_of, known_at)
    account = timeline.account
    blocks = tuple(
        BlockBalance(one.block, ZERO if one.is_ended else one.left, one.reserved)
        for one in account.holdings.values()
        if one.reserved or (one.left and not one.is_ended)
    )
    overage: dict[tuple[str, str], Decimal] = {}
    for meter in account.meters.values():
        if meter.overage:
            key = (meter.subscription_id, meter.line_id)
            overage[key] = plus(overage.get(key, ZERO), meter.overage)
    return Balance(customer_id, as_of, known_at, _lines(timeline, drawn, as_of), blocks, overage)


def timeline_at(
    session: Session,
    customer_id: str,
    policy: Policy,
    as_of: datetime,
    known_at: datetime | None,
) -> Timeline:
    """Take up the account where the last bill before an instant left it, as it was known then.

    What others did to its blocks up to that instant goes before usage that is not billed yet,
    whenever it became known.
    """
    known, zone = known_at or END_OF_TIME, policy.time_zone
    subscriptions = subscriptions_known(session, customer_id, known)
    account = bases(session, [customer_id], as_of, known).get(customer_id)
    from_at = account.at if account else _BEGINNING
    positions = positions_known(session, customer_id, from_at, as_of, known)
    paid_by: set[str] = set()
    if account is None:
        starts = [midnight(one.starts_on, zone) for one in subscriptions.values()]
        starts += [one.block.entered_at for one in positions]
        account = fresh(customer_id, min(starts, default=as_of))
    else:
        for meter in closed_meters(session, [customer_id], from_at).get(customer_id, ()):
            key = meter_key(meter.subscription_id, meter.line_id, meter.starts_on)
            account.meters.setdefault(key, meter)
            paid_by.update(part.block_id for part in meter.parts)
    blocks: dict[str, PlanBlock] = {}
    left: dict[str, Decimal | None] = {}
    for one in positions:
        block_id = one.block.block_id
        is_let_go = one.ended_at is not None and one.ended_at <= from_at
        if is_let_go and (one.is_closed or not (one.left or block_id in paid_by)):
            continue
        blocks[block_id] = one.block
        if one.left is not None:
            # Drawn again before the day on which a draw was given back: less than nothing is left.
            left[block_id] = None if one.is_closed else max(one.left, ZERO)
    timeline = Timeline(account, subscriptions, blocks, zone, left)
    fit(account, left)
    return timeline


def _burn(
    session: Session,
    customer_id: str,
    policy: Policy,
    as_of: datetime,
    known_at: datetime | None,
) -> dict[tuple[str, str], Decimal]:
    """Return what was drawn of each prepay line in the days before an instant."""
    since = as_of - timedelta(days=BURN_DAYS)
    timeline = timeline_at(session, customer_id, policy, since, known_at)
    start = timeline.account.at
    run = Run(timeline, uses_of(session, customer_id, start, known_at))
    if start < since:
        run.finish(since)
    before = _drawn(timeline)
    run.finish(as_of)
    return {key: minus(total, before.get(key, ZERO)) for key, total in _drawn(timeline).items()}


def _drawn(timeline: Timeline) -> dict[tuple[str, str], Decimal]:
    found: dict[tuple[str, str], Decimal] = {}
    for one in timeline.account.holdings.values():
        key = (one.block.subscription_id, one.block.line_id)
        found[key] = plus(found.get(key, ZERO), one.reserved)
    return found


def _lines(
    timeline: Timeline, drawn: dict[tuple[str, str], Decimal], as_of: datetime
) -> tuple[LineBalance, ...]:
    account = timeline.account
    found: list[LineBalance] = []
    for subscription in timeline.subscriptions.values():
        starts_at = midnight(subscription.starts_on, timeline.zone)
        if starts_at > as_of:
            continue
        since = max(starts_at, as_of - timedelta(days=BURN_DAYS))
        days = max(1, (as_of - since).days)
        for line in subscription.plan.prepay:
            key = (subscription.subscription_id, line.line_id)
            left = balance_of(account, *key)
            burn = (drawn.get(key, ZERO) / days).normalize()
            is_refilled = line.frequency is Frequency.AUTO_REFILL
            refill_on = None
            if is_refilled and burn > 0:
                ahead = int((left - line.minimum) / burn)
                refill_on = day_of(as_of, timeline.zone) + timedelta(days=min(ahead, 36_500))
            found.append(
                LineBalance(
                    *key, subscription.plan.unit, left, line.minimum if is_refilled else None,
                    burn, refill_on,
                )
            )  # fmt: skip
    return tuple(found)
