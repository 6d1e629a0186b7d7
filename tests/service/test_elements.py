"""Revenue elements from our own books: Oracle's example, and what always holds."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from drawdown.core.errors import SubscriptionError
from drawdown.core.money import to_minor
from drawdown.core.revenue_elements import (
    Account,
    Journal,
    elements,
    journals,
    month_end,
    plans,
)
from drawdown.core.subscription.plan import EndOfTerm
from drawdown.service.elements import revenue_of
from tests.cases.plans import VERTEX, Shop, plan, usage

CASE: Any = json.loads(
    (Path(__file__).parents[1] / "cases" / "suitebilling_vertex.json").read_text("utf-8")
)
MONTHS = ("2024-05", "2024-06", "2024-07")
NAMES = {
    "prepayment": "Prepaid Service",
    "a": "Usage Support A",
    "b": "Usage Support B",
}
"""What the example calls the items of the lines of `VERTEX`."""


def minor(text: str) -> int:
    return to_minor(Decimal(text), "USD")


def end_of(month: str) -> date:
    return month_end(date.fromisoformat(f"{month}-01"))


def play(shop: Shop, month: str) -> None:
    """A month of the example: usage, recorded on its last day."""
    lines = {"Usage Support A": "a", "Usage Support B": "b"}
    for number, use in enumerate(CASE["usage"]):
        if use["date"].startswith(month):
            shop.use(usage(str(number), use["date"], int(use["quantity"]), lines[use["item"]]))


def rendered(journal: Journal, names: dict[str, str]) -> list[tuple[str, str, int]]:
    words = {
        Account.DEFERRED: "{} Deferred Revenue",
        Account.INCOME: "{} Income",
        Account.UNBILLED: "Unbilled Receivable",
    }
    return sorted(
        (
            "Dr" if line.amount_minor > 0 else "Cr",
            words[line.account].format(names.get(line.item_id, "")),
            abs(line.amount_minor),
        )
        for line in journal.lines
    )


@pytest.mark.parametrize("is_billed_first", [False, True], ids=["before billing", "after"])
def test_the_worked_example_through_our_own_engine(shop: Shop, *, is_billed_first: bool) -> None:
    """Elements, plans and journals of all three months to the cent, billed already or not yet.

    Source: Oracle help, section_0919041722; 8,800 of usage revenue and 1,200 of remainder.
    """
    shop.subscribe(plan(VERTEX), starts_on="2024-05-01")
    for month in MONTHS:
        play(shop, month)
        last = end_of(month)
        if is_billed_first:
            shop.bill(last.isoformat())
        found = revenue_of(shop.session, "S", shop.policy, last)
        if month in CASE["elements_after"]:
            assert {
                NAMES[x.item_id]: {"quantity": str(x.quantity), "sales": x.sales_minor}
                for x in elements(found.facts, last)
            } == {
                name: {"quantity": facts["quantity"], "sales": minor(facts["sales"])}
                for name, facts in CASE["elements_after"][month].items()
            }
            assert {
                (NAMES[x.item_id], x.amount_minor, x.recognised_minor, f"{x.period_end:%B}")
                for x in plans(found.facts, last)
            } == {
                (name, minor(total), minor(done.removeprefix("recognized ")), planned)
                for name, total, done, planned in CASE["plans_after"][month]
            }
        if not is_billed_first:
            shop.bill(last.isoformat())
    found = revenue_of(shop.session, "S", shop.policy, end_of(MONTHS[-1]))
    made = [
        (x.period_end.isoformat()[:7], x.kind.value, rendered(x, NAMES))
        for x in journals(found.facts, end_of(MONTHS[-1]))
    ]
    assert made == [
        (x["period"], x["kind"], sorted((side, name, minor(n)) for side, name, n in x["lines"]))
        for x in CASE["journals"]
    ]


_PLAN = """
term = "3 months"
[[prepay]]
id = "pre"
charge = "{charge}"
amount = "100"
minimum_balance = "{minimum}"
[[usage]]
id = "api"
item = "api"
rate = "1.10"
draws = ["pre"]
[[usage]]
id = "seat"
item = "seat"
rate = "7"
draws = ["pre"]
"""


@pytest.mark.parametrize("charge", ["one_time", "auto_refill"])
@pytest.mark.parametrize("end", list(EndOfTerm))
@pytest.mark.parametrize("seed", range(4))
def test_elements_agree_with_the_journal(
    shop: Shop, charge: str, end: EndOfTerm, seed: int
) -> None:
    """Sales are what was bought, less what was given back, plus pay as you go, at any time.

    In the end revenue is what the journal's blocks say was used and lapsed.
    """
    rng = random.Random(f"{charge} {end} {seed}")
    text = _PLAN.format(charge=charge, minimum=rng.choice(["0", "20"]))
    if charge == "one_time":
        text = "\n".join(line for line in text.splitlines() if "minimum" not in line)
    shop.subscribe(plan(text), starts_on="2024-01-01", end_of_term=end)
    number = 0
    for month in ("2024-01", "2024-02", "2024-03"):
        for _ in range(rng.randint(0, 5)):
            number += 1
            first = date.fromisoformat(f"{month}-01")
            day = first + timedelta(days=rng.randint(0, 27))
            line = rng.choice(["api", "seat"])
            shop.use(usage(str(number), day.isoformat(), rng.randint(1, 9), line))
        check_sums(shop, end_of(month))
        shop.bill(end_of(month).isoformat())
        check_sums(shop, end_of(month))
    shop.bill("2024-04-30")
    last = date(2024, 4, 30)
    facts = revenue_of(shop.session, "S", shop.policy, last).facts
    income = -sum(
        line.amount_minor
        for one in journals(facts, last)
        for line in one.lines
        if line.account is Account.INCOME
    )
    cancelled = sum(block.cancelled_minor for block in shop.blocks().values())
    bought = sum(block.amount_minor for block in shop.blocks().values())
    beyond = sum(invoice.due_minor for invoice in shop.invoices())
    assert income == bought - cancelled + beyond


def check_sums(shop: Shop, day: date) -> None:
    facts = revenue_of(shop.session, "S", shop.policy, day).facts
    found = elements(facts, day)
    bought = sum(one.amount_minor for one in facts.bought if one.on <= day)
    beyond = sum(one.amount_minor for one in facts.used if one.on <= day)
    beyond -= sum(one.amount_minor for one in facts.drawn if one.on <= day)
    back = sum(one.amount_minor for one in facts.returned if one.on <= day)
    assert beyond >= 0
    assert sum(one.sales_minor for one in found) == bought + beyond - back


def test_an_unknown_subscription_is_named(shop: Shop) -> None:
    with pytest.raises(SubscriptionError, match="'nobody' is not known"):
        revenue_of(shop.session, "nobody", shop.policy, date(2024, 1, 1))
