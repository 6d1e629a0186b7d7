"""What holds for subscriptions whatever is used, in whatever order it becomes known."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from drawdown.core.checks import has_ended
from drawdown.core.policy import Policy
from drawdown.core.subscription.account import Account
from drawdown.core.subscription.acts import PlanBlock
from drawdown.core.subscription.plan import EndOfTerm, Plan
from drawdown.core.subscription.preview import preview
from drawdown.core.subscription.span import midnight
from drawdown.core.subscription.terms import Subscription
from drawdown.core.subscription.timeline import Timeline, Use
from drawdown.core.subscription.usage import UsageRecord
from drawdown.service.usage import ingest_usage
from drawdown.store.database import Database
from drawdown.store.subscriptions import bills_of
from tests.cases.plans import Shop, end_of, plan
from tests.properties.lives import EFFORT

D = Decimal
START = date(2024, 1, 1)
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
_numbers = itertools.count(1)

LINES = """
[[usage]]
id = "api"
item = "api"
rate = "0.37"
draws = ["main", "side"]
[[usage]]
id = "gpu"
item = "gpu"
model = "tiered"
free = 3
tiers = [{up_to = 10, rate = "2.5"}, {up_to = 50, rate = 2, flat = 1}, {rate = "1.25"}]
draws = ["main"]
[[usage]]
id = "mail"
item = "mail"
model = "package"
package = 100
rate = "9.99"
draws = ["side", "main"]
"""
MAIN = {
    "one time": 'charge = "one_time"\namount = 120',
    "refilled": 'charge = "auto_refill"\namount = 60\nminimum_balance = "7.5"',
    "refilled at most twice": 'charge = "auto_refill"\namount = 45\nrefills_per_period = 2',
    "recurring": 'charge = "recurring"\nevery = "1 month"\namount = 50',
    "rolled over": 'charge = "recurring"\nevery = "1 month"\namount = 80\n'
    'rollover = { share = "50%", cap = 30, periods = 2 }',
}
SIDE = {
    "promotion": 'charge = "one_time"\nkind = "promotional"\namount = 25\nvalidity = "20 days"',
    "discount": 'charge = "one_time"\namount = 33\nprice = "20.00"\npriority = -1',
}


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    main = draw(st.sampled_from(sorted(MAIN)))
    side = draw(st.sampled_from(sorted(SIDE)))
    head = 'id = "p"\ncurrency = "USD"\nterm = "3 months"\n'
    head += f'end_of_term = "{draw(st.sampled_from(["recognise", "refund"]))}"\n'
    head += f'billing = "{draw(st.sampled_from(["anniversary", "calendar"]))}"\n'
    prepay = f'[[prepay]]\nid = "main"\n{MAIN[main]}\n[[prepay]]\nid = "side"\n{SIDE[side]}\n'
    return plan(f"{head}{prepay}{LINES}")


quantities = st.one_of(
    st.sampled_from([D(0), D(1), D("0.01"), D(10), D(100), D(101)]),
    st.decimals("0.1", 60, places=1).map(lambda value: value.normalize() + 0),
)
uses = st.lists(
    st.tuples(st.integers(0, 90), st.sampled_from(["api", "gpu", "mail"]), quantities),
    max_size=14,
)


def records(
    found: list[tuple[int, str, Decimal]], subscription_id: str, prefix: str
) -> list[UsageRecord]:
    return [
        UsageRecord(
            f"{prefix}-{number}",
            subscription_id,
            line,
            BEGIN + timedelta(days=days, hours=number),
            quantity,
        )
        for number, (days, line, quantity) in enumerate(found)
        if days < 90
    ]


def subscription(what: Plan, name: str = "S", customer_id: str = "C") -> Subscription:
    return Subscription(name, customer_id, what, START, D(1), what.end_of_term, is_carried=False)


def as_uses(found: list[UsageRecord]) -> list[Use]:
    return sorted(
        Use(one.used_at, one.used_at, one.usage_id, one.subscription_id, one.line, one.quantity)
        for one in found
    )


@settings(max_examples=150 * EFFORT)
@given(plans(), uses)
def test_a_preview_balances_to_the_cent(what: Plan, found: list[tuple[int, str, Decimal]]) -> None:
    """What is bought was drawn or has ended; what is charged was drawn or is beyond it."""
    shown = preview(
        subscription(what), as_uses(records(found, "S", "u")), Policy(), date(2024, 6, 1)
    )
    bought = sum(sum(one.bought_minor.values()) for one in shown.periods)
    spent = sum(one.drawn_minor + one.ended_minor for one in shown.periods)
    assert bought == spent
    for period in shown.periods:
        for line in period.lines:
            assert line.charge == line.drawn + line.overage
            assert sum((tier.charge for tier in line.tiers), D(0)) == line.charge
            assert line.overage_minor == line.overage * 100
    assert shown.periods[-1].balance == 0


@settings(max_examples=150 * EFFORT)
@given(plans(), uses, st.data())
def test_a_fold_may_stop_anywhere_and_go_on(
    what: Plan, found: list[tuple[int, str, Decimal]], data: st.DataObject
) -> None:
    """Folding again with what was bought before buys nothing else, and ends the same."""
    all_uses = as_uses(records(found, "S", "u"))
    known = data.draw(st.lists(st.sampled_from(all_uses), unique=True)) if all_uses else []
    some = {"S": subscription(what)}

    def fold(given_uses: list[Use], blocks: dict[str, Any]) -> Timeline:
        account = Account("C", midnight(START, UTC), midnight(START, UTC))
        timeline = Timeline(account, some, blocks, UTC)
        for one in sorted(given_uses):
            timeline.use(one)
        timeline.advance(datetime(2024, 3, 31, 12, tzinfo=UTC))
        return timeline

    first = fold(known, {})
    bought = {act.block_id: act for act in first.acts if isinstance(act, PlanBlock)}
    again, alone = fold(all_uses, bought), fold(all_uses, {})
    same = {one: h.left for one, h in again.account.holdings.items()}
    assert same == {one: h.left for one, h in alone.account.holdings.items()}
    assert again.account.meters == alone.account.meters


@pytest.fixture(scope="module")
def shop(database: Database, new_tenant: Callable[..., str]) -> Iterator[Shop]:
    with database.session(new_tenant(database)) as session:
        yield Shop(session)


def begin(shop: Shop, what: Plan) -> tuple[str, str]:
    """Make a customer with a subscription; return both ids."""
    number = next(_numbers)
    customer_id, name = f"C{number}", f"S{number}"
    shop.customer(customer_id)
    shop.subscribe(what, name, customer_id=customer_id)
    return customer_id, name


def seen(shop: Shop, customer_id: str, name: str) -> list[Any]:
    """Return what a customer has left at several instants, without ids."""
    found: list[Any] = []
    for days in (0, 10, 31, 32, 45, 60, 75, 89):
        one = shop.balance(f"{BEGIN + timedelta(days=days, hours=1):%Y-%m-%dT%H:%M}",
                           customer_id=customer_id)  # fmt: skip
        found.append(
            (
                {b.block.block_id.removeprefix(name): (b.left, b.reserved) for b in one.blocks},
                {key[1]: credits_ for key, credits_ in one.overage.items()},
            )
        )
    return found


def billed(shop: Shop, customer_id: str, name: str) -> list[Any]:
    """Return a customer's bills, without ids."""
    return [
        (
            one.number, one.starts_on, one.posted_on,
            sorted(
                (line.line_id, line.block_id.removeprefix(name), line.credits, line.overage_minor)
                for line in one.lines
            ),
        )
        for one in bills_of(shop.session, customer_id)
    ]  # fmt: skip


