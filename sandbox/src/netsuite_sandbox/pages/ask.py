"""What a page was asked for: its path, its filters, which part of a long table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from netsuite_sandbox.company import Company
from netsuite_sandbox.pages.model import EMPTY, Cell, to
from netsuite_sandbox.records.kinds import Books
from netsuite_sandbox.records.master_kinds import display_name
from netsuite_sandbox.records.transactions import BY_CODE
from netsuite_sandbox.store.database import Database, Row
from netsuite_sandbox.whole import whole

_ANSWERS_MAX, _ANSWER_ROWS_MAX = 500, 5000
_ANSWERS: WeakKeyDictionary[Database, tuple[int, dict[Any, list[Row]]]] = WeakKeyDictionary()

if TYPE_CHECKING:
    from netsuite_sandbox.sandbox import Sandbox

PAGE_ROWS, PAGE_ROWS_MAX, EXPORT_ROWS_MAX = 50, 1000, 100_000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Kept:
    """Reads of a store whose answers are kept for as long as nothing is written.

    Sums over a million transactions take seconds; going to and fro between pages takes them once.
    """

    store: Database
    answers: dict[Any, list[Row]]

    def all(self, sql: str, args: Sequence[Any] = ()) -> list[Row]:
        """Return all rows."""
        key = (sql, tuple(args))
        found = self.answers.get(key)
        if found is None:
            found = self.store.all(sql, args)
            if len(found) <= _ANSWER_ROWS_MAX:
                if len(self.answers) >= _ANSWERS_MAX:
                    self.answers.clear()
                self.answers[key] = found
        return found

    def one(self, sql: str, args: Sequence[Any] = ()) -> Row | None:
        """Return the first row, or None."""
        rows = self.all(sql, args)
        return rows[0] if rows else None

    def value(self, sql: str, args: Sequence[Any] = ()) -> Any:
        """Return the first column of the first row, or None."""
        row = self.one(sql, args)
        return row[0] if row is not None else None


def kept(store: Database) -> Kept:
    """Return the reads of a store; what was kept before the last write is dropped."""
    state = store.conn.total_changes
    found = _ANSWERS.get(store)
    if found is None or found[0] != state:
        found = _ANSWERS[store] = (state, {})
    return Kept(store, found[1])


class NotFoundError(Exception):
    """There is no such page."""


class RefusedError(Exception):
    """The parameters make no sense; the text says why."""


@dataclass(slots=True)
class Where:
    """A condition that grows; all values are bound."""

    parts: list[str] = field(default_factory=list)
    args: list[Any] = field(default_factory=list)

    def add(self, condition: str, *args: Any) -> None:
        """Narrow it down."""
        self.parts.append(condition)
        self.args.extend(args)

    def __str__(self) -> str:
        return " AND ".join(self.parts) or "1"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request for a page.

    Attributes:
        parts: The path below ROOT, split and decoded.
        export: Whether whole tables are wanted (CSV, JSON).
    """

    sandbox: Sandbox
    parts: tuple[str, ...]
    params: dict[str, str]
    base_url: str
    export: bool = False

    @property
    def company(self) -> Company:
        """The company shown."""
        return self.sandbox.company

    @property
    def books(self) -> Books:
        """Its books."""
        return self.sandbox.books

    @property
    def db(self) -> Kept:
        """Its store, which remembers answers until anything is written."""
        return kept(self.sandbox.db)

    def text(self, name: str) -> str:
        """Return one parameter, "" if absent."""
        return self.params.get(name, "").strip()

    def day(self, name: str) -> str:
        """Return a date parameter.

        Raises:
            RefusedError: It is no date.
        """
        text = self.text(name)
        if text and not _DAY.fullmatch(text):
            raise RefusedError(f"'{text}' is not a date like 2026-01-31.")
        return text

    def number(self, name: str, default: int = 0) -> int:
        """Return a whole-number parameter.

        Raises:
            RefusedError: It is no whole number.
        """
        text = self.text(name)
        number = whole(text) if text else default
        if number is None:
            raise RefusedError(f"'{text}' is not a whole number.")
        return number

    @property
    def size(self) -> int:
        """Rows of a page."""
        if self.export and "size" not in self.params:
            return EXPORT_ROWS_MAX
        return max(1, min(self.number("size", PAGE_ROWS), PAGE_ROWS_MAX))

    @property
    def offset(self) -> int:
        """Rows before the page."""
        return (max(1, self.number("page", 1)) - 1) * self.size

    def rows(self, what: str, where: Where, order: str) -> tuple[list[Row], int]:
        """Return the rows of the page and the number of all rows.

        Args:
            what: "SELECT ... FROM ...", up to the condition.
            order: Expressions of ORDER BY.

        Raises:
            RefusedError: An export of more rows than fit into memory.
        """
        source = what[what.index(" FROM ") :]
        total: int = self.db.value(f"SELECT COUNT(*){source} WHERE {where}", where.args)
        self.check_export(total)
        if total <= self.offset:
            return [], total
        rows = self.db.all(
            f"{what} WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?",
            [*where.args, self.size, self.offset],
        )
        return rows, total

    def check_export(self, total: int) -> None:
        """Refuse an export of more rows than fit into memory."""
        if self.export and "size" not in self.params and total > EXPORT_ROWS_MAX:
            raise RefusedError(
                f"{total:,} rows are too many for one file. Narrow the filters, or fetch pages "
                f"with size= (up to {PAGE_ROWS_MAX}) and page=."
            )

    def name(self, group: str, record_id: int | None) -> str:
        """Return what NetSuite shows for a reference; "" for none."""
        return "" if record_id is None else display_name(self.company, group, record_id)

    def entity(self, entity: int | None) -> Cell:
        """Return a customer or project with a link to its record."""
        record = None if entity is None else self.company.master("entity", entity)
        if record is None:
            return EMPTY
        return Cell(self.name("entity", entity), to(f"/records/{record.type}/{entity}"))

    def symbol(self, currency: int) -> str:
        """Return the ISO code of a currency."""
        return str(self.company.must("currency", currency).body["symbol"])


def record_path(code: str, tx: int) -> str:
    """Return the path of a transaction's page."""
    kind = BY_CODE.get(code)
    return f"/records/{kind.record if kind else code}/{tx}"
