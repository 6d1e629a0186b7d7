"""How fast drawdowns become durable books, beside what this machine's database can do at all.

Run: make bench, or python bench/ingest.py [--full] [--json]

Three measurements on the bundled PostgreSQL with fsync on; work and limit take turns, so that
whatever else the machine does slows both:

* *bulk*: usage invoices of one line that names one of 10,000 blocks, in batches of 1,000. Limit:
  `COPY` of the very same rows into the same tables, with the same keys, constraints and triggers,
  under another tenant, as the tables' owner, in one transaction.
* *single*: one event in each transaction. Limit: one row of the event table in each transaction.
* *memory*: a stream of JSON Lines through decoder and ingest, in a process of its own, and the
  peak of that process.

Exit status: 0 every target reached, 1 not.
"""

from __future__ import annotations

import argparse
import gc
import json
import resource
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import perf_counter
from typing import NamedTuple

import psycopg

from drawdown.billing.native.encode import encode_event
from drawdown.billing.native.json_lines import NativeJsonLines
from drawdown.core.events import (
    BlockKind,
    BlockTerms,
    CustomerChanged,
    Event,
    InvoiceLine,
    LineKind,
    PurchaseInvoice,
    SalesOrder,
    UsageInvoice,
)
from drawdown.core.policy import Policy
from drawdown.core.ports import Located
from drawdown.core.slices import slices
from drawdown.service.ingest import BATCH_SIZE, ingest
from drawdown.store.database import Database, Session
from drawdown.store.embedded import temporary_server

BULK_TARGET = 0.15
SINGLE_TARGET = 0.25
MEMORY_TARGET_MB = 400

BLOCKS = 10_000
BLOCKS_PER_CUSTOMER = 20
STARTS_AT = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = Policy()

WRITTEN = ("event", "document", "movement", "entry", "outbox")
"""Tables that a drawdown adds rows to, in an order that foreign keys allow."""


class Pair(NamedTuple):
    """One repetition: events per second of the work and of its limit."""

    work: float
    limit: float

    @property
    def ratio(self) -> float:
        return self.work / self.limit


def customer_of(block: int) -> str:
    return f"C{block // BLOCKS_PER_CUSTOMER:05d}"


def sales(count: int) -> Iterator[Event]:
    """Yield what sells the blocks: customers, orders of many blocks, purchase invoices."""
    on = STARTS_AT.date()
    for first in range(0, count, BLOCKS_PER_CUSTOMER):
        customer, order = customer_of(first), f"S{first:05d}"
        blocks = tuple(
            BlockTerms(
                f"B{number:05d}", BlockKind.PURCHASED, 10_000_000, Decimal(1_000_000), 1,
                STARTS_AT, STARTS_AT + timedelta(days=365), (),
            )
            for number in range(first, min(first + BLOCKS_PER_CUSTOMER, count))
        )  # fmt: skip
        yield CustomerChanged(f"e-{customer}", STARTS_AT, customer, f"Customer {customer}", "USD")
        yield SalesOrder(f"e-{order}", STARTS_AT, on, order, customer, "USD", Decimal(1), blocks)
        yield PurchaseInvoice(f"e-P{order}", STARTS_AT, on, f"P{order}", order, (), ())


def usage(first: int, count: int, blocks: int = BLOCKS) -> Iterator[UsageInvoice]:
    """Yield usage invoices, spread over all blocks by a step that is prime to their number."""
    for number in range(first, first + count):
        block = number * 7_919 % blocks
        at = STARTS_AT + timedelta(days=30, seconds=number)
        credits_ = Decimal(number % 13 + 1) / 4
        line = InvoiceLine("1", "tokens", LineKind.USAGE, credits_, None, f"B{block:05d}")
        yield UsageInvoice(
            f"usage-{number:08d}", at, at.date(), f"U{number:08d}", customer_of(block), "USD",
            None, (line,),
        )  # fmt: skip


