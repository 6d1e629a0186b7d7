"""Revenue plans: when the amount of an element is recognized.

A plan exists only for an element whose item has a recognition rule and whose event (Create Revenue
Plans On) has happened. Planned lines that are in a journal never change; the rest is planned anew
whenever the element or its events change.

Source: "Revenue Plans", "Create Revenue Plans On"; event-percent plans take
event amount / sales amount x revenue amount.
"""

from __future__ import annotations

from dataclasses import dataclass

from netsuite_sandbox.company import Company
from netsuite_sandbox.money import share
from netsuite_sandbox.periods import Period, Periods
from netsuite_sandbox.store.database import Row
from netsuite_sandbox.wire import jsontext

ON_CREATION, ON_BILLING = -1, -2


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of an element's amount that belongs to one period."""

    period: int
    units: int


def update_plans(company: Company, periods: Periods, until: str) -> None:
    """Bring the plans of all elements up to `until` in step with their events."""
    rows = company.db.all(
        "SELECT e.*, n.id AS plan, COALESCE((SELECT SUM(p.amount) FROM planned p"
        " WHERE p.plan = n.id), 0) AS planned_units"
        " FROM element e LEFT JOIN plan n ON n.element = e.id"
        " WHERE e.rule IS NOT NULL AND e.elementdate <= ?"
        " AND (n.id IS NULL OR planned_units <> e.amount - e.netted)"
        " ORDER BY e.id",
        (until,),
    )
    for element in rows:
        _update(company, periods, element, until)


def _update(company: Company, periods: Periods, element: Row, until: str) -> None:
    db = company.db
    slices = _slices(company, periods, element, until)
    plan = element["plan"]
    if plan is None:
        if not slices:
            return
        plan = db.execute(
            "INSERT INTO plan (element, createddate) VALUES (?, ?)",
            (element["id"], company.clock.stamp()),
        ).lastrowid
    db.execute("DELETE FROM planned WHERE plan = ? AND journal IS NULL", (plan,))
    done: int = db.value("SELECT COALESCE(SUM(amount), 0) FROM planned WHERE plan = ?", (plan,))
    for part in _minus(slices, done):
        if part.units:
            db.execute(
                "INSERT INTO planned (plan, amount, plannedperiod) VALUES (?, ?, ?)",
                (plan, part.units, part.period),
            )


def _minus(slices: list[Slice], done: int) -> list[Slice]:
    """Take what is already recognized off the earliest slices; an excess goes to the last."""
    left: list[Slice] = []
    for part in slices:
        take = part.units
        if done and (part.units > 0) == (done > 0):
            take = part.units - (min(part.units, done) if done > 0 else max(part.units, done))
            done -= part.units - take
        left.append(Slice(part.period, take))
    if done and left:
        last = left[-1]
        left[-1] = Slice(last.period, last.units - done)
    return left


def _slices(company: Company, periods: Periods, element: Row, until: str) -> list[Slice]:
    """Split what is to be recognized by now into periods, oldest first."""
    target = element["amount"] - element["netted"]
    events = _events(company, element, until)
    if not events:
        return []
    straight = company.must("revRecRule", element["rule"]).body["method"] == "straight-line"
    whole = sum(units for _, units in events)
    out: list[Slice] = []
    precision = company.precision(element["currency"])
    seen = 0
    given = 0
    for day, units in events:
        seen += units
        # Billing more than was ordered cannot recognize more than the element holds.
        upto = (
            target
            if seen == whole == element["amount"]
            else share(target, seen, element["amount"] or 1, precision)
        )
        part, given = upto - given, upto
        out.extend(_spread(company, periods, element, day, part) if straight
                   else [Slice(_period(periods, day).id, part)])  # fmt: skip
    return out


def _events(company: Company, element: Row, until: str) -> list[tuple[str, int]]:
    """What has happened to an element: (date, amount), oldest first."""
    on = element["planson"] or ON_CREATION
    if on == ON_CREATION:
        return [(element["elementdate"], element["amount"])]
    if on != ON_BILLING:
        return []
    source = company.db.value("SELECT type FROM tx WHERE id = ?", (element["source"],))
    if source != "SalesOrd":
        # An invoice or credit memo is its own billing; so is one deleted after recognition.
        return [(element["elementdate"], element["amount"])]
    rows = company.db.all(
        "SELECT t.trandate, l.amount FROM link l JOIN tx t ON t.id = l.nextdoc"
        " WHERE l.previousdoc = ? AND l.linktype = 'OrdBill' AND l.previousline = ?"
        " AND t.trandate <= ? ORDER BY t.trandate, t.id",
        (element["source"], element["sourceline"], until),
    )
    return [(row["trandate"], row["amount"]) for row in rows]


def _period(periods: Periods, day: str) -> Period:
    found = periods.containing(day) or periods.first_open(day)
    assert found is not None, f"no accounting period for {day}"
    return found


def _spread(company: Company, periods: Periods, element: Row, day: str, units: int) -> list[Slice]:
    """Spread evenly over the periods of the line's revenue dates; at once if it has none."""
    extra = company.db.value(
        "SELECT extra FROM line WHERE tx = ? AND id = ?", (element["source"], element["sourceline"])
    )
    start = end = None
    if extra:
        values = jsontext.loads(extra)
        start, end = values.get("revRecStartDate"), values.get("revRecEndDate")
    if not (start and end):
        return [Slice(_period(periods, day).id, units)]
    span = [p for p in periods.all() if p.end >= start and p.start <= end]
    precision = company.precision(element["currency"])
    out: list[Slice] = []
    given = 0
    for count, period in enumerate(span, 1):
        upto = share(units, count, len(span), precision)
        out.append(Slice(period.id, upto - given))
        given = upto
    return out
