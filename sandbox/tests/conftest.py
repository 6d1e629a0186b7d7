"""Fixtures: a sandbox in process and a client of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode does not

import second_opinion
from sandbox_client import Client

from netsuite_sandbox import create_app


@pytest.fixture
def http() -> Iterator[TestClient]:
    app = create_app()
    with TestClient(app, base_url="http://localhost:8765") as client:
        yield client
    app.state.sandbox.close()


@pytest.fixture
def ns(http: TestClient) -> Iterator[Client]:
    """A client of a company like Drawdown's; its books get a second opinion after the test."""
    client = Client(http)
    client.set_up()
    yield client
    _second_opinion(http)


def _second_opinion(http: TestClient) -> None:
    http.delete("/_sandbox/faults")
    if not second_opinion.installed():
        second_opinion.say_it_is_missing()
    if http.get("/_sandbox/health").is_success:
        journal = http.get("/_sandbox/journal.hledger").text
        second_opinion.agree(journal, http.get("/_sandbox/ledger").json())
