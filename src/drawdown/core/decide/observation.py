"""What the ERP did by itself enters the journal as an observation: revenue recognition."""

from __future__ import annotations

from drawdown.core.accounts import Role, account
from drawdown.core.block import State, Step
from drawdown.core.decide.known import Known
from drawdown.core.decide.posting import move
from drawdown.core.events import Recognition
from drawdown.core.plan import Entry, Hold, Outcome, PostingPlan, Reason, Rejection
from drawdown.core.policy import Policy
from drawdown.core.rules import MIRRORS, recognition_rule


def observe_recognition(event: Recognition, known: Known, _policy: Policy) -> Outcome:
    """Record what Advanced Revenue Management recognised, or took back, for a block."""
    block = known.blocks.get(event.block_id)
    if block is None or block.state is State.NEW:
        missing = "its sales order" if block is None else "its purchase invoice"
        return Hold(
            f"block:{event.block_id}",
            f"recognition journal {event.record} is about block {event.block_id}, which is not "
            f"open yet; send {missing}",
        )
    try:
        rule = recognition_rule(Role(event.deferred), account(event.credited))
    except (KeyError, ValueError):
        return Rejection(
            Reason.UNKNOWN_ACCOUNT,
            f"recognition journal {event.record} of block {block.block_id} goes from "
            f"{event.deferred!r} to {event.credited!r}, which no row of the rules describes; "
            "correct the mapping of accounts",
            block.block_id,
        )
    if not event.amount_minor:
        return Rejection(
            Reason.NOTHING_TO_DO,
            f"recognition journal {event.record} of block {block.block_id} has no amount",
            block.block_id,
        )
    plan = PostingPlan()
    after = move(
        plan, block, Step.RECOGNISED, event_id=event.event_id, document_id=event.record,
        occurred_at=event.effective_at, amount_minor=event.amount_minor, item_id=event.item_id,
    )  # fmt: skip
    is_taken_back = event.amount_minor < 0
    plan.entries.append(
        Entry(
            block.block_id,
            after.sequence,
            MIRRORS[rule.code][0] if is_taken_back else rule.code,
            rule.credit if is_taken_back else rule.debit,
            rule.debit if is_taken_back else rule.credit,
            abs(event.amount_minor),
            block.currency,
            event.posted_on,
            event.record,
            event.item_id,
        )
    )
    return plan
