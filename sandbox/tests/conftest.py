"""Fixtures: a sandbox in process and a client of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode does not

import second_opinion
from sandbox_client import Client

from netsuite_sandbox.in_process import InProcessClient


@pytest.fixture
def http() -> Iterator[InProcessClient]:
    with InProcessClient() as client:
        yield client


@pytest.fixture
def ns(http: InProcessClient) -> Iterator[Client]:
    """A client of a company like Drawdown's; its books get a second opinion after the test."""
    client = Client(http)
    client.set_up()
    yield client
    _second_opinion(http)


def _second_opinion(http: InProcessClient) -> None:
    http.delete("/_sandbox/faults")
    if not second_opinion.installed():
        second_opinion.say_it_is_missing()
    if http.get("/_sandbox/health").is_success:
        journal = http.get("/_sandbox/journal.hledger").text
        second_opinion.agree(journal, http.get("/_sandbox/ledger").json())
