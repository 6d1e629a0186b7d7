"""Blocks in another currency at awkward rates: control accounts end at zero in base too."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from drawdown.core.events import Event
from drawdown.store import outbox
from tests.cases import facts as f
from tests.e2e.company import Companies, Company, statuses
from tests.e2e.general_ledger import balances

CONTROLS = ("1290", "2100", "2310", "2320", "2330", "2390", "1499")
POLICIES: dict[str, dict[str, Any]] = {
    "default": {},
    "lean": {"prepaid_item": "direct", "deposit_account": "clearing"},
    "recognised": {"prepaid_item": "recognised"},
    "summarised": {"journals": "per_month", "drawdown_document": "standalone"},
}


def bought(rate: str, amount: str) -> tuple[Event, ...]:
    return (
        f.customer("2026-01-01", currency="EUR"),
        f.order(
            "2026-01-01", "S1", f.terms("B1", "1000", amount, currency="EUR"), currency="EUR",
            rate=rate,
        ),
        f.purchase("2026-01-02", "I1", "S1"),
        f.payment("2026-01-20", "P1", "I1"),
    )  # fmt: skip


def settle(company: Company) -> None:
    """Deliver, run the month ends, observe, deliver what that brought; both ledgers agree."""
    for _ in range(2):
        delivered = company.deliver()
        assert (delivered.problems, delivered.waiting) == ({}, 0)
        company.controls.month_end("2026-12")
        assert company.observe().refused == ()
    delivered = company.deliver()
    assert (delivered.problems, delivered.waiting) == ({}, 0)
    assert company.reconcile().differences == ()


@pytest.mark.parametrize("name", POLICIES)
@pytest.mark.parametrize("seed", range(3))
def test_an_ended_block_leaves_nothing(companies: Companies, name: str, seed: int) -> None:
    """Random drawdowns and credits at a random rate, then expiry: zero in both currencies."""
    rng = random.Random(f"{name} {seed}")
    rate = str(Decimal(rng.randint(50_000, 250_000)) / 100_000)
    with companies.open(**POLICIES[name]) as company:
        company.take(*bought(rate, f"{rng.randint(300, 900)}.{rng.randint(0, 99):02}"))
        day = date(2026, 2, 1)
        for number in range(rng.randint(3, 9)):
            day += timedelta(days=rng.randint(1, 20))
            credits_ = f"{rng.randint(1, 90)}.{rng.randint(0, 999):03}cr"
            use = f.usage(
                day.isoformat(), f"U{number}", f.line("L1", credits_, "B1"), currency="EUR"
            )
            assert statuses(company.take(use)) == ["accepted"]
            if rng.random() < 0.3:
                credit = f.credit(
                    day.isoformat(),
                    f"M{number}",
                    f"U{number}",
                    f.credit_line("0.5cr", line_id="L1"),
                )
                company.take(credit)
        company.take(f.clock("2027-01-01"))
        settle(company)
        left = balances(company)
        assert {number: left[number] for number in CONTROLS if number in left} == {}
        # Observing again settles nothing more.
        before = outbox.counts(company.books.session)
        company.observe()
        assert outbox.counts(company.books.session) == before


def test_a_block_that_is_open_is_left_alone(companies: Companies) -> None:
    """What rounding has left so far may still change; and base currency blocks leave nothing."""
    with companies.open() as company:
        company.take(*bought("1.23457", "333.33"))
        company.take(f.usage("2026-02-03", "U1", f.line("L1", "3.337cr", "B1"), currency="EUR"))
        company.deliver()
        before = outbox.counts(company.books.session)
        company.observe()
        assert outbox.counts(company.books.session) == before


def test_a_larger_difference_is_not_hidden(companies: Companies) -> None:
    """Somebody posts five dollars to clearing under the block's id: no rounding explains that."""
    with companies.open() as company:
        company.take(*bought("1.23457", "333.33"), f.clock("2027-01-01"))
        company.deliver()
        clearing, other = company.account_id("1290"), company.account_id("2310")
        company.rest(
            "POST", "/journalEntry",
            {"subsidiary": {"id": "1"}, "tranDate": "2026-12-31", "line": {"items": [
                {"account": {"id": clearing}, "debit": 5, "custcol_dd_block_id": "B1"},
                {"account": {"id": other}, "credit": 5, "custcol_dd_block_id": "B1"},
            ]}},
        )  # fmt: skip
        before = outbox.counts(company.books.session)
        company.observe()
        assert outbox.counts(company.books.session) == before
        assert company.reconcile().differences != ()
