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
from netsuite_sandbox.records import receivable_journals
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.kinds import Application, Books, Draft
from netsuite_sandbox.records.revaluing import drop_revaluations, revalue
from netsuite_sandbox.store.database import Row

_SETTLED_KINDS = ("CustInvc", "CustRfnd", "Journal")
# What is known of a document to be settled: its main line or, of a journal, the line that is meant.
_DUE = """
t.id, t.type, t.tranid, t.trandate, t.postingperiod, t.posting, t.currency, t.exchangerate,
l.id AS line, l.account, ABS(l.base) AS base,
IIF(t.type = 'Journal', l.entity, t.entity) AS entity,
IIF(t.type = 'Journal', l.amount, t.total) AS total,
IIF(t.type = 'Journal',
  l.amount - COALESCE((SELECT SUM(o.amount) FROM link o WHERE o.previousdoc = t.id
                       AND o.previousline = l.id AND o.linktype = 'Payment'), 0),
  t.open) AS open
"""


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
        row = _meant(books, header, value, path)
        amount = value.get("amount")
        if amount is None:
            units = row["open"] if left is None else min(row["open"], max(left, 0))
        else:
            units = to_units(amount, precision)
        if units < 0:
            raise invalid_value(amount, "amount", f"apply.items[{index}].amount")
        left = None if left is None else left - units
        if units:
            out.append(Application(doc, units, value.get("applyDate"), row["line"]))
    return out


def _meant(books: Books, header: Header, value: Values, path: str) -> Row:
    """Return the document that is ticked; of a journal it is one line."""
    doc = value["doc"]
    row = _due(books, doc, 0)
    if row is None or row["type"] == "Journal":
        found = receivable_journals.find(books, doc, value.get("line"), header.entity, 1, path)
        row = _due(books, doc, found.id)
        assert row is not None
    return row


def _due(books: Books, doc: int, line: int) -> Row | None:
    return books.company.db.one(
        f"SELECT {_DUE} FROM tx t JOIN line l ON l.tx = t.id AND l.id = ? WHERE t.id = ?",
        (line, doc),
    )


def merge_apply(books: Books, payer: int, changes: list[Values], *, replace: bool) -> list[Values]:
    """Merge changes of an apply sublist into the stored one by `doc`, of journals and `line`.

    Source: "Updating a Sublist": lines with the key are updated, missing ones kept.
    """
    stored = [] if replace else shown(books, payer)
    merged = {(value["doc"], value["line"]): value for value in stored}
    for change in changes:
        doc = change.get("doc")
        if doc is None:
            raise invalid_value("", "doc", "apply.items.doc")
        known = [key for key in merged if key[0] == doc]
        exact = (doc, change.get("line") or 0)
        several = len(known) > 1 or "Journal" in {merged[key].get("type") for key in known}
        given = several and change.get("line") is not None
        key = exact if given or len(known) != 1 else known[0]
        merged[key] = {**merged.get(key, {}), **change}
    return list(merged.values())


def shown(books: Books, payer: int) -> list[Values]:
    """The stored applications of a payer as values."""
    rows = books.company.db.all(
        f"SELECT k.amount AS applied, k.applydate, {_DUE} FROM link k JOIN tx t ON"
        " t.id = k.previousdoc JOIN line l ON l.tx = t.id AND l.id = k.previousline"
        " WHERE k.nextdoc = ? AND k.linktype = 'Payment' ORDER BY k.previousdoc, k.previousline",
        (payer,),
    )
    return [
        {
            "doc": row["id"],
            "line": row["line"],
            "apply": True,
            "amount": to_decimal(row["applied"]),
            "applyDate": row["applydate"],
            "due": to_decimal(row["open"] + row["applied"]),
            "total": to_decimal(row["total"]),
            "refNum": row["tranid"],
            "type": "Invoice" if row["type"] == "CustInvc" else row["type"],
        }
        for row in rows
    ]


def settle(
    books: Books, draft: Draft, account: int, payer_base: int, *, further: bool = False,
    line: int = 0,
) -> None:  # fmt: skip
    """Link a saved payer to the documents it settles.

    Args:
        account: The receivables account of the payer.
        payer_base: Base currency of the payer's whole `total` on that account.
        further: Whether the payer may have settled other documents before.
        line: Line of a journal that pays.
    """
    payer = draft.header
    precision = books.company.precision(books.company.base_currency(payer.subsidiary))
    used, used_base = _used(books, payer.id, line) if further else (0, 0)
    for entry in draft.applies:
        row = _settled(books, payer, entry, account)
        used += entry.units
        next_base = share(payer_base, used, payer.total, precision) - used_base
        used_base += next_base
        previous_base = _release(books, row, entry.units, precision, "Payment")
        books.ledger.link(
            (entry.doc, entry.line), (payer.id, line), "Payment", entry.units,
            previous_base=previous_base, next_base=next_base, day=entry.day or payer.trandate,
        )  # fmt: skip
        left = row["open"] - entry.units
        status = "A" if left else "B"
        if row["type"] != "Journal":
            books.ledger.set_open(entry.doc, left, "R" if row["type"] == "CustRfnd" else status)
        rates = (Decimal(row["exchangerate"]), payer.exchangerate)
        revalue(books, payer, row, account, previous_base - next_base,
                times_rate(entry.units, rates[0] - rates[1], precision))  # fmt: skip


def _used(books: Books, payer: int, line: int) -> tuple[int, int]:
    """What a payer has settled before: transaction and base currency."""
    row = books.company.db.one(
        "SELECT COALESCE(SUM(amount), 0), COALESCE(SUM(nextbase), 0) FROM link"
        " WHERE nextdoc = ? AND nextline = ? AND linktype = 'Payment'",
        (payer, line),
    )
    assert row is not None
    return row[0], row[1]


def consume(books: Books, payer: Header, deposit: int, units: int, base: int) -> None:
    """Link a saved application to the deposit that it uses up."""
    row = _due(books, deposit, 0)
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


def undo(books: Books, payer: Header, *, reverse: bool = False) -> None:
    """Take back all applications of a payer and the revaluations they caused.

    Args:
        reverse: See `drop_revaluations`.
    """
    db = books.company.db
    links = db.all(
        "SELECT l.previousdoc, SUM(l.amount) AS amount, d.open, d.account, d.type FROM link l"
        " JOIN tx d ON d.id = l.previousdoc WHERE l.nextdoc = ?"
        " AND l.linktype IN ('Payment', 'DepAppl') GROUP BY l.previousdoc",
        (payer.id,),
    )
    for link in links:
        if link["type"] == "Journal":
            continue
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
    drop_revaluations(books, payer.id, reverse=reverse)


def _settled(books: Books, payer: Header, entry: Application, account: int) -> Row:
    """Return the document to be settled, checked. The wording of these refusals is unsure."""
    row = _due(books, entry.doc, entry.line)
    assert row is not None
    listed = row["type"] in _SETTLED_KINDS and row["posting"] == "T"
    if not listed or row["entity"] != payer.entity:
        raise invalid_value(entry.doc, "doc", "apply.items.doc")
    if row["currency"] != payer.currency:
        raise user_error("Transaction and foreign currency account use different currencies.")
    if row["type"] != "CustRfnd" and row["account"] != account:
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
    done = db.one(
        "SELECT COALESCE(SUM(amount), 0) AS amount, COALESCE(SUM(previousbase), 0) AS base"
        " FROM link WHERE previousdoc = ? AND previousline = ? AND linktype = ?",
        (row["id"], row["line"], kind),
    )
    assert done is not None
    return share(row["base"], done["amount"] + units, row["total"], precision) - int(done["base"])
