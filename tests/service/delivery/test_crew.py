"""A crew posts with every slot it has and reads back together what was posted.

Whatever the ERP answers, each claim comes back once, and each slot once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event, Lock
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from drawdown.core.errors import (
    ErpError,
    ErpRefusedError,
    ErpThrottledError,
    ErpUnavailableError,
    ErpUnknownError,
)
from drawdown.core.observed import Posted
from drawdown.core.plan import RecordIntent
from drawdown.service.delivery import Claim, Outcome, Result
from drawdown.service.delivery.crew import VERIFY_ROWS_MAX, Crew
from tests.erp.conftest import deposit

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
ERRORS: dict[str, Callable[[], Exception]] = {
    "refused": lambda: ErpRefusedError("no"),
    "away": lambda: ErpUnavailableError("away"),
    "throttled": lambda: ErpThrottledError("busy"),
    "unknown": lambda: ErpUnknownError("lost"),
    "fault": lambda: ZeroDivisionError("ours"),
}


class Answering:
    """An ERP that answers as it is told, by external id; `gate` holds its posts."""

    def __init__(self, posts: dict[str, str], reads: dict[str, str] | None = None) -> None:
        self.posts = posts
        self.reads = reads or {}
        self.gate = Event()
        self.posted: list[str] = []
        self.read: list[list[str]] = []
        self._lock = Lock()

    def post(self, intent: RecordIntent) -> Posted:
        self.gate.wait()
        name = intent.external_id
        with self._lock:
            self.posted.append(name)
        answer = self.posts.get(name, "posted")
        if answer in ERRORS:
            error = ERRORS[answer]()
            raise error
        is_verified = answer == "adopted"
        return Posted(name, "1", "", "", is_adopted=is_verified, is_verified=is_verified)

    def read_back(self, intents: Sequence[RecordIntent]) -> tuple[Posted | ErpError, ...]:
        names = [one.external_id for one in intents]
        with self._lock:
            self.read.append(names)
        if "*" in self.reads:
            error = ERRORS[self.reads["*"]]()
            raise error
        found: list[Posted | ErpError] = []
        for name in names:
            made = ERRORS[self.reads[name]]() if name in self.reads else None
            assert made is None or isinstance(made, ErpError)
            found.append(made or Posted(name, "1", "N1", "Jun 2026", is_adopted=False))
        return tuple(found)


def claims(count: int, slots: int, tenants: Sequence[str] = ("acme",)) -> list[Claim]:
    """Make claims of one connection, the first of them with a slot."""
    return [
        Claim(
            tenants[number % len(tenants)], number, f"r{number}", "erp",
            number + 1 if number < slots else 0, 1, 1, NOW, _intent(number),
        )
        for number in range(count)
    ]  # fmt: skip


def _intent(number: int) -> RecordIntent:
    return replace(deposit(f"B{number}"), external_id=f"r{number}")


def perform(erps: Any, work: Sequence[Claim], size: int = 8) -> tuple[list[Result], list[Claim]]:
    """Let a crew perform claims that all are there before the first is answered."""
    with Crew(erps, size) as crew:
        crew.begin(work)
        for erp in erps.values():
            erp.gate.set()
        results: list[Result] = []
        while crew.pending:
            results += crew.gather(1)
        results += crew.gather(0)
        return results, crew.stranded()


def outcomes(results: Sequence[Result]) -> dict[str, Outcome]:
    assert len({one.claim.external_id for one in results}) == len(results)
    return {one.claim.external_id: one.outcome for one in results}


def test_what_one_slot_posts_is_read_back_by_one_call() -> None:
    erp = Answering({})

    results, _ = perform({"acme": erp}, claims(12, slots=1))

    assert set(outcomes(results).values()) == {Outcome.DELIVERED}
    assert len(results) == 12
    assert erp.read == [[f"r{number}" for number in range(12)]]
    assert all(one.posted is not None and one.posted.number == "N1" for one in results)


def test_no_record_waits_for_more_than_so_many() -> None:
    erp = Answering({})

    perform({"acme": erp}, claims(VERIFY_ROWS_MAX * 2 + 3, slots=1))

    assert [len(names) for names in erp.read] == [VERIFY_ROWS_MAX, VERIFY_ROWS_MAX, 3]


def test_only_what_differs_is_refused() -> None:
    erp = Answering({}, {"r1": "refused", "r2": "away"})

    results, _ = perform({"acme": erp}, claims(4, slots=1))

    assert outcomes(results) == {
        "r0": Outcome.DELIVERED, "r1": Outcome.REFUSED, "r2": Outcome.UNAVAILABLE,
        "r3": Outcome.DELIVERED,
    }  # fmt: skip


def test_what_was_adopted_is_not_read_again() -> None:
    erp = Answering({"r0": "adopted", "r1": "refused"})

    results, _ = perform({"acme": erp}, claims(3, slots=1))

    assert outcomes(results)["r0"] is Outcome.ADOPTED
    assert outcomes(results)["r1"] is Outcome.REFUSED
    assert erp.read == [["r2"]]


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("away", Outcome.UNAVAILABLE),
        ("throttled", Outcome.THROTTLED),
        ("fault", Outcome.REFUSED),
    ],
)
def test_a_reading_that_fails_leaves_each_record_to_be_met_again(
    error: str, outcome: Outcome
) -> None:
    erp = Answering({}, {"*": error})

    results, _ = perform({"acme": erp}, claims(5, slots=1))

    assert outcomes(results) == {f"r{number}": outcome for number in range(5)}


def test_when_the_erp_goes_away_what_was_posted_is_met_again() -> None:
    erp = Answering({"r2": "away"})

    results, stranded = perform({"acme": erp}, claims(5, slots=1))

    assert outcomes(results) == {f"r{number}": Outcome.UNAVAILABLE for number in range(3)}
    assert [one.external_id for one in stranded] == ["r3", "r4"]
    assert erp.read == []


def test_tenants_of_one_connection_are_read_back_apart() -> None:
    erps = {"acme": Answering({}), "beta": Answering({})}

    results, _ = perform(erps, claims(6, slots=1, tenants=("acme", "beta")))

    assert set(outcomes(results).values()) == {Outcome.DELIVERED}
    assert erps["acme"].read == [["r0", "r2", "r4"]]
    assert erps["beta"].read == [["r1", "r3", "r5"]]


answers = st.sampled_from(["posted", "posted", "posted", "adopted", *ERRORS])


@settings(max_examples=120, deadline=None)
@given(
    posts=st.lists(answers, min_size=1, max_size=25),
    reads=st.dictionaries(st.integers(0, 24), st.sampled_from(["refused", "away", "unknown"])),
    fails=st.sampled_from(["", "", "", "away", "fault"]),
    slots=st.integers(1, 6),
)
def test_each_claim_and_each_slot_comes_back_once(
    posts: list[str], reads: dict[int, str], fails: str, slots: int
) -> None:
    """By any number of threads at once, whatever is answered."""
    named = {f"r{number}": error for number, error in reads.items()}
    erp = Answering(
        {f"r{number}": answer for number, answer in enumerate(posts)},
        {**named, **({"*": fails} if fails else {})},
    )
    work = claims(len(posts), slots)

    results, stranded = perform({"acme": erp}, work)

    back = [one.claim.external_id for one in results] + [one.external_id for one in stranded]
    assert Counter(back) == Counter(one.external_id for one in work)
    slots_back = [one.claim.slot for one in results if one.claim.slot]
    assert sorted(slots_back) == [one.slot for one in work if one.slot]
    assert all(not one.slot for one in stranded)
    assert len(erp.posted) == len(set(erp.posted)) == len(results)
    done = [one for one in results if one.outcome.is_done]
    assert all(one.posted is not None and one.posted.is_verified for one in done)
