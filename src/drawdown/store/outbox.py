"""The outbox as people and reports see it: what waits, what is parked, what was delivered.

How rows are claimed and settled is in `delivery`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

from drawdown.core.plan import Operation, RecordIntent
from drawdown.store.codec import decode_intent
from drawdown.store.database import Session

PAGE_RECORDS = 5_000
"""Records whose rows are read at a time where all are wanted."""


class Outgoing(NamedTuple):
    """One row of the outbox that is not delivered yet."""

    position: int
    external_id: str
    lanes: tuple[str, ...]
    status: str
    attempts: int
    intent: RecordIntent


class Parked(NamedTuple):
    """A record that a person must decide on.

    Attributes:
        since: When it was last tried.
    """

    position: int
    external_id: str
    record: str
    operation: str
    event_id: str
    lanes: tuple[str, ...]
    attempts: int
    problem: str
    since: datetime


class Pausing(NamedTuple):
    """A record that waits until an instant.

    Attributes:
        problem: What came of the last try; empty: it waits until no request about the record that
            went unanswered can be carried out any more.
    """

    external_id: str
    record: str
    operation: str
    problem: str
    until: datetime


class NativeReference(NamedTuple):
    """The ERP record behind an external id, as last delivered."""

    external_id: str
    record: str
    operation: str
    internal_id: str
    number: str
    posting_period: str
    status: str


class Expected(NamedTuple):
    """What a record should be in the ERP, by what was delivered and what still waits.

    Attributes:
        states: The record after all that was delivered, then after each row that waits; None:
            not there.
        number: Its document number as last read back.
        posting_period: Its period as last read back; empty if none was.
    """

    external_id: str
    record: str
    block_id: str
    states: tuple[RecordIntent | None, ...]
    number: str
    posting_period: str

    @property
    def is_there(self) -> bool:
        """Whether it was delivered and not deleted."""
        return self.states[0] is not None


def window(session: Session, limit: int) -> list[Outgoing]:
    """Return the oldest rows that are not delivered, in the order they were decided."""
    return [
        Outgoing(row[0], row[1], tuple(row[2]), row[3], row[4], decode_intent(row[5]))
        for row in session.run("outbox_window", {"limit": limit})
    ]


def retry_parked(session: Session) -> int:
    """Put every parked record back to waiting; return how many."""
    return session.run("retry_parked").rowcount


def counts(session: Session) -> dict[str, int]:
    """Return the number of rows by status."""
    return dict(session.run("outbox_counts").fetchall())


def parked(session: Session) -> list[Parked]:
    """Return the records that wait for a person, oldest first."""
    rows = session.run("outbox_parked")
    return [Parked._make((*row[:5], tuple(row[5]), *row[6:])) for row in rows]


def pausing(session: Session) -> list[Pausing]:
    """Return the records that may go, or be tried again, only after a while, oldest first."""
    return [Pausing._make(row) for row in session.run("outbox_pausing")]


def native_references(session: Session, external_ids: Sequence[str]) -> dict[str, NativeReference]:
    """Return the ERP record of each external id that is in the outbox."""
    rows = session.run("native_references", {"ids": external_ids})
    return {row[0]: NativeReference(*row) for row in rows}


def state(session: Session) -> tuple[object, ...]:
    """Return what changes whenever a row is added, tried or delivered."""
    row = session.run("outbox_state").fetchone()
    assert row is not None
    return row


def expected_records(session: Session) -> Iterator[Expected]:
    """Yield what every transaction of ours should be in the ERP, by external id, page by page."""
    after = ""
    while True:
        rows = session.run("outbox_by_record", {"after": after, "limit": PAGE_RECORDS}).fetchall()
        count = 0
        for external_id, group in groupby(rows, key=itemgetter(0)):
            count += 1
            after = external_id
            yield _expected(external_id, list(group))
        if count < PAGE_RECORDS:
            return


def expected_record(session: Session, external_id: str) -> Expected | None:
    """Return what one transaction of ours should be; None if there is none of that id."""
    rows = session.run("outbox_of_record", {"external_id": external_id}).fetchall()
    return _expected(external_id, rows) if rows else None


def purchase_invoice(session: Session, block_id: str) -> str:
    """Return billing's id of the invoice that a block was bought by; empty: not invoiced."""
    row = session.run("purchase_invoice_of_block", {"block_id": block_id}).fetchone()
    return str(row[0]) if row else ""


def _expected(external_id: str, rows: list[tuple[Any, ...]]) -> Expected:
    """Fold the rows of one record, oldest first."""
    now: RecordIntent | None = None
    later: list[RecordIntent | None] = []
    number = period = ""
    intent: RecordIntent | None = None
    for _id, status, row_number, row_period, text in rows:
        intent = decode_intent(text)
        if status == "done":
            now = after(now, intent)
            number, period = row_number or number, row_period or period
        else:
            later.append(after(later[-1] if later else now, intent))
    assert intent is not None
    lanes = [lane for lane in intent.lanes if not lane.startswith("customer:")]
    block_id = intent.block_id or (lanes[0] if len(lanes) == 1 else "")
    return Expected(
        external_id, intent.record.value, block_id, (now, *later), number, period
    )  # fmt: skip


def after(before: RecordIntent | None, intent: RecordIntent) -> RecordIntent | None:
    """Return what a record is once an operation is done. What is set in place leaves the rest."""
    if intent.operation is Operation.DELETE:
        return None
    if intent.operation is not Operation.SET_AMOUNT or before is None:
        return intent
    if before.targets:
        now = {**dict(before.targets), intent.target: intent.applied_minor}
        targets = tuple((name, minor) for name, minor in now.items() if minor)
        return dataclasses.replace(before, amount_minor=intent.amount_minor, targets=targets)
    return dataclasses.replace(
        before, amount_minor=intent.amount_minor, applied_minor=intent.applied_minor
    )
