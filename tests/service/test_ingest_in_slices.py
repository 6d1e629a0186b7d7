"""A batch is written in slices while it is being decided: the books must not show it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings, strategies as st

from drawdown.core.errors import StoreError
from drawdown.core.events import (
    BlockKind,
    BlockTerms,
    CreditMemo,
    CustomerChanged,
    Event,
    InvoiceLine,
    LineKind,
    PurchaseInvoice,
    SalesOrder,
    UsageInvoice,
)
from drawdown.core.policy import Policy
from drawdown.service.ingest import SLICE_SIZE, Answer, ingest
from drawdown.store.codec import array_literal, encode_event
from drawdown.store.database import Database, Session
from drawdown.store.embedded import temporary_server
from drawdown.store.ledger import EventRecord, Writing, all_blocks, lock_tenant, movements_of, write

AT = datetime(2026, 1, 15, tzinfo=UTC)
TABLES = {
    "tenant": "tenant_id",
    "event": "position",
    "customer": "customer_id",
    "block": "block_id",
    "document": "document_id",
    "movement": "block_id, sequence",
    "entry": "block_id, sequence, code",
    "outbox": "position",
}
EVENTS = SLICE_SIZE * 5 // 2


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with temporary_server(fsync=False) as url:
        yield url


@pytest.fixture
def urls(server: str) -> list[str]:
    """Two empty databases; the tenant has the same name in both, so record ids are the same."""
    names = ("at_once", "one_by_one")
    with psycopg.connect(server, autocommit=True) as owner:
        for name in names:
            owner.execute(f"DROP DATABASE IF EXISTS {name}")
            owner.execute(f"CREATE DATABASE {name}")
    urls = [server.replace("/drawdown?", f"/{name}?") for name in names]
    for url in urls:
        Database(url).migrate()
        with Database(url).session("ten_1") as session:
            session.run("add_tenant", {"policy": "{}"})
    return urls


def customer() -> Event:
    return CustomerChanged("e-c", AT, "C1", 'Customer "one", \\ and {others}', "USD")


def order(credits_: int = 1000) -> Event:
    block = BlockTerms(
        "B1",
        BlockKind.PURCHASED,
        credits_ * 100,
        Decimal(credits_),
        1,
        AT,
        AT + timedelta(days=90),
        (),
    )
    return SalesOrder("e-s", AT, AT.date(), "S1", "C1", "USD", Decimal(1), (block,))


def purchase() -> Event:
    return PurchaseInvoice("e-p", AT, AT.date(), "P1", "S1", (), ())


def usage(number: int) -> Event:
    at = AT + timedelta(hours=1, seconds=number)
    line = InvoiceLine("1", "tokens", LineKind.USAGE, Decimal(number % 7 + 1) / 8, None, "B1")
    return UsageInvoice(
        f"e-u{number}", at, at.date(), f"U{number}", "C1", "USD", None, (line,)
    )  # fmt: skip


def credit(number: int) -> Event:
    at = AT + timedelta(days=1, seconds=number)
    return CreditMemo(f"e-m{number}", at, at.date(), f"M{number}", f"U{number}", ())


def books(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table, but for the clock's."""
    with psycopg.connect(url) as owner:
        owner.execute("SET timezone TO 'UTC'")
        return {
            table: owner.execute(
                "SELECT to_jsonb(t) - '{recorded_at,entered_at,settled_at}'::text[] "
                f"FROM drawdown.{table} AS t ORDER BY {order_}"
            ).fetchall()
            for table, order_ in TABLES.items()
        }


def take_in(url: str, *batches: list[Event]) -> list[Answer]:
    with Database(url).session("ten_1") as session:
        return [answer for batch in batches for answer in ingest(session, batch, Policy())]


IN_ORDER = [customer(), order(), purchase(), *map(usage, range(EVENTS))]
CREDITED_AT_ONCE = [*IN_ORDER, *map(credit, range(0, EVENTS, 3))]
# The purchase comes after more usage than a slice holds: what is stored as held goes on.
LATE_PURCHASE = [customer(), *map(usage, range(EVENTS)), order(), purchase(), usage(EVENTS)]
LATE_CUSTOMER = [*map(usage, range(EVENTS)), order(), purchase(), customer(), credit(0)]
OVERDRAWN = [customer(), order(60), purchase(), *map(usage, range(EVENTS))]


