"""The HTTP client, over real sockets: a scripted other end says the bytes of each answer.

Each test is run twice: called by a thread, and by a task (`waiting`).
"""

from __future__ import annotations

import gzip
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count, pairwise
from pathlib import Path
from types import SimpleNamespace

import gevent
import pytest
from httptools import HttpParserError, HttpParserUpgrade
from hypothesis import given, strategies as st

from drawdown.core.errors import ConfigurationError
from drawdown.erp.netsuite import Client, client as module, generate_key_pair
from drawdown.erp.netsuite.http_answer import Incoming
from drawdown.erp.netsuite.outside import Call, NoAnswerError, NotSentError
from drawdown.erp.netsuite.wire import Response

BYTES_MAX = 1_000_000
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture(scope="module", params=["thread", "task"], autouse=True)
def caller(request: pytest.FixtureRequest) -> Iterator[str]:
    """Who calls; a task is one of several in this thread."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "task":
            patch.setattr(module.Client, "exchange", _by_task(module.Client.exchange))
        yield request.param


def _by_task(exchange: Callable[[Client, Call, int], Response]) -> Callable[..., Response]:
    def by_task(client: Client, call: Call, bytes_max: int) -> Response:
        outcome: list[Response | BaseException] = []

        def run() -> None:
            try:
                outcome.append(exchange(client, call, bytes_max))
            except BaseException as error:  # noqa: BLE001 - raised below
                outcome.append(error)

        gevent.spawn(run).join()
        found = outcome.pop()
        if isinstance(found, BaseException):
            raise found
        return found

    return by_task


class OtherEnd:
    """Listens, and answers the requests of each connection with the bytes of a list, in turn.

    An answer that is empty is never given: the connection is closed instead.

    Attributes:
        connections: How many were made.
        closed: Set once the first connection has ended.
        requests: What was received.
    """

    def __init__(self, answers: list[bytes], tls: ssl.SSLContext | None = None) -> None:
        self._answers = iter(answers)
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.connections = 0
        self.closed = threading.Event()
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with suppress(OSError), line:
                self._talk(line if self._tls is None else self._tls.wrap_socket(line, True))
            self.closed.set()

    def _talk(self, line: socket.socket) -> None:
        with line:
            while request := _received(line):
                self.requests.append(request)
                answer = next(self._answers, b"")
                line.sendall(answer)
                if not answer.startswith(b"HTTP/1.1 200") or answer.endswith(b"!"):
                    return

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()


def _received(line: socket.socket) -> bytes:
    """Return one request; its body is as long as it says."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = line.recv(65536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    length = int(found[1]) if found else 0
    while len(body) < length:
        body += line.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def other_end(*answers: bytes, tls: ssl.SSLContext | None = None) -> Iterator[OtherEnd]:
    end = OtherEnd([*answers], tls)
    try:
        yield end
    finally:
        end.close()


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


def chunked(*parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body + end


def test_a_request_arrives_as_it_was_made_and_its_answer_as_it_was_given() -> None:
    said = answer(b'{"a":1}', "Location: /x/7", status="201 Created")
    with other_end(said) as end, Client() as client:
        url = f"{end.url}/a%20b/eid:x?q=1&r=%2F"
        found = client.exchange(Call("POST", url, {"Authorization": "Bearer t"}, b"{}"), BYTES_MAX)

    assert (found.status, found.headers["location"], found.body) == (201, "/x/7", b'{"a":1}')
    head, _, body = end.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /a%20b/eid:x?q=1&r=%2F HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{end.port}".encode() in head
    assert b"Authorization: Bearer t" in head
    assert body == b"{}"


def test_a_connection_is_used_again() -> None:
    with other_end(OK, answer(b""), chunked(b"{", b"}"), OK) as end, Client() as client:
        bodies = [client.exchange(Call("GET", end.url, {}, b""), BYTES_MAX).body for _ in range(4)]

    assert bodies == [b"{}", b"", b"{}", b"{}"]
    assert end.connections == 1


def test_a_connection_that_the_other_end_has_closed_is_not_used_again() -> None:
    """Else the call would be one of which nobody knows whether it was carried out."""
    with other_end(OK + b"!", OK) as end, Client() as client:
        call = Call("POST", end.url, {}, b"{}")
        client.exchange(call, BYTES_MAX)
        end.closed.wait()
        assert client.exchange(call, BYTES_MAX).body == b"{}"

    assert end.connections == 2


@pytest.mark.parametrize(
    "after",
    [b"!", answer(b"other", status="400 Bad Request"), b"HTTP/1.1 103 Early Hints\r\n\r\n"],
)
def test_what_nobody_asked_for_is_no_part_of_an_answer(after: bytes) -> None:
    """And the connection that said it is not used again."""
    with other_end(OK + after + b"!", OK) as end, Client() as client:
        call = Call("POST", end.url, {}, b"{}")
        found = [client.exchange(call, BYTES_MAX) for _ in range(2)]

    assert found == [(200, {"content-length": "2"}, b"{}")] * 2
    assert end.connections == 2


def test_interim_answers_are_passed_over() -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLocation: /no\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    with other_end(interim + answer(b"{}", status="201 Created")) as end, Client() as client:
        found = client.exchange(Call("POST", end.url, {}, b"{}"), BYTES_MAX)

    assert (found.status, found.headers, found.body) == (201, {"content-length": "2"}, b"{}")


def test_an_answer_without_a_length_ends_with_the_connection() -> None:
    with other_end(b"HTTP/1.1 200 OK\r\n\r\n[1]!") as end, Client() as client:
        assert client.exchange(Call("GET", end.url, {}, b""), BYTES_MAX).body == b"[1]!"


@given(st.lists(st.integers(0, 400), max_size=8))
def test_an_answer_is_the_same_in_whatever_parts_it_comes(cuts: list[int]) -> None:
    body = gzip.compress(b"[1]") + gzip.compress(b"[2]")  # members of one body
    head = (
        b"HTTP/1.1 200 OK\r\nX: a\r\nContent-Encoding: gzip\r\nX: b\r\nTransfer-Encoding: chunked"
    )
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:9], body[9:]))
    said = b"HTTP/1.1 100 Continue\r\n\r\n" + head + b"\r\n\r\n" + chunks + b"0\r\nX: c\r\n\r\n"
    incoming = Incoming(BYTES_MAX)
    for start, end in pairwise([0, *sorted(min(cut, len(said)) for cut in cuts), len(said)]):
        assert not incoming.is_complete or start == end
        incoming.feed(said[start:end])

    assert incoming.is_complete
    found = incoming.response()
    assert (found.status, found.headers["x"], found.body) == (200, "a, b", b"[1][2]")
    assert incoming.close()


