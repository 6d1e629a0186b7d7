"""Gathering drawdowns and posting them as one record per block and period (policy *journals*).

Between the decisions and the outbox: what the policy summarises is kept back, everything else goes
on. A summary is posted when its period has ended (`post_summaries`), or at once when a reversal
needs its record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from drawdown.core.plan import Operation, RecordIntent
from drawdown.core.policy import Journals, Policy
from drawdown.core.rules import Record
from drawdown.core.summaries import ORDER, change, combine, key_of, redirect
from drawdown.store import summaries
from drawdown.store.database import Session
from drawdown.store.ledger import Writing, lock_tenant, write
from drawdown.store.summaries import PeriodOfBlock, SummaryOf

PERIODS_PER_TRANSACTION = 500
"""Blocks and periods that are posted together."""


def last_ended_day(policy: Policy, at: datetime) -> date:
    """Return the last day that is over at an instant, in the posting time zone."""
    return at.astimezone(policy.time_zone).date() - timedelta(days=1)


def post_summaries(session: Session, through: date) -> int:
    """Put every summary whose period ends by a day into the outbox; return how many.

    May be run again at any time: what is posted does not gather any more. A crash half way leaves
    whole blocks posted and the rest for the next run.
    """
    count = 0
    while True:
        with session.pipelined_transaction():
            lock = lock_tenant(session)
            periods = summaries.ended(session, through, PERIODS_PER_TRANSACTION)
            if not periods:
                return count
            posted = _post(session, periods)
            write(session, lock, Writing(intents=posted))
            count += len(posted)


def route(session: Session, intents: Sequence[RecordIntent], policy: Policy) -> list[RecordIntent]:
    """Return what goes to the outbox now; what is summarised gathers in the database.

    The caller holds the tenant's lock, and writes what is returned in the same transaction.

    Args:
        intents: In the order of their decisions.
    """
    out: list[RecordIntent] = []
    gathering: list[RecordIntent] = []
    for intent in intents:
        if intent.is_summarised:
            gathering.append(intent)
        elif _may_touch_member(intent):
            _gather(session, gathering, policy)
            gathering = []
            out.extend(_translate(session, intent))
        else:
            out.append(intent)
    _gather(session, gathering, policy)
    return out


def _may_touch_member(intent: RecordIntent) -> bool:
    """Whether an intent changes, or credits, a record that may have been summarised.

    Whatever today's policy is: a reversal meets what was recorded.
    """
    is_change = intent.operation in (Operation.SET_AMOUNT, Operation.DELETE)
    return is_change or intent.record is Record.CREDIT_MEMO


def _gather(session: Session, intents: Sequence[RecordIntent], policy: Policy) -> None:
    if not intents:
        return
    # Decided under a policy that summarises; what is asked for here is only the length.
    journals = policy.journals
    assert journals is not Journals.PER_DOCUMENT
    keys = {intent.external_id: key_of(intent, journals) for intent in intents}
    ids = summaries.gathering_ids(session, keys.values())
    summary_of = {external_id: ids[key] for external_id, key in keys.items()}
    summaries.add_members(
        session,
        (
            # An invoice that gathers too stands in the ERP under its summary's id.
            (summary_of[intent.external_id], redirect(intent, summary_of))
            for intent in intents
        ),
    )


def _translate(session: Session, intent: RecordIntent) -> list[RecordIntent]:
    """Say an intent in terms of summaries, after posting those that it needs."""
    names = [name for name in (intent.external_id, intent.source, intent.target) if name]
    found = summaries.summaries_of(session, names)
    posted = _post(session, sorted(_open(found.values())))
    of_itself = found.get(intent.external_id)
    if of_itself is not None and intent.operation is not Operation.CREATE:
        left = 0 if intent.operation is Operation.DELETE else intent.applied_minor
        summaries.change_member(session, intent.external_id, left)
        whole = summaries.members_of(session, of_itself.summary_id)
        return [*posted, change(intent, whole.summary_id, whole.members)]
    return [*posted, redirect(intent, {name: one.summary_id for name, one in found.items()})]


def _open(found: Iterable[SummaryOf]) -> set[PeriodOfBlock]:
    return {(one.block_id, one.period_end) for one in found if not one.is_posted}


def _post(session: Session, periods: Sequence[PeriodOfBlock]) -> list[RecordIntent]:
    """Close what gathers for blocks and periods; return its records in the order of posting."""
    if not periods:
        return []
    groups = summaries.gathered(session, periods)
    groups.sort(key=lambda one: (one.key.period_end, one.key.block_id, ORDER.index(one.key.record)))
    summaries.mark_posted(session, [one.summary_id for one in groups])
    return [combine(one.key, one.summary_id, one.members) for one in groups]
