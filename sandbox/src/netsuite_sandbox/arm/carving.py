"""The carve in/carve out adjustment: billings of an arrangement moved to where its revenue is.

Sources: "Carve In/Carve Out Adjustment" (section_160590770660): only in periods with an invoice of
the arrangement, debit deferred revenue for a carve-out, credit for a carve-in; ratios of "Fair
Value and Allocation" (section_4369989562); an element with nothing billed carves nothing out
(section_160590775813), credit memos trigger nothing (section_160590775067), excluded elements take
no part (section_4365499406).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netsuite_sandbox.arm.billed import billed
from netsuite_sandbox.arm.moves import CARVE, Move, in_ratio
from netsuite_sandbox.money import share

if TYPE_CHECKING:
    from netsuite_sandbox.company import Company
    from netsuite_sandbox.periods import Period
    from netsuite_sandbox.store.database import Row


def carve_moves(
    company: Company, elements: list[Row], asked: Period, posting: Period
) -> list[Move]:
    """Return what is to be carved at the end of a period, less what was before."""
    parts = [row for row in elements if row["allocationtype"] != "EXCLUDE"]
    gains = [max(row["revenue"] - row["amount"], 0) for row in parts]
    if not any(gains) or not _invoiced(company, elements, asked, posting):
        return []
    outs = [_out(company, row, asked) for row in parts]
    precision = company.precision(parts[0]["currency"])
    base_precision = company.precision(company.base_currency(parts[0]["subsidiary"]))
    ins = in_ratio(sum(units for units, _ in outs), gains, precision)
    bases = in_ratio(sum(base for _, base in outs), gains, base_precision)
    moves: list[Move] = []
    for row, (units, base), units_in, base_in in zip(parts, outs, ins, bases, strict=True):
        done = carved(company, row)
        left = (units - units_in - done[0], base - base_in - done[1])
        if any(left):
            moves.append(Move(CARVE, row, left[1], amount=left[0]))
    return moves


def carved(company: Company, element: Row) -> tuple[int, int]:
    """What was carved out of an element (in: negative), transaction and base currency."""
    row = company.db.one(
        "SELECT COALESCE(SUM(amount), 0), COALESCE(SUM(base), 0) FROM reclass"
        " WHERE element = ? AND kind = ?",
        (element["id"], CARVE),
    )
    assert row is not None
    return row[0], row[1]


def _out(company: Company, element: Row, asked: Period) -> tuple[int, int]:
    """The carve-out ratio's part of what is billed of an element."""
    gross, base = billed(company, element, asked.start)
    excess = element["amount"] - element["revenue"]
    if excess <= 0 or gross <= 0:
        return 0, 0
    precision = company.precision(element["currency"])
    units = share(excess, gross, element["amount"], precision)
    base_precision = company.precision(company.base_currency(element["subsidiary"]))
    return units, share(base, units, gross, base_precision)


def _invoiced(company: Company, elements: list[Row], asked: Period, posting: Period) -> bool:
    """Whether an invoice or cash sale of the arrangement is in the period."""
    return any(
        company.db.one(
            "SELECT 1 FROM tx t WHERE t.type IN ('CustInvc', 'CashSale') AND t.posting = 'T'"
            " AND t.postingperiod IN (?1, ?2) AND (t.id = ?3"
            "  OR t.id IN (SELECT nextdoc FROM link"
            "   WHERE previousdoc = ?3 AND linktype = 'OrdBill')"
            "  OR t.id IN (SELECT json_extract(body, '$.invoice') FROM master WHERE grp = 'charge'"
            "   AND json_extract(body, '$.subscriptionLine') = ?4)) LIMIT 1",
            (asked.id, posting.id, row["source"], row["subscriptionline"]),
        )
        is not None
        for row in elements
    )
