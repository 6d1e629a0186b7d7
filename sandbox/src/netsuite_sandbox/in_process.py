"""A client of a sandbox in the same process: for tests, which make very many small calls.

The application is called as a web server calls it (ASGI), but without an event loop or a thread:
it answers without waiting for anything. Only a scripted latency waits: that needs a server, or
Starlette's TestClient. This module needs httpx2, which is no dependency of the sandbox.
"""

from __future__ import annotations

import httpx2
from starlette.types import Message, Scope

from netsuite_sandbox.app import create_app
from netsuite_sandbox.sandbox import Sandbox


class InProcess(httpx2.BaseTransport):
    """Hands HTTP requests to a sandbox in this process.

    Attributes:
        sandbox: The sandbox itself.
    """

    def __init__(self, db_path: str = ":memory:", account: str = "TSTDRV1234567") -> None:
        self._application = create_app(db_path, account)
        self.sandbox: Sandbox = self._application.state.sandbox

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Have one request answered.

        Raises:
            RemoteProtocolError: The sandbox closed the connection, as a scripted fault.
        """
        body = request.read()
        scope: Scope = {
            "type": "http",
            "method": request.method,
            "scheme": request.url.scheme,
            "path": request.url.path,
            "raw_path": request.url.raw_path,
            "query_string": request.url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": ("testclient", 0),
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
        head, *rest = sent
        content = b"".join(message["body"] for message in rest)
        return httpx2.Response(head["status"], headers=head["headers"], content=content)

    def close(self) -> None:
        """Close the sandbox."""
        self._application.state.accounts.close()


class InProcessClient(httpx2.Client):
    """A client of a sandbox of its own, which closes with it."""

    def __init__(self, db_path: str = ":memory:", base_url: str = "http://localhost:8765") -> None:
        transport = InProcess(db_path)
        self.sandbox = transport.sandbox
        super().__init__(transport=transport, base_url=base_url)
