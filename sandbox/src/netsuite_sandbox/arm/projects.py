"""How complete the project of a source line is, period by period.

Sources: "Percent-Complete Revenue Recognition Plans" (section_4356850525): no plan before progress
is recorded; "Using the Percent Complete Override Subtab" (section_4411389600): the line of a period
there overrides its approved time; a period with neither changes nothing (unsure); "Creating Revenue
Elements from Journal Entries" (section_4423536353): of a journal line the name is the project.
Where several name a project, the line comes first (unsure).
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from netsuite_sandbox.records.projects import complete, time_spent

if TYPE_CHECKING:
    from netsuite_sandbox.company import Company, Master
    from netsuite_sandbox.periods import Period, Periods
    from netsuite_sandbox.store.database import Row


def progress(
    company: Company, periods: Periods, element: Row, until: str
) -> list[tuple[Period, Fraction]]:
    """Return by period of progress, oldest first, what part of the project is complete at its end.

    The percentages are cumulative and may fall.
    """
    project = _project(company, element)
    if project is None:
        return []
    overrides = {
        line["period"]: Fraction(line["percent"]) / 100
        for line in project.body.get("percentCompleteOverride") or []
    }
    time = time_spent(company, project.id, until)
    touched = [periods.get(period) for period in overrides]
    touched += [periods.containing(day) for day, _ in time]
    known = {period.start: period for period in touched if period and period.start <= until}
    out: list[tuple[Period, Fraction]] = []
    for _, period in sorted(known.items()):
        hours = sum((part for day, part in time if day <= period.end), start=Fraction(0))
        out.append((period, overrides.get(period.id, complete(project.body, hours))))
    return out


def _project(company: Company, element: Row) -> Master | None:
    if element["projectrule"] is not None:
        return company.master("entity", element["entity"])
    row = company.db.one(
        "SELECT json_extract(l.extra, '$.job'), json_extract(t.extra, '$.job'), l.entity, t.entity"
        " FROM line l JOIN tx t ON t.id = l.tx WHERE l.tx = ? AND l.id = ?",
        (element["source"], element["sourceline"]),
    )
    found = [company.master("entity", number) for number in row or () if number is not None]
    return next((one for one in found if one is not None and one.type == "job"), None)
