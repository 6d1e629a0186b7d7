"""Random lives of blocks: streams of billing facts in any order, biased to edges."""

from __future__ import annotations

import dataclasses
import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from hypothesis import strategies as st

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
from drawdown.core.money import AMOUNT_MINOR_MAX, normal_credits
from drawdown.core.policy import (
    ClosedPeriod,
    DepositAccount,
    DrawdownDocument,
    Overdraw,
    Policy,
    PrepaidItem,
    PurchaseTrigger,
)

EFFORT = int(os.environ.get("TEST_EFFORT", "1"))
"""Times as many examples as usual: 1 beside the other tests, more at night."""

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 60
END = START + timedelta(days=2 * DAYS)
ITEMS = ("api", "chat")
CUSTOMERS = {"C1": "USD", "C2": "JPY", "C3": "KWD"}

AMOUNTS = st.one_of(
    st.sampled_from([0, 1, 2, 3, 99, 100, 101, 33333, AMOUNT_MINOR_MAX]), st.integers(0, 10**6)
)
CREDITS = st.one_of(
    st.sampled_from(
        [Decimal(text) for text in ("1", "2", "3", "7", "10", "1000", "0.5", "0.000000000001")]
        + [Decimal(10) ** 18]
    ),
    st.decimals("0.01", "999.99", places=2).map(normal_credits),
)
# What is used or credited is mostly small beside what is bought, so that much of it is accepted.
PARTS = st.one_of(st.sampled_from([Decimal(t) for t in ("0.1", "0.5", "1", "2", "3")]), CREDITS)
PART_AMOUNTS = st.one_of(st.sampled_from([1, 1, 2, 3, 33, 50]), AMOUNTS)
BLOCK_IDS = ("A", "B", "C", "D", "E", "F")

policies = st.builds(
    Policy,
    drawdown_document=st.sampled_from(DrawdownDocument),
    purchase_trigger=st.sampled_from(PurchaseTrigger),
    prepaid_item=st.sampled_from(PrepaidItem),
    deposit_account=st.sampled_from(DepositAccount),
    overdraw=st.sampled_from(Overdraw),
    closed_period=st.sampled_from(ClosedPeriod),
    drawdown_order=st.permutations(
        ["priority", "soonest_expiry", "lowest_cost_basis", "earliest_effective", "item_filtered"]
    ).map(tuple),
    books_open_from=st.sampled_from([None, None, None, date(2026, 1, 20)]),
)


class Sold(NamedTuple):
    """What a stream of facts sells, so that later facts can refer to it."""

    order: SalesOrder
    purchase: PurchaseInvoice


def instants(first: int = 0, last: int = DAYS) -> st.SearchStrategy[datetime]:
    """Draw an instant: midnight of a day, now and then at noon."""
    hours = st.integers(2 * first, 2 * last).map(lambda half: 12 * half)
    return hours.map(lambda hour: START + timedelta(hours=hour))


@st.composite
def terms(draw: st.DrawFn, block_id: str) -> BlockTerms:
    """Draw a block; about one in ten has no price."""
    amount = draw(AMOUNTS)
    start = START + timedelta(days=draw(st.sampled_from([0, 0, 0, 0, 0, 5])))
    return BlockTerms(
        block_id,
        draw(st.sampled_from([BlockKind.PURCHASED, BlockKind.ALLOCATION]))
        if amount
        else BlockKind.PROMOTIONAL,
        amount,
        draw(CREDITS),
        draw(st.integers(0, 1)),
        start,
        draw(st.one_of(st.none(), instants(10))),
        draw(st.sampled_from([(), (), (), ITEMS[:1], ITEMS])),
    )


@st.composite
def sales(draw: st.DrawFn) -> list[Sold]:
    """Draw one to three orders with their purchase invoices."""
    left = list(BLOCK_IDS)
    sold = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        ids, left = left[: (size := draw(st.integers(1, 2)))], left[size:]
        customer_id = draw(st.sampled_from(["C1", "C1", "C2", "C3"]))
        when = draw(instants(0, 3))
        order = SalesOrder(
            f"order {number}",
            when,
            when.date(),
            f"S{number}",
            customer_id,
            CUSTOMERS[customer_id],
            Decimal(draw(st.sampled_from(["1", "1.1", "0.007"]))),
            tuple(draw(terms(block_id)) for block_id in ids),
        )
        later = when + timedelta(days=draw(st.integers(0, 2)))
        tax = InvoiceLine("T", "tax", LineKind.TAX, None, draw(AMOUNTS))
        sold.append(
            Sold(
                order,
                PurchaseInvoice(
                    f"purchase {number}",
                    later,
                    later.date(),
                    f"I{number}",
                    order.order_id,
                    (),
                    draw(st.sampled_from([(), (), (tax,)])),
                ),
            )
        )
    return sold


