"""The lifecycles of the reference ledger, posting by posting, through the real decisions."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from decimal import Decimal
from typing import NamedTuple

import pytest

from drawdown.core.accounts import CONTROL_ROLES, Account, Observed, Role
from drawdown.core.block import Step
from drawdown.core.checks import balances
from drawdown.core.events import SalesOrder, UsageInvoice
from drawdown.core.money import to_decimal
from drawdown.core.plan import Operation, RecordIntent
from drawdown.core.policy import (
    DepositAccount,
    DrawdownDocument,
    Overdraw,
    Policy,
    PrepaidItem,
    PurchaseTrigger,
)
from drawdown.core.rules import Record
from tests.cases.books import Books, month_end
from tests.cases.facts import on
from tests.cases.stories import STORIES, Story, reference_case

ACCOUNTS: dict[str, Account] = {
    "AR": Role.ACCOUNTS_RECEIVABLE,
    "Undeposited funds": Role.UNDEPOSITED_FUNDS,
    "Prepayment clearing": Role.PREPAYMENT_CLEARING,
    "Cash": Role.CASH,
    "Customer deposits": Role.CUSTOMER_DEPOSITS,
    "Prepaid credits liability": Role.PREPAID_CREDITS_LIABILITY,
    "Deferred revenue: prepaid credit item": Role.DEFERRED_REVENUE_PREPAID,
    "Deferred revenue: usage item": Role.DEFERRED_REVENUE_USAGE,
    "Deferred revenue: breakage item": Role.DEFERRED_REVENUE_BREAKAGE,
    "Revenue: usage": Observed.REVENUE_USAGE,
    "Revenue: breakage": Observed.REVENUE_BREAKAGE,
}
RECORDS = {
    "Sales order -> invoice (generic prepaid credit item)": Record.INVOICE,
    "Customer Deposit (1 per block)": Record.CUSTOMER_DEPOSIT,
    "Journal (prepayment clearing)": Record.JOURNAL_ENTRY,
    "Journal (transfer)": Record.JOURNAL_ENTRY,
    "Customer payment (independent of the deposit)": Record.CUSTOMER_PAYMENT,
    "Standalone invoice at the block's cost basis": Record.INVOICE,
    "Deposit application (transform of the deposit)": Record.DEPOSIT_APPLICATION,
    "Journal": Record.JOURNAL_ENTRY,
    "ARM revenue recognition journal": None,
    "ARM (credit memo element), open period": None,
    "Deposit application edited or deleted": Record.DEPOSIT_APPLICATION,
    "Credit memo applied to the drawdown invoice": Record.CREDIT_MEMO,
    "Credit memo on the purchase invoice": Record.CREDIT_MEMO,
    "Reversing journal": Record.JOURNAL_ENTRY,
    "Customer Deposit voided": Record.CUSTOMER_DEPOSIT,
}
POLICIES = [
    Policy(
        drawdown_document=document,
        purchase_trigger=trigger,
        prepaid_item=item,
        deposit_account=deposit,
        overdraw=overdraw,
    )
    for document, trigger, item, deposit, overdraw in itertools.product(
        DrawdownDocument, PurchaseTrigger, PrepaidItem, DepositAccount, Overdraw
    )
]


class Posting(NamedTuple):
    """One posting in base currency, and the record that carries it (None: ARM's)."""

    record: Record | None
    debit: Account
    credit: Account
    amount: Decimal


def played(story: Story, policy: Policy) -> Books:
    """Play a story with a month end after each month's events."""
    books = Books(policy)
    for month in story.months:
        books.take_all(month.events)
        books.take_all(month_end(books, on(month.last_day)))
    return books


def expected(case_id: str) -> dict[str, list[Posting]]:
    """Return the case's postings by block, in order."""
    by_block: dict[str, list[Posting]] = defaultdict(list)
    for _step, record, block_id, debit, credit, amount in reference_case(case_id)["postings"]:
        by_block[block_id].append(
            Posting(RECORDS[record], ACCOUNTS[debit], ACCOUNTS[credit], Decimal(amount))
        )
    return by_block


def posted(books: Books) -> dict[str, list[Posting]]:
    """Return the journal's postings by block, in order, in base currency."""
    record_of = {intent.external_id: intent.record for intent in books.intents}
    by_block: dict[str, list[Posting]] = defaultdict(list)
    for entry in books.entries:
        amount = to_decimal(entry.amount_minor, entry.currency)
        rate = books.block(entry.block_id).exchange_rate
        by_block[entry.block_id].append(
            Posting(record_of.get(entry.record), entry.debit, entry.credit, amount * rate)
        )
    return by_block


def by_whom(postings: list[Posting]) -> tuple[list[Posting], list[Posting]]:
    """Split postings into ours and ARM's; at which moment of its month ARM runs is its own."""
    return [p for p in postings if p.record], [p for p in postings if not p.record]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.case_id)
def test_every_posting_is_that_of_the_reference_ledger(story: Story) -> None:
    """Per block and in order: accounts, amounts in base currency and the record that carries it."""
    books = played(story, Policy())
    want, got = expected(story.case_id), posted(books)
    assert want.keys() == got.keys()
    for block_id, postings in want.items():
        assert by_whom(got[block_id]) == by_whom(postings)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.case_id)
