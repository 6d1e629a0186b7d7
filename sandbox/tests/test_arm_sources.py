"""What elements and plans are made from: orders, invoices, journals, custom events."""

from __future__ import annotations

from typing import Any

import pytest
from billing_client import Subscription, account, control, item
from sandbox_client import Client


def order(ns: Client, item_id: str, quantity: int, eid: str = "SO") -> str:
    return ns.make("/salesOrder", {
        "entity": {"id": ns.customer}, "tranDate": "2024-01-05", "externalId": eid,
        "item": {"items": [{"item": {"id": item_id}, "quantity": quantity, "rate": 100}]},
    })  # fmt: skip


def bill(ns: Client, day: str, quantity: int | None = None, eid: str = "SO") -> str:
    body: dict[str, Any] = {"tranDate": day}
    if quantity is not None:
        body["item"] = {"items": [{"orderLine": 1, "quantity": quantity}]}
    return ns.make(f"/salesOrder/eid:{eid}/!transform/invoice", body)


def plans(ns: Client) -> list[tuple[str, str, str]]:
    rows = ns.sql("SELECT amount, totalrecognized, status FROM revenueplan ORDER BY id")
    return [(row["amount"], row["totalrecognized"], row["status"]) for row in rows]


def test_each_billing_has_a_plan_of_its_own(ns: Client) -> None:
    """Create Revenue Plans On Billing: a new actual plan for each billing.

    Source: section_4351787245.
    """
    order(ns, ns.usage, 3)
    bill(ns, "2024-01-20", 1)
    ns.month_end("2024-01")
    bill(ns, "2024-02-20")
    control(ns, "/revenue-plans/update")
    assert plans(ns) == [("100", "100", "COMPLETED"), ("200", "0", "NOTSTARTED")]


def test_billing_more_than_ordered_recognizes_no_more(ns: Client) -> None:
    """Amount in plan is a share of the revenue amount; never above it.

    Source: section_4356113783.
    """
    order(ns, ns.usage, 1)
    bill(ns, "2024-01-20", 2)
    assert [r["amount"] for r in ns.month_end("2024-01")["recognized"]] == ["100.00"]


def test_deleting_a_billing_takes_its_plan_back(ns: Client) -> None:
    """Plans follow changes of their sources; wording unsure. Source: section_4351787245."""
    order(ns, ns.usage, 2)
    first = bill(ns, "2024-01-20", 1)
    ns.month_end("2024-01")
    bill(ns, "2024-02-20", 1)
    assert ns.call("DELETE", f"/invoice/{first}").status_code == 204
    amounts = [r["amount"] for r in ns.month_end("2024-02")["recognized"]]
    assert sorted(amounts) == ["-100.00", "100.00"]


def test_updates_are_separate_steps(ns: Client) -> None:
    """Arrangements, then plans, then journals. Source: section_4370936348, section_4351787732."""
    ns.invoice(300, "I")
    assert ns.sql("SELECT COUNT(*) n FROM revenueelement") == [{"n": "0"}]
    assert control(ns, "/revenue-arrangements/update", to="2023-12-31")["elements"] == 0
    assert control(ns, "/revenue-arrangements/update")["elements"] == 1
    assert plans(ns) == []
    assert control(ns, "/revenue-plans/update")["plans"] == 1
    assert plans(ns) == [("300", "0", "NOTSTARTED")]
    assert ns.balance("2420") == -300
    assert len(control(ns, "/revenue-recognition", period="2024-01")["journals"]) == 1
    assert ns.balance("2420") == 0


def test_arrangement_is_a_transaction(ns: Client) -> None:
    """Type RevArrng, from its source, worth its elements; not reachable by REST.

    Source: REST API Browser 2026.1, which lists no such record.
    """
    ns.invoice(300, "I")
    control(ns, "/revenue-arrangements/update")
    rows = ns.sql(
        "SELECT t.type, t.recordtype, t.foreigntotal, t.posting, e.source FROM transaction t"
        " JOIN revenueelement e ON e.revenuearrangement = t.id"
    )
    source = ns.get("/invoice/eid:I")["id"]
    assert rows == [{"type": "RevArrng", "recordtype": "revenuearrangement", "foreigntotal": "300",
                     "posting": "F", "source": source}]  # fmt: skip
    for record in ("revenueArrangement", "revenueElement", "revenuePlan", "revRecRule"):
        assert ns.call("GET", f"/{record}/1").status_code == 404


