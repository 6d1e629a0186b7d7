"""Subscriptions through the store: usage, balances, refills, bills, ends of terms."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from drawdown.core.block import State
from drawdown.store.subscriptions import decode_account
from tests.cases.plans import VERTEX, Shop, plan, usage


def test_vertex(shop: Shop) -> None:
    """Oracle's example of prepay with drawdown: balances, invoices and remainder to the cent.

    Source: NetSuite help, "Prepay with Drawdown Example" (section_0919041722).
    """
    shop.subscribe(plan(VERTEX), starts_on="2024-05-01")
    assert shop.left("2024-05-01") == 5000
    shop.use(usage("1", "2024-05-31", 1200, "a"), usage("2", "2024-05-31", 1500, "b"))
    assert shop.left("2024-05-31") == 5050  # 5,000 - 3,000 - 1,950, and a refill of 5,000
    shop.bill("2024-05-31")
    shop.use(usage("3", "2024-06-30", 500, "a"), usage("4", "2024-06-30", 2000, "b"))
    assert shop.left("2024-06-30") == 1200
    shop.bill("2024-06-30")
    shop.bill("2024-07-31")
    may, june = shop.invoices()
    first, refill = "S/prepaid/1", "S/prepaid/r1"
    assert (may.posted_on, may.drawn_minor, may.due_minor) == (date(2024, 6, 1), 495_000, 0)
    assert (june.posted_on, june.drawn_minor, june.due_minor) == (date(2024, 7, 1), 385_000, 0)
    assert june.drawn == {first: 50, refill: 3800}
    blocks = shop.blocks()
    assert blocks.keys() == {first, refill}
    assert blocks[refill].state is State.EXPIRED
    lives = shop.lives()
    breakage = [e for e in lives[refill].entries if e.code == "E1"]
    assert [(one.amount_minor, one.posted_on) for one in breakage] == [(120_000, date(2024, 7, 31))]
    invoiced = [e.posted_on for e in lives[refill].entries if e.code == "P1"]
    assert invoiced == [date(2024, 6, 1)]


def test_a_bill_run_may_be_repeated(shop: Shop) -> None:
    shop.subscribe(plan(VERTEX), starts_on="2024-05-01")
    shop.use(usage("1", "2024-05-31", 1200, "a"))
    first = shop.bill("2024-05-31")
    assert (first.periods, first.invoices) == (1, 1)
    again = shop.bill("2024-05-31")
    assert (again.customers, again.periods) == (0, 0)
    assert len(shop.invoices()) == 1


ONE_TIME = """
[[prepay]]
id = "pre"
charge = "one_time"
amount = "100"
[[usage]]
id = "api"
item = "api"
rate = "1"
draws = ["pre"]
"""


def test_what_exceeds_a_prepayment_is_an_ordinary_receivable(shop: Shop) -> None:
    """Nothing is refused, nothing counted twice: 100 of 130 are drawn, 30 are due."""
    shop.subscribe(plan(ONE_TIME))
    answers = shop.use(usage("1", "2024-01-10", 90), usage("2", "2024-01-20", 40))
    assert {one.status for one in answers} == {"accepted"}
    assert shop.left("2024-01-15") == 10
    assert shop.left("2024-01-31") == 0
    shop.bill("2024-01-31")
    (january,) = shop.invoices()
    assert (january.drawn_minor, january.due_minor) == (10_000, 3_000)
    shop.use(usage("3", "2024-02-10", 5))
    shop.bill("2024-02-29")
    assert [one.due_minor for one in shop.invoices()] == [3_000, 500]


def test_the_same_usage_counts_once(shop: Shop) -> None:
    shop.subscribe(plan(ONE_TIME))
    (first,) = shop.use(usage("1", "2024-01-10", 10))
    again, twice = shop.use(usage("1", "2024-01-10", 10), usage("1", "2024-01-10", 10))
    other, within, conflict = shop.use(
        usage("1", "2024-01-10", 11), usage("2", "2024-01-11", 1), usage("2", "2024-01-11", 2)
    )
    assert (first.status, first.is_repeat) == ("accepted", False)
    assert (again.is_repeat, twice.is_repeat) == (True, True)
    assert [one.status for one in (other, within, conflict)] == [
        "conflict", "accepted", "conflict",
    ]  # fmt: skip
    assert shop.left("2024-01-31") == 89


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (usage("1", "2023-12-31", 1), "before subscription S begins"),
        (usage("1", "2024-01-10", 1, "gpu"), "S has api"),
        (usage("1", "2024-01-10", 1, "api", "T"), "which does not exist"),
    ],
)
def test_usage_that_fits_nowhere_is_refused(shop: Shop, record: object, told: str) -> None:
    """It is told why, and can be sent again once that is mended."""
    shop.subscribe(plan(ONE_TIME))
    (answer,) = shop.use(record)  # type: ignore[arg-type]
    assert answer.status == "refused"
    assert told in answer.detail
    assert shop.left("2024-01-31") == 100


def test_corrected_before_it_is_billed(shop: Shop) -> None:
    """The correction that stands last by its own instant counts, in whatever order they come."""
    shop.subscribe(plan(ONE_TIME))
    shop.use(usage("k2", "2024-01-21", 30, corrects="1"))  # of usage that is not known yet
    shop.use(usage("1", "2024-01-10", 90))
    shop.use(usage("k1", "2024-01-15", 60, corrects="1"))  # older than k2
    assert shop.left("2024-01-31") == 70
    shop.use(usage("k3", "2024-01-22", 0, corrects="1"))  # deleted
    assert shop.left("2024-01-31") == 100
    shop.bill("2024-01-31")
    assert shop.invoices() == []


def test_corrected_after_it_was_billed(shop: Shop) -> None:
    """Downwards: a credit memo of the next bill, pay as you go first. Upwards: drawn then."""
    shop.subscribe(plan(ONE_TIME))
    shop.use(usage("1", "2024-01-10", 130))
    shop.bill("2024-01-31")
    shop.use(usage("k1", "2024-02-02", 80, corrects="1"))
    assert shop.left("2024-02-03") == 20
    report = shop.bill("2024-02-29")
    assert report.credit_memos == 1
    assert shop.blocks()["S/pre/1"].remaining_credits == 20
    assert [one.due_minor for one in shop.invoices()] == [0]
    shop.use(usage("k2", "2024-03-02", 95, corrects="1"))
    shop.bill("2024-03-31")
    assert shop.blocks()["S/pre/1"].remaining_credits == 5
    january, march = shop.invoices()
    assert (march.number, march.drawn) == ("S-3", {"S/pre/1": Decimal(15)})
    assert january.number == "S-1"


def test_late_usage_goes_to_the_next_bill_at_the_price_of_its_own_period(shop: Shop) -> None:
    """January's tier is judged by January's total: 8 at 1.00 and 4 at 0.50, whenever it comes."""
    text = ONE_TIME.replace(
        'rate = "1"', 'model = "tiered"\ntiers = [{up_to = 10, rate = 1}, {rate = "0.5"}]'
    )
    shop.subscribe(plan(text))
    shop.use(usage("1", "2024-01-10", 8))
    shop.bill("2024-01-31")
    (answer,) = shop.use(usage("2", "2024-01-11", 4))
    assert answer.is_late
    assert shop.left("2024-02-01") == 89
    shop.use(usage("3", "2024-02-10", 4))
    shop.bill("2024-02-29")
    assert [one.drawn_minor for one in shop.invoices()] == [800, 700]


def test_late_usage_of_a_subscription_that_has_ended(shop: Shop) -> None:
    shop.subscribe(plan('term = "1 month"\n' + ONE_TIME))
    shop.bill("2024-01-31")
    assert shop.blocks()["S/pre/1"].state is State.EXPIRED
    shop.use(usage("1", "2024-01-10", 8))
    shop.bill("2024-02-29")
    (late,) = shop.invoices()
    assert (late.drawn, late.due_minor) == ({}, 800)


def test_what_was_known_when(shop: Shop) -> None:
    """Two instants: of what happened, and of when it was known."""
    shop.subscribe(plan(ONE_TIME))
    shop.use(usage("1", "2024-01-10", 10))
    first = shop.now
    shop.use(usage("2", "2024-01-05", 20))
    second = shop.now
    shop.use(usage("k", "2024-01-30", 1, corrects="1"))
    assert [shop.left(on) for on in ("2024-01-04", "2024-01-06", "2024-01-11")] == [100, 80, 79]
    assert [shop.left("2024-01-06", one) for one in (first, second)] == [100, 80]
    assert [shop.left("2024-01-11", one) for one in (first, second)] == [90, 70]
    shop.bill("2024-02-29")
    assert [shop.left("2024-01-06", one) for one in (first, second)] == [100, 80]
    assert [shop.left(on) for on in ("2024-01-04", "2024-01-06", "2024-02-11")] == [100, 80, 79]


def test_an_account_does_not_grow_with_its_refills(shop: Shop) -> None:
    """What is used up and billed is let go of; a correction brings it back."""
    shop.subscribe(plan(ONE_TIME.replace('"one_time"', '"auto_refill"')))
    for month in range(1, 7):
        shop.use(usage(str(month), f"2024-{month:02}-10", 950))
        shop.bill(f"2024-{month:02}-28")
    shop.bill("2024-06-30")
    (head,) = shop.session.run("accounts", {"ids": "{C}"}).fetchone()[1:2]  # type: ignore[index]
    held = decode_account(head).holdings
    assert len(shop.blocks()) == 58
    assert len(held) <= 12  # those of the month that was billed last
    before = shop.left("2024-07-01")
    shop.use(usage("k", "2024-07-02", 900, corrects="1"))
    assert shop.left("2024-07-02") == before + 50
    shop.bill("2024-07-31")
    shop.use(usage("x", "2024-08-02", 10))
    assert shop.left("2024-08-02") == before + 40
    shop.bill("2024-08-31")
    assert sum(one.remaining_credits for one in shop.blocks().values()) == before + 40
