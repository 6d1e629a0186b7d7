"""Reading what decisions need, writing what they lead to: set-wise, in one transaction.

The same statements serve one event and thousands: every table gets one INSERT per batch, fed by
arrays. Statements go out in a pipeline, so a batch costs a few round trips whatever its size.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from psycopg import Cursor

from drawdown.core.accounts import account
from drawdown.core.block import Block, State, Step
from drawdown.core.decide.known import Known
from drawdown.core.decide.needs import Key, KeyKind
from drawdown.core.errors import StoreError
from drawdown.core.events import BlockKind, Event
from drawdown.core.plan import (
    Customer,
    Document,
    DocumentKind,
    Entry,
    Movement,
    RecordIntent,
)
from drawdown.store.codec import (
    Encoded,
    array_literal,
    decode_deposits,
    decode_event,
    decode_lines,
    encode_deposits,
    encode_intent,
    encode_lines,
)
from drawdown.store.database import Row, Session

_Keyed = TypeVar("_Keyed", Customer, Document)
_Asked = tuple[KeyKind, list[str], Cursor[Row]]

PAGE_SIZE = 1_000
"""Rows read at a time where all are wanted."""


class TenantLock(NamedTuple):
    """The tenant's row, locked until the transaction ends."""

    event_count: int
    outbox_count: int
    books_open_from: date | None
    has_held: bool


class EventRecord(NamedTuple):
    """What came of an event."""

    event_id: str
    fingerprint: bytes
    status: str
    waiting_for: str
    reason: str
    detail: str
    block_id: str


class Writing(NamedTuple):
    """Everything a batch writes.

    Attributes:
        events: New events with their encoding and status.
        settled: Events that were held before and are not (or wait for something else) now.
        blocks: New positions.
        was: Sequence of each block that existed before the batch; others are inserted.
    """

    events: Sequence[tuple[Event, Encoded, EventRecord]] = ()
    settled: Sequence[EventRecord] = ()
    blocks: Mapping[str, Block] = MappingProxyType({})
    was: Mapping[str, int] = MappingProxyType({})
    customers: Sequence[Customer] = ()
    documents: Sequence[Document] = ()
    movements: Sequence[Movement] = ()
    entries: Sequence[Entry] = ()
    intents: Sequence[RecordIntent] = ()


def lock_tenant(session: Session) -> TenantLock:
    """Lock the tenant for writing; one batch at a time.

    Raises:
        StoreError: The tenant does not exist.
    """
    return _locked(session, session.run("lock_tenant").fetchone())


def _locked(session: Session, row: Row | None) -> TenantLock:
    if row is None:
        raise StoreError(f"tenant {session.tenant_id!r} is not in the database; create it first")
    return TenantLock(*row)


def events_by_id(session: Session, event_ids: Iterable[str]) -> dict[str, EventRecord]:
    """Return what came of those events that arrived before."""
    rows = session.run("events_by_id", {"ids": array_literal(event_ids)})
    return {row[0]: EventRecord(*row) for row in rows}


def held_events(session: Session, keys: Iterable[str]) -> Iterator[tuple[str, Event]]:
    """Yield (key, event) of events that wait for one of the keys, oldest first."""
    for type_name, payload, waiting_for in session.run("held_by_key", {"ids": array_literal(keys)}):
        yield waiting_for, decode_event(type_name, payload)


_QUERY_OF: dict[KeyKind, str] = {
    "customer": "customers",
    "block": "blocks",
    "document": "documents",
    "blocks_of": "blocks_of_customers",
    "movements": "movements_of_documents",
    "purchases": "purchases_of_blocks",
    "entries": "entries_of_blocks",
}


def open_books(
    session: Session, known: Known, event_ids: Iterable[str], keys: Iterable[Key]
) -> tuple[TenantLock, dict[str, EventRecord]]:
    """Lock the tenant, look for repeats and load, all in one round trip of a pipeline.

    Returns:
        The lock, and what came of those events that arrived before.

    Raises:
        StoreError: The tenant does not exist.
    """
    locking = session.run("lock_tenant")
    finding = session.run("events_by_id", {"ids": array_literal(event_ids)})
    loading = _ask(session, keys)
    lock = _locked(session, locking.fetchone())
    _take_over(known, loading)
    return lock, {row[0]: EventRecord(*row) for row in finding}


