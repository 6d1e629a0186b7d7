"""Reconciliation finds what people change in NetSuite behind our back, and names it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from drawdown.core.events import LineKind
from drawdown.service.reconcile import Difference
from drawdown.store import outbox
from drawdown.store.outbox import Expected
from tests.cases import facts as f
from tests.cases.stories import STORIES, Month
from tests.e2e.company import Companies, Company
from tests.e2e.general_ledger import balances

BOUGHT, USED = STORIES[0].months[:2]
"""January: blk_A bought and paid, 1,000.00. March: 300.00 of it used and recognised."""


class Change(NamedTuple):
    """What somebody does in NetSuite, and what reconcile must say of it.

    Attributes:
        finds: Kind, account role or record, our amount, theirs; empty where none is compared.
    """

    act: Callable[[Company], object]
    finds: tuple[tuple[str, str, str, str], ...]


def _patch(company: Company, record: str, number: int, body: dict[str, Any]) -> None:
    company.rest("PATCH", f"/{record}/{company.record_id(record.lower(), number)}", body)


def _delete(company: Company, record: str, number: int = 1) -> None:
    company.rest("DELETE", f"/{record}/{company.record_id(record.lower(), number)}")


def _edit_lines(
    company: Company, record: str, number: int, sublist: str, change: Callable[[Any], Any]
) -> None:
    path = f"/{record}/{company.record_id(record.lower(), number)}"
    lines = company.rest("GET", f"{path}?expandSubResources=true")[sublist]["items"]
    edited = [{"line": line["line"], **change(line)} for line in lines]
    company.rest("PATCH", path, {sublist: {"items": edited}})


def _shrink_application(company: Company) -> None:
    invoice = company.record_id("invoice", 2)
    applied = {"doc": {"id": invoice}, "apply": True, "amount": 200}
    _patch(company, "depositApplication", 1, {"apply": {"items": [applied]}})


def _edit_journal(company: Company) -> None:
    _edit_lines(
        company,
        "journalEntry",
        2,
        "line",
        lambda line: {"debit": 990} if line.get("debit") else {"credit": 990},
    )


def _journal_of_another_block(company: Company) -> None:
    _edit_lines(company, "journalEntry", 2, "line", lambda _line: {"custcol_dd_block_id": "blk_Z"})


def _journal(company: Company, block_id: str = "", external_id: str = "") -> None:
    block = {"custcol_dd_block_id": block_id} if block_id else {}
    clearing, cash = company.account_id("1290"), company.account_id("1000")
    company.rest(
        "POST",
        "/journalEntry",
        {
            "subsidiary": {"id": "1"},
            "tranDate": "2026-03-31",
            "memo": "year-end tidying",
            **({"externalId": external_id} if external_id else {}),
            "line": {
                "items": [
                    {"account": {"id": clearing}, "debit": 50, **block},
                    {"account": {"id": cash}, "credit": 50, **block},
                ]
            },
        },
    )


def _delete_recognition(company: Company) -> None:
    rows = company.rows(
        "SELECT DISTINCT r.journal AS id FROM revenueplanplannedrevenue r "
        "WHERE r.journal IS NOT NULL ORDER BY r.journal"
    )
    company.rest("DELETE", f"/journalEntry/{rows[0]['id']}")


CHANGES: dict[str, Change] = {
    "deposit edited": Change(
        lambda c: _patch(c, "customerDeposit", 1, {"payment": 900}),
        (
            ("balance", "customer_deposits", "-700.00", "-600.00"),
            ("balance", "undeposited_funds", "0.00", "-100.00"),
            ("record_amount", "customerDeposit", "1000.00", "900.00"),
            ("unapplied", "customerDeposit", "700.00", "600.00"),
        ),
    ),
    "application deleted": Change(
        lambda c: _delete(c, "depositApplication"),
        (
            ("balance", "accounts_receivable", "1000.00", "1300.00"),
            ("balance", "customer_deposits", "-700.00", "-1000.00"),
            ("due", "invoice", "0.00", "300.00"),
            ("record_missing", "depositApplication", "300.00", ""),
            ("unapplied", "customerDeposit", "700.00", "1000.00"),
        ),
    ),
    "application edited": Change(
        _shrink_application,
        (
            ("balance", "accounts_receivable", "1000.00", "1100.00"),
            ("balance", "customer_deposits", "-700.00", "-800.00"),
            ("due", "invoice", "0.00", "100.00"),
            ("record_amount", "depositApplication", "300.00", "200.00"),
            ("unapplied", "customerDeposit", "700.00", "800.00"),
            ("record_applied", "depositApplication", "300.00 to invoice", "200.00 to invoice"),
        ),
    ),
    "clearing journal deleted": Change(
        lambda c: _delete(c, "journalEntry", 1),
        (
            ("balance", "prepayment_clearing", "700.00", "-300.00"),
            ("balance", "undeposited_funds", "0.00", "1000.00"),
            ("record_missing", "journalEntry", "1000.00", ""),
        ),
    ),
    "transfer journal edited": Change(
        _edit_journal,
        (
            ("balance", "deferred_revenue_prepaid", "0.00", "-10.00"),
            ("balance", "prepaid_credits_liability", "-700.00", "-690.00"),
            ("record_amount", "journalEntry", "1000.00", "990.00"),
            (
                "record_lines",
                "journalEntry",
                "account 2310 -1000.00 block blk_A; account 2320 1000.00 block blk_A",
                "account 2310 -990.00 block blk_A; account 2320 990.00 block blk_A",
            ),
        ),
    ),
    "transfer journal given to another block": Change(
        _journal_of_another_block,
        (
            ("balance", "deferred_revenue_prepaid", "0.00", "-1000.00"),
            ("balance", "deferred_revenue_prepaid", "0.00", "1000.00"),
            ("balance", "prepaid_credits_liability", "-700.00", "300.00"),
            ("balance", "prepaid_credits_liability", "0.00", "-1000.00"),
            (
                "record_lines",
                "journalEntry",
                "account 2310 -1000.00 block blk_A; account 2320 1000.00 block blk_A",
                "account 2310 -1000.00 block blk_Z; account 2320 1000.00 block blk_Z",
            ),
        ),
    ),
    "journal on clearing without a block": Change(
        _journal, (("untagged", "prepayment_clearing", "", "50.00"),)
    ),
    "journal on clearing with the block": Change(
        lambda c: _journal(c, block_id="blk_A"),
        (
            ("balance", "cash", "0.00", "-50.00"),
            ("balance", "prepayment_clearing", "700.00", "750.00"),
            ("record_foreign", "journalEntry JE5", "", "50.00"),
        ),
    ),
    "record under an external id of ours": Change(
        lambda c: _journal(c, external_id="dd_je_somebody"),
        (("record_unknown", "dd_je_somebody", "", "50.00"),),
    ),
    "payment deleted": Change(
        lambda c: _delete(c, "customerPayment"),
        (
            ("due", "invoice", "0.00", "1000.00"),
            ("record_missing", "customerPayment", "1000.00", ""),
        ),
    ),
    "usage invoice edited": Change(
        lambda c: _edit_lines(c, "invoice", 2, "item", lambda _line: {"amount": 310}),
        (
            ("balance", "accounts_receivable", "1000.00", "1010.00"),
            ("balance", "deferred_revenue_usage", "-300.00", "-310.00"),
            ("due", "invoice", "0.00", "10.00"),
            ("record_amount", "invoice", "300.00", "310.00"),
            (
                "record_lines",
                "invoice",
                "item Usage 300.00 block blk_A",
                "item Usage 310.00 block blk_A",
            ),
        ),
    ),
    "deposit under another external id": Change(
        lambda c: _patch(c, "customerDeposit", 1, {"externalId": "mine"}),
        (("record_unlinked", "customerDeposit", "1000.00", "1000.00"),),
    ),
    "recognition journal deleted": Change(
        _delete_recognition, (("recognition", "revenue", "300.00", "0.00"),)
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_in_netsuite_is_named(company: Company, name: str) -> None:
    """Kind, account or record, and both amounts, of that change and of nothing else.

    Each is said in words, with the block where one is concerned and with what to do.
    """
    for month in (BOUGHT, USED):
        company.live(month)
    CHANGES[name].act(company)
    assert company.observe().refused == ()
    found = company.reconcile().differences
    assert sorted(_short(company, found)) == sorted(CHANGES[name].finds)
    for difference in found:
        assert not difference.block_id or difference.block_id in difference.detail
        assert ";" in difference.detail  # what happened; what to do


def test_a_changed_exchange_rate_is_named(companies: Companies) -> None:
    """A usage invoice at another rate than its deposit leaves base currency on the receivable."""
    story = next(story for story in STORIES if story.case_id == "REF-15")
    with companies.open() as company:
        company.live(story.months[0])
        company.take(*story.months[1].events)
        company.deliver()
        _patch(company, "invoice", 2, {"exchangeRate": 1.2})
        _patch(company, "journalEntry", 3, {"exchangeRate": 1.2})
        assert balances(company)["1290"] == -100
        found = [(one.kind, one.ours, one.theirs) for one in company.reconcile().differences]
        assert found.count(("record_rate", "1.1", "1.2")) == 2


def test_a_record_moved_to_another_period_is_named(company: Company) -> None:
    """Amounts and blocks as they were, but in May instead of March."""
    company.live(BOUGHT)
    company.take(*USED.events)
    company.deliver()
    _patch(company, "invoice", 2, {"tranDate": "2026-05-05"})
    moved, period = company.reconcile().differences
    assert (moved.kind, moved.theirs) == ("record_date", "2026-05-05")
    assert (period.kind, period.ours, period.theirs) == ("record_period", "Mar 2026", "May 2026")
    assert "set it back" in moved.detail


def _short(company: Company, found: tuple[Difference, ...]) -> list[tuple[str, str, str, str]]:
    records = {one.external_id: one for one in outbox.expected_records(company.books.session)}
    return [
        (
            one.kind,
            _by_type(one.what, records),
            _by_type(one.ours, records),
            _by_type(one.theirs, records),
        )
        for one in found
    ]


def _by_type(text: str, records: dict[str, Expected]) -> str:
    """Put the type of a record in the place of its external id."""
    return " ".join(records[word].record if word in records else word for word in text.split(" "))


def test_two_changes_that_make_up_for_each_other_are_both_named(company: Company) -> None:
    """A journal deleted and entered again by hand, without block and id, is not the same journal.

    The accounts' totals are as they were; the block's are not.
    """
    for month in (BOUGHT, USED):
        company.live(month)
    before = {row.number: row.amount for row in company.netsuite.account_balances()}
    lines = company.rest("GET", f"/journalEntry/{company.record_id('journalentry')}/line/0")
    assert lines["debit"] == 1000
    _delete(company, "journalEntry", 1)
    company.rest(
        "POST",
        "/journalEntry",
        {
            "subsidiary": {"id": "1"},
            "tranDate": "2026-01-31",
            "line": {
                "items": [
                    {"account": {"id": company.account_id("1290")}, "debit": 1000},
                    {"account": {"id": company.account_id("1050")}, "credit": 1000},
                ]
            },
        },
    )
    assert {row.number: row.amount for row in company.netsuite.account_balances()} == before
    kinds = sorted(one.kind for one in company.reconcile().differences)
    assert kinds == ["balance", "balance", "record_missing", "untagged", "untagged"]


def test_what_is_not_delivered_yet_is_told_apart_from_what_was_changed(company: Company) -> None:
    """Facts taken in but not delivered are differences of a kind of their own, until delivered."""
    company.live(BOUGHT)
    company.take(*USED.events)
    found = company.reconcile().differences
    assert {one.kind for one in found} == {"not_delivered"}
    assert all(one.block_id == "blk_A" and "run deliver" in one.detail for one in found)
    company.deliver()
    assert company.reconcile().differences == ()


def test_recognition_not_observed_yet_is_named_and_gone_once_observed(company: Company) -> None:
    """Between month end and observation the ledgers differ by exactly the recognition."""
    company.live(BOUGHT)
    company.take(*USED.events)
    company.deliver()
    company.controls.month_end("2026-03")
    (found,) = company.reconcile().differences
    assert (found.kind, found.block_id, found.ours, found.theirs) == (
        "recognition",
        "blk_A",
        "0.00",
        "300.00",
    )
    company.observe()
    assert company.reconcile().differences == ()


def test_nothing_is_said_of_clean_books_between_any_two_facts(company: Company) -> None:
    """Delivered after each single fact of a life with every kind of line, the ledgers agree."""
    facts = (
        f.customer("2026-01-01"),
        f.order("2026-01-02", "S1", f.terms("A", "100", "80.00"), f.terms("B", "50")),
        f.purchase("2026-01-03", "I1", "S1", lines=(f.line("T", "6.40", kind=LineKind.TAX),)),
        f.payment("2026-01-10", "P1", "I1", "30.00"),
        f.usage(
            "2026-01-20",
            "U1",
            f.line("L1", "10cr"),
            f.line("L2", "9.90", kind=LineKind.SUBSCRIPTION),
            f.line("L3", "60cr", "A", item="chat"),
        ),
        f.credit("2026-01-25", "M1", "U1", f.credit_line("15cr", line_id="L3")),
        f.payment("2026-01-26", "P2", "I1"),
        f.payment("2026-01-27", "P3", "U1"),
        f.void_block("2026-01-30", "A"),
    )
    for fact in facts:
        company.live(Month("2026-01-31", (fact,)))
    assert company.reconcile().blocks == 2


def test_other_work_in_the_same_netsuite_is_none_of_our_business(company: Company) -> None:
    """Somebody else's invoice of a shared item account and customer raises no alarm."""
    company.live(BOUGHT)
    company.rest(
        "POST",
        "/journalEntry",
        {
            "subsidiary": {"id": "1"},
            "tranDate": "2026-01-15",
            "externalId": "payroll-01",
            "line": {
                "items": [
                    {"account": {"id": company.account_id("6000")}, "debit": 12},
                    {"account": {"id": company.account_id("1000")}, "credit": 12},
                ]
            },
        },
    )
    assert company.reconcile().differences == ()


def test_another_tenants_records_in_the_same_netsuite_are_named(companies: Companies) -> None:
    """Two databases on one ERP account: the other's records are unknown, none is ours."""
    with companies.open() as company:
        company.live(BOUGHT)
        with companies.beside(company) as second:
            _customer, *facts = BOUGHT.events
            named = dataclasses.replace(f.customer("2026-01-01"), name="Another name")
            second.take(named, *facts)
            assert second.deliver().problems == {}
            kinds = {one.kind for one in company.reconcile().differences}
            assert "record_unknown" in kinds
