"""What a decision leads to: a posting plan, a hold, or a refusal. All are values.

A plan is written in one database transaction, entirely or not at all: movements and entries to the
journal, record intents to the outbox, new positions of blocks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import NamedTuple

from drawdown.core.accounts import Account
from drawdown.core.block import Block, Step
from drawdown.core.events import LineKind
from drawdown.core.rules import Record


class Movement(NamedTuple):
    """One step of one block: a row of the block's own ledger.

    Attributes:
        sequence: 1, 2, 3 ... within the block.
        document_id: The billing source's id of the invoice, order, memo or payment concerned.
        credits: Change of used credits; negative where a reversal restores them.
        amount_minor: Money of the step; for used money negative where a reversal restores it.
        reverses: Sequence of the movement that this one unwinds; 0: none.
        ordinal: Place of the movement within its event, from 0; drawing order.
    """

    block_id: str
    sequence: int
    step: Step
    event_id: str
    document_id: str
    line_id: str
    item_id: str
    credits: Decimal
    amount_minor: int
    reverses: int
    occurred_at: datetime
    ordinal: int


class Entry(NamedTuple):
    """One debit and one credit of one positive amount, of one movement.

    Attributes:
        code: Row of the rules table (P1 ...) or of its mirror (R1, V1 ...).
        record: External id of the ERP record that carries it; for observed recognition the
            ERP's own number.
    """

    block_id: str
    sequence: int
    code: str
    debit: Account
    credit: Account
    amount_minor: int
    currency: str
    posted_on: date
    record: str
    item_id: str


class Operation(StrEnum):
    """What is to be done to a record in the ERP."""

    CREATE = "create"
    UPSERT = "upsert"  # master data only: a posting is never PUT
    SET_AMOUNT = "set_amount"  # an application or deposit shrinks to `amount_minor`
    DELETE = "delete"


class IntentLine(NamedTuple):
    """One line of a record: an item line of an invoice, or a debit/credit pair of a journal.

    Attributes:
        item: Billing item id, or one of the names in `PREPAID_ITEM` and `BREAKAGE_ITEM`.
        debit: Role name, journals only.
        kind: What an item line is for.
        order_block: The line bills this block of the sales order.
    """

    amount_minor: int
    block_id: str = ""
    item: str = ""
    credits: Decimal | None = None
    line_id: str = ""
    debit: str = ""
    credit: str = ""
    kind: LineKind = LineKind.USAGE


PREPAID_ITEM = "@prepaid"
BREAKAGE_ITEM = "@breakage"


@dataclass(frozen=True, slots=True)
class RecordIntent:
    """One native ERP record that we want to exist, changed or be gone.

    Other records are named by external id only; internal ids never enter a plan.

    Attributes:
        lanes: What it is ordered by: block ids, else the customer; records that share a lane
            reach the ERP in the order they were decided.
        fact_on: Date of the fact; differs from `posted_on` when its period was closed.
        amount_minor: The record's total (CREATE) or new total (SET_AMOUNT).
        source: External id of the record it is made from: order of an invoice, deposit of an
            application.
        target: External id of the invoice it is applied to; empty: none.
        applied_minor: How much of it is applied to `target`.
        targets: Where it is applied to several invoices: external id and amount of each; `target`
            is empty then.
        is_summarised: A drawdown's record that may be one with others of its block and period
            (policy *journals*).
        is_clearing_deposit: The deposit is debited to the clearing account.
        is_paid_out: The refund leaves the bank; otherwise it goes to the clearing account.
    """

    record: Record
    operation: Operation
    external_id: str
    lanes: tuple[str, ...]
    customer: str
    event_id: str
    memo: str
    posted_on: date | None = None
    fact_on: date | None = None
    currency: str = ""
    exchange_rate: Decimal = Decimal(1)
    amount_minor: int = 0
    lines: tuple[IntentLine, ...] = ()
    source: str = ""
    target: str = ""
    applied_minor: int = 0
    targets: tuple[tuple[str, int], ...] = ()
    is_summarised: bool = False
    block_id: str = ""
    kind: str = ""
    initial_minor: int = 0
    expires_on: date | None = None
    is_clearing_deposit: bool = False
    is_paid_out: bool = False
    name: str = ""

    @property
    def applications(self) -> tuple[tuple[str, int], ...]:
        """What is applied to which invoice: external id and amount, none of them zero."""
        one = ((self.target, self.applied_minor),) if self.target else ()
        return tuple((name, minor) for name, minor in self.targets or one if minor)


class DocumentKind(StrEnum):
    """What a document of the billing source is to us."""

    ORDER = "order"
    PURCHASE = "purchase"
    USAGE = "usage"
    EXPIRATION = "expiration"
    CREDIT_MEMO = "credit_memo"
    PAYMENT = "payment"
    REFUND = "refund"


_OWN_NUMBERS = (
    DocumentKind.ORDER,
    DocumentKind.CREDIT_MEMO,
    DocumentKind.PAYMENT,
    DocumentKind.REFUND,
)


def document_key(kind: DocumentKind, number: str) -> str:
    """Return the key of a document by its number at the billing source.

    Orders, credit memos and payments are numbered apart from invoices, so order 1001 and invoice
    1001 are two documents.
    """
    return f"{kind.value}:{number}" if kind in _OWN_NUMBERS else number


class DocumentLine(NamedTuple):
    """A line, or the part of it, that no block paid: an ordinary receivable.

    Attributes:
        open_minor: Not credited yet.
        credits: Credits of the undrawn part, None where the line has none.
        open_credits: Of those, not credited yet.
    """

    line_id: str
    item_id: str
    kind: LineKind
    amount_minor: int
    open_minor: int
    credits: Decimal | None = None
    open_credits: Decimal | None = None


class Document(NamedTuple):
    """A document we know of: once posted, it is not posted again under another event.

    Attributes:
        document_id: Its `document_key`.
        record: External id in the ERP of the invoice that carries the ordinary lines.
        lines: Ordinary lines only (tax, shipping, pay as you go).
        due_minor: What is still to be paid of the ordinary lines.
    """

    document_id: str
    kind: DocumentKind
    customer_id: str
    currency: str
    exchange_rate: Decimal
    record: str
    event_id: str
    posted_on: date
    block_ids: tuple[str, ...]
    lines: tuple[DocumentLine, ...] = ()
    due_minor: int = 0

    @property
    def number(self) -> str:
        """Its number at the billing source."""
        own = self.kind in _OWN_NUMBERS
        return self.document_id.removeprefix(f"{self.kind.value}:") if own else self.document_id


class Customer(NamedTuple):
    """A customer we know of; `record` is its external id in the ERP."""

    customer_id: str
    name: str
    currency: str
    record: str


@dataclass(slots=True)
class PostingPlan:
    """Everything one accepted event leads to, in posting order.

    Attributes:
        provides: Keys of facts that are now known; events held for one of them go on.
    """

    blocks: dict[str, Block] = field(default_factory=dict)
    movements: list[Movement] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    intents: list[RecordIntent] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    provides: list[str] = field(default_factory=list)


class Hold(NamedTuple):
    """The event waits for a missing fact and goes on by itself when that arrives.

    Attributes:
        waiting_for: Key such as ``block:B1``, ``customer:C1``, ``invoice:U1``, ``order:S1``.
    """

    waiting_for: str
    detail: str


class Reason(IntEnum):
    """Why an event was refused; the order is the order of precedence."""

    DUPLICATE_DOCUMENT = 1
    DUPLICATE_BLOCK = 2
    WRONG_CUSTOMER = 3
    WRONG_CURRENCY = 4
    WRONG_ITEM = 5
    EXPIRY_IN_THE_PAST = 6
    BLOCK_CLOSED = 7
    NOT_EFFECTIVE = 8
    BLOCK_IN_USE = 9
    UNKNOWN_LINE = 10
    OVERDRAWN = 11
    MORE_THAN_CREDITED = 12
    OVERPAID = 13
    MISSING_RATE = 14
    UNKNOWN_ACCOUNT = 15
    AMOUNT_TOO_LARGE = 16
    NOTHING_TO_DO = 17


class Rejection(NamedTuple):
    """The event was refused by a rule; nothing was posted.

    Attributes:
        detail: What happened, on which block, and what to do, in words.
    """

    reason: Reason
    detail: str
    block_id: str = ""


def foremost(problems: Iterable[Rejection]) -> Rejection | None:
    """Return the refusal that takes precedence, the first among equals; None if there is none."""
    return min(problems, key=lambda problem: problem.reason, default=None)


Outcome = PostingPlan | Hold | Rejection
