"""The native format as it stands on the wire: one struct for each type of event.

These structs are the one description of the format's shape: the decoders check against them, the
encoder writes them and the published JSON Schema is generated from them. What a shape cannot say
(decimals of a currency, fields that exclude each other) is checked in `convert`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, get_args

import msgspec
from msgspec import Meta

from drawdown.core.events import BlockKind, LineKind
from drawdown.core.iso4217 import EXPONENTS

LIST_LENGTH_MAX = 10_000
"""Most blocks or lines of one event."""
ID_LENGTH_MAX = NAME_LENGTH_MAX = 200
REASON_LENGTH_MAX = 1_000
DECIMAL_LENGTH_MAX = 40
INTEGER_MAX = 10**18
PRIORITY_MAX = 1_000_000

ID_PATTERN = r"^(?!drawdown:| )[^\x00-\x1f\x7f-\x9f]*(?<! )\Z"
ITEM_PATTERN = r"^(?!drawdown:|@| )[^\x00-\x1f\x7f-\x9f]*(?<! )\Z"
NAME_PATTERN = r"^[^\x00-\x1f\x7f-\x9f]*\Z"
REASON_PATTERN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*\Z"
AMOUNT_PATTERN = r"^(0|[1-9][0-9]*)(\.[0-9]+)?\Z"
POSITIVE_PATTERN = r"^([1-9][0-9]*(\.[0-9]+)?|0\.0*[1-9][0-9]*)\Z"

# Look-around is not part of every JSON Schema validator's regular expressions.
PORTABLE_PATTERNS: dict[str, dict[str, Any]] = {
    ID_PATTERN: {"not": {"pattern": r"^drawdown:|[\x00-\x1f\x7f-\x9f]|^ | $"}},
    ITEM_PATTERN: {"not": {"pattern": r"^drawdown:|^@|[\x00-\x1f\x7f-\x9f]|^ | $"}},
    NAME_PATTERN: {"not": {"pattern": r"[\x00-\x1f\x7f-\x9f]"}},
    REASON_PATTERN: {"not": {"pattern": r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"}},
    AMOUNT_PATTERN: {"pattern": r"^(0|[1-9][0-9]*)(\.[0-9]+)?$"},
    POSITIVE_PATTERN: {"pattern": r"^([1-9][0-9]*(\.[0-9]+)?|0\.0*[1-9][0-9]*)$"},
}

Id = Annotated[
    str,
    Meta(
        title="Id",
        description="An id of the billing platform, taken over unchanged. No control characters, "
        "no space at either end; the prefix drawdown: is reserved.",
        min_length=1,
        max_length=ID_LENGTH_MAX,
        pattern=ID_PATTERN,
    ),
]
Item = Annotated[
    str,
    Meta(
        title="Item",
        description="The billing platform's id of what is sold; mapped to an ERP item. Like an "
        "id, and not beginning with @.",
        min_length=1,
        max_length=ID_LENGTH_MAX,
        pattern=ITEM_PATTERN,
    ),
]
Currency = Annotated[
    str,
    Meta(
        title="Currency",
        description="ISO 4217 code, three capitals.",
        extra_json_schema={"enum": sorted(EXPONENTS)},
    ),
]
Instant = Annotated[
    datetime,
    Meta(
        title="Instant",
        tz=True,
        description="RFC 3339 with an offset from UTC, such as 2026-12-31T23:59:59Z; kept to the "
        "microsecond.",
        extra_json_schema={
            "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
            r"([Zz]|[+-][0-9]{2}:?[0-9]{2})$"
        },
    ),
]
Day = Annotated[
    date,
    Meta(
        title="Day",
        description="Calendar date, such as 2026-12-31, in the tenant's posting time zone.",
        extra_json_schema={"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    ),
]
Amount = (
    Annotated[str, Meta(pattern=AMOUNT_PATTERN, max_length=DECIMAL_LENGTH_MAX)]
    | Annotated[int, Meta(ge=0, le=INTEGER_MAX)]
)
"""Money in units of the currency (never cents), not negative: a decimal string, or an integer."""
Positive = (
    Annotated[str, Meta(pattern=POSITIVE_PATTERN, max_length=DECIMAL_LENGTH_MAX)]
    | Annotated[int, Meta(ge=1, le=INTEGER_MAX)]
)
"""Credits or a rate, more than zero: a decimal string, or an integer."""


class _Wire(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """Unknown fields are refused: a field we do not know is a fact we would lose."""


def _about(description: str) -> Meta:
    return Meta(description=description)


# --- descriptions that several events share ---------------------------------------------------

EventId = Annotated[Id, _about("Id of the fact: the same id with the same content counts once.")]
At = Annotated[Instant, _about("Instant of the fact.")]
AtEnd = Annotated[Instant, _about("Instant of the fact; left out: the last of its date.")]
AtStart = Annotated[Instant, _about("Instant of the fact; left out: the first of its date.")]
On = Annotated[Day, _about("Date of the document, in the tenant's posting time zone.")]
AmountCurrency = Annotated[
    Currency, _about("Currency of the amounts, which is the invoice's; needed where one is given.")
]
Reason = Annotated[
    str,
    Meta(
        description="Why, in words. Line breaks and tabs are allowed.",
        max_length=REASON_LENGTH_MAX,
        pattern=REASON_PATTERN,
    ),
]


# --- events ------------------------------------------------------------------------------------


class Customer(_Wire, kw_only=True, tag_field="type", tag="customer"):
    """A customer, as the billing platform knows it now."""

    event_id: EventId
    at: At
    customer_id: Id
    name: Annotated[
        str,
        Meta(
            description="Name for people.",
            min_length=1,
            max_length=NAME_LENGTH_MAX,
            pattern=NAME_PATTERN,
        ),
    ]
    currency: Currency


class Block(_Wire, kw_only=True):
    """One credit block on a sales order."""

    block_id: Id
    kind: BlockKind
    amount: Annotated[
        Amount | None,
        _about(
            "Price of the whole block in units of the order's currency. Purchased blocks: more "
            "than zero; promotional blocks: zero, or left out."
        ),
    ] = None
    credits: Annotated[Positive, _about("Credits of the block; 12 decimals at most.")]
    unit_price: Annotated[
        Amount | None,
        _about("Control figure: unit_price x credits, rounded half up, must be the amount."),
    ] = None
    priority: (
        Annotated[
            int,
            Meta(
                description="The lower is drawn first; left out: 0.",
                ge=-PRIORITY_MAX,
                le=PRIORITY_MAX,
            ),
        ]
        | None
    ) = None
    effective_at: Annotated[
        Instant | None, _about("First instant of the block; left out: the order's instant.")
    ] = None
    effective_on: Annotated[
        Day | None, _about("First day of the block, in the posting time zone.")
    ] = None
    expires_at: Annotated[
        Instant | None, _about("First instant at which it cannot be drawn; left out: never.")
    ] = None
    expires_on: Annotated[
        Day | None, _about("Last day of the block, in the posting time zone.")
    ] = None
    items: (
        Annotated[
            list[Item],
            Meta(
                description="Items it may pay for; left out: any.",
                min_length=1,
                max_length=LIST_LENGTH_MAX,
            ),
        ]
        | None
    ) = None


class SalesOrder(_Wire, kw_only=True, tag_field="type", tag="sales_order"):
    """An order for any number of blocks, of any kinds."""

    event_id: EventId
    at: AtStart | None = None
    order_id: Id
    customer_id: Id
    currency: Currency
    date: On
    exchange_rate: Annotated[
        Positive | None,
        _about(
            "Base currency per unit of the order's currency; every later record of the order's "
            "blocks keeps it. Left out: 1."
        ),
    ] = None
    blocks: Annotated[list[Block], Meta(min_length=1, max_length=LIST_LENGTH_MAX)]


class OpeningBalance(_Wire, kw_only=True, tag_field="type", tag="opening_balance"):
    """What is left of prepayments that were sold and billed before, taken over as blocks."""

    event_id: EventId
    at: AtStart | None = None
    customer_id: Id
    currency: Currency
    date: On
    exchange_rate: Annotated[
        Positive | None,
        _about(
            "Base currency per unit, at which the balance stands in the books; every later record "
            "of the blocks keeps it. Left out: 1."
        ),
    ] = None
    origin: Annotated[
        str,
        Meta(
            description="What they are left of, as people name it; stands in memos.",
            min_length=1,
            max_length=100,
            pattern=NAME_PATTERN,
        ),
    ]
    blocks: Annotated[
        list[Block],
        Meta(
            description="Amount and credits are what is left.",
            min_length=1,
            max_length=LIST_LENGTH_MAX,
        ),
    ]


class OtherLine(_Wire, kw_only=True):
    """A line of a purchase invoice beside its blocks, such as tax; never drawn."""

    line_id: Id
    item: Item
    kind: Annotated[Literal["subscription", "tax", "shipping", "other"], _about("What it is for.")]
    amount: Annotated[Amount, _about("In units of the invoice's currency.")]


class PurchaseInvoice(_Wire, kw_only=True, tag_field="type", tag="purchase_invoice"):
    """The invoice of a sales order's blocks."""

    event_id: EventId
    at: AtStart | None = None
    invoice_id: Id
    order_id: Id
    date: On
    currency: AmountCurrency | None = None
    blocks: (
        Annotated[
            list[Id],
            Meta(
                description="Ids of the blocks billed; left out: all of the order not billed yet.",
                min_length=1,
                max_length=LIST_LENGTH_MAX,
                extra_json_schema={"uniqueItems": True},
            ),
        ]
        | None
    ) = None
    lines: Annotated[list[OtherLine], Meta(min_length=1, max_length=LIST_LENGTH_MAX)] | None = None


