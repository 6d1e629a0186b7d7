"""Revenue: arrangements with their elements, plans, what is planned and what is recognised."""

from __future__ import annotations

from netsuite_sandbox.pages.ask import Ask, NotFoundError, Where, record_path
from netsuite_sandbox.pages.model import (
    EMPTY,
    Cell,
    Column,
    Facts,
    Filter,
    Page,
    Table,
    chosen,
    money,
    to,
)
from netsuite_sandbox.records.transactions import label
from netsuite_sandbox.whole import whole

# An element has a plan for each of its billings, so its plans are summed, not joined.
_DONE = "SELECT COALESCE(SUM(p.amount), 0) FROM planned p JOIN plan n ON n.id = p.plan"
_ELEMENTS = (
    "SELECT e.*, s.type AS sourcetype, s.tranid AS sourcenumber,"
    " (SELECT MIN(n.id) FROM plan n WHERE n.element = e.id) AS plan,"
    f" ({_DONE} WHERE n.element = e.id) AS planned,"
    f" ({_DONE} WHERE n.element = e.id AND p.journal IS NOT NULL) AS recognized"
    " FROM element e LEFT JOIN tx s ON s.id = e.source"
)
_PLANNED = (
    "SELECT p.*, n.element, e.arrangement, e.currency, e.item, e.entity, e.subsidiary,"
    " a.tranid AS arrangementnumber, j.tranid AS journalnumber, j.trandate AS journaldate"
    " FROM planned p JOIN plan n ON n.id = p.plan JOIN element e ON e.id = n.element"
    " JOIN tx a ON a.id = e.arrangement LEFT JOIN tx j ON j.id = p.journal"
)


def overview(ask: Ask) -> Page:
    """By period what is planned and recognised; below, all arrangements."""
    where = Where()
    where.add("t.type = 'RevArrng'")
    if text := ask.text("q"):
        like = f"%{text}%"
        where.add(
            "(t.tranid LIKE ? OR EXISTS (SELECT 1 FROM tx s WHERE s.id = t.createdfrom"
            " AND (s.tranid LIKE ? OR s.externalid LIKE ?)))", like, like, like,
        )  # fmt: skip
    rows, total = ask.rows("SELECT t.* FROM tx t", where, "t.id DESC")
    columns = (
        Column("arrangement", "Arrangement"), Column("date", "Date", "date"),
        Column("source", "Source"), Column("entity", "Customer"),
        Column("elements", "Elements", "count"), Column("currency", "Currency"),
        Column("amount", "Revenue amount", "money"), Column("planned", "Planned", "money"),
        Column("recognized", "Recognised", "money"), Column("remaining", "Still deferred", "money"),
    )  # fmt: skip
    cells = []
    for row in rows:
        href = to(f"/revenue/{row['id']}")
        sums = ask.db.one(
            "SELECT COUNT(*) AS n, COALESCE(SUM(revenue - netted), 0) AS amount,"
            " COALESCE(SUM(planned), 0) AS planned, COALESCE(SUM(recognized), 0) AS recognized"
            f" FROM ({_ELEMENTS} WHERE e.arrangement = ?)", (row["id"],),
        )  # fmt: skip
        assert sums is not None
        precision = ask.company.precision(row["currency"])
        cells.append((
            Cell(row["tranid"], href), Cell(row["trandate"]), _transaction(ask, row["createdfrom"]),
            ask.entity(row["entity"]),
            Cell(sums["n"], href), Cell(ask.symbol(row["currency"])),
            *(money(sums[key], precision, href) for key in ("amount", "planned", "recognized")),
            money(sums["amount"] - sums["recognized"], precision, href),
        ))  # fmt: skip
    arrangements = Table(
        "arrangements", "Arrangements", columns, cells, total=total, offset=ask.offset,
        paged=True, empty="No arrangement. They are made by the month end.",
    )  # fmt: skip
    filters = (Filter("q", "Arrangement, source number or external id", text),)
    return Page("/revenue", "revenue", "Revenue", (_by_period(ask), arrangements), (), filters)


