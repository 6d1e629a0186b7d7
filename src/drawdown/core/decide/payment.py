"""Decisions about money between customer and company on an invoice: payments and refunds.

The deposit is not cash, so a payment touches neither deposit nor clearing. A void or credit of a
purchase that was paid leaves a credit memo open. A refund (phase *reversal*) uses it up: it touches
neither deposit nor liability, which the void has settled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from drawdown.core.block import Block, Step
from drawdown.core.decide.known import Known
from drawdown.core.decide.posting import (
    about,
    invoice_of,
    move,
    open_day,
    post,
    posted_before,
    record_id,
)
from drawdown.core.decide.records import of_document
from drawdown.core.events import Payment, Refund
from drawdown.core.money import money_text
from drawdown.core.plan import (
    Document,
    DocumentKind,
    Hold,
    Outcome,
    PostingPlan,
    Reason,
    Rejection,
)
from drawdown.core.policy import Policy
from drawdown.core.rules import Record


def pay_invoice(event: Payment, known: Known, policy: Policy) -> Outcome:
    """Apply a customer's payment: the purchase's blocks first, in order, then ordinary lines."""
    what = f"payment {event.payment_id}"
    invoice = posted_before(DocumentKind.PAYMENT, event.payment_id, known) or invoice_of(
        event.invoice_id, event.currency, what, known
    )
    if not isinstance(invoice, Document):
        return invoice
    blocks = _purchased(invoice, known)
    due = sum(max(0, block.due_minor) for block in blocks) + invoice.due_minor
    amount = due if event.amount_minor is None else event.amount_minor
    if not 0 < amount <= due:
        return Rejection(
            Reason.OVERPAID,
            f"{what} of {money_text(amount, invoice.currency)} {invoice.currency} cannot be "
            f"applied: invoice {event.invoice_id} has {money_text(due, invoice.currency)} due; "
            "correct the amount or the invoice",
        )
    posted_on = open_day(policy, event.posted_on)
    if isinstance(posted_on, Hold):
        return posted_on
    plan = PostingPlan()
    record = record_id(Record.CUSTOMER_PAYMENT, known.tenant_id, event.event_id)
    left = amount
    for block in blocks:
        part = min(left, max(0, block.due_minor))
        if part:
            after = move(
                plan, block, Step.PAID, event_id=event.event_id, document_id=event.payment_id,
                occurred_at=event.effective_at, amount_minor=part,
            )._replace(due_minor=block.due_minor - part)  # fmt: skip
            plan.blocks[block.block_id] = after
            post(plan, after, Step.PAID, policy, part, posted_on, {"P5": record})
            left -= part
    plan.documents.append(invoice._replace(due_minor=invoice.due_minor - left))
    plan.documents.append(
        about(invoice, DocumentKind.PAYMENT, event.payment_id, record, event.event_id, posted_on)
    )
    intent = of_document(
        Record.CUSTOMER_PAYMENT, record, invoice, event, known, posted_on=posted_on,
        memo=f"Payment {event.payment_id} of invoice {event.invoice_id}", amount_minor=amount,
    )  # fmt: skip
    plan.intents.append(replace(intent, target=invoice.record, applied_minor=amount))
    return plan


def _purchased(invoice: Document, known: Known) -> list[Block]:
    """Return the blocks that an invoice bills; those that a usage invoice draws are none."""
    if invoice.kind is not DocumentKind.PURCHASE:
        return []
    return [known.blocks[block_id] for block_id in invoice.block_ids]


class _Credit(NamedTuple):
    """What is left of a block's credit memo."""

    block: Block
    memo: str
    amount_minor: int


def pay_out_credit(event: Refund, known: Known, policy: Policy) -> Outcome:
    """Pay out what the customer has on a purchase invoice, the oldest credit memo first."""
    what = f"refund {event.refund_id}"
    invoice = posted_before(DocumentKind.REFUND, event.refund_id, known) or invoice_of(
        event.invoice_id, event.currency, what, known
    )
    if not isinstance(invoice, Document):
        return invoice
    credits_ = [credit for block in _purchased(invoice, known) for credit in _credits(block, known)]
    there = sum(credit.amount_minor for credit in credits_)
    amount = there if event.amount_minor is None else event.amount_minor
    if not 0 < amount <= there:
        return Rejection(
            Reason.OVERPAID,
            f"{what} of {money_text(amount, invoice.currency)} {invoice.currency} cannot be paid "
            f"out: the customer has {money_text(there, invoice.currency)} on purchase invoice "
            f"{event.invoice_id}; correct the amount or the invoice",
        )
    posted_on = open_day(policy, event.posted_on)
    if isinstance(posted_on, Hold):
        return posted_on
    plan = PostingPlan()
    paid_out: dict[str, int] = {}
    left = amount
    for credit in credits_:
        part = min(left, credit.amount_minor)
        if not part:
            break
        left -= part
        block = plan.blocks.get(credit.block.block_id) or credit.block
        after = move(
            plan, block, Step.REFUNDED, event_id=event.event_id, document_id=event.refund_id,
            occurred_at=event.effective_at, amount_minor=part,
        )._replace(due_minor=block.due_minor + part)  # fmt: skip
        plan.blocks[block.block_id] = after
        record = _refund_id(event, credit.memo, known)
        post(plan, after, Step.REFUNDED, policy, part, posted_on, {"P7": record})
        paid_out[credit.memo] = paid_out.get(credit.memo, 0) + part
    first = _refund_id(event, next(iter(paid_out)), known)
    plan.documents.append(
        about(invoice, DocumentKind.REFUND, event.refund_id, first, event.event_id, posted_on)
    )
    for memo, part in paid_out.items():
        intent = of_document(
            Record.CUSTOMER_REFUND, _refund_id(event, memo, known), invoice, event, known,
            memo=f"Refund {event.refund_id} of invoice {event.invoice_id}",
            posted_on=posted_on, amount_minor=part,
        )  # fmt: skip
        plan.intents.append(replace(intent, target=memo, applied_minor=part, is_paid_out=True))
    return plan


def _refund_id(event: Refund, memo: str, known: Known) -> str:
    """Return the id of the refund of one credit memo."""
    return record_id(Record.CUSTOMER_REFUND, known.tenant_id, event.event_id, memo)


def _credits(block: Block, known: Known) -> Iterator[_Credit]:
    """Yield what is left of a block's credit memos, oldest first.

    A credit memo is applied to what is due on the purchase; only the rest of it is a credit.
    """
    due = refunded = 0
    memos: list[tuple[str, int]] = []
    for sequence in range(1, block.sequence + 1):
        for entry in known.entries.get((block.block_id, sequence), ()):
            if entry.code == "P1":
                due += entry.amount_minor
            elif entry.code == "P5":
                due -= entry.amount_minor
            elif entry.code == "V4":
                memos.append(
                    (entry.record, entry.amount_minor - max(0, min(entry.amount_minor, due)))
                )
                due -= entry.amount_minor
            elif entry.code == "P7":
                due += entry.amount_minor
                refunded += entry.amount_minor
    for memo, amount in memos:
        gone = min(refunded, amount)
        refunded -= gone
        if amount > gone:
            yield _Credit(block, memo, amount - gone)
