"""From a native document to the billing facts it stands for. Pure.

The block id on the lines is the link: a line without one is an ordinary line. Of prepaid credits
the quantity is the number of credits; usage is taken by its amount, because the invoice says what
was billed, and is there already.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

import msgspec

from drawdown.core.errors import MalformedEventError
from drawdown.core.events import (
    BlockKind,
    BlockTerms,
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
from drawdown.core.ids import native_reference, split_native
from drawdown.core.money import normal_credits
from drawdown.core.observed import NativeDocument, NativeLine
from drawdown.core.plan import PREPAID_ITEM, Customer, Document, DocumentKind
from drawdown.core.policy import Policy
from drawdown.core.rules import Record

_OWN_PREFIX = "drawdown:"


def reference_of(document: NativeDocument) -> str:
    """Return the name that survives a refresh: type and number."""
    return native_reference(document.record, document.number)


def event_id_of(reference: str) -> str:
    """Return the id of the fact that a native document is."""
    return f"{_OWN_PREFIX}{reference}"


def fingerprint(document: NativeDocument) -> bytes:
    """Return the SHA-256 of what matters to the books; ids and times of change do not."""
    content = document._asdict()
    del content["internal_id"], content["modified_at"]
    if document.record != Record.CUSTOMER_PAYMENT:
        del content["applied"]  # applying a memo is no change of what it credits
    return hashlib.sha256(msgspec.json.encode(content)).digest()


def is_about(document: NativeDocument, known: Mapping[str, Document]) -> bool:
    """Whether the document sells, draws, credits or pays blocks.

    Args:
        known: Documents that it was made from or is applied to, by reference.
    """
    if document.record in (Record.SALES_ORDER, Record.INVOICE):
        return any(line.block_id for line in document.lines)
    return any(target in known for target in targets_of(document))


def targets_of(document: NativeDocument) -> list[str]:
    """Return the references of the documents it was made from or is applied to, first the former.

    Sorted otherwise, each once.
    """
    applied = sorted({one.target for one in document.applied} - {document.created_from})
    return [document.created_from, *applied] if document.created_from else applied


def customer_fact(
    document: NativeDocument, before: Customer | None, policy: Policy
) -> CustomerChanged | None:
    """Return the fact of a native customer; None if it is one of ours, or known as it is."""
    customer = document.customer
    if not split_native(customer.reference):
        return None
    if before is not None and (before.name, before.currency) == (customer.name, customer.currency):
        return None
    return CustomerChanged(
        f"{event_id_of(customer.reference)}:{reference_of(document)}",
        _start(document.posted_on, policy),
        customer.customer_id,
        customer.name,
        customer.currency or document.currency,
        customer.reference,
    )


def facts_of(
    document: NativeDocument, customer_id: str, known: Mapping[str, Document], policy: Policy
) -> list[Event]:
    """Return the facts a document stands for, in their order.

    Args:
        customer_id: What billing calls its customer.
        known: As for `is_about`.

    Raises:
        MalformedEventError: It says what no fact can say.
    """
    if document.record == Record.SALES_ORDER:
        return [_order(document, customer_id, document.number, policy, "")]
    if document.record == Record.INVOICE:
        if not _is_purchase(document):
            return [_usage(document, customer_id, policy)]
        source = known.get(document.created_from)
        if source is not None or document.created_from:
            native = split_native(document.created_from)
            number = source.number if source else native[1] if native else ""
            return [_purchase(document, number, policy)]
        # Sold without an order: the invoice says all that an order would.
        order = f"invoice {document.number}"
        return [
            _order(document, customer_id, order, policy, ":order"),
            _purchase(document, order, policy),
        ]
    targets = [known[target] for target in targets_of(document) if target in known]
    if document.record == Record.CREDIT_MEMO:
        return [_credit(document, targets, policy)]
    return _payments(document, known, policy)


def void_fact(native: str, invoice: Document, policy: Policy) -> InvoiceVoid:
    """Return the fact that a native invoice was voided or deleted: as of its own date.

    Source: Oracle help, "N/transaction Module": a void sets the amounts of the transaction itself
    to zero.
    """
    return InvoiceVoid(
        f"{_OWN_PREFIX}{native}:void",
        _start(invoice.posted_on, policy),
        invoice.posted_on,
        invoice.document_id,
        "voided in NetSuite",
        native,
    )


def _order(
    document: NativeDocument, customer_id: str, order_id: str, policy: Policy, part: str
) -> SalesOrder:
    at = _start(document.posted_on, policy)
    expires_at = (
        _start(document.expires_on + timedelta(days=1), policy) if document.expires_on else None
    )
    return SalesOrder(
        event_id_of(reference_of(document)) + part,
        at,
        document.posted_on,
        order_id,
        customer_id,
        document.currency,
        document.exchange_rate,
        tuple(_terms(document, line, at, expires_at) for line in document.lines if line.block_id),
        reference_of(document),
    )


def _terms(
    document: NativeDocument, line: NativeLine, at: datetime, expires_at: datetime | None
) -> BlockTerms:
    amount = _positive(document, line)
    kind = BlockKind.PURCHASED if amount else BlockKind.PROMOTIONAL
    if document.block_kind and amount:
        try:
            kind = BlockKind(document.block_kind)
        except ValueError as error:
            raise MalformedEventError(
                f"{_named(document)}: {document.block_kind!r} is no credit type; use "
                f"{', '.join(kind.value for kind in BlockKind)}"
            ) from error
    if line.quantity <= 0:
        raise MalformedEventError(
            f"{_named(document)} line {line.line_id} sells block {line.block_id} with quantity "
            f"{line.quantity}; the quantity of prepaid credits is the number of credits"
        )
    credits_ = normal_credits(line.quantity)
    return BlockTerms(line.block_id, kind, amount, credits_, 0, at, expires_at, ())


def _is_purchase(document: NativeDocument) -> bool:
    """Whether an invoice sells blocks: it bears the prepaid item on a line with a block."""
    return any(line.item_id == PREPAID_ITEM and line.block_id for line in document.lines)


def _purchase(document: NativeDocument, order_id: str, policy: Policy) -> PurchaseInvoice:
    return PurchaseInvoice(
        event_id_of(reference_of(document)),
        _start(document.posted_on, policy),
        document.posted_on,
        document.number,
        order_id,
        tuple(line.block_id for line in document.lines if line.block_id),
        tuple(_line(document, line) for line in document.lines if not line.block_id),
        document.currency,
        reference_of(document),
    )


def _usage(document: NativeDocument, customer_id: str, policy: Policy) -> UsageInvoice:
    return UsageInvoice(
        event_id_of(reference_of(document)),
        _start(document.posted_on, policy),
        document.posted_on,
        document.number,
        customer_id,
        document.currency,
        document.exchange_rate,
        tuple(_line(document, line) for line in document.lines),
        reference_of(document),
    )


def _line(document: NativeDocument, line: NativeLine) -> InvoiceLine:
    kind = LineKind.TAX if line.is_tax else LineKind.USAGE if line.block_id else LineKind.OTHER
    amount = _positive(document, line)
    return InvoiceLine(line.line_id, line.item_id, kind, None, amount, line.block_id)


def _positive(document: NativeDocument, line: NativeLine) -> int:
    if line.amount_minor < 0:
        raise MalformedEventError(
            f"{_named(document)} line {line.line_id} has a negative amount; a block is credited by "
            "a credit memo on its invoice"
        )
    return line.amount_minor


def _credit(document: NativeDocument, targets: list[Document], policy: Policy) -> CreditMemo:
    invoices = [target for target in targets if target.kind is not DocumentKind.ORDER]
    if len(invoices) != 1:
        raise MalformedEventError(
            f"{_named(document)} credits {len(invoices)} invoices; make one credit memo for each, "
            "from the invoice"
        )
    (invoice,) = invoices
    totals: dict[str, int] = {}
    for line in document.lines:
        totals[line.block_id] = totals.get(line.block_id, 0) + _positive(document, line)
    if invoice.kind is DocumentKind.PURCHASE:
        totals.pop("", None)  # ordinary lines of a purchase are none of a block's
    if not any(totals.values()):
        raise MalformedEventError(
            f"{_named(document)} on purchase invoice {invoice.document_id} names no block on its "
            "lines; put the block id on the lines that credit one"
        )
    return CreditMemo(
        event_id_of(reference_of(document)),
        _start(document.posted_on, policy),
        document.posted_on,
        document.number,
        invoice.document_id,
        tuple(
            CreditLine("", block_id, None, amount) for block_id, amount in totals.items() if amount
        ),
        document.currency,
        reference_of(document),
    )


def _payments(
    document: NativeDocument, known: Mapping[str, Document], policy: Policy
) -> list[Event]:
    paid = [one for one in document.applied if one.target in known and one.amount_minor]
    return [
        Payment(
            event_id_of(reference_of(document)) + (f":{one.target}" if len(paid) > 1 else ""),
            _start(document.posted_on, policy),
            document.posted_on,
            document.number + (f"/{known[one.target].number}" if len(paid) > 1 else ""),
            known[one.target].document_id,
            one.amount_minor,
            document.currency,
            reference_of(document),
        )
        for one in paid
    ]


def _start(on: date, policy: Policy) -> datetime:
    """Return the first instant of a day in the tenant's zone, UTC."""
    return datetime.combine(on, time(), policy.time_zone).astimezone(UTC)


def _named(document: NativeDocument) -> str:
    return f"{document.record} {document.number}"