@settings(
    max_examples=25 * EFFORT,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(plans(), uses, st.data())
def test_the_order_of_arrival_does_not_matter(
    shop: Shop, what: Plan, found: list[tuple[int, str, Decimal]], data: st.DataObject
) -> None:
    """In order at once, or in any order piece by piece: same balances always, same bills."""
    first, second = begin(shop, what), begin(shop, what)
    in_order = records(found, first[1], f"a{first[1]}")
    if in_order:
        shop.use(*in_order)
    mixed = data.draw(st.permutations(records(found, second[1], f"a{second[1]}")))
    while mixed:
        size = data.draw(st.integers(1, len(mixed)))
        shop.use(*mixed[:size])
        mixed = mixed[size:]
    assert seen(shop, *first) == seen(shop, *second)
    shop.bill("2024-04-30")
    assert billed(shop, *first) == billed(shop, *second)
    shown = preview(
        subscription(what), as_uses(records(found, "S", "u")), Policy(), date(2024, 4, 30)
    )
    bills = bills_of(shop.session, first[0])
    assert [one.overage_minor for one in shown.periods] == [
        sum(line.overage_minor for line in one.lines) for one in bills
    ]
    lives = [life for life in shop.lives().values() if life.block.customer_id == first[0]]
    drawn = sum(m.amount_minor for life in lives for m in life.movements if m.step.value == "drawn")
    assert drawn == sum(one.drawn_minor for one in shown.periods)
    for life in lives:
        assert has_ended(life.block), life.block
        assert life.block.used_minor == life.block.amount_minor


@settings(
    max_examples=20 * EFFORT,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(plans(), uses, st.data())
def test_bills_on_the_way_change_nothing_of_what_is_paid(
    shop: Shop, what: Plan, found: list[tuple[int, str, Decimal]], data: st.DataObject
) -> None:
    """Usage that comes late, and corrections: every charge is paid once, whatever the bills.

    A block that was refunded takes nothing back (a notice says so), so remainders expire here.
    """
    what = dataclasses.replace(what, end_of_term=EndOfTerm.RECOGNISE)
    customer_id, name = begin(shop, what)
    arriving = data.draw(st.permutations(records(found, name, f"b{name}")))
    final = {one.usage_id: one.quantity for one in arriving}
    place = 0
    for through in ("2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"):
        size = data.draw(st.integers(0, len(arriving) - place))
        batch = list(arriving[place : place + size])
        place += size
        for number, one in enumerate(data.draw(st.lists(st.sampled_from(arriving), max_size=2))
                                     if arriving else []):  # fmt: skip
            quantity = data.draw(quantities)
            instant = end_of(through) + timedelta(seconds=number)
            batch.append(
                one._replace(
                    usage_id=f"k{through}{number}{name}", corrects=one.usage_id, used_at=instant,
                    quantity=quantity,
                )
            )  # fmt: skip
            final[one.usage_id] = quantity
        if batch:
            answers = shop.use(*batch)
            assert {one.status for one in answers} <= {"accepted", "held"}
        shop.bill(through)
    if arriving[place:]:
        shop.use(*arriving[place:])
    shop.bill("2024-05-31")
    assert shop.bill("2024-06-30").periods == 0
    charged = _charged(what, [one._replace(quantity=final[one.usage_id]) for one in arriving])
    lives = [life for life in shop.lives().values() if life.block.customer_id == customer_id]
    credits_ = sum(
        (m.credits for life in lives for m in life.movements
         if m.step.value in ("drawn", "reversed") and m.item_id != "@breakage"),
        D(0),
    )  # fmt: skip
    bills = bills_of(shop.session, customer_id)
    overage = sum(line.overage_minor for one in bills for line in one.lines)
    overage -= sum(part.amount_minor for one in bills for part in one.credits)
    assert credits_ + D(overage) / 100 == charged
    for life in lives:
        assert has_ended(life.block), life.block


def _charged(what: Plan, found: list[UsageRecord]) -> Decimal:
    """Return what usage comes to, apart from the timeline: period by period, in one sum."""
    lines = tuple(dataclasses.replace(line, draws=()) for line in what.usage)
    quiet = dataclasses.replace(what, prepay=(), usage=lines)
    shown = preview(
        subscription(quiet, found[0].subscription_id if found else "S"),
        as_uses(found), Policy(), date(2024, 6, 1),
    )  # fmt: skip
    return sum((line.charge for one in shown.periods for line in one.lines), D(0))


def test_no_refill_is_missed_or_doubled_by_two_at_once(database: Database, tenant: str) -> None:
    """Two connections take in usage of one customer, each record sent by both."""
    what = plan(
        f'{LINES}[[prepay]]\nid = "side"\ncharge = "one_time"\namount = 1\n'
        '[[prepay]]\nid = "main"\ncharge = "auto_refill"\namount = 10\n'
    )
    with database.session(tenant) as session:
        shop = Shop(session)
        shop.subscribe(what)
        sent = [
            UsageRecord(f"u{n}", "S", "api", BEGIN + timedelta(hours=n), D(10)) for n in range(40)
        ]
        start = Barrier(2)
        failed: list[BaseException] = []

        def send(mine: list[UsageRecord]) -> None:
            try:
                with database.session(tenant) as own:
                    start.wait()
                    for one in mine:
                        ingest_usage(own, [one], Policy(), one.used_at)
            except BaseException as error:  # noqa: BLE001 - told in the main thread
                failed.append(error)

        threads = [Thread(target=send, args=(one,)) for one in (sent, sent[::-1])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        # 40 x 3.70 = 148.00 of 1 + 10: fourteen refills of 10 leave 3.00.
        assert shop.left("2024-01-31") == 3
        bought = [one for one in shop.blocks() if "/r" in one]
        assert sorted(bought) == sorted(f"S/main/r{n}" for n in range(1, 15))
        told = [one for one in shop.notices() if one.startswith("refilled")]
        assert sorted(told) == sorted(f"refilled:S:main:{n}" for n in range(1, 15))
        shop.bill("2024-01-31")
        (january,) = shop.invoices()
        assert (january.drawn_minor, january.due_minor) == (14_800, 0)
        shop.lives()
