"""Performing claims side by side: each thread, or task, takes one claim at a time to the ERP."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterable, Mapping
from heapq import nlargest
from math import inf
from operator import itemgetter
from queue import Empty
from threading import Lock
from types import TracebackType
from typing import Self

from drawdown.core.errors import ErpUnavailableError
from drawdown.core.ports import Erp
from drawdown.service.delivery.steps import Outcome, Result, post, verify
from drawdown.service.delivery.threads import Queue, Threads
from drawdown.store.delivery import Claim, ClaimKey

VERIFY_ROWS_MAX = 50
"""Posted rows that are read back together at most, so that none waits long for it."""


AHEAD_PER_CALL = 6
"""Rows at hand for each call under way: enough for a database that is slow for as many calls, and
for reading many back together."""
CONNECTIONS_AHEAD_MAX = 32
"""Connections that rows are taken ahead for in one claim: it locks them, and other workers do not
wait for them but go without."""


class Crew:
    """Those that perform claims; used with ``with`` by the one thread that owns it.

    Rows taken ahead wait here until a call of the same connection is answered: its slot is handed
    on without asking the database, so a slot is never idle for the time of a transaction.

    What was posted is read back together: each goes on posting with its slot as long as rows wait
    for it, and then reads back, by one call, what was posted on the connection meanwhile.

    Args:
        erps: The ERP of each tenant, safe for use by several threads or tasks.
        size: Calls under way at most.

    Attributes:
        leased_until_s: By the steady clock: nothing is begun later, as others may have it by then.
    """

    def __init__(self, erps: Mapping[str, Erp], size: int, threads: Threads | None = None) -> None:
        self.threads = threads or Threads()
        self.leased_until_s = inf
        self._erps = erps
        self._size = size
        self._pool = self.threads.pool(size)
        self._results: Queue[Result | None] = self.threads.queue()
        self._lock = Lock()
        self._calls: dict[ClaimKey, Claim] = {}
        self._ungathered = 0
        self._ahead: dict[str, deque[Claim]] = defaultdict(deque)
        self._posted: dict[str, list[Claim]] = defaultdict(list)  # by connection, not read back yet
        self._verifying: dict[ClaimKey, Claim] = {}

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
    def calls(self) -> int:
        """How many calls are under way."""
        return len(self._calls)

    @property
    def room(self) -> int:
        """How many more calls may be begun."""
        return self._size - self.calls

    @property
    def pending(self) -> int:
        """How many results `gather` will still bring of what is under way."""
        with self._lock:
            return len(self._calls) + len(self._unverified()) + self._ungathered

    def _unverified(self) -> list[Claim]:
        """Return claims that are posted and hold no slot of their own any more."""
        return [*self._verifying.values(), *(one for row in self._posted.values() for one in row)]

    def held(self) -> list[Claim]:
        """Return the claims whose leases are to be kept: under way, or waiting for a slot."""
        with self._lock:
            ahead = [one for row in self._ahead.values() for one in row]
            return [*self._calls.values(), *self._unverified(), *ahead]

    def wanted(self) -> dict[str, int]:
        """Return how many rows to take ahead, by connection: where most are lacking."""
        with self._lock:
            calls = Counter(one.connection_id for one in self._calls.values())
            lacking = {
                name: count * AHEAD_PER_CALL - len(self._ahead[name])
                for name, count in calls.items()
            }
        most = nlargest(CONNECTIONS_AHEAD_MAX, lacking.items(), key=itemgetter(1))
        return {name: count for name, count in most if count > 0}

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
        """Perform a claim, and then those that its slot is handed on to; read all of it back."""
        following: Claim | None = claim
        while following is not None:
            if self.threads.monotonic() >= self.leased_until_s:
                self._lay_down(following)
                return
            result = post(following, self._erps[following.tenant_id])
            if result.posted is None or result.posted.is_verified:
                following = self._end(result)
            else:
                following = self._keep(following)

    def _keep(self, claim: Claim) -> Claim | None:
        """Put a posted claim with the others to be read back; return who has its slot now.

        If nobody waits for the slot, it goes to the reading back of them all.
        """
        name = claim.connection_id
        with self._lock:
            self._posted[name].append(claim._replace(slot=0))
            if self._ahead[name] and len(self._posted[name]) < VERIFY_ROWS_MAX:
                return self._hand_on(claim)
            together = self._posted.pop(name)
            self._verifying |= {one.key: one for one in together if one.key != claim.key}
        by_tenant: dict[str, list[Claim]] = defaultdict(list)
        for one in together:
            by_tenant[one.tenant_id].append(one)
        results = [
            result
            for tenant_id, claims in by_tenant.items()
            for result in verify(claims, self._erps[tenant_id])
        ]
        own = next(result for result in results if result.claim.key == claim.key)
        with self._lock:
            for result in results:
                if result is not own:
                    del self._verifying[result.claim.key]
                    self._ungathered += 1
                    self._results.put(result)
        return self._end(own._replace(claim=claim))

    def _end(self, result: Result) -> Claim | None:
        """Hand in a result that had a slot; return who has the slot now, None if it is free."""
        following: Claim | None = None
        name = result.claim.connection_id
        left: list[Claim] = []
        with self._lock:
            self._ungathered += 1
            if result.outcome.is_answer and self._ahead[name]:
                following = self._hand_on(result.claim)
                result = result._replace(claim=result.claim._replace(slot=0))
            else:
                left = self._free(result.claim)
        self._results.put(result)
        for one in left:
            self._abandon(one)
        return following

    def _lay_down(self, claim: Claim) -> None:
        """Forget a claim that was not begun in time: its row and its slot are free already."""
        with self._lock:
            left = self._free(claim)
        for one in left:
            self._abandon(one)

    def _free(self, claim: Claim) -> list[Claim]:
        """End a call; return what was posted and nobody reads back any more; under the lock."""
        name = claim.connection_id
        del self._calls[claim.key]
        if any(one.connection_id == name for one in self._calls.values()):
            return []
        left = self._posted.pop(name, [])
        self._verifying |= {one.key: one for one in left}
        return left

    def _abandon(self, claim: Claim) -> None:
        """Hand in a claim that was posted and cannot be read back now: the next try meets it."""
        error = ErpUnavailableError(
            f"{claim.intent.record} {claim.external_id} was posted and is read back when the ERP "
            "answers again",
            external_id=claim.external_id,
        )
        with self._lock:
            del self._verifying[claim.key]
            self._ungathered += 1
        self._results.put(Result(claim, Outcome.UNAVAILABLE, error=error))

    def _hand_on(self, claim: Claim) -> Claim:
        """Give a claim's slot to the next one that waits for it; under the lock."""
        following = self._ahead[claim.connection_id].popleft()._replace(slot=claim.slot)
        del self._calls[claim.key]
        self._calls[following.key] = following
        return following

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

    def drop(self, claims: Iterable[Claim]) -> list[Claim]:
        """Take out those of these claims that wait for a slot: somebody else has them."""
        lost = {one.key for one in claims}
        with self._lock:
            dropped = [one for row in self._ahead.values() for one in row if one.key in lost]
            for one in dropped:
                self._ahead[one.connection_id].remove(one)
        return dropped

    @property
    def waiting(self) -> tuple[str, ...]:
        """Connections of which claims wait for a slot."""
        with self._lock:
            return tuple(name for name, claims in self._ahead.items() if claims)

    def wake(self) -> None:
        """End a wait of `gather` at once; may be called by a signal handler."""
        self._results.put(None)
