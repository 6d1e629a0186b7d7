"""Taking in metered usage: deduplicate, count, fold; one transaction for a batch.

A batch of one and a batch of thousands run the same code. Usage in order goes on from where its
customer's account stands; usage out of order folds the account again from its last bill.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from drawdown.core.money import minus
from drawdown.core.policy import Policy
from drawdown.core.rating.price import charge
from drawdown.core.subscription.plan import UsageLine
from drawdown.core.subscription.running import Run
from drawdown.core.subscription.span import midnight
from drawdown.core.subscription.terms import Subscription
from drawdown.core.subscription.timeline import Use
from drawdown.core.subscription.usage import UsageRecord
from drawdown.service.accounts import Desk
from drawdown.store import usage as store
from drawdown.store.database import Session
from drawdown.store.ledger import lock_tenant
from drawdown.store.subscriptions import customers_of
from drawdown.store.usage import Counted, StoredUsage

BATCH_RECORDS = 10_000
"""Usage records that share a transaction in bulk."""


CHARGE_MAX = Decimal(10) ** 10
"""Most that one usage record can come to, in the plan's unit: more is a faulty meter."""

AHEAD_MAX = timedelta(days=2)
"""How far ahead of now usage may be: a day is its end, in any time zone, and clocks differ."""


class UsageAnswer(NamedTuple):
    """What came of one usage record.

    Attributes:
        status: accepted, held (a correction of usage that is not known yet), refused, or conflict
            (same id, other content: the first stands).
        detail: What happened and what to do; empty if accepted.
        is_repeat: The same record had arrived before.
        is_late: Its period was billed already; the difference goes to the next bill.
    """

    usage_id: str
    status: str
    detail: str = ""
    is_repeat: bool = False
    is_late: bool = False


def ingest_usage(
    session: Session, records: Sequence[UsageRecord], policy: Policy, now: datetime
) -> list[UsageAnswer]:
    """Take in usage records; all of them in one transaction.

    Args:
        session: Of the tenant; no transaction may be open.
        records: Any number; a caller with a long stream passes slices of `BATCH_RECORDS`.
        now: Instant at which they became known.

    Returns:
        One answer per record, in the same order.

    Raises:
        StoreError: The database refused; nothing of the batch was written.
        SubscriptionError: The core refused what the usage leads to; nothing was written.
    """
    if not records:
        return []
    with session.pipelined_transaction():
        lock_tenant(session)
        return _Intake(session, policy, now).take(records)


