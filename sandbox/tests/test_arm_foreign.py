"""Reclassification in foreign currency: Oracle's two worked examples, and that nothing is left over.

A contract of 420 euros at 1.10, recognized evenly from January to March, is billed in February at
1.20 and in March at 1.25 (section_161369441792, section_159467362717).
"""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from billing_client import account, control, item, journal
from sandbox_client import EURO, Client, items

LINES = {"A": (100, "0.60"), "B": (12, "10"), "C": (45, "2"), "D": (6, "25")}
BILLS = {"2024-02": ("1.20", (50, 5, 30, 1)), "2024-03": ("1.25", (50, 7, 15, 5))}
CLOSING = {"2024-01-31": 1.2, "2024-02-29": 1.25, "2024-03-31": 1.3}


class Contract:
    """The contract of the examples, month by month."""

    def __init__(self, ns: Client, rates: dict[str, float] = CLOSING, **more: Any) -> None:
        self.ns = ns
        for day, rate in rates.items():
            ns.make("/currencyRate", {
                "baseCurrency": {"id": "1"}, "transactionCurrency": {"id": "2"},
                "effectiveDate": day, "exchangeRate": rate})  # fmt: skip
        rule = control(ns, "/revenue-rules", name="Evenly", recognitionMethod="even",
                       startDateSource="element", endDateSource="element")["id"]  # fmt: skip
        self.items = [
            item(ns, name, f"6{n}", rule, "-1", **more) for n, name in enumerate(LINES, 1)
        ]
        lines = [
            {"item": {"id": one}, "quantity": quantity, "rate": float(rate),
             "revRecStartDate": "2024-01-04", "revRecEndDate": "2024-03-31"}
            for one, (quantity, rate) in zip(self.items, LINES.values(), strict=True)
        ]  # fmt: skip
        ns.make("/salesOrder", {
            "entity": {"id": ns.customer}, "tranDate": "2024-01-04", "externalId": "SO",
            "exchangeRate": 1.10, "item": items(*lines), **EURO})  # fmt: skip

    def bill(self, month: str, rate: Any, quantities: tuple[int, ...]) -> None:
        lines = [{"orderLine": n, "quantity": q} for n, q in enumerate(quantities, 1) if q]
        self.ns.make("/salesOrder/eid:SO/!transform/invoice", {
            "tranDate": f"{month}-01", "exchangeRate": float(rate), "item": items(*lines)})  # fmt: skip

    def month(self, month: str) -> list[tuple[str, list[str]]]:
        """Bill, recognize, reclassify: each journal as its kind and its Deferred Revenue amounts."""
        if month in BILLS:
            self.bill(month, *BILLS[month])
        self.ns.month_end(month)
        return self.reclassify(month)

    def reclassify(self, month: str) -> list[tuple[str, list[str]]]:
        out = []
        for made in control(self.ns, "/reclassification", period=month)["journals"]:
            lines = journal(self.ns, made["id"])
            deferred = [line for line in lines if line[1].endswith("Deferred Revenue")]
            out.append((made["kind"], [f"{side} {amount}" for side, _, amount in deferred]))
        return out

    def deferred(self) -> list[str]:
        balances = self.ns.balances()
        return [balances.get(f"246{n}0", "0.00") for n in range(1, 5)]

    def income(self) -> list[str]:
        return [self.ns.balances()[f"406{n}0"] for n in range(1, 5)]


def test_contract_assets_left_out_of_revaluation(ns: Client) -> None:
    """January to March with Exclude Contract Assets from FX Reclassification checked. Source: Example of Foreign Currency Adjustments During Reclassification (section_161369441792)."""
    ns.set(exclude_contract_assets_from_fx=True)
    contract = Contract(ns)
    assert contract.month("2024-01") == [("unbilled", ["Cr 22", "Cr 44", "Cr 33", "Cr 55"])]
    assert ns.balance("1150") == 154
    assert contract.month("2024-02") == [
        ("foreign currency", ["Dr 3", "Dr 5", "Dr 6", "Dr 2.5"]),
        ("reversal of prior unbilled", ["Dr 22", "Dr 44", "Dr 33", "Dr 55"]),
        ("unbilled", ["Cr 11", "Cr 33", "Cr 82.5"]),
    ]
    assert contract.deferred() == ["0.00"] * 4
    assert contract.income() == ["-47.00", "-93.00", "-72.00", "-112.50"]
    assert ns.balance("1150") == Decimal("126.50")
    assert contract.month("2024-03") == [
        ("foreign currency", ["Dr 4.5", "Dr 10.5", "Dr 4.5", "Dr 18.75"]),
        ("reversal of prior unbilled", ["Dr 11", "Dr 33", "Dr 82.5"]),
    ]
    assert contract.deferred() == ["0.00"] * 4
    assert contract.income() == ["-73.50", "-147.50", "-109.50", "-186.25"]
    assert ns.balances()["1100"] == "516.75"


