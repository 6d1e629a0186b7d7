"""What goes wrong and must not spread: faulty meters, refused bills, closed periods, time zones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from drawdown.core.errors import SubscriptionError
from drawdown.core.events import BlockKind, BlockTerms, SalesOrder
from drawdown.core.policy import ClosedPeriod, Policy
from drawdown.core.subscription.timeline import REFILLS_AT_ONCE_MAX
from drawdown.core.subscription.usage import UsageRecord
from drawdown.service.ingest import ingest
from drawdown.store.database import Database
from tests.cases.plans import Shop, at, end_of, plan, usage

REFILLED = """
[[prepay]]
id = "pre"
charge = "auto_refill"
amount = 10
[[usage]]
id = "api"
item = "api"
rate = 1
draws = ["pre"]
"""


def taken(shop: Shop, block_id: str) -> None:
    """Let somebody else use the id of a block."""
    terms = BlockTerms(
        block_id, BlockKind.PURCHASED, 100, Decimal(1), 0, at("2024-01-01"), None, ()
    )
    order = SalesOrder(
        f"order of {block_id}", at("2024-01-01"), date(2024, 1, 1), f"order of {block_id}", "C",
        "USD", Decimal(1), (terms,),
    )  # fmt: skip
    (answer,) = ingest(shop.session, [order], shop.policy)
    assert answer.status == "accepted"


def test_usage_whose_refill_is_refused_leaves_nothing(shop: Shop) -> None:
    """One transaction: neither usage nor balance nor half a refill; it can be sent again."""
    shop.subscribe(plan(REFILLED))
    taken(shop, "S/pre/r1")
    with pytest.raises(SubscriptionError, match="block S/pre/r1 exists already"):
        shop.use(usage("1", "2024-01-05", 3), usage("2", "2024-01-06", 8))
    assert shop.left("2024-01-31") == 10
    (answer,) = shop.use(usage("1", "2024-01-05", 3))
    assert not answer.is_repeat
    assert shop.left("2024-01-31") == 7
    assert shop.notices() == []


def test_a_bill_that_is_refused_stops_nobody_else(shop: Shop) -> None:
    shop.subscribe(plan(REFILLED.replace('"auto_refill"', '"recurring"\nevery = "1 month"')))
    shop.customer("D")
    shop.subscribe(plan(REFILLED), "T", customer_id="D")
    taken(shop, "S/pre/2")
    shop.use(usage("1", "2024-01-05", 3), usage("2", "2024-01-05", 4, subscription_id="T"))
    report = shop.bill("2024-01-31")
    assert (report.customers, report.invoices) == (1, 1)
    assert len(report.problems) == 1
    assert "customer C" in report.problems[0]
    assert [one.number for one in shop.invoices()] == ["T-1"]


def test_a_faulty_meter_buys_no_end_of_refills(shop: Shop) -> None:
    shop.subscribe(plan(REFILLED))
    (refused,) = shop.use(usage("1", "2024-01-05", 10**12))
    assert (refused.status, "correct the quantity" in refused.detail) == ("refused", True)
    shop.use(usage("2", "2024-01-05", 10**6))
    bought = [one for one in shop.blocks() if "/r" in one]
    assert len(bought) == REFILLS_AT_ONCE_MAX
    assert any(one.startswith("refills_exhausted") for one in shop.notices())


def test_what_a_subscription_prepays_is_bought_when_it_begins(shop: Shop) -> None:
    """Created ahead of its first day, the bill run of that day buys it."""
    what = plan(REFILLED)
    shop.subscribe(what, "A", starts_on="2024-01-01")
    shop.now = at("2024-01-01")
    ahead = shop.subscribe(what, "B", starts_on="2024-03-01")
    assert ahead.subscription_id == "B"
    shop.bill("2024-02-29")
    assert shop.bill("2024-03-01").periods == 0
    assert {"A/pre/1", "B/pre/1"} <= shop.blocks().keys()


def test_days_are_those_of_the_posting_time_zone(shop: Shop) -> None:
    """4 o'clock UTC on 1 February is January in New York; the block begins there at midnight."""
    shop.policy = Policy(time_zone=ZoneInfo("America/New_York"))
    shop.subscribe(plan(REFILLED))
    block = shop.balance("2024-01-02").blocks[0].block
    assert block.effective_at == datetime(2024, 1, 1, 5, tzinfo=UTC)
    shop.use(usage("1", "2024-02-01T04:00", 3), usage("2", "2024-02-01T05:00", 4))
    shop.bill("2024-01-31")  # to the end of the day in UTC, before that of New York
    assert shop.invoices() == []
    shop.bill("2024-02-01")
    assert [(one.posted_on, one.drawn_minor) for one in shop.invoices()] == [
        (date(2024, 1, 31), 300)
    ]


def test_a_bill_in_a_closed_period_that_is_held_waits_as_a_whole(shop: Shop) -> None:
    """The policy *hold*: nothing is billed until the period is open again; nothing is lost."""
    shop.policy = Policy(closed_period=ClosedPeriod.HOLD)
    shop.subscribe(plan(REFILLED))
    shop.use(usage("1", "2024-01-05", 3))
    with shop.session.transaction():
        shop.session.run("set_books_open_from", {"day": date(2024, 2, 1)})
    report = shop.bill("2024-01-31")
    assert len(report.problems) == 1
    assert "closed period" in report.problems[0]
    with shop.session.transaction():
        shop.session.run("set_books_open_from", {"day": None})
    assert shop.bill("2024-01-31").invoices == 1
    assert shop.left("2024-01-31") == 7


def test_a_closed_period_is_posted_on_its_first_open_day(shop: Shop) -> None:
    shop.subscribe(plan(REFILLED))
    shop.use(usage("1", "2024-01-05", 3))
    with shop.session.transaction():
        shop.session.run("set_books_open_from", {"day": date(2024, 2, 1)})
    shop.bill("2024-01-31")
    assert [one.posted_on for one in shop.invoices()] == [date(2024, 2, 1)]


def test_what_was_known_does_not_change(database: Database, new_tenant: Callable[..., str]) -> None:
    """Whatever comes later, an answer as it was known at an instant stays."""
    with database.session(new_tenant(database)) as session:
        shop = Shop(session)
        shop.subscribe(plan(REFILLED.replace("amount = 10", "amount = 50")))
        steps: list[list[UsageRecord] | str] = [
            [usage("1", "2024-01-05", 3), usage("2", "2024-02-05", 60)],
            [usage("3", "2024-01-15", 30)],
            [usage("k1", "2024-02-20", 1, corrects="1")],
            "2024-01-31",
            [usage("4", "2024-01-20", 7)],
            [usage("k2", "2024-02-21", 20, corrects="3")],
            "2024-02-29",
            [usage("k3", "2024-03-02", 55, corrects="2"), usage("5", "2024-03-01", 44)],
        ]
        days = ("2024-01-10", "2024-01-31", "2024-02-10", "2024-03-05")
        answers: list[tuple[datetime, list[Decimal]]] = []
        for step in steps:
            shop.bill(step) if isinstance(step, str) else shop.use(*step)
            answers.append((shop.now, [shop.left(on) for on in days]))
        for known_at, before in answers:
            assert [shop.left(on, known_at) for on in days] == before
        assert end_of("2024-01-31") > at("2024-01-31")
