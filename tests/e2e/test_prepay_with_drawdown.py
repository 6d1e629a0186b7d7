"""Oracle's example of prepay with drawdown, by our own subscription, into NetSuite and its ARM.

Source: NetSuite help, "Prepay with Drawdown Example" (section_0919041722). There the prepayment is
a revenue element whose amount moves to the usage elements; here it is a customer deposit that usage
invoices draw. What a customer is billed, what is usage revenue and what remains are the same.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from drawdown.core.checks import AT_END, violations
from drawdown.core.events import Payment
from drawdown.core.subscription.plan import EndOfTerm
from drawdown.service.lives import all_lives
from tests.cases.plans import VERTEX, Shop, day, plan, usage
from tests.e2e.company import Company
from tests.e2e.general_ledger import balances


def pay(company: Company, invoice_id: str, on: str) -> None:
    """The customer pays all of an invoice."""
    at = datetime.combine(day(on), datetime.min.time(), UTC)
    (answer,) = company.take(
        Payment(f"pays {invoice_id}", at, day(on), invoice_id, invoice_id, None)
    )
    assert answer.status == "accepted", answer


def close(company: Company, month: str) -> dict[str, Decimal]:
    """Deliver, run the month end, observe; both ledgers agree. Return NetSuite's balances."""
    delivered = company.deliver()
    assert (delivered.problems, delivered.waiting) == ({}, 0)
    company.controls.month_end(month)
    assert company.observe().refused == ()
    assert company.reconcile().differences == ()
    return balances(company)


def test_vertex(company: Company) -> None:
    """8,800 of usage revenue and 1,200 of remainder out of 10,000; every other account at zero."""
    shop = Shop(company.books.session, company.books.policy)
    shop.subscribe(plan(VERTEX), starts_on="2026-05-01")
    pay(company, "S/prepaid/1/invoice", "2026-05-10")
    shop.use(usage("1", "2026-05-31", 1200, "a"), usage("2", "2026-05-31", 1500, "b"))
    close(company, "2026-05")
    shop.bill("2026-05-31")
    pay(company, "S/prepaid/r1/invoice", "2026-06-10")
    shop.use(usage("3", "2026-06-30", 500, "a"), usage("4", "2026-06-30", 2000, "b"))
    june = close(company, "2026-06")
    assert [june["4311"], june["4312"]] == [Decimal(-3000), Decimal(-1950)]
    shop.bill("2026-06-30")
    shop.bill("2026-07-31")
    july = close(company, "2026-07")
    assert july == {
        "1000": Decimal(10_000),
        "4311": Decimal(-4250),
        "4312": Decimal(-4550),
        "4390": Decimal(-1200),
    }
    for life in all_lives(company.books.session):
        assert violations(life.block, life.entries, AT_END) == []


@pytest.mark.parametrize("is_paid", [False, True])
def test_a_refund_at_the_end(company: Company, is_paid: bool) -> None:  # noqa: FBT001
    """Liability, deposit and deferred revenue go; the customer owes less, or is paid back."""
    shop = Shop(company.books.session, company.books.policy)
    shop.subscribe(plan(VERTEX), starts_on="2026-05-01", end_of_term=EndOfTerm.REFUND)
    if is_paid:
        pay(company, "S/prepaid/1/invoice", "2026-05-10")
    shop.use(usage("1", "2026-05-31", 1200, "a"))
    close(company, "2026-05")
    shop.bill("2026-07-31")
    july = close(company, "2026-07")
    settled = "1000" if is_paid else "1100"  # 5,000 paid, 2,000 paid back; or 3,000 still owed
    assert july == {settled: Decimal(3000), "4311": Decimal(-3000)}
    if is_paid:
        for life in all_lives(company.books.session):
            assert violations(life.block, life.entries, AT_END) == []