def sell(session: Session, blocks: int = BLOCKS) -> None:
    for batch in slices(sales(blocks), BATCH_SIZE):
        take_in(session, batch)


def take_in(session: Session, events: Sequence[Event]) -> None:
    for answer in ingest(session, events, POLICY):
        assert answer.status == "accepted", answer


def measure_bulk(owner: psycopg.Connection, session: Session, first: int, count: int) -> Pair:
    """Take events in, then copy the rows that they became."""
    batches = list(slices(usage(first, count), BATCH_SIZE))
    gc.collect()
    started = perf_counter()
    for batch in batches:
        take_in(session, batch)
    work = count / (perf_counter() - started)

    rows = {table: rows_of(owner, table, first, count) for table in WRITTEN}
    started = perf_counter()
    with owner.transaction():
        for table, (columns, text) in rows.items():
            with owner.cursor().copy(f"COPY drawdown.{table} ({columns}) FROM STDIN") as copy:
                copy.write(text)
    return Pair(work, count / (perf_counter() - started))


def rows_of(owner: psycopg.Connection, table: str, first: int, count: int) -> tuple[str, bytes]:
    """Return the columns of a table and the rows that some events became, for another tenant."""
    names = [
        name
        for (name,) in owner.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 "
            "AND NOT attisdropped AND attname <> 'tenant_id' ORDER BY attnum",
            (f"drawdown.{table}",),
        )
    ]
    columns = ", ".join(names)
    if "event_id" in names:
        chosen, ordered = "event_id", "position" if "position" in names else "event_id"
    else:  # an entry belongs to a movement
        chosen, ordered = "m.event_id", "m.event_id, code"
        columns = ", ".join(f"t.{name}" for name in names)
    joined = (
        "JOIN drawdown.movement AS m USING (tenant_id, block_id, sequence)"
        if chosen.startswith("m.")
        else ""
    )
    query = (
        f"COPY (SELECT 'copied', {columns} FROM drawdown.{table} AS t {joined} "
        f"WHERE t.tenant_id = 'ingested' AND {chosen} >= 'usage-{first:08d}' "
        f"AND {chosen} < 'usage-{first + count:08d}' ORDER BY {ordered}) TO STDOUT"
    )
    with owner.cursor().copy(query) as copy:
        text = b"".join(bytes(part) for part in copy)
    return ", ".join(["tenant_id", *names]), text


def measure_single(owner: psycopg.Connection, session: Session, first: int, count: int) -> Pair:
    """Take events in one by one, then commit as many single rows."""
    events = list(usage(first, count))
    started = perf_counter()
    for event in events:
        take_in(session, [event])
    work = count / (perf_counter() - started)

    columns, text = rows_of(owner, "event", first, count)
    rows = [
        [None if cell == r"\N" else cell.replace(r"\\", "\\") for cell in line.split("\t")]
        for line in text.decode().splitlines()
    ]
    assert len(rows) == count
    insert = f"INSERT INTO drawdown.event ({columns}) VALUES ({', '.join(['%s'] * len(rows[0]))})"
    started = perf_counter()
    for row in rows:
        owner.execute(insert, row, prepare=True)
    return Pair(work, count / (perf_counter() - started))


def stream(url: str, count: int) -> None:
    """Take a stream in and print this process's peak in MB (the memory measurement's process)."""
    lines = map(encode_event, usage(0, count))
    facts = NativeJsonLines(UTC).decode(lines)
    events = (fact.event for fact in facts if isinstance(fact, Located))
    with Database(url).session("streamed") as session:
        started = perf_counter()
        for batch in slices(events, BATCH_SIZE):
            take_in(session, batch)
        seconds = perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak_mb = peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
    print(json.dumps({"events": count, "peak_mb": round(peak_mb, 1), "seconds": round(seconds, 1)}))


