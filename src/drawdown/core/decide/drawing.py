"""Drawing a block: what usage and expiry have in common.

Both put the money on an invoice of ours, apply the block's deposit to it and release the liability
from clearing; they differ in who chooses the block, in the invoice's item and in the rows of the
rules table.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from drawdown.core import deposits
from drawdown.core.block import Block, Step
from drawdown.core.decide.known import Known
from drawdown.core.decide.posting import application_id, move, record_id
from drawdown.core.decide.records import journal_line
from drawdown.core.plan import Entry, Movement, Operation, PostingPlan, RecordIntent
from drawdown.core.policy import Policy
from drawdown.core.rules import RULES, Record, rules_for

# D3 and E3 are the same pair of accounts: the liability is released from clearing.
_RELEASE = next((rule.debit, rule.credit) for rule in RULES if rule.code == "D3")


class Draw(NamedTuple):
    """What one line takes from one block."""

    block_id: str
    line_id: str
    item_id: str
    credits: Decimal
    amount_minor: int
    used_at: datetime


class Occasion(NamedTuple):
    """What the draws of one event share.

    Attributes:
        document_id: The billing source's id of the invoice, or ours of an expiration.
        key: What applications and journals are named by: the event, or a part of it.
    """

    known: Known
    policy: Policy
    event_id: str
    document_id: str
    posted_on: date
    key: str


def key_of(draw: Movement) -> str:
    """Return what the records of a draw were named by; an expiration may have several parts."""
    return draw.event_id if draw.step is Step.DRAWN else draw.document_id


def post_draw(
    plan: PostingPlan, on: Occasion, block: Block, draw: Draw, step: Step, invoice: str
) -> None:
    """Record one draw: the movement, and its entries when there is money in it.

    The block's deposits pay, oldest first. What a deposit pays is dated no earlier than the
    deposit itself: a usage invoice may bear a date before a late purchase.

    Args:
        invoice: External id of the ERP invoice that carries it.
    """
    after = move(
        plan, block, step, event_id=on.event_id, document_id=on.document_id,
        occurred_at=draw.used_at, amount_minor=draw.amount_minor, credits_=draw.credits,
        used_minor=draw.amount_minor, line_id=draw.line_id, item_id=draw.item_id,
    )  # fmt: skip
    if not draw.amount_minor:
        return
    rest, parts = deposits.take(after.deposits, draw.amount_minor)
    after = plan.blocks[block.block_id] = after._replace(deposits=rest)
    ids = (on.known.tenant_id, on.key, block.block_id)
    applied = [
        (
            application_id(*ids, part.deposit.record),
            part.amount_minor,
            max(on.posted_on, part.deposit.posted_on),
        )
        for part in parts
    ]
    released: dict[date, int] = {}
    for _, amount, applied_on in applied:
        released[applied_on] = released.get(applied_on, 0) + amount
    for rule in rules_for(step, on.policy):
        match rule.record:
            case Record.INVOICE:
                rows = [(invoice, draw.amount_minor, on.posted_on)]
            case Record.DEPOSIT_APPLICATION:
                rows = applied
            case _:
                rows = [
                    (_release_id(ids, applied_on, on.posted_on), amount, applied_on)
                    for applied_on, amount in released.items()
                ]
        for record, amount, posted_on in rows:
            plan.entries.append(
                Entry(
                    block.block_id, after.sequence, rule.code, rule.debit, rule.credit, amount,
                    block.currency, posted_on, record, draw.item_id,
                )
            )  # fmt: skip


def _release_id(ids: tuple[str, str, str], applied_on: date, posted_on: date) -> str:
    """Return the id of the journal of one day; there is one, unless deposits came later."""
    label = () if applied_on == posted_on else (applied_on.isoformat(),)
    return record_id(Record.JOURNAL_ENTRY, *ids, *label)


def apply_deposits(
    plan: PostingPlan,
    block: Block,
    invoice: RecordIntent,
    known: Known,
    *,
    key: str = "",
    is_summarised: bool = False,
) -> None:
    """Add the records of a draw beside its invoice: an application per deposit, and the journal.

    Args:
        invoice: The last record of the plan so far.
        key: As in `Occasion`; empty: the event.
    """
    ids = (known.tenant_id, key or invoice.event_id, block.block_id)
    sources = {application_id(*ids, deposit.record): deposit for deposit in block.deposits}
    made = {intent.external_id for intent in plan.intents}
    totals: dict[tuple[str, date], int] = {}
    for entry in plan.entries:
        if entry.block_id == block.block_id and entry.record not in made:
            record_and_day = (entry.record, entry.posted_on)
            totals[record_and_day] = totals.get(record_and_day, 0) + entry.amount_minor
    applications: list[RecordIntent] = []
    journals: list[RecordIntent] = []
    for (record, posted_on), total in totals.items():
        intent = RecordIntent(
            Record.JOURNAL_ENTRY,
            Operation.CREATE,
            record,
            lanes=(block.block_id,),
            customer=invoice.customer,
            event_id=invoice.event_id,
            memo=f"Block {block.block_id} released: {invoice.memo}",
            posted_on=posted_on,
            fact_on=invoice.fact_on,
            currency=block.currency,
            exchange_rate=block.exchange_rate,
            amount_minor=total,
            is_summarised=is_summarised,
            block_id=block.block_id,
        )
        if record in sources:
            applications.append(
                replace(
                    intent,
                    record=Record.DEPOSIT_APPLICATION,
                    memo=f"Block {block.block_id} applied: {invoice.memo}",
                    source=sources[record].record,
                    target=invoice.external_id,
                    applied_minor=total,
                )
            )
        else:
            line = journal_line(total, block.block_id, *_RELEASE)
            journals.append(replace(intent, lines=(line,)))
    plan.intents += applications
    plan.intents += journals
