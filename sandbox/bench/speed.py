"""How fast the sandbox is, beside what this machine allows.

Run: python bench/speed.py [--transactions N] [--full] [--json]

* *in process*: record creates per second, one transaction each, on a file. Limit: the very same
  rows written into the same tables of SQLite, one transaction each.
* *over HTTP*: the same creates over one connection to a server that has one core to itself (where
  there are two). Limit: the same server program answering 204 to the same requests and no more.
* *large*: transactions loaded in bulk through the record service's own rules, then SuiteQL over
  them; --full loads one million.

Figures are per second of the clock and per second of one core's time: on a machine that is doing
other things only the latter says what the sandbox needs. Targets are for the latter.

Exit status: 0 targets reached, 1 not.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from netsuite_sandbox import Sandbox
from netsuite_sandbox.store.database import Database
from netsuite_sandbox.wire.http import Request

ROOT = "/services/rest/record/v1"
TARGETS = {"in_process": 1000, "over_http": 300}
KINDS = ("customer", "customerDeposit", "invoice", "journalEntry", "depositApplication")
CUSTOMERS, BLOCKS, CHUNK = 1_000, 20_000, 20_000
Post = Callable[[str, Any], None]


def creates(number: int) -> list[tuple[str, str, Any]]:
    """One create of each kind: name, path, body."""
    day, item = {"tranDate": "2026-01-15"}, {"externalId": "U"}
    customer, account = {"externalId": "C"}, ({"id": "1"}, {"id": "15"})
    apply = {"doc": {"externalId": f"I{number}"}, "apply": True, "amount": 50.25}
    bodies: tuple[Any, ...] = (
        {"externalId": f"C{number}", "companyName": f"Customer {number}", "subsidiary": 1},
        {"externalId": f"D{number}", "customer": customer, "payment": 100.25, **day},
        {"externalId": f"I{number}", "entity": customer,
         "item": {"items": [{"item": item, "amount": 50.25}]}, **day},
        {"externalId": f"J{number}", "subsidiary": 1,
         "line": {"items": [{"account": account[0], "debit": 50.25},
                            {"account": account[1], "credit": 50.25}]}, **day},
        {"externalId": f"A{number}", "apply": {"items": [apply]}, **day},
    )  # fmt: skip
    transform = f"/customerDeposit/eid:D{number}/!transform/depositApplication"
    paths = ("/customer", "/customerDeposit", "/invoice", "/journalEntry", transform)
    return list(zip(KINDS, paths, bodies, strict=True))


def set_up(post: Post) -> None:
    """Create the customer and the item that the others name."""
    post("/customer", {"externalId": "C", "companyName": "Bench", "subsidiary": 1})
    post("/serviceSaleItem", {
        "itemId": "Usage", "externalId": "U", "incomeAccount": 11, "deferredRevenueAccount": 8,
        "revenueRecognitionRule": 2, "createRevenuePlansOn": -2,
    })  # fmt: skip


def measure(post: Post, count: int, core: Callable[[], float]) -> dict[str, int]:
    """Return creates per second by kind, of all kinds together, and by one core's time.

    Args:
        core: Returns the seconds of a core's time used so far by whoever does the work.
    """
    spent = dict.fromkeys(KINDS, 0.0)
    used = core()
    for number in range(count):
        for kind, path, body in creates(number):
            started = time.perf_counter()
            post(path, body)
            spent[kind] += time.perf_counter() - started
    used = core() - used
    rates = {kind: round(count / seconds) for kind, seconds in spent.items()}
    total = len(KINDS) * count
    return {**rates, "all": round(total / sum(spent.values())), "core": round(total / used)}


def in_process(count: int, folder: Path) -> dict[str, Any]:
    """Measure without a server, then the limit with the rows that were written."""
    sandbox = Sandbox(str(folder / "a.db"))
    sandbox.company.settings.set("require_authentication", value=False)

    def post(path: str, body: Any) -> None:
        answer = sandbox.handle(Request("POST", ROOT + path, body=json.dumps(body).encode()))
        assert answer.status == 204, answer.body

    set_up(post)
    rates = measure(post, count, time.process_time)
    limit, core_limit = write_rows(sandbox, folder)
    sandbox.close()
    return {**rates, "limit": limit, "core_limit": core_limit}


def write_rows(sandbox: Sandbox, folder: Path) -> tuple[int, int]:
    """Write the rows of all transactions again, one transaction each.

    Returns:
        Transactions per second, and per second of the core's time.
    """
    heads = [tuple(row) for row in sandbox.db.all("SELECT * FROM tx ORDER BY id")]
    lines: dict[int, list[tuple[Any, ...]]] = {}
    for row in sandbox.db.all("SELECT * FROM line"):
        lines.setdefault(row["tx"], []).append(tuple(row))
    empty = Database(str(folder / "limit.db"))
    head = f"INSERT INTO tx VALUES ({', '.join('?' * len(heads[0]))})"
    line = f"INSERT INTO line VALUES ({', '.join('?' * len(next(iter(lines.values()))[0]))})"
    started, used = time.perf_counter(), time.process_time()
    for written in heads:
        with empty.transaction():
            empty.execute(head, written)
            empty.conn.executemany(line, lines[written[0]])
    seconds, used = time.perf_counter() - started, time.process_time() - used
    empty.close()
    return round(len(heads) / seconds), round(len(heads) / used)


async def nothing(scope: Any, receive: Any, send: Any) -> None:
    """Take a request and answer 204: the limit of the server."""
    assert scope["type"] == "http"
    while (await receive()).get("more_body"):
        pass
    headers = [(b"location", b"http://127.0.0.1/services/rest/record/v1/x/1")]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body"})


def serve_nothing() -> None:
    """Run the server that answers nothing; called in a process of its own."""
    listener = socket.create_server(("127.0.0.1", 0))
    print(json.dumps({"url": f"http://127.0.0.1:{listener.getsockname()[1]}"}), flush=True)
    config = uvicorn.Config(nothing, log_level="warning", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listener])


def keep_to(core: int) -> None:
    """Keep this process to one core, if the system can and has it."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else []
    if len(cores) > 1:
        os.sched_setaffinity(0, {cores[core]})


