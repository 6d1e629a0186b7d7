"""The seam to the outside: HTTP, time, chance and locks. Nothing else leaves the adapter.

`Threads` is the outside of production: httpx2 and threads. An event loop or a simulation brings
another `Outside`, and everything above this module stays as it is.
"""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from typing import NamedTuple, Protocol

import httpx2

from drawdown.erp.netsuite.wire import Response

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 120.0
"""NetSuite lets a request run for 15 minutes; scripts of the account can make a save slow."""
POOL_CONNECTIONS_MAX = 20


class NotSentError(Exception):
    """The other end was not reached: nothing of the call was acted on."""


class NoAnswerError(Exception):
    """The call was sent, wholly or in part, and no complete answer came."""


class Call(NamedTuple):
    """One HTTP request, complete: the URL carries its query, the headers who we are."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes

    def __repr__(self) -> str:
        # The headers hold a token and the body may hold a signed assertion.
        return f"Call({self.method} {self.url.partition('?')[0]})"


class Outside(Protocol):
    """What the adapter needs of the world. Used by several threads (or tasks) at once."""

    def exchange(self, call: Call, bytes_max: int) -> Response:
        """Send one request and return the whole answer; never follow a redirect.

        Args:
            bytes_max: A longer body is not read to its end.

        Raises:
            NotSentError: The other end was not reached.
            NoAnswerError: It was sent and no (complete) answer came, or one that is too long.
        """
        ...

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...

    def chance(self) -> float:
        """Return a number from 0 up to 1."""
        ...

    def lock(self) -> AbstractContextManager[object]:
        """Return a new lock; it may be held while another call is exchanged, and re-entered."""
        ...


@cache
def _tls() -> ssl.SSLContext:
    """Return the trusted authorities, read once: a worker has a client for each of many tenants."""
    return httpx2.create_ssl_context(trust_env=False)


def new_client(proxy: str = "") -> httpx2.Client:
    """Return an HTTP client with a connection pool and time limits, for several threads.

    Args:
        proxy: URL of a proxy; proxies of the environment are never taken.
    """
    return httpx2.Client(
        timeout=httpx2.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        limits=httpx2.Limits(
            max_connections=POOL_CONNECTIONS_MAX, max_keepalive_connections=POOL_CONNECTIONS_MAX
        ),
        headers={"User-Agent": "drawdown"},
        proxy=proxy or None,
        verify=_tls(),
        trust_env=False,
    )


# These say that nothing was sent.
_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)


class Threads:
    """The outside of threads: blocking HTTP by httpx2.

    Args:
        client: From `new_client`; its owner closes it.
        clock: Seconds since the epoch.
        sleep: Waits that many seconds.
        chance: A number from 0 up to 1.
    """

    def __init__(
        self,
        client: httpx2.Client,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self.now = clock
        self.sleep = sleep
        self.chance = chance

    def lock(self) -> AbstractContextManager[object]:
        """Return a lock of threads."""
        return threading.RLock()

    def exchange(self, call: Call, bytes_max: int) -> Response:
        """Send one request and read its answer, for `ANSWER_TIMEOUT_S` at most in all."""
        until = time.monotonic() + ANSWER_TIMEOUT_S
        try:
            with self._client.stream(
                call.method,
                call.url,
                headers=call.headers,
                content=call.body or None,
                follow_redirects=False,
            ) as response:
                body = _read(response, bytes_max, until)
        except _NOT_SENT as error:
            raise NotSentError(f"{type(error).__name__}: {error}") from error
        except httpx2.HTTPError as error:
            raise NoAnswerError(f"no answer came ({type(error).__name__})") from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Response(response.status_code, headers, body)


def _read(response: httpx2.Response, bytes_max: int, until: float) -> bytes:
    body = bytearray()
    for part in response.iter_bytes():
        body += part
        if len(body) > bytes_max:
            raise NoAnswerError(f"NetSuite's answer is larger than {bytes_max} bytes")
        if time.monotonic() > until:
            raise NoAnswerError(f"no complete answer came in {ANSWER_TIMEOUT_S:.0f} s")
    return bytes(body)
