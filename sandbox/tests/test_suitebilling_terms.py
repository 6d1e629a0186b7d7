"""Recurring lines, commitments, minimums, accumulated tiers, renewals of subscriptions."""

from __future__ import annotations

from typing import Any

import pytest
from billing_client import Subscription, control, item, prepay_plan, rate_plan
from sandbox_client import Client

YEAR = {"startDate": "2024-01-01", "endDate": "2024-12-31"}


class Line:
    """A subscription with one line of any type."""

    def __init__(self, ns: Client, kind: str, price: dict[str, Any], rule: str = "2",
                 **line: Any) -> None:  # fmt: skip
        self.ns = ns
        self.item = item(ns, "Service", "31", rule)
        self.id = ns.make("/subscription", {
            "customer": {"id": ns.customer}, **YEAR,
            "subscriptionLine": {"items": [{"item": {"id": self.item}, "lineNumber": 1,
                                            "subscriptionLineType": {"refName": kind}, **line}]},
            "priceInterval": {"items": [{"lineNumber": 1, **price}]}})  # fmt: skip
        shown = ns.get(f"/subscription/{self.id}?expandSubResources=true")
        self.line = str(shown["subscriptionLine"]["items"][0]["subscriptionLine"])
        self.order("ACTIVATE", "2024-01-01")

    def order(self, action: str, day: str, **more: Any) -> Any:
        body = {"action": action, "subscription": {"id": self.id}, "effectiveDate": day, **more}
        if action != "RENEW":
            body["subLine"] = {"items": [{"sequence": "1", "apply": True}]}
        answer = self.ns.call("POST", "/subscriptionChangeOrder", body)
        assert answer.status_code == 204, answer.text
        return answer.headers["location"].rsplit("/", 1)[1]

    def use(self, quantity: Any, day: str) -> str:
        return self.ns.make("/usage", {
            "customer": {"id": self.ns.customer}, "usageSubscription": {"id": self.id},
            "usageSubscriptionLine": {"id": self.line}, "usageQuantity": quantity,
            "usageDate": day})  # fmt: skip

    def rate(self, to: str) -> list[tuple[str, str]]:
        made = control(self.ns, "/rating-run", to=to)["charges"]
        return [(one["date"], f"{float(one['amount']):g}") for one in made]

    def charges(self) -> list[tuple[str, str, str]]:
        rows = self.ns.sql("SELECT TO_CHAR(servicestartdate, 'YYYY-MM-DD') s, amount, stage"
                           " FROM charge ORDER BY servicestartdate, id")  # fmt: skip
        return [(row["s"], row["amount"], row["stage"]) for row in rows]


def fixed(ns: Client, amount: Any, **more: Any) -> dict[str, Any]:
    tier = {"fromVal": 0, "value": amount, "pricingOption": {"id": "-102"}}
    plan = ns.make("/pricePlan", {"currency": {"id": "1"}, "pricePlanType": "2",
                                  "priceTiers": {"items": [tier]}})  # fmt: skip
    return {"pricePlan": {"id": plan}, **more}


def tiered(ns: Client, *tiers: tuple[int, Any], **more: Any) -> str:
    return ns.make("/pricePlan", {
        "currency": {"id": "1"}, "pricePlanType": "2", **more,
        "priceTiers": {"items": [{"fromVal": a, "value": b} for a, b in tiers]}})  # fmt: skip


def test_recurring_charges_to_the_end_of_the_term(ns: Client) -> None:
    """Rating makes a charge for each period up to the end. Source: Managing Rating Runs (section_1547759775)."""
    Line(ns, "Recurring", fixed(ns, 300, frequency="MONTHLY", repeatEvery=3))
    assert ns.sql("SELECT COUNT(*) n, SUM(amount) s FROM charge") == [{"n": "4", "s": "1200"}]
    assert len(control(ns, "/billing-run", date="2024-01-01")["bills"]) == 1
    assert control(ns, "/billing-run", date="2024-03-31")["bills"] == []
    (bill,) = control(ns, "/billing-run", date="2024-04-01")["bills"]
    assert ns.get(f"/invoice/{bill['id']}")["total"] == 300


