"""One temporary PostgreSQL for all tests of this run; each test is a tenant of its own in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drawdown.store.embedded import temporary_server


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    with temporary_server(fsync=False) as url:
        yield url
