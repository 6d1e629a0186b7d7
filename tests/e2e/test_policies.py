"""The same lives under other policies: the ledgers agree each month, the balances are the same."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.cases.stories import STORIES, Story
from tests.e2e.company import Companies, Company
from tests.e2e.general_ledger import balances, postings
from tests.e2e.reference import balances_of, postings_of

POLICIES: dict[str, dict[str, Any]] = {
    "standalone": {"drawdown_document": "standalone"},
    "order": {"purchase_trigger": "sales_order"},
    "lean": {"prepaid_item": "direct", "deposit_account": "clearing"},
    "recognised": {"prepaid_item": "recognised"},
    "per month": {"journals": "per_month"},
    "standalone per month": {"journals": "per_month", "drawdown_document": "standalone"},
    "standalone per day": {"journals": "per_day", "drawdown_document": "standalone"},
    "far": {
        "drawdown_document": "standalone",
        "purchase_trigger": "sales_order",
        "prepaid_item": "direct",
        "deposit_account": "clearing",
        "overdraw": "draw_remaining",
    },
}


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.case_id)
def test_every_story_ends_in_the_balances_of_its_case(
    companies: Companies, story: Story, name: str
) -> None:
    """No difference in any month; in the end all is at zero but cash and revenue."""
    with companies.open(**POLICIES[name]) as company:
        company.play(story)
        assert balances(company) == balances_of(story.case_id)


def test_a_lean_purchase_is_one_record_besides_order_and_invoice(companies: Companies) -> None:
    """Direct item and deposit straight to clearing: no journal; the deposit alone says it all."""
    with companies.open(**POLICIES["lean"]) as company:
        company.take(*STORIES[0].months[0].events[:3])
        company.deliver()
        assert records(company) == {"salesorder": 1, "invoice": 1, "customerdeposit": 1}
        assert company.reconcile().differences == ()
        assert [(one.record, one.debit, one.credit) for one in postings(company)] == [
            ("invoice", "1100", "2310"),
            ("customerdeposit", "1290", "2100"),
        ]


def test_with_the_order_as_trigger_the_block_stands_before_its_invoice(
    companies: Companies,
) -> None:
    """Order alone: deposit and journals, no receivable; the invoice adds the receivable."""
    customer, order, invoice = STORIES[0].months[0].events[:3]
    with companies.open(**POLICIES["order"]) as company:
        company.take(customer, order)
        company.deliver()
        assert records(company) == {"salesorder": 1, "customerdeposit": 1, "journalentry": 2}
        assert company.reconcile().differences == ()
        company.take(invoice)
        company.deliver()
        assert company.reconcile().differences == ()
        wanted = list(postings_of("REF-01"))[:4]
        assert Counter(postings(company)) == Counter(wanted)


def test_the_recognised_item_reaches_the_liability_at_month_end(companies: Companies) -> None:
    """No transfer journal: revenue management itself credits the liability, and it is observed."""
    with companies.open(**POLICIES["recognised"]) as company:
        company.take(*STORIES[0].months[0].events[:3])
        company.deliver()
        assert company.reconcile().differences == ()
        assert "2310" not in balances(company)
        company.controls.month_end("2026-01")
        assert company.observe().recognised == 1
        assert company.reconcile().differences == ()
        assert balances(company)["2310"] == -1000
        assert "2320" not in balances(company)


def records(company: Company) -> dict[str, int]:
    """Count NetSuite's transactions by type, those of revenue management left out."""
    rows = company.rows(
        "SELECT t.recordtype AS record, COUNT(*) AS number FROM transaction t "
        "WHERE t.externalid IS NOT NULL GROUP BY t.recordtype ORDER BY t.recordtype"
    )
    return {row["record"]: int(row["number"]) for row in rows}