@st.composite
def usage_line(draw: st.DrawFn, line_id: str, block_ids: tuple[str, ...]) -> InvoiceLine:
    """Draw an invoice line: usage in credits or money, or tax."""
    if draw(st.integers(0, 9)) == 0:
        return InvoiceLine(line_id, "tax", LineKind.TAX, None, draw(AMOUNTS))
    by_credits = draw(st.booleans())
    return InvoiceLine(
        line_id,
        draw(st.sampled_from(ITEMS)),
        LineKind.USAGE,
        draw(PARTS) if by_credits else None,
        None if by_credits else draw(PART_AMOUNTS),
        "unknown"
        if draw(st.integers(0, 19)) == 13
        else draw(st.sampled_from(["", "", "", *block_ids])),
        draw(st.one_of(st.none(), st.none(), st.none(), instants(0, 9))),
        draw(st.sampled_from([None, Decimal("0.01"), Decimal("0.015")])),
    )


@st.composite
def usages(draw: st.DrawFn, number: int, sold: list[Sold]) -> UsageInvoice:
    """Draw a usage invoice of one of the customers."""
    order = draw(st.sampled_from(sold)).order
    when = draw(instants())
    block_ids = tuple(block.block_id for block in order.blocks)
    lines = [draw(usage_line(f"L{n}", block_ids)) for n in range(draw(st.integers(1, 3)))]
    return UsageInvoice(
        f"usage {number}",
        when,
        when.date(),
        f"U{number}",
        order.customer_id,
        order.currency,
        draw(st.sampled_from([None, Decimal("1.3")])),
        tuple(lines),
    )


@st.composite
def credit_lines(draw: st.DrawFn, lines: tuple[str, ...], blocks: tuple[str, ...]) -> CreditLine:
    """Draw a credit of a line, of a block, of both or of anything; of a part or of all."""
    amount, credits_ = draw(
        st.sampled_from([(None, None), (True, None), (None, True), (None, True)])
    )
    return CreditLine(
        draw(st.sampled_from(["", *lines])),
        draw(st.sampled_from(["", "", *blocks] if lines else blocks)),
        draw(PARTS) if credits_ else None,
        draw(PART_AMOUNTS) if amount else None,
    )


@st.composite
def undoings(
    draw: st.DrawFn, name: str, sold: list[Sold], used: list[UsageInvoice]
) -> CreditMemo | InvoiceVoid:
    """Draw a credit memo or void of a usage or purchase invoice."""
    when = draw(instants())
    of_purchase = draw(st.integers(0, 4)) == 0
    if used and not of_purchase:
        invoice = draw(st.sampled_from(used))
        invoice_id = invoice.invoice_id
        strategy = credit_lines(
            tuple(line.line_id for line in invoice.lines),
            tuple(line.block_id for line in invoice.lines if line.block_id),
        )
    else:
        one = draw(st.sampled_from(sold))
        invoice_id = one.purchase.invoice_id
        strategy = credit_lines((), tuple(block.block_id for block in one.order.blocks))
    if draw(st.integers(0, 5)) == 0:
        return InvoiceVoid(name, when, when.date(), invoice_id, "")
    lines = tuple(draw(st.lists(strategy, max_size=2)))
    return CreditMemo(name, when, when.date(), f"M {name}", invoice_id, lines)


@st.composite
def others(
    draw: st.DrawFn, name: str, sold: list[Sold], used: list[UsageInvoice]
) -> BlockVoid | Clock | Payment:
    """Draw a void of a block, a payment or a clock."""
    when = draw(instants())
    kind = draw(st.integers(0, 9))
    if kind == 0:
        order = draw(st.sampled_from(sold)).order
        block = draw(st.sampled_from(order.blocks))
        return BlockVoid(name, when, when.date(), block.block_id, "")
    if kind < 5:
        return Clock(name, when)
    invoices = [one.purchase.invoice_id for one in sold] + [one.invoice_id for one in used]
    return Payment(
        name, when, when.date(), f"P {name}", draw(st.sampled_from(invoices)),
        draw(st.one_of(st.none(), AMOUNTS)),
    )  # fmt: skip


@st.composite
def lives(draw: st.DrawFn, *, events_max: int = 14, with_clock: bool = True) -> list[Event]:
    """Draw a stream: mostly in order, with facts displaced and repeated."""
    sold = draw(sales())
    used: list[UsageInvoice] = []
    later: list[Event] = []
    for number in range(draw(st.integers(1, events_max))):
        choice = draw(st.integers(0, 9))
        if choice < 5 or not used:
            used.append(draw(usages(number, sold)))
            later.append(used[-1])
        elif choice < 8 or not with_clock:
            later.append(draw(undoings(f"undo {number}", sold, used)))
        else:
            later.append(draw(others(f"other {number}", sold, used)))
    stream: list[Event] = [
        CustomerChanged(f"customer {customer_id}", START, customer_id, customer_id, currency)
        for customer_id, currency in CUSTOMERS.items()
    ]
    for one in sold:
        stream += one
    if draw(st.booleans()):
        later.sort(key=lambda event: event.effective_at)
    stream += later
    places = st.integers(0, len(stream) - 1)
    for here, there in draw(st.lists(st.tuples(places, places), max_size=3)):
        stream.insert(there, stream.pop(here))
    for here, there in draw(st.lists(st.tuples(places, places), max_size=3)):
        stream.insert(there, stream[here])
    return stream


def changed(event: Event) -> Event:
    """Return the event with the same id and other content."""
    return dataclasses.replace(event, effective_at=event.effective_at + timedelta(seconds=1))
