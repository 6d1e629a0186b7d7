"""Subscriptions with a prepaid line: rating, drawdown, refills, bills, the end of the term."""

from __future__ import annotations

from typing import Any

import pytest
from billing_client import Subscription, control, prepay_plan, rate_plan
from sandbox_client import Client


def test_prepayment_is_charged_when_its_usage_line_becomes_active(ns: Client) -> None:
    """Prepayments are activated with their usage services. Source: section_0903123502."""
    sub = Subscription(ns, activate=False)
    assert ns.sql("SELECT COUNT(*) n FROM charge") == [{"n": "0"}]
    sub.activate("2024-01-01")
    line = ns.get(f"/subscriptionLine/{sub.lines[0]}")
    assert (line["subscriptionLineStatus"]["id"], line["prepaymentRemaining"]) == ("ACTIVE", 1000)
    shown = ns.get(f"/subscription/{sub.id}?simpleEnumFormat=true")
    assert shown["billingSubscriptionStatus"] == "ACTIVE"


@pytest.mark.parametrize("action", ["ACTIVATE", "SUSPEND", "TERMINATE"])
def test_prepaid_lines_take_no_change_order(ns: Client, action: str) -> None:
    """Prepaid lines can't be modified, activated, or suspended. Source: section_0903123502."""
    sub = Subscription(ns, activate=action != "ACTIVATE")
    answer = sub.order(action, "2024-01-01", 1)
    assert answer.status_code == 400
    assert "Prepaid lines can't be" in answer.text


def test_prepaid_lines_are_linked_to_drafts_only(ns: Client) -> None:
    """Prepaid lines can only be linked to usage lines in draft. Source: section_0903123502."""
    sub = Subscription(ns, activate=False)
    sub.activate("2024-01-01")
    again = ns.call("PATCH", f"/subscription/{sub.id}", {"priceInterval": {"items": [
        {"lineNumber": 2, "prepayLine": {"id": sub.lines[1]}}]}})  # fmt: skip
    assert again.status_code == 400
    changed = ns.call("PATCH", f"/subscription/{sub.id}", {"priceInterval": {"items": [
        {"lineNumber": 1, "pricePlan": {"id": prepay_plan(ns, 5)}}]}})  # fmt: skip
    assert "Prepaid lines can't be modified." in changed.text


def test_one_time_turns_into_pay_as_you_go(ns: Client) -> None:
    """When the prepayment is gone usage is billed directly. Source: section_0919040318."""
    sub = Subscription(ns, frequency="ONETIME", rates=("2.50", "1.30"))
    sub.usage(300, "2024-01-31")
    sub.usage(400, "2024-01-31", 3)
    assert sub.rate("2024-01-31") == [(2, "750"), (3, "520"), (1, "-750"), (1, "-250")]
    assert sub.balance() == 0
    sub.usage(100, "2024-02-10")
    assert sub.rate("2024-02-29") == [(2, "250")]


@pytest.mark.parametrize(
    ("used", "minimum", "refills"), [(800, 200, 1), (799, 200, 0), (1000, 0, 1), (3900, 200, 4)]
)
def test_refill_at_or_below_the_minimum(
    ns: Client, used: int, minimum: int, refills: int
) -> None:  # fmt: skip
    """Reaching the minimum balance makes new prepayment charges, enough of them.

    Source: section_0903123502.
    """
    sub = Subscription(ns, amount=1000, minimum=minimum, rates=("1",))
    sub.usage(used, "2024-01-20")
    made = sub.rate("2024-01-31")
    assert made == [(2, f"{used}"), (1, f"-{used}"), *[(1, "1000")] * refills]
    assert sub.balance() == 1000 - used + 1000 * refills


def test_minimum_is_looked_at_only_after_rating(ns: Client) -> None:
    """The minimum balance is only validated after rating is completed.

    Source: section_0903123502.
    """
    sub = Subscription(ns, amount=1000, minimum=300, rates=("1", "1"))
    sub.usage(800, "2024-01-20")
    sub.usage(700, "2024-01-20", 3)
    assert sub.balance() == 1000
    assert sub.rate("2024-01-31") == [
        (2, "800"), (3, "700"), (1, "-800"), (1, "-700"), (1, "1000"),
    ]  # fmt: skip


def test_minimum_balance_is_not_negative(ns: Client) -> None:
    """Auto-Refill requires a minimum balance of 0 or more. Source: section_0903123502."""
    body = {"currency": {"id": "1"}, "prepayAmount": 5, "prepayMinBalance": -1}
    assert "Invalid Field Value -1" in ns.refused("POST", "/pricePlan", body)


