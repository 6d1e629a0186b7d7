"""Drawing a block: what usage and expiry have in common.

Both put the money on an invoice of ours, apply the block's deposit to it and release the liability
from clearing; they differ in who chooses the block, in the invoice's item and in the rows of the
rules table.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from drawdown.core.block import Block, Step
from drawdown.core.decide.known import Known
from drawdown.core.decide.posting import move, post, record_id
from drawdown.core.plan import IntentLine, Operation, PostingPlan, RecordIntent
from drawdown.core.policy import Policy
from drawdown.core.rules import RULES, Record

# D3 and E3 are the same pair of accounts: the liability is released from clearing.
_RELEASE = next((rule.debit.value, rule.credit.value) for rule in RULES if rule.code == "D3")


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
    """

    known: Known
    policy: Policy
    event_id: str
    document_id: str
    posted_on: date


def post_draw(
    plan: PostingPlan, on: Occasion, block: Block, draw: Draw, step: Step, invoice: str
) -> None:
    """Record one draw: the movement, and its entries when there is money in it.

    Args:
        invoice: External id of the ERP invoice that carries it.
    """
    after = move(
        plan, block, step, event_id=on.event_id, document_id=on.document_id,
        occurred_at=draw.used_at, amount_minor=draw.amount_minor, credits_=draw.credits,
        used_minor=draw.amount_minor, line_id=draw.line_id, item_id=draw.item_id,
    )  # fmt: skip
    if draw.amount_minor:
        first = "D" if step is Step.DRAWN else "E"
        ids = (on.known.tenant_id, on.event_id, block.block_id)
        records = {
            f"{first}1": invoice,
            f"{first}2": record_id(Record.DEPOSIT_APPLICATION, *ids),
            f"{first}3": record_id(Record.JOURNAL_ENTRY, *ids),
        }
        post(plan, after, step, on.policy, draw.amount_minor, on.posted_on, records, draw.item_id)


def apply_deposit(
    plan: PostingPlan,
    block: Block,
    total_minor: int,
    invoice: RecordIntent,
    known: Known,
    *,
    is_summarised: bool = False,
) -> None:
    """Add the records of a draw beside its invoice: one deposit application, one journal."""
    ids = (known.tenant_id, invoice.event_id, block.block_id)
    plan.intents.append(
        RecordIntent(
            Record.DEPOSIT_APPLICATION,
            Operation.CREATE,
            record_id(Record.DEPOSIT_APPLICATION, *ids),
            lanes=(block.block_id,),
            customer=invoice.customer,
            event_id=invoice.event_id,
            memo=f"Block {block.block_id} applied: {invoice.memo}",
            posted_on=invoice.posted_on,
            fact_on=invoice.fact_on,
            currency=block.currency,
            exchange_rate=block.exchange_rate,
            amount_minor=total_minor,
            source=block.deposit,
            target=invoice.external_id,
            applied_minor=total_minor,
            is_summarised=is_summarised,
            block_id=block.block_id,
        )
    )
    plan.intents.append(
        RecordIntent(
            Record.JOURNAL_ENTRY,
            Operation.CREATE,
            record_id(Record.JOURNAL_ENTRY, *ids),
            lanes=(block.block_id,),
            customer=invoice.customer,
            event_id=invoice.event_id,
            memo=f"Block {block.block_id} released: {invoice.memo}",
            posted_on=invoice.posted_on,
            fact_on=invoice.fact_on,
            currency=block.currency,
            exchange_rate=block.exchange_rate,
            amount_minor=total_minor,
            lines=(IntentLine(total_minor, block.block_id, debit=_RELEASE[0], credit=_RELEASE[1]),),
            is_summarised=is_summarised,
            block_id=block.block_id,
        )
    )
