"""Revenue plans made on fulfillment, and elements of return authorizations."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from billing_client import control, item
from sandbox_client import Client, items
from test_arm_sources import bill, order, plans

ON_CREATION, ON_BILLING, ON_FULFILLMENT = "-1", "-2", "-3"


def rule(ns: Client, amount: str = "quantity") -> str:
    body = {"name": f"By {amount}", "amountSource": amount}
    return str(control(ns, "/revenue-rules", **body)["id"])


def goods(ns: Client, **more: Any) -> str:
    return item(ns, "Goods", "51", rule(ns), ON_FULFILLMENT, **more)


def ship(ns: Client, day: str, quantity: int | None = None, **more: Any) -> str:
    body: dict[str, Any] = {"tranDate": day, **more}
    if quantity is not None:
        body["item"] = items({"orderLine": 1, "quantity": quantity})
    return ns.make("/salesOrder/eid:SO/!transform/itemFulfillment", body)


def update(ns: Client) -> None:
    control(ns, "/revenue-arrangements/update")
    control(ns, "/revenue-plans/update")


def recognized(ns: Client, period: str) -> list[str]:
    return [row["amount"] for row in ns.month_end(period)["recognized"]]


def give_back(ns: Client, source: str, target: str = "returnAuthorization", **body: Any) -> str:
    return ns.make(f"/{source}/!transform/{target}", {"tranDate": "2024-02-10", **body})


def elements(ns: Client) -> list[tuple[str, str]]:
    rows = ns.sql("SELECT quantity, salesamount FROM revenueelement ORDER BY id")
    return [(row["quantity"], row["salesamount"]) for row in rows]


# -- fulfillment -------------------------------------------------------------------------------


def test_each_fulfillment_has_a_plan_of_its_own(ns: Client) -> None:
    """The plan is worth the share of the line's quantity that is fulfilled, on the fulfillment's date; billing makes none.

    Source: Amount Sources (section_4356113783); Item Configuration for Advanced Revenue Management (section_4340443927).
    """
    order(ns, goods(ns), 4)
    bill(ns, "2024-01-08")
    assert recognized(ns, "2024-01") == []
    ship(ns, "2024-01-20", 1)
    assert recognized(ns, "2024-01") == ["100.00"]
    ship(ns, "2024-02-20")
    update(ns)
    assert plans(ns) == [("100", "100", "COMPLETED"), ("300", "0", "NOTSTARTED")]
    assert recognized(ns, "2024-02") == ["300.00"]
    assert ns.balances() == {"1100": "400.00", "40510": "-400.00"}


def test_shares_of_a_quantity_add_up(ns: Client) -> None:
    """Percentage of the quantity multiplied by the revenue amount; rounding ends at the whole. Source: Amount Sources (section_4356113783); the rounding is unsure."""
    line = {"item": {"id": goods(ns)}, "quantity": 3, "amount": 100}
    ns.make("/salesOrder", {"entity": {"id": ns.customer}, "tranDate": "2024-01-05",
                            "externalId": "SO", "item": items(line)})  # fmt: skip
    for day in ("2024-01-10", "2024-01-11", "2024-01-12"):
        ship(ns, day, 1)
    assert recognized(ns, "2024-01") == ["33.33", "33.34", "33.33"]


def test_what_is_picked_is_not_fulfilled(ns: Client) -> None:
    """A fulfillment counts once it is Shipped. Source: Item Fulfillment, shipStatus; that plans wait for it is unsure."""
    order(ns, goods(ns), 1)
    made = ship(ns, "2024-01-20", shipStatus={"id": "A"})
    assert recognized(ns, "2024-01") == []
    path = f"/itemFulfillment/{made}"
    assert ns.call("PATCH", path, {"shipStatus": {"id": "C"}}).status_code == 204
    assert recognized(ns, "2024-01") == ["100.00"]


def test_an_item_that_cannot_be_fulfilled(ns: Client) -> None:
    """With Can Be Fulfilled/Received cleared the invoice triggers the plan. Source: section_4340443927."""
    order(ns, goods(ns, isFulfillable=False), 4)
    assert recognized(ns, "2024-01") == []
    bill(ns, "2024-02-10", 1)
    assert recognized(ns, "2024-02") == ["100.00"]


@pytest.mark.parametrize(
    ("record", "sign"), [("invoice", ""), ("cashSale", ""), ("creditMemo", "-")]
)
def test_what_has_no_fulfillments_is_fulfilled(ns: Client, record: str, sign: str) -> None:
    """A stand-alone credit memo behaves as with Revenue Arrangement Creation. Source: section_4340443927; that invoices and cash sales do too is unsure."""
    line = {"item": {"id": goods(ns)}, "quantity": 2, "rate": 50}
    ns.make(f"/{record}", {"entity": {"id": ns.customer}, "tranDate": "2024-01-05",
                           "item": items(line)})  # fmt: skip
    assert recognized(ns, "2024-01") == [f"{sign}100.00"]


@pytest.mark.parametrize(
    ("amount", "plans_on"),
    [("amount", ON_FULFILLMENT), ("quantity", ON_BILLING), ("quantity", ON_CREATION),
     ("percent-complete", ON_BILLING), ("percent-complete", ON_FULFILLMENT)],
)  # fmt: skip
def test_what_does_not_fit_together_makes_no_plan(ns: Client, amount: str, plans_on: str) -> None:
    """For invalid combinations of Amount Source and Create Revenue Plans On no plans are created. Source: Amount Sources (section_4356113783)."""
    order(ns, item(ns, "Odd", "52", rule(ns, amount), plans_on), 1)
    ship(ns, "2024-01-10")
    bill(ns, "2024-01-10")
    assert recognized(ns, "2024-01") == []
    assert plans(ns) == []


@pytest.mark.parametrize("event", ["itemFulfillment", "invoice"])
def test_plans_follow_what_is_deleted(ns: Client, event: str) -> None:
    """Of an order that was recognized whole too. Source: Revenue Recognition Plans (section_4351787245), updated when changes occur in sources; the period of the correction is unsure."""
    order(ns, goods(ns) if event == "itemFulfillment" else ns.usage, 2)
    make = ship if event == "itemFulfillment" else bill
    made = [make(ns, "2024-01-10", 1), make(ns, "2024-01-20", 1)]
    assert recognized(ns, "2024-01") == ["100.00", "100.00"]
    assert ns.call("DELETE", f"/{event}/{made[1]}").status_code == 204
    ns.http.put("/_sandbox/clock", json={"now": "2024-02-10T12:00:00Z"})
    ns.headers = Client(ns.http).headers
    update(ns)
    assert recognized(ns, "2024-02") == ["-100.00"]
    assert recognized(ns, "2024-03") == []


def test_plans_of_fulfillments_after_a_refresh(ns: Client) -> None:
    """Plans still know their fulfillments when all ids have moved. Source: pitfall 20."""
    order(ns, goods(ns), 2)
    ship(ns, "2024-01-10", 1)
    assert recognized(ns, "2024-01") == ["100.00"]
    control(ns, "/refresh")
    ns.headers = Client(ns.http).headers
    ship(ns, "2024-02-10")
    assert recognized(ns, "2024-02") == ["100.00"]
    assert len(plans(ns)) == 2


def test_no_arrangement_before_approval(ns: Client) -> None:
    """Only after the transaction is approved. Source: Revenue Arrangement Management (section_4333740355)."""
    line = {"item": {"id": ns.usage}, "amount": 50}
    ns.make("/salesOrder", {"entity": {"id": ns.customer}, "tranDate": "2024-01-05",
                            "externalId": "SO", "orderStatus": {"id": "A"},
                            "item": items(line)})  # fmt: skip
    assert control(ns, "/revenue-arrangements/update")["elements"] == 0
    assert ns.call("PATCH", "/salesOrder/eid:SO", {"orderStatus": {"id": "B"}}).status_code == 204
    assert control(ns, "/revenue-arrangements/update")["elements"] == 1


# -- return authorizations ---------------------------------------------------------------------


def test_return_of_an_order_has_an_arrangement(ns: Client) -> None:
    """A new arrangement with a negative element, at the order's exchange rate.

    Source: Revenue Allocation for Returns (section_4381033932).
    """
    line = {"item": {"id": ns.usage}, "quantity": 4, "rate": 100}
    sold = ns.make("/salesOrder", {
        "entity": {"id": ns.customer}, "tranDate": "2024-01-05", "currency": {"refName": "EUR"},
        "exchangeRate": 1.2, "item": items(line)})  # fmt: skip
    returned = give_back(ns, f"salesOrder/{sold}", item=items({"line": 1, "quantity": 1}))
    update(ns)
    assert elements(ns) == [("4", "400"), ("-1", "-100")]
    rows = ns.sql(
        "SELECT t.foreigntotal, e.exchangerate, e.source FROM transaction t JOIN revenueelement e"
        " ON e.revenuearrangement = t.id ORDER BY e.id"
    )
    assert [(row["foreigntotal"], row["exchangerate"]) for row in rows] == [
        ("400", "1.2"), ("-100", "1.2")]  # fmt: skip
    assert [row["source"] for row in rows] == [sold, returned]


def test_return_waits_for_approval(ns: Client) -> None:
    """Pending Approval makes no arrangement. Source: Revenue Arrangement Management (section_4333740355)."""
    order(ns, ns.usage, 1)
    returned = give_back(ns, "salesOrder/eid:SO", orderStatus={"id": "A"})
    update(ns)
    assert elements(ns) == [("1", "100")]
    path = f"/returnAuthorization/{returned}"
    assert ns.call("PATCH", path, {"orderStatus": {"id": "B"}}).status_code == 204
    update(ns)
    assert elements(ns) == [("1", "100"), ("-1", "-100")]
    assert ns.call("PATCH", path, {"item": items({"line": 1, "rate": 70})}).status_code == 204
    update(ns)
    assert elements(ns)[1] == ("-1", "-70")
    assert ns.get(path)["deferredRevenue"] == -70.0
    assert ns.call("DELETE", path).status_code == 204
    assert elements(ns) == [("1", "100")]


@pytest.mark.parametrize("target", ["creditMemo", "cashRefund"])
def test_credit_of_a_return_makes_no_arrangement(ns: Client, target: str) -> None:
    """No additional arrangement; lines that are added to it make one of their own.

    Source: Revenue Allocation for Returns (section_4381033932); Revenue Arrangement Management (section_4333740355).
    """
    order(ns, ns.usage, 2)
    returned = give_back(ns, "salesOrder/eid:SO")
    update(ns)
    account = {"account": {"id": ns.account("1000")}} if target == "cashRefund" else {}
    added = {"item": {"id": ns.usage}, "quantity": 1, "rate": 7}
    give_back(ns, f"returnAuthorization/{returned}", target, item=items(added), **account)
    update(ns)
    assert elements(ns) == [("2", "200"), ("-2", "-200"), ("-1", "-7")]
    assert "linked to" in ns.refused("DELETE", f"/returnAuthorization/{returned}")


@pytest.mark.parametrize("kind", ["billing", "fulfillment"])
def test_plan_of_a_return_waits_for_its_credit(ns: Client, kind: str) -> None:
    """Billing of a return is its credit memo, which stands for its receipt too.

    Source: section_4340443927, by analogy with the sales order; unsure.
    """
    ns.set(net_credit_memo_elements=False)
    line = {"item": {"id": ns.usage if kind == "billing" else goods(ns)},
            "quantity": 4, "rate": 100}  # fmt: skip
    returned = ns.make("/returnAuthorization", {"entity": {"id": ns.customer},
                                                "tranDate": "2024-01-05", "item": items(line)})  # fmt: skip
    assert recognized(ns, "2024-01") == []
    give_back(ns, f"returnAuthorization/{returned}", "creditMemo",
              item=items({"line": 1, "quantity": 1}))  # fmt: skip
    assert recognized(ns, "2024-02") == ["-100.00"]
    give_back(ns, f"returnAuthorization/{returned}", "creditMemo", tranDate="2024-03-05",
              item=items({"line": 1, "quantity": 3}))  # fmt: skip
    assert recognized(ns, "2024-03") == ["-300.00"]


def test_return_takes_off_what_is_not_recognized(ns: Client) -> None:
    """A return of a half recognized order, credited: deferral ends at zero, revenue at what was kept. Source: Revenue Allocation for Returns (section_4381033932): the return's revenue is reversed; netting is a setting."""
    order(ns, goods(ns), 4)
    ship(ns, "2024-01-10", 2)
    invoice = bill(ns, "2024-01-12")
    assert recognized(ns, "2024-01") == ["200.00"]
    returned = give_back(ns, f"invoice/{invoice}", item=items({"line": 1, "quantity": 3}))
    give_back(ns, f"returnAuthorization/{returned}", "creditMemo")
    assert recognized(ns, "2024-02") == ["-100.00"]
    assert ns.balances() == {"1100": "100.00", "40510": "-100.00"}


