"""Snapshots of the store."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from netsuite_sandbox.errors import invalid_request

if TYPE_CHECKING:
    from netsuite_sandbox.sandbox import Sandbox


class Snapshots:
    """Named copies of one account's store, kept in memory."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._kept: dict[str, sqlite3.Connection] = {}

    def names(self) -> list[str]:
        """Names of the snapshots there are."""
        return sorted(self._kept)

    def describe(self) -> dict[str, dict[str, int]]:
        """What each snapshot holds: transactions, records of lists, bytes."""
        counts = {
            "transactions": "SELECT COUNT(*) FROM tx",
            "records": "SELECT COUNT(*) FROM master",
            "bytes": "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
        }
        return {
            name: {key: self._kept[name].execute(sql).fetchone()[0] for key, sql in counts.items()}
            for name in self.names()
        }

    def take(self, name: str) -> None:
        """Keep a copy under a name; an older one of that name goes."""
        if not name:
            raise invalid_request("A snapshot has a name.")
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        with self._sandbox.db.lock:
            self._sandbox.db.conn.backup(copy)
        self._kept[name] = copy

    def restore(self, name: str) -> None:
        """Put the store back to a snapshot."""
        if name not in self._kept:
            raise invalid_request(f"No snapshot '{name}'. There are: {', '.join(self.names())}.")
        with self._sandbox.db.lock:
            self._kept[name].backup(self._sandbox.db.conn)
            self._sandbox.reload()
