"""What is stuck, what people did about it, and the dates of records that moved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from drawdown.core.events import Event
from drawdown.core.plan import RecordIntent
from drawdown.store.codec import (
    Encoded,
    array_literal,
    decode_event,
    decode_intent,
    encode_intent,
)
from drawdown.store.database import Row, Session
from drawdown.store.delivery import leave_lanes, lock_lanes


class StuckEvent(NamedTuple):
    """A held or refused event; `waits_for` is the reason of a refused one."""

    event_id: str
    type: str
    status: str
    waits_for: str
    detail: str
    block_id: str
    since: datetime


class StuckConflict(NamedTuple):
    """A fact that came again with other content, so many different times."""

    event_id: str
    type: str
    since: datetime
    times: int


class StuckConnection(NamedTuple):
    """A connection whose circuit is open."""

    connection_id: str
    since: datetime
    failures: int
    problem: str


class Action(NamedTuple):
    """What somebody did about an exception."""

    action: str
    who: str
    reason: str
    detail: str
    acted_at: datetime


class OutboxRow(NamedTuple):
    """A row of the outbox."""

    position: int
    external_id: str
    status: str
    intent: RecordIntent


class Undelivered(NamedTuple):
    """A record to be made that is not delivered and that no worker holds."""

    position: int
    external_id: str
    record: str
    event_id: str
    lanes: tuple[str, ...]
    status: str
    posted_on: date
    block_id: str


class Redating(NamedTuple):
    """A record that stands in the books on another day than was decided."""

    external_id: str
    was_on: date
    posted_on: date
    block_id: str


class Skipped(NamedTuple):
    """A record that a person decided not to deliver."""

    external_id: str
    event_id: str
    record: str
    lanes: tuple[str, ...]
    who: str
    reason: str
    skipped_at: datetime
    source: str
    target: str
    currency: str
    amount_minor: int


class Decisions(NamedTuple):
    """What people decided about records that were stuck.

    Attributes:
        balances: What the journal says of skipped records: debits less credits, by block, role
            and currency.
        adopted: Who adopted which record, by external id.
    """

    skipped: tuple[Skipped, ...]
    balances: dict[tuple[str, str, str], int]
    adopted: dict[str, Action]


def stuck_events(session: Session) -> list[StuckEvent]:
    """Return held events and refused ones that nobody has withdrawn, oldest first."""
    return [StuckEvent(*row) for row in session.run("stuck_events")]


def stuck_conflicts(session: Session) -> list[StuckConflict]:
    """Return conflicts that nobody has withdrawn, oldest first."""
    return [StuckConflict(*row) for row in session.run("stuck_conflicts")]


def stuck_connections(session: Session) -> list[StuckConnection]:
    """Return the tenant's connections that take no calls for now."""
    return [StuckConnection(*row) for row in session.run("stuck_connections")]


def add_conflicts(session: Session, conflicts: Iterable[tuple[str, Encoded]]) -> None:
    """Keep facts that came again with other content; the same one is kept once."""
    rows = [
        (event_id, "\\x" + encoded.fingerprint.hex(), encoded.type, encoded.payload.decode())
        for event_id, encoded in conflicts
    ]
    if rows:
        columns = enumerate(zip(*rows, strict=True))
        session.run("add_conflicts", {f"c{n}": array_literal(column) for n, column in columns})


def conflict_payloads(session: Session, event_id: str) -> list[tuple[str, datetime]]:
    """Return the other contents of an event, as JSON, and when each came."""
    return [(row[0], row[1]) for row in session.run("conflict_payloads", {"event_id": event_id})]


def actions_of(session: Session, exception_id: str) -> list[Action]:
    """Return what was done about an exception, oldest first."""
    rows = session.run("actions_of", {"exception_id": exception_id})
    return [Action(*row) for row in rows]


def add_actions(
    session: Session, action: str, details: dict[str, str], who: str, reason: str
) -> None:
    """Write down what was done; the transaction is the caller's.

    Args:
        details: What was done in words, by exception id.
    """
    if details:
        session.run(
            "add_actions",
            {
                "action": action, "who": who, "reason": reason,
                "ids": list(details), "details": list(details.values()),
            },
        )  # fmt: skip


def retry_records(session: Session, positions: Sequence[int]) -> list[int]:
    """Put parked rows back to waiting; return which were."""
    return _firsts(session.run("retry_records", {"positions": list(positions)}).fetchall())


def skip_records(session: Session, positions: Sequence[int], who: str, reason: str) -> list[int]:
    """Finish parked rows without delivering them; return which were. In a transaction."""
    lock_lanes(session, [session.tenant_id])
    rows = session.run(
        "skip_records", {"positions": list(positions), "who": who, "reason": reason}
    ).fetchall()
    done = _firsts(rows)
    leave_lanes(session, [(session.tenant_id, position) for position in done])
    return done


class WithoutTarget(NamedTuple):
    """A parked record that is to be applied to documents of others that are not there any more."""

    position: int
    intent: RecordIntent
    gone: tuple[str, ...]


def without_target(session: Session) -> list[WithoutTarget]:
    """Return parked records whose targets, or some of them, were voided or deleted by others."""
    rows = session.run("parked_without_target")
    return [WithoutTarget(row[0], decode_intent(row[1]), tuple(row[2])) for row in rows]


def change_parked(session: Session, position: int, intent: RecordIntent) -> bool:
    """Let a parked record be tried again with other content; False if it is not parked any more."""
    parameters = {"position": position, "intent": encode_intent(intent)}
    return session.run("change_parked", parameters).rowcount > 0


