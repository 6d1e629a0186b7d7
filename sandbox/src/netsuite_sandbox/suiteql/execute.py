"""Runs SuiteQL and pages its result.

Source: "Executing SuiteQL Queries Through REST": values are strings, names lower case; NULL columns
are left out (third-party observation); dates come in the account's format, M/D/YYYY.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from netsuite_sandbox.company import Company
from netsuite_sandbox.suiteql import functions
from netsuite_sandbox.suiteql.errors import refused, unsupported
from netsuite_sandbox.suiteql.translate import Statement, translate

_CACHE_MAX = 500


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a result."""

    items: list[dict[str, Any]]
    total: int


class Engine:
    """Runs statements against one account's store."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._cache: dict[tuple[str, int], Statement] = {}
        functions.register(company.db.conn)

    def run(self, text: str, params: Sequence[Any], limit: int, offset: int) -> Page:
        """Run a statement and return one page."""
        statement = self._statement(text)
        bound = [_bind(value) for value in params]
        size = limit
        if statement.limit is not None:
            size = max(0, min(limit, statement.limit - offset))
        with self._company.db.lock:
            try:
                cursor = self._company.db.execute(
                    f"{statement.sql} LIMIT ? OFFSET ?", [*bound, size, offset]
                )
                rows = cursor.fetchall()
                names = [column[0].lower() for column in cursor.description]
                total = offset + len(rows)
                if len(rows) == size and (rows or offset):
                    total = self._count(statement, bound)
            except sqlite3.ProgrammingError:
                raise refused(
                    "Search error occurred: The number of parameters does not fit the query."
                ) from None
            except (sqlite3.OperationalError, sqlite3.InterfaceError):
                raise unsupported() from None
        kinds = [
            statement.outputs[name].kind if name in statement.outputs else "" for name in names
        ]
        return Page([_item(names, kinds, row) for row in rows], total)

    def _count(self, statement: Statement, bound: list[Any]) -> int:
        total: int = self._company.db.value(f"SELECT COUNT(*) FROM ({statement.sql})", bound)
        return total if statement.limit is None else min(total, statement.limit)

    def _statement(self, text: str) -> Statement:
        key = (text, self._company.schema_version)
        found = self._cache.get(key)
        if found is None:
            found = translate(self._company, text)
            lowered = text.lower()
            if "sysdate" in lowered or "current_" in lowered:
                return found  # It holds the present time.
            if len(self._cache) >= _CACHE_MAX:
                self._cache.clear()
            self._cache[key] = found
        return found


def _bind(value: Any) -> Any:
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, Decimal):
        return float(value)  # SQLite's number; nothing is computed with it here.
    if value is None or isinstance(value, (int, str)):
        return value
    raise refused("Search error occurred: A parameter is a string, a number or a boolean.")


def _item(names: list[str], kinds: list[str], row: sqlite3.Row) -> dict[str, Any]:
    out: dict[str, Any] = {"links": []}
    for name, kind, value in zip(names, kinds, row, strict=True):
        if value is None:
            continue
        if kind in {"date", "datetime"} and isinstance(value, str):
            out[name] = functions.account_date(value)
        else:
            out[name] = functions.plain(value)
    return out
