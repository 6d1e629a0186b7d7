"""Summarised drawdowns in NetSuite: fewer records, the same ledger by account, block and period."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from drawdown.core.events import Event
from drawdown.service.summaries import post_summaries
from drawdown.store import summaries
from drawdown.store.outbox import native_references
from tests.cases import facts as f
from tests.e2e.company import Companies, Company, statuses

_LEDGER = (
    "SELECT ap.periodname AS period, a.acctnumber AS account, tl.custcol_dd_block_id AS line, "
    "t.custbody_dd_block_id AS body, tal.amount AS amount, t.id AS id "
    "FROM transaction t JOIN transactionline tl ON tl.transaction = t.id "
    "JOIN transactionaccountingline tal "
    "ON tal.transaction = tl.transaction AND tal.transactionline = tl.id "
    "JOIN account a ON a.id = tal.account JOIN accountingperiod ap ON ap.id = t.postingperiod "
    "WHERE tal.posting = 'T' ORDER BY t.id, tl.id"
)
MODES = ("usage_invoice", "standalone")


def ledger(company: Company) -> dict[tuple[str, str, str], Decimal]:
    """NetSuite's ledger by period, account and block; lines without a block under none."""
    found: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in company.rows(_LEDGER):
        block = row.get("line") or row.get("body") or ""
        found[row["period"], row["account"], block] += Decimal(row["amount"])
    return {key: amount for key, amount in found.items() if amount}


def records(company: Company) -> dict[str, int]:
    """Number of transactions by type."""
    sql = (
        "SELECT t.recordtype AS record, count(*) AS n FROM transaction t "
        "GROUP BY t.recordtype ORDER BY t.recordtype"
    )
    return {row["record"]: int(row["n"]) for row in company.rows(sql)}


def bought(*blocks: str) -> tuple[Event, ...]:
    """Blocks of 1,000 credits for 1,000.00, bought on 1 January."""
    return (
        f.customer("2026-01-01"),
        f.order("2026-01-01", "S1", *(f.terms(block, "1000", "1000") for block in blocks)),
        f.purchase("2026-01-01", "I1", "S1"),
    )


def used(on: str, number: int, credits_: str, block: str = "A") -> Event:
    """A usage invoice of one line."""
    return f.usage(on, f"U{number}", f.line("L1", f"{credits_}cr", block))


LIFE: tuple[tuple[Event, ...], ...] = (
    (
        *bought("A", "B"),
        used("2026-01-05", 1, "10"),
        used("2026-01-05", 8, "1"),
        used("2026-01-09", 2, "20.5", "B"),
    ),
    (
        used("2026-01-20", 3, "30"),
        # In the month of the drawdown, before it is summed up.
        f.credit("2026-01-21", "M1", "U1", f.credit_line("4cr", line_id="L1")),
        used("2026-01-31", 4, "7.25"),
    ),
    # Of January, but known in February: a second summary; and credited across the month end.
    (used("2026-01-30", 5, "11"), used("2026-02-02", 6, "13", "B")),
    (
        f.credit("2026-02-03", "M2", "U3", f.credit_line("30cr", line_id="L1")),
        f.void_invoice("2026-02-04", "U6"),
        used("2026-02-05", 7, "100"),
    ),
)
"""What becomes known between one posting of summaries and the next."""
THROUGH = ("2026-01-08", "2026-01-31", "2026-01-31", "2026-02-28")


def play(company: Company) -> None:
    """Live the life; the ledgers agree before and after each posting of summaries."""
    for events, through in zip(LIFE, THROUGH, strict=True):
        assert set(statuses(company.take(*events))) == {"accepted"}
        deliver_all(company)
        post_summaries(company.books.session, f.on(through))
        deliver_all(company)
    assert summaries.waiting(company.books.session) == []


def deliver_all(company: Company) -> None:
    """Deliver; nothing is left, and no difference is found, gathered drawdowns or not."""
    delivered = company.deliver()
    assert (delivered.problems, delivered.waiting) == ({}, 0)
    assert company.reconcile().differences == ()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("journals", ["per_day", "per_month"])
def test_the_ledger_is_the_same_as_with_one_record_each(
    companies: Companies, mode: str, journals: str
) -> None:
    """Per account, block and period, after credits before and after posting, and late usage."""
    with companies.open(drawdown_document=mode) as company:
        play(company)
        wanted = ledger(company)
        one_each = records(company)
    with companies.open(drawdown_document=mode, journals=journals) as company:
        play(company)
        assert ledger(company) == wanted
        assert sum(records(company).values()) < sum(one_each.values())


@pytest.mark.parametrize("mode", MODES)
def test_a_month_of_drawdowns_is_one_record_of_each_kind(companies: Companies, mode: str) -> None:
    """Thirty drawdowns of two blocks: two applications, two journals (and drawdown invoices)."""
    with companies.open(drawdown_document=mode, journals="per_month") as company:
        company.take(*bought("A", "B"))
        deliver_all(company)
        before = records(company)
        for day in range(1, 31):
            company.take(used(f"2026-01-{day:02}", day, "3", "AB"[day % 2]))
        deliver_all(company)
        gathered = summaries.waiting(company.books.session)
        assert {(one.block_id, one.members) for one in gathered} == {("A", 15), ("B", 15)}
        post_summaries(company.books.session, f.on("2026-01-31"))
        deliver_all(company)
        made = {name: n - before.get(name, 0) for name, n in records(company).items()}
        assert {name: n for name, n in made.items() if n} == {
            "invoice": 30 if mode == "usage_invoice" else 2,
            "depositapplication": 2,
            "journalentry": 2,
        }