@given(st.lists(st.binary(max_size=60) | st.sampled_from([OK, OK[:30], chunked(b"{")[:50]])))
def test_whatever_comes_is_an_answer_or_none(parts: list[bytes]) -> None:
    incoming = Incoming(BYTES_MAX)
    try:
        for part in parts:
            incoming.feed(part)
        incoming.end()
        assert incoming.response().status >= 200
    except (NoAnswerError, HttpParserError, HttpParserUpgrade, ConnectionError):
        pass


def test_a_redirect_is_not_followed() -> None:
    to = "Location: http://127.0.0.1:9/"
    with other_end(answer(b"", to, status="307 Temporary Redirect")) as end, Client() as client:
        assert client.exchange(Call("GET", end.url, {}, b""), BYTES_MAX).status == 307

    assert len(end.requests) == 1


def test_a_compressed_answer_is_unpacked() -> None:
    packed = gzip.compress(b'{"a":"' + b"x" * 200_000 + b'"}')
    with other_end(answer(packed, "Content-Encoding: gzip")) as end, Client() as client:
        response = client.exchange(Call("GET", end.url, {}, b""), BYTES_MAX)

    assert response.body == gzip.decompress(packed)


@pytest.mark.parametrize(
    "said",
    [
        answer(b"0" * (BYTES_MAX + 1)),
        chunked(*[b"0" * 100_000] * 11),
        answer(gzip.compress(b"0" * 50_000_000), "Content-Encoding: gzip"),
    ],
    ids=["long", "chunks", "bomb"],
)
def test_an_answer_is_read_and_unpacked_no_further_than_the_limit(said: bytes) -> None:
    with (
        other_end(said) as end,
        Client() as client,
        pytest.raises(NoAnswerError, match="larger than"),
    ):
        client.exchange(Call("GET", end.url, {}, b""), BYTES_MAX)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 2x0 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}!",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n!",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n!",
        chunked(b"{", end=b"!"),
        chunked(b"{", end=b"zz\r\n!"),
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100_000,
        chunked(b"{", end=b"0\r\n" + b"X: y\r\n" * 200 + b"\r\n"),
        answer(b"no gzip at all", "Content-Encoding: gzip"),
        answer(gzip.compress(b"{}")[:-1], "Content-Encoding: gzip"),
    ],
)
def test_what_is_no_whole_answer_is_none(said: bytes) -> None:
    """The call was sent: whether it was carried out is not known."""
    with other_end(said) as end, Client() as client, pytest.raises(NoAnswerError):
        client.exchange(Call("POST", end.url, {}, b"{}"), BYTES_MAX)
    assert len(end.requests) == 1


def test_an_answer_that_does_not_come_in_time_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_TIMEOUT_S", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent, Client() as client:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(NoAnswerError, match="no complete answer"):
            client.exchange(Call("POST", url, {}, b"{}"), BYTES_MAX)


def test_an_answer_that_goes_on_and_on_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = count()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: 40 * next(parts)))
    with (
        other_end(chunked(*[b"0"] * 10, end=b"")) as end,
        Client() as client,
        pytest.raises(NoAnswerError, match="no complete answer"),
    ):
        client.exchange(Call("GET", end.url, {}, b""), BYTES_MAX)


def test_whoever_is_not_reached_was_sent_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with Client() as client:
        with pytest.raises(NotSentError, match="refused"):
            client.exchange(Call("POST", f"http://127.0.0.1:{port}/", {}, b"{}"), BYTES_MAX)
        with pytest.raises(NotSentError, match="gaierror"):
            client.exchange(Call("POST", "http://netsuite.invalid/", {}, b"{}"), BYTES_MAX)


