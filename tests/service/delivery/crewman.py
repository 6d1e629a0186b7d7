"""A worker process whose ERP is the test: each call goes over a socket and waits for its answer.

What the worker observes it tells on standard output, one JSON object a line.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from drawdown.core.errors import ErpRefusedError, ErpUnavailableError
from drawdown.core.observed import Posted
from drawdown.core.plan import RecordIntent
from drawdown.core.ports import Erp
from drawdown.service.delivery import Claim, ConnectionState, NoObserver, Result, Worker
from drawdown.store.database import Database


class RemoteErp:
    """Asks the test."""

    def __init__(self, worker: str, tenant_id: str, port: int) -> None:
        self._hello = {"worker": worker, "tenant": tenant_id}
        self._port = port

    def deliver(self, intent: RecordIntent) -> Posted:
        with socket.create_connection(("127.0.0.1", self._port)) as line, line.makefile("rw") as io:
            io.write(json.dumps({**self._hello, "external_id": intent.external_id}) + "\n")
            io.flush()
            said = json.loads(io.readline())
        match said["answer"]:
            case "refuse":
                raise ErpRefusedError("refused by the test")
            case "away":
                raise ErpUnavailableError("away, says the test")
            case answer:
                return Posted(intent.external_id, "1", "N", "Jan 2026", answer == "adopted")

    post = deliver


class Teller(NoObserver):
    def claimed(self, claims: Sequence[Claim]) -> None:
        say(claimed=[claim.external_id for claim in claims])

    def settled(self, result: Result) -> None:
        say(settled=result.claim.external_id, outcome=result.outcome.value)

    def lost(self, claim: Claim) -> None:
        say(lost=claim.external_id)

    def connection_changed(self, before: ConnectionState, now: ConnectionState) -> None:
        say(opened=now.opened_at is not None, was_open=before.opened_at is not None)

    def troubled(self, problem: str) -> None:
        say(troubled=problem)


def say(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main(options: dict[str, Any]) -> None:
    database = Database(options["url"])
    name = options["name"]
    erps: dict[str, Erp] = {
        tenant: RemoteErp(name, tenant, options["port"])  # type: ignore[misc]
        for tenant in options["tenants"]
    }
    worker = Worker(
        database.worker_session,
        erps,
        name=name,
        concurrency=options["concurrency"],
        observer=Teller(),
        lease=timedelta(seconds=options["lease_s"]),
    )
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    say(ready=True)
    worker.run()
    say(ended=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