def test_item_records_are_no_source_of_updates(ns: Client) -> None:
    """Item changes do not reach elements there are. Source: section_4340443927."""
    made = item(ns, "Fixed", "33", "2", "-2")
    line = {"item": {"id": made}, "amount": 50}
    ns.make("/invoice", {"entity": {"id": ns.customer}, "tranDate": "2024-01-05",
                         "externalId": "X", "item": {"items": [line]}})  # fmt: skip
    control(ns, "/revenue-arrangements/update")
    ns.call("PATCH", f"/serviceSaleItem/{made}", {"VSOESopGroup": "NORMAL"})
    ns.call("PATCH", "/invoice/eid:X", {"item": {"items": [{"line": 1, "amount": 60}]}})
    control(ns, "/revenue-arrangements/update")
    rows = ns.sql("SELECT allocationtype, salesamount, revenueamount FROM revenueelement")
    assert rows == [{"allocationtype": "EXCLUDE", "salesamount": "60", "revenueamount": "60"}]


def test_direct_revenue_posting_makes_no_element(ns: Client) -> None:
    """Items with Direct Revenue Posting credit income at once. Source: section_4340443927."""
    made = item(ns, "Direct", "34", "2", "-2", directRevenuePosting=True)
    ns.make("/invoice", {
        "entity": {"id": ns.customer}, "tranDate": "2024-01-05",
        "item": {"items": [{"item": {"id": made}, "amount": 50}]}})  # fmt: skip
    assert control(ns, "/revenue-arrangements/update")["elements"] == 0
    assert ns.balances() == {"1100": "50.00", "40340": "-50.00"}


# -- journal entries ---------------------------------------------------------------------------


def deferred_journal(ns: Client, amount: Any = 120, **line: Any) -> Any:
    deferral = account(ns, "2460", "Services Deferred", "DeferRevenue")
    account(ns, "4060", "Services", "Income", deferralAcct={"id": deferral})
    credit = {"account": {"externalId": "4060"}, "credit": amount, "entity": {"id": ns.customer},
              "revenueRecognitionRule": {"id": "2"}, **line}  # fmt: skip
    return ns.call("POST", "/journalEntry", {
        "subsidiary": {"id": "1"}, "tranDate": "2024-01-10", "externalId": "J",
        "line": {"items": [{"account": {"id": ns.account("1000")}, "debit": amount}, credit]},
    })  # fmt: skip


def test_journal_line_with_a_rule_goes_to_the_deferral_account(ns: Client) -> None:
    """On save the account is converted to its deferral account. Source: section_4423536353."""
    assert deferred_journal(ns).status_code == 204
    assert ns.balances() == {"1000": "120.00", "2460": "-120.00"}
    line = ns.get("/journalEntry/eid:J?expandSubResources=true")["line"]["items"][1]
    assert line["account"]["refName"] == "2460 Services Deferred"
    assert line["revenueRecognitionRule"]["refName"] == "Default Usage"
    assert [r["amount"] for r in ns.month_end("2024-01")["recognized"]] == ["120.00"]
    assert ns.balances() == {"1000": "120.00", "4060": "-120.00"}


def test_element_of_a_journal_line(ns: Client) -> None:
    """Item and quantity blank, Allocation Type Exclude. Source: section_4423536353."""
    deferred_journal(ns)
    control(ns, "/revenue-arrangements/update")
    rows = ns.sql("SELECT item, quantity, salesamount, allocationtype, entity FROM revenueelement")
    assert rows == [{"salesamount": "120", "allocationtype": "EXCLUDE", "entity": ns.customer}]


def test_start_date_of_a_journal_line_is_its_event_date(ns: Client) -> None:
    """Without a start date the creation date is the event. Source: section_4423536353."""
    deferred_journal(ns, startDate="2024-03-05")
    assert ns.month_end("2024-02")["recognized"] == []
    assert [r["amount"] for r in ns.month_end("2024-03")["recognized"]] == ["120.00"]


