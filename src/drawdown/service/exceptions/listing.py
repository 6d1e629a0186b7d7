"""One list of everything that waits for a person, with the actions open to them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from drawdown.core.errors import StoreError
from drawdown.store import changes, exceptions as rows, outbox
from drawdown.store.database import Session
from drawdown.store.exceptions import Action


class ExceptionKind(StrEnum):
    """What is stuck."""

    RECORD = "record"  #: the ERP refused a record; it is parked
    HELD = "held"  #: an event waits for another fact, or for a period
    REFUSED = "refused"  #: an event broke a rule
    CONFLICT = "conflict"  #: an event came again with other content
    CONNECTION = "connection"  #: the ERP takes no calls
    CHANGE = "change"  #: somebody changed a record in the ERP: `drawdown changes list`


class Stuck(NamedTuple):
    """One exception.

    Attributes:
        exception_id: Names it in commands: ``record:12``, ``event:E7``, ``conflict:E7``.
        what: Record and operation, or type of the event.
        blocks: Blocks concerned, as far as known; may be empty.
        problem: What happened and what to do, in words; of a record the ERP's own words first.
        tries: Deliveries tried; of a conflict how many other contents came.
        actions: Commands that apply.
    """

    exception_id: str
    kind: ExceptionKind
    what: str
    blocks: tuple[str, ...]
    external_id: str
    event_id: str
    since: datetime
    tries: int
    problem: str
    actions: tuple[str, ...]


class Detail(NamedTuple):
    """An exception with what was done about it, and the contents of a conflict."""

    stuck: Stuck
    history: tuple[Action, ...]
    contents: tuple[str, ...]


def stuck(
    session: Session, *, kind: ExceptionKind | None = None, block_id: str = ""
) -> list[Stuck]:
    """Return everything that is stuck, oldest first.

    Args:
        kind: Only this kind.
        block_id: Only what concerns this block.
    """
    found = [
        one
        for one in _all(session)
        if kind in (None, one.kind) and (not block_id or block_id in one.blocks)
    ]
    return sorted(found, key=lambda one: (one.since, one.exception_id))


def detail_of(session: Session, exception_id: str) -> Detail:
    """Return one exception with its history.

    Raises:
        StoreError: Nothing of that id is stuck, nor was anything ever done about it.
    """
    history = tuple(rows.actions_of(session, exception_id))
    for one in _all(session):
        if one.exception_id == exception_id:
            contents = (
                tuple(text for text, _ in rows.conflict_payloads(session, one.event_id))
                if one.kind is ExceptionKind.CONFLICT
                else ()
            )
            return Detail(one, history, contents)
    done = "; ".join(f"{one.action} by {one.who}: {one.detail}" for one in history)
    raise StoreError(
        f"nothing of id {exception_id!r} is stuck"
        + (f" any more ({done})" if done else "; `drawdown exceptions` lists what is")
    )


def _all(session: Session) -> Iterator[Stuck]:
    gone = {one.position: ", ".join(one.gone) for one in rows.without_target(session)}
    for record in outbox.parked(session):
        can = ("retry", "adopt", "skip", "redate") if record.operation == "create" else (
            "retry", "skip",
        )  # fmt: skip
        blocks = tuple(lane for lane in record.lanes if not lane.startswith("customer:"))
        problem = record.problem
        if record.position in gone:
            can = ("skip", "retry")
            problem += f"; {gone[record.position]} is gone and taken back in the books: skip it"
        yield Stuck(
            f"record:{record.position}", ExceptionKind.RECORD,
            f"{record.operation} {record.record}", blocks, record.external_id, record.event_id,
            record.since, record.attempts, problem, can,
        )  # fmt: skip
    for event in rows.stuck_events(session):
        yield Stuck(
            f"event:{event.event_id}", ExceptionKind(event.status), event.type,
            _blocks_of(event.block_id, event.waits_for), "", event.event_id, event.since, 0,
            f"{event.waits_for}: {event.detail}", ("replay", "withdraw"),
        )  # fmt: skip
    for conflict in rows.stuck_conflicts(session):
        yield Stuck(
            f"conflict:{conflict.event_id}", ExceptionKind.CONFLICT, conflict.type, (), "",
            conflict.event_id, conflict.since, conflict.times,
            f"event {conflict.event_id} came again with other content; the first stands: send a "
            "correction under a new event id, then withdraw this", ("withdraw",),
        )  # fmt: skip
    for change_id, change in changes.latest(session).items():
        if change.action is changes.Action.FOUND:
            yield Stuck(
                f"change:{change_id}", ExceptionKind.CHANGE, change.kind,
                (change.block_id,) if change.block_id else (), change.record, "", change.found_at,
                0, f"{change.detail}; `drawdown changes list`", (),
            )  # fmt: skip
    for connection in rows.stuck_connections(session):
        yield Stuck(
            f"connection:{connection.connection_id}", ExceptionKind.CONNECTION, "connection", (),
            "", "", connection.since, connection.failures,
            f"{connection.problem}; it is tried again by itself", (),
        )  # fmt: skip


def _blocks_of(block_id: str, waits_for: str) -> tuple[str, ...]:
    """Return the block of an event: its own, or the one that it waits for."""
    if block_id:
        return (block_id,)
    key, _, name = waits_for.partition(":")
    return (name,) if key in ("block", "known") and name else ()
