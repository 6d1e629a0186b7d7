"""The way back: blocks go to the tenant's own SuiteBilling at a cut-over, to the cent."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from drawdown.service.handover import HandoverPlan, plan_handover
from drawdown.service.mirror import mirror
from drawdown.service.subscriptions import terminate
from drawdown.service.summaries import post_summaries
from tests.cases import facts as f
from tests.cases.plans import Shop, plan, usage
from tests.e2e.company import Companies, Company, statuses
from tests.e2e.general_ledger import balances
from tests.e2e.subscriptions import Subscription

CUTOVER = "2026-04-01"
CONTROLS = {"1290", "2100", "2310", "2320", "2330", "2390"}


def sell(company: Company, *, until: str | None = "2026-07-01") -> None:
    """A block of 1,000.00 is bought, paid, and drawn by 380.00; the month ends are run."""
    answers = company.take(
        f.customer("2026-01-01"),
        f.order("2026-01-02", "S1", f.terms("B1", "1000", "1000", until=until)),
        f.purchase("2026-01-03", "I1", "S1"),
        f.payment("2026-01-20", "P1", "I1"),
        f.usage("2026-03-10", "U1", f.line("L1", "380cr", "B1")),
    )
    assert set(statuses(answers)) == {"accepted"}
    finish(company)


def finish(company: Company) -> None:
    """Deliver everything and run the month ends."""
    post_summaries(company.books.session, date(2027, 1, 1))
    delivered = company.deliver()
    assert (delivered.problems, delivered.waiting) == ({}, 0)
    for month in ("2026-01", "2026-03"):
        company.controls.month_end(month)
    assert company.observe().refused == ()


def planned(company: Company, cutover: str = CUTOVER) -> HandoverPlan:
    books, netsuite = company.books, company.netsuite
    return plan_handover(
        books.session, netsuite, netsuite, date.fromisoformat(cutover), books.policy
    )


def enter(company: Company, plan: HandoverPlan) -> list[Subscription]:
    """Enter in NetSuite what the plan says, and bill what has one rate at one time."""
    found: list[Subscription] = []
    for number, line in enumerate(plan.missing):
        row = company.rows(
            "SELECT c.id AS id FROM customer c "
            f"WHERE c.companyname = '{line.customer}' ORDER BY c.id"
        )
        amount = Decimal(line.amount_minor) / 100
        if line.currency != "USD":
            company.set_spot_rate(line.currency, str(line.exchange_rate))
        subscription = Subscription(
            company, prepay=str(amount), minimum="0", usage=[(f"Calls {number}", "0.25")],
            start=line.starts_on.isoformat(),
            end=line.ends_on.isoformat() if line.ends_on else "2027-03-31",
            frequency="ONETIME", name=f"Own {number}", customer=row[0]["id"],
            currency=line.currency,
        )  # fmt: skip
        found.append(subscription)
        following = plan.missing[number + 1 : number + 2]
        if [one.exchange_rate for one in following] != [line.exchange_rate]:
            subscription.bill(line.starts_on.isoformat())
    return found


@pytest.mark.parametrize(
    "policy",
    [
        {},
        {"prepaid_item": "direct", "deposit_account": "clearing"},
        {"prepaid_item": "recognised", "journals": "per_month"},
    ],
    ids=["default", "lean", "recognised"],
)
def test_what_is_left_goes_on_in_suitebilling(companies: Companies, policy: dict[str, Any]) -> None:
    """620.00 of 1,000.00: both ledgers tie, ours is at zero, theirs goes on with usage."""
    with companies.open(**policy) as company:
        sell(company)
        plan = planned(company)
        assert (plan.problems, plan.left, plan.booked) == ((), Decimal(620), Decimal(620))
        (line,) = plan.missing
        assert (line.amount_minor, line.starts_on, line.ends_on, line.billed_through) == (
            62_000, date(2026, 4, 1), date(2026, 6, 30), date(2026, 3, 31),
        )  # fmt: skip
        (own,) = enter(company, plan)
        plan = planned(company)
        assert (plan.problems, plan.missing) == ((), ())
        events = plan.events(company.books.policy)
        assert statuses(company.take(*events)) == ["accepted"]
        finish(company)
        assert company.reconcile().differences == ()
        left = balances(company)
        assert CONTROLS.isdisjoint(left)
        # Cash of the purchase, revenue of what was used, and the rest deferred by SuiteBilling.
        deferred = own.deferred["Own 0 Prepaid"]
        assert left.pop(deferred) == Decimal(-620)
        assert sorted(left.values()) == [Decimal(-380), Decimal(1000)]
        # The same cut-over again: nothing is left, the same facts count once.
        again = planned(company)
        assert (again.lines, again.problems, again.left) == ((), (), Decimal(0))
        assert all(answer.is_repeat for answer in company.take(*events))
        # SuiteBilling goes on: usage draws its own prepayment, and what it says agrees.
        own.use("2026-04-15", 1, "1000")
        own.rate("2026-04-30")
        own.close("2026-04")
        own.bill("2026-05-01")
        (found,) = mirror(company.netsuite, date(2026, 4, 30))
        assert (found.deviations, found.prepayment.remaining_minor) == ((), 37_000)
        assert balances(company)[deferred] == Decimal(-370)
        assert company.reconcile().differences == ()


def test_what_stands_against_a_handover(company: Company) -> None:
    """Unpaid, not invoiced, free, used after the cut-over, held facts: each is named."""
    sell(company)
    company.take(
        f.order("2026-01-02", "S2", f.terms("B2", "50", "50"), f.terms("B3", "70", "70")),
        f.order("2026-01-02", "S3", f.terms("FREE", "5")),
        f.purchase("2026-01-03", "I2", "S2", "B2"),
        f.usage("2026-04-10", "U2", f.line("L1", "1cr", "B1")),
        f.usage("2026-04-10", "U3", f.line("L1", "1cr", "UNKNOWN")),
    )
    text = "\n".join(planned(company).problems)
    for said in (
        "1 facts are held",
        "50.00 USD is owed for the purchase of block B2",
        "block B3 is not invoiced yet",
        "block FREE has 5 credits without a price",
        "block B1 was drawn on 2026-04-01 or later",
        "739.00 USD is left of the blocks but account 2310 holds 620.00",
    ):
        assert said in text


def test_another_amount_or_customer_is_not_taken_for_it(company: Company) -> None:
    """Only a line of the same customer, amount, rate and term is what the plan asked for."""
    sell(company)
    plan = planned(company)
    (line,) = plan.lines
    others = (line._replace(amount_minor=61_999), line._replace(ends_on=date(2026, 5, 31)))
    enter(company, plan._replace(lines=others))
    Subscription(
        company, prepay="620", minimum="0", usage=[("Other", "0.25")], start="2026-04-01",
        end="2026-06-30", frequency="ONETIME", name="Other",
    ).bill("2026-04-01")  # fmt: skip
    assert planned(company).missing == plan.lines


PLAN = """
term = "12 months"
[[prepay]]
id = "pre"
charge = "recurring"
every = "3 months"
amount = 1000
validity = "6 months"
[[usage]]
id = "api"
item = "usage"
rate = "0.25"
draws = ["pre"]
"""


def test_subscriptions_of_ours_go_with_their_blocks(company: Company) -> None:
    """Two in euro, billed up to the cut-over, handed over, ended: with all that they had bought."""
    shop = Shop(company.books.session, company.books.policy, "EUR")
    in_euro = plan(f'id = "p"\ncurrency = "EUR"\n{PLAN}')
    for name, rate in (("S", "1.1"), ("T", "1.2")):
        shop.subscribe(in_euro, name, starts_on="2026-01-01", exchange_rate=rate)
    shop.use(usage("1", "2026-01-15", 1520))
    assert "customer C is billed up to 2026-01-01 only" in " ".join(planned(company).problems)
    shop.bill("2026-03-31")
    shop.use(usage("2", "2026-04-15", 4))
    assert "customer C has usage that is not billed" in " ".join(planned(company).problems)
    shop.use(usage("3", "2026-04-16", 0, corrects="2"))
    assert "1000.00 EUR is owed for" in " ".join(planned(company).problems)
    for name in ("S", "T"):
        for number in (1, 2):
            invoice = f"{name}/pre/{number}/invoice"
            company.take(f.payment("2026-03-20", f"P{name}{number}", invoice))
    finish(company)
    found = planned(company)
    assert found.problems == ()
    assert [one.amount_minor for one in found.lines] == [62_000, 100_000, 100_000, 100_000]
    assert found.left == Decimal("1.1") * 1620 + Decimal("1.2") * 2000
    enter(company, found)
    company.take(*planned(company).events(shop.policy))
    for name in ("S", "T"):
        terminate(shop.session, name, date(2026, 4, 1), shop.policy, shop.later())
    shop.bill("2026-12-31")
    finish(company)
    assert company.reconcile().differences == ()
    assert CONTROLS.isdisjoint(balances(company))


def test_several_blocks_at_several_rates(company: Company) -> None:
    """Of a customer in euro, two of them alike, beside one in dollars: each finds its line."""
    sell(company)
    answers = company.take(
        f.customer("2026-01-01", "EU", "EUR"),
        f.order(
            "2026-01-02", "E1", f.terms("E1a", "500", "500", currency="EUR", until="2026-07-01"),
            f.terms("E1b", "500", "500", currency="EUR", until="2026-07-01"),
            customer_id="EU", currency="EUR", rate="1.1",
        ),
        f.order(
            "2026-01-02", "E2", f.terms("E2", "333.33", "333.33", currency="EUR"),
            customer_id="EU", currency="EUR", rate="1.25",
        ),
        f.purchase("2026-01-03", "J1", "E1"),
        f.purchase("2026-01-03", "J2", "E2"),
        f.payment("2026-01-20", "Q1", "J1"),
        f.payment("2026-01-20", "Q2", "J2"),
        f.usage(
            "2026-03-10", "V1", f.line("L1", "33.33cr", "E2", currency="EUR"), customer_id="EU",
            currency="EUR",
        ),
    )  # fmt: skip
    assert set(statuses(answers)) == {"accepted"}
    finish(company)
    found = planned(company)
    # 620.00 + 2 x 500.00 x 1.10 + 300.00 x 1.25
    assert (found.problems, found.left, found.booked) == ((), Decimal(2095), Decimal(2095))
    company.set_spot_rate("EUR", "1.3")
    enter(company, found)
    found = planned(company)
    assert (found.problems, found.missing) == ((), ())
    assert len({one.invoice for one in found.lines}) == 3  # two of one rate are on one invoice
    events = found.events(company.books.policy)
    assert set(statuses(company.take(*events))) == {"accepted"}
    finish(company)
    assert company.reconcile().differences == ()
    left = balances(company)
    assert CONTROLS.isdisjoint(left)
    # In base currency: what SuiteBilling defers, what was used here, and the cash of both.
    assert [left.pop(f"DefOwn {n}0") for n in range(4)] == [-620, -550, -550, -375]
    assert sorted(left.values()) == [Decimal("-421.66"), Decimal("2516.66")]
