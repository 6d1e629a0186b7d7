"""The lifecycles of the reference ledger, posting by posting, in NetSuite's general ledger."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal

import pytest

from drawdown.core.money import to_decimal
from drawdown.reports.statement import statement
from drawdown.service.lives import all_lives
from tests.cases.stories import STORIES, Story
from tests.e2e.company import Companies, Company
from tests.e2e.general_ledger import balances, postings
from tests.e2e.reference import NUMBERS, balances_of, postings_of


@pytest.fixture(scope="module", params=STORIES, ids=lambda story: story.case_id)
def story(request: pytest.FixtureRequest) -> Story:
    found: Story = request.param
    return found


@pytest.fixture(scope="module")
def lived(companies: Companies, story: Story) -> Iterator[Company]:
    """A company that has lived through the story; the ledgers agreed after every month."""
    with companies.open() as company:
        company.set_spot_rate("EUR", "1.20")
        company.play(story)
        yield company


def test_netsuite_holds_every_posting_of_the_case_and_nothing_else(
    lived: Company, story: Story
) -> None:
    """Record type, block id, accounts and amount in base currency, each posting exactly once."""
    assert Counter(postings(lived)) == Counter(postings_of(story.case_id))


def test_accounts_end_as_the_case_says(lived: Company, story: Story) -> None:
    """Cash and revenue as in the case; every other account of NetSuite's chart is at zero.

    REF-15 among them: no realised gain or loss, though the spot rate is another by then.
    """
    assert balances(lived) == balances_of(story.case_id)


def test_every_transaction_bears_the_rate_of_the_purchase(lived: Company, story: Story) -> None:
    """A contract liability is non-monetary: 1.10 throughout, recognition in base currency."""
    rates = lived.rows(
        "SELECT DISTINCT t.exchangerate AS rate FROM transaction t "
        "WHERE t.externalid IS NOT NULL ORDER BY t.exchangerate"
    )
    assert [Decimal(row["rate"]) for row in rates] == [
        Decimal("1.1") if story.currency == "EUR" else 1
    ]


def test_our_journal_has_the_balances_of_netsuite_account_by_account(lived: Company) -> None:
    """In base currency, each entry at its block's exchange rate."""
    ours: dict[str, Decimal] = defaultdict(Decimal)
    for life in all_lives(lived.books.session):
        for entry in life.entries:
            amount = to_decimal(entry.amount_minor, entry.currency) * life.block.exchange_rate
            ours[NUMBERS[entry.debit]] += amount
            ours[NUMBERS[entry.credit]] -= amount
    assert {number: amount for number, amount in ours.items() if amount} == balances(lived)


def test_every_block_ends_proven(lived: Company) -> None:
    """What `drawdown show` calls proven: each invariant holds, the control accounts are at zero."""
    for life in all_lives(lived.books.session):
        written = statement(life, {})
        assert written.is_proven, written.invariants
