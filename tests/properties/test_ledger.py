"""One by one, as one batch, or in any slices: the same stream gives the same tables."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from drawdown.core.block import Block
from drawdown.core.checks import CHECKS, violations
from drawdown.core.events import Event
from drawdown.core.plan import Entry, RecordIntent
from drawdown.core.policy import Policy
from drawdown.service import ingest as service
from drawdown.service.ingest import Answer, ingest
from drawdown.store.codec import decode_intent
from drawdown.store.database import Database, Session
from drawdown.store.ledger import all_blocks, entries_of, movements_of
from tests.cases.books import Books
from tests.cases.tables import contents
from tests.properties.lives import EFFORT, changed, lives, policies

SLICE_SIZE = 3


class Ledger(NamedTuple):
    """One of the databases that must agree."""

    url: str
    database: Database


@pytest.fixture(scope="module")
def ledgers(new_database: Callable[[], str]) -> list[Ledger]:
    made = []
    for _ in range(3):
        url = new_database()
        Database(url).migrate()
        made.append(Ledger(url, Database(url)))
    return made


def one_by_one(events: Sequence[Event], _cuts: list[int]) -> Iterator[Sequence[Event]]:
    for event in events:
        yield [event]


def as_one(events: Sequence[Event], _cuts: list[int]) -> Iterator[Sequence[Event]]:
    yield events


def in_parts(events: Sequence[Event], cuts: list[int]) -> Iterator[Sequence[Event]]:
    places = sorted({0, len(events), *(min(cut, len(events)) for cut in cuts)})
    for first, last in itertools.pairwise(places):
        yield events[first:last]


@settings(
    max_examples=40 * EFFORT,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)
@given(
    lives(events_max=20),
    policies,
    st.lists(st.integers(0, 40), max_size=4),
    st.sets(st.integers(0, 30), max_size=2),
)
def test_the_books_do_not_depend_on_how_events_are_cut(
    ledgers: list[Ledger],
    new_tenant: Callable[..., str],
    stream: list[Event],
    policy: Policy,
    cuts: list[int],
    wrong: set[int],
) -> None:
    """Events, blocks, movements, entries, documents, outbox: row by row, and as in memory."""
    seen: set[str] = set()
    for place, event in enumerate(stream):
        if event.event_id in seen and place in wrong:
            stream[place] = changed(event)  # a conflict: the first stands
        seen.add(event.event_id)
    tenant_id = new_tenant(*(ledger.database for ledger in ledgers))
    tables = []
    for ledger, cut in zip(ledgers, (one_by_one, as_one, in_parts), strict=True):
        with ledger.database.session(tenant_id) as session, pytest.MonkeyPatch.context() as patch:
            patch.setattr(service, "SLICE_SIZE", SLICE_SIZE)
            session.run("set_books_open_from", {"day": policy.books_open_from})
            answers = [a for part in cut(stream, cuts) for a in ingest(session, part, policy)]
            assert [answer.event_id for answer in answers] == [e.event_id for e in stream]
            _conflicts_are_told(answers, stream)
            tables.append(contents(ledger.url, tenant_id))
            _agrees_with_memory(session, stream, policy)
    assert tables[0] == tables[1]
    assert tables[0] == tables[2]


def _conflicts_are_told(answers: list[Answer], stream: list[Event]) -> None:
    first: dict[str, Event] = {}
    for answer, event in zip(answers, stream, strict=True):
        assert answer.is_repeat == (event.event_id in first)
        is_same = first.setdefault(event.event_id, event) == event
        assert (answer.status == "conflict") == (not is_same)


def _agrees_with_memory(session: Session, stream: list[Event], policy: Policy) -> None:
    """Compare the stored books with those that the same decisions give without a database."""
    books = Books(policy, session.tenant_id)
    for event in stream:
        if event.event_id not in books.outcomes:
            books.take(event)
    blocks = list(all_blocks(session))
    assert {block.block_id: block for block in blocks} == books.known.blocks
    ids = [block.block_id for block in blocks]
    stored = entries_of(session, ids)
    assert sorted(stored) == sorted(books.entries)
    assert sorted(movements_of(session, ids)) == sorted(books.movements)
    assert _outbox(session) == books.intents
    for block in blocks:
        assert _problems(block, stored) == []


def _outbox(session: Session) -> list[RecordIntent]:
    rows = session.run("outbox_window", {"limit": 10_000})
    return [decode_intent(row[-1]) for row in rows]


def _problems(block: Block, entries: list[Entry]) -> list[str]:
    own = [entry for entry in entries if entry.block_id == block.block_id]
    return violations(block, own, CHECKS)
