"""A plan: what is prepaid, what is metered, and how the one draws the other.

A plan says nothing of a customer. Amounts of credits are in the plan's unit: the currency itself
(one credit is one unit of it) or a unit of its own, such as tokens or GPU credits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from drawdown.core.allocation import DRAWDOWN_ORDER
from drawdown.core.events import BlockKind
from drawdown.core.iso4217 import EXPONENTS
from drawdown.core.money import CREDITS_DECIMALS_MAX, ZERO
from drawdown.core.policy import Policy
from drawdown.core.rating.price import Model, Price, is_monotone
from drawdown.core.subscription.span import YEARS_MAX, Span, is_too_long, span_text


class Frequency(StrEnum):
    """How often a prepay line is charged."""

    ONE_TIME = "one_time"  #: once a term; what exceeds it is pay as you go
    AUTO_REFILL = "auto_refill"  #: again whenever the balance falls to the minimum
    RECURRING = "recurring"  #: again every so often, whatever is left


class RefillInvoice(StrEnum):
    """When a refill is invoiced."""

    AT_ONCE = "at_once"
    WITH_NEXT_BILL = "with_next_bill"


class InvoiceDay(StrEnum):
    """The date that an invoice for usage bears."""

    LAST_DAY = "last_day"  # of the period billed
    NEXT_DAY = "next_day"  # the day after it


class Anchor(StrEnum):
    """Where billing months begin."""

    ANNIVERSARY = "anniversary"  # on the day of the month the subscription began
    CALENDAR = "calendar"  # on the first; the first and the last month may be short


class EndOfTerm(StrEnum):
    """What becomes of a remainder when its term ends."""

    RECOGNISE = "recognise"  # it expires: breakage
    REFUND = "refund"  # it is cancelled and credited, without revenue


class Apply(StrEnum):
    """Whether what was rolled over is drawn before or after what is new."""

    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Rollover:
    """What of a recurring allocation outlives its period.

    Attributes:
        share: Of what is left, above zero and at most one.
        cap: Most that the line carries over at one time; None: no limit.
        periods: How often it is carried over.
        validity: How long it lives after its own period; None: as many periods as it rolls.
    """

    share: Decimal = Decimal(1)
    cap: Decimal | None = None
    periods: int = 1
    validity: Span | None = None
    apply: Apply = Apply.FIRST


class Measure(StrEnum):
    """What a threshold is measured in."""

    BALANCE = "balance"  # credits left on the line, at or below
    SHARE = "share"  # of the credits of its live blocks, at or below
    DAYS = "days"  # before a block with something left expires


@dataclass(frozen=True, slots=True)
class Threshold:
    """A level whose crossing is told, once for each time the line is filled."""

    measure: Measure
    value: Decimal


@dataclass(frozen=True, slots=True)
class PrepayLine:
    """Something paid in advance.

    Attributes:
        amount_minor: Price of `credits`.
        minimum: Balance at or below which a refill is bought.
        refill_minor: Price of `refill_credits`.
        refills_max: In one billing period; 0: no limit.
        validity: From purchase to expiry; None: to the end of the term.
        every: Between recurring charges.
        is_shared: Other subscriptions of the customer may draw it.
        items: Items it pays for; empty: any.
    """

    line_id: str
    frequency: Frequency
    credits: Decimal
    amount_minor: int
    minimum: Decimal = ZERO
    refill_credits: Decimal = ZERO
    refill_minor: int = 0
    refills_max: int = 0
    refill_invoice: RefillInvoice = RefillInvoice.AT_ONCE
    validity: Span | None = None
    every: Span | None = None
    rollover: Rollover | None = None
    kind: BlockKind = BlockKind.PURCHASED
    priority: int = 0
    is_shared: bool = False
    items: tuple[str, ...] = ()
    thresholds: tuple[Threshold, ...] = ()


@dataclass(frozen=True, slots=True)
class UsageLine:
    """Something metered.

    Attributes:
        item: Billing item id, as on invoices.
        measure: Name of what is counted, for people.
        price: Credits per unit; where the plan's unit is the currency, money per unit.
        draws: Prepay lines of the same plan that pay for it.
        overage_rate: Money per credit that no block covers, in units of the currency; None: one
            to one where the unit is the currency, otherwise nothing may be left over.
    """

    line_id: str
    item: str
    measure: str
    price: Price
    draws: tuple[str, ...] = ()
    overage_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as a person wrote it.

    Attributes:
        unit: The currency's code, or the name of a unit of credits.
        decimals: Of a charge in the plan's unit.
        term: None: until it is terminated.
        is_renewed: At the end of a term another begins by itself.
        is_carried: A remainder outlives a renewal.
        drawdown_order: As in a policy; which block goes first.
        warn_days: A refill expected within that many days is told; 0: not.
    """

    plan_id: str
    name: str
    currency: str
    unit: str
    decimals: int
    prepay: tuple[PrepayLine, ...]
    usage: tuple[UsageLine, ...]
    term: Span | None = None
    anchor: Anchor = Anchor.ANNIVERSARY
    invoice_day: InvoiceDay = InvoiceDay.LAST_DAY
    end_of_term: EndOfTerm = EndOfTerm.RECOGNISE
    is_renewed: bool = False
    is_carried: bool = False
    drawdown_order: tuple[str, ...] = Policy().drawdown_order
    warn_days: int = 0

    @property
    def is_money(self) -> bool:
        """Whether a credit is a unit of the currency."""
        return self.unit == self.currency

    def prepay_line(self, line_id: str) -> PrepayLine:
        """Return a prepay line by its id."""
        return next(line for line in self.prepay if line.line_id == line_id)

    def usage_line(self, name: str) -> UsageLine | None:
        """Return the usage line of an id, else the only one of an item; None: there is none."""
        for line in self.usage:
            if line.line_id == name:
                return line
        found = [line for line in self.usage if line.item == name]
        return found[0] if len(found) == 1 else None


