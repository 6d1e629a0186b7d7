"""What of an element is billed, cumulative to the end of a period.

Sources: "Unbilled Receivable Adjustment" (section_160590749111): an element of a journal entry
counts as fully billed, a negative one as fully credited; unapproved bills do not count
(section_4363759368); bills of an order and of a subscription count for the elements they bill.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netsuite_sandbox.company import Company
    from netsuite_sandbox.store.database import Row

_UNTIL = (
    " AND t.posting = 'T' AND (SELECT json_extract(m.body, '$.startDate') FROM master m"
    " WHERE m.grp = 'accountingPeriod' AND m.id = t.postingperiod) <= ?"
)


def billed_units(company: Company, element: Row, period_start: str) -> int:
    """Return what bills posted up to a period bill of an element, less what credits netted."""
    if element["subscriptionline"] is not None:
        return _of_charges(company, element["subscriptionline"], period_start)
    source = company.db.one("SELECT type FROM tx WHERE id = ?", (element["source"],))
    if source is None or source["type"] != "SalesOrd":
        return int(element["amount"] - element["netted"])
    units: int = company.db.value(
        "SELECT COALESCE(SUM(k.amount), 0) FROM link k JOIN tx t ON t.id = k.nextdoc"
        " WHERE k.previousdoc = ? AND k.previousline = ? AND k.linktype = 'OrdBill'" + _UNTIL,
        (element["source"], element["sourceline"], period_start),
    )
    return units - int(element["netted"])


def _of_charges(company: Company, line: int, period_start: str) -> int:
    total = 0
    for document, number in (("invoice", "invoiceLine"), ("creditMemo", "creditMemoLine")):
        units: int = company.db.value(
            "SELECT COALESCE(SUM(-l.amount), 0) FROM master c"
            f" JOIN line l ON l.tx = json_extract(c.body, '$.{document}')"
            f" AND l.id = CAST(json_extract(c.body, '$.{number}') AS INTEGER)"
            " JOIN tx t ON t.id = l.tx"
            " WHERE c.grp = 'charge' AND json_extract(c.body, '$.subscriptionLine') = ?" + _UNTIL,
            (line, period_start),
        )
        total += units
    return total
