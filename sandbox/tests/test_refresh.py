"""After the refresh of a sandbox account: every id that moved still fits, wherever it stands."""

from __future__ import annotations

from typing import Any

from billing_client import Subscription, control
from sandbox_client import Client

from netsuite_sandbox.control.refreshing import references
from netsuite_sandbox.records.fields import definition
from netsuite_sandbox.records.master_kinds import REST_KINDS
from netsuite_sandbox.records.transactions import KINDS


def refreshed(ns: Client) -> dict[str, int]:
    moved: dict[str, int] = control(ns, "/refresh")["moved"]
    ns.headers = Client(ns.http).headers
    return moved


def test_customers_that_are_merged(ns: Client) -> None:
    """All transactions become the master record's, the duplicate is gone; its id finds nothing.

    Source: Merging Duplicate Records.
    """
    body = {"companyName": "Other", "externalId": "other", "subsidiary": {"id": "1"}}
    ns.make("/customer", body)
    ns.invoice(300, "I")
    gone, kept = ns.get("/invoice/eid:I")["entity"]["id"], ns.get("/customer/eid:other")["id"]
    control(ns, "/merge", **{"from": gone, "into": kept})
    assert ns.get("/invoice/eid:I")["entity"]["id"] == kept
    assert ns.refused("GET", f"/customer/{gone}", status=404)
    again = ns.http.post("/_sandbox/merge", json={"from": gone, "into": kept})
    assert again.status_code == 404
    assert ns.balance("1100") == 300


def everything(ns: Client) -> dict[str, Any]:
    """All records with their references by name, so that moved ids do not show."""
    out: dict[str, Any] = {}
    for record in (*KINDS, *REST_KINDS):
        if record == "accountingPeriod":
            continue
        for one in ns.get(f"/{record}")["items"]:
            body = ns.get(f"/{record}/{one['id']}?expandSubResources=true")
            out[f"{record} {body.get('externalId') or body.get('refName')}"] = named(body)
    return out


def named(value: Any) -> Any:
    """A record without internal ids: references by their name, links left out."""
    if isinstance(value, list):
        return [named(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "refName" in value and set(value) <= {"links", "id", "refName"}:
        return value["refName"]
    skipped = ("links", "id", "lastModifiedDate", "reversalEntry")
    return {k: named(v) for k, v in value.items() if k not in skipped}


def test_all_records_are_the_same_but_for_their_ids(ns: Client) -> None:
    """Every reference of every record, sublists included, shows the same name as before. Source: pitfall 20."""
    ns.set(revenue_allocation=True, sales_price_as_fair_value=True)
    formula = ns.make("/fairValueFormula", {"name": "Unit", "fairValueFormula": "{fairvalue}"})
    ns.make("/fairValuePrice", {"item": {"id": ns.usage}, "fairValue": 5, "currency": {"id": "1"},
                                "fairValueFormula": {"id": formula}})  # fmt: skip
    Subscription(ns).bill("2024-01-01")
    invoice, deposit = ns.invoice(300, "I"), ns.deposit(500, "D")
    ns.apply(deposit, invoice, 100, "A")
    ns.journal("1500", "1000", 5, "J", reversalDate="2024-02-01")
    west = {"companyName": "West", "externalId": "W", "subsidiary": {"id": "1"},
            "parent": {"id": ns.customer}}  # fmt: skip
    ns.make("/customer", west)
    ns.make("/account", {"acctName": "Sub", "acctNumber": "1555", "acctType": "OthCurrAsset",
                         "parent": {"id": ns.account("1500")}})  # fmt: skip
    ns.make("/subsidiary", {"name": "Child", "country": "US", "parent": {"id": "1"}})
    paid = {"doc": {"id": deposit}, "apply": True, "amount": 50}
    ns.make("/customerRefund", {"customer": {"id": ns.customer}, "externalId": "R",
                                "tranDate": "2024-01-20", "deposit": {"items": [paid]}})  # fmt: skip
    before = everything(ns)
    assert len(before) > 50
    refreshed(ns)
    assert everything(ns) == before


def test_sublists_of_plans_and_price_books_move(ns: Client) -> None:
    """Items inside plans, price books and subscriptions are those of before. Source: pitfall 20."""
    plan = ns.make("/subscriptionPlan", {"itemId": "Plan", "incomeAccount": {"externalId": "4010"},
                                         "member": {"items": [{"lineNumber": 1, "item": {"id": ns.usage}}]}})  # fmt: skip
    ns.make("/priceBook", {"name": "Book", "subscriptionPlan": {"id": plan}, "currency": {"id": "1"},
                           "priceInterval": {"items": [{"lineNumber": 1, "item": {"id": ns.usage}}]}})  # fmt: skip
    step = 0
    seen: dict[str, list[int]] = {}
    for again in (False, True):
        if again:
            step = refreshed(ns)["item"]
        for record, sublist in (("subscriptionPlan", "member"), ("priceBook", "priceInterval")):
            (one,) = ns.get(f"/{record}")["items"]
            lines = ns.get(f"/{record}/{one['id']}/{sublist}")["items"]
            ids = [int(line["item"]["id"]) - step for line in lines]
            assert ids
            assert seen.setdefault(record, ids) == ids


def test_custom_events_still_belong_to_their_line(ns: Client) -> None:
    """An event made before the refresh still makes its plan after it. Source: pitfall 20; section_4821833004."""
    kind = control(ns, "/recognition-event-types", name="Milestone")["id"]
    ns.call("PATCH", f"/serviceSaleItem/{ns.usage}", {"createRevenuePlansOn": {"id": str(kind)}})
    invoice = ns.invoice(400, "I")
    control(ns, "/recognition-events", eventType=str(kind), transaction=invoice, line=1,
            eventDate="2024-01-20", amount="150")  # fmt: skip
    refreshed(ns)
    assert [row["amount"] for row in ns.month_end("2024-01")["recognized"]] == ["150.00"]


def test_plans_of_billings_are_not_made_twice(ns: Client) -> None:
    """Plans know their invoice after the refresh. Source: pitfall 20; section_4351787245."""
    ns.call("PATCH", f"/serviceSaleItem/{ns.usage}", {"createRevenuePlansOn": {"id": "-2"}})
    line = {"item": {"id": ns.usage}, "quantity": 3, "rate": 100}
    ns.make("/salesOrder", {"entity": {"id": ns.customer}, "tranDate": "2024-01-05",
                            "externalId": "SO", "item": {"items": [line]}})  # fmt: skip
    ns.make("/salesOrder/eid:SO/!transform/invoice", {"tranDate": "2024-01-20"})
    assert [row["amount"] for row in ns.month_end("2024-01")["recognized"]] == ["300.00"]
    plans = ns.sql("SELECT COUNT(*) n FROM revenueplan")
    refreshed(ns)
    assert ns.month_end("2024-02")["recognized"] == []
    assert ns.sql("SELECT COUNT(*) n FROM revenueplan") == plans


def test_every_reference_is_known() -> None:
    """Fields that hold moving ids are found by their definition, those of sublists too. Ours."""
    assert references(definition("charge"))["invoice"] == "transaction"
    assert references(definition("customer"))["parent"] == "entity"
    assert "parent" not in references(definition("subsidiary"))
    member = definition("subscriptionPlan").fields["member"].sublist
    assert member is not None
    assert references(member) == {"item": "item"}
