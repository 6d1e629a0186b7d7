"""Short ways to write billing facts in tests: amounts as decimal strings, dates as ISO text."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from drawdown.core.events import (
    BlockKind,
    BlockTerms,
    BlockVoid,
    Clock,
    CreditLine,
    CreditMemo,
    CustomerChanged,
    InvoiceLine,
    InvoiceVoid,
    LineKind,
    OpeningBalance,
    Payment,
    PurchaseInvoice,
    SalesOrder,
    UsageInvoice,
)
from drawdown.core.money import normal_credits, to_minor

Quantity = str
"""``10cr`` is ten credits, ``10.00`` is money."""


def at(text: str) -> datetime:
    """Read an ISO date or date and time as an instant, UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def on(text: str) -> date:
    """Read the date of an ISO date or date and time."""
    return at(text).date()


def quantity(text: Quantity, currency: str) -> tuple[Decimal | None, int | None]:
    """Read a quantity as (credits, None) or (None, minor units)."""
    if text.endswith("cr"):
        return normal_credits(Decimal(text[:-2])), None
    return None, to_minor(Decimal(text), currency)


def customer(when: str, customer_id: str = "C1", currency: str = "USD") -> CustomerChanged:
    """Make a customer fact."""
    return CustomerChanged(
        f"customer:{customer_id}", at(when), customer_id, f"Customer {customer_id}", currency
    )


def terms(
    block_id: str,
    credits_: str,
    amount: str = "0",
    *,
    currency: str = "USD",
    start: str = "2026-01-01",
    until: str | None = "2027-01-01",
    priority: int = 0,
    items: tuple[str, ...] = (),
    kind: BlockKind | None = None,
) -> BlockTerms:
    """Make the terms of a block; without an amount it is promotional."""
    minor = to_minor(Decimal(amount), currency)
    return BlockTerms(
        block_id,
        kind or (BlockKind.PURCHASED if minor else BlockKind.PROMOTIONAL),
        minor,
        normal_credits(Decimal(credits_)),
        priority,
        at(start),
        at(until) if until else None,
        items,
    )


def order(
    when: str,
    order_id: str,
    *blocks: BlockTerms,
    customer_id: str = "C1",
    currency: str = "USD",
    rate: str = "1",
) -> SalesOrder:
    """Make a sales order."""
    return SalesOrder(
        f"order:{order_id}", at(when), on(when), order_id, customer_id, currency, Decimal(rate),
        blocks,
    )  # fmt: skip


def purchase(
    when: str,
    invoice_id: str,
    order_id: str,
    *block_ids: str,
    lines: tuple[InvoiceLine, ...] = (),
    currency: str = "",
) -> PurchaseInvoice:
    """Make the invoice of an order; without block ids, of all blocks not billed yet."""
    return PurchaseInvoice(
        f"purchase:{invoice_id}",
        at(when),
        on(when),
        invoice_id,
        order_id,
        block_ids,
        lines,
        currency,
    )


def line(
    line_id: str,
    amount: Quantity,
    block_id: str = "",
    *,
    item: str = "usage",
    kind: LineKind = LineKind.USAGE,
    used: str | None = None,
    rate: str | None = None,
    currency: str = "USD",
) -> InvoiceLine:
    """Make an invoice line."""
    credits_, minor = quantity(amount, currency)
    return InvoiceLine(
        line_id, item, kind, credits_, minor, block_id, at(used) if used else None,
        Decimal(rate) if rate else None,
    )  # fmt: skip


def usage(
    when: str,
    invoice_id: str,
    *lines: InvoiceLine,
    customer_id: str = "C1",
    currency: str = "USD",
    rate: str | None = None,
) -> UsageInvoice:
    """Make a usage invoice."""
    return UsageInvoice(
        f"usage:{invoice_id}", at(when), on(when), invoice_id, customer_id, currency,
        Decimal(rate) if rate else None, lines,
    )  # fmt: skip


def credit_line(
    amount: Quantity | None = None, *, line_id: str = "", block_id: str = "", currency: str = "USD"
) -> CreditLine:
    """Make a line of a credit memo; without an amount, all that is left."""
    credits_, minor = quantity(amount, currency) if amount else (None, None)
    return CreditLine(line_id, block_id, credits_, minor)


def credit(
    when: str, memo_id: str, invoice_id: str, *lines: CreditLine, currency: str = ""
) -> CreditMemo:
    """Make a credit memo."""
    return CreditMemo(f"credit:{memo_id}", at(when), on(when), memo_id, invoice_id, lines, currency)


def void_invoice(when: str, invoice_id: str) -> InvoiceVoid:
    """Make the void of an invoice."""
    return InvoiceVoid(f"void:{invoice_id}", at(when), on(when), invoice_id, "billed in error")


def void_block(when: str, block_id: str) -> BlockVoid:
    """Make the void of a block."""
    return BlockVoid(f"block_void:{block_id}", at(when), on(when), block_id, "cancelled")


def payment(
    when: str, payment_id: str, invoice_id: str, amount: str | None = None, currency: str = ""
) -> Payment:
    """Make a payment; without an amount, of all that is due."""
    minor = None if amount is None else to_minor(Decimal(amount), currency or "USD")
    return Payment(
        f"payment:{payment_id}", at(when), on(when), payment_id, invoice_id, minor, currency
    )


def clock(when: str) -> Clock:
    """Make a clock fact."""
    return Clock(f"clock:{when}", at(when))


def opening(
    when: str,
    origin: str,
    *blocks: BlockTerms,
    customer_id: str = "C1",
    currency: str = "USD",
    rate: str = "1",
) -> OpeningBalance:
    """Make the opening balance of blocks."""
    return OpeningBalance(
        f"opening:{origin}", at(when), on(when), customer_id, currency, Decimal(rate), origin,
        blocks,
    )  # fmt: skip