@pytest.fixture
def certified(tmp_path: Path) -> tuple[ssl.SSLContext, str]:
    """Another end that has a certificate, not for its address, and the certificate as PEM."""
    pair = generate_key_pair(datetime.now(UTC))  # noqa: TID251 - a certificate of today
    own = tmp_path / "own.pem"
    own.write_text(pair.private_key_pem + pair.certificate_pem, "ascii")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(own)
    return tls, pair.certificate_pem


@pytest.mark.parametrize("is_trusted", [False, True])
def test_whoever_cannot_prove_to_be_netsuite_is_sent_nothing(
    certified: tuple[ssl.SSLContext, str], monkeypatch: pytest.MonkeyPatch, *, is_trusted: bool
) -> None:
    """Neither by a certificate of its own making, nor by a good one that is somebody else's."""
    tls, certificate = certified
    if is_trusted:
        trusting = ssl.create_default_context(cadata=certificate)
        monkeypatch.setattr(module, "_tls", lambda: trusting)
    with (
        other_end(OK, tls=tls) as end,
        Client() as client,
        pytest.raises(NotSentError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.exchange(Call("POST", f"https://127.0.0.1:{end.port}/", {}, b"{}"), BYTES_MAX)
    assert end.requests == []


def test_a_connection_with_tls_is_used_again(
    certified: tuple[ssl.SSLContext, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tickets of a session, which come unasked, do not make it look closed."""
    tls, certificate = certified
    trusting = ssl.create_default_context(cadata=certificate)
    trusting.check_hostname = False
    monkeypatch.setattr(module, "_tls", lambda: trusting)
    with other_end(OK, OK, chunked(b"0" * 200_000), tls=tls) as end, Client() as client:
        call = Call("POST", f"https://127.0.0.1:{end.port}/", {}, b"{}")
        found = [len(client.exchange(call, BYTES_MAX).body) for _ in range(3)]

    assert found == [2, 2, 200_000]
    assert end.connections == 1


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/", {"X": "a\r\nY: b"}),
        ("/", {"X\n": "a"}),
        ("/", {"Authorization": "Bearer t\u00e9"}),
        ("/a b", {}),
        ("/\u00e9", {}),
    ],
)
def test_nothing_is_sent_that_is_no_request(path: str, headers: dict[str, str]) -> None:
    with other_end(OK) as end, Client() as client, pytest.raises(NotSentError, match="characters"):
        client.exchange(Call("POST", end.url + path, headers, b"{}"), BYTES_MAX)
    assert end.requests == []


def test_a_proxy_is_asked_for_a_tunnel_and_told_nothing_of_the_call() -> None:
    call = Call("POST", "https://netsuite.invalid/x", {"Authorization": "secret"}, b"{}")
    with (
        other_end(b"HTTP/1.1 407 Authentication Required\r\n\r\n") as proxy,
        Client(f"http://me:p%40ss@127.0.0.1:{proxy.port}") as client,
        pytest.raises(NotSentError, match="407"),
    ):
        client.exchange(call, BYTES_MAX)

    assert proxy.requests[0].startswith(b"CONNECT netsuite.invalid:443 ")
    assert b"proxy-authorization: basic bwu6cebzcw==" in proxy.requests[0].lower()
    assert b"secret" not in proxy.requests[0]


def test_a_proxy_carries_the_call() -> None:
    with other_end(OK) as proxy, Client(f"http://127.0.0.1:{proxy.port}") as client:
        call = Call("GET", "http://netsuite.invalid/x", {}, b"")
        assert client.exchange(call, BYTES_MAX).body == b"{}"

    assert proxy.requests[0].startswith(b"GET http://netsuite.invalid/x HTTP/1.1\r\n")


@pytest.mark.parametrize(
    "proxy", ["proxy:3128", "socks5://x:1", "http://x", "http://[x:1", "http://x:y"]
)
def test_a_proxy_that_is_none_is_refused(proxy: str) -> None:
    with pytest.raises(ConfigurationError, match="proxy"):
        Client(proxy)


def test_a_proxy_of_the_environment_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with other_end(OK) as end, Client() as client:
        assert client.exchange(Call("GET", end.url, {}, b""), BYTES_MAX).body == b"{}"


def test_a_large_request_to_a_slow_reader_arrives_whole() -> None:
    """More than the system takes at once: what was sent and what was not fit together."""
    body = bytes(range(256)) * 40_000
    with other_end(OK) as end, Client() as client:
        client.exchange(Call("POST", end.url, {}, body), BYTES_MAX)
        assert end.requests[0].endswith(b"\r\n\r\n" + body)


def test_a_request_that_nobody_takes_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some of it may have been read: whether it is carried out is not known."""
    monkeypatch.setattr(module, "ANSWER_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, Client() as client:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(NoAnswerError, match="no complete answer"):
            client.exchange(Call("POST", url, {}, bytes(50_000_000)), BYTES_MAX)