def load(session: Session, known: Known, keys: Iterable[Key]) -> None:
    """Load what the keys name into `known`; what does not exist stays absent."""
    _take_over(known, _ask(session, keys))


def _ask(session: Session, keys: Iterable[Key]) -> list[_Asked]:
    wanted: dict[KeyKind, list[str]] = {}
    for kind, key in sorted(keys):
        wanted.setdefault(kind, []).append(key)
    return [
        (kind, ids, session.run(_QUERY_OF[kind], {"ids": array_literal(ids)}))
        for kind, ids in wanted.items()
    ]


def _take_over(known: Known, asked: Sequence[_Asked]) -> None:
    for kind, ids, cursor in asked:
        _take_rows(known, kind, ids, cursor.fetchall())


def _take_rows(known: Known, kind: KeyKind, ids: list[str], rows: list[Row]) -> None:
    if kind == "customer":
        known.customers.update((row[0], Customer(*row)) for row in rows)
    elif kind == "block":
        known.blocks.update((row[0], to_block(row)) for row in rows)
    elif kind == "blocks_of":
        for customer_id in ids:
            known.blocks_of[customer_id] = []
        for row in rows:
            known.blocks.setdefault(row[0], to_block(row))
            known.blocks_of[row[1]].append(row[0])
    elif kind == "document":
        known.documents.update((row[0], to_document(row)) for row in rows)
    elif kind == "entries":
        for row in rows:
            known.entries.setdefault((row[0], row[1]), []).append(to_entry(row))
    else:
        target = known.movements if kind == "movements" else known.purchases
        for key in ids:
            target[key] = []
        for row in rows:
            movement = to_movement(row)
            owner = movement.document_id if kind == "movements" else movement.block_id
            target[owner].append(movement)


def to_block(row: Row) -> Block:
    """Make a block of a row of the queries named blocks_*."""
    return Block(
        row[0], row[1], row[2], BlockKind(row[3]), row[4], row[5], row[6], row[7], row[8], row[9],
        frozenset(row[10]), row[11], State(row[12]), row[13], row[14], row[15], row[16], row[17],
        decode_deposits(row[18]), row[19],
    )  # fmt: skip


def to_document(row: Row) -> Document:
    """Make a document of a row of the queries named documents_*."""
    return Document(
        row[0], DocumentKind(row[1]), row[2], row[3], row[4], row[5], row[6], row[7],
        tuple(row[8]), decode_lines(row[9]), row[10],
    )  # fmt: skip


def to_movement(row: Row) -> Movement:
    """Make a movement of a row of the queries named movements_*."""
    return Movement(row[0], row[1], Step(row[2]), *row[3:])


def to_entry(row: Row) -> Entry:
    """Make an entry of a row of the queries named entries_*."""
    return Entry(
        row[0], row[1], row[2], account(row[3]), account(row[4]), row[5], row[6], row[7], row[8],
        row[9],
    )  # fmt: skip


def write(session: Session, lock: TenantLock, writing: Writing) -> TenantLock:
    """Write a batch or a part of one; the transaction is the caller's.

    In a pipeline PostgreSQL writes one table while the rows of the next are still being made. It
    refuses the batch if a block has moved since it was read: movements are numbered.

    Returns:
        The lock with its counters brought up to date.
    """
    for name, rows in _tables(lock, writing):
        if rows:
            columns = enumerate(zip(*rows, strict=True))
            session.send(name, {f"c{place}": array_literal(column) for place, column in columns})
    statuses = [record.status for _event, _encoded, record in writing.events]
    counts = {
        "events": len(statuses),
        "intents": len(writing.intents),
        "held": statuses.count("held") - sum(record.status != "held" for record in writing.settled),
    }
    session.send("count_up", counts)
    return lock._replace(
        event_count=lock.event_count + counts["events"],
        outbox_count=lock.outbox_count + counts["intents"],
    )


