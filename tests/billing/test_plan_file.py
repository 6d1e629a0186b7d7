"""Plan files: what they may say, and what is told of one that is wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from drawdown.billing.plan_file import read_plan
from drawdown.core.rating.price import Model, Tier
from drawdown.core.subscription.plan import Frequency, Measure, Plan
from drawdown.core.subscription.span import Span

EXAMPLES = sorted((Path(__file__).parents[2] / "examples/plans").glob("*.toml"))

GOOD = """
id = "p"
currency = "USD"

[[prepay]]
id = "pre"
charge = "auto_refill"
amount = 5000
minimum_balance = "300.00"

[[usage]]
id = "a"
item = "api"
rate = 2.50
draws = ["pre"]
"""


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_examples_are_right(file: Path) -> None:
    assert isinstance(read_plan(file.read_text("utf-8")), Plan)


def test_a_plan_in_money() -> None:
    """One credit is a dollar; a refill is what was bought first; numbers are read exactly."""
    plan = read_plan(GOOD)
    assert isinstance(plan, Plan)
    (prepay,), (usage,) = plan.prepay, plan.usage
    assert (prepay.credits, prepay.amount_minor) == (Decimal(5000), 500_000)
    assert (prepay.refill_credits, prepay.refill_minor) == (Decimal(5000), 500_000)
    assert prepay.frequency is Frequency.AUTO_REFILL
    assert usage.price.tiers == (Tier(None, Decimal("2.5")),)
    assert (plan.unit, plan.decimals) == ("USD", 2)


def test_a_plan_in_credits() -> None:
    file = next(one for one in EXAMPLES if one.stem == "gpu-credits")
    plan = read_plan(file.read_text("utf-8"))
    assert isinstance(plan, Plan)
    (prepay,) = plan.prepay
    assert (plan.unit, plan.decimals, plan.term) == ("credits", 12, Span(12, 0))
    assert (prepay.credits, prepay.amount_minor, prepay.every) == (
        Decimal(10_000),
        90_000,
        Span(1, 0),
    )
    assert prepay.rollover is not None
    assert (prepay.rollover.share, prepay.rollover.cap) == (Decimal("0.5"), Decimal(3000))
    assert [one.measure for one in prepay.thresholds] == [Measure.SHARE, Measure.DAYS]
    assert plan.usage[1].price.model is Model.TIERED


WRONG = [
    # what is changed, into what, the line and a part of what is told
    ('currency = "USD"', 'currency = "USDT"', 3, "'USDT' is not in ISO 4217"),
    ('id = "p"', 'id = "a b"', 2, "is no id"),
    ('charge = "auto_refill"', 'charge = "refill"', 7, "Invalid enum value 'refill'"),
    ("amount = 5000", "amount = 0", 8, "more than zero"),
    ("amount = 5000", "amount = 5000.001", 8, "more than the 2 decimals"),
    ("amount = 5000", "amuont = 5000", 8, "did you mean amount?"),
    ('minimum_balance = "300.00"', "minimum_balance = -1", 9, "is negative"),
    ('minimum_balance = "300.00"', "minimum_balance = 5000", 9, "buy another at once"),
    ("rate = 2.50", "rate = 'much'", 14, "rate"),
    ("rate = 2.50", "", 11, "needs rate"),
    ("rate = 2.50", 'model = "tiered"\ntiers = [{rate=1},{rate=2}]', 15, "only the last tier"),
    ("rate = 2.50", 'model = "volume"\ntiers = [{up_to=10,rate=2},{rate=1}]', 14, "falls when"),
    ('draws = ["pre"]', 'draws = ["other"]', 15, "no prepay line 'other'"),
    ('draws = ["pre"]', 'overage_rate = "1"', 15, "overage is billed one to one"),
    ('item = "api"', 'item = "@api"', 13, "not beginning with @"),
    ('id = "a"', 'id = "pre"', 12, "names more than one line"),
    ("amount = 5000", 'amount = 5000\nvalidity = "3 moons"', 9, "no span of time"),
    ("amount = 5000", "amount = 5000\nthresholds = [{}]", 9, "exactly one of"),
    ("amount = 5000", 'amount = 5000\nevery = "1 month"', 9, "charge = 'recurring'"),
    ('id = "p"', 'id = "p"\nunit = "EUR"', 3, "a currency but not the plan's"),
    ('id = "p"', 'id = "p"\nunit = "tokens"', 6, "say what 5000 tokens cost"),
    ('id = "p"', 'id = "p"\nrenew = true', 3, "without a term"),
    ('id = "p"', 'id = "p"\ndrawdown_order = ["luck"]', 3, "'luck' is no key"),
    ("[[usage]]", "[[usage]", 11, "not valid TOML"),
    ("[[usage]]", "[usage]", 11, "double brackets"),
]


@pytest.mark.parametrize(("old", "new", "line", "told"), WRONG)
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, line: int, told: str) -> None:
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    problems = read_plan(text)
    assert isinstance(problems, list)
    assert any(one.line == line and told in one.message for one in problems), problems


def test_one_error_does_not_hide_another() -> None:
    text = GOOD.replace('"300.00"', "-1").replace("rate = 2.50", "rate = -2").replace("USD", "X")
    problems = read_plan(text)
    assert isinstance(problems, list)
    assert [one.line for one in problems] == [3, 6, 14]
