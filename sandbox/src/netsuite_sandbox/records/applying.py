"""Applying payments, credit memos and deposits to invoices, and the exchange gain or loss of it.

Sources: "Applied Payments and Realized Gain or Loss", "Variance Calculations": the application
itself carries no gain or loss; a separate Currency Revaluation transaction (FxReval) does, one per
source document; differences up to 0.04 of base currency go to Rounding Gain/Loss.
"""

from __future__ import annotations

from decimal import Decimal

from netsuite_sandbox.errors import CLOSED_TRAN_PRD, invalid_value, user_error
from netsuite_sandbox.ledger import Header, Line
from netsuite_sandbox.money import share, to_decimal, to_units
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.kinds import Application, Books, Draft
from netsuite_sandbox.store.database import Row

_SETTLED_KINDS = ("CustInvc", "CustRfnd")
_TRAN_PRD_CLOSED = (
    "This action cannot be completed because it requires modification of the transaction in a "
    "closed period due to foreign exchange variance. You may either open the period for this "
    "transaction or use the same rate ({})between the transactions that will be linked."
)


def read_apply(books: Books, header: Header, values: list[Values]) -> list[Application]:
    """Turn an apply sublist into applications; lines not ticked are left out.

    A ticked line without an amount takes all that is due (as ticking does in the form).
    """
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
        units = row["open"] if amount is None else to_units(amount, precision)
        if units < 0:
            raise invalid_value(amount, "amount", f"apply.items[{index}].amount")
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
        row = _settled(books, payer, entry)
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
        revalue(books, payer, row, account, previous_base - next_base)


def _used(books: Books, payer: int) -> tuple[int, int]:
    """What a payer has settled before: transaction and base currency."""
    row = books.company.db.one(
        "SELECT COALESCE(SUM(amount), 0), COALESCE(SUM(nextbase), 0) FROM link"
        " WHERE nextdoc = ? AND linktype = 'Payment'",
        (payer,),
    )
    assert row is not None
    return row[0], row[1]


def consume(books: Books, payer: Header, deposit: int, units: int, base: int, kind: str) -> None:
    """Link a saved application or refund to the deposit that it uses up."""
    row = books.company.db.one("SELECT * FROM tx WHERE id = ?", (deposit,))
    assert row is not None
    if units > row["open"]:
        raise user_error(
            f"The amount to apply {to_decimal(units)} exceeds the unapplied amount "
            f"{to_decimal(row['open'])} of the customer deposit."
        )
    precision = books.company.precision(books.company.base_currency(payer.subsidiary))
    released = _release(books, row, units, precision, kind)
    books.ledger.link(
        (deposit, 0), (payer.id, 0), kind, units, previous_base=released, next_base=base,
        day=payer.trandate,
    )  # fmt: skip
    left = row["open"] - units
    books.ledger.set_open(deposit, left, deposit_status(row["account"], left, books))
    revalue(books, payer, row, books.company.special_account("CustDep"), base - released)


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
        " WHERE l.nextdoc = ? AND l.linktype IN ('Payment', 'DepAppl', 'DepRfnd')",
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
            "DELETE FROM link WHERE nextdoc = ? AND linktype IN ('Payment', 'DepAppl', 'DepRfnd')",
            (payer.id,),
        )
    drop_revaluations(books, payer.id)


def drop_revaluations(books: Books, payer: int, source: int | None = None) -> None:
    """Delete the gains and losses of a payer's applications, or of those to one document."""
    for row in books.company.db.all(
        "SELECT id, postingperiod, json_extract(extra, '$.source') AS source FROM tx"
        " WHERE createdfrom = ? AND type = 'FxReval'",
        (payer,),
    ):
        if source is None or row["source"] == source:
            books.periods.check_change(row["postingperiod"], receivables=True, ledger=True)
            books.ledger.delete(row["id"])


def revalue(books: Books, payer: Header, source: Row, account: int, base: int) -> None:
    """Write the realized gain or loss of one application, if there is any.

    Args:
        account: Account on which source and payer differ.
        base: What is missing on that account for both to cancel out: credit it by this much
            (a debit if negative), against gain or loss.
    """
    if not base:
        return
    company = books.company
    limit = to_units(Decimal(company.settings["rounding_gain_loss_limit"]), 4)
    special = "RndERV" if abs(base) <= limit else "RealizedERV"
    later = source["trandate"] > payer.trandate
    period = source["postingperiod"] if later else payer.postingperiod
    found = books.periods.get(period) if period is not None else None
    if found is not None and found.closed:
        raise user_error(_TRAN_PRD_CLOSED.format(source["exchangerate"]) or CLOSED_TRAN_PRD)
    header = Header(
        type="FxReval", trandate=max(source["trandate"], payer.trandate),
        subsidiary=payer.subsidiary, currency=payer.currency, exchangerate=payer.exchangerate,
        entity=payer.entity, tranid=f"FXREV{company.db.next_number('FxReval')}",
        postingperiod=period, account=account, createdfrom=payer.id,
        memo="Realized gain or loss" if special == "RealizedERV" else "Rounding gain or loss",
        extra={"source": source["id"]},
    )  # fmt: skip
    books.ledger.insert(
        header,
        [
            Line(0, account, 0, -base, mainline=True, entity=payer.entity),
            Line(1, company.special_account(special), 0, base, entity=payer.entity),
        ],
    )


def _settled(books: Books, payer: Header, entry: Application) -> Row:
    """Return the document to be settled, checked. The wording of these refusals is unsure."""
    row = books.company.db.one("SELECT * FROM tx WHERE id = ?", (entry.doc,))
    assert row is not None
    if row["type"] not in _SETTLED_KINDS or row["entity"] != payer.entity:
        raise invalid_value(entry.doc, "doc", "apply.items.doc")
    if row["currency"] != payer.currency:
        raise user_error("Transaction and foreign currency account use different currencies.")
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
    kinds = ("Payment",) if kind == "Payment" else ("DepAppl", "DepRfnd")
    marks = ", ".join("?" * len(kinds))
    done = db.one(
        "SELECT COALESCE(SUM(amount), 0) AS amount, COALESCE(SUM(previousbase), 0) AS base"
        f" FROM link WHERE previousdoc = ? AND linktype IN ({marks})",
        (row["id"], *kinds),
    )
    assert done is not None
    return share(carried, done["amount"] + units, row["total"], precision) - int(done["base"])
