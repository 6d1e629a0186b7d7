"""The simulated processes: each runs the product's own code, dies, and is started again.

`Jobs` starts a process, and starts it again when it crashed or lost its database, as a supervisor
does. A job ends when its call returns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import psycopg

from drawdown.core.errors import ErpError, StoreError
from drawdown.core.events import Event
from drawdown.service.delivery import Claim, NoObserver, Options, Worker, deliver
from drawdown.service.delivery.steps import LEASE
from drawdown.service.exceptions import skip, stuck
from drawdown.service.ingest import expire, ingest
from drawdown.service.observe import observe
from drawdown.service.reconcile import Reconciliation, reconcile
from drawdown.service.summaries import post_summaries
from drawdown.service.watch import watch
from drawdown.simulation.company import Acknowledged, Company
from drawdown.simulation.threads import IDLE_S, SimulatedThreads
from drawdown.simulation.world import Process, Task, World
from drawdown.store import outbox

PAUSE_S = (2 * LEASE.total_seconds(), 20 * LEASE.total_seconds())
"""Processes stand still for so long, so that what they held is taken over."""


@dataclass(slots=True)
class Jobs:
    """What is running; processes that crash are started again.

    Attributes:
        crash_percent: How likely an incarnation crashes before its end.
        crash_at_new_percent: How likely it crashes at a kind of boundary that is new to the seed.
        pause_percent: How likely it stands still once.
        skew_s: Clocks are ahead or behind by up to this.
        steps_max: Crashes come within this many boundaries.
    """

    world: World
    crash_percent: int = 0
    crash_at_new_percent: int = 0
    pause_percent: int = 0
    skew_s: int = 0
    steps_max: int = 60
    running: int = 0
    _workers: dict[str, Process] = field(default_factory=dict)
    _clocks: dict[str, timedelta] = field(default_factory=dict)

    def start(
        self,
        name: str,
        call: Callable[[], object],
        delay_s: float = 0.0,
        *,
        keeps_running: bool = False,
    ) -> None:
        """Start a job; it counts as running until its call returns, unless it never does."""
        self.running += not keeps_running
        self._incarnate(name, call, delay_s, keeps_running=keeps_running)

    def restart(self) -> None:
        """Kill the workers, so that they start again with the configuration of now."""
        for process in self._workers.values():
            process.is_dead = True

    def _incarnate(
        self, name: str, call: Callable[[], object], delay_s: float, *, keeps_running: bool
    ) -> None:
        world, chance = self.world, self.world.chance
        if name not in self._clocks:
            skew = chance.randint(-self.skew_s, self.skew_s)
            self._clocks[name] = timedelta(seconds=skew)
            if skew:
                world.fire("clock_skew", f"{name} {skew} s")
        process = Process(name, self._clocks[name], crash_at_new_percent=self.crash_at_new_percent)
        if keeps_running:
            self._workers[name] = process
        if chance.randrange(100) < self.crash_percent:
            process.crash_in = chance.randint(1, self.steps_max)
        if chance.randrange(100) < self.pause_percent:
            process.pause_in = chance.randint(1, self.steps_max)
            process.pause_s = chance.uniform(*PAUSE_S)

        def body() -> None:
            try:
                call()
            except (StoreError, psycopg.OperationalError, ErpError) as error:
                # What it said is on its standard error; the supervisor starts it again.
                world.note(f"{name} ended: {type(error).__name__}")
                process.is_dead = True

        def ended(_task: Task) -> None:
            if process.is_dead:
                pause = chance.uniform(0.5, 30)
                self._incarnate(name, call, pause, keeps_running=keeps_running)
            else:
                self.running -= not keeps_running

        world.start(process, body, delay_s, ended)


class _Teller(NoObserver):
    """Counts what workers were refused because others had taken over."""

    def __init__(self, world: World) -> None:
        self._world = world

    def lost(self, claim: Claim) -> None:
        """Count it."""
        self._world.fire("fenced_off", f"row {claim.position}")


def work(company: Company) -> None:
    """Deliver until everything is over; a worker that was stopped is started again."""
    world = company.world
    task = world.task
    assert task is not None
    while not company.is_over:
        worker = Worker(
            company.database.worker_session,
            {company.tenant_id: company.erp()},
            name=f"{task.process.name}/{world.steps}",
            concurrency=world.chance.choice((1, 2, 4)),
            chance=world.chance.random,
            observer=_Teller(world),
            threads=SimulatedThreads(world),
        )
        company.workers[task.process.name] = worker
        worker.run()


def deliver_now(company: Company) -> None:
    """Deliver what can be delivered now, as a command started beside the workers does."""
    world = company.world
    options = Options(
        worker=f"deliver/{world.steps}",
        chance=world.chance.random,
        threads=SimulatedThreads(world),
    )
    with company.database.session(company.tenant_id) as session:
        deliver(
            session, company.erp(), sleep=world.sleep, concurrency=world.chance.choice((1, 4)),
            observer=_Teller(world), options=options,
        )  # fmt: skip


def tell(company: Company, batch: Sequence[Event]) -> None:
    """Tell facts as the billing platform does: until the answer is there."""
    world = company.world
    for event in batch:
        company.sent.setdefault(event.event_id, []).append(event)
    with company.database.session(company.tenant_id) as session:
        answers = ingest(session, batch, company.policy)
    world.boundary("before acknowledgement")
    if not world.is_calm and world.chance.randrange(100) < company.answer_lost_percent:
        world.fire("acknowledgement_lost", f"{len(batch)} facts")
        raise StoreError("the answer was lost; the platform tells the facts again")
    for event, answer in zip(batch, answers, strict=True):
        world.note(f"acknowledged {event.event_id}: {answer.status} {answer.reason}")
        company.acknowledged.append(Acknowledged(event, answer))


def run_expiry(company: Company, as_of: datetime) -> None:
    """Run the expiry of one instant."""
    with company.database.session(company.tenant_id) as session:
        count = expire(session, as_of, company.policy)
    company.world.note(f"expired {count} as of {as_of:%Y-%m-%d %H:%M}")


def take_over(company: Company) -> None:
    """Take in what NetSuite did by itself: open periods and recognition."""
    erp = company.erp()
    with company.database.session(company.tenant_id) as session:
        observe(session, erp, company.policy)


def skip_gone(company: Company) -> None:
    """Give up what the list of exceptions says to skip, as a person does."""
    with company.database.session(company.tenant_id) as session:
        found = [one for one in stuck(session) if one.actions[:1] == ("skip",)]
        for one in skip(
            session, [one.exception_id for one in found], "accountant", "its invoice was deleted"
        ):
            company.world.fire("skipped", one.detail)


def keep_watching(company: Company) -> None:
    """Watch for documents of others until everything is over."""
    while not company.is_over:
        look(company)
        company.world.sleep(company.world.chance.uniform(*IDLE_S))


def look(company: Company) -> None:
    """Run one cycle of watching."""
    erp = company.erp()
    with company.database.session(company.tenant_id) as session:
        for taken in watch(session, erp, company.policy).taken:
            company.world.note(f"{taken.reference} {taken.status} {taken.detail}")


def sum_up(company: Company, through: date) -> None:
    """Post the summaries of days and months that end by a day."""
    with company.database.session(company.tenant_id) as session:
        count = post_summaries(session, through)
    company.world.note(f"posted {count} summaries through {through}")


def compare(company: Company) -> Reconciliation:
    """Compare both ledgers."""
    erp = company.erp()
    with company.database.session(company.tenant_id) as session:
        return reconcile(session, erp)


def retry_parked(company: Company) -> None:
    """Have everything that is parked tried again, as a person does."""
    with company.database.session(company.tenant_id) as session, session.transaction():
        outbox.retry_parked(session)
