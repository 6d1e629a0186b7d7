"""Runs SuiteQL and pages its result.

Source: "Executing SuiteQL Queries Through REST": values are strings, names lower case; NULL columns
are left out (third-party observation); dates come in the account's format (setting date_format).
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from netsuite_sandbox.company import Company
from netsuite_sandbox.suiteql import functions, rates
from netsuite_sandbox.suiteql.errors import refused, unsupported
from netsuite_sandbox.suiteql.oracle import plain
from netsuite_sandbox.suiteql.translate import Statement, translate

ROWS_MAX = 100_000  # Source: "Collection Paging".
_CACHE_MAX = 500
# They change translations.
_SETTINGS = ("rownum_counts", "date_format", "suiteql_listagg", "absent_records")
_OF_NOW = (
    "sysdate", "current_", "localtimestamp", "relative_ranges", "builtin.period", "consolidate",
)  # fmt: skip
# Values that change no translation: whole numbers that something is compared with, external ids.
_VALUES = re.compile(r"(?<=[<>=] )\d{1,12}(?![\w.])|'dd_\w{1,60}'")
_COUNTED = re.compile(r"\b(rownum|fetch|limit)\b", re.IGNORECASE)
_MARK = 7_770_000_000_000
_MARKS = re.compile(r"\b7770000\d{6}\b")
_Key = tuple[Statement, tuple[Any, ...], int, int]


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a result."""

    items: list[dict[str, Any]]
    total: int


class Engine:
    """Runs statements against one account's store."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._cache: dict[tuple[Any, ...], Statement] = {}
        self._shapes: dict[tuple[Any, ...], Statement] = {}
        self._kept: tuple[_Key, list[str], list[sqlite3.Row], int] | None = None
        functions.register(company.db.conn)
        rates.register(company)

    def run(self, text: str, params: Sequence[Any], limit: int, offset: int) -> Page:
        """Run a statement and return one page."""
        if offset + limit > ROWS_MAX:
            raise refused(f"Search error occurred: Only the first {ROWS_MAX} results can be read.")
        statement = self._statement(text)
        bound = [_bind(value) for value in params]
        with self._company.db.lock:
            try:
                names, rows, total = self._rows(statement, bound, limit, offset)
            except sqlite3.ProgrammingError:
                raise refused(
                    "Search error occurred: The number of parameters does not fit the query."
                ) from None
            except (sqlite3.OperationalError, sqlite3.InterfaceError):
                raise unsupported() from None
        kinds = [
            statement.outputs[name].kind if name in statement.outputs else "" for name in names
        ]
        form = self._company.settings["date_format"]
        return Page([_item(names, kinds, row, form) for row in rows], total)

    def _rows(
        self, statement: Statement, bound: list[Any], limit: int, offset: int
    ) -> tuple[list[str], Sequence[sqlite3.Row], int]:
        """Return column names, the rows of a page and the number of all rows.

        A result of several pages is kept until anything is written, so that its next pages need
        not run the statement again.
        """
        db = self._company.db
        key = (statement, tuple(bound), db.conn.total_changes, self._company.schema_version)
        kept = self._kept
        if kept is None or kept[0] != key or self._company.settings["suiteql_lag_s"]:
            most = ROWS_MAX if statement.limit is None else min(statement.limit, ROWS_MAX)
            first = offset == 0
            take = min(most, limit + 1) if first else most
            cursor = db.execute(f"{statement.sql} LIMIT ?", [*bound, take])
            rows = cursor.fetchall()
            if first and len(rows) > limit:
                cursor = db.execute(f"{statement.sql} LIMIT ?", [*bound, most])
                rows = cursor.fetchall()
            names = [column[0].lower() for column in cursor.description]
            total = len(rows)
            if total == ROWS_MAX:
                total = db.value(f"SELECT COUNT(*) FROM ({statement.sql})", bound)
                total = total if statement.limit is None else min(total, statement.limit)
            kept = (key, names, rows, total)
            if len(rows) > limit:
                self._kept = kept
        _, names, rows, total = kept
        return names, rows[offset : offset + limit], total

    def _statement(self, text: str) -> Statement:
        settings = self._company.settings
        key = (text, self._company.schema_version, *(settings[name] for name in _SETTINGS))
        found = self._cache.get(key)
        if found is None:
            lowered = text.lower()
            if any(word in lowered for word in _OF_NOW):
                return translate(self._company, text)  # It holds the present time.
            found = self._translated(text, key[1:])
            if len(self._cache) >= _CACHE_MAX:
                self._cache.clear()
            self._cache[key] = found
        return found

    def _translated(self, text: str, key: tuple[Any, ...]) -> Statement:
        """Translate a statement, or one that differs from it only in ids it compares with.

        Programs page by id and ask for lists of external ids, so most statements have the shape of
        an earlier one. A row limit is the only place where such a value changes the translation.
        """
        values: list[str] = []

        def mark(found: re.Match[str]) -> str:
            values.append(found[0].strip("'"))
            number = _MARK + len(values)
            return f"'{number}'" if found[0].startswith("'") else str(number)

        shape = text if _COUNTED.search(text) else _VALUES.sub(mark, text)
        if not values or str(_MARK)[:-6] in text:
            return translate(self._company, text)
        found = self._shapes.get((shape, *key))
        if found is None:
            if len(self._shapes) >= _CACHE_MAX:
                self._shapes.clear()
            found = self._shapes[shape, *key] = translate(self._company, shape)
        sql = _MARKS.sub(lambda mark: values[int(mark[0]) - _MARK - 1], found.sql)
        return Statement(sql, found.limit, found.outputs)


def _bind(value: Any) -> Any:
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, Decimal):
        return float(value)  # SQLite's number; nothing is computed with it here.
    if value is None or isinstance(value, (int, str)):
        return value
    raise refused("Search error occurred: A parameter is a string, a number or a boolean.")


def _item(names: list[str], kinds: list[str], row: sqlite3.Row, form: str) -> dict[str, Any]:
    out: dict[str, Any] = {"links": []}
    for name, kind, value in zip(names, kinds, row, strict=True):
        if value is None:
            continue
        if kind in {"date", "datetime"} and isinstance(value, str):
            out[name] = functions.account_date(value, form)
        else:
            out[name] = plain(value)
    return out
