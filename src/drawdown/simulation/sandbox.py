"""The NetSuite sandbox in this process, reached by HTTP messages and nothing else.

The sandbox is another distribution and found by name when a simulation runs.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import NamedTuple

import httpx2

from drawdown.core.errors import ConfigurationError
from drawdown.local_sandbox.process import ACCOUNT, Controls

URL = "http://127.0.0.1:8055"
"""Address that stands in requests; nobody listens there."""


class Sandbox(NamedTuple):
    """A sandbox in this process: what carries messages to it, and its control interface."""

    transport: httpx2.BaseTransport
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
    in_process = import_module("netsuite_sandbox.in_process")
    transport: httpx2.BaseTransport = in_process.InProcess(":memory:", ACCOUNT)
    return Sandbox(transport, Controls(URL, httpx2.Client(transport=transport)))
