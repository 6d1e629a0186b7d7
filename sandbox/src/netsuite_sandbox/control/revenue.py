"""Controls of revenue management and subscription billing: what REST has no trigger for.

Each stands for a page or a script of NetSuite: Update Revenue Arrangements, Update Revenue Plans,
Create Revenue Recognition Journal Entries, Create Reclassification Journal Entries, Process Billing
Operations (rating run, bill run), Custom Recognition Event Types, Revenue Recognition Rules,
Accounting Books.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from netsuite_sandbox.arm import rules
from netsuite_sandbox.arm.allocation import allocate
from netsuite_sandbox.arm.elements import update_arrangements
from netsuite_sandbox.arm.events import ALL
from netsuite_sandbox.arm.plans import update_plans
from netsuite_sandbox.arm.project_rules import FIXED_AMOUNT, RECORD, TYPES
from netsuite_sandbox.arm.reclassification import reclassify
from netsuite_sandbox.arm.recognition import month_end, recognize
from netsuite_sandbox.company import Company, Master
from netsuite_sandbox.errors import invalid_request
from netsuite_sandbox.money import to_decimal
from netsuite_sandbox.records.itemlines import is_deferred
from netsuite_sandbox.records.month_end_revaluation import revalue_open_balances
from netsuite_sandbox.suitebilling.billing import bill
from netsuite_sandbox.suitebilling.rating import rate
from netsuite_sandbox.suitebilling.terms import end_term
from netsuite_sandbox.suiteql.views import create_views
from netsuite_sandbox.whole import whole
from netsuite_sandbox.wire.http import Request

if TYPE_CHECKING:
    from netsuite_sandbox.sandbox import Sandbox


def _object(request: Request) -> dict[str, Any]:
    body = request.json() if request.body.strip() else {}
    if not isinstance(body, dict):
        raise invalid_request("A JSON object is expected.")
    return body


def _month_end(sandbox: Sandbox, request: Request) -> Any:
    body, books = _object(request), sandbox.books
    return month_end(
        books.company, books.ledger, books.periods, str(body.get("period", "")),
        reclass=bool(body.get("reclassify", False)),
    )  # fmt: skip


def _arrangements(sandbox: Sandbox, request: Request) -> Any:
    """Update Revenue Arrangements; `to` is its filter Source To, blank for all."""
    books = sandbox.books
    with books.company.db.transaction():
        until = str(_object(request).get("to") or ALL)
        return {"elements": update_arrangements(books.company, books.ledger, until)}


def _allocate(sandbox: Sandbox, request: Request) -> Any:
    """Allocate a revenue arrangement: its button, and the action of its SuiteScript record.

    Source: "Revenue Arrangement Record Actions" (section_1529337080).
    """
    arrangement, company = _number(_object(request), "arrangement"), sandbox.company
    if not company.settings["revenue_allocation"]:
        raise invalid_request(
            "The Advanced Revenue Management (Revenue Allocation) feature is not enabled: setting "
            "revenue_allocation."
        )
    rows = "SELECT id, revenue, allocationerror FROM element WHERE arrangement = ? ORDER BY id"
    if arrangement is None or company.db.one(rows, (arrangement,)) is None:
        raise invalid_request("arrangement is the id of a revenue arrangement.")
    with company.db.transaction():
        allocate(company, arrangement)
    elements = company.db.all(rows, (arrangement,))
    return {
        "arrangement": str(arrangement),
        "compliant": not any(row["allocationerror"] for row in elements),
        "elements": [
            {"id": str(row["id"]), "revenue": format(to_decimal(row["revenue"]), "f"),
             "error": row["allocationerror"]}
            for row in elements
        ],
    }  # fmt: skip


def _plans(sandbox: Sandbox, request: Request) -> Any:
    books = sandbox.books
    with books.company.db.transaction():
        until = str(_object(request).get("to") or ALL)
        return {"plans": update_plans(books.company, books.periods, until)}


def _recognition(sandbox: Sandbox, request: Request) -> Any:
    body, books = _object(request), sandbox.books
    return recognize(
        books.company, books.ledger, books.periods, str(body.get("period", "")),
        approve=body.get("approve", True) is not False,
    )  # fmt: skip


def _reclassification(sandbox: Sandbox, request: Request) -> Any:
    books = sandbox.books
    period = str(_object(request).get("period", ""))
    return reclassify(books.company, books.ledger, books.periods, period)


def _revaluation(sandbox: Sandbox, request: Request) -> Any:
    """Revalue Open Currency Balances of a period."""
    return revalue_open_balances(sandbox.books, str(_object(request).get("period", "")))


def _rating(sandbox: Sandbox, request: Request) -> Any:
    body, company = _object(request), sandbox.company
    until = str(body.get("to") or company.clock.today().isoformat())
    only = _number(body, "subscription")
    with company.db.transaction():
        return {"charges": [_shown(charge) for charge in rate(company, until, only)]}


def _shown(charge: Master) -> dict[str, Any]:
    body = charge.body
    return {"id": str(charge.id), "subscriptionLine": str(body["subscriptionLine"]),
            "date": body["chargeDate"], "amount": format(Decimal(body["amount"]), "f")}  # fmt: skip


def _billing(sandbox: Sandbox, request: Request) -> Any:
    body, company = _object(request), sandbox.company
    day = str(body.get("date") or company.clock.today().isoformat())
    with company.db.transaction():
        return {"bills": bill(sandbox.books, day, _number(body, "customer"))}


def _end_term(sandbox: Sandbox, request: Request) -> Any:
    body, company = _object(request), sandbox.company
    subscription = _number(body, "subscription")
    if subscription is None or company.master("subscription", subscription) is None:
        raise invalid_request("subscription is the id of a subscription.")
    with company.db.transaction():
        made = end_term(company, subscription, str(body.get("remainder", "")))
        return {"charges": [_shown(charge) for charge in made]}


def _number(body: dict[str, Any], name: str) -> int | None:
    value = body.get(name)
    if value is None:
        return None
    number = whole(str(value))
    if number is None:
        raise invalid_request(f"{name} is an internal id.")
    return number


def _rule(sandbox: Sandbox, request: Request) -> Any:
    """Make a revenue recognition rule; in NetSuite only its form does."""
    body = _object(request)
    rules.check(body)
    return {"id": str(_make(sandbox.company, "revRecRule", body))}


def _project_rule(sandbox: Sandbox, request: Request) -> Any:
    """Make a project revenue rule, as the project's subtab does.

    Source: "Creating a Fixed Amount Project Revenue Rule" (bridgehead_159360996004): the service
    item has an income and a deferred revenue account; dates with an amount or a percentage each.
    """
    body, company = _object(request), sandbox.company
    project, item = _number(body, "project"), _number(body, "item")
    found = company.master("entity", project or 0)
    if found is None or found.type != "job":
        raise invalid_request("project is the id of a project.")
    sold = company.master("item", item or 0)
    if sold is None or not is_deferred(sold.body):
        raise invalid_request("item is a service item with a deferred revenue account.")
    if body.get("type") not in TYPES:
        raise invalid_request(f"type is one of {', '.join(TYPES)}.")
    schedule = body.get("schedule", [])
    if (body["type"] == FIXED_AMOUNT) != bool(schedule):
        raise invalid_request(f"A rule of the type {FIXED_AMOUNT} has a schedule, others none.")
    values = {
        "name": str(body.get("name") or f"Rule of {found.body['companyName']}"),
        "project": project, "item": item, "type": body["type"],
        "schedule": [_scheduled(line) for line in schedule],
    }  # fmt: skip
    return {"id": str(_make(company, RECORD, values))}


def _scheduled(line: Any) -> dict[str, Any]:
    """Read a date of a schedule: {"date", "amount"} or {"date", "percent"}."""
    try:
        day = date.fromisoformat(line["date"]).isoformat()
        (name,) = {"amount", "percent"} & line.keys()
        return {"date": day, name: Decimal(str(line[name]))}
    except (TypeError, ValueError, KeyError, AttributeError, InvalidOperation):
        raise invalid_request("A date of the schedule has date, and amount or percent.") from None


def _event_type(sandbox: Sandbox, request: Request) -> Any:
    """Make a custom recognition event type: another choice of Create Revenue Plans On."""
    name = _object(request).get("name")
    if not isinstance(name, str):
        raise invalid_request("A custom recognition event type has a name.")
    return {"id": str(_make(sandbox.company, "revPlansOn", {"name": name}))}


def _accounting_book(sandbox: Sandbox, request: Request) -> Any:
    """Make a secondary accounting book, as its form does: of some subsidiaries, or of all."""
    body, company = _object(request), sandbox.company
    named = body.get("subsidiaries", [])
    if not isinstance(body.get("name"), str) or not isinstance(named, list):
        raise invalid_request("An accounting book has a name and may have a list of subsidiaries.")
    numbers = [whole(str(one)) for one in named]
    if any(one is None or company.master("subsidiary", one) is None for one in numbers):
        raise invalid_request("subsidiaries are internal ids of subsidiaries.")
    book = {"name": body["name"], "isPrimary": False, "isInactive": False, "subsidiaries": numbers}
    made = _make(company, "accountingBook", book)
    create_views(company)
    return {"id": str(made)}


def _event(sandbox: Sandbox, request: Request) -> Any:
    """Make a revenue recognition event, as a script with record.create does."""
    body, company = _object(request), sandbox.company
    kind, tx, line = (_number(body, name) for name in ("eventType", "transaction", "line"))
    if kind is None or tx is None or line is None or not body.get("eventDate"):
        raise invalid_request("An event has eventType, transaction, line and eventDate.")
    values: dict[str, Any] = {
        "eventType": kind, "eventPurpose": str(body.get("eventPurpose", "ACTUAL")),
        "eventDate": str(body["eventDate"]), "transactionLine": f"{tx}_{line}",
        "element": f"{tx} {line}",
    }  # fmt: skip
    for name in ("amount", "quantity", "cumulativePercentComplete"):
        if body.get(name) is not None:
            try:
                values[name] = Decimal(str(body[name]))
            except InvalidOperation:
                raise invalid_request(f"{name} is a number.") from None
    made = _make(company, "billingRevenueEvent", values)
    company.db.execute(
        "UPDATE element SET stale = 1 WHERE source = ? AND sourceline = ?", (tx, line)
    )
    return {"id": str(made)}


def _unbilled_group(sandbox: Sandbox, request: Request) -> Any:
    """Set Unbilled Receivable Group of an element, as an edit of its arrangement does."""
    body, company = _object(request), sandbox.company
    element, name = _number(body, "element"), body.get("group")
    if company.db.one("SELECT 1 FROM element WHERE id = ?", (element,)) is None:
        raise invalid_request("element is the id of a revenue element.")
    if not isinstance(name, str) or not name.isalnum():
        raise invalid_request("group is an alphanumeric id.")
    with company.db.transaction():
        company.db.execute("INSERT OR REPLACE INTO unbilledgroup VALUES (?, ?)", (element, name))
    return {"element": str(element), "group": name}


def _hold(sandbox: Sandbox, request: Request) -> Any:
    """Check or clear Hold Revenue Recognition on a revenue plan; in NetSuite its form does."""
    body, company = _object(request), sandbox.company
    plan, hold = _number(body, "plan"), body.get("hold", True)
    if not isinstance(hold, bool):
        raise invalid_request("hold is true or false.")
    with company.db.transaction():
        done = company.db.execute("UPDATE plan SET held = ? WHERE id = ?", (int(hold), plan))
    if not done.rowcount:
        raise invalid_request("plan is the id of a revenue plan.")
    return {"plan": str(plan), "hold": hold}


def _make(company: Company, record: str, body: dict[str, Any]) -> int:
    now = company.clock.stamp()
    with company.db.transaction():
        number = company.db.next_number(f"id.{record}")
        while company.master(record, number) is not None:
            number = company.db.next_number(f"id.{record}")
        company.save_master(Master(number, record, None, body, now, now), new=True)
    return number


ROUTES: dict[tuple[str, str], Callable[[Sandbox, Request], Any]] = {
    ("POST", "/month-end"): _month_end,
    ("POST", "/revenue-arrangements/update"): _arrangements,
    ("POST", "/revenue-arrangements/allocate"): _allocate,
    ("POST", "/revenue-plans/update"): _plans,
    ("POST", "/revenue-plans/hold"): _hold,
    ("POST", "/revenue-recognition"): _recognition,
    ("POST", "/reclassification"): _reclassification,
    ("POST", "/revaluation"): _revaluation,
    ("POST", "/revenue-rules"): _rule,
    ("POST", "/accounting-books"): _accounting_book,
    ("POST", "/project-revenue-rules"): _project_rule,
    ("POST", "/recognition-event-types"): _event_type,
    ("POST", "/recognition-events"): _event,
    ("POST", "/unbilled-receivable-groups"): _unbilled_group,
    ("POST", "/rating-run"): _rating,
    ("POST", "/billing-run"): _billing,
    ("POST", "/end-of-term"): _end_term,
}
