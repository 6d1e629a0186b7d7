"""The general ledger: T-accounts, one account's entries, trial balance, periods.

All amounts are base currency of the subsidiary, from the lines of posting transactions.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import Any, Literal

from netsuite_sandbox.pages.ask import Ask, NotFoundError, Where, record_path
from netsuite_sandbox.pages.lists import transaction_filters
from netsuite_sandbox.pages.model import (
    EMPTY,
    Account,
    Accounts,
    Cell,
    Column,
    Entry,
    Filter,
    Page,
    Table,
    Tone,
    chosen,
    money,
    sides,
    to,
)
from netsuite_sandbox.records.transactions import label
from netsuite_sandbox.store.database import Row
from netsuite_sandbox.whole import whole

_LINES = "FROM (SELECT *, 1 AS n FROM line) l JOIN tx t ON t.id = l.tx"
_LINES_BY_DAY = "FROM tx t CROSS JOIN line l ON l.tx = t.id"  # the order SQLite must keep
# A sum by day stands both for its lines and for their transactions, so that one condition fits.
_SUMS = "FROM turnover l JOIN (SELECT *, 'T' AS posting, 1 AS book FROM turnover) t ON t.id = l.id"
_NOT_SUMMED = ("q", "entity", "field")
_FEW = 5_000  # Entries of an account that are sorted rather than looked for day by day.
_KEPT = ("q", "from", "to", "entity", "period", "field", "value", "subsidiary", "type")


def _source(ask: Ask) -> str:
    """Return where sums are read: the sums by day, unless a filter needs the lines themselves."""
    return _LINES if any(ask.text(name) for name in _NOT_SUMMED) else _SUMS


def _filtered(ask: Ask, *, types: bool = False) -> tuple[Where, list[Filter], int]:
    """Return the condition, its fields and the base currency of what it selects."""
    where, fields = transaction_filters(ask, types=types)
    name, value = ask.text("field"), ask.text("value")
    if name in ask.company.line_columns and value:
        where.add(f"l.{name} = ?", value)
    where.add("t.posting = 'T' AND COALESCE(t.book, 1) = 1")
    subsidiaries = ask.company.masters("subsidiary")
    wanted = ask.number("subsidiary")
    bases = {ask.company.base_currency(one.id) for one in subsidiaries}
    if not wanted and len(bases) > 1:
        wanted = subsidiaries[0].id  # Amounts of different base currencies cannot be added.
    if wanted:
        if ask.company.master("subsidiary", wanted) is None:
            raise NotFoundError
        where.add("COALESCE(l.subsidiary, t.subsidiary) = ?", wanted)
    if len(subsidiaries) > 1:
        options = [(str(one.id), str(one.body["name"])) for one in subsidiaries]
        if len(bases) == 1:
            options = chosen(options, "All subsidiaries")
        text = str(wanted) if wanted else ""
        fields.append(Filter("subsidiary", "Subsidiary", text, "select", options))
    base = ask.company.base_currency(wanted or subsidiaries[0].id)
    return where, fields, base


def _kept(ask: Ask) -> dict[str, str]:
    """The filters that a link to what a number is made of carries on."""
    return {name: ask.text(name) for name in _KEPT if ask.text(name)}


def accounts(ask: Ask) -> Page:
    """All accounts with entries, as T-accounts; what is alike is one line."""
    where, filters, base = _filtered(ask)
    rows = ask.db.all(
        "SELECT l.account, t.type, l.base > 0 AS debit, SUM(l.n) AS n, SUM(l.base) AS base"
        f" {_source(ask)} WHERE {where} AND l.base <> 0 GROUP BY 1, 2, 3"
        " ORDER BY MIN(t.trandate), 2", where.args,
    )  # fmt: skip
    by_account: dict[int, list[Row]] = {}
    for row in rows:
        by_account.setdefault(row["account"], []).append(row)
    kept = _kept(ask)
    made = [
        _t_account(ask, account, entries, base, kept) for account, entries in by_account.items()
    ]
    made.sort(key=lambda one: one.title)
    intro = f"In {ask.symbol(base)}. Each line leads to its entries."
    block = Accounts("accounts", "T-accounts", made)
    return Page("/accounts", "accounts", "Accounts", (block,), (), filters, intro)


def _t_account(
    ask: Ask, account: int, rows: Iterable[Row], base: int, kept: dict[str, str]
) -> Account:
    precision = ask.company.precision(base)
    path = f"/accounts/{account}"
    lines: dict[bool, list[Entry]] = {True: [], False: []}
    sums = {True: 0, False: 0}
    for row in rows:
        debit = bool(row["debit"])
        side = "debit" if debit else "credit"
        href = to(path, **{**kept, "type": row["type"], "side": side})
        amount = money(abs(row["base"]), precision, href)
        lines[debit].append(Entry(label(row["type"]), row["n"], amount))
        sums[debit] += abs(row["base"])
    difference = sums[True] - sums[False]
    master = ask.company.must("account", account)
    side = "debit" if difference > 0 else "credit" if difference < 0 else ""
    return Account(
        ask.name("account", account), str(master.body["acctType"]), to(path, **kept),
        lines[True], lines[False],
        (money(sums[True], precision, to(path, **{**kept, "side": "debit"})),
         money(sums[False], precision, to(path, **{**kept, "side": "credit"}))),
        money(abs(difference), precision, to(path, **kept)), _side(side),
    )  # fmt: skip


def _side(text: str) -> Literal["debit", "credit", ""]:
    return "debit" if text == "debit" else "credit" if text == "credit" else ""


def account(ask: Ask) -> Page:
    """The entries of one account, oldest first, with the balance after each."""
    key = ask.parts[1]
    number = whole(key) or 0
    master = ask.company.master("account", number)
    if master is None:
        raise NotFoundError
    where, filters, base = _filtered(ask, types=True)
    where.add("l.account = ? AND l.base <> 0", number)
    if side := _side(ask.text("side")):
        where.add("l.base > 0" if side == "debit" else "l.base < 0")
    options = (("", "Both sides"), ("debit", "Debits"), ("credit", "Credits"))
    filters.insert(2, Filter("side", "Side", side, "select", options))
    days = ask.db.all(
        "SELECT t.trandate AS day, SUM(l.n) AS n, SUM(MAX(l.base, 0)) AS debit,"
        f" SUM(MIN(l.base, 0)) AS credit {_source(ask)} WHERE {where} GROUP BY 1 ORDER BY 1",
        where.args,
    )
    balance, rows = _entries(ask, where, days)
    precision = ask.company.precision(base)
    cells = []
    for row in rows:
        balance += row["base"]
        cells.append(_entry(ask, row, precision, balance))
    table = Table(
        "entries", "Entries", _entry_columns(ask, base), cells,
        _totals(days, precision, len(ask.company.line_columns)), total=sum(d["n"] for d in days),
        offset=ask.offset, paged=True, empty="No entry fits.",
    )  # fmt: skip
    crumbs = (("Accounts", to("/accounts", **_kept(ask))),)
    state = Cell(str(master.body["acctType"]))
    return Page(
        f"/accounts/{number}", "accounts", ask.name("account", number), (table,), crumbs, filters,
        state=state,
    )  # fmt: skip


def _entries(ask: Ask, where: Where, days: list[Row]) -> tuple[int, list[Row]]:
    """Return the balance before the page's entries, and these, reading only the days they are of.

    Args:
        where: The condition of the entries.
        days: Their number and sums by day, in order.
    """
    ends = list(accumulate(day["n"] for day in days))  # entries up to the end of each day
    total = ends[-1] if ends else 0
    ask.check_export(total)
    first, last = bisect_right(ends, ask.offset), bisect_left(ends, ask.offset + ask.size)
    window = days[first : last + 1]
    if not window:
        return 0, []
    balance: int = sum(day["debit"] + day["credit"] for day in days[:first])
    skipped = ask.offset - ends[first] + window[0]["n"]
    found = (
        f"{_LINES_BY_DAY if total > _FEW else _LINES} WHERE {where}"
        " AND t.trandate BETWEEN ? AND ? ORDER BY t.trandate, t.id, l.seq LIMIT ?"
    )
    args = [*where.args, window[0]["day"], window[-1]["day"]]
    balance += ask.db.value(
        f"SELECT COALESCE(SUM(base), 0) FROM (SELECT l.base {found})", [*args, skipped]
    )
    rows = ask.db.all(
        "SELECT l.*, t.type, t.tranid, t.trandate, t.externalid, t.memo AS header,"
        f" t.currency, t.entity AS party {found} OFFSET ?", [*args, ask.size, skipped],
    )  # fmt: skip
    return balance, rows


def _entry_columns(ask: Ask, base: int) -> list[Column]:
    symbol = ask.symbol(base)
    return [
        Column("trandate", "Date", "date"), Column("tranid", "Transaction"),
        Column("type", "Type"), Column("entity", "Customer"), Column("memo", "Memo", "prose"),
        *(Column(name, name, optional=True) for name in ask.company.line_columns),
        Column("debit", f"Debit {symbol}", "money"), Column("credit", f"Credit {symbol}", "money"),
        Column("balance", f"Balance {symbol}", "money"),
    ]  # fmt: skip


def _entry(ask: Ask, row: Row, precision: int, balance: int) -> list[Cell]:
    href = to(record_path(row["type"], row["tx"]))
    return [
        Cell(row["trandate"]), Cell(row["tranid"] or row["tx"], href), Cell(label(row["type"])),
        ask.entity(row["entity"] or row["party"]),
        Cell(row["memo"] or row["header"]),
        *(Cell(row[name]) for name in ask.company.line_columns),
        *sides(row["base"], precision, href), Cell(money(balance, precision).value),
    ]  # fmt: skip


def _totals(days: list[Row], precision: int, custom: int) -> list[Cell]:
    debit, credit = sum(day["debit"] for day in days), -sum(day["credit"] for day in days)
    return [
        Cell("Total"), *([EMPTY] * (4 + custom)), money(debit, precision),
        money(credit, precision), money(debit - credit, precision),
    ]  # fmt: skip


def trial_balance(ask: Ask) -> Page:
    """All accounts that moved: turnover and balance."""
    where, filters, base = _filtered(ask)
    rows = ask.db.all(
        "SELECT l.account, SUM(MAX(l.base, 0)) AS debit, -SUM(MIN(l.base, 0)) AS credit"
        f" {_source(ask)} WHERE {where} GROUP BY l.account HAVING SUM(l.n) > 0", where.args,
    )  # fmt: skip
    precision, symbol = ask.company.precision(base), ask.symbol(base)
    columns = (
        Column("number", "Number"), Column("account", "Account"), Column("type", "Type"),
        Column("debits", f"Debits {symbol}", "money"),
        Column("credits", f"Credits {symbol}", "money"),
        Column("balancedebit", "Balance Dr", "money"),
        Column("balancecredit", "Balance Cr", "money"),
    )  # fmt: skip
    kept = _kept(ask)
    cells: list[list[Cell]] = []
    sums = [0, 0, 0, 0]
    for row in rows:
        body: dict[str, Any] = ask.company.must("account", row["account"]).body
        path = f"/accounts/{row['account']}"
        href = to(path, **kept)
        balance = row["debit"] - row["credit"]
        cells.append([
            Cell(body.get("acctNumber")), Cell(body["acctName"], href), Cell(body["acctType"]),
            money(row["debit"], precision, to(path, **{**kept, "side": "debit"})),
            money(row["credit"], precision, to(path, **{**kept, "side": "credit"})),
            *(money(part, precision, href) for part in (max(balance, 0), max(-balance, 0))),
        ])  # fmt: skip
        for i, part in enumerate((row["debit"], row["credit"], max(balance, 0), max(-balance, 0))):
            sums[i] += part
    cells.sort(key=lambda line: (str(line[0].value or "~"), str(line[1].value)))
    foot = [Cell("Total"), EMPTY, EMPTY, *(money(one, precision) for one in sums)]
    table = Table("trialbalance", "Trial balance", columns, cells, foot, empty="Nothing is posted.")
    even = sums[0] == sums[1]
    state = Cell(
        "debits equal credits" if even else "out of balance", tone="good" if even else "bad"
    )
    return Page("/trial-balance", "trial-balance", "Trial balance", (table,), (), filters,
                state=state)  # fmt: skip


def periods(ask: Ask) -> Page:
    """Years, quarters and months with their state."""
    counts = {
        row[0]: row[1]
        for row in ask.db.all(
            "SELECT postingperiod, COUNT(*) FROM tx WHERE postingperiod IS NOT NULL GROUP BY 1"
        )
    }
    everything = sorted(
        ask.company.masters("accountingPeriod"),
        key=lambda one: (one.body["startDate"], not one.body.get("isYear"),
                         not one.body.get("isQuarter")),
    )  # fmt: skip
    years = sorted({str(one.body["startDate"])[:4] for one in everything})
    year = ask.text("year")
    if "year" not in ask.params:
        used = {one.body["startDate"][:4] for one in everything if counts.get(one.id)}
        year = max(used) if used and not ask.export else ""
    columns = (
        Column("period", "Period"), Column("kind", "Kind"), Column("start", "From", "date"),
        Column("end", "To", "date"), Column("state", "State", "state"),
        Column("ar", "A/R", "state"), Column("closedon", "Closed on"),
        Column("transactions", "Transactions", "count"),
    )  # fmt: skip
    rows = []
    for one in everything:
        body = one.body
        if year and body["startDate"][:4] != year:
            continue
        kind = "Year" if body.get("isYear") else "Quarter" if body.get("isQuarter") else "Month"
        state, ar = _states(body) if kind == "Month" else (EMPTY, EMPTY)
        count = counts.get(one.id, 0)
        href = to("/records/transaction", period=one.id) if count else ""
        shown = Cell(count, href) if kind == "Month" else EMPTY
        rows.append((
            Cell(body["periodName"], to(f"/records/accountingPeriod/{one.id}")), Cell(kind),
            Cell(body["startDate"]), Cell(body["endDate"]), state, ar,
            Cell(body.get("closedOnDate")), shown,
        ))  # fmt: skip
    table = Table("periods", "Accounting periods", columns, rows)
    options = chosen([(name, name) for name in years], "All years")
    filters = (Filter("year", "Year", year, "select", options),)
    return Page("/periods", "periods", "Periods", (table,), (), filters)


def _states(body: dict[str, Any]) -> tuple[Cell, Cell]:
    tone: Tone = "good"
    name = "Open"
    if body.get("closed"):
        name, tone = "Closed", "muted"
    elif body.get("allLocked"):
        name, tone = "Locked", "warn"
    locked = body.get("arLocked")
    return Cell(name, tone=tone), Cell(
        "Locked" if locked else "Open", tone="muted" if locked else ""
    )
