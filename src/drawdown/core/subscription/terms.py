"""A subscription: a plan that a customer took, and the calendar it makes.

Days are days of the tenant's posting time zone; every boundary is a midnight there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from drawdown.core.subscription.plan import Anchor, EndOfTerm, Frequency, Plan, PrepayLine
from drawdown.core.subscription.span import MONTH, Span, shift, spans_between

_NOTHING = Span(0, 0)


class State(StrEnum):
    """How far a subscription is; one that is ended early is active up to its last day."""

    TO_BEGIN = "to begin"
    ACTIVE = "active"
    TERMINATED = "terminated"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Subscription:
    """A customer's subscription to a plan.

    Attributes:
        renewals: Terms after the first that were agreed so far.
        ended_on: First day after an early termination; None: not terminated.
        exchange_rate: Base currency per unit of the plan's currency, for what it buys.
        end_of_term: What becomes of a remainder; may differ from the plan's.
        is_carried: A remainder outlives a renewal.
    """

    subscription_id: str
    customer_id: str
    plan: Plan
    starts_on: date
    exchange_rate: Decimal
    end_of_term: EndOfTerm
    is_carried: bool
    renewals: int = 0
    ended_on: date | None = None

    @property
    def ends_on(self) -> date | None:
        """First day after the subscription as agreed so far; None: open."""
        if self.ended_on is not None or self.plan.term is None or self.plan.is_renewed:
            return self.ended_on
        return shift(self.starts_on, self.plan.term, self.renewals + 1)

    @property
    def last_day(self) -> date | None:
        """Last day as agreed so far; None: open."""
        return self.ends_on - timedelta(days=1) if self.ends_on else None

    def state_on(self, day: date) -> State:
        """Return how far it is on a day."""
        if day < self.starts_on:
            return State.TO_BEGIN
        if self.ends_on is None or day < self.ends_on:
            return State.ACTIVE
        return State.ENDED if self.ended_on is None else State.TERMINATED


class Days(NamedTuple):
    """A stretch of days.

    Attributes:
        number: From 0, in order.
        starts_on: First day.
        ends_on: First day after it; None: open.
    """

    number: int
    starts_on: date
    ends_on: date | None


def term_of(subscription: Subscription, day: date) -> Days:
    """Return the term that a day of the subscription lies in."""
    plan, end = subscription.plan, subscription.ends_on
    if plan.term is None:
        return Days(0, subscription.starts_on, end)
    number = spans_between(subscription.starts_on, day, plan.term)
    starts_on = shift(subscription.starts_on, plan.term, number)
    ends_on = shift(subscription.starts_on, plan.term, number + 1)
    return Days(number, starts_on, min(ends_on, end) if end else ends_on)


def next_term(subscription: Subscription, after: date) -> Days | None:
    """Return the term that begins next after a day, if it is agreed."""
    if after < subscription.starts_on:
        return term_of(subscription, subscription.starts_on)
    ends_on = term_of(subscription, after).ends_on
    if ends_on is None or (subscription.ends_on is not None and ends_on >= subscription.ends_on):
        return None
    return term_of(subscription, ends_on)


def is_renewed_on(subscription: Subscription, day: date) -> bool:
    """Whether the term that ends on a day is followed by another."""
    return subscription.ends_on is None or day < subscription.ends_on


class Period(NamedTuple):
    """A billing month: from its first day to the first day after it."""

    starts_on: date
    ends_on: date


def period_of(subscription: Subscription, day: date) -> Period:
    """Return the billing period that a day of the subscription lies in.

    A month ends early where a term ends, so that the last usage of a term is billed with it.
    """
    anchor = subscription.starts_on
    if subscription.plan.anchor is Anchor.CALENDAR:
        anchor = anchor.replace(day=1)
    number = spans_between(anchor, day, MONTH)
    term = term_of(subscription, day)
    starts_on = max(shift(anchor, MONTH, number), term.starts_on)
    ends_on = shift(anchor, MONTH, number + 1)
    return Period(starts_on, min(ends_on, term.ends_on) if term.ends_on else ends_on)


class Scheduled(NamedTuple):
    """A purchase that the calendar brings, not the usage.

    Attributes:
        number: Of the line's scheduled purchases, from 1.
        on: Day it is made.
        expires_on: First day on which it cannot be drawn any more; None: the term decides.
        rolls_on: End of its own period, where something of it may roll over.
    """

    line: PrepayLine
    number: int
    on: date
    expires_on: date | None
    rolls_on: tuple[date, ...] = ()


def scheduled(subscription: Subscription, line: PrepayLine, after: date | None) -> Scheduled | None:
    """Return a line's next scheduled purchase after a day.

    Args:
        after: None: the first of all.
    """
    if line.frequency is not Frequency.RECURRING:
        return _of_term(subscription, line, after)
    every = line.every
    assert every is not None
    if after is None:
        number, term = 0, term_of(subscription, subscription.starts_on)
    else:
        term = term_of(subscription, after)
        number = _recurrences(subscription, term, every, after) + 1
        if term.ends_on is not None and _counted(subscription, term, every, number) >= term.ends_on:
            following = next_term(subscription, after)
            if following is None:
                return None
            term, number = following, 0
    on = _counted(subscription, term, every, number)
    if term.ends_on is not None and on >= term.ends_on:
        return None
    rollover = line.rollover
    rolls = 0 if rollover is None else 1 if rollover.validity is not None else rollover.periods
    rolls_on = tuple(
        _counted(subscription, term, every, number + 1 + place) for place in range(rolls)
    )
    if rollover is not None and rollover.validity is not None:
        expires_on = _counted(subscription, term, every, number + 1, rollover.validity)
    elif rollover is None and line.validity is not None:
        expires_on = _counted(subscription, term, every, number, line.validity)
    else:
        expires_on = _counted(subscription, term, every, number + 1 + rolls)
    before = _recurrences_before(subscription, every, term)
    return Scheduled(line, before + number + 1, on, expires_on, rolls_on)


def _of_term(subscription: Subscription, line: PrepayLine, after: date | None) -> Scheduled | None:
    term = (
        term_of(subscription, subscription.starts_on)
        if after is None
        else next_term(subscription, after)
    )
    if term is None:
        return None
    validity = line.validity
    expires_on = _counted(subscription, term, validity, 1) if validity else None
    return Scheduled(line, term.number + 1, term.starts_on, expires_on)


def _counted(
    subscription: Subscription, term: Days, length: Span, times: int, more: Span = _NOTHING
) -> date:
    """Return the day a number of spans, and one more, after the beginning of a term.

    Months are counted from the subscription's first day: a term that begins on 28 February because
    the subscription began on the 30th recurs on the 30th of March.
    """
    anchor, months = term.starts_on, length.months * times + more.months
    if subscription.plan.term is not None and subscription.plan.term.months:
        anchor = subscription.starts_on
        months += subscription.plan.term.months * term.number
    return shift(anchor, Span(months, 0)) + timedelta(days=length.days * times + more.days)


def _recurrences(subscription: Subscription, term: Days, every: Span, day: date) -> int:
    """Return how many whole spans of a term have gone by on a day of it."""
    number = spans_between(term.starts_on, day, every)
    while _counted(subscription, term, every, number + 1) <= day:
        number += 1
    while number and _counted(subscription, term, every, number) > day:
        number -= 1
    return number


def _recurrences_before(subscription: Subscription, every: Span, term: Days) -> int:
    """Return how many purchases of a recurring line lie before a term."""
    length, total = subscription.plan.term, 0
    for number in range(term.number):
        assert length is not None
        starts_on = shift(subscription.starts_on, length, number)
        ends_on = shift(subscription.starts_on, length, number + 1)
        last_day = ends_on - timedelta(days=1)
        total += _recurrences(subscription, Days(number, starts_on, ends_on), every, last_day) + 1
    return total
