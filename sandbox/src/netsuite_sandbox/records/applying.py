"""Applying payments, credit memos and deposits to invoices, and the exchange gain or loss of it.

Sources: "Applied Payments and Realized Gain/Loss" (section_N1425327): the application itself
carries no gain or loss, a separate Currency Revaluation transaction (FxReval) does, one for each
source document; see `revaluing`. "Applying a Customer Credit Memo" (section_N1312521): payer and
document have the same receivables account.
"""

from __future__ import annotations

from decimal import Decimal

from netsuite_sandbox.errors import invalid_value, user_error
from netsuite_sandbox.ledger import Header
from netsuite_sandbox.money import share, times_rate, to_decimal, to_units
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.kinds import Application, Books, Draft
from netsuite_sandbox.records.revaluing import drop_revaluations, revalue
from netsuite_sandbox.store.database import Row

_SETTLED_KINDS = ("CustInvc", "CustRfnd")


def read_apply(
    books: Books, header: Header, values: list[Values], most: int | None = None
) -> list[Application]:
    """Turn an apply sublist into applications; lines not ticked are left out.

    A ticked line without an amount takes all that is due, as far as the money goes (as ticking
    does in the form; unsure for REST).

    Args:
        most: What there is to apply, if that is known.
    """
    left = most
    precision = books.company.precision(header.currency)
    out: list[Application] = []
    for index, value in enumerate(values):
        path = f"apply.items[{index}].doc"
        doc = value.get("doc")
        if doc is None:
            raise invalid_value("", "doc", path)
        if value.get("apply") is False:
            continue
        row = books.company.db.one("SELECT open FROM tx WHERE id = ?", (doc,))
        assert row is not None
        amount = value.get("amount")
        if amount is None:
            units = row["open"] if left is None else min(row["open"], max(left, 0))
        else:
            units = to_units(amount, precision)
        if units < 0:
            raise invalid_value(amount, "amount", f"apply.items[{index}].amount")
        left = None if left is None else left - units
        if units:
            out.append(Application(doc, units, value.get("applyDate")))
    return out


def merge_apply(books: Books, payer: int, changes: list[Values], *, replace: bool) -> list[Values]:
    """Merge changes of an apply sublist into the stored one; the key is `doc`.

    Source: "Updating a Sublist": lines with the key are updated, missing ones kept.
    """
    merged = {} if replace else {value["doc"]: value for value in shown(books, payer)}
    for change in changes:
        if change.get("doc") is None:
            raise invalid_value("", "doc", "apply.items.doc")
        old = merged.get(change["doc"], {})
        merged[change["doc"]] = {**old, **change}
    return list(merged.values())


def shown(books: Books, payer: int) -> list[Values]:
    """The stored applications of a payer as values."""
    rows = books.company.db.all(
        "SELECT l.previousdoc, l.amount, l.applydate, d.open, d.total, d.tranid, d.type"
        " FROM link l JOIN tx d ON d.id = l.previousdoc"
        " WHERE l.nextdoc = ? AND l.linktype = 'Payment' ORDER BY l.previousdoc",
        (payer,),
    )
    return [
        {
            "doc": row["previousdoc"],
            "line": 0,
            "apply": True,
            "amount": to_decimal(row["amount"]),
            "applyDate": row["applydate"],
            "due": to_decimal(row["open"] + row["amount"]),
            "total": to_decimal(row["total"]),
            "refNum": row["tranid"],
            "type": "Invoice" if row["type"] == "CustInvc" else row["type"],
        }
        for row in rows
    ]


def settle(
    books: Books, draft: Draft, account: int, payer_base: int, *, further: bool = False
) -> None:
    """Link a saved payer to the documents it settles.

    Args:
        account: The receivables account of the payer.
        payer_base: Base currency of the payer's whole `total` on that account.
        further: Whether the payer may have settled other documents before.
    """
    payer = draft.header
    precision = books.company.precision(books.company.base_currency(payer.subsidiary))
    used, used_base = _used(books, payer.id) if further else (0, 0)
    for entry in draft.applies:
        row = _settled(books, payer, entry, account)
        used += entry.units
        next_base = share(payer_base, used, payer.total, precision) - used_base
        used_base += next_base
        previous_base = _release(books, row, entry.units, precision, "Payment")
        books.ledger.link(
            (entry.doc, 0), (payer.id, 0), "Payment", entry.units,
            previous_base=previous_base, next_base=next_base, day=entry.day or payer.trandate,
        )  # fmt: skip
        left = row["open"] - entry.units
        status = "A" if left else "B"
        books.ledger.set_open(entry.doc, left, "R" if row["type"] == "CustRfnd" else status)
        rates = (Decimal(row["exchangerate"]), payer.exchangerate)
        revalue(books, payer, row, account, previous_base - next_base,
                times_rate(entry.units, rates[0] - rates[1], precision))  # fmt: skip


