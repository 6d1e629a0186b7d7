"""HTTP to NetSuite: connections that are kept, limits, and whether anything was sent.

On the standard library: a worker makes thousands of small calls a minute, and its client is most
of what a call costs (bench/README.md, "delivery").
"""

from __future__ import annotations

import select
import ssl
import time
import zlib
from base64 import b64encode
from collections import defaultdict
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from types import TracebackType
from typing import Self
from urllib.parse import SplitResult, unquote, urlsplit

import httpx2

from drawdown.core.errors import ConfigurationError
from drawdown.erp.netsuite.outside import Call, NoAnswerError, NotSentError
from drawdown.erp.netsuite.wire import Response

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 120.0
"""NetSuite lets a request run for 15 minutes; scripts of the account can make a save slow."""
IDLE_CONNECTIONS_MAX = 20
PART_BYTES = 64 * 1024

_HEADERS = {"User-Agent": "drawdown", "Accept": "*/*", "Accept-Encoding": "gzip"}
_GZIP = 16 + zlib.MAX_WBITS


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
        self._proxy = _proxy(proxy) if proxy else None
        self._idle: dict[tuple[str, str], list[HTTPConnection]] = defaultdict(list)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for connections in self._idle.values():
            while connections:
                connections.pop().close()

    def exchange(self, call: Call, bytes_max: int) -> Response:
        """Send one request and read its answer; see `Outside.exchange`."""
        url = urlsplit(call.url)
        idle = self._idle[url.scheme, url.netloc]
        connection = _usable(idle) or self._connect(url)
        target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
        try:
            connection.request(call.method, target, call.body or None, {**_HEADERS, **call.headers})
            response = connection.getresponse()
            body = _read(response, bytes_max, time.monotonic() + ANSWER_TIMEOUT_S)
        except (OSError, HTTPException, zlib.error) as error:
            connection.close()
            raise NoAnswerError(f"no answer came ({type(error).__name__})") from error
        except BaseException:
            connection.close()
            raise
        if response.will_close or len(idle) >= IDLE_CONNECTIONS_MAX:
            connection.close()
        else:
            idle.append(connection)
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Response(response.status, headers, body)

    def _connect(self, url: SplitResult) -> HTTPConnection:
        host, port = url.hostname or "", url.port
        via = (self._proxy.hostname or "", self._proxy.port) if self._proxy else (host, port)
        connection = (
            HTTPSConnection(*via, timeout=CONNECT_TIMEOUT_S, context=_tls())
            if url.scheme == "https"
            else HTTPConnection(*via, timeout=CONNECT_TIMEOUT_S)
        )
        if self._proxy:
            connection.set_tunnel(host, port, _authorization(self._proxy))
        try:
            connection.connect()
        except (OSError, HTTPException) as error:
            connection.close()
            raise NotSentError(f"{type(error).__name__}: {error}") from error
        connection.sock.settimeout(ANSWER_TIMEOUT_S)
        return connection


def _usable(idle: list[HTTPConnection]) -> HTTPConnection | None:
    """Take a connection that the other end has not closed, nor said anything on unasked."""
    while True:
        try:
            connection = idle.pop()
        except IndexError:
            return None
        heard = select.poll()
        heard.register(connection.sock, select.POLLIN)
        if not heard.poll(0):
            return connection
        connection.close()


def _read(response: HTTPResponse, bytes_max: int, until: float) -> bytes:
    """Read a body as it comes; what is compressed is unpacked no further than the limit."""
    is_packed = response.headers.get("content-encoding", "").lower() == "gzip"
    unpacking = zlib.decompressobj(_GZIP) if is_packed else None
    body, received = bytearray(), 0
    while part := response.read1(PART_BYTES):
        received += len(part)
        body += unpacking.decompress(part, bytes_max + 1 - len(body)) if unpacking else part
        if len(body) > bytes_max:
            raise NoAnswerError(f"NetSuite's answer is larger than {bytes_max} bytes")
        if time.monotonic() > until:
            raise NoAnswerError(f"no complete answer came in {ANSWER_TIMEOUT_S:.0f} s")
    if response.length or (unpacking and received and not unpacking.eof):
        raise NoAnswerError("the answer broke off")
    response.close()  # not the connection
    return bytes(body)


def _proxy(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        is_proxy = url.scheme == "http" and bool(url.hostname and url.port)
    except ValueError:
        is_proxy = False
    if not is_proxy:
        # Not shown: it may hold a password.
        raise ConfigurationError(
            "netsuite settings: proxy is no address such as http://proxy:3128; see "
            "docs/configuration.md"
        )
    return url


def _authorization(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    names = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(names.encode()).decode()}"}