def test_recurring_revenue_spreads_over_each_charge(ns: Client) -> None:
    """Default Adjustable Recurring Fee: from Subscription Event Start to End Date. Source: Revenue Recognition Rules for SuiteBilling (section_4543482439)."""
    Line(ns, "Recurring", fixed(ns, 300, frequency="QUARTERLY"), rule="3")
    control(ns, "/billing-run", date="2024-01-01")
    assert [r["amount"] for r in ns.month_end("2024-01")["recognized"]] == ["100.00"]
    assert [r["amount"] for r in ns.month_end("2024-03")["recognized"]] == ["100.00", "100.00"]
    assert [r["amount"] for r in ns.month_end("2024-04")["recognized"]] == ["100.00"]


def test_recurring_line_suspended_and_terminated(ns: Client) -> None:
    """Suspended: on hold; terminated: no later charges, billed ones become negative. Source: Managing Rating Runs (section_1547759775)."""
    sub = Line(ns, "Recurring", fixed(ns, 100, frequency="MONTHLY"))
    for day in ("2024-01-01", "2024-02-01", "2024-03-01"):
        control(ns, "/billing-run", date=day)
    sub.order("SUSPEND", "2024-04-01")
    assert {stage for start, _, stage in sub.charges() if start >= "2024-04"} == {
        "HOLD_FOR_BILLING"
    }
    assert control(ns, "/billing-run", date="2024-04-01")["bills"] == []
    sub.order("REACTIVATE", "2024-04-01")
    sub.order("TERMINATE", "2024-01-31")
    assert [(start, amount) for start, amount, _ in sub.charges()] == [
        ("2024-01-01", "100"), ("2024-02-01", "100"), ("2024-02-01", "-100"),
        ("2024-03-01", "100"), ("2024-03-01", "-100"),
    ]  # fmt: skip
    (bill,) = control(ns, "/billing-run", date="2024-04-01")["bills"]
    assert bill["type"] == "creditMemo"
    assert ns.get(f"/creditMemo/{bill['id']}")["total"] == 200


@pytest.mark.parametrize(("prorate", "last"), [(True, "50"), (False, "100")])
def test_last_period_is_prorated(ns: Client, *, prorate: bool, last: str) -> None:
    """Prorate End Date of the line. Source: REST API Browser, subscriptionLine.prorateEndDate."""
    sub = Line(ns, "Recurring", fixed(ns, 100, frequency="MONTHLY"), prorateEndDate=prorate)
    sub.order("TERMINATE", "2024-04-15")
    sub.rate("2024-04-30")
    assert sum(float(amount) for start, amount, _ in sub.charges() if start == "2024-04-01") == (
        float(last)
    )


def test_accumulated_rating(ns: Client) -> None:
    """Priced by the year, charged by the month: tiers go on, and start anew next year. Source: Accumulated Rating (section_0312044634); the amounts of its table do not follow from its tiers."""
    plan = tiered(ns, (0, 90), (601, 100), (1001, 110))
    sub = Line(ns, "Usage", {"pricePlan": {"id": plan}, "frequency": "MONTHLY",
                             "pricingFrequency": "ANNUALLY"})  # fmt: skip
    for quantity, day in ((90, "2024-01-31"), (100, "2024-02-29"), (450, "2024-03-31")):
        sub.use(quantity, day)
    assert sub.rate("2024-03-31") == [
        ("2024-01-31", "8100"), ("2024-02-29", "9000"), ("2024-03-31", f"{410 * 90 + 40 * 100}"),
    ]  # fmt: skip
    wrong = sub.use(1000, "2024-02-10")
    assert sub.rate("2024-04-30")[-1][0] == "2024-03-31"
    assert ns.call("PATCH", f"/usage/{wrong}", {"status": "VOIDED"}).status_code == 204
    sub.rate("2024-04-30")
    (row,) = ns.sql("SELECT SUM(amount) s FROM charge")
    assert row["s"] == f"{600 * 90 + 40 * 100}"


def test_frequencies_that_do_not_fit(ns: Client) -> None:
    """Divisible by each other; the same for recurring lines. Source: Accumulated Rating (section_0312044634); the wording is unsure."""
    plan = rate_plan(ns, 1)
    for kind, priced, text in (
        ("Usage", {"pricingFrequency": "WEEKLY"}, "divisible"),
        ("Usage", {"frequency": "QUARTERLY", "pricingFrequency": "MONTHLY"}, "divisible"),
        ("Recurring", {"pricingFrequency": "ANNUALLY"}, "must match"),
    ):
        body = {"customer": {"id": ns.customer}, **YEAR,
                "subscriptionLine": {"items": [{"item": {"id": ns.usage}, "lineNumber": 1,
                                                "subscriptionLineType": {"refName": kind}}]},
                "priceInterval": {"items": [{"lineNumber": 1, "pricePlan": {"id": plan},
                                             "frequency": "MONTHLY", **priced}]}}  # fmt: skip
        assert text in ns.refused("POST", "/subscription", body)


