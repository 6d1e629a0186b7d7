"""Customer refund: Dr Accounts Receivable / Cr bank, settled by deposits, credit memos or payments.

Source: "Customer Refund" (REST use case), "Refunding a Customer Deposit": saving writes a deposit
application of each deposit to the refund by itself, so that Customer Deposits is debited; the
deposit sublist is write-only. The legs on A/R are inferred (unsure).
"""

from __future__ import annotations

from netsuite_sandbox.errors import invalid_value, missing, user_error
from netsuite_sandbox.ledger import Header, Line
from netsuite_sandbox.money import times_rate, to_decimal, to_units
from netsuite_sandbox.records import (
    applying,
    deposit_application,
    header as headers,
    payment_credits,
)
from netsuite_sandbox.records.customer_payment import bank_account
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.invoice import receivables_account
from netsuite_sandbox.records.kinds import Application, Books, Draft, Kind
from netsuite_sandbox.records.revaluing import drop_revaluations

_CREDITS = ("CustCred", "CustPymt")


def from_credit(source: Header, body: Values) -> Values:
    """Return the values of the refund that a deposit, memo or payment is transformed to."""
    values: Values = {
        "customer": source.entity, "subsidiary": source.subsidiary, "currency": source.currency,
        "exchangeRate": source.exchangerate,
    }  # fmt: skip
    sublist = "deposit" if source.type == "CustDep" else "apply"
    values[sublist] = [{"doc": source.id, "apply": True}]
    values.update(body)
    return values


def build(books: Books, kind: Kind, values: Values, old: Header | None) -> Draft:
    """Build a refund; its amounts are fixed once saved.

    Source: to change one, delete it and enter it again.
    """
    head = headers.start(books, kind, values, old)
    company = books.company
    if old is not None:
        head.total, head.open, head.status, head.account = (
            old.total, old.open, old.status, old.account,
        )  # fmt: skip
        head.extra = {**head.extra, "arAcct": old.extra["arAcct"]}
        return Draft(head, books.ledger.lines(old.id))
    applies = [
        *_entries(books, head, values.get("deposit") or [], ("CustDep",)),
        *_entries(books, head, values.get("apply") or [], _CREDITS),
    ]
    if not applies:
        raise missing(["Apply"])
    head.total = head.open = sum(entry.units for entry in applies)
    head.status = "R"
    head.account = _paid_from(books, head, values)
    receivable = receivables_account(books, values, head.entity, "arAcct")
    head.extra["arAcct"] = receivable
    base = times_rate(
        head.total, head.exchangerate, company.precision(company.base_currency(head.subsidiary))
    )
    lines = [
        Line(0, head.account, -head.total, -base, mainline=True, entity=head.entity),
        Line(1, receivable, head.total, base, entity=head.entity),
    ]
    return Draft(head, lines, applies)


def _paid_from(books: Books, head: Header, values: Values) -> int:
    """Return the account that pays: the one named, or a default.

    The form requires an account (help of the field Account), Oracle's sample of the REST use case
    names none: setting refund_account_default.
    """
    if values.get("account") is None and (
        books.company.settings["refund_account_default"] == "first_bank"
    ):
        for record in books.company.masters("account"):
            fits = record.body.get("currency") in (None, head.currency)
            if record.body["acctType"] == "Bank" and fits and not record.body.get("isInactive"):
                return record.id
    return bank_account(books, {**values, "undepFunds": None})


def _entries(
    books: Books, head: Header, values: list[Values], kinds: tuple[str, ...]
) -> list[Application]:
    precision = books.company.precision(head.currency)
    out: list[Application] = []
    for index, value in enumerate(values):
        path = f"apply.items[{index}].doc"
        source = books.ledger.header(value["doc"]) if value.get("doc") else None
        if source is None or source.type not in kinds or source.entity != head.entity:
            raise invalid_value(value.get("doc"), "doc", path)
        if value.get("apply") is False:
            continue
        amount = value.get("amount")
        units = source.open if amount is None else to_units(amount, precision)
        if units > source.open or units <= 0:
            raise user_error(
                f"The amount to refund {to_decimal(units)} exceeds what is unapplied, "
                f"{to_decimal(source.open)}."
            )
        out.append(Application(source.id, units))
    return out


