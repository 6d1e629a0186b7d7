"""Revenue elements of a prepayment: Oracle's worked example line by line, and what always holds."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from drawdown.core.money import to_minor
from drawdown.core.revenue_elements import (
    Account,
    Bought,
    Drawn,
    Journal,
    Kind,
    Prepayment,
    Used,
    elements,
    journals,
    month_end,
    plans,
)

_FILE = Path(__file__).parents[1] / "cases" / "suitebilling_vertex.json"
CASE: Any = json.loads(_FILE.read_text("utf-8"))
MONTHS = ("2024-05", "2024-06", "2024-07")
PREPAID = "Prepaid Service"


def minor(text: str) -> int:
    return to_minor(Decimal(text), "USD")


def vertex() -> Prepayment:
    """The example: the refill is charged when May is rated and billed with it on 1 June."""
    terms = CASE["subscription"]
    first, refill = date(2024, 5, 1), date(2024, 5, 31)
    return Prepayment(
        PREPAID, "USD", date.fromisoformat(terms["start"]), date.fromisoformat(terms["end"]),
        (
            Bought(first, minor(terms["prepay"]["amount"]), first),
            Bought(refill, minor(terms["prepay"]["amount"]), date(2024, 6, 1)),
        ),
        tuple(
            Used(
                on := date.fromisoformat(use["date"]), use["item"], Decimal(use["quantity"]),
                minor(use["amount"]), on + timedelta(days=1),
            )
            for use in CASE["usage"]
        ),
        tuple(
            Drawn(
                on := date.fromisoformat(use["date"]), minor(use["amount"]), on + timedelta(days=1)
            )
            for use in CASE["usage"]
        ),
    )  # fmt: skip


def end_of(month: str) -> date:
    return month_end(date.fromisoformat(f"{month}-01"))


@pytest.mark.parametrize("month", CASE["elements_after"])
def test_elements_of_the_example(month: str) -> None:
    """Quantity and sales amount. Source: section_0919041722, May and June Revenue Arrangement."""
    found = {
        one.item_id: {"quantity": str(one.quantity), "sales": one.sales_minor}
        for one in elements(vertex(), end_of(month))
    }
    wanted = {
        name: {"quantity": facts["quantity"], "sales": minor(facts["sales"])}
        for name, facts in CASE["elements_after"][month].items()
    }
    assert found == wanted


@pytest.mark.parametrize("month", CASE["plans_after"])
def test_plans_of_the_example(month: str) -> None:
    """Total, recognised before the month end, planned month. Source: section_0919041722."""
    found = {
        (one.item_id, one.amount_minor, one.recognised_minor, f"{one.period_end:%B}")
        for one in plans(vertex(), end_of(month))
    }
    wanted = {
        (name, minor(total), minor(done.removeprefix("recognized ")), planned)
        for name, total, done, planned in CASE["plans_after"][month]
    }
    assert found == wanted


@pytest.mark.parametrize("month", MONTHS)
def test_journals_of_the_example(month: str) -> None:
    """Every line of every journal. Source: section_0919041722."""
    found = [
        (one.kind.value, sorted(rendered(one)))
        for one in journals(vertex(), end_of(MONTHS[-1]))
        if one.period_end == end_of(month)
    ]
    wanted = [
        (journal["kind"], sorted((side, name, minor(n)) for side, name, n in journal["lines"]))
        for journal in CASE["journals"]
        if journal["period"] == month
    ]
    assert sorted(found) == sorted(wanted)


def rendered(journal: Journal) -> list[tuple[str, str, int]]:
    names = {
        Account.DEFERRED: "{} Deferred Revenue",
        Account.INCOME: "{} Income",
        Account.UNBILLED: "Unbilled Receivable",
    }
    return [
        (
            "Dr" if line.amount_minor > 0 else "Cr",
            names[line.account].format(line.item_id),
            abs(line.amount_minor),
        )
        for line in journal.lines
    ]


_DAYS = st.dates(date(2024, 1, 1), date(2024, 6, 30))


@st.composite
def prepayments(draw: st.DrawFn) -> Prepayment:
    """A term of half a year: prepayments, usage and corrections, billed or not."""

    def billed(on: date) -> date | None:
        late = draw(st.none() | st.integers(0, 70))
        return None if late is None else on + timedelta(days=late)

    bought = tuple(
        Bought(on, draw(st.integers(1, 10_000)), billed(on))
        for on in draw(st.lists(_DAYS, max_size=4))
    )
    used: list[Used] = []
    drawn: list[Drawn] = []
    for on in draw(st.lists(_DAYS, max_size=8)):
        amount = draw(st.integers(-500, 4_000))
        item = draw(st.sampled_from(["a", "b"]))
        used.append(Used(on, item, Decimal(amount), amount, billed(on)))
        part = draw(st.integers(min(0, amount), max(0, amount)))
        drawn.append(Drawn(on, part, used[-1].billed_on))
    ends_on = draw(st.none() | st.just(date(2024, 6, 30)))
    return Prepayment(
        "prepaid", "USD", date(2024, 1, 1), ends_on, bought, tuple(used), tuple(drawn)
    )


@given(prepayments(), _DAYS)
def test_what_is_bought_and_used_is_the_sum_of_the_elements(facts: Prepayment, on: date) -> None:
    """Sales amount only moves: prepaid in all, plus what was used beyond it."""
    bought = sum(one.amount_minor for one in facts.bought if one.on <= on)
    beyond = sum(use.amount_minor for use in facts.used if use.on <= on)
    beyond -= sum(one.amount_minor for one in facts.drawn if one.on <= on)
    assert sum(one.sales_minor for one in elements(facts, on)) == bought + beyond


@given(prepayments())
def test_journals_balance_and_every_adjustment_is_taken_back(facts: Prepayment) -> None:
    """Each journal is zero in sum; a reversal mirrors the adjustment of the month before."""
    made = journals(facts, date(2024, 12, 31))
    for one in made:
        assert sum(line.amount_minor for line in one.lines) == 0
    adjusted = [one for one in made if one.kind is Kind.UNBILLED]
    reversed_ = {one.period_end: one for one in made if one.kind is Kind.REVERSAL}
    for one in adjusted:
        following = month_end(one.period_end + timedelta(days=1))
        if following <= date(2024, 12, 31):
            mirror = {(line.account, line.item_id, -line.amount_minor) for line in one.lines}
            back = reversed_[following]
            assert {(x.account, x.item_id, x.amount_minor) for x in back.lines} == mirror


@given(prepayments())
def test_in_the_end_income_is_usage_and_remainder(facts: Prepayment) -> None:
    """Usage of all items, and of the prepayment what nobody used, once the term is over."""
    made = journals(facts, date(2024, 12, 31))
    income = -sum(
        line.amount_minor for one in made for line in one.lines if line.account is Account.INCOME
    )
    used = sum(use.amount_minor for use in facts.used)
    left = sum(one.amount_minor for one in facts.bought)
    left -= sum(one.amount_minor for one in facts.drawn)
    assert income == used + (left if facts.ends_on else 0)
