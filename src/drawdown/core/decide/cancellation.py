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
    foremost,
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
    if Step.VOIDED not in TRANSITIONS[block.state] or block.is_exhausted:
        return Rejection(
            Reason.BLOCK_CLOSED,
            f"block {block.block_id} is {block.state.value} with "
            f"{credits_text(block.remaining_credits)} credits remaining; there is nothing to void",
            block.block_id,
        )
    return _plan_cancel(event, (_rest(block),), _purchase_invoice(block, known), (), known, policy)


def _rest(block: Block) -> _Part:
    return _Part(block, block.remaining_credits, block.remaining_minor)


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
) -> Outcome:
    """Credit a purchase invoice: all that is left of it, or parts of its blocks.

    All that is left is credited only while no block of it has been used.
    """
    parts = _parts(event, document, lines, known) if lines else _unused(event, document, known)
    if isinstance(parts, Rejection):
        return parts
    ordinary = () if lines else document.lines
    if not parts and not any(line.open_minor for line in ordinary):
        return Rejection(
            Reason.NOTHING_TO_DO,
            f"{describe(event)}: nothing is left to credit on purchase invoice "
            f"{document.document_id}",
        )
    return _plan_cancel(event, parts, document, ordinary, known, policy)


def _unused(
    event: CreditMemo | InvoiceVoid, document: Document, known: Known
) -> tuple[_Part, ...] | Rejection:
    """Return what is left of all blocks of an invoice; what was credited before is not used."""
    blocks = [known.blocks[block_id] for block_id in document.block_ids]
    for block in blocks:
        if _is_used(block):
            return Rejection(
                Reason.BLOCK_IN_USE,
                f"{describe(event)}: block {block.block_id} of purchase invoice "
                f"{document.document_id} is {block.state.value} and "
                f"{credits_text(block.remaining_credits)} of {credits_text(block.credits)} credits "
                "remain; credit the usage first, or void only the remainder with a block_void",
                block.block_id,
            )
    return tuple(_rest(block) for block in blocks if block.state is not State.VOIDED)


def _is_used(block: Block) -> bool:
    """Whether anything of the block was drawn or has expired."""
    if block.used_minor != block.cancelled_minor:
        return True
    return block.used_credits > 0 and not block.cancelled_minor and block.state is not State.VOIDED


def _parts(
    event: CreditMemo | InvoiceVoid,
    document: Document,
    lines: tuple[CreditLine, ...],
    known: Known,
) -> tuple[_Part, ...] | Rejection:
    parts: dict[str, _Part] = {}
    problems: list[Rejection] = []
    for line in lines:
        part = _part(event, document, line, known)
        if isinstance(part, Rejection):
            problems.append(part)
        elif line.block_id in parts:
            problems.append(
                Rejection(
                    Reason.UNKNOWN_LINE,
                    f"{describe(event)} names block {line.block_id} twice; name each of the "
                    "invoice's blocks at most once",
                    line.block_id,
                )
            )
        else:
            parts[line.block_id] = part
    return foremost(problems) or tuple(
        part for part in parts.values() if part.credits or part.amount_minor
    )


def _part(
    event: CreditMemo | InvoiceVoid, document: Document, line: CreditLine, known: Known
) -> _Part | Rejection:
    if line.block_id not in document.block_ids:
        return Rejection(
            Reason.UNKNOWN_LINE,
            f"{describe(event)}: purchase invoice {document.document_id} has no block "
            f"{line.block_id!r} to credit; name its blocks",
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
    if line.amount_minor is not None:
        part = _Part(block, *take_money(block, line.amount_minor))
        is_short = part.amount_minor != line.amount_minor
    elif line.credits is not None:
        part = _Part(block, *take_credits(block, line.credits))
        is_short = part.credits != line.credits
    else:
        return _rest(block)
    if is_short:
        return Rejection(
            Reason.MORE_THAN_CREDITED,
            f"{describe(event)}: block {block.block_id} has "
            f"{credits_text(block.remaining_credits)} credits "
            f"({money_text(block.remaining_minor, block.currency)} {block.currency}) "
            "remaining, less than the credit; credit its usage first or lower the credit",
            block.block_id,
        )
    return part


def _plan_cancel(
    event: CreditMemo | InvoiceVoid | BlockVoid,
    parts: tuple[_Part, ...],
    invoice: Document | None,
    ordinary: tuple[DocumentLine, ...],
    known: Known,
    policy: Policy,
) -> Outcome:
    posted_on = open_day(policy, event.posted_on)
    if isinstance(posted_on, Hold):
        return posted_on
    plan = PostingPlan()
    lines: list[IntentLine] = []
    applied = 0
    for part in parts:
        held = _check_period(event, part, known, policy)
        if held is not None:
            return held
        after, due = _cancel(plan, event, part, invoice, known, posted_on)
        if part.block.state is State.NEW:
            plan.provides.append(f"block:{after.block_id}")  # usage waits for it no longer
        applied += due
        if part.amount_minor and after.is_invoiced:
            lines.append(IntentLine(part.amount_minor, after.block_id, PREPAID_ITEM, part.credits))
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
    is_end = part == _rest(block)
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
            plan.intents.append(reversing_journal(event, after, plan.entries[-1], amount, known))
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
