"""Renders a page: HTML by templates that escape everything, CSV and JSON of its tables."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from netsuite_sandbox.pages.ask import PAGE_ROWS, Ask, NotFoundError
from netsuite_sandbox.pages.model import ROOT, Accounts, Cell, Column, Facts, Page, Table, to
from netsuite_sandbox.wire import jsontext

NAVIGATION = (
    ("records", "Records", to("/records")), ("accounts", "Accounts", to("/accounts")),
    ("trial-balance", "Trial balance", to("/trial-balance")),
    ("periods", "Periods", to("/periods")), ("revenue", "Revenue", to("/revenue")),
    ("billing", "Billing", to("/billing")), ("requests", "Requests", to("/requests")),
    ("faults", "Faults", to("/faults")), ("snapshots", "Snapshots", to("/snapshots")),
    ("settings", "Settings", to("/settings")),
)  # fmt: skip
ZERO, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("netsuite_sandbox.pages"),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["shown"] = shown
    made.filters["pages"] = _pages
    made.tests["table"] = lambda block: isinstance(block, Table)
    made.tests["facts"] = lambda block: isinstance(block, Facts)
    made.tests["accounts"] = lambda block: isinstance(block, Accounts)
    return made


@cache
def style() -> str:
    """Return the style sheet."""
    return resources.files(__package__).joinpath("templates/style.css").read_text("utf-8")


def shown(cell: Cell, column: Column | None = None) -> str:
    """Return the text of a cell for people: grouped digits, zero as a dash, yes and no."""
    value = cell.value
    kind = cell.kind or (column.kind if column else "text")
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if kind in ("money", "number"):
        number = Decimal(str(value))
        digits = f"{number if kind == 'money' else number.normalize():,f}"
        return digits.replace("-", MINUS) if number else ZERO
    if kind == "count" and isinstance(value, int):
        if column and column.key in _NAMES:
            return str(value)
        return f"{value:,}" if value else ZERO
    return str(value)


_NAMES = frozenset({"id", "line", "element", "plan"})  # Numbers that are no quantities.


def html(page: Page, ask: Ask) -> str:
    """Return the HTML of a page."""
    return _environment().get_template("page.html").render(
        page=page, account=ask.sandbox.account, clock=ask.company.clock.stamp(),
        navigation=NAVIGATION, root=ROOT, params=ask.params, size=ask.size,
        default_size=PAGE_ROWS, export=lambda table, form: _export(page, table, form, ask),
        turn=lambda number: _turn(page, ask, number),
        number=ask.number("page", 1),
    )  # fmt: skip


def message(text: str, status: int) -> str:
    """Return a page that only says something."""
    return (
        _environment()
        .get_template("message.html")
        .render(text=text, status=status, navigation=NAVIGATION, root=ROOT)
    )


def _query(ask: Ask, **more: Any) -> str:
    kept = {k: v for k, v in ask.params.items() if v and k not in ("page", "table")}
    text = urlencode({**kept, **{k: v for k, v in more.items() if v}})
    return f"?{text}" if text else ""


def _export(page: Page, table: Table, form: str, ask: Ask) -> str:
    path = "/index" if page.path == "/" else page.path
    first = page.tables()[0].name == table.name
    params = {k: v for k, v in ask.params.items() if v and k not in ("page", "size", "table")}
    if not first:
        params["table"] = table.name
    return to(f"{path}.{form}", **params)


def _turn(page: Page, ask: Ask, number: int) -> str:
    return to(page.path) + _query(ask, page=number if number > 1 else "")


def _pages(table: Table, size: int) -> int:
    return max(1, -(-table.count // size))


def _chosen(page: Page, ask: Ask) -> Table:
    tables = page.tables()
    wanted = ask.text("table")
    for table in tables:
        if wanted in ("", table.name):
            return table
    raise NotFoundError


def csv_of(page: Page, ask: Ask) -> str:
    """Return one table of a page as CSV (RFC 4180), the one named by `table` or the first."""
    table = _chosen(page, ask)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(column.key for column in table.columns)
    for row in table.rows:
        writer.writerow(
            _harmless(cell, column) for cell, column in zip(row, table.columns, strict=True)
        )
    return out.getvalue()


def _harmless(cell: Cell, column: Column) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    value = cell.value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and not column.numeric and value.startswith(_FORMULA):
        return "'" + value
    return value


def json_of(page: Page, ask: Ask) -> str:
    """Return one table of a page as JSON: {"table", "total", "rows": [{key: value}]}."""
    table = _chosen(page, ask)
    keys = [column.key for column in table.columns]
    rows = [{key: cell.value for key, cell in zip(keys, row, strict=True)} for row in table.rows]
    return jsontext.dumps({"table": table.name, "total": table.count, "rows": rows})
