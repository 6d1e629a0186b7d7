"""SuiteBilling's prepaid lines computed anew from their charges, and compared with NetSuite."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from drawdown.core.money import to_minor
from drawdown.core.revenue_elements import journals, month_end
from drawdown.service.mirror import mirror
from tests.e2e.company import Company
from tests.e2e.subscriptions import Subscription

CASE: Any = json.loads(
    (Path(__file__).parents[1] / "cases" / "suitebilling_vertex.json").read_text("utf-8")
)
MONTHS = ("2024-05", "2024-06", "2024-07")


def end_of(month: str) -> date:
    return month_end(date.fromisoformat(f"{month}-01"))


@pytest.fixture
def vertex(company: Company) -> Subscription:
    terms = CASE["subscription"]
    return Subscription(
        company,
        prepay=terms["prepay"]["amount"],
        minimum=terms["prepay"]["minimum_balance"],
        usage=[(line["item"], line["rate"]) for line in terms["usage_lines"]],
        start=terms["start"],
        end=terms["end"],
    )


def play(subscription: Subscription, month: str) -> None:
    """A month of the example, up to before its month end."""
    items = [line["item"] for line in CASE["subscription"]["usage_lines"]]
    subscription.bill(f"{month}-01")
    for use in CASE["usage"]:
        if use["date"].startswith(month):
            line = items.index(use["item"]) + 1
            subscription.use(use["date"], line, use["quantity"])
    subscription.rate(end_of(month).isoformat())


def test_the_worked_example_agrees_in_every_month(company: Company, vertex: Subscription) -> None:
    """Remainder, elements and recognition; 8,800 used and 1,200 left of 10,000.

    Source: Oracle help, section_0919041722.
    """
    for month in MONTHS:
        play(vertex, month)
        for closed in (False, True):
            if closed:
                vertex.close(month)
            (found,) = mirror(company.netsuite, end_of(month))
            assert found.deviations == ()
    one = found.prepayment
    assert one.remaining_minor == to_minor(Decimal(1200), "USD")
    assert sum(charge.amount_minor for charge in one.facts.drawn) == to_minor(Decimal(8800), "USD")
    made = journals(one.facts, end_of(MONTHS[-1]))
    assert [(x.period_end.isoformat()[:7], x.kind.value) for x in made] == [
        (journal["period"], journal["kind"]) for journal in CASE["journals"]
    ]
    assert sum(one.recognised.values()) == to_minor(Decimal(10000), "USD")


def test_usage_that_no_element_has_yet_is_named(company: Company, vertex: Subscription) -> None:
    """Rated, but the arrangement was not updated: the element's sales amount is behind."""
    play(vertex, MONTHS[0])
    vertex.use("2024-05-31", 1, "10")
    company.controls.control("POST", "/rating-run", {"to": "2024-05-31"})
    (found,) = mirror(company.netsuite, end_of(MONTHS[0]))
    assert {(one.what, one.ours, one.theirs) for one in found.deviations} == {
        ("Usage Support A: sales amount", "3025.00", "3000.00"),
        ("Vertex Prepaid: sales amount", "5025.00", "5050.00"),
    }


@pytest.mark.parametrize("frequency", ["AUTOREFILL", "ONETIME"])
@pytest.mark.parametrize("seed", range(3))
def test_random_usage_agrees(company: Company, frequency: str, seed: int) -> None:
    """Any usage, refilled or beyond the prepayment, in any month: no deviation after month ends."""
    rng = random.Random(f"{frequency} {seed}")
    subscription = Subscription(
        company, prepay="500", minimum=str(rng.choice([0, 50])),
        usage=[("Calls", "0.25"), ("Seats", "19.99")], start="2024-01-01", end="2024-03-31",
        frequency=frequency,
    )  # fmt: skip
    for month in ("2024-01", "2024-02", "2024-03"):
        first = date.fromisoformat(f"{month}-01")
        subscription.bill(first.isoformat())
        for _ in range(rng.randint(0, 4)):
            day = first + timedelta(days=rng.randint(0, 27))
            line = rng.choice([1, 2])
            subscription.use(day.isoformat(), line, str(rng.randint(1, 900 if line == 1 else 12)))
        subscription.rate(end_of(month).isoformat())
        subscription.close(month)
        (found,) = mirror(company.netsuite, end_of(month))
        assert found.deviations == ()


def test_an_account_without_prepaid_lines_has_none(company: Company) -> None:
    assert list(mirror(company.netsuite, date(2024, 5, 31))) == []
