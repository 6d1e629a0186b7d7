"""Revenue allocation by fair values, and the carve in/carve out adjustment."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from billing_client import control, item, journal
from hypothesis import given, settings, strategies as st
from sandbox_client import EURO, Client

from netsuite_sandbox.arm.fair_value import evaluate
from netsuite_sandbox.in_process import InProcessClient

UNIT = "{fairvalue} * {quantity}"


class Bundle:
    """Items with fair values, sold together."""

    def __init__(self, ns: Client) -> None:
        ns.set(revenue_allocation=True)
        self.ns = ns
        self.items: dict[str, str] = {}
        self.formulas: dict[str, str] = {}

    def item(self, name: str, worth: Any = None, formula: str = UNIT, *, on: str = "-1",
             price: dict[str, Any] | None = None, **more: Any) -> None:  # fmt: skip
        number = f"6{len(self.items)}"
        more = {"VSOESopGroup": "NORMAL", **more}
        self.items[name] = item(self.ns, name, number, "2", on, **more)
        if worth is not None:
            self.price(name, worth, formula, **(price or {}))

    def price(self, name: str, worth: Any, formula: str = UNIT, **more: Any) -> str:
        return self.ns.make("/fairValuePrice", {
            "item": {"id": self.items[name]}, "fairValue": worth, "currency": {"id": "1"},
            "fairValueFormula": {"id": self.formula(formula)}, **more})  # fmt: skip

    def formula(self, text: str) -> str:
        if text not in self.formulas:
            body = {"name": text, "fairValueFormula": text}
            self.formulas[text] = self.ns.make("/fairValueFormula", body)
        return self.formulas[text]

    def sell(self, *lines: tuple[Any, ...], eid: str = "SO", **more: Any) -> None:
        """Sell (item, quantity, rate) in an order of 5 January."""
        self.ns.make("/salesOrder", {
            "entity": {"id": self.ns.customer}, "tranDate": "2024-01-05", "externalId": eid,
            "item": {"items": [{"item": {"id": self.items[name]}, "quantity": quantity,
                                "rate": rate} for name, quantity, rate in lines]}, **more})  # fmt: skip
        control(self.ns, "/revenue-arrangements/update")

    def bill(self, *amounts: Any, day: str = "2024-01-20") -> None:
        billed = [{"orderLine": n, "amount": amount} for n, amount in enumerate(amounts, 1)
                  if amount is not None]  # fmt: skip
        self.ns.make("/salesOrder/eid:SO/!transform/invoice",
                     {"tranDate": day, "item": {"items": billed}})  # fmt: skip

    def revenue(self) -> list[str]:
        rows = self.ns.sql("SELECT revenueamount FROM revenueelement ORDER BY id")
        return [f"{float(row['revenueamount']):.2f}" for row in rows]

    def carve(self, period: str) -> list[list[str]]:
        made = control(self.ns, "/reclassification", period=period)["journals"]
        return [line for one in made if one["kind"] == "carve"
                for line in journal(self.ns, one["id"])]  # fmt: skip


@pytest.fixture
def bundle(ns: Client) -> Bundle:
    return Bundle(ns)


def test_ratio_of_fair_values(bundle: Bundle) -> None:
    """Oracle's table: 5,616.22, 1,078.32 and 505.46 of 7,200. Source: Fair Value and Allocation (section_4369989562)."""
    for name, worth in (("Item 1", 6000), ("Item 2", 1152), ("Item 3", 540)):
        bundle.item(name, worth)
    bundle.sell(("Item 1", 1, 6000), ("Item 2", 1, 1200), ("Item 3", 1, 0))
    assert bundle.revenue() == ["5616.22", "1078.32", "505.46"]
    recognized = bundle.ns.month_end("2024-01")["recognized"]
    assert [one["amount"] for one in recognized] == ["5616.22", "1078.32", "505.46"]


def test_the_greatest_takes_the_rounding(bundle: Bundle) -> None:
    """The last of the greatest gets 83.34; a fair value may be part of the total. Source: Revenue Allocation for Returns (section_4381033932)."""
    for name, worth in (("A", 10), ("B", 5), ("C", 10)):
        bundle.item(name, worth)
    bundle.item("D", 0, "0.2 * {totalsellingamount}")
    bundle.sell(("A", 10, 12), ("B", 20, 3), ("C", 10, 3), ("D", 10, 9))
    rows = bundle.ns.sql("SELECT calculatedamount FROM revenueelement ORDER BY id")
    assert [row["calculatedamount"] for row in rows] == ["100", "100", "100", "60"]
    assert bundle.revenue() == ["83.33", "83.33", "83.34", "50.00"]


