"""Customer deposit: Dr Undeposited Funds (or a bank account) / Cr Customer Deposits.

Source: "Recording a Customer Deposit" (section_N1296669), "Transaction G/L Impact": a liability, no
effect on A/R; the customer cannot be changed once it is saved.
"""

from __future__ import annotations

from netsuite_sandbox.errors import invalid_value, missing, user_error
from netsuite_sandbox.ledger import Header, Line
from netsuite_sandbox.money import times_rate, to_decimal, to_units
from netsuite_sandbox.records import applying, header as headers
from netsuite_sandbox.records.customer_payment import bank_account
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.kinds import Books, Draft, Kind


def build(books: Books, kind: Kind, values: Values, old: Header | None) -> Draft:
    """Build a deposit; an edit may not go below what is applied."""
    head = headers.start(books, kind, values, old)
    company = books.company
    head.total = to_units(values["payment"], company.precision(head.currency))
    voided = old is not None and old.extra.get("voided")
    if head.total <= 0 and not voided:
        raise missing(["Payment"])
    head.account = bank_account(books, values)
    if old is not None and head.entity != old.entity:
        raise user_error("The customer of a saved customer deposit cannot be changed.")
    order = values.get("salesOrder")
    owner = books.ledger.header(int(order)) if order is not None else None
    if order is not None and (owner is None or owner.entity != head.entity):
        raise invalid_value(order, "salesOrder", "salesOrder")
    applied = old.total - old.open if old else 0
    if head.total < applied:
        raise user_error(
            f"The payment {to_decimal(head.total)} is less than what is applied, "
            f"{to_decimal(applied)}."
        )
    changed = old and (head.currency, head.exchangerate) != (old.currency, old.exchangerate)
    if applied and changed:
        raise user_error("You cannot update linked transaction lines")
    head.open = head.total - applied
    head.status = applying.deposit_status(head.account, head.open, books)
    base = times_rate(
        head.total, head.exchangerate, company.precision(company.base_currency(head.subsidiary))
    )
    liability = company.special_account("CustDep")
    return Draft(
        head,
        [
            Line(0, head.account, head.total, base, mainline=True, entity=head.entity,
                 memo=head.memo),
            Line(1, liability, -head.total, -base, entity=head.entity, memo=head.memo),
        ],
    )  # fmt: skip


def settle(books: Books, draft: Draft) -> None:
    """Link to the sales order it was taken for."""
    order = draft.header.extra.get("salesOrder")
    if order is not None:
        books.ledger.link(
            (int(order), 0), (draft.header.id, 0), "OrdDep", draft.header.total,
            day=draft.header.trandate,
        )  # fmt: skip


def undo(books: Books, draft: Draft) -> None:
    """Unlink from the sales order."""
    books.company.db.execute(
        "DELETE FROM link WHERE nextdoc = ? AND linktype = 'OrdDep'", (draft.header.id,)
    )


def show(books: Books, head: Header) -> Values:
    """Computed fields. REST shows no unapplied amount (SuiteQL does)."""
    undeposited = head.account == books.company.special_account("UndepFunds")
    return {
        "total": to_decimal(head.total), "payment": to_decimal(head.total),
        "undepFunds": "T" if undeposited else "F",
        "account": None if undeposited else head.account,
    }  # fmt: skip


KIND = Kind(
    "customerDeposit", "CustDep", "Customer Deposit", "DEP", "customer", build, settle=settle,
    undo=undo, show=show, required=("customer", "payment"),
    statuses={"A": "Not Deposited", "B": "Deposited", "C": "Fully Applied",
              "D": "Unapproved Payment", "R": "Cancelled"},
)  # fmt: skip
