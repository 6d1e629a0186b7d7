"""Revenue plans: when the amount of an element is recognized.

A plan exists only for an element whose item has a recognition rule and whose event (Create Revenue
Plans On) has happened. Planned lines that are in a journal never change; the rest is planned anew
whenever the element or its events change.

Sources: "Revenue Recognition Plans" (section_4351787245): with Billing and an event-amount rule
each billing has a plan of its own; "Updating Revenue Recognition Plans" (section_4351787732): no
plan while the element lacks the dates its rule asks for, or there is no accounting period for them.
"""

from __future__ import annotations

from dataclasses import replace

from netsuite_sandbox.arm.events import ON_PROGRESS, Event, by_progress, events_of, last_day
from netsuite_sandbox.arm.project_rules import ON_PROJECT_EVENT
from netsuite_sandbox.arm.rules import Rule, end_date, schedule
from netsuite_sandbox.company import Company
from netsuite_sandbox.money import share
from netsuite_sandbox.periods import Period, Periods
from netsuite_sandbox.store.database import Row

Slice = tuple[int, int]  # period id, units


def update_plans(company: Company, periods: Periods, until: str) -> int:
    """Bring the plans of all elements up to `until` in step; return how many were looked at."""
    rows = company.db.all(
        "SELECT e.* FROM element e WHERE e.rule IS NOT NULL AND e.elementdate <= ?"
        f" AND (e.stale = 1 OR e.planson IN ({ON_PROGRESS}, {ON_PROJECT_EVENT})"
        " OR e.revenue - e.netted <>"
        "  (SELECT COALESCE(SUM(p.amount), 0) FROM planned p JOIN plan n ON n.id = p.plan"
        "   WHERE n.element = e.id)) ORDER BY e.id",
        (until,),
    )
    for element in rows:
        _update(company, periods, element, until)
    return len(rows)


def _update(company: Company, periods: Periods, element: Row, until: str) -> None:
    rule = Rule.of(company.must("revRecRule", element["rule"]).body)
    groups: dict[str, list[Event]] = {}
    for event in _fitted(company, element, _allocated(company, periods, element, rule, until)):
        groups.setdefault(event.plan, []).append(event)
    slices = {
        key: _slices(company, periods, element, rule, events) for key, events in groups.items()
    }
    if any(found is None for found in slices.values()):
        return  # The element lacks a date, or the company a period.
    db = company.db
    known = {row["event"]: row["id"] for row in db.all(
        "SELECT id, event FROM plan WHERE element = ?", (element["id"],))}  # fmt: skip
    for key, events in groups.items():
        planned = slices[key]
        assert planned is not None
        plan = known.pop(key, None)
        if plan is None:
            plan = db.execute(
                "INSERT INTO plan (element, event, createddate) VALUES (?, ?, ?)",
                (element["id"], key, company.clock.stamp()),
            ).lastrowid
            assert plan is not None
        db.execute("UPDATE plan SET amount = ? WHERE id = ?", (sum(e.units for e in events), plan))
        left = _ahead if by_progress(company, element) else _minus
        _plan(company, plan, left(company, periods, plan, planned))
    for plan in known.values():
        _drop(company, periods, element, plan, until)
    db.execute("UPDATE element SET stale = 0 WHERE id = ?", (element["id"],))


def _allocated(
    company: Company, periods: Periods, element: Row, rule: Rule, until: str
) -> list[Event]:
    """The events of an element in terms of its revenue amount.

    Source: section_4356113783, event amount / discounted sales amount x revenue amount. What is
    sold for nothing is all due with its first event (unsure).
    """
    events = events_of(company, periods, element, rule, until)
    whole, revenue = element["amount"], element["revenue"]
    if revenue == whole:
        return events
    precision = company.precision(element["currency"])
    out: list[Event] = []
    seen = given = 0
    for event in events:
        seen += event.units
        upto = share(revenue, seen, whole, precision) if whole else revenue
        out.append(replace(event, units=upto - given))
        given = upto
    return out


def _fitted(company: Company, element: Row, events: list[Event]) -> list[Event]:
    """Limit events to the element's amount and take off what credit memos netted, latest first.

    Billing more than was ordered cannot recognize more than the element holds.
    """
    sign = -1 if element["revenue"] < 0 else 1
    units = [sign * event.units for event in events]
    excess = max(sum(units) - abs(element["revenue"]), 0)
    for index in reversed(range(len(events))):
        take = min(excess, max(units[index], 0))
        units[index] -= take
        excess -= take
    off = min(sign * element["netted"], sum(units))
    for index in reversed(range(len(events))):
        take = min(off, max(units[index] - _recognized(company, element, events[index], sign), 0))
        units[index] -= take
        off -= take
    if off and units:
        units[-1] -= off
    return [
        Event(event.plan, event.day, sign * left, event.start, event.end)
        for event, left in zip(events, units, strict=True)
    ]


