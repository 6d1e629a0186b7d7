"""Lists of records: transactions by type, party, period, account; master data by type."""

from __future__ import annotations

import re
from typing import Any

from netsuite_sandbox import groups
from netsuite_sandbox.pages.ask import Ask, NotFoundError, Where, record_path
from netsuite_sandbox.pages.model import (
    EMPTY,
    Cell,
    Column,
    Filter,
    Page,
    Table,
    Tone,
    chosen,
    money,
    to,
)
from netsuite_sandbox.records.master_kinds import KINDS as MASTERS, display_name
from netsuite_sandbox.records.transactions import BY_CODE, KINDS, SYSTEM_LABELS, label
from netsuite_sandbox.store.database import Row
from netsuite_sandbox.whole import whole
from netsuite_sandbox.wire import jsontext

_CHOICES_MAX = 300
# One look into the index a period, instead of a walk through all transactions.
_USED_PERIODS = (
    "SELECT id FROM master p WHERE p.grp = 'accountingPeriod'"
    " AND EXISTS (SELECT 1 FROM tx WHERE tx.postingperiod = p.id)"
)
_TITLES = {
    "revPlansOn": "Create Revenue Plans On", "revRecRule": "Revenue Recognition Rule",
}  # fmt: skip
_DONE: dict[str, Tone] = {"Open": "warn", "Voided": "muted", "Rejected": "bad"}


def title_of(record: str) -> str:
    """Return the name of a record type for people."""
    if record in KINDS:
        return KINDS[record].label
    if record in SYSTEM_LABELS:
        return SYSTEM_LABELS[record]
    if record in _TITLES:
        return _TITLES[record]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", record[:1].upper() + record[1:])


def plural(record: str) -> str:
    """Return the name of several records of a type."""
    title = title_of(record)
    if title.endswith("On"):
        return title
    return title[:-1] + "ies" if title.endswith("y") else title + "s"


def record_types(ask: Ask) -> Page:
    """All record types with the number of their records."""
    counts = {row[0]: row[1] for row in ask.db.all("SELECT type, COUNT(*) FROM tx GROUP BY type")}
    columns = (
        Column("record", "Record type"), Column("name", "REST name", "code"),
        Column("type", "SuiteQL type", "code"), Column("count", "Records", "count"),
    )  # fmt: skip
    rows = []
    for code in (*BY_CODE, *(code for code in counts if code not in BY_CODE)):
        record = BY_CODE[code].record if code in BY_CODE else code
        href = to(f"/records/{record}")
        rest = record if code in BY_CODE else None
        number = counts.get(code, 0)
        rows.append((Cell(plural(record), href), Cell(rest), Cell(code), Cell(number, href)))
    masters = ask.db.all("SELECT type, COUNT(*) FROM master GROUP BY type ORDER BY type")
    data = [
        (Cell(plural(row[0]), to(f"/records/{row[0]}")), Cell(row[0]), EMPTY,
         Cell(row[1], to(f"/records/{row[0]}")))
        for row in masters
    ]  # fmt: skip
    blocks = (
        Table("transactions", "Transactions", columns, rows),
        Table("lists", "Lists", columns, data),
    )
    return Page("/records", "records", "Records", blocks)


def records(ask: Ask) -> Page:
    """The records of one type; "transaction" stands for all transactions."""
    record = ask.parts[1]
    if record == "transaction" or record in KINDS or record in SYSTEM_LABELS:
        return _transactions(ask, record)
    known = record in MASTERS or ask.db.one("SELECT 1 FROM master WHERE type = ?", (record,))
    if not known:
        raise NotFoundError
    return _masters(ask, record)


