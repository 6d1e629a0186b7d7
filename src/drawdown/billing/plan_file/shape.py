"""The shape of a plan file: its tables and keys, as docs/plans.md describes them."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from drawdown.core.events import BlockKind
from drawdown.core.rating.price import Model
from drawdown.core.subscription.plan import (
    Anchor,
    Apply,
    EndOfTerm,
    Frequency,
    InvoiceDay,
    RefillInvoice,
)


class TierTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One tier of ``tiers``."""

    rate: Decimal
    up_to: Decimal | None = None
    flat: Decimal = Decimal(0)


class ThresholdTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One of ``thresholds``: exactly one of its keys."""

    balance: Decimal | None = None
    share: str | None = None
    days: int | None = None


class RolloverTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The table ``[prepay.rollover]``."""

    share: str = "100%"
    cap: Decimal | None = None
    periods: int = 1
    validity: str | None = None
    apply: Apply = Apply.FIRST


class PrepayTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A table ``[[prepay]]``."""

    id: str
    charge: Frequency
    amount: Decimal
    price: Decimal | None = None
    minimum_balance: Decimal = Decimal(0)
    refill_amount: Decimal | None = None
    refill_price: Decimal | None = None
    refills_per_period: int = 0
    refill_invoice: RefillInvoice = RefillInvoice.AT_ONCE
    validity: str | None = None
    every: str | None = None
    kind: BlockKind = BlockKind.PURCHASED
    priority: int = 0
    shared: bool = False
    items: tuple[str, ...] = ()
    thresholds: tuple[ThresholdTable, ...] = ()
    rollover: RolloverTable | None = None


class UsageTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A table ``[[usage]]``."""

    id: str
    item: str
    measure: str = "unit"
    model: Model = Model.PER_UNIT
    rate: Decimal | None = None
    tiers: tuple[TierTable, ...] = ()
    package: Decimal | None = None
    free: Decimal = Decimal(0)
    draws: tuple[str, ...] = ()
    overage_rate: Decimal | None = None


class PlanTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The keys above the first table."""

    id: str
    currency: str
    name: str = ""
    unit: str | None = None
    term: str | None = None
    billing: Anchor = Anchor.ANNIVERSARY
    invoice_date: InvoiceDay = InvoiceDay.LAST_DAY
    end_of_term: EndOfTerm = EndOfTerm.RECOGNISE
    renew: bool = False
    carry_over: bool = False
    drawdown_order: tuple[str, ...] | None = None
    warn_days: int = 0
