"""Blocks that a subscription buys: their ids and terms, derived and never drawn at random."""

from __future__ import annotations

from datetime import date, datetime, tzinfo

from drawdown.core.subscription.acts import Origin, PlanBlock
from drawdown.core.subscription.plan import EndOfTerm, Frequency, PrepayLine, RefillInvoice
from drawdown.core.subscription.span import day_of, midnight, shift
from drawdown.core.subscription.terms import Scheduled, Subscription, term_of


def scheduled_id(subscription_id: str, line_id: str, number: int) -> str:
    """Return the id of the block of a line's n-th scheduled purchase."""
    return f"{subscription_id}/{line_id}/{number}"


def refill_id(subscription_id: str, line_id: str, number: int) -> str:
    """Return the id of the block of a line's n-th refill."""
    return f"{subscription_id}/{line_id}/r{number}"


def scheduled_block(subscription: Subscription, one: Scheduled, zone: tzinfo) -> PlanBlock:
    """Return the block of a scheduled purchase."""
    line, at = one.line, midnight(one.on, zone)
    is_recurring = line.frequency is Frequency.RECURRING
    return PlanBlock(
        scheduled_id(subscription.subscription_id, line.line_id, one.number),
        subscription.customer_id,
        subscription.subscription_id,
        line.line_id,
        Origin.RECURRING if is_recurring else Origin.PREPAY,
        one.number,
        line.kind,
        subscription.plan.currency,
        subscription.plan.unit,
        line.amount_minor,
        line.credits,
        line.priority,
        at,
        _expiry(subscription, one.on, one.expires_on, zone),
        line.items,
        subscription.exchange_rate,
        at,
        tuple(midnight(day, zone) for day in one.rolls_on),
        is_shared=line.is_shared,
    )


def refill_block(
    subscription: Subscription,
    line: PrepayLine,
    number: int,
    effective_at: datetime,
    at: datetime,
    zone: tzinfo,
) -> PlanBlock:
    """Return the block of a refill.

    It is effective from the last bill on, so that usage of before that becomes known later can
    draw it; its validity counts from the beginning of the day that needed it.

    Args:
        effective_at: Instant of the last bill, or of the subscription's beginning.
        at: Instant of the usage that needed it.
    """
    on = day_of(at, zone)
    expires_on = shift(on, line.validity) if line.validity else None
    return PlanBlock(
        refill_id(subscription.subscription_id, line.line_id, number),
        subscription.customer_id,
        subscription.subscription_id,
        line.line_id,
        Origin.REFILL,
        number,
        line.kind,
        subscription.plan.currency,
        subscription.plan.unit,
        line.refill_minor,
        line.refill_credits,
        line.priority,
        effective_at,
        _expiry(subscription, on, expires_on, zone),
        line.items,
        subscription.exchange_rate,
        at,
        is_invoiced_at_once=line.refill_invoice is RefillInvoice.AT_ONCE,
        is_shared=line.is_shared,
    )


def _expiry(
    subscription: Subscription, on: date, expires_on: date | None, zone: tzinfo
) -> datetime | None:
    """Return when a block expires: no later than a term that is not carried over.

    What a term's end refunds, and what a renewal may carry over, has no expiry of its own: the
    term ends it. The same holds where the term is not the last, since it may still be renewed.
    """
    term = term_of(subscription, on)
    is_ended_by_expiry = (
        subscription.end_of_term is EndOfTerm.RECOGNISE and not subscription.is_carried
    )
    if term.ends_on is not None and is_ended_by_expiry:
        expires_on = min(expires_on, term.ends_on) if expires_on else term.ends_on
    return midnight(expires_on, zone) if expires_on else None


def topped_up(
    subscription: Subscription, line: PrepayLine, block: PlanBlock, zone: tzinfo
) -> PlanBlock:
    """Return a top-up or grant on a line as the line's terms complete it."""
    on = day_of(block.effective_at, zone)
    given = block.expires_at
    expires_on = shift(on, line.validity) if line.validity and given is None else None
    by_line = _expiry(subscription, on, expires_on, zone)
    expires_at = min(given, by_line) if given and by_line else given or by_line
    return block._replace(
        expires_at=expires_at, item_ids=block.item_ids or line.items, is_shared=line.is_shared
    )
