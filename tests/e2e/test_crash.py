"""Killed in the middle of its work, a command is run again: the books are those of no crash.

Nothing here sleeps: the moment of a kill is found by watching what is committed.
"""

from __future__ import annotations

import itertools
import random
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg
import pytest

from drawdown.config import PolicyTable
from drawdown.local_sandbox.company import prepare
from drawdown.local_sandbox.process import SandboxProcess
from drawdown.store.embedded import status
from tests.cli import facts as f
from tests.cli.commands import Ran, run, start

TABLES = ("customer", "event", "block", "document", "movement", "entry", "outbox")
COMMITTED = "SELECT count(*) FROM drawdown.event"
COMMITTED_WHILE_WRITING = """
SELECT CASE WHEN EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()
) THEN (SELECT count(*) FROM drawdown.event) ELSE -1 END
"""
TRIED = "SELECT coalesce(sum(attempts), 0) FROM drawdown.outbox"
"""Grows with every row that is taken, while rows are done many at a time."""
BLOCKS = 40


def _facts(invoices: int) -> Iterator[dict[str, Any]]:
    """Yield facts of many blocks: usage before purchase here and there, repeats, refusals."""
    for number in range(BLOCKS):
        customer = f"C{number}"
        name = f"Customer {number}"
        early = f.usage(f"U{number}-early", "7", f"B{number}", customer_id=customer)
        order = f.order(f"S{number}", f.block(f"B{number}", "1000", "333.33"), customer_id=customer)
        bought = [f.customer(customer, name=name), order, f.purchase(f"I{number}", f"S{number}")]
        yield from (early, *bought) if number % 3 else bought
    for number in range(invoices):
        block = number * 7 % BLOCKS
        used = f.usage(f"U{number}", "11.5", f"B{block}", customer_id=f"C{block}")
        yield from (used, used) if number % 50 == 0 else (used,)


def _books(url: str) -> dict[str, list[Any]]:
    """Return everything in the database but the times at which it was written."""
    with psycopg.connect(url) as connection:
        return {
            table: connection.execute(
                "SELECT to_jsonb(t) - '{recorded_at,entered_at,settled_at}'::text[] "
                f"FROM drawdown.{table} t ORDER BY 1"
            ).fetchall()
            for table in TABLES
        }


def _kill_when(process: subprocess.Popen[str], url: str, query: str, more_than: int) -> bool:
    """Kill a process as soon as a count is exceeded; False if it ended before."""
    with psycopg.connect(url, autocommit=True) as connection:
        while process.poll() is None:
            if connection.execute(query.encode()).fetchall()[0][0] > more_than:
                process.kill()
                process.communicate()
                return True
    process.communicate()
    return False


def _count(url: str, query: str) -> int:
    with psycopg.connect(url) as connection:
        return int(connection.execute(query.encode()).fetchall()[0][0])


# -- ingest -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("crash") / "facts.jsonl"
    path.write_text(f.lines(*_facts(6_000)), "utf-8")
    return path


@pytest.fixture(scope="module")
def undisturbed(file: Path, new_database: Callable[[], str]) -> tuple[Ran, dict[str, list[Any]]]:
    """What one run without a crash says and leaves."""
    url = new_database()
    ran = run("ingest", file, "--json", env=_environment(url, file.parent))
    assert "accepted" in ran.json["counts"]
    return ran, _books(url)


def _environment(url: str, folder: Path) -> dict[str, str]:
    return {"DATABASE_URL": url, "DRAWDOWN_DATA": str(folder), "DRAWDOWN_CONFIG": ""}


@pytest.mark.slow
def test_ingest_killed_in_the_middle_and_run_again(
    file: Path, undisturbed: tuple[Ran, dict[str, list[Any]]], new_database: Callable[[], str]
) -> None:
    """Killed within several transactions, then let through: the same books, every external id."""
    url = new_database()
    env = _environment(url, file.parent)
    run("blocks", env=env)  # creates the tables that the kills watch
    kills = 0
    for _ in range(4):
        before = _count(url, COMMITTED)
        with start("ingest", file, "--json", env=env) as process:
            kills += _kill_when(process, url, COMMITTED_WHILE_WRITING, before)
    assert kills >= 3
    assert 0 < _count(url, COMMITTED) < _count_events(undisturbed[1])
    last = run("ingest", file, "--json", env=env)
    assert last.status == undisturbed[0].status
    assert last.json["problems"] == undisturbed[0].json["problems"]
    assert _books(url) == undisturbed[1]


