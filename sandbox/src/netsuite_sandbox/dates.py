"""Dates as an account shows them.

Sources: "Record Collection Filtering" (filters use N/query, which has the date format of the
account and not ISO), third-party queries (SuiteQL answers 7/31/2026). The list of formats is that
of Set Preferences as scripts see it in DATEFORMAT (third parties; unsure whether complete).
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache

DEFAULT = "M/D/YYYY"
FORMATS = (
    DEFAULT, "MM/DD/YYYY", "D/M/YYYY", "DD/MM/YYYY", "D-Mon-YYYY", "DD-Mon-YYYY", "D.M.YYYY",
    "DD.MM.YYYY", "D-MONTH-YYYY", "DD-MONTH-YYYY", "D MONTH, YYYY", "DD MONTH, YYYY", "YYYY/M/D",
    "YYYY/MM/DD", "YYYY-M-D", "YYYY-MM-DD",
)  # fmt: skip
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_PART = re.compile(r"YYYY|MONTH|Mon|MM|M|DD|D")
_DIGITS = {
    "YYYY": r"\d{4}|\d{2}",
    "MM": r"\d{1,2}",
    "M": r"\d{1,2}",
    "DD": r"\d{1,2}",
    "D": r"\d{1,2}",
}


def shown(day: date, form: str) -> str:
    """Write a date in one of FORMATS."""
    name = MONTHS[day.month - 1]
    parts = {
        "YYYY": f"{day.year:04d}", "MONTH": name.upper(), "Mon": name[:3], "MM": f"{day.month:02d}",
        "M": str(day.month), "DD": f"{day.day:02d}", "D": str(day.day),
    }  # fmt: skip
    return _PART.sub(lambda found: parts[found[0]], form)


def pattern(form: str) -> str:
    """Name one of FORMATS as NetSuite does in a refusal: M/d/yy."""
    names = {"YYYY": "yy", "MONTH": "MMMM", "Mon": "MMM", "DD": "dd", "D": "d"}
    return _PART.sub(lambda found: names.get(found[0], found[0]), form)


def read(text: str, form: str) -> date | None:
    """Read a date in one of FORMATS; None if it is none.

    Leading zeros and case do not matter, nor does the century: "2/14/23" is of 2023. Source: "Use
    Case for Retrieving Journal Entries Created After a Date".
    """
    found = _pattern(form).fullmatch(text.strip())
    if found is None:
        return None
    given = found.groupdict()
    month = given.get("M") or given.get("MM")
    number = int(month) if month else _month(given.get("MONTH") or given.get("Mon") or "")
    try:
        year = given["YYYY"]
        return date(int(f"20{year}"[-4:]), number, int(given.get("D") or given.get("DD") or 0))
    except ValueError:
        return None


def _month(name: str) -> int:
    start = name[:3].capitalize()
    return next((i for i, month in enumerate(MONTHS, 1) if month[:3] == start), 0)


@cache
def _pattern(form: str) -> re.Pattern[str]:
    out, at = "", 0
    for found in _PART.finditer(form):
        out += re.escape(form[at : found.start()])
        out += f"(?P<{found[0]}>{_DIGITS.get(found[0], '[A-Za-z]{3,9}')})"
        at = found.end()
    return re.compile(out + re.escape(form[at:]))
