"""One seed from beginning to end: turbulence, calm, the end of all lives, judgement."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import count

from drawdown.core.events import BlockVoid, CreditMemo, Event, InvoiceVoid
from drawdown.core.policy import Documents
from drawdown.simulation import network, processes
from drawdown.simulation.checker import findings
from drawdown.simulation.company import OPEN_FROM, Company, Kitchen, open_company
from drawdown.simulation.edits import change_one
from drawdown.simulation.evidence import Finding
from drawdown.simulation.others import Others
from drawdown.simulation.people import NetSuiteUser, People
from drawdown.simulation.processes import Jobs
from drawdown.simulation.scenario import ENDS, MONTHS, changed, draw_scenario, payments
from drawdown.simulation.world import Process, StuckError, World

TURBULENCE_S = 300.0
"""Facts are told within this time."""
DELIVERY_S = TURBULENCE_S + 600.0
"""Faults may strike this long, as long as there is something to deliver."""
PATIENCE_S = 4 * 3600.0
"""Then faults stop in any case: a job of many calls may otherwise never come through."""
LATE_S = network.TIMEOUT_S + network.LATE_S[1] + 10
DRAIN_S = 6 * 3600.0
"""A backlog must be gone this long after faults stopped; clocks may be hours apart."""

UNDOING = (BlockVoid, CreditMemo, InvoiceVoid)
"""Facts that take back what earlier ones have done."""


@dataclass(frozen=True, slots=True)
class SeedResult:
    """What one seed came to."""

    seed: int
    findings: tuple[Finding, ...]
    fired: dict[str, int]
    passed: dict[str, int]
    crashed: dict[str, int]
    steps: int
    facts: int
    records: int
    state_hash: str


def run_seed(kitchen: Kitchen, seed: int, trace: Callable[[str], None] | None = None) -> SeedResult:
    """Run one seed; the same seed gives the same result."""
    world = World(seed, random.Random(seed), trace)  # noqa: S311 (repeatable chance is the point)
    scenario = draw_scenario(world.chance)
    with open_company(kitchen, world, scenario) as company:
        play = _Play(company)
        try:
            driver = world.start(Process("driver"), play.run)
            world.run([driver])
        except StuckError as stuck:
            world.failures.append(str(stuck))
            world.abandon()
            found = []
        else:
            world.abandon()  # whoever stands still to the end
            found = findings(company, is_expired=play.is_expired, is_ended=play.is_ended)
            if not play.is_expired and not found and not world.failures:
                world.failures += change_one(company)
        found += [Finding("violation", text) for text in world.failures]
        return SeedResult(
            seed,
            tuple(found),
            dict(world.fired),
            dict(world.passed),
            dict(world.crashed),
            world.steps,
            len(company.acknowledged),
            company.outbox().total(),
            _state_hash(company),
        )


class _Play:
    """The course of one seed."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.world = company.world
        self.chance = company.world.chance
        self.people = People(company)
        self.others = Others(company)
        self.jobs = _draw_faults(company)
        self.is_expired = False
        self.is_ended = False

    def run(self) -> None:
        """Turbulence, calm, the end."""
        company, jobs = self.company, self.jobs
        self.world.is_calm = True
        self._open_books()
        self.world.is_calm = False
        for number in range(1, self.chance.choice((1, 2, 2, 2, 3)) + 1):
            jobs.start(f"worker-{number}", partial(processes.work, company), keeps_running=True)
        self._tell_facts()
        self._run_expiries()
        self._let_people_work()
        self._wait_for_jobs()
        self._calm_down()
        self._end_lives()
        company.is_over = True
        self._stop_workers()
        self.world.sleep(60)
        if company.policy.documents is Documents.IN_NETSUITE:
            # A cycle that stood still may just have told what it had read before.
            processes.look(company)

    def _open_books(self) -> None:
        """Say from which day NetSuite's periods are open, as an earlier observation has."""
        with self.company.database.session(self.company.tenant_id) as session:
            session.run("set_books_open_from", {"day": OPEN_FROM})

    # -- turbulence -----------------------------------------------------------------------------

    def _tell_facts(self) -> None:
        """Cut the facts into batches and tell them, some twice, out of order, contradicted."""
        chance, world = self.chance, self.world
        facts: list[Event] = list(self.company.scenario.facts)
        if not facts:
            self.others.plan(TURBULENCE_S)
            call = partial(processes.keep_watching, self.company)
            self.jobs.start("watcher", call, keeps_running=True)
            return
        if chance.randrange(2):
            world.fire("out_of_order", f"{len(facts)} facts")
            chance.shuffle(facts)
        if chance.randrange(3):
            for _ in range(chance.randrange(1, 4)):
                world.fire("duplicate")
                facts.insert(chance.randrange(len(facts)), chance.choice(facts))
        if chance.randrange(4) == 0:
            world.fire("conflicting_content")
            facts.insert(chance.randrange(len(facts)), changed(chance.choice(facts)))
        if chance.randrange(10):
            self._tell(facts, 0, TURBULENCE_S)
            return
        # What is used is told, its period is closed, and only then it is undone.
        world.after(TURBULENCE_S / 2, self._close_period)
        self._tell([one for one in facts if not isinstance(one, UNDOING)], 0, TURBULENCE_S / 3)
        late = [one for one in facts if isinstance(one, UNDOING)]
        self._tell(late, TURBULENCE_S * 2 / 3, TURBULENCE_S)

    def _tell(self, facts: Sequence[Event], since_s: float, until_s: float) -> None:
        chance = self.chance
        for number in count(1):
            if not facts:
                return
            size = chance.choice((1, 1, 2, 3, 5, 8))
            batch, facts = facts[:size], facts[size:]
            call = partial(processes.tell, self.company, batch)
            name = f"teller-{since_s:.0f}-{number}"
            self.jobs.start(name, call, chance.uniform(since_s, until_s))

    def _run_expiries(self) -> None:
        """Expiry while facts still come; orderly lives expire when all has been told."""
        if self.company.scenario.is_orderly:
            return
        for number, as_of in enumerate(self.company.scenario.expiry_runs):
            if as_of == ENDS or self.chance.randrange(2):
                continue
            delay = self.chance.uniform(0, TURBULENCE_S)
            call = partial(processes.run_expiry, self.company, as_of)
            self.jobs.start(f"expiry-{number}", call, delay)
            if self.chance.randrange(2):
                self.world.fire("two_expiry_runs")
                self.jobs.start(f"expiry-{number}-too", call, delay)

    def _let_people_work(self) -> None:
        chance, world, people = self.chance, self.world, self.people

        def sometime(call: Callable[[], None], percent: int) -> None:
            if chance.randrange(100) < percent:
                world.after(chance.uniform(0, TURBULENCE_S), partial(unless_calm, call))

        def unless_calm(call: Callable[[], None]) -> None:
            if not world.is_calm:
                call()

        sometime(self._close_period, 20)
        sometime(people.take_external_id, 30)
        sometime(self._refresh, 8)
        sometime(self._stop_workers, 20)
        self._sometimes("observer", partial(processes.take_over, self.company), 33, DELIVERY_S)
        self._sometimes("deliverer", partial(processes.deliver_now, self.company), 20)
        self._sometimes("person", partial(processes.retry_parked, self.company), 33)
        self._sometimes("accountant", partial(processes.skip_gone, self.company), 20, DELIVERY_S)
        self._sometimes("auditor", partial(processes.compare, self.company), 8)
        for day in (self.company.scenario.summed_up_through, ENDS.date()):
            self._sometimes(f"accountant {day}", partial(processes.sum_up, self.company, day), 33)

    def _sometimes(
        self, name: str, call: Callable[[], object], percent: int, until_s: float = TURBULENCE_S
    ) -> None:
        """Run a job in some seeds."""
        if self.chance.randrange(100) < percent:
            self.jobs.start(name, call, self.chance.uniform(0, until_s))

    def _close_period(self) -> None:
        """Close a period; often it is noticed while facts still come."""
        if self.world.is_calm:
            return  # all was told early: people have opened, or are about to open, what was closed
        self.people.close_period()
        if self.chance.randrange(2):
            call = partial(processes.take_over, self.company)
            self.jobs.start(f"observer {self.world.steps}", call, self.chance.uniform(0, 30))

    def _stop_workers(self) -> None:
        """Ask them to end: they finish what is under way."""
        if not self.world.is_calm:
            self.world.fire("workers_stopped")
        for worker in self.company.workers.values():
            worker.stop()

    def _refresh(self) -> None:
        self.people.refresh()
        self.jobs.restart()

    def _wait_for_jobs(self) -> None:
        """Until nobody is at work; often faults go on while the workers deliver the rest."""
        until = self.world.now + timedelta(seconds=self.chance.choice((0, DELIVERY_S)))
        if self.company.policy.documents is Documents.IN_NETSUITE:
            self.world.sleep(TURBULENCE_S)  # others are no jobs of ours
        patience = self.world.now + timedelta(seconds=PATIENCE_S)
        while self.jobs.running or (self.world.now < until and self._is_moving()):
            self.world.is_calm = self.world.now > patience
            self.world.sleep(5)

    # -- calm -----------------------------------------------------------------------------------

    def _calm_down(self) -> None:
        """No fault strikes any more; what is stuck is put right by people, then all is drained."""
        company = self.company
        self.world.note("calm")
        self.world.is_calm = True
        self.world.sleep(LATE_S if self.world.fired["late_commit"] else 60)
        self.people.put_right()
        if company.policy.documents is Documents.IN_NETSUITE:
            self._look()
        if self.world.fired["period_closed"]:
            processes.take_over(company)
            if company.policy.documents is Documents.IN_NETSUITE:
                processes.look(company)  # what waited for an invoice that was held goes on with it
        processes.sum_up(company, ENDS.date())
        self._drain("after the faults")
        if self.world.fired["period_moved"]:
            processes.take_over(company)  # what was met only now stands in another period, too
            self._drain("after a second look")  # it may have posted what NetSuite had rounded

    def _look(self) -> None:
        """One cycle of watching tells what others have edited; they set it back."""
        processes.look(self.company)
        self.world.failures += self.others.put_right()
        processes.look(self.company)

    def _drain(self, when: str) -> None:
        company = self.company
        for _ in range(4):
            until = self.world.now + timedelta(seconds=DRAIN_S)
            while company.outbox()["waiting"] and self._is_moving():
                if self.world.now > until:
                    self.world.failures.append(
                        f"{when}: {dict(company.outbox())} after {DRAIN_S:.0f} s"
                    )
                    return
                self.world.sleep(15)
            if not company.outbox()["parked"]:
                return
            processes.skip_gone(self.company)
            if self.world.fired["period_closed"]:
                processes.take_over(company)
            self._retry_parked()
        self.world.failures.append(f"{when}: records stay parked: {self._parked()}")

    def _is_moving(self) -> bool:
        """Whether a row waits whose lanes no parked row holds up."""
        rows = self.company.rows(
            "SELECT lanes, status FROM drawdown.outbox WHERE tenant_id = %s "
            "AND status <> 'done' ORDER BY position"
        )
        blocked: set[str] = set()
        for lanes, status in rows:
            if status == "waiting" and blocked.isdisjoint(lanes):
                return True
            blocked.update(lanes)
        return False

    def _parked(self) -> list[str]:
        return [
            row[0]
            for row in self.company.rows(
                "SELECT problem FROM drawdown.outbox WHERE tenant_id = %s AND status = 'parked' "
                "ORDER BY position"
            )
        ]

    def _retry_parked(self) -> None:
        for problem in self._parked():
            self.world.note(f"parked: {problem}")
            if not problem or "Drawdown itself failed" in problem:
                self.world.failures.append(f"a record is parked with {problem!r}")
        processes.retry_parked(self.company)

    # -- the end --------------------------------------------------------------------------------

    def _end_lives(self) -> None:
        """Pay everything, let everything expire, run the month ends; both ledgers must agree."""
        company = self.company
        if self.chance.randrange(3) == 0:
            return  # judged in the middle of its life
        for as_of in company.scenario.expiry_runs:
            processes.run_expiry(company, as_of)
        processes.tell(company, payments(company.scenario.facts))
        processes.sum_up(company, ENDS.date())
        self._drain("at the end of life")
        self.is_expired = True
        if self.chance.randrange(4):
            return
        for month in (*MONTHS, f"{ENDS:%Y-%m}"):
            company.controls.month_end(month)
        processes.take_over(company)
        self._drain("after the month ends")
        self.is_ended = True
        for difference in processes.compare(company).differences:
            self.world.failures.append(f"reconcile: {difference.kind}: {difference.detail}")


