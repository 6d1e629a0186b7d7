"""Journal lines on receivables: a credit pays like a credit memo, a debit is paid like an invoice.

Sources: "Accepting a Customer Payment to Write Off Bad Debt" (bridgehead_N1481661): the journal
stands among the credits of a customer payment; "Applying a Journal Entry to an Overpayment"
(section_163156802058): among the invoices if it debits receivables; "Modifying Journal Entries"
(section_1494522995): an edit of an applied journal removes the application. What is open of a line
follows from its links alone; `line` tells several lines of a journal apart (REST API Browser).
Lines of intercompany journals are not applied here.
Lines of intercompany journals take no part.
"""

from __future__ import annotations

from dataclasses import replace

from netsuite_sandbox.errors import invalid_value
from netsuite_sandbox.ledger import Header, Line
from netsuite_sandbox.records.kinds import Books
from netsuite_sandbox.records.revaluing import drop_revaluations


def find(
    books: Books, journal: int, given: int | None, entity: int | None, sign: int, path: str
) -> Line:
    """Return the line of a customer on receivables that is meant.

    Args:
        given: The line named; without one it is the only one there is.
        sign: 1 for a debit, -1 for a credit.
    """
    fitting = [
        line
        for line in books.ledger.lines(journal)
        if (line.entity, line.subsidiary) == (entity, None)
        and line.amount * sign > 0
        and given in (None, line.id)
        and books.company.account_type(line.account) == "AcctRec"
    ]
    if len(fitting) != 1:
        raise invalid_value(journal, "doc", path)
    return fitting[0]


def as_credit(books: Books, head: Header, line: Line) -> Header:
    """Return the header that a credit line of a journal would have as a transaction of its own."""
    used = books.company.db.value(
        "SELECT COALESCE(SUM(amount), 0) FROM link"
        " WHERE nextdoc = ? AND nextline = ? AND linktype = 'Payment'",
        (head.id, line.id),
    )
    return replace(head, entity=line.entity, total=-line.amount, open=-line.amount - used)


def unapply(books: Books, head: Header) -> None:
    """Take a journal out of all applications, as a change of it does.

    Credits that paid it are free again; what it paid itself is open again.
    """
    db = books.company.db
    for row in db.all(
        "SELECT k.nextdoc, SUM(k.amount) AS amount, t.type, t.status, t.open FROM link k"
        " JOIN tx t ON t.id = k.nextdoc WHERE k.previousdoc = ? AND k.linktype = 'Payment'"
        " GROUP BY k.nextdoc",
        (head.id,),
    ):
        if row["type"] != "Journal":
            status = "A" if row["type"] == "CustCred" else row["status"]
            books.ledger.set_open(row["nextdoc"], row["open"] + row["amount"], status)
        drop_revaluations(books, row["nextdoc"], head.id, reverse=True)
    db.execute("DELETE FROM link WHERE previousdoc = ? AND linktype = 'Payment'", (head.id,))