def settle(books: Books, draft: Draft) -> None:
    """Use up the deposits (through applications of their own) and the credits."""
    refund = draft.header
    for entry in draft.applies:
        source = books.ledger.header(entry.doc)
        assert source is not None
        if source.type == "CustDep":
            _apply_deposit(books, refund, source, entry.units)
        else:
            payment_credits.use(
                books, source, [Application(refund.id, entry.units, refund.trandate)]
            )


def _apply_deposit(books: Books, refund: Header, deposit: Header, units: int) -> None:
    values: Values = {
        "customer": deposit.entity, "subsidiary": deposit.subsidiary, "deposit": deposit.id,
        "currency": deposit.currency, "exchangeRate": deposit.exchangerate,
        "tranDate": refund.trandate, "postingPeriod": refund.postingperiod,
        "arAcct": refund.extra["arAcct"],
        "apply": [{"doc": refund.id, "apply": True, "amount": to_decimal(units)}],
    }  # fmt: skip
    kind = deposit_application.KIND
    draft = kind.build(books, kind, values, None)
    draft.header.extra["refund"] = refund.id
    books.ledger.insert(draft.header, draft.lines)
    kind.settle(books, draft)
    if books.company.settings["deposit_refund_link"] == "deposit_to_refund":
        books.ledger.link((deposit.id, 0), (refund.id, 0), "DepRfnd", units, day=refund.trandate)


def undo(books: Books, draft: Draft) -> None:
    """Free deposits and credits. Only before deletion: an update keeps them."""
    refund = draft.header
    db = books.company.db
    db.execute("DELETE FROM link WHERE nextdoc = ? AND linktype = 'DepRfnd'", (refund.id,))
    for row in db.all(
        "SELECT l.nextdoc, l.amount, t.type, t.open, t.status FROM link l"
        " JOIN tx t ON t.id = l.nextdoc WHERE l.previousdoc = ? AND l.linktype = 'Payment'",
        (refund.id,),
    ):
        head = books.ledger.header(row["nextdoc"])
        assert head is not None
        if row["type"] == "DepAppl":
            applying.undo(books, head)
            books.ledger.delete(head.id)
            continue
        status = "A" if row["type"] == "CustCred" else row["status"]
        books.ledger.set_open(head.id, row["open"] + row["amount"], status)
        db.execute("DELETE FROM link WHERE previousdoc = ? AND nextdoc = ?", (refund.id, head.id))
        drop_revaluations(books, head.id, refund.id)


def show(books: Books, head: Header) -> Values:
    """Computed fields; the applications that settle it stand in `apply`."""
    rows = books.company.db.all(
        "SELECT l.nextdoc, l.amount, t.tranid, t.type, t.total FROM link l"
        " JOIN tx t ON t.id = l.nextdoc WHERE l.previousdoc = ? AND l.linktype = 'Payment'",
        (head.id,),
    )
    return {
        "total": to_decimal(head.total), "arAcct": head.extra.get("arAcct"),
        "apply": [
            {"doc": row["nextdoc"], "line": 0, "apply": True, "amount": to_decimal(row["amount"]),
             "total": to_decimal(row["total"]), "refNum": row["tranid"]}
            for row in rows
        ],
    }  # fmt: skip


KIND = Kind(
    "customerRefund", "CustRfnd", "Customer Refund", "RFND", "customer", build, settle=settle,
    undo=undo, show=show, sublists=("apply", "deposit"), required=("customer",), settled_once=True,
    statuses={"R": "Issued", "V": "Voided"},
)  # fmt: skip
