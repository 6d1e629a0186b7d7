"""Billing facts, one class each. A source decodes its own format into these and nothing else.

An event is immutable and carries the source's own ids. `effective_at` is when it happened at the
billing platform (UTC); `posted_on` the calendar date the fact's document bears. Amounts are whole
minor units of the event's currency, credits are decimals in normal form (`money.normal_credits`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class BlockKind(StrEnum):
    """How a customer came by a block."""

    PURCHASED = "purchased"
    ALLOCATION = "allocation"  # granted by a subscription rather than bought
    PROMOTIONAL = "promotional"  # cost basis zero


class LineKind(StrEnum):
    """What an invoice line is for; only usage is ever drawn."""

    USAGE = "usage"
    SUBSCRIPTION = "subscription"
    TAX = "tax"
    SHIPPING = "shipping"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Event:
    """What all facts have in common.

    Attributes:
        event_id: The source's id of the fact; the same id with the same content is one fact.
        effective_at: Instant of the fact, UTC.

    Documents and customers have one more field, `native`: where the record is in the ERP already,
    its `ids.native_reference`; empty: we write it.
    """

    event_id: str
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class CustomerChanged(Event):
    """A customer, as the billing platform knows it now."""

    customer_id: str
    name: str
    currency: str
    native: str = ""


@dataclass(frozen=True, slots=True)
class BlockTerms:
    """One credit block on a sales order.

    Attributes:
        amount_minor: Price of the whole block; zero for promotional blocks.
        credits: Credits of the block, positive.
        priority: The lower is drawn first.
        expires_at: First instant at which the block can no longer be drawn; None: never.
        item_ids: Items the block may pay for; empty: any.
    """

    block_id: str
    kind: BlockKind
    amount_minor: int
    credits: Decimal
    priority: int
    effective_at: datetime
    expires_at: datetime | None
    item_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SalesOrder(Event):
    """An order for any number of blocks.

    Attributes:
        exchange_rate: Base currency per unit of `currency`, kept by every later record of the
            order's blocks (a contract liability is non-monetary).
    """

    posted_on: date
    order_id: str
    customer_id: str
    currency: str
    exchange_rate: Decimal
    blocks: tuple[BlockTerms, ...]
    native: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    """One line of an invoice that is not a block's own purchase line.

    A usage line gives `credits` or `amount_minor`; every other line gives `amount_minor`.

    Attributes:
        block_id: The block that pays; empty: the drawdown order decides.
        used_at: Instant of the usage; None: the invoice's own.
        rate: Price per credit of what no block covers (pay as you go), in currency units.
        is_payable: A usage line that no block pays, with its amount: pay as you go that was rated
            already. It stays an ordinary receivable whatever blocks there are.
    """

    line_id: str
    item_id: str
    kind: LineKind
    credits: Decimal | None
    amount_minor: int | None
    block_id: str = ""
    used_at: datetime | None = None
    rate: Decimal | None = None
    is_payable: bool = False


@dataclass(frozen=True, slots=True)
class OpeningBalance(Event):
    """What is left of prepayments from before, taken over as blocks.

    Attributes:
        origin: What they are left of, such as ``SuiteBilling SUB3``.
        blocks: Their terms; `amount_minor` and `credits` are what is left.
        exchange_rate: At which the balance stands in the books.
    """

    posted_on: date
    customer_id: str
    currency: str
    exchange_rate: Decimal
    origin: str
    blocks: tuple[BlockTerms, ...]


@dataclass(frozen=True, slots=True)
class PurchaseInvoice(Event):
    """The invoice of a sales order's blocks.

    Attributes:
        block_ids: Blocks billed; empty: all of the order that are not billed yet.
        lines: Other lines of the same invoice (tax, shipping); never drawn.
        currency: Of the lines' amounts; empty: not stated. It must be the order's.
    """

    posted_on: date
    invoice_id: str
    order_id: str
    block_ids: tuple[str, ...]
    lines: tuple[InvoiceLine, ...]
    currency: str = ""
    native: str = ""


@dataclass(frozen=True, slots=True)
class UsageInvoice(Event):
    """An invoice for usage, whose usage lines draw blocks.

    Attributes:
        exchange_rate: Of lines that no block pays; what is drawn keeps its block's own rate.
            None: the rate of the first block drawn, or 1.
    """

    posted_on: date
    invoice_id: str
    customer_id: str
    currency: str
    exchange_rate: Decimal | None
    lines: tuple[InvoiceLine, ...]
    native: str = ""


@dataclass(frozen=True, slots=True)
class CreditLine:
    """Part of an invoice that is credited: a line (usage) or a block (purchase).

    Neither `credits` nor `amount_minor` given: all that is left of it.
    """

    line_id: str
    block_id: str
    credits: Decimal | None
    amount_minor: int | None


@dataclass(frozen=True, slots=True)
class CreditMemo(Event):
    """A credit on an invoice; no lines: on all that is left of it.

    Attributes:
        currency: Of the lines' amounts; empty: not stated. It must be the invoice's.
    """

    posted_on: date
    credit_memo_id: str
    invoice_id: str
    lines: tuple[CreditLine, ...]
    currency: str = ""
    native: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceVoid(Event):
    """An invoice that should not have been."""

    posted_on: date
    invoice_id: str
    reason: str
    native: str = ""


@dataclass(frozen=True, slots=True)
class BlockVoid(Event):
    """The remainder of a block is cancelled without revenue."""

    posted_on: date
    block_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Handover(Event):
    """The ERP's own billing goes on with what is left of a block (derived from a cut-over).

    Attributes:
        invoice: Native reference of its invoice for the prepayment, of what is left to the cent.
    """

    posted_on: date
    block_id: str
    amount_minor: int
    invoice: str


@dataclass(frozen=True, slots=True)
class Payment(Event):
    """A customer's payment of an invoice; `amount_minor` None: all that is due on it.

    Attributes:
        currency: Of the amount; empty: not stated. It must be the invoice's.
    """

    posted_on: date
    payment_id: str
    invoice_id: str
    amount_minor: int | None
    currency: str = ""
    native: str = ""


@dataclass(frozen=True, slots=True)
class Refund(Event):
    """A customer's credit on a purchase invoice is paid out; `amount_minor` None: all of it.

    Attributes:
        currency: Of the amount; empty: not stated. It must be the invoice's.
    """

    posted_on: date
    refund_id: str
    invoice_id: str
    amount_minor: int | None
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Clock(Event):
    """Time has come to `effective_at`: blocks that expire by then have expired."""


@dataclass(frozen=True, slots=True)
class Expiry(Event):
    """One block has expired (derived from a clock, one for each block that is due).

    Attributes:
        credits: The part that expired while the rest lives on (rollover); None: all that is left.
    """

    block_id: str
    credits: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Recognition(Event):
    """Revenue management in the ERP recognised (or took back) revenue of a block; observed.

    Attributes:
        amount_minor: In the block's currency; negative where recognition was taken back.
        deferred: Name of the role that was debited.
        credited: Name of the account credited: an observed revenue account, or the prepaid
            credits liability (policy *recognised into the liability*).
        record: The ERP's own number of the recognition journal.
    """

    posted_on: date
    block_id: str
    item_id: str
    amount_minor: int
    deferred: str
    credited: str
    record: str


@dataclass(frozen=True, slots=True)
class BaseRounding(Event):
    """What rounding left in base currency of a block that has ended; observed.

    Attributes:
        currency: The base currency.
        amount_minor: What clearing is debited with more than credited, in its minor units;
            negative: credited more.
    """

    posted_on: date
    block_id: str
    currency: str
    amount_minor: int


EVENT_TYPES: dict[str, type[Event]] = {
    "customer": CustomerChanged,
    "sales_order": SalesOrder,
    "opening_balance": OpeningBalance,
    "purchase_invoice": PurchaseInvoice,
    "usage_invoice": UsageInvoice,
    "credit_memo": CreditMemo,
    "invoice_void": InvoiceVoid,
    "block_void": BlockVoid,
    "handover": Handover,
    "payment": Payment,
    "refund": Refund,
    "clock": Clock,
    "expiry": Expiry,
    "recognition": Recognition,
    "base_rounding": BaseRounding,
}
"""Name of an event type in files, in the API and in the database."""

TYPE_NAMES: dict[type[Event], str] = {kind: name for name, kind in EVENT_TYPES.items()}
