"""Estimate and return authorization: non-posting documents with priced item lines.

Sources: "Estimates", "Customer Return Management"; the letters of both as third-party searches
name them (Estimate:A, RtnAuth:A to H). A service item has nothing to receive, so an approved
return authorization stands at Pending Refund, as an order of services at Pending Billing (unsure).
"""

from __future__ import annotations

from netsuite_sandbox.ledger import Header
from netsuite_sandbox.money import to_decimal
from netsuite_sandbox.records import header as headers, itemlines
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.kinds import Books, Draft, Kind


def _build(books: Books, kind: Kind, values: Values, old: Header | None) -> Draft:
    back = kind.code == "RtnAuth"
    head = headers.start(books, kind, values, old)
    head.posting = False
    used = [line.id for line in books.ledger.lines(head.id)] if old else None
    lines, head.total = itemlines.build(books, head, values["item"], 1 if back else -1, used)
    head.account = books.company.special_account("SalesOrd")
    head.open = head.total
    head.status = "A"
    if back and values.get("orderStatus") != "A":
        head.status = "F"
        head.arm = itemlines.has_elements(books, lines)
    return Draft(head, [itemlines.main_line(head, head.account, lines), *lines])


def _settle(books: Books, draft: Draft) -> None:
    refresh(books, draft.header.id)


def refresh(books: Books, tx: int | None) -> None:
    """Set status and open amount of a return authorization from what is refunded for it."""
    head = books.ledger.header(tx) if tx is not None else None
    if head is None or head.type != "RtnAuth" or head.status not in {"F", "G"}:
        return
    books.company.db.execute("UPDATE element SET stale = 1 WHERE source = ?", (head.id,))
    refunded = books.company.db.value(
        "SELECT COALESCE(SUM(total), 0) FROM tx WHERE createdfrom = ?"
        " AND type IN ('CustCred', 'CashRfnd')",
        (head.id,),
    )
    left = max(head.total - refunded, 0)
    books.ledger.set_open(head.id, left, "F" if left or not head.total else "G")


def _show(books: Books, head: Header) -> Values:
    sign = 1 if head.type == "RtnAuth" else -1
    out: Values = {
        "total": to_decimal(head.total), "subtotal": to_decimal(head.total), "account": None,
        "postingPeriod": None, "item": itemlines.show(books.ledger.lines(head.id), sign),
    }  # fmt: skip
    if sign > 0:
        out["orderStatus"] = "A" if head.status == "A" else "B"
    return out


ESTIMATE = Kind(
    "estimate", "Estimate", "Estimate", "EST", "entity", _build, show=_show, sublists=("item",),
    required=("entity", "item"), receivables=False, posts=False,
    statuses={"A": "Open", "B": "Processed", "C": "Closed", "V": "Voided", "X": "Expired"},
)  # fmt: skip
RETURN = Kind(
    "returnAuthorization", "RtnAuth", "Return Authorization", "RMA", "entity", _build,
    settle=_settle, show=_show, sublists=("item",), required=("entity", "item"),
    receivables=False, posts=False,
    statuses={
        "A": "Pending Approval", "B": "Pending Receipt", "C": "Cancelled",
        "D": "Partially Received", "E": "Pending Refund/Partially Received",
        "F": "Pending Refund", "G": "Refunded", "H": "Closed",
    },
)  # fmt: skip