def _recognized(company: Company, element: Row, event: Event, sign: int) -> int:
    units: int = company.db.value(
        "SELECT COALESCE(SUM(p.amount), 0) FROM planned p JOIN plan n ON n.id = p.plan"
        " WHERE n.element = ? AND n.event = ? AND p.journal IS NOT NULL",
        (element["id"], event.plan),
    )
    return sign * units


def _slices(
    company: Company, periods: Periods, element: Row, rule: Rule, events: list[Event]
) -> list[Slice] | None:
    """Split the events of one plan into periods; None if a date or its period is missing."""
    precision = company.precision(element["currency"])
    merged: dict[int, int] = {}
    for event in events:
        dates: dict[str, str | None] = {
            "arrangement": element["elementdate"], "event": event.day,
            "source": element["elementdate"], "element": element["startdate"],
            "subscription": event.start or element["startdate"],
        }  # fmt: skip
        start = dates[rule.start]
        ends = {**dates, "element": element["enddate"],
                "subscription": event.end or element["enddate"]}  # fmt: skip
        if start is None or (rule.end in ends and ends[rule.end] is None):
            return None
        if periods.containing(start) is None:
            later = periods.first_open(start)
            if later is None:
                return None
            start = later.start
        base = periods.all()
        span = (start, end_date(rule, start, ends, base))
        parts = schedule(rule, event.units, span, base, precision)
        if parts is None:
            return None
        for period, units in parts:
            merged[period] = merged.get(period, 0) + units
    return sorted(merged.items(), key=lambda part: _start(periods, part[0]))


def _start(periods: Periods, period: int) -> str:
    found = periods.get(period)
    assert found is not None
    return found.start


def _plan(company: Company, plan: int, slices: list[Slice]) -> None:
    """Write the planned lines that are not in a journal."""
    db = company.db
    db.execute("DELETE FROM planned WHERE plan = ? AND journal IS NULL", (plan,))
    for period, units in slices:
        if units:
            db.execute(
                "INSERT INTO planned (plan, amount, plannedperiod) VALUES (?, ?, ?)",
                (plan, units, period),
            )


def _done(company: Company, plan: int) -> int:
    units: int = company.db.value(
        "SELECT COALESCE(SUM(amount), 0) FROM planned WHERE plan = ? AND journal IS NOT NULL",
        (plan,),
    )
    return units


def _ahead(company: Company, periods: Periods, plan: int, slices: list[Slice]) -> list[Slice]:
    """Leave the periods that are recognized; the next one corrects them.

    Source: "Journal Entries for Percent-Complete Revenue" (section_4357062961).
    """
    rows = company.db.all(
        "SELECT DISTINCT plannedperiod FROM planned WHERE plan = ? AND journal IS NOT NULL", (plan,)
    )
    last = max((_start(periods, row["plannedperiod"]) for row in rows), default="")
    known = [part for part in slices[:-1] if _start(periods, part[0]) <= last]
    first, *others = slices[len(known) :]
    due = first[1] + sum(units for _, units in known) - _done(company, plan)
    return [(first[0], due), *others]


def _minus(company: Company, _periods: Periods, plan: int, slices: list[Slice]) -> list[Slice]:
    """Take what is already recognized off the earliest slices; an excess goes to the last."""
    done = _done(company, plan)
    left: list[Slice] = []
    for period, units in slices:
        take = units
        if done and (units > 0) == (done > 0):
            take = units - (min(units, done) if done > 0 else max(units, done))
            done -= units - take
        left.append((period, take))
    if done and left:
        period, units = left[-1]
        left[-1] = (period, units - done)
    return left


def _drop(company: Company, periods: Periods, element: Row, plan: int, until: str) -> None:
    """Remove a plan whose event is gone; take back in `until`'s period what it recognized.

    Without a last date that is today's period.
    """
    db = company.db
    db.execute("DELETE FROM planned WHERE plan = ? AND journal IS NULL", (plan,))
    if db.one("SELECT 1 FROM planned WHERE plan = ?", (plan,)) is None:
        db.execute("DELETE FROM plan WHERE id = ?", (plan,))
        return
    db.execute("UPDATE plan SET amount = 0 WHERE id = ?", (plan,))
    day = max(element["elementdate"], last_day(company, until))
    _plan(company, plan, [(_period(periods, day).id, -_done(company, plan))])


def _period(periods: Periods, day: str) -> Period:
    found = periods.containing(day) or periods.first_open(day)
    assert found is not None, f"no accounting period for {day}"
    return found