class _Intake:
    """One batch on its way."""

    def __init__(self, session: Session, policy: Policy, now: datetime) -> None:
        self._session = session
        self._policy = policy
        self._now = now
        self._desk = Desk(session, policy, now)
        self._new: dict[str, StoredUsage] = {}
        self._recounted: dict[str, Decimal] = {}
        self._folded_again: set[str] = set()

    def take(self, records: Sequence[UsageRecord]) -> list[UsageAnswer]:
        """Sort out, store and fold a batch."""
        earlier = store.known_fingerprints(self._session, {one.usage_id for one in records})
        answers: list[UsageAnswer] = []
        fresh: dict[str, UsageRecord] = {}
        for record in records:
            known = earlier.get(record.usage_id)
            if known is None and record.usage_id in fresh:
                known = store.fingerprint(fresh[record.usage_id])
            if known is None:
                fresh[record.usage_id] = record
            answers.append(_repeat(record, known))
        refused = self._count(fresh)
        self._correct([one for one in fresh.values() if one.corrects], refused)
        self._store()
        self._fold()
        return [self._answer(one, refused) for one in answers]

    def _count(self, fresh: dict[str, UsageRecord]) -> dict[str, UsageAnswer]:
        """Find the line of each record and the instant from which it counts."""
        plain = [one for one in fresh.values() if not one.corrects]
        customers = customers_of(self._session, {one.subscription_id for one in plain})
        self._desk.load(customers.values())
        standing = store.standing_corrections(self._session, [one.usage_id for one in plain])
        refused: dict[str, UsageAnswer] = {}
        for record in plain:
            customer_id = customers.get(record.subscription_id)
            if customer_id is None:
                refused[record.usage_id] = UsageAnswer(
                    record.usage_id, "refused",
                    f"usage {record.usage_id} is of subscription {record.subscription_id!r}, which "
                    "does not exist; create it, then send the usage again",
                )  # fmt: skip
                continue
            subscription = self._desk.facts[customer_id].subscriptions[record.subscription_id]
            line = subscription.plan.usage_line(record.line)
            counted = standing.get(record.usage_id, record.quantity)
            problem = _faulty(record.usage_id, counted, subscription, line) if line else _no_line(
                record, subscription
            )  # fmt: skip
            problem = problem or self._misfit(record, subscription)
            if problem or line is None:
                refused[record.usage_id] = UsageAnswer(record.usage_id, "refused", problem)
                continue
            self._new[record.usage_id] = StoredUsage(
                record.usage_id, customer_id, subscription.subscription_id, line.line_id,
                record.used_at, max(record.used_at, self._desk.closed_at(customer_id)),
                record.quantity, counted, "", store.fingerprint(record),
            )  # fmt: skip
        return refused

    def _misfit(self, record: UsageRecord, subscription: Subscription) -> str:
        """Say why a record does not lie in its subscription; empty: it does."""
        zone = self._policy.time_zone
        if record.used_at > self._now + AHEAD_MAX:
            return (
                f"usage {record.usage_id} is of {record.used_at:%Y-%m-%d %H:%M} UTC, more than "
                f"{AHEAD_MAX.days} days after now ({self._now:%Y-%m-%d %H:%M} UTC); correct the "
                "instant, or send it once it has been used"
            )
        if record.used_at < midnight(subscription.starts_on, zone):
            return (
                f"usage {record.usage_id} is of {record.used_at:%Y-%m-%d %H:%M} UTC, before "
                f"subscription {subscription.subscription_id} begins on {subscription.starts_on}"
            )
        ends_on = subscription.ends_on
        if ends_on is not None and record.used_at >= midnight(ends_on, zone):
            return (
                f"usage {record.usage_id} is of {record.used_at:%Y-%m-%d %H:%M} UTC, after "
                f"the last day of subscription {subscription.subscription_id}, "
                f"{subscription.last_day}; renew it, or "
                "correct the instant"
            )
        return ""

    def _correct(self, corrections: list[UsageRecord], refused: dict[str, UsageAnswer]) -> None:
        """Let corrections stand: on usage that is not billed in its place, else as a difference."""
        if not corrections:
            return
        targets = {one.corrects for one in corrections}
        stored = store.usage_by_id(self._session, sorted(targets))
        self._desk.load(one.customer_id for one in stored.values())
        corrections = self._without_faulty(corrections, {**stored, **self._new}, refused)
        targets = {one.corrects for one in corrections}
        in_all = store.counted_in_all(self._session, sorted(stored))
        store.add_corrections(self._session, corrections, self._now)
        standing = store.standing_corrections(self._session, targets)
        last = {
            one.corrects: one
            for one in sorted(corrections, key=lambda one: (one.used_at, one.usage_id))
        }
        for target, quantity in standing.items():
            if target in self._new:
                self._new[target] = self._new[target]._replace(counted=quantity)
            elif target not in stored:
                correction = last[target]
                refused[correction.usage_id] = UsageAnswer(
                    correction.usage_id, "held",
                    f"correction {correction.usage_id} is of usage {target}, which is not known "
                    "yet; it stands as soon as that arrives",
                )  # fmt: skip
            else:
                was = stored[target]
                closed_at = self._desk.closed_at(was.customer_id)
                if was.counts_at >= closed_at:
                    if was.counted != quantity:
                        self._recounted[target] = quantity
                        self._folded_again.add(was.customer_id)
                    continue
                difference = minus(quantity, in_all[target])
                correction = last[target]
                if difference:
                    self._new[correction.usage_id] = StoredUsage(
                        correction.usage_id, was.customer_id, was.subscription_id, was.line_id,
                        was.used_at, closed_at, difference, difference, target,
                        store.fingerprint(correction),
                    )  # fmt: skip

    def _without_faulty(
        self,
        corrections: list[UsageRecord],
        known: Mapping[str, Counted | StoredUsage],
        refused: dict[str, UsageAnswer],
    ) -> list[UsageRecord]:
        """Refuse corrections that no usage can come to; one of unknown usage waits to be seen."""
        for one in corrections:
            was = known.get(one.corrects)
            if was is None:
                continue
            subscription = self._desk.facts[was.customer_id].subscriptions[was.subscription_id]
            line = next(line for line in subscription.plan.usage if line.line_id == was.line_id)
            problem = _faulty(one.usage_id, one.quantity, subscription, line)
            if problem:
                refused[one.usage_id] = UsageAnswer(one.usage_id, "refused", problem)
        return [one for one in corrections if one.usage_id not in refused]

    def _store(self) -> None:
        store.add(self._session, list(self._new.values()), self._now)
        store.recount(self._session, self._recounted)

    def _fold(self) -> None:
        """Bring every account that the batch touches to where it stands now."""
        uses: dict[str, list[Use]] = {}
        late: set[str] = set()
        for one in self._new.values():
            uses.setdefault(one.customer_id, []).append(
                Use(
                    one.counts_at, one.used_at, one.usage_id, one.subscription_id, one.line_id,
                    one.counted,
                )
            )  # fmt: skip
            if one.counts_at > one.used_at:
                late.add(one.customer_id)
        again = sorted(self._folded_again)
        self._desk.load_closed_meters(sorted(late | self._folded_again))
        for customer_id, mine in uses.items():
            if customer_id in self._folded_again:
                continue
            mine.sort()
            timeline = self._desk.from_head(customer_id)
            if timeline is None or not _is_after(mine[0], timeline.account.last) or (
                mine[0].counts_at < timeline.account.at
            ):  # fmt: skip
                again.append(customer_id)
                continue
            for use in mine:
                timeline.use(use)
            self._desk.keep_head(timeline)
        if again:
            self._desk.load_closed_meters(again)
            timelines = self._desk.from_base(again)
            found = store.uses_of_many(
                self._session, {key: one.account.at for key, one in timelines.items()}
            )
            for customer_id, timeline in timelines.items():
                head = self._desk.facts[customer_id].head
                self._desk.take(timeline, Run(timeline, found[customer_id]).finish())
                if head is not None:
                    timeline.advance(head.at)
                self._desk.keep_head(timeline)
        self._desk.post()

    def _answer(self, answer: UsageAnswer, refused: dict[str, UsageAnswer]) -> UsageAnswer:
        if answer.is_repeat or answer.status == "conflict":
            return answer
        stored = self._new.get(answer.usage_id)
        if stored is not None and stored.counts_at > stored.used_at:
            answer = answer._replace(is_late=True)
        return refused.get(answer.usage_id, answer)