def test_prepayment_shared_by_two_subscriptions(ns: Client) -> None:
    """Usage of the same or of another subscription burns it down. Source: section_0903123502."""
    sub = Subscription(ns, amount=1000, rates=("1", "1"), activate=False)
    item = ns.get(f"/subscriptionLine/{sub.lines[1]}")["item"]["id"]
    other = ns.make("/subscription", {
        "customer": {"id": ns.customer}, "startDate": "2024-01-01", "endDate": "2024-03-31",
        "subscriptionLine": {"items": [{"item": {"id": item}, "subscriptionLineType": "3"}]},
        "priceInterval": {"items": [{"lineNumber": 1, "pricePlan": {"id": rate_plan(ns, 2)},
                                     "prepayLine": {"id": sub.lines[0]}}]}})  # fmt: skip
    ns.make("/subscriptionChangeOrder", {
        "action": "ACTIVATE", "subscription": {"id": other}, "effectiveDate": "2024-01-01",
        "subLine": {"items": [{"sequence": "1", "apply": True}]}})  # fmt: skip
    line = ns.sql("SELECT id FROM subscriptionline WHERE subscription = ?", other)[0]["id"]
    sub.activate("2024-01-01")
    ns.make("/usage", {
        "customer": {"id": ns.customer}, "usageSubscription": {"id": other}, "usageQuantity": 100,
        "usageSubscriptionLine": {"id": line}, "usageDate": "2024-01-05"})  # fmt: skip
    control(ns, "/rating-run", to="2024-01-31")
    assert sub.balance() == 800


def test_usage_is_billed_in_arrears_and_drawn_off_the_invoice(ns: Client) -> None:
    """Billed on the cycle date after the month, with negative prepay lines.

    Source: section_0919041722.
    """
    sub = Subscription(ns, amount=1000, rates=("2.50",))
    assert [one["type"] for one in sub.bill("2024-01-01")] == ["invoice"]
    sub.usage(100, "2024-01-15")
    sub.rate("2024-01-31")
    assert sub.bill("2024-01-31") == []
    (bill,) = sub.bill("2024-02-01")
    body = ns.get(f"/invoice/{bill['id']}?expandSubResources=true")
    lines = [(x["quantity"], x["rate"], x["amount"]) for x in body["item"]["items"]]
    assert lines == [(100, 2.5, 250), (1, -250, -250)]
    assert (body["total"], body["status"]["id"]) == (0, "B")
    assert body["item"]["items"][0]["subscriptionLine"]["id"] == sub.lines[1]
    assert sub.bill("2024-02-01") == []


def test_deleting_an_invoice_makes_its_charges_ready_again(ns: Client) -> None:
    """A charge knows its invoice; without one it is billed.

    Source: REST API Browser, charge.invoice.
    """
    sub = Subscription(ns)
    (bill,) = sub.bill("2024-01-01")
    charge = bill["charges"][0]
    assert ns.get(f"/charge/{charge}")["invoice"]["id"] == bill["id"]
    assert ns.call("DELETE", f"/invoice/{bill['id']}").status_code == 204
    assert "invoice" not in ns.get(f"/charge/{charge}")
    assert len(sub.bill("2024-01-01")) == 1


def test_usage_of_one_month_rated_twice(ns: Client) -> None:
    """Volume and tiers hold for the charge period; the second charge is the rest.

    Source: section_1546981313.
    """
    sub = Subscription(ns, rates=("1",))
    sub.usage(10, "2024-01-05")
    assert sub.rate("2024-01-10") == [(2, "10"), (1, "-10")]
    sub.usage(5, "2024-01-12")
    assert sub.rate("2024-01-31") == [(2, "5"), (1, "-5")]
    assert sub.rate("2024-01-31") == []


@pytest.mark.parametrize(
    ("kind", "tiers", "quantity", "amount"),
    [
        ("2", [(0, 5), (11, 4.95), (21, 4.9)], 22, "109.3"),
        ("4", [(0, 5), (11, 4.95)], 8, "40"),
        ("4", [(0, 5), (11, 4.95)], 22, "108.9"),
    ],
)
def test_price_plans(ns: Client, kind: str, tiers: Any, quantity: int, amount: str) -> None:
    """Tiered and volume pricing, Oracle's three examples. Source: section_1546981313."""
    plan = ns.make("/pricePlan", {
        "currency": {"id": "1"}, "pricePlanType": kind,
        "priceTiers": {"items": [{"fromVal": start, "value": value} for start, value in tiers]},
    })  # fmt: skip
    sub = Subscription(ns, activate=False)
    ns.call("PATCH", f"/subscription/{sub.id}", {"priceInterval": {"items": [
        {"lineNumber": 2, "pricePlan": {"id": plan}}]}})  # fmt: skip
    sub.activate("2024-01-01")
    sub.usage(quantity, "2024-01-05")
    assert sub.rate("2024-01-31")[0] == (2, amount)