def test_the_residual_method(bundle: Bundle) -> None:
    """VSOE software at its price, the rest by sales amounts: 33.75 and 26.25. Source: Residual Method Calculation (section_4370766951)."""
    software: dict[str, Any] = {"VSOESopGroup": "SOFTWARE"}
    bundle.item("1", 360, price={"isVsoePrice": True}, **software)
    bundle.item("2", 540, price={"isVsoePrice": True}, **software)
    bundle.item("3", 345.6, VSOEDelivered=True, **software)
    bundle.item("4", 268.8, VSOEDelivered=True, **software)
    bundle.sell(("1", 1, 200), ("2", 1, 120), ("3", 1, 360), ("4", 1, 280))
    assert bundle.revenue() == ["360.00", "540.00", "33.75", "26.25"]


def test_no_residual_method_without_its_conditions(bundle: Bundle) -> None:
    """An undelivered estimate keeps the first step: 228.21, 342.31, 219.08, 170.40. Source: Residual Method and Two-Step Allocation (section_4369991181)."""
    software: dict[str, Any] = {"VSOESopGroup": "SOFTWARE"}
    bundle.item("1", 360, price={"isVsoePrice": True}, **software)
    bundle.item("2", 540, price={"isVsoePrice": True}, **software)
    bundle.item("3", 345.6, **software)
    bundle.item("4", 268.8, VSOEDelivered=True, **software)
    bundle.sell(("1", 1, 200), ("2", 1, 120), ("3", 1, 360), ("4", 1, 280))
    assert bundle.revenue() == ["228.21", "342.31", "219.08", "170.40"]


def test_excluded_items_keep_their_sales_amount(bundle: Bundle) -> None:
    """Exclude: the discounted sales amount is the revenue, outside the total. Source: Advanced Revenue Management (Revenue Allocation) (section_4333740677)."""
    bundle.item("A", 100)
    bundle.item("B", 100)
    bundle.item("X", 900, VSOESopGroup="EXCLUDE")
    bundle.sell(("A", 1, 30), ("B", 1, 70), ("X", 1, 50))
    assert bundle.revenue() == ["50.00", "50.00", "50.00"]


def test_items_that_never_permit_discount_come_first(bundle: Bundle) -> None:
    """At their fair value; the others share what is left. Source: Discounts and the Residual Method (section_4370767748); the amount is unsure."""
    bundle.item("A", 100, VSOEPermitDiscount="NEVER")
    bundle.item("B", 100)
    bundle.item("C", 300)
    bundle.sell(("A", 1, 80), ("B", 1, 20), ("C", 1, 200))
    assert bundle.revenue() == ["100.00", "50.00", "150.00"]


@pytest.mark.parametrize(
    ("policy", "amount", "fair"),
    [
        ("BOUNDARY", 95, "95"), ("BOUNDARY", 50, "90"), ("BOUNDARY", 200, "120"),
        ("FAIR_VALUE", 50, "100"), ("HIGH", 50, "120"), ("LOW", 200, "90"), ("LOW", 119, "119"),
    ],
)  # fmt: skip
def test_range_checking(bundle: Bundle, policy: str, amount: int, fair: str) -> None:
    """Inside the range the sales amount counts, outside what the policy says. Source: Creating the Fair Value Price List (section_4332797619)."""
    bundle.item("A", 100, price={"fairValueRangePolicy": {"id": policy}, "lowValuePercent": 90,
                                 "highValuePercent": 120})  # fmt: skip
    bundle.item("B", 100)
    bundle.sell(("A", 1, amount), ("B", 1, 100))
    row = bundle.ns.sql("SELECT calculatedamount FROM revenueelement ORDER BY id")[0]
    assert row["calculatedamount"] == fair


def test_range_checking_can_be_off(bundle: Bundle) -> None:
    """Without the preference policies have no effect. Source: Setting Advanced Revenue Management (Revenue Allocation) Preferences (article_0627070629)."""
    bundle.ns.set(fair_value_range_checking=False)
    bundle.item("A", 100, price={"fairValueRangePolicy": {"id": "HIGH"}, "lowValuePercent": 90,
                                 "highValuePercent": 120})  # fmt: skip
    bundle.item("B", 100)
    bundle.sell(("A", 1, 95), ("B", 1, 100))
    assert bundle.revenue() == ["97.50", "97.50"]


