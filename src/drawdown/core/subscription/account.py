"""The position of one customer: balances of blocks, totals of usage, what is not billed yet.

It is mutable because a timeline moves it usage by usage; everything in it can be stored and gives
the same future when it is read back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from drawdown.core.money import ZERO, minus, plus
from drawdown.core.subscription.acts import Ending, PlanBlock


@dataclass(slots=True)
class Drawn:
    """What one block pays of one meter since the last bill."""

    credits: Decimal
    last_at: datetime


@dataclass(slots=True)
class BilledPart:
    """A line of an earlier bill and what of it was not given back yet; no block: overage."""

    invoice_id: str
    line_id: str
    block_id: str
    credits: Decimal


@dataclass(slots=True)
class Meter:
    """One usage line in one billing period.

    Attributes:
        quantity: Of the whole period so far, billed or not.
        charge: Of that quantity, in the plan's unit.
        unbilled: Quantity since the last bill; negative where usage was corrected downwards.
        draws: By block id, in the order of drawing: since the last bill.
        overage: Credits that no block pays, since the last bill.
        overage_at: Instant of the last of them.
        billed_overage: Credits of overage billed so far, less what was given back.
        billed_overage_minor: The money of it.
        parts: Lines of earlier bills, oldest first.
        credited: What the next bill gives back of `parts`; it is off them already.
    """

    subscription_id: str
    line_id: str
    starts_on: date
    quantity: Decimal = ZERO
    charge: Decimal = ZERO
    unbilled: Decimal = ZERO
    draws: dict[str, Drawn] = field(default_factory=dict)
    overage: Decimal = ZERO
    overage_at: datetime | None = None
    billed_overage: Decimal = ZERO
    billed_overage_minor: int = 0
    parts: list[BilledPart] = field(default_factory=list)
    credited: list[BilledPart] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether anything of it waits for the next bill."""
        return bool(self.draws or self.overage or self.credited or self.unbilled)


@dataclass(slots=True)
class Holding:
    """A block as far as time has come.

    Attributes:
        left: Credits that can still be drawn.
        reserved: Credits drawn by usage that is not billed yet.
        rolls: Times it has rolled over.
        is_ended: Nothing can be drawn any more.
    """

    block: PlanBlock
    left: Decimal
    reserved: Decimal = ZERO
    rolls: int = 0
    is_ended: bool = False


@dataclass(slots=True)
class Course:
    """How far one subscription has come.

    Attributes:
        billed_through: First day that is not billed; None: nothing is.
        bought: Day of the last scheduled purchase of each prepay line.
        term_ended_on: Last end of a term that has passed; None: none has.
        refills: Refills of each prepay line so far.
        fills: Blocks that filled each prepay line so far, of any origin.
        refills_in: Refills in the billing period, by prepay line; since `refills_since`.
    """

    subscription_id: str
    billed_through: date | None = None
    bills: int = 0
    bought: dict[str, date] = field(default_factory=dict)
    term_ended_on: date | None = None
    refills: dict[str, int] = field(default_factory=dict)
    fills: dict[str, int] = field(default_factory=dict)
    refills_in: dict[str, int] = field(default_factory=dict)
    refills_since: date | None = None


@dataclass(slots=True)
class Account:
    """The position of one customer at an instant.

    Attributes:
        at: Everything up to this instant has happened.
        closed_at: Instant of the last bill; usage of before it counts from then on.
        last: (instant it counts from, instant of usage, id) of the last usage.
        endings: Ended remainders that wait for the bills of the usage before.
        ended: Endings that have been posted.
        uninvoiced: Refills that the next bill invoices, whichever subscription it is of.
        told: Ids of notices whose cause still lasts.
    """

    customer_id: str
    at: datetime
    closed_at: datetime
    last: tuple[datetime, datetime, str] | None = None
    courses: dict[str, Course] = field(default_factory=dict)
    holdings: dict[str, Holding] = field(default_factory=dict)
    meters: dict[str, Meter] = field(default_factory=dict)
    endings: list[Ending] = field(default_factory=list)
    ended: int = 0
    uninvoiced: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def meter(self, subscription_id: str, line_id: str, starts_on: date) -> Meter:
        """Return a meter, a new one if nothing was used yet."""
        key = meter_key(subscription_id, line_id, starts_on)
        found = self.meters.get(key)
        if found is None:
            found = self.meters[key] = Meter(subscription_id, line_id, starts_on)
        return found

    def course(self, subscription_id: str) -> Course:
        """Return how far a subscription has come; a new one has not begun."""
        return self.courses.setdefault(subscription_id, Course(subscription_id))


def meter_key(subscription_id: str, line_id: str, starts_on: date) -> str:
    """Return the key of a meter; ids contain no control characters."""
    return f"{subscription_id}\x1f{line_id}\x1f{starts_on.isoformat()}"


def take(holding: Holding, credits_: Decimal) -> Decimal:
    """Reserve up to a number of credits of a block; return how many there were."""
    taken = min(holding.left, credits_)
    holding.left = minus(holding.left, taken)
    holding.reserved = plus(holding.reserved, taken)
    return taken
