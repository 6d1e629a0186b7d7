"""The seam to the outside: HTTP, time, chance and locks. Nothing else leaves the adapter.

`Threads` is the outside of production, with the HTTP of `client`. A simulation brings another
`Outside`, and everything above this module stays as it is.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from drawdown.erp.netsuite.waiting import TaskLock, sleep as sleep_aside
from drawdown.erp.netsuite.wire import Response


class NotSentError(Exception):
    """The other end was not reached: nothing of the call was acted on."""


class NoAnswerError(Exception):
    """The call was sent, wholly or in part, and no complete answer came."""


class Call(NamedTuple):
    """One HTTP request, complete: the URL carries its query, the headers who we are."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        # The headers hold a token and the body may hold a signed assertion.
        return f"Call({self.method} {self.url.partition('?')[0]})"


class Outside(Protocol):
    """What the adapter needs of the world. Used by several threads (or tasks) at once."""

    def exchange(self, call: Call, bytes_max: int) -> Response:
        """Send one request and return the whole answer; never follow a redirect.

        Args:
            bytes_max: A longer body is not read to its end.

        Raises:
            NotSentError: The other end was not reached.
            NoAnswerError: It was sent and no (complete) answer came, or one that is too long.
        """
        ...

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def chance(self) -> float:
        """Return a number from 0 up to 1."""
        ...

    def lock(self) -> AbstractContextManager[object]:
        """Return a new lock; it may be held while another call is exchanged, and re-entered."""
        ...


Exchange = Callable[[Call, int], Response]
"""`Outside.exchange`."""


class Threads:
    """The outside of threads, and of tasks in them: the clock, chance and locks of this machine.

    Args:
        exchange: Of a `Client`, which its owner closes.
        clock: Seconds since the epoch.
        sleep: Waits that many seconds.
        chance: A number from 0 up to 1.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = sleep_aside,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.exchange = exchange
        self.now = clock
        self.sleep = sleep
        self.chance = chance

    def lock(self) -> AbstractContextManager[object]:
        """Return a lock of threads and tasks."""
        return TaskLock()
