"""Deposits, credit memos, payments and journals used inside a customer payment; Auto Apply.

Sources: "Customer Payment" (REST use case) and REST API Browser for the sublists `credit` and
`deposit`; that a deposit used here makes a deposit application of its own is unsure. Help of the
field Auto Apply: only the payment entered is applied, starting with the receivable at the top of
the list; the order of that list (oldest first) is unsure.
"""

from __future__ import annotations

from dataclasses import replace

from netsuite_sandbox.errors import invalid_value, user_error
from netsuite_sandbox.ledger import Header
from netsuite_sandbox.money import to_decimal, to_units
from netsuite_sandbox.records import applying, deposit_application, receivable_journals
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.kinds import Application, Books, Draft

_SUBLISTS = {"credit": {"CustCred", "CustPymt", "Journal"}, "deposit": {"CustDep"}}


def read(books: Books, head: Header, values: Values) -> list[Application]:
    """Turn the ticked lines of the sublists credit and deposit into what they give."""
    precision = books.company.precision(head.currency)
    out: list[Application] = []
    for sublist, codes in _SUBLISTS.items():
        for index, value in enumerate(values.get(sublist) or []):
            if value.get("apply") is False:
                continue
            path = f"{sublist}.items[{index}].doc"
            source, line = books.ledger.header(int(value["doc"])) if value.get("doc") else None, 0
            if source is None or source.type not in codes or not source.posting:
                raise invalid_value(value.get("doc"), "doc", path)
            if source.type == "Journal" and not source.extra.get("voids"):
                credit = receivable_journals.find(
                    books, source.id, value.get("line"), head.entity, -1, path
                )
                source, line = receivable_journals.as_credit(books, source, credit), credit.id
            if (source.entity, source.currency) != (head.entity, head.currency):
                raise invalid_value(value.get("doc"), "doc", path)
            amount = value.get("amount")
            units = source.open if amount is None else to_units(amount, precision)
            if units < 0 or units > source.open:
                raise user_error(
                    f"The amount to apply {to_decimal(units)} exceeds the unapplied amount "
                    f"{to_decimal(source.open)} of {source.tranid}."
                )
            if units:
                out.append(Application(source.id, units, line=line))
    return out


def split(
    applies: list[Application], sources: list[Application]
) -> tuple[list[Application], dict[tuple[int, int], list[Application]]]:
    """Let the credits settle the documents first, in order; the payment settles the rest.

    Returns:
        What the payment itself settles, and what each credit does.
    """
    left = [entry.units for entry in applies]
    shares: dict[tuple[int, int], list[Application]] = {}
    for source in sources:
        rest = source.units
        for index, bill in enumerate(applies):
            if part := min(rest, left[index]):
                share = replace(bill, units=part)
                shares.setdefault((source.doc, source.line), []).append(share)
                left[index] -= part
                rest -= part
        if rest:
            raise user_error("The credits to apply exceed the amount to be paid.")
    own = [replace(bill, units=units) for bill, units in zip(applies, left, strict=True) if units]
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


def settle(
    books: Books, payment: Header, shares: dict[tuple[int, int], list[Application]]
) -> None:  # fmt: skip
    """Make the deposit applications, and apply the credits."""
    for (doc, line), entries in shares.items():
        source = books.ledger.header(doc)
        assert source is not None
        if source.type == "CustDep":
            _apply_deposit(books, payment, source, entries)
        else:
            use(books, source, entries, line)


def use(books: Books, credit: Header, entries: list[Application], line: int = 0) -> None:
    """Have a credit memo, payment or journal line settle further documents."""
    lines = books.ledger.lines(credit.id)
    if credit.type == "Journal":
        mine = next(one for one in lines if one.id == line)
        credit = receivable_journals.as_credit(books, credit, mine)
    else:
        mine = lines[0] if credit.type == "CustCred" else lines[1]
    draft = Draft(credit, lines, entries)
    applying.settle(books, draft, mine.account, -mine.base, further=True, line=line)
    if credit.type == "Journal":
        return
    left = credit.open - sum(entry.units for entry in entries)
    status = ("A" if left else "B") if credit.type == "CustCred" else credit.status
    books.ledger.set_open(credit.id, left, status or "B")


def _apply_deposit(
    books: Books, payment: Header, deposit: Header, entries: list[Application]
) -> None:
    kind = deposit_application.KIND
    values = deposit_application.from_deposit(
        books, deposit,
        {"tranDate": payment.trandate, "postingPeriod": payment.postingperiod,
         "arAcct": payment.extra["arAcct"],
         "apply": [{"doc": entry.doc, "line": entry.line, "apply": True,
                    "amount": to_decimal(entry.units)} for entry in entries]},
    )  # fmt: skip
    draft = kind.build(books, kind, values, None)
    books.ledger.insert(draft.header, draft.lines)
    kind.settle(books, draft)
