"""Revenue recognition rules: over which periods an amount is spread.

Sources: "Revenue Recognition Rule Field Reference" (section_4356113783) for methods, dates, offsets
and initial amount; "Straight-Line Revenue Recognition Examples" (section_4362249596) for the
arithmetic; "Calculations for Revenue Plans Created on Subscription Events" (section_1533081222): by
even periods the last period takes the rounding.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from netsuite_sandbox.errors import invalid_request
from netsuite_sandbox.money import share
from netsuite_sandbox.periods import Period, month_bounds

EVEN, PRORATE, EXACT_DAYS, PERIOD_RATE = "even", "prorate", "exact-days", "period-rate"
CUSTOM = "custom"
METHODS = (EVEN, PRORATE, EXACT_DAYS, PERIOD_RATE, CUSTOM)
BY_AMOUNT, BY_QUANTITY, BY_PERCENT = "amount", "quantity", "percent-complete"
AMOUNT_SOURCES = (BY_AMOUNT, BY_QUANTITY, BY_PERCENT)
START_SOURCES = ("arrangement", "event", "source", "element", "subscription")
END_SOURCES = ("months", "days", "periods", *START_SOURCES)
# The names NetSuite shows for these settings are the ones of its form; the keys are ours.


@dataclass(frozen=True, slots=True)
class Rule:
    """One revenue recognition rule.

    Attributes:
        amount: Amount source: what of an event says how much a plan is worth.
        term: Months, days or periods, when `end` counts them.
        initial: Percentage recognized in the first period.
        lines: Of the custom method: period offset and percentage of each line.
    """

    method: str = PERIOD_RATE
    start: str = "event"
    end: str = "event"
    term: int = 0
    initial: Decimal = Decimal(0)
    period_offset: int = 0
    start_offset: int = 0
    amount: str = BY_AMOUNT
    lines: tuple[tuple[int, Decimal], ...] = ()

    @staticmethod
    def of(body: dict[str, Any]) -> Rule:
        """Read a rule from its record.

        Percent-complete makes all other fields read-only, custom all but amount and start.
        """
        if body.get("amountSource") == BY_PERCENT:
            return Rule(amount=BY_PERCENT)
        if body.get("recognitionMethod") == CUSTOM:
            return Rule(
                CUSTOM, body.get("startDateSource", "event"),
                amount=body.get("amountSource", BY_AMOUNT), lines=_lines(body),
            )  # fmt: skip
        return Rule(
            body.get("recognitionMethod", PERIOD_RATE),
            body.get("startDateSource", "event"), body.get("endDateSource", "event"),
            int(body.get("term") or 0), Decimal(body.get("initialAmountPercent") or 0),
            int(body.get("periodOffset") or 0), int(body.get("startOffset") or 0),
            body.get("amountSource", BY_AMOUNT),
        )  # fmt: skip


def check(body: dict[str, Any]) -> None:
    """Refuse a rule with an unknown choice."""
    choices = {
        "recognitionMethod": METHODS, "amountSource": AMOUNT_SOURCES,
        "startDateSource": START_SOURCES, "endDateSource": END_SOURCES,
    }  # fmt: skip
    for name, allowed in choices.items():
        if name in body and body[name] not in allowed:
            raise invalid_request(f"{name} is one of {', '.join(allowed)}.")
    if not isinstance(body.get("name"), str):
        raise invalid_request("A revenue recognition rule has a name.")

    if body.get("recognitionMethod") == CUSTOM:
        try:
            lines = _lines(body)
        except (TypeError, ValueError, AttributeError, KeyError, InvalidOperation):
            lines = ()
        if sum(percent for _, percent in lines) != 100 or any(offset < 0 for offset, _ in lines):
            raise invalid_request(
                "A custom rule has lines with periodOffset and amountPercent; they total 100."
            )


def _lines(body: dict[str, Any]) -> tuple[tuple[int, Decimal], ...]:
    return tuple(
        (int(line.get("periodOffset") or 0), Decimal(str(line["amountPercent"])))
        for line in body.get("lines", [])
    )


def add_months(day: str, months: int) -> str:
    """Return the same day of a later month, or that month's last day."""
    year, month, number = (int(part) for part in day.split("-"))
    index = year * 12 + month - 1 + months
    year, month = divmod(index, 12)
    last = int(month_bounds(year, month + 1)[1][-2:])
    return date(year, month + 1, min(number, last)).isoformat()


