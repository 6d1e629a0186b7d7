"""What a plan would have cost: the same run as billing, on books that exist only here.

Each bill goes through the core's own decisions, so the money of a preview is the money that would
be posted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from drawdown.core.block import Step
from drawdown.core.decide.batch import decide_in_order
from drawdown.core.decide.known import Known
from drawdown.core.events import CustomerChanged, Event
from drawdown.core.money import ZERO, plus
from drawdown.core.plan import Hold, PostingPlan, Rejection
from drawdown.core.policy import Policy
from drawdown.core.rating.price import TierCharge, tier_charges
from drawdown.core.subscription.account import Account
from drawdown.core.subscription.acts import Act, Bill, Ending, Notice, Origin, PlanBlock
from drawdown.core.subscription.bills import act_events
from drawdown.core.subscription.plan import UsageLine
from drawdown.core.subscription.running import Run
from drawdown.core.subscription.span import day_of, midnight
from drawdown.core.subscription.terms import Subscription
from drawdown.core.subscription.timeline import Timeline, Use

CUSTOMER = "preview"


class LineCost(NamedTuple):
    """One usage line in one period.

    Attributes:
        charge: In the plan's unit.
        drawn: Credits that blocks paid.
        overage: Credits that no block paid.
        overage_minor: The money of them.
    """

    line_id: str
    item: str
    quantity: Decimal
    charge: Decimal
    tiers: tuple[TierCharge, ...]
    drawn: Decimal
    overage: Decimal
    overage_minor: int


class PeriodCost(NamedTuple):
    """One billing period.

    Attributes:
        bought_minor: Price of the blocks bought in it, by origin.
        refills: Number of refills.
        drawn_minor: Money of blocks that usage drew.
        ended_minor: Money of blocks that expired or was refunded at its end.
        overage_minor: Pay as you go.
        due_minor: What the customer is billed for the period: blocks bought and pay as you go.
        balance: Credits left at its end, of all blocks.
    """

    starts_on: date
    ends_on: date
    lines: tuple[LineCost, ...]
    bought_minor: dict[str, int]
    refills: int
    drawn_minor: int
    ended_minor: int
    overage_minor: int
    due_minor: int
    balance: Decimal


class Preview(NamedTuple):
    """A plan over some usage.

    Attributes:
        left_out: Usage before the start or after the end of the subscription.
    """

    periods: tuple[PeriodCost, ...]
    notices: tuple[Notice, ...]
    left_out: int


class _Books:
    """Books in memory that take the facts of a run."""

    def __init__(self, subscription: Subscription, policy: Policy) -> None:
        self.known = Known("preview")
        self.policy = policy
        started_at = datetime(subscription.starts_on.year, 1, 1, tzinfo=UTC)
        code = subscription.plan.currency
        self.post(CustomerChanged("customer", started_at, subscription.customer_id, CUSTOMER, code))

    def post(self, *events: Event) -> list[PostingPlan]:
        plans: list[PostingPlan] = []
        for decided in decide_in_order(events, self.known, self.policy, {}):
            assert not isinstance(decided.outcome, Hold | Rejection), decided.outcome
            plans.append(decided.outcome)
        return plans


def preview(
    subscription: Subscription, uses: Iterable[Use], policy: Policy, through: date
) -> Preview:
    """Run a subscription over usage.

    Args:
        uses: In any order.
        policy: For its time zone and for what is posted.
        through: Last day to be billed; a period that is still under way then is not shown.
    """
    zone = policy.time_zone
    first = midnight(subscription.starts_on, zone)
    last = midnight(subscription.ends_on, zone) if subscription.ends_on else None
    given = sorted(uses)
    counted = [
        one for one in given if first <= one.used_at and (last is None or one.used_at < last)
    ]
    account = Account(subscription.customer_id, first, first)
    timeline = Timeline(account, {subscription.subscription_id: subscription}, {}, zone)
    costs = _Costs(subscription, _Books(subscription, policy), timeline)
    for acts in Run(timeline, counted).bill(midnight(through + timedelta(days=1), zone)):
        costs.add(acts)
    return Preview(tuple(costs.periods), tuple(costs.notices), len(given) - len(counted))


class _Costs:
    """Adds up acts by billing period."""

    def __init__(self, subscription: Subscription, books: _Books, timeline: Timeline) -> None:
        self.periods: list[PeriodCost] = []
        self.notices: list[Notice] = []
        self._subscription = subscription
        self._books = books
        self._timeline = timeline

    def add(self, acts: Iterable[Act]) -> None:
        """Take in what came about from one bill to the next."""
        bought: Counter[str] = Counter()
        refills = expired_minor = 0
        for act in acts:
            events = list(act_events(act, self._timeline))
            plans = self._books.post(*events)
            if isinstance(act, Notice):
                self.notices.append(act)
            elif isinstance(act, PlanBlock):
                bought[act.origin.value] += act.amount_minor
                refills += act.origin is Origin.REFILL
            elif isinstance(act, Ending):
                expired_minor += _moved(plans, (Step.EXPIRED, Step.LAPSED, Step.VOIDED))
            else:
                self.periods.append(self._period(act, plans, dict(bought), refills))
        if self.periods and expired_minor:
            last = self.periods[-1]
            self.periods[-1] = last._replace(ended_minor=last.ended_minor + expired_minor)

    def _period(
        self, bill: Bill, plans: list[PostingPlan], bought: dict[str, int], refills: int
    ) -> PeriodCost:
        overage_minor = sum(line.overage_minor for line in bill.lines)
        return PeriodCost(
            bill.starts_on,
            day_of(bill.at, self._timeline.zone),
            tuple(self._line(line, bill) for line in self._subscription.plan.usage),
            bought,
            refills,
            _moved(plans, (Step.DRAWN,)),
            0,
            overage_minor,
            sum(bought.values()) + overage_minor,
            self._balance(),
        )

    def _line(self, line: UsageLine, bill: Bill) -> LineCost:
        meter = self._timeline.account.meter(bill.subscription_id, line.line_id, bill.starts_on)
        mine = [one for one in bill.lines if one.usage_line == line.line_id]
        return LineCost(
            line.line_id,
            line.item,
            meter.quantity,
            meter.charge,
            tier_charges(line.price, meter.quantity, self._subscription.plan.decimals),
            _sum(one.credits for one in mine if one.block_id),
            _sum(one.credits for one in mine if not one.block_id),
            sum(one.overage_minor for one in mine),
        )

    def _balance(self) -> Decimal:
        holdings = self._timeline.account.holdings.values()
        return _sum(one.left for one in holdings if not one.is_ended)


def _moved(plans: Iterable[PostingPlan], steps: Container[Step]) -> int:
    return sum(
        movement.amount_minor
        for plan in plans
        for movement in plan.movements
        if movement.step in steps
    )


def _sum(values: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for value in values:
        total = plus(total, value)
    return total