def changes_waiting(session: Session, position: int, external_id: str) -> dict[int, RecordIntent]:
    """Return the changes of a record that wait behind the row that makes it, by position."""
    parameters = {"position": position, "external_id": external_id}
    return {row[0]: decode_intent(row[1]) for row in session.run("changes_waiting", parameters)}


def change_waiting(session: Session, position: int, intent: RecordIntent) -> None:
    """Let a change that waits say something else."""
    parameters = {
        "position": position, "operation": intent.operation, "intent": encode_intent(intent),
    }  # fmt: skip
    session.run("change_waiting", parameters)


def parked_redated(session: Session) -> list[tuple[int, RecordIntent, list[date]]]:
    """Return parked records that got another date: position, intent, the dates before."""
    rows = session.run("parked_redated")
    return [(row[0], decode_intent(row[1]), sorted(row[2])) for row in rows]


def adopt_record(
    session: Session, position: int, internal_id: str, number: str, posting_period: str
) -> bool:
    """Finish a parked row with a record that is there; False if it is not parked any more."""
    lock_lanes(session, [session.tenant_id])
    parameters = {
        "position": position, "internal_id": internal_id, "number": number,
        "posting_period": posting_period,
    }  # fmt: skip
    done = _firsts(session.run("adopt_record", parameters).fetchall())
    leave_lanes(session, [(session.tenant_id, one) for one in done])
    return bool(done)


def outbox_row(session: Session, position: int) -> OutboxRow | None:
    """Return a row of the outbox."""
    row = session.run("outbox_row", {"position": position}).fetchone()
    return OutboxRow(row[0], row[1], row[2], decode_intent(row[3])) if row else None


def withdraw_events(
    session: Session, event_ids: Sequence[str], who: str, reason: str
) -> dict[str, bool]:
    """Settle held and refused events without posting; return those, and whether each was held."""
    parameters = {"ids": list(event_ids), "who": who, "reason": reason}
    return {row[0]: row[1] for row in session.run("withdraw_events", parameters)}


def hold_refused(session: Session, event_ids: Sequence[str]) -> list[str]:
    """Turn refused events into held ones; return which were."""
    return [row[0] for row in session.run("hold_refused", {"ids": list(event_ids)})]


def held_by_id(session: Session, event_ids: Sequence[str]) -> list[Event]:
    """Return held events in the order in which they came."""
    rows = session.run("held_by_id", {"ids": list(event_ids)})
    return [decode_event(row[1], row[2]) for row in rows]


def undelivered(session: Session) -> list[Undelivered]:
    """Return and lock the records to be made that are not delivered and that no worker holds."""
    return [
        Undelivered._make((*row[:4], tuple(row[4]), row[5], row[6], row[7] or ""))
        for row in session.run("undelivered")
    ]


def redate_rows(session: Session, days: dict[int, date]) -> None:
    """Give rows of the outbox other dates, and let them be tried again."""
    session.run("redate_rows", {"positions": list(days), "days": list(days.values())})


def add_redatings(session: Session, redatings: Sequence[Redating], who: str, reason: str) -> None:
    """Write down that records stand on other days; a block's deposits learn of it."""
    ids = [one.external_id for one in redatings]
    days = [one.posted_on for one in redatings]
    session.run(
        "add_redatings",
        {
            "ids": ids, "were": [one.was_on for one in redatings], "days": days,
            "who": who, "reason": reason,
        },
    )  # fmt: skip
    blocks = sorted({one.block_id for one in redatings if one.block_id})
    session.run("redate_deposits", {"ids": ids, "days": days, "blocks": blocks})


def decided_dates(session: Session, block_ids: Sequence[str]) -> dict[str, dict[str, date]]:
    """Return the decided dates of records that stand on other days, by block and external id."""
    found: dict[str, dict[str, date]] = {}
    for block_id, record, decided_on in session.run("decided_dates", {"ids": list(block_ids)}):
        found.setdefault(block_id, {})[record] = decided_on
    return found


def delivered_elsewhere(
    session: Session, periods: Sequence[tuple[str, date, date]]
) -> list[tuple[Redating, str]]:
    """Return delivered records that stand in another period than that of their date, with type.

    Args:
        periods: Name, first and last day.
    """
    names, starts, ends = zip(*periods, strict=True)
    rows = session.run(
        "delivered_elsewhere", {"names": list(names), "starts": list(starts), "ends": list(ends)}
    )
    return [(_moved(row), row[5]) for row in rows]


def _moved(row: Row) -> Redating:
    external_id, was_on, starts_on, ends_on, block_id, _record = row
    return Redating(
        external_id, was_on, starts_on if was_on < starts_on else ends_on, block_id or ""
    )


def decisions(session: Session) -> Decisions:
    """Return what people decided about records, for reconciliation."""
    skipped = tuple(
        Skipped._make((*row[:3], tuple(row[3]), *row[4:7], row[7] or "", row[8] or "", *row[9:]))
        for row in session.run("skipped_records")
    )
    balances = {(row[0], row[1], row[2]): row[3] for row in session.run("skipped_balances")}
    adopted = {
        row[0]: Action("adopt", row[1], row[2], row[3], row[4])
        for row in session.run("adopted_records")
    }
    return Decisions(skipped, balances if skipped else {}, adopted)


def _firsts(rows: Iterable[Row]) -> list[int]:
    return [row[0] for row in rows]