def _used(books: Books, payer: int) -> tuple[int, int]:
    """What a payer has settled before: transaction and base currency."""
    row = books.company.db.one(
        "SELECT COALESCE(SUM(amount), 0), COALESCE(SUM(nextbase), 0) FROM link"
        " WHERE nextdoc = ? AND linktype = 'Payment'",
        (payer,),
    )
    assert row is not None
    return row[0], row[1]


def consume(books: Books, payer: Header, deposit: int, units: int, base: int) -> None:
    """Link a saved application to the deposit that it uses up."""
    row = books.company.db.one("SELECT * FROM tx WHERE id = ?", (deposit,))
    assert row is not None
    if units > row["open"]:
        raise user_error(
            f"The amount to apply {to_decimal(units)} exceeds the unapplied amount "
            f"{to_decimal(row['open'])} of the customer deposit."
        )
    precision = books.company.precision(books.company.base_currency(payer.subsidiary))
    released = _release(books, row, units, precision, "DepAppl")
    books.ledger.link(
        (deposit, 0), (payer.id, 0), "DepAppl", units, previous_base=released, next_base=base,
        day=payer.trandate,
    )  # fmt: skip
    left = row["open"] - units
    books.ledger.set_open(deposit, left, deposit_status(row["account"], left, books))
    rates = (payer.exchangerate, Decimal(row["exchangerate"]))
    revalue(books, payer, row, books.company.special_account("CustDep"), base - released,
            times_rate(units, rates[0] - rates[1], precision))  # fmt: skip


def deposit_status(account: int, left: int, books: Books) -> str:
    """Status letter of a customer deposit: A Not Deposited, B Deposited, C Fully Applied."""
    if not left:
        return "C"
    return "A" if account == books.company.special_account("UndepFunds") else "B"


def undo(books: Books, payer: Header) -> None:
    """Take back all applications of a payer and the revaluations they caused."""
    db = books.company.db
    links = db.all(
        "SELECT l.*, d.open, d.account, d.type FROM link l JOIN tx d ON d.id = l.previousdoc"
        " WHERE l.nextdoc = ? AND l.linktype IN ('Payment', 'DepAppl')",
        (payer.id,),
    )
    for link in links:
        left = link["open"] + link["amount"]
        status = {"CustRfnd": "R"}.get(link["type"], "A")
        if link["type"] == "CustDep":
            status = deposit_status(link["account"], left, books)
        books.ledger.set_open(link["previousdoc"], left, status)
    if links:
        db.execute(
            "DELETE FROM link WHERE nextdoc = ? AND linktype IN ('Payment', 'DepAppl')",
            (payer.id,),
        )
    drop_revaluations(books, payer.id)


def _settled(books: Books, payer: Header, entry: Application, account: int) -> Row:
    """Return the document to be settled, checked. The wording of these refusals is unsure."""
    row = books.company.db.one("SELECT * FROM tx WHERE id = ?", (entry.doc,))
    assert row is not None
    listed = row["type"] in _SETTLED_KINDS and row["posting"] == "T"
    if not listed or row["entity"] != payer.entity:
        raise invalid_value(entry.doc, "doc", "apply.items.doc")
    if row["currency"] != payer.currency:
        raise user_error("Transaction and foreign currency account use different currencies.")
    if row["type"] == "CustInvc" and row["account"] != account:
        raise user_error(
            f"{row['tranid']} has another accounts receivable account than the transaction that "
            "is applied to it."
        )
    if entry.units > row["open"]:
        raise user_error(
            f"The amount to apply {to_decimal(entry.units)} exceeds the amount due "
            f"{to_decimal(row['open'])} of {row['tranid']}."
        )
    return row


def _release(books: Books, row: Row, units: int, precision: int, kind: str) -> int:
    """Base currency that leaves a document when `units` of it are settled.

    Cumulative, so that a document settled in parts ends at exactly zero.
    """
    db = books.company.db
    carried = abs(db.value("SELECT base FROM line WHERE tx = ? AND id = 0", (row["id"],)))
    done = db.one(
        "SELECT COALESCE(SUM(amount), 0) AS amount, COALESCE(SUM(previousbase), 0) AS base"
        " FROM link WHERE previousdoc = ? AND linktype = ?",
        (row["id"], kind),
    )
    assert done is not None
    return share(carried, done["amount"] + units, row["total"], precision) - int(done["base"])