def test_minimum_amount_with_the_first_usage(ns: Client) -> None:
    """The full minimum is charged on the first usage; without usage nothing. Source: Billing for Usage and Commit Plus Overage Charges (section_0903034054)."""
    plan = tiered(ns, (0, 1), minimumAmount=1000)
    sub = Line(ns, "Usage", {"pricePlan": {"id": plan}, "frequency": "MONTHLY",
                             "pricingFrequency": "ANNUALLY"})  # fmt: skip
    assert sub.rate("2024-01-31") == []
    one = sub.use(200, "2024-02-10")
    assert sub.rate("2024-02-29") == [("2024-02-29", "1000")]
    sub.use(900, "2024-05-10")
    assert sub.rate("2024-12-31") == [("2024-05-31", "100")]
    assert ns.call("PATCH", f"/usage/{one}", {"status": "VOIDED"}).status_code == 204
    sub.rate("2024-12-31")
    assert ns.sql("SELECT SUM(amount) s FROM charge") == [{"s": "1000"}]


def test_unused_minimum_at_the_end(ns: Client) -> None:
    """Charge Commit On Usage: 600 of 1,000 used, the unused 400 at the end of the year. Source: Billing for Usage and Commit Plus Overage Charges (section_0903034054), example 1."""
    plan = tiered(ns, (0, 1), minimumAmount=1000)
    sub = Line(ns, "Usage", {"pricePlan": {"id": plan}, "frequency": "MONTHLY",
                             "pricingFrequency": "ANNUALLY"}, chargeCommitOnUsage=True)  # fmt: skip
    sub.use(250, "2024-02-10")
    sub.use(350, "2024-07-10")
    assert sub.rate("2024-11-30") == [("2024-02-29", "250"), ("2024-07-31", "350")]
    assert sub.rate("2024-12-31") == [("2024-12-31", "400")]
    assert sub.rate("2024-12-31") == []


def test_commit_plus_overage(ns: Client) -> None:
    """600 committed for 20,000 a year; what exceeds them is overage, at its own tiers. Source: Accumulated Rating (section_0312044634), table 2: 4,500 in month 3."""
    overage = tiered(ns, (0, 90), (601, 100), (1001, 110))
    sub = Line(ns, "Commit Plus Overage", fixed(
        ns, 20000, frequency="ANNUALLY", includedQuantity=600, overagePricePlan={"id": overage},
        overageFrequency="MONTHLY", overagePricingFrequency="ANNUALLY"))  # fmt: skip
    assert ns.sql("SELECT amount FROM charge") == [{"amount": "20000"}]
    for quantity, day in ((90, "2024-01-31"), (110, "2024-02-29"), (450, "2024-03-31")):
        sub.use(quantity, day)
    assert sub.rate("2024-03-31") == [("2024-03-31", "4500")]
    sub.use(650, "2024-12-20")  # 1,300 in all: 700 beyond the commitment.
    assert sub.rate("2024-12-31") == [("2024-12-31", f"{550 * 90 + 100 * 100}")]


def test_renewal_extends(ns: Client) -> None:
    """The end date is pushed out by the term, and the new periods are rated. Source: Renewing a Subscription (section_1547760511)."""
    term = ns.make("/subscriptionTerm", {"name": "Half", "subscriptionTermDuration": 6,
                                         "subscriptionTermUnit": {"id": "MONTHS"}})  # fmt: skip
    sub = Line(ns, "Recurring", fixed(ns, 100, frequency="MONTHLY"))
    assert len(sub.charges()) == 12
    sub.order("RENEW", "2024-12-01", renewalMethod={"id": "EXTEND_EXISTING_SUBSCRIPTION"},
              renewalTerm={"id": term})  # fmt: skip
    shown = ns.get(f"/subscription/{sub.id}")
    assert (shown["endDate"], shown["renewalNumber"]) == ("2025-06-30", 1)
    assert len(sub.charges()) == 18


