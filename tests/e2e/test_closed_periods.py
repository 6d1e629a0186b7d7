"""Closed periods, really closed in NetSuite: they stay as they were, and blocks end at zero."""

from __future__ import annotations

import calendar
from decimal import Decimal
from pathlib import Path

import pytest

from drawdown.core.block import State
from drawdown.core.events import Event
from drawdown.reports.positions import expected_balances
from drawdown.service.export import Format, export_lines
from drawdown.service.independent import AGREES, second_opinion
from drawdown.service.lives import all_lives
from drawdown.store.ledger import all_blocks
from tests.cases import facts as f
from tests.e2e.company import Companies, Company
from tests.e2e.general_ledger import balances

DEPOSIT_ACCOUNTS = ("undeposited_funds", "clearing")
_EARLIER = (
    "SELECT p.id AS id, TO_CHAR(p.startdate, 'YYYY-MM') AS month FROM accountingperiod p "
    "WHERE p.isquarter = 'F' AND p.isyear = 'F' AND p.startdate < TO_DATE('2026-01-01', "
    "'YYYY-MM-DD') ORDER BY p.id"
)
_BY_PERIOD = (
    "SELECT p.periodname AS period, a.acctnumber AS account, SUM(tal.amount) AS amount "
    "FROM transaction t JOIN transactionline tl ON tl.transaction = t.id "
    "JOIN transactionaccountingline tal "
    "ON tal.transaction = tl.transaction AND tal.transactionline = tl.id "
    "JOIN account a ON a.id = tal.account JOIN accountingperiod p ON p.id = t.postingperiod "
    "WHERE tal.posting = 'T' GROUP BY p.periodname, a.acctnumber "
    "ORDER BY p.periodname, a.acctnumber"
)


class Closing:
    """A company that closes each month once it is over; what is closed must not change."""

    def __init__(self, company: Company) -> None:
        self.company = company
        for row in company.rows(_EARLIER):
            company.controls.close_period(row["month"])
        self._closed: dict[str, dict[str, Decimal]] = {}

    def month(self, number: int, *events: Event) -> None:
        """Live through a month of 2026 and close it."""
        company = self.company
        name = f"2026-{number:02}"
        answers = company.take(*events)
        assert {answer.status for answer in answers} <= {"accepted"}, answers
        delivered = company.deliver()
        assert (delivered.problems, delivered.waiting) == ({}, 0)
        company.controls.month_end(name)
        assert company.observe().refused == ()
        assert company.reconcile().differences == ()
        company.controls.close_period(name)
        company.observe()
        found = self._periods()
        for period, amounts in self._closed.items():
            assert found[period] == amounts
        label = f"{calendar.month_abbr[number]} 2026"
        self._closed[label] = found[label]

    def _periods(self) -> dict[str, dict[str, Decimal]]:
        found: dict[str, dict[str, Decimal]] = {}
        for row in self.company.rows(_BY_PERIOD):
            found.setdefault(row["period"], {})[row["account"]] = Decimal(row["amount"])
        return found

    def prove(self, folder: Path) -> None:
        """Let a third program add up our journal and find the balances that NetSuite has."""
        session = self.company.books.session
        files = {kind: folder / kind.value for kind in Format}
        for kind, file in files.items():
            file.write_text("\n".join(export_lines(session, kind)) + "\n", "utf-8")
        verdict = second_opinion(
            files[Format.HLEDGER], files[Format.BEANCOUNT], expected_balances(all_lives(session))
        )
        assert verdict.result == AGREES, verdict


def bought(currency: str = "USD", rate: str = "1", until: str = "2026-07-01") -> tuple[Event, ...]:
    return (
        f.customer("2026-01-01", currency=currency),
        f.order(
            "2026-01-01", "S1", f.terms("A", "1000", "1000.00", until=until, currency=currency),
            currency=currency, rate=rate,
        ),
        f.purchase("2026-01-01", "I1", "S1"),
        f.payment("2026-01-20", "P1", "I1"),
    )  # fmt: skip


def usage(when: str, number: int, credits_: str, currency: str = "USD") -> Event:
    lines = (f.line("L1", f"{credits_}cr", "A", currency=currency),)
    return f.usage(when, f"U{number}", *lines, currency=currency)


def credited(when: str, number: int, invoice: str, credits_: str) -> Event:
    return f.credit(when, f"M{number}", invoice, f.credit_line(f"{credits_}cr"))