def test_prices_have_dates(bundle: Bundle) -> None:
    """The arrangement's date is checked against the price's dates. Source: Creating the Fair Value Price List (section_4332797619)."""
    bundle.item("A", 300, price={"startDate": "2023-01-01", "endDate": "2023-12-31"})
    bundle.price("A", 100, startDate="2024-01-01")
    bundle.item("B", 100)
    bundle.sell(("A", 1, 60), ("B", 1, 40))
    assert bundle.revenue() == ["50.00", "50.00"]


def test_changed_prices_leave_existing_elements(bundle: Bundle) -> None:
    """Changes of a price apply to new elements only. Source: Creating the Fair Value Price List (section_4332797619)."""
    bundle.item("A")
    price = bundle.price("A", 100)
    bundle.item("B", 100)
    bundle.sell(("A", 1, 60), ("B", 1, 40))
    bundle.ns.call("PATCH", f"/fairValuePrice/{price}", {"fairValue": 300})
    bundle.ns.call("PATCH", "/salesOrder/eid:SO", {"memo": "again"})
    control(bundle.ns, "/revenue-arrangements/update")
    assert bundle.revenue() == ["50.00", "50.00"]
    bundle.sell(("A", 1, 60), ("B", 1, 40), eid="SO-2")
    assert bundle.revenue()[2:] == ["75.00", "25.00"]


def test_a_changed_source_is_reallocated(bundle: Bundle) -> None:
    """A line taken out or changed reallocates, and plans follow. Source: Revenue Reallocation for Revenue Arrangements (section_4369990823)."""
    for name in "ABC":
        bundle.item(name, 100)
    bundle.sell(("A", 1, 60), ("B", 1, 40), ("C", 1, 20))
    assert bundle.revenue() == ["40.00", "40.00", "40.00"]
    control(bundle.ns, "/revenue-plans/update")
    lines = [{"line": 1, "amount": 70}, {"line": 2}]
    answer = bundle.ns.call("PATCH", "/salesOrder/eid:SO?replace=item", {"item": {"items": lines}})
    assert answer.status_code == 204, answer.text
    recognized = bundle.ns.month_end("2024-01")["recognized"]
    assert [one["amount"] for one in recognized] == ["55.00", "55.00"]


def test_other_currencies_by_the_exchange_rate(bundle: Bundle) -> None:
    """The fair value is derived by the transaction's rate: 110 USD are 100 EUR. Source: Creating the Fair Value Price List (section_4332797619)."""
    bundle.item("A", 110)
    bundle.item("B")
    bundle.price("B", 300, **EURO)
    bundle.sell(("A", 1, 100), ("B", 1, 100), **EURO, exchangeRate=1.1)
    assert bundle.revenue() == ["50.00", "150.00"]


def test_a_formula_that_fails_is_an_error_of_its_element(bundle: Bundle) -> None:
    """Division by zero, an amount beyond all amounts, fair values of nothing. Source: Allocation Detail Subtab Field Reference (section_4369990052), Error."""
    bundle.item("A", 100, "1 / ({quantity} - 2)")
    bundle.item("B", 10**13, "{fairvalue} * {quantity}")
    bundle.item("C", 0)
    bundle.item("D", 0)
    bundle.sell(("A", 2, 5), ("B", 100, 5))
    bundle.sell(("C", 1, 5), ("D", 1, 5), eid="SO-2")
    rows = bundle.ns.sql("SELECT allocationerror, revenueamount FROM revenueelement ORDER BY id")
    assert rows == [
        {"allocationerror": "The fair value formula fails: it divides by zero.",
         "revenueamount": "10"},
        {"allocationerror": "The fair value formula fails: its result is too large for an amount.",
         "revenueamount": "500"},
        {"allocationerror": "The calculated fair value amounts add up to zero.",
         "revenueamount": "5"},
        {"revenueamount": "5"}]  # fmt: skip


