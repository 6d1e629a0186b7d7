"""A shop that sells plans, for every test of a service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drawdown.store.database import Database
from tests.cases.plans import Shop


@pytest.fixture
def shop(database: Database, tenant: str) -> Iterator[Shop]:
    with database.session(tenant) as session:
        yield Shop(session)
