"""HTTP to NetSuite by urllib3: connections that are kept, limits, and whether anything was sent."""

from __future__ import annotations

import ssl
import time
from contextlib import closing
from functools import cache
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult, unquote, urlsplit

import httpx2
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, PoolManager, ProxyManager, Timeout
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    ProxyError,
    SSLError,
)
from urllib3.util import make_headers

from drawdown.core.errors import ConfigurationError
from drawdown.erp.netsuite.outside import Call, NoAnswerError, NotSentError
from drawdown.erp.netsuite.wire import Response

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 120.0
"""NetSuite lets a request run for 15 minutes; scripts of the account can make a save slow."""
IDLE_CONNECTIONS_MAX = 20
PART_BYTES = 64 * 1024

_HEADERS = {"User-Agent": "drawdown", "Accept": "*/*", "Accept-Encoding": "gzip"}


@cache
def _tls() -> ssl.SSLContext:
    """Return the trusted authorities, read once: a worker has a client for each of many tenants."""
    return httpx2.create_ssl_context(trust_env=False)


class Client:
    """Blocking HTTP for several threads; never follows a redirect. Used with ``with``.

    Args:
        proxy: URL of a proxy; proxies of the environment are never taken.

    Raises:
        ConfigurationError: The proxy is none.
    """

    def __init__(self, proxy: str = "") -> None:
        self._manager = _manager(proxy)
        # Looked up by the manager, a pool costs as much as the rest of a call.
        self._pools: dict[tuple[str, str], HTTPConnectionPool] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for pool in self._pools.values():
            pool.close()

    def exchange(self, call: Call, bytes_max: int) -> Response:
        """Send one request and read its answer; see `Outside.exchange`."""
        url = urlsplit(call.url)
        pool = self._pools.get((url.scheme, url.netloc))
        if pool is None:
            pool = self._manager.connection_from_url(call.url)
            self._pools[url.scheme, url.netloc] = pool
        until = time.monotonic() + ANSWER_TIMEOUT_S
        try:
            response = pool.urlopen(
                call.method,
                call.url if pool.proxy and url.scheme == "http" else _target(url),
                body=call.body or None,
                headers={**_HEADERS, **call.headers},
                retries=False,
                redirect=False,
                assert_same_host=False,
                timeout=Timeout(connect=CONNECT_TIMEOUT_S, read=ANSWER_TIMEOUT_S),
                preload_content=False,
            )
            with closing(response):  # and the connection, unless it was released before
                body = _read(response, bytes_max, until)
                response.release_conn()
        except HTTPError as error:
            if _is_unsent(error):
                raise NotSentError(f"{type(error).__name__}: {error}") from error
            raise NoAnswerError(f"no answer came ({type(error).__name__})") from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Response(response.status, headers, body)


def _target(url: SplitResult) -> str:
    return f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"


def _is_unsent(error: HTTPError) -> bool:
    """Whether the other end was not reached, or did not prove who it is."""
    if isinstance(error, SSLError):
        return any(isinstance(one, ssl.SSLCertVerificationError) for one in error.args)
    return isinstance(error, (NewConnectionError, ConnectTimeoutError, ProxyError))


def _read(response: BaseHTTPResponse, bytes_max: int, until: float) -> bytes:
    """Read a body as it comes; what is compressed is unpacked no further than the limit."""
    body = bytearray()
    while part := response.read1(PART_BYTES):
        body += part
        if len(body) > bytes_max:
            raise NoAnswerError(f"NetSuite's answer is larger than {bytes_max} bytes")
        if time.monotonic() > until:
            raise NoAnswerError(f"no complete answer came in {ANSWER_TIMEOUT_S:.0f} s")
    return bytes(body)


def _manager(proxy: str) -> PoolManager:
    if not proxy:
        return PoolManager(maxsize=IDLE_CONNECTIONS_MAX, ssl_context=_tls())
    try:
        url = urlsplit(proxy)
        if url.scheme == "http" and url.hostname and url.port:
            names = (
                f"{unquote(url.username)}:{unquote(url.password or '')}" if url.username else None
            )
            return ProxyManager(
                f"http://{url.hostname}:{url.port}",
                proxy_headers=make_headers(proxy_basic_auth=names),
                maxsize=IDLE_CONNECTIONS_MAX,
                ssl_context=_tls(),
            )
    except (ValueError, LocationValueError):
        pass
    # Not shown: it may hold a password.
    raise ConfigurationError(
        "netsuite settings: proxy is no address such as http://proxy:3128; see "
        "docs/configuration.md"
    )
