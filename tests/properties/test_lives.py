"""Whatever happens to blocks, the invariants hold after every step and all ends at zero."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date
from decimal import Decimal

from hypothesis import HealthCheck, given, settings

from drawdown.core.accounts import CONTROL_ROLES, Role
from drawdown.core.block import State, Step
from drawdown.core.checks import AT_END, CHECKS, balances, violations
from drawdown.core.events import (
    BlockVoid,
    Clock,
    Event,
    InvoiceVoid,
    Payment,
    PurchaseInvoice,
    UsageInvoice,
)
from drawdown.core.money import ZERO, plus
from drawdown.core.plan import DocumentKind, Operation, PostingPlan
from drawdown.core.policy import Policy, PurchaseTrigger
from drawdown.core.rules import Record
from tests.cases.books import Books, month_end
from tests.properties.lives import EFFORT, END, lives, policies

EXAMPLES = settings(
    max_examples=150 * EFFORT,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
LAST_DAY = date(2026, 12, 31)


def lived(stream: list[Event], policy: Policy) -> Books:
    """Take a stream; `Books` runs CHECKS after every event."""
    books = Books(policy)
    for event in stream:
        if event.event_id not in books.outcomes:
            books.take(event)
    return books


@EXAMPLES
@given(lives(), policies)
def test_every_block_ends_at_zero(stream: list[Event], policy: Policy) -> None:
    """After expiry or void, recognition and payment only cash and revenue are left."""
    books = lived(stream, policy)
    books.policy = policy = Policy(
        prepaid_item=policy.prepaid_item, purchase_trigger=policy.purchase_trigger
    )
    for block in list(books.known.blocks.values()):
        if not block.is_invoiced and policy.purchase_trigger is PurchaseTrigger.SALES_ORDER:
            invoice_id = f"last invoice of {block.block_id}"
            books.take(
                PurchaseInvoice(
                    invoice_id, END, END.date(), invoice_id, block.order_id, (block.block_id,), ()
                )
            )
    books.take(Clock("last clock", END))
    for block_id in list(books.known.blocks):
        books.take(BlockVoid(f"last void of {block_id}", END, END.date(), block_id, ""))
    for document in list(books.known.documents.values()):
        if document.kind is DocumentKind.PURCHASE:
            payment = f"last payment of {document.document_id}"
            books.take(Payment(payment, END, END.date(), payment, document.document_id, None))
    books.take_all(month_end(books, LAST_DAY))
    for block in books.known.blocks.values():
        entries = books.entries_of(block.block_id)
        if block.due_minor >= 0:
            assert violations(block, entries, AT_END) == []
        else:  # the customer is owed what was paid and then credited
            found = balances(entries)
            left = {role: found[role] for role in CONTROL_ROLES if found[role]}
            assert left == {Role.ACCOUNTS_RECEIVABLE: block.due_minor}


@EXAMPLES
@given(lives(), policies)
def test_the_books_agree_with_themselves(stream: list[Event], policy: Policy) -> None:
    """Movements, positions, entries, records and facts say the same; a replay says it again."""
    books = lived(stream, policy)
    _movements_add_up_to_the_position(books)
    _records_are_made_once_and_known_when_named(books)
    _records_bear_their_entries(books)
    _what_was_accepted_was_asked_for(books, stream)
    again = lived(stream, policy)
    assert again.intents == books.intents
    assert again.entries == books.entries
    assert again.known.blocks == books.known.blocks


def _movements_add_up_to_the_position(books: Books) -> None:
    """A block's position is the sum of its movements, numbered without a gap."""
    used: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    money: Counter[str] = Counter()
    due: Counter[str] = Counter()
    sequence: Counter[str] = Counter()
    invoiced: set[str] = set()
    for m in books.movements:
        sequence[m.block_id] += 1
        assert m.sequence == sequence[m.block_id]
        assert 0 <= m.reverses < m.sequence
        used[m.block_id] = plus(used[m.block_id], m.credits)
        if m.step in (Step.DRAWN, Step.EXPIRED, Step.REVERSED, Step.REDUCED, Step.VOIDED):
            money[m.block_id] += m.amount_minor
        if m.step is Step.INVOICED:
            invoiced.add(m.block_id)
            due[m.block_id] += m.amount_minor
        elif m.step is Step.PAID or (
            m.step in (Step.REDUCED, Step.VOIDED) and m.block_id in invoiced
        ):
            due[m.block_id] -= m.amount_minor
    for block_id, block in books.known.blocks.items():
        assert (block.used_credits, block.used_minor) == (used[block_id], money[block_id])
        assert (block.due_minor, block.sequence) == (due[block_id], sequence[block_id])