def test_what_is_left_is_that_of_the_reference_ledger(story: Story) -> None:
    """Control accounts end at zero; cash and revenue as the case says."""
    total: dict[Account, Decimal] = defaultdict(Decimal)
    for postings in posted(played(story, Policy())).values():
        for posting in postings:
            total[posting.debit] += posting.amount
            total[posting.credit] -= posting.amount
    case = reference_case(story.case_id)
    left = {account: amount for account, amount in total.items() if amount}
    assert left == {ACCOUNTS[k]: Decimal(v) for k, v in case["final_nonzero"].items()}
    assert not any(total[role] for role in CONTROL_ROLES)


@pytest.mark.parametrize(
    "policy",
    POLICIES,
    ids=lambda p: (
        f"{p.drawdown_document}-{p.purchase_trigger}-{p.prepaid_item}-{p.deposit_account}-{p.overdraw}"
    ),
)
def test_every_story_ends_at_zero_under_every_policy(policy: Policy) -> None:
    """Invariants hold after every event (`Books.take`), at the end everything is at zero."""
    for story in STORIES:
        books = played(story, policy)
        assert books.not_at_zero() == []
        assert (
            balances(books.entries)[Role.CASH]
            == balances(played(story, Policy()).entries)[Role.CASH]
        )
        assert books.records() == expected_records(story, books, policy)


def expected_records(story: Story, books: Books, policy: Policy) -> Counter[Record]:
    """Count the records that a policy needs, from the facts alone."""
    count: Counter[Record] = Counter()
    steps = Counter(
        (movement.step, movement.event_id, movement.block_id)
        for movement in books.movements
        if movement.amount_minor and movement.step is not Step.RECOGNISED
    )
    undeposited = policy.deposit_account is DepositAccount.UNDEPOSITED_FUNDS
    deferred = policy.prepaid_item is PrepaidItem.DEFERRED
    invoices: set[str] = set()
    for step, event_id, _block in steps:
        if step is Step.PURCHASED or step is Step.VOIDED:
            count[Record.CUSTOMER_DEPOSIT] += 1
            count[Record.JOURNAL_ENTRY] += undeposited + deferred
        elif step in (Step.DRAWN, Step.EXPIRED, Step.REVERSED):
            count[Record.DEPOSIT_APPLICATION] += 1
            count[Record.JOURNAL_ENTRY] += 1
        if step in (Step.REVERSED, Step.VOIDED) and event_id not in invoices:
            count[Record.CREDIT_MEMO] += 1
            invoices.add(event_id)
        elif step in (Step.INVOICED, Step.DRAWN, Step.EXPIRED) and event_id not in invoices:
            count[Record.INVOICE] += 1
            invoices.add(event_id)
        elif step is Step.PAID and event_id not in invoices:
            count[Record.CUSTOMER_PAYMENT] += 1
            invoices.add(event_id)
    count[Record.SALES_ORDER] = sum(
        isinstance(event, SalesOrder) for month in story.months for event in month.events
    )
    return +count


def test_a_lean_purchase_is_one_record_besides_order_and_invoice() -> None:
    """Direct item and deposit straight to clearing: the customer deposit alone."""
    lean = Policy(prepaid_item=PrepaidItem.DIRECT, deposit_account=DepositAccount.CLEARING)
    books = Books(lean)
    books.take_all(STORIES[0].months[0].events[:3])
    assert books.records() == Counter(
        {Record.SALES_ORDER: 1, Record.INVOICE: 1, Record.CUSTOMER_DEPOSIT: 1}
    )
    assert [entry.code for entry in books.entries] == ["P1", "P2"]
    assert next(i for i in books.intents if i.record is Record.CUSTOMER_DEPOSIT).is_clearing_deposit


@pytest.mark.parametrize("document", DrawdownDocument)
def test_every_record_of_a_block_bears_the_rate_of_its_purchase(
    document: DrawdownDocument,
) -> None:
    """The contract liability is non-monetary: the usage invoice's own rate of 1.20 is not used."""
    story = next(story for story in STORIES if story.case_id == "REF-15")
    usage = story.months[1].events[0]
    assert isinstance(usage, UsageInvoice)
    assert usage.exchange_rate == Decimal("1.20")
    books = played(story, Policy(drawdown_document=document))
    rates = {i.exchange_rate for i in books.intents if i.record is not Record.CUSTOMER}
    assert rates == {Decimal("1.10")}


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.case_id)
def test_every_entry_has_its_record_and_every_record_its_entries(story: Story) -> None:
    """Journal and outbox say the same: per record, the money of its entries is its own."""
    books = played(story, Policy())
    by_record: Counter[str] = Counter()
    for entry in books.entries:
        by_record[entry.record] += entry.amount_minor
    made = {i.external_id: i for i in books.intents if i.operation is Operation.CREATE}
    changed = [i for i in books.intents if i.operation in (Operation.SET_AMOUNT, Operation.DELETE)]
    for external_id, intent in made.items():
        if intent.record is Record.SALES_ORDER:
            continue
        assert by_record[external_id] == intent.amount_minor + _undone(intent, changed)
    assert {entry.record for entry in books.entries if not entry.record.startswith("ARM")} <= set(
        made
    )


def _undone(made: RecordIntent, changed: list[RecordIntent]) -> int:
    """Return what was taken off a record in place; its entries hold both ways."""
    last = [i for i in changed if i.external_id == made.external_id]
    return made.amount_minor - last[-1].amount_minor if last else 0