def test_contract_assets_revalued(ns: Client) -> None:
    """The same with the box clear, as it is by default: gains on the contract asset too. Source: Example of Foreign Currency Gain or Loss on Contract Assets (section_159467362717)."""
    contract = Contract(ns)
    assert contract.month("2024-01") == [
        ("unbilled", ["Cr 24", "Cr 48", "Cr 36", "Cr 60"]),
        ("asset gain", ["Dr 2", "Dr 4", "Dr 3", "Dr 5"]),
    ]
    assert contract.deferred() == ["0.00"] * 4
    assert contract.month("2024-02") == [
        ("foreign currency", ["Dr 1.5", "Dr 2.5", "Dr 3", "Dr 1.25"]),
        ("reversal of prior unbilled", ["Dr 24", "Dr 48", "Dr 36", "Dr 60"]),
        ("unbilled", ["Cr 12.5", "Cr 37.5", "Cr 93.75"]),
        ("asset gain", ["Dr 1", "Dr 3", "Dr 7.5"]),
    ]
    assert contract.deferred() == ["0.00"] * 4
    assert contract.month("2024-03") == [
        ("foreign currency", ["Dr 3", "Dr 6", "Dr 4.5", "Dr 7.5"]),
        ("reversal of prior unbilled", ["Dr 12.5", "Dr 37.5", "Dr 93.75"]),
    ]
    assert contract.deferred() == ["0.00"] * 4
    assert contract.income() == ["-73.50", "-147.50", "-109.50", "-186.25"]
    assert "1150" not in ns.balances()


def test_a_second_run_adds_nothing(ns: Client) -> None:
    """The process is cumulative, in foreign currency too. Source: Reclassification of Deferred Revenue (section_4363759368)."""
    contract = Contract(ns)
    for month in ("2024-01", "2024-02", "2024-03"):
        contract.month(month)
        assert contract.reclassify(month) == []


def test_foreign_currency_adjustment_account(ns: Client) -> None:
    """The item's Foreign Currency Adjustment Account takes the gain; income is the default. Source: Foreign Currency Adjustment (section_157238786981)."""
    gains = account(ns, "4950", "FX on Revenue", "OthIncome")
    contract = Contract(ns, revReclassFxAccount={"id": gains})
    for month in ("2024-01", "2024-02", "2024-03"):
        contract.month(month)
    assert contract.income() == ["-66.00", "-132.00", "-99.00", "-165.00"]
    assert ns.balance("4950") == Decimal("-54.75")


def test_month_without_activity_is_not_processed(ns: Client) -> None:
    """Eligible are arrangements with a bill, a recognition journal or a change in the period. Source: Reclassification of Deferred Revenue (section_4363759368)."""
    contract = Contract(ns)
    for month in ("2024-01", "2024-02"):
        ns.month_end(month)
        contract.reclassify(month)
    ns.month_end("2024-03")
    contract.reclassify("2024-03")
    held = ns.balance("1150")
    ns.make("/currencyRate", {"baseCurrency": {"id": "1"}, "transactionCurrency": {"id": "2"},
                              "effectiveDate": "2024-04-30", "exchangeRate": 1.5})  # fmt: skip
    assert contract.reclassify("2024-04") == []
    assert ns.balance("1150") == held == Decimal(546)


@pytest.mark.parametrize("grouping", ["element", "arrangement"])
@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_left_over(ns: Client, grouping: str, seed: int) -> None:
    """Deferred revenue is zeroed out when all is recognized and billed, revenue is what was billed. Source: Example of Foreign Currency Gain or Loss on Contract Assets (section_159467362717)."""
    chance = random.Random(seed)  # noqa: S311 (repeatable chance is the point)
    ns.set(unbilled_receivable_grouping=grouping)
    ends = ["2024-01-31", "2024-02-29", "2024-03-31", "2024-04-30"]
    contract = Contract(ns, {day: chance.randint(90, 140) / 100 for day in ends})
    left = [quantity for quantity, _ in LINES.values()]
    for month in ("2024-01", "2024-02", "2024-03", "2024-04"):
        now = tuple(q if month == "2024-04" else chance.randint(0, q) for q in left)
        left = [have - sold for have, sold in zip(left, now, strict=True)]
        if any(now):
            contract.bill(month, chance.randint(90, 140) / 100, now)
        ns.month_end(month)
        contract.reclassify(month)
        assert contract.reclassify(month) == []
        cents = [abs(Decimal(value)) for value in contract.deferred()]
        if grouping == "arrangement" and ns.balances().get("1150"):
            assert max(cents) <= Decimal("0.02")  # No element stays a liability.
    assert contract.deferred() == ["0.00"] * 4
    assert "1150" not in ns.balances()
    billed = Decimal(ns.balances()["1100"])
    assert sum(Decimal(value) for value in contract.income()) == -billed
