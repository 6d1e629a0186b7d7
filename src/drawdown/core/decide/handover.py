"""Decisions about what goes elsewhere: a block that the ERP's own billing goes on with.

That billing has invoiced what is left of the block as a prepayment of its own (H1, noted). The
block's deposit pays the invoice (H2) and the liability is released (H3): the balance then stands in
the deferred revenue of the prepayment's item, and nothing of the block is left here.
"""

from __future__ import annotations

from drawdown.core.block import State, Step
from drawdown.core.decide.drawing import Draw, Occasion, apply_deposits, post_draw
from drawdown.core.decide.known import Known
from drawdown.core.decide.posting import open_day
from drawdown.core.events import Handover
from drawdown.core.money import money_text
from drawdown.core.plan import (
    Entry,
    Hold,
    Operation,
    Outcome,
    PostingPlan,
    Reason,
    RecordIntent,
    Rejection,
)
from drawdown.core.policy import Policy
from drawdown.core.rules import Record, noted_rule

_ITEM = "@handover"


def hand_over_block(event: Handover, known: Known, policy: Policy) -> Outcome:
    """Pay the ERP's own invoice for a prepayment with all that is left of a block."""
    block = known.blocks.get(event.block_id)
    if block is None or block.state is State.NEW:
        return Hold(f"block:{event.block_id}", f"block {event.block_id} is not open yet")
    if block.state is not State.OPEN or not block.remaining_minor:
        return Rejection(
            Reason.NOTHING_TO_DO,
            f"block {block.block_id} is {block.state.value} and has no money left to hand over",
            block.block_id,
        )
    amount = block.remaining_minor
    if amount != event.amount_minor or block.due_minor:
        code = block.currency
        return Rejection(
            Reason.BLOCK_IN_USE,
            f"block {block.block_id} has {money_text(amount, code)} {code} left and "
            f"{money_text(block.due_minor, code)} due on its purchase, but "
            f"{money_text(event.amount_minor, code)} were invoiced by {event.invoice}; hand over "
            "what is left of a paid block, to the cent",
            block.block_id,
        )
    posted_on = open_day(policy, event.posted_on)
    if isinstance(posted_on, Hold):
        return posted_on
    plan = PostingPlan()
    on = Occasion(known, policy, event.event_id, event.invoice, posted_on, event.event_id)
    draw = Draw(block.block_id, "", _ITEM, block.remaining_credits, amount, event.effective_at)
    post_draw(plan, on, block, draw, Step.HANDED_OVER, event.invoice)
    invoice = RecordIntent(
        Record.INVOICE,
        Operation.CREATE,
        event.invoice,
        lanes=(block.block_id,),
        customer=known.customers[block.customer_id].record,
        event_id=event.event_id,
        memo=f"Handover of block {block.block_id}",
        posted_on=posted_on,
        fact_on=event.posted_on,
        currency=block.currency,
        exchange_rate=block.exchange_rate,
        amount_minor=amount,
    )
    apply_deposits(plan, plan.blocks[block.block_id], invoice, known)
    noted = noted_rule(Step.HANDED_OVER)
    entry = Entry(
        block.block_id, block.sequence + 1, noted.code, noted.debit, noted.credit, amount,
        block.currency, posted_on, event.invoice, _ITEM,
    )  # fmt: skip
    plan.entries.insert(0, entry)
    return plan
