"""The NetSuite sandbox as a process of its own, reached over HTTP only, like the real thing.

The sandbox is another distribution (`netsuite-sandbox`); drawdown never imports it. Its control
interface under ``/_sandbox/`` stands for what an administrator does in NetSuite's pages.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx2

from drawdown.core.errors import ConfigurationError, DrawdownError
from drawdown.erp.netsuite.outside import Call, NoAnswerError, NotSentError
from drawdown.erp.netsuite.wire import Response

ACCOUNT = "TSTDRV1234567"
"""Account id of the sandbox; the form of NetSuite's own test drive accounts."""
STOP_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 120.0


class SandboxError(DrawdownError):
    """The sandbox did not start or refused a control call."""


def local_client() -> httpx2.Client:
    """Return an HTTP client for a sandbox on this machine; proxies are never taken."""
    return httpx2.Client(timeout=ANSWER_TIMEOUT_S, trust_env=False)


class Controls:
    """The control interface of a sandbox that is running somewhere.

    Args:
        url: Its address, ``http://127.0.0.1:PORT``.
        client: Reaches it, and its NetSuite interface too; whoever made it closes it.
    """

    def __init__(self, url: str, client: httpx2.Client) -> None:
        self.url = url.rstrip("/")
        self.client = client

    def control(
        self, method: str, path: str, body: Mapping[str, Any] | list[Any] | None = None
    ) -> Any:
        """Call the control interface and return its JSON.

        Raises:
            SandboxError: It refused.
        """
        url = f"{self.url}/_sandbox{path}"
        try:
            answer = self.client.request(method, url, json=body)
        except httpx2.HTTPError as error:
            raise SandboxError(
                f"no sandbox answers at {self.url}: {error}; start it with `drawdown sandbox`"
            ) from error
        if answer.status_code >= 400:
            raise SandboxError(f"the sandbox refused {method} {path}: {answer.text}")
        return answer.json()

    def exchange(self, call: Call, bytes_max: int) -> Response:
        """Carry a request to the sandbox's NetSuite interface; see `Outside.exchange`."""
        try:
            answer = self.client.request(
                call.method, call.url, headers=call.headers, content=call.body or None
            )
        except httpx2.ConnectError as error:
            raise NotSentError(f"{type(error).__name__}: {error}") from error
        except httpx2.HTTPError as error:
            raise NoAnswerError(f"no answer came ({type(error).__name__})") from error
        if len(answer.content) > bytes_max:
            raise NoAnswerError(f"the answer is larger than {bytes_max} bytes")
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(answer.status_code, headers, answer.content)

    def month_end(self, period: str) -> int:
        """Run month-end revenue recognition for a period (YYYY-MM); return journals written."""
        journals: list[Any] = self.control("POST", "/month-end", {"period": period})["journals"]
        return len(journals)

    def close_period(self, period: str) -> None:
        """Close an accounting period (YYYY-MM)."""
        self.control("POST", f"/periods/{period}/close")


class SandboxProcess(Controls):
    """A sandbox server of our own; ends with the ``with`` block."""

    def __init__(self, database: Path, port: int = 0) -> None:
        """Remember what to start.

        Args:
            database: File that keeps its state.
            port: 0 picks a free one.
        """
        super().__init__("", local_client())
        self._database = database
        self._port = port
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        if find_spec("netsuite_sandbox") is None:
            raise ConfigurationError(
                "the NetSuite sandbox is not installed; run `pip install netsuite-sandbox`, or "
                "`pip install ./sandbox` in a checkout"
            )
        self._database.parent.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable, "-m", "netsuite_sandbox", "serve", "--host", "127.0.0.1",
            "--port", str(self._port), "--db", str(self._database), "--account", ACCOUNT,
        ]  # fmt: skip
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            _, problem = self._process.communicate()
            raise SandboxError(f"the NetSuite sandbox did not start: {problem.strip()}")
        self.url = json.loads(line)["url"]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.client.close()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.communicate(timeout=STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.communicate()

    def wait(self) -> None:
        """Wait until the process ends.

        Raises:
            SandboxError: It broke down.
        """
        if self._process is not None and (status := self._process.wait()):
            _, problem = self._process.communicate()
            raise SandboxError(
                f"the NetSuite sandbox ended with status {status}: {problem.strip() or 'no word'}; "
                "start it again, its records are kept"
            )
