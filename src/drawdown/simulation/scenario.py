"""Random lives of credit blocks: what the billing platform will tell, in the order it happened.

Two kinds. *Orderly* lives can be told in any order and must end in the same books: every line
names its block, a block's price is a whole number of minor units per credit, and an invoice is
undone at most once. *Wild* lives draw more than there is, undo twice, void and pay too much; what
they end in depends on the order, but never what the checker looks for.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import TypeVar
from zoneinfo import ZoneInfo

from drawdown.config import PolicyTable
from drawdown.core.events import (
    BlockKind,
    BlockTerms,
    BlockVoid,
    Clock,
    CreditLine,
    CreditMemo,
    CustomerChanged,
    Event,
    InvoiceLine,
    InvoiceVoid,
    LineKind,
    Payment,
    PurchaseInvoice,
    SalesOrder,
    UsageInvoice,
)
from drawdown.core.money import normal_credits
from drawdown.core.policy import (
    ClosedPeriod,
    DepositAccount,
    Documents,
    DrawdownDocument,
    Journals,
    Overdraw,
    PrepaidItem,
    PurchaseTrigger,
)

FIRST = datetime(2028, 1, 3, tzinfo=UTC)
MONTHS = ("2028-01", "2028-02", "2028-03", "2028-04")
"""Months that facts are dated in: a leap day and, in most zones, a change of the clocks."""
ENDS = datetime(2028, 5, 1, tzinfo=UTC)
"""When every block has expired."""
ITEMS = ("usage", "chat")
CURRENCIES = (("USD", "1"), ("USD", "1"), ("EUR", "1.1"), ("JPY", "0.0067"), ("KWD", "3.25"))
_CREDITS = (1, 7, 10, 100, 1000, 250)
_SIXTEENTHS = (16, 48, 160, 1600)
ZONES = ("UTC", "UTC", "America/New_York", "Europe/Berlin", "Asia/Kolkata", "Pacific/Auckland")


_Choice = TypeVar("_Choice", bound=Enum)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One seed's company and what happens to it.

    Attributes:
        facts: In the order in which they happened; none where others enter documents in NetSuite.
        is_orderly: Any order of telling must lead to the same books.
        expiry_runs: Up to which instants the expiry run is started, ascending.
        summed_up_through: Day on which an accountant posts what gathers, while facts still come.
    """

    policy: PolicyTable
    facts: tuple[Event, ...]
    is_orderly: bool
    expiry_runs: tuple[datetime, ...]
    summed_up_through: date


def draw_policy(chance: random.Random) -> PolicyTable:
    """Draw a tenant's policies, defaults more often than the others."""

    def pick(kind: type[_Choice]) -> _Choice:
        choices = list(kind)
        return choices[0] if chance.randrange(3) else chance.choice(choices)

    return PolicyTable(
        drawdown_document=pick(DrawdownDocument),
        purchase_trigger=pick(PurchaseTrigger),
        prepaid_item=pick(PrepaidItem),
        deposit_account=pick(DepositAccount),
        journals=pick(Journals),
        overdraw=pick(Overdraw),
        closed_period=pick(ClosedPeriod),
        time_zone=chance.choice(ZONES),
    )


def draw_scenario(chance: random.Random) -> Scenario:
    """Draw a company with one or two customers."""
    policy = draw_policy(chance)
    if chance.randrange(10) == 0:
        policy.documents = Documents.IN_NETSUITE
        through = FIRST + timedelta(days=chance.randrange(10, 60))
        return Scenario(policy, (), False, (ENDS,), through.date())
    is_orderly = chance.randrange(2) == 0
    tale = _Tale(chance, ZoneInfo(policy.time_zone), is_orderly=is_orderly)
    for number in range(1, chance.choice((1, 1, 1, 1, 2)) + 1):
        tale.customer(f"C{number}")
    runs = sorted(tale.expiries)
    return Scenario(
        policy,
        tuple(sorted(tale.facts, key=lambda event: (event.effective_at, event.event_id))),
        is_orderly,
        (*runs, ENDS),
        (FIRST + timedelta(days=chance.randrange(10, 60))).date(),
    )


