"""The NetSuite sandbox in this process, reached by HTTP messages and nothing else.

The sandbox is another distribution and found by name when a simulation runs. Its application is
called as a web server calls it (ASGI), without an event loop: it answers without waiting for
anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import httpx2

from drawdown.core.errors import ConfigurationError
from drawdown.local_sandbox.process import ACCOUNT, Controls

URL = "http://127.0.0.1:8055"
"""Address that stands in requests; nobody listens there."""

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]


class InProcess(httpx2.BaseTransport):
    """Hands HTTP requests to a web application in this process."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Have one request answered."""
        body = request.read()
        scope: Message = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": request.url.scheme,
            "path": request.url.path,
            "raw_path": request.url.raw_path,
            "query_string": request.url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": ("simulation", 0),
        }
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        call = self._application(scope, receive, send).__await__()
        try:
            next(call)
        except StopIteration:
            pass
        else:
            raise AssertionError("the sandbox waits for something while it answers")
        return httpx2.Response(
            sent[0]["status"],
            headers=sent[0]["headers"],
            content=b"".join(message.get("body", b"") for message in sent[1:]),
        )


class Sandbox(NamedTuple):
    """A sandbox in this process: what carries messages to it, and its control interface."""

    transport: InProcess
    controls: Controls


def new_sandbox() -> Sandbox:
    """Start an empty sandbox in this process.

    Raises:
        ConfigurationError: The sandbox is not installed.
    """
    if find_spec("netsuite_sandbox") is None:
        raise ConfigurationError(
            "the simulation needs the NetSuite sandbox; run `pip install netsuite-sandbox`, or "
            "`pip install ./sandbox` in a checkout"
        )
    application = import_module("netsuite_sandbox.app").create_app(":memory:", ACCOUNT)
    transport = InProcess(application)
    return Sandbox(transport, Controls(URL, httpx2.Client(transport=transport)))
