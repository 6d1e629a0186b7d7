"""The way to NetSuite and back: what happens to a request and to its answer, by name.

Every request of a simulated process passes here. The network decides whether it arrives, whether
NetSuite acts on it now, never, or minutes after the caller has given up, and what comes back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType
from urllib.parse import urlsplit

import httpx2

from drawdown.erp.netsuite.outside import Call, NoAnswerError, NotSentError
from drawdown.erp.netsuite.wire import Response
from drawdown.local_sandbox.process import Controls
from drawdown.simulation.world import START, Task, World

LATE_S = (1.0, 600.0)
"""A late commit comes so long after the caller gave up."""
CLOCK_STEP = timedelta(minutes=5)
"""NetSuite's clock goes on in steps like this."""
LATENCY_S = (0.05, 1.5)
TIMEOUT_S = 120.0
HTML = b"<!DOCTYPE html><html><head><title>NetSuite</title></head><body>Please wait.</body></html>"
_ERROR = {"content-type": "application/vnd.oracle.resource+json; type=error"}


@dataclass(slots=True)
class Network:
    """The network between the processes of one seed and their NetSuite.

    Attributes:
        percent: How likely each fault strikes a request, by name; absent: never.
        concurrency_max: Requests that NetSuite takes at once.
        in_flight: Requests under way now, and `peak` at most.
    """

    world: World
    netsuite: httpx2.BaseTransport
    controls: Controls
    percent: Mapping[str, int] = field(default_factory=dict)
    concurrency_max: int = 5
    in_flight: int = 0
    peak: int = 0
    _set_at: datetime = START

    def carry(self, call: Call) -> Response:
        """Send a request on its way; a boundary before it leaves and after the answer is there."""
        world = self.world
        name = _name(call)
        world.boundary(f"before http {name}")
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            fault = self._draw(call)
            if fault:
                world.fire(fault, name)
                response = FAULTS[fault](self, call)
            else:
                world.note(name)
                response = self.act(call)
            world.boundary(f"after http {name}", cost_s=world.chance.uniform(*LATENCY_S))
        finally:
            self.in_flight -= 1
        return response

    def act(self, call: Call) -> Response:
        """Have NetSuite act on a request, at the virtual time."""
        if self.world.now - self._set_at > CLOCK_STEP:
            self.set_clock(self.world.now)
        request = httpx2.Request(
            call.method, call.url, headers=call.headers, content=call.body or None
        )
        answer = self.netsuite.handle_request(request)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status_code, headers, answer.content)

    def set_clock(self, now: datetime) -> None:
        """Set NetSuite's clock."""
        self._set_at = now
        told = now.isoformat(timespec="seconds")
        self.controls.control("PUT", "/clock", {"now": told, "frozen": True})

    def _draw(self, call: Call) -> str:
        """Choose the fault that strikes a request; empty: none."""
        if self.world.is_calm:
            return ""
        if self.in_flight > self.concurrency_max:
            return "http_429"
        is_read = _is_read(call)
        roll = self.world.chance.randrange(100)
        for name, percent in self.percent.items():
            if name in WRITES_ONLY and is_read:
                continue
            if roll < percent:
                return name
            roll -= percent
        return ""


class SimulatedOutside:
    """The outside of one simulated process: virtual time, seeded chance, the network above."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._world = network.world

    def exchange(self, call: Call, bytes_max: int) -> Response:
        """Send one request and return the whole answer."""
        response = self._network.carry(call)
        assert len(response.body) <= bytes_max
        return response

    def now(self) -> float:
        """Return seconds since the epoch, on the clock of the process."""
        return self._world.clock().timestamp()

    def sleep(self, seconds: float) -> None:
        """Wait, in virtual time."""
        self._world.sleep(seconds)

    def chance(self) -> float:
        """Return a number from 0 up to 1."""
        return self._world.chance.random()

    def lock(self) -> AbstractContextManager[object]:
        """Return a new lock of simulated tasks."""
        return _Lock(self._world)


class _Lock:
    """A lock that may be held while others go on, and re-entered by its holder."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._holder: Task | None = None
        self._depth = 0

    def __enter__(self) -> object:
        task = self._world.task
        while self._depth and self._holder is not task:
            self._world.block(lambda: self._depth > 0)
        self._holder = task
        self._depth += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1


# -- the faults: what NetSuite does, and what comes back ------------------------------------------


