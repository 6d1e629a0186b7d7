"""Accounts with random lives, drawn by a seed: bought, used, credited, paid, voided, expired."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from drawdown.core.events import Event, LineKind
from tests.cases import facts as f

POLICIES: dict[str, tuple[str, ...]] = {
    "drawdown_document": ("usage_invoice", "standalone"),
    "purchase_trigger": ("invoice", "sales_order"),
    "prepaid_item": ("deferred", "direct", "recognised"),
    "deposit_account": ("undeposited_funds", "clearing"),
    "overdraw": ("refuse", "draw_remaining"),
    "journals": ("per_document", "per_day", "per_month"),
}
CURRENCIES = (("USD", "1"), ("USD", "1"), ("EUR", "1.1"), ("JPY", "0.0067"))


def policy(chance: random.Random) -> dict[str, Any]:
    """Draw a policy: each choice by itself."""
    return {name: chance.choice(values) for name, values in POLICIES.items()}


def clean(chance: random.Random) -> Iterator[tuple[str, list[Event]]]:
    """Yield the months (YYYY-MM) of an account and their facts.

    Some facts are refused (an overdraw, a credit of too much); that is part of life.
    """
    months: dict[str, list[Event]] = {f"2026-{month:02d}": [] for month in range(1, 7)}
    for number in range(1, chance.randint(1, 3) + 1):
        _live(chance, f"C{number}", months)
    for month, events in months.items():
        if chance.random() < 0.3:
            events.append(f.clock(f"{month}-28"))
        yield month, events
    yield "2026-12", [f.clock("2027-01-01")] if chance.random() < 0.5 else []


def _live(chance: random.Random, customer: str, months: dict[str, list[Event]]) -> None:
    currency, rate = chance.choice(CURRENCIES)
    blocks = [
        f.terms(
            f"{customer}-{letter}",
            chance.choice(["3", "100", "1000", "0.5"]),
            chance.choice(["0", "1", "100", "999", "33333"]),
            currency=currency,
            until=chance.choice(["2026-04-15", "2027-01-01", None]),
            priority=chance.randint(0, 1),
        )
        for letter in "AB"[: chance.randint(1, 2)]
    ]
    tax = f.line("T", "6", item="tax", kind=LineKind.TAX, currency=currency)
    order, purchase = f"S-{customer}", f"I-{customer}"
    months["2026-01"] += [
        f.customer("2026-01-01", customer, currency),
        f.order("2026-01-02", order, *blocks, customer_id=customer, currency=currency, rate=rate),
        f.purchase("2026-01-03", purchase, order, lines=chance.choice([(), (tax,)])),
    ]
    if chance.random() < 0.7:
        amount = chance.choice([None, "1"])
        months["2026-02"].append(
            f.payment("2026-02-02", f"P-{customer}", purchase, amount, currency)
        )
    for month in ("2026-02", "2026-03", "2026-05"):
        usage = f"U-{customer}-{month}"
        lines = [
            f.line(
                f"L{number}",
                chance.choice(["1cr", "0.25cr", "40cr", "2"]),
                chance.choice(["", "", blocks[0].block_id]),
                item=chance.choice(["usage", "chat"]),
                rate="0.5",
                currency=currency,
            )
            for number in range(chance.randint(1, 3))
        ]
        if chance.random() < 0.3:
            lines.append(tax)
        months[month].append(
            f.usage(f"{month}-10", usage, *lines, customer_id=customer, currency=currency)
        )
        choice = chance.random()
        if choice < 0.3:
            line = f.credit_line(chance.choice(["0.2cr", None]), line_id="L0", currency=currency)
            months[month].append(f.credit(f"{month}-15", f"M-{customer}-{month}", usage, line))
        elif choice < 0.4:
            months[month].append(f.void_invoice(f"{month}-16", usage))
        elif choice < 0.5:
            months[month].append(f.payment(f"{month}-17", f"P-{usage}", usage))
    if chance.random() < 0.3:
        months["2026-06"].append(f.void_block("2026-06-20", blocks[-1].block_id))


def busy(chance: random.Random, blocks: int) -> list[Event]:
    """Return facts of an account with so many blocks, each of a customer of its own and drawn."""
    events: list[Event] = []
    for number in range(blocks):
        customer, block = f"C{number:03d}", f"B{number:03d}"
        currency, rate = chance.choice(CURRENCIES[:3])
        purchase, usage = f"I-{block}", f"U-{block}"
        terms = f.terms(block, "1000", chance.choice(["1000", "640.50"]), currency=currency)
        events += [
            f.customer("2026-01-01", customer, currency),
            f.order(
                "2026-01-02", f"S-{block}", terms, customer_id=customer, currency=currency,
                rate=rate,
            ),
            f.purchase("2026-01-03", purchase, f"S-{block}"),
            f.payment("2026-01-20", f"P-{block}", purchase, "500", currency),
            f.usage(
                "2026-03-10", usage, f.line("L1", f"{chance.randint(10, 900)}cr", block),
                customer_id=customer, currency=currency,
            ),
        ]  # fmt: skip
    return events
