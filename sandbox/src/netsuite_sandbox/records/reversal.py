"""Reversing journal entries.

Sources: "Use Case for Creating a Reverse Journal Entry", "Reversing Journal Entries": a reversal
date makes the opposite entry with the same exchange rate, linked for good and not editable by
itself; with reversalDefer it is made when that date comes.
"""

from __future__ import annotations

from netsuite_sandbox.errors import REVERSAL_DATE_WARNING, user_error
from netsuite_sandbox.ledger import Header
from netsuite_sandbox.records.kinds import Books, Draft

_KEPT = ("record", "toSubsidiary", "accountingBook", "isBookSpecific")


def settle(books: Books, draft: Draft) -> None:
    """Make the reversal that a journal asks for."""
    head = draft.header
    day = head.extra.get("reversalDate")
    if day is None or not head.posting or head.extra.get("isReversalOf"):
        return
    if head.extra.get("reversalDefer") and day > books.company.clock.today().isoformat():
        return
    period = books.periods.containing(day)
    if period is None or period.closed:
        raise user_error(REVERSAL_DATE_WARNING)
    kept = {name: head.extra[name] for name in _KEPT if name in head.extra}
    reversal = Header(
        type="Journal", trandate=day, subsidiary=head.subsidiary, currency=head.currency,
        exchangerate=head.exchangerate, tranid=f"{head.tranid}R", memo=head.memo, status="B",
        postingperiod=books.periods.resolve(day, None, receivables=False), total=head.total,
        extra={**kept, "approved": True, "isReversalOf": head.id}, custom=dict(head.custom),
        book=head.book,
    )  # fmt: skip
    lines = books.ledger.lines(head.id)
    for line in lines:
        line.amount, line.base = -line.amount, -line.base
    books.ledger.insert(reversal, lines)
    head.extra["reversalEntry"] = reversal.id
    books.ledger.replace(head, books.ledger.lines(head.id))


def undo(books: Books, draft: Draft) -> None:
    """Take the reversal away; a reversal itself stays as it is."""
    if draft.header.extra.get("isReversalOf"):
        raise user_error("A reversing journal entry cannot be changed. Change its original entry.")
    reversal = draft.header.extra.pop("reversalEntry", None)
    if reversal is not None:
        found = books.ledger.header(int(reversal))
        if found is not None:
            books.periods.check_change(found.postingperiod, receivables=False, ledger=True)
            books.ledger.delete(found.id)


def make_due(books: Books, until: str) -> list[int]:
    """Make the deferred reversals whose date has come; return their originals."""
    rows = books.company.db.all(
        "SELECT id FROM tx WHERE type = 'Journal' AND json_extract(extra, '$.reversalDate') <= ?"
        " AND json_extract(extra, '$.reversalEntry') IS NULL",
        (until,),
    )
    made: list[int] = []
    for row in rows:
        head = books.ledger.header(row["id"])
        assert head is not None
        settle(books, Draft(head, []))
        made.append(head.id)
    return made
