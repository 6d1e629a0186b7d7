"""A worker whose record is refused for its period dates it anew, without anybody's help."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from drawdown.core.errors import StoreError
from drawdown.core.policy import ClosedPeriod
from drawdown.service.delivery import deliver
from drawdown.service.exceptions import follow_periods
from drawdown.service.exceptions.following import PeriodFollower
from tests.cases import facts as f
from tests.e2e.company import Companies, Company, statuses
from tests.e2e.test_exceptions import agree, bought, dated, lock_january, used


def follower(company: Company, told: list[str], now: list[float]) -> PeriodFollower:
    books = company.books
    tenant_id = books.session.tenant_id
    return PeriodFollower(
        lambda _tenant: nullcontext(books.session),
        {tenant_id: company.netsuite},
        {tenant_id: books.policy},
        tell=told.append,
        clock=lambda: now[0],
    )


def test_the_books_learn_of_a_closing_while_records_are_delivered(companies: Companies) -> None:
    """So a reversal that is decided afterwards is new documents, not a change in closed books."""
    with companies.open() as company:
        company.take(*bought())
        company.deliver()
        assert set(statuses(company.take(used("2026-01-20", 1)))) == {"accepted"}
        company.deliver()
        lock_january(company)
        follow_periods(company.books.session, company.netsuite, company.books.policy)
        assert set(statuses(company.take(f.void_invoice("2026-01-25", "U1")))) == {"accepted"}
        assert company.deliver().problems == {}
        company.observe()
        assert company.reconcile().differences == ()


@pytest.mark.parametrize("policy", list(ClosedPeriod))
def test_a_period_closed_before_delivery(companies: Companies, policy: ClosedPeriod) -> None:
    """First open day: delivered at once with its new date; hold: parked for a person."""
    with companies.open(closed_period=policy.value) as company:
        assert set(statuses(company.take(*bought()))) == {"accepted"}
        company.deliver()
        company.take(used("2026-01-20", 1))
        lock_january(company)
        told: list[str] = []
        report = deliver(
            company.books.session,
            company.netsuite,
            sleep=company.slept.append,
            observer=follower(company, told, [0.0]),
            clock=company.now,
        )
        if policy is ClosedPeriod.HOLD:
            assert (len(report.problems), told) == (1, [])
            return
        assert report.waiting == 0
        assert len(told) == 1
        assert "3 records were dated the first open day" in told[0]
        assert sorted(dated(company).values())[-3:] == ["2026-02-01"] * 3
        company.observe()
        agree(company)


def test_periods_are_read_once_a_minute_and_failures_are_told(companies: Companies) -> None:
    with companies.open() as company:
        company.take(*bought())
        company.deliver()
        company.take(used("2026-01-20", 1))
        lock_january(company)
        told: list[str] = []
        now = [0.0]
        observer = follower(company, told, now)

        def closed(_tenant: str) -> nullcontext[object]:
            raise StoreError("the books are closed")

        observer._open_books = closed  # type: ignore[assignment]
        for moment, count in ((0.0, 1), (30.0, 1), (61.0, 2)):
            now[0] = moment
            company.books.session.run("retry_parked")
            deliver(
                company.books.session, company.netsuite, sleep=company.slept.append,
                observer=observer, clock=company.now,
            )  # fmt: skip
            assert len(told) == count
        assert "the books are closed" in told[0]
