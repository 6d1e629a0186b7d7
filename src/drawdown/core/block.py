"""The credit block and its states. Everything that affects the life cycle is in this file.

*Exhausted* is not a state: a block with nothing remaining is still open, because a credit memo may
restore it. What can be computed is not stored.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from drawdown.core.events import BlockKind
from drawdown.core.money import ZERO, minus


class State(StrEnum):
    """Where a block is in its life."""

    NEW = "new"  #: ordered; its deposit does not exist yet
    OPEN = "open"  #: can be drawn
    EXPIRED = "expired"  #: the remainder became breakage
    VOIDED = "voided"  #: the remainder was cancelled without revenue, or handed over


class Step(StrEnum):
    """What an event does to one block."""

    ORDERED = "ordered"
    INVOICED = "invoiced"
    PURCHASED = "purchased"
    OPENED = "opened"
    PAID = "paid"
    DRAWN = "drawn"
    REVERSED = "reversed"
    REDUCED = "reduced"
    HANDED_OVER = "handed_over"
    LAPSED = "lapsed"  #: a part expired, the rest lives on
    EXPIRED = "expired"
    VOIDED = "voided"
    REFUNDED = "refunded"
    RECOGNISED = "recognised"


# fmt: off
TRANSITIONS: dict[State, dict[Step, State]] = {
    State.NEW: {
        Step.ORDERED: State.NEW, Step.INVOICED: State.NEW,
        Step.PURCHASED: State.OPEN, Step.OPENED: State.OPEN, Step.VOIDED: State.VOIDED,
    },
    State.OPEN: {
        Step.INVOICED: State.OPEN, Step.PAID: State.OPEN, Step.DRAWN: State.OPEN,
        Step.REVERSED: State.OPEN, Step.REDUCED: State.OPEN, Step.RECOGNISED: State.OPEN,
        Step.REFUNDED: State.OPEN, Step.HANDED_OVER: State.VOIDED,
        Step.LAPSED: State.OPEN, Step.EXPIRED: State.EXPIRED, Step.VOIDED: State.VOIDED,
    },
    # The next expiry run takes what a credit memo restored as breakage again.
    State.EXPIRED: {
        Step.INVOICED: State.EXPIRED, Step.PAID: State.EXPIRED, Step.RECOGNISED: State.EXPIRED,
        Step.REFUNDED: State.EXPIRED, Step.REVERSED: State.OPEN,
    },
    # Invoiced after its void: where the order is the trigger, what had been used by then is billed.
    State.VOIDED: {
        Step.INVOICED: State.VOIDED, Step.PAID: State.VOIDED, Step.RECOGNISED: State.VOIDED,
        Step.REFUNDED: State.VOIDED,
    },
}
# fmt: on


class Deposit(NamedTuple):
    """A customer deposit that holds money of a block.

    A block has one; more where a reversal into a closed period restored money by a deposit of its
    own.

    Attributes:
        record: External id.
        posted_on: Its date; nothing can be applied from it before.
        amount_minor: What it is worth.
        unapplied_minor: What of it is neither applied nor refunded.
    """

    record: str
    posted_on: date
    amount_minor: int
    unapplied_minor: int


class Block(NamedTuple):
    """A credit block: its terms and its position.

    Attributes:
        amount_minor: Money of the whole block in its currency; zero for promotional blocks.
        expires_at: First instant at which it cannot be drawn; None: never.
        item_ids: Items it may pay for; empty: any.
        exchange_rate: Base currency per unit, of the purchase.
        used_credits: Credits drawn, expired and voided so far.
        used_minor: Money drawn, expired and voided so far.
        due_minor: What the customer still owes on the block's purchase invoice; negative: the
            customer has a credit.
        cancelled_minor: The part of `used_minor` that was voided: the deposit shrank by it.
        deposits: Its customer deposits, oldest first; none before the purchase and where the
            block has no price.
        sequence: Number of movements of the block so far.
    """

    block_id: str
    customer_id: str
    order_id: str
    kind: BlockKind
    currency: str
    amount_minor: int
    credits: Decimal
    priority: int
    effective_at: datetime
    expires_at: datetime | None
    item_ids: frozenset[str]
    exchange_rate: Decimal
    state: State = State.NEW
    used_credits: Decimal = ZERO
    used_minor: int = 0
    due_minor: int = 0
    cancelled_minor: int = 0
    is_invoiced: bool = False
    deposits: tuple[Deposit, ...] = ()
    sequence: int = 0

    @property
    def remaining_minor(self) -> int:
        """Money not drawn, expired or voided."""
        return self.amount_minor - self.used_minor

    @property
    def remaining_credits(self) -> Decimal:
        """Credits not drawn, expired or voided."""
        return minus(self.credits, self.used_credits)

    @property
    def open_minor(self) -> int:
        """What the deposit of the block must still hold: nothing before the purchase."""
        return self.remaining_minor if self.state is State.OPEN else 0

    @property
    def is_exhausted(self) -> bool:
        """Whether nothing remains, neither credits nor money.

        Of blocks whose credits are worth less than their last decimal, money can be left alone.
        """
        return self.used_credits >= self.credits and self.used_minor >= self.amount_minor

    def is_usable(self, at: datetime, item_id: str) -> bool:
        """Whether the block can pay for this item at this instant."""
        return (
            self.state is State.OPEN
            and self.effective_at <= at
            and (self.expires_at is None or at < self.expires_at)
            and (not self.item_ids or item_id in self.item_ids)
            and not self.is_exhausted
        )
