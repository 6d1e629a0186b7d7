"""Decisions that take back a purchase: void of a block, credit or void of a purchase invoice.

What is cancelled leaves the block without revenue: transfer and clearing are reversed for that
part, the deposit is reduced, the purchase invoice credited.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from drawdown.core.allocation import take_credits, take_money
from drawdown.core.block import TRANSITIONS, Block, State, Step
from drawdown.core.decide.known import Known
from drawdown.core.decide.posting import is_posted_in_place, mirror, move, open_day, record_id
from drawdown.core.decide.undoing import credit_memo_intent, describe, reversing_journal
from drawdown.core.events import BlockVoid, CreditLine, CreditMemo, InvoiceVoid
from drawdown.core.money import credits_text, money_text
from drawdown.core.plan import (
    PREPAID_ITEM,
    Document,
    DocumentLine,
    Entry,
    Hold,
    IntentLine,
    Operation,
    Outcome,
    PostingPlan,
    Reason,
    RecordIntent,
    Rejection,
)
from drawdown.core.policy import Policy
from drawdown.core.rules import MIRRORS, Record


class _Part(NamedTuple):
    """What is cancelled of one block."""

    block: Block
    credits: Decimal
    amount_minor: int


def void_block(event: BlockVoid, known: Known, policy: Policy) -> Outcome:
    """Cancel what remains of a block, without revenue."""
    block = known.blocks.get(event.block_id)
    if block is None:
        return Hold(
            f"known:{event.block_id}",
            f"the void is of block {event.block_id}, which is not known yet; send its sales order",
        )
    posted_on = open_day(policy, event.posted_on)
    if isinstance(posted_on, Hold):
        return posted_on
    if Step.VOIDED not in TRANSITIONS[block.state] or block.is_exhausted:
        return Rejection(
            Reason.BLOCK_CLOSED,
            f"block {block.block_id} is {block.state.value} with "
            f"{credits_text(block.remaining_credits)} credits remaining; there is nothing to void",
            block.block_id,
        )
    part = _Part(block, block.remaining_credits, block.remaining_minor)
    invoice = _purchase_invoice(block, known)
    return _plan_cancel(event, (part,), invoice, (), known, policy, posted_on)


def _purchase_invoice(block: Block, known: Known) -> Document | None:
    for movement in known.purchases.get(block.block_id, ()):
        if movement.step is Step.INVOICED:
            return known.documents[movement.document_id]
    return None


def credit_purchase(
    event: CreditMemo | InvoiceVoid,
    document: Document,
    lines: tuple[CreditLine, ...],
    known: Known,
    policy: Policy,
    posted_on: date,
) -> Outcome:
    """Credit a purchase invoice: whole (only while its blocks are unused), or parts of blocks."""
    if not lines:
        for block_id in document.block_ids:
            block = known.blocks[block_id]
            if block.used_credits or block.state not in (State.OPEN, State.NEW):
                used = block.used_credits
                return Rejection(
                    Reason.BLOCK_IN_USE,
                    f"{describe(event)}: block {block_id} of purchase invoice "
                    f"{document.document_id} is {block.state.value} and "
                    f"{credits_text(used)} of {credits_text(block.credits)} credits are used; "
                    "credit the usage first, or void only the remainder with a block_void",
                    block_id,
                )
        parts = tuple(
            _Part(block, block.credits, block.amount_minor)
            for block in (known.blocks[block_id] for block_id in document.block_ids)
        )
        return _plan_cancel(event, parts, document, document.lines, known, policy, posted_on)
    parts_or_problem = _parts(event, document, lines, known)
    if isinstance(parts_or_problem, Rejection):
        return parts_or_problem
    return _plan_cancel(event, parts_or_problem, document, (), known, policy, posted_on)


def _parts(
    event: CreditMemo | InvoiceVoid,
    document: Document,
    lines: tuple[CreditLine, ...],
    known: Known,
) -> tuple[_Part, ...] | Rejection:
    parts: list[_Part] = []
    for line in lines:
        if line.block_id not in document.block_ids or any(
            part.block.block_id == line.block_id for part in parts
        ):
            return Rejection(
                Reason.UNKNOWN_LINE,
                f"{describe(event)}: purchase invoice {document.document_id} has no block "
                f"{line.block_id!r} to credit here; name each of its blocks at most once",
                line.block_id,
            )
        block = known.blocks[line.block_id]
        if block.state is not State.OPEN or block.is_exhausted:
            return Rejection(
                Reason.BLOCK_CLOSED,
                f"{describe(event)}: block {block.block_id} is {block.state.value} with nothing "
                "remaining to credit",
                block.block_id,
            )
        if line.credits is not None:
            credits_, amount = take_credits(block, line.credits)
            is_short = credits_ != line.credits
        elif line.amount_minor is not None:
            credits_, amount = take_money(block, line.amount_minor)
            is_short = amount != line.amount_minor
        else:
            credits_, amount, is_short = block.remaining_credits, block.remaining_minor, False
        if is_short:
            return Rejection(
                Reason.MORE_THAN_CREDITED,
                f"{describe(event)}: block {block.block_id} has "
                f"{credits_text(block.remaining_credits)} credits "
                f"({money_text(block.remaining_minor, block.currency)} {block.currency}) "
                "remaining, less than the credit; credit its usage first or lower the credit",
                block.block_id,
            )
        parts.append(_Part(block, credits_, amount))
    return tuple(parts)


def _plan_cancel(
    event: CreditMemo | InvoiceVoid | BlockVoid,
    parts: tuple[_Part, ...],
    invoice: Document | None,
    ordinary: tuple[DocumentLine, ...],
    known: Known,
    policy: Policy,
    posted_on: date,
) -> Outcome:
    plan = PostingPlan()
    lines: list[IntentLine] = []
    applied = 0
    for part in parts:
        held = _check_period(event, part, known, policy)
        if held is not None:
            return held
        after, due = _cancel(plan, event, part, invoice, known, posted_on)
        applied += due
        if part.amount_minor and after.is_invoiced:
            lines.append(
                IntentLine(part.amount_minor, after.block_id, PREPAID_ITEM, part.credits)
            )
    if invoice is None:
        return plan
    rest = sum(line.open_minor for line in ordinary)
    if rest:
        applied += min(rest, invoice.due_minor)
        lines += [
            IntentLine(line.open_minor, "", line.item_id, None, line.line_id, kind=line.kind)
            for line in ordinary
            if line.open_minor
        ]
        plan.documents.append(
            invoice._replace(
                lines=tuple(line._replace(open_minor=0) for line in ordinary),
                due_minor=max(0, invoice.due_minor - rest),
            )
        )
    if lines:
        plan.intents.append(
            credit_memo_intent(event, invoice, invoice.record, lines, applied, known, posted_on)
        )
    return plan


def _check_period(
    event: CreditMemo | InvoiceVoid | BlockVoid, part: _Part, known: Known, policy: Policy
) -> Hold | None:
    for entry in _recorded(part.block, known):
        opened = policy.books_open_from
        if is_posted_in_place(entry) and opened is not None and entry.posted_on < opened:
            return Hold(
                "period",
                f"{describe(event)} reduces the deposit of block {part.block.block_id} dated "
                f"{entry.posted_on}, in a closed period; reopen it and run ingest again",
            )
    return None


def _recorded(block: Block, known: Known) -> list[Entry]:
    return [
        entry
        for movement in known.purchases.get(block.block_id, ())
        for entry in known.entries.get((block.block_id, movement.sequence), ())
    ]


def _cancel(
    plan: PostingPlan,
    event: CreditMemo | InvoiceVoid | BlockVoid,
    part: _Part,
    invoice: Document | None,
    known: Known,
    posted_on: date,
) -> tuple[Block, int]:
    """Cancel one block's part; return its new position and how much of it was still due."""
    block, amount = part.block, part.amount_minor
    is_end = part.credits == block.remaining_credits
    after = move(
        plan, block, Step.VOIDED if is_end else Step.REDUCED, event_id=event.event_id,
        document_id=invoice.document_id if invoice else block.order_id,
        occurred_at=event.effective_at, amount_minor=amount, credits_=part.credits,
        used_minor=amount,
    )  # fmt: skip
    due = max(0, min(amount, block.due_minor)) if block.is_invoiced else 0
    after = after._replace(
        cancelled_minor=block.cancelled_minor + amount,
        due_minor=block.due_minor - amount if block.is_invoiced else 0,
    )
    plan.blocks[block.block_id] = after
    if not amount:
        return after, 0
    ids = (known.tenant_id, event.event_id)
    for entry in sorted(_recorded(block, known), key=lambda entry: MIRRORS[entry.code][0]):
        code = MIRRORS[entry.code][0]
        if code == "V4":
            assert invoice is not None
            record = record_id(Record.CREDIT_MEMO, *ids, invoice.record)
            mirror(plan, after, entry, code, amount, posted_on, record)
        elif is_posted_in_place(entry):
            mirror(plan, after, entry, code, amount, entry.posted_on, entry.record)
            plan.intents.append(_reduce_deposit(event, after, entry, known))
        else:
            record = record_id(Record.JOURNAL_ENTRY, *ids, block.block_id, code)
            mirror(plan, after, entry, code, amount, posted_on, record)
            plan.intents.append(
                reversing_journal(event, after, plan.entries[-1], amount, known)
            )
    return after, due


def _reduce_deposit(
    event: CreditMemo | InvoiceVoid | BlockVoid, block: Block, entry: Entry, known: Known
) -> RecordIntent:
    """V3: the deposit shrinks to what was and can still be used, or goes."""
    left = block.amount_minor - block.cancelled_minor
    return RecordIntent(
        Record.CUSTOMER_DEPOSIT,
        Operation.SET_AMOUNT if left else Operation.DELETE,
        entry.record,
        lanes=(block.block_id,),
        customer=known.customers[block.customer_id].record,
        event_id=event.event_id,
        memo=f"Block {block.block_id}: {describe(event)}",
        posted_on=entry.posted_on,
        fact_on=event.posted_on,
        currency=block.currency,
        exchange_rate=block.exchange_rate,
        amount_minor=left,
        block_id=block.block_id,
    )
