"""Decisions about the cents that an ERP's base currency keeps of a block in another currency.

NetSuite converts each journal line to the base currency by itself. In the block's own currency the
drawdowns add up to the purchase; in base currency the rounded parts may not, and the difference
stays on the liability and, mirrored, on clearing. It is no money of the block: the journal has no
entry of it, only the record that settles it.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from drawdown.core.accounts import Role
from drawdown.core.block import State
from drawdown.core.decide.known import Known
from drawdown.core.decide.posting import open_day
from drawdown.core.decide.records import journal_line, of_block
from drawdown.core.events import BaseRounding
from drawdown.core.ids import external_id
from drawdown.core.plan import (
    Hold,
    Outcome,
    PostingPlan,
    Reason,
    Rejection,
)
from drawdown.core.policy import Policy
from drawdown.core.rules import Record

ROUNDING_ID = "fx"
"""Kind of these records in their external ids, by which they are told apart when read."""


def settle_rounding(event: BaseRounding, known: Known, policy: Policy) -> Outcome:
    """Bring liability and clearing of an ended block to zero in base currency."""
    block = known.blocks.get(event.block_id)
    if block is None or block.state is State.NEW:
        return Hold(f"block:{event.block_id}", f"block {event.block_id} is not open yet")
    if block.open_minor or not event.amount_minor:
        return Rejection(
            Reason.NOTHING_TO_DO,
            f"block {block.block_id} is not used up, so what rounding leaves of it in "
            f"{event.currency} is not known yet",
            block.block_id,
        )
    posted_on = open_day(policy, event.posted_on)
    if isinstance(posted_on, Hold):
        return posted_on
    debit, credit = Role.PREPAID_CREDITS_LIABILITY, Role.PREPAYMENT_CLEARING
    if event.amount_minor < 0:
        debit, credit = credit, debit
    amount = abs(event.amount_minor)
    journal = of_block(
        Record.JOURNAL_ENTRY, external_id(ROUNDING_ID, known.tenant_id, event.event_id), block,
        event, known, posted_on=posted_on, amount_minor=amount,
        memo=f"Block {block.block_id}: rounding of {block.currency} in {event.currency}",
    )  # fmt: skip
    line = journal_line(amount, block.block_id, debit, credit)
    in_base = replace(journal, currency=event.currency, exchange_rate=Decimal(1), lines=(line,))
    return PostingPlan(intents=[in_base])
