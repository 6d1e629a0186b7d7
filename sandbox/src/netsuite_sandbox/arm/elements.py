"""Revenue arrangements and elements: one element per source line, one arrangement per source.

Sources: "Revenue Elements", "Revenue Arrangements": sales order lines, lines of invoices without an
order, credit memo lines. Invoices of an order make no element of their own.
"""

from __future__ import annotations

from decimal import Decimal

from netsuite_sandbox.company import Company
from netsuite_sandbox.ledger import Header, Ledger, Line
from netsuite_sandbox.store.database import Row


def update_arrangements(company: Company, ledger: Ledger, until: str) -> int:
    """Bring elements in step with all sources dated up to `until`; return how many were touched."""
    touched = 0
    rows = company.db.all(
        "SELECT id FROM tx WHERE arm = 1 AND trandate <= ? ORDER BY trandate, id", (until,)
    )
    for row in rows:
        head = ledger.header(row["id"])
        assert head is not None
        touched += _update_source(company, ledger, head)
        company.db.execute("UPDATE tx SET arm = 0 WHERE id = ?", (head.id,))
    return touched


def _update_source(company: Company, ledger: Ledger, head: Header) -> int:
    sign = 1 if head.type == "CustCred" else -1
    seen: set[int] = set()
    for line in ledger.lines(head.id):
        if not _is_source(company, head, line):
            continue
        seen.add(line.id)
        _put_element(company, ledger, head, line, sign)
    for row in company.db.all("SELECT id, sourceline FROM element WHERE source = ?", (head.id,)):
        if row["sourceline"] not in seen:
            _retire(company, row["id"])
    if head.type == "CustCred" and seen:
        net_credit(company, head)
    return len(seen)


def _is_source(company: Company, head: Header, line: Line) -> bool:
    if line.item is None or line.extra.get("doNotCreateRevenueElement"):
        return False
    if head.type == "CustInvc" and line.orderdoc is not None:
        return False
    item = company.must("item", line.item).body
    return item.get("deferredRevenueAccount") is not None and not item.get("directRevenuePosting")


def _put_element(company: Company, ledger: Ledger, head: Header, line: Line, sign: int) -> None:
    """Create or update the element of a line. Amounts of credit memos are negative."""
    assert line.item is not None
    item = company.must("item", line.item).body
    quantity = abs(line.quantity or Decimal(0))
    base = -line.base
    amount = -line.amount
    company.db.execute(
        "INSERT INTO element (arrangement, source, sourceline, item, entity, subsidiary, currency,"
        " exchangerate, elementdate, quantity, amount, base, deferralaccount, recognitionaccount,"
        " rule, planson) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (source, sourceline) DO UPDATE SET item = excluded.item,"
        " exchangerate = excluded.exchangerate, elementdate = excluded.elementdate,"
        " quantity = excluded.quantity, amount = excluded.amount, base = excluded.base",
        (
            _arrangement(company, ledger, head), head.id, line.id, line.item, head.entity,
            head.subsidiary, head.currency, format(head.exchangerate, "f"), head.trandate,
            format(-quantity if sign > 0 else quantity, "f"), amount, base,
            item["deferredRevenueAccount"], item["incomeAccount"],
            item.get("revenueRecognitionRule"), item.get("createRevenuePlansOn"),
        ),
    )  # fmt: skip


def _arrangement(company: Company, ledger: Ledger, head: Header) -> int:
    """Return the arrangement of a source transaction, made on first use.

    Source: it is a transaction of type RevArrng.
    """
    found = company.db.value("SELECT arrangement FROM element WHERE source = ? LIMIT 1", (head.id,))
    if found is not None:
        return int(found)
    account = company.special_account("RevArrng")
    arrangement = Header(
        type="RevArrng", trandate=head.trandate, subsidiary=head.subsidiary,
        currency=head.currency, exchangerate=head.exchangerate, entity=head.entity,
        tranid=f"RA{company.db.next_number('RevArrng')}", posting=False, account=account,
        createdfrom=head.id,
    )  # fmt: skip
    return ledger.insert(arrangement, [Line(0, account, 0, 0, mainline=True, entity=head.entity)])


def net_credit(company: Company, head: Header) -> None:
    """Take a credit memo off what its invoice has not yet recognized.

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
        _release(company, credit["id"])
        rest = -credit["amount"]
        candidates = db.all(
            "SELECT e.* FROM element e"
            " JOIN line a ON a.tx = e.source AND a.id = e.sourceline"
            " JOIN line b ON b.tx = ? AND b.id = ?"
            f" WHERE e.source IN ({marks}) AND e.item = ?{same} ORDER BY e.id",
            (credit["source"], credit["sourceline"], *invoices, credit["item"]),
        )
        for debit in candidates:
            take = min(rest, debit["amount"] - debit["netted"] - executed(company, debit["id"]))
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
            "SELECT previousdoc FROM link WHERE nextdoc = ? AND linktype = 'Payment'", (head.id,)
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


def _release(company: Company, credit: int) -> None:
    """Undo the netting of a credit memo's element."""
    db = company.db
    for row in db.all("SELECT debit, amount FROM netting WHERE credit = ?", (credit,)):
        db.execute(
            "UPDATE element SET netted = netted - ? WHERE id = ?", (row["amount"], row["debit"])
        )
    db.execute("UPDATE element SET netted = 0 WHERE id = ?", (credit,))
    db.execute("DELETE FROM netting WHERE credit = ?", (credit,))


def _retire(company: Company, element: int) -> None:
    """Take out the element of a line that is gone; keep it at zero if any was recognized."""
    db = company.db
    _release(company, element)
    for row in db.all("SELECT credit, amount FROM netting WHERE debit = ?", (element,)):
        db.execute(
            "UPDATE element SET netted = netted + ? WHERE id = ?", (row["amount"], row["credit"])
        )
    db.execute("DELETE FROM netting WHERE debit = ?", (element,))
    if db.one(
        "SELECT 1 FROM planned p JOIN plan n ON n.id = p.plan"
        " WHERE n.element = ? AND p.journal IS NOT NULL LIMIT 1",
        (element,),
    ):
        db.execute("UPDATE element SET amount = 0, base = 0, netted = 0 WHERE id = ?", (element,))
        return
    db.execute(
        "DELETE FROM planned WHERE plan IN (SELECT id FROM plan WHERE element = ?)", (element,)
    )
    db.execute("DELETE FROM plan WHERE element = ?", (element,))
    db.execute("DELETE FROM element WHERE id = ?", (element,))


def drop_source(company: Company, tx: int) -> None:
    """Have the elements of a deleted transaction follow it."""
    rows: list[Row] = company.db.all("SELECT id FROM element WHERE source = ?", (tx,))
    for row in rows:
        _retire(company, row["id"])
