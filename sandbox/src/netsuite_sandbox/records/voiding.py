"""Voids, direct and by reversing journal, as SuiteScript's transaction.void does them.

REST has no void action. Sources: "N/transaction Module": total and all lines become zero, the
transaction stays and its G/L impact can no longer change; "transaction.void(options)"
(section_4413165692): a direct void returns the id of the transaction, one by reversing journal the
id of the new journal; "transaction.Type" (section_4483109897): which types know which; "Voiding,
Deleting, or Closing Transactions": with the preference Void Transactions Using Reversing Journals
direct voids fail.
"""

from __future__ import annotations

from netsuite_sandbox.arm.recognition import drop_journal
from netsuite_sandbox.errors import user_error
from netsuite_sandbox.ledger import Header
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
        return _by_journal(books, head)
    _direct(books, kind, head)
    return tx


def _direct(books: Books, kind: Kind, head: Header) -> None:
    lines = books.ledger.lines(head.id)
    if kind.settled_once:
        kind.undo(books, Draft(head, lines))  # A refund frees what it paid back.
    if books.company.db.one(
        "SELECT 1 FROM link WHERE previousdoc = ? AND linktype <> 'RevRec' LIMIT 1", (head.id,)
    ):
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


def _by_journal(books: Books, head: Header) -> int:
    """Write the opposite entry today, in an open period; what was paid back stays paid back.

    That the deposit or credit memo behind a refund is not freed is inferred (unsure): the journal
    leaves the customer a credit on Accounts Receivable.
    """
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
