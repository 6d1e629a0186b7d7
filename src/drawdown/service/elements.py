"""Revenue elements of a subscription, from the books: as SuiteBilling with revenue management has.

Prepayments, usage, bills and what the journal drew, gave back and let lapse become the facts of
`core.revenue_elements`; usage that is not billed yet is rated and drawn as the next bill will.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from drawdown.core.allocation import take_credits
from drawdown.core.block import Block, Step
from drawdown.core.decide.known import Known
from drawdown.core.decide.needs import Key
from drawdown.core.errors import SubscriptionError
from drawdown.core.events import BlockKind
from drawdown.core.money import ZERO, plus
from drawdown.core.plan import Movement
from drawdown.core.policy import Policy
from drawdown.core.revenue_elements import Bought, Drawn, Lapsed, Prepayment, Returned, Used
from drawdown.core.subscription.account import Meter
from drawdown.core.subscription.acts import Bill, PlanBlock
from drawdown.core.subscription.bills import overage_minor
from drawdown.core.subscription.running import Run
from drawdown.core.subscription.span import day_of, midnight
from drawdown.core.subscription.terms import Subscription
from drawdown.service.accounts import END_OF_TIME
from drawdown.service.balances import timeline_at
from drawdown.store.database import Session
from drawdown.store.ledger import load, movements_of
from drawdown.store.subscriptions import bills_of, blocks_of_account, customers_of, load_facts
from drawdown.store.usage import uses_of

PREPAYMENT = "prepayment"
"""Item of the one element that stands for all prepay lines of a subscription."""
_ONE_DAY = timedelta(days=1)


class Revenue(NamedTuple):
    """What the revenue elements of a subscription are made of.

    Attributes:
        facts: Items are usage line ids, and `PREPAYMENT`.
        names: Item of each usage line.
    """

    subscription: Subscription
    facts: Prepayment
    names: dict[str, str]


def revenue_of(session: Session, subscription_id: str, policy: Policy, as_of: date) -> Revenue:
    """Collect the facts of a subscription's revenue elements as they are known now.

    Args:
        as_of: Last day whose usage counts.

    Raises:
        SubscriptionError: There is no such subscription.
    """
    with session.transaction():
        customer_id = customers_of(session, [subscription_id]).get(subscription_id)
        if customer_id is None:
            raise SubscriptionError(
                f"subscription {subscription_id!r} is not known; `drawdown subscription show` "
                "without an id lists them"
            )
        subscription = load_facts(session, [customer_id], {})[customer_id].subscriptions[
            subscription_id
        ]
        return _Books(session, policy, subscription).collect(as_of)


@dataclass(slots=True)
class _Books:
    """The books of one subscription."""

    session: Session
    policy: Policy
    subscription: Subscription

    def collect(self, as_of: date) -> Revenue:
        one, zone = self.subscription, self.policy.time_zone
        found = blocks_of_account(self.session, one.customer_id)
        own = {
            block.block_id: block
            for block in found.values()
            if block.subscription_id == one.subscription_id
            and block.kind is not BlockKind.PROMOTIONAL
        }
        known = Known(self.session.tenant_id)
        keys: list[Key] = [("block", block_id) for block_id in found]
        keys += [("document", f"{block_id}/invoice") for block_id in own]
        load(self.session, known, keys)
        movements = movements_of(self.session, sorted(found))
        bills = [
            bill
            for bill in bills_of(self.session, one.customer_id)
            if bill.subscription_id == one.subscription_id
        ]
        used: list[Used] = []
        drawn: list[Drawn] = []
        for bill in bills:
            self._billed(bill, movements, own, used, drawn)
        self._unbilled(as_of, known.blocks, own, used, drawn)
        facts = Prepayment(
            PREPAYMENT,
            one.plan.currency,
            one.starts_on,
            one.ends_on - _ONE_DAY if one.ends_on else None,
            tuple(self._bought(own, known)),
            tuple(used),
            tuple(drawn),
            tuple(
                Returned(day_of(movement.occurred_at, zone) - _ONE_DAY, movement.amount_minor)
                for movement in movements
                if movement.step in (Step.VOIDED, Step.REDUCED) and movement.block_id in own
            ),
            tuple(
                Lapsed(day_of(movement.occurred_at, zone) - _ONE_DAY, movement.amount_minor)
                for movement in movements
                if movement.step in (Step.EXPIRED, Step.LAPSED) and movement.block_id in own
            ),
        )
        names = {line.line_id: line.item for line in one.plan.usage}
        return Revenue(one, facts, {PREPAYMENT: "Prepayment", **names})

    def _bought(self, own: dict[str, PlanBlock], known: Known) -> Iterator[Bought]:
        for block in own.values():
            if block.amount_minor:
                invoice = known.documents.get(f"{block.block_id}/invoice")
                yield Bought(
                    day_of(block.entered_at, self.policy.time_zone),
                    block.amount_minor,
                    invoice.posted_on if invoice else None,
                )

    def _billed(
        self,
        bill: Bill,
        movements: list[Movement],
        own: dict[str, PlanBlock],
        used: list[Used],
        drawn: list[Drawn],
    ) -> None:
        """Add what a bill says: usage with what pays for it, and what it gives back."""
        zone = self.policy.time_zone
        last = day_of(bill.at, zone) - _ONE_DAY
        for line in bill.lines:
            mine = [
                movement
                for movement in movements
                if (movement.document_id, movement.line_id, movement.step)
                == (bill.invoice_id, line.line_id, Step.DRAWN)
            ]
            on = day_of(line.used_at, zone)
            on = on if bill.starts_on <= on <= last else last  # late usage counts with its bill
            amount = sum(movement.amount_minor for movement in mine) + line.overage_minor
            used.append(Used(on, line.usage_line, line.quantity, amount, bill.posted_on))
            paid = sum(m.amount_minor for m in mine if m.block_id in own)
            if paid:
                drawn.append(Drawn(on, paid, bill.posted_on))
        credit = f"drawdown:credit:{bill.invoice_id}:"
        backs: dict[str, int] = defaultdict(int)
        for movement in movements:
            if movement.step is Step.REVERSED and movement.event_id.startswith(credit):
                backs[movement.line_id.partition(":")[0]] += movement.amount_minor
                if movement.block_id in own:
                    drawn.append(Drawn(last, movement.amount_minor, bill.posted_on))
        for part in bill.credits:
            backs[part.line_id.partition(":")[0]] -= part.amount_minor
        for line_id, amount in backs.items():
            if amount:
                used.append(Used(last, line_id, ZERO, amount, bill.posted_on))

    def _unbilled(
        self,
        as_of: date,
        blocks: dict[str, Block],
        own: dict[str, PlanBlock],
        used: list[Used],
        drawn: list[Drawn],
    ) -> None:
        """Add usage since the last bill, drawn from the blocks as they stand."""
        one, zone = self.subscription, self.policy.time_zone
        end = midnight(as_of + _ONE_DAY, zone) - timedelta(microseconds=1)
        timeline = timeline_at(self.session, one.customer_id, self.policy, END_OF_TIME, None)
        if end <= timeline.account.closed_at:
            return
        run = Run(timeline, uses_of(self.session, one.customer_id, timeline.account.at))
        run.finish(end)
        now = dict(blocks)
        for meter in timeline.account.meters.values():
            if meter.is_open:
                amount, paid, at = self._take(meter, now, own)
                if meter.subscription_id == one.subscription_id:
                    on = day_of(at or end, zone)
                    used.append(Used(on, meter.line_id, meter.unbilled, amount, None))
                if paid:
                    drawn.append(Drawn(day_of(at or end, zone), paid, None))

    def _take(
        self, meter: Meter, now: dict[str, Block], own: dict[str, PlanBlock]
    ) -> tuple[int, int, datetime | None]:
        """Return what unbilled usage comes to, what own blocks pay of it, and its last instant."""
        amount = paid = 0
        at = meter.overage_at
        for block_id, one in meter.draws.items():
            at = max(one.last_at, at or one.last_at)
            block = now.get(block_id)
            if block is None:
                continue
            credits_, minor = take_credits(block, one.credits)
            now[block_id] = block._replace(
                used_credits=plus(block.used_credits, credits_), used_minor=block.used_minor + minor
            )
            amount += minor
            paid += minor if block_id in own else 0
        if meter.overage and meter.subscription_id == self.subscription.subscription_id:
            line = next(x for x in self.subscription.plan.usage if x.line_id == meter.line_id)
            amount += overage_minor(self.subscription, line, meter) - meter.billed_overage_minor
        return amount, paid, at