def _by_period(ask: Ask) -> Table:
    rows = ask.db.all(
        "SELECT p.plannedperiod AS period, e.currency, SUM(p.amount) AS planned,"
        " SUM(CASE WHEN p.journal IS NULL THEN 0 ELSE p.amount END) AS recognized,"
        " json_extract(m.body, '$.startDate') AS start FROM planned p JOIN plan n ON n.id = p.plan"
        " JOIN element e ON e.id = n.element"
        " JOIN master m ON m.grp = 'accountingPeriod' AND m.id = p.plannedperiod"
        " GROUP BY 1, 2 ORDER BY start, 2"
    )
    columns = (
        Column("period", "Planned period"), Column("currency", "Currency"),
        Column("planned", "Planned", "money"), Column("recognized", "Recognised", "money"),
        Column("open", "Not yet recognised", "money"),
    )  # fmt: skip
    cells = []
    for row in rows:
        precision, period = ask.company.precision(row["currency"]), row["period"]
        planned, done = row["planned"], row["recognized"]
        cells.append((
            Cell(ask.name("accountingPeriod", period)), Cell(ask.symbol(row["currency"])),
            money(planned, precision, to("/revenue/planned", period=period)),
            money(done, precision, to("/revenue/planned", period=period, state="recognized")),
            money(planned - done, precision, to("/revenue/planned", period=period, state="open")),
        ))  # fmt: skip
    return Table("periods", "By planned period", columns, cells, empty="Nothing is planned.")


def _transaction(ask: Ask, tx: int | None) -> Cell:
    row = ask.db.one("SELECT type, tranid FROM tx WHERE id = ?", (tx,)) if tx else None
    if row is None or tx is None:
        return EMPTY
    return Cell(f"{label(row['type'])} {row['tranid']}", to(record_path(row["type"], tx)))


def arrangement(ask: Ask) -> Page:
    """One arrangement: its elements and every planned line."""
    key = ask.parts[1]
    number = whole(key) or 0
    head = ask.books.ledger.header(number)
    if head is None or head.type != "RevArrng":
        raise NotFoundError
    facts = Facts("arrangement", "Arrangement", [
        ("Source", _transaction(ask, head.createdfrom)), ("Date", Cell(head.trandate)),
        ("Customer", ask.entity(head.entity)),
        ("Currency", Cell(ask.symbol(head.currency))),
        ("Exchange rate", Cell(format(head.exchangerate, "f"))),
        ("Record", Cell("with its links", to(f"/records/RevArrng/{number}"))),
    ])  # fmt: skip
    where = Where()
    where.add("e.arrangement = ?", number)
    blocks = (facts, _elements(ask, number), _planned(ask, where, page=False))
    crumbs = (("Revenue", to("/revenue")),)
    return Page(f"/revenue/{number}", "revenue", f"Arrangement {head.tranid}", blocks, crumbs)


def _elements(ask: Ask, number: int) -> Table:
    rows = ask.db.all(f"{_ELEMENTS} WHERE e.arrangement = ? ORDER BY e.id", (number,))
    columns = (
        Column("element", "Element", "count"), Column("source", "Source"),
        Column("line", "Line", "count"), Column("item", "Item"), Column("date", "Date", "date"),
        Column("deferral", "Deferral account"), Column("recognition", "Recognition account"),
        Column("rule", "Rule", optional=True), Column("planson", "Plans on", optional=True),
        Column("amount", "Sales amount", "money"), Column("revenue", "Revenue amount", "money"),
        Column("netted", "Netted", "money"),
        Column("planned", "Planned", "money"), Column("recognized", "Recognised", "money"),
    )  # fmt: skip
    cells, sums = [], [0] * 5
    precision = 2
    for row in rows:
        precision = ask.company.precision(row["currency"])
        source = to(record_path(row["sourcetype"] or "", row["source"]))
        values = [row[name] for name in ("amount", "revenue", "netted", "planned", "recognized")]
        sums = [a + b for a, b in zip(sums, values, strict=True)]
        planned = to("/revenue/planned", element=row["id"])
        cells.append((
            Cell(row["id"], planned), _transaction(ask, row["source"]), Cell(row["sourceline"]),
            Cell(ask.name("item", row["item"]), to(f"/records/serviceSaleItem/{row['item']}")),
            Cell(row["elementdate"]),
            *(Cell(ask.name("account", row[name]), to(f"/accounts/{row[name]}"))
              for name in ("deferralaccount", "recognitionaccount")),
            *(Cell(ask.name(group, row[name]) or None)
              for group, name in (("revRecRule", "rule"), ("revPlansOn", "planson"))),
            *(money(value, precision, href)
              for value, href in zip(values, (source, planned, source, planned, planned),
                                     strict=True)),
        ))  # fmt: skip
    foot = [Cell("Total"), *([EMPTY] * 8), *(money(value, precision) for value in sums)]
    return Table("elements", "Elements", columns, cells, foot if rows else ())