def _records_are_made_once_and_known_when_named(books: Books) -> None:
    """No record is created twice, none names a later one, lanes are blocks or customers."""
    made: set[str] = set()
    for intent in books.intents:
        if intent.operation is Operation.CREATE:
            assert intent.external_id not in made
            made.add(intent.external_id)
        elif intent.operation is not Operation.UPSERT:
            assert intent.external_id in made
        for named in (intent.source, intent.target):
            assert not named or named in made
    assert {entry.record for entry in books.entries} <= made
    lanes = {lane for intent in books.intents for lane in intent.lanes}
    customers = {f"customer:{customer_id}" for customer_id in books.known.customers}
    assert lanes <= customers | set(books.known.blocks)


def _records_bear_their_entries(books: Books) -> None:
    """Lines add up to their record; what a record bears of blocks is what its entries say."""
    entries: Counter[str] = Counter()
    for entry in books.entries:
        # An application or deposit bears both its entries and those that undo them in place.
        entries[entry.record] += entry.amount_minor * (-1 if entry.code in ("R1", "V3") else 1)
    records: dict[str, int] = {}
    for intent in books.intents:
        if intent.lines:
            assert sum(line.amount_minor for line in intent.lines) == intent.amount_minor
        assert 0 <= intent.applied_minor <= intent.amount_minor
        assert intent.operation is not Operation.SET_AMOUNT or intent.amount_minor > 0
        ordinary = sum(line.amount_minor for line in intent.lines if not line.block_id)
        records[intent.external_id] = intent.amount_minor - ordinary
    payments = {i.external_id for i in books.intents if i.record is Record.CUSTOMER_PAYMENT}
    for record, amount in entries.items():
        assert amount == records[record] or (record in payments and amount < records[record])


@EXAMPLES
@given(lives(with_clock=False), policies)
def test_to_reverse_everything_leaves_nothing(stream: list[Event], policy: Policy) -> None:
    """Void every usage invoice, then every purchase: no account has a balance."""
    books = lived(stream, Policy(prepaid_item=policy.prepaid_item, overdraw=policy.overdraw))
    documents = list(books.known.documents.values())
    for kind in (DocumentKind.USAGE, DocumentKind.PURCHASE):
        for document in documents:
            if document.kind is kind:
                void = f"void {document.document_id}"
                books.take(InvoiceVoid(void, END, END.date(), document.document_id, ""))
    for block in books.known.blocks.values():
        entries = books.entries_of(block.block_id)
        assert violations(block, entries, CHECKS) == []
        if block.state is State.VOIDED and block.used_minor == block.cancelled_minor:
            assert not any(balances(entries).values())


def _what_was_accepted_was_asked_for(books: Books, stream: list[Event]) -> None:
    """The lines of a usage invoice are paid to the last credit by blocks and ordinary lines."""
    for event in stream:
        plan = books.outcomes.get(event.event_id)
        if not isinstance(event, UsageInvoice) or not isinstance(plan, PostingPlan):
            continue
        paid: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        money: Counter[str] = Counter()
        for movement in plan.movements:
            paid[movement.line_id] = plus(paid[movement.line_id], movement.credits)
            money[movement.line_id] += movement.amount_minor
        for ordinary in plan.documents[0].lines:
            paid[ordinary.line_id] = plus(paid[ordinary.line_id], ordinary.credits or ZERO)
            money[ordinary.line_id] += ordinary.amount_minor
        for line in event.lines:
            if line.credits is not None:
                assert paid[line.line_id] == line.credits
            else:
                assert money[line.line_id] == line.amount_minor