def _tables(lock: TenantLock, writing: Writing) -> Iterator[tuple[str, Sequence[tuple[Any, ...]]]]:
    """Yield each statement's name and rows, in an order that foreign keys allow."""
    yield "add_events", _event_rows(lock, writing)
    yield "settle_events", [_settled_row(record) for record in writing.settled]
    yield "add_customers", _latest(writing.customers)
    was = writing.was
    blocks = writing.blocks.values()
    yield "add_blocks", [_block_row(b) for b in blocks if b.block_id not in was]
    yield "move_blocks", [_position_row(b) for b in blocks if b.block_id in was]
    yield "add_documents", [_document_row(document) for document in _latest(writing.documents)]
    yield "add_movements", writing.movements
    yield "add_entries", writing.entries
    yield "add_outbox", _outbox_rows(lock, writing)


def _latest(rows: Sequence[_Keyed]) -> list[_Keyed]:
    return list({row[0]: row for row in rows}.values())


def _event_rows(lock: TenantLock, writing: Writing) -> list[tuple[Any, ...]]:
    return [
        (
            event.event_id, lock.event_count + number, encoded.type,
            "\\x" + encoded.fingerprint.hex(), encoded.payload.decode(), event.effective_at,
            record.status, record.waiting_for, record.reason, record.detail, record.block_id,
        )
        for number, (event, encoded, record) in enumerate(writing.events, 1)
    ]  # fmt: skip


def _settled_row(e: EventRecord) -> tuple[Any, ...]:
    return (e.event_id, e.status, e.waiting_for, e.reason, e.detail, e.block_id)


def _block_row(b: Block) -> tuple[Any, ...]:
    return (
        *b[:10],
        array_literal(sorted(b.item_ids)),
        *b[11:18],
        encode_deposits(b.deposits),
        b.sequence,
    )


def _position_row(b: Block) -> tuple[Any, ...]:
    return (b.block_id, *b[12:18], encode_deposits(b.deposits), b.sequence)


def _document_row(d: Document) -> tuple[Any, ...]:
    return (*d[:8], array_literal(d.block_ids), encode_lines(d.lines), d.due_minor)


def _outbox_rows(lock: TenantLock, writing: Writing) -> list[tuple[Any, ...]]:
    return [
        (
            lock.outbox_count + number, intent.external_id, intent.record, intent.operation,
            intent.event_id, array_literal(intent.lanes), encode_intent(intent),
        )
        for number, intent in enumerate(writing.intents, 1)
    ]  # fmt: skip


def due_blocks(
    session: Session, as_of: datetime, limit: int, after: Block | None = None
) -> list[Block]:
    """Return the next blocks that have something left and expire by an instant.

    Args:
        after: The last block of the page before; None for the first page.
    """
    page = {
        "as_of": as_of.astimezone(UTC),
        "limit": limit,
        "after_at": after.expires_at if after else "-infinity",
        "after_id": after.block_id if after else "",
    }
    rows = session.run("blocks_due", page)
    return [to_block(row) for row in rows]


def all_blocks(session: Session) -> Iterator[Block]:
    """Yield every block of the tenant by block id, page by page."""
    return map(to_block, _all(session, "blocks_all"))


def all_documents(session: Session) -> Iterator[Document]:
    """Yield every document of the tenant by id, page by page."""
    return map(to_document, _all(session, "documents_all"))


def _all(session: Session, query: str) -> Iterator[Row]:
    after = ""
    while True:
        rows = session.run(query, {"after": after, "limit": PAGE_SIZE}).fetchall()
        yield from rows
        if len(rows) < PAGE_SIZE:
            return
        after = rows[-1][0]


def movements_of(session: Session, block_ids: Sequence[str]) -> list[Movement]:
    """Return the movements of blocks, by block and sequence."""
    return [to_movement(row) for row in session.run("movements_of_blocks", {"ids": block_ids})]


def entries_of(session: Session, block_ids: Sequence[str]) -> list[Entry]:
    """Return the entries of blocks, by block, sequence and rule code."""
    return [to_entry(row) for row in session.run("entries_of_blocks", {"ids": block_ids})]
