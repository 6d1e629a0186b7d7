"""Invoices that wait for approval: they bill their order, and do nothing else until approved."""

from __future__ import annotations

import pytest
from sandbox_client import Client, items, tick

WAITING = {"id": "D", "refName": "Pending Approval"}


@pytest.fixture(autouse=True)
def _approval(ns: Client) -> None:
    ns.set(require_invoice_approval=True)


def order(ns: Client) -> str:
    line = {"item": {"id": ns.usage}, "quantity": 1, "rate": 40}
    body = {"entity": {"id": ns.customer}, "tranDate": "2024-01-05", "item": items(line)}
    return ns.make("/salesOrder", body)


def approve(ns: Client, invoice: str) -> None:
    answer = ns.call("PATCH", f"/invoice/{invoice}", {"approvalStatus": {"id": "2"}})
    assert answer.status_code == 204, answer.text


def test_it_does_not_post_until_approved(ns: Client) -> None:
    """Status D, no impact, the whole amount remaining, no balance; then Open and posted. Source: Transactional Impact for Workflow Based Invoice Approvals (bridgehead_4025082250); REST API Browser 2026.1, invoice.status."""
    made = ns.invoice(300, "I")
    shown = ns.get(f"/invoice/{made}")
    assert (shown["status"], shown["amountRemaining"], shown["amountPaid"]) == (WAITING, 300.0, 0.0)
    assert shown["approvalStatus"]["id"] == "1"
    assert ns.balances() == {}
    assert ns.get(f"/customer/{ns.customer}")["balance"] == 0.0
    query = "SELECT approvalstatus a, posting p, foreignamountunpaid u FROM transaction"
    assert ns.sql(query) == [{"a": "1", "p": "F", "u": "300"}]
    approve(ns, made)
    assert ns.get(f"/invoice/{made}")["status"]["id"] == "A"
    assert ns.balances() == {"1100": "300.00", "2420": "-300.00"}
    assert ns.sql(query) == [{"a": "2", "p": "T", "u": "300"}]
    ns.call("PATCH", f"/invoice/{made}", {"approvalStatus": {"id": "1"}, "memo": "again"})
    assert ns.balances() == {"1100": "300.00", "2420": "-300.00"}


def test_it_cannot_be_paid(ns: Client) -> None:
    """It is not among the documents to be paid: neither by a payment nor by a deposit. Source: Transactional Impact for Workflow Based Invoice Approvals (bridgehead_4025082250)."""
    deposit, made = ns.deposit(100, "D"), ns.invoice(60, "I")
    url = f"/customerDeposit/{deposit}/!transform/depositApplication"
    body = {"tranDate": "2024-01-10", "apply": items(tick(made, 60))}
    assert f"Invalid Field Value {made}" in ns.refused("POST", url, body)
    payment = {"customer": {"id": ns.customer}, "payment": 60, "apply": items(tick(made, 60))}
    assert f"Invalid Field Value {made}" in ns.refused("POST", "/customerPayment", payment)
    approve(ns, made)
    ns.make(url, body)
    assert ns.get(f"/invoice/{made}")["status"]["id"] == "B"


def test_it_bills_its_order(ns: Client) -> None:
    """The order is billed at once; its deposit is applied when the invoice is approved (when, is unsure). Source: Transactional Impact for Workflow Based Invoice Approvals (bridgehead_4025082250)."""
    sold = order(ns)
    ns.deposit(15, "D", salesOrder={"id": sold})
    made = ns.make(f"/salesOrder/{sold}/!transform/invoice", {"tranDate": "2024-01-10"})
    assert ns.get(f"/salesOrder/{sold}")["status"]["refName"] == "Billed"
    assert ns.open_amounts(made) == [40.0]
    assert "1100" not in ns.balances()
    approve(ns, made)
    assert ns.open_amounts(made) == [25.0]


