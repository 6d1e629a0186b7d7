"""What must be loaded before an event can be decided, and what its acceptance may make known.

Keys are (kind, id) pairs. The loader asks again with what it has found until nothing new is needed,
because an invoice leads to its blocks and a block to its purchase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from drawdown.core.block import Step
from drawdown.core.decide.known import Known
from drawdown.core.events import (
    BaseRounding,
    BlockVoid,
    Clock,
    CreditMemo,
    CustomerChanged,
    Event,
    Expiry,
    Handover,
    InvoiceVoid,
    LineKind,
    OpeningBalance,
    Payment,
    PurchaseInvoice,
    Recognition,
    Refund,
    SalesOrder,
    UsageInvoice,
)
from drawdown.core.plan import DocumentKind, document_key

KeyKind = Literal["customer", "block", "document", "blocks_of", "movements", "purchases", "entries"]
Key = tuple[KeyKind, str]
"""`movements` is by document id, `purchases` and `entries` by block id, `blocks_of` by customer."""


def _customer(event: CustomerChanged, _known: Known) -> Iterator[Key]:
    yield "customer", event.customer_id


def _order(event: SalesOrder, _known: Known) -> Iterator[Key]:
    yield "customer", event.customer_id
    yield "document", document_key(DocumentKind.ORDER, event.order_id)
    for terms in event.blocks:
        yield "block", terms.block_id


def _opening(event: OpeningBalance, _known: Known) -> Iterator[Key]:
    yield "customer", event.customer_id
    for terms in event.blocks:
        yield "block", terms.block_id


def _purchase(event: PurchaseInvoice, known: Known) -> Iterator[Key]:
    yield "document", event.invoice_id
    yield from _document(document_key(DocumentKind.ORDER, event.order_id), known)
    # A credit of this invoice may follow in the same batch; until the invoice is decided nobody
    # can tell which blocks that will need.
    order = known.documents.get(document_key(DocumentKind.ORDER, event.order_id))
    for block_id in order.block_ids if order else ():
        yield "purchases", block_id
        yield "entries", block_id


def _document(document_id: str, known: Known) -> Iterator[Key]:
    yield "document", document_id
    document = known.documents.get(document_id)
    if document is not None:
        yield "customer", document.customer_id
        for block_id in document.block_ids:
            yield "block", block_id


def _payment(event: Payment, known: Known) -> Iterator[Key]:
    yield "document", document_key(DocumentKind.PAYMENT, event.payment_id)
    yield from _document(event.invoice_id, known)


def _refund(event: Refund, known: Known) -> Iterator[Key]:
    yield "document", document_key(DocumentKind.REFUND, event.refund_id)
    yield from _document(event.invoice_id, known)
    invoice = known.documents.get(event.invoice_id)
    for block_id in invoice.block_ids if invoice else ():
        yield "entries", block_id


def _usage(event: UsageInvoice, _known: Known) -> Iterator[Key]:
    yield "customer", event.customer_id
    yield "document", event.invoice_id
    for line in event.lines:
        if line.block_id:
            yield "block", line.block_id
        elif line.kind is LineKind.USAGE and not line.is_payable:
            yield "blocks_of", event.customer_id


def _block_and_customer(
    event: BaseRounding | BlockVoid | Expiry | Handover, known: Known
) -> Iterator[Key]:
    yield "block", event.block_id
    block = known.blocks.get(event.block_id)
    if block is not None:
        yield "customer", block.customer_id


def _expiry(event: Expiry, known: Known) -> Iterator[Key]:
    yield from _block_and_customer(event, known)
    yield "entries", event.block_id


def _credit(event: CreditMemo | InvoiceVoid, known: Known) -> Iterator[Key]:
    if isinstance(event, CreditMemo):
        yield "document", document_key(DocumentKind.CREDIT_MEMO, event.credit_memo_id)
    yield from _document(event.invoice_id, known)
    document = known.documents.get(event.invoice_id)
    if document is None:
        return
    if document.kind is not DocumentKind.PURCHASE:
        yield "movements", event.invoice_id
    for block_id in document.block_ids:
        yield "purchases", block_id
        yield "entries", block_id


def _block_void(event: BlockVoid, known: Known) -> Iterator[Key]:
    yield from _block_and_customer(event, known)
    yield "purchases", event.block_id
    yield "entries", event.block_id
    for movement in known.purchases.get(event.block_id, ()):
        if movement.step is Step.INVOICED:
            yield "document", movement.document_id


def _recognition(event: Recognition, _known: Known) -> Iterator[Key]:
    yield "block", event.block_id


_NEEDS: dict[type[Event], Callable[[Any, Known], Iterator[Key]]] = {
    CustomerChanged: _customer,
    SalesOrder: _order,
    OpeningBalance: _opening,
    PurchaseInvoice: _purchase,
    Payment: _payment,
    Refund: _refund,
    UsageInvoice: _usage,
    Expiry: _expiry,
    CreditMemo: _credit,
    InvoiceVoid: _credit,
    BlockVoid: _block_void,
    Handover: _block_and_customer,
    Recognition: _recognition,
    BaseRounding: _block_and_customer,
}


def needs(event: Event, known: Known) -> Iterator[Key]:
    """Yield what the event needs to be decided, as far as `known` tells so far."""
    assert not isinstance(event, Clock)
    return _NEEDS[type(event)](event, known)


def may_provide(event: Event, known: Known) -> Iterator[str]:
    """Yield the keys that held events may be waiting for and that this event may provide.

    A superset of what a plan of the event names in `provides`.
    """
    match event:
        case CustomerChanged():
            yield f"customer:{event.customer_id}"
        case SalesOrder() | OpeningBalance():
            if isinstance(event, SalesOrder):
                yield f"order:{event.order_id}"
            for terms in event.blocks:
                yield f"known:{terms.block_id}"
                yield f"block:{terms.block_id}"
        case PurchaseInvoice():
            yield f"invoice:{event.invoice_id}"
            order = known.documents.get(document_key(DocumentKind.ORDER, event.order_id))
            for block_id in order.block_ids if order else event.block_ids:
                yield f"block:{block_id}"
        case UsageInvoice():
            yield f"invoice:{event.invoice_id}"
        case CreditMemo():
            yield f"credit_memo:{event.credit_memo_id}"
        case Payment():
            yield f"payment:{event.payment_id}"
        case BlockVoid():
            yield f"block:{event.block_id}"
        case _:
            return