def _draw_faults(company: Company) -> Jobs:
    """Choose which faults this seed has, and how often: some seeds have few, some have all."""
    chance = company.world.chance
    intensity = chance.choice((0, 1, 1, 2, 4))
    percent = {
        name: chance.randint(1, 3) * intensity
        for name in network.FAULTS
        if intensity and chance.randrange(2)
    }
    company.network.percent = percent
    company.network.concurrency_max = chance.choice((1, 2, 5, 20))
    company.answer_lost_percent = chance.choice((0, 0, 20))
    lost_permille = chance.choice((0, 0, 5, 20))

    def loses(where: str) -> bool:
        if company.world.is_calm or not lost_permille or company.world.task is None:
            return False
        if chance.randrange(1000) >= lost_permille:
            return False
        kind = "in_commit" if "commit" in where or "pipeline" in where else "in_statement"
        company.world.fire(f"connection_lost_{kind}", where)
        return True

    company.pool.loses = loses
    return Jobs(
        company.world,
        crash_percent=chance.choice((0, 30, 60)),
        crash_at_new_percent=chance.choice((0, 0, 5, 15)),
        pause_percent=chance.choice((0, 0, 30)),
        skew_s=chance.choice((0, 0, 7200)),
        steps_max=chance.choice((20, 60, 150)),
    )


