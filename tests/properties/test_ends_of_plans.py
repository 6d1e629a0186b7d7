"""Whatever happens to subscriptions that share, every block of theirs comes to its end.

Two subscriptions to one plan at random: usage, late and corrected, grants, voids, payments, an
early end, corrections after it. No bill may be refused, and nothing may be left.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from random import Random

import pytest

from drawdown.core.errors import SubscriptionError
from drawdown.core.events import BlockVoid, Payment
from drawdown.service.ingest import ingest
from drawdown.service.subscriptions import terminate
from drawdown.store.database import Database
from tests.cases.plans import Shop, at, plan, usage

LINES = (
    'charge = "one_time"\namount = 37\nvalidity = "1 month"',
    'charge = "recurring"\nevery = "1 month"\namount = 10\nrollover = { share = "50%" }',
    'charge = "recurring"\nevery = "2 weeks"\namount = 10\nrollover = { cap = 5, periods = 2 }',
    'charge = "auto_refill"\namount = 10\nminimum_balance = 3\nrefill_invoice = "with_next_bill"',
)
STARTS = (date(2024, 1, 1), date(2023, 11, 30), date(2024, 2, 29))


def plan_of(random: Random) -> str:
    ends = random.choice(("refund", "recognise"))
    term = random.choice(("", 'term = "2 months"\nrenew = true', 'term = "45 days"\nrenew = true'))
    lines = "".join(
        f'[[prepay]]\nid = "p{number}"\nshared = true\n{one}\n'
        for number, one in enumerate(random.sample(LINES, 2))
    )
    used = '[[usage]]\nid = "api"\nitem = "api"\nrate = 2\ndraws = ["p0", "p1"]'
    return f'{term}\nend_of_term = "{ends}"\n{lines}{used}'


class Life:
    """What happens to a customer with two subscriptions."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self.shop = shop
        self.random = Random(seed)
        self.day = self.begins = self.random.choice(STARTS)
        self.used: list[str] = []
        what = plan(plan_of(self.random))
        for name in ("A", "B"):
            shop.subscribe(what, name, starts_on=str(self.begins))
        self.running = ["A", "B"]

    def step(self, number: int) -> None:
        self.day += timedelta(days=self.random.randrange(20))
        steps = (self.use, self.correct, self.bill, self.give, self.befall)
        (step,) = self.random.choices(steps, (6, 5, 5, 1, 1))
        step(number)

    def use(self, number: int) -> None:
        on = max(self.begins, self.day - timedelta(days=self.random.choice((0, 0, 5, 40))))
        name, quantity = self.random.choice(self.running), self.random.choice((1, 5, 13, 40))
        (answer,) = self.shop.use(usage(f"u{number}", str(on), quantity, subscription_id=name))
        assert answer.status == "accepted"
        self.used.append(answer.usage_id)

    def correct(self, number: int) -> None:
        if self.used:
            target, quantity = self.random.choice(self.used), self.random.choice((0, 2, 40))
            self.shop.use(usage(f"k{number}", str(self.day), quantity, corrects=target))

    def bill(self, _number: int) -> None:
        assert self.shop.bill(str(self.day)).problems == ()

    def give(self, number: int) -> None:
        until = self.day + timedelta(days=self.random.choice((1, 30)))
        price = self.random.choice((0, 500))
        self.shop.give(
            f"g{number}", "10", str(self.day), subscription_id=self.random.choice(self.running),
            amount_minor=price, expires_on=until,
        )  # fmt: skip

    def befall(self, number: int) -> None:
        """Let somebody else void a block, or pay for one."""
        block, now = self.random.choice(sorted(self.shop.blocks())), at(str(self.day))
        void = BlockVoid(f"void {number}", now, self.day, block, "a mistake")
        paid = Payment(f"pay {number}", now, self.day, f"pay{number}", f"{block}/invoice", None)
        ingest(self.shop.session, [self.random.choice((void, paid))], self.shop.policy)

    def end_one(self) -> None:
        """End a subscription as soon as nothing of it is later."""
        name = self.running.pop()
        for weeks in range(1, 12):
            on = self.day + timedelta(weeks=weeks)
            try:
                terminate(self.shop.session, name, on, self.shop.policy, self.shop.later())
            except SubscriptionError:
                continue
            self.day = on
            return

    def settle(self) -> None:
        for number in range(4):
            self.day += timedelta(days=100)
            self.correct(1000 + number)
            self.bill(0)
        self.day += timedelta(days=100)
        self.bill(0)


@pytest.mark.parametrize("seed", range(20))
def test_nothing_is_left(
    database: Database, new_tenant: Callable[[Database], str], seed: int
) -> None:
    with database.session(new_tenant(database)) as session:
        life = Life(Shop(session), seed)
        for number in range(24):
            life.step(number)
            if number in (11, 23):
                life.end_one()
        life.settle()
        left = {one.block_id: one.remaining_credits for one in life.shop.blocks().values()}
        assert {block for block, credits_ in left.items() if credits_} == set()
        assert life.shop.left(str(life.day)) == 0
