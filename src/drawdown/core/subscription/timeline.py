"""The timeline of one customer: a fold over what happened, in the order in which it happened.

Time brings purchases, grants, expiry, rollover and ends of terms; usage draws blocks and brings
refills. Nothing here looks at when a fact arrived, so facts in any order give the same balances. A
block that was bought once is a fact: a later fold finds it and buys no other in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import NamedTuple

from drawdown.core.money import ZERO, credits_text, minus, plus
from drawdown.core.rating.price import charge
from drawdown.core.subscription.account import Account, Drawn, Holding, Meter, take
from drawdown.core.subscription.acts import Act, Ending, EndKind, NoticeKind, Origin, PlanBlock
from drawdown.core.subscription.giving_back import give_back
from drawdown.core.subscription.notices import balance_of, tell, tell_balance
from drawdown.core.subscription.plan import EndOfTerm, PrepayLine
from drawdown.core.subscription.purchases import refill_block, refill_id, scheduled_block
from drawdown.core.subscription.rollover import is_carried, kept, rolls_now
from drawdown.core.subscription.span import day_of, midnight
from drawdown.core.subscription.terms import (
    Subscription,
    is_renewed_on,
    period_of,
    scheduled,
    term_of,
)
from drawdown.core.subscription.timers import Brings, Timer, Timers, line_of
from drawdown.core.subscription.wells import Well, open_well

REFILLS_AT_ONCE_MAX = 1_000
"""Refills that one usage can bring: more than that is a faulty meter, not a customer."""


class Use(NamedTuple):
    """Usage that counts.

    Attributes:
        counts_at: Instant at which it draws: that of the usage, or of the last bill before it
            became known.
        quantity: Negative where billed usage was corrected downwards.
    """

    counts_at: datetime
    used_at: datetime
    usage_id: str
    subscription_id: str
    line_id: str
    quantity: Decimal


class Timeline:
    """Moves an account through time.

    Attributes:
        acts: What came about so far that was not known before, oldest first.
    """

    def __init__(
        self,
        account: Account,
        subscriptions: Mapping[str, Subscription],
        blocks: Mapping[str, PlanBlock],
        zone: tzinfo,
        left: Mapping[str, Decimal | None] | None = None,
    ) -> None:
        """Take up an account where it stands.

        Args:
            account: Is moved in place.
            subscriptions: Those of the customer, by id.
            blocks: Blocks bought or granted already that may enter from now on, by id.
            zone: The tenant's posting time zone.
            left: Credits that the journal has left of blocks that may enter; None: it has closed
                the block. What is absent has all of its credits.
        """
        self._left = left or {}
        self.account = account
        self.subscriptions = subscriptions
        self.zone = zone
        self.acts: list[Act] = []
        self._blocks = blocks
        self._wells: dict[tuple[str, str], Well] = {}
        self._refills_at_once = 0
        self._timers = Timers(account, subscriptions, blocks.values(), zone)

    # -- time -------------------------------------------------------------------------------------

    def advance(self, until: datetime) -> None:
        """Let everything happen that time brings up to an instant, inclusive."""
        account = self.account
        while self._timers.is_due(until):
            timer = self._timers.pop()
            account.at = max(account.at, timer.at)
            self._pass(timer)
        account.at = max(account.at, until)

    def next_at(self) -> datetime | None:
        """Return the instant at which time brings something next; None: never."""
        return self._timers.next_at()

    def _pass(self, timer: Timer) -> None:
        if timer.brings is Brings.PURCHASE:
            self._buy_scheduled(self.subscriptions[timer.owner], timer.name)
        elif timer.brings is Brings.END_OF_TERM:
            self._end_term(self.subscriptions[timer.owner])
        elif timer.brings is Brings.ENTRY:
            self._enter(self._blocks[timer.owner])
        else:
            holding = self.account.holdings[timer.owner]
            if holding.is_ended:
                return
            if timer.brings is Brings.EXPIRY:
                self._end(holding, EndKind.EXPIRE)
            elif timer.brings is Brings.WARNING:
                self._warn_of_expiry(holding, timer.name)
            elif holding.rolls == timer.place:
                self._roll(holding)

    # -- blocks -----------------------------------------------------------------------------------

    def _buy_scheduled(self, subscription: Subscription, line_id: str) -> None:
        line = subscription.plan.prepay_line(line_id)
        course = self.account.course(subscription.subscription_id)
        one = scheduled(subscription, line, course.bought.get(line_id))
        assert one is not None
        course.bought[line_id] = one.on
        self._buy(scheduled_block(subscription, one, self.zone))
        self._timers.set_purchase(subscription, line)

    def _buy(self, block: PlanBlock) -> None:
        """Buy a block, or find that it was bought: then its own terms stand."""
        fact = self._blocks.get(block.block_id)
        if fact is None:
            self.acts.append(block)
        self._enter(fact or block)

    def _enter(self, block: PlanBlock) -> None:
        account = self.account
        if block.block_id in account.holdings:
            return
        left = self._left.get(block.block_id, block.credits)
        holding = Holding(block, ZERO if left is None else left, is_ended=left is None)
        account.holdings[block.block_id] = holding
        if block.line_id and block.subscription_id in self.subscriptions:
            fills = account.course(block.subscription_id).fills
            fills[block.line_id] = fills.get(block.line_id, 0) + 1
            if block.origin is Origin.REFILL:
                self._count_refill(self.subscriptions[block.subscription_id], block)
        if not block.is_invoiced_at_once:
            account.uninvoiced.append(block.block_id)
        if self._is_over(block) and not holding.is_ended:
            self._end(holding, self._ends_as(block.block_id))
        if not holding.is_ended:
            self._timers.set_holding(holding)
        self._wells.clear()

    def _is_over(self, block: PlanBlock) -> bool:
        """Whether the term that ends a block has ended: it comes back for a correction."""
        subscription = self.subscriptions.get(block.subscription_id)
        if subscription is None:
            return False
        ended_on = self.account.course(block.subscription_id).term_ended_on
        own = (
            subscription.ends_on
            if subscription.is_carried
            else term_of(subscription, day_of(block.entered_at, self.zone)).ends_on
        )
        return (
            ended_on is not None
            and own is not None
            and own <= ended_on
            and block.entered_at < midnight(own, self.zone)
        )

    def _ends_as(self, block_id: str) -> EndKind:
        """Return how a block ends: refunded where its term is and it was paid for, else expired."""
        holding = self.account.holdings.get(block_id)
        if holding is None or holding.block.subscription_id not in self.subscriptions:
            return EndKind.EXPIRE
        block = holding.block
        has_expired = block.expires_at is not None and block.expires_at <= self.account.at
        is_refund = self.subscriptions[block.subscription_id].end_of_term is EndOfTerm.REFUND
        is_refunded = is_refund and block.amount_minor and not has_expired
        return EndKind.CANCEL if is_refunded else EndKind.EXPIRE

    def _count_refill(self, subscription: Subscription, block: PlanBlock) -> None:
        """Count a refill when it enters, needed or not; one that comes back is counted already."""
        course = self.account.course(subscription.subscription_id)
        if block.number > course.refills.get(block.line_id, 0):
            course.refills[block.line_id] = block.number
            counts = self._refills_in(subscription, day_of(self.account.at, self.zone))
            counts[block.line_id] = counts.get(block.line_id, 0) + 1

    def _refills_in(self, subscription: Subscription, day: date) -> dict[str, int]:
        """Return the number of refills in the billing period of a day, by prepay line."""
        course = self.account.course(subscription.subscription_id)
        starts_on = period_of(subscription, day).starts_on
        if course.refills_since != starts_on:
            course.refills_since, course.refills_in = starts_on, {}
        return course.refills_in

    def _end(self, holding: Holding, kind: EndKind) -> None:
        holding.is_ended = True
        if holding.left or holding.reserved:
            self.account.endings.append(Ending(holding.block.block_id, kind, None, self.account.at))
        self._wells.clear()

    def _roll(self, first: Holding) -> None:
        """Roll over every block of a line whose period ends now."""
        account, block = self.account, first.block
        line = line_of(block, self.subscriptions)
        subscription = self.subscriptions[block.subscription_id]
        assert line is not None
        assert line.rollover is not None
        rolling = [
            one
            for one in account.holdings.values()
            if (one.block.subscription_id, one.block.line_id)
            == (block.subscription_id, block.line_id)
            and is_carried(one, account.at)
        ]
        carried = ZERO
        keeping = kept(rolling, line.rollover, subscription.plan.decimals, account.at)
        for one, keeps in zip(rolling, keeping, strict=True):
            one.rolls += rolls_now(one, account.at)
            lapses = minus(one.left, keeps)
            carried = plus(carried, keeps)
            if lapses and not keeps:
                self._end(one, EndKind.EXPIRE)
            elif lapses:
                one.left = keeps
                account.endings.append(
                    Ending(one.block.block_id, EndKind.EXPIRE, lapses, account.at)
                )
        self._wells.clear()
        if carried:
            tell(
                self.acts, account, NoticeKind.ROLLED_OVER,
                (block.subscription_id, block.line_id), str(day_of(account.at, self.zone)),
                account.at,
                f"{credits_text(carried)} {block.unit} of {block.line_id} of "
                f"{block.subscription_id} rolled over",
            )  # fmt: skip

    def _end_term(self, subscription: Subscription) -> None:
        """End the remainders of a term, unless a renewal carries them over."""
        course = self.account.course(subscription.subscription_id)
        day = term_of(subscription, course.term_ended_on or subscription.starts_on).ends_on
        assert day is not None
        course.term_ended_on = day
        if not (subscription.is_carried and is_renewed_on(subscription, day)):
            is_refund = subscription.end_of_term is EndOfTerm.REFUND
            left = ZERO
            for holding in list(self.account.holdings.values()):
                block = holding.block
                if block.subscription_id != subscription.subscription_id or holding.is_ended:
                    continue
                if block.entered_at >= self.account.at:
                    continue  # of the term that begins now
                left = plus(left, holding.left)
                self._end(holding, self._ends_as(block.block_id))
            if left:
                tell(
                    self.acts, self.account, NoticeKind.TERM_ENDED,
                    (subscription.subscription_id, ""), str(day), self.account.at,
                    f"the term of {subscription.subscription_id} ended with {credits_text(left)} "
                    f"{subscription.plan.unit} left, which are "
                    f"{'refunded' if is_refund else 'recognised as breakage'}",
                )  # fmt: skip
        self._timers.set_term(subscription)

    def _warn_of_expiry(self, holding: Holding, days: str) -> None:
        block = holding.block
        if holding.left and block.expires_at is not None:
            tell(
                self.acts, self.account, NoticeKind.EXPIRES_SOON,
                (block.subscription_id, block.line_id), f"{block.block_id}:{days}",
                self.account.at,
                f"{credits_text(holding.left)} {block.unit} of block {block.block_id} expire at "
                f"{block.expires_at:%Y-%m-%d %H:%M} UTC",
            )  # fmt: skip

    # -- usage ------------------------------------------------------------------------------------

    def use(self, use: Use) -> Decimal:
        """Rate one usage and let it draw; return what it adds to the charge of its period.

        Usage is given in the order of (counts_at, used_at, usage_id).
        """
        account = self.account
        if self._timers.is_due(use.counts_at):
            self.advance(use.counts_at)
        account.at = max(account.at, use.counts_at)
        account.last = (use.counts_at, use.used_at, use.usage_id)
        self._refills_at_once = 0
        well = self._well(use)
        meter = well.meter
        assert meter is not None
        meter.quantity = plus(meter.quantity, use.quantity)
        meter.unbilled = plus(meter.unbilled, use.quantity)
        comes_to = charge(well.line.price, meter.quantity, well.subscription.plan.decimals)
        change = minus(comes_to, meter.charge)
        meter.charge = comes_to
        if change > 0:
            self._draw(well, meter, change, use)
        elif change < 0:
            give_back(account, meter, -change, self._ends_as)
            self._wells.clear()  # what was used up may have something left again
        if change and well.watched:
            self._watch(use)
        return change

    def _well(self, use: Use) -> Well:
        key = (use.subscription_id, use.line_id)
        well = self._wells.get(key)
        if well is None:
            subscription = self.subscriptions[use.subscription_id]
            well = self._wells[key] = open_well(
                self.account, self.subscriptions.values(), subscription, use.line_id
            )
        if not well.starts_at <= use.used_at < well.ends_at:
            period = period_of(well.subscription, day_of(use.used_at, self.zone))
            well.starts_at = midnight(period.starts_on, self.zone)
            well.ends_at = midnight(period.ends_on, self.zone)
            well.meter = self.account.meter(*key, period.starts_on)
        return well

    def _draw(self, well: Well, meter: Meter, wanted: Decimal, use: Use) -> None:
        wanted = self._draw_from(well.holdings, meter, wanted, use.counts_at)
        for subscription, line in well.refilled:
            while wanted and self._refill(subscription, line, use):
                bought = self._well(use).holdings
                wanted = self._draw_from(bought, meter, wanted, use.counts_at)
        if wanted:
            meter.overage = plus(meter.overage, wanted)
            meter.overage_at = use.counts_at
            subject = (use.subscription_id, use.line_id)
            tell(
                self.acts, self.account, NoticeKind.OVERAGE, subject, str(meter.starts_on),
                use.counts_at,
                f"usage of {use.line_id} of {use.subscription_id} exceeds the prepayment; the rest "
                f"of the period from {meter.starts_on} is billed as it is used",
            )  # fmt: skip

    def _draw_from(
        self, holdings: list[Holding], meter: Meter, wanted: Decimal, at: datetime
    ) -> Decimal:
        """Draw in order; return what is still wanted."""
        for holding in holdings:
            if not holding.left:
                continue
            taken = take(holding, wanted)
            drawn = meter.draws.get(holding.block.block_id)
            if drawn is None:
                meter.draws[holding.block.block_id] = Drawn(taken, at)
            else:
                drawn.credits = plus(drawn.credits, taken)
                drawn.last_at = at
            wanted = minus(wanted, taken)
            if not wanted:
                break
        return wanted

    def _refill(self, subscription: Subscription, line: PrepayLine, use: Use) -> bool:
        """Buy a refill at the instant of a usage; false: the limit is reached or the term over."""
        account, at = self.account, use.counts_at
        day = day_of(at, self.zone)
        if day < subscription.starts_on or (subscription.ends_on and day >= subscription.ends_on):
            return False
        starts_on = period_of(subscription, day).starts_on
        count = self._refills_in(subscription, day).get(line.line_id, 0)
        subject = (subscription.subscription_id, line.line_id)
        is_exhausted = line.refills_max and count >= line.refills_max
        if is_exhausted or self._refills_at_once >= REFILLS_AT_ONCE_MAX:
            limit = line.refills_max if is_exhausted else REFILLS_AT_ONCE_MAX
            what = f"the period from {starts_on}" if is_exhausted else f"usage {use.usage_id}"
            tell(
                self.acts, account, NoticeKind.REFILLS_EXHAUSTED, subject, str(starts_on),
                at,
                f"{line.line_id} of {subject[0]} has had the {limit} refills that {what} can "
                "bring; what exceeds them is billed as it is used",
            )  # fmt: skip
            return False
        self._refills_at_once += 1
        number = account.course(subject[0]).refills.get(line.line_id, 0) + 1
        effective_at = max(account.closed_at, midnight(subscription.starts_on, self.zone))
        self._buy(refill_block(subscription, line, number, effective_at, at, self.zone))
        tell(
            self.acts, account, NoticeKind.REFILLED, subject, str(number), at,
            f"{line.line_id} of {subject[0]} was refilled by {credits_text(line.refill_credits)} "
            f"{subscription.plan.unit}: block {refill_id(*subject, number)}",
        )  # fmt: skip
        return True

    def _watch(self, use: Use) -> None:
        """Refill what has come down to its minimum, and tell the thresholds reached."""
        for subscription, line in self._well(use).watched:
            balance = balance_of(self.account, subscription.subscription_id, line.line_id)
            if line.thresholds:
                tell_balance(self.acts, self.account, subscription, line, balance, use.counts_at)
            if not line.refill_credits or (subscription, line) not in self._well(use).refilled:
                continue
            while balance <= line.minimum and self._refill(subscription, line, use):
                balance = balance_of(self.account, subscription.subscription_id, line.line_id)
