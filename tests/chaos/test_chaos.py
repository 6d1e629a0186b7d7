"""Real processes on both sides: workers, tellers and the database are killed, and nothing is lost.

What was killed is started again, as a supervisor does. The moments are found by watching what is
committed, never by waiting. Afterwards the simulator's own checker judges: our database, NetSuite's
store, and the answers that were given.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import psutil
import psycopg
import pytest

from drawdown.billing.native.encode import encode_event
from drawdown.bootstrap import billing_source
from drawdown.config import PolicyTable, load_config, to_policy
from drawdown.core.events import Event
from drawdown.core.ports import Located
from drawdown.erp.netsuite import UsageItem
from drawdown.erp.netsuite.connect import read_settings, to_connection, to_mapping
from drawdown.local_sandbox.company import prepare
from drawdown.local_sandbox.process import SandboxProcess
from drawdown.service.ingest import Answer
from drawdown.simulation.checker import findings
from drawdown.simulation.company import Acknowledged, Company, Prepared
from drawdown.simulation.connections import Pool
from drawdown.simulation.scenario import FIRST, ITEMS, Scenario, draw_lives
from drawdown.simulation.world import World
from drawdown.store.database import Database
from drawdown.store.embedded import status
from tests.cli.commands import Ran, run, start

KILLS = int(os.environ.get("CHAOS_KILLS", "5"))
"""More with `make chaos`."""
CUSTOMERS = 1 + KILLS // 5
FAULTS = (
    {"fault": "lost_response", "method": "POST", "probability_percent": 3},
    {"fault": "error_after_commit", "method": "POST", "probability_percent": 3},
    {"fault": "error_before_commit", "probability_percent": 2},
    {"fault": "late_commit", "method": "POST", "probability_percent": 2, "after_requests": 9},
    {"fault": "too_many_requests", "probability_percent": 3},
    {"fault": "truncated_response", "probability_percent": 2},
)
PROGRESS = """
    SELECT (SELECT count(*) FROM drawdown.event)
         + (SELECT coalesce(sum(attempts), 0) + count(*) FILTER (WHERE status = 'done')
            FROM drawdown.outbox)
"""
WORK = """
    SELECT EXISTS (SELECT FROM drawdown.outbox
                   WHERE status = 'waiting' AND blockers = 0
                     AND due_at < clock_timestamp() + interval '5 minutes')
        OR EXISTS (SELECT FROM drawdown.outbox JOIN drawdown.lane_lock USING (tenant_id)
                   WHERE position > entered_to)
"""
TIME_PASSES = """
    UPDATE drawdown.outbox
    SET due_at = due_at - interval '1 hour', delivered_at = delivered_at - interval '1 hour'