def draw_lives(chance: random.Random, customers: int) -> list[Event]:
    """Draw wild lives of many customers, told mostly in the order in which they happened."""
    tale = _Tale(chance, ZoneInfo("UTC"), is_orderly=False)
    for number in range(1, customers + 1):
        tale.customer(f"C{number}")
    return sorted(tale.facts, key=lambda event: (event.effective_at, event.event_id))


class _Tale:
    """Facts in the making."""

    def __init__(self, chance: random.Random, zone: ZoneInfo, *, is_orderly: bool) -> None:
        self.facts: list[Event] = []
        self.expiries: set[datetime] = set()
        self._chance = chance
        self._zone = zone
        self._is_orderly = is_orderly
        self._number = 0

    def customer(self, customer_id: str) -> None:
        """Tell one customer's life."""
        chance = self._chance
        currency, rate = chance.choice(CURRENCIES)
        at = self._instant(0, 1)
        name = f"Customer {customer_id}"
        self._add(CustomerChanged(f"customer {customer_id}", at, customer_id, name, currency))
        blocks: list[BlockTerms] = []
        for _ in range(chance.choice((1, 1, 1, 2))):
            blocks += self._sale(customer_id, currency, Decimal(rate))
        for _ in range(chance.choice((1, 1, 2, 2, 4))):
            self._usage(customer_id, currency, blocks)
        if not self._is_orderly and chance.randrange(3) == 0:
            block = chance.choice(blocks)
            at = self._instant(20, 90)
            name = self._name("void")
            self._add(BlockVoid(name, at, at.date(), block.block_id, "cancelled"))
        if not self._is_orderly and chance.randrange(4) == 0:
            self._add(Clock(self._name("clock"), self._instant(10, 100)))

    # -- what is sold ---------------------------------------------------------------------------

    def _sale(self, customer_id: str, currency: str, rate: Decimal) -> list[BlockTerms]:
        chance = self._chance
        order_id = self._name("S")
        at = self._instant(1, 4)
        blocks = [self._block(f"{order_id}-{n}") for n in range(chance.choice((1, 1, 1, 2)))]
        self._add(
            SalesOrder(
                f"order {order_id}", at, at.date(), order_id, customer_id, currency, rate,
                tuple(blocks),
            )
        )  # fmt: skip
        invoice_id = f"PI-{order_id}"
        later = at + timedelta(hours=chance.randrange(1, 48))
        tax = InvoiceLine("T", "tax", LineKind.TAX, None, chance.randrange(1, 999))
        self._add(
            PurchaseInvoice(
                f"purchase {invoice_id}", later, later.date(), invoice_id, order_id, (),
                (tax,) if chance.randrange(3) == 0 else (), currency,
            )
        )  # fmt: skip
        if not self._is_orderly and chance.randrange(3) == 0:
            self._pay(invoice_id, chance.choice((None, None, 1, 5000)), currency)
        if not self._is_orderly and chance.randrange(6) == 0:
            self._undo(invoice_id, (), [block.block_id for block in blocks])
        return blocks

    def _block(self, block_id: str) -> BlockTerms:
        chance = self._chance
        credits_ = Decimal(chance.choice(_SIXTEENTHS if self._is_orderly else _CREDITS))
        price = chance.choice((0, 1, 5, 10, 33, 100))
        amount = int(credits_) * price
        if not self._is_orderly and chance.randrange(2):
            amount = chance.choice((1, 99, 100, 3333, 100_000))  # no whole price per credit
        expires = self._midnight(chance.choice((26, 29, 57, 58, 88, 118)))
        self.expiries.add(expires + timedelta(hours=chance.choice((0, 0, 1, 30))))
        return BlockTerms(
            block_id,
            chance.choice((BlockKind.PURCHASED, BlockKind.PURCHASED, BlockKind.ALLOCATION))
            if amount
            else BlockKind.PROMOTIONAL,
            amount,
            credits_,
            chance.randrange(2),
            FIRST - timedelta(days=2),
            expires,
            chance.choice(((), (), (), ITEMS)),
        )

    # -- what is used ---------------------------------------------------------------------------

    def _usage(self, customer_id: str, currency: str, blocks: Sequence[BlockTerms]) -> None:
        chance = self._chance
        invoice_id = self._name("U")
        at = self._instant(5, 22)
        lines = [
            self._line(f"L{n}", chance.choice(blocks)) for n in range(chance.choice((1, 1, 2, 3)))
        ]
        if chance.randrange(5) == 0:
            lines.append(InvoiceLine("T", "tax", LineKind.TAX, None, chance.randrange(1, 500)))
        self._add(
            UsageInvoice(
                f"usage {invoice_id}", at, at.date(), invoice_id, customer_id, currency, None,
                tuple(lines),
            )
        )  # fmt: skip
        if chance.randrange(3) == 0:
            named = [line.line_id for line in lines if line.kind is LineKind.USAGE]
            self._undo(invoice_id, named, [])
            if not self._is_orderly and chance.randrange(3) == 0:
                self._undo(invoice_id, named, [])
        if not self._is_orderly and chance.randrange(5) == 0:
            self._pay(invoice_id, chance.choice((None, 1)), currency)

    def _line(self, line_id: str, block: BlockTerms) -> InvoiceLine:
        chance = self._chance
        item = chance.choice(ITEMS)
        if self._is_orderly:
            # Four invoices of three lines at most: never more than there is.
            share = normal_credits(block.credits / 16)
            return InvoiceLine(line_id, item, LineKind.USAGE, share, None, block.block_id)
        quantity = Decimal(chance.choice((1, 2, 3, 5, 10, 50, 120)))
        by_money = chance.randrange(5) == 0 and block.amount_minor
        return InvoiceLine(
            line_id,
            item,
            LineKind.USAGE,
            None if by_money else quantity,
            chance.randrange(1, 500) if by_money else None,
            block.block_id if chance.randrange(2) else "",
            None,
            chance.choice((None, Decimal("0.01"))),
        )

    # -- what is undone and paid ----------------------------------------------------------------

    def _undo(self, invoice_id: str, lines: Sequence[str], blocks: Sequence[str]) -> None:
        chance = self._chance
        at = self._instant(24, 110)
        name = self._name("M")
        if chance.randrange(4) == 0:
            self._add(InvoiceVoid(f"void {name}", at, at.date(), invoice_id, "wrong"))
            return
        credited: tuple[CreditLine, ...] = ()
        if lines and chance.randrange(3):
            credited = (CreditLine(chance.choice(lines), "", None, None),)
            if not self._is_orderly and chance.randrange(2):
                credited = (dataclasses.replace(credited[0], credits=Decimal(1)),)
        elif blocks:
            credited = (CreditLine("", chance.choice(blocks), None, None),)
        self._add(CreditMemo(f"memo {name}", at, at.date(), name, invoice_id, credited))

    def _pay(self, invoice_id: str, amount: int | None, currency: str) -> None:
        at = self._instant(10, 60)
        name = self._name("P")
        self._add(Payment(f"payment {name}", at, at.date(), name, invoice_id, amount, currency))

    # -- helpers --------------------------------------------------------------------------------

    def _add(self, event: Event) -> None:
        self.facts.append(event)

    def _name(self, kind: str) -> str:
        self._number += 1
        return f"{kind}{self._number}"

    def _instant(self, first_day: int, last_day: int) -> datetime:
        minutes = self._chance.randrange(first_day * 1440, last_day * 1440)
        return FIRST + timedelta(minutes=minutes)

    def _midnight(self, days: int) -> datetime:
        """The start of a day in the tenant's zone: 29 February among them, and clock changes."""
        day = (FIRST + timedelta(days=days)).date()
        return datetime(day.year, day.month, day.day, tzinfo=self._zone).astimezone(UTC)


def payments(facts: Sequence[Event]) -> list[Event]:
    """Return a payment of all that is due on each invoice, as the last facts of a life."""
    return [
        Payment(
            f"settle {event.invoice_id}", ENDS, ENDS.date(), f"settle {event.invoice_id}",
            event.invoice_id, None,
        )
        for event in facts
        if isinstance(event, PurchaseInvoice | UsageInvoice)
    ]  # fmt: skip


def changed(event: Event) -> Event:
    """Return the event with the same id and other content."""
    return dataclasses.replace(event, effective_at=event.effective_at + timedelta(seconds=1))
