"""The demonstration as billing facts: 24 customers, their credit blocks, January to April 2026.

The usage is real but covers an hour, so it is stretched: the minutes of the trace, in order, are
spread evenly over the 90 days of the quarter, and each stands for that share of the quarter as if
every minute in it had been like it (58 minutes: one stands for about 37 hours, times 2,234).
Prices are per thousand tokens. Nothing is random: the same usage gives the same events.

Base currency: NetSuite books revenue in USD, rounded to cents line by line. The price lists outside
USD are chosen so that every line is a whole number of cents (`offer.Tariff`), so no rounding takes
place and the cash basis is exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal

from drawdown.core.errors import MalformedEventError
from drawdown.core.events import Clock, Event, LineKind
from drawdown.core.plan import Reason
from drawdown.demo.book import Book
from drawdown.demo.offer import (
    BATCH,
    INPUT,
    OUTPUT,
    SHIPPING,
    TARIFFS,
    TAX,
    Client,
    Slot,
    Tariff,
    instant,
    last_day,
)
from drawdown.demo.stories import CAST, priced
from drawdown.demo.usage import Usage

BASE_CURRENCY = "USD"
QUARTER_DAYS = 90  # 1 January to 31 March 2026
MONTHS = 4  # in April nothing is used any more: invoices are paid, and what is left expires
_QUARTER_MINUTES = QUARTER_DAYS * 24 * 60
_MINUTE = timedelta(minutes=1)

# Credits per thousand tokens. At the list price of 0.01 USD a credit that is 0.003 and 0.015 USD.
CREDITS_PER_1K = {INPUT: Decimal("0.3"), OUTPUT: Decimal("1.5")}
_DOLLARS_PER_CREDIT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Month:
    """A month of the demonstration.

    A credit memo or void may undo something of the month before, and NetSuite changes a deposit
    and its applications only in an open period: recognise revenue at the end of a month, but lock
    its period after the events of the next month at the earliest.

    Attributes:
        name: Such as ``2026-01``.
        last_day: For the month-end run.
        events: By effective time; the last one is the clock that expires blocks. It comes after
            the month's bills, because they still draw blocks that end within the month.
    """

    name: str
    last_day: date
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """All facts of the demonstration and what they must come to.

    Attributes:
        blocks: Number of credit blocks ordered.
        usage_items: Items whose lines draw blocks.
        other_items: Items of ordinary lines, which no block pays and which are no revenue of
            credits: tax is owed to the state, shipping recovers a cost.
        refused: Events that must be refused, with the reason; they post nothing.
        cash_basis: By currency, what revenue must add up to: everything sold less what was
            cancelled. Computed from the facts alone, never from the journal.
        cash_basis_base: The same in base currency, each sale at its order's exchange rate.
    """

    months: tuple[Month, ...]
    customers: int
    blocks: int
    usage_items: tuple[str, ...]
    other_items: Mapping[str, LineKind]
    refused: Mapping[str, Reason]
    cash_basis: Mapping[str, Decimal]
    cash_basis_base: Decimal
    base_currency: str = BASE_CURRENCY

    @property
    def events(self) -> tuple[Event, ...]:
        """All events in order."""
        return tuple(event for month in self.months for event in month.events)


def scenario(usage: Sequence[Usage]) -> Scenario:
    """Tell the story of the demonstration.

    Args:
        usage: Aggregated usage, as `usage.aggregate` or `usage.bundled` return it.

    Raises:
        MalformedEventError: There is no usage, or it is of more customers than the story has.
    """
    if not usage or not all(1 <= row.customer <= len(CAST) for row in usage):
        raise MalformedEventError(
            f"the usage must hold at least one row, of customers 1 to {len(CAST)}; "
            "make it with tools/aggregate_usage.py"
        )
    book = Book()
    tokens = _tokens(usage)
    for number, cast in enumerate(CAST, start=1):
        tariff = TARIFFS[cast.currency]
        is_priced = cast.story is priced
        need = _need(tokens.get(number, {}), tariff, is_priced=is_priced)
        client = Client(number, cast.name, tariff, need, is_priced)
        book.customer(client, cast.name, 0, 1)
        cast.story(book, client)
        if number == 1:
            book.customer(client, f"{cast.name} Group", 1, 10)
    return Scenario(
        months=tuple(_month(month, book.months.get(month, [])) for month in range(MONTHS)),
        customers=len(CAST),
        blocks=len(book.sales),
        usage_items=(INPUT, OUTPUT, BATCH),
        other_items={TAX: LineKind.TAX, SHIPPING: LineKind.SHIPPING},
        refused=dict.fromkeys(book.refused, Reason.OVERDRAWN),
        cash_basis=book.cash_basis(),
        cash_basis_base=book.cash_basis_base(),
    )


def _tokens(usage: Sequence[Usage]) -> dict[int, dict[tuple[Slot, str], int]]:
    """Stretch the trace over the quarter: tokens by customer, half month and item."""
    first = min(row.minute for row in usage)
    minutes = (max(row.minute for row in usage) - first) // _MINUTE + 1
    scale = max(1, _QUARTER_MINUTES // minutes)
    result: dict[int, dict[tuple[Slot, str], int]] = {}
    for row in usage:
        slot = _slot((row.minute - first) // _MINUTE, minutes)
        mine = result.setdefault(row.customer, {})
        for item, tokens in ((INPUT, row.input_tokens), (OUTPUT, row.output_tokens)):
            mine[slot, item] = mine.get((slot, item), 0) + tokens * scale
    return result


def _slot(place: int, minutes: int) -> Slot:
    """Return the half month that a minute of the trace falls into."""
    at: datetime = instant(0, 1) + (_QUARTER_MINUTES * place // minutes) * _MINUTE
    return Slot(at.month - 1, 0 if at.day <= 15 else 1)


def _need(
    tokens: Mapping[tuple[Slot, str], int], tariff: Tariff, *, is_priced: bool
) -> dict[tuple[Slot, str], Decimal]:
    """Turn tokens into credits, rounded up to the tariff's step; dollars where that is the unit."""
    need: dict[tuple[Slot, str], Decimal] = {}
    for (slot, item), count in tokens.items():
        credits_ = CREDITS_PER_1K[item] * count / 1000
        if is_priced:
            credits_ *= _DOLLARS_PER_CREDIT
        steps = (credits_ / tariff.step).quantize(Decimal(1), ROUND_CEILING)
        if steps:
            need[slot, item] = steps * tariff.step
    return need


def _month(month: int, events: list[Event]) -> Month:
    at = instant(month + 1, 1)
    ordered = sorted(events, key=lambda event: event.effective_at)
    clock = Clock(f"evt-clock-{at:%Y-%m-%d}", at)
    return Month(f"{last_day(month):%Y-%m}", last_day(month), (*ordered, clock))
