"""Decisions about expiry: what remains of a block becomes breakage. Phase *expiration*."""

from __future__ import annotations

from datetime import date, datetime

from drawdown.core.allocation import take_credits
from drawdown.core.block import Block, State, Step
from drawdown.core.decide.drawing import Draw, Occasion, apply_deposits, post_draw
from drawdown.core.decide.known import Known
from drawdown.core.decide.posting import open_day, record_id
from drawdown.core.events import Expiry
from drawdown.core.plan import (
    BREAKAGE_ITEM,
    Document,
    DocumentKind,
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
from drawdown.core.rules import Record


def expire_block(event: Expiry, known: Known, policy: Policy) -> Outcome:
    """Turn what remains of a block, or a part of it, into breakage.

    It is dated the day it expired or was filled; where a contract ended early, that day.
    """
    block = known.blocks.get(event.block_id)
    if block is None or block.state is State.NEW:
        return Hold(f"block:{event.block_id}", f"block {event.block_id} is not open yet")
    if block.state is not State.OPEN or block.is_exhausted:
        return Rejection(
            Reason.NOTHING_TO_DO,
            f"block {block.block_id} is {block.state.value} and has nothing left to expire",
            block.block_id,
        )
    ended_at = min(block.expires_at or event.effective_at, event.effective_at)
    expired_on = policy.last_day(ended_at)
    fact_on = max((expired_on, *_filled_on(block, known)))
    posted_on = open_day(policy, fact_on)
    if isinstance(posted_on, Hold):
        return posted_on
    plan = PostingPlan()
    customer = known.customers[block.customer_id]
    credits_, amount = block.remaining_credits, block.remaining_minor
    if event.credits is not None and event.credits < credits_:
        credits_, amount = take_credits(block, event.credits)
    step = (
        Step.EXPIRED
        if amount == block.remaining_minor and credits_ == block.remaining_credits
        else Step.LAPSED
    )
    draw = Draw(
        block.block_id, "breakage", BREAKAGE_ITEM, credits_, amount,
        event.effective_at,
    )  # fmt: skip
    record = record_id(Record.INVOICE, known.tenant_id, event.event_id)
    on = Occasion(known, policy, event.event_id, event.event_id, posted_on)
    post_draw(plan, on, block, draw, step, record)
    plan.documents.append(
        Document(
            event.event_id, DocumentKind.EXPIRATION, block.customer_id, block.currency,
            block.exchange_rate, record, event.event_id, posted_on, (block.block_id,),
        )
    )  # fmt: skip
    if not amount:
        return plan
    invoice = RecordIntent(
        Record.INVOICE,
        Operation.CREATE,
        record,
        lanes=(block.block_id,),
        customer=customer.record,
        event_id=event.event_id,
        memo=f"Expiration of block {block.block_id}",
        posted_on=posted_on,
        fact_on=fact_on,
        currency=block.currency,
        exchange_rate=block.exchange_rate,
        amount_minor=amount,
        lines=(IntentLine(amount, block.block_id, BREAKAGE_ITEM, draw.credits, draw.line_id),),
    )
    plan.intents.append(invoice)
    apply_deposits(plan, plan.blocks[block.block_id], invoice, known)
    return plan


def _filled_on(block: Block, known: Known) -> tuple[date, ...]:
    """Return when the deposit came to be, and when credits came back to it.

    They cannot become breakage before the purchase (which may come late) or the credit memo.
    """
    return tuple(
        entry.posted_on
        for sequence in range(1, block.sequence + 1)
        for entry in known.entries.get((block.block_id, sequence), ())
        if entry.code in ("P2", "R3")
    )


def expiry_of(block: Block) -> Expiry:
    """Return the event of a block's expiry; the same block and position give the same event."""
    assert block.expires_at is not None
    return Expiry(
        f"drawdown:expiry:{block.block_id}:{block.sequence}", block.expires_at, block.block_id
    )


def is_due(block: Block, as_of: datetime) -> bool:
    """Whether a block has something left that has expired by an instant."""
    return (
        block.state is State.OPEN
        and block.expires_at is not None
        and block.expires_at <= as_of
        and not block.is_exhausted
    )