class Fault(NamedTuple):
    """What is wrong with a plan.

    Attributes:
        line_id: Of the prepay or usage line concerned; empty: the plan itself.
        key: Name of the value concerned, as in a plan file.
        text: What is wrong and what to do.
    """

    line_id: str
    key: str
    text: str


def faults(plan: Plan) -> Iterator[Fault]:
    """Yield what contradicts itself in a plan whose values are each of the right kind."""
    yield from _plan_faults(plan)
    for prepay in plan.prepay:
        for key, text in _prepay_faults(prepay):
            yield Fault(prepay.line_id, key, text)
    for usage in plan.usage:
        for key, text in _usage_faults(plan, usage):
            yield Fault(usage.line_id, key, text)


def _plan_faults(plan: Plan) -> Iterator[Fault]:
    if not plan.usage and not plan.prepay:
        yield Fault("", "id", "it has neither prepay nor usage lines; add [[usage]] or [[prepay]]")
    ids = [*(line.line_id for line in plan.prepay), *(line.line_id for line in plan.usage)]
    for line_id in sorted({one for one in ids if ids.count(one) > 1}):
        yield Fault(line_id, "id", f"{line_id!r} names more than one line; give each its own id")
    for key in plan.drawdown_order:
        if key not in DRAWDOWN_ORDER:
            known = ", ".join(DRAWDOWN_ORDER)
            yield Fault("", "drawdown_order", f"{key!r} is no key; choose from {known}")
    if plan.is_renewed and plan.term is None:
        yield Fault("", "renew", "a plan without a term has nothing to renew; give it a term")


def _prepay_faults(line: PrepayLine) -> Iterator[tuple[str, str]]:
    is_refilled = line.frequency is Frequency.AUTO_REFILL
    is_recurring = line.frequency is Frequency.RECURRING
    if not is_refilled and (line.minimum or line.refills_max):
        yield "minimum_balance", "only a line with charge = 'auto_refill' is refilled"
    if is_refilled and line.refill_credits <= line.minimum:
        text = (
            f"a refill of {line.refill_credits} would leave the balance at or below the minimum of "
            f"{line.minimum} and buy another at once; lower the minimum or raise the refill"
        )
        yield "minimum_balance", text
    if is_recurring != (line.every is not None):
        yield "every", "a line with charge = 'recurring' needs `every`, and only such a line has it"
    if line.rollover is not None and not is_recurring:
        yield "rollover", "only a recurring allocation rolls over; a validity does for the others"
    if line.rollover is not None and line.rollover.validity and line.rollover.periods != 1:
        yield "rollover", "with a validity of its own it rolls over once; leave `periods` out"
    if line.rollover and line.every and is_too_long(line.every, line.rollover.periods):
        text = f"{line.rollover.periods} times {_every(line)} is longer than {YEARS_MAX} years"
        yield "rollover", f"{text}; lower `periods`"
    if line.rollover is not None and line.validity is not None:
        yield "validity", f"with rollover its own period is `every` ({_every(line)}); leave it out"
    if line.kind is BlockKind.PROMOTIONAL and (line.amount_minor or line.refill_minor):
        yield "price", "a promotional line costs nothing; leave the price out"
    if line.kind is not BlockKind.PROMOTIONAL and is_refilled and not line.refill_minor:
        yield "price", "refills without a price would be bought without end; give a price"


def _every(line: PrepayLine) -> str:
    return span_text(line.every) if line.every else "not given"


def _usage_faults(plan: Plan, line: UsageLine) -> Iterator[tuple[str, str]]:
    prepay = {one.line_id: one for one in plan.prepay}
    for name in line.draws:
        if name not in prepay:
            known = ", ".join(prepay) or "none"
            yield "draws", f"there is no prepay line {name!r}; the plan has {known}"
        elif prepay[name].items and line.item not in prepay[name].items:
            yield "draws", f"{name} pays only for {', '.join(prepay[name].items)}, not {line.item}"
    tops = [tier.up_to for tier in line.price.tiers]
    if None in tops[:-1] or tops[-1] is not None:
        yield "tiers", "only the last tier is without `up_to`; give every other one its end"
    bounds = [ZERO, *(top for top in tops if top is not None)]
    if bounds != sorted(set(bounds)):
        yield "tiers", "`up_to` must rise from tier to tier"
    endless = [
        name
        for name in line.draws
        if name in prepay
        and prepay[name].frequency is Frequency.AUTO_REFILL
        and not prepay[name].refills_max
    ]
    if line.overage_rate is None and not plan.is_money and not endless:
        yield (
            "overage_rate",
            f"usage beyond the prepayment has no price: give money per {plan.unit} as overage_rate",
        )
    if plan.is_money and line.overage_rate is not None:
        yield "overage_rate", f"the unit is {plan.unit} itself, so overage is billed one to one"
    if line.price.model is Model.VOLUME and endless and not is_monotone(line.price):
        text = (
            "this volume price falls when a tier begins, so a refill could be bought for usage "
            "that then costs less; use tiered, or a prepay line without auto-refill"
        )
        yield "model", text


def decimals_of(currency: str, unit: str) -> int:
    """Return the decimals of a charge: minor units of a currency, or all that credits keep."""
    return EXPONENTS[currency] if unit == currency else CREDITS_DECIMALS_MAX
