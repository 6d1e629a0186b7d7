"""Customer payment: Dr bank or Undeposited Funds / Cr Accounts Receivable."""

from __future__ import annotations

from netsuite_sandbox.errors import invalid_value, missing
from netsuite_sandbox.ledger import Header, Line
from netsuite_sandbox.money import times_rate, to_decimal, to_units
from netsuite_sandbox.records import applying, header as headers, payment_credits
from netsuite_sandbox.records.credit_memo import check_applied
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.invoice import receivables_account
from netsuite_sandbox.records.kinds import Books, Draft, Kind

_EXPANDED_TYPES = frozenset({"OthCurrAsset", "OthAsset", "OthCurrLiab", "LongTermLiab", "CredCard"})


def bank_account(books: Books, values: Values) -> int:
    """Return the account that receives money: undepFunds or `account`.

    Bank accounts only, unless the preference Expand Account Lists is on ("General Accounting
    Preferences", section_N1385293, names no types; which ones it admits here is unsure), and never
    Customer Deposits itself.
    """
    undeposited = books.company.special_account("UndepFunds")
    account = values.get("account")
    if values.get("undepFunds") == "T" or account is None or account == undeposited:
        return undeposited
    kind = books.company.account_type(account)
    expanded = books.company.settings["expand_account_lists"] and kind in _EXPANDED_TYPES
    itself = account == books.company.special_account("CustDep")
    if itself or (kind != "Bank" and not expanded):
        raise invalid_value(account, "account", "account")
    return int(account)


def build(books: Books, kind: Kind, values: Values, old: Header | None) -> Draft:
    """Build a payment."""
    head = headers.start(books, kind, values, old)
    company = books.company
    precision = company.precision(head.currency)
    receivable = receivables_account(books, values, head.entity, "arAcct")
    head.extra["arAcct"] = receivable
    used = payment_credits.read(books, head, values)
    payment = values.get("payment")
    most = None
    if payment is not None:
        head.total = to_units(payment, precision)
        most = head.total + sum(entry.units for entry in used)
    applies = applying.read_apply(books, head, values.get("apply") or [], most)
    applies, shares = payment_credits.split(applies, used)
    automatic = values.get("autoApply") and old is None and payment is not None
    if automatic and not (applies or shares):
        applies = payment_credits.oldest_first(books, head, receivable)
    applied = sum(entry.units for entry in applies)
    if payment is None:
        head.total = applied
    if head.total < 0:
        raise missing(["Payment"])
    check_applied(head.total, applied)
    head.open = head.total - applied
    head.account = bank_account(books, values)
    undeposited = head.account == company.special_account("UndepFunds")
    head.status = "B" if undeposited else "C"
    base = times_rate(
        head.total, head.exchangerate, company.precision(company.base_currency(head.subsidiary))
    )
    lines = [
        Line(0, head.account, head.total, base, mainline=True, entity=head.entity, memo=head.memo),
        Line(1, receivable, -head.total, -base, entity=head.entity, memo=head.memo),
    ]
    return Draft(head, lines, applies, shares)


def settle(books: Books, draft: Draft) -> None:
    """Apply to the invoices ticked, the deposits and credit memos ticked too."""
    payment_credits.settle(books, draft.header, draft.credits)
    applying.settle(books, draft, draft.lines[1].account, -draft.lines[1].base)


def undo(books: Books, draft: Draft) -> None:
    """Take the applications back."""
    applying.undo(books, draft.header)


def show(books: Books, head: Header) -> Values:
    """Computed fields."""
    undeposited = head.account == books.company.special_account("UndepFunds")
    return {
        "total": to_decimal(head.total), "payment": to_decimal(head.total),
        "applied": to_decimal(head.total - head.open), "unapplied": to_decimal(head.open),
        "arAcct": head.extra.get("arAcct"), "undepFunds": "T" if undeposited else "F",
        "account": None if undeposited else head.account,
        "apply": applying.shown(books, head.id),
    }  # fmt: skip


KIND = Kind(
    "customerPayment", "CustPymt", "Payment", "PYMT", "customer", build, settle=settle, undo=undo,
    show=show, sublists=("apply",), required=("customer",),
    statuses={"A": "Unapproved Payment", "B": "Not Deposited", "C": "Deposited", "R": "Cancelled"},
)  # fmt: skip
