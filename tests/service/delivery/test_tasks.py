"""Calls as tasks: side by side in one thread, begun from another one, and none of them is lost."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

import gevent
import pytest
from hypothesis import given, settings, strategies as st

from drawdown.core.errors import ErpError
from drawdown.core.observed import Posted
from drawdown.core.plan import RecordIntent
from drawdown.service.delivery.crew import Crew
from drawdown.service.delivery.tasks import Tasks
from tests.service.delivery.test_crew import Answering, claims, outcomes


class Yielding(Answering):
    """An ERP whose calls let other tasks go on before they are answered."""

    def __init__(self, posts: dict[str, str]) -> None:
        super().__init__(posts)
        self.gate.set()
        self.under_way = 0
        self.most = 0

    def post(self, intent: RecordIntent) -> Posted:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            gevent.sleep(0.001)
            return super().post(intent)
        finally:
            self.under_way -= 1

    def read_back(self, intents: Sequence[RecordIntent]) -> tuple[Posted | ErpError, ...]:
        gevent.sleep(0.001)
        return super().read_back(intents)


@settings(max_examples=20)
@given(
    answers=st.lists(
        st.sampled_from(["posted", "adopted", "refused", "away", "unknown", "fault"]), max_size=40
    ),
    slots=st.integers(1, 8),
)
def test_each_claim_comes_back_once(answers: list[str], slots: int) -> None:
    erp = Yielding({f"r{number}": answer for number, answer in enumerate(answers)})
    work = claims(len(answers), slots)
    erps: Any = {"acme": erp}
    with Crew(erps, slots, Tasks()) as crew:
        crew.begin(work)
        results = []
        while crew.pending:
            results += crew.gather(1)
        results += crew.gather(0)
        left = crew.stranded()

    assert {*outcomes(results)} | {one.external_id for one in left} == {
        f"r{n}" for n in range(len(work))
    }
    assert len(results) + len(left) == len(work)
    assert erp.most <= slots


def test_calls_wait_beside_each_other_in_one_thread() -> None:
    """All of a hundred are begun before the first is answered."""
    pool = Tasks().pool(100)
    all_begun = gevent.event.Event()
    begun: list[int] = []
    ended: list[int] = []

    def call(number: int) -> None:
        begun.append(threading.get_ident())
        if len(begun) == 100:
            all_begun.set()
        all_begun.wait()
        ended.append(number)

    for number in range(100):
        pool.submit(call, number)
    pool.shutdown(wait=True, cancel_futures=False)
    assert sorted(ended) == [*range(100)]
    assert {*begun} == {begun[0]}
    assert begun[0] != threading.get_ident()


def test_no_more_than_its_size_are_under_way() -> None:
    pool = Tasks().pool(3)
    under_way: list[int] = []
    most: list[int] = []

    def call(number: int) -> None:
        under_way.append(number)
        most.append(len(under_way))
        gevent.sleep(0)
        under_way.remove(number)

    for number in range(30):
        pool.submit(call, number)
    pool.shutdown(wait=True, cancel_futures=False)
    assert len(most) == 30
    assert max(most) == 3


def test_a_call_that_hangs_does_not_keep_the_process() -> None:
    program = (
        "import threading, gevent\n"
        "from drawdown.service.delivery.tasks import Tasks\n"
        "begun = threading.Event()\n"
        "def hang():\n"
        "    begun.set()\n"
        "    gevent.sleep(1e6)\n"
        "pool = Tasks().pool(2)\n"
        "pool.submit(hang)\n"
        "begun.wait()\n"
        "pool.shutdown(wait=False, cancel_futures=True)\n"
        "print('ended')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")


@pytest.mark.parametrize("drops", [True, False])
def test_what_was_not_begun_is_dropped_if_asked_for(*, drops: bool) -> None:
    pool = Tasks().pool(1)
    begun, gate = threading.Event(), threading.Event()
    ended: list[str] = []

    def first() -> None:
        begun.set()
        gevent.get_hub().threadpool.apply(gate.wait)
        ended.append("first")

    pool.submit(first)
    begun.wait()
    pool.submit(ended.append, "second")
    pool.shutdown(wait=False, cancel_futures=drops)
    gate.set()
    pool._thread.join()  # type: ignore[attr-defined]
    assert ended == (["first"] if drops else ["first", "second"])
