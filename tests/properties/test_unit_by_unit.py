"""Our engine against the model that plays unit by unit: same balances, same bills."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from drawdown.core.errors import SubscriptionError
from drawdown.core.events import Event
from drawdown.core.subscription.usage import UsageRecord
from drawdown.service.balances import balance
from drawdown.service.billing import bill
from drawdown.service.ingest import ingest
from drawdown.service.moving import Move
from drawdown.service.subscriptions import Given, give, move_credits, renew, terminate
from drawdown.store.database import Database
from drawdown.store.subscriptions import bills_of, plan_block
from tests.cases import facts as f
from tests.cases.plans import Shop, plan
from tests.properties.lives import EFFORT
from tests.properties.unit_by_unit import World
from tests.properties.unit_by_unit_parts import DAWN, NEVER, OVERAGE, Block, Instant, Line, Price

BEGIN = date(2024, 1, 10)
MONTHS = {"anniversary": [31, 60, 91, 121, 152, 182], "calendar": [22, 51, 82, 112, 143, 173, 204]}
TERMS = {2: [60, 121], 3: [91, 182]}
NOON = 1200
_numbers = itertools.count(1)


def cents(credits_: Decimal) -> int:
    """A unit of the model is a cent, so that what is rounded down is whole units there too."""
    return int(credits_ * 100)


def on(day: int) -> date:
    return BEGIN + timedelta(days=day)


def at(instant: Instant) -> datetime:
    midnight = datetime(2024, 1, 10, tzinfo=UTC) + timedelta(days=instant[0])
    return midnight + timedelta(minutes=instant[1] - DAWN)


def text(instant: Instant) -> str:
    return at(instant).replace(tzinfo=None).isoformat()


class RealShop(Shop):
    """A shop that lives now, as the books of facts of others do."""

    def later(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - compared with the database's time


class Case:
    """A customer in our books and in the model; each step is taken in both."""

    def __init__(self, shop: Shop, world: World, texts: dict[str, str], months: int) -> None:
        self.shop, self.world = shop, world
        self.number = next(_numbers)
        self.customer = f"C{self.number}"
        self.today = 0
        self.steps: list[str] = []
        self.count = 0
        self.renewals = dict.fromkeys(texts, 1)
        self.months = months
        self.draws: list[tuple[str, str, int, Instant]] = []
        self.answers: list[tuple[datetime, int, dict[str, int], dict[str, int]]] = []
        shop.customer(self.customer)
        for name, text in texts.items():
            shop.subscribe(
                plan(text), self.ours(name), BEGIN.isoformat(), customer_id=self.customer
            )

    def ours(self, name: str) -> str:
        """Return our id of a subscription or block: those of the model are the same for all."""
        head, _, tail = name.partition("/")
        return f"{head}.{self.number}/{tail}" if tail else f"{head}.{self.number}"

    def theirs(self, name: str) -> str:
        return name.replace(f".{self.number}", "")

    def _now(self) -> datetime:
        return self.shop.later()

    def _place(self) -> int:
        self.count += 1
        return self.count

    def use(self, subscription: str, back: int, quantity: int) -> None:
        used = (max(self.today - back, 0), self._place())
        name = f"u{self.count:03}"
        record = UsageRecord(
            self.ours(name), self.ours(subscription), "api", at(used), Decimal(quantity)
        )
        (answer,) = self.shop.use(record)
        is_inside = used[0] < self.world.end(subscription)
        assert answer.status == ("accepted" if is_inside else "refused"), answer
        if is_inside:
            self.world.use(name, subscription, used, quantity)

    def correct(self, place: int, quantity: int) -> None:
        names = sorted(self.world.totals)
        if not names:
            return
        name = names[place % len(names)]
        self._place()
        was = self.world.uses[name]
        correction = UsageRecord(
            self.ours(f"v{self.count:03}"), self.ours(was.subscription), "api", self._now(),
            Decimal(quantity), self.ours(name),
        )  # fmt: skip
        (answer,) = self.shop.use(correction)
        assert answer.status == "accepted", answer
        self.world.correct(name, f"v{self.count:03}", quantity)

    def grant(
        self, owner: str, line: str, amount: int, price: int, priority: int, starts: int, life: int
    ) -> None:
        day = max(0, self.today + starts)
        self._place()
        name = f"g{self.count:03}"
        if owner and day >= self.world.end(owner):
            return
        ends = day + life if life else NEVER
        made = Given(
            self.ours(name), self.customer, self.ours(owner) if owner else "", line,
            Decimal(amount) / 100, price, on(day), on(ends - 1) if life else None, priority,
            currency="USD", unit="USD",
        )  # fmt: skip
        if ends <= self.world.closed[0]:
            with pytest.raises(SubscriptionError):
                give(self.shop.session, made, self.shop.policy, self._now())
            return
        give(self.shop.session, made, self.shop.policy, self._now())
        if line:
            validity = self.world.lines[owner][0].validity
            ends = self.world.limit(owner, day, ends if life else day + (validity or NEVER))
        begins = (day, DAWN)
        self.world.grant(
            Block(name, owner, line, amount, price, priority, begins, ends, begins, is_grant=True)
        )

    def void(self, place: int, back: int) -> None:
        block, when = self._block(place), self._moment(back)
        self._other(f.void_block(text(when), self.ours(block)), block, when, None)

    def draw(self, place: int, units: int, back: int) -> None:
        """Another source draws a block."""
        block, when = self._block(place), self._moment(back)
        invoice = self.ours(f"x{self.count}")
        line = f.line("1", f"{money(units)}cr", self.ours(block), item="api", used=text(when))
        event = f.usage(text(when), invoice, line, customer_id=self.customer)
        if self._other(event, block, when, units):
            self.draws.append((invoice, block, units, when))

    def credit(self, place: int, back: int) -> None:
        """Another source gives back what it drew."""
        if self.draws:
            invoice, block, units, drawn = self.draws.pop(place % len(self.draws))
            when = self._moment(back)
            event = f.credit(text(when), f"{invoice}/credit", invoice)
            before = self.world.play(self.world.head, buys=False).blocks.get(block)
            # Dated before the draw, it counts with it. A block that was voided takes nothing back.
            if not self._other(event, block, max(when, drawn), -units):
                assert before is None or not before.is_alive

    def move(self, place: int, units: int, life: int) -> None:
        """Give credits another expiry."""
        block, day = self._block(place), self.today
        self._place()
        name = f"m{self.count:03}"
        ends = day + life if life else NEVER
        before = self.world.play(self.world.head, buys=False).blocks.get(block)
        wanted = Move(
            self.ours(block), self.ours(name), Decimal(units) / 100, on(day),
            on(ends - 1) if life else None,
        )  # fmt: skip
        try:
            move_credits(self.shop.session, wanted, self.shop.policy, self._now())
        except SubscriptionError:
            return
        assert before is not None
        assert before.is_alive
        assert before.left >= units
        made = plan_block(self.shop.session, self.ours(name))
        assert made is not None
        enters = max((day, DAWN), self.world.closed, before.starts)
        self.world.other(block, enters, units)
        self.world.enter(
            Block(
                name, before.subscription, before.line, units, made.amount_minor, before.priority,
                before.starts, ends, enters, is_grant=True,
            )
        )  # fmt: skip

    def _block(self, place: int) -> str:
        names = sorted(self.world.terms_of)
        return names[place % len(names)] if names else "none"

    def _moment(self, back: int) -> Instant:
        return max(self.today - back, 0), self._place()

    def _other(self, event: Event, block: str, when: Instant, units: int | None) -> bool:
        (answer,) = ingest(self.shop.session, [event], self.shop.policy)
        if answer.status == "accepted":
            self.world.other(block, when, units)
        return answer.status == "accepted"

    def bill(self, back: int) -> None:
        through = max(0, self.today - back)
        end = at((through + 1, DAWN))
        page = {"through": end, "after": "", "limit": 10**6}
        due = [one for (one,) in self.shop.session.run("accounts_due", page).fetchall()]
        report = bill(self.shop.session, end, self.shop.policy, self._now())
        assert report.problems == ()
        if self.customer in due:
            self.world.bill(through)
        else:
            # Nothing to do: refills that what others drew makes necessary wait for the next usage.
            assert not self.world.is_due(through)

    def terminate(self, subscription: str, after: int) -> None:
        day = self.today + after
        try:
            terminate(
                self.shop.session, self.ours(subscription), on(day), self.shop.policy, self._now()
            )
        except SubscriptionError:
            return
        self.world.terminate(subscription, day)

    def renew(self, subscription: str) -> None:
        number = self.renewals[subscription] + 1
        if number > 2:
            return
        try:
            renew(
                self.shop.session,
                self.ours(subscription),
                self.shop.policy,
                self._now(),
                term=number,
            )
        except SubscriptionError:
            return
        self.renewals[subscription] = number
        self.world.renew(subscription, TERMS[self.months][1])

    def wait(self, days: int) -> None:
        self.today += days

    def seen(
        self, day: int, known_at: datetime | None = None
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Return what is left of each block, and what no block pays, at noon."""
        found = balance(
            self.shop.session, self.customer, self.shop.policy, at((day, NOON)), known_at
        )
        left = {self.theirs(b.block.block_id): cents(b.left) for b in found.blocks if b.left}
        return left, {self.theirs(key[0]): cents(n) for key, n in found.overage.items()}

    def compare(self) -> None:
        closed = self.world.closed[0]
        days = {self.today, self.today + 1, closed, closed + 7, closed + 30}
        days |= {self.today - 20, closed - 1, closed - 15, closed - 31}
        for day in sorted(day for day in days if day >= 0):
            position = self.world.as_of((day, NOON))
            left = {one.name: one.left for one in position.blocks.values() if one.is_alive}
            unpaid = Counter(
                name
                for (name, _month), meter in position.meters.items()
                for payer in meter.open
                if payer == OVERAGE
            )
            found = self.seen(day)
            expected = {name: units for name, units in left.items() if units}
            assert found == (expected, unpaid), (day, self.steps)
            self.answers.append((self.shop.later(), day, *found))
        drawn: Counter[tuple[str, str]] = Counter()
        back: Counter[tuple[str, str]] = Counter()
        for one in bills_of(self.shop.session, self.customer):
            name = self.theirs(one.subscription_id)
            for line in one.lines:
                drawn[name, self.theirs(line.block_id)] += cents(line.credits)
            for part in one.credits:
                back[name, self.theirs(part.block_id)] += cents(part.credits)
        assert (drawn, back) == (self.world.drawn, self.world.given_back), self.steps


