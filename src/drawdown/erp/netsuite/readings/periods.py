"""Which accounting periods there are, and which of them take postings."""

from __future__ import annotations

from datetime import date

from drawdown.core.errors import ErpRefusedError
from drawdown.core.observed import ErpPeriod
from drawdown.erp.netsuite.transport import Transport


def periods(transport: Transport) -> tuple[ErpPeriod, ...]:
    """Return the base periods in order of time; adjustment periods are left out.

    Periods that are closed, or locked for receivables or wholly, are not open to us.
    """
    sql = (
        "SELECT p.id AS id, p.periodname AS name, "
        "TO_CHAR(p.startdate, 'YYYY-MM-DD') AS startdate, "
        "TO_CHAR(p.enddate, 'YYYY-MM-DD') AS enddate, p.closed AS closed, "
        "p.alllocked AS alllocked, p.arlocked AS arlocked FROM accountingperiod p "
        "WHERE p.isquarter = 'F' AND p.isyear = 'F' AND p.isadjust = 'F' AND p.isinactive = 'F' "
        "ORDER BY p.startdate, p.id"
    )
    return tuple(
        ErpPeriod(
            row["name"],
            date.fromisoformat(row["startdate"]),
            date.fromisoformat(row["enddate"]),
            "T" not in (row.get("closed"), row.get("alllocked"), row.get("arlocked")),
        )
        for row in transport.rows(sql)
    )


def books_open_from(transport: Transport) -> date | None:
    """Return the first day of the first period that takes postings; None if all do."""
    found = periods(transport)
    for place, period in enumerate(found):
        if period.is_open:
            return period.starts_on if place else None
    if not found:
        return None
    raise ErpRefusedError(
        "every accounting period in NetSuite is closed or locked; open one under Setup > "
        "Accounting > Manage Accounting Periods"
    )