def core_of(pid: int) -> Callable[[], float]:
    """Return the clock of a process: seconds of a core's time it used (Linux)."""
    stat, ticks = Path(f"/proc/{pid}/stat"), os.sysconf("SC_CLK_TCK")

    def used() -> float:
        fields = stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / ticks

    return used if stat.exists() else time.perf_counter


@contextmanager
def serving(
    command: Sequence[str],
) -> Iterator[tuple[http.client.HTTPConnection, Callable[[], float]]]:
    """Run a server on the first core, connect to it from the second; yield its clock too."""
    before = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else None
    keep_to(0)
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, text=True)
    if before:
        os.sched_setaffinity(0, before)
        keep_to(1)
    try:
        assert process.stdout is not None
        port = int(json.loads(process.stdout.readline())["url"].rsplit(":", 1)[1])
        connection = http.client.HTTPConnection("127.0.0.1", port)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield connection, core_of(process.pid)
        connection.close()
    finally:
        process.terminate()
        process.wait()
        if before:
            os.sched_setaffinity(0, before)


def over_http(count: int, folder: Path) -> dict[str, Any]:
    """Measure one connection to a server process; then one that does nothing."""

    def post(path: str, body: Any) -> None:
        connection.request("POST", ROOT + path, json.dumps(body))
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 204, text

    program = ["-m", "netsuite_sandbox", "serve", "--port", "0", "--db", str(folder / "b.db")]
    with serving(program) as (connection, core):
        connection.request("PUT", "/_sandbox/settings", '{"require_authentication": false}')
        connection.getresponse().read()
        set_up(post)
        rates = measure(post, count, core)
    with serving([__file__, "--serve-nothing"]) as (connection, core):
        limit = measure(post, count, core)
    return {**rates, "limit": limit["all"], "core_limit": limit["core"]}


QUESTIONS: dict[str, tuple[str, list[Any]]] = {
    "one by id": ("SELECT id, tranid FROM transaction WHERE id = ?", [777]),
    "one by external id": ("SELECT id FROM transaction WHERE externalid = ?", ["I777"]),
    "lines of a custom field": (
        (
            "SELECT tl.transaction, tal.account, tal.amount FROM transactionline tl"
            " JOIN transactionaccountingline tal ON tal.transaction = tl.transaction"
            " AND tal.transactionline = tl.id WHERE tl.custcol_block = ? ORDER BY tl.transaction"
        ),
        ["B777"],
    ),
    "a customer's invoices": (
        (
            "SELECT id, foreigntotal FROM transaction WHERE entity = ? AND type = 'CustInvc'"
            " ORDER BY id"
        ),
        [7],
    ),
    "first page of a month": (
        (
            "SELECT id FROM transaction WHERE type = 'CustInvc' AND trandate BETWEEN"
            " TO_DATE('2025-03-01', 'YYYY-MM-DD') AND TO_DATE('2025-03-31', 'YYYY-MM-DD')"
            " ORDER BY id"
        ),
        [],
    ),
    "keyset page": ("SELECT id, trandate FROM transaction WHERE id > ? ORDER BY id", [500]),
    "count of all": ("SELECT COUNT(*) AS n FROM transaction", []),
    "sum by account, whole ledger": (
        (
            "SELECT account, SUM(amount) AS amount FROM transactionaccountingline"
            " WHERE posting = 'T' GROUP BY account"
        ),
        [],
    ),
}


