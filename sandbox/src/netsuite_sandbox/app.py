"""The sandbox as an ASGI application."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from netsuite_sandbox.accounts import PATH, Accounts
from netsuite_sandbox.errors import ERROR_TYPE, NetSuiteError, invalid_request
from netsuite_sandbox.governance.gate import CONNECTION_MS_MAX, Delivery
from netsuite_sandbox.sandbox import Sandbox
from netsuite_sandbox.whole import whole
from netsuite_sandbox.wire.http import Request, Response, answer

BODY_BYTES_MAX = 104 * 1024 * 1024  # Source: "SuiteTalk limits".


class Application(Starlette):
    """One route for everything: requests go to the sandbox as they are, without middleware."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self.state.sandbox = sandbox
        self.state.accounts = Accounts(sandbox)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await super().__call__(scope, receive, send)
        elif scope["type"] == "http":
            await _serve(self.state.accounts, scope, receive, send)


def create_app(
    db_path: str = ":memory:", account: str = "TSTDRV1234567", *, allow_real_account: bool = False
) -> Starlette:
    """Create the application of one sandbox; `app.state.sandbox` is the sandbox itself."""
    return Application(Sandbox(db_path, account, allow_real_account=allow_real_account))


async def _serve(accounts: Accounts, scope: Scope, receive: Receive, send: Send) -> None:
    body = await _read(receive)
    if body is None:
        return  # The caller went away in the middle: nothing was asked.
    request = _request(scope, body)
    expected = request.headers.get("content-length", "")
    if len(body) > BODY_BYTES_MAX or whole(expected) not in (None, len(body)):
        error = invalid_request("The request body does not have the length it announces.")
        await _send(send, answer(error.body(), 400, ERROR_TYPE))
        return
    try:
        if request.path == PATH:
            await _send(send, accounts.handle(request))
            return
        gate = accounts.find(request).gate
    except NetSuiteError as error:
        await _send(send, answer(error.body(), error.status, ERROR_TYPE))
        return
    refused = gate.enter(request)
    if refused is not None:
        await _send(send, gate.refuse(request, refused))
        return
    try:
        struck = gate.strike(request)
        delay_ms = gate.delay_ms(struck)
        if delay_ms < CONNECTION_MS_MAX:
            if delay_ms:  # without an event loop nothing can be waited for
                await asyncio.sleep(delay_ms / 1000)
            delivery = gate.deliver(request, struck)
        else:
            delivery = gate.time_out(request, struck)
    finally:
        gate.leave(request)
    await _deliver(scope, send, delivery)


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
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    raw: Any = scope.get("raw_path")
    path = raw.decode("latin-1").partition("?")[0] if raw else scope["path"]
    host = headers.get("host", "localhost")
    scheme = headers.get("x-forwarded-proto", scope.get("scheme", "http"))
    return Request(scope["method"], path, query, headers, body, f"{scheme}://{host}")


async def _deliver(scope: Scope, send: Send, delivery: Delivery) -> None:
    if delivery.response is None:
        _hang_up(scope, send)
    elif delivery.cut:
        await _send(send, delivery.response, cut=True)
        _hang_up(scope, send)
    else:
        await _send(send, delivery.response)


async def _send(send: Send, response: Response, *, cut: bool = False) -> None:
    headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in response.headers.items()]
    if response.status != 204:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    body = response.body[: len(response.body) // 2] if cut else response.body
    await send({"type": "http.response.body", "body": body, "more_body": cut})


def _hang_up(scope: Scope, send: Send) -> None:
    """Close the connection without (the rest of) an answer.

    A server's connection is closed; in process the caller gets the error that its client would.
    """
    if (scope.get("client") or ("",))[0] == "testclient":
        raise _disconnected()
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()


def _disconnected() -> Exception:
    try:
        import httpx2  # noqa: PLC0415 (only tests have it; it is no dependency)
    except ImportError:
        return ConnectionResetError("The sandbox closed the connection.")
    return httpx2.RemoteProtocolError("Server disconnected without sending a response.")