def test_charge_per_usage_record(ns: Client) -> None:
    """Charge Per Usage Record on the line. Source: REST API Browser, subscriptionLine."""
    sub = Subscription(ns, rates=("1",), activate=False)
    ns.call("PATCH", f"/subscription/{sub.id}", {"subscriptionLine": {"items": [
        {"lineNumber": 2, "chargePerUsageRecord": True}]}})  # fmt: skip
    sub.activate("2024-01-01")
    sub.usage(10, "2024-01-05")
    sub.usage(7, "2024-01-06")
    assert sub.rate("2024-01-31") == [(2, "10"), (2, "7"), (1, "-10"), (1, "-7")]


def test_rated_usage_is_voided_not_deleted(ns: Client) -> None:
    """You can't delete usage after a rating run, but you can void it.

    Source: section_1546981289.
    """
    sub = Subscription(ns, rates=("1",))
    fresh = sub.usage(1, "2024-01-04")
    assert ns.call("DELETE", f"/usage/{fresh}").status_code == 204
    usage = sub.usage(10, "2024-01-05")
    sub.rate("2024-01-31")
    assert ns.call("DELETE", f"/usage/{usage}").status_code == 400
    changed = ns.call("PATCH", f"/usage/{usage}", {"usageQuantity": 11})
    assert changed.status_code == 400
    assert ns.call("PATCH", f"/usage/{usage}", {"status": "VOIDED"}).status_code == 204
    assert sub.rate("2024-01-31") == [(2, "-10"), (1, "10")]
    assert sub.balance() == 1000


def test_usage_needs_customer_subscription_and_line(ns: Client) -> None:
    """The record requires them at a minimum. Source: section_158713807177."""
    sub = Subscription(ns)
    text = ns.refused("POST", "/usage", {"usageQuantity": 1})
    assert "Please enter value(s) for: Customer, Subscription, Subscription Line." in text
    ns.refused("POST", "/usage", sub.usage_body(1, "2024-04-01"))
    ns.refused("POST", "/usage", {**sub.usage_body(1, "2024-01-02"),
                                  "usageSubscriptionLine": {"id": sub.lines[0]}})  # fmt: skip
    ns.set(usage_requires_plan=True)
    assert "Subscription Plan" in ns.refused("POST", "/usage", sub.usage_body(1, "2024-01-02"))


def test_usage_over_rest(ns: Client) -> None:
    """Field names of the sample, upsert by external id, q filter. Source: section_158713807177."""
    sub = Subscription(ns)
    body = sub.usage_body(33, "2024-01-14", memo="Record of usage")
    assert ns.call("PUT", "/usage/eid:u-1", body).status_code == 204
    shown = ns.get("/usage/eid:u-1")
    assert (shown["usageQuantity"], shown["usageDate"], shown["status"]["id"]) == (
        33, "2024-01-14", "ACTIVE",
    )  # fmt: skip
    assert shown["item"]["refName"] == "Usage 1"
    found = ns.get('/usage?q=usageDate ON_OR_AFTER "1/1/2024" AND memo START_WITH "Record"')
    assert found["totalResults"] == 1
    assert ns.sql("SELECT quantity, subscription FROM usage") == [
        {"quantity": "33", "subscription": sub.id}
    ]


def test_charge_made_by_hand(ns: Client) -> None:
    """Oracle's sample body of a charge is billed like any other. Source: section_159310901448."""
    made = ns.make("/charge", {
        "billTo": int(ns.customer), "stage": "READY_FOR_BILLING", "chargeDate": "2024-01-14",
        "chargeType": -19, "billingItem": int(ns.usage), "rate": 100.0, "quantity": 1,
    })  # fmt: skip
    (bill,) = control(ns, "/billing-run", date="2024-01-14")["bills"]
    assert bill["charges"] == [made]
    assert ns.get(f"/invoice/{bill['id']}")["total"] == 100
    assert [r["amount"] for r in ns.month_end("2024-01")["recognized"]] == ["100.00"]


def test_remainder_is_refunded(ns: Client) -> None:
    """At the end the provider may refund what remains. Source: section_0903123502."""
    sub = Subscription(ns, amount=1000, rates=("1",))
    sub.bill("2024-01-01")
    sub.usage(400, "2024-01-05")
    sub.rate("2024-01-31")
    sub.bill("2024-02-01")
    made = control(ns, "/end-of-term", subscription=sub.id, remainder="refund")["charges"]
    assert [(one["date"], one["amount"]) for one in made] == [("2024-03-31", "-600.00")]
    (bill,) = sub.bill("2024-03-31")
    assert bill["type"] == "creditMemo"
    memo = ns.get(f"/creditMemo/{bill['id']}")
    assert (memo["total"], memo["tranDate"]) == (600, "2024-03-31")
    for month in (1, 2, 3):
        ns.month_end(f"2024-0{month}")
    assert ns.balances() == {"1100": "400.00", "40120": "-400.00"}


