"""What all tests share: the repository on the path, and one PostgreSQL for each process.

A test that needs a database takes `database` and a `tenant` of its own: tenants do not see each
other, so nothing is ever cleaned up.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from drawdown.store.database import Database
from drawdown.store.embedded import temporary_server

# How long an example takes says nothing here: machines are shared.
settings.register_profile("drawdown", deadline=None)
settings.load_profile("drawdown")

ROOT = str(Path(__file__).parent.parent)
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)  # so that tests find `tests.cases`

_numbers = itertools.count(1)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """Spread the whole suite over the cores; files and folders that were named run right here."""
    return None if config.args_source is pytest.Config.ArgsSource.TESTPATHS else 0


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """Run a PostgreSQL of this run's own, faster for not being safe against crashes."""
    with temporary_server(fsync=False) as url:
        yield url


@pytest.fixture(scope="session")
def new_database(server_url: str) -> Callable[[], str]:
    """Return a function that makes an empty database and returns its URL, as superuser."""

    def make() -> str:
        name = f"test_{next(_numbers)}"
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return psycopg.conninfo.make_conninfo(server_url, dbname=name)

    return make


@pytest.fixture(scope="session")
def database_url(new_database: Callable[[], str]) -> str:
    """Return the URL of a migrated database, as superuser."""
    url = new_database()
    Database(url).migrate()
    return url


@pytest.fixture(scope="session")
def database(database_url: str) -> Database:
    """Return the migrated database of this run."""
    return Database(database_url)


@pytest.fixture(scope="session")
def new_tenant() -> Callable[..., str]:
    """Return a function that creates a tenant of one new id in every database it is given."""

    def make(*databases: Database) -> str:
        tenant_id = f"tenant-{next(_numbers)}"
        for database in databases:
            with database.session(tenant_id) as session:
                session.run("add_tenant", {"policy": "{}"})
        return tenant_id

    return make


@pytest.fixture
def tenant(database: Database, new_tenant: Callable[..., str]) -> str:
    """Return a tenant that nobody else uses."""
    return new_tenant(database)