def test_without_a_fair_value_it_is_not_compliant(bundle: Bundle) -> None:
    """An error on the element, no reclassification; Allocate after the price is there. Source: Compliant Indicator for Revenue Arrangements (section_4369990241); Revenue Arrangement Record Actions (section_1529337080)."""
    bundle.item("A", 100)
    bundle.item("B")
    bundle.sell(("A", 1, 60), ("B", 1, 40))
    row = bundle.ns.sql("SELECT revenuearrangement, allocationerror FROM revenueelement"
                        " WHERE allocationerror IS NOT NULL")[0]  # fmt: skip
    assert row["allocationerror"] == "No matching fair value price is found for the item."
    bundle.ns.month_end("2024-01")
    assert control(bundle.ns, "/reclassification", period="2024-01")["journals"] == []
    bundle.price("B", 100)
    arrangement = row["revenuearrangement"]
    done = control(bundle.ns, "/revenue-arrangements/allocate", arrangement=arrangement)
    assert done["compliant"]
    assert [one["revenue"] for one in done["elements"]] == ["50.00", "50.00"]


def test_the_sales_price_may_stand_in(bundle: Bundle) -> None:
    """Preference Use Sales Price as Fair Value. Source: Setting Advanced Revenue Management (Revenue Allocation) Preferences (article_0627070629)."""
    bundle.ns.set(sales_price_as_fair_value=True)
    bundle.item("A", 180)
    bundle.item("B")
    bundle.sell(("A", 1, 80), ("B", 1, 20))
    assert bundle.revenue() == ["90.00", "10.00"]


def test_one_element_needs_no_allocation(bundle: Bundle) -> None:
    """An arrangement of one element is compliant as it is. Source: Compliant Indicator for Revenue Arrangements (section_4369990241)."""
    bundle.item("A", 500)
    bundle.sell(("A", 1, 60))
    assert bundle.revenue() == ["60.00"]


def test_memos_are_excluded(bundle: Bundle) -> None:
    """Negative elements without a linked positive one have allocation type Exclude. Source: Revenue Elements Excluded from Reclassification (section_4365499406)."""
    for name in "AB":
        bundle.item(name, 100)
    lines = [{"item": {"id": bundle.items[name]}, "quantity": 1, "rate": rate}
             for name, rate in (("A", 60), ("B", 40))]  # fmt: skip
    bundle.ns.make("/creditMemo", {"entity": {"id": bundle.ns.customer}, "tranDate": "2024-01-05",
                                   "item": {"items": lines}})  # fmt: skip
    control(bundle.ns, "/revenue-arrangements/update")
    rows = bundle.ns.sql("SELECT allocationtype, revenueamount FROM revenueelement ORDER BY id")
    assert rows == [{"allocationtype": "EXCLUDE", "revenueamount": "-60"},
                    {"allocationtype": "EXCLUDE", "revenueamount": "-40"}]  # fmt: skip


def test_plans_on_billing_take_their_part_of_the_revenue(bundle: Bundle) -> None:
    """Event amount / discounted sales amount x revenue amount. Source: Revenue Recognition Rule Field Reference (section_4356113783)."""
    bundle.item("A", 100, on="-2")
    bundle.item("B", 100, on="-2")
    bundle.sell(("A", 1, 60), ("B", 1, 40))
    bundle.bill(20, None)
    assert [one["amount"] for one in bundle.ns.month_end("2024-01")["recognized"]] == ["16.67"]
    bundle.bill(40, 40, day="2024-02-20")
    recognized = bundle.ns.month_end("2024-02")["recognized"]
    assert [one["amount"] for one in recognized] == ["33.33", "50.00"]


def four(bundle: Bundle) -> None:
    """Oracle's example: each item is worth 100, sold for 120, 180, 60 and 90."""
    for name in "ABCD":
        bundle.item(name, 100, on="-2")
    bundle.sell(("A", 1, 120), ("B", 1, 180), ("C", 1, 60), ("D", 1, 90))


def test_carve_in_and_carve_out(bundle: Bundle) -> None:
    """7.50 out of A; 5.25 and 2.25 into C and D; B, not billed, carves nothing. Source: Carve In/Carve Out Adjustment Example Prospective Merge After Billing (section_160590775813)."""
    four(bundle)
    assert bundle.revenue() == ["112.50"] * 4
    bundle.bill(120, None, 60, None)
    bundle.ns.month_end("2024-01")
    assert bundle.carve("2024-01") == [
        ["Dr", "A Deferred Revenue", "7.5"], ["Cr", "C Deferred Revenue", "5.25"],
        ["Cr", "D Deferred Revenue", "2.25"]]  # fmt: skip
    assert bundle.carve("2024-01") == []