def test_only_amounts_of_a_journal_are_synchronized(ns: Client) -> None:
    """Debit and credit follow the journal, nothing else. Source: section_4423536353."""
    deferred_journal(ns)
    ns.month_end("2024-01")
    lines = [{"line": 0, "debit": 150}, {"line": 1, "credit": 150}]
    answer = ns.call("PATCH", "/journalEntry/eid:J", {"line": {"items": lines}})
    assert answer.status_code == 204, answer.text
    assert [r["amount"] for r in ns.month_end("2024-02")["recognized"]] == ["30.00"]
    assert ns.balance("4060") == -150


def test_account_without_a_deferral_account_is_refused(ns: Client) -> None:
    """The income account must have a deferred revenue account. Source: section_4423536353."""
    body = {
        "subsidiary": {"id": "1"},
        "line": {"items": [
            {"account": {"id": ns.account("1000")}, "debit": 5},
            {"account": {"id": ns.account("4000")}, "credit": 5,
             "revenueRecognitionRule": {"id": "2"}}]},
    }  # fmt: skip
    assert "does not have a deferral account" in ns.refused("POST", "/journalEntry", body)


def test_rule_of_a_journal_line_goes_by_amount(ns: Client) -> None:
    """Only Event-Percent based on amount or Complete can be chosen. Source: section_4423536353."""
    made = control(ns, "/revenue-rules", name="By quantity", amountSource="quantity")["id"]
    assert deferred_journal(ns, revenueRecognitionRule={"id": made}).status_code == 400


def test_voiding_a_recognition_journal_reopens_its_plans(ns: Client) -> None:
    """Deleting or voiding the journal re-opens the planned line.

    Source: "Create Revenue Recognition Journal Entries".
    """
    ns.invoice(300, "I")
    journal = ns.month_end("2024-01")["journals"][0]["id"]
    control(ns, "/void", id=journal)
    assert ns.balance("2420") == -300
    assert len(ns.month_end("2024-01")["journals"]) == 1
    assert ns.balance("2420") == 0


# -- custom recognition events -----------------------------------------------------------------


def custom(ns: Client) -> tuple[str, str]:
    """An invoice of 400 whose plans wait for a custom event; (event type, invoice)."""
    kind = control(ns, "/recognition-event-types", name="Milestone")["id"]
    made = item(ns, "Milestones", "35", "2", kind)
    invoice = ns.make("/invoice", {
        "entity": {"id": ns.customer}, "tranDate": "2024-01-05",
        "item": {"items": [{"item": {"id": made}, "quantity": 4, "rate": 100}]}})  # fmt: skip
    return kind, invoice


def test_custom_events_make_a_plan_each(ns: Client) -> None:
    """Create Recognition Plan per Event is on by default. Source: section_4821833004."""
    kind, invoice = custom(ns)
    assert ns.month_end("2024-01")["recognized"] == []
    event: dict[str, Any] = {"eventType": kind, "transaction": invoice, "line": 1}
    control(ns, "/recognition-events", **event, eventDate="2024-02-10", amount="150")
    control(ns, "/recognition-events", **event, eventDate="2024-02-20", quantity="1")
    made = control(
        ns, "/recognition-events", **event, eventDate="2024-03-10", cumulativePercentComplete="100"
    )["id"]
    assert [r["amount"] for r in ns.month_end("2024-02")["recognized"]] == ["150.00", "100.00"]
    assert [r["amount"] for r in ns.month_end("2024-03")["recognized"]] == ["150.00"]
    assert [plan[0] for plan in plans(ns)] == ["150", "100", "150"]
    shown = ns.get(f"/billingRevenueEvent/{made}")
    assert (shown["eventType"]["refName"], shown["eventDate"]) == ("Milestone", "2024-03-10")
    rows = ns.sql("SELECT eventdate, amount FROM billingrevenueevent WHERE amount IS NOT NULL")
    assert rows == [{"eventdate": "2/10/2024", "amount": "150"}]


