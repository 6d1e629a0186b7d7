"""Serves /metrics, /healthz and /readyz of one worker over HTTP, from a thread of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple, Self

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from drawdown.core.errors import ConfigurationError, StoreError
from drawdown.store.database import Database
from drawdown.store.observability import TenantState

REQUEST_TIMEOUT_S = 10


class Probes(NamedTuple):
    """What the server asks.

    Attributes:
        unready: Reasons why no record can be delivered now, in words without tenants; empty: ready.
    """

    registry: CollectorRegistry
    unready: Callable[[], Sequence[str]]


def unready(database: Database, read: Callable[[], Sequence[TenantState]]) -> list[str]:
    """Say why a worker cannot deliver: database, migrations, connections; empty if it can."""
    try:
        pending = database.pending()
        states = read() if not pending else []
    except StoreError:
        return ["the database cannot be reached"]
    if pending:
        return [f"{len(pending)} migrations are not applied"]
    if not any(not state.is_open for state in states):
        return ["no connection to an ERP is usable: the circuit of each is open"]
    return []


class MonitoringServer:
    """The HTTP server; used with ``with``.

    Args:
        port: 0 chooses a free one.

    Attributes:
        port: The one it listens on.
    """

    def __init__(self, probes: Probes, host: str, port: int) -> None:
        try:
            self._server = ThreadingHTTPServer((host, port), _handler(probes))
        except (OSError, OverflowError) as error:
            raise ConfigurationError(
                f"metrics cannot be served at {host}:{port}: {error}; choose another "
                "--metrics-host or --metrics-port"
            ) from error
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="drawdown-metrics", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(probes: Probes) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = REQUEST_TIMEOUT_S
        server_version = "drawdown"
        sys_version = ""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                encode, kind = choose_encoder(self.headers.get("Accept", ""))
                self._answer(HTTPStatus.OK, kind, encode(probes.registry))
            elif path == "/healthz":
                self._answer_json(HTTPStatus.OK, {"alive": True})
            elif path == "/readyz":
                problems = list(probes.unready())
                status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
                self._answer_json(status, {"ready": not problems, "problems": problems})
            else:
                self._answer_json(HTTPStatus.NOT_FOUND, {"error": "not found"})

        do_HEAD = do_GET  # noqa: N815 - as the base class calls it

        def _answer_json(self, status: HTTPStatus, value: object) -> None:
            self._answer(status, "application/json", json.dumps(value).encode())

        def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            with suppress(OSError):  # whoever asked may have gone
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Log nothing: probes come every few seconds."""

    return Handler
