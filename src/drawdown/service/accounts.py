"""Accounts at work: folds of customers in one transaction, with the billing facts they lead to.

Whatever a fold brings about is posted, and where it has come to is stored, in the same transaction
under the tenant's lock. So a retry finds it done, and two callers never buy the same refill.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal

from drawdown.core.errors import SubscriptionError
from drawdown.core.events import BlockVoid, Event, Expiry, PurchaseInvoice, SalesOrder
from drawdown.core.policy import Policy
from drawdown.core.subscription.account import Account, Meter, meter_key
from drawdown.core.subscription.acts import Act, Bill, Notice, NoticeKind, PlanBlock
from drawdown.core.subscription.bills import act_events, refund_event
from drawdown.core.subscription.fitting import agrees, fit, fresh, prune
from drawdown.core.subscription.notices import tell_expected_refills
from drawdown.core.subscription.plan import Plan
from drawdown.core.subscription.running import next_bill_at
from drawdown.core.subscription.span import midnight
from drawdown.core.subscription.timeline import Timeline
from drawdown.service.ingest import Answer, ingest_within
from drawdown.store.codec import array_literal
from drawdown.store.database import Session
from drawdown.store.subscriptions import (
    Facts,
    Written,
    bases,
    closed_meters,
    decode_account,
    encode_account,
    exhausted_blocks,
    load_facts,
    revived_blocks,
    write,
)

END_OF_TIME = datetime(9999, 1, 1, tzinfo=UTC)


class Desk:
    """The accounts that one transaction works on.

    Attributes:
        facts: What is stored, by customer.
        answers: What came of the facts posted.
    """

    def __init__(self, session: Session, policy: Policy, now: datetime) -> None:
        """Begin; the tenant is locked and the transaction is the caller's.

        Args:
            now: Instant recorded with everything written.
        """
        self.session = session
        self.policy = policy
        self.now = now
        self.facts: dict[str, Facts] = {}
        self.answers: list[Answer] = []
        self._plans: dict[str, Plan] = {}
        self._acts: list[tuple[Act, Timeline]] = []
        self._written = Written([], [], [], [], [], [], [])
        self._closed: dict[str, dict[str, Meter]] = {}

    def load(self, customer_ids: Iterable[str]) -> None:
        """Load what is stored of customers."""
        ids = sorted(set(customer_ids) - self.facts.keys())
        if ids:
            self.facts.update(load_facts(self.session, ids, self._plans))

    def reload(self, customer_id: str) -> None:
        """Load a customer anew after facts were posted."""
        del self.facts[customer_id]
        self.load([customer_id])

    def record(self, block: PlanBlock) -> None:
        """Record a block whose facts were posted already."""
        self._written.blocks.append(block)

    def load_closed_meters(self, customer_ids: Sequence[str]) -> None:
        """Load the totals of billed periods, and the blocks that paid for them, for late usage."""
        missing = [one for one in customer_ids if one not in self._closed]
        if not missing:
            return
        found = closed_meters(self.session, missing, END_OF_TIME)
        paid_by: set[str] = set()
        for customer_id in missing:
            meters = self._closed[customer_id] = {}
            for meter in found.get(customer_id, ()):
                key = meter_key(meter.subscription_id, meter.line_id, meter.starts_on)
                meters[key] = meter
                paid_by.update(part.block_id for part in meter.parts if part.credits)
            paid_by -= self.facts[customer_id].blocks.keys()
        self._bring_back(exhausted_blocks(self.session, paid_by - {""}))

    def load_revived_blocks(self, customer_ids: Sequence[str]) -> None:
        """Load blocks that were used up and that facts of others have given credits back to."""
        self._bring_back(revived_blocks(self.session, customer_ids))

    def _bring_back(self, found: Iterable[tuple[PlanBlock, Decimal]]) -> None:
        for block, left in found:
            facts = self.facts[block.customer_id]
            # It was let go of after its invoice, which must not be written again.
            facts.blocks[block.block_id] = block._replace(is_invoiced_at_once=True)
            facts.left[block.block_id] = left

    def closed_at(self, customer_id: str) -> datetime:
        """Return the instant of a customer's last bill; else that of their first subscription."""
        facts = self.facts[customer_id]
        return facts.head.closed_at if facts.head else self._beginning(facts)

    def from_head(self, customer_id: str) -> Timeline | None:
        """Take up an account where it stands; None: others changed its blocks, so fold again."""
        facts = self.facts[customer_id]
        if facts.head is None or not agrees(facts.head, facts.left):
            return None
        return self._timeline(facts.head, facts)

    def from_base(self, customer_ids: Sequence[str]) -> dict[str, Timeline]:
        """Take up accounts where the last bill left them, fitted to the journal."""
        found = bases(self.session, customer_ids, END_OF_TIME, END_OF_TIME)
        timelines: dict[str, Timeline] = {}
        for customer_id in customer_ids:
            facts = self.facts[customer_id]
            account = found.get(customer_id) or fresh(customer_id, self._beginning(facts))
            timelines[customer_id] = self._timeline(account, facts)
            fit(account, facts.left)
        return timelines

    def _beginning(self, facts: Facts) -> datetime:
        zone = self.policy.time_zone
        starts = [midnight(one.starts_on, zone) for one in facts.subscriptions.values()]
        starts += [block.entered_at for block in facts.blocks.values()]
        return min(starts, default=self.now)

    def _timeline(self, account: Account, facts: Facts) -> Timeline:
        for key, meter in self._closed.get(account.customer_id, {}).items():
            account.meters.setdefault(key, deepcopy(meter))
        zone = self.policy.time_zone
        return Timeline(account, facts.subscriptions, facts.blocks, zone, facts.left)

    # -- what comes of it -------------------------------------------------------------------------

    def take(self, timeline: Timeline, acts: Iterable[Act]) -> None:
        """Take over what a fold brought about; it is posted at the end, in this order."""
        for act in acts:
            self._acts.append((act, timeline))
            if isinstance(act, PlanBlock):
                self._written.blocks.append(act)
                self.facts[act.customer_id].blocks[act.block_id] = act
            elif isinstance(act, Bill):
                self._written.bills.append(act)
            elif isinstance(act, Notice):
                self._written.notices.append(act)

    def keep_base(self, timeline: Timeline) -> None:
        """Keep the position after a bill as what later folds begin with."""
        account = self._pruned(timeline)
        self._written.bases.append(account)

    def keep_head(self, timeline: Timeline) -> None:
        """Keep where an account stands after all usage that is known."""
        tell_expected_refills(timeline.acts, timeline.account, timeline.subscriptions.values())
        self.take(timeline, timeline.acts)
        timeline.acts.clear()
        next_at = next_bill_at(timeline)
        self._written.heads.append((self._pruned(timeline, is_head=True), next_at))

    def _pruned(self, timeline: Timeline, *, is_head: bool = False) -> Account:
        """Return a copy of an account without what later folds do not need."""
        account = decode_account(encode_account(timeline.account))
        meters, ended = prune(account, timeline.subscriptions, is_base=not is_head)
        if not is_head:
            customer_id = account.customer_id
            loaded = self._closed.setdefault(customer_id, {})
            for meter in meters:
                key = meter_key(meter.subscription_id, meter.line_id, meter.starts_on)
                if loaded.get(key) != meter:
                    loaded[key] = meter
                    self._written.meters.append((customer_id, account.at, meter))
            self._written.ended.extend((block_id, account.at) for block_id in ended)
        return account

    def post(self) -> None:
        """Post everything through the core, then write where the accounts stand.

        Raises:
            SubscriptionError: The core refused a fact; the transaction must not be committed.
        """
        events: list[Event] = []
        voided = self._voided_blocks()
        for act, timeline in self._acts:
            if isinstance(act, Bill):
                events += act_events(self._without(act, voided), timeline)
            else:
                events += act_events(act, timeline)
        if events:
            self.answers = ingest_within(self.session, events, self.policy)
            for event, answer in zip(events, self.answers, strict=True):
                if answer.status == "accepted":
                    continue
                # A purchase may wait for its period; what draws a block must not, because until
                # it is posted the block would seem to have more left than it has.
                if answer.status == "held" and isinstance(event, SalesOrder | PurchaseInvoice):
                    continue
                # What has ended by other facts needs no end of its own.
                if answer.status == "refused" and isinstance(event, Expiry | BlockVoid):
                    continue
                raise SubscriptionError(
                    f"{answer.event_id} was {answer.status}: {answer.detail}; nothing of this "
                    "run was kept"
                )
            self._pay_out([event for event in events if isinstance(event, BlockVoid)])
        write(self.session, self._unique(), self.now)

    def _pay_out(self, voids: list[BlockVoid]) -> None:
        """Pay out what the customer had paid of remainders that are refunded."""
        if not voids:
            return
        ids = array_literal(event.block_id for event in voids)
        owed = {block_id for (block_id,) in self.session.run("blocks_in_credit", {"ids": ids})}
        refunds = [
            refund_event(event.block_id, event.effective_at, event.posted_on)
            for event in voids
            if event.block_id in owed
        ]
        if refunds:
            self.answers += ingest_within(self.session, refunds, self.policy)

    def _unique(self) -> Written:
        """Return what is written, with the last word on each block."""
        written = self._written
        notices = {one.notice_id: one for one in written.notices}
        return written._replace(
            ended=list(dict(reversed(written.ended)).items()),
            notices=list(notices.values()),
        )

    def _voided_blocks(self) -> set[str]:
        bills = [act for act, _timeline in self._acts if isinstance(act, Bill)]
        ids = {part.block_id for bill in bills for part in bill.credits if part.block_id}
        ids |= {block.block_id for bill in bills for block in bill.refills}
        if not ids:
            return set()
        rows = self.session.run("block_states", {"ids": array_literal(ids)})
        return {block_id for block_id, state in rows if state == "voided"}

    def _without(self, bill: Bill, voided: set[str]) -> Bill:
        """Leave out blocks that were voided: nothing can be restored to those, or be invoiced."""
        for part in bill.credits:
            if part.block_id in voided:
                notice_id = f"credit_not_restored:{bill.invoice_id}:{part.line_id}"
                self._written.notices.append(
                    Notice(
                        notice_id, NoticeKind.CREDIT_NOT_RESTORED, bill.customer_id,
                        bill.subscription_id, part.line_id, bill.at,
                        f"{part.credits} credits of {part.invoice_id} {part.line_id} belong to "
                        f"block {part.block_id}, which was voided; credit the customer outside it",
                    )
                )  # fmt: skip
        kept = tuple(part for part in bill.credits if part.block_id not in voided)
        refills = tuple(block for block in bill.refills if block.block_id not in voided)
        return bill._replace(credits=kept, refills=refills)
