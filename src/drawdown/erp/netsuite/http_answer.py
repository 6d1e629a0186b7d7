"""An HTTP/1.1 answer as its bytes come in, by llhttp (httptools), within limits."""

from __future__ import annotations

import zlib

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from drawdown.erp.netsuite.outside import NoAnswerError
from drawdown.erp.netsuite.wire import Response

HEAD_BYTES_MAX = 64 * 1024
HEADERS_MAX = 100


class Incoming:
    """One answer, fed as it comes; the methods ``on_...`` are called by the parser.

    Args:
        bytes_max: Of the body, as it comes and unpacked.

    Attributes:
        is_complete: Nothing more belongs to it.
    """

    def __init__(self, bytes_max: int) -> None:
        self.is_complete = False
        self._bytes_max = bytes_max
        self._bytes = 0
        self._head_bytes = 0
        self._header_count = 0
        self._may_go_on = False
        self._is_head_complete = False
        self._status = 0
        self._headers: dict[str, str] = {}
        self._body = bytearray()
        self._parser = HttpResponseParser(self)

    def feed(self, data: bytes) -> None:
        """Take what came.

        Raises:
            NoAnswerError: It grows too large.
            HttpParserError: It is no HTTP/1.1.
        """
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            if not self.is_complete:
                raise
            self._may_go_on = False  # it was whole, and something that is none came after it
        self._bytes += len(data)
        head_bytes = self._head_bytes if self._is_head_complete else self._bytes
        if head_bytes > HEAD_BYTES_MAX or self._header_count > HEADERS_MAX:
            raise NoAnswerError("the head of NetSuite's answer is too large")
        # Chunks of a byte each take six; and what is in no body, such as trailers, is bounded too.
        if len(self._body) > self._bytes_max or self._bytes > 6 * self._bytes_max + HEAD_BYTES_MAX:
            raise _too_large(self._bytes_max)

    def end(self) -> None:
        """Take note that the other end has closed: a body without a length is complete so.

        Raises:
            ConnectionError: The answer is not whole.
        """
        has_length = not {"content-length", "transfer-encoding"}.isdisjoint(self._headers)
        if not self._is_head_complete or has_length:
            raise ConnectionError("closed before the answer was whole")
        self.is_complete = True

    def close(self) -> bool:
        """Let go of the parser; whether the connection may carry another call."""
        del self._parser  # else the two would wait for the garbage collector together
        return self._may_go_on

    def response(self) -> Response:
        """Return the whole answer, unpacked.

        Raises:
            NoAnswerError: It unpacks to more than the limit, or is not packed as it says.
        """
        body = bytes(self._body)
        if body and self._headers.get("content-encoding", "").lower() in {"gzip", "x-gzip"}:
            body = _unpacked(body, self._bytes_max)
        return Response(self._status, self._headers, body)

    def on_message_begin(self) -> None:
        """See `Incoming`."""
        self._may_go_on = False  # nobody asked for one after the one that is complete

    def on_header(self, name: bytes, value: bytes) -> None:
        """See `Incoming`."""
        self._header_count += 1
        self._head_bytes += len(name) + len(value)
        if not self._is_head_complete:  # else it stands after the body
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_headers_complete(self) -> None:
        """See `Incoming`."""
        if self._is_head_complete:
            return
        self._status = self._parser.get_status_code()
        if self._status < 200:
            self._headers = {}  # of an interim answer: the one that counts is to come
        else:
            self._is_head_complete = True

    def on_body(self, body: bytes) -> None:
        """See `Incoming`."""
        if not self.is_complete:
            self._body += body

    def on_message_complete(self) -> None:
        """See `Incoming`."""
        if self._is_head_complete and not self.is_complete:
            self.is_complete = True
            self._may_go_on = self._parser.should_keep_alive()


def _too_large(bytes_max: int) -> NoAnswerError:
    return NoAnswerError(f"NetSuite's answer is larger than {bytes_max} bytes")


def _unpacked(body: bytes, bytes_max: int) -> bytes:
    """Unpack gzip, no further than the limit; it may have several members."""
    unpacked = bytearray()
    while body:
        unpacking = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            unpacked += unpacking.decompress(body, bytes_max + 1 - len(unpacked))
        except zlib.error as error:
            raise NoAnswerError("NetSuite's answer cannot be unpacked") from error
        if len(unpacked) > bytes_max:
            raise _too_large(bytes_max)
        if not unpacking.eof:
            raise NoAnswerError("NetSuite's answer is packed and not whole")
        body = unpacking.unused_data
    return bytes(unpacked)
