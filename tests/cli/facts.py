"""Billing facts as lines of a file, short to write in tests."""

from __future__ import annotations

import json
from typing import Any


def customer(customer_id: str = "C1", **more: Any) -> dict[str, Any]:
    return {
        "type": "customer",
        "event_id": f"customer {customer_id}",
        "at": "2026-01-01T00:00:00Z",
        "customer_id": customer_id,
        "name": f"Customer {customer_id}",
        "currency": "USD",
        **more,
    }


def order(order_id: str, *blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "sales_order",
        "event_id": f"order {order_id}",
        "order_id": order_id,
        "customer_id": "C1",
        "currency": "USD",
        "date": "2026-01-01",
        "blocks": list(blocks),
        **more,
    }


def block(
    block_id: str, credits_: str = "100", amount: str = "80.00", **more: Any
) -> dict[str, Any]:
    return {
        "block_id": block_id,
        "kind": "purchased",
        "credits": credits_,
        "amount": amount,
        "expires_on": "2026-06-30",
        **more,
    }


def purchase(invoice_id: str, order_id: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "purchase_invoice",
        "event_id": f"purchase {invoice_id}",
        "invoice_id": invoice_id,
        "order_id": order_id,
        "date": "2026-01-01",
        **more,
    }


def usage(invoice_id: str, credits_: str, block_id: str = "", **more: Any) -> dict[str, Any]:
    line = {"line_id": "L1", "item": "usage", "credits": credits_}
    return {
        "type": "usage_invoice",
        "event_id": f"usage {invoice_id}",
        "invoice_id": invoice_id,
        "customer_id": "C1",
        "currency": "USD",
        "date": "2026-02-28",
        "lines": [{**line, "block_id": block_id} if block_id else line],
        **more,
    }


def bought(block_id: str = "B1") -> list[dict[str, Any]]:
    """Return a customer, an order for one block, and its invoice."""
    return [customer(), order("S1", block(block_id)), purchase("I1", "S1")]


def lines(*facts: dict[str, Any] | str) -> str:
    """Return facts as JSON Lines; text stands as it is."""
    return "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in facts)
