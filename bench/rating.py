"""How fast metered usage is rated, drawn and posted, and whether that grows with what is there.

Run: make bench, or python bench/rating.py [--full] [--json]

1,000 customers have a subscription each: two usage lines, one of them tiered, that draw one
prepayment, which is refilled by itself. Usage of three months arrives in the order in which it
happened, in batches of 10,000 records, and each month is billed when it has ended. Everything goes
through the services, on the bundled PostgreSQL with fsync on.

* *cost*: time per record of taking in (deduplicated, stored, rated, drawn, refilled) and billing,
  at 10,000 records and 100,000 (``--full``: a million too). Ratio: largest over smallest.
* *limit*: `COPY` of the same usage rows into the same table, by its owner, batch by batch in turn
  with the work, so that whatever else the machine does slows both.
* *slices*: taking in the last tenth of the largest run, measured in that limit, beside the first.
* *memory*: peak of the process, which makes the usage as a stream, beside that of the smallest run.

Exit status: 0 every target reached, 1 not.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from time import perf_counter
from typing import Any

import psycopg

from drawdown.billing.plan_file import read_plan
from drawdown.core.events import CustomerChanged, Event
from drawdown.core.policy import Policy
from drawdown.core.slices import slices
from drawdown.core.subscription.plan import Plan
from drawdown.core.subscription.terms import Subscription
from drawdown.core.subscription.usage import UsageRecord
from drawdown.service.billing import bill
from drawdown.service.ingest import BATCH_SIZE, ingest
from drawdown.service.subscriptions import create
from drawdown.service.usage import BATCH_RECORDS, ingest_usage
from drawdown.store.database import Database, Session
from drawdown.store.embedded import temporary_server

RATIO_TARGET = 1.1
"""Cost per record of the largest run over that of the smallest."""
SLICE_TARGET = 1.25
MEMORY_TARGET_MB = 400

CUSTOMERS = 1_000
STARTS_ON = date(2026, 1, 1)
STARTS_AT = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 90
MONTH_ENDS = (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC),
              datetime(2026, 4, 1, tzinfo=UTC))  # fmt: skip

PLAN = """
id = "bench"
currency = "USD"
term = "3 months"
[[prepay]]
id = "pre"
charge = "auto_refill"
amount = "200.00"
minimum_balance = "20.00"
[[usage]]
id = "api"
item = "api"
rate = "0.0125"
draws = ["pre"]
[[usage]]
id = "gpu"
item = "gpu"
model = "tiered"
tiers = [{ up_to = 1000, rate = "0.50" }, { rate = "0.40" }]
draws = ["pre"]
"""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Bench of rating")
    parser.add_argument("--full", action="store_true", help="up to a million records")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--records", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.records:
        print(json.dumps(run(options.url, options.records)))
        return 0
    sizes = (10_000, 100_000, 1_000_000) if options.full else (10_000, 100_000)
    found: list[dict[str, Any]] = []
    with temporary_server(fsync=True) as url:
        Database(url).migrate()
        for size in sizes:
            command = [sys.executable, __file__, "--records", str(size), "--url", url]
            ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            found.append(json.loads(ran.stdout))
            if not options.json:
                print(_text(found[-1]), flush=True)
    first, last = found[0], found[-1]
    summary = {
        "runs": found,
        "ratio": round(last["us_per_record"] / first["us_per_record"], 3),
        "slices": last["slices"],
        "memory_mb": last["memory_mb"],
    }
    is_reached = (
        summary["ratio"] <= RATIO_TARGET
        and summary["slices"] <= SLICE_TARGET
        and summary["memory_mb"] <= MEMORY_TARGET_MB
    )
    if options.json:
        print(json.dumps(summary, indent=2))
    else:
        print(
            f"rating: cost per record of {last['records']:,} over {first['records']:,}: "
            f"{summary['ratio']} (target {RATIO_TARGET}); last tenth over first: "
            f"{summary['slices']} (target {SLICE_TARGET}); memory {summary['memory_mb']} MB, "
            f"{first['memory_mb']} MB with the smallest (target {MEMORY_TARGET_MB})"
        )
    return 0 if is_reached else 1


def _text(one: dict[str, Any]) -> str:
    return (
        f"rating: {one['records']:,} records: {one['us_per_record']} us each "
        f"({one['us_taking_in']} taking in, {one['us_billing']} billing; {one['invoices']:,} "
        f"invoices, {one['refills']:,} refills), {one['records_per_s']:,}/s; limit "
        f"{one['limit_per_s']:,}/s, {one['of_limit']} of it; {one['memory_mb']} MB"
    )


def run(url: str, count: int) -> dict[str, Any]:
    """Take in and bill so many records for a tenant of their own."""
    policy = Policy()
    taking: list[float] = []
    limits: list[float] = []
    billing = 0.0
    invoices = 0
    with Database(url).session(f"records-{count}") as session, psycopg.connect(url) as owner:
        prepare(session, policy)
        copy = f"limit-{count}"
        owner.execute("INSERT INTO drawdown.tenant (tenant_id) VALUES (%s)", (copy,))
        owner.commit()
        months = iter(MONTH_ENDS)
        month = next(months)
        for batch in slices(usage(count), BATCH_RECORDS):
            if batch[0].used_at >= month:
                billing, invoices = _bill(session, policy, month, billing, invoices)
                month = next(months)
            started = perf_counter()
            answers = ingest_usage(session, batch, policy, batch[-1].used_at)
            taking.append(perf_counter() - started)
            assert all(one.status == "accepted" and not one.is_repeat for one in answers)
            limits.append(_limit(owner, copy, batch))
        for at in (month, *months):
            billing, invoices = _bill(session, policy, at, billing, invoices)
        refills = _count(session, "SELECT count(*) FROM drawdown.notice WHERE kind = 'refilled'")
        assert _count(session, "SELECT count(*) FROM drawdown.usage") == count
    seconds = sum(taking) + billing
    tenth = max(1, len(taking) // 10)
    first = sum(taking[:tenth]) / sum(limits[:tenth])
    last = sum(taking[-tenth:]) / sum(limits[-tenth:])
    return {
        "records": count,
        "us_per_record": round(seconds / count * 1e6, 1),
        "us_taking_in": round(sum(taking) / count * 1e6, 1),
        "us_billing": round(billing / count * 1e6, 1),
        "records_per_s": round(count / seconds),
        "limit_per_s": round(count / sum(limits)),
        "of_limit": round(sum(limits) / seconds, 3),
        "invoices": invoices,
        "refills": refills,
        "slices": round(last / first, 3),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _bill(
    session: Session, policy: Policy, month: datetime, billing: float, invoices: int
) -> tuple[float, int]:
    started = perf_counter()
    report = bill(session, month, policy, month)
    return billing + perf_counter() - started, invoices + report.invoices


def prepare(session: Session, policy: Policy) -> None:
    """Make the customers and begin their subscriptions."""
    session.run("add_tenant", {"policy": "{}"})
    plan = read_plan(PLAN)
    assert isinstance(plan, Plan)
    names = [f"c{number:04}" for number in range(CUSTOMERS)]
    customers: list[Event] = [
        CustomerChanged(f"customer {name}", STARTS_AT, name, name, "USD") for name in names
    ]
    for batch in slices(customers, BATCH_SIZE):
        ingest(session, batch, policy)
    for name in names:
        one = Subscription(
            f"s{name}", name, plan, STARTS_ON, Decimal(1), plan.end_of_term, is_carried=False
        )
        create(session, one, policy, STARTS_AT)


def usage(count: int) -> Iterator[UsageRecord]:
    """Yield usage in the order in which it happened, spread over customers and lines."""
    step = timedelta(days=DAYS) / count
    for number in range(count):
        customer = number * 7919 % CUSTOMERS
        line = "gpu" if number % 3 == 0 else "api"
        yield UsageRecord(
            f"u{number}", f"sc{customer:04}", line, STARTS_AT + step * number,
            Decimal(number % 97 + 1) if line == "api" else Decimal(number % 7 + 1),
        )  # fmt: skip


def _count(session: Session, sql: str) -> int:
    row = session.connection.execute(sql.encode()).fetchone()
    assert row is not None
    return int(row[0])


def _limit(owner: psycopg.Connection[Any], tenant: str, batch: list[UsageRecord]) -> float:
    """Return the seconds of a `COPY` of a batch's rows, by the table's owner."""
    rows = "".join(
        f"{tenant}\t{one.usage_id}\tc{one.subscription_id[2:]}\t{one.subscription_id}\t{one.line}\t"
        f"{one.used_at}\t{one.used_at}\t{one.quantity}\t{one.quantity}\t\t"
        f"\\\\x00112233445566778899aabbccddeeff\t{one.used_at}\n"
        for one in batch
    ).encode()
    started = perf_counter()
    with owner.cursor().copy(b"COPY drawdown.usage FROM STDIN") as target:
        target.write(rows)
    owner.commit()
    return perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
