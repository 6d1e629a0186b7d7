"""How money that a draw took comes back to its block.

In an open period the deposit application shrinks (R1) and the credit memo is applied to the invoice
in its place. An application in a closed period stays as it is: the credit memo is refunded to the
clearing account (R5), and a deposit of its own brings the restored part back to the block (R6, R7).
Credit memo and reversing journal (R2, R3) are the same both ways, and so is the sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from drawdown.core import deposits
from drawdown.core.block import Block, Step
from drawdown.core.decide.drawing import key_of
from drawdown.core.decide.known import Known
from drawdown.core.decide.posting import application_id, mirror, record_id
from drawdown.core.decide.records import journal_line, of_block, with_terms
from drawdown.core.decide.undoing import credit_memo_intent, describe, reversing_journal
from drawdown.core.events import CreditMemo, InvoiceVoid
from drawdown.core.plan import (
    Document,
    Entry,
    IntentLine,
    Movement,
    Operation,
    PostingPlan,
    RecordIntent,
)
from drawdown.core.policy import Policy
from drawdown.core.rules import MIRRORS, Record, rules_for


class Reversal(NamedTuple):
    """What the steps of undoing one invoice share."""

    event: CreditMemo | InvoiceVoid
    document: Document
    known: Known
    policy: Policy
    posted_on: date

    def record(self, record: Record, *parts: str) -> str:
        """Return the id of a record that the event makes."""
        return record_id(record, self.known.tenant_id, self.event.event_id, *parts)


@dataclass(slots=True)
class Restored:
    """What comes back to the blocks of one invoice.

    Attributes:
        lines: Lines of the credit memo of each ERP invoice.
        room_minor: How much of each ERP invoice is due again, because applications of it shrank.
        invoices: The ERP invoice of each block.
        applications: Movement by which each application that shrinks was made.
    """

    lines: dict[str, list[IntentLine]] = field(default_factory=dict)
    room_minor: dict[str, int] = field(default_factory=dict)
    invoices: dict[str, str] = field(default_factory=dict)
    applications: dict[str, Movement] = field(default_factory=dict)


def split(
    known: Known, whole: Movement, left_minor: int, amount_minor: int
) -> list[tuple[Entry, int]]:
    """Split what is undone of a draw over its applications.

    Args:
        whole: The draw.
        left_minor: What of it had not been undone before.
        amount_minor: What is undone now.

    Returns:
        Entries of the applications touched and how much of each, the last one drawn first.
    """
    block = known.blocks[whole.block_id]
    ids = (known.tenant_id, key_of(whole), block.block_id)
    places = {
        application_id(*ids, deposit.record): place for place, deposit in enumerate(block.deposits)
    }
    entries = [
        entry
        for entry in known.entries[block.block_id, whole.sequence]
        if MIRRORS[entry.code][0] == "R1"
    ]
    entries.sort(key=lambda entry: places[entry.record])
    amounts = [entry.amount_minor for entry in entries]
    parts = deposits.split_last_first(amounts, sum(amounts) - left_minor, amount_minor)
    return [(entry, part) for entry, part in zip(entries, parts, strict=True) if part][::-1]


def restore(
    plan: PostingPlan,
    on: Reversal,
    restored: Restored,
    whole: Movement,
    parts: list[tuple[Entry, int]],
) -> None:
    """Post the undoing of one draw, for the latest movement of its block.

    Args:
        whole: The draw.
        parts: From `split`.
    """
    block = plan.blocks[whole.block_id]
    recorded = on.known.entries[block.block_id, whole.sequence]
    amount = sum(part for _, part in parts)
    invoice = recorded[0].record
    restored.invoices[block.block_id] = invoice
    closed_minor = 0
    for entry, part in parts:
        if on.policy.is_closed(entry.posted_on):
            closed_minor += part
            continue
        deposit = _deposit_of(on, block, whole, entry)
        block = block._replace(deposits=deposits.free(block.deposits, deposit, part))
        mirror(plan, block, entry, "R1", part, entry.posted_on, entry.record)
        restored.applications[entry.record] = whole
    memo = on.record(Record.CREDIT_MEMO, invoice)
    mirror(plan, block, recorded[0], "R2", amount, on.posted_on, memo)
    journal = on.record(Record.JOURNAL_ENTRY, block.block_id, "R3")
    mirror(plan, block, recorded[-1], "R3", amount, on.posted_on, journal)
    room = restored.room_minor.get(invoice, 0)
    restored.room_minor[invoice] = room + amount - closed_minor
    if closed_minor:
        block = _reissue(plan, on, block, closed_minor, whole.item_id)
    plan.blocks[block.block_id] = block


def _deposit_of(on: Reversal, block: Block, whole: Movement, application: Entry) -> str:
    """Return the deposit that an application was made from."""
    ids = (on.known.tenant_id, key_of(whole), block.block_id)
    return next(
        deposit.record
        for deposit in block.deposits
        if application_id(*ids, deposit.record) == application.record
    )


def _reissue(
    plan: PostingPlan, on: Reversal, block: Block, amount_minor: int, item_id: str
) -> Block:
    """Post R5 to R7: the refund of the credit memo and the deposit of the restored part."""
    for rule in rules_for(Step.REVERSED, on.policy):
        plan.entries.append(
            Entry(
                block.block_id, block.sequence, rule.code, rule.debit, rule.credit, amount_minor,
                block.currency, on.posted_on, on.record(rule.record, block.block_id, rule.code),
                item_id,
            )
        )  # fmt: skip
    deposit = on.record(Record.CUSTOMER_DEPOSIT, block.block_id, "R6")
    return block._replace(
        deposits=deposits.add(block.deposits, deposit, on.posted_on, amount_minor)
    )


# --- records ---------------------------------------------------------------------------------


def restoring_intents(
    plan: PostingPlan, on: Reversal, restored: Restored, due_minor: int
) -> Iterator[RecordIntent]:
    """Yield the records of a reversal in the order in which the ERP can take them.

    Args:
        due_minor: How much of the ordinary lines credited is due on `document.record`.
    """
    for record, whole in restored.applications.items():
        yield _shrink(plan, on, restored, record, whole)
    for invoice, lines in restored.lines.items():
        applied = restored.room_minor.get(invoice, 0)
        if invoice == on.document.record:
            applied += due_minor
        yield credit_memo_intent(
            on.event, on.document, invoice, lines, applied, on.known, on.posted_on
        )
    for block_id, invoice in restored.invoices.items():
        yield from _reissued(plan, on, block_id, invoice)
    for block_id in restored.invoices:
        entries = [e for e in plan.entries if e.block_id == block_id and e.code == "R3"]
        total = sum(entry.amount_minor for entry in entries)
        yield reversing_journal(on.event, on.known.blocks[block_id], entries[0], total, on.known)


def _shrink(
    plan: PostingPlan, on: Reversal, restored: Restored, record: str, whole: Movement
) -> RecordIntent:
    """R1: set the deposit application to what is left of it, or delete it."""
    block = plan.blocks[whole.block_id]
    known = on.known
    left = 0
    for movement in known.movements[on.document.document_id]:
        for entry in known.entries.get((movement.block_id, movement.sequence), ()):
            if entry.record == record:
                left += entry.amount_minor * (-1 if entry.code == "R1" else 1)
    left -= sum(entry.amount_minor for entry in plan.entries if entry.record == record)
    entry = next(entry for entry in plan.entries if entry.record == record)
    application = of_block(
        Record.DEPOSIT_APPLICATION, record, block, on.event, known,
        memo=f"Block {block.block_id} restored: {describe(on.event)} on {on.document.document_id}",
        posted_on=on.posted_on, amount_minor=left,
    )  # fmt: skip
    return replace(
        application,
        operation=Operation.SET_AMOUNT if left else Operation.DELETE,
        source=_deposit_of(on, block, whole, entry),
        target=restored.invoices[block.block_id],
        applied_minor=left,
    )


def _reissued(
    plan: PostingPlan, on: Reversal, block_id: str, invoice: str
) -> Iterator[RecordIntent]:
    """R5 to R7: refund of the credit memo, the new deposit, its clearing journal."""
    block = plan.blocks[block_id]
    policy = on.policy
    for rule in rules_for(Step.REVERSED, policy):
        entries = [e for e in plan.entries if e.block_id == block_id and e.code == rule.code]
        if not entries:
            return
        amount = sum(entry.amount_minor for entry in entries)
        intent = of_block(
            rule.record, entries[0].record, block, on.event, on.known, posted_on=on.posted_on,
            memo=f"{rule.memo}: block {block_id}, {describe(on.event)} on "
            f"{on.document.document_id}",
            amount_minor=amount,
        )  # fmt: skip
        match rule.record:
            case Record.CUSTOMER_REFUND:
                memo = on.record(Record.CREDIT_MEMO, invoice)
                yield replace(intent, target=memo, applied_minor=amount)
            case Record.CUSTOMER_DEPOSIT:
                yield with_terms(intent, block, policy)
            case _:
                line = journal_line(amount, block_id, rule.debit, rule.credit)
                yield replace(intent, lines=(line,))