def _count_events(books: dict[str, list[Any]]) -> int:
    return len(books["event"])


@pytest.mark.slow
def test_the_database_killed_under_ingest_comes_back_by_itself(
    file: Path, undisturbed: tuple[Ran, dict[str, list[Any]]]
) -> None:
    """The bundled server dies with all its processes; the command says so, the next one recovers.

    What was committed is there, what was not is taken in by the second run.
    """
    with tempfile.TemporaryDirectory(prefix="drawdown-") as name:
        folder = Path(name)
        folder.chmod(0o711)  # root's database runs as another user
        env = _environment("", folder)
        try:
            run("database", "start", env=env)
            server = status(folder / "postgres")
            assert server.url is not None
            assert server.pid is not None
            with start("ingest", file, "--json", env=env) as process:
                with psycopg.connect(server.url, autocommit=True) as connection:
                    while not connection.execute(COMMITTED.encode()).fetchall()[0][0]:
                        assert process.poll() is None
                _kill_server(server.pid)
                _out, errors = process.communicate()
            assert process.returncode == 1
            assert "Traceback" not in errors
            assert "database" in errors
            again = run("ingest", file, "--json", env=env)
            assert again.json["problems"] == undisturbed[0].json["problems"]
            repeated = undisturbed[0].json["counts"]["repeated"]
            assert again.json["counts"]["repeated"] > repeated
            found = status(folder / "postgres").url
            assert found is not None
            assert _books(found) == undisturbed[1]
        finally:
            run("database", "stop", env=env)


def _kill_server(pid: int) -> None:
    """Kill a postmaster and everything it started, as a machine that goes away does."""
    postmaster = psutil.Process(pid)
    processes = [postmaster, *postmaster.children(recursive=True)]
    for process in processes:
        process.kill()


# -- deliver ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_delivery_killed_at_random_moments_makes_every_record_once(
    tmp_path: Path, new_database: Callable[[], str]
) -> None:
    """Real processes on both sides; after five kills the right records are there exactly once."""
    url = new_database()
    env = _environment(url, tmp_path)
    config = tmp_path / "drawdown.toml"
    facts = tmp_path / "facts.jsonl"
    facts.write_text(f.lines(*itertools.islice(_facts(0), 4 * 16)), "utf-8")
    chance = random.Random(2026)
    with SandboxProcess(tmp_path / "sandbox.db") as sandbox:
        prepare(sandbox, tmp_path, config, PolicyTable())
        with config.open("a", encoding="utf-8") as settings:
            settings.write("\n[delivery]\nlease_s = 1\n")
        command = ("--config", config)
        run(*command, "ingest", facts, env=env)
        wanted = Counter(_external_ids(url))
        kills = 0
        for _ in range(5):
            moment = _count(url, TRIED) + chance.randrange(1, 40)
            with start(*command, "deliver", "--until-empty", env=env) as process:
                kills += _kill_when(process, url, TRIED, moment)
        assert kills >= 4
        last = run(*command, "deliver", "--until-empty", "--json", env=env)
        assert (last.status, last.json["problems"]) == (0, {})
        assert Counter(_made(sandbox)) == wanted
        sandbox.month_end("2026-02")
        assert run(*command, "reconcile", "--json", env=env).json["differences"] == []


def _external_ids(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT DISTINCT external_id FROM drawdown.outbox WHERE record <> 'customer'"
        )
        return [row[0] for row in rows]


def _made(sandbox: SandboxProcess) -> list[str]:
    token = sandbox.control("POST", "/tokens")["access_token"]
    answer = httpx2.post(
        f"{sandbox.url}/services/rest/query/v1/suiteql?limit=1000",
        json={"q": "SELECT t.externalid AS name FROM transaction t "
                   "WHERE t.externalid IS NOT NULL ORDER BY t.id"},
        headers={"Authorization": f"Bearer {token}", "Prefer": "transient"},
        trust_env=False,
    )  # fmt: skip
    assert not answer.json()["hasMore"]
    return [row["name"] for row in answer.json()["items"]]
