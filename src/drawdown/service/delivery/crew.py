"""Performing claims side by side, in threads: each takes one claim at a time to the ERP."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from threading import Lock
from types import TracebackType
from typing import Self

from drawdown.core.ports import Erp
from drawdown.service.delivery.steps import Result, perform
from drawdown.store.delivery import Claim, ClaimKey


class Crew:
    """Threads that perform claims; used with ``with`` by the one thread that owns it.

    Rows taken ahead wait here until a call of the same connection is answered: its slot is handed
    on without asking the database, so a slot is never idle for the time of a transaction.

    Args:
        erps: The ERP of each tenant, safe for use by several threads.
        size: Calls under way at most.
    """

    def __init__(self, erps: Mapping[str, Erp], size: int) -> None:
        self._erps = erps
        self._size = size
        self._pool = ThreadPoolExecutor(size, "drawdown-call")
        self._results: SimpleQueue[Result | None] = SimpleQueue()
        self._lock = Lock()
        self._calls: dict[ClaimKey, Claim] = {}
        self._ungathered = 0
        self._ahead: dict[str, deque[Claim]] = defaultdict(deque)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A call that hangs must not keep the process: its lease ends by itself.
        self._pool.shutdown(wait=kind is None and not self._calls, cancel_futures=True)

    @property
    def room(self) -> int:
        """How many more calls may be begun."""
        return self._size - len(self._calls)

    @property
    def pending(self) -> int:
        """How many results `gather` will still bring of what is under way."""
        with self._lock:
            return len(self._calls) + self._ungathered

    def held(self) -> list[Claim]:
        """Return the claims whose leases are to be kept: under way, or waiting for a slot."""
        with self._lock:
            return [*self._calls.values(), *(one for row in self._ahead.values() for one in row)]

    def wanted(self) -> dict[str, int]:
        """Return how many rows to take ahead, by connection: one for each call under way."""
        with self._lock:
            calls = Counter(one.connection_id for one in self._calls.values())
            lacking = {name: count - len(self._ahead[name]) for name, count in calls.items()}
        return {name: count for name, count in lacking.items() if count > 0}

    def begin(self, claims: Iterable[Claim]) -> None:
        """Perform claims; each comes back from `gather`, or from `stranded`."""
        for claim in claims:
            with self._lock:
                if not claim.slot:
                    self._ahead[claim.connection_id].append(claim)
                    continue
                self._calls[claim.key] = claim
            self._pool.submit(self._perform, claim)

    def _perform(self, claim: Claim) -> None:
        """Perform a claim, and then those that its slot is handed on to."""
        following: Claim | None = claim
        while following is not None:
            result = perform(following, self._erps[following.tenant_id])
            following = None
            with self._lock:
                self._ungathered += 1
                if result.outcome.is_answer and self._ahead[result.claim.connection_id]:
                    following = self._ahead[result.claim.connection_id].popleft()
                    following = following._replace(slot=result.claim.slot)
                    result = result._replace(claim=result.claim._replace(slot=0))
                    del self._calls[result.claim.key]
                    self._calls[following.key] = following
                else:
                    del self._calls[result.claim.key]
            self._results.put(result)

    def gather(self, timeout_s: float) -> list[Result]:
        """Return what is finished; wait for the first for so long, or until `wake` is called."""
        gathered: list[Result] = []
        try:
            result = self._results.get(timeout=max(timeout_s, 0))
            while True:
                if result is not None:
                    gathered.append(result)
                result = self._results.get_nowait()
        except Empty:
            with self._lock:
                self._ungathered -= len(gathered)
            return gathered

    def stranded(self, connections: Collection[str] = ()) -> list[Claim]:
        """Take out claims that wait for a slot: of these connections, and of those without calls.

        Nobody is there to hand a slot on to them, or none shall be.
        """
        with self._lock:
            having = {one.connection_id for one in self._calls.values()}.difference(connections)
            names = [name for name in self._ahead if name not in having]
            return [one for name in names for one in self._ahead.pop(name)]

    @property
    def waiting(self) -> tuple[str, ...]:
        """Connections of which claims wait for a slot."""
        with self._lock:
            return tuple(name for name, claims in self._ahead.items() if claims)

    def wake(self) -> None:
        """End a wait of `gather` at once; may be called by a signal handler."""
        self._results.put(None)