def transaction_filters(ask: Ask, *, types: bool) -> tuple[Where, list[Filter]]:
    """Return the condition on `t` (a transaction) and the fields that make it."""
    where = Where()
    fields: list[Filter] = []
    if text := ask.text("q"):
        like = f"%{text}%"
        where.add(
            "(t.tranid LIKE ? OR t.externalid LIKE ? OR t.memo LIKE ? OR t.id = ?)",
            like, like, like, whole(text),
        )  # fmt: skip
    fields.append(Filter("q", "Number, id or memo", text))
    if types:
        if kind := ask.text("type"):
            where.add("t.type = ?", kind)
        options = [(code, label(code)) for code in (*BY_CODE, *SYSTEM_LABELS)]
        fields.append(Filter("type", "Type", kind, "select", chosen(options, "All types")))
    fields.append(_entity(ask, where))
    for name, sign, title in (("from", ">=", "From"), ("to", "<=", "To")):
        if day := ask.day(name):
            where.add(f"t.trandate {sign} ?", day)
        fields.append(Filter(name, title, day, "date"))
    if period := ask.text("period"):
        where.add("t.postingperiod = ?", ask.number("period"))
    periods = [(str(p.id), p.name) for p in ask.books.periods.all()]
    used = {str(row[0]) for row in ask.db.all(_USED_PERIODS)}
    options = [(key, name) for key, name in periods if key in used or key == period]
    fields.append(Filter("period", "Period", period, "select", chosen(options, "All periods")))
    fields += _custom(ask, where)
    return where, fields


def _entity(ask: Ask, where: Where) -> Filter:
    entity = ask.text("entity")
    if entity:
        where.add("t.entity = ?", ask.number("entity"))
    customers = ask.db.all(
        "SELECT id FROM master WHERE grp = 'entity' ORDER BY id LIMIT ?", (_CHOICES_MAX + 1,)
    )
    if len(customers) > _CHOICES_MAX:
        return Filter("entity", "Customer (internal id)", entity)
    names = sorted((ask.name("entity", row["id"]), str(row["id"])) for row in customers)
    options = [(key, name) for name, key in names]
    return Filter("entity", "Customer", entity, "select", chosen(options, "All customers"))


def _custom(ask: Ask, where: Where) -> list[Filter]:
    """A custom field and the value it has, on the body or on any line."""
    name, value = ask.text("field"), ask.text("value")
    known = ask.company.custom_fields
    if name in ask.company.body_columns and value:
        where.add(f"t.{name} = ?", value)
    elif name in ask.company.line_columns and value:
        where.add(f"EXISTS (SELECT 1 FROM line x WHERE x.tx = t.id AND x.{name} = ?)", value)
    shown = [(key, key) for key, (_, applies) in known.items() if applies in ("body", "column")]
    if not shown:
        return []
    return [
        Filter("field", "Custom field", name, "select", chosen(shown, "None")),
        Filter("value", "has the value", value),
    ]


_COLUMNS = (
    Column("id", "Id", "count"), Column("tranid", "Number"), Column("type", "Type"),
    Column("trandate", "Date", "date"), Column("period", "Period"), Column("entity", "Customer"),
    Column("memo", "Memo", "prose"), Column("externalid", "External id", "code"),
    Column("currency", "Currency"), Column("total", "Total", "money"),
    Column("open", "Open", "money"), Column("status", "Status", "state"),
)  # fmt: skip


def _transactions(ask: Ask, record: str) -> Page:
    every = record == "transaction"
    where, filters = transaction_filters(ask, types=every)
    if not every:
        where.add("t.type = ?", KINDS[record].code if record in KINDS else record)
        filters.insert(1, _status(ask, where, record))
    # Ids first, from an index: a late page of a million rows need not sort the rows themselves.
    ids, total = ask.rows("SELECT t.id FROM tx t", where, "t.id DESC")
    rows = ask.db.all(
        "SELECT * FROM tx WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id DESC",
        (jsontext.dumps([row["id"] for row in ids]),),
    )
    keep = [i for i, column in enumerate(_COLUMNS) if every or column.key != "type"]
    cells = [_row(ask, row) for row in rows]
    table = Table(
        "records", "Records",
        [_COLUMNS[i] for i in keep], [[line[i] for i in keep] for line in cells],
        total=total, offset=ask.offset, paged=True, empty="No transaction fits.",
    )  # fmt: skip
    title = "Transactions" if every else plural(record)
    crumbs = (("Records", to("/records")),)
    return Page(f"/records/{record}", "records", title, (table,), crumbs, filters)


