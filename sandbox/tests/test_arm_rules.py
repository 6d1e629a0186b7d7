"""Revenue recognition rules: methods, dates, offsets, initial amounts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from billing_client import control, item
from sandbox_client import Client

from netsuite_sandbox.arm import rules
from netsuite_sandbox.periods import Period, month_bounds, month_name

MONTHS = [(2015 + m // 12, m % 12 + 1) for m in range(36)]
PERIODS = [
    Period(n, month_name(*ym), *month_bounds(*ym), closed=False, all_locked=False, ar_locked=False)
    for n, ym in enumerate(MONTHS)
]


def split(rule: rules.Rule, amount: Any, start: str, end: str) -> list[str]:
    units = int(Decimal(amount) * 10_000)
    parts = rules.schedule(rule, units, (start, end), PERIODS, 2)
    assert parts is not None
    assert sum(part for _, part in parts) == units
    return [f"{Decimal(part) / 10_000:.2f}" for _, part in parts]


@pytest.mark.parametrize(
    ("method", "amounts"),
    [
        (rules.EVEN, ["80.00"] * 5),
        (rules.PRORATE, ["39.34", "99.45", "99.45", "99.46", "62.30"]),
        (rules.EXACT_DAYS, ["39.34", "98.36", "101.64", "98.36", "62.30"]),
        (rules.PERIOD_RATE, ["38.71", "100.00", "100.00", "100.00", "61.29"]),
    ],
)
def test_straight_line_methods(method: str, amounts: list[str]) -> None:
    """400 from August 20 to December 19, Oracle's four tables. Source: section_4362249596."""
    assert split(rules.Rule(method), 400, "2015-08-20", "2015-12-19") == amounts


def test_last_period_takes_the_rounding() -> None:
    """600 over April 9 to October 8 by even periods, the forecast plan.

    Source: section_1533081222.
    """
    amounts = split(rules.Rule(rules.EVEN), 600, "2015-04-09", "2015-10-08")
    assert amounts == ["85.71"] * 6 + ["85.74"]


@pytest.mark.parametrize(
    ("end", "term", "start", "day"),
    [
        ("months", 12, "2015-07-07", "2016-07-06"),
        ("days", 60, "2015-06-23", "2015-08-21"),
        ("periods", 12, "2015-07-07", "2016-06-30"),
        ("days", 0, "2015-05-31", "2015-05-31"),
    ],
)
def test_end_date_sources(end: str, term: int, start: str, day: str) -> None:
    """Oracle's examples of terms; 0 days in section_0919041722. Source: section_4356113783."""
    rule = rules.Rule(end=end, term=term)
    assert rules.end_date(rule, start, {}, PERIODS) == day


def test_twelve_months_from_the_seventh_are_thirteen_periods() -> None:
    """The partial months at both ends count. Source: section_4356113783, Term in Months."""
    assert len(split(rules.Rule(rules.EVEN), 1300, "2015-07-07", "2016-07-06")) == 13


def test_initial_amount() -> None:
    """25 % of 1,200 at once, 900 over the remaining 11 periods. Source: section_4356113783."""
    rule = rules.Rule(rules.EVEN, initial=Decimal(25))
    amounts = split(rule, 1200, "2015-07-07", "2016-06-30")
    assert amounts == ["300.00", *["81.82"] * 10, "81.80"]


def test_offsets() -> None:
    """A period offset moves the whole plan, a start offset shortens it.

    Source: section_4356113783.
    """
    units, span = 3000000, ("2015-01-01", "2015-03-31")
    later = rules.schedule(rules.Rule(rules.EVEN, period_offset=2), units, span, PERIODS, 2)
    assert later == [(2, 1000000), (3, 1000000), (4, 1000000)]
    shorter = rules.schedule(rules.Rule(rules.EVEN, start_offset=1), units, span, PERIODS, 2)
    assert shorter == [(1, 1500000), (2, 1500000)]


@pytest.mark.parametrize(
    "rule",
    [
        rules.Rule(rules.EVEN, period_offset=35),
        rules.Rule(rules.CUSTOM, lines=((36, Decimal(100)),)),
    ],
)
def test_no_schedule_beyond_the_accounting_periods(rule: rules.Rule) -> None:
    """A plan needs accounting periods for all of its parts. Source: Revenue Recognition Plans (section_4351787245)."""
    assert rules.schedule(rule, 300, ("2015-01-01", "2015-03-31"), PERIODS, 2) is None
    assert rules.schedule(rule, 300, ("2030-01-01", "2030-03-31"), PERIODS, 2) is None