small = st.integers(1, 30)
owners = st.sampled_from(["S", "S", "S", "T"])
STEPS = st.one_of(
    st.tuples(st.just("use"), owners, st.sampled_from([0, 0, 1, 5, 20, 45]), st.integers(0, 60)),
    st.tuples(st.just("use"), owners, st.just(0), st.integers(0, 60)),
    st.tuples(st.just("wait"), st.sampled_from([1, 3, 10, 15])),
    st.tuples(st.just("wait"), st.sampled_from([1, 3, 10, 15])),
    st.tuples(st.just("correct"), st.integers(0, 20), st.integers(0, 40)),
    st.tuples(
        st.just("grant"), st.sampled_from(["S", "", "T"]), st.sampled_from(["", "main"]), small,
        st.sampled_from([0, 0, 1, 999]), st.integers(-1, 2), st.sampled_from([-10, 0, 0, 5]),
        st.sampled_from([0, 1, 10, 20, 40]),
    ),
    st.tuples(st.just("void"), st.integers(0, 20), st.sampled_from([0, 0, 5, 20])),
    st.tuples(st.just("draw"), st.integers(0, 20), small, st.sampled_from([0, 0, 5, 20])),
    st.tuples(st.just("credit"), st.integers(0, 20), st.sampled_from([0, 0, 5, 20])),
    st.tuples(
        st.just("move"), st.integers(0, 20), st.sampled_from([1, 2, 9]), st.sampled_from([0, 5, 40])
    ),
    st.tuples(st.just("bill"), st.sampled_from([1, 1, 1, 15, 40])),
    st.tuples(st.just("terminate"), owners, st.sampled_from([0, 1, 10])),
    st.tuples(st.just("renew"), owners),
)  # fmt: skip


