"""What delivery runs by: threads and clocks. A simulation brings tasks and virtual time."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event
from typing import Any, Protocol, TypeVar

from drawdown.service.delivery.clock import Clock, DatabaseClock
from drawdown.store.database import Session

T = TypeVar("T")


class Pool(Protocol):
    """Makes calls beside each other."""

    def submit(self, call: Callable[..., None], /, *arguments: Any) -> object:
        """Have a call made."""
        ...

    def shutdown(self, *, wait: bool, cancel_futures: bool) -> None:
        """Take no more calls; `wait` for those under way."""
        ...


class Queue(Protocol[T]):
    """Hands items from one thread to another; as `queue.SimpleQueue`."""

    def put(self, item: T) -> None:
        """Add an item; never waits."""
        ...

    def get(self, *, timeout: float) -> T:
        """Take an item; raise Empty if none comes within so many seconds."""
        ...

    def get_nowait(self) -> T:
        """Take an item; raise Empty if there is none."""
        ...


class Threads:
    """Threads of this process, its steady clock, and the clock that all workers share."""

    def clock(self, session: Session) -> Clock:
        """Return the database's clock."""
        return DatabaseClock(session)

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def wait(self, event: Event, seconds: float) -> None:
        """Wait for an event, at most so long."""
        event.wait(seconds)

    def pool(self, size: int) -> Pool:
        """Return a pool of so many threads."""
        return ThreadPoolExecutor(size, "drawdown-call")

    def queue(self) -> Queue[T]:
        """Return an empty queue."""
        return SimpleQueue()
