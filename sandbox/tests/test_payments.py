"""Payments, the credits used inside them, refunds and voids."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sandbox_client import BLOCK, Client, items, tick


def pay(ns: Client, payment: Any, **more: Any) -> str:
    body = {"customer": {"id": ns.customer}, "tranDate": "2024-01-20", "externalId": "P",
            "account": {"id": ns.account("1000")}, **more}  # fmt: skip
    if payment is not None:
        body["payment"] = payment
    return ns.make("/customerPayment", body)


def memo(ns: Client, amount: Any, eid: str = "CM", **more: Any) -> str:
    line = {"item": {"id": ns.usage}, "amount": amount, BLOCK: "B1"}
    return ns.make("/creditMemo", {"entity": {"id": ns.customer}, "tranDate": "2024-01-15",
                                   "externalId": eid, "item": items(line), **more})  # fmt: skip


def test_payment_to_the_ledger(ns: Client) -> None:
    """Dr bank / Cr Accounts Receivable; status Deposited on a bank account. Source: Customer Payment (REST use case); Transaction G/L Impact."""
    bill = ns.invoice(100, "I")
    pay(ns, 100, apply=items(tick(bill, 100)))
    assert (ns.balance("1000"), ns.balance("1100")) == (Decimal(100), Decimal(0))
    shown = ns.get("/customerPayment/eid:P")
    assert shown["status"] == {"id": "C", "refName": "Deposited"}
    assert (shown["applied"], shown["unapplied"], shown["pending"]) == (100.0, 0.0, 0.0)
    assert ns.get("/invoice/eid:I")["status"]["refName"] == "Paid In Full"


def test_payment_to_undeposited_funds(ns: Client) -> None:
    """UndepFunds T: status Not Deposited. Source: REST API Browser, customerPayment."""
    pay(ns, 10, account=None, undepFunds={"id": "T"})
    assert ns.get("/customerPayment/eid:P")["status"]["refName"] == "Not Deposited"
    assert ns.balance("1050") == Decimal(10)


def test_unapply_with_apply_false(ns: Client) -> None:
    """Apply false takes an application back, the payment stays. Source: Customer Payment (REST use case)."""
    bill = ns.invoice(100, "I")
    pay(ns, 100, apply=items(tick(bill, 100)))
    patch = {"apply": items({"doc": {"id": bill}, "apply": False})}
    assert ns.call("PATCH", "/customerPayment/eid:P", patch).status_code == 204
    assert ns.get("/invoice/eid:I")["amountRemaining"] == 100.0
    assert ns.get("/customerPayment/eid:P")["unapplied"] == 100.0


def test_apply_null_unapplies_all(ns: Client) -> None:
    """A sublist set to null is cleared. Source: Replacing a Sublist."""
    bill = ns.invoice(100, "I")
    pay(ns, 100, apply=items(tick(bill, 100)))
    assert ns.call("PATCH", "/customerPayment/eid:P", {"apply": None}).status_code == 204
    assert ns.get("/invoice/eid:I")["amountRemaining"] == 100.0


def test_null_items_unapply_all(ns: Client) -> None:
    """The items of a sublist set to null clear it as well. Source: Replacing a Sublist."""
    invoice = ns.invoice(40, "I")
    made = ns.make("/customerPayment", {"customer": {"id": ns.customer}, "payment": 40,
                                        "apply": items(tick(invoice, 40))})  # fmt: skip
    assert ns.open_amounts(invoice) == [0.0]
    answer = ns.call("PATCH", f"/customerPayment/{made}", {"apply": {"items": None}})
    assert answer.status_code == 204, answer.text
    assert ns.open_amounts(invoice) == [40.0]


def test_auto_apply_takes_the_oldest_first(ns: Client) -> None:
    """Only the payment is applied, from the top of the list of receivables. Source: field help of autoapply (SuiteScript customerpayment); the order of the list is unsure."""
    ns.invoice(60, "I2", day="2024-01-09")
    ns.invoice(50, "I1", day="2024-01-08")
    ns.deposit(500, "D")
    pay(ns, 80, autoApply=True)
    assert ns.get("/invoice/eid:I1")["amountRemaining"] == 0.0
    assert ns.get("/invoice/eid:I2")["amountRemaining"] == 30.0
    assert ns.sql("SELECT COUNT(*) n FROM transaction WHERE type = 'DepAppl'") == [{"n": "0"}]


def test_deposit_inside_a_payment(ns: Client) -> None:
    """A deposit ticked in a payment makes a deposit application. Source: REST API Browser, customerPayment deposit sublist; unsure."""
    bill, deposit = ns.invoice(100, "I"), ns.deposit(60, "D")
    pay(ns, 40, apply=items(tick(bill, 100)), deposit=items(tick(deposit, 60)))
    assert ns.get("/invoice/eid:I")["amountRemaining"] == 0.0
    assert ns.get("/customerDeposit/eid:D")["status"]["refName"] == "Fully Applied"
    assert (ns.balance("2100"), ns.balance("1100"), ns.balance("1000")) == (
        Decimal(0),
        Decimal(0),
        Decimal(40),
    )
    made = ns.sql("SELECT id FROM transaction WHERE type = 'DepAppl'")
    body = ns.get(f"/depositApplication/{made[0]['id']}?expandSubResources=true")
    assert (body["applied"], body["apply"]["items"][0]["doc"]["id"]) == (60.0, bill)


def test_credit_memo_inside_a_payment(ns: Client) -> None:
    """A credit memo ticked in a payment is applied. Source: REST API Browser, customerPayment credit sublist."""
    bill, credit = ns.invoice(100, "I"), memo(ns, 30)
    pay(ns, 70, apply=items(tick(bill, 100)), credit=items(tick(credit, 30)))
    assert ns.get("/creditMemo/eid:CM")["status"]["refName"] == "Fully Applied"
    assert ns.balance("1100") == Decimal(0)
    ns.refused("DELETE", "/invoice/eid:I")


def test_a_payment_before_its_invoice_is_refused(ns: Client) -> None:
    """Nothing can be applied to what is not there yet; afterwards the same call works. Source: third-party issue on the order of writes (Lago 2125)."""
    body = {"customer": {"id": ns.customer}, "payment": 10,
            "apply": items({"doc": {"externalId": "I"}, "apply": True, "amount": 10})}  # fmt: skip
    assert "Invalid Field Value I" in ns.refused("POST", "/customerPayment", body)
    ns.invoice(10, "I")
    ns.make("/customerPayment", body)
    assert ns.get("/invoice/eid:I")["status"]["refName"] == "Paid In Full"


def test_a_credit_may_go_to_the_same_invoice_again(ns: Client) -> None:
    """Both parts count; so do two lines of one document in a sublist. Source: Applying a Customer Credit Memo (section_N1312521)."""
    bill, credit = ns.invoice(100, "I"), memo(ns, 30)
    for eid, amount in (("P1", 10), ("P2", 20)):
        pay(
            ns,
            0,
            externalId=eid,
            apply=items(tick(bill, amount)),
            credit=items(tick(credit, amount)),
        )
    pay(ns, 40, apply=items(tick(bill, 15), tick(bill, 25)))
    (line,) = ns.get("/customerPayment/eid:P?expandSubResources=true")["apply"]["items"]
    assert (line["amount"], ns.open_amounts(bill)) == (40.0, [30.0])
    assert ns.get("/creditMemo/eid:CM")["unapplied"] == 0.0


def test_credits_of_others_or_beyond_are_refused(ns: Client) -> None:
    """Not above what is unapplied, not of another type, not more than is to pay. Source: sure as a rule; the wording is unsure."""
    bill, deposit, credit = ns.invoice(50, "I"), ns.deposit(60, "D"), memo(ns, 5)
    head = {"customer": {"id": ns.customer}, "payment": 0, "apply": items(tick(bill, 50))}
    assert "exceeds the unapplied amount" in ns.refused(
        "POST", "/customerPayment", {**head, "deposit": items(tick(deposit, 61))}
    )
    assert "exceed the amount to be paid" in ns.refused(
        "POST", "/customerPayment", {**head, "deposit": items(tick(deposit, 60))}
    )
    ns.refused("POST", "/customerPayment", {**head, "deposit": items(tick(credit, 1))})


def test_payment_sublist_totals_must_fit(ns: Client) -> None:
    """More applied than paid is refused. Source: TRANS_APPLIED_AMTS_UNBALNCD."""
    bill = ns.invoice(50, "I")
    text = ns.refused("POST", "/customerPayment", {
        "customer": {"id": ns.customer}, "payment": 40, "apply": items(tick(bill, 50))})  # fmt: skip
    assert "Transaction is not in balance! Total to apply of $40" in text


def refund(ns: Client, **body: Any) -> str:
    return ns.make("/customerRefund", {
        "customer": {"id": ns.customer}, "tranDate": "2024-01-25", "externalId": "R",
        "account": {"id": ns.account("1000")}, **body})  # fmt: skip


def test_refund_by_its_deposit_sublist(ns: Client) -> None:
    """Deposit {doc, apply, amount}; GET shows the application in apply, deposit empty. Source: Customer Refund (REST use case)."""
    deposit = ns.deposit(100, "D")
    refund(ns, deposit=items(tick(deposit, 25)))
    shown = ns.get("/customerRefund/eid:R?expandSubResources=true")
    assert "deposit" not in shown
    (line,) = shown["apply"]["items"]
    assert (line["amount"], line["doc"]["refName"]) == (25.0, "Deposit Application #DEPAPP1")
    assert (ns.balance("2100"), ns.balance("1000"), ns.balance("1100")) == (
        Decimal(-75),
        Decimal(-25),
        Decimal(0),
    )
    assert ns.get("/customerDeposit/eid:D")["refundedAmountTotalBox"] == 25.0


def test_refund_amounts_do_not_change(ns: Client) -> None:
    """To change a refund, delete it and enter it again. Source: Customer Refund (REST use case)."""
    deposit = ns.deposit(100, "D")
    made = refund(ns, deposit=items(tick(deposit, 25)))
    assert ns.call("PATCH", f"/customerRefund/{made}", {"memo": "m"}).status_code == 204
    assert ns.call("PATCH", f"/customerRefund/{made}",
                   {"deposit": items(tick(deposit, 30))}).status_code == 204  # fmt: skip
    assert ns.get(f"/customerRefund/{made}")["total"] == 25.0
    assert ns.call("DELETE", f"/customerRefund/{made}").status_code == 204
    assert ns.balance("2100") == Decimal(-100)


def test_refund_of_more_than_is_left(ns: Client) -> None:
    """Not more than is unapplied; nothing without a credit. Source: Customer Refund; the wording is unsure."""
    deposit = ns.deposit(100, "D")
    head = {"customer": {"id": ns.customer}}
    ns.refused("POST", "/customerRefund", {**head, "deposit": items(tick(deposit, 101))})
    assert "Please enter value(s) for" in ns.refused("POST", "/customerRefund", head)


def test_application_of_a_refund_cannot_be_deleted_alone(ns: Client) -> None:
    """It belongs to the refund. Source: TRANS_IN_USE."""
    deposit = ns.deposit(100, "D")
    refund(ns, deposit=items(tick(deposit, 25)))
    made = ns.sql("SELECT id FROM transaction WHERE type = 'DepAppl'")[0]["id"]
    assert "linked to by one or more" in ns.refused("DELETE", f"/depositApplication/{made}")


def void(ns: Client, eid: str) -> Any:
    return ns.http.post("/_sandbox/void", json={"externalId": eid})


@pytest.mark.parametrize(
    "eid", ["invoice", "creditMemo", "customerDeposit", "customerPayment", "journalEntry"]
)
def test_direct_void_of_each_type(ns: Client, eid: str) -> None:
    """Amounts become zero, the number stays, the books are empty. Source: transaction.Type (section_4483109897); transaction.void(options)."""
    if eid == "invoice":
        made = ns.invoice(10, eid)
    elif eid == "creditMemo":
        made = memo(ns, 10, eid)
    elif eid == "customerDeposit":
        made = ns.deposit(10, eid)
    elif eid == "customerPayment":
        made = pay(ns, 10, externalId=eid)
    else:
        made = ns.journal("1000", "4000", 10, eid)
    before = ns.get(f"/{eid}/{made}")["tranId"]
    answer = void(ns, eid)
    assert answer.json() == {"id": made, "voided": True}
    assert ns.get(f"/{eid}/{made}")["tranId"] == before
    assert ns.balances() == {}
    assert "already voided" in void(ns, eid).text


def test_direct_void_of_a_sales_order(ns: Client) -> None:
    """A sales order can be voided while nothing is billed. Source: transaction.Type (section_4483109897)."""
    line = {"item": {"id": ns.prepaid}, "quantity": 1, "rate": 5}
    ns.make("/salesOrder", {"entity": {"id": ns.customer}, "externalId": "S", "item": items(line)})
    assert void(ns, "S").status_code == 200
    assert ns.get("/salesOrder/eid:S")["total"] == 0.0


def test_direct_void_of_a_refund_frees_the_deposit(ns: Client) -> None:
    """A refund knows the direct void too. Source: transaction.Type (section_4483109897)."""
    refund(ns, deposit=items(tick(ns.deposit(100, "D"), 25)))
    assert void(ns, "R").status_code == 200
    assert ns.balances() == {"1050": "100.00", "2100": "-100.00"}
    assert ns.get("/customerRefund/eid:R")["status"]["refName"] == "Voided"


def test_deposit_application_knows_no_void(ns: Client) -> None:
    """Neither direct nor by journal: delete it. Source: transaction.Type (section_4483109897)."""
    ns.apply(ns.deposit(100, "D"), ns.invoice(100, "I"), 100, "A")
    assert "not voidable" in void(ns, "A").text
    ns.set(void_using_reversing_journals=True)
    assert "not voidable" in void(ns, "A").text


@pytest.mark.parametrize("eid", ["I", "C", "D", "P", "J", "S"])
def test_reversing_journals_forbid_direct_voids(ns: Client, eid: str) -> None:
    """With the preference only some types are voidable. Source: Voiding, Deleting, or Closing Transactions; transaction.Type (section_4483109897)."""
    ns.invoice(10, "I")
    memo(ns, 10, "C")
    ns.deposit(10, "D")
    pay(ns, 10)
    ns.journal("1000", "4000", 10, "J")
    line = {"item": {"id": ns.prepaid}, "quantity": 1, "rate": 5}
    ns.make("/salesOrder", {"entity": {"id": ns.customer}, "externalId": "S", "item": items(line)})
    ns.set(void_using_reversing_journals=True)
    answer = void(ns, eid)
    assert answer.status_code == 400
    assert "Void Transactions Using Reversing Journals" in answer.text


def test_refund_voided_by_reversing_journal(ns: Client) -> None:
    """A journal today takes the refund back; its id is returned, the deposit is free again.

    Source: transaction.void(options); transaction.Type (section_4483109897); Void Transactions
    Using Reversing Journals Preference (bridgehead_N1469460).
    """
    refund(ns, deposit=items(tick(ns.deposit(100, "D"), 25)))
    ns.set(void_using_reversing_journals=True)
    answer = void(ns, "R")
    assert answer.status_code == 200, answer.text
    shown = ns.get("/customerRefund/eid:R")
    assert shown["voidJournal"]["id"] == answer.json()["id"]
    assert (shown["status"]["refName"], shown["total"]) == ("Voided", 25.0)
    assert ns.balances() == {"1050": "100.00", "2100": "-100.00"}
    assert ns.get(f"/journalEntry/{answer.json()['id']}")["memo"] == "VOID"


def test_void_in_a_closed_period(ns: Client) -> None:
    """A direct void changes the ledger of its period. Source: CLOSED_TRAN_PRD."""
    ns.deposit(10, "D")
    ns.period("2024-01", "close")
    assert void(ns, "D").status_code == 400
    assert ns.balance("2100") == Decimal(-10)
