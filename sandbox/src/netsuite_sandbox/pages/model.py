"""What a page is made of, before it becomes HTML, CSV or JSON.

A view builds a `Page` out of facts, tables and T-accounts; the three renderings show the same
cells. Amounts are kept as text with the decimals of their currency, so that nothing is rounded on
the way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import quote, urlencode

from netsuite_sandbox.money import fixed

ROOT = "/_sandbox/ui"

Value = str | int | bool | None
Kind = Literal["text", "prose", "code", "date", "money", "number", "count", "state"]
Tone = Literal["", "good", "warn", "bad", "muted"]

NUMERIC: frozenset[Kind] = frozenset({"money", "number", "count"})


@dataclass(frozen=True, slots=True)
class Cell:
    """One value.

    Attributes:
        value: As CSV and JSON give it; money as a decimal string.
        href: Where it leads, "" if nowhere.
        note: Shown small behind the value; not exported.
        kind: What it is, if not what its column says.
    """

    value: Value = None
    href: str = ""
    note: str = ""
    tone: Tone = ""
    kind: Kind | None = None


EMPTY = Cell()


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        key: Its name in CSV and JSON.
        optional: Whether HTML leaves it out where it is empty.
    """

    key: str
    label: str
    kind: Kind = "text"
    optional: bool = False

    @property
    def numeric(self) -> bool:
        """Whether it is right-aligned."""
        return self.kind in NUMERIC


@dataclass(frozen=True, slots=True)
class Table:
    """A table, or one page of it.

    Attributes:
        rows: Cells in the order of the columns.
        foot: Totals, same width as a row; empty if there are none. Over all pages.
        total: Number of rows of all pages.
        offset: Number of rows before this page.
        paged: Whether the page's `page` and `size` are about this table.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    foot: Sequence[Cell] = ()
    total: int = -1
    offset: int = 0
    paged: bool = False
    note: str = ""
    empty: str = "Nothing here."

    @property
    def places(self) -> list[int]:
        """The columns that HTML shows."""
        return [
            i for i, column in enumerate(self.columns)
            if not column.optional or any(row[i].value is not None for row in self.rows)
        ]  # fmt: skip

    @property
    def count(self) -> int:
        """Number of rows of all pages."""
        return len(self.rows) if self.total < 0 else self.total


@dataclass(frozen=True, slots=True)
class Facts:
    """Labelled values of one thing."""

    name: str
    title: str
    items: Sequence[tuple[str, Cell]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a T-account: what, how many, how much."""

    label: str
    count: int
    amount: Cell


@dataclass(frozen=True, slots=True)
class Account:
    """A T-account.

    Attributes:
        totals: Debit and credit.
        balance: Positive amount; `side` says on which side it stands.
    """

    title: str
    subtitle: str
    href: str
    debits: Sequence[Entry]
    credits: Sequence[Entry]
    totals: tuple[Cell, Cell]
    balance: Cell
    side: Literal["debit", "credit", ""]


@dataclass(frozen=True, slots=True)
class Accounts:
    """T-accounts side by side; as a table they have one row for each entry."""

    name: str
    title: str
    accounts: Sequence[Account]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Text shown as it is, such as a JSON answer."""

    name: str
    title: str
    text: str


Block = Facts | Table | Accounts | Source


@dataclass(frozen=True, slots=True)
class Filter:
    """One field of the filter form.

    Attributes:
        options: Value and label of each choice; empty means a field to type in.
    """

    name: str
    label: str
    value: str = ""
    kind: Literal["text", "date", "select"] = "text"
    options: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        path: Below ROOT, e.g. "/records/invoice".
        section: Which entry of the navigation it belongs to.
        crumbs: Label and link of the pages above.
        state: A word on the state of what is shown, with its tone.
    """

    path: str
    section: str
    title: str
    blocks: Sequence[Block]
    crumbs: Sequence[tuple[str, str]] = ()
    filters: Sequence[Filter] = ()
    intro: str = ""
    state: Cell = field(default=EMPTY)

    def tables(self) -> list[Table]:
        """Its tables, T-accounts and facts among them in the form of tables."""
        return [made for block in self.blocks if (made := _as_table(block)) is not None]


def _as_table(block: Block) -> Table | None:
    if isinstance(block, Table):
        return block
    if isinstance(block, Accounts):
        columns = (
            Column("account", "Account"), Column("side", "Side"), Column("what", "What"),
            Column("count", "Entries", "count"), Column("amount", "Amount", "money"),
        )  # fmt: skip
        rows = [
            (Cell(one.title), Cell(side), Cell(entry.label), Cell(entry.count), entry.amount)
            for one in block.accounts
            for side, entries in (("debit", one.debits), ("credit", one.credits))
            for entry in entries
        ]
        return Table(block.name, block.title, columns, rows)
    if isinstance(block, Facts):
        return Table(
            block.name, block.title, (Column("field", "Field"), Column("value", "Value")),
            [(Cell(label), cell) for label, cell in block.items],
        )  # fmt: skip
    return None


def to(path: str, **query: object) -> str:
    """Return the URL of a page below ROOT; parameters that are empty or None are left out."""
    kept = [(k.rstrip("_"), str(v)) for k, v in query.items() if v not in ("", None)]
    return ROOT + quote(path) + ("?" + urlencode(kept) if kept else "")


def money(units: int | None, precision: int, href: str = "", *, tone: Tone = "") -> Cell:
    """Return the cell of an amount."""
    if units is None:
        return EMPTY
    return Cell(fixed(units, precision), href if units else "", tone=tone, kind="money")


def sides(units: int, precision: int, href: str = "") -> tuple[Cell, Cell]:
    """Return debit and credit cell of a signed amount, debit positive."""
    if units >= 0:
        return money(units, precision, href) if units else EMPTY, EMPTY
    return EMPTY, money(-units, precision, href)


def chosen(options: Iterable[tuple[str, str]], everything: str) -> list[tuple[str, str]]:
    """Put the choice of everything before the others."""
    return [("", everything), *options]
