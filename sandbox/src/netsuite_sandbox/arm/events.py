"""What has happened to a revenue element: the events its plans are made on.

Sources: "Create Revenue Plans On" (section_4340443927), "Amount Sources" (section_4356113783):
amount in plan = event amount / discounted sales amount x revenue amount, or the share of the
quantity that is fulfilled; no plan where the two do not fit together; "Custom Recognition Event
Type" (section_4821833004): one plan for each event. What fulfils a source without fulfillments is
said of credit memos only; an invoice or cash sale of its own is taken the same way. A return
authorization is billed, and its return fulfilled, by its credit memos and cash refunds (unsure).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from netsuite_sandbox.arm.project_rules import (
    AS_CHARGED,
    ON_PROJECT_EVENT,
    PERCENT_COMPLETE,
    charges_of,
)
from netsuite_sandbox.arm.projects import progress
from netsuite_sandbox.arm.rules import BY_AMOUNT, BY_PERCENT, BY_QUANTITY, Rule
from netsuite_sandbox.company import Company, Master
from netsuite_sandbox.money import share, to_units
from netsuite_sandbox.periods import Periods
from netsuite_sandbox.store.database import Row
from netsuite_sandbox.suitebilling.charges import is_prepay, of_line

ON_CREATION, ON_BILLING, ON_FULFILLMENT, ON_PROGRESS = -1, -2, -3, -4
ALL = "9999-12-31"  # `until` of an update without a last date
_ORDERS = frozenset({"SalesOrd", "RtnAuth"})  # What others bill and fulfil.
_FITS = {ON_CREATION: BY_AMOUNT, ON_BILLING: BY_AMOUNT, ON_FULFILLMENT: BY_QUANTITY,
         ON_PROGRESS: BY_PERCENT}  # fmt: skip


def last_day(company: Company, until: str) -> str:
    """Return the last day of an update: today if it has none."""
    return company.clock.today().isoformat() if until == ALL else until


@dataclass(frozen=True, slots=True)
class Event:
    """One event.

    Attributes:
        plan: Which plan of the element it makes; "" for the only one.
        units: Share of the element's amount, transaction currency.
        start: First day of what a charge is for, if it is a charge.
    """

    plan: str
    day: str
    units: int
    start: str = ""
    end: str = ""


def events_of(
    company: Company, periods: Periods, element: Row, rule: Rule, until: str
) -> list[Event]:
    """Return the events of an element, oldest first; together at most its amount."""
    on = element["planson"] or ON_CREATION
    if element["subscriptionline"] is not None:
        return _subscription(company, element, until)
    if element["projectrule"] is not None:
        return _project_rule(company, periods, element, until)
    if on > 0:
        return _custom(company, element, on, until)
    if _FITS.get(on) != rule.amount:
        return []
    if on == ON_PROGRESS:
        return _progress(company, periods, element, until)
    source = company.db.value("SELECT type FROM tx WHERE id = ?", (element["source"],))
    if on == ON_CREATION or source not in _ORDERS:
        # An invoice or credit memo is its own billing; so is one deleted after recognition.
        return [Event("", element["elementdate"], element["amount"])]
    if on == ON_FULFILLMENT:
        return _fulfillment(company, element, source, until)
    return [
        Event(f"bill {row['nextdoc']} {row['nextline']}", row["trandate"], row["amount"])
        for row in _following(company, element, "OrdBill", until)
    ]


def _following(company: Company, element: Row, linktype: str, until: str) -> list[Row]:
    """What bills or fulfils the line of an order, oldest first; picked or packed is neither."""
    return company.db.all(
        "SELECT k.nextdoc, k.nextline, t.trandate, k.amount, l.quantity FROM link k"
        " JOIN tx t ON t.id = k.nextdoc JOIN line l ON l.tx = k.nextdoc AND l.id = k.nextline"
        " WHERE k.previousdoc = ? AND k.linktype = ? AND k.previousline = ? AND t.posting = 'T'"
        " AND NOT (t.type = 'ItemShip' AND t.status <> 'C') AND t.trandate <= ?"
        " ORDER BY t.trandate, t.id, k.nextline",
        (element["source"], linktype, element["sourceline"], until),
    )


def _fulfillment(company: Company, element: Row, source: str, until: str) -> list[Event]:
    """The share of the quantity that each fulfillment ships; if the item cannot be, each bill."""
    cannot = company.must("item", element["item"]).body.get("isFulfillable") is False
    kind, linktype = ("ship", "ShipRcpt")
    if cannot or source == "RtnAuth":
        kind, linktype = ("bill", "OrdBill")
    whole, precision = element["amount"], company.precision(element["currency"])
    ordered = abs(Decimal(element["quantity"]))
    out: list[Event] = []
    seen, given = Decimal(0), 0
    for row in _following(company, element, linktype, until) if ordered else []:
        seen += abs(Decimal(row["quantity"] or 0))
        upto = _part(whole, seen, ordered, precision)
        key = f"{kind} {row['nextdoc']} {row['nextline']}"
        out.append(Event(key, row["trandate"], upto - given))
        given = upto
    return out


def _progress(company: Company, periods: Periods, element: Row, until: str) -> list[Event]:
    """What each period adds to the completion of the project, or takes back.

    Source: "Journal Entries for Percent-Complete Revenue" (section_4357062961): when an estimate
    grows, the period in which it does takes back what was recognized too much.
    """
    whole, precision = element["amount"], company.precision(element["currency"])
    out: list[Event] = []
    given = 0
    for period, part in progress(company, periods, element, until):
        upto = share(whole, part.numerator, part.denominator, precision)
        out.append(Event("", period.end, upto - given))
        given = upto
    if not any(event.units for event in out):
        return []
    # What is recognized already may be corrected in the last period.
    return [*out, Event("", max(out[-1].day, last_day(company, until)), 0)]


def by_progress(company: Company, element: Row) -> bool:
    """Whether the plan of an element follows the completion of a project."""
    if element["planson"] == ON_PROJECT_EVENT and element["projectrule"] is not None:
        rule = company.must("projectRevenueRule", element["projectrule"]).body
        return bool(rule["type"] == PERCENT_COMPLETE)
    return bool(element["planson"] == ON_PROGRESS)


def _project_rule(company: Company, periods: Periods, element: Row, until: str) -> list[Event]:
    """Charges as they are made, dates as they come, or the completion of the project.

    Source: "Creating a Fixed Amount Project Revenue Rule" (bridgehead_159360996004): a schedule of
    dates, each with an amount or a percentage of the total.
    """
    if by_progress(company, element):
        return _progress(company, periods, element, until)
    precision, whole = company.precision(element["currency"]), element["amount"]
    rule = company.must("projectRevenueRule", element["projectrule"]).body
    if rule["type"] == AS_CHARGED:
        charges = charges_of(company, element["entity"], element["item"])
        return [
            Event(f"charge {c.id}", c.body["chargeDate"], to_units(c.body["amount"], precision))
            for c in charges
            if c.body["chargeDate"] <= until
        ]
    return [
        Event(f"date {number}", line["date"],
              to_units(line["amount"], precision) if "amount" in line
              else _part(whole, Decimal(line["percent"]), Decimal(100), precision))
        for number, line in enumerate(rule["schedule"])
        if line["date"] <= until
    ]  # fmt: skip


def _part(whole: int, part: Decimal, of: Decimal, precision: int) -> int:
    return share(whole, int(part.scaleb(8)), int(of.scaleb(8)), precision)


def _subscription(company: Company, element: Row, until: str) -> list[Event]:
    """Charges of a usage line as they fall; the rest of a prepaid line at the end of its term.

    Source: section_0919041722, "the unused prepaid amount is recognized at the end of the
    subscription term".
    """
    line = company.must("subscriptionLine", element["subscriptionline"])
    if is_prepay(line.body):
        return [Event("", element["enddate"] or element["elementdate"], element["amount"])]
    precision = company.precision(element["currency"])
    limit = max(until, element["asof"] or until)
    charges = [c for c in of_line(company, line.id) if c.body["chargeDate"] <= limit]
    charges.sort(key=lambda charge: (charge.body["chargeDate"], charge.id))
    return [
        Event(
            "", charge.body["chargeDate"], to_units(charge.body["amount"], precision),
            charge.body.get("serviceStartDate", ""), charge.body.get("serviceEndDate", ""),
        )
        for charge in charges
    ]  # fmt: skip


def _custom(company: Company, element: Row, event_type: int, until: str) -> list[Event]:
    rows = company.db.all(
        "SELECT id FROM master WHERE grp = 'billingRevenueEvent'"
        " AND json_extract(body, '$.element') = ? ORDER BY json_extract(body, '$.eventDate'), id",
        (f"{element['source']} {element['sourceline']}",),
    )
    precision = company.precision(element["currency"])
    out: list[Event] = []
    given = 0
    for row in rows:
        event = company.must("billingRevenueEvent", row["id"])
        body = event.body
        wanted = body["eventType"] == event_type and body.get("eventPurpose") != "FORECAST"
        if not wanted or body["eventDate"] > until:
            continue
        units = _worth(event, element, precision, given)
        given += units
        out.append(Event(f"event {event.id}", body["eventDate"], units))
    return out


def _worth(event: Master, element: Row, precision: int, given: int) -> int:
    """What an event is worth by its amount, its quantity or its cumulative percentage."""
    body: dict[str, Any] = event.body
    whole: int = element["amount"]
    if body.get("cumulativePercentComplete") is not None:
        percent = Decimal(body["cumulativePercentComplete"])
        return share(whole, int(percent * 10_000), 1_000_000, precision) - given
    if body.get("quantity") is not None and element["quantity"]:
        return _part(whole, Decimal(body["quantity"]), Decimal(element["quantity"]), precision)
    return to_units(Decimal(body.get("amount") or 0), precision)
