"""HTTP/1.1 to NetSuite: connections that are kept, limits, and whether anything was sent.

The standard library connects, tunnels and checks who the other end is, llhttp parses the answers
(`http_answer`). What stands between is ours because delivery rests on it: a call that failed before
its first byte went out was not sent, any other one that failed may have been carried out, and
nothing is ever sent twice. Hundreds of calls at once share a thread if tasks make them (`waiting`),
and take a small part of a general client's processor time (bench/README.md).
"""

from __future__ import annotations

import select
import socket
import ssl
import time
from base64 import b64encode
from collections import deque
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import SplitResult, unquote, urlsplit

import httpx2
from httptools import HttpParserError, HttpParserUpgrade

from drawdown.core.errors import ConfigurationError
from drawdown.erp.netsuite.http_answer import Incoming
from drawdown.erp.netsuite.outside import Call, NoAnswerError, NotSentError
from drawdown.erp.netsuite.waiting import aside, until_ready
from drawdown.erp.netsuite.wire import Response

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 120.0
"""NetSuite lets a request run for 15 minutes; scripts of the account can make a save slow."""
IDLE_CONNECTIONS_MAX = 20
PART_BYTES = 64 * 1024

_HEADERS = {"User-Agent": "drawdown", "Accept": "*/*", "Accept-Encoding": "gzip"}
_WITHOUT_BODY = frozenset({"GET", "DELETE"})


@cache
def _tls() -> ssl.SSLContext:
    """Return the trusted authorities, read once: a worker has a client for each of many tenants."""
    return httpx2.create_ssl_context(trust_env=False)


class Proxy(NamedTuple):
    """A proxy; `headers` say who we are to it."""

    host: str
    port: int
    headers: dict[str, str]


class Client:
    """HTTP for several threads and tasks; never follows a redirect. Used with ``with``.

    Args:
        proxy: URL of a proxy; proxies of the environment are never taken.

    Raises:
        ConfigurationError: The proxy is none.
    """

    def __init__(self, proxy: str = "") -> None:
        self._proxy = _proxy(proxy) if proxy else None
        self._idle: dict[tuple[str, str], deque[Line]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for lines in self._idle.values():
            while lines:
                lines.pop().close()

    def exchange(self, call: Call, bytes_max: int) -> Response:
        """Send one request and read its answer; see `Outside.exchange`."""
        until = time.monotonic() + ANSWER_TIMEOUT_S
        url = urlsplit(call.url)
        request = _request(call, url, self._proxy)
        idle = self._idle.setdefault((url.scheme, url.netloc), deque())
        line = _taken(idle) or aside(_connected, url, self._proxy)
        try:
            response, may_go_on = line.exchange(request, bytes_max, until)
        except BaseException as error:
            line.close()
            if isinstance(error, OSError | HttpParserError | HttpParserUpgrade):
                raise NoAnswerError(f"no answer came ({type(error).__name__})") from error
            raise
        if may_go_on and len(idle) < IDLE_CONNECTIONS_MAX:
            idle.append(line)
        else:
            line.close()
        return response


class Line:
    """A connection, for one call at a time."""

    def __init__(self, connection: HTTPConnection) -> None:
        self._connection = connection
        self._socket: socket.socket = connection.sock
        self._socket.setblocking(False)
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)

    @property
    def is_silent(self) -> bool:
        """Whether the other end has neither closed it nor said what nobody asked for."""
        return not self._poll.poll(0)

    def exchange(self, request: bytes, bytes_max: int, until: float) -> tuple[Response, bool]:
        """Send a request; return the answer, and whether the line may carry another one.

        Args:
            until: Instant of `time.monotonic` when it is broken off.

        Raises:
            NoAnswerError: The answer is too large, or takes too long.
            OSError, HttpParserError: No answer came, or none that is one.
        """
        incoming = Incoming(bytes_max)
        try:
            self._send(request, until)
            while not incoming.is_complete:
                if part := self._receive(until):
                    incoming.feed(part)
                else:
                    incoming.end()
            response = incoming.response()
        finally:
            may_go_on = incoming.close()
        return response, may_go_on

    def _send(self, request: bytes, until: float) -> None:
        rest = memoryview(request)
        while rest:
            try:
                rest = rest[self._socket.send(rest) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                self._wait(select.POLLOUT, until)
            except ssl.SSLWantReadError:
                self._wait(select.POLLIN, until)

    def _receive(self, until: float) -> bytes:
        """Return what came; nothing if the other end has closed."""
        while True:
            # Asked before each part: one that comes byte by byte would never have to be waited for.
            _left(until)
            try:
                return self._socket.recv(PART_BYTES)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._wait(select.POLLIN, until)
            except ssl.SSLWantWriteError:
                self._wait(select.POLLOUT, until)

    def _wait(self, events: int, until: float) -> None:
        if not until_ready(self._socket.fileno(), events, _left(until)):
            raise _too_late()

    def close(self) -> None:
        """End it."""
        self._connection.close()


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise _too_late()
    return left


def _too_late() -> NoAnswerError:
    return NoAnswerError(f"no complete answer came in {ANSWER_TIMEOUT_S:.0f} s")


def _request(call: Call, url: SplitResult, proxy: Proxy | None) -> bytes:
    """Render a call."""
    headers = {"Host": url.netloc, **_HEADERS, **call.headers}
    target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
    if proxy is not None and url.scheme == "http":
        target = f"http://{url.netloc}{target}"
        headers |= proxy.headers
    if call.body or call.method not in _WITHOUT_BODY:
        headers["Content-Length"] = str(len(call.body))
    lines = [f"{call.method} {target} HTTP/1.1", *map(": ".join, headers.items())]
    text = "".join(lines)
    if " " in target or not (text.isascii() and text.isprintable()):
        raise NotSentError("the address or a header has characters that HTTP does not take")
    return "\r\n".join([*lines, "\r\n"]).encode("ascii") + call.body


def _taken(idle: deque[Line]) -> Line | None:
    """Take a connection that is still good; what is sent on another one has an unknown outcome."""
    while True:
        try:
            line = idle.pop()
        except IndexError:
            return None
        if line.is_silent:
            return line
        line.close()


def _connected(url: SplitResult, proxy: Proxy | None) -> Line:
    host, port = url.hostname or "", url.port
    try:
        connection: HTTPConnection
        if url.scheme == "http":
            at = (host, port or 80) if proxy is None else (proxy.host, proxy.port)
            connection = HTTPConnection(*at, timeout=CONNECT_TIMEOUT_S)
        else:
            at = (host, port or 443) if proxy is None else (proxy.host, proxy.port)
            connection = HTTPSConnection(*at, timeout=CONNECT_TIMEOUT_S, context=_tls())
            if proxy is not None:
                connection.set_tunnel(host, port or 443, proxy.headers)
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
    except (OSError, HTTPException, ValueError) as error:
        raise NotSentError(f"{type(error).__name__}: {error}") from error
    return Line(connection)


def _proxy(proxy: str) -> Proxy:
    try:
        url = urlsplit(proxy)
        if url.scheme == "http" and url.hostname and url.port:
            headers = {}
            if url.username:
                names = f"{unquote(url.username)}:{unquote(url.password or '')}".encode()
                headers["Proxy-Authorization"] = f"Basic {b64encode(names).decode()}"
            return Proxy(url.hostname, url.port, headers)
    except ValueError:
        pass
    # Not shown: it may hold a password.
    raise ConfigurationError(
        "netsuite settings: proxy is no address such as http://proxy:3128; see "
        "docs/configuration.md"
    )
