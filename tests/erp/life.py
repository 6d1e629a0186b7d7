"""A block's life as intents, what delivers and spoils it, and what is read of it afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx2

from drawdown.core.accounts import Role
from drawdown.core.plan import Operation, RecordIntent
from tests.erp.conftest import (
    Books,
    application,
    credit_memo,
    customer,
    deposit,
    journal,
    order,
    payment,
    purchase,
    usage,
)

BLOCKS = [("B1", 10_000), ("B2", 5000)]
RELEASE = ("prepaid_credits_liability", "prepayment_clearing")
LIFE: tuple[RecordIntent, ...] = (
    customer(),
    order(BLOCKS),
    purchase(BLOCKS[:1]),
    deposit(),
    journal("dd_je_p3", 10_000, "prepayment_clearing", "undeposited_funds"),
    journal("dd_je_p4", 10_000, "deferred_revenue_prepaid", "prepaid_credits_liability"),
    usage([("B1", "input_tokens", 3000), ("B1", "output_tokens", 1000)]),
    application(4000),
    journal("dd_je_d3", 4000, *RELEASE),
    application(2500, operation=Operation.SET_AMOUNT),
    credit_memo([("B1", "input_tokens", 1500)], "dd_inv_u1", 1500),
    payment(10_000, "dd_inv_p1"),
)
"""A block's life, with every record and every operation but deletion."""
CREATIONS = tuple(one for one in LIFE if one.operation is Operation.CREATE)


def deliver(books: Books, *intents: RecordIntent) -> None:
    for one in intents:
        books.netsuite.deliver(one)


def before(one: RecordIntent) -> tuple[RecordIntent, ...]:
    return LIFE[: LIFE.index(one)]


def name(value: object) -> str:
    return value.external_id if isinstance(value, RecordIntent) else ""


def is_write(request: httpx2.Request) -> bool:
    return (
        request.method in {"POST", "PATCH", "PUT", "DELETE"} and "/record/v1/" in request.url.path
    )


def once(fate: str, condition: Callable[[httpx2.Request], bool]) -> Callable[[Any], str]:
    """Make a plan that lets one request that fits meet its fate."""
    left = [fate]

    def plan(request: httpx2.Request) -> str:
        return left.pop() if left and condition(request) else ""

    return plan


def bought(block: str = "B1", minor: int = 10_000, **more: Any) -> tuple[RecordIntent, ...]:
    return (
        deposit(block, minor, **more),
        journal(f"dd_je_p3{block}", minor, "prepayment_clearing", "undeposited_funds", block,
                **more),
        journal(f"dd_je_p4{block}", minor, "deferred_revenue_prepaid",
                "prepaid_credits_liability", block, **more),
    )  # fmt: skip


def drawn(minor: int, invoice: str, block: str = "B1", **more: Any) -> tuple[RecordIntent, ...]:
    item = str(more.pop("item", "input_tokens"))
    return (
        usage([(block, item, minor)], invoice, **more),
        application(minor, invoice, block, **more),
        journal(f"dd_je_{block}{invoice}", minor, *RELEASE, block, **more),
    )


def balances(books: Books) -> dict[tuple[str, Role], int]:
    return {
        (one.block_id, one.role): one.amount_minor
        for one in books.netsuite.tagged_balances()
        if one.amount_minor
    }


def month_end(books: Books, *periods: str) -> None:
    for period in periods:
        books.post("/month-end", {"period": period})
