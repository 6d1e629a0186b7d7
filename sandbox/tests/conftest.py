"""Fixtures: a sandbox in process and a client of it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

sys.path.insert(0, str(Path(__file__).parent))  # importlib mode does not

from sandbox_client import Client

from netsuite_sandbox import create_app


@pytest.fixture
def http() -> Iterator[TestClient]:
    app = create_app()
    with TestClient(app, base_url="http://localhost:8765") as client:
        yield client
    app.state.sandbox.close()


@pytest.fixture
def ns(http: TestClient) -> Client:
    client = Client(http)
    client.set_up()
    return client
