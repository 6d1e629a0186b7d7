"""One SQLite connection with one writer at a time.

Every request is one transaction: it happens whole or not at all. The rule a maintainer must not
break: nothing that a request changes may live outside the transaction (caches are dropped on
rollback).
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from typing import Any

Row = sqlite3.Row


class Database:
    """The store of one NetSuite account.

    Args:
        path: File name, or ":memory:" for a store that ends with the process.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.lock = threading.RLock()
        self._depth = 0
        self._on_rollback: list[Callable[[], None]] = []
        self.conn = sqlite3.connect(
            path, check_same_thread=False, isolation_level=None, cached_statements=1024
        )
        self.conn.row_factory = sqlite3.Row
        self.conn.execute("PRAGMA journal_mode = WAL")
        self.conn.execute("PRAGMA synchronous = NORMAL")
        self.conn.execute("PRAGMA temp_store = MEMORY")
        self.conn.execute("PRAGMA cache_size = -65536")
        self.conn.executescript(
            resources.files(__package__).joinpath("schema.sql").read_text(encoding="utf-8")
        )

    def on_rollback(self, callback: Callable[[], None]) -> None:
        """Have `callback` called after every rollback (to drop caches)."""
        self._on_rollback.append(callback)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the body as one transaction; nested uses join the outer one."""
        with self.lock:
            if self._depth:
                yield
                return
            self.conn.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
            except BaseException:
                self.conn.execute("ROLLBACK")
                for callback in self._on_rollback:
                    callback()
                raise
            else:
                self.conn.execute("COMMIT")
            finally:
                self._depth = 0

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        """Run the body and take everything back that it wrote. Inside a transaction only."""
        assert self._depth, "a rehearsal needs a transaction around it"
        self.conn.execute("SAVEPOINT rehearsal")
        try:
            yield
        finally:
            self.conn.execute("ROLLBACK TO rehearsal")
            self.conn.execute("RELEASE rehearsal")
            for callback in self._on_rollback:
                callback()

    def execute(self, sql: str, args: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self.conn.execute(sql, args)

    def one(self, sql: str, args: Sequence[Any] = ()) -> sqlite3.Row | None:
        """Return the first row, or None."""
        row: sqlite3.Row | None = self.conn.execute(sql, args).fetchone()
        return row

    def all(self, sql: str, args: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return all rows."""
        return self.conn.execute(sql, args).fetchall()

    def value(self, sql: str, args: Sequence[Any] = ()) -> Any:
        """Return the first column of the first row, or None."""
        row = self.conn.execute(sql, args).fetchone()
        return None if row is None else row[0]

    def next_number(self, name: str) -> int:
        """Return the next number of a named sequence, starting at 1."""
        number: int = self.value(
            "INSERT INTO sequence VALUES (?, 1)"
            " ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value",
            (name,),
        )
        return number

    def close(self) -> None:
        """Close the file."""
        with self.lock:
            self.conn.close()
