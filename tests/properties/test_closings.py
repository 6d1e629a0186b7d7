"""However the books are closed while blocks live, closed periods stay closed; all ends at zero."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

from hypothesis import HealthCheck, given, settings, strategies as st

from drawdown.core.accounts import CONTROL_ROLES, Role
from drawdown.core.checks import AT_END, balances, violations
from drawdown.core.events import BlockVoid, Clock, Event, Payment, PurchaseInvoice
from drawdown.core.plan import DocumentKind, Operation, RecordIntent
from drawdown.core.policy import ClosedPeriod, Policy, PurchaseTrigger
from drawdown.core.rules import Record
from tests.cases.books import Books, month_end
from tests.properties.lives import DAYS, EFFORT, END, START, lives, policies

EXAMPLES = settings(
    max_examples=150 * EFFORT,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
LAST_DAY = date(2026, 12, 31)
closings = st.lists(st.tuples(st.integers(0, 25), st.integers(1, 2 * DAYS)), max_size=4)
"""After how many events of the stream the books are closed, and up to which day."""


def lived(stream: list[Event], policy: Policy, closed: list[tuple[int, int]]) -> Books:
    """Take a stream, closing the books between its events; check each posting's day."""
    books = Books(policy)
    for place, event in enumerate(stream):
        for after, day in closed:
            if after == place:
                _close(books, START.date() + timedelta(days=day))
        if event.event_id not in books.outcomes:
            _take(books, event)
    return books


def _close(books: Books, day: date) -> None:
    opened = max(day, books.policy.books_open_from or day)
    books.policy = dataclasses.replace(books.policy, books_open_from=opened)


def _take(books: Books, event: Event) -> None:
    """Take an event; nothing it posts or changes lies in a closed period."""
    entries, intents = len(books.entries), len(books.intents)
    books.take(event)
    dated = {i.external_id: i.posted_on for i in books.intents if _makes(i)}
    opened = books.policy.books_open_from
    if opened is None:
        return
    for entry in books.entries[entries:]:
        assert entry.posted_on >= opened, entry
    for intent in books.intents[intents:]:
        if _makes(intent) and intent.record is not Record.SALES_ORDER:  # an order posts nothing
            assert intent.posted_on is not None
            assert intent.posted_on >= opened, intent
        elif intent.operation in (Operation.SET_AMOUNT, Operation.DELETE):
            was = dated[intent.external_id]
            assert was is not None
            assert was >= opened, intent


def _makes(intent: RecordIntent) -> bool:
    return intent.operation is Operation.CREATE


@EXAMPLES
@given(lives(), policies, closings)
def test_nothing_is_posted_into_a_closed_period(
    stream: list[Event], policy: Policy, closed: list[tuple[int, int]]
) -> None:
    """Whatever is undone, whenever; and at the end every control account is at zero."""
    policy = dataclasses.replace(policy, closed_period=ClosedPeriod.FIRST_OPEN_DAY)
    books = lived(stream, policy, closed)
    books.policy = dataclasses.replace(
        Policy(prepaid_item=policy.prepaid_item, purchase_trigger=policy.purchase_trigger),
        books_open_from=books.policy.books_open_from,
    )
    for block in list(books.known.blocks.values()):
        if not block.is_invoiced and policy.purchase_trigger is PurchaseTrigger.SALES_ORDER:
            invoice_id = f"last invoice of {block.block_id}"
            _take(
                books,
                PurchaseInvoice(
                    invoice_id, END, END.date(), invoice_id, block.order_id, (block.block_id,), ()
                ),
            )
    _take(books, Clock("last clock", END))
    for block_id in list(books.known.blocks):
        _take(books, BlockVoid(f"last void of {block_id}", END, END.date(), block_id, ""))
    for document in list(books.known.documents.values()):
        if document.kind is DocumentKind.PURCHASE:
            payment = f"last payment of {document.document_id}"
            _take(books, Payment(payment, END, END.date(), payment, document.document_id, None))
    books.take_all(month_end(books, LAST_DAY))
    _all_is_at_zero(books)


def _all_is_at_zero(books: Books) -> None:
    for block in books.known.blocks.values():
        entries = books.entries_of(block.block_id)
        if block.due_minor >= 0:
            assert violations(block, entries, AT_END) == []
        else:  # the customer is owed what was paid and then credited
            found = balances(entries)
            left = {role: found[role] for role in CONTROL_ROLES if found[role]}
            assert left == {Role.ACCOUNTS_RECEIVABLE: block.due_minor}