def test_remainder_is_recognized(ns: Client) -> None:
    """Or recognize it without a refund, on the term's last day. Source: section_0919040318."""
    sub = Subscription(ns, amount=1000, rates=("1",))
    sub.bill("2024-01-01")
    control(ns, "/end-of-term", subscription=sub.id, remainder="recognize")
    assert ns.month_end("2024-02")["recognized"] == []
    assert [r["amount"] for r in ns.month_end("2024-03")["recognized"]] == ["1000.00"]
    assert ns.get(f"/subscriptionLine/{sub.lines[0]}")["subscriptionLineStatus"]["id"] == "CLOSED"


def test_termination_ends_line_and_prepayment(ns: Client) -> None:
    """A change order ends a line; its prepaid line follows. Source: section_0903123502."""
    sub = Subscription(ns)
    assert sub.order("SUSPEND", "2024-02-01").status_code == 204
    assert sub.order("REACTIVATE", "2024-02-05").status_code == 204
    assert sub.order("TERMINATE", "2024-02-10").status_code == 204
    line = ns.get(f"/subscriptionLine/{sub.lines[0]}?simpleEnumFormat=true")
    assert (line["subscriptionLineStatus"], line["endDate"]) == ("TERMINATED", "2024-02-10")
    assert sub.order("SUSPEND", "2024-02-11").status_code == 400


def test_term_gives_the_end_date(ns: Client) -> None:
    """Six months are a term. Source: section_161401148553."""
    term = ns.make("/subscriptionTerm", {
        "name": "Six Months", "subscriptionTermDuration": 6,
        "subscriptionTermUnit": {"id": "MONTHS"}})  # fmt: skip
    made = ns.make("/subscription", {
        "customer": {"id": ns.customer}, "startDate": "2024-01-15",
        "initialTerm": {"id": term}})  # fmt: skip
    assert ns.get(f"/subscription/{made}")["endDate"] == "2024-07-14"


def test_records_that_are_in_use_stay(ns: Client) -> None:
    """Active lines, billed charges and change orders cannot be deleted (wording unsure)."""
    sub = Subscription(ns)
    (bill,) = sub.bill("2024-01-01")
    for path in (f"/subscription/{sub.id}", f"/subscriptionLine/{sub.lines[0]}",
                 f"/charge/{bill['charges'][0]}", "/subscriptionChangeOrder/1"):  # fmt: skip
        assert ns.call("DELETE", path).status_code == 400
    assert ns.call("PATCH", f"/charge/{bill['charges'][0]}", {"memo": "x"}).status_code == 400
    ns.refused("POST", "/subscriptionLine", {"subscription": {"id": sub.id},
                                             "item": {"id": ns.usage}})  # fmt: skip


def test_sublists_of_a_subscription_are_sub_resources(ns: Client) -> None:
    """Lines and price intervals have URLs of their own. Source: Getting a Record Instance."""
    sub = Subscription(ns)
    found = ns.get(f"/subscription/{sub.id}/subscriptionLine")
    assert [line["status"]["id"] for line in found["items"]] == ["ACTIVE", "ACTIVE"]
    price = ns.get(f"/subscription/{sub.id}/priceInterval/2")
    assert price["prepayLine"]["id"] == sub.lines[0]


def test_rating_without_a_change_order_run(ns: Client) -> None:
    """Saving a change order starts a rating run; a setting can stop it.

    Source: section_1547759775.
    """
    ns.set(auto_rating=False)
    sub = Subscription(ns)
    assert ns.sql("SELECT COUNT(*) n FROM charge") == [{"n": "0"}]
    assert sub.rate("2024-01-01") == [(1, "1000")]


def test_ids_that_moved_with_a_refresh_still_fit(ns: Client) -> None:
    """After a sandbox refresh charges still know customer, item and invoice. Source: pitfall 20."""
    sub = Subscription(ns)
    (bill,) = sub.bill("2024-01-01")
    moved = control(ns, "/refresh")
    token = ns.http.post("/_sandbox/tokens").json()["access_token"]
    ns.headers = {"Authorization": f"Bearer {token}"}
    charge = ns.get(f"/charge/{bill['charges'][0]}")
    assert int(charge["invoice"]["id"]) == int(bill["id"]) + moved["moved"]["transaction"]
    assert charge["billTo"]["refName"] == "Acme"
    assert charge["billingItem"]["refName"] == "Prepaid Service"
    assert [r["amount"] for r in ns.month_end("2024-03")["recognized"]] == ["1000.00"]
