"""Spans of calendar time, counted from an anchor so that month ends do not wander."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple

from drawdown.core.errors import SubscriptionError

_TEXT = re.compile(r"(\d{1,4}) (day|week|month|quarter|year)s?")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAYS = {"day": 1, "week": 7}
YEARS_MAX = 100
"""Longest span: beyond it days lie that no calendar has."""
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)
"""Days from which spans can be counted; facts have no others either."""


class Span(NamedTuple):
    """A length of time in calendar months or days; one of the two is zero."""

    months: int
    days: int


MONTH = Span(1, 0)


def span(text: str) -> Span:
    """Read a span such as ``3 months``, ``30 days`` or ``1 year``.

    Raises:
        ValueError: It is not one, its length is zero, or it is longer than YEARS_MAX.
    """
    match = _TEXT.fullmatch(text.strip())
    if match is None or not int(match[1]):
        raise ValueError(f"{text!r} is no span of time; write one such as '3 months' or '30 days'")
    number, unit = int(match[1]), match[2]
    found = Span(number * _MONTHS.get(unit, 0), number * _DAYS.get(unit, 0))
    if is_too_long(found):
        raise ValueError(f"{text!r} is longer than {YEARS_MAX} years; write a shorter one")
    return found


def check_days(what: str, *days: date | None) -> None:
    """See that days are such that spans can be counted from them.

    Args:
        what: Whose days they are, for people.

    Raises:
        SubscriptionError: One is not.
    """
    for day in days:
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            raise SubscriptionError(
                f"{what}: {day} lies outside the years 1970 to 2199; correct it"
            )


def is_too_long(length: Span, times: int = 1) -> bool:
    """Whether a number of spans is longer than YEARS_MAX."""
    return length.months * times > YEARS_MAX * 12 or length.days * times > YEARS_MAX * 366


def span_text(length: Span) -> str:
    """Write a span as it is read."""
    number, unit = (length.months, "month") if length.months else (length.days, "day")
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


# Usage comes with few days and many records.
@lru_cache(maxsize=4096)
def shift(anchor: date, length: Span, times: int = 1) -> date:
    """Return the day a number of spans after an anchor.

    Counted from the anchor, not step by step: a month after 31 January is 28 February, two months
    after it 31 March.
    """
    if not length.months:
        return anchor + timedelta(days=length.days * times)
    months = anchor.year * 12 + anchor.month - 1 + length.months * times
    year, month = divmod(months, 12)
    return date(year, month + 1, min(anchor.day, monthrange(year, month + 1)[1]))


def spans_between(anchor: date, day: date, length: Span) -> int:
    """Return how many whole spans lie between an anchor and a day not before it."""
    if not length.months:
        return (day - anchor).days // length.days
    count = ((day.year - anchor.year) * 12 + day.month - anchor.month) // length.months
    while shift(anchor, length, count) > day:
        count -= 1
    while shift(anchor, length, count + 1) <= day:
        count += 1
    return count


@lru_cache(maxsize=4096)
def midnight(day: date, zone: tzinfo) -> datetime:
    """Return the first instant of a day in a time zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def day_of(instant: datetime, zone: tzinfo) -> date:
    """Return the day an instant falls on in a time zone."""
    return instant.astimezone(zone).date()
