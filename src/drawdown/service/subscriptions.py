"""Subscriptions: create, top up, grant, renew, terminate; each in one transaction, repeatable."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from drawdown.core.errors import SubscriptionError
from drawdown.core.events import BlockKind
from drawdown.core.money import ZERO
from drawdown.core.policy import Policy
from drawdown.core.subscription.acts import Origin, PlanBlock
from drawdown.core.subscription.plan import EndOfTerm
from drawdown.core.subscription.purchases import topped_up
from drawdown.core.subscription.running import Run
from drawdown.core.subscription.span import check_days, midnight
from drawdown.core.subscription.terms import Subscription
from drawdown.service.accounts import Desk
from drawdown.service.moving import Move, move
from drawdown.store.codec import array_literal
from drawdown.store.database import Session
from drawdown.store.ledger import lock_tenant
from drawdown.store.subscriptions import (
    add_subscription,
    change_subscription,
    customers_of,
    plan_block,
    plan_key,
)
from drawdown.store.usage import uses_of


class Given(NamedTuple):
    """Credits given to a customer beside what the plan says.

    Attributes:
        block_id: The caller's id; the same id with the same content counts once.
        subscription_id: Whose line it fills; empty: the customer as a whole.
        line_id: Prepay line it fills; empty: every usage line may draw it.
        amount_minor: Its price; zero: a grant.
        effective_on: First day on which it can be drawn.
        expires_on: Last day on which it can; None: as the line says.
        priority: The lower is drawn first; None: as the line says.
    """

    block_id: str
    customer_id: str
    subscription_id: str
    line_id: str
    credits: Decimal
    amount_minor: int
    effective_on: date
    expires_on: date | None = None
    priority: int | None = None
    items: tuple[str, ...] = ()
    currency: str = ""
    unit: str = ""
    exchange_rate: Decimal = Decimal(1)


def create(session: Session, subscription: Subscription, policy: Policy, now: datetime) -> bool:
    """Begin a subscription; what it prepays is bought at once if it has begun.

    Returns:
        Whether it is new; the same subscription again changes nothing.

    Raises:
        SubscriptionError: The customer is not known, the currency is another, or the id is taken by
            another subscription, or it begins in no year that can be.
    """
    check_days(f"subscription {subscription.subscription_id}", subscription.starts_on)
    with _desk(session, policy, now) as desk:
        row = session.run("customers", {"ids": array_literal([subscription.customer_id])})
        customer = row.fetchone()
        if customer is None:
            raise SubscriptionError(
                f"subscription {subscription.subscription_id} is for customer "
                f"{subscription.customer_id}, who is not known; ingest the customer first"
            )
        if customer[2] != subscription.plan.currency:
            raise SubscriptionError(
                f"customer {subscription.customer_id} is billed in {customer[2]}, plan "
                f"{subscription.plan.plan_id} is in {subscription.plan.currency}; choose a plan "
                "in the customer's currency"
            )
        desk.load([subscription.customer_id])
        owner = customers_of(session, [subscription.subscription_id])
        if owner:
            desk.load(owner.values())
            before = desk.facts[owner[subscription.subscription_id]].subscriptions
            _check_same(before[subscription.subscription_id], subscription)
            return False
        add_subscription(session, subscription, now)
        desk.facts[subscription.customer_id].subscriptions[subscription.subscription_id] = (
            subscription
        )
        starts_at = midnight(subscription.starts_on, policy.time_zone)
        _settle(desk, subscription.customer_id, starts_at if starts_at <= now else None)
        return True


def _check_same(before: Subscription, again: Subscription) -> None:
    same = dataclasses.replace(before, renewals=again.renewals, ended_on=again.ended_on)
    if same != again or plan_key(before.plan) != plan_key(again.plan):
        raise SubscriptionError(
            f"subscription {again.subscription_id} exists already with other terms (customer "
            f"{before.customer_id}, plan {before.plan.plan_id}, from {before.starts_on}); give the "
            "new one an id of its own"
        )


def give(session: Session, given: Given, policy: Policy, now: datetime) -> bool:
    """Top up a prepay line, or grant credits without a price.

    Returns:
        Whether it is new; the same again changes nothing.

    Raises:
        SubscriptionError: There is no such subscription, line or customer, the block exists, or a
            day is in no year that can be.
    """
    check_days(f"block {given.block_id}", given.effective_on, given.expires_on)
    with _desk(session, policy, now) as desk:
        customer_id = _owner(session, given)
        desk.load([customer_id])
        block = _given_block(desk, given, customer_id, policy)
        if block.expires_at is not None and block.effective_at >= block.expires_at:
            raise SubscriptionError(
                f"block {given.block_id} would begin on {given.effective_on}, after its last day, "
                f"{policy.last_day(block.expires_at)}; let it begin earlier or end later; at the "
                "end of a term, renew the subscription first"
            )
        known = plan_block(session, given.block_id)
        if known is not None:
            if known._replace(entered_at=block.entered_at) == block:
                return False
            raise SubscriptionError(
                f"block {given.block_id} exists already with other terms; a block is given once, "
                "so give this one an id of its own"
            )
        facts = desk.facts[customer_id]
        facts.blocks[block.block_id] = block
        timeline = desk.from_base([customer_id])[customer_id]
        desk.take(timeline, [block])
        run = Run(timeline, uses_of(session, customer_id, timeline.account.at))
        desk.take(timeline, run.finish())
        if facts.head is not None:
            timeline.advance(facts.head.at)
        desk.keep_head(timeline)
        desk.post()
        return True


def _owner(session: Session, given: Given) -> str:
    if not given.subscription_id:
        return given.customer_id
    owner = customers_of(session, [given.subscription_id]).get(given.subscription_id)
    if owner is None or given.customer_id not in ("", owner):
        raise SubscriptionError(
            f"subscription {given.subscription_id} does not exist"
            + (f" for customer {given.customer_id}" if given.customer_id else "")
            + "; `drawdown subscription show` lists what is there"
        )
    return owner


def _given_block(desk: Desk, given: Given, customer_id: str, policy: Policy) -> PlanBlock:
    zone = policy.time_zone
    subscription = desk.facts[customer_id].subscriptions.get(given.subscription_id)
    effective_at = midnight(given.effective_on, zone)
    expires_at = midnight(date.fromordinal(given.expires_on.toordinal() + 1), zone) if (
        given.expires_on
    ) else None  # fmt: skip
    block = PlanBlock(
        given.block_id,
        customer_id,
        given.subscription_id,
        given.line_id,
        Origin.TOP_UP if given.amount_minor else Origin.GRANT,
        0,
        BlockKind.PURCHASED if given.amount_minor else BlockKind.PROMOTIONAL,
        subscription.plan.currency if subscription else given.currency,
        subscription.plan.unit if subscription else given.unit or given.currency,
        given.amount_minor,
        given.credits,
        given.priority or 0,
        effective_at,
        expires_at,
        given.items,
        subscription.exchange_rate if subscription else given.exchange_rate,
        max(effective_at, desk.closed_at(customer_id)),
    )
    if subscription is None or not given.line_id:
        return block
    line = next((one for one in subscription.plan.prepay if one.line_id == given.line_id), None)
    if line is None:
        known = ", ".join(one.line_id for one in subscription.plan.prepay) or "none"
        raise SubscriptionError(
            f"subscription {given.subscription_id} has no prepay line {given.line_id!r}; it has "
            f"{known}"
        )
    if given.priority is None:
        block = block._replace(priority=line.priority)
    return topped_up(subscription, line, block, zone)


def move_credits(session: Session, wanted: Move, policy: Policy, now: datetime) -> bool:
    """Move credits to a block with another expiry, at the cost they had.

    Returns:
        Whether it is new; the same again changes nothing.

    Raises:
        SubscriptionError: See `moving.move`.
    """
    with _desk(session, policy, now) as desk:
        return move(desk, wanted)


def renew(
    session: Session, subscription_id: str, policy: Policy, now: datetime, *, term: int
) -> Subscription:
    """Agree another term.

    Args:
        term: Number of the term that is agreed, from 2: a repeat changes nothing.

    Raises:
        SubscriptionError: There is no such subscription, it has no terms, or it has ended.
    """
    with _desk(session, policy, now) as desk:
        found = _found(session, desk, subscription_id)
        if found.plan.term is None or found.plan.is_renewed:
            raise SubscriptionError(
                f"subscription {subscription_id} goes on by itself; there is nothing to renew"
            )
        if term <= found.renewals + 1:
            return found
        ends_on = found.ends_on
        assert ends_on is not None
        ended_at = midnight(ends_on, policy.time_zone)
        if found.ended_on is not None or desk.closed_at(found.customer_id) >= ended_at:
            raise SubscriptionError(
                f"the last day of subscription {subscription_id} was {found.last_day}, and what "
                "was left has been settled; create a new subscription"
            )
        if term != found.renewals + 2:
            raise SubscriptionError(
                f"subscription {subscription_id} is agreed for term {found.renewals + 1}; renew it "
                f"for term {found.renewals + 2} first"
            )
        return _change(desk, dataclasses.replace(found, renewals=term - 1))


def terminate(
    session: Session,
    subscription_id: str,
    ends_on: date,
    policy: Policy,
    now: datetime,
    end_of_term: EndOfTerm | None = None,
) -> Subscription:
    """End a subscription early; the bill run through its last day settles what is left.

    Args:
        ends_on: First day after the subscription.
        end_of_term: What becomes of the remainder; None: as agreed.

    Raises:
        SubscriptionError: It does not exist, has ended, is billed beyond that day, or has usage or
            purchases after it.
    """
    with _desk(session, policy, now) as desk:
        found = _found(session, desk, subscription_id)
        choice = end_of_term or found.end_of_term
        if found.ended_on == ends_on and found.end_of_term is choice:
            return found
        ended_at = midnight(ends_on, policy.time_zone)
        problem = _why_not_terminated(session, desk, found, ends_on, ended_at)
        if problem:
            raise SubscriptionError(
                f"{ends_on - timedelta(days=1)} cannot be the last day of subscription "
                f"{subscription_id}: {problem}"
            )
        return _change(desk, dataclasses.replace(found, ended_on=ends_on, end_of_term=choice))


def _why_not_terminated(
    session: Session, desk: Desk, found: Subscription, ends_on: date, ended_at: datetime
) -> str:
    if ends_on <= found.starts_on:
        return f"it begins on {found.starts_on}"
    if found.ends_on is not None and ends_on > found.ends_on:
        return f"its last day is {found.last_day} already"
    closed_at = desk.closed_at(found.customer_id)
    if ended_at < closed_at:
        billed = desk.policy.last_day(closed_at)
        return f"the customer is billed through {billed}; choose that day or a later one"
    for use in uses_of(session, found.customer_id, ended_at):
        if use.subscription_id == found.subscription_id and use.quantity:
            return (
                f"usage {use.usage_id} is of {use.used_at:%Y-%m-%d %H:%M} UTC; correct it to zero "
                "or choose a later day"
            )
    facts = desk.facts[found.customer_id]
    for block in facts.blocks.values():
        is_over = facts.left.get(block.block_id, ZERO) is None
        is_mine = block.subscription_id == found.subscription_id and not is_over
        if is_mine and max(block.entered_at, block.effective_at) >= ended_at:
            return f"block {block.block_id} begins after it; void the block or choose a later day"
    return ""


class Shown(NamedTuple):
    """A subscription as it stands.

    Attributes:
        blocks: Of the subscription, those that have not ended.
    """

    subscription: Subscription
    blocks: tuple[PlanBlock, ...]


def show(session: Session, subscription_id: str, policy: Policy, now: datetime) -> Shown:
    """Return a subscription.

    Raises:
        SubscriptionError: There is no such subscription.
    """
    with session.transaction():
        desk = Desk(session, policy, now)
        found = _found(session, desk, subscription_id)
        blocks = desk.facts[found.customer_id].blocks.values()
        mine = (one for one in blocks if one.subscription_id == subscription_id)
        return Shown(found, tuple(sorted(mine, key=lambda one: (one.entered_at, one.block_id))))


@contextmanager
def _desk(session: Session, policy: Policy, now: datetime) -> Iterator[Desk]:
    with session.pipelined_transaction():
        lock_tenant(session)
        yield Desk(session, policy, now)


def _found(session: Session, desk: Desk, subscription_id: str) -> Subscription:
    owner = customers_of(session, [subscription_id]).get(subscription_id)
    if owner is None:
        raise SubscriptionError(
            f"there is no subscription {subscription_id!r}; `drawdown subscription show` lists "
            "what is there"
        )
    desk.load([owner])
    return desk.facts[owner].subscriptions[subscription_id]


def _change(desk: Desk, changed: Subscription) -> Subscription:
    change_subscription(desk.session, changed, desk.now)
    desk.facts[changed.customer_id].subscriptions[changed.subscription_id] = changed
    _settle(desk, changed.customer_id, None)
    return changed


def _settle(desk: Desk, customer_id: str, until: datetime | None) -> None:
    """Fold an account again after its terms changed, at least up to an instant; post what comes."""
    head = desk.facts[customer_id].head
    desk.load_closed_meters([customer_id])
    timeline = desk.from_base([customer_id])[customer_id]
    run = Run(timeline, uses_of(desk.session, customer_id, timeline.account.at))
    desk.take(timeline, run.finish())
    for at in (head.at if head else None, until):
        if at is not None:
            timeline.advance(at)
    desk.keep_head(timeline)
    desk.post()
