"""Change orders that modify the pricing of subscription lines."""

from __future__ import annotations

import calendar
import random
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from billing_client import Subscription, control, rate_plan
from sandbox_client import Client
from test_suitebilling_terms import Line, fixed, tiered


def modify(ns: Client, subscription: str, day: str, number: int = 1, **new: Any) -> Any:
    return ns.call("POST", "/subscriptionChangeOrder", {
        "action": "MODIFY_PRICING", "subscription": {"id": subscription}, "effectiveDate": day,
        "subLine": {"items": [{"sequence": str(number), "apply": True, **new}]}})  # fmt: skip


def made(answer: Any) -> str:
    assert answer.status_code == 204, answer.text
    return str(answer.headers["location"].rsplit("/", 1)[1])


def totals(sub: Line) -> dict[str, float]:
    """What is charged, by the first day of the span it is charged for."""
    out: dict[str, float] = {}
    for start, amount, _ in sub.charges():
        out[start] = out.get(start, 0) + float(amount)
    return {start: amount for start, amount in out.items() if amount}


def monthly(ns: Client, amount: Any) -> Line:
    return Line(ns, "Recurring", fixed(ns, amount, frequency="MONTHLY"))


def test_a_new_price_from_a_period_on(ns: Client) -> None:
    """Charges that are not billed follow; what is before the effective date stays. Source: SuiteBilling Change Orders (subsect_1547761140)."""
    sub = monthly(ns, 100)
    control(ns, "/billing-run", date="2024-01-01")
    made(modify(ns, sub.id, "2024-03-01", pricePlanNew=fixed(ns, 130)["pricePlan"]))
    found = totals(sub)
    assert [found[f"2024-{month:02}-01"] for month in (1, 2, 3, 12)] == [100, 100, 130, 130]
    assert len(sub.charges()) == 12


def test_a_change_inside_a_period_is_prorated(ns: Client) -> None:
    """Both parts of the period by its days. Source: Modifying Pricing (section_1554934535); that days are counted is unsure."""
    sub = monthly(ns, 310)
    made(modify(ns, sub.id, "2024-01-11", pricePlanNew=fixed(ns, 620)["pricePlan"]))
    found = totals(sub)
    assert (found["2024-01-01"], found["2024-01-11"], found["2024-02-01"]) == (100, 420, 620)


def test_of_what_is_invoiced_the_difference_is_charged(ns: Client) -> None:
    """A delta charge, negative for a lower price. Source: Modifying Pricing (section_1554934535), Pricing Amount Details."""
    sub = monthly(ns, 310)
    control(ns, "/billing-run", date="2024-01-01")
    made(modify(ns, sub.id, "2024-01-11", discountNew=50))
    january = [(s, a) for s, a, _ in sub.charges() if s < "2024-02"]
    assert january == [("2024-01-01", "310"), ("2024-01-01", "-210"), ("2024-01-11", "105")]
    assert totals(sub)["2024-02-01"] == 155
    (bill,) = control(ns, "/billing-run", date="2024-02-01")["bills"]
    assert (len(bill["charges"]), ns.get(f"/invoice/{bill['id']}")["total"]) == (3, 50)


def test_change_orders_in_any_order(ns: Client) -> None:
    """A quantity from March on and a discount from February on, entered later. Source: SuiteBilling Change Orders (subsect_1547761140)."""
    plan = ns.make("/pricePlan", {"currency": {"id": "1"}, "pricePlanType": "2",
                                  "priceTiers": {"items": [{"fromVal": 0, "value": 10}]}})  # fmt: skip
    sub = Line(ns, "Recurring", {"pricePlan": {"id": plan}, "frequency": "MONTHLY", "quantity": 3})
    made(modify(ns, sub.id, "2024-03-01", quantityNew=5))
    made(modify(ns, sub.id, "2024-02-01", discountNew=10))
    found = totals(sub)
    assert [found[f"2024-0{month}-01"] for month in (1, 2, 3, 4)] == [30, 27, 45, 45]
    assert "one change order" in modify(ns, sub.id, "2024-02-01", discountNew=20).text