def _status(ask: Ask, where: Where, record: str) -> Filter:
    letter = ask.text("status")
    if letter:
        where.add("t.status = ?", letter)
    statuses = KINDS[record].statuses if record in KINDS else {}
    return Filter("status", "Status", letter, "select", chosen(statuses.items(), "Any status"))


def status_cell(row: Row) -> Cell:
    """Return the status of a transaction by its name."""
    kind = BY_CODE.get(row["type"])
    name = kind.status_name(row["status"]) if kind else ""
    return Cell(name or row["status"], tone=_DONE.get(name, ""))


def _row(ask: Ask, row: Row) -> list[Cell]:
    href = to(record_path(row["type"], row["id"]))
    precision = ask.company.precision(row["currency"])
    period = row["postingperiod"]
    found = ask.books.periods.get(period) if period else None
    return [
        Cell(row["id"], href), Cell(row["tranid"], href), Cell(label(row["type"])),
        Cell(row["trandate"]),
        Cell(found.name, to("/records/transaction", period=period)) if found else EMPTY,
        ask.entity(row["entity"]),
        Cell(row["memo"]), Cell(row["externalid"]), Cell(ask.symbol(row["currency"])),
        money(row["total"], precision, href), money(row["open"], precision, href),
        status_cell(row),
    ]  # fmt: skip


def _masters(ask: Ask, record: str) -> Page:
    group = groups.group_of(record)
    where = Where()
    where.add("grp = ? AND type = ?", group, record)
    if text := ask.text("q"):
        like = f"%{text}%"
        where.add("(body LIKE ? OR externalid LIKE ? OR id = ?)", like, like, whole(text))
    rows, total = ask.rows("SELECT * FROM master", where, "id")
    bodies = [jsontext.loads(row["body"]) for row in rows]
    shown = [name for name in _SHOWN.get(record, ()) if any(name in body for body in bodies)]
    columns = [Column("id", "Id", "count"), Column("name", "Name"),
               Column("externalid", "External id", "code"),
               *(Column(name, title_of(name)) for name in shown)]  # fmt: skip
    cells = []
    for row, body in zip(rows, bodies, strict=True):
        href = to(f"/records/{record}/{row['id']}")
        name = display_name(ask.company, group, row["id"]) if record in MASTERS else str(row["id"])
        values = [_plain(ask, name, body.get(name)) for name in shown]
        cells.append([Cell(row["id"], href), Cell(name, href), Cell(row["externalid"]), *values])
    table = Table(
        "records", "Records", columns, cells, total=total, offset=ask.offset,
        paged=True, empty="No record fits.",
    )  # fmt: skip
    filters = (Filter("q", "Any field, external id or internal id", text),)
    crumbs = (("Records", to("/records")),)
    return Page(f"/records/{record}", "records", plural(record), (table,), crumbs, filters)


_SHOWN = {
    "account": ("acctType", "sSpecAcct", "currency", "isInactive"),
    "customer": ("companyName", "email", "subsidiary", "currency", "isInactive"),
    "serviceSaleItem": ("incomeAccount", "deferredRevenueAccount", "revenueRecognitionRule",
                        "createRevenuePlansOn", "directRevenuePosting", "isInactive"),
    "currency": ("symbol", "currencyPrecision", "exchangeRate", "isBaseCurrency"),
    "subsidiary": ("country", "currency", "parent", "isElimination"),
    "accountingPeriod": ("startDate", "endDate", "isYear", "isQuarter", "closed", "allLocked",
                         "arLocked"),
    "revRecRule": ("method",),
}  # fmt: skip
_GROUPS = {
    "incomeAccount": "account", "deferredRevenueAccount": "account", "currency": "currency",
    "subsidiary": "subsidiary", "parent": "subsidiary", "revenueRecognitionRule": "revRecRule",
    "createRevenuePlansOn": "revPlansOn",
}  # fmt: skip


def _plain(ask: Ask, name: str, value: Any) -> Cell:
    group = _GROUPS.get(name)
    if group and isinstance(value, int) and ask.company.master(group, value) is not None:
        return Cell(ask.name(group, value), to(f"/records/{group}/{value}"))
    if value is None or isinstance(value, (str, int, bool)):
        return Cell(value)
    return Cell(str(value))
