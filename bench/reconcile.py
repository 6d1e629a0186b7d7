"""How long it takes to tie out 10,000 blocks, and how much of that the ERP's answers take.

Run: make bench, or python bench/reconcile.py [--blocks N] [--json]

Blocks are sold through ingest, and each is drawn once; the records are what the outbox says,
written to a NetSuite sandbox (a process of its own, reached over HTTP) by its bulk loader, because
delivery is not what is measured. Then `reconcile` reads and compares everything, and the same
statements are asked again by a client that does nothing with the answers: the limit.

Exit status: 0 target reached and no difference found, 1 not.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import httpx2
import psycopg

sys.path.insert(0, str(Path(__file__).parent))

from ingest import sell, take_in, usage

from drawdown.config import PolicyTable, load_config
from drawdown.core.plan import Operation, RecordIntent
from drawdown.core.rules import Record
from drawdown.core.slices import slices
from drawdown.erp.netsuite import NetSuite, Threads, UsageItem, encode, wire
from drawdown.erp.netsuite.connect import read_settings, to_connection, to_mapping
from drawdown.erp.netsuite.wire import Request
from drawdown.local_sandbox.company import prepare
from drawdown.local_sandbox.process import SandboxProcess
from drawdown.service.ingest import BATCH_SIZE
from drawdown.service.reconcile import reconcile
from drawdown.store import outbox
from drawdown.store.database import Database, Session
from drawdown.store.embedded import temporary_server

TARGET_S = 60
"""For 10,000 blocks, on two cores that client, server and database share."""
BLOCKS = 10_000
LOAD_LINES = 5_000
TENANT = "ingested"


class Result(NamedTuple):
    """What was measured."""

    blocks: int
    records: int
    differences: int
    seconds: float
    limit_s: float
    statements: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--blocks", type=int, default=BLOCKS)
    parser.add_argument("--full", action="store_true", help="accepted, for make bench")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, temporary_server(fsync=False) as url:
        Database(url).migrate()
        with SandboxProcess(Path(folder) / "sandbox.db") as sandbox:
            result = measure(url, sandbox, Path(folder), options.blocks)
    target_s = TARGET_S * options.blocks / BLOCKS
    if options.json:
        print(json.dumps({**result._asdict(), "target_s": target_s}))
    else:
        print(
            f"{result.blocks} blocks, {result.records} records tied out in {result.seconds:.1f} s "
            f"(target {target_s:.0f} s), {result.differences} differences; "
            f"{result.statements} pages, {result.limit_s:.1f} s of it NetSuite's answers alone"
        )
    return 0 if result.seconds <= target_s and not result.differences else 1


def measure(url: str, sandbox: SandboxProcess, folder: Path, blocks: int) -> Result:
    """Fill both ledgers, reconcile, and ask the same questions again."""
    prepare(sandbox, folder, folder / "drawdown.toml", PolicyTable(), (UsageItem("tokens", "T"),))
    table = load_config(folder / "drawdown.toml").tenants["sandbox"]
    settings = read_settings(table.netsuite or {})
    netsuite = NetSuite(
        to_connection(settings, folder), to_mapping(settings.mapping), Threads(sandbox.exchange)
    )
    with Database(url).session(TENANT) as session:
        session.run("add_tenant", {"policy": "{}"})
        sell(session, blocks)
        for batch in slices(usage(0, blocks, blocks), BATCH_SIZE):
            take_in(session, batch)
        load(session, netsuite, sandbox)
        with psycopg.connect(url) as owner:
            owner.execute(
                "UPDATE drawdown.outbox SET status = 'done', posting_period = CASE WHEN record IN "
                "('customer', 'salesOrder') THEN '' "
                "ELSE to_char((intent ->> 'posted_on')::date, 'Mon YYYY') END"
            )
        asked: list[Request] = []
        send = netsuite.transport.send

        def note(request: Request) -> Any:
            asked.append(request)
            return send(request)

        netsuite.transport.send = note  # type: ignore[method-assign]
        started = perf_counter()
        found = reconcile(session, netsuite)
        seconds = perf_counter() - started
    for difference in found.differences[:5]:
        print(difference.detail, file=sys.stderr)
    started = perf_counter()
    for request in asked:
        send(request)
    limit_s = perf_counter() - started
    return Result(found.blocks, found.records, len(found.differences), seconds, limit_s, len(asked))


def load(session: Session, netsuite: NetSuite, sandbox: SandboxProcess) -> None:
    """Write what waits into the sandbox: what others refer to first."""
    intents = [row.intent for row in outbox.window(session, 10 * BLOCKS)]
    stages = (
        lambda one: one.record is Record.CUSTOMER,
        lambda one: one.record is Record.SALES_ORDER,
        lambda one: one.record is not Record.DEPOSIT_APPLICATION,
        lambda _one: True,
    )
    done: set[str] = set()
    for is_of_stage in stages:
        rows = [one for one in intents if one.external_id not in done and is_of_stage(one)]
        done.update(one.external_id for one in rows)
        lines = list(_load_lines(rows, netsuite))
        for first in range(0, len(lines), LOAD_LINES):
            answer = sandbox.client.post(
                f"{sandbox.url}/_sandbox/load",
                content=b"\n".join(lines[first : first + LOAD_LINES]),
                timeout=httpx2.Timeout(600),
            )
            assert answer.status_code == 200, answer.text
        for record in netsuite.records():
            netsuite.directory.learn(record.external_id, record.internal_id)


def _load_lines(intents: list[RecordIntent], netsuite: NetSuite) -> Iterator[bytes]:
    for intent in intents:
        if intent.operation is Operation.UPSERT:
            request = encode.upsert(intent, netsuite.directory)
        else:
            request = encode.create(intent, netsuite.directory)
        path = request.path.removeprefix(wire.RECORD_ROOT)
        yield f"{request.method} {path} ".encode() + request.body


if __name__ == "__main__":
    sys.exit(main())
