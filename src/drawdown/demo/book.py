"""The demonstration's order book: it writes down billing facts and what was sold at what price.

It knows prices and dates but nothing of accounting. What revenue must add up to is computed here
from sales and cancellations alone, so that it can be held against what the books arrive at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from drawdown.core.events import (
    BlockTerms,
    BlockVoid,
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
from drawdown.core.money import normal_credits, to_decimal
from drawdown.demo.offer import ZERO, Client, instant


@dataclass(slots=True)
class Sale:
    """A block as it was sold: money in minor units of its currency."""

    currency: str
    rate: Decimal
    amount_minor: int
    cancelled_minor: int = 0


@dataclass(slots=True)
class Book:
    """Facts in the making, by month.

    Attributes:
        months: Month (from 0) to its events, in any order.
        sales: Every block ordered, by id.
        refused: Ids of events that must be refused.
    """

    months: dict[int, list[Event]] = field(default_factory=dict)
    sales: dict[str, Sale] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)

    def add(self, month: int, event: Event) -> None:
        """Write an event down under its month."""
        self.months.setdefault(month, []).append(event)

    def customer(self, client: Client, name: str, month: int, day: int) -> None:
        """Tell the customer's name."""
        at = instant(month, day)
        self.add(
            month,
            CustomerChanged(
                f"evt-{client.customer_id}-{at:%m%d}", at, client.customer_id, name,
                client.tariff.currency,
            ),
        )  # fmt: skip

    def order(
        self, client: Client, tag: str, month: int, day: int, blocks: Sequence[BlockTerms]
    ) -> str:
        """Order blocks; return the order's id."""
        order_id = f"SO-{client.number:02}-{tag}"
        at = instant(month, day, 9)
        self.add(
            month,
            SalesOrder(
                f"evt-{order_id}", at, at.date(), order_id, client.customer_id,
                client.tariff.currency, client.tariff.rate, tuple(blocks),
            ),
        )  # fmt: skip
        for terms in blocks:
            self.sales[terms.block_id] = Sale(
                client.tariff.currency, client.tariff.rate, terms.amount_minor
            )
        return order_id

    def sell(
        self,
        client: Client,
        tag: str,
        month: int,
        blocks: Sequence[BlockTerms],
        extras: Sequence[InvoiceLine] = (),
    ) -> str:
        """Order blocks, invoice all of them the next day and have them paid; return the order."""
        order_id = self.order(client, tag, month, 1, blocks)
        invoice_id = self.invoice_order(order_id, tag, month, 2, extras=extras)
        if extras or any(terms.amount_minor for terms in blocks):
            self.pay(invoice_id, month, 20)
        return order_id

    def invoice_order(
        self,
        order_id: str,
        tag: str,
        month: int,
        day: int,
        block_ids: Sequence[str] = (),
        extras: Sequence[InvoiceLine] = (),
    ) -> str:
        """Invoice an order, or some of its blocks; return the invoice's id."""
        invoice_id = f"PI-{order_id.removeprefix('SO-')[:2]}-{tag}"
        at = instant(month, day, 10)
        self.add(
            month,
            PurchaseInvoice(
                f"evt-{invoice_id}", at, at.date(), invoice_id, order_id, tuple(block_ids),
                tuple(extras),
            ),
        )  # fmt: skip
        return invoice_id

    def pay(self, invoice_id: str, month: int, day: int) -> None:
        """Pay all that is due on an invoice."""
        at = instant(month, day, 11)
        payment_id = f"PAY-{invoice_id}"
        self.add(month, Payment(f"evt-{payment_id}", at, at.date(), payment_id, invoice_id, None))

    def bill(
        self, client: Client, invoice_id: str, at: datetime, lines: Sequence[InvoiceLine]
    ) -> str:
        """Send a usage invoice; return its id, or nothing where there is nothing to bill."""
        if not any(line.kind is LineKind.USAGE for line in lines):
            return ""
        self.add(
            at.month - 1,
            UsageInvoice(
                f"evt-{invoice_id}", at, at.date(), invoice_id, client.customer_id,
                client.tariff.currency, client.tariff.rate, tuple(lines),
            ),
        )  # fmt: skip
        return invoice_id

    def credit(
        self, invoice_id: str, month: int, day: int, *, line: str = "", credits_: Decimal = ZERO
    ) -> None:
        """Credit an invoice: some credits of a line, or all of it; nothing where it has none."""
        if not invoice_id or (line and not credits_):
            return
        at = instant(month, day, 15)
        memo_id = f"CM-{invoice_id}-{at:%m%d}"
        lines = (CreditLine(line, "", normal_credits(credits_), None),) if line else ()
        self.add(month, CreditMemo(f"evt-{memo_id}", at, at.date(), memo_id, invoice_id, lines))

    def return_part(self, invoice_id: str, month: int, day: int, block: BlockTerms) -> None:
        """Credit half of an unused block on its purchase invoice."""
        at = instant(month, day, 15)
        memo_id = f"CM-{invoice_id}-{at:%m%d}"
        half = block.amount_minor // 2
        line = CreditLine("", block.block_id, None, half)
        self.add(month, CreditMemo(f"evt-{memo_id}", at, at.date(), memo_id, invoice_id, (line,)))
        self.sales[block.block_id].cancelled_minor += half

    def void_invoice(
        self,
        invoice_id: str,
        month: int,
        day: int,
        reason: str,
        blocks: Sequence[BlockTerms] = (),
    ) -> None:
        """Void an invoice, if there was one; a purchase invoice cancels its blocks."""
        if not invoice_id:
            return
        at = instant(month, day, 15)
        self.add(month, InvoiceVoid(f"evt-void-{invoice_id}", at, at.date(), invoice_id, reason))
        for terms in blocks:
            self.sales[terms.block_id].cancelled_minor += terms.amount_minor

    def void_block(
        self, block: BlockTerms, month: int, day: int, reason: str, used_minor: int = 0
    ) -> None:
        """Cancel what remains of a block.

        Args:
            used_minor: Money of it that usage has drawn, as the bills say.
        """
        at = instant(month, day, 15)
        self.add(
            month, BlockVoid(f"evt-void-{block.block_id}", at, at.date(), block.block_id, reason)
        )
        self.sales[block.block_id].cancelled_minor += block.amount_minor - used_minor

    def cash_basis(self) -> dict[str, Decimal]:
        """Return what revenue must be, by currency: everything sold less what was cancelled."""
        minor: dict[str, int] = {}
        for sale in self.sales.values():
            kept = sale.amount_minor - sale.cancelled_minor
            minor[sale.currency] = minor.get(sale.currency, 0) + kept
        return {
            currency: to_decimal(amount, currency) for currency, amount in sorted(minor.items())
        }

    def cash_basis_base(self) -> Decimal:
        """Return the same in base currency: each sale at its own order's exchange rate."""
        total = sum(
            (
                to_decimal(sale.amount_minor - sale.cancelled_minor, sale.currency) * sale.rate
                for sale in self.sales.values()
            ),
            ZERO,
        )
        cents = total.quantize(Decimal("0.01"))
        assert cents == total, "a price list that is not exact in cents"
        return cents