@st.composite
def lines(draw: st.DrawFn) -> Line:
    charge = draw(st.sampled_from(["one_time", "auto_refill", "recurring"]))
    amount = draw(small)
    line = Line(
        "main", charge, amount, draw(st.sampled_from([amount, 777])), draw(st.integers(-1, 1))
    )
    line.is_shared = draw(st.booleans())
    if charge == "recurring":
        line.every = draw(st.sampled_from([7, 10, 30]))
        line.rolls = draw(st.integers(0, 3))
        if line.rolls:
            line.share = draw(st.sampled_from([100, 50, 33]))
            line.cap = draw(st.sampled_from([None, 5, 20]))
            line.is_last = draw(st.booleans())
            if line.rolls == 1:
                line.life = draw(st.sampled_from([0, 3, 25]))
    else:
        line.validity = draw(st.sampled_from([0, 0, 5, 20, 45]))
    if charge == "auto_refill":
        line.minimum = draw(st.integers(0, amount - 1))
        line.refills_max = draw(st.sampled_from([0, 1, 3]))
    return line


@st.composite
def prices(draw: st.DrawFn) -> Price:
    """Prices whose charge never falls, as refills need it."""
    model = draw(st.sampled_from(["per_unit", "per_unit", "tiered", "volume", "package"]))
    rate = draw(st.sampled_from([2, 1, 3]))
    price = Price(model, ((NEVER, rate, 0),), free=draw(st.sampled_from([0, 0, 5])))
    if model == "package":
        price.package = draw(st.sampled_from([1, 7, 20]))
        price.tiers = ((NEVER, draw(st.integers(1, 30)), 0),)
    elif model != "per_unit":
        ends = draw(st.lists(st.integers(2, 50), min_size=1, max_size=2, unique=True).map(sorted))
        steps = [rate + n for n in range(3)] if model == "volume" else [3, rate, 1]
        once = draw(st.sampled_from([0, 9]))
        price.tiers = tuple(zip([*ends, NEVER], steps, [0, once, once], strict=False))
    return price


