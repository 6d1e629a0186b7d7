"""From core events to lines of native JSON: the inverse of `json_lines`, for who writes files."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal, cast

import msgspec

from drawdown.billing.native import wire
from drawdown.core.events import (
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
    OpeningBalance,
    Payment,
    PurchaseInvoice,
    Refund,
    SalesOrder,
    UsageInvoice,
)
from drawdown.core.money import credits_text, money_text

_encoder = msgspec.json.Encoder()


def encode_event(event: Event) -> bytes:
    r"""Write an event as one line of native JSON, with the line feed.

    Decoding the line gives an equal event in any time zone: every instant is written out.

    Args:
        event: Of a type that the native format has: all but expiry and recognition, which no
            billing platform sends. Where it gives amounts, it states their currency.

    Raises:
        KeyError: The event has no native form.
    """
    fact = _MAKE[type(event)](event)
    return _encoder.encode(fact) + b"\n"


def _customer(event: CustomerChanged) -> wire.Customer:
    return wire.Customer(
        event_id=event.event_id,
        at=event.effective_at,
        customer_id=event.customer_id,
        name=event.name,
        currency=event.currency,
    )


def _sales_order(event: SalesOrder) -> wire.SalesOrder:
    return wire.SalesOrder(
        event_id=event.event_id,
        at=event.effective_at,
        order_id=event.order_id,
        customer_id=event.customer_id,
        currency=event.currency,
        date=event.posted_on,
        exchange_rate=credits_text(event.exchange_rate),
        blocks=[_block(terms, event.currency) for terms in event.blocks],
    )


def _opening_balance(event: OpeningBalance) -> wire.OpeningBalance:
    return wire.OpeningBalance(
        event_id=event.event_id,
        at=event.effective_at,
        customer_id=event.customer_id,
        currency=event.currency,
        date=event.posted_on,
        exchange_rate=credits_text(event.exchange_rate),
        origin=event.origin,
        blocks=[_block(terms, event.currency) for terms in event.blocks],
    )


def _block(terms: BlockTerms, currency: str) -> wire.Block:
    return wire.Block(
        block_id=terms.block_id,
        kind=terms.kind,
        amount=money_text(terms.amount_minor, currency),
        credits=credits_text(terms.credits),
        priority=terms.priority or None,
        effective_at=terms.effective_at,
        expires_at=terms.expires_at,
        items=list(terms.item_ids) or None,
    )


def _purchase_invoice(event: PurchaseInvoice) -> wire.PurchaseInvoice:
    return wire.PurchaseInvoice(
        event_id=event.event_id,
        at=event.effective_at,
        invoice_id=event.invoice_id,
        order_id=event.order_id,
        date=event.posted_on,
        currency=event.currency or None,
        blocks=list(event.block_ids) or None,
        lines=[_other_line(line, event.currency) for line in event.lines] or None,
    )


def _other_line(line: InvoiceLine, currency: str) -> wire.OtherLine:
    assert line.amount_minor is not None
    return wire.OtherLine(
        line_id=line.line_id,
        item=line.item_id,
        kind=cast('Literal["subscription", "tax", "shipping", "other"]', line.kind.value),
        amount=money_text(line.amount_minor, currency),
    )


def _usage_invoice(event: UsageInvoice) -> wire.UsageInvoice:
    return wire.UsageInvoice(
        event_id=event.event_id,
        at=event.effective_at,
        invoice_id=event.invoice_id,
        customer_id=event.customer_id,
        currency=event.currency,
        date=event.posted_on,
        exchange_rate=_decimal(event.exchange_rate),
        lines=[_usage_line(line, event.currency) for line in event.lines],
    )


def _usage_line(line: InvoiceLine, currency: str) -> wire.UsageLine:
    return wire.UsageLine(
        line_id=line.line_id,
        item=line.item_id,
        kind=None if line.kind is LineKind.USAGE else line.kind,
        credits=_decimal(line.credits),
        amount=_money(line.amount_minor, currency),
        block_id=line.block_id or None,
        used_at=line.used_at,
        rate=_decimal(line.rate),
    )


def _credit_memo(event: CreditMemo) -> wire.CreditMemo:
    return wire.CreditMemo(
        event_id=event.event_id,
        at=event.effective_at,
        credit_memo_id=event.credit_memo_id,
        invoice_id=event.invoice_id,
        date=event.posted_on,
        currency=event.currency or None,
        lines=[_credited_line(line, event.currency) for line in event.lines] or None,
    )


def _credited_line(line: CreditLine, currency: str) -> wire.CreditedLine:
    return wire.CreditedLine(
        line_id=line.line_id or None,
        block_id=line.block_id or None,
        credits=_decimal(line.credits),
        amount=_money(line.amount_minor, currency),
    )


def _invoice_void(event: InvoiceVoid) -> wire.InvoiceVoid:
    return wire.InvoiceVoid(
        event_id=event.event_id,
        at=event.effective_at,
        invoice_id=event.invoice_id,
        date=event.posted_on,
        reason=event.reason or None,
    )


def _block_void(event: BlockVoid) -> wire.BlockVoid:
    return wire.BlockVoid(
        event_id=event.event_id,
        at=event.effective_at,
        block_id=event.block_id,
        date=event.posted_on,
        reason=event.reason or None,
    )


def _payment(event: Payment) -> wire.Payment:
    return wire.Payment(
        event_id=event.event_id,
        at=event.effective_at,
        payment_id=event.payment_id,
        invoice_id=event.invoice_id,
        date=event.posted_on,
        amount=_money(event.amount_minor, event.currency),
        currency=event.currency or None,
    )


def _refund(event: Refund) -> wire.Refund:
    return wire.Refund(
        event_id=event.event_id,
        at=event.effective_at,
        refund_id=event.refund_id,
        invoice_id=event.invoice_id,
        date=event.posted_on,
        amount=_money(event.amount_minor, event.currency),
        currency=event.currency or None,
    )


def _clock(event: Clock) -> wire.Clock:
    return wire.Clock(event_id=event.event_id, at=event.effective_at)


_MAKE: dict[type[Event], Callable[[Any], msgspec.Struct]] = {
    CustomerChanged: _customer,
    SalesOrder: _sales_order,
    OpeningBalance: _opening_balance,
    PurchaseInvoice: _purchase_invoice,
    UsageInvoice: _usage_invoice,
    CreditMemo: _credit_memo,
    InvoiceVoid: _invoice_void,
    BlockVoid: _block_void,
    Payment: _payment,
    Refund: _refund,
    Clock: _clock,
}


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else credits_text(value)


def _money(amount_minor: int | None, currency: str) -> str | None:
    return None if amount_minor is None else money_text(amount_minor, currency)
