"""Documents that are in the ERP already: observed, never written. Policy *documents*.

A native document decides as one of ours would; only its record is not created. Everything that
would have named it, entries and applications among them, names the native record instead.
"""

from __future__ import annotations

import dataclasses

from drawdown.core.decide.known import Known
from drawdown.core.events import (
    CreditMemo,
    CustomerChanged,
    Event,
    InvoiceVoid,
    Payment,
    PurchaseInvoice,
    SalesOrder,
    UsageInvoice,
)
from drawdown.core.plan import (
    DocumentKind,
    Hold,
    Operation,
    PostingPlan,
    Reason,
    Rejection,
    document_key,
)
from drawdown.core.policy import Documents, Policy
from drawdown.core.rules import Record

_RECORDS: dict[type[Event], Record] = {
    SalesOrder: Record.SALES_ORDER,
    PurchaseInvoice: Record.INVOICE,
    UsageInvoice: Record.INVOICE,
    CreditMemo: Record.CREDIT_MEMO,
    InvoiceVoid: Record.CREDIT_MEMO,
    Payment: Record.CUSTOMER_PAYMENT,
}
"""What each fact would have been written as."""


def native_of(event: Event) -> str:
    """Return the reference of the record that the event is already; empty if it is none."""
    return str(getattr(event, "native", ""))


def await_document(event: Event, known: Known, policy: Policy) -> Hold | Rejection | None:
    """Let a fact of the billing platform wait until its document is seen in the ERP.

    Once it is seen it is posted, and the platform's fact is the same fact again: it counts once.
    """
    if policy.documents is Documents.OURS or native_of(event):
        return None
    match event:
        case CustomerChanged() if event.customer_id not in known.customers:
            return _hold("customer", event.customer_id)
        case SalesOrder() if (
            document_key(DocumentKind.ORDER, event.order_id) not in known.documents
        ):
            return _hold("order", event.order_id)
        case PurchaseInvoice() | UsageInvoice() if event.invoice_id not in known.documents:
            return _hold("invoice", event.invoice_id)
        case CreditMemo():
            number = event.credit_memo_id
            if document_key(DocumentKind.CREDIT_MEMO, number) not in known.documents:
                return _hold("credit_memo", number)
        case Payment():
            number = event.payment_id
            if document_key(DocumentKind.PAYMENT, number) not in known.documents:
                return _hold("payment", number)
        case InvoiceVoid():
            return Rejection(
                Reason.NOTHING_TO_DO,
                f"the void of invoice {event.invoice_id} is taken from NetSuite, where the "
                "documents are (policy documents: in_netsuite); void or credit the invoice there",
            )
        case _:
            pass
    return None


def _hold(kind: str, number: str) -> Hold:
    what = kind.replace("_", " ")
    return Hold(
        f"{kind}:{number}",
        f"{what} {number} is not seen in NetSuite yet, where the documents are (policy documents: "
        "in_netsuite); it goes on when watch finds it",
    )


def take_over(plan: PostingPlan, event: Event) -> None:
    """Put the native record in the place of the one that would have been created."""
    native = native_of(event)
    record = _RECORDS.get(type(event))
    match event:
        case CreditMemo():
            plan.provides.append(f"credit_memo:{event.credit_memo_id}")
        case Payment():
            plan.provides.append(f"payment:{event.payment_id}")
        case _:
            pass
    if record is None:
        return
    names = {
        intent.external_id
        for intent in plan.intents
        if intent.record is record and intent.operation is Operation.CREATE
    }
    documents = (DocumentKind.ORDER, DocumentKind.PURCHASE, DocumentKind.USAGE)
    names.update(
        document.record
        for document in plan.documents
        if document.event_id == event.event_id and document.kind in documents
    )
    plan.intents = [
        dataclasses.replace(
            intent,
            source=native if intent.source in names else intent.source,
            target=native if intent.target in names else intent.target,
        )
        for intent in plan.intents
        if intent.external_id not in names
    ]
    plan.entries = [
        entry._replace(record=native) if entry.record in names else entry for entry in plan.entries
    ]
    plan.documents = [
        document._replace(record=native) if document.record in names else document
        for document in plan.documents
    ]