@pytest.mark.parametrize("account", DEPOSIT_ACCOUNTS)
def test_what_is_reversed_month_after_month_leaves_closed_months_alone(
    companies: Companies, account: str, tmp_path: Path
) -> None:
    """Restored, drawn again, restored again, expired, restored after expiry, expired again."""
    with companies.open(deposit_account=account) as company:
        books = Closing(company)
        books.month(1, *bought(), usage("2026-01-31", 1, "300"))
        books.month(2, credited("2026-02-10", 1, "U1", "100"), usage("2026-02-20", 2, "750"))
        books.month(3, credited("2026-03-10", 2, "U2", "120"), usage("2026-03-20", 3, "90"))
        books.month(
            4,
            usage("2026-04-02", 4, "10"),
            credited("2026-04-05", 3, "U4", "5"),  # an open month: the application shrinks
            credited("2026-04-06", 4, "U3", "90"),
        )
        books.month(6, f.clock("2026-07-01"))
        books.month(7, credited("2026-07-10", 5, "U1", "50"), f.clock("2026-07-11"))
        assert [block.state for block in all_blocks(company.books.session)] == [State.EXPIRED]
        # Used: 300 - 100 - 50 of U1, 750 - 120 of U2, 10 - 5 of U4; the rest expired.
        assert balances(company) == {"1000": 1000, "4311": -785, "4390": -215}
        books.prove(tmp_path)


@pytest.mark.parametrize("account", DEPOSIT_ACCOUNTS)
@pytest.mark.parametrize("item", ["deferred", "direct", "recognised"])
def test_a_void_refunds_what_lies_in_closed_months(
    companies: Companies, account: str, item: str, tmp_path: Path
) -> None:
    """One deposit is refunded, another of the open month shrinks; the customer is owed the rest."""
    with companies.open(deposit_account=account, prepaid_item=item) as company:
        books = Closing(company)
        books.month(1, *bought(), usage("2026-01-31", 1, "300"))
        books.month(
            2,
            credited("2026-02-10", 1, "U1", "100"),
            f.void_block("2026-02-20", "A"),
        )
        assert balances(company) == {"1000": 1000, "1100": -800, "4311": -200}
        books.prove(tmp_path)


def test_parts_of_a_purchase_are_credited_after_its_month_was_closed(
    companies: Companies, tmp_path: Path
) -> None:
    """Twice, oldest deposit first; the rest is used up."""
    with companies.open() as company:
        books = Closing(company)
        books.month(1, *bought(), usage("2026-01-31", 1, "300"))
        books.month(
            2,
            credited("2026-02-10", 1, "U1", "100"),
            f.credit("2026-02-11", "M2", "I1", f.credit_line("750.00", block_id="A")),
        )
        books.month(
            3,
            f.credit("2026-03-11", "M3", "I1", f.credit_line("20.00", block_id="A")),
            usage("2026-03-12", 2, "30"),
        )
        assert balances(company) == {"1000": 1000, "1100": -770, "4311": -230}
        books.prove(tmp_path)


def test_a_period_that_is_opened_again_is_edited_again(companies: Companies) -> None:
    """Part by new documents, the rest by shrinking the application; the invoice stays paid."""
    with companies.open() as company:
        books = Closing(company)
        books.month(1, *bought(), usage("2026-01-31", 1, "300"))
        books.month(2, credited("2026-02-10", 1, "U1", "100"))
        for name in ("2026-01", "2026-02"):
            company.controls.control("POST", f"/periods/{name}/open")
        company.observe()
        company.take(credited("2026-03-10", 2, "U1", "150"))
        delivered = company.deliver()
        assert (delivered.problems, delivered.waiting) == ({}, 0)
        assert delivered.done["depositApplication"] == 1
        assert delivered.done["customerRefund"] == 0
        assert company.reconcile().differences == ()


def test_a_foreign_block_keeps_its_rate_through_closed_months(
    companies: Companies, tmp_path: Path
) -> None:
    """Refund and new deposit carry the rate of the purchase: no realised gain or loss."""
    with companies.open() as company:
        books = Closing(company)
        books.month(1, *bought("EUR", "1.10"), usage("2026-01-31", 1, "300", "EUR"))
        company.set_spot_rate("EUR", "1.25")
        books.month(2, credited("2026-02-10", 1, "U1", "100"), usage("2026-02-20", 2, "50", "EUR"))
        books.month(3, f.void_invoice("2026-03-10", "U2"), usage("2026-03-20", 3, "800", "EUR"))
        assert balances(company) == {"1000": 1100, "4311": -1100}
        books.prove(tmp_path)


@pytest.mark.parametrize("document", ["usage_invoice", "standalone"])
def test_summaries_of_closed_months_are_left_alone(
    companies: Companies, document: str, tmp_path: Path
) -> None:
    """One application and journal a month; reversals of closed ones are documents of their own."""
    with companies.open(journals="per_month", drawdown_document=document) as company:
        books = Closing(company)
        books.month(
            1, *bought(), usage("2026-01-10", 1, "200"), usage("2026-01-31", 2, "100"),
            f.clock("2026-02-01"),
        )  # fmt: skip
        books.month(
            2,
            credited("2026-02-10", 1, "U1", "50"),
            usage("2026-02-20", 3, "740"),
            usage("2026-02-21", 4, "10"),
            f.clock("2026-03-01"),
        )
        books.month(3, f.void_invoice("2026-03-02", "U3"), f.void_block("2026-03-03", "A"))
        assert balances(company) == {"1000": 1000, "1100": -740, "4311": -260}
        books.prove(tmp_path)