def test_a_deleted_change_order_takes_its_changes_back(ns: Client) -> None:
    """Of billed charges too; other change orders stay. Source: SuiteBilling Change Orders (subsect_1547761140)."""
    sub = monthly(ns, 310)
    order = made(modify(ns, sub.id, "2024-01-11", discountNew=50))
    control(ns, "/billing-run", date="2024-01-31")
    assert ns.call("DELETE", f"/subscriptionChangeOrder/{order}").status_code == 204
    found = totals(sub)
    assert sum(amount for start, amount in found.items() if start < "2024-02") == 310
    assert (found["2024-02-01"], len(found)) == (310, 12)
    activation = ns.call("GET", "/subscriptionChangeOrder").json()["items"][0]["id"]
    ns.refused("DELETE", f"/subscriptionChangeOrder/{activation}")


def test_a_new_price_of_usage(ns: Client) -> None:
    """Usage from the effective date on, what was rated already by the difference. Source: Modifying Pricing (section_1554934535); that it is from the start of a pricing period only is unsure."""
    sub = Line(ns, "Usage", {"pricePlan": {"id": tiered(ns, (0, 2))}, "frequency": "MONTHLY"})
    sub.use(10, "2024-01-20")
    sub.use(10, "2024-02-20")
    assert sub.rate("2024-02-29") == [("2024-01-31", "20"), ("2024-02-29", "20")]
    new: dict[str, Any] = {"pricePlanNew": {"id": tiered(ns, (0, 3))}}
    assert modify(ns, sub.id, "2024-02-10", **new).status_code == 400
    made(modify(ns, sub.id, "2024-02-01", **new))
    sub.use(1, "2024-02-21")
    sub.use(1, "2024-01-21")
    assert sorted(sub.rate("2024-02-29")) == [("2024-01-31", "2"), ("2024-02-29", "3")]
    assert totals(sub) == {"2024-01-01": 22, "2024-02-01": 33}
    used = ns.sql("SELECT id FROM usage ORDER BY id")[0]["id"]
    ns.refused("DELETE", f"/usage/{used}")


def test_a_higher_price_draws_more_of_a_prepayment(ns: Client) -> None:
    """The difference is drawn as the usage was. Source: Prepaid Usage with Drawdown (section_0903123502); Modifying Pricing (section_1554934535)."""
    sub = Subscription(ns, amount=1000, frequency="ONETIME", rates=("2",))
    sub.usage(100, "2024-02-10")
    sub.rate("2024-02-29")
    assert sub.balance() == 800
    order = made(modify(ns, sub.id, "2024-02-01", 2, pricePlanNew={"id": rate_plan(ns, 3)}))
    assert sub.balance() == 700
    assert ns.call("DELETE", f"/subscriptionChangeOrder/{order}").status_code == 204
    assert sub.balance() == 800


@pytest.mark.parametrize(
    ("kind", "day", "new", "text"),
    [
        ("Recurring", "2024-01-01", {"discountNew": 5}, "after the activation"),
        ("Recurring", "2024-02-01", {}, "Price Plan"),
        ("One Time", "2024-02-01", {"discountNew": 5}, "recurring and usage lines only"),
        ("Usage", "2024-02-01", {"discountNew": 5}, "only the price plan"),
    ],
)
def test_what_cannot_be_modified(
    ns: Client, kind: str, day: str, new: dict[str, Any], text: str
) -> None:
    """Not before the activation, not nothing, not lines of other types here. Source: SuiteBilling Change Orders (subsect_1547761140); the wording is unsure."""
    price = fixed(ns, 10, **({} if kind == "One Time" else {"frequency": "MONTHLY"}))
    sub = Line(ns, kind, price)
    assert text in modify(ns, sub.id, day, **new).text


