"""Running an account through its billing dates: usage in order, a bill wherever a period ends.

Billing and preview run the same code, so that a preview is what billing then does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from drawdown.core.subscription.account import Account
from drawdown.core.subscription.acts import Act
from drawdown.core.subscription.bills import (
    close_late,
    close_period,
    next_period,
    settle_endings,
)
from drawdown.core.subscription.span import midnight
from drawdown.core.subscription.terms import Period, Subscription
from drawdown.core.subscription.timeline import Timeline, Use

TICK = timedelta(microseconds=1)


class Run:
    """Feeds usage to a timeline and bills the periods that end on the way."""

    def __init__(self, timeline: Timeline, uses: Iterable[Use]) -> None:
        """Take up a timeline.

        Args:
            uses: In the order of (counts_at, used_at, usage_id), none before the account's
                instant.
        """
        self.timeline = timeline
        self._uses = iter(uses)
        self._next: Use | None = next(self._uses, None)

    def bill(self, through: datetime) -> Iterator[tuple[Act, ...]]:
        """Bill every period that ends by an instant, oldest first.

        What becomes known afterwards counts from the last bill on; of a subscription that has ended
        it goes with the customer's next bill. A customer without a running subscription is brought
        to the instant itself: grants may still expire.

        Yields:
            Acts of each step, in the order in which they are to be posted; afterwards nothing of
            before the account's instant is open.
        """
        while (due := self._due()) is not None:
            at, closing = due
            if at > through:
                break
            # A subscription can be ended on the very day of the last bill: each bill has an instant
            # of its own.
            at = max(at, self.timeline.account.closed_at + TICK)
            self._feed_before(at)
            self.timeline.advance(at)
            for subscription, period in closing:
                close_period(self.timeline, subscription, period)
            for subscription in self._ended():
                close_late(self.timeline, subscription)
            yield self._acts()
        self._feed_before(self.timeline.account.at + TICK)
        late = late_bill_at(self.timeline)
        if late is not None and late <= through:
            self._feed_before(late)
            self.timeline.advance(late)
            for subscription in self._ended():
                close_late(self.timeline, subscription)
            yield self._acts()
        if self._due() is None and self.timeline.account.at < through:
            self._feed_before(through)
            self.timeline.advance(through)
            self.timeline.account.closed_at = through
            self.timeline.acts += settle_endings(self.timeline.account)
            yield self._acts()

    def finish(self, until: datetime | None = None) -> tuple[Act, ...]:
        """Feed the rest of the usage, up to an instant inclusive; return what came about."""
        while self._next is not None and (until is None or self._next.counts_at <= until):
            self._take()
        if until is not None:
            self.timeline.advance(until)
        return self._acts()

    def _feed_before(self, at: datetime) -> None:
        while self._next is not None and self._next.counts_at < at:
            self._take()

    def _take(self) -> None:
        assert self._next is not None
        self.timeline.use(self._next)
        self._next = next(self._uses, None)

    def _acts(self) -> tuple[Act, ...]:
        acts = tuple(self.timeline.acts)
        self.timeline.acts.clear()
        return acts

    def _due(self) -> tuple[datetime, list[tuple[Subscription, Period]]] | None:
        timeline = self.timeline
        open_periods = [
            (midnight(period.ends_on, timeline.zone), subscription, period)
            for subscription in timeline.subscriptions.values()
            if (period := next_period(timeline.account, subscription)) is not None
        ]
        if not open_periods:
            return None
        at = min(one[0] for one in open_periods)
        due = [(subscription, period) for on, subscription, period in open_periods if on == at]
        return at, sorted(due, key=lambda one: one[0].subscription_id)

    def _ended(self) -> list[Subscription]:
        return [
            one
            for _key, one in sorted(self.timeline.subscriptions.items())
            if next_period(self.timeline.account, one) is None
        ]


def next_bill_at(timeline: Timeline) -> datetime | None:
    """Return the next instant at which a bill run has something to do; None: never as it is."""
    ends = [
        midnight(period.ends_on, timeline.zone)
        for subscription in timeline.subscriptions.values()
        if (period := next_period(timeline.account, subscription)) is not None
    ]
    found = [late_bill_at(timeline), timeline.next_at(), *ends]
    if not ends:
        found += [timeline.account.at for _ending in timeline.account.endings]
    return min((at for at in found if at is not None), default=None)


def late_bill_at(timeline: Timeline) -> datetime | None:
    """Return when usage of an ended subscription that became known late can be billed."""
    account: Account = timeline.account
    ended = {
        one.subscription_id
        for one in timeline.subscriptions.values()
        if next_period(account, one) is None
    }
    if any(meter.is_open and meter.subscription_id in ended for meter in account.meters.values()):
        return max(account.closed_at, account.at) + TICK
    return None
