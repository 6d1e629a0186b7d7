"""Which accounting periods take postings."""

from __future__ import annotations

from datetime import date

from drawdown.core.errors import ErpRefusedError
from drawdown.erp.netsuite.transport import Transport


def books_open_from(transport: Transport) -> date | None:
    """Return the first day of the first period that takes postings; None if all do.

    Periods that are closed, or locked for receivables or wholly, do not.
    """
    sql = (
        "SELECT p.id AS id, TO_CHAR(p.startdate, 'YYYY-MM-DD') AS startdate, p.closed AS closed, "
        "p.alllocked AS alllocked, p.arlocked AS arlocked FROM accountingperiod p "
        "WHERE p.isquarter = 'F' AND p.isyear = 'F' AND p.isadjust = 'F' AND p.isinactive = 'F' "
        "ORDER BY p.startdate, p.id"
    )
    is_first = True
    for row in transport.rows(sql):
        if "T" not in (row.get("closed"), row.get("alllocked"), row.get("arlocked")):
            return None if is_first else date.fromisoformat(row["startdate"])
        is_first = False
    if is_first:
        return None
    raise ErpRefusedError(
        "every accounting period in NetSuite is closed or locked; open one under Setup > "
        "Accounting > Manage Accounting Periods"
    )
