"""Moving credits to a block with another expiry, at the cost they had.

A block's terms never change, so what is moved is credited on its purchase and bought anew as a
block of its own: the two amounts are the same, and the customer pays nothing and gets nothing back.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from drawdown.core.allocation import take_credits
from drawdown.core.block import Block, State
from drawdown.core.decide.known import Known
from drawdown.core.errors import SubscriptionError
from drawdown.core.events import CreditLine, CreditMemo, Event, Expiry, Payment, Refund
from drawdown.core.money import credits_text
from drawdown.core.subscription.acts import Origin, PlanBlock
from drawdown.core.subscription.bills import purchase_events
from drawdown.core.subscription.running import Run
from drawdown.core.subscription.span import check_days, midnight
from drawdown.core.subscription.timeline import Timeline
from drawdown.service.accounts import Desk
from drawdown.service.ingest import ingest_within
from drawdown.store.database import Session
from drawdown.store.ledger import load
from drawdown.store.subscriptions import plan_block
from drawdown.store.usage import uses_of


class Move(NamedTuple):
    """Credits that are to live longer, or shorter.

    Attributes:
        to_block_id: Id of the new block; the same move again changes nothing.
        on: Day of the move.
        expires_on: Last day of the new block; None: the term decides.
    """

    block_id: str
    to_block_id: str
    credits: Decimal
    on: date
    expires_on: date | None


def move(desk: Desk, wanted: Move) -> bool:
    """Move credits; the transaction and the tenant's lock are the caller's.

    Returns:
        Whether it is new.

    Raises:
        SubscriptionError: The block is not managed by a subscription, is closed or has less left,
            or the new id is taken; or a day is in no year that can be.
    """
    check_days(f"block {wanted.to_block_id}", wanted.on, wanted.expires_on)
    session = desk.session
    source = plan_block(session, wanted.block_id)
    if source is None:
        raise SubscriptionError(
            f"block {wanted.block_id} is not of a subscription, so its credits cannot be moved"
        )
    desk.load([source.customer_id])
    block = _core_block(session, wanted.block_id)
    target = _target(desk, source, wanted)
    before = plan_block(session, wanted.to_block_id)
    if before is not None:
        if before == target._replace(
            amount_minor=before.amount_minor, entered_at=before.entered_at
        ):
            return False
        raise SubscriptionError(
            f"block {wanted.to_block_id} exists already with other terms; give the new one an id "
            "of its own"
        )
    left = _left(desk, source)
    if block.state is not State.OPEN or left < wanted.credits:
        raise SubscriptionError(
            f"block {wanted.block_id} is {block.state.value} with {credits_text(left)} credits "
            f"left that no usage has drawn; {credits_text(wanted.credits)} cannot be moved"
        )
    _, amount = take_credits(block, wanted.credits)
    target = target._replace(amount_minor=amount)
    events = [*_taken_off(block, target, wanted), *purchase_events(target, wanted.on)]
    _accepted(desk, events)
    credit = -min(0, _core_block(session, wanted.block_id).due_minor)
    settled = min(credit, amount)
    if settled:
        _accepted(desk, _settlement(target, wanted, settled))
    desk.reload(source.customer_id)
    timeline = _folded(desk, source.customer_id, target)
    desk.record(target)
    desk.keep_head(timeline)
    desk.post()
    return True


def _core_block(session: Session, block_id: str) -> Block:
    known = Known(session.tenant_id)
    load(session, known, [("block", block_id)])
    return known.blocks[block_id]


def _target(desk: Desk, source: PlanBlock, wanted: Move) -> PlanBlock:
    zone = desk.policy.time_zone
    closed_at = desk.closed_at(source.customer_id)
    expires_at = (
        midnight(wanted.expires_on + timedelta(days=1), zone) if wanted.expires_on else None
    )
    return source._replace(
        block_id=wanted.to_block_id,
        origin=Origin.MOVED,
        number=0,
        credits=wanted.credits,
        expires_at=expires_at,
        entered_at=max(midnight(wanted.on, zone), closed_at, source.effective_at),
        rolls_at=(),
        is_invoiced_at_once=True,
    )


def _taken_off(block: Block, target: PlanBlock, wanted: Move) -> list[Event]:
    name = f"drawdown:move:{target.block_id}"
    if not target.amount_minor:
        return [Expiry(name, target.entered_at, block.block_id, wanted.credits)]
    line = CreditLine("", block.block_id, wanted.credits, None)
    memo = f"{target.block_id}/moved"
    invoice = f"{block.block_id}/invoice"
    return [CreditMemo(name, target.entered_at, wanted.on, memo, invoice, (line,), block.currency)]


def _settlement(target: PlanBlock, wanted: Move, amount_minor: int) -> list[Event]:
    """Settle the new purchase with the credit on the old one; no money moves in all."""
    name, at = f"drawdown:move:{target.block_id}", target.entered_at
    old, new = f"{wanted.block_id}/invoice", f"{target.block_id}/invoice"
    code = target.currency
    return [
        Refund(f"{name}:out", at, wanted.on, f"{target.block_id}/out", old, amount_minor, code),
        Payment(f"{name}:in", at, wanted.on, f"{target.block_id}/in", new, amount_minor, code),
    ]


def _accepted(desk: Desk, events: list[Event]) -> None:
    for answer in ingest_within(desk.session, events, desk.policy):
        if answer.status != "accepted":
            raise SubscriptionError(
                f"the move was {answer.status}: {answer.detail}; nothing of it was kept"
            )


def _left(desk: Desk, source: PlanBlock) -> Decimal:
    timeline = _folded(desk, source.customer_id, None)
    holding = timeline.account.holdings.get(source.block_id)
    return Decimal(0) if holding is None or holding.is_ended else holding.left


def _folded(desk: Desk, customer_id: str, target: PlanBlock | None) -> Timeline:
    """Fold an account again, with a new block if there is one."""
    facts = desk.facts[customer_id]
    if target is not None:
        facts.blocks[target.block_id] = target
    desk.load_closed_meters([customer_id])
    timeline = desk.from_base([customer_id])[customer_id]
    run = Run(timeline, uses_of(desk.session, customer_id, timeline.account.at))
    acts = run.finish()
    if facts.head is not None:
        timeline.advance(facts.head.at)
    if target is not None:
        desk.take(timeline, acts)
    return timeline