def test_carving_is_cumulative(bundle: Bundle) -> None:
    """The last bill carves the rest, and nothing stays deferred at the end. Source: Carve In/Carve Out Adjustment Example Retrospective Merge Before Billing (section_160590775067)."""
    four(bundle)
    bundle.bill(120, None, 60, None)
    bundle.ns.month_end("2024-01")
    bundle.carve("2024-01")
    bundle.bill(None, 180, None, 90, day="2024-02-20")
    bundle.ns.month_end("2024-02")
    assert bundle.carve("2024-02") == [
        ["Dr", "B Deferred Revenue", "67.5"], ["Cr", "C Deferred Revenue", "47.25"],
        ["Cr", "D Deferred Revenue", "20.25"]]  # fmt: skip
    assert not [number for number in bundle.ns.balances() if number.startswith("246")]
    assert [bundle.ns.balances()[f"406{n}0"] for n in range(4)] == ["-112.50"] * 4
    assert "1150" not in bundle.ns.balances()


def test_no_carving_without_an_invoice(bundle: Bundle) -> None:
    """Only in periods that include an invoice; recognition alone makes a contract asset. Source: Carve In/Carve Out Adjustment (section_160590770660)."""
    for name in "AB":
        bundle.item(name, 100)
    bundle.sell(("A", 1, 60), ("B", 1, 40))
    bundle.ns.month_end("2024-01")
    made = control(bundle.ns, "/reclassification", period="2024-01")["journals"]
    assert [one["kind"] for one in made] == ["unbilled"]
    assert bundle.ns.balance("1150") == 100


def test_equal_prices_skip_the_step(bundle: Bundle) -> None:
    """When sales amounts are the revenue amounts nothing is carved. Source: Carve In/Carve Out Adjustment (section_160590770660)."""
    for name in "AB":
        bundle.item(name, 100, on="-2")
    bundle.sell(("A", 1, 100), ("B", 1, 100))
    bundle.bill(50, 100)
    bundle.ns.month_end("2024-01")
    assert bundle.carve("2024-01") == []


def test_a_deleted_carving_is_made_again(bundle: Bundle) -> None:
    """Deleted reclassification journals can be created again. Source: Creating Reclassification Journal Entries (section_4365500917)."""
    four(bundle)
    bundle.bill(120, 180, 60, 90)
    bundle.ns.month_end("2024-01")
    made = control(bundle.ns, "/reclassification", period="2024-01")["journals"]
    assert [one["kind"] for one in made] == ["carve"]
    assert bundle.ns.call("DELETE", f"/journalEntry/{made[0]['id']}").status_code == 204
    assert len(bundle.carve("2024-01")) == 4


def test_carving_in_foreign_currency(bundle: Bundle) -> None:
    """Carved at the rate it was billed at; the currency adjustment takes the difference to the order's rate. Source: Types of Reclassification Journal Entries (section_157238665183); the rate is unsure."""
    for name in "AB":
        bundle.item(name, 110, on="-2")
    bundle.sell(("A", 1, 120), ("B", 1, 80), **EURO, exchangeRate=1.1)
    bundle.ns.make("/salesOrder/eid:SO/!transform/invoice",
                   {"tranDate": "2024-01-20", "exchangeRate": 1.2})  # fmt: skip
    bundle.ns.month_end("2024-01")
    assert bundle.carve("2024-01") == [
        ["Dr", "A Deferred Revenue", "24"], ["Cr", "B Deferred Revenue", "24"]]  # fmt: skip
    assert not [number for number in bundle.ns.balances() if number.startswith("246")]
    assert [bundle.ns.balances()[f"406{n}0"] for n in range(2)] == ["-120.00"] * 2


def test_without_the_feature(ns: Client) -> None:
    """Fair value records exist with the feature only. Source: Fair Value Formula (article_0305065341); Enabling the Advanced Revenue Management (Revenue Allocation) Feature (section_165101927337)."""
    text = "Record type 'fairValuePrice' does not exist."
    assert ns.refused("POST", "/fairValuePrice", {"fairValue": 5}, status=404) == text
    assert ns.refused("GET", "/fairValueFormula", status=404)
    refused = ns.http.post("/_sandbox/revenue-arrangements/allocate", json={"arrangement": 1})
    assert refused.status_code == 400
    assert "(Revenue Allocation) feature is not enabled" in refused.text