def test_suspended_prepaid_and_terminated_lines(ns: Client) -> None:
    """A suspended line is not modified, a prepaid one never; none is terminated before a later change. Source: SuiteBilling Change Orders (subsect_1547761140); Prepaid Usage with Drawdown (section_0903123502)."""
    sub = Subscription(ns, rates=("2",))
    new = {"pricePlanNew": {"id": rate_plan(ns, 3)}}
    assert "Prepaid" in modify(ns, sub.id, "2024-02-01", 1, **new).text
    made(modify(ns, sub.id, "2024-03-01", 2, **new))
    assert "later change order" in sub.order("TERMINATE", "2024-02-10").text
    assert sub.order("SUSPEND", "2024-03-05").status_code == 204
    assert "SUSPENDED" in modify(ns, sub.id, "2024-03-10", 2, **new).text


def test_a_renewed_subscription_starts_with_the_last_prices(ns: Client) -> None:
    """A new subscription without a plan is like the old one as it ended. Source: Renewing a Subscription (section_1547760511); unsure for modified prices."""
    sub = monthly(ns, 100)
    made(modify(ns, sub.id, "2024-03-01", discountNew=25))
    term = ns.make("/subscriptionTerm", {"name": "Year", "subscriptionTermDuration": 1,
                                         "subscriptionTermUnit": {"id": "YEARS"}})  # fmt: skip
    sub.order("RENEW", "2024-12-31", renewalTerm={"id": term},
              renewalMethod={"id": "CREATE_NEW_SUBSCRIPTION"})  # fmt: skip
    new = ns.sql("SELECT MAX(id) x FROM subscription")[0]["x"]
    shown = ns.get(f"/subscription/{new}?expandSubResources=true")
    assert shown["priceInterval"]["items"][0]["discount"] == 25


@pytest.mark.parametrize("seed", range(6))
def test_random_changes_of_prices(ns: Client, seed: int) -> None:
    """Whatever is modified, deleted and billed in whatever order, each day costs what holds on it. Source: Modifying Pricing (section_1554934535)."""
    chance = random.Random(seed)  # noqa: S311 (repeatable chance is the point)
    sub = monthly(ns, 300)
    orders: dict[str, tuple[str, dict[str, Any]]] = {}
    for _ in range(12):
        kind = chance.choice(["price", "discount", "delete", "bill"])
        day = f"2024-{chance.randint(1, 12):02}-{chance.randint(2, 28):02}"
        if kind == "bill":
            control(ns, "/billing-run", date=day)
        elif kind == "delete" and orders:
            gone = chance.choice(sorted(orders))
            assert ns.call("DELETE", f"/subscriptionChangeOrder/{gone}").status_code == 204
            del orders[gone]
        elif kind != "delete" and day not in {known for known, _ in orders.values()}:
            value = chance.randint(1, 99)
            new: dict[str, Any] = {"discountNew": value}
            if kind == "price":
                new = {"pricePlanNew": fixed(ns, value * 10)["pricePlan"]}
            order = made(modify(ns, sub.id, day, **new))
            shown = {"price": value * 10} if kind == "price" else {"discount": value}
            orders[order] = (day, shown)
        wanted = Fraction(0)
        today = date(2024, 1, 1)
        while today.year == 2024:
            price, discount = 300, 0
            for start, change in sorted(orders.values(), key=lambda one: one[0]):
                if start <= today.isoformat():
                    price = change.get("price", price)
                    discount = change.get("discount", discount)
            days = calendar.monthrange(2024, today.month)[1]
            wanted += Fraction(price * (100 - discount), 100 * days)
            today += timedelta(days=1)
        charged = sum(Decimal(amount) for _, amount, _ in sub.charges())
        assert abs(charged - Decimal(round(wanted * 100)) / 100) <= Decimal("0.01") * (
            len(orders) + 1
        )
