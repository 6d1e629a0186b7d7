"""SuiteBilling's prepaid lines: what was charged, what is left, what was recognised.

Sources: Oracle help, "Prepaid Usage with Drawdown" (section_0903123502): a prepaid line holds the
prepayment, and each usage line names the prepaid line that it draws, since 2026.1 also that of
another subscription of the customer. A drawdown is a negative charge on the prepaid line. Columns
of these tables in SuiteQL are known from their search columns and only from the sandbox.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from drawdown.core.native_prepayment import NativeElement, NativePrepayment
from drawdown.core.observed import NativeCustomer
from drawdown.core.revenue_elements import Bought, Drawn, Prepayment, Returned, Used
from drawdown.erp.netsuite import wire
from drawdown.erp.netsuite.bodies import number, reference, sublist
from drawdown.erp.netsuite.directory import Directory
from drawdown.erp.netsuite.readings.query import minor
from drawdown.erp.netsuite.readings.records import customer_reference
from drawdown.erp.netsuite.transport import Row, Transport

_DAY = "'YYYY-MM-DD'"
_LINES = (
    "SELECT sl.id AS id, sl.subscription AS subscription, sl.linenumber AS linenumber, "
    f"sl.item AS item, TO_CHAR(sl.startdate, {_DAY}) AS startdate, "
    f"TO_CHAR(sl.enddate, {_DAY}) AS enddate, sl.prepaymentremaining AS remaining, "
    "sl.subscriptionlinestatus AS status, s.idnumber AS number, s.customer AS customer, "
    "s.currency AS currency, BUILTIN.DF(sl.item) AS itemname, "
    "cu.externalid AS externalid, cu.entityid AS entityid, cu.companyname AS companyname "
    "FROM subscriptionline sl JOIN subscription s ON s.id = sl.subscription "
    "LEFT JOIN customer cu ON cu.id = s.customer ORDER BY sl.id"
)
_CHARGES = (
    "SELECT c.id AS id, c.subscriptionline AS line, c.quantity AS quantity, c.amount AS amount, "
    f"TO_CHAR(c.chargedate, {_DAY}) AS day, TO_CHAR(i.trandate, {_DAY}) AS billed, "
    "i.tranid AS invoice, i.exchangerate AS rate, "
    f"TO_CHAR(m.trandate, {_DAY}) AS credited "
    "FROM charge c LEFT JOIN transaction i ON i.id = c.invoice "
    "LEFT JOIN transaction m ON m.id = c.creditmemo "
    "WHERE c.use = 'Actual' AND c.subscriptionline IS NOT NULL ORDER BY c.id"
)
_ELEMENTS = (
    "SELECT e.id AS id, e.subscriptionline AS line, e.quantity AS quantity, "
    "e.salesamount AS sales, e.exchangerate AS rate FROM revenueelement e "
    "WHERE e.subscriptionline IS NOT NULL ORDER BY e.id"
)
_RECOGNISED = (
    "SELECT r.id AS id, e.subscriptionline AS line, r.amount AS amount, "
    f"TO_CHAR(ap.enddate, {_DAY}) AS period FROM revenueplanplannedrevenue r "
    "JOIN revenueplan p ON p.id = r.revenueplan JOIN revenueelement e ON e.id = p.createdfrom "
    "JOIN accountingperiod ap ON ap.id = r.postingperiod "
    "WHERE r.journal IS NOT NULL AND e.subscriptionline IS NOT NULL ORDER BY r.id"
)


def prepayments(transport: Transport, directory: Directory) -> Iterator[NativePrepayment]:
    """Read all prepaid lines with the usage lines that draw them."""
    lines = {row["id"]: row for row in transport.rows(_LINES)}
    prepaid = {name: row for name, row in lines.items() if row.get("remaining")}
    if not prepaid:
        return
    drawing = _drawing_lines(transport, lines, prepaid)
    charges = _by_line(transport, _CHARGES)
    elements = _by_line(transport, _ELEMENTS)
    recognised = _by_line(transport, _RECOGNISED)
    for name, row in prepaid.items():
        code = directory.code(row["currency"])
        members = [name, *drawing[name]]
        sums: dict[tuple[str, date], int] = defaultdict(int)
        for member in members:
            for one in recognised[member]:
                period = date.fromisoformat(one["period"])
                sums[member, period] += minor(one["amount"], code)
        yield NativePrepayment(
            subscription=row["number"],
            customer=NativeCustomer(
                customer_reference(row),
                row.get("externalid") or row.get("entityid", ""),
                row.get("companyname") or row.get("entityid", ""),
                code,
            ),
            status=row.get("status", ""),
            exchange_rate=_rate(elements[name]),
            facts=_facts(row, drawing[name], charges, code),
            names={member: lines[member].get("itemname", "") for member in members},
            remaining_minor=minor(row["remaining"], code),
            elements={
                member: NativeElement(number(one.get("quantity")), minor(one["sales"], code))
                for member in members
                for one in elements[member]
            },
            recognised={key: amount for key, amount in sums.items() if amount},
        )


def _drawing_lines(
    transport: Transport, lines: dict[str, Row], prepaid: dict[str, Row]
) -> dict[str, list[str]]:
    """Return the usage lines that draw each prepaid line; only the subscription record tells."""
    customers = {row["customer"] for row in prepaid.values()}
    numbers = {(row["subscription"], row["linenumber"]): name for name, row in lines.items()}
    found: dict[str, list[str]] = {name: [] for name in prepaid}
    mine = {row["subscription"] for row in lines.values() if row["customer"] in customers}
    for subscription in sorted(mine, key=int):
        data = transport.send(wire.get_subscription(subscription)).data
        for interval in sublist(data, "priceInterval"):
            line = numbers.get((subscription, str(interval.get("lineNumber"))))
            prepay = reference(interval, "prepayLine")
            # A line has an interval for each change of its price.
            if line is not None and prepay in found and line not in found[prepay]:
                found[prepay].append(line)
    return found


def _by_line(transport: Transport, sql: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in transport.rows(sql):
        found[row["line"]].append(row)
    return found


def _facts(row: Row, drawing: list[str], charges: dict[str, list[Row]], code: str) -> Prepayment:
    bought: list[Bought] = []
    drawn: list[Drawn] = []
    returned: list[Returned] = []
    for one in charges[row["id"]]:
        amount = minor(one["amount"], code)
        on, billed = date.fromisoformat(one["day"]), _day(one.get("billed"))
        if amount >= 0:
            rate = number(one.get("rate", "1"))
            bought.append(Bought(on, amount, billed, one.get("invoice", ""), rate))
        elif one.get("credited"):
            returned.append(Returned(date.fromisoformat(one["credited"]), -amount))
        else:
            drawn.append(Drawn(on, -amount, billed))
    used = [
        Used(
            date.fromisoformat(one["day"]), line, number(one.get("quantity")),
            minor(one["amount"], code), _day(one.get("billed")),
        )
        for line in drawing
        for one in charges[line]
    ]  # fmt: skip
    return Prepayment(
        row["id"], code, date.fromisoformat(row["startdate"]), _day(row.get("enddate")),
        tuple(bought), tuple(used), tuple(drawn), tuple(returned),
    )  # fmt: skip


def _rate(elements: list[Row]) -> Decimal:
    return number(elements[0].get("rate")) if elements else Decimal(1)


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
