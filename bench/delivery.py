"""How near workers come to what an ERP allows, and what happens after an outage.

Run: make bench, or python bench/delivery.py [--json] [--seconds N]

A stub of NetSuite (bench/_delivery_stub.py, a process of its own) answers each call after 300 ms
and counts, by account, the calls in flight. Worker processes with the real adapter, over real HTTP
and on the bundled PostgreSQL with fsync on, deliver deposits: a POST each, read back together.

* *20 tenants* and *200 tenants*, each with an account of its own that allows 10 calls at once:
  calls answered a second, beside the ideal (tenants x limit / latency) and beside the ceiling of
  the machine: the same HTTP client with as many calls at once, processes and accounts, posting and
  nothing else. Work and ceiling take turns, the others stopped (SIGSTOP), after a warm-up each
  time; both are medians of these slices. Processor time of the workers is counted by the kernel.
* *outage*: 20 tenants with a backlog of 10,000; the stub is out until every circuit is open. Each
  circuit is probed once a minute; the slowest account's time from the first record that it takes to
  its last one, beside the ideal time (one call a record).

No account may ever see more calls at once than its limit. Exit status: 0 targets reached, 1 not.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import NamedTuple

import psutil
import psycopg
from _delivery_processes import (
    SETTLE_S,
    Running,
    Stub,
    bare_clients,
    number,
    stopped,
    tenant_name,
    wait_until,
    workers,
)

from drawdown.core.plan import Operation, RecordIntent
from drawdown.core.rules import Record
from drawdown.erp.netsuite import generate_key_pair
from drawdown.service.delivery import register
from drawdown.store.codec import encode_intent
from drawdown.store.database import Database
from drawdown.store.embedded import temporary_server

LATENCY_S = 0.3
LIMIT = 10
CALLS_PER_RECORD = 1
"""The POST; what was posted is read back many at a time, and that is not counted in the ideal."""
FEW, MANY = 20, 200
FEW_TARGET, MANY_TARGET, OUTAGE_TARGET = 0.95, 0.75, 1.2
BACKLOG = 10_000
SLICES = 5


def fill(owner: psycopg.Connection, tenants: int, records: int) -> None:
    """Put deposits into the outboxes, each in a lane of its own."""
    columns = "tenant_id, position, external_id, record, operation, event_id, lanes, intent"
    with owner.cursor().copy(f"COPY drawdown.outbox ({columns}) FROM STDIN") as copy:
        for number in range(tenants):
            for position in range(1, records + 1):
                name, block = f"dd-deposit-{number}-{position}", f"B{position}"
                intent = RecordIntent(
                    Record.CUSTOMER_DEPOSIT, Operation.CREATE, name, (block,), "dd-customer-1",
                    f"purchase:{position}", "Prepaid credits", date(2026, 1, 31), date(2026, 1, 31),
                    "USD", amount_minor=10_000, block_id=block, kind="purchased",
                    initial_minor=10_000,
                )  # fmt: skip
                copy.write_row(
                    (tenant_name(number), position, name, "customerDeposit", "create",
                     intent.event_id, [block], encode_intent(intent))
                )  # fmt: skip
    owner.execute("ANALYZE drawdown.outbox")


def processor_s(pids: Iterable[int]) -> float:
    """Return the processor time that processes and their children have taken, by Linux."""
    ticks = 0
    for pid in pids:
        for one in (pid, *(child.pid for child in psutil.Process(pid).children())):
            with suppress(FileNotFoundError):  # a child that has ended counts with its parent
                stat = Path(f"/proc/{one}/stat").read_text("ascii")
                ticks += sum(map(int, stat.rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


class Slice(NamedTuple):
    """What was counted over some seconds, per second.

    Attributes:
        calls: Answered.
        records: Posted.
        processor: Seconds of the processes that ran, of the stub and of PostgreSQL.
    """

    calls: float
    records: float
    processor: tuple[float, ...]


def measure(stub: Stub, owner: psycopg.Connection, processes: Running, seconds: float) -> Slice:
    """Count for so many seconds."""
    parts = (
        [one.pid for one in processes],
        [stub.pid],
        [psutil.Process(owner.info.backend_pid).ppid()],
    )
    before, spent, began = stub.tell(), [*map(processor_s, parts)], perf_counter()
    sleep(seconds)
    after, elapsed = stub.tell(), perf_counter() - began
    return Slice(
        (number(after["answered"]) - number(before["answered"])) / elapsed,
        (number(after["posted"]) - number(before["posted"])) / elapsed,
        tuple((processor_s(part) - was) / elapsed for part, was in zip(parts, spent, strict=True)),
    )


def microseconds(seconds: Iterable[float]) -> int:
    """Return the median of seconds."""
    return round(median(seconds) * 1e6)


class Bench:
    def __init__(self, arguments: argparse.Namespace, folder: Path) -> None:
        self.arguments = arguments
        self.key_file = folder / "key.pem"
        self.key_file.write_text(
            generate_key_pair(datetime(2026, 1, 1, tzinfo=UTC)).private_key_pem, "ascii"
        )

    @contextmanager
    def books(self, tenants: int, records: int) -> Iterator[tuple[str, psycopg.Connection, Stub]]:
        with (
            temporary_server() as url,
            psycopg.connect(url, autocommit=True) as owner,
        ):
            database = Database(url)
            database.migrate()
            stub = Stub(tenants)
            try:
                fill(owner, tenants, records)
                with database.worker_session() as session:
                    for number in range(tenants):
                        name = tenant_name(number)
                        register(session, f"bench:{number}", LIMIT, tenant_id=name)
                yield url, owner, stub
            finally:
                stub.close()

    def steady(self, tenants: int) -> dict[str, object]:
        """Measure the rate while there is enough to deliver, and the ceiling beside it."""
        slice_s = self.arguments.seconds / SLICES
        ideal = tenants * LIMIT / LATENCY_S
        records = int(ideal * (SLICES * (slice_s + SETTLE_S) + 30) / tenants)
        processes = self.arguments.processes
        concurrency = min(self.arguments.concurrency, tenants * LIMIT // processes + 8)
        work: list[Slice] = []
        ceiling: list[Slice] = []
        with (
            self.books(tenants, records) as (url, owner, stub),
            workers(url, stub, self.key_file, processes, concurrency) as working,
            bare_clients(stub, processes, concurrency) as posting,
        ):
            for running, others in ((working, posting), (posting, working)):
                with stopped(others):
                    stub.wait_for(tenants * LIMIT * 2, running)
            for _ in range(SLICES):
                with stopped(posting):
                    work.append(measure(stub, owner, working, slice_s))
                with stopped(working):
                    ceiling.append(measure(stub, owner, posting, slice_s))
            told = stub.tell()
            rate = median(one.calls for one in work)
            limit = min(ideal, median(one.calls for one in ceiling))
            return {
                "calls_per_second": round(rate),
                "records_per_second": round(median(one.records for one in work)),
                "ideal_per_second": round(ideal),
                "ceiling_per_second": round(limit),
                "ratio": round(rate / ideal, 3),
                "ratio_to_ceiling": round(rate / limit, 3),
                **{
                    f"{name}_us_per_record": microseconds(
                        one.processor[part] / max(one.records, 1) for one in work
                    )
                    for part, name in enumerate(("workers", "stub", "database"))
                },
                "client_us_per_bare_call": microseconds(
                    one.processor[0] / max(one.calls, 1) for one in ceiling
                ),
                "most_in_flight": stub.most(),
                "duplicates": told["duplicates"],
            }

    def outage(self) -> dict[str, object]:
        """Measure how long a backlog takes after an outage."""
        records = BACKLOG // FEW
        ideal_s = BACKLOG * CALLS_PER_RECORD / (FEW * LIMIT / LATENCY_S)
        with self.books(FEW, records) as (url, owner, stub):
            stub.tell(is_out=True)
            processes = self.arguments.processes
            concurrency = FEW * LIMIT // processes + 8
            with workers(url, stub, self.key_file, processes, concurrency) as running:
                # Calls that were under way when a circuit opened do not count as probes.
                wait_until(lambda: count(owner, OPEN_CIRCUITS) == FEW, running)
                wait_until(lambda: count(owner, CALLS) == 0, running)
                stub.tell(is_out=False)
                wait_until(lambda: count(owner, NOT_DELIVERED) == 0, running)
            told = stub.tell()
            assert isinstance(told["seconds"], list)
            seconds = max(told["seconds"])
            return {
                "seconds": round(seconds, 1),
                "ideal_seconds": round(ideal_s, 1),
                "ratio": round(seconds / ideal_s, 3),
                "most_in_flight": stub.most(),
                "duplicates": told["duplicates"],
            }


OPEN_CIRCUITS = "SELECT count(*) FROM drawdown.erp_connection WHERE opened_at IS NOT NULL"
CALLS = "SELECT count(*) FROM drawdown.erp_slot"
NOT_DELIVERED = "SELECT count(*) FROM drawdown.outbox WHERE status <> 'done'"


def count(owner: psycopg.Connection, query: str) -> int:
    row = owner.execute(query).fetchone()
    assert row is not None
    return int(row[0])


def run(arguments: argparse.Namespace) -> dict[str, object]:
    with tempfile.TemporaryDirectory(prefix="drawdown-bench-") as folder:
        bench = Bench(arguments, Path(folder))
        steps = {
            "few": lambda: bench.steady(FEW),
            "many": lambda: bench.steady(MANY),
            "outage": bench.outage,
        }
        parts = {name: step() for name, step in steps.items() if name in arguments.only}
    reached = all(is_reached(name, part) for name, part in parts.items())
    return {**parts, "latency_s": LATENCY_S, "limit": LIMIT, "reached": reached}


def is_reached(name: str, part: dict[str, object]) -> bool:
    if int(str(part["most_in_flight"])) > LIMIT or part["duplicates"]:
        return False
    ratio = float(str(part["ratio"]))
    if name == "outage":
        return ratio <= OUTAGE_TARGET
    return ratio >= (FEW_TARGET if name == "few" else MANY_TARGET)


def show(result: dict[str, object]) -> None:
    print(f"limit {LIMIT} calls at once an account, {LATENCY_S * 1000:.0f} ms a call")
    for name, part in result.items():
        if isinstance(part, dict):
            print(f"{name:8}" + "  ".join(f"{key} {value}" for key, value in part.items()))
    print("reached" if result["reached"] else "below target")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seconds", type=float, default=15, help="of work, and of the ceiling")
    cores = len(os.sched_getaffinity(0))
    parser.add_argument("--processes", type=int, default=2 * cores, help="worker processes")
    parser.add_argument(
        "--concurrency", type=int, default=512, help="calls of a process at once, at most"
    )
    parser.add_argument("--only", nargs="*", default=["few", "many", "outage"])
    arguments = parser.parse_args()
    result = run(arguments)
    if arguments.json:
        print(json.dumps(result))
    else:
        show(result)
    return 0 if result["reached"] else 1


if __name__ == "__main__":
    sys.exit(main())
