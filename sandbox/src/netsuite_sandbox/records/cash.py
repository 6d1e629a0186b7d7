"""Cash sale: Dr Undeposited Funds or bank / Cr income or deferral account. Cash refund: its mirror.

Sources: "Cash Sales", "Refunding a Cash Sale"; status letters of cash sales as third-party searches
name them (CashSale:A to C). A cash refund has no letter but Voided (unsure).
"""

from __future__ import annotations

from netsuite_sandbox.errors import NEGATIVE_TOTAL, user_error
from netsuite_sandbox.ledger import Header
from netsuite_sandbox.money import to_decimal
from netsuite_sandbox.records import header as headers, invoice, itemlines
from netsuite_sandbox.records.customer_payment import bank_account
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.kinds import Books, Draft, Kind


def _build(books: Books, kind: Kind, values: Values, old: Header | None) -> Draft:
    refund = kind.code == "CashRfnd"
    head = headers.start(books, kind, values, old)
    used = [line.id for line in books.ledger.lines(head.id)] if old else None
    lines, head.total = itemlines.build(books, head, values["item"], 1 if refund else -1, used)
    if head.total < 0:
        raise user_error(NEGATIVE_TOTAL)
    head.account = bank_account(books, values)
    if not refund:
        undeposited = head.account == books.company.special_account("UndepFunds")
        head.status = "B" if undeposited else "C"
    head.arm = itemlines.has_elements(books, lines)
    return Draft(head, [itemlines.main_line(head, head.account, lines), *lines])


def _show(books: Books, head: Header) -> Values:
    lines = books.ledger.lines(head.id)
    sign = 1 if head.type == "CashRfnd" else -1
    tax = sign * sum(line.amount for line in lines if line.taxline)
    out: Values = {
        "total": to_decimal(head.total), "subtotal": to_decimal(head.total - tax),
        "taxTotal": to_decimal(tax), "item": itemlines.show(lines, sign),
    }  # fmt: skip
    if head.type == "CashSale":
        undeposited = head.account == books.company.special_account("UndepFunds")
        out.update(undepFunds="T" if undeposited else "F",
                   account=None if undeposited else head.account)  # fmt: skip
    return out


SALE = Kind(
    "cashSale", "CashSale", "Cash Sale", "CS", "entity", _build, settle=invoice.settle,
    undo=invoice.undo, show=_show, sublists=("item",), required=("entity", "item"),
    receivables=False,
    statuses={"A": "Unapproved Payment", "B": "Not Deposited", "C": "Deposited", "V": "Voided"},
)  # fmt: skip
REFUND = Kind(
    "cashRefund", "CashRfnd", "Cash Refund", "CR", "entity", _build, settle=invoice.settle,
    undo=invoice.undo, show=_show, sublists=("item",), required=("entity", "item"),
    receivables=False, statuses={"V": "Voided"},
)  # fmt: skip