def large(count: int, folder: Path) -> dict[str, Any]:
    """Load many invoices, then ask about them; milliseconds, the best of three."""
    path = folder / "large.db"
    sandbox = Sandbox(str(path))

    def control(name: str, body: bytes) -> None:
        answer = sandbox.handle(Request("POST", f"/_sandbox/{name}", body=body))
        assert answer.status == 200, answer.body

    control("custom-fields", b'{"scriptId": "custcol_block", "appliesTo": "column"}')
    bodies: list[tuple[str, Any]] = []
    set_up(lambda path, body: bodies.append((path, body)))
    bodies += [
        ("/customer", {"externalId": f"C{i}", "companyName": f"Customer {i}", "subsidiary": 1})
        for i in range(CUSTOMERS)
    ]
    control("load", "\n".join(f"{p} {json.dumps(b)}" for p, b in bodies).encode())
    started = time.perf_counter()
    for first in range(0, count, CHUNK):
        numbers = range(first, min(first + CHUNK, count))
        control("load", "\n".join(invoice(i) for i in numbers).encode())
    seconds = time.perf_counter() - started
    answers = {name: ask(sandbox, text, params) for name, (text, params) in QUESTIONS.items()}
    sandbox.close()
    return {
        "transactions": count, "loaded_per_second": round(count / seconds),
        "file_mb": path.stat().st_size >> 20,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
        "suiteql_ms": answers,
    }  # fmt: skip


def invoice(number: int) -> str:
    """One line of a bulk load: an invoice of five years, spread over customers and blocks."""
    day = f"{2021 + number % 5}-{number % 12 + 1:02d}-{number % 28 + 1:02d}"
    line = {"item": {"externalId": "U"}, "amount": number % 977 + 0.25,
            "custcol_block": f"B{number % BLOCKS}"}  # fmt: skip
    body = {"entity": {"externalId": f"C{number % CUSTOMERS}"}, "externalId": f"I{number}",
            "tranDate": day, "item": {"items": [line]}}  # fmt: skip
    return f"/invoice {json.dumps(body)}"


def ask(sandbox: Sandbox, text: str, params: list[Any]) -> float:
    """Return the milliseconds of one query, first page."""
    best = float("inf")
    for _ in range(3):
        started = time.perf_counter()
        page = sandbox.engine.run(text, params, 1000, 0)
        best = min(best, time.perf_counter() - started)
        assert page.items, text
    return round(best * 1000, 2)


def show(result: dict[str, Any]) -> None:
    """Print the figures for people."""
    print(f"{'creates per second':22}{'in process':>12}{'over HTTP':>12}")
    rows = {kind: kind for kind in KINDS} | {
        "all": "all kinds", "limit": "limit", "core": "all kinds, by core",
        "core_limit": "limit, by core",
    }  # fmt: skip
    for key, title in rows.items():
        print(f"{title:22}" + "".join(f"{result[name][key]:>12,}" for name in TARGETS))
    big = result["large"]
    print(f"{big['transactions']:,} invoices loaded at {big['loaded_per_second']:,} a second; "
          f"{big['file_mb']} MB file, {big['memory_mb']} MB memory")  # fmt: skip
    for name, milliseconds in big["suiteql_ms"].items():
        print(f"  {name:32}{milliseconds:>12,.2f} ms")
    print("targets reached" if result["reached"] else f"below target: {TARGETS}")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=1000, help="creates of each kind")
    parser.add_argument("--transactions", type=int, default=50_000, help="to load in bulk")
    parser.add_argument("--full", action="store_true", help="load one million")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--serve-nothing", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve_nothing:
        serve_nothing()
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else None
        keep_to(0)
        result: dict[str, Any] = {"in_process": in_process(arguments.count, folder)}
        if before:
            os.sched_setaffinity(0, before)
        result["over_http"] = over_http(arguments.count, folder)
        count = 1_000_000 if arguments.full else arguments.transactions
        result["large"] = large(count, folder)
    result["reached"] = all(result[name]["core"] >= target for name, target in TARGETS.items())
    if arguments.json:
        print(json.dumps(result))
    else:
        show(result)
    return 0 if result["reached"] else 1


if __name__ == "__main__":
    sys.exit(main())
