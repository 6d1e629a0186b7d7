"""What of an element is billed, cumulative to the end of a period.

Sources: "Unbilled Receivable Adjustment" (section_160590749111): an element of a journal entry
counts as fully billed, a negative one as fully credited; unapproved bills do not count
(section_4363759368); bills of an order, subscription or project and credits of a return
authorization count for the elements that they bill.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netsuite_sandbox.money import share

if TYPE_CHECKING:
    from netsuite_sandbox.company import Company
    from netsuite_sandbox.store.database import Row

_UNTIL = (
    " AND t.posting = 'T' AND (SELECT json_extract(m.body, '$.startDate') FROM master m"
    " WHERE m.grp = 'accountingPeriod' AND m.id = t.postingperiod) <= ?"
)


def billed(company: Company, element: Row, period_start: str) -> tuple[int, int]:
    """Return what bills posted up to a period bill of an element, less what credits netted.

    Returns:
        Units of transaction and of base currency, each bill at its own exchange rate.
    """
    if element["subscriptionline"] is not None:
        where = "json_extract(c.body, '$.subscriptionLine') = ?"
        return _of_charges(company, where, (element["subscriptionline"],), period_start)
    if element["projectrule"] is not None:
        where = "json_extract(c.body, '$.billTo') = ? AND json_extract(c.body, '$.billingItem') = ?"
        return _of_charges(company, where, (element["entity"], element["item"]), period_start)
    source = company.db.one("SELECT type FROM tx WHERE id = ?", (element["source"],))
    netted, netted_base = _netted(company, element)
    if source is None or source["type"] not in {"SalesOrd", "RtnAuth"}:
        return element["amount"] - netted, element["base"] - netted_base
    row = company.db.one(
        "SELECT COALESCE(SUM(k.amount), 0), COALESCE(SUM(-l.base), 0) FROM link k"
        " JOIN tx t ON t.id = k.nextdoc"
        " JOIN line l ON l.tx = k.nextdoc AND l.id = k.nextline"
        " WHERE k.previousdoc = ? AND k.previousline = ? AND k.linktype = 'OrdBill'" + _UNTIL,
        (element["source"], element["sourceline"], period_start),
    )
    assert row is not None
    return row[0] - netted, row[1] - netted_base


def _netted(company: Company, element: Row) -> tuple[int, int]:
    """What credit memos took off, at the memos' own rates; of a memo what it took off others."""
    precision = company.precision(company.base_currency(element["subsidiary"]))
    if element["amount"] < 0:
        whole = share(element["base"], element["netted"], element["amount"], precision)
        return element["netted"], whole
    base = 0
    for row in company.db.all(
        "SELECT n.amount, c.amount AS whole, c.base FROM netting n"
        " JOIN element c ON c.id = n.credit WHERE n.debit = ?",
        (element["id"],),
    ):
        base += share(row["base"], row["amount"], row["whole"], precision)
    return element["netted"], base


def _of_charges(
    company: Company, where: str, values: tuple[int, ...], period_start: str
) -> tuple[int, int]:
    total = base = 0
    for document, number in (("invoice", "invoiceLine"), ("creditMemo", "creditMemoLine")):
        row = company.db.one(
            "SELECT COALESCE(SUM(-l.amount), 0), COALESCE(SUM(-l.base), 0) FROM master c"
            f" JOIN line l ON l.tx = json_extract(c.body, '$.{document}')"
            f" AND l.id = CAST(json_extract(c.body, '$.{number}') AS INTEGER)"
            " JOIN tx t ON t.id = l.tx"
            f" WHERE c.grp = 'charge' AND {where}" + _UNTIL,
            (*values, period_start),
        )
        assert row is not None
        total += row[0]
        base += row[1]
    return total, base