def price_text(price: Price) -> str:
    found = f'model = "{price.model}"\nfree = {price.free}\n'
    first = f'rate = "{halves(price.tiers[0][1])}"\n'
    if price.model == "package":
        return f"{found}{first}package = {price.package}\n"
    if price.model == "per_unit":
        return f"{found}{first}"
    tiers = ", ".join(
        (f"{{ up_to = {ends}, " if ends != NEVER else "{ ")
        + f'rate = "{halves(rate)}", flat = "{halves(once)}" }}'
        for ends, rate, once in price.tiers
    )
    return f"{found}tiers = [{tiers}]\n"


def halves(count: int) -> str:
    return str(Decimal(count) / 200)


def text_of(all_lines: list[Line], head: str, price: Price) -> str:
    """Return the plan file of a subscription with these prepay lines."""
    draws = ", ".join(f'"{line.name}"' for line in all_lines)
    usage = f'[[usage]]\nid = "api"\nitem = "api"\n{price_text(price)}draws = [{draws}]\n'
    return head + "".join(map(line_text, all_lines)) + usage


def line_text(line: Line) -> str:
    found = {
        "id": line.name,
        "charge": line.charge,
        "amount": money(line.amount),
        "price": money(line.price),
        "refill_price": money(line.price) if line.charge == "auto_refill" else "",
        "minimum_balance": money(line.minimum) if line.minimum else "",
        "validity": f"{line.validity} days" if line.validity else "",
        "every": f"{line.every} days" if line.every else "",
    }
    text = "".join(f'{key} = "{value}"\n' for key, value in found.items() if value)
    text += f"priority = {line.priority}\nshared = {str(line.is_shared).lower()}\n"
    text += f"refills_per_period = {line.refills_max}\n" if line.refills_max else ""
    if line.rolls:
        terms = [f'share = "{line.share}%"', f'apply = "{"last" if line.is_last else "first"}"']
        terms += [] if line.cap is None else [f'cap = "{money(line.cap)}"']
        terms += [f'validity = "{line.life} days"' if line.life else f"periods = {line.rolls}"]
        text += f"rollover = {{ {', '.join(terms)} }}\n"
    return f"[[prepay]]\n{text}"


def money(units: int) -> str:
    return str(Decimal(units) / 100)


@pytest.fixture(scope="module")
def shop(database: Database, new_tenant: Callable[..., str]) -> Iterator[Shop]:
    with database.session(new_tenant(database)) as session:
        yield RealShop(session)


@settings(
    max_examples=12 * EFFORT, deadline=None,
    phases=[Phase.generate],  # to look for a smaller example takes longer than a test may
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    lines(), st.lists(lines(), max_size=1), prices(), st.data(),
    st.lists(STEPS, min_size=4, max_size=14),
)  # fmt: skip
def test_every_unit_goes_where_the_model_says(
    shop: Shop, first: Line, more: list[Line], price: Price, data: st.DataObject,
    steps: list[tuple[Any, ...]],
) -> None:  # fmt: skip
    """After every step: what is left of each block at several instants, and what was billed."""
    months = data.draw(st.sampled_from([2, 3]))
    billing = data.draw(st.sampled_from(sorted(MONTHS)))
    is_carried, is_refund = data.draw(st.booleans()), data.draw(st.booleans())
    head = f'id = "p"\ncurrency = "USD"\nterm = "{months} months"\nbilling = "{billing}"\n'
    head += f"carry_over = {str(is_carried).lower()}\n"
    head += f'end_of_term = "{"refund" if is_refund else "recognise"}"\n'
    world = World(
        {"S": [first], "T": more}, TERMS[months][:1], MONTHS[billing], is_carried=is_carried,
        is_refund=is_refund, price=price,
    )  # fmt: skip
    texts = {name: text_of(of, head, price) for name, of in world.lines.items()}
    case = Case(shop, world, texts, months)
    for step in steps:
        case.steps.append(repr(step))
        if step[0] == "grant" and step[2] and (not step[1] or not world.lines[step[1]]):
            continue
        getattr(case, step[0])(*step[1:])
        case.compare()
    case.today = 200
    case.bill(0)
    case.compare()
    for known_at, day, *before in case.answers:
        assert case.seen(day, known_at) == tuple(before), (day, known_at, case.steps)