def test_custom_method(ns: Client) -> None:
    """Uneven periods and amounts: offsets from the start date's period, a percentage each; no offset is the first period. Source: Recognition Methods (section_4356113783)."""
    lines = [{"amountPercent": "33.3"}, {"periodOffset": 2, "amountPercent": 50},
             {"periodOffset": 3, "amountPercent": "16.7"}]  # fmt: skip
    made = control(ns, "/revenue-rules", name="Uneven", recognitionMethod="custom", lines=lines)
    item_id = item(ns, "Uneven", "33", made["id"], "-2")
    ns.make("/invoice", {
        "entity": {"id": ns.customer}, "tranDate": "2024-01-20",
        "item": {"items": [{"item": {"id": item_id}, "amount": 99.99}]}})  # fmt: skip
    ends = [ns.month_end(f"2024-0{month}")["recognized"] for month in (1, 2, 3, 4, 5)]
    assert [[row["amount"] for row in end] for end in ends] == [
        ["33.30"], [], ["49.99"], ["16.70"], []]  # fmt: skip


@pytest.mark.parametrize(
    "lines",
    [[], [{"amountPercent": 99}], [{"amountPercent": 100, "periodOffset": -1}], ["x"], [{}],
     [{"amountPercent": "all"}], 5],
)  # fmt: skip
def test_custom_lines_are_checked(ns: Client, lines: Any) -> None:
    """A custom rule has at least one line, and the lines total 100%. Source: Recognition Methods (section_4356113783)."""
    body = {"name": "Uneven", "recognitionMethod": "custom", "lines": lines}
    assert ns.http.post("/_sandbox/revenue-rules", json=body).status_code == 400


@pytest.mark.parametrize(
    ("start", "end", "amounts"),
    [
        ("2015-01-01", "2015-03-31", ["100.00", "100.00", "100.00"]),
        ("2015-01-16", "2015-03-31", ["61.54", "119.23", "119.23"]),
        ("2015-01-01", "2015-02-14", ["200.00", "100.00"]),
        ("2015-01-05", "2015-01-20", ["300.00"]),
    ],
)
def test_period_rate_with_whole_first_or_last(start: str, end: str, amounts: list[str]) -> None:
    """Only partial first and last periods are prorated.

    Source: section_4362249596; one-sided: unsure.
    """
    assert split(rules.Rule(rules.PERIOD_RATE), 300, start, end) == amounts


def test_no_plan_without_the_dates_the_rule_asks_for(ns: Client) -> None:
    """Revenue plans aren't created if element dates are missing. Source: section_4351787732."""
    made = item(ns, "Dated", "31", "4", "-1")
    line = {"item": {"id": made}, "amount": 90}
    body = {"entity": {"id": ns.customer}, "tranDate": "2024-01-05", "externalId": "D"}
    ns.make("/invoice", {**body, "item": {"items": [line]}})
    assert ns.month_end("2024-12")["recognized"] == []
    ns.call("PATCH", "/invoice/eid:D", {"item": {"items": [
        {"line": 1, "revRecStartDate": "2024-01-01", "revRecEndDate": "2024-03-31"}]}})  # fmt: skip
    assert [r["amount"] for r in ns.month_end("2024-02")["recognized"]] == ["30.00", "30.00"]


def test_default_rules(ns: Client) -> None:
    """Names of the default rules for SuiteBilling. Source: section_4543482439."""
    for number, name in ((2, "Default Usage"), (3, "Default Adjustable Recurring Fee"),
                         (4, "Default Fixed Recurring Fee")):  # fmt: skip
        ns.call("PATCH", f"/serviceSaleItem/{ns.usage}",
                {"revenueRecognitionRule": {"id": str(number)}})  # fmt: skip
        shown = ns.get(f"/serviceSaleItem/{ns.usage}")["revenueRecognitionRule"]
        assert shown["refName"] == name


def test_default_standard_rule(ns: Client) -> None:
    """Default Standard begins and ends on the same date, so that revenue is recognized as soon as journals are made. Source: Revenue Recognition Rules (section_4333740009); that it is the arrangement's date is unsure."""
    made = item(ns, "Standard", "34", "1", "-1")
    ns.make("/invoice", {
        "entity": {"id": ns.customer}, "tranDate": "2024-01-20",
        "item": {"items": [{"item": {"id": made}, "amount": 90}]}})  # fmt: skip
    assert [r["amount"] for r in ns.month_end("2024-01")["recognized"]] == ["90.00"]


def test_a_rule_of_ones_own_is_checked(ns: Client) -> None:
    """Rules are made on a form in NetSuite; here on the control interface."""
    answer = ns.http.post("/_sandbox/revenue-rules", json={"name": "x", "recognitionMethod": "?"})
    assert answer.status_code == 400
    made = control(ns, "/revenue-rules", name="Three months", recognitionMethod="even",
                   startDateSource="event", endDateSource="months", term=3)["id"]  # fmt: skip
    item_id = item(ns, "Quarter", "32", made, "-2")
    ns.make("/invoice", {
        "entity": {"id": ns.customer}, "tranDate": "2024-01-01",
        "item": {"items": [{"item": {"id": item_id}, "amount": 300}]}})  # fmt: skip
    amounts = [ns.month_end(f"2024-0{m}")["recognized"][0]["amount"] for m in (1, 2, 3)]
    assert amounts == ["100.00"] * 3
