"""Credit memo: Dr income or deferral account / Cr Accounts Receivable; applied to invoices.

Source: "Applying a Customer Credit Memo" (section_N1312521): Auto Apply takes the oldest invoices.
"""

from __future__ import annotations

from netsuite_sandbox.errors import NEGATIVE_TOTAL, TRANS_APPLIED_AMTS_UNBALNCD, user_error
from netsuite_sandbox.ledger import Header
from netsuite_sandbox.money import to_decimal
from netsuite_sandbox.records import (
    applying,
    header as headers,
    invoice,
    itemlines,
    payment_credits,
)
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.records.kinds import Books, Draft, Kind


def build(books: Books, kind: Kind, values: Values, old: Header | None) -> Draft:
    """Build a credit memo."""
    head = headers.start(books, kind, values, old)
    used = [line.id for line in books.ledger.lines(head.id)] if old else None
    lines, head.total = itemlines.build(books, head, values["item"], 1, used)
    if head.total < 0:
        raise user_error(NEGATIVE_TOTAL)
    head.account = invoice.receivables_account(books, values, head.entity, "account")
    applies = applying.read_apply(books, head, values.get("apply") or [], head.total)
    if values.get("autoApply") and old is None and not applies:
        applies = payment_credits.oldest_first(books, head, head.account)
    applied = sum(entry.units for entry in applies)
    check_applied(head.total, applied)
    head.open = head.total - applied
    head.status = "A" if head.open else "B"
    head.arm = itemlines.has_elements(books, lines)
    return Draft(head, [itemlines.main_line(head, head.account, lines), *lines], applies)


def check_applied(total: int, applied: int) -> None:
    """Refuse to apply more than there is. Source: TRANS_APPLIED_AMTS_UNBALNCD."""
    if applied > total:
        raise user_error(
            TRANS_APPLIED_AMTS_UNBALNCD.format(
                to_decimal(total), to_decimal(applied), to_decimal(0)
            )
        )


def settle(books: Books, draft: Draft) -> None:
    """Apply to the invoices ticked."""
    assert draft.header.account is not None
    invoice.settle(books, draft)
    applying.settle(books, draft, draft.header.account, -draft.lines[0].base)


def undo(books: Books, draft: Draft) -> None:
    """Take the applications back."""
    applying.undo(books, draft.header)
    invoice.undo(books, draft)


def show(books: Books, head: Header) -> Values:
    """Computed fields."""
    return {
        "total": to_decimal(head.total), "subtotal": to_decimal(head.total),
        "applied": to_decimal(head.total - head.open), "unapplied": to_decimal(head.open),
        "amountRemaining": to_decimal(head.open),
        "item": itemlines.show(books.ledger.lines(head.id), 1),
        "apply": applying.shown(books, head.id),
    }  # fmt: skip


KIND = Kind(
    "creditMemo", "CustCred", "Credit Memo", "CM", "entity", build, settle=settle, undo=undo,
    show=show, sublists=("item", "apply"), required=("entity", "item"),
    statuses={"A": "Open", "B": "Fully Applied", "V": "Voided"},
)  # fmt: skip
