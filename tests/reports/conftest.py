"""A few lives of blocks, decided by the core, for every report to show."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from drawdown.core.accounts import Observed, Role
from drawdown.core.decide import Known, decide, expiry_of
from drawdown.core.events import (
    BlockKind,
    BlockTerms,
    BlockVoid,
    CreditLine,
    CreditMemo,
    CustomerChanged,
    Event,
    InvoiceLine,
    LineKind,
    Payment,
    PurchaseInvoice,
    Recognition,
    SalesOrder,
    UsageInvoice,
)
from drawdown.core.plan import Entry, Movement, PostingPlan
from drawdown.core.policy import Policy
from drawdown.reports.journal import Life

ODD = 'B"1; {a},\\ 50%\n= é 積\u2028 '
"""A block id with everything that other programs' files trip over."""


def at(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 12, tzinfo=UTC)


def order(name: str, currency: str, *blocks: tuple[str, BlockKind, int, int]) -> list[Event]:
    terms = tuple(
        BlockTerms(block_id, kind, amount, Decimal(credits_), 1, at(1, 1), at(3, 31), ())
        for block_id, kind, amount, credits_ in blocks
    )
    return [
        CustomerChanged(f"c-{name}", at(1, 1), f"C-{name}", name, currency),
        SalesOrder(
            f"o-{name}", at(1, 1), date(2026, 1, 1), f"S-{name}", f"C-{name}", currency,
            Decimal(1), terms,
        ),
        PurchaseInvoice(
            f"p-{name}", at(1, 2), date(2026, 1, 2), f"P-{name}", f"S-{name}", (), ()
        ),
    ]  # fmt: skip


def usage(name: str, currency: str, month: int, block_id: str, credits_: int) -> Event:
    line = InvoiceLine("1", "tokens", LineKind.USAGE, Decimal(credits_), None, block_id)
    return UsageInvoice(
        f"u-{name}-{month}", at(month, 28), date(2026, month, 28), f"U-{name}-{month}",
        f"C-{name}", currency, None, (line,),
    )  # fmt: skip


def recognised(block_id: str, item: str, amount: int, name: str) -> Event:
    is_usage = item == "tokens"
    return Recognition(
        f"r-{block_id}-{name}", at(3, 31), date(2026, 3, 31), block_id, item, amount,
        Role.DEFERRED_REVENUE_USAGE if is_usage else Role.DEFERRED_REVENUE_BREAKAGE,
        Observed.REVENUE_USAGE if is_usage else Observed.REVENUE_BREAKAGE,
        f"ARM{name}",
    )  # fmt: skip


@pytest.fixture(scope="session")
def lives() -> dict[str, Life]:
    """Return an odd block that has ended, an open one, a voided one, one without a price."""
    purchased, promotional = BlockKind.PURCHASED, BlockKind.PROMOTIONAL
    memo = CreditLine("1", "", Decimal(100), None)
    known, policy = Known("t"), Policy()
    movements: dict[str, list[Movement]] = defaultdict(list)
    entries: dict[str, list[Entry]] = defaultdict(list)

    def take(event: Event) -> None:
        plan = decide(event, known, policy)
        assert isinstance(plan, PostingPlan), plan
        known.remember(plan)
        for movement in plan.movements:
            movements[movement.block_id].append(movement)
        for entry in plan.entries:
            entries[entry.block_id].append(entry)

    story: list[Event] = [
        *order("a", "USD", (ODD, purchased, 100_000, 1000), ("gift", promotional, 0, 10)),
        Payment("pay-a", at(1, 20), date(2026, 1, 20), "PAY-a", "P-a", None),
        usage("a", "USD", 1, ODD, 333),
        CreditMemo("cm-a", at(2, 1), date(2026, 2, 1), "CM-a", "U-a-1", (memo,)),
        usage("a", "USD", 2, "gift", 4),
        *order("j", "JPY", ("open", purchased, 5000, 300)),
        usage("j", "JPY", 1, "open", 7),
        *order("k", "KWD", ("void", purchased, 1_234_567, 12)),
        BlockVoid("v-k", at(2, 2), date(2026, 2, 2), "void", "not paid"),
    ]
    for event in story:
        take(event)
    for block_id in (ODD, "gift"):
        take(expiry_of(known.blocks[block_id]))
    take(recognised(ODD, "tokens", 23_300, "1"))
    take(recognised(ODD, "@breakage", 76_700, "2"))
    return {
        block_id: Life(block, movements[block_id], entries[block_id])
        for block_id, block in known.blocks.items()
    }


@pytest.fixture(scope="session")
def odd(lives: dict[str, Life]) -> Life:
    return lives[ODD]
