"""A prepaid subscription that the ERP runs itself (NetSuite: SuiteBilling), as read. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple, Protocol, runtime_checkable

from drawdown.core.observed import NativeCustomer
from drawdown.core.revenue_elements import Prepayment


class NativeElement(NamedTuple):
    """A revenue element as the ERP holds it."""

    quantity: Decimal
    sales_minor: int


class NativePrepayment(NamedTuple):
    """One prepaid line of a subscription, with the usage lines that draw it.

    Attributes:
        subscription: Its number, as people see it.
        status: Of the prepaid line.
        exchange_rate: Base currency per unit, of the prepayment's revenue element.
        facts: What was charged; items are the ERP's ids of subscription lines.
        names: Item name of each line.
        remaining_minor: What the ERP says is left.
        elements: By line.
        recognised: By line and last day of the period: what was recognised in it.
    """

    subscription: str
    customer: NativeCustomer
    status: str
    exchange_rate: Decimal
    facts: Prepayment
    names: Mapping[str, str]
    remaining_minor: int
    elements: Mapping[str, NativeElement]
    recognised: Mapping[tuple[str, date], int]


@runtime_checkable
class NativePrepayments(Protocol):
    """An ERP that bills prepaid subscriptions itself; only read."""

    def prepayments(self) -> Iterator[NativePrepayment]:
        """Read all prepaid lines.

        Raises:
            ErpError: They cannot be read (the feature is off, or the role may not see them).
        """
        ...