class UsageLine(_Wire, kw_only=True):
    """A line of a usage invoice. Lines of kind usage draw blocks, all others never do."""

    line_id: Id
    item: Item
    kind: Annotated[LineKind | None, _about("What it is for; left out: usage.")] = None
    credits: Annotated[
        Positive | None, _about("Credits used. A usage line gives credits or an amount.")
    ] = None
    amount: Annotated[
        Amount | None, _about("In units of the invoice's currency. Other lines always give it.")
    ] = None
    block_id: Annotated[
        Id | None, _about("The block that pays; left out: the drawdown order decides.")
    ] = None
    used_at: Annotated[Instant | None, _about("Instant of the usage; left out: the invoice's.")] = (
        None
    )
    rate: Annotated[
        Positive | None, _about("Price per credit of what no block covers (pay as you go).")
    ] = None


class UsageInvoice(_Wire, kw_only=True, tag_field="type", tag="usage_invoice"):
    """An invoice for usage, whose usage lines draw blocks."""

    event_id: EventId
    at: AtEnd | None = None
    invoice_id: Id
    customer_id: Id
    currency: Currency
    date: On
    exchange_rate: Annotated[
        Positive | None,
        _about(
            "Base currency per unit, of lines that no block pays; drawn lines keep the block's."
        ),
    ] = None
    lines: Annotated[list[UsageLine], Meta(min_length=1, max_length=LIST_LENGTH_MAX)]