def planned(ask: Ask) -> Page:
    """Planned revenue lines, of all arrangements."""
    where = Where()
    period, state, element = ask.text("period"), ask.text("state"), ask.text("element")
    if period:
        where.add("p.plannedperiod = ?", ask.number("period"))
    if state == "recognized":
        where.add("p.journal IS NOT NULL")
    elif state == "open":
        where.add("p.journal IS NULL")
    if element:
        where.add("n.element = ?", ask.number("element"))
    options = [(str(one.id), one.name) for one in ask.books.periods.all()]
    filters = (
        Filter("period", "Planned period", period, "select", chosen(options, "All periods")),
        Filter("state", "State", state, "select",
               (("", "Planned"), ("recognized", "Recognised"), ("open", "Not yet recognised"))),
        Filter("element", "Element", element),
    )  # fmt: skip
    table = _planned(ask, where, page=True)
    crumbs = (("Revenue", to("/revenue")),)
    return Page("/revenue/planned", "revenue", "Planned revenue", (table,), crumbs, filters)


def _planned(ask: Ask, where: Where, *, page: bool) -> Table:
    order = "p.plannedperiod, p.id"
    if page:
        rows, total = ask.rows(_PLANNED, where, order)
    else:
        rows = ask.db.all(f"{_PLANNED} WHERE {where} ORDER BY {order}", where.args)
        total = len(rows)
    columns = (
        Column("arrangement", "Arrangement"), Column("element", "Element", "count"),
        Column("plan", "Plan", "count"), Column("item", "Item"),
        Column("plannedperiod", "Planned period"), Column("currency", "Currency"),
        Column("amount", "Amount", "money"), Column("base", "Base amount", "money"),
        Column("state", "State", "state"), Column("postingperiod", "Posted in"),
        Column("journal", "Journal"),
    )  # fmt: skip
    cells = []
    for row in rows:
        done = row["journal"] is not None
        journal = to(record_path("Journal", row["journal"])) if done else ""
        base = ask.company.precision(ask.company.base_currency(row["subsidiary"]))
        cells.append((
            Cell(row["arrangementnumber"], to(f"/revenue/{row['arrangement']}")),
            Cell(row["element"]), Cell(row["plan"]),
            Cell(ask.name("item", row["item"]), to(f"/records/serviceSaleItem/{row['item']}")),
            Cell(ask.name("accountingPeriod", row["plannedperiod"])),
            Cell(ask.symbol(row["currency"])),
            money(row["amount"], ask.company.precision(row["currency"]), journal),
            money(row["base"], base, journal),
            Cell("Recognised", tone="good") if done else Cell("Planned", tone="warn"),
            Cell(ask.name("accountingPeriod", row["postingperiod"])),
            Cell(row["journalnumber"], journal),
        ))  # fmt: skip
    return Table("planned", "Planned revenue", columns, cells,
                 total=total, offset=ask.offset if page else 0, paged=page,
                 empty="Nothing is planned.")  # fmt: skip
