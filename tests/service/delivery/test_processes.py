"""Real worker processes: shared work, kill -9, a pause beyond the lease, a gentle stop.

The ERP is in this process: it sees every call, keeps the records, counts the calls under way, and
answers when the test lets it. Nothing sleeps: tests wait for calls, for lines of the workers'
output, and for what is in the database.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import psycopg
import pytest

from drawdown.service.delivery import register
from drawdown.service.delivery.crew import AHEAD_PER_CALL
from drawdown.store.database import Database
from tests.service.delivery.rows import put_rows, states

PROGRAM = Path(__file__).with_name("crewman.py")
ROOT = PROGRAM.parents[3]


class TestErp:
    """An ERP that a test holds in its hands.

    Attributes:
        calls: Worker and external id of each call, as it arrives.
        most: The most calls that were ever under way at once.
        records: How often each external id was made; adoption makes none.
    """

    __test__ = False

    def __init__(self) -> None:
        self.calls: SimpleQueue[tuple[str, str]] = SimpleQueue()
        self.heard: list[tuple[str, str, str]] = []
        self.records: Counter[str] = Counter()
        self.under_way = 0
        self.most = 0
        self.gate = threading.Event()
        self.gate.set()
        self.answers: Callable[[str], str] = lambda _name: "made"
        self._lock = threading.Lock()
        erp = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                erp.handle(self.rfile, self.wfile, self.connection)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 200

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def handle(self, rfile: Any, wfile: Any, connection: socket.socket) -> None:
        asked = json.loads(rfile.readline())
        name = asked["external_id"]
        with self._lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            answer = self.answers(name)
            if answer == "made":
                answer = "adopted" if self.records[name] else "made"
                self.records[name] = 1 if answer == "adopted" else self.records[name] + 1
            self.heard.append((asked["worker"], asked["tenant"], name))
        self.calls.put((asked["worker"], name))
        self.gate.wait()
        with self._lock:
            self.under_way -= 1
        try:
            wfile.write(json.dumps({"answer": answer}).encode() + b"\n")
        except OSError:
            connection.close()  # the caller was killed

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def erp() -> Iterator[TestErp]:
    made = TestErp()
    yield made
    made.close()


class Process:
    """A worker process and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def hears(self, key: str) -> Any:
        """Read what it says until it names a key; return that."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said = json.loads(line)
            if key in said:
                return said[key]
        raise AssertionError(f"it ended without {key!r}")

    def rest(self) -> list[dict[str, Any]]:
        """Wait for its end; return everything it still says."""
        out, _ = self.process.communicate()
        return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def start(database_url: str, erp: TestErp) -> Iterator[Callable[..., Process]]:
    """Return a function that starts a worker process."""
    with ExitStack() as stack:

        def begin(
            name: str, tenants: list[str], *, concurrency: int = 8, lease_s: float = 60
        ) -> Process:
            options = {
                "url": database_url, "port": erp.port, "name": name, "tenants": tenants,
                "concurrency": concurrency, "lease_s": lease_s,
            }  # fmt: skip
            return stack.enter_context(_started(options))

        yield begin


@contextmanager
def _started(options: dict[str, Any]) -> Iterator[Process]:
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), json.dumps(options)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    with process:
        try:
            yield Process(process)
        finally:
            process.kill()


@pytest.fixture
def tenants(
    database: Database, erp: TestErp, new_tenant: Callable[..., str]
) -> Callable[[int, int], list[str]]:
    """Return a function that makes tenants of one account that takes so many calls at once."""

    def make(count: int, concurrency: int) -> list[str]:
        names = [new_tenant() for _ in range(count)]
        with database.worker_session() as session:
            for name in names:
                register(session, f"erp:{names[0]}", concurrency, tenant_id=name)
        return names

    return make


def wait_for(url: str, query: str, *values: object) -> None:
    """Wait until a query on the database says true."""
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(query.encode(), values).fetchall() != [(True,)]:
            pass


ALL_DONE = "SELECT bool_and(status = 'done') FROM drawdown.outbox WHERE tenant_id = ANY (%s)"
LEASE_OVER = """
SELECT bool_and(due_at < clock_timestamp()) FROM drawdown.outbox
WHERE tenant_id = ANY (%s) AND worker <> '' AND status <> 'done'
"""


def test_processes_share_one_tenant_in_order_of_its_lanes(
    database_url: str, erp: TestErp, start: Callable[..., Process],
    tenants: Callable[[int, int], list[str]],
) -> None:  # fmt: skip
    """Each record is made once, by one of both; never more calls than the account takes."""
    names = tenants(1, 3)
    lanes = [[f"L{n % 7}", *([f"L{n % 3}"] if n % 5 == 0 else [])] for n in range(60)]
    erp.gate.clear()
    put_rows(database_url, names[0], lanes)
    workers = [start("a", names, concurrency=2), start("b", names, concurrency=2)]
    callers = {erp.calls.get()[0] for _ in range(3)}
    assert callers == {"a", "b"}, "one worker had all three calls, with room for two"
    erp.gate.set()
    wait_for(database_url, ALL_DONE, names)
    for worker in workers:
        worker.process.terminate()
        assert worker.rest()[-1] == {"ended": True}
        assert worker.process.returncode == 0
    assert erp.most == 3
    made = [name for _, _, name in erp.heard]
    assert sorted(made) == sorted(set(made))
    place = {int(name.rpartition("-")[2]): number for number, name in enumerate(made)}
    for later, row in enumerate(lanes, 1):
        for earlier in range(1, later):
            if set(row) & set(lanes[earlier - 1]):
                assert place[earlier] < place[later], (earlier, later)


def test_processes_share_many_tenants_of_one_account(
    database_url: str, erp: TestErp, start: Callable[..., Process],
    tenants: Callable[[int, int], list[str]],
) -> None:  # fmt: skip
    """A tenant with one row is served while another has a hundred."""
    names = tenants(6, 4)
    put_rows(database_url, names[0], [[f"L{n}"] for n in range(100)])
    for name in names[1:]:
        put_rows(database_url, name, [["L"]])
    for worker in ("a", "b", "c"):
        start(worker, names)
    wait_for(database_url, ALL_DONE, names)
    assert erp.most <= 4
    assert erp.records.total() == len(erp.records) == 105
    single = [number for number, one in enumerate(erp.heard) if one[1] != names[0]]
    assert max(single) < 40


def test_the_rows_of_a_killed_worker_are_taken_over_when_its_lease_ends(
    database_url: str, erp: TestErp, start: Callable[..., Process],
    tenants: Callable[[int, int], list[str]],
) -> None:  # fmt: skip
    """Killed (-9) in the middle of two calls: the next worker adopts what they made."""
    names = tenants(1, 2)
    put_rows(database_url, names[0], [["A"], ["B"], ["A"], ["C"]])
    erp.gate.clear()
    first = start("first", names, lease_s=1)
    killed = {erp.calls.get(), erp.calls.get()}
    first.process.kill()
    first.process.wait()
    start("second", names, lease_s=1)
    taken = {erp.calls.get(), erp.calls.get()}
    with psycopg.connect(database_url) as owner:
        claims = owner.execute(
            "SELECT fence FROM drawdown.outbox WHERE tenant_id = %s AND attempts > 1", (names[0],)
        ).fetchall()
    assert claims == [(2,), (2,)]
    assert {name for _, name in taken} == {name for _, name in killed}
    assert {worker for worker, _ in taken} == {"second"}
    erp.gate.set()
    wait_for(database_url, ALL_DONE, names)
    assert set(erp.records.values()) == {1}
    assert len(erp.records) == 4


def test_a_worker_that_was_paused_beyond_its_lease_writes_nothing(
    database_url: str, erp: TestErp, start: Callable[..., Process],
    tenants: Callable[[int, int], list[str]],
) -> None:  # fmt: skip
    """SIGSTOP, somebody else finishes its record, SIGCONT: it is told that it lost the row."""
    names = tenants(1, 1)
    (external_id,) = put_rows(database_url, names[0], [["A"]])
    erp.gate.clear()
    zombie = start("zombie", names, lease_s=1)
    assert erp.calls.get() == ("zombie", external_id)
    os.kill(zombie.process.pid, signal.SIGSTOP)
    wait_for(database_url, LEASE_OVER, names)
    start("heir", names, lease_s=1)
    assert erp.calls.get() == ("heir", external_id)
    erp.gate.set()
    wait_for(database_url, ALL_DONE, names)
    before = _row(database_url, names[0])
    os.kill(zombie.process.pid, signal.SIGCONT)
    assert zombie.hears("lost") == external_id
    assert _row(database_url, names[0]) == before
    assert erp.records == {external_id: 1}


def _row(url: str, tenant_id: str) -> Any:
    with psycopg.connect(url) as owner:
        return owner.execute(
            "SELECT to_jsonb(o) FROM drawdown.outbox AS o WHERE tenant_id = %s", (tenant_id,)
        ).fetchall()


def test_a_stopped_worker_finishes_its_calls_and_gives_the_rest_back(
    database_url: str, erp: TestErp, start: Callable[..., Process],
    tenants: Callable[[int, int], list[str]],
) -> None:  # fmt: skip
    """SIGTERM with two calls under way and rows taken ahead: those are as never claimed."""
    names = tenants(1, 2)
    taken = 2 + 2 * AHEAD_PER_CALL
    put_rows(database_url, names[0], [[f"L{n}"] for n in range(taken + 1)])
    erp.gate.clear()
    worker = start("w", names)
    calls = {erp.calls.get()[1], erp.calls.get()[1]}
    wait_for(
        database_url,
        "SELECT count(*) = %s FROM drawdown.outbox WHERE tenant_id = %s AND worker = 'w'",
        taken,
        names[0],
    )
    worker.process.terminate()
    wait_for(
        database_url,
        "SELECT count(*) = 2 FROM drawdown.outbox WHERE tenant_id = ANY (%s) AND worker = 'w'",
        names,
    )
    erp.gate.set()
    said = worker.rest()
    assert worker.process.returncode == 0
    assert {one["settled"] for one in said if "settled" in one} == calls
    assert Counter(states(database_url, names[0]).values()) == {"done": 2, "waiting": taken - 1}
    with psycopg.connect(database_url) as owner:
        left = owner.execute(
            "SELECT count(*) FILTER (WHERE attempts > 0), "
            "(SELECT count(*) FROM drawdown.erp_slot WHERE connection_id = %s) "
            "FROM drawdown.outbox WHERE tenant_id = %s AND status = 'waiting'",
            (f"erp:{names[0]}", names[0]),
        ).fetchone()
    assert left == (0, 0)


def test_a_worker_waits_for_its_database(
    database_url: str, erp: TestErp, start: Callable[..., Process],
    tenants: Callable[[int, int], list[str]],
) -> None:  # fmt: skip
    """Its connection is cut while calls are under way: it connects again and settles them."""
    names = tenants(1, 2)
    put_rows(database_url, names[0], [[f"L{n}"] for n in range(6)])
    erp.gate.clear()
    worker = start("w", names)
    erp.calls.get()
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    erp.gate.set()
    assert "database" in worker.hears("troubled")
    wait_for(database_url, ALL_DONE, names)
    assert set(erp.records.values()) == {1}
