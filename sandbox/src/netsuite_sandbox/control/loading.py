"""Loads many records at once: the same rules as the record service, one transaction for all.

Nothing like it exists in NetSuite; it is there to fill a company for a test of size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netsuite_sandbox.errors import NetSuiteError, invalid_request
from netsuite_sandbox.wire import recordapi
from netsuite_sandbox.wire.http import Request

if TYPE_CHECKING:
    from netsuite_sandbox.sandbox import Sandbox

_METHODS = frozenset({b"POST", b"PUT", b"PATCH", b"DELETE"})


def load(sandbox: Sandbox, request: Request) -> Any:
    """Carry out the lines of the body, all or none.

    A line is a path below the record service and a JSON body, with a method before them if it is
    not POST: `/invoice {"entity": {"id": "1"}, ...}` or `PUT /customer/eid:C1 {...}`.

    Raises:
        NetSuiteError: The first refusal, its line number in the detail; nothing is written then.
    """
    written = 0
    with sandbox.db.transaction():
        for number, line in enumerate(request.body.splitlines(), 1):
            if not line.strip():
                continue
            try:
                recordapi.handle(sandbox.books, _call(line, request.base_url))
            except NetSuiteError as error:
                error.detail = f"Line {number}: {error.detail}"
                raise
            written += 1
    return {"written": written}


def _call(line: bytes, base_url: str) -> Request:
    first, _, rest = line.strip().partition(b" ")
    method = b"POST"
    if first in _METHODS:
        method = first
        first, _, rest = rest.strip().partition(b" ")
    if not first.startswith(b"/"):
        raise invalid_request("A line is a path and a JSON body: /customer {...}")
    path, _, text = first.decode("utf-8", "replace").partition("?")
    query = [(k, v) for k, _, v in (pair.partition("=") for pair in text.split("&")) if k]
    return Request(method.decode(), recordapi.ROOT + path, query, {}, rest, base_url)