def test_it_makes_no_revenue(ns: Client) -> None:
    """Recognition waits for the approval, of stand-alone invoices and of those of an order. Source: Transactional Impact for Workflow Based Invoice Approvals (bridgehead_4025082250)."""
    alone = ns.invoice(300, "I")
    sold = order(ns)
    billed = ns.make(f"/salesOrder/{sold}/!transform/invoice", {"tranDate": "2024-01-10"})
    assert ns.month_end("2024-01")["recognized"] == []
    approve(ns, alone)
    assert [row["amount"] for row in ns.month_end("2024-01")["recognized"]] == ["300.00"]
    approve(ns, billed)
    assert [row["amount"] for row in ns.month_end("2024-01")["recognized"]] == ["40.00"]
    assert ns.balances() == {"1100": "340.00", "4010": "-340.00"}


def test_a_rejected_one(ns: Client) -> None:
    """Status E; it can be changed, approved after all, or deleted. Source: REST API Browser 2026.1, invoice.status and approvalStatus."""
    made = ns.invoice(30, "I", approvalStatus={"id": "3"})
    assert ns.get(f"/invoice/{made}")["status"] == {"id": "E", "refName": "Rejected"}
    assert ns.call("PATCH", f"/invoice/{made}", {"memo": "checked"}).status_code == 204
    assert ns.get(f"/invoice/{made}")["status"]["id"] == "E"
    approve(ns, made)
    assert ns.balances() == {"1100": "30.00", "2420": "-30.00"}
    other = ns.invoice(5, "J", approvalStatus={"id": "3"})
    assert ns.call("DELETE", f"/invoice/{other}").status_code == 204


def test_its_period_is_set_when_it_is_approved(ns: Client) -> None:
    """The posting period of a transaction that waits is worked out on approval. Source: SuiteScript record invoice, field help of postingperiod; Journal Entry Approval (bridgehead_N1469122)."""
    ns.set(date_outside_posting_period="allow")
    ns.http.put("/_sandbox/clock", json={"now": "2024-03-20T12:00:00Z"})
    ns.headers = Client(ns.http).headers
    made = ns.invoice(30, "I")
    ns.period("2024-01", "close")
    assert ns.call("PATCH", f"/invoice/{made}", {"memo": "late"}).status_code == 204
    approve(ns, made)
    shown = ns.get(f"/invoice/{made}")
    assert (shown["postingPeriod"]["refName"], shown["tranDate"]) == ("Mar 2024", "2024-01-10")


def test_an_approved_one_posts_at_once(ns: Client) -> None:
    """With approvalStatus 2 in the body of the POST. Source: REST API Browser 2026.1, invoice.approvalStatus."""
    made = ns.invoice(30, "I", approvalStatus={"id": "2"})
    assert ns.get(f"/invoice/{made}")["status"]["id"] == "A"
    ns.set(require_invoice_approval=False)
    ns.invoice(7, "J")
    assert ns.balances()["1100"] == "37.00"


def test_it_counts_as_unbilled(ns: Client) -> None:
    """Reclassification leaves bills out that are not approved: what is recognized is unbilled receivable. Source: Reclassification of Deferred Revenue (section_4363759368)."""
    ns.call("PATCH", f"/serviceSaleItem/{ns.usage}", {"createRevenuePlansOn": {"id": "-1"}})
    made = ns.make(f"/salesOrder/{order(ns)}/!transform/invoice", {"tranDate": "2024-01-10"})
    (unbilled,) = ns.sql("SELECT acctnumber a FROM account WHERE sspecacct = 'UnbilledRec'")
    month = {"period": "2024-01", "reclassify": True}
    assert ns.http.post("/_sandbox/month-end", json=month).status_code == 200
    assert ns.balances() == {unbilled["a"]: "40.00", "4010": "-40.00"}
    approve(ns, made)
    assert ns.http.post("/_sandbox/month-end", json=month).status_code == 200
    assert ns.balances() == {"1100": "40.00", "4010": "-40.00"}