def test_return_in_reclassification(ns: Client) -> None:
    """What is returned but not yet credited counts as not billed: no contract asset. Source: Unbilled Receivable Adjustment (section_160590749111), by analogy with the sales order."""
    line = {"item": {"id": ns.usage}, "quantity": 1, "rate": 100}
    returned = ns.make("/returnAuthorization", {"entity": {"id": ns.customer},
                                                "tranDate": "2024-01-05", "item": items(line)})  # fmt: skip
    ns.month_end("2024-01")
    assert control(ns, "/reclassification", period="2024-01")["journals"] == []
    give_back(ns, f"returnAuthorization/{returned}", "creditMemo")
    assert recognized(ns, "2024-02") == ["-100.00"]
    assert control(ns, "/reclassification", period="2024-02")["journals"] == []
    assert ns.balances() == {"1100": "-100.00", "4010": "100.00"}


# -- whole lives -------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("net", [True, False])
def test_lives_of_an_order(ns: Client, seed: int, *, net: bool) -> None:
    """Shipped, billed, returned and credited in any order: nothing stays deferred, what was kept is revenue."""
    ns.set(net_credit_memo_elements=net)
    chance = random.Random(seed)  # noqa: S311 (repeatable chance is the point)
    made, quantity, month = goods(ns), chance.randint(2, 6), 1
    order(ns, made, quantity)
    left = {"ship": quantity, "bill": quantity}
    kept: dict[str, int] = {}
    for _ in range(chance.randint(4, 10)):
        what = chance.choice(["ship", "bill", "return", "end"])
        day = f"2024-{month:02d}-{chance.randint(1, 28):02d}"
        if left.get(what):
            part = chance.randint(1, left[what])
            left[what] -= part
            number = (ship if what == "ship" else bill)(ns, day, part)
            if what == "bill":
                kept[number] = part
        elif what == "return" and any(kept.values()):
            invoice = chance.choice([number for number, part in kept.items() if part])
            part = chance.randint(1, kept[invoice])
            kept[invoice] -= part
            returned = give_back(ns, f"invoice/{invoice}", tranDate=day,
                                 item=items({"line": 1, "quantity": part}))  # fmt: skip
            if chance.random() < 0.5:
                ns.month_end(f"2024-{month:02d}")
            give_back(ns, f"returnAuthorization/{returned}", "creditMemo", tranDate=day)
        elif what == "end":
            ns.month_end(f"2024-{month:02d}")
            month += 1
    total = sum(kept.values()) + left["bill"]
    for what, make in (("ship", ship), ("bill", bill)):
        if left[what]:
            make(ns, f"2024-{month:02d}-15")
    ns.month_end(f"2024-{month:02d}")
    balances = ns.balances()
    assert "24510" not in balances
    assert Decimal(balances.get("40510", "0")) == -100 * total
