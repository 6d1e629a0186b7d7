"""Credit memos against elements that are not yet recognized.

Whether NetSuite nets them by itself is unsure: setting net_credit_memo_elements.
"""

from __future__ import annotations

from netsuite_sandbox.company import Company
from netsuite_sandbox.ledger import Header


def net_credit(company: Company, head: Header) -> None:
    """Take a credit memo or return off what its invoice or order has not yet recognized.

    Same item and same custom columns (such as a block id) only; setting net_credit_memo_elements.
    """
    if not company.settings["net_credit_memo_elements"]:
        return
    invoices = _invoices_of(company, head)
    if not invoices:
        return
    db = company.db
    marks = ", ".join("?" * len(invoices))
    same = "".join(f" AND a.{name} IS b.{name}" for name in company.line_columns)
    for credit in db.all("SELECT * FROM element WHERE source = ? ORDER BY sourceline", (head.id,)):
        release(company, credit["id"])
        rest = -credit["amount"]
        candidates = db.all(
            "SELECT e.* FROM element e"
            " JOIN line a ON a.tx = e.source AND a.id = e.sourceline"
            " JOIN line b ON b.tx = ? AND b.id = ?"
            f" WHERE e.source IN ({marks}) AND e.item = ?{same} ORDER BY e.id",
            (credit["source"], credit["sourceline"], *invoices, credit["item"]),
        )
        for debit in candidates:
            take = min(rest, debit["revenue"] - debit["netted"] - executed(company, debit["id"]))
            if take > 0:
                db.execute(
                    "INSERT INTO netting VALUES (?, ?, ?)", (credit["id"], debit["id"], take)
                )
                db.execute(
                    "UPDATE element SET netted = netted + ? WHERE id = ?", (take, debit["id"])
                )
                db.execute(
                    "UPDATE element SET netted = netted - ? WHERE id = ?", (take, credit["id"])
                )
                rest -= take


def _invoices_of(company: Company, head: Header) -> list[int]:
    """The sources whose elements a memo reduces: its invoice's, or that invoice's order."""
    docs = {
        row[0]
        for row in company.db.all(
            "SELECT k.previousdoc FROM link k JOIN tx t ON t.id = k.previousdoc"
            " WHERE k.nextdoc = ? AND k.linktype = 'Payment' AND t.type = 'CustInvc'",
            (head.id,),
        )
    }
    if head.createdfrom is not None:
        docs.add(head.createdfrom)
    orders = {
        row[0]
        for doc in docs
        for row in company.db.all(
            "SELECT DISTINCT orderdoc FROM line WHERE tx = ? AND orderdoc IS NOT NULL", (doc,)
        )
    }
    return sorted(docs | orders)


def executed(company: Company, element: int) -> int:
    """Return what of an element is already in journals, transaction currency."""
    units: int = company.db.value(
        "SELECT COALESCE(SUM(p.amount), 0) FROM planned p JOIN plan n ON n.id = p.plan"
        " WHERE n.element = ? AND p.journal IS NOT NULL",
        (element,),
    )
    return units


def release(company: Company, credit: int) -> None:
    """Undo the netting of a credit memo's element."""
    db = company.db
    for row in db.all("SELECT debit, amount FROM netting WHERE credit = ?", (credit,)):
        db.execute(
            "UPDATE element SET netted = netted - ? WHERE id = ?", (row["amount"], row["debit"])
        )
    db.execute("UPDATE element SET netted = 0, stale = 1 WHERE id = ?", (credit,))
    db.execute("DELETE FROM netting WHERE credit = ?", (credit,))
