"""Decisions about expiry: what remains of a block becomes breakage. Phase *expiration*."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from drawdown.core.allocation import take_credits, take_money
from drawdown.core.block import Block, State, Step
from drawdown.core.decide.drawing import Draw, Occasion, apply_deposits, post_draw
from drawdown.core.decide.known import Known
from drawdown.core.decide.posting import open_day, record_id
from drawdown.core.events import Expiry
from drawdown.core.money import plus
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
    wanted = block.remaining_credits if event.credits is None else event.credits
    plan = PostingPlan()
    for number, part in enumerate(_parts(block, wanted, expired_on, known), 1):
        posted_on = open_day(policy, part.fact_on)
        if isinstance(posted_on, Hold):
            return posted_on
        key = event.event_id if number == 1 else f"{event.event_id}:{number}"
        on = Occasion(known, policy, event.event_id, key, posted_on, key)
        _expire(plan, plan.blocks.get(block.block_id, block), part, event, on)
    return plan


class _Part(NamedTuple):
    """What expires under one date."""

    fact_on: date
    credits: Decimal
    amount_minor: int


def _parts(block: Block, wanted: Decimal, expired_on: date, known: Known) -> list[_Part]:
    """Divide what expires by its date: what was left that day, and what came back later.

    What came back after the expiry became breakage on the day of its credit memo, the rest on the
    day of the expiry (of the purchase, if that came later still). What is drawn meanwhile is drawn
    of the oldest, so what came back last is there whole.
    """
    filled = max((expired_on, *(day for day, _ in _filled(block, known, "P2"))))
    if wanted < block.remaining_credits:
        days = (day for day, _ in _filled(block, known, "R3"))
        return [_Part(max((filled, *days)), *take_credits(block, wanted))]
    late: dict[date, int] = {}
    left = block.remaining_minor
    for day, amount in reversed(_filled(block, known, "R3")):
        part = min(left, amount) if day > filled else 0
        if part:
            late[day] = late.get(day, 0) + part
            left -= part
    found: list[_Part] = []
    at = block
    for day, amount in [(filled, left), *sorted(late.items())]:
        if amount:
            credits_, _ = take_money(at, amount)
            found.append(_Part(day, credits_, amount))
            at = at._replace(
                used_credits=plus(at.used_credits, credits_), used_minor=at.used_minor + amount
            )
    if not found:  # credits without money
        days = (day for day, _ in _filled(block, known, "R3"))
        return [_Part(max((filled, *days)), block.remaining_credits, 0)]
    return found


def _filled(block: Block, known: Known, code: str) -> list[tuple[date, int]]:
    """Return when the deposit came to be (P2) or money came back to it (R3), oldest first."""
    return [
        (entry.posted_on, entry.amount_minor)
        for sequence in range(1, block.sequence + 1)
        for entry in known.entries.get((block.block_id, sequence), ())
        if entry.code == code
    ]


def _expire(plan: PostingPlan, block: Block, part: _Part, event: Expiry, on: Occasion) -> None:
    """Turn one part into breakage: an invoice of its own with application and journal."""
    amount = part.amount_minor
    is_rest = (part.credits, amount) == (block.remaining_credits, block.remaining_minor)
    draw = Draw(block.block_id, "breakage", BREAKAGE_ITEM, part.credits, amount, event.effective_at)
    record = record_id(Record.INVOICE, on.known.tenant_id, on.key)
    post_draw(plan, on, block, draw, Step.EXPIRED if is_rest else Step.LAPSED, record)
    plan.documents.append(
        Document(
            on.document_id, DocumentKind.EXPIRATION, block.customer_id, block.currency,
            block.exchange_rate, record, event.event_id, on.posted_on, (block.block_id,),
        )
    )  # fmt: skip
    if not amount:
        return
    invoice = RecordIntent(
        Record.INVOICE,
        Operation.CREATE,
        record,
        lanes=(block.block_id,),
        customer=on.known.customers[block.customer_id].record,
        event_id=event.event_id,
        memo=f"Expiration of block {block.block_id}",
        posted_on=on.posted_on,
        fact_on=part.fact_on,
        currency=block.currency,
        exchange_rate=block.exchange_rate,
        amount_minor=amount,
        lines=(IntentLine(amount, block.block_id, BREAKAGE_ITEM, draw.credits, draw.line_id),),
    )
    plan.intents.append(invoice)
    apply_deposits(plan, plan.blocks[block.block_id], invoice, on.known, key=on.key)


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
