"""Delivering one tenant's outbox until nothing more can be delivered now."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from drawdown.core.ports import Erp
from drawdown.service.delivery.clock import Clock
from drawdown.service.delivery.crew import Crew
from drawdown.service.delivery.governor import CONCURRENCY_DEFAULT, Chance
from drawdown.service.delivery.leases import Leases
from drawdown.service.delivery.observer import NoObserver, Observer
from drawdown.service.delivery.steps import (
    LEASE,
    Outcome,
    claim,
    give_back,
    register,
    settle,
)
from drawdown.service.delivery.threads import Threads
from drawdown.store import delivery as rows, outbox
from drawdown.store.database import Session
from drawdown.store.delivery import Claim

WAITS_MAX = 3
"""How often in a row the end of a back-off is waited for, without anything delivered between."""
WAIT_MAX_S = 5.0
"""A longer back-off is left to a later run."""
LOOK_AGAIN_S = 0.1


@dataclass(slots=True)
class DeliveryReport:
    """What one run did.

    Attributes:
        done: Records delivered, by native record type.
        adopted: Of these, records that were there already.
        problems: External id and reason of each record that was not delivered.
        waiting: Rows left for a later run, parked ones included.
        held: Of these, rows that other workers are delivering.
        due_at: When the first of these that pauses may go; None: none pauses.
    """

    done: Counter[str] = field(default_factory=Counter)
    adopted: int = 0
    problems: dict[str, str] = field(default_factory=dict)
    waiting: int = 0
    held: int = 0
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """How to deliver, where the defaults do not do.

    Attributes:
        connection_id: The ERP account; empty: the tenant's own, unless it is registered already.
        share: Calls in flight that are ours there, over all workers; None: as registered.
        worker: Name of this worker, unlike all others that run now.
        chance: Spreads pauses.
        threads: What it runs by; None: threads of this process.
    """

    connection_id: str = ""
    share: int | None = None
    worker: str = "deliver"
    lease: timedelta = LEASE
    chance: Chance = random.random
    threads: Threads | None = None


def deliver(
    session: Session,
    erp: Erp,
    *,
    sleep: Callable[[float], None],
    concurrency: int = CONCURRENCY_DEFAULT,
    clock: Clock | None = None,
    observer: Observer | None = None,
    until_empty: bool = False,
    options: Options | None = None,
) -> DeliveryReport:
    """Deliver everything that can be delivered now.

    Args:
        session: Of the tenant; it is used by this thread only.
        sleep: Takes seconds; waits between tries while the ERP is unavailable.
        concurrency: Rows under way at most, in this process.
        clock: Instants; None: the database's.
        until_empty: Wait also for rows that other workers hold, and take over those of workers
            that died when their leases end.

    Raises:
        StoreError: The database refused or went away.
    """
    tenant_id = session.tenant_id
    options = options or Options()
    if options.connection_id:
        register(session, options.connection_id, options.share)
    else:
        register(session, f"tenant:{tenant_id}", options.share or concurrency, is_default=True)
    threads = options.threads or Threads()
    clock = clock or threads.clock(session)
    with Crew({tenant_id: erp}, concurrency, threads) as crew:
        leases = Leases(session, crew, clock, options.lease)
        run = _Run(session, crew, leases, clock, observer or NoObserver(), options)
        while run.deliver_some() or run.wait(sleep, until_empty=until_empty):
            pass
    counts = outbox.counts(session)
    run.report.waiting = counts.get("waiting", 0) + counts.get("parked", 0)
    run.report.held = rows.held(session)
    due_at = rows.outlook(session, [tenant_id]).due_at
    run.report.due_at = due_at if due_at and due_at > run.clock() else None
    return run.report


@dataclass(slots=True)
class _Run:
    """One run of the deliverer."""

    session: Session
    crew: Crew
    leases: Leases
    clock: Clock
    observer: Observer
    options: Options
    report: DeliveryReport = field(default_factory=DeliveryReport)
    waits: int = 0

    def deliver_some(self) -> bool:
        """Claim what may go and settle what is finished; False if nothing is under way."""
        for lost in self.leases.keep():
            self.observer.lost(lost)
        claims = self._claim(self.crew.room)
        claims += self._claim(0)  # to be at hand, so that many are read back together
        if claims:
            self.observer.claimed(claims)
        if not self.crew.pending:
            return False
        results = self.crew.gather(self.leases.left_s())
        if not results:
            return True
        now = self.clock()
        settled = settle(self.session, results, now=now, chance=self.options.chance)
        paused = [state.connection_id for _, state in settled.changes if state.resume_at > now]
        give_back(self.session, self.crew.stranded(paused), now=now)
        for result in settled.written:
            external_id = result.claim.external_id
            if result.outcome.is_done:
                self.waits = 0
                self.report.done[result.claim.intent.record.value] += 1
                self.report.adopted += result.outcome is Outcome.ADOPTED
                self.report.problems.pop(external_id, None)
            else:
                self.report.problems[external_id] = result.problem
            self.observer.settled(result)
        for lost in settled.lost:
            self.observer.lost(lost)
        for before, after in settled.changes:
            self.observer.connection_changed(before, after)
        self.observer.in_flight(self.crew.pending)
        return True

    def _claim(self, limit: int) -> list[Claim]:
        """Take rows, and rows ahead for the calls under way; begin them."""
        now = self.clock()
        claims = claim(
            self.session,
            worker=self.options.worker,
            now=now,
            limit=limit,
            lease=self.options.lease,
            ahead=self.crew.wanted(),
        )
        self.crew.begin(claims)
        stranded = self.crew.stranded()
        give_back(self.session, stranded, now=now)
        return [one for one in claims if one not in stranded]

    def wait(self, sleep: Callable[[float], None], *, until_empty: bool) -> bool:
        """Nothing can be claimed: wait for what may go soon; False if nothing will."""
        outlook = rows.outlook(self.session, [self.session.tenant_id])
        left_s = WAIT_MAX_S + 1
        if outlook.due_at is not None:
            left_s = (outlook.due_at - self.clock()).total_seconds()
        if left_s <= WAIT_MAX_S and self.waits < WAITS_MAX:
            self.waits += 1
            sleep(max(left_s, LOOK_AGAIN_S))
            return True
        # What is due and was not claimed has no slot: other workers have them all.
        if until_empty and (outlook.held_until is not None or left_s <= 0):
            sleep(LOOK_AGAIN_S)
            return True
        return False
