"""Record creates per second: in process and over HTTP, on a file store.

python bench/creates.py [COUNT]
"""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from netsuite_sandbox import Sandbox
from netsuite_sandbox.wire.http import Request

ROOT = "/services/rest/record/v1"
Call = Callable[[str, Any], str]


def set_up(call: Call) -> dict[str, str]:
    """Create a customer and an item."""
    account = call("/account", {"acctName": "Deferred", "acctNumber": "2420",
                                "acctType": "DeferRevenue"})  # fmt: skip
    return {
        "customer": call("/customer", {"companyName": "Bench", "subsidiary": 1}),
        "item": call("/serviceSaleItem", {
            "itemId": "Usage", "incomeAccount": 11, "deferredRevenueAccount": account,
            "revenueRecognitionRule": 2, "createRevenuePlansOn": -2}),
    }  # fmt: skip


def bodies(ids: dict[str, str], number: int) -> list[tuple[str, str, Any]]:
    """One drawdown's records: kind, path, body."""
    line = {"item": ids["item"], "amount": 50.25}
    lines = [{"account": 1, "debit": 50.25}, {"account": 2, "credit": 50.25}]
    apply = {"doc": {"externalId": f"I{number}"}, "apply": True, "amount": 50.25}
    day = {"tranDate": "2024-01-10"}
    return [
        ("customerDeposit", "/customerDeposit", {
            "externalId": f"D{number}", "customer": ids["customer"], "payment": 100.25, **day}),
        ("invoice", "/invoice", {
            "externalId": f"I{number}", "entity": ids["customer"], "item": {"items": [line]},
            **day}),
        ("journalEntry", "/journalEntry", {
            "externalId": f"J{number}", "subsidiary": 1, "line": {"items": lines}, **day}),
        ("depositApplication", f"/customerDeposit/eid:D{number}/!transform/depositApplication", {
            "externalId": f"A{number}", "apply": {"items": [apply]}, **day}),
    ]  # fmt: skip


def measure(call: Call, count: int) -> dict[str, int]:
    """Return creates per second by kind."""
    ids = set_up(call)
    seconds: dict[str, float] = {}
    for number in range(count):
        for kind, path, body in bodies(ids, number):
            started = time.perf_counter()
            call(path, body)
            seconds[kind] = seconds.get(kind, 0) + time.perf_counter() - started
    return {kind: round(count / spent) for kind, spent in seconds.items()}


def in_process(count: int, folder: Path) -> dict[str, int]:
    """Measure without a server."""
    sandbox = Sandbox(str(folder / "a.sqlite3"))
    sandbox.company.settings.set("require_authentication", value=False)

    def call(path: str, body: Any) -> str:
        answer = sandbox.handle(Request("POST", ROOT + path, body=json.dumps(body).encode()))
        assert answer.status == 204, answer.body
        return answer.headers["location"].rsplit("/", 1)[1]

    return measure(call, count)


def over_http(count: int, folder: Path) -> dict[str, int]:
    """Measure one connection to a server of its own process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "netsuite_sandbox", "serve", "--port", "0",
         "--db", str(folder / "b.sqlite3")],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    port = int(json.loads(process.stdout.readline())["url"].rsplit(":", 1)[1])
    connection = http.client.HTTPConnection("127.0.0.1", port)

    def send(method: str, path: str, body: Any) -> http.client.HTTPResponse:
        connection.request(method, path, json.dumps(body))
        answer = connection.getresponse()
        answer.read()
        return answer

    def call(path: str, body: Any) -> str:
        answer = send("POST", ROOT + path, body)
        assert answer.status == 204, answer.status
        return str(answer.headers["location"]).rsplit("/", 1)[1]

    try:
        send("PUT", "/_sandbox/settings", {"require_authentication": False})
        return measure(call, count)
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    """Print both measurements as one JSON object."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = {
            "creates_per_second_in_process": in_process(count, folder),
            "creates_per_second_over_http": over_http(count, folder),
        }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
