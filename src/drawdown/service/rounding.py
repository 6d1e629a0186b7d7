"""Settling what rounding leaves in base currency, once a block in another currency has ended."""

from __future__ import annotations

from datetime import UTC, datetime, time

from drawdown.core.accounts import Role
from drawdown.core.checks import has_ended
from drawdown.core.decide.known import Known
from drawdown.core.events import BaseRounding
from drawdown.core.policy import Policy
from drawdown.core.ports import Erp
from drawdown.service.ingest import Answer, ingest
from drawdown.store import outbox, summaries
from drawdown.store.database import Session
from drawdown.store.ledger import entries_of, load

WAITING_MAX = 1_000_000


def settle_roundings(session: Session, erp: Erp, policy: Policy) -> list[Answer]:
    """Take in what is left in base currency of blocks that have ended; safe to repeat.

    Only blocks all of whose records are delivered count, and only what rounding can explain: half
    a unit for each posting at most. More than that is a difference, and is not hidden.
    """
    rests = {one.block_id: one for one in erp.base_roundings()}
    if not rests:
        return []
    known = Known(session.tenant_id)
    load(session, known, [("block", block_id) for block_id in rests])
    waiting = {lane for row in outbox.window(session, WAITING_MAX) for lane in row.lanes}
    waiting |= {one.block_id for one in summaries.waiting(session)}
    ended = [
        block
        for block_id, block in known.blocks.items()
        if has_ended(block) and block_id not in waiting
    ]
    events: list[BaseRounding] = []
    for block in ended:
        postings = [
            entry
            for entry in entries_of(session, [block.block_id])
            if Role.PREPAYMENT_CLEARING in (entry.debit, entry.credit)
        ]
        rest = rests[block.block_id]
        if not postings or 2 * abs(rest.amount_minor) > len(postings) + 1:
            continue
        on = max(entry.posted_on for entry in postings)
        events.append(
            BaseRounding(
                f"drawdown:rounding:{block.block_id}:{block.sequence}:{rest.amount_minor}",
                datetime.combine(on, time(), UTC), on, block.block_id, rest.currency,
                rest.amount_minor,
            )
        )  # fmt: skip
    return ingest(session, events, policy)
