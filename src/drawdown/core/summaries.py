"""Summarised drawdowns: many records of one block and period become one, with the same postings.

The journal keeps every drawdown; only the records that reach the ERP are fewer. A drawdown's own
record (a *member*) is gathered under a key; when the period has ended, or a reversal needs the
record, the members become one record (the *summary*), dated the last day that any of them bears, so
account, block and period are as with one record each. What changes a member afterwards is
translated into a change of its summary. Pure; the service gathers and stores.
"""

from __future__ import annotations

import dataclasses
from calendar import monthrange
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from drawdown.core.decide.posting import record_id
from drawdown.core.money import plus
from drawdown.core.plan import IntentLine, Operation, RecordIntent
from drawdown.core.policy import Journals
from drawdown.core.rules import Record

ORDER: tuple[Record, ...] = (Record.INVOICE, Record.DEPOSIT_APPLICATION, Record.JOURNAL_ENTRY)
"""Records that are summarised, in the order in which those of one block must be posted."""


class SummaryKey(NamedTuple):
    """What the members of one summary share.

    Attributes:
        period_end: Last day of the day or month that is summed up.
        source: External id of the deposit, for applications; else empty.
    """

    block_id: str
    period_end: date
    record: Record
    source: str


class Member(NamedTuple):
    """A drawdown's own record as it stands within its summary.

    Attributes:
        external_id: Of the member; the journal's entries name it.
        target: Where it is applied in the ERP (for an invoice that is a member itself: its
            summary).
        amount_minor: What is left of it.
    """

    external_id: str
    target: str
    amount_minor: int
    intent: RecordIntent


def period_end(on: date, journals: Journals) -> date:
    """Return the last day of the period in which a day is summed up."""
    if journals is Journals.PER_MONTH:
        return on.replace(day=monthrange(on.year, on.month)[1])
    return on


def key_of(intent: RecordIntent, journals: Journals) -> SummaryKey:
    """Return the summary that a drawdown's record belongs to."""
    assert intent.is_summarised
    assert intent.posted_on is not None
    (block_id,) = intent.lanes
    source = intent.source if intent.record is Record.DEPOSIT_APPLICATION else ""
    return SummaryKey(block_id, period_end(intent.posted_on, journals), intent.record, source)


def summary_id(tenant_id: str, key: SummaryKey, generation: int) -> str:
    """Derive the external id of a summary.

    Args:
        generation: Summaries posted under this key before: what comes late makes another one.
    """
    return record_id(
        key.record, tenant_id, "summary", key.block_id, key.period_end.isoformat(), key.source,
        str(generation),
    )  # fmt: skip


def combine(key: SummaryKey, external_id: str, members: Sequence[Member]) -> RecordIntent:
    """Make one record of the members; there is at least one.

    Its event id names the summary, because it stands for many events; which ones the ledger says.
    """
    first = members[0].intent
    days = [intent.posted_on for _id, _to, _amount, intent in members if intent.posted_on]
    amount = sum(member.amount_minor for member in members)
    targets = _targets(members)
    is_one = len(targets) == 1
    count = f"{len(members)} drawdowns" if len(members) > 1 else "1 drawdown"
    return dataclasses.replace(
        first,
        external_id=external_id,
        event_id=f"drawdown:summary:{key.block_id}:{key.period_end.isoformat()}",
        memo=f"Block {key.block_id}: {count} up to {key.period_end.isoformat()}",
        posted_on=max(days),
        fact_on=max(days),
        amount_minor=amount,
        lines=_lines(members),
        target=next(iter(targets)) if is_one else "",
        applied_minor=amount if targets else 0,
        targets=() if is_one else tuple(targets.items()),
        lanes=(key.block_id,),
        is_summarised=False,
    )


def without(intent: RecordIntent, gone: Collection[str]) -> RecordIntent | None:
    """Leave invoices that are gone out of an application; None if nothing of it is left."""
    left = tuple((name, minor) for name, minor in intent.applications if name not in gone)
    amount = sum(minor for _name, minor in left)
    if not left:
        return None
    return dataclasses.replace(intent, amount_minor=amount, applied_minor=amount, targets=left)


def changes_without(
    intent: RecordIntent, gone: Collection[str], changes: Iterable[RecordIntent]
) -> Iterator[RecordIntent]:
    """Leave invoices that are gone out of the changes that follow the making of an application.

    Each says the total of what is applied then, hence counts them until it takes them out itself.

    Args:
        intent: Makes the application.
        changes: Set its amount, oldest first.
    """
    counted = {name: minor for name, minor in intent.applications if name in gone}
    for change_ in changes:
        applied = change_.applied_minor
        if change_.target in counted:
            counted[change_.target], applied = applied, 0
        total = change_.amount_minor - sum(counted.values())
        yield dataclasses.replace(
            change_,
            operation=Operation.SET_AMOUNT if total else Operation.DELETE,
            amount_minor=total,
            applied_minor=applied,
        )


def _targets(members: Sequence[Member]) -> dict[str, int]:
    """Return how much goes to each invoice, in the order of the members."""
    targets: dict[str, int] = {}
    for member in members:
        if member.target:
            targets[member.target] = targets.get(member.target, 0) + member.amount_minor
    return targets


def _lines(members: Sequence[Member]) -> tuple[IntentLine, ...]:
    """Add up lines of the same item or accounts."""
    sums: dict[tuple[str, str, str, str], IntentLine] = {}
    for member in members:
        for line in member.intent.lines:
            key = (line.block_id, line.item, line.debit, line.credit)
            found = sums.get(key)
            if found is None:
                sums[key] = line._replace(line_id="")
            else:
                sums[key] = found._replace(
                    amount_minor=found.amount_minor + line.amount_minor,
                    credits=_sum(found.credits, line.credits),
                )
    return tuple(sums.values())


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    return None if one is None or other is None else plus(one, other)


def change(intent: RecordIntent, external_id: str, members: Sequence[Member]) -> RecordIntent:
    """Translate the change of one member into that of its summary.

    Args:
        intent: Sets the amount of a member, or deletes it.
        external_id: Of the summary.
        members: All of the summary, the changed one with what is left of it.
    """
    assert intent.operation in (Operation.SET_AMOUNT, Operation.DELETE)
    total = sum(member.amount_minor for member in members)
    targets = _targets(members)
    target = next(member.target for member in members if member.external_id == intent.external_id)
    return dataclasses.replace(
        intent,
        external_id=external_id,
        operation=Operation.SET_AMOUNT if total else Operation.DELETE,
        amount_minor=total,
        target=target,
        applied_minor=targets.get(target, 0),
    )


def redirect(intent: RecordIntent, summary_of: Mapping[str, str]) -> RecordIntent:
    """Point an intent at the summaries of the members it names."""
    return dataclasses.replace(
        intent,
        source=summary_of.get(intent.source, intent.source),
        target=summary_of.get(intent.target, intent.target),
    )