def _state_hash(company: Company) -> str:
    """Hash everything that a seed leads to: schedule, answers, books, NetSuite's store."""
    digest = hashlib.sha256(company.world.schedule_digest().encode())
    for sql in _STATE:
        for row in company.rows(sql):
            digest.update(repr(row).encode())
    for native in NetSuiteUser(company).rows(_NATIVE):
        digest.update(repr(sorted(native.items())).encode())
    for fired in (company.world.fired, company.world.passed):
        digest.update(repr(sorted(fired.items())).encode())
    return digest.hexdigest()


_STATE = (
    """SELECT event_id, position, status, waiting_for, reason, detail
       FROM drawdown.event WHERE tenant_id = %s ORDER BY position""",
    "SELECT m.* FROM drawdown.movement m WHERE tenant_id = %s ORDER BY block_id, sequence",
    "SELECT e.* FROM drawdown.entry e WHERE tenant_id = %s ORDER BY block_id, sequence, code",
    # A set has no order, and gets another one in each computer process.
    """SELECT (to_jsonb(b) - 'item_ids')::text
       FROM drawdown.block b WHERE tenant_id = %s ORDER BY block_id""",
    """SELECT position, external_id, status, attempts, internal_id, number, posting_period, problem
       FROM drawdown.outbox WHERE tenant_id = %s ORDER BY position""",
)
_NATIVE = (
    "SELECT t.id AS id, t.recordtype AS record, t.externalid AS name, t.trandate AS day, "
    "t.tranid AS number FROM transaction t ORDER BY t.id"
)