def test_refused_fair_values(bundle: Bundle) -> None:
    """Required fields, dates in order, percents with a policy, known formulas. Source: Fair Value Price (article_9093327188); Creating the Fair Value Price List (section_4332797619); Adding Fair Value Formulas (section_4332797176)."""
    ns = bundle.ns
    bundle.item("A")
    body = {"item": {"id": bundle.items["A"]}, "fairValue": 5, "currency": {"id": "1"},
            "fairValueFormula": {"id": bundle.formula(UNIT)}}  # fmt: skip
    for name in ("fairValue", "currency", "fairValueFormula"):
        rest = {key: value for key, value in body.items() if key != name}
        assert name in ns.refused("POST", "/fairValuePrice", rest)
    for more, said in (
        ({"endDate": "2024-05-01"}, "startDate"),
        ({"startDate": "2024-05-01", "endDate": "2024-05-01"}, "must be later"),
        ({"fairValueRangePolicy": {"id": "LOW"}}, "lowValuePercent, highValuePercent"),
        ({"fairValueRangePolicy": {"id": "NONE"}}, "Invalid Field Value NONE"),
        ({"item": None}, "name an item"),
    ):
        assert said in ns.refused("POST", "/fairValuePrice", {**body, **more})
    for text in ("", "{nothing}", "{fairvalue} +", "GroupSum({fairvalue})", "1 / ({amount} - 1)",
                 "__import__('os')", "{amount} ** 9", "1e999", "1e15", "-" * 9999 + "1",
                 "(" * 999 + "1" + ")" * 999, "1" + "+1" * 9999, "1\0"):  # fmt: skip
        ns.refused("POST", "/fairValueFormula", {"name": "F", "fairValueFormula": text})
    assert evaluate("-{amount} / 4 + 0.5", {"amount": Decimal(3)}) == Decimal("-0.25")


LINES = st.lists(
    st.tuples(st.integers(0, 10**6), st.integers(1, 10**6), st.sampled_from(("-1", "-2")),
              st.lists(st.integers(0, 100), min_size=2, max_size=2)),
    min_size=2, max_size=4,
)  # fmt: skip
RATES = st.sampled_from((0.9, 1, 1.1, 1.237))
PREFERENCES = st.fixed_dictionaries({
    "unbilled_receivable_grouping": st.sampled_from(("element", "arrangement")),
    "exclude_contract_assets_from_fx": st.booleans()})  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(LINES, RATES, st.lists(RATES, min_size=3, max_size=3), PREFERENCES)
def test_nothing_is_lost(
    drawn: list[tuple[int, int, str, list[int]]], rate: float, rates: list[float],
    preferences: dict[str, Any],
) -> None:  # fmt: skip
    """Total revenue is the transaction total; when all is billed, at whatever rates, and recognized, nothing is deferred or unbilled. Source: Fair Value and Allocation (section_4369989562)."""
    ns = Client(InProcessClient())
    ns.set_up()
    bundle = Bundle(ns)
    ns.set(**preferences)
    for number, (_, worth, on, _) in enumerate(drawn):
        bundle.item(str(number), float(Decimal(worth).scaleb(-2)), on=on)
    left = [Decimal(cents).scaleb(-2) for cents, _, _, _ in drawn]
    bundle.sell(*((str(n), 1, float(price)) for n, price in enumerate(left)),
                **EURO, exchangeRate=rate)  # fmt: skip
    assert sum(Decimal(one) for one in bundle.revenue()) == sum(left)
    for month, day_rate in enumerate(rates, 1):
        parts = [line[3][month - 1] if month < 3 else 100 for line in drawn]
        amounts = [(price * part / 100).quantize(Decimal("0.01"))
                   for price, part in zip(left, parts, strict=True)]  # fmt: skip
        billed = [{"orderLine": n, "amount": float(amount)}
                  for n, amount in enumerate(amounts, 1) if amount or month == 3]  # fmt: skip
        if billed:
            ns.make("/salesOrder/eid:SO/!transform/invoice", {
                "tranDate": f"2024-0{month}-20", "exchangeRate": day_rate,
                "item": {"items": billed}})  # fmt: skip
        left = [price - amount for price, amount in zip(left, amounts, strict=True)]
        ns.month_end(f"2024-0{month}")
        bundle.carve(f"2024-0{month}")
    control(ns, "/reclassification", period="2024-04")
    rest = {n: value for n, value in ns.balances().items() if n.startswith(("246", "1150"))}
    assert rest == {}
