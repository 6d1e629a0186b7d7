"""One record: its fields as the REST API gives them, lines, general-ledger impact, links."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

from netsuite_sandbox import groups
from netsuite_sandbox.ledger import Header
from netsuite_sandbox.pages.ask import Ask, NotFoundError, record_path
from netsuite_sandbox.pages.lists import plural, status_cell, title_of
from netsuite_sandbox.pages.model import (
    EMPTY,
    Block,
    Cell,
    Column,
    Facts,
    Kind,
    Page,
    Source,
    Table,
    money,
    sides,
    to,
)
from netsuite_sandbox.records.master_kinds import KINDS as MASTERS, REST_KINDS
from netsuite_sandbox.records.render import Renderer
from netsuite_sandbox.records.transactions import BY_CODE, KINDS, SYSTEM_LABELS, label
from netsuite_sandbox.whole import whole
from netsuite_sandbox.wire import jsontext, recordapi

_CENT = Decimal("0.01")
_LINKS = {
    "DepAppl": "deposit application", "DepRfnd": "refund of the deposit",
    "OrdBill": "billing of the order", "Payment": "payment",
    "RevRec": "revenue recognition", "OrdDep": "deposit for the order",
}  # fmt: skip


def record(ask: Ask) -> Page:
    """One record by its internal id."""
    kind, key = ask.parts[1], ask.parts[2]
    record_id = whole(key)
    if record_id is None:
        raise NotFoundError
    if kind in KINDS or kind in SYSTEM_LABELS or kind == "transaction":
        return _transaction(ask, kind, record_id)
    return _master(ask, kind, record_id)


def _transaction(ask: Ask, record: str, tx: int) -> Page:
    head = ask.books.ledger.header(tx)
    row = ask.db.one("SELECT * FROM tx WHERE id = ?", (tx,))
    if head is None or row is None:
        raise NotFoundError
    kind = BY_CODE.get(head.type)
    blocks: list[Block] = []
    raw: Source | None = None
    if kind is not None:
        record = kind.record
        body = _renderer(ask).transaction(record, tx, None)
        blocks += [_facts(body), *_sublists(body)]
        raw = _raw(ask, record, tx, body)
    else:
        record = head.type
        blocks.append(_system_facts(ask, head))
    blocks += [_impact(ask, head), *_links(ask, tx), *_elements(ask, head)]
    if raw is not None:
        blocks.append(raw)
    crumbs = (("Records", to("/records")), (plural(record), to(f"/records/{record}")))
    title = f"{label(head.type)} {head.tranid or tx}"
    return Page(
        f"/records/{record}/{tx}", "records", title, blocks, crumbs, intro=head.memo or "",
        state=status_cell(row),
    )  # fmt: skip


def _renderer(ask: Ask) -> Renderer:
    return Renderer(ask.books, ask.base_url + recordapi.ROOT, expand=True, simple_enums=False)


def _raw(ask: Ask, record: str, record_id: int, body: dict[str, Any]) -> Source:
    url = f"{ask.base_url}{recordapi.ROOT}/{record}/{record_id}?expandSubResources=true"
    text = json.dumps(json.loads(jsontext.dumps(body)), indent=2, ensure_ascii=False)
    return Source("rest", f"GET {url}", text)


def _facts(body: dict[str, Any]) -> Facts:
    items = [
        (name, _value(value, name))
        for name, value in body.items()
        if name != "links" and not _is_collection(value)
    ]
    return Facts("fields", "Fields", items)


def _is_collection(value: Any) -> bool:
    return isinstance(value, dict) and "items" in value


def _value(value: Any, name: str) -> Cell:
    """Return the cell of a property as the REST API gives it."""
    if isinstance(value, Decimal):
        if name.lower().endswith(("rate", "quantity")):
            return Cell(format(value, "f"), kind="number")
        return Cell(format(max(value, value.quantize(_CENT), key=_decimals), "f"), kind="money")
    if not isinstance(value, dict):
        return Cell(value if isinstance(value, (str, int, bool)) else jsontext.dumps(value))
    shown = str(value.get("refName") or value.get("id") or "")
    links = value.get("links") or []
    href = _to_page(links[0]["href"]) if links else ""
    note = f"id {value['id']}" if value.get("refName") and "id" in value else ""
    return Cell(shown, href, note)


def _decimals(value: Decimal) -> int:
    return -int(value.as_tuple().exponent)


def _to_page(href: str) -> str:
    """Return the page of what a link of the REST API names."""
    path = href.partition("/record/v1")[2]
    return to(f"/records{path}") if path.count("/") == 2 else ""


def _sublists(body: dict[str, Any]) -> list[Table]:
    tables = []
    for name, value in body.items():
        if not _is_collection(value):
            continue
        items = value["items"]
        if not items:
            continue
        names = sorted({key for item in items for key in item if key != "links"}, key=_line_order)
        rows = [[_value(item[n], n) if n in item else EMPTY for n in names] for item in items]
        rows = [[replace(cell, note="") for cell in row] for row in rows]
        columns = [Column(n, n, _column_kind(items, n)) for n in names]
        tables.append(Table(name, f"Sublist: {name}", columns, rows))
    return tables


_NAMES = frozenset({"line", "orderLine"})  # Numbers that are no quantities.
_FIRST = ("line", "doc", "item", "account", "type", "refNum", "description", "quantity", "rate",
          "amount", "debit", "credit")  # fmt: skip


def _line_order(name: str) -> tuple[int, str]:
    return (_FIRST.index(name) if name in _FIRST else len(_FIRST), name.lower())


_PROSE = frozenset({"description", "memo"})


def _column_kind(items: list[dict[str, Any]], name: str) -> Kind:
    if name in _PROSE:
        return "prose"
    values = [item[name] for item in items if name in item]
    numbers = all(isinstance(one, (int, Decimal)) and not isinstance(one, bool) for one in values)
    if not numbers:
        return "text"
    return "count" if name in _NAMES else "number"


def _system_facts(ask: Ask, head: Header) -> Facts:
    """A transaction that the system writes by itself has no REST record."""
    created = head.createdfrom
    row = ask.db.one("SELECT type, tranid FROM tx WHERE id = ?", (created,)) if created else None
    source = (
        Cell(f"{label(row['type'])} {row['tranid']}", to(record_path(row["type"], created)))
        if row and created
        else EMPTY
    )
    return Facts(
        "fields", "Fields",
        [("id", Cell(head.id)), ("tranId", Cell(head.tranid)), ("tranDate", Cell(head.trandate)),
         ("entity", ask.entity(head.entity)), ("createdFrom", source),
         ("currency", Cell(ask.symbol(head.currency))),
         ("exchangeRate", Cell(format(head.exchangerate, "f"))), ("memo", Cell(head.memo))],
    )  # fmt: skip


def _impact(ask: Ask, head: Header) -> Table:
    """The general-ledger impact, debit and credit in base and in transaction currency."""
    base = ask.company.base_currency(head.subsidiary)
    precision, foreign = ask.company.precision(base), ask.company.precision(head.currency)
    lines = ask.books.ledger.lines(head.id)
    companies = any(line.subsidiary for line in lines)
    symbol = "base currency" if companies else ask.symbol(base)
    two = companies or base != head.currency
    columns = [
        Column("line", "Line", "count"), Column("account", "Account"),
        *([Column("subsidiary", "Subsidiary")] if companies else []),
        Column("debit", f"Debit {symbol}", "money"), Column("credit", f"Credit {symbol}", "money"),
    ]  # fmt: skip
    if two:
        foreign_symbol = ask.symbol(head.currency)
        columns += [
            Column("foreigndebit", f"Debit {foreign_symbol}", "money"),
            Column("foreigncredit", f"Credit {foreign_symbol}", "money"),
        ]
    columns += [
        Column("entity", "Customer", optional=True),
        Column("item", "Item", optional=True),
        Column("memo", "Memo", "prose"),
        *(Column(name, name, optional=True) for name in ask.company.line_columns),
    ]
    rows: list[list[Cell]] = []
    for line in lines:
        ledger = to(f"/accounts/{line.account}")
        place = [Cell(ask.name("subsidiary", line.subsidiary))] if companies else []
        row = [Cell(line.id), Cell(ask.name("account", line.account), ledger), *place,
               *sides(line.base, precision, ledger)]  # fmt: skip
        if two:
            row += sides(line.amount, foreign, ledger)
        item = line.item
        row += [
            ask.entity(line.entity),
            Cell(ask.name("item", item), to(f"/records/{_item_type(ask, item)}/{item}"))
            if item else EMPTY,
            Cell(line.memo),
            *(Cell(_text(line.custom.get(name))) for name in ask.company.line_columns),
        ]  # fmt: skip
        rows.append(row)
    debit = sum(line.base for line in lines if line.base > 0)
    credit = -sum(line.base for line in lines if line.base < 0)
    foot = [Cell("Total"), EMPTY, money(debit, precision), money(credit, precision)]
    foot += [EMPTY] * (len(columns) - len(foot))
    note = "" if head.posting else "A non-posting transaction: it does not touch the ledger."
    foot = [] if companies else foot  # Amounts of different base currencies cannot be added.
    return Table("impact", "GL impact", columns, rows, foot, note=note, empty="No lines.")


def _item_type(ask: Ask, item: int) -> str:
    found = ask.company.master("item", item)
    return found.type if found else "item"


def _text(value: Any) -> str | bool | None:
    return value if value is None or isinstance(value, bool) else str(value)


def _links(ask: Ask, tx: int) -> list[Table]:
    """Where a transaction comes from and what came of it."""
    columns = (
        Column("document", "Document"), Column("type", "Type"), Column("date", "Date", "date"),
        Column("link", "By"), Column("linktype", "Link type", "code"),
        Column("line", "Line", "count"), Column("amount", "Amount", "money"),
    )  # fmt: skip
    tables = []
    for name, title, mine, other in (
        ("previous", "Comes from", "nextdoc", "previous"),
        ("next", "Leads to", "previousdoc", "next"),
    ):
        rows = ask.db.all(
            f"SELECT k.*, k.{other}line AS other, t.id AS doc, t.type, t.tranid, t.trandate,"
            f" t.currency FROM link k JOIN tx t ON t.id = k.{other}doc WHERE k.{mine} = ?"
            " ORDER BY t.trandate, t.id",
            (tx,),
        )
        if not rows:
            continue
        cells = []
        for row in rows:
            href = to(record_path(row["type"], row["doc"]))
            cells.append((
                Cell(row["tranid"] or row["doc"], href), Cell(label(row["type"])),
                Cell(row["trandate"]), Cell(_LINKS.get(row["linktype"], "")),
                Cell(row["linktype"]), Cell(row["other"]),
                money(row["amount"], ask.company.precision(row["currency"]), href),
            ))  # fmt: skip
        tables.append(Table(name, title, columns, cells))
    return tables


def _elements(ask: Ask, head: Header) -> list[Facts]:
    """The way from a transaction to its revenue."""
    rows = ask.db.all(
        "SELECT DISTINCT arrangement FROM element WHERE source = ? OR arrangement = ?",
        (head.id, head.id),
    )
    if not rows:
        return []
    arrangement = rows[0]["arrangement"]
    number = ask.db.value("SELECT tranid FROM tx WHERE id = ?", (arrangement,))
    cell = Cell(f"Arrangement {number}", to(f"/revenue/{arrangement}"))
    return [Facts("revenue", "Revenue", [("Elements and plans", cell)])]


def _master(ask: Ask, record: str, record_id: int) -> Page:
    group = groups.group_of(record)
    found = ask.company.master(group, record_id)
    if found is None:
        raise NotFoundError
    record = found.type
    blocks: list[Block] = []
    if record in REST_KINDS:
        body = _renderer(ask).master(record, record_id, None)
        blocks = [_facts(body), *_sublists(body), *_uses(ask, group, record_id)]
        blocks.append(_raw(ask, record, record_id, body))
    else:
        facts = [(name, Cell(_text(value))) for name, value in found.body.items()]
        blocks = [Facts("fields", "Fields", [("id", Cell(found.id)), *facts])]
    crumbs = (("Records", to("/records")), (plural(record), to(f"/records/{record}")))
    known = record in MASTERS
    title = ask.name(group, record_id) if known else f"{title_of(record)} {record_id}"
    return Page(f"/records/{record}/{record_id}", "records", title, blocks, crumbs)


def _uses(ask: Ask, group: str, record_id: int) -> list[Facts]:
    """Where a record of a list is used."""
    queries = {
        "entity": ("SELECT COUNT(*) FROM tx WHERE entity = ?",
                   to("/records/transaction", entity=record_id)),
        "accountingPeriod": ("SELECT COUNT(*) FROM tx WHERE postingperiod = ?",
                             to("/records/transaction", period=record_id)),
        "account": ("SELECT COALESCE(SUM(n), 0) FROM turnover WHERE account = ?",
                    to(f"/accounts/{record_id}")),
    }  # fmt: skip
    if group not in queries:
        return []
    sql, href = queries[group]
    name = "Entries" if group == "account" else "Transactions"
    items = [(name, Cell(ask.db.value(sql, (record_id,)), href))]
    if group == "entity":
        items.append(("T-accounts", Cell("of this customer", to("/accounts", entity=record_id))))
    return [Facts("uses", "Used by", items)]
