"""A subscription: a plan that a customer took, and the calendar it makes.

Days are days of the tenant's posting time zone; every boundary is a midnight there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from drawdown.core.subscription.plan import Anchor, EndOfTerm, Frequency, Plan, PrepayLine
from drawdown.core.subscription.span import MONTH, shift, spans_between


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
    assert line.every is not None
    if after is None:
        number, term = 0, term_of(subscription, subscription.starts_on)
    else:
        term = term_of(subscription, after)
        number = spans_between(term.starts_on, after, line.every) + 1
        if term.ends_on is not None and shift(term.starts_on, line.every, number) >= term.ends_on:
            following = next_term(subscription, after)
            if following is None:
                return None
            term, number = following, 0
    on = shift(term.starts_on, line.every, number)
    if term.ends_on is not None and on >= term.ends_on:
        return None
    before = _recurrences_before(subscription, line, term)
    rolls_on = tuple(_rolls(line, term, number))
    if line.rollover is None:
        expires_on = shift(on, line.validity) if line.validity else None
        expires_on = expires_on or shift(term.starts_on, line.every, number + 1)
    elif line.rollover.validity is not None:
        expires_on = shift(rolls_on[0], line.rollover.validity)
    else:
        expires_on = shift(term.starts_on, line.every, number + 1 + line.rollover.periods)
    return Scheduled(line, before + number + 1, on, expires_on, rolls_on)


def _of_term(subscription: Subscription, line: PrepayLine, after: date | None) -> Scheduled | None:
    term = (
        term_of(subscription, subscription.starts_on)
        if after is None
        else next_term(subscription, after)
    )
    if term is None:
        return None
    expires_on = shift(term.starts_on, line.validity) if line.validity else None
    return Scheduled(line, term.number + 1, term.starts_on, expires_on)


def _rolls(line: PrepayLine, term: Days, number: int) -> Iterator[date]:
    """Yield the days at which what is left of a recurring purchase rolls over."""
    if line.rollover is None or line.every is None:
        return
    times = 1 if line.rollover.validity is not None else line.rollover.periods
    for place in range(times):
        yield shift(term.starts_on, line.every, number + 1 + place)


def _recurrences_before(subscription: Subscription, line: PrepayLine, term: Days) -> int:
    """Return how many purchases of a recurring line lie before a term."""
    assert line.every is not None
    total = 0
    plan = subscription.plan
    for number in range(term.number):
        assert plan.term is not None
        starts_on = shift(subscription.starts_on, plan.term, number)
        last = shift(subscription.starts_on, plan.term, number + 1)
        total += spans_between(starts_on, last, line.every)
        if shift(starts_on, line.every, spans_between(starts_on, last, line.every)) < last:
            total += 1
    return total
