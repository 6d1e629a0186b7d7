"""Deposit application: Dr Customer Deposits / Cr Accounts Receivable; made only by transform.

Source: "Deposit Application" (REST use case): created only by transforming a customer deposit;
lines of its apply sublist are keyed by `doc`.
"""

from __future__ import annotations

from netsuite_sandbox.errors import missing, user_error
from netsuite_sandbox.ledger import Header, Line
from netsuite_sandbox.money import times_rate, to_decimal
from netsuite_sandbox.records import applying, header as headers
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.invoice import receivables_account
from netsuite_sandbox.records.kinds import Application, Books, Draft, Kind


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
    head.createdfrom = old.createdfrom if old else values["deposit"]
    assert head.createdfrom is not None
    deposit = books.ledger.header(head.createdfrom)
    assert deposit is not None
    applies = applying.read_apply(books, head, values.get("apply") or [], deposit.open)
    if not applies:
        raise missing(["Apply"])
    _check_reserved(books, deposit, applies)
    head.total = sum(entry.units for entry in applies)
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


def _check_reserved(books: Books, deposit: Header, applies: list[Application]) -> None:
    """Refuse to apply what is reserved for a sales order to anything but its invoices.

    Source: "Recording a Customer Deposit" (section_N1296669): a deposit of an order cannot be
    applied to other invoices; what exceeds the order's amount can. The wording is unsure.
    """
    order = deposit.extra.get("salesOrder")
    if order is None:
        return
    others = 0
    for entry in applies:
        if not books.company.db.one(
            "SELECT 1 FROM tx t LEFT JOIN line l ON l.tx = t.id AND l.orderdoc = ?"
            " WHERE t.id = ? AND (l.id IS NOT NULL OR t.type <> 'CustInvc')",
            (order, entry.doc),
        ):
            others += entry.units
    if others > deposit.open - _reserved(books, deposit, int(order)):
        raise user_error(
            f"{deposit.tranid} is reserved for a sales order and can be applied to its invoices "
            "only."
        )


def _reserved(books: Books, deposit: Header, order: int) -> int:
    """What of a deposit is kept for the unbilled part of its order, oldest deposit first."""
    head = books.ledger.header(order)
    rest = head.open if head is not None else 0
    for row in books.company.db.all(
        "SELECT d.id, d.open FROM link l JOIN tx d ON d.id = l.nextdoc"
        " WHERE l.previousdoc = ? AND l.linktype = 'OrdDep' ORDER BY d.id",
        (order,),
    ):
        kept = min(row["open"], rest)
        if row["id"] == deposit.id:
            return int(kept)
        rest -= kept
    return 0


def settle(books: Books, draft: Draft) -> None:
    """Use up the deposit and pay the invoices."""
    head = draft.header
    assert head.createdfrom is not None
    assert head.account is not None
    applying.consume(books, head, head.createdfrom, head.total, draft.lines[1].base)
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
