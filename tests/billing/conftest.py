"""One good fact of each type, and a way to change one thing in it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

Fact = dict[str, Any]
GONE = "<gone>"

GOOD: dict[str, Fact] = {
    "customer": {
        "type": "customer", "event_id": "e1", "at": "2026-01-01T00:00:00Z", "customer_id": "c1",
        "name": "Acme", "currency": "USD",
    },
    "order": {
        "type": "sales_order", "event_id": "e1", "order_id": "o1", "customer_id": "c1",
        "currency": "USD", "date": "2026-01-01",
        "blocks": [{"block_id": "b1", "kind": "purchased", "amount": "10.00", "credits": "100"}],
    },
    "yen": {
        "type": "sales_order", "event_id": "e1", "order_id": "o1", "customer_id": "c1",
        "currency": "JPY", "date": "2026-01-01",
        "blocks": [{"block_id": "b1", "kind": "purchased", "amount": "10", "credits": "100"}],
    },
    "purchase": {
        "type": "purchase_invoice", "event_id": "e1", "invoice_id": "i1", "order_id": "o1",
        "date": "2026-01-01", "currency": "USD",
        "lines": [{"line_id": "1", "item": "vat", "kind": "tax", "amount": "1.00"}],
    },
    "usage": {
        "type": "usage_invoice", "event_id": "e1", "invoice_id": "i1", "customer_id": "c1",
        "currency": "USD", "date": "2026-01-31",
        "lines": [{"line_id": "1", "item": "tokens", "credits": "5", "block_id": "b1"}],
    },
    "memo": {
        "type": "credit_memo", "event_id": "e1", "credit_memo_id": "m1", "invoice_id": "i1",
        "date": "2026-02-01", "currency": "USD", "lines": [{"line_id": "1", "amount": "5.00"}],
    },
    "payment": {
        "type": "payment", "event_id": "e1", "payment_id": "p1", "invoice_id": "i1",
        "date": "2026-02-01", "amount": "5.00", "currency": "USD",
    },
    "refund": {
        "type": "refund", "event_id": "e1", "refund_id": "r1", "invoice_id": "i1",
        "date": "2026-02-01", "amount": "5.00", "currency": "USD",
    },
    "invoice_void": {
        "type": "invoice_void", "event_id": "e1", "invoice_id": "i1", "date": "2026-02-01",
    },
    "block_void": {
        "type": "block_void", "event_id": "e1", "block_id": "b1", "date": "2026-02-01",
    },
    "clock": {"type": "clock", "event_id": "e1", "at": "2026-01-01T00:00:00Z"},
}  # fmt: skip


@pytest.fixture
def good() -> dict[str, Fact]:
    return copy.deepcopy(GOOD)


@pytest.fixture
def change() -> Callable[[str, str, object], Fact]:
    return changed


def changed(name: str, path: str, value: object) -> Fact:
    """Return a good fact with one field changed, added or (GONE) removed; * adds to a list."""
    fact = copy.deepcopy(GOOD[name])
    *parents, last = path.split("/")
    place: Any = fact
    for step in parents:
        place = place[int(step) if step.isdigit() else step]
    if value == GONE:
        del place[last]
    elif last == "*":
        place.append(value)
    else:
        place[int(last) if last.isdigit() else last] = value
    return fact