class CreditedLine(_Wire, kw_only=True):
    """Part of an invoice that is credited; neither credits nor amount: all that is left of it."""

    line_id: Annotated[Id | None, _about("A line of the invoice.")] = None
    block_id: Annotated[
        Id | None, _about("A block: of a purchase invoice, or that paid for the line.")
    ] = None
    credits: Positive | None = None
    amount: Annotated[Positive | None, _about("In units of the invoice's currency.")] = None


class CreditMemo(_Wire, kw_only=True, tag_field="type", tag="credit_memo"):
    """A credit on an invoice; no lines: on all that is left of it."""

    event_id: EventId
    at: AtEnd | None = None
    credit_memo_id: Id
    invoice_id: Id
    date: On
    currency: AmountCurrency | None = None
    lines: Annotated[list[CreditedLine], Meta(min_length=1, max_length=LIST_LENGTH_MAX)] | None = (
        None
    )


class InvoiceVoid(_Wire, kw_only=True, tag_field="type", tag="invoice_void"):
    """An invoice that should not have been."""

    event_id: EventId
    at: AtEnd | None = None
    invoice_id: Id
    date: On
    reason: Reason | None = None


class BlockVoid(_Wire, kw_only=True, tag_field="type", tag="block_void"):
    """The remainder of a block is cancelled without revenue."""

    event_id: EventId
    at: AtEnd | None = None
    block_id: Id
    date: On
    reason: Reason | None = None


class Payment(_Wire, kw_only=True, tag_field="type", tag="payment"):
    """A customer's payment of an invoice."""

    event_id: EventId
    at: AtEnd | None = None
    payment_id: Id
    invoice_id: Id
    date: On
    amount: Annotated[
        Positive | None, _about("In units of the invoice's currency; left out: all that is due.")
    ] = None
    currency: AmountCurrency | None = None


class Refund(_Wire, kw_only=True, tag_field="type", tag="refund"):
    """A customer's credit on a purchase invoice is paid out."""

    event_id: EventId
    at: AtEnd | None = None
    refund_id: Id
    invoice_id: Id
    date: On
    amount: Annotated[
        Positive | None,
        _about("In units of the invoice's currency; left out: all of the credit."),
    ] = None
    currency: AmountCurrency | None = None


class Clock(_Wire, kw_only=True, tag_field="type", tag="clock"):
    """Time has come to this instant: blocks that expire by then have expired."""

    event_id: EventId
    at: At


Fact = (
    Customer
    | SalesOrder
    | OpeningBalance
    | PurchaseInvoice
    | UsageInvoice
    | CreditMemo
    | InvoiceVoid
    | BlockVoid
    | Payment
    | Refund
    | Clock
)
"""Any event of the native format, told apart by its field `type`."""

FACTS: dict[str, type[msgspec.Struct]] = {
    str(fact.__struct_config__.tag): fact for fact in get_args(Fact)
}
"""Struct by name of the event type."""

PARTS: dict[str, dict[str, type[msgspec.Struct]]] = {
    "sales_order": {"blocks": Block},
    "opening_balance": {"blocks": Block},
    "purchase_invoice": {"lines": OtherLine},
    "usage_invoice": {"lines": UsageLine},
    "credit_memo": {"lines": CreditedLine},
}
"""Structs within an event: by event type and field."""

KINDS: dict[str, tuple[str, ...]] = {
    "sales_order": tuple(BlockKind),
    "opening_balance": tuple(BlockKind),
    "usage_invoice": tuple(LineKind),
    "purchase_invoice": tuple(kind for kind in LineKind if kind is not LineKind.USAGE),
}
"""Kinds of block or line, by event type."""