@pytest.mark.parametrize(
    "events",
    [IN_ORDER, CREDITED_AT_ONCE, LATE_PURCHASE, LATE_CUSTOMER, OVERDRAWN],
    ids=["in order", "credited", "late purchase", "late customer", "overdrawn"],
)
def test_slices_leave_the_same_books_as_single_events(urls: list[str], events: list[Event]) -> None:
    take_in(urls[0], events)
    take_in(urls[1], *([event] for event in events))
    at_once, one_by_one = books(urls[0]), books(urls[1])
    for table in TABLES:
        assert at_once[table] == one_by_one[table], table


def test_what_one_call_holds_the_next_one_releases(urls: list[str]) -> None:
    early = [usage(number) for number in range(EVENTS)]
    assert {answer.status for answer in take_in(urls[0], early)} == {"held"}
    take_in(urls[0], [customer(), order()])
    again = take_in(urls[0], [purchase(), *early])
    assert {answer.status for answer in again} == {"accepted"}
    assert [answer.is_repeat for answer in again] == [False] + [True] * EVENTS
    (tenant,) = books(urls[0])["tenant"]
    assert tenant[0] | {"held_count": 0, "event_count": EVENTS + 3} == tenant[0]


def test_what_another_writer_holds_meanwhile_is_seen_after_the_wait(urls: list[str]) -> None:
    """The second writer asks for the books while the first one's fact is not committed yet."""
    take_in(urls[0], [customer(), order()])
    early, answers = usage(0), list[Answer]()
    held = EventRecord(early.event_id, b"", "held", "block:B1", "", "not purchased yet", "")
    encoded = encode_event(early)
    second = threading.Thread(target=lambda: answers.extend(take_in(urls[0], [purchase()])))
    with Database(urls[0]).session("ten_1") as first, psycopg.connect(urls[0]) as watcher:
        with first.transaction():
            facts = [(early, encoded, held)]
            write(first, lock_tenant(first), Writing(events=facts))
            second.start()
            while not watcher.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
                assert second.is_alive()  # it cannot end before the first one does
        second.join()
        assert [answer.status for answer in answers] == ["accepted"]
        (again,) = ingest(first, [early], Policy())
    assert (again.status, again.is_repeat) == ("accepted", True)


def test_repeats_within_a_batch_know_what_a_later_slice_released(urls: list[str]) -> None:
    first, last = usage(0), usage(EVENTS)
    events = [*map(usage, range(EVENTS)), customer(), order(), purchase(), first, last, last]
    answers = take_in(urls[0], events)
    assert [(answer.status, answer.is_repeat) for answer in answers[-3:]] == [
        ("accepted", True),
        ("accepted", False),
        ("accepted", True),
    ]


def test_a_writer_that_saw_an_older_position_is_refused(urls: list[str]) -> None:
    take_in(urls[0], IN_ORDER[:4])
    before = books(urls[0])
    with Database(urls[0]).session("ten_1") as session:
        (block,) = all_blocks(session)
        last = movements_of(session, ["B1"])[-1]
        moved = {"B1": block._replace(used_minor=block.used_minor + 1)}
        writing = Writing(blocks=moved, was={"B1": block.sequence - 1}, movements=(last,))
        with (
            pytest.raises(StoreError, match="movement_pkey"),
            session.pipelined_transaction(),
        ):
            write(session, lock_tenant(session), writing)
        assert books(urls[0]) == before
        (answer,) = ingest(session, [usage(1)], Policy())  # the session goes on
        assert answer.status == "accepted"


@pytest.fixture(scope="module")
def session(server: str) -> Iterator[Session]:
    Database(server).migrate()
    with Database(server).session("ten_1") as opened:
        yield opened


def read_back(session: Session, literal: str, kind: str) -> list[object]:
    row = session.connection.execute(f"SELECT %s::{kind}[]", (literal,)).fetchone()
    assert row is not None
    found: list[object] = row[0]
    return found


@settings(deadline=None)
@given(texts=st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"))))
def test_any_texts_survive_an_array_literal(session: Session, texts: list[str]) -> None:
    assert read_back(session, array_literal(texts), "text") == texts


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1, None, -3], "bigint"),
        ([None], "date"),
        ([Decimal("1E+3"), Decimal("0.000000000001")], "numeric"),
        ([True, False], "boolean"),
        ([AT, None, AT + timedelta(microseconds=1)], "timestamptz"),
        (["NULL", "", "a,b", "{}", '"', "\\", " x "], "text"),
    ],
)
def test_values_survive_an_array_literal(session: Session, values: list[object], kind: str) -> None:
    assert read_back(session, array_literal(values), kind) == values


def test_what_postgresql_cannot_store_is_refused(session: Session) -> None:
    with pytest.raises(StoreError, match="NUL"):
        array_literal(["a\0b", "c"])
