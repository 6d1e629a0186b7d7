"""Which grant is drawn first, whose it is, and how credits move to another expiry."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from drawdown.core.block import State
from drawdown.core.errors import SubscriptionError
from drawdown.core.events import Payment
from drawdown.service.ingest import ingest
from drawdown.service.moving import Move
from drawdown.service.subscriptions import move_credits
from tests.cases.plans import ONE_TIME, Shop, at, one_line, plan, usage

D = Decimal


def test_orb_trial_credits_first(shop: Shop) -> None:
    """ORB-02: a trial block that expires in two weeks goes before one that never does.

    Source: docs.withorb.com, "Fetch customer credits ledger".
    """
    shop.subscribe(plan(ONE_TIME))
    shop.give("trial", "10", "2024-01-01", expires_on=date(2024, 1, 14))
    shop.use(usage("1", "2024-01-10", 15))
    left = {one.block.block_id: one.left for one in shop.balance("2024-01-10").blocks}
    assert left == {"trial": 0, "S/pre/1": 95}


def test_orb_equal_expiry_lower_cost_first(shop: Shop) -> None:
    """ORB-02: with equal expiry a block of $0 goes before one of $5.00."""
    head = 'term = "1 month"\ndrawdown_order = ["soonest_expiry", "lowest_cost_basis"]'
    shop.subscribe(plan(one_line('charge = "one_time"\namount = 100', head)))
    shop.give("a-free", "10", "2024-01-01", expires_on=date(2024, 1, 31))
    shop.give("b-paid", "10", "2024-01-01", amount_minor=5000, expires_on=date(2024, 1, 31))
    shop.use(usage("1", "2024-01-10", 12))
    left = {one.block.block_id: one.left for one in shop.balance("2024-01-10").blocks}
    assert left == {"a-free": 0, "S/pre/1": 98, "b-paid": 10}


def test_orb_blocks_bound_to_items_first(shop: Shop) -> None:
    """ORB-01: blocks bound to an item go first, then soonest expiry, then lower cost.

    Source: docs.withorb.com, "Credit systems".
    """
    head = 'drawdown_order = ["item_filtered", "soonest_expiry", "lowest_cost_basis"]'
    shop.subscribe(plan(one_line('charge = "one_time"\namount = 100', head)))
    shop.give("soon", "10", "2024-01-01", expires_on=date(2024, 1, 20))
    shop.give("bound", "10", "2024-01-01", items=("api",))
    shop.give("other", "10", "2024-01-01", items=("gpu",))
    shop.use(usage("1", "2024-01-10", 12))
    left = {one.block.block_id: one.left for one in shop.balance("2024-01-10").blocks}
    assert left == {"bound": 0, "soon": 8, "S/pre/1": 100, "other": 10}


def test_metronome_priority_before_cost(shop: Shop) -> None:
    """MT-02: priority decides first, then what costs nothing, then the earlier end.

    Source: docs.metronome.com, "Prioritization rules".
    """
    head = 'drawdown_order = ["priority", "free_first", "fewest_items", "soonest_expiry", '
    head += '"earliest_effective"]'
    shop.subscribe(plan(one_line('charge = "one_time"\namount = 100\npriority = 5', head)))
    shop.give("free", "10", "2024-01-01", priority=5)
    shop.give("narrow", "10", "2024-01-01", priority=5, items=("api",))
    shop.give("first", "10", "2024-01-01", priority=1, amount_minor=9900)
    found: list[set[str]] = []
    for number in range(3):
        shop.use(usage(str(number), "2024-01-10", 10))
        found.append(
            {one.block.block_id for one in shop.balance("2024-01-10").blocks if not one.left}
        )
    assert found == [{"first"}, {"first", "narrow"}, {"first", "narrow", "free"}]


def test_a_grant_with_a_date_to_come(shop: Shop) -> None:
    """It is granted now and drawn from its day on; granted late, it pays what is not billed."""
    shop.subscribe(plan(ONE_TIME))
    shop.use(usage("1", "2024-01-05", 10), usage("2", "2024-01-15", 10))
    shop.give("gift", "15", "2024-01-10", priority=-1)
    left = {one.block.block_id: one.left for one in shop.balance("2024-01-20").blocks}
    assert left == {"gift": 5, "S/pre/1": 90}
    assert not shop.give("gift", "15", "2024-01-10", priority=-1)
    with pytest.raises(SubscriptionError, match="other terms"):
        shop.give("gift", "16", "2024-01-10", priority=-1)


def test_a_top_up_is_bought_and_fills_its_line(shop: Shop) -> None:
    text = one_line('charge = "auto_refill"\namount = 100\nminimum_balance = 10')
    shop.subscribe(plan(text))
    shop.give("more", "50", "2024-01-02", line_id="pre", amount_minor=5000)
    shop.use(usage("1", "2024-01-05", 139))
    assert shop.left("2024-01-05") == 11
    shop.use(usage("2", "2024-01-06", 1))
    assert shop.left("2024-01-06") == 110  # at the minimum: refilled
    assert [e.code for e in shop.lives()["more"].entries] == ["P1", "P2", "P3", "P4"]


def test_one_subscription_draws_what_another_shares(shop: Shop) -> None:
    shop.subscribe(plan(one_line('charge = "one_time"\namount = 100\nshared = true')), "A")
    shop.subscribe(plan(ONE_TIME), "B", starts_on="2024-01-15")
    shop.use(
        usage("1", "2024-01-20", 120, subscription_id="B"),
        usage("2", "2024-01-21", 60, subscription_id="A"),
    )
    left = {one.block.block_id: one.left for one in shop.balance("2024-01-22").blocks}
    assert left == {"A/pre/1": 20, "B/pre/1": 0}
    shop.bill("2024-03-31")
    invoices = {one.number: one.drawn for one in shop.invoices()}
    assert invoices == {
        "A-1": {"A/pre/1": D(60)},
        "B-1": {"A/pre/1": D(20), "B/pre/1": D(100)},
    }


MOVABLE = """
unit = "credits"
currency = "USD"
id = "p"
[[prepay]]
id = "pre"
charge = "one_time"
amount = 100
price = "20.00"
validity = "12 months"
[[usage]]
id = "api"
item = "api"
rate = 1
draws = ["pre"]
overage_rate = "0.20"
"""


@pytest.mark.parametrize("is_paid", [False, True])
def test_orb_credits_are_moved_to_another_expiry(shop: Shop, is_paid: bool) -> None:  # noqa: FBT001
    """ORB-03: of 100 credits at 0.20 20 are used and 10 get another year: 70 and 10 are left.

    The customer is billed 20.00 in all, the new block has the cost basis of the old.
    Source: orbcorp/orb-python, docstring of the credit ledger (expiration change).
    """
    shop.subscribe(plan(MOVABLE), starts_on="2021-12-29")
    if is_paid:
        pay = Payment("pay", at("2022-01-10"), date(2022, 1, 10), "pay", "S/pre/1/invoice", None)
        ingest(shop.session, [pay], shop.policy)
    shop.use(usage("1", "2022-01-20", 20))
    wanted = Move("S/pre/1", "longer", D(10), date(2022, 2, 1), date(2023, 12, 27))
    assert move_credits(shop.session, wanted, shop.policy, shop.later())
    assert not move_credits(shop.session, wanted, shop.policy, shop.later())
    left = {one.block.block_id: one.left for one in shop.balance("2022-02-02").blocks}
    assert left == {"S/pre/1": 70, "longer": 10}
    blocks = shop.blocks()
    assert (blocks["longer"].amount_minor, blocks["S/pre/1"].cancelled_minor) == (200, 200)
    assert sum(one.due_minor for one in blocks.values()) == (0 if is_paid else 2000)
    assert all(one.due_minor >= 0 for one in blocks.values())
    shop.bill("2022-12-31")
    assert [one.drawn for one in shop.invoices()] == [{"S/pre/1": D(20)}]
    assert shop.blocks()["S/pre/1"].state is State.EXPIRED
    assert shop.left("2023-06-01") == 10
    shop.use(usage("2", "2023-12-27", 3))
    shop.bill("2024-01-31")
    lives = shop.lives()
    assert lives["longer"].block.state is State.EXPIRED
    assert [e.amount_minor for e in lives["longer"].entries if e.code == "E1"] == [140]


def test_no_more_is_moved_than_no_usage_has_drawn(shop: Shop) -> None:
    shop.subscribe(plan(MOVABLE))
    shop.use(usage("1", "2024-01-20", 95))
    wanted = Move("S/pre/1", "longer", D(10), date(2024, 2, 1), None)
    with pytest.raises(SubscriptionError, match="with 5 credits left"):
        move_credits(shop.session, wanted, shop.policy, shop.later())
    assert shop.blocks().keys() == {"S/pre/1"}
    with pytest.raises(SubscriptionError, match="is not of a subscription"):
        move_credits(shop.session, wanted._replace(block_id="X"), shop.policy, shop.later())


def test_a_promotion_is_moved_too(shop: Shop) -> None:
    shop.subscribe(plan(ONE_TIME))
    shop.give("gift", "30", "2024-01-01", expires_on=date(2024, 1, 31))
    wanted = Move("gift", "longer", D(12), date(2024, 1, 10), date(2024, 3, 31))
    move_credits(shop.session, wanted, shop.policy, shop.later())
    assert shop.left("2024-01-11") == 130
    assert shop.left("2024-02-01") == 112
