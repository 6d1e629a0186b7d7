"""Book-specific journal entries: adjustments of one accounting book.

Sources: "Journal Entries in Multi-Book Accounting" (section_3862795782): a book of the subsidiary,
locked once saved, no names on lines of receivables and payables; "Intercompany Journal Entry Body
and Sublist Fields" (section_4105132538): a book makes it book-specific, isBookSpecific alone means
the primary book. The texts are unsure. All books share base currencies and accounts here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from netsuite_sandbox.errors import invalid_value, user_error

if TYPE_CHECKING:
    from netsuite_sandbox.company import Company
    from netsuite_sandbox.ledger import Header
    from netsuite_sandbox.records.fields import Values

PRIMARY = 1


def chosen(
    company: Company, values: Values, old: Header | None, subsidiaries: set[int]
) -> int | None:
    """Return the accounting book that a journal is specific to; None if it is in all of them."""
    book: int | None = values.get("accountingBook")
    if book is None and values.get("isBookSpecific"):
        book = PRIMARY
    if old is not None and old.book != book:
        raise user_error(
            "The accounting book of a journal entry cannot be changed. Delete the journal entry "
            "and create a new one."
        )
    if book is None:
        return None
    if len(company.masters("accountingBook")) == 1:
        raise user_error("The Multi-Book Accounting feature is not enabled.")
    served = company.must("accountingBook", book).body.get("subsidiaries")
    if served and not subsidiaries <= set(served):
        raise invalid_value(book, "accountingBook", "accountingBook")
    return book