def _late_commit(network: Network, call: Call) -> Response:
    """NetSuite acts on the request after the caller has given up."""
    world = network.world
    delay = world.chance.uniform(*LATE_S)

    def commit() -> None:
        world.note(f"late commit after {delay:.0f} s: {network.act(call).status}")

    world.after(TIMEOUT_S + delay, commit)
    return _request_lost(network, call)


def _answer_timeout(network: Network, call: Call) -> Response:
    network.act(call)
    return _request_lost(network, call)


def _request_lost(network: Network, _call: Call) -> Response:
    network.world.sleep(TIMEOUT_S)
    raise NoAnswerError("no answer came (ReadTimeout)")


def _unreachable(_network: Network, _call: Call) -> Response:
    raise NotSentError("ConnectError: no route to host")


def _connection_reset(network: Network, call: Call) -> Response:
    if network.world.chance.randrange(2):
        network.act(call)
    raise NoAnswerError("no answer came (RemoteProtocolError)")


def _busy(_network: Network, _call: Call) -> Response:
    return _error(429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded.")


def _error_before(network: Network, _call: Call) -> Response:
    status = network.world.chance.choice((500, 502, 503, 504))
    return _error(status, "UNEXPECTED_ERROR", "An unexpected error occurred.")


def _error_after(network: Network, call: Call) -> Response:
    network.act(call)
    return _error_before(network, call)


def _html_page(network: Network, call: Call) -> Response:
    """A page for people instead of an answer, before or after the commit."""
    if network.world.chance.randrange(2):
        network.act(call)
    status = network.world.chance.choice((200, 502, 503))
    return Response(status, {"content-type": "text/html"}, HTML)


def _truncated_json(network: Network, call: Call) -> Response:
    """Half of the JSON arrives; where there is none, the connection breaks off."""
    answer = network.act(call)
    if not answer.body:
        raise NoAnswerError("no answer came (RemoteProtocolError)")
    return answer._replace(body=answer.body[: len(answer.body) // 2])


def _no_location(network: Network, call: Call) -> Response:
    """204 as documented, but without the Location of the new record."""
    answer = network.act(call)
    return Response(204, {}, b"") if answer.status < 300 else answer


def _chain_cut(_network: Network, _call: Call) -> Response:
    """A script of the account refuses the record, so that a chain is cut in the middle."""
    return _error(400, "USER_ERROR", "This record has been locked by a user defined workflow.")


def _refused_after_commit(network: Network, call: Call) -> Response:
    """A script fails after the record was saved; the record stays."""
    answer = network.act(call)
    return _error(400, "USER_ERROR", "afterSubmit failed.") if answer.status < 300 else answer


def _token_refused(_network: Network, _call: Call) -> Response:
    """The access token is not accepted any more."""
    return _error(401, "INVALID_LOGIN", "Invalid login attempt.")


def _error(status: int, code: str, text: str) -> Response:
    body = {
        "title": text,
        "status": status,
        "o:errorDetails": [{"detail": text, "o:errorCode": code}],
    }
    return Response(status, _ERROR, json.dumps(body).encode())


FAULTS: dict[str, Callable[[Network, Call], Response]] = {
    "late_commit": _late_commit,
    "answer_timeout": _answer_timeout,
    "request_lost": _request_lost,
    "unreachable": _unreachable,
    "connection_reset": _connection_reset,
    "http_429": _busy,
    "http_5xx_before_commit": _error_before,
    "http_5xx_after_commit": _error_after,
    "html_page": _html_page,
    "truncated_json": _truncated_json,
    "no_location": _no_location,
    "chain_cut": _chain_cut,
    "refused_after_commit": _refused_after_commit,
    "token_refused": _token_refused,
}
WRITES_ONLY = frozenset(
    {"late_commit", "http_5xx_after_commit", "no_location", "chain_cut", "refused_after_commit"}
)
"""Faults that say something of writes only."""


def _is_read(call: Call) -> bool:
    path = urlsplit(call.url).path
    return call.method == "GET" or path.endswith("/suiteql") or "/auth/" in path


def _name(call: Call) -> str:
    path = urlsplit(call.url).path
    if path.endswith("/suiteql"):
        return "query"
    if "/auth/" in path:
        return "token"
    if "/!transform/" in path:
        return f"POST {path.rpartition('/')[2]}"
    return f"{call.method} {path.partition('/record/v1/')[2].partition('/')[0]}"
