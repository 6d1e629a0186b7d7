"""Subscription billing: subscriptions, their lines with what is prepaid, usage and charges."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from netsuite_sandbox.company import Master
from netsuite_sandbox.pages.ask import Ask, NotFoundError, Where, record_path
from netsuite_sandbox.pages.model import EMPTY, Cell, Column, Facts, Filter, Page, Table, Tone, to
from netsuite_sandbox.suitebilling.charges import LINE_TYPES, is_prepay, lines_of
from netsuite_sandbox.whole import whole
from netsuite_sandbox.wire import jsontext

_TONES: dict[str, Tone] = {
    "ACTIVE": "good", "DRAFT": "", "SUSPENDED": "warn",
    "TERMINATED": "muted", "CLOSED": "muted", "VOIDED": "muted", "READY_FOR_BILLING": "warn",
}  # fmt: skip


def subscriptions(ask: Ask) -> Page:
    """All subscriptions, newest first."""
    where = Where()
    where.add("grp = 'subscription'")
    if text := ask.text("q"):
        like = f"%{text}%"
        where.add("(body LIKE ? OR externalid LIKE ? OR id = ?)", like, like, whole(text))
    rows, total = ask.rows("SELECT id FROM master", where, "id DESC")
    columns = (
        Column("id", "Id", "count"), Column("name", "Subscription"), Column("customer", "Customer"),
        Column("start", "From", "date"), Column("end", "To", "date"),
        Column("lines", "Lines", "count"), Column("active", "Active lines", "count"),
        Column("usage", "Usage records", "count"), Column("charges", "Charges", "count"),
        Column("remaining", "Prepayment remaining", "number"),
    )  # fmt: skip
    cells = [_subscription(ask, ask.company.must("subscription", row["id"])) for row in rows]
    table = Table("subscriptions", "Subscriptions", columns, cells, total=total, offset=ask.offset,
                  paged=True, empty="No subscription fits.")  # fmt: skip
    filters = (Filter("q", "Any field, external id or internal id", text),)
    return Page("/billing", "billing", "Billing", (table,), (), filters)


def _subscription(ask: Ask, one: Master) -> list[Cell]:
    href = to(f"/billing/{one.id}")
    lines = lines_of(ask.company, one.id)
    counts = [
        sum(ask.db.value(sql, (line.id,)) for line in lines)
        for sql in (_USAGE_COUNT, _CHARGE_COUNT)
    ]
    active = [line for line in lines if line.body.get("subscriptionLineStatus") == "ACTIVE"]
    prepaid = [line.body["prepaymentRemaining"] for line in lines
               if line.body.get("prepaymentRemaining") is not None]  # fmt: skip
    remaining = _amount(sum(map(Decimal, prepaid), Decimal(0))) if prepaid else None
    name = one.body.get("name") or f"Subscription {one.id}"
    return [
        Cell(one.id, href), Cell(name, href), _customer(ask, one.body.get("customer")),
        Cell(one.body.get("startDate")), Cell(one.body.get("endDate")), Cell(len(lines), href),
        Cell(len(active), href), Cell(counts[0], href + "#h-usage"),
        Cell(counts[1], href + "#h-charges"), Cell(remaining, href),
    ]  # fmt: skip


_BY_LINE = "FROM master WHERE grp = '{0}' AND json_extract(body, '$.{1}') = ?"
_USAGE = _BY_LINE.format("usage", "usageSubscriptionLine")
_CHARGES = _BY_LINE.format("charge", "subscriptionLine")
_USAGE_COUNT, _CHARGE_COUNT = f"SELECT COUNT(*) {_USAGE}", f"SELECT COUNT(*) {_CHARGES}"


def subscription(ask: Ask) -> Page:
    """One subscription: its lines, and the usage and charges of them or of a chosen one."""
    key = ask.parts[1]
    number = whole(key) or 0
    one = ask.company.master("subscription", number)
    if one is None:
        raise NotFoundError
    lines = lines_of(ask.company, number)
    chosen = ask.text("line")
    shown = [line for line in lines if chosen in ("", str(line.id))]
    name = one.body.get("name") or f"Subscription {number}"
    facts = Facts("subscription", "Subscription", [
        ("Customer", _customer(ask, one.body.get("customer"))),
        ("From", Cell(one.body.get("startDate"))), ("To", Cell(one.body.get("endDate"))),
        ("Record", Cell(f"subscription {number}", to(f"/records/subscription/{number}"))),
    ])  # fmt: skip
    blocks = (facts, _lines(ask, lines, number), _usage(ask, shown), _charges(ask, shown))
    options = [("", "All lines"), *((str(line.id), _line_name(ask, line)) for line in lines)]
    filters = (Filter("line", "Line", chosen, "select", options),)
    crumbs = (("Billing", to("/billing")),)
    return Page(f"/billing/{number}", "billing", str(name), blocks, crumbs, filters)


def _line_name(ask: Ask, line: Master) -> str:
    return f"{line.body['lineNumber']} {ask.name('item', line.body['item'])}"


def _lines(ask: Ask, lines: list[Master], subscription_id: int) -> Table:
    columns = (
        Column("line", "Line", "count"), Column("item", "Item"), Column("type", "Type"),
        Column("status", "Status", "state"), Column("from", "From", "date"),
        Column("to", "To", "date"), Column("used", "Prepayment used", "number"),
        Column("remaining", "Prepayment remaining", "number"),
        Column("usage", "Usage records", "count"), Column("charges", "Charges", "count"),
        Column("charged", "Charged", "number"),
    )  # fmt: skip
    rows = []
    for line in lines:
        body = line.body
        href = to(f"/billing/{subscription_id}", line=line.id)
        status = str(body.get("subscriptionLineStatus") or "")
        charged = sum(
            (Decimal(jsontext.loads(row["body"])["amount"]) for row in _of(ask, _CHARGES, line)),
            Decimal(0),
        )
        prepaid = [Cell(_amount(body.get(name)), href) if is_prepay(body) else EMPTY
                   for name in ("prepaymentUsage", "prepaymentRemaining")]  # fmt: skip
        rows.append((
            Cell(body["lineNumber"], to(f"/records/subscriptionLine/{line.id}")),
            Cell(ask.name("item", body["item"]), to(f"/records/serviceSaleItem/{body['item']}")),
            Cell(LINE_TYPES.get(str(body.get("subscriptionLineType")), None)),
            Cell(status or None, tone=_TONES.get(status, "")), Cell(body.get("startDate")),
            Cell(body.get("endDate")), *prepaid,
            Cell(ask.db.value(_USAGE_COUNT, (line.id,)), href + "#h-usage"),
            Cell(ask.db.value(_CHARGE_COUNT, (line.id,)), href + "#h-charges"),
            Cell(_amount(charged), href + "#h-charges"),
        ))  # fmt: skip
    return Table("lines", "Lines", columns, rows, empty="No line.")


def _of(ask: Ask, source: str, line: Master) -> list[Any]:
    return ask.db.all(f"SELECT id, body {source} ORDER BY id DESC", (line.id,))


def _usage(ask: Ask, lines: list[Master]) -> Table:
    columns = (
        Column("id", "Usage", "count"), Column("date", "Date", "date"), Column("line", "Line"),
        Column("quantity", "Quantity", "number"), Column("status", "Status", "state"),
        Column("memo", "Memo", "prose"), Column("rated", "Rated"),
    )  # fmt: skip
    found = [(row["id"], jsontext.loads(row["body"]), line)
             for line in lines for row in _of(ask, _USAGE, line)]  # fmt: skip
    found.sort(key=lambda one: (one[1].get("usageDate") or "", one[0]), reverse=True)
    rows = [
        (
            Cell(key, to(f"/records/usage/{key}")), Cell(body.get("usageDate")),
            Cell(_line_name(ask, line)), Cell(str(body.get("usageQuantity"))),
            Cell(body.get("status"), tone=_TONES.get(str(body.get("status")), "")),
            Cell(body.get("memo")), Cell("yes" if body.get("rated") else "no"),
        )
        for key, body, line in found[: ask.size]
    ]  # fmt: skip
    return Table("usage", "Usage", columns, rows, total=len(found), empty="No usage.",
                 note=_newest(len(found), ask.size))  # fmt: skip


def _charges(ask: Ask, lines: list[Master]) -> Table:
    columns = (
        Column("id", "Charge", "count"), Column("date", "Date", "date"), Column("line", "Line"),
        Column("item", "Item"), Column("quantity", "Quantity", "number"),
        Column("rate", "Rate", "number"), Column("amount", "Amount", "number"),
        Column("stage", "Stage", "state"), Column("bill", "Billed on"),
    )  # fmt: skip
    found = [(row["id"], jsontext.loads(row["body"]), line)
             for line in lines for row in _of(ask, _CHARGES, line)]  # fmt: skip
    found.sort(key=lambda one: (one[1].get("chargeDate") or "", one[0]), reverse=True)
    rows = []
    for key, body, line in found[: ask.size]:
        href, stage = to(f"/records/charge/{key}"), str(body.get("stage") or "")
        rows.append((
            Cell(key, href), Cell(body.get("chargeDate")), Cell(_line_name(ask, line)),
            Cell(ask.name("item", body["billingItem"])), Cell(_amount(body.get("quantity"))),
            Cell(_amount(body.get("rate"))), Cell(_amount(body.get("amount")), href),
            Cell(stage or None, tone=_TONES.get(stage, "")), _bill(ask, body),
        ))  # fmt: skip
    return Table("charges", "Charges", columns, rows, total=len(found), empty="No charge.",
                 note=_newest(len(found), ask.size))  # fmt: skip


def _bill(ask: Ask, body: dict[str, Any]) -> Cell:
    """The invoice or credit memo that a charge is on."""
    key = body.get("invoice") or body.get("creditMemo")
    row = ask.db.one("SELECT id, type, tranid FROM tx WHERE id = ?", (key,)) if key else None
    if row is None:
        return EMPTY
    return Cell(row["tranid"], to(record_path(row["type"], row["id"])))


def _newest(total: int, size: int) -> str:
    return f"The newest {size}; size= shows more." if total > size else ""


def _customer(ask: Ask, customer: Any) -> Cell:
    return ask.entity(customer if isinstance(customer, int) else None)


def _amount(value: Any) -> str | None:
    return None if value is None else format(Decimal(value).normalize(), "f")
