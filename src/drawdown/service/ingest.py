"""Taking billing facts in: deduplicate, load, decide, write; one transaction for a batch.

A batch of one and a batch of thousands run the same code. Whatever an event leads to is written
with the event itself or not at all, so a crash at any point loses nothing and repeats nothing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from drawdown.core.block import Block
from drawdown.core.decide import expiry_of
from drawdown.core.decide.batch import Decided, Held, decide_in_order
from drawdown.core.decide.known import Known
from drawdown.core.decide.needs import Key, may_provide, needs
from drawdown.core.events import Clock, Event
from drawdown.core.plan import Hold, PostingPlan
from drawdown.core.policy import Policy
from drawdown.service.summaries import last_ended_day, post_summaries, route
from drawdown.store import exceptions
from drawdown.store.codec import Encoded, encode_event
from drawdown.store.database import Session
from drawdown.store.ledger import (
    EventRecord,
    TenantLock,
    Writing,
    due_blocks,
    events_by_id,
    held_events,
    load,
    lock_tenant,
    open_books,
    write,
)

BATCH_SIZE = 1_000
"""Events that share a transaction in bulk."""
SLICE_SIZE = 100
"""Accepted events of a batch that are written together."""


class Answer(NamedTuple):
    """What came of one event.

    Attributes:
        status: accepted, held, refused, or conflict (same id, other content: the first stands).
        reason: Name of the refusal, or what a held event waits for.
        detail: What happened, on which block, and what to do; empty if accepted.
        is_repeat: The same fact had arrived before; nothing was done now.
    """

    event_id: str
    status: str
    reason: str
    detail: str
    block_id: str
    is_repeat: bool


def ingest(session: Session, events: Sequence[Event], policy: Policy) -> list[Answer]:
    """Take in events in their order; all of them in one transaction, clocks apart.

    Args:
        session: Of the tenant; no transaction may be open.
        events: Any number; a caller with a long stream passes slices of `BATCH_SIZE`.

    Returns:
        One answer per event, in the same order. Held events of this call that went on within it
        are answered as they ended.

    Raises:
        StoreError: The database refused; nothing of the current batch was written.
    """
    answers: list[Answer] = []
    for part in _split_at_clocks(events):
        if isinstance(part[0], Clock):
            answers.append(_tick(session, part[0], policy))
        else:
            answers.extend(_ingest_batch(session, part, policy))
    return answers


def expire(session: Session, as_of: datetime, policy: Policy) -> int:
    """Expire every block that is due by an instant; return how many.

    May be run again at any time: what has expired is not due any more. A crash half way leaves
    whole blocks expired and the rest for the next run.
    """
    count = 0
    last: Block | None = None
    # Page by page, because blocks whose period is closed stay due and come first.
    while blocks := due_blocks(session, as_of, BATCH_SIZE, last):
        answers = _ingest_batch(session, [expiry_of(block) for block in blocks], policy)
        count += sum(answer.status == "accepted" and not answer.is_repeat for answer in answers)
        last = blocks[-1]
    return count


def resume_held(session: Session, key: str, policy: Policy) -> int:
    """Decide events again that wait for something outside the stream, such as an open period.

    Returns:
        How many are not held any more.
    """
    with session.pipelined_transaction():
        lock = lock_tenant(session)
        waiting = [event for _key, event in held_events(session, [key])]
        if not waiting:
            return 0
        batch = _Batch(session, lock, _effective(policy, lock), Known(session.tenant_id), set())
        batch.decide(waiting, already_held=True)
        return sum(record.status != "held" for record in batch.records.values())


def replay(session: Session, event_ids: Sequence[str], policy: Policy) -> list[Answer]:
    """Decide held and refused events again, with today's policy and what is known today.

    Returns:
        One answer for each event that was held or refused, in the order in which they had come.
    """
    with session.pipelined_transaction():
        lock = lock_tenant(session)
        again = exceptions.hold_refused(session, event_ids)
        session.run("count_up", {"events": 0, "intents": 0, "held": len(again)})
        waiting = exceptions.held_by_id(session, event_ids)
        if not waiting:
            return []
        batch = _Batch(
            session, lock._replace(has_held=True), _effective(policy, lock),
            Known(session.tenant_id), set(),
        )  # fmt: skip
        batch.decide(waiting, already_held=True)
    return [_answer(batch.records[event.event_id]) for event in waiting]


def _split_at_clocks(events: Sequence[Event]) -> Iterator[list[Event]]:
    part: list[Event] = []
    for event in events:
        if isinstance(event, Clock):
            if part:
                yield part
            yield [event]
            part = []
        else:
            part.append(event)
    if part:
        yield part


def _tick(session: Session, clock: Clock, policy: Policy) -> Answer:
    """Expire what is due, post what has been summed up, then record the clock.

    In that order, so that a crash repeats it.
    """
    encoded = encode_event(clock)
    earlier = events_by_id(session, [clock.event_id]).get(clock.event_id)
    if earlier is not None:
        return _repeat(earlier, encoded)
    expire(session, clock.effective_at, policy)
    post_summaries(session, last_ended_day(policy, clock.effective_at))
    record = EventRecord(clock.event_id, encoded.fingerprint, "accepted", "", "", "", "")
    with session.transaction():
        lock = lock_tenant(session)
        earlier = events_by_id(session, [clock.event_id]).get(clock.event_id)
        if earlier is not None:
            return _repeat(earlier, encoded)
        write(session, lock, Writing(events=[(clock, encoded, record)]))
    return _answer(record)


def _ingest_batch(session: Session, events: Sequence[Event], policy: Policy) -> list[Answer]:
    with session.pipelined_transaction():
        return ingest_within(session, events, policy)


def ingest_within(session: Session, events: Sequence[Event], policy: Policy) -> list[Answer]:
    """Take in events as a part of the caller's pipelined transaction.

    Args:
        events: No clocks among them: those expire blocks in transactions of their own.
    """
    known = Known(session.tenant_id)
    asked = {key for event in events for key in needs(event, known)}
    lock, earlier = open_books(session, known, [event.event_id for event in events], asked)
    batch = _Batch(session, lock, _effective(policy, lock), known, asked)
    fresh: dict[str, Event] = {}
    repeats: dict[int, Event] = {}
    for place, event in enumerate(events):
        if event.event_id in earlier or event.event_id in fresh:
            repeats[place] = event
        else:
            fresh[event.event_id] = event
    if fresh:
        batch.decide(list(fresh.values()))
    records = batch.records
    for event_id, record in earlier.items():
        # A held event that this batch let go: its own content stands, its status is new.
        now = records.get(event_id, record)
        records[event_id] = now._replace(fingerprint=record.fingerprint)
    repeated = {place: encode_event(event) for place, event in repeats.items()}
    answers = [
        _repeat(records[event.event_id], repeated[place])
        if place in repeats
        else _answer(records[event.event_id])
        for place, event in enumerate(events)
    ]
    conflicts = [
        (answers[place].event_id, encoded)
        for place, encoded in repeated.items()
        if answers[place].status == "conflict"
    ]
    if conflicts:
        with session.transaction():
            exceptions.add_conflicts(session, conflicts)
    return answers


def _effective(policy: Policy, lock: TenantLock) -> Policy:
    if lock.books_open_from == policy.books_open_from:
        return policy
    return dataclasses.replace(policy, books_open_from=lock.books_open_from)


class _Batch:
    """One batch on its way through load, decide and write.

    Attributes:
        records: What came of every event decided, as far as it has come.
    """

    def __init__(
        self, session: Session, lock: TenantLock, policy: Policy, known: Known, asked: set[Key]
    ) -> None:
        self.records: dict[str, EventRecord] = {}
        self._session = session
        self._lock = lock
        self._policy = policy
        self._known = known
        self._asked = asked
        self._held: Held = {}
        self._stored_held: set[str] = set()
        self._was: dict[str, int] = {}
        self._slice = _Slice()

    def decide(self, events: list[Event], *, already_held: bool = False) -> None:
        """Load what the events need, decide them in order, and write slice by slice.

        PostgreSQL writes a slice while the next one is being decided. It is one transaction, so
        the books are the same as without slices.
        """
        self._load(events)
        self._was = {block_id: block.sequence for block_id, block in self._known.blocks.items()}
        self._stored_held = {event.event_id for held in self._held.values() for event in held}
        if already_held:
            self._stored_held.update(event.event_id for event in events)
        for decided in decide_in_order(events, self._known, self._policy, self._held):
            self._take(decided)
            if len(self._slice.plans) >= SLICE_SIZE:
                self._write()
        self._write()

    def _take(self, decided: Decided) -> None:
        event = decided.event
        if event.event_id in self._stored_held:
            stored = self.records.get(event.event_id)  # None: stored before this batch
            record = _record(decided, stored.fingerprint if stored else b"")
            self._slice.settled[event.event_id] = record
        else:
            encoded = encode_event(event)
            record = _record(decided, encoded.fingerprint)
            self._slice.events[event.event_id] = (event, encoded, record)
        self.records[event.event_id] = record
        if isinstance(decided.outcome, PostingPlan):
            self._slice.plans.append(decided.outcome)

    def _load(self, events: list[Event]) -> None:
        """Load for the events, and for the held events that these may set going."""
        everything = list(events)
        seen_keys: set[str] = set()
        while True:
            self._load_needs(everything)
            if not self._lock.has_held:
                return
            keys = {
                key
                for event in everything
                for key in may_provide(event, self._known)
                if key not in seen_keys
            }
            if not keys:
                return
            seen_keys |= keys
            for key, event in held_events(self._session, keys):
                self._held.setdefault(key, []).append(event)
                everything.append(event)

    def _load_needs(self, events: list[Event]) -> None:
        while True:
            missing = {key for event in events for key in needs(event, self._known)} - self._asked
            if not missing:
                return
            self._asked |= missing
            load(self._session, self._known, missing)

    def _write(self) -> None:
        """Write what was decided since the last time."""
        done, self._slice = self._slice, _Slice()
        plans = done.plans
        blocks = {
            block_id: self._known.blocks[block_id] for plan in plans for block_id in plan.blocks
        }
        self._lock = write(
            self._session,
            self._lock,
            Writing(
                list(done.events.values()),
                list(done.settled.values()),
                blocks,
                self._was,
                [customer for plan in plans for customer in plan.customers],
                [document for plan in plans for document in plan.documents],
                [movement for plan in plans for movement in plan.movements],
                [entry for plan in plans for entry in plan.entries],
                route(
                    self._session,
                    [intent for plan in plans for intent in plan.intents],
                    self._policy,
                ),
            ),
        )
        self._was.update((block_id, block.sequence) for block_id, block in blocks.items())
        self._stored_held.update(
            event_id for event_id, row in done.events.items() if row[2].status == "held"
        )


class _Slice:
    """What was decided and is not written yet."""

    def __init__(self) -> None:
        self.events: dict[str, tuple[Event, Encoded, EventRecord]] = {}
        self.settled: dict[str, EventRecord] = {}
        self.plans: list[PostingPlan] = []


def _record(decided: Decided, fingerprint: bytes) -> EventRecord:
    event_id = decided.event.event_id
    outcome = decided.outcome
    if isinstance(outcome, PostingPlan):
        return EventRecord(event_id, fingerprint, "accepted", "", "", "", "")
    if isinstance(outcome, Hold):
        return EventRecord(
            event_id, fingerprint, "held", outcome.waiting_for, "", outcome.detail, ""
        )
    return EventRecord(
        event_id, fingerprint, "refused", "", outcome.reason.name.lower(), outcome.detail,
        outcome.block_id,
    )  # fmt: skip


def _answer(record: EventRecord, *, is_repeat: bool = False) -> Answer:
    return Answer(
        record.event_id, record.status, record.reason or record.waiting_for, record.detail,
        record.block_id, is_repeat,
    )  # fmt: skip


def _repeat(record: EventRecord, encoded: Encoded) -> Answer:
    if record.fingerprint == encoded.fingerprint:
        return _answer(record, is_repeat=True)
    return Answer(
        record.event_id,
        "conflict",
        "event_conflict",
        f"event {record.event_id} was received before with other content and is "
        f"{record.status}; the first stands: send the correction under a new event id",
        record.block_id,
        is_repeat=True,
    )
