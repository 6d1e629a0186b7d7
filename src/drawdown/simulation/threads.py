"""Threads of a simulated process: tasks that all die, and stand still, together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from queue import Empty
from threading import Event
from typing import Any, TypeVar

from drawdown.service.delivery.clock import Clock
from drawdown.service.delivery.threads import Pool, Queue, Threads
from drawdown.simulation.world import START, World
from drawdown.store.database import Session

T = TypeVar("T")
IDLE_S = (20.0, 150.0)
"""A process that waits and has no call under way looks again after so long, however soon it would:
nothing depends on that, and a seed is not filled with looking."""
BUSY_S = (3.0, 9.0)
"""One that has calls under way; leases are renewed at least so often."""


class SimulatedThreads(Threads):
    """The threads of one simulated process."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.calls = 0

    def clock(self, session: Session) -> Clock:  # noqa: ARG002 (of one database)
        """Return the virtual clock."""
        return lambda: self.world.now

    def monotonic(self) -> float:
        """Return virtual seconds."""
        return (self.world.now - START).total_seconds()

    def sleep(self, seconds: float) -> None:
        """Let others go on for a while."""
        self.world.sleep(seconds)

    def wait(self, event: Event, seconds: float) -> None:
        """Wait for so long; an event that is set meanwhile is seen then."""
        if not event.is_set():
            self.world.sleep(seconds)

    def pool(self, size: int) -> Pool:
        """Return a pool of tasks; its owner asks for no more at once than it has room for."""
        return _Pool(self, size)

    def queue(self) -> Queue[T]:
        """Return an empty queue."""
        return _Queue(self)


class _Pool:
    def __init__(self, threads: SimulatedThreads, size: int) -> None:
        self._threads = threads
        self._size = size

    def submit(self, call: Callable[..., None], /, *arguments: Any) -> None:
        assert self._threads.calls < self._size
        self._threads.calls += 1
        self._threads.world.spawn(partial(self._run, partial(call, *arguments)))

    def _run(self, call: Callable[[], None]) -> None:
        self._threads.world.boundary("between claim and perform")
        call()
        self._threads.calls -= 1

    def shutdown(self, *, wait: bool, cancel_futures: bool) -> None:
        """Calls under way go on, as threads would."""


class _Queue(Queue[T]):
    def __init__(self, threads: SimulatedThreads) -> None:
        self._threads = threads
        self._items: deque[T] = deque()

    def put(self, item: T) -> None:
        self._items.append(item)

    def get(self, *, timeout: float) -> T:
        world = self._threads.world
        if not self._items and timeout > 0:
            wait_s = world.chance.uniform(*(BUSY_S if self._threads.calls else IDLE_S))
            until = world.now + timedelta(seconds=wait_s)
            world.after(wait_s, lambda: None)
            world.block(lambda: not self._items and world.now < until, "for results")
        if self._items:
            world.boundary("between perform and settle")
        return self.get_nowait()

    def get_nowait(self) -> T:
        if not self._items:
            raise Empty
        return self._items.popleft()
