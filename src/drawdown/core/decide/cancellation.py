"""Decisions that take back a purchase: void of a block, credit or void of a purchase invoice.

What is cancelled leaves the block without revenue: transfer and clearing are reversed for that
part, the deposit is reduced (in a closed period: refunded), the purchase invoice credited.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from drawdown.core import deposits
from drawdown.core.accounts import Role
from drawdown.core.allocation import take_credits, take_money
from drawdown.core.block import TRANSITIONS, Block, Deposit, State, Step
from drawdown.core.decide.known import Known
from drawdown.core.decide.posting import mirror, move, open_day, record_id
from drawdown.core.decide.records import of_block
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
from drawdown.core.policy import ClosedPeriod, Policy
from drawdown.core.rules import MIRRORS, Record, rules_for


class _Part(NamedTuple):
    """What is cancelled of one block."""

    block: Block
    credits: Decimal
    amount_minor: int


class _Cancelling(NamedTuple):
    """What the cancellations of one event share."""

    known: Known
    policy: Policy
    posted_on: date


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
            f"{document.document_id}; check which invoice is meant",
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
        held = _check_period(event, part, policy)
        if held is not None:
            return held
        cancelling = _Cancelling(known, policy, posted_on)
        after, due = _cancel(plan, event, part, invoice, cancelling)
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
    event: CreditMemo | InvoiceVoid | BlockVoid, part: _Part, policy: Policy
) -> Hold | None:
    """Hold what would take a refund instead of an edit, if the policy wants a person."""
    if policy.closed_period is not ClosedPeriod.HOLD:
        return None
    amount = part.amount_minor if part.block.deposits else 0
    for taken in deposits.take(part.block.deposits, amount)[1]:
        if policy.is_closed(taken.deposit.posted_on):
            return Hold(
                "period",
                f"{describe(event)} reduces the deposit of block {part.block.block_id} dated "
                f"{taken.deposit.posted_on}, in a closed period, and the policy closed_period is "
                f"hold; reopen the period, or let the deposit be refunded on "
                f"{policy.books_open_from} (policy first_open_day)",
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
    on: _Cancelling,
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
    known = on.known
    by_code = {entry.code: entry for entry in _recorded(block, known)}
    is_billed = block.is_invoiced and "O1" not in by_code  # a block taken over was billed before
    due = max(0, min(amount, block.due_minor)) if is_billed else 0
    after = after._replace(
        cancelled_minor=block.cancelled_minor + amount,
        due_minor=block.due_minor - amount if is_billed else 0,
    )
    plan.blocks[block.block_id] = after
    if not amount:
        return after, 0
    ids = (known.tenant_id, event.event_id)
    transfer = by_code.get("P4") or by_code.get("O2")
    if transfer is not None:
        record = record_id(Record.JOURNAL_ENTRY, *ids, block.block_id, "V1")
        mirror(plan, after, transfer, "V1", amount, on.posted_on, record)
        plan.intents.append(reversing_journal(event, after, plan.entries[-1], amount, known))
    rest, taken = deposits.take(after.deposits, amount if after.deposits else 0)
    closed = [one for one in taken if on.policy.is_closed(one.deposit.posted_on)]
    after = after._replace(deposits=rest)
    after = _shrink_deposits(plan, event, after, [one for one in taken if one not in closed], on)
    plan.blocks[block.block_id] = after
    if "P1" in by_code:
        assert invoice is not None
        record = record_id(Record.CREDIT_MEMO, *ids, invoice.record)
        mirror(plan, after, by_code["P1"], "V4", amount, on.posted_on, record)
    if "O1" in by_code:
        stood = by_code["O1"]
        mirror(plan, after, stood, "V7", amount, on.posted_on, stood.record)
    for one in closed:
        _refund_deposit(plan, event, after, one, on)
    return after, due


def _shrink_deposits(
    plan: PostingPlan,
    event: CreditMemo | InvoiceVoid | BlockVoid,
    block: Block,
    parts: list[deposits.Part],
    on: _Cancelling,
) -> Block:
    """V3 and V2: lower the deposits, and reverse the clearing of those that needed one."""
    made = [
        entry
        for sequence in range(1, block.sequence)
        for entry in on.known.entries.get((block.block_id, sequence), ())
        if entry.code in _DEPOSITING
    ]
    opening = {entry.record: entry for entry in made if MIRRORS[entry.code][0] == "V3"}
    uncleared = sum(
        part for deposit, part in parts if opening[deposit.record].debit is Role.UNDEPOSITED_FUNDS
    )
    if uncleared:
        clearing = next(entry for entry in made if MIRRORS[entry.code][0] == "V2")
        record = record_id(
            Record.JOURNAL_ENTRY, on.known.tenant_id, event.event_id, block.block_id, "V2"
        )
        mirror(plan, block, clearing, "V2", uncleared, on.posted_on, record)
        journal = reversing_journal(event, block, plan.entries[-1], uncleared, on.known)
        plan.intents.append(journal)
    rest = block.deposits
    for deposit, part in parts:
        mirror(plan, block, opening[deposit.record], "V3", part, deposit.posted_on, deposit.record)
        rest = deposits.shrink(rest, deposit.record, part)
        plan.intents.append(_reduce_deposit(event, block, deposit, part, on.known))
    return block._replace(deposits=rest)


_DEPOSITING = frozenset(code for code, (undo, _) in MIRRORS.items() if undo in ("V2", "V3"))


def _refund_deposit(
    plan: PostingPlan,
    event: CreditMemo | InvoiceVoid | BlockVoid,
    block: Block,
    taken: deposits.Part,
    on: _Cancelling,
) -> None:
    """V6: what is unused of a deposit in a closed period goes back to clearing by a refund."""
    (rule,) = rules_for(Step.VOIDED, on.policy)
    deposit, amount_minor = taken
    record = record_id(
        rule.record, on.known.tenant_id, event.event_id, block.block_id, deposit.record
    )
    plan.entries.append(
        Entry(
            block.block_id, block.sequence, rule.code, rule.debit, rule.credit, amount_minor,
            block.currency, on.posted_on, record, "",
        )
    )  # fmt: skip
    refund = of_block(
        rule.record, record, block, event, on.known, posted_on=on.posted_on,
        memo=f"{rule.memo}: block {block.block_id}, {describe(event)}", amount_minor=amount_minor,
    )  # fmt: skip
    plan.intents.append(replace(refund, source=deposit.record))


def _reduce_deposit(
    event: CreditMemo | InvoiceVoid | BlockVoid,
    block: Block,
    deposit: Deposit,
    part_minor: int,
    known: Known,
) -> RecordIntent:
    """V3: the deposit shrinks to what was and can still be used, or goes."""
    left = deposit.amount_minor - part_minor
    reduced = of_block(
        Record.CUSTOMER_DEPOSIT, deposit.record, block, event, known, posted_on=deposit.posted_on,
        memo=f"Block {block.block_id}: {describe(event)}", amount_minor=left,
    )  # fmt: skip
    return replace(reduced, operation=Operation.SET_AMOUNT if left else Operation.DELETE)
