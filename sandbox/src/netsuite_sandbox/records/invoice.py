"""Invoice: Dr Accounts Receivable / Cr income or, for deferred items, the deferral account.

Source: "Transactional Impact for Workflow Based Invoice Approvals" (bridgehead_4025082250): one
that waits for approval does not post, cannot be paid and makes no revenue, but bills its order.
"""

from __future__ import annotations

from netsuite_sandbox.errors import NEGATIVE_TOTAL, user_error
from netsuite_sandbox.ledger import Header
from netsuite_sandbox.money import to_decimal
from netsuite_sandbox.records import header as headers, itemlines, sales_order
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.kinds import Books, Draft, Kind

_PENDING, _APPROVED, _REJECTED = "1", "2", "3"


def receivables_account(books: Books, values: Values, entity: int | None, name: str) -> int:
    """Return the A/R account: the one named, the customer's own, or the company's."""
    chosen = values.get(name)
    if chosen is None and entity is not None:
        chosen = books.company.must("entity", entity).body.get("receivablesAccount")
    if chosen is None:
        return books.company.special_account("AcctRec")
    if books.company.account_type(chosen) != "AcctRec":
        raise user_error("Please choose an Accounts Receivable account.")
    return int(chosen)


def build(books: Books, kind: Kind, values: Values, old: Header | None) -> Draft:
    """Build an invoice."""
    approval = _approval(books, values, old)
    head = headers.start(books, kind, values, old, pending=approval != _APPROVED)
    head.posting = approval == _APPROVED
    used = [line.id for line in books.ledger.lines(head.id)] if old else None
    lines, head.total = itemlines.build(books, head, values["item"], -1, used)
    if head.total < 0:
        raise user_error(NEGATIVE_TOTAL)  # Seen by third parties.
    head.account = receivables_account(books, values, head.entity, "account")
    paid = old.total - old.open if old and old.posting else 0
    if head.total < paid:
        raise user_error(
            f"The total {to_decimal(head.total)} is less than what is applied to the invoice, "
            f"{to_decimal(paid)}."
        )
    if head.posting:
        head.open = head.total - paid
        head.status = "A" if head.open else "B"
    else:
        head.status = "E" if approval == _REJECTED else "D"
    if books.company.settings["require_invoice_approval"]:
        head.extra["approvalStatus"] = approval
    head.arm = head.posting and itemlines.has_elements(books, lines)
    return Draft(head, [itemlines.main_line(head, head.account, lines), *lines])


def _approval(books: Books, values: Values, old: Header | None) -> str:
    """Where an invoice stands; what has posted stays approved (unsure)."""
    posted = old is not None and old.posting
    if posted or not books.company.settings["require_invoice_approval"]:
        return _APPROVED
    given = values.get("approvalStatus")
    return given if given in {_APPROVED, _REJECTED} else _PENDING


def settle(books: Books, draft: Draft) -> None:
    """Link the lines to the lines they bill, of an order or (by credits) of a return."""
    head = draft.header
    orders: set[int] = set()
    for line in draft.lines:
        if line.orderdoc is not None and line.orderline is not None:
            books.ledger.link(
                (line.orderdoc, line.orderline), (head.id, line.id), "OrdBill", -line.amount,
                day=head.trandate,
            )  # fmt: skip
            orders.add(line.orderdoc)
    for order in orders:
        sales_order.refresh(books, order)


def undo(books: Books, draft: Draft) -> None:
    """Unlink from the order. The order's status is refreshed by the caller after the change."""
    books.company.db.execute(
        "DELETE FROM link WHERE nextdoc = ? AND linktype = 'OrdBill'", (draft.header.id,)
    )


def show(books: Books, head: Header) -> Values:
    """Computed fields."""
    lines = books.ledger.lines(head.id)
    tax = -sum(line.amount for line in lines if line.taxline)
    due = head.open if head.posting else head.total
    return {
        "total": to_decimal(head.total), "subtotal": to_decimal(head.total - tax),
        "taxTotal": to_decimal(tax), "amountRemaining": to_decimal(due),
        "amountPaid": to_decimal(head.total - due),
        "item": itemlines.show(lines, -1),
    }  # fmt: skip


KIND = Kind(
    "invoice", "CustInvc", "Invoice", "INV", "entity", build, settle=settle, undo=undo, show=show,
    sublists=("item",), required=("entity", "item"),
    statuses={"A": "Open", "B": "Paid In Full", "D": "Pending Approval", "E": "Rejected",
              "V": "Voided"},
)  # fmt: skip
