"""Refunds, voids, reversing journals, deposits of an order."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sandbox_client import BLOCK, EURO, Client, items


def refund(ns: Client, source: str, **body: Any) -> str:
    return ns.make(
        f"/{source}/!transform/customerRefund",
        {"tranDate": "2024-01-25", "account": {"id": ns.account("1000")}, **body},
    )


def test_refund_of_a_deposit(ns: Client) -> None:
    """Net Dr Customer Deposits / Cr bank, by an application of its own. Source: Customer Refund."""
    deposit = ns.deposit(1000, "D")
    ns.apply(deposit, ns.invoice(300, "I"), 300, "A")
    part = {"items": [{"doc": {"id": deposit}, "apply": True, "amount": 250}]}
    made = refund(ns, "customerDeposit/eid:D", deposit=part, externalId="R")
    assert (ns.balance("2100"), ns.balance("1000"), ns.balance("1100")) == (
        Decimal(-450), Decimal(-250), Decimal(0),
    )  # fmt: skip
    body = ns.get("/customerRefund/eid:R?expandSubResources=true")
    assert body["total"] == 250.0
    assert "deposit" not in body or body["deposit"]["items"] == []
    (line,) = body["apply"]["items"]
    assert line["doc"]["refName"].startswith("Deposit Application")
    assert "linked" in ns.refused("DELETE", f"/depositApplication/{line['doc']['id']}")
    assert "exceeds" in ns.refused(
        "POST",
        "/customerRefund",
        {
            "customer": {"id": ns.customer},
            "account": {"id": ns.account("1000")},
            "deposit": {"items": [{"doc": {"id": deposit}, "apply": True, "amount": 451}]},
        },
    )
    assert ns.call("PATCH", f"/customerRefund/{made}", {"memo": "sent"}).status_code == 204
    assert ns.call("DELETE", f"/customerRefund/{made}").status_code == 204
    assert ns.balance("2100") == Decimal(-700)
    assert ns.sql("SELECT COUNT(*) n FROM transaction WHERE type = 'DepAppl'") == [{"n": "1"}]


def test_refund_of_a_credit_memo(ns: Client) -> None:
    """The memo is used up, the bank pays. Source: Transforming Records."""
    ns.make(
        "/creditMemo",
        {
            "entity": {"id": ns.customer},
            "tranDate": "2024-01-20",
            "externalId": "CM",
            "item": {"items": [{"item": {"id": ns.usage}, "amount": 80, BLOCK: "B1"}]},
        },
    )
    made = refund(ns, "creditMemo/eid:CM")
    assert ns.get("/creditMemo/eid:CM")["status"]["refName"] == "Fully Applied"
    assert (ns.balance("1100"), ns.balance("1000")) == (Decimal(0), Decimal(-80))
    assert ns.call("DELETE", f"/customerRefund/{made}").status_code == 204
    assert ns.get("/creditMemo/eid:CM")["unapplied"] == 80.0


def test_direct_void(ns: Client) -> None:
    """All amounts zero, the transaction stays, nothing changes it. Source: N/transaction Module."""
    ns.invoice(300, "I")
    assert ns.http.post("/_sandbox/void", json={"externalId": "I"}).status_code == 200
    body = ns.get("/invoice/eid:I")
    assert (body["total"], body["memo"], body["status"]["refName"]) == (0.0, "VOID", "Voided")
    assert ns.sql("SELECT voided FROM transaction WHERE externalid = 'I'") == [{"voided": "T"}]
    assert ns.balances() == {}
    assert ns.http.post("/_sandbox/void", json={"externalId": "I"}).status_code == 400
    ns.refused("PATCH", "/invoice/eid:I", {"item": {"items": [{"line": 1, "amount": 5}]}})


def test_a_voided_transaction_stays_voided(ns: Client) -> None:
    """Only its texts can be changed: status, number and amounts stay. Source: Voiding, Deleting, or Closing Transactions (section_N563543)."""
    sale = {"entity": {"id": ns.customer}, "item": items({"item": {"id": ns.usage}, "amount": 5})}
    payer = {"customer": {"id": ns.customer}, "payment": 5}
    for record, made in (
        ("invoice", ns.invoice(5, "I")), ("creditMemo", ns.memo(5, "M")),
        ("customerDeposit", ns.deposit(5, "D")), ("journalEntry", ns.journal("1500", "1050", 5, "J")),
        ("customerPayment", ns.make("/customerPayment", payer)),
        *((one, ns.make(f"/{one}", sale)) for one in ("salesOrder", "cashSale", "estimate")),
    ):  # fmt: skip
        ns.http.post("/_sandbox/void", json={"id": made})
        before = ns.get(f"/{record}/{made}")
        answer = ns.call("PATCH", f"/{record}/{made}", {"memo": "in error"})
        assert answer.status_code == 204, answer.text
        after = ns.get(f"/{record}/{made}")
        assert after["memo"] == "in error"
        for name in ("status", "tranId", "total"):
            assert after.get(name) == before.get(name)
    assert ns.balances() == {}


def test_the_currency_of_a_saved_transaction_stays(ns: Client) -> None:
    """It is chosen before the transaction is saved, never after. Source: Currency on Customer Transactions (bridgehead_N1398658); the text is unsure."""
    for record, made in (
        ("invoice", ns.invoice(5, "I")), ("customerDeposit", ns.deposit(5, "D")),
        ("journalEntry", ns.journal("1500", "1050", 5, "J")),
    ):  # fmt: skip
        assert "currency" in ns.refused("PATCH", f"/{record}/{made}", EURO)
        same = {"currency": {"id": "1"}, "memo": "same"}
        assert ns.call("PATCH", f"/{record}/{made}", same).status_code == 204


def test_void_takes_revenue_back(ns: Client) -> None:
    """What was recognized of a voided invoice is taken back. Source: unsure."""
    ns.invoice(300, "I")
    ns.month_end("2024-01")
    assert ns.http.post("/_sandbox/void", json={"externalId": "I"}).status_code == 200
    ns.month_end("2024-02")
    assert ns.balances() == {}


def test_void_of_linked_or_by_preference(ns: Client) -> None:
    """Linked ones and those under the preference are refused. Source: CANT_VOID_TRANS."""
    deposit = ns.deposit(100, "D")
    ns.apply(deposit, ns.invoice(100, "I"), 100, "A")
    answer = ns.http.post("/_sandbox/void", json={"externalId": "D"})
    assert "linked to by one or more transactions such as payments" in answer.text
    assert ns.http.post("/_sandbox/void", json={"externalId": "A"}).status_code == 400
    ns.deposit(5, "D2")
    ns.set(void_using_reversing_journals=True)
    assert ns.http.post("/_sandbox/void", json={"externalId": "D2"}).status_code == 400


def test_reversing_journal(ns: Client) -> None:
    """ReversalDate makes the opposite entry, not editable alone. Source: Reverse Journal Entry."""
    journal = ns.journal("1500", "1050", 70, "J")
    assert (
        ns.call("PATCH", f"/journalEntry/{journal}", {"reversaldate": "2024-2-22"}).status_code
        == 204
    )
    assert ns.balances() == {}
    body = ns.get(f"/journalEntry/{journal}")
    reversal = ns.get(f"/journalEntry/{body['reversalEntry']}?expandSubResources=true")
    assert (reversal["isReversal"], reversal["tranDate"]) == (True, "2024-02-22")
    assert [line.get("credit") for line in reversal["line"]["items"]] == [70.0, None]
    ns.refused("PATCH", f"/journalEntry/{reversal['id']}", {"memo": "x"})
    ns.refused("DELETE", f"/journalEntry/{reversal['id']}")
    assert ns.call("PATCH", f"/journalEntry/{journal}", {"reversalDate": None}).status_code == 204
    assert ns.balance("1500") == Decimal(70)


def test_deferred_reversal_and_closed_reversal_date(ns: Client) -> None:
    """ReversalDefer waits for the day; a closed day is refused. Source: REVERSAL_DATE_WARNING."""
    ns.period("2024-03", "close")
    journal = ns.journal("1500", "1050", 70, "J")
    assert "Reversal Date is in a closed accounting period" in ns.refused(
        "PATCH", f"/journalEntry/{journal}", {"reversalDate": "2024-03-01"}
    )
    ns.http.put("/_sandbox/clock", json={"now": "2024-01-10T00:00:00Z"})
    ns.headers = Client(ns.http).headers
    ns.call("PATCH", f"/journalEntry/{journal}",
            {"reversalDate": "2024-02-01", "reversalDefer": True})  # fmt: skip
    assert ns.balance("1500") == Decimal(70)
    ns.http.put("/_sandbox/clock", json={"now": "2024-02-01T00:00:01Z"})
    assert ns.balance("1500") == Decimal(0)


def test_deposit_of_an_order_is_applied_to_its_invoice(ns: Client) -> None:
    """Applied by itself when the order is billed; the surplus is free. Source: Customer Deposits."""
    order = ns.make(
        "/salesOrder",
        {
            "entity": {"id": ns.customer},
            "tranDate": "2024-01-05",
            "externalId": "SO",
            "item": {"items": [{"item": {"id": ns.prepaid}, "quantity": 1, "rate": 100}]},
        },
    )
    ns.deposit(130, "D", salesOrder={"id": order})
    ns.make("/salesOrder/eid:SO/!transform/invoice", {"tranDate": "2024-01-06", "externalId": "I"})
    assert ns.get("/invoice/eid:I")["status"]["id"] == "B"
    assert ns.balance("2100") == Decimal(-30)


def test_unapproved_journals_do_not_post(ns: Client) -> None:
    """approved:true posts them. Source: Journal Entry (REST use case)."""
    ns.set(require_journal_approval=True)
    journal = ns.journal("1500", "1050", 70, "J")
    assert ns.balances() == {}
    assert ns.call("PATCH", f"/journalEntry/{journal}", {"approved": True}).status_code == 204
    assert ns.balance("1500") == Decimal(70)
