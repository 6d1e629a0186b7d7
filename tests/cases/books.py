"""The books in memory: the real decisions without a database, checked after every event."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, time

from drawdown.core.accounts import Observed, Role
from drawdown.core.block import Block
from drawdown.core.checks import AT_END, CHECKS, has_ended, violations
from drawdown.core.decide import Known, expiry_of, is_due
from drawdown.core.decide.batch import Held, decide_in_order
from drawdown.core.events import Clock, Event, Recognition
from drawdown.core.plan import Entry, Movement, Outcome, PostingPlan, RecordIntent
from drawdown.core.policy import Policy, PrepaidItem
from drawdown.core.rules import Record


class Books:
    """One tenant's books.

    Attributes:
        outcomes: What came of each event, by event id; the latest word.
        entries: The journal, in the order of posting.
    """

    def __init__(self, policy: Policy | None = None, tenant_id: str = "t1") -> None:
        self.policy = policy or Policy()
        self.known = Known(tenant_id)
        self.held: Held = {}
        self.outcomes: dict[str, Outcome] = {}
        self.movements: list[Movement] = []
        self.entries: list[Entry] = []
        self.intents: list[RecordIntent] = []

    def take(self, event: Event) -> Outcome:
        """Decide an event and what it sets going; return its own outcome.

        Raises:
            AssertionError: An invariant does not hold afterwards.
        """
        if isinstance(event, Clock):
            return self._tick(event)
        # A database knows the blocks of every customer; here they must be asked for beforehand.
        self.known.blocks_of.setdefault(getattr(event, "customer_id", ""), [])
        touched: set[str] = set()
        for decided in decide_in_order([event], self.known, self.policy, self.held):
            self.outcomes[decided.event.event_id] = decided.outcome
            if isinstance(decided.outcome, PostingPlan):
                self.movements += decided.outcome.movements
                self.entries += decided.outcome.entries
                self.intents += decided.outcome.intents
                touched |= set(decided.outcome.blocks)
        for block_id in touched:
            assert violations(self.block(block_id), self.entries_of(block_id), CHECKS) == []
        return self.outcomes[event.event_id]

    def take_all(self, events: Iterable[Event]) -> None:
        """Take events that must all be accepted."""
        for event in events:
            outcome = self.take(event)
            assert isinstance(outcome, PostingPlan), (event, outcome)

    def _tick(self, event: Clock) -> Outcome:
        due = [b for b in self.known.blocks.values() if is_due(b, event.effective_at)]
        for block in sorted(due, key=lambda b: (str(b.expires_at), b.block_id)):
            self.take(expiry_of(block))
        self.outcomes[event.event_id] = PostingPlan()
        return self.outcomes[event.event_id]

    def block(self, block_id: str) -> Block:
        """Return a block at its present position."""
        return self.known.blocks[block_id]

    def entries_of(self, block_id: str) -> list[Entry]:
        """Return a block's entries in posting order."""
        return [entry for entry in self.entries if entry.block_id == block_id]

    def records(self) -> Counter[Record]:
        """Count the records that the automation makes, by type, master data left out."""
        return Counter(i.record for i in self.intents if i.record is not Record.CUSTOMER)

    def made(self, record: Record) -> list[RecordIntent]:
        """Return the intents for records of a type, oldest first."""
        return [intent for intent in self.intents if intent.record is record]

    def not_at_zero(self) -> list[str]:
        """Return what is wrong at the end of all blocks' lives, in words."""
        blocks = self.known.blocks.values()
        assert all(has_ended(block) for block in blocks)
        return [
            problem
            for block in blocks
            for problem in violations(block, self.entries_of(block.block_id), AT_END)
        ]


_RECOGNISED = {
    Role.DEFERRED_REVENUE_USAGE: Observed.REVENUE_USAGE,
    Role.DEFERRED_REVENUE_BREAKAGE: Observed.REVENUE_BREAKAGE,
    Role.DEFERRED_REVENUE_PREPAID: Role.PREPAID_CREDITS_LIABILITY,
}


def month_end(books: Books, last_day: date) -> list[Recognition]:
    """Recognise what is deferred, as Advanced Revenue Management does at month end.

    Each deferred account is brought to zero per block and item; what was credited back after it
    had been recognised gives a negative recognition. The prepaid item's account is recognised
    only where the policy says so.
    """
    deferred: dict[tuple[str, Role, str], int] = defaultdict(int)
    for entry in books.entries:
        for account, sign in ((entry.credit, 1), (entry.debit, -1)):
            if account in _RECOGNISED and isinstance(account, Role):
                deferred[entry.block_id, account, entry.item_id] += sign * entry.amount_minor
    if books.policy.prepaid_item is not PrepaidItem.RECOGNISED:
        deferred = {
            key: amount
            for key, amount in deferred.items()
            if key[1] is not Role.DEFERRED_REVENUE_PREPAID
        }
    return [
        Recognition(
            f"arm:{last_day}:{block_id}:{role}:{item_id}",
            datetime.combine(last_day, time(23), UTC),
            last_day,
            block_id,
            item_id,
            amount,
            role.value,
            _RECOGNISED[role].value,
            f"ARM-{last_day}-{number}",
        )
        for number, ((block_id, role, item_id), amount) in enumerate(deferred.items(), 1)
        if amount
    ]
