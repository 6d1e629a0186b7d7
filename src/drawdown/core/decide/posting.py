"""How a step of a block becomes movements and entries. Shared by all decisions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from drawdown.core.block import TRANSITIONS, Block, Step
from drawdown.core.decide.known import Known
from drawdown.core.ids import external_id
from drawdown.core.money import AMOUNT_MINOR_MAX, ZERO, money_text, plus
from drawdown.core.plan import (
    Document,
    DocumentKind,
    Entry,
    Hold,
    Movement,
    PostingPlan,
    Reason,
    Rejection,
    document_key,
)
from drawdown.core.policy import Policy
from drawdown.core.rules import Record, rules_for

_ID_KINDS = {
    Record.CUSTOMER: "cus",
    Record.SALES_ORDER: "ord",
    Record.INVOICE: "inv",
    Record.CUSTOMER_DEPOSIT: "dep",
    Record.DEPOSIT_APPLICATION: "app",
    Record.JOURNAL_ENTRY: "je",
    Record.CREDIT_MEMO: "cm",
    Record.CUSTOMER_PAYMENT: "pay",
    Record.CUSTOMER_REFUND: "ref",
}


def record_id(record: Record, *parts: str) -> str:
    """Derive the external id of a record from what it is for (tenant first)."""
    return external_id(_ID_KINDS[record], *parts)


def application_id(tenant_id: str, event_id: str, block_id: str, deposit: str) -> str:
    """Return the id of the application by which an event draws a block from one deposit."""
    return record_id(Record.DEPOSIT_APPLICATION, tenant_id, event_id, block_id, deposit)


def customer_lane(customer_id: str) -> str:
    """Return the outbox lane of records that touch no block."""
    return f"customer:{customer_id}"


def open_day(policy: Policy, on: date) -> date | Hold:
    """Return the posting date of a fact, or a hold if its period is closed and policy says so."""
    posted_on = policy.posting_date(on)
    if posted_on is None:
        return Hold(
            "period",
            f"{on} lies in a closed period and the policy closed_period is hold; "
            f"reopen the period or let the fact be posted on {policy.books_open_from}",
        )
    return posted_on


def move(  # noqa: PLR0913 - a movement has that many fields, all named by the caller
    plan: PostingPlan,
    block: Block,
    step: Step,
    *,
    event_id: str,
    document_id: str,
    occurred_at: datetime,
    amount_minor: int = 0,
    credits_: Decimal = ZERO,
    used_minor: int = 0,
    line_id: str = "",
    item_id: str = "",
    reverses: int = 0,
) -> Block:
    """Add one movement and bring the block to its new position.

    Args:
        amount_minor: Money of the movement as it is recorded.
        credits_: Change of used credits, signed.
        used_minor: Change of used money, signed.
    """
    sequence = block.sequence + 1
    plan.movements.append(
        Movement(
            block.block_id, sequence, step, event_id, document_id, line_id, item_id,
            credits_, amount_minor, reverses, occurred_at, len(plan.movements),
        )
    )  # fmt: skip
    after = block._replace(
        state=TRANSITIONS[block.state][step],
        used_credits=plus(block.used_credits, credits_) if credits_ else block.used_credits,
        used_minor=block.used_minor + used_minor,
        sequence=sequence,
    )
    assert 0 <= after.used_minor <= after.amount_minor
    assert ZERO <= after.used_credits <= after.credits
    plan.blocks[block.block_id] = after
    return after


def post(
    plan: PostingPlan,
    block: Block,
    step: Step,
    policy: Policy,
    amount_minor: int,
    posted_on: date,
    records: Mapping[str, str],
    item_id: str = "",
) -> None:
    """Add the entries that the rules table gives for the block's latest movement.

    Args:
        amount_minor: Positive; a step of zero money posts nothing, so do not call it then.
        records: External id of the record by rule code.
    """
    assert amount_minor > 0
    for rule in rules_for(step, policy):
        plan.entries.append(
            Entry(
                block.block_id, block.sequence, rule.code, rule.debit, rule.credit, amount_minor,
                block.currency, posted_on, records[rule.code], item_id,
            )
        )  # fmt: skip


def mirror(
    plan: PostingPlan, block: Block, recorded: Entry, code: str, amount_minor: int, posted_on: date,
    record: str,
) -> None:  # fmt: skip
    """Add the recorded entry with debit and credit exchanged, for the latest movement."""
    plan.entries.append(
        Entry(
            block.block_id, block.sequence, code, recorded.credit, recorded.debit, amount_minor,
            recorded.currency, posted_on, record, recorded.item_id,
        )
    )  # fmt: skip


def posted_before(kind: DocumentKind, number: str, known: Known) -> Rejection | None:
    """Refuse a document whose number was posted by another event: it would count twice."""
    earlier = known.documents.get(document_key(kind, number))
    if earlier is None:
        return None
    return Rejection(
        Reason.DUPLICATE_DOCUMENT,
        f"{earlier.kind.value} document {number} was posted already by event {earlier.event_id}; "
        "one document is one event, so send a correction as a document of its own",
    )


def about(
    invoice: Document, kind: DocumentKind, number: str, record: str, event_id: str, posted_on: date
) -> Document:
    """Return the document of a payment or credit memo on an invoice."""
    return Document(
        document_key(kind, number), kind, invoice.customer_id, invoice.currency,
        invoice.exchange_rate, record, event_id, posted_on, invoice.block_ids,
    )  # fmt: skip


def other_currency(stated: str, document: Document, what: str) -> Rejection | None:
    """Refuse a fact whose amounts are in another currency than the document it is about."""
    if stated in ("", document.currency):
        return None
    return Rejection(
        Reason.WRONG_CURRENCY,
        f"{what} is in {stated} but {document.kind.value} document {document.number} is in "
        f"{document.currency}; correct the currency and the amounts",
    )


def invoice_of(
    invoice_id: str, stated_currency: str, what: str, known: Known
) -> Document | Hold | Rejection:
    """Return the invoice that a fact is about, if it is known and in the currency stated."""
    invoice = known.documents.get(invoice_id)
    if invoice is None:
        return Hold(
            f"invoice:{invoice_id}",
            f"{what} is about invoice {invoice_id}, which is not known yet; send the invoice",
        )
    return other_currency(stated_currency, invoice, what) or invoice


def too_large(amount_minor: int, currency: str, what: str) -> Rejection | None:
    """Refuse a document whose total the ERP and the database cannot hold."""
    if amount_minor <= AMOUNT_MINOR_MAX:
        return None
    return Rejection(
        Reason.AMOUNT_TOO_LARGE,
        f"{what} amounts to {money_text(amount_minor, currency)} {currency}, more than "
        f"{money_text(AMOUNT_MINOR_MAX, currency)}; correct amounts, rates and credits",
    )
