"""Deposits and credit memos used inside a customer payment, and automatic application.

Sources: "Customer Payment" (REST use case) and REST API Browser for the sublists `credit` and
`deposit`; that a deposit used here makes a deposit application of its own is unsure. Help of the
field Auto Apply: only the payment entered is applied, starting with the receivable at the top of
the list; the order of that list (oldest first) is unsure.
"""

from __future__ import annotations

from netsuite_sandbox.errors import invalid_value, user_error
from netsuite_sandbox.ledger import Header
from netsuite_sandbox.money import to_decimal, to_units
from netsuite_sandbox.records import applying, deposit_application
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.kinds import Application, Books, Draft

_SUBLISTS = {"credit": "CustCred", "deposit": "CustDep"}


def read(books: Books, head: Header, values: Values) -> list[Application]:
    """Turn the ticked lines of the sublists credit and deposit into what they give."""
    precision = books.company.precision(head.currency)
    out: list[Application] = []
    for sublist, code in _SUBLISTS.items():
        for index, value in enumerate(values.get(sublist) or []):
            if value.get("apply") is False:
                continue
            path = f"{sublist}.items[{index}].doc"
            source = books.ledger.header(int(value["doc"])) if value.get("doc") else None
            fits = source is not None and source.type == code and source.entity == head.entity
            if source is None or not fits or source.currency != head.currency:
                raise invalid_value(value.get("doc"), "doc", path)
            amount = value.get("amount")
            units = source.open if amount is None else to_units(amount, precision)
            if units < 0 or units > source.open:
                raise user_error(
                    f"The amount to apply {to_decimal(units)} exceeds the unapplied amount "
                    f"{to_decimal(source.open)} of {source.tranid}."
                )
            if units:
                out.append(Application(source.id, units))
    return out


def split(
    applies: list[Application], sources: list[Application]
) -> tuple[list[Application], dict[int, list[Application]]]:
    """Let the credits settle the documents first, in order; the payment settles the rest.

    Returns:
        What the payment itself settles, and what each credit does.
    """
    left = [entry.units for entry in applies]
    shares: dict[int, list[Application]] = {}
    for source in sources:
        rest = source.units
        for index, bill in enumerate(applies):
            if part := min(rest, left[index]):
                shares.setdefault(source.doc, []).append(Application(bill.doc, part, bill.day))
                left[index] -= part
                rest -= part
        if rest:
            raise user_error("The credits to apply exceed the amount to be paid.")
    own = [
        Application(bill.doc, units, bill.day)
        for bill, units in zip(applies, left, strict=True)
        if units
    ]
    return own, shares


def oldest_first(books: Books, head: Header, account: int) -> list[Application]:
    """What Auto Apply ticks: open invoices of the customer, oldest first."""
    rows = books.company.db.all(
        "SELECT id, open FROM tx WHERE entity = ? AND type = 'CustInvc' AND open > 0"
        " AND currency = ? AND account = ? ORDER BY trandate, id",
        (head.entity, head.currency, account),
    )
    left = head.total
    out: list[Application] = []
    for row in rows:
        if part := min(left, row["open"]):
            out.append(Application(row["id"], part))
            left -= part
    return out


def settle(books: Books, payment: Header, shares: dict[int, list[Application]]) -> None:
    """Make the deposit applications, and apply the credit memos."""
    for doc, entries in shares.items():
        source = books.ledger.header(doc)
        assert source is not None
        if source.type == "CustDep":
            _apply_deposit(books, payment, source, entries)
        else:
            _apply_memo(books, source, entries)


def _apply_deposit(
    books: Books, payment: Header, deposit: Header, entries: list[Application]
) -> None:
    kind = deposit_application.KIND
    values = deposit_application.from_deposit(
        books, deposit,
        {"tranDate": payment.trandate, "postingPeriod": payment.postingperiod,
         "arAcct": payment.extra["arAcct"],
         "apply": [{"doc": entry.doc, "apply": True, "amount": to_decimal(entry.units)}
                   for entry in entries]},
    )  # fmt: skip
    draft = kind.build(books, kind, values, None)
    books.ledger.insert(draft.header, draft.lines)
    kind.settle(books, draft)


def _apply_memo(books: Books, memo: Header, entries: list[Application]) -> None:
    lines = books.ledger.lines(memo.id)
    assert memo.account is not None
    applying.settle(books, Draft(memo, lines, entries), memo.account, -lines[0].base, further=True)
    left = memo.open - sum(entry.units for entry in entries)
    books.ledger.set_open(memo.id, left, "A" if left else "B")
