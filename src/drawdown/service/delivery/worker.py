"""A worker: claims, performs side by side, settles in batches, renews its leases; until stopped.

The thread that runs it talks to the database, a crew of threads or tasks to the ERPs. Any number of
workers may run, on any machine that reaches the database.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import timedelta
from threading import Event

from drawdown.core.errors import StoreError
from drawdown.core.ports import Erp
from drawdown.service.delivery.clock import Clock
from drawdown.service.delivery.crew import Crew
from drawdown.service.delivery.governor import Chance
from drawdown.service.delivery.leases import Leases
from drawdown.service.delivery.observer import NoObserver, Observer
from drawdown.service.delivery.steps import LEASE, Result, claim, give_back, settle
from drawdown.service.delivery.threads import Threads
from drawdown.store.database import Session

TURN_S = 0.01
"""Results that come within so many seconds are settled together, if many are under way."""
TURN_PER_CALL_S = 0.0004
"""Or within so many for each call under way: a transaction costs as much for one row as for ten,
and no slot waits for it."""
POLL_MAX_S = 0.5
"""How often an idle worker looks for new rows."""
RECONNECT_FIRST_S = 0.1
RECONNECT_MAX_S = 5.0
GRACE_S = 30.0
"""How long a stopped worker waits for its calls; then their leases end by themselves."""


class Worker:
    """Delivers the rows of its tenants until it is stopped.

    Args:
        open_session: Opens a session that sees the tenants' outboxes; called again when the
            database went away.
        erps: The ERP of each tenant to serve.
        name: Unlike those of all other workers.
        concurrency: Rows under way at most, in this process.
        chance: Spreads pauses.
        threads: What it runs by; None: threads of this process, and the database's clock.
    """

    def __init__(
        self,
        open_session: Callable[[], AbstractContextManager[Session]],
        erps: Mapping[str, Erp],
        *,
        name: str,
        concurrency: int,
        chance: Chance = random.random,
        observer: Observer | None = None,
        lease: timedelta = LEASE,
        threads: Threads | None = None,
    ) -> None:
        self._open_session = open_session
        self._erps = erps
        self._name = name
        self._concurrency = concurrency
        self._chance = chance
        self._observer = observer or NoObserver()
        self._lease = lease
        self._threads = threads or Threads()
        self._stopped = Event()
        self._crew: Crew | None = None
        self._finished: list[Result] = []  # not settled yet

    def stop(self) -> None:
        """Claim nothing more, let what is under way finish, then return; for signal handlers."""
        self._stopped.set()
        if self._crew is not None:
            self._crew.wake()

    def run(self, *, until_idle: bool = False) -> None:
        """Deliver until stopped. A database that goes away is waited for.

        Args:
            until_idle: Return as soon as nothing is under way and nothing can be claimed.
        """
        failures = 0
        with Crew(self._erps, self._concurrency, self._threads) as crew:
            self._crew = crew
            while True:
                try:
                    with self._open_session() as session:
                        for begun in self._turns(session, crew):
                            failures = 0
                            if until_idle and not begun and not crew.pending:
                                return
                        return
                except StoreError as error:
                    self._observer.troubled(str(error))
                    failures += 1
                    if self._stopped.is_set() and failures > 1:
                        return
                    pause_s = min(RECONNECT_MAX_S, RECONNECT_FIRST_S * 2 ** min(failures, 16))
                    self._threads.wait(self._stopped, pause_s * (0.5 + self._chance() / 2))

    def _turns(self, session: Session, crew: Crew) -> Iterator[int]:
        """Take turns until stopped: gather, settle, renew, claim; yield how many were claimed."""
        clock = self._threads.clock(session)
        leases = Leases(session, crew, clock, self._lease)
        monotonic = self._threads.monotonic
        give_up_at = None
        pause_s = 0.0
        while True:
            began = monotonic()
            if self._stopped.is_set() and give_up_at is None:
                give_up_at = began + GRACE_S
                give_back(session, crew.stranded(crew.waiting), now=clock())
            if give_up_at is not None:
                pause_s = give_up_at - began
            self._gather(crew, min(pause_s, leases.left_s()), began)
            if self._finished:
                self._settle(session, clock, crew)
                pause_s = 0.0
            for lost in leases.keep():
                self._observer.lost(lost)
            begun = 0
            if give_up_at is None:
                begun = self._claim(session, clock, crew)
                # If there is no more to have just now, look again soon, then ever less often.
                pause_s = min(POLL_MAX_S, max(TURN_S, pause_s * 2))
            elif not crew.pending or monotonic() >= give_up_at:
                return
            yield begun

    def _gather(self, crew: Crew, timeout_s: float, began: float) -> None:
        """Collect results: those of a moment together, so that they share a transaction."""
        if not self._finished:
            self._finished += crew.gather(timeout_s)
        turn_s = max(TURN_S, TURN_PER_CALL_S * crew.calls)
        rest = turn_s - (self._threads.monotonic() - began)
        if self._finished and crew.pending and rest > 0:
            self._threads.sleep(rest)
        self._finished += crew.gather(0)

    def _settle(self, session: Session, clock: Clock, crew: Crew) -> None:
        now = clock()
        settled = settle(session, self._finished, now=now, chance=self._chance)
        self._finished = []
        paused = [state.connection_id for _, state in settled.changes if state.resume_at > now]
        give_back(session, crew.stranded(paused), now=now)
        for result in settled.written:
            self._observer.settled(result)
        for lost in settled.lost:
            self._observer.lost(lost)
        for before, after in settled.changes:
            self._observer.connection_changed(before, after)
        self._observer.in_flight(crew.pending)

    def _claim(self, session: Session, clock: Clock, crew: Crew) -> int:
        now = clock()
        claims = claim(
            session,
            worker=self._name,
            now=now,
            limit=crew.room,
            tenants=tuple(self._erps),
            lease=self._lease,
            ahead=crew.wanted(),
        )
        if claims and self._stopped.is_set():
            give_back(session, claims, now=now)
            return 0
        if claims:
            crew.begin(claims)
            give_back(session, crew.stranded(), now=now)
            self._observer.claimed(claims)
            self._observer.in_flight(crew.pending)
        return len(claims)