def test_renewal_of_a_prepaid_subscription(ns: Client) -> None:
    """What is left of the prepayment serves the longer term. Source: Renewing a Subscription (section_1547760511); for prepaid lines unsure."""
    sub = Subscription(ns, amount=1000, frequency="ONETIME", rates=("1",))
    term = ns.make("/subscriptionTerm", {"name": "Month", "subscriptionTermDuration": 1,
                                         "subscriptionTermUnit": {"id": "MONTHS"}})  # fmt: skip
    ns.make("/subscriptionChangeOrder", {
        "action": "RENEW", "subscription": {"id": sub.id}, "effectiveDate": "2024-03-31",
        "renewalMethod": {"id": "EXTEND_EXISTING_SUBSCRIPTION"},
        "renewalTerm": {"id": term}})  # fmt: skip
    sub.usage(400, "2024-04-20")
    sub.rate("2024-04-30")
    assert sub.balance() == 600
    assert [r["amount"] for r in ns.month_end("2024-04")["recognized"]] == ["600.00", "400.00"]


def test_renewal_makes_a_new_subscription(ns: Client) -> None:
    """In draft, from the day after, with the same lines and billing account. Source: Renewing a Subscription (section_1547760511)."""
    sub = Subscription(ns, amount=1000, minimum=100)
    term = ns.make("/subscriptionTerm", {"name": "Quarter", "subscriptionTermDuration": 3,
                                         "subscriptionTermUnit": {"id": "MONTHS"}})  # fmt: skip
    order = ns.make("/subscriptionChangeOrder", {
        "action": "RENEW", "subscription": {"id": sub.id}, "effectiveDate": "2024-03-31",
        "renewalMethod": {"id": "CREATE_NEW_SUBSCRIPTION"},
        "renewalTerm": {"id": term}})  # fmt: skip
    (step,) = ns.get(f"/subscriptionChangeOrder/{order}?expandSubResources=true")["renewalSteps"][
        "items"
    ]
    made = ns.get(f"/subscription/{step['subscription']['id']}?expandSubResources=true")
    assert (made["startDate"], made["endDate"]) == ("2024-04-01", "2024-06-30")
    assert made["billingSubscriptionStatus"]["id"] == "DRAFT"
    prepaid, used = made["priceInterval"]["items"]
    assert prepaid["frequency"]["id"] == "AUTOREFILL"
    assert int(used["prepayLine"]["id"]) > int(sub.lines[1])
    assert ns.sql("SELECT COUNT(*) n FROM charge") == [{"n": "1"}]


def test_renewal_needs_method_and_term(ns: Client) -> None:
    """Both are chosen on the change order or the subscription. Source: Renewing a Subscription (section_1547760511)."""
    sub = Subscription(ns)
    body = {"action": "RENEW", "subscription": {"id": sub.id}}
    assert "Renewal Method, Renewal Term" in ns.refused("POST", "/subscriptionChangeOrder", body)


def test_allocation_is_not_part_of_essentials(ns: Client) -> None:
    """Without Revenue Allocation each element's revenue is its discounted sales amount. Source: Item Configuration for Advanced Revenue Management (section_4340443927)."""
    lines = []
    for n, kind in enumerate(("NORMAL", "EXCLUDE", "SOFTWARE"), 1):
        one = item(ns, f"Item {n}", f"7{n}", "2", "-1", VSOESopGroup=kind)
        lines.append({"item": {"id": one}, "quantity": 1, "rate": 100 * n})
    ns.make("/salesOrder", {"entity": {"id": ns.customer}, "tranDate": "2024-01-05",
                            "item": {"items": lines}})  # fmt: skip
    ns.month_end("2024-01")
    rows = ns.sql("SELECT salesamount, revenueamount FROM revenueelement ORDER BY id")
    assert [(row["salesamount"], row["revenueamount"]) for row in rows] == [
        ("100", "100"), ("200", "200"), ("300", "300"),
    ]  # fmt: skip


def test_prepay_is_incompatible_with_revisions(ns: Client) -> None:
    """Not with Create Revenue Elements for Subscription Revisions. Source: Prepaid Usage with Drawdown (section_0903123502)."""
    ns.set(revenue_elements_for_revisions=True)
    plan = prepay_plan(ns, 5)
    body = {"customer": {"id": ns.customer}, **YEAR,
            "subscriptionLine": {"items": [{"item": {"id": ns.usage}, "lineNumber": 1,
                                            "subscriptionLineType": {"refName": "Prepay"}}]},
            "priceInterval": {"items": [{"lineNumber": 1, "pricePlan": {"id": plan}}]}}  # fmt: skip
    assert "Prepay with Drawdown" in ns.refused("POST", "/subscription", body)