@pytest.mark.parametrize("mode", MODES)
def test_each_drawdown_leads_to_the_record_that_carries_it(companies: Companies, mode: str) -> None:
    """The record of every entry is found in NetSuite, by way of its summary."""
    with companies.open(drawdown_document=mode, journals="per_month") as company:
        company.take(*bought("A"), used("2026-01-05", 1, "10"), used("2026-01-06", 2, "20"))
        session = company.books.session
        sql = "SELECT DISTINCT record FROM drawdown.entry WHERE code IN ('D2', 'D3')"
        ids = [row[0] for row in session.connection.execute(sql)]
        assert len(ids) == 4
        assert native_references(session, ids) == {}
        post_summaries(session, f.on("2026-01-31"))
        deliver_all(company)
        found = native_references(session, ids)
        assert set(found) == set(ids)
        assert len({one.internal_id for one in found.values()}) == 2


@pytest.mark.parametrize("mode", MODES)
def test_reversing_all_of_a_summary_deletes_its_application(
    companies: Companies, mode: str
) -> None:
    with companies.open(drawdown_document=mode, journals="per_month") as company:
        company.take(*bought("A"), used("2026-01-05", 1, "10"), used("2026-01-06", 2, "20"))
        post_summaries(company.books.session, f.on("2026-01-31"))
        deliver_all(company)
        company.take(f.void_invoice("2026-01-20", "U1"))
        deliver_all(company)
        assert records(company)["depositapplication"] == 1
        company.take(f.void_invoice("2026-01-20", "U2"))
        deliver_all(company)
        assert "depositapplication" not in records(company)
        company.take(used("2026-01-21", 3, "5"))
        post_summaries(company.books.session, f.on("2026-01-31"))
        deliver_all(company)
        assert records(company)["depositapplication"] == 1


def test_a_reversal_meets_a_summary_after_the_policy_has_changed(companies: Companies) -> None:
    """What was gathered under one policy is posted and reversed under another."""
    with companies.open(journals="per_month") as company:
        company.take(*bought("A"), used("2026-01-05", 1, "10"), used("2026-01-06", 2, "20"))
        company.books.tenant.policy.journals = type(company.books.policy.journals)("per_document")
        with companies.again(company) as later:
            later.take(f.credit("2026-01-09", "M1", "U1", f.credit_line("5cr", line_id="L1")))
            deliver_all(later)
            assert summaries.waiting(later.books.session) == []


def test_a_clock_posts_the_summaries_of_months_that_are_over(companies: Companies) -> None:
    with companies.open(journals="per_month") as company:
        company.take(*bought("A"), used("2026-01-05", 1, "10"), used("2026-02-06", 2, "20"))
        company.take(f.clock("2026-01-31"))
        assert len(summaries.waiting(company.books.session)) == 4
        company.take(f.clock("2026-02-01"))
        ends = {one.period_end for one in summaries.waiting(company.books.session)}
        assert ends == {f.on("2026-02-28")}
        deliver_all(company)


def test_posting_summaries_again_posts_nothing(companies: Companies) -> None:
    with companies.open(journals="per_month") as company:
        company.take(*bought("A"), used("2026-01-05", 1, "10"))
        session = company.books.session
        assert post_summaries(session, f.on("2026-01-31")) == 2
        assert post_summaries(session, f.on("2026-01-31")) == 0


def test_one_batch_or_one_by_one_gather_alike(companies: Companies) -> None:
    """The same events in one call and in many give the same records to post."""
    everything = [event for events in LIFE for event in events]
    found: list[list[Any]] = []
    for size in (1, len(everything)):
        with companies.open(journals="per_month", drawdown_document="standalone") as company:
            for start in range(0, len(everything), size):
                company.take(*everything[start : start + size])
            post_summaries(company.books.session, f.on("2026-12-31"))
            deliver_all(company)
            found.append(sorted(ledger(company).items()))
    assert found[0] == found[1]


def test_ten_thousand_drawdowns_of_a_hundred_blocks_take_few_calls(companies: Companies) -> None:
    """A month of 10,000 drawdowns of 100 blocks reaches NetSuite in at most 500 calls.

    The same GL per account and block as the journal says, which holds every drawdown.
    """
    blocks = [f"B{number}" for number in range(100)]
    policy = {"journals": "per_month", "drawdown_document": "standalone"}
    with companies.open(**policy) as company:
        company.take(*bought(*blocks))
        deliver_all(company)
        events = [
            used(f"2026-01-{2 + number % 28:02}", number, "3.7", blocks[number % 100])
            for number in range(10_000)
        ]
        for start in range(0, len(events), 1_000):
            answers = company.take(*events[start : start + 1_000])
            assert {answer.status for answer in answers} == {"accepted"}
        assert post_summaries(company.books.session, f.on("2026-01-31")) == 300
        before = sum(company.netsuite.calls().values())
        delivered = company.deliver(concurrency=4)
        assert (delivered.problems, delivered.waiting) == ({}, 0)
        assert delivered.done.total() == 300
        calls = sum(company.netsuite.calls().values()) - before
        assert 300 <= calls <= 500
        drawn = company.books.session.connection.execute(
            "SELECT count(*) FROM drawdown.movement WHERE step = 'drawn'"
        ).fetchone()
        assert drawn == (10_000,)
        assert company.reconcile().differences == ()
