"""A tenant's accounting choices. The first member of each enum is the default.

A policy decides how new facts are posted. A reversal never reads it: it mirrors what was recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum


class DrawdownDocument(StrEnum):
    """Which invoice a block is applied to."""

    USAGE_INVOICE = "usage_invoice"  # the usage invoice itself is drawn (Ampersand)
    STANDALONE = "standalone"  # a drawdown invoice beside the subscription invoice (Orb)


class PurchaseTrigger(StrEnum):
    """Which fact posts the deposit and its journals."""

    INVOICE = "invoice"
    SALES_ORDER = "sales_order"


class PrepaidItem(StrEnum):
    """How the prepaid credit item reaches the prepaid credits liability."""

    DEFERRED = "deferred"  # to deferred revenue, then our transfer journal (P4)
    DIRECT = "direct"  # Direct Revenue Posting straight to the liability, no P4
    RECOGNISED = "recognised"  # to deferred revenue; ARM itself recognises into the liability


class DepositAccount(StrEnum):
    """Which account the customer deposit is debited to."""

    UNDEPOSITED_FUNDS = "undeposited_funds"  # then our clearing journal (P3)
    CLEARING = "clearing"  # straight to the clearing account, no P3


class Documents(StrEnum):
    """Who writes orders, invoices, credit memos and payments in the ERP."""

    OURS = "ours"  # the automation does, from what billing sends
    IN_NETSUITE = "in_netsuite"  # they are there already and are observed by their block ids


class Journals(StrEnum):
    """How many records the drawdowns of a block become; the postings are the same."""

    PER_DOCUMENT = "per_document"
    PER_DAY = "per_day"
    PER_MONTH = "per_month"


class Overdraw(StrEnum):
    """What happens to usage beyond what is left."""

    REFUSE = "refuse"
    DRAW_REMAINING = "draw_remaining"  # the rest stays an ordinary receivable (pay as you go)


class ClosedPeriod(StrEnum):
    """What happens to a fact dated in a period that is closed."""

    FIRST_OPEN_DAY = "first_open_day"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Policy:
    """All choices of one tenant.

    Attributes:
        drawdown_order: Names of keys of `allocation.DRAWDOWN_ORDER`, the first decides first.
        time_zone: Zone in which an instant becomes a posting date.
        books_open_from: First day on which the ERP still takes postings; None if unknown or all.
    """

    drawdown_document: DrawdownDocument = DrawdownDocument.USAGE_INVOICE
    purchase_trigger: PurchaseTrigger = PurchaseTrigger.INVOICE
    prepaid_item: PrepaidItem = PrepaidItem.DEFERRED
    deposit_account: DepositAccount = DepositAccount.UNDEPOSITED_FUNDS
    journals: Journals = Journals.PER_DOCUMENT
    documents: Documents = Documents.OURS
    overdraw: Overdraw = Overdraw.REFUSE
    closed_period: ClosedPeriod = ClosedPeriod.FIRST_OPEN_DAY
    drawdown_order: tuple[str, ...] = (
        "priority",
        "soonest_expiry",
        "lowest_cost_basis",
        "earliest_effective",
        "block_id",
    )
    time_zone: tzinfo = UTC
    books_open_from: date | None = None

    def is_closed(self, on: date) -> bool:
        """Whether the ERP takes no postings (any more) on that day."""
        return self.books_open_from is not None and on < self.books_open_from

    def posting_date(self, on: date) -> date | None:
        """Return the day on which a fact of that date is posted, or None if it must be held."""
        if not self.is_closed(on):
            return on
        if self.closed_period is ClosedPeriod.HOLD:
            return None
        return self.books_open_from

    def last_day(self, ends_at: datetime) -> date:
        """Return the last calendar day before an instant, in the posting time zone.

        A block that expires at midnight expired on the day before, so that breakage of
        31 December stays in December.
        """
        try:
            local = ends_at.astimezone(self.time_zone)
        except OverflowError:  # the last day of the calendar stands for "never" in some sources
            local = ends_at
        return (local - timedelta(microseconds=1)).date()
