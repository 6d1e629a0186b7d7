"""Decisions about refunds: a customer's credit on a purchase is paid out. Phase *reversal*.

A void or credit of a purchase that was paid leaves a credit memo open. The refund uses it up: it
touches neither deposit nor liability, which the void has settled.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from drawdown.core.block import Block, Step
from drawdown.core.decide.known import Known
from drawdown.core.decide.posting import (
    about,
    customer_lane,
    move,
    open_day,
    other_currency,
    post,
    posted_before,
    record_id,
)
from drawdown.core.events import Refund
from drawdown.core.money import money_text
from drawdown.core.plan import (
    DocumentKind,
    Hold,
    Operation,
    Outcome,
    PostingPlan,
    Reason,
    RecordIntent,
    Rejection,
)
from drawdown.core.policy import Policy
from drawdown.core.rules import Record


class _Credit(NamedTuple):
    """What is left of a block's credit memo."""

    block: Block
    memo: str
    amount_minor: int


def pay_out_credit(event: Refund, known: Known, policy: Policy) -> Outcome:
    """Pay out what the customer has on a purchase invoice, the oldest credit memo first."""
    posted = posted_before(DocumentKind.REFUND, event.refund_id, known)
    if posted is not None:
        return posted
    invoice = known.documents.get(event.invoice_id)
    if invoice is None:
        return Hold(
            f"invoice:{event.invoice_id}",
            f"refund {event.refund_id} is of invoice {event.invoice_id}, which is not known yet; "
            "send the invoice",
        )
    refused = other_currency(event.currency, invoice, f"refund {event.refund_id}")
    if refused is not None:
        return refused
    is_purchase = invoice.kind is DocumentKind.PURCHASE
    blocks = [known.blocks[block_id] for block_id in invoice.block_ids] if is_purchase else []
    credits_ = [credit for block in blocks for credit in _credits(block, known)]
    there = sum(credit.amount_minor for credit in credits_)
    amount = there if event.amount_minor is None else event.amount_minor
    if not 0 < amount <= there:
        return Rejection(
            Reason.OVERPAID,
            f"refund {event.refund_id} of {money_text(amount, invoice.currency)} "
            f"{invoice.currency} cannot be paid out: the customer has "
            f"{money_text(there, invoice.currency)} on purchase invoice {event.invoice_id}; "
            "correct the amount or the invoice",
        )
    posted_on = open_day(policy, event.posted_on)
    if isinstance(posted_on, Hold):
        return posted_on
    plan = PostingPlan()
    first = ""
    paid_out: dict[str, int] = {}
    left = amount
    for credit in credits_:
        part = min(left, credit.amount_minor)
        if not part:
            break
        left -= part
        record = record_id(Record.CUSTOMER_REFUND, known.tenant_id, event.event_id, credit.memo)
        first = first or record
        block = plan.blocks.get(credit.block.block_id) or credit.block
        after = move(
            plan, block, Step.REFUNDED, event_id=event.event_id, document_id=event.refund_id,
            occurred_at=event.effective_at, amount_minor=part,
        )._replace(due_minor=block.due_minor + part)  # fmt: skip
        plan.blocks[block.block_id] = after
        post(plan, after, Step.REFUNDED, policy, part, posted_on, {"P7": record})
        paid_out[credit.memo] = paid_out.get(credit.memo, 0) + part
    plan.documents.append(
        about(invoice, DocumentKind.REFUND, event.refund_id, first, event.event_id, posted_on)
    )
    for memo, part in paid_out.items():
        plan.intents.append(
            RecordIntent(
                Record.CUSTOMER_REFUND,
                Operation.CREATE,
                record_id(Record.CUSTOMER_REFUND, known.tenant_id, event.event_id, memo),
                lanes=invoice.block_ids or (customer_lane(invoice.customer_id),),
                customer=known.customers[invoice.customer_id].record,
                event_id=event.event_id,
                memo=f"Refund {event.refund_id} of invoice {event.invoice_id}",
                posted_on=posted_on,
                fact_on=event.posted_on,
                currency=invoice.currency,
                exchange_rate=invoice.exchange_rate,
                amount_minor=part,
                target=memo,
                applied_minor=part,
                is_paid_out=True,
            )
        )
    return plan


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
