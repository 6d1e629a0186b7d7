"""What stays running: the sandbox and the bundled database; how they start, stop and come back."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from tests.cli import facts as f
from tests.cli.commands import run, start

STOP_TIMEOUT_S = 30


@contextmanager
def _sandbox(env: Mapping[str, str], *options: str) -> Iterator[tuple[Any, subprocess.Popen[str]]]:
    """Run `drawdown sandbox` until the block ends; yield what it announced."""
    process = start("sandbox", "--port", "0", "--json", *options, env=env)
    children = psutil.Process(process.pid)
    try:
        yield _announced(process), process
    finally:
        started = children.children(recursive=True) if process.poll() is None else []
        process.kill()
        for child in started:
            child.kill()
        process.communicate()


def _announced(process: subprocess.Popen[str]) -> Any:
    """Read the one JSON object that the command prints when it is ready."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line.startswith("}"):
            return json.loads(text)
    raise AssertionError(process.communicate())


def _has_ended(pid: int) -> bool:
    """Whether a process is gone, or a zombie that its parent has not asked about."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _stop(process: subprocess.Popen[str], number: signal.Signals) -> int:
    process.send_signal(number)
    return process.wait(STOP_TIMEOUT_S)


@pytest.fixture
def env(tmp_path: Path, new_database: Callable[[], str]) -> dict[str, str]:
    """Return an environment with an empty database and data folder of its own."""
    return {"DRAWDOWN_DATA": str(tmp_path), "DATABASE_URL": new_database(), "DRAWDOWN_CONFIG": ""}


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter: root's database runs as another user."""
    with tempfile.TemporaryDirectory(prefix="drawdown-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


def test_the_sandbox_serves_until_it_is_told_to_stop_and_keeps_its_state(
    env: dict[str, str], tmp_path: Path
) -> None:
    """Ctrl-C and SIGTERM both end it with status 0 and leave nothing behind; records stay.

    Commands find its connection by themselves. Another start is the same NetSuite, `--fresh`
    another one.
    """
    facts = tmp_path / "facts.jsonl"
    facts.write_text(f.lines(*f.bought()), "utf-8")
    with _sandbox(env, "--policy", "time_zone=Europe/Berlin") as (said, process):
        assert said["config"] == str(tmp_path / "sandbox.toml")
        assert "Europe/Berlin" in Path(said["config"]).read_text("utf-8")
        key = tmp_path / "sandbox.pem"
        assert key.stat().st_mode & 0o077 == 0
        (server,) = psutil.Process(process.pid).children()
        assert run("ingest", facts, env=env).status == 0
        assert run("deliver", env=env).status == 0
        assert run("reconcile", env=env).status == 0
        assert _stop(process, signal.SIGINT) == 0
        assert not server.is_running()

    with _sandbox(env) as (said, process):
        assert httpx2.get(f"{said['url']}/_sandbox/health", trust_env=False).json()["ok"]
        assert run("deliver", "--json", env=env).json["delivered"] == {}
        assert run("reconcile", env=env).status == 0
        (server,) = psutil.Process(process.pid).children()
        assert _stop(process, signal.SIGTERM) == 0
        assert not server.is_running()

    with _sandbox(env, "--fresh"):
        gone = run("reconcile", "--json", env=env)
        assert gone.status == 1
        assert "record_missing" in {one["kind"] for one in gone.json["differences"]}


def test_a_policy_reaches_the_books_of_the_sandbox(env: dict[str, str], tmp_path: Path) -> None:
    """A lean purchase by `--policy`, end to end through commands."""
    facts = tmp_path / "facts.jsonl"
    facts.write_text(f.lines(*f.bought()), "utf-8")
    lean = ("--policy", "prepaid_item=direct", "--policy", "deposit_account=clearing")
    with _sandbox(env, *lean) as (said, _process):
        assert run("--config", said["config"], "ingest", facts, env=env).status == 0
        ran = run("--config", said["config"], "deliver", "--json", env=env)
        assert ran.json["delivered"] == {
            "customer": 1, "salesOrder": 1, "invoice": 1, "customerDeposit": 1
        }  # fmt: skip
        assert run("--config", said["config"], "reconcile", env=env).status == 0


def test_a_port_that_is_taken_is_said_in_words(env: dict[str, str]) -> None:
    """Status 1, no traceback, nothing left running."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = run("sandbox", "--port", str(taken.getsockname()[1]), env=env)
    assert (ran.status, ran.out) == (1, "")
    assert "the NetSuite sandbox did not start" in ran.err
    assert "Traceback" not in ran.err


def test_the_sandbox_is_announced_for_people(env: dict[str, str]) -> None:
    """In text: where it answers, where its connection is, what to do next."""
    process = start("sandbox", "--port", "0", env=env)
    assert process.stdout is not None
    try:
        said: list[str] = []
        while not said or "Ctrl-C" not in said[-1]:
            said.append(process.stdout.readline())
            assert said[-1]
    finally:
        status = _stop(process, signal.SIGTERM)
        _rest, errors = process.communicate()
    assert "answers at http://127.0.0.1:" in said[0]
    assert "sandbox.toml" in "".join(said)
    assert "drawdown deliver" in "".join(said)
    assert (status, errors) == (0, "")


def test_a_sandbox_that_breaks_down_is_said_so(env: dict[str, str]) -> None:
    """The command ends when the server does, with status 1."""
    with _sandbox(env) as (_said, process):
        (server,) = psutil.Process(process.pid).children()
        server.kill()
        _out, errors = process.communicate(timeout=STOP_TIMEOUT_S)
        assert process.returncode == 1
        assert "the NetSuite sandbox ended with status -9" in errors


@pytest.mark.slow
def test_the_bundled_database_is_started_looked_at_and_stopped(open_folder: Path) -> None:
    """Absent, running, stopped; started again by whoever needs it, with everything still there."""
    env = {"DRAWDOWN_DATA": str(open_folder / "data"), "DATABASE_URL": "", "DRAWDOWN_CONFIG": ""}
    facts = open_folder / "facts.jsonl"
    facts.write_text(f.lines(*f.bought()), "utf-8")
    try:
        absent = run("database", "status", "--json", env=env)
        assert (absent.status, absent.json["state"], absent.json["pid"]) == (0, "absent", None)
        assert not (open_folder / "data").exists()
        assert run("database", "stop", "--json", env=env).json == {"stopped": False}

        assert run("database", "start", "--json", env=env).json == {"state": "ready"}
        running = run("database", "status", "--json", env=env).json
        assert (running["state"], running["database_url"]) == ("running", False)
        assert psutil.Process(running["pid"]).is_running()
        assert running["data"] == str(open_folder / "data" / "postgres")
        assert run("ingest", facts, env=env).status == 0
        assert run("database", "start", env=env).out == "the database is ready\n"
        text = run("database", "status", env=env)
        assert text.out.startswith(f"running: data in {running['data']}")

        assert run("database", "stop", env=env).out == "stopped\n"
        assert _has_ended(running["pid"])
        assert run("database", "status", "--json", env=env).json["state"] == "stopped"
        assert run("database", "stop", env=env).out == "it was not running\n"
        assert len(run("blocks", "--json", env=env).json) == 1
        assert run("database", "status", "--json", env=env).json["state"] == "running"
    finally:
        run("database", "stop", env=env)


def test_another_database_is_pointed_out(env: dict[str, str]) -> None:
    """With DATABASE_URL, `status` still tells of the bundled one and says which is used."""
    text = run("database", "status", env=env)
    assert text.out.startswith("absent:")
    assert "DATABASE_URL is set" in text.out
    assert run("database", "start", env=env).status == 0
    assert not (Path(env["DRAWDOWN_DATA"]) / "postgres").exists()
