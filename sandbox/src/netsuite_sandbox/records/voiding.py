"""Direct void, as SuiteScript's transaction.void does it. REST has no void action.

Sources: "N/transaction Module": total and all lines become zero, the transaction stays and its G/L
impact can no longer change; "Supported Transaction Types for Void"; "Voiding, Deleting, or Closing
Transactions": with the preference Void Transactions Using Reversing Journals direct voids fail.
"""

from __future__ import annotations

from netsuite_sandbox.arm.recognition import drop_journal
from netsuite_sandbox.errors import user_error
from netsuite_sandbox.records.deferral import INCOME_ACCOUNT
from netsuite_sandbox.records.kinds import Books, Draft, Kind
from netsuite_sandbox.suitebilling.charges import release

_DIRECT = frozenset(
    {"CustInvc", "CustCred", "CustDep", "CustPymt", "CustRfnd", "Journal", "SalesOrd"}
)
_LINKED = (
    "You cannot void this transaction because it is linked to by one or more transactions such as "
    "payments. You must delete or void those transactions first"
)
_ALREADY = "Transaction Already Voided. Void failed because transaction is already voided."
_PREFERENCE = (
    "Direct void is not possible: the preference Void Transactions Using Reversing Journals is on."
)


def void(books: Books, kind: Kind, tx: int) -> None:
    """Void a transaction.

    Raises:
        NetSuiteError: USER_ERROR if it is linked, voided, in a closed period or of another type.
    """
    head = books.ledger.header(tx)
    assert head is not None
    if books.company.settings["void_using_reversing_journals"]:
        raise user_error(_PREFERENCE)
    if kind.code not in _DIRECT:
        raise user_error("The record type is not voidable.")
    if head.extra.get("voided"):
        raise user_error(_ALREADY)
    if books.company.db.one(
        "SELECT 1 FROM link WHERE previousdoc = ? AND linktype <> 'RevRec' LIMIT 1", (tx,)
    ):
        raise user_error(_LINKED)
    books.periods.check_change(
        head.postingperiod, receivables=kind.receivables, ledger=head.posting
    )
    lines = books.ledger.lines(tx)
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
