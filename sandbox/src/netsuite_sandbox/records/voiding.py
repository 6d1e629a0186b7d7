"""Voids, direct and by reversing journal, as SuiteScript's transaction.void does them.

REST has no void action. Sources: "N/transaction Module": total and all lines become zero, the
transaction stays and its G/L impact can no longer change; "transaction.void(options)"
(section_4413165692): a direct void returns the id of the transaction, one by reversing journal the
id of the new journal; "transaction.Type" (section_4483109897): which types know which; "Voiding,
Deleting, or Closing Transactions" (section_N563543): a void reopens what the transaction closed,
such as the sales order of an invoice; "Void Transactions Using Reversing Journals Preference"
(bridgehead_N1469460): with it direct voids fail, and linked transactions of a refund are reopened.
"""

from __future__ import annotations

from netsuite_sandbox.arm.recognition import drop_journal
from netsuite_sandbox.errors import user_error
from netsuite_sandbox.ledger import Header
from netsuite_sandbox.records import offers, sales_order
from netsuite_sandbox.records.deferral import INCOME_ACCOUNT
from netsuite_sandbox.records.kinds import Books, Draft, Kind
from netsuite_sandbox.suitebilling.charges import release

_DIRECT = frozenset(
    {
        "CustInvc",
        "CustCred",
        "CustDep",
        "CustPymt",
        "CustRfnd",
        "Journal",
        "SalesOrd",
        "CashSale",
        "CashRfnd",
        "Estimate",
        "RtnAuth",
    }
)
_BY_JOURNAL = frozenset({"CustRfnd"})
_LINKED = (
    "You cannot void this transaction because it is linked to by one or more transactions such as "
    "payments. You must delete or void those transactions first"
)
_ALREADY = "Transaction Already Voided. Void failed because transaction is already voided."
_PREFERENCE = (
    "Direct void is not possible: the preference Void Transactions Using Reversing Journals is on."
)


def void(books: Books, kind: Kind, tx: int) -> int:
    """Void a transaction.

    Returns:
        The id of the voided transaction or, with the preference Void Transactions Using Reversing
        Journals, of the new voiding journal.

    Raises:
        NetSuiteError: USER_ERROR if it is linked, voided, in a closed period or of another type.
    """
    head = books.ledger.header(tx)
    assert head is not None
    if kind.code not in _DIRECT:
        raise user_error("The record type is not voidable.")
    if head.extra.get("voided"):
        raise user_error(_ALREADY)
    if books.company.settings["void_using_reversing_journals"]:
        if kind.code not in _BY_JOURNAL:
            raise user_error(_PREFERENCE)
        return _by_journal(books, kind, head)
    _direct(books, kind, head)
    return tx


def refunded(books: Books, tx: int) -> bool:
    """Whether a refund has paid a credit memo, payment or deposit application back.

    It then is linked to the refund, although it is the one that settles the other (unsure).
    """
    return (
        books.company.db.one(
            "SELECT 1 FROM link l JOIN tx t ON t.id = l.previousdoc"
            " WHERE l.nextdoc = ? AND t.type = 'CustRfnd' LIMIT 1",
            (tx,),
        )
        is not None
    )


def _direct(books: Books, kind: Kind, head: Header) -> None:
    lines = books.ledger.lines(head.id)
    if kind.settled_once:
        kind.undo(books, Draft(head, lines))  # A refund frees what it paid back.
    if books.company.db.one(
        "SELECT 1 FROM link WHERE previousdoc = ? AND linktype <> 'RevRec' LIMIT 1", (head.id,)
    ) or refunded(books, head.id):
        raise user_error(_LINKED)
    books.periods.check_change(
        head.postingperiod, receivables=kind.receivables, ledger=head.posting
    )
    if not kind.settled_once:
        kind.undo(books, Draft(head, lines))
    for line in lines:
        line.amount = line.base = 0
    head.total = head.open = 0
    head.memo = "VOID"
    head.extra["voided"] = True
    if "V" in kind.statuses:
        head.status = "V"
    head.arm = any(line.item or line.extra.get(INCOME_ACCOUNT) for line in lines)
    if head.type == "Journal":
        drop_journal(books.company, head.id)
    elif head.type in {"CustInvc", "CustCred"}:
        release(books.company, head.id)
    books.ledger.replace(head, lines)
    for order in {line.orderdoc for line in lines if line.orderdoc is not None}:
        sales_order.refresh(books, order)
    offers.refresh(books, head.createdfrom)


def _by_journal(books: Books, kind: Kind, head: Header) -> int:
    """Write the opposite entry today, in an open period, and reopen what the refund paid back."""
    for row in books.company.db.all(
        "SELECT t.postingperiod FROM link l JOIN tx t ON t.id = l.nextdoc"
        " WHERE l.previousdoc = ? AND t.type = 'DepAppl'",
        (head.id,),
    ):  # How a deposit's application of a shut period is reopened is not documented.
        books.periods.check_change(row["postingperiod"], receivables=True, ledger=True)
    kind.undo(books, Draft(head, books.ledger.lines(head.id)))
    day = books.company.clock.today().isoformat()
    journal = Header(
        type="Journal", trandate=day, subsidiary=head.subsidiary, currency=head.currency,
        exchangerate=head.exchangerate, memo="VOID", status="B", total=head.total,
        tranid=f"JE{books.company.db.next_number('Journal')}", createdfrom=None,
        postingperiod=books.periods.resolve(day, None, receivables=True),
        extra={"approved": True, "voids": head.id},
    )  # fmt: skip
    lines = books.ledger.lines(head.id)
    for line in lines:
        line.amount, line.base, line.memo = -line.amount, -line.base, "VOID"
        line.mainline = books.company.settings["journal_lines_mainline"] == "T"
    books.ledger.insert(journal, lines)
    head.extra.update(voided=True, voidJournal=journal.id)
    head.status = "V"
    books.ledger.replace(head, books.ledger.lines(head.id))
    return journal.id