def measure_memory(url: str, count: int) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, "--stream", url, "--memory-events", str(count)],
        check=True,
        stdout=subprocess.PIPE,
    )
    result: dict[str, float] = json.loads(done.stdout)
    return result


def create_tenant(session: Session) -> None:
    session.run("add_tenant", {"policy": "{}"})


def run(arguments: argparse.Namespace) -> dict[str, object]:
    with temporary_server() as url, psycopg.connect(url, autocommit=True) as owner:
        database = Database(url)
        database.migrate()
        for tenant in ("ingested", "copied", "streamed"):
            with database.session(tenant) as session:
                create_tenant(session)
                sell(session)
        owner.execute("VACUUM ANALYZE")
        first = 0
        bulk: list[Pair] = []
        single: list[Pair] = []
        with database.session("ingested") as session:
            # The first repetition warms caches, prepared statements and files; it does not count.
            for repetition in range(arguments.repetitions + 1):
                pair = measure_bulk(owner, session, first, arguments.events)
                first += arguments.events
                bulk.extend([pair] if repetition else [])
            for repetition in range(arguments.repetitions + 1):
                pair = measure_single(owner, session, first, arguments.single_events)
                first += arguments.single_events
                single.extend([pair] if repetition else [])
        memory = measure_memory(url, arguments.memory_events)
    return {
        "blocks": BLOCKS,
        "batch": BATCH_SIZE,
        "bulk": summary(bulk, BULK_TARGET),
        "single": summary(single, SINGLE_TARGET),
        "memory": {**memory, "target_mb": MEMORY_TARGET_MB},
        "reached": median_ratio(bulk) >= BULK_TARGET
        and median_ratio(single) >= SINGLE_TARGET
        and memory["peak_mb"] <= MEMORY_TARGET_MB,
    }


def median_ratio(pairs: list[Pair]) -> float:
    return statistics.median(pair.ratio for pair in pairs)


def summary(pairs: list[Pair], target: float) -> dict[str, object]:
    return {
        "events_per_second": round(statistics.median(pair.work for pair in pairs)),
        "limit_per_second": round(statistics.median(pair.limit for pair in pairs)),
        "ratio": round(median_ratio(pairs), 3),
        "ratios": [round(pair.ratio, 3) for pair in pairs],
        "target": target,
    }


def show(result: dict[str, object]) -> None:
    print(f"{BLOCKS:,} blocks, batches of {BATCH_SIZE:,}, fsync on; medians, events per second")
    print(f"{'':8}{'work':>10}{'limit':>10}{'ratio':>8}{'target':>8}   all ratios")
    for name in ("bulk", "single"):
        row = result[name]
        assert isinstance(row, dict)
        print(
            f"{name:8}{row['events_per_second']:>10,}{row['limit_per_second']:>10,}"
            f"{row['ratio']:>8.3f}{row['target']:>8.2f}   "
            + " ".join(f"{ratio:.3f}" for ratio in row["ratios"])
        )
    memory = result["memory"]
    assert isinstance(memory, dict)
    print(
        f"memory  {memory['peak_mb']:.0f} MB peak for {memory['events']:,} events "
        f"({memory['events'] / memory['seconds']:,.0f}/s), target {memory['target_mb']} MB"
    )
    print("reached" if result["reached"] else "below target")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--full", action="store_true", help="one million events through memory")
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--events", type=int, default=5_000, help="per bulk repetition")
    parser.add_argument("--single-events", type=int, default=200, help="per single repetition")
    parser.add_argument("--memory-events", type=int, default=50_000)
    parser.add_argument("--stream", metavar="URL", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.stream:
        stream(arguments.stream, arguments.memory_events)
        return 0
    if arguments.full:
        arguments.memory_events = 1_000_000
    result = run(arguments)
    if arguments.json:
        print(json.dumps(result))
    else:
        show(result)
    return 0 if result["reached"] else 1


if __name__ == "__main__":
    sys.exit(main())
