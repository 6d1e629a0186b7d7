"""A cut-over from SuiteBilling to blocks: the opening entry ties out, the block ends at zero."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from drawdown.core.accounts import Role
from drawdown.core.events import OpeningBalance
from drawdown.erp.netsuite import NetSuite, Threads
from drawdown.erp.netsuite.connect import read_settings, to_connection, to_mapping
from drawdown.service.handover import HandoverPlan, plan_handover
from drawdown.service.summaries import post_summaries
from drawdown.service.takeover import Takeover, plan_takeover
from tests.cases import facts as f
from tests.e2e.company import Companies, Company, statuses
from tests.e2e.general_ledger import balances
from tests.e2e.subscriptions import Subscription

CUTOVER = "2024-03-01"


@contextmanager
def migrating(companies: Companies, **policy: Any) -> Iterator[tuple[Company, Subscription]]:
    """A company whose subscription has used 380.00 of 1,000.00 by the cut-over, all billed."""
    with companies.open(**policy) as plain:
        subscription = Subscription(
            plain, prepay="1000", minimum="0", usage=[("Calls", "0.25")], start="2024-01-01",
            end="2024-06-30", frequency="ONETIME",
        )  # fmt: skip
        number = subscription.deferred["Vertex Prepaid"]
        table = copy.deepcopy(plain.books.tenant.netsuite or {})
        table["mapping"]["accounts"]["former_deferred_revenue"] = number
        settings = read_settings(table)
        netsuite = NetSuite(
            to_connection(settings, plain.folder), to_mapping(settings.mapping),
            Threads(plain.controls.exchange, sleep=plain.slept.append),
        )  # fmt: skip
        company = dataclasses.replace(plain, netsuite=netsuite)
        subscription.bill("2024-01-01")
        for day, calls in (("2024-01-15", "1000"), ("2024-02-10", "520")):
            subscription.use(day, 1, calls)
            month = day[:7]
            subscription.rate(f"{month}-29" if month.endswith("2") else f"{month}-31")
            subscription.close(month)
            subscription.bill("2024-02-01" if month.endswith("1") else CUTOVER)
        yield company, subscription


def planned(company: Company, cutover: str = CUTOVER) -> Takeover:
    netsuite = company.netsuite
    books = company.books
    return plan_takeover(
        books.session, netsuite, netsuite, date.fromisoformat(cutover), books.policy
    )


@pytest.mark.parametrize(
    "policy",
    [{}, {"prepaid_item": "direct", "deposit_account": "clearing"}, {"prepaid_item": "recognised"}],
    ids=["default", "lean", "recognised"],
)
def test_what_is_left_is_taken_over_and_used_up(
    companies: Companies, policy: dict[str, Any]
) -> None:
    """620.00 of 1,000.00: it ties to the trial balance, is drawn and expires; all is zero."""
    with migrating(companies, **policy) as (company, subscription):
        number = subscription.deferred["Vertex Prepaid"]
        plan = planned(company)
        assert (plan.problems, plan.left, plan.booked) == ((), Decimal(620), Decimal(620))
        assert set(statuses(company.take(*plan.events))) == {"accepted"}
        # The same cut-over again is the same facts.
        assert all(answer.is_repeat for answer in company.take(*planned(company).events))
        (opened,) = (event for event in plan.events if isinstance(event, OpeningBalance))
        (terms,) = opened.blocks
        deliver_all(company)
        assert number not in balances(company)
        subscription.hold()
        subscription.close("2024-03")
        company.take(
            f.usage(
                "2024-04-30", "U1", f.line("L1", "500cr", terms.block_id),
                customer_id=opened.customer_id,
            ),
            f.clock("2024-07-01"),
        )  # fmt: skip
        post_summaries(company.books.session, date(2024, 12, 31))
        deliver_all(company)
        for month in ("2024-04", "2024-06"):
            company.controls.month_end(month)
        assert company.observe().refused == ()
        assert company.reconcile().differences == ()
        left = balances(company)
        controls = {"1290", "2100", "2310", "2320", "2330", "2390", number}
        assert controls.isdisjoint(left)
        # All other accounts: receivable of the prepayment, and revenue: of both systems.
        revenue = sum(amount for name, amount in left.items() if amount < 0)
        assert revenue == Decimal(-1000)


def test_a_void_gives_the_balance_back_to_where_it_stood(companies: Companies) -> None:
    with migrating(companies) as (company, subscription):
        plan = planned(company)
        company.take(*plan.events)
        (opened,) = (event for event in plan.events if isinstance(event, OpeningBalance))
        company.take(f.void_block("2024-03-05", opened.blocks[0].block_id))
        deliver_all(company)
        assert balances(company)[subscription.deferred["Vertex Prepaid"]] == Decimal(-620)
        assert {"1290", "2100", "2310"}.isdisjoint(balances(company))


def test_what_was_taken_over_goes_back(companies: Companies) -> None:
    """The balance stands in SuiteBilling's deferred revenue again, as before it was taken over."""
    with migrating(companies) as (company, _):
        books, netsuite = company.books, company.netsuite
        company.take(*planned(company).events)
        deliver_all(company)
        back = date(2024, 4, 1)

        def plan() -> HandoverPlan:
            return plan_handover(books.session, netsuite, netsuite, back, books.policy)

        (line,) = plan().missing
        row = company.rows("SELECT c.id AS id FROM customer c WHERE c.companyname = 'Vertex'")
        again = Subscription(
            company, prepay="620", minimum="0", usage=[("Calls again", "0.25")], start="2024-04-01",
            end=str(line.ends_on), frequency="ONETIME", name="Again", customer=row[0]["id"],
        )  # fmt: skip
        again.bill("2024-04-01")
        assert (plan().problems, plan().missing) == ((), ())
        company.take(*plan().events(books.policy))
        deliver_all(company)
        left = balances(company)
        assert left[again.deferred["Again Prepaid"]] == Decimal(-620)
        assert {"1290", "2100", "2310", "2320"}.isdisjoint(left)


def test_usage_that_is_not_billed_stands_against_it(companies: Companies) -> None:
    with migrating(companies) as (company, subscription):
        subscription.use("2024-02-20", 1, "4")
        subscription.rate("2024-02-29")
        problems = " ".join(planned(company).problems)
        assert "not billed by 2024-03-01" in problems
        assert "619.00 USD is left" in problems


def test_a_balance_that_does_not_tie_stands_against_it(companies: Companies) -> None:
    """Somebody has posted by hand to the deferred revenue account."""
    with migrating(companies) as (company, subscription):
        account = company.account_id(subscription.deferred["Vertex Prepaid"])
        other = company.account_id(company.netsuite.directory.mapping.accounts[Role.CASH])
        company.rest(
            "POST", "/journalEntry",
            {"subsidiary": {"id": "1"}, "tranDate": "2024-02-15", "line": {"items": [
                {"account": {"id": account}, "debit": 20}, {"account": {"id": other}, "credit": 20},
            ]}},
        )  # fmt: skip
        (problem,) = planned(company).problems
        assert "the difference of 20.00" in problem


def test_a_later_start_of_the_term_or_an_ended_one_is_left_alone(companies: Companies) -> None:
    with migrating(companies) as (company, _):
        assert planned(company, "2024-07-01").events == ()


def deliver_all(company: Company) -> None:
    delivered = company.deliver()
    assert (delivered.problems, delivered.waiting) == ({}, 0)
    assert company.reconcile().differences == ()