def add_days(day: str, days: int) -> str:
    """Return a date so many days later."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def end_date(rule: Rule, start: str, dates: dict[str, str | None], periods: list[Period]) -> str:
    """Return the last day of a plan that starts on `start`.

    Source: 12 months from July 7, 2015 end on July 6, 2016; 60 days from June 23 on August 21; 12
    periods from July 7 with the last day of the twelfth period.
    """
    if rule.end == "months":
        found: str | None = add_days(add_months(start, rule.term), -1)
    elif rule.end == "days":
        found = add_days(start, rule.term - 1)
    elif rule.end == "periods":
        later = [period.end for period in periods if period.end >= start]
        found = later[min(max(rule.term, 1), len(later)) - 1] if later else start
    else:
        found = dates.get(rule.end)
    return max(found or start, start)


def schedule(
    rule: Rule, units: int, span: tuple[str, str], periods: list[Period], precision: int
) -> list[tuple[int, int]] | None:
    """Split an amount into periods, oldest first.

    Args:
        span: First and last day, both inside.
        periods: All base periods by date.

    Returns:
        (period id, units), which add up to the amount; None if there is no period for a part.
    """
    start, end = span
    first = next((i for i, period in enumerate(periods) if period.end >= start), None)
    if first is None:
        return None
    if rule.method == CUSTOM:
        parts = _cumulative(units, [int(percent * 10_000) for _, percent in rule.lines], precision)
        places = [first + offset for offset, _ in rule.lines]
        if max(places) >= len(periods):
            return None
        return [(periods[i].id, part) for i, part in zip(places, parts, strict=True)]
    last = max((i for i, p in enumerate(periods) if p.start <= end), default=first)
    parts = _split(rule, units, span, periods[first : last + 1], precision)
    if rule.start_offset and rule.start_offset < len(parts):
        kept = periods[first + rule.start_offset : last + 1]
        parts = _split(rule, units, (kept[0].start, end), kept, precision)
        first += rule.start_offset
    moved = periods[first + rule.period_offset :]
    if len(moved) < len(parts):
        return None
    return [(moved[i].id, part) for i, part in enumerate(parts)]


def _split(
    rule: Rule, units: int, span: tuple[str, str], periods: list[Period], precision: int
) -> list[int]:
    if len(periods) < 2:
        return [units]
    if rule.initial:
        # Source: the remainder follows the method over the remaining periods.
        head = share(units, int(rule.initial * 10_000), 1_000_000, precision)
        rest = (periods[1].start, span[1])
        plain = Rule(rule.method)
        return [head, *_split(plain, units - head, rest, periods[1:], precision)]
    days = [_days(max(p.start, span[0]), min(p.end, span[1])) for p in periods]  # both ends inside
    if rule.method == EVEN:
        return _even(units, len(periods), precision)
    if rule.method == EXACT_DAYS:
        return _cumulative(units, days, precision)
    if rule.method == PRORATE:
        return _prorated(units, days, precision)
    return _period_rate(units, days, periods, precision)


def _days(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days + 1


def _even(units: int, count: int, precision: int) -> list[int]:
    """Equal parts; the last takes the rounding."""
    part = share(units, 1, count, precision)
    return [part] * (count - 1) + [units - part * (count - 1)]


def _cumulative(units: int, weights: list[int], precision: int) -> list[int]:
    """Parts by weight, each rounded against the running total."""
    out: list[int] = []
    seen = given = 0
    for weight in weights:
        seen += weight
        upto = share(units, seen, sum(weights), precision)
        out.append(upto - given)
        given = upto
    return out


def _prorated(units: int, days: list[int], precision: int) -> list[int]:
    """First and last by days, the rest equal; the second to last takes the rounding."""
    total = sum(days)
    first = share(units, days[0], total, precision)
    if len(days) == 2:
        return [first, units - first]
    last = share(units, days[-1], total, precision)
    return [first, *_even(units - first - last, len(days) - 2, precision), last]


def _period_rate(units: int, days: list[int], periods: list[Period], precision: int) -> list[int]:
    """Partial first and last periods count as one together; all others are equal.

    With a single partial period its share is its days of that period's length (unsure).
    """
    lengths = [_days(period.start, period.end) for period in (periods[0], periods[-1])]
    partial = [days[0] < lengths[0], days[-1] < lengths[1]]
    whole = len(days) - sum(partial)
    if all(partial):
        both = days[0] + days[-1]
        weights = [days[0], *[both] * whole, days[-1]]
    elif any(partial):
        length, part = (lengths[0], days[0]) if partial[0] else (lengths[1], days[-1])
        weights = [part, *[length] * whole] if partial[0] else [*[length] * whole, part]
    else:
        return _even(units, len(days), precision)
    total = sum(weights)
    out = [share(units, weight, total, precision) for weight in weights[:-1]]
    return [*out, units - sum(out)]
