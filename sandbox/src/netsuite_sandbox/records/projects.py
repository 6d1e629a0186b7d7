"""Projects and the time entered for them.

Sources: REST API Browser 2026.1 (job, timeBill); "Using the Percent Complete Override Subtab"
(section_4411389600): a cumulative percentage is 0 to 100. A duration is "2:30" or "2.5" hours, the
estimate is Estimated Work or else Initial Time Budget (both unsure); tasks are not in the sandbox.
"""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from netsuite_sandbox.company import Company, Master
from netsuite_sandbox.errors import invalid_value, missing
from netsuite_sandbox.records.fields import Values

_DURATION = re.compile(r"(\d{1,6})(?::([0-5]\d)|(\.\d{1,4})?)")
_DURATIONS = ("estimatedTime", "estimatedTimeOverride", "plannedWork")
_PLANNED, _APPROVED = "P", "3"


def check_project(company: Company, values: Values, _me: Master | None) -> None:
    """Complete and check a project."""
    if not values.get("companyName"):
        raise missing(["Project Name"])
    parent = values.get("parent")
    customer = {} if parent is None else company.must("entity", parent).body
    for name in ("subsidiary", "currency"):
        if values.get(name) is None and customer.get(name) is not None:
            values[name] = customer[name]
    if values.get("subsidiary") is None:
        raise missing(["Subsidiary"])
    values.setdefault("currency", company.base_currency(values["subsidiary"]))
    values.setdefault("entityId", values["companyName"])
    values.setdefault("isInactive", False)
    for name in _DURATIONS:
        if values.get(name) is not None:
            _hours(values, name)
    for line in values.get("percentCompleteOverride") or []:
        if line.get("period") is None:
            raise missing(["Accounting Period"])
        percent = line.get("percent")
        if percent is None or not 0 <= percent <= 100:
            raise invalid_value(percent, "percent", "percentCompleteOverride.items.percent")


def check_time(company: Company, values: Values, _me: Master | None) -> None:
    """Complete and check a time entry."""
    labels = {"employee": "Employee", "hours": "Duration"}
    absent = [label for name, label in labels.items() if values.get(name) is None]
    if absent:
        raise missing(absent)
    _hours(values, "hours")
    values.setdefault("tranDate", company.clock.today().isoformat())
    values.setdefault("timeType", "A")


def time_spent(company: Company, project: int, until: str) -> list[tuple[str, Fraction]]:
    """Return day and hours of a project's actual time up to a day, oldest first.

    Source: "Journal Entries for Percent-Complete Revenue" (section_4357062961): entered and
    approved; an entry that names no status needs no approval (unsure).
    """
    rows = company.db.all(
        "SELECT id FROM master WHERE grp = 'timeBill' AND json_extract(body, '$.customer') = ?"
        " AND json_extract(body, '$.tranDate') <= ? ORDER BY json_extract(body, '$.tranDate'), id",
        (project, until),
    )
    bodies = [company.must("timeBill", row["id"]).body for row in rows]
    return [
        (body["tranDate"], _hours(body, "hours"))
        for body in bodies
        if body["timeType"] != _PLANNED and body.get("approvalStatus", _APPROVED) == _APPROVED
    ]


def complete(project: Values, hours: Fraction) -> Fraction:
    """Return what part of a project's estimated work so many hours are, at most all of it."""
    name = "estimatedTimeOverride" if project.get("estimatedTimeOverride") else "estimatedTime"
    estimate = _hours(project, name) if project.get(name) else Fraction(0)
    return min(hours / estimate, Fraction(1)) if estimate else Fraction(0)


def of_project(company: Company, project: Master) -> Values:
    """What a project shows of its time; the form of the duration is unsure."""
    spent = time_spent(company, project.id, company.clock.today().isoformat())
    hours = sum((part for _, part in spent), start=Fraction(0))
    minutes = round(hours * 60)
    part = complete(project.body, hours)
    percent = Decimal(part.numerator * 100) / Decimal(part.denominator)
    return {"actualTime": f"{minutes // 60}:{minutes % 60:02d}",
            "percentTimeComplete": round(percent, 2)}  # fmt: skip


def _hours(values: Values, name: str) -> Fraction:
    match = _DURATION.fullmatch(str(values[name]))
    if match is None:
        raise invalid_value(values[name], name, name)
    whole, minutes, part = match.groups()
    return int(whole) + Fraction(int(minutes or 0), 60) + Fraction(part or 0)
