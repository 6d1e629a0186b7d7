"""Migrations are applied once, in order, and never edited."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from drawdown.core.errors import StoreError
from drawdown.store import database as module
from drawdown.store.database import Database


def test_a_second_run_applies_nothing(new_database: Callable[[], str]) -> None:
    """The first run names what it applied, the next one finds it done."""
    database = Database(new_database())
    assert database.migrate() == [name for name, _text in module._migrations()]
    assert database.migrate() == []


def test_migrations_are_numbered_without_gaps() -> None:
    """Two of one number would have no order that a reader sees; a gap looks like a lost one."""
    numbers = [name.split("_")[0] for name, _text in module._migrations()]
    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]


def test_processes_that_migrate_at_once_apply_each_migration_once(
    new_database: Callable[[], str],
) -> None:
    """One of them does, the others wait for it."""
    url = new_database()
    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(lambda _: Database(url).migrate(), range(4)))
    assert sorted(applied)[:3] == [[], [], []]
    assert sum(applied, []) == [name for name, _text in module._migrations()]  # noqa: RUF017


def test_an_edited_migration_is_refused(new_database: Callable[[], str]) -> None:
    """The books keep what they have; the message says where the change belongs."""
    url = new_database()
    Database(url).migrate()
    with psycopg.connect(url) as owner:
        owner.execute("UPDATE public.drawdown_migration SET sha256 = 'of an earlier text'")
    with pytest.raises(StoreError, match=r"0001_foundation\.sql was edited .* new migration"):
        Database(url).migrate()


def test_a_migration_that_fails_is_undone(
    new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It leaves nothing half done and is not recorded; the next run tries again."""
    url = new_database()
    broken = [("0001_broken.sql", "CREATE TABLE half (n int); SELECT no_such_function();")]
    with monkeypatch.context() as patch:
        patch.setattr(module, "_migrations", lambda: broken)
        with pytest.raises(StoreError, match=r"0001_broken\.sql failed and was undone"):
            Database(url).migrate()
    with psycopg.connect(url) as owner:
        assert owner.execute("SELECT to_regclass('half')").fetchone() == (None,)
        assert owner.execute("SELECT * FROM public.drawdown_migration").fetchall() == []
    assert Database(url).migrate()


def test_a_database_that_is_not_there_or_not_migrated(new_database: Callable[[], str]) -> None:
    """The message says what to do."""
    with (
        pytest.raises(StoreError, match="cannot be reached"),
        Database("postgresql://localhost:1/nowhere").session("t"),
    ):
        pass
    with (
        pytest.raises(StoreError, match="the database"),
        Database(new_database()).session("t") as session,
        session.transaction(),
    ):
        session.run("lock_tenant")
