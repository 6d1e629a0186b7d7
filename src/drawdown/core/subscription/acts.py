"""What the timeline brings about: values that become billing facts and notices."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from drawdown.core.events import BlockKind


class Origin(StrEnum):
    """Why a block was bought or granted."""

    PREPAY = "prepay"  #: at the beginning of a term
    RECURRING = "recurring"
    REFILL = "refill"
    TOP_UP = "top_up"
    GRANT = "grant"
    MOVED = "moved"


class PlanBlock(NamedTuple):
    """A block that subscriptions manage: terms that never change once it is bought.

    Attributes:
        subscription_id: Whose line it fills.
        line_id: Prepay line it fills; empty: a grant to the customer as a whole.
        number: Of the line's blocks of this origin, from 1.
        unit: What its credits are; the currency's code for money.
        effective_at: First instant at which it can be drawn.
        expires_at: First instant at which it cannot; None: the term decides.
        entered_at: Instant from which it counts: a refill's is that of the usage that needed it.
        rolls_at: Instants at which what is left may roll over, ascending.
        is_invoiced_at_once: Otherwise it is invoiced with the next bill of its subscription.
        is_shared: Other subscriptions of the customer may draw it.
    """

    block_id: str
    customer_id: str
    subscription_id: str
    line_id: str
    origin: Origin
    number: int
    kind: BlockKind
    currency: str
    unit: str
    amount_minor: int
    credits: Decimal
    priority: int
    effective_at: datetime
    expires_at: datetime | None
    item_ids: tuple[str, ...]
    exchange_rate: Decimal
    entered_at: datetime
    rolls_at: tuple[datetime, ...] = ()
    is_invoiced_at_once: bool = True
    is_shared: bool = False


class EndKind(StrEnum):
    """How a remainder ends."""

    EXPIRE = "expire"
    CANCEL = "cancel"


class Ending(NamedTuple):
    """A remainder, or a part of one, that has ended.

    Attributes:
        credits: The part; None: all that is left once the usage before has been billed.
        number: Of the customer's endings, from 1; 0 while it waits for a bill.
    """

    block_id: str
    kind: EndKind
    credits: Decimal | None
    at: datetime
    number: int = 0


class NoticeKind(StrEnum):
    """What is told to people or to another system."""

    BALANCE_BELOW = "balance_below"
    SHARE_BELOW = "share_below"
    EXPIRES_SOON = "expires_soon"
    REFILL_EXPECTED = "refill_expected"
    REFILLED = "refilled"
    REFILLS_EXHAUSTED = "refills_exhausted"
    OVERAGE = "overage"
    ROLLED_OVER = "rolled_over"
    TERM_ENDED = "term_ended"
    CREDIT_NOT_RESTORED = "credit_not_restored"


class Notice(NamedTuple):
    """Something worth telling, once: the same cause has the same id."""

    notice_id: str
    kind: NoticeKind
    customer_id: str
    subscription_id: str
    line_id: str
    at: datetime
    text: str


class BillLine(NamedTuple):
    """A line of a bill: what one block pays of one usage line and period, or what none pays.

    Attributes:
        block_id: Empty: pay as you go.
        overage_minor: Money of pay as you go; zero where a block pays.
        used_at: Instant of the last usage in it.
        quantity: Of the usage line in all since the bill before; on its first line only.
    """

    line_id: str
    usage_line: str
    item: str
    period_on: date
    block_id: str
    credits: Decimal
    overage_minor: int
    used_at: datetime
    quantity: Decimal


class CreditPart(NamedTuple):
    """What is given back of one line of an earlier bill."""

    invoice_id: str
    line_id: str
    block_id: str
    credits: Decimal
    amount_minor: int


class Bill(NamedTuple):
    """What one bill run bills of one subscription: at most one invoice, and credit memos.

    Attributes:
        number: Of the subscription's bills, from 1.
        starts_on: First day of the period it closes.
        at: First instant after the period.
        refills: Blocks that are invoiced with it.
    """

    subscription_id: str
    customer_id: str
    number: int
    starts_on: date
    at: datetime
    posted_on: date
    currency: str
    lines: tuple[BillLine, ...]
    credits: tuple[CreditPart, ...]
    refills: tuple[PlanBlock, ...]

    @property
    def invoice_id(self) -> str:
        """Number of the invoice."""
        return f"{self.subscription_id}-{self.number}"


Act = PlanBlock | Bill | Ending | Notice