def test_events_are_not_written_over_rest(ns: Client) -> None:
    """What an event belongs to is read-only in the REST API Browser. Source: REST API Browser 2026.1, which lists no such record."""
    ns.refused("POST", "/billingRevenueEvent", {"amount": 5, "eventDate": "2024-01-05"})


def test_a_plan_on_hold_is_not_recognized(ns: Client) -> None:
    """Hold Revenue Recognition: the status is On Hold and the month end leaves the plan out.

    Source: Records Browser 2020.1, revenueplan, holdrevenuerecognition.
    """
    subscription = Subscription(ns)
    subscription.usage(40, "2024-01-10")
    control(ns, "/rating-run", to="2024-01-31")
    control(ns, "/revenue-arrangements/update")
    control(ns, "/revenue-plans/update")
    usage = "SELECT id, status FROM revenueplan WHERE amount = 100"
    (plan,) = ns.sql(usage)
    control(ns, "/revenue-plans/hold", plan=plan["id"])
    assert ns.sql(usage)[0]["status"] == "ONHOLD"
    assert control(ns, "/revenue-recognition", period="2024-01")["journals"] == []
    control(ns, "/revenue-plans/hold", plan=plan["id"], hold=False)
    assert len(control(ns, "/revenue-recognition", period="2024-01")["journals"]) == 1
    assert ns.http.post("/_sandbox/revenue-plans/hold", json={"plan": "9999"}).status_code == 400


def test_elements_after_a_refresh(ns: Client) -> None:
    """Events and journal lines still know their elements when all ids have moved. Source: pitfall 20."""
    deferral = account(ns, "2480", "Journal Deferred", "DeferRevenue")
    account(ns, "4080", "Journal Income", "Income", deferralAcct={"id": deferral})
    kind = control(ns, "/recognition-event-types", name="Milestone")["id"]
    one = item(ns, "Milestones", "81", "2", kind)
    order = ns.make("/salesOrder", {
        "entity": {"id": ns.customer}, "tranDate": "2024-01-05",
        "item": {"items": [{"item": {"id": one}, "quantity": 1, "rate": 100}]}})  # fmt: skip
    control(ns, "/recognition-events", eventType=kind, transaction=order, line=1,
            eventDate="2024-01-20", amount="40")  # fmt: skip
    ns.make("/journalEntry", {
        "subsidiary": {"id": "1"}, "tranDate": "2024-01-10", "line": {"items": [
            {"account": {"id": ns.account("1000")}, "debit": 30},
            {"account": {"id": ns.account("4080")}, "credit": 30,
             "revenueRecognitionRule": {"id": "2"}}]}})  # fmt: skip
    control(ns, "/refresh")
    found = ns.month_end("2024-01")["recognized"]
    assert sorted(row["amount"] for row in found) == ["30.00", "40.00"]
    assert ns.balance("4080") == -30


@pytest.mark.parametrize("record", ["salesOrder", "invoice", "creditMemo", "cashSale"])
def test_direct_and_deferred_items_are_not_mixed(ns: Client, record: str) -> None:
    """All items of a transaction post directly, or none does. Source: Item Configuration for Advanced Revenue Management (section_4340443927); the wording is unsure."""
    direct = item(ns, "Direct", "34", "2", "-2", directRevenuePosting=True)
    lines = [{"item": {"id": one}, "quantity": 1, "rate": 5} for one in (direct, ns.usage)]
    body = {"entity": {"id": ns.customer}, "tranDate": "2024-01-05", "item": {"items": lines}}
    assert "cannot mix items" in ns.refused("POST", f"/{record}", body)
    ns.make(f"/{record}", {**body, "item": {"items": lines[:1]}})


def test_direct_posting_is_fixed_after_use(ns: Client) -> None:
    """The box cannot be checked or cleared once the item was used. Source: Item Configuration for Advanced Revenue Management (section_4340443927); the wording is unsure."""
    path = f"/serviceSaleItem/{ns.usage}"
    for value in (True, False):
        assert ns.call("PATCH", path, {"directRevenuePosting": value}).status_code == 204
    ns.invoice(10, "I")
    assert "not allowed" in ns.refused("PATCH", path, {"directRevenuePosting": True})
    assert ns.call("PATCH", path, {"displayName": "Usage"}).status_code == 204
