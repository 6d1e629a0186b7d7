"""Record actions: POST /{type}/{id}/@{action}.

Sources: "Executing Record Actions" (section_156631158782): the answer is {"links", "result"};
"Supported Record Actions" (section_1516982564): of the records here only the invoice has actions.
There is no action that voids, approves or applies: that is what SuiteScript is for.
"""

from __future__ import annotations

from netsuite_sandbox.errors import NetSuiteError, user_error
from netsuite_sandbox.ledger import Header
from netsuite_sandbox.records.kinds import Books, Kind

# Action of an invoice: whether the invoice is then marked for grouping.
_GROUPING = {"markforgrouping": True, "unmarkforgrouping": False}
MARK = "forInvoiceGrouping"  # Body field of SuiteScript's invoice record.


def known(record: str) -> tuple[str, ...]:
    """Return the actions of a record type."""
    return (*_GROUPING, "removeinvoicefromgroup") if record == "invoice" else ()


def execute(books: Books, kind: Kind | None, record: str, head: Header | None, name: str) -> None:
    """Carry an action out.

    Raises:
        NetSuiteError: INVALID_REQUEST if the record type has no such action (code and text
            unsure); USER_ERROR if the record is in no state for it.
    """
    action = name.lower()
    if action not in known(record) or kind is None or head is None:
        raise NetSuiteError(
            400, "INVALID_REQUEST",
            f"The record type {record} does not support the action '{name}'.",
            **{"o:errorUrl": f"@{name}"},
        )  # fmt: skip
    if action == "removeinvoicefromgroup":
        raise user_error("The invoice does not belong to an invoice group.")
    if bool(head.extra.get(MARK)) == _GROUPING[action]:
        done = "already" if _GROUPING[action] else "not"
        raise user_error(f"The invoice is {done} marked for grouping.")
    head.extra[MARK] = _GROUPING[action]
    books.ledger.replace(head, books.ledger.lines(head.id))
