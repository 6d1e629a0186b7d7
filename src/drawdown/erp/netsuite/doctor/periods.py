"""Accounting periods: open, locked, closed, and there at all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from drawdown.core.observed import Finding
from drawdown.core.policy import ClosedPeriod
from drawdown.erp.netsuite.doctor.look import Look, error, note, warning
from drawdown.erp.netsuite.doctor.role import has_table

PERIODS = "Setup > Accounting > Manage Accounting Periods"
AHEAD_DAYS = 62

_PERIODS = (
    "SELECT p.id AS id, p.periodname AS name, TO_CHAR(p.startdate, 'YYYY-MM-DD') AS start, "
    "TO_CHAR(p.enddate, 'YYYY-MM-DD') AS finish, p.closed AS closed, p.alllocked AS alllocked, "
    "p.arlocked AS arlocked FROM accountingperiod p WHERE p.isquarter = 'F' AND p.isyear = 'F' "
    "AND p.isadjust = 'F' AND p.isinactive = 'F' ORDER BY p.startdate, p.id"
)


def state(look: Look) -> Iterator[Finding]:
    """Which periods take postings, and whether today's does."""
    if not has_table(look, "accountingperiod"):
        return  # told as a feature
    rows = list(look.rows(_PERIODS))
    today = look.today.isoformat()
    open_ones = [
        row
        for row in rows
        if "T" not in (row.get("closed"), row.get("alllocked"), row.get("arlocked"))
    ]
    if not open_ones:
        yield error(
            "no_open_period",
            "no accounting period takes postings to receivables",
            f"{PERIODS}: open one",
            "nothing can be delivered",
        )
        return
    first = open_ones[0]
    yield note(
        "first_open_period", f"postings are taken from {first['start']} ({first['name']}) on"
    )
    for row in rows:
        if row.get("closed") == "T" or "T" not in (row.get("alllocked"), row.get("arlocked")):
            continue
        what = "all transactions" if row.get("alllocked") == "T" else "receivables"
        is_current = row["start"] <= today <= row["finish"]
        make = error if is_current else warning
        yield make(
            "period_locked",
            f"{row['name']} is locked for {what} and not closed",
            f"{PERIODS} > {row['name']}: unlock it, or close it; or the role's permission Override "
            "Period Restrictions",
            f"facts dated in it {_moved(look)}",
        )
    current = [row for row in rows if row["start"] <= today <= row["finish"]]
    if current and current[0].get("closed") == "T":
        yield warning(
            "period_closed_today",
            f"today's period {current[0]['name']} is closed",
            f"{PERIODS} > {current[0]['name']}",
            f"facts dated in it {_moved(look)}",
        )


def _moved(look: Look) -> str:
    if look.policy.closed_period is ClosedPeriod.HOLD:
        return "are held until somebody opens it"
    return "are posted on the first open day"


def coming(look: Look) -> Iterator[Finding]:
    """Whether there are periods for the next two months."""
    if not has_table(look, "accountingperiod"):
        return
    last = max((row["finish"] for row in look.rows(_PERIODS)), default="")
    until = look.today + timedelta(days=AHEAD_DAYS)
    if last < until.isoformat():
        yield warning(
            "periods_end",
            f"the last accounting period ends on {last or 'no day: there is none'}",
            f"{PERIODS} > Set Up Full Year",
            "facts dated later are refused: there is no period to post to",
        )