"""
ROUNDS_MAX = 20


class Chaos:
    """Processes that are killed and started again."""

    def __init__(self, folder: Path, config: Path, chance: random.Random) -> None:
        self.env = {"DATABASE_URL": "", "DRAWDOWN_DATA": str(folder), "DRAWDOWN_CONFIG": ""}
        self.counts: dict[str, int] = {}
        self._folder = folder
        self._config = config
        self._chance = chance
        self._workers: list[subprocess.Popen[str]] = []
        self._stopped: list[subprocess.Popen[str]] = []

    @property
    def url(self) -> str:
        """Where the database is, which is started if it does not run."""
        found = status(self._folder / "postgres").url
        if found is None:
            assert run("database", "start", env=self.env).status == 0
            found = status(self._folder / "postgres").url
        assert found is not None
        return found

    def progress(self) -> int:
        """How far everything has come; only ever grows."""
        while True:
            with suppress(psycopg.Error), psycopg.connect(self.url) as connection:
                return int(connection.execute(PROGRESS).fetchall()[0][0])

    def start_worker(self) -> None:
        """Start one more worker."""
        silent = subprocess.DEVNULL
        self._workers.append(
            start("--config", self._config, "worker", env=self.env, stdout=silent, stderr=silent)
        )

    def tell(self, file: Path, *, kill: bool) -> Ran | None:
        """Tell the facts of a file; None if that was killed in the middle."""
        with start("--config", self._config, "ingest", file, "--json", env=self.env) as process:
            if kill:
                before = self.progress()
                while process.poll() is None and self.progress() == before:
                    pass
                if process.poll() is None:
                    process.kill()
                    self._count("teller killed")
            out, err = process.communicate()
        return Ran(process.returncode, out, err) if out.startswith("{") else None

    def strike(self) -> None:
        """Do something terrible, then let the work go on."""
        kind = self._chance.choice(("kill", "kill", "kill", "stop", "database"))
        worker = self._chance.choice(self._workers)
        if kind == "stop" and not self._stopped:
            worker.send_signal(signal.SIGSTOP)
            self._workers.remove(worker)
            self._stopped.append(worker)
            self._count("worker stands still")
            self.start_worker()
        elif kind == "database":
            self._kill_database()
        else:
            worker.kill()
            worker.communicate()
            self._workers.remove(worker)
            self._count("worker killed")
            self.start_worker()
        if self._stopped and self._chance.randrange(2):
            self._wake()

    def _wake(self) -> None:
        worker = self._stopped.pop()
        worker.send_signal(signal.SIGCONT)
        self._workers.append(worker)
        self._count("worker goes on")

    def _kill_database(self) -> None:
        server = status(self._folder / "postgres")
        if server.pid is None:
            return
        postmaster = psutil.Process(server.pid)
        for process in [postmaster, *postmaster.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._count("database killed")
        assert self.url  # started again

    def end(self) -> None:
        """Stop everything gently, what stands still last."""
        while self._stopped:
            self._wake()
        for worker in self._workers:
            worker.terminate()
        for worker in self._workers:
            worker.communicate()
        self._workers.clear()

    def kill_all(self) -> None:
        """Leave nothing running."""
        for worker in [*self._workers, *self._stopped]:
            worker.kill()
            worker.communicate()
        run("database", "stop", env=self.env)

    def _count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


def _answers(events: list[Event], ran: Ran) -> Iterator[Acknowledged]:
    """What the command said came of each fact of a file."""
    problems = {row["event_id"]: row for row in ran.json["problems"]}
    for event in events:
        row = problems.get(event.event_id)
        if row is None:
            answer = Answer(event.event_id, "accepted", "", "", "", is_repeat=False)
        else:
            answer = Answer(event.event_id, row["status"], "", row["detail"], "", is_repeat=False)
        yield Acknowledged(event, answer)


@contextmanager
def _data_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="drawdown-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # root's database runs as another user
        yield folder


@pytest.mark.slow
@pytest.mark.timeout(900 + 60 * KILLS)  # seconds; for a run that hangs
def test_whatever_is_killed_nothing_is_lost_or_duplicated() -> None:
    chance = random.Random(4711)
    facts = draw_lives(chance, CUSTOMERS)
    with _data_folder() as folder, SandboxProcess(folder / "sandbox.db") as sandbox:
        config = folder / "drawdown.toml"
        items = tuple(UsageItem(item, item.title()) for item in ITEMS)
        prepare(sandbox, folder, config, PolicyTable(), items, "chaos")
        chaos = Chaos(folder, config, chance)
        try:
            told = _turbulence(chaos, sandbox, folder, facts, chance)
            _calm_down(chaos, sandbox, config)
            assert chaos.counts["worker killed"] > 0
            assert _judged(chaos, sandbox, folder, facts, told) == []
            again = run("--config", config, "reconcile", "--json", env=chaos.env)
            assert again.json["differences"] == []
        finally:
            chaos.kill_all()


def _turbulence(
    chaos: Chaos,
    sandbox: SandboxProcess,
    folder: Path,
    facts: list[Event],
    chance: random.Random,
) -> list[Acknowledged]:
    """Tell all facts while workers deliver, and kill something at every step of progress."""
    told: list[Acknowledged] = []
    sandbox.control("PUT", "/faults", {"seed": 7, "rules": list(FAULTS)})
    assert chaos.url
    run("--config", folder / "drawdown.toml", "blocks", env=chaos.env)  # creates the tables
    for _ in range(2):
        chaos.start_worker()
    for number in range(KILLS):
        events = facts[number * len(facts) // KILLS : (number + 1) * len(facts) // KILLS]
        file = folder / f"facts-{number}.jsonl"
        file.write_bytes(b"".join(encode_event(event) + b"\n" for event in events))
        ran = None
        kill = chance.randrange(3) == 0
        while ran is None:
            ran, kill = chaos.tell(file, kill=kill), False
        with file.open("rb") as lines:  # the facts as the file says them
            source = billing_source("native", file, to_policy(PolicyTable()))
            decoded = [one.event for one in source.decode(lines) if isinstance(one, Located)]
        assert len(decoded) == len(events)
        told += _answers(decoded, ran)
        before = chaos.progress()
        while chaos.progress() <= before + chance.randrange(4) and _waits(chaos.url):
            pass
        chaos.strike()
    return told


def _waits(url: str) -> bool:
    """Whether workers have something to do that does not wait for a quarter of an hour."""
    with suppress(psycopg.Error), psycopg.connect(url) as connection:
        return bool(connection.execute(WORK).fetchall()[0][0])
    return False


def _calm_down(chaos: Chaos, sandbox: SandboxProcess, config: Path) -> None:
    """No more faults; everything is delivered, what is parked tried again by a person.

    What deletes or shrinks a record waits until no unanswered request can be carried out any more.
    The sandbox carries out what is late when its faults end; then an hour may pass at once.
    """
    chaos.end()
    sandbox.control("DELETE", "/faults")
    for _ in range(ROUNDS_MAX):
        ran = run(
            "--config", config, "deliver", "--until-empty", "--retry-parked", "--json",
            env=chaos.env,
        )  # fmt: skip
        if ran.status == 0:
            return
        with psycopg.connect(chaos.url, autocommit=True) as connection:
            connection.execute(TIME_PASSES)
    raise AssertionError(json.dumps(ran.json))


def _judged(
    chaos: Chaos,
    sandbox: SandboxProcess,
    folder: Path,
    facts: list[Event],
    told: list[Acknowledged],
) -> list[Any]:
    """Let the simulator's checker look at what there is."""
    table = load_config(folder / "drawdown.toml").tenants["chaos"]
    settings = read_settings(table.netsuite or {})
    connection = to_connection(settings, folder)
    policy = PolicyTable()
    nobody = cast("Any", None)
    pool = Pool(chaos.url)
    try:
        company = Company(
            World(0, random.Random(0)),
            cast("Any", Database(chaos.url)),
            pool,
            nobody,
            Prepared(sandbox, nobody, connection, to_mapping(settings.mapping)),
            "chaos",
            Scenario(
                policy,
                tuple(facts),
                is_orderly=False,
                expiry_runs=(),
                summed_up_through=FIRST.date(),
            ),
            to_policy(policy),
            connection,
            told,
            {one.event.event_id: [one.event] for one in told},
        )
        return findings(company, is_expired=False, is_ended=False)
    finally:
        pool.close()
