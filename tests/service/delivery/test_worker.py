"""A worker and a database that is away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from threading import Event

from drawdown.core.errors import StoreError
from drawdown.service.delivery import Worker
from drawdown.service.delivery.threads import Threads
from drawdown.service.delivery.worker import RECONNECT_MAX_S
from drawdown.store.database import Session

TRIES = 3000
"""Four hours of five seconds each."""


class Waiting(Threads):
    """Threads that take note of how long they would wait."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    def wait(self, event: Event, seconds: float) -> None:
        self.waits.append(seconds)


def test_a_database_that_is_away_for_hours_is_waited_for() -> None:
    tries = count(1)
    threads = Waiting()

    @contextmanager
    def away() -> Iterator[Session]:
        if next(tries) >= TRIES:
            worker.stop()
        raise StoreError("away")
        yield

    worker = Worker(away, {}, name="w", concurrency=1, chance=lambda: 1.0, threads=threads)
    worker.run()

    assert len(threads.waits) == TRIES - 1
    assert threads.waits[:3] == [0.2, 0.4, 0.8]
    assert {*threads.waits[10:]} == {RECONNECT_MAX_S}
