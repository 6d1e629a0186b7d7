"""The checker finds what it is there to find: the product is broken on purpose, a seed shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

import pytest

from drawdown.core.errors import ErpUnavailableError, ErpUnknownError
from drawdown.core.observed import Posted
from drawdown.core.plan import RecordIntent
from drawdown.core.summaries import combine
from drawdown.erp.netsuite import encode
from drawdown.erp.netsuite.gateway import NetSuite
from drawdown.service import ingest as ingesting, summaries
from drawdown.service.exceptions import redating
from drawdown.service.watch import cycle
from drawdown.simulation.company import Kitchen
from drawdown.simulation.run import run_seed
from drawdown.store import named_queries

SEEDS_MAX = 300


@pytest.fixture(scope="module")
def kitchen(database_url: str) -> Iterator[Kitchen]:
    opened = Kitchen(database_url)
    yield opened
    opened.close()


def _retry_under_another_id(self: NetSuite, intent: RecordIntent) -> Posted:
    """Post again after a lost answer, as if the first had not arrived."""
    name = intent.external_id
    for attempt in range(5):
        request = encode.create(intent, self.directory)
        body = request.body.replace(name.encode(), f"{name}{'x' * attempt}".encode())
        try:
            answer = self.transport.send(request._replace(body=body))
        except (ErpUnknownError, ErpUnavailableError):
            continue
        return Posted(name, answer.internal_id, "", "", is_adopted=False)
    raise ErpUnavailableError("tried enough")


def _taken_for_done(self: NetSuite, intent: RecordIntent) -> Posted:
    """Take a lost answer for a success."""
    try:
        answer = self.transport.send(encode.create(intent, self.directory))
    except ErpUnknownError:
        return Posted(intent.external_id, "", "", "", is_adopted=False)
    return Posted(intent.external_id, answer.internal_id, "", "", is_adopted=False)


def _retrying_under_another_id(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(NetSuite, "_create", _retry_under_another_id)


def _taking_lost_for_done(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(NetSuite, "_create", _taken_for_done)


def _rewritten(patch: pytest.MonkeyPatch, name: str, old: str, new: str) -> None:
    queries: Mapping[str, str] = named_queries._queries()
    assert old in queries[name]
    patch.setitem(queries, name, queries[name].replace(old, new))


def _taking_in_twice(patch: pytest.MonkeyPatch) -> None:
    """Nobody looks whether an event has arrived before."""
    _rewritten(patch, "events_by_id", "event_id = ANY", "FALSE AND event_id = ANY")
    queries = named_queries._queries()
    text = f"{queries['add_events']}\nON CONFLICT DO NOTHING"
    patch.setitem(queries, "add_events", text)


def _answering_without_writing(patch: pytest.MonkeyPatch) -> None:
    """Facts are answered, and nothing is written."""
    patch.setattr(ingesting, "write", lambda _session, lock, _writing: lock)


def _ignoring_the_order_of_lanes(patch: pytest.MonkeyPatch) -> None:
    """Rows are claimed although earlier ones of their lanes are not delivered."""
    _rewritten(patch, "claim_rows", "o.blockers = 0", "o.blockers >= 0")
    _rewritten(patch, "lock_connections", "o.blockers = 0", "o.blockers >= 0")


def _adopting_anything(patch: pytest.MonkeyPatch) -> None:
    """Whatever bears our external id is taken for ours."""
    patch.setattr(NetSuite, "_check", lambda *_: None)


def _leaving_moved_periods(patch: pytest.MonkeyPatch) -> None:
    """The period that was read back is not looked at."""
    patch.setattr(redating, "_take_over_moved", lambda *_: 0)


def _summing_up_the_first_only(patch: pytest.MonkeyPatch) -> None:
    """A summary leaves out all but the first of its members."""
    patch.setattr(summaries, "combine", lambda key, name, all_: combine(key, name, all_[:1]))


def _watching_without_overlap(patch: pytest.MonkeyPatch) -> None:
    """The cursor trusts that what is dated earlier was visible earlier."""
    patch.setattr(cycle, "OVERLAP", timedelta(0))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("mutate", "kinds"),
    [
        (_retrying_under_another_id, {"duplicated"}),
        (_taking_lost_for_done, {"lost", "violation"}),
        (_taking_in_twice, {"duplicated", "lost", "violation"}),
        (_answering_without_writing, {"lost"}),
        (_ignoring_the_order_of_lanes, {"lost", "duplicated", "violation"}),
        (_adopting_anything, {"lost", "violation"}),
        (_leaving_moved_periods, {"violation"}),
        (_summing_up_the_first_only, {"violation"}),
        (_watching_without_overlap, {"lost"}),
    ],
)
def test_a_broken_product_is_found_out(
    kitchen: Kitchen,
    monkeypatch: pytest.MonkeyPatch,
    mutate: Callable[[pytest.MonkeyPatch], None],
    kinds: set[str],
) -> None:
    """Within a few hundred seeds at most; the same seed finds nothing in the product as it is."""
    with monkeypatch.context() as patch:
        mutate(patch)
        for seed in range(50_000, 50_000 + SEEDS_MAX):
            found = run_seed(kitchen, seed).findings
            if kinds & {finding.kind for finding in found}:
                break
        else:
            pytest.fail(f"{mutate.__name__}: nothing found in {SEEDS_MAX} seeds")
    assert run_seed(kitchen, seed).findings == ()
