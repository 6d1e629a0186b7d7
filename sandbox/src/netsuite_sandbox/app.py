"""The sandbox as an ASGI application."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from netsuite_sandbox.errors import ERROR_TYPE, invalid_request
from netsuite_sandbox.sandbox import Sandbox
from netsuite_sandbox.wire.http import Request, Response, answer

BODY_BYTES_MAX = 104 * 1024 * 1024  # Source: "SuiteTalk limits".


def create_app(
    db_path: str = ":memory:", account: str = "TSTDRV1234567", *, allow_real_account: bool = False
) -> Starlette:
    """Create the application of one sandbox; `app.state.sandbox` is the sandbox itself."""
    sandbox = Sandbox(db_path, account, allow_real_account=allow_real_account)

    async def endpoint(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _read(receive)
        if body is None:
            return  # The caller went away in the middle: nothing was asked.
        request = _request(scope, body)
        expected = request.headers.get("content-length")
        if expected is not None and expected.isdigit() and int(expected) != len(body):
            error = invalid_request("The request body is shorter than its Content-Length.")
            await _send(send, answer(error.body(), 400, ERROR_TYPE))
            return
        await _send(send, sandbox.handle(request))

    app = Starlette(routes=[Mount("/", app=endpoint)])
    app.state.sandbox = sandbox
    return app


async def _read(receive: Receive) -> bytes | None:
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def _request(scope: Scope, body: bytes) -> Request:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    raw: Any = scope.get("raw_path")
    path = raw.decode("latin-1").partition("?")[0] if raw else scope["path"]
    host = headers.get("host", "localhost")
    scheme = headers.get("x-forwarded-proto", scope.get("scheme", "http"))
    return Request(scope["method"], path, query, headers, body, f"{scheme}://{host}")


async def _send(send: Send, response: Response) -> None:
    headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in response.headers.items()]
    if response.status != 204:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})