def _repeat(record: UsageRecord, known: bytes | None) -> UsageAnswer:
    if known is None:
        return UsageAnswer(record.usage_id, "accepted")
    if known == store.fingerprint(record):
        return UsageAnswer(record.usage_id, "accepted", is_repeat=True)
    return UsageAnswer(
        record.usage_id,
        "conflict",
        f"usage {record.usage_id} was received before with other content; the first stands: send "
        "a correction under an id of its own",
        is_repeat=True,
    )


def _faulty(usage_id: str, quantity: Decimal, subscription: Subscription, line: UsageLine) -> str:
    """Say why a quantity cannot have been used; empty: it can."""
    plan = subscription.plan
    if quantity < 0:
        return f"usage {usage_id} of {quantity} is negative; correct the record it takes back"
    if charge(line.price, quantity, plan.decimals) > CHARGE_MAX:
        return (
            f"usage {usage_id} of {quantity} comes to more than {CHARGE_MAX:,} {plan.unit}; "
            "correct the quantity"
        )
    return ""


def _no_line(record: UsageRecord, subscription: Subscription) -> str:
    known = ", ".join(line.line_id for line in subscription.plan.usage)
    return (
        f"usage {record.usage_id} is of line {record.line!r}, but subscription "
        f"{subscription.subscription_id} has {known}; correct the line, or name it by its id where "
        "two lines have the item"
    )


def _is_after(use: Use, last: tuple[datetime, datetime, str] | None) -> bool:
    return last is None or (use.counts_at, use.used_at, use.usage_id) > last
