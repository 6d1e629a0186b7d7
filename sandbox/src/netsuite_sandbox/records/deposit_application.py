"""Deposit application: Dr Customer Deposits / Cr Accounts Receivable; made only by transform.

Source: "Deposit Application" (REST use case): created only by transforming a customer deposit;
lines of its apply sublist are keyed by `doc`.
"""

from __future__ import annotations

from netsuite_sandbox.errors import missing
from netsuite_sandbox.ledger import Header, Line
from netsuite_sandbox.money import times_rate, to_decimal
from netsuite_sandbox.records import applying, header as headers
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.invoice import receivables_account
from netsuite_sandbox.records.kinds import Books, Draft, Kind


def from_deposit(_books: Books, deposit: Header, body: Values) -> Values:
    """Return the values of the application that a deposit is transformed to.

    Its exchange rate is the deposit's unless the body names one (unsure).
    """
    values: Values = {
        "customer": deposit.entity, "subsidiary": deposit.subsidiary,
        "currency": deposit.currency, "exchangeRate": deposit.exchangerate, **body,
    }  # fmt: skip
    values["deposit"] = deposit.id
    values["createdFrom"] = deposit.id
    values["customer"], values["currency"] = deposit.entity, deposit.currency
    return values


def build(books: Books, kind: Kind, values: Values, old: Header | None) -> Draft:
    """Build an application."""
    head = headers.start(books, kind, values, old)
    company = books.company
    applies = applying.read_apply(books, head, values.get("apply") or [])
    if not applies:
        raise missing(["Apply"])
    head.total = sum(entry.units for entry in applies)
    head.createdfrom = old.createdfrom if old else values["deposit"]
    head.account = receivables_account(books, values, head.entity, "arAcct")
    base = times_rate(
        head.total, head.exchangerate, company.precision(company.base_currency(head.subsidiary))
    )
    liability = company.special_account("CustDep")
    return Draft(
        head,
        [
            Line(0, head.account, -head.total, -base, mainline=True, entity=head.entity,
                 memo=head.memo),
            Line(1, liability, head.total, base, entity=head.entity, memo=head.memo),
        ],
        applies,
    )  # fmt: skip


def settle(books: Books, draft: Draft) -> None:
    """Use up the deposit and pay the invoices."""
    head = draft.header
    assert head.createdfrom is not None
    assert head.account is not None
    applying.consume(books, head, head.createdfrom, head.total, draft.lines[1].base, "DepAppl")
    applying.settle(books, draft, head.account, -draft.lines[0].base)


def undo(books: Books, draft: Draft) -> None:
    """Free the deposit and open the invoices again."""
    applying.undo(books, draft.header)


def show(books: Books, head: Header) -> Values:
    """Computed fields."""
    deposit = books.ledger.header(head.createdfrom) if head.createdfrom else None
    assert deposit is not None
    return {
        "deposit": deposit.id, "depositDate": deposit.trandate, "arAcct": head.account,
        "account": None, "createdFrom": None, "total": to_decimal(head.total),
        "applied": to_decimal(head.total), "unapplied": to_decimal(deposit.open),
        "apply": applying.shown(books, head.id),
    }  # fmt: skip


KIND = Kind(
    "depositApplication", "DepAppl", "Deposit Application", "DEPAPP", "customer", build,
    settle=settle, undo=undo, show=show, sublists=("apply",), create=False,
    required=("customer",), statuses={},
)  # fmt: skip
