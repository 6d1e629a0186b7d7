"""What time brings to an account, soonest first: purchases, rollover, expiry, ends of terms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, tzinfo
from enum import IntEnum, auto
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from drawdown.core.money import credits_text
from drawdown.core.subscription.account import Account, Holding
from drawdown.core.subscription.acts import Origin, PlanBlock
from drawdown.core.subscription.plan import Measure, PrepayLine
from drawdown.core.subscription.span import midnight
from drawdown.core.subscription.terms import Subscription, scheduled, term_of

_TICK = timedelta(microseconds=1)


class Brings(IntEnum):
    """What a timer brings; what happens at one instant happens in this order."""

    ROLLOVER = auto()
    EXPIRY = auto()
    END_OF_TERM = auto()
    PURCHASE = auto()
    ENTRY = auto()
    WARNING = auto()


class Timer(NamedTuple):
    """One thing that time brings.

    Attributes:
        owner: Id of the block, or of the subscription.
        name: Of a purchase the line, of a warning the days before expiry.
        place: Of a rollover, which one of its block, from 0.
    """

    at: datetime
    brings: Brings
    owner: str
    name: str = ""
    place: int = 0


class Timers:
    """The timers of one account, of which each goes off once."""

    def __init__(
        self,
        account: Account,
        subscriptions: Mapping[str, Subscription],
        blocks: Iterable[PlanBlock],
        zone: tzinfo,
    ) -> None:
        """Set the timers of an account as it stands.

        Args:
            blocks: Bought or granted already, that may enter from now on.
        """
        self._account = account
        self._subscriptions = subscriptions
        self._zone = zone
        self._heap = [Timer(_enters_at(one), Brings.ENTRY, one.block_id) for one in blocks]
        heapify(self._heap)
        for subscription in subscriptions.values():
            self.set_term(subscription)
            for line in subscription.plan.prepay:
                self.set_purchase(subscription, line)
        for holding in account.holdings.values():
            if not holding.is_ended:
                self.set_holding(holding)

    def next_at(self) -> datetime | None:
        """Return the instant at which time brings something next; None: never."""
        return self._heap[0].at if self._heap else None

    def is_due(self, until: datetime) -> bool:
        """Whether a timer goes off by an instant, inclusive."""
        return bool(self._heap) and self._heap[0].at <= until

    def pop(self) -> Timer:
        """Take out the timer that goes off next."""
        return heappop(self._heap)

    def set_term(self, subscription: Subscription) -> None:
        """Set the end of the term that follows those that ended."""
        course = self._account.course(subscription.subscription_id)
        day = course.term_ended_on or subscription.starts_on
        if subscription.ends_on is not None and day >= subscription.ends_on:
            return
        ends_on = term_of(subscription, day).ends_on
        if ends_on is not None:
            at = midnight(ends_on, self._zone)
            self._set(Timer(at, Brings.END_OF_TERM, subscription.subscription_id))

    def set_purchase(self, subscription: Subscription, line: PrepayLine) -> None:
        """Set the scheduled purchase of a line that follows those made."""
        bought = self._account.course(subscription.subscription_id).bought.get(line.line_id)
        following = scheduled(subscription, line, bought)
        if following is not None:
            at = midnight(following.on, self._zone)
            self._set(Timer(at, Brings.PURCHASE, subscription.subscription_id, line.line_id))

    def set_holding(self, holding: Holding) -> None:
        """Set the rollovers of a block that are to come, its expiry, and the warnings of it."""
        block = holding.block
        for place, at in enumerate(block.rolls_at):
            if place >= holding.rolls:
                self._set(Timer(at, Brings.ROLLOVER, block.block_id, place=place))
        if block.expires_at is None:
            return
        self._set(Timer(block.expires_at, Brings.EXPIRY, block.block_id))
        line = line_of(block, self._subscriptions)
        for one in line.thresholds if line else ():
            if one.measure is Measure.DAYS:
                at = max(block.expires_at - timedelta(days=int(one.value)), self._account.at)
                self._set(Timer(at, Brings.WARNING, block.block_id, credits_text(one.value)))

    def _set(self, timer: Timer) -> None:
        heappush(self._heap, timer)


def line_of(block: PlanBlock, subscriptions: Mapping[str, Subscription]) -> PrepayLine | None:
    """Return the prepay line that a block belongs to; None: a grant or top-up without one."""
    subscription = subscriptions.get(block.subscription_id)
    if subscription is None or not block.line_id:
        return None
    return subscription.plan.prepay_line(block.line_id)


def _enters_at(block: PlanBlock) -> datetime:
    """Return when a block counts at the latest.

    A refill enters with the usage that needs it. Where no usage does any more, because usage was
    corrected, it enters after the instant at which it was bought.
    """
    at = max(block.entered_at, block.effective_at)
    return at + _TICK if block.origin is Origin.REFILL else at
