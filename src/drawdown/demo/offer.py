"""What the demonstration sells and bills: price lists, customers, terms of blocks, usage lines.

Only prices, quantities and dates; nothing here knows accounting.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import NamedTuple

from drawdown.core.events import BlockKind, BlockTerms, InvoiceLine, LineKind
from drawdown.core.money import normal_credits, price

YEAR = 2026
INPUT, OUTPUT, BATCH = "input-tokens", "output-tokens", "batch-tokens"
TAX, SHIPPING = "sales-tax", "shipping"
ZERO = Decimal(0)


class Tariff(NamedTuple):
    """What a currency's customers pay.

    Amounts outside USD are multiples of a step that the exchange rate turns into whole cents, so
    every single line is exact in base currency and nothing is ever rounded there: ten credits are
    0.10 EUR (0.11 USD), 20 JPY (0.13 USD) or 0.040 KWD (0.13 USD).

    Attributes:
        rate: USD per unit.
        unit: List price of one credit.
        step: Credits are billed in multiples of this, rounded up.
        tax_minor: Tax on an invoice, where there is one.
        shipping_minor: Shipping of a hardware key, where there is one.
    """

    currency: str
    rate: Decimal
    unit: Decimal
    step: Decimal
    tax_minor: int
    shipping_minor: int


# fmt: off
TARIFFS = {
    tariff.currency: tariff
    for tariff in (
        #      currency  rate               list price        step             tax    shipping
        Tariff("USD", Decimal(1),           Decimal("0.01"),  Decimal("0.01"), 1250,  2500),
        Tariff("EUR", Decimal("1.10"),      Decimal("0.01"),  Decimal(10),     1900,  2300),
        Tariff("JPY", Decimal("0.0065"),    Decimal(2),       Decimal(10),     1000,  3600),
        Tariff("KWD", Decimal("3.25"),      Decimal("0.004"), Decimal(10),     2000,  8000),
    )
}
# fmt: on


class Slot(NamedTuple):
    """A half of a month: 0 to the 15th, 1 from the 16th; `month` counts from 0 (January)."""

    month: int
    half: int


@dataclass(frozen=True, slots=True)
class Client:
    """A customer of the demonstration.

    Attributes:
        need: Credits used by half month and item, in steps of the tariff; no zeros.
        is_priced: Usage is metered in money, and one credit is one dollar.
    """

    number: int
    name: str
    tariff: Tariff
    need: dict[tuple[Slot, str], Decimal]
    is_priced: bool = False

    @property
    def customer_id(self) -> str:
        """Id at the billing platform."""
        return f"cust-{self.number:02}"

    def used(self, months: Iterable[int] = (0, 1, 2), items: Sequence[str] = ()) -> Decimal:
        """Return the credits used in months, of some items or all."""
        wanted = set(months)
        return sum(
            (
                credits_
                for (slot, item), credits_ in self.need.items()
                if slot.month in wanted and (not items or item in items)
            ),
            ZERO,
        )


def instant(month: int, day: int, hour: int = 0) -> datetime:
    """Return an instant of the demonstration; `month` counts from 0 (January)."""
    return datetime(YEAR, month + 1, day, hour, tzinfo=UTC)


def end_of(month: int) -> datetime:
    """Return the last second of a month, when its usage is billed."""
    return instant(month, monthrange(YEAR, month + 1)[1]) + timedelta(hours=24, seconds=-1)


def last_day(month: int) -> date:
    """Return the last day of a month."""
    return end_of(month).date()


def block(  # noqa: PLR0913  a block has that many terms
    client: Client,
    tag: str,
    kind: BlockKind,
    credits_: Decimal,
    *,
    until: datetime,
    priority: int = 3,
    since: datetime | None = None,
    discount: Decimal = Decimal(1),
    items: tuple[str, ...] = (),
) -> BlockTerms:
    """Set the terms of a block; promotional ones have no price.

    Args:
        discount: Factor on the list price; 1 outside USD, to stay exact.
    """
    tariff = client.tariff
    unit = Decimal(1) if client.is_priced else tariff.unit
    amount = price(unit * discount, credits_, tariff.currency)
    return BlockTerms(
        f"blk-{client.number:02}-{tag}",
        kind,
        0 if kind is BlockKind.PROMOTIONAL else amount,
        normal_credits(credits_),
        priority,
        since or instant(0, 1),
        until,
        items,
    )


def pack(credits_: Decimal) -> Decimal:
    """Round up to a size one would sell: two leading digits, at least 100 credits."""
    return max(Decimal(100), _leading(credits_, ROUND_CEILING))


def pack_below(credits_: Decimal) -> Decimal:
    """Round down to a size one would sell; zero below 100 credits."""
    return _leading(credits_, ROUND_FLOOR)


def _leading(credits_: Decimal, rounding: str) -> Decimal:
    unit = Decimal(1).scaleb(max(2, credits_.adjusted() - 1))
    return (credits_ / unit).quantize(Decimal(1), rounding) * unit


def part(credits_: Decimal, share: Decimal, step: Decimal) -> Decimal:
    """Return a share of credits in whole steps, rounded down."""
    return (credits_ * share / step).quantize(Decimal(1), ROUND_FLOOR) * step


def usage_line(
    client: Client, line_id: str, item: str, credits_: Decimal, *,
    block_id: str = "", used_at: datetime | None = None,
) -> InvoiceLine:  # fmt: skip
    """Write a usage line: in credits, or in money where the client is billed so."""
    if client.is_priced:
        cents = int((credits_ * 100).to_integral_value(ROUND_HALF_UP))
        return InvoiceLine(line_id, item, LineKind.USAGE, None, cents, block_id, used_at)
    return InvoiceLine(
        line_id, item, LineKind.USAGE, normal_credits(credits_), None, block_id, used_at
    )


def usage_lines(
    client: Client, month: int, halves: Sequence[int] = (0, 1), *, is_split: bool = False
) -> list[InvoiceLine]:
    """Write a month's usage: one line an item, or one for each item and half of the month."""
    lines: list[InvoiceLine] = []
    for group in [(half,) for half in halves] if is_split else [tuple(halves)]:
        used_at = instant(month, 16) - timedelta(seconds=1) if group == (0,) else end_of(month)
        for item in (INPUT, OUTPUT):
            used = sum((client.need.get((Slot(month, half), item), ZERO) for half in group), ZERO)
            if used:
                lines.append(
                    usage_line(
                        client, f"L{len(lines) + 1}", item, used,
                        used_at=used_at if is_split else None,
                    )
                )  # fmt: skip
    return lines


def tax(client: Client) -> InvoiceLine:
    """Write the tax line of an invoice."""
    return InvoiceLine("tax", TAX, LineKind.TAX, None, client.tariff.tax_minor)


def shipping(client: Client) -> InvoiceLine:
    """Write the shipping line of an invoice."""
    return InvoiceLine("ship", SHIPPING, LineKind.SHIPPING, None, client.tariff.shipping_minor)
