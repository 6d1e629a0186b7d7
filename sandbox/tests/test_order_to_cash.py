"""What an integrator does between order and cash: refunds, deposits over many invoices, voids."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sandbox_client import EURO, Client, items, tick


def spread(ns: Client, deposit: str, parts: dict[str, Any], **more: Any) -> str:
    """One application of one deposit to several invoices."""
    body = {"externalId": "A", "tranDate": "2024-01-12",
            "apply": items(*(tick(doc, amount) for doc, amount in parts.items())), **more}  # fmt: skip
    return ns.make(f"/customerDeposit/{deposit}/!transform/depositApplication", body)


# -- refunds ----------------------------------------------------------------------------------------


def test_credit_memo_paid_out_of_a_clearing_account(ns: Client) -> None:
    """Dr A/R / Cr the bank account chosen; the memo is Fully Applied. Source: Refunding an Open Balance (section_N1313840)."""
    clearing = ns.bank("1501", "Prepayment Clearing Bank")
    memo = ns.memo(80, "CM")
    ns.refund("R", account={"id": clearing}, apply=items(tick(memo)))
    assert ns.balances() == {"1501": "-80.00", "2420": "80.00"}
    assert ns.get("/creditMemo/eid:CM")["status"]["refName"] == "Fully Applied"
    shown = ns.get("/customerRefund/eid:R?expandSubResources=true")
    assert (shown["account"]["id"], shown["total"]) == (clearing, 80.0)
    assert [line["amount"] for line in shown["apply"]["items"]] == [80.0]


@pytest.mark.parametrize(
    ("number", "narrow", "wide"),
    [("1000", 204, 204), ("1500", 400, 204), ("2450", 400, 204), ("4010", 400, 400),
     ("2410", 400, 400), ("1100", 400, 400), ("2100", 400, 400)],
)  # fmt: skip
@pytest.mark.parametrize("record", ["customerDeposit", "customerRefund", "customerPayment"])
def test_account_types_of_money(
    ns: Client, record: str, number: str, narrow: int, wide: int
) -> None:
    """Bank accounts; with Expand Account Lists more, which ones is unsure. Source: General Accounting Preferences (section_N1385293)."""
    body: dict[str, Any] = {"customer": {"id": ns.customer}, "tranDate": "2024-01-20",
                            "account": {"id": ns.account(number)}}  # fmt: skip
    if record == "customerRefund":
        body["apply"] = items(tick(ns.memo(10, "CM"), 4))
    else:
        body["payment"] = 4
    assert ns.call("POST", f"/{record}", body).status_code == narrow
    ns.set(expand_account_lists=True)
    assert ns.call("POST", f"/{record}", body).status_code == wide


def test_refund_in_part_leaves_the_memo_open(ns: Client) -> None:
    """A memo is refunded in parts, and never beyond itself. Source: Refunding an Open Balance (section_N1313840)."""
    memo = ns.memo(100, "CM")
    ns.refund("R1", apply=items(tick(memo, 30)))
    shown = ns.get("/creditMemo/eid:CM")
    assert (shown["status"]["refName"], shown["unapplied"]) == ("Open", 70.0)
    assert "exceeds" in ns.refused(
        "POST", "/customerRefund", {"customer": {"id": ns.customer}, "tranDate": "2024-01-25",
                                    "apply": items(tick(memo, 70.01))})  # fmt: skip
    ns.refund("R2", apply=items(tick(memo)))
    assert ns.get("/creditMemo/eid:CM")["unapplied"] == 0.0
    assert "linked" in ns.refused("DELETE", "/creditMemo/eid:CM")
    assert void(ns, "CM") == 400
    assert ns.balances() == {"1000": "-100.00", "2420": "100.00"}


def test_one_refund_of_memos_and_deposits(ns: Client) -> None:
    """Credits and deposits can be paid back together. Source: Issue Refunds for Customer Deposits (section_N1300211)."""
    one, two, deposit = ns.memo(30, "C1"), ns.memo(20, "C2"), ns.deposit(10, "D")
    ns.refund("R", apply=items(tick(one), tick(two, 5)), deposit=items(tick(deposit)))
    assert ns.get("/customerRefund/eid:R")["total"] == 45.0
    assert (ns.balance("1000"), ns.balance("1100"), ns.balance("2100")) == (
        Decimal(-45),
        Decimal(-15),
        Decimal(0),
    )
    assert ns.get("/customerDeposit/eid:D")["status"]["refName"] == "Fully Applied"
    assert ns.call("DELETE", "/customerRefund/eid:R").status_code == 204
    assert (ns.balance("1000"), ns.balance("1100"), ns.balance("2100")) == (
        Decimal(0),
        Decimal(-50),
        Decimal(-10),
    )


def test_refund_of_a_deposit_is_changed_by_entering_it_again(ns: Client) -> None:
    """The application cannot be edited on the refund; delete and enter again. Source: Issue Refunds for Customer Deposits (section_N1300211)."""
    deposit = ns.deposit(100, "D")
    refund = ns.refund("R", deposit=items(tick(deposit, 60)))
    body = ns.get(f"/customerRefund/{refund}?expandSubResources=true")
    (line,) = body["apply"]["items"]
    assert line["doc"]["refName"].startswith("Deposit Application")
    ns.call("PATCH", f"/customerRefund/{refund}", {"deposit": items(tick(deposit, 10))})
    assert ns.get(f"/customerRefund/{refund}")["total"] == 60.0
    assert ns.get("/customerDeposit/eid:D")["refundedAmountTotalBox"] == 60.0
    assert ns.call("DELETE", f"/customerRefund/{refund}").status_code == 204
    ns.refund("R", deposit=items(tick(deposit, 10)))
    assert ns.balance("2100") == Decimal(-90)


def test_refund_without_an_account(ns: Client) -> None:
    """The sample body of the REST use case names none. Source: Customer Refund (REST use case); which account pays is unsure, a setting."""
    deposit = ns.deposit(100, "D")
    ns.refund("R1", account=None, deposit=items(tick(deposit, 25)))
    assert ns.balance("1000") == Decimal(-25)
    ns.set(refund_account_default="undeposited_funds")
    ns.refund("R2", account=None, deposit=items(tick(deposit, 25)))
    assert (ns.balance("1000"), ns.balance("1050")) == (Decimal(-25), Decimal(75))


def test_refund_at_another_rate(ns: Client) -> None:
    """Customer Deposits ends at zero, the difference is a realized loss. Source: Variance Calculations for Realized Gain and Loss (bridgehead_4279828767)."""
    deposit = ns.deposit(100, "D", exchangeRate=1.1, **EURO)
    ns.refund("R", exchangeRate=1.25, deposit=items(tick(deposit)), **EURO)
    assert ns.balances() == {"1000": "-125.00", "1050": "110.00", "4900": "15.00"}
    assert ns.call("DELETE", "/customerRefund/eid:R").status_code == 204
    assert ns.balances() == {"1050": "110.00", "2100": "-110.00"}


def test_refund_in_another_currency_is_refused(ns: Client) -> None:
    """The currency selects which deposits can be refunded. Source: Issue Refunds for Customer Deposits (section_N1300211)."""
    deposit = ns.deposit(100, "D", exchangeRate=1.1, **EURO)
    body = {"customer": {"id": ns.customer}, "tranDate": "2024-02-12",
            "deposit": items(tick(deposit, 60))}  # fmt: skip
    assert "different currencies" in ns.refused("POST", "/customerRefund", body)
    assert ns.sql("SELECT id FROM transaction WHERE type IN ('CustRfnd', 'DepAppl')") == []


# -- deposits ---------------------------------------------------------------------------------------


def test_deposit_straight_to_a_clearing_account(ns: Client) -> None:
    """Dr clearing (a Bank account) / Cr Customer Deposits; Deposited at once. Source: Recording a Customer Deposit (section_N1296669)."""
    clearing = ns.bank("1501", "Clearing")
    ns.deposit(100, "D", undepFunds=None, account={"id": clearing})
    shown = ns.get("/customerDeposit/eid:D")
    assert (shown["status"]["refName"], shown["undepFunds"]["id"]) == ("Deposited", "F")
    assert ns.balances() == {"1501": "100.00", "2100": "-100.00"}
    ns.apply(shown["id"], ns.invoice(60, "I"), 60, "A")
    assert ns.get("/customerDeposit/eid:D")["status"]["refName"] == "Deposited"
    ns.refund("R", account={"id": clearing}, deposit=items(tick(shown["id"])))
    assert ns.get("/customerDeposit/eid:D")["status"]["refName"] == "Fully Applied"
    assert ns.balances() == {"1501": "60.00", "2420": "-60.00"}


def test_customer_of_a_deposit_stays(ns: Client) -> None:
    """The customer cannot be changed after saving. Source: Recording a Customer Deposit (section_N1296669)."""
    other = ns.make("/customer", {"companyName": "Bolt", "subsidiary": {"id": "1"}})
    ns.deposit(100, "D")
    ns.refused("PATCH", "/customerDeposit/eid:D", {"customer": {"id": other}})
    assert ns.get("/customerDeposit/eid:D")["customer"]["id"] == ns.customer


def test_one_application_to_many_invoices(ns: Client) -> None:
    """Several invoices are ticked; each is paid by its amount. Source: Applying a Customer Deposit (section_N1299826)."""
    bills = [ns.invoice(100 + n, f"I{n}") for n in range(5)]
    deposit = ns.deposit(1000, "D")
    made = spread(ns, deposit, {bill: 50 + n for n, bill in enumerate(bills)})
    assert ns.open_amounts(*bills) == [50.0] * 5
    shown = ns.get(f"/depositApplication/{made}?expandSubResources=true")
    assert (shown["applied"], shown["unapplied"]) == (260.0, 740.0)
    assert [line["amount"] for line in shown["apply"]["items"]] == [50.0, 51.0, 52.0, 53.0, 54.0]
    links = ns.sql("SELECT previousdoc, foreignamount FROM nextTransactionLineLink WHERE nextdoc = ?"
                   " AND linktype = 'Payment' ORDER BY previousdoc", made)  # fmt: skip
    assert [(x["previousdoc"], x["foreignamount"]) for x in links] == [
        (bill, str(50 + n)) for n, bill in enumerate(bills)
    ]


def test_one_of_many_is_shrunk_or_taken_off(ns: Client) -> None:
    """The apply sublist is keyed by doc: named lines change, the others stay. Source: Updating a Sublist; Deposit Application (REST use case)."""
    bills = [ns.invoice(100, f"I{n}") for n in range(4)]
    deposit = ns.deposit(1000, "D")
    url = f"/depositApplication/{spread(ns, deposit, dict.fromkeys(bills, 50))}"
    change = {"apply": items({"doc": {"id": bills[1]}, "amount": 10})}
    assert ns.call("PATCH", url, change).status_code == 204
    assert ns.open_amounts(*bills) == [50.0, 90.0, 50.0, 50.0]
    change = {"apply": items({"doc": {"id": bills[2]}, "apply": False})}
    assert ns.call("PATCH", url, change).status_code == 204
    assert ns.open_amounts(*bills) == [50.0, 90.0, 100.0, 50.0]
    assert ns.balance("2100") == Decimal(-890)
    assert ns.call("DELETE", f"/invoice/{bills[2]}").status_code == 204
    only = {"apply": items(tick(bills[0], 7))}
    assert ns.call("PATCH", f"{url}?replace=apply", only).status_code == 204
    assert ns.open_amounts(bills[0], bills[1], bills[3]) == [93.0, 100.0, 100.0]
    ns.refused("PATCH", url, {"apply": items({"doc": {"id": bills[0]}, "apply": False})})
    assert ns.open_amounts(bills[0]) == [93.0]
    assert ns.call("DELETE", url).status_code == 204
    assert (ns.balance("2100"), ns.balance("1100")) == (Decimal(-1000), Decimal(300))


def test_many_invoices_at_other_rates(ns: Client) -> None:
    """Each invoice has a gain or loss of its own. Source: Variance Calculations for Realized Gain and Loss (bridgehead_4279828767)."""
    rates = (1.10, 1.11, 1.12)
    bills = [ns.invoice(100, f"I{n}", exchangeRate=rate, **EURO) for n, rate in enumerate(rates)]
    deposit = ns.deposit(300, "D", exchangeRate=1.07, **EURO)
    url = f"/depositApplication/{spread(ns, deposit, dict.fromkeys(bills, 100))}"
    rows = ns.sql(
        "SELECT a.amount FROM transaction t JOIN transactionaccountingline a ON a.transaction = t.id"
        " WHERE t.type = 'FxReval' AND a.amount > 0 ORDER BY t.id"
    )
    assert [row["amount"] for row in rows] == ["3", "4", "5"]
    assert (ns.balance("1100"), ns.balance("2100"), ns.balance("4900")) == (
        Decimal(0),
        Decimal(0),
        Decimal(12),
    )
    half = {"apply": items({"doc": {"id": bills[1]}, "amount": 50})}
    assert ns.call("PATCH", url, half).status_code == 204
    assert (ns.balance("1100"), ns.balance("2100")) == (Decimal("55.50"), Decimal("-53.50"))
    assert ns.balance("4900") == 10
    assert ns.call("DELETE", url).status_code == 204
    assert ns.sql("SELECT id FROM transaction WHERE type = 'FxReval'") == []


def test_ticked_without_an_amount(ns: Client) -> None:
    """Up to the total amount of the deposit can be applied. Source: Applying a Customer Deposit (section_N1299826); the amount of a bare tick is unsure."""
    bills = [ns.invoice(100, f"I{n}") for n in range(2)]
    deposit = ns.deposit(160, "D")
    spread(ns, deposit, dict.fromkeys(bills))
    assert ns.open_amounts(*bills) == [0.0, 40.0]
    assert ns.get("/customerDeposit/eid:D")["status"]["refName"] == "Fully Applied"


def test_payment_ticks_as_far_as_it_goes(ns: Client) -> None:
    """A payment of 130 and a memo of 20 on two bare ticks of 100. Source: Applying a Payment on the Customer Payment Page; the amount of a bare tick is unsure."""
    bills = [ns.invoice(100, f"I{n}") for n in range(2)]
    memo = ns.memo(20, "CM")
    ns.make("/customerPayment", {
        "customer": {"id": ns.customer}, "tranDate": "2024-01-20", "payment": 130,
        "account": {"id": ns.account("1000")}, "apply": items(*map(tick, bills)),
        "credit": items(tick(memo))})  # fmt: skip
    assert ns.open_amounts(*bills) == [0.0, 50.0]


def test_invoice_named_twice(ns: Client) -> None:
    """Together not more than is due. Source: Applying a Customer Deposit (section_N1299826)."""
    bill, deposit = ns.invoice(100, "I"), ns.deposit(1000, "D")
    body = {"tranDate": "2024-01-12", "apply": items(tick(bill, 60), tick(bill, 60))}
    ns.refused("POST", f"/customerDeposit/{deposit}/!transform/depositApplication", body)
    assert ns.balance("2100") == Decimal(-1000)


def test_other_receivables_account(ns: Client) -> None:
    """Payer and invoice have the same A/R account. Source: Applying a Customer Credit Memo (section_N1312521)."""
    other = ns.make("/account", {"acctName": "A/R EU", "acctNumber": "1110", "acctType": "AcctRec"})
    bill = ns.invoice(100, "I", account={"id": other})
    deposit = ns.deposit(100, "D")
    url = f"/customerDeposit/{deposit}/!transform/depositApplication"
    body = {"tranDate": "2024-01-12", "apply": items(tick(bill, 60))}
    assert "accounts receivable account" in ns.refused("POST", url, body)
    ns.make(url, {**body, "arAcct": {"id": other}})
    assert ns.open_amounts(bill) == [40.0]


# -- deposits of an order ----------------------------------------------------------------------------


def order(ns: Client, amount: Any, eid: str = "SO") -> str:
    return ns.make("/salesOrder", {
        "entity": {"id": ns.customer}, "tranDate": "2024-01-05", "externalId": eid,
        "item": items({"item": {"id": ns.prepaid}, "quantity": 1, "rate": amount})})  # fmt: skip


def test_deposit_of_an_order_pays_no_other_invoice(ns: Client) -> None:
    """It is reserved for its order; only what exceeds the order is free. Source: Recording a Customer Deposit (section_N1296669)."""
    deposit = ns.deposit(130, "D", salesOrder={"id": order(ns, 100)})
    bill = ns.invoice(80, "I")
    url = f"/customerDeposit/{deposit}/!transform/depositApplication"
    body = {"tranDate": "2024-01-12", "apply": items(tick(bill, 31))}
    assert "reserved for a sales order" in ns.refused("POST", url, body)
    ns.apply(deposit, bill, 30, "A")
    ns.make("/salesOrder/eid:SO/!transform/invoice", {"tranDate": "2024-01-14", "externalId": "O"})
    assert ns.get("/invoice/eid:O")["status"]["refName"] == "Paid In Full"
    assert ns.balance("2100") == 0


def test_two_deposits_of_one_order(ns: Client) -> None:
    """Several deposits for one order; the excess of the last is free. Source: Recording a Customer Deposit (section_N1296669)."""
    sold = order(ns, 100)
    first = ns.deposit(70, "D1", salesOrder={"id": sold})
    second = ns.deposit(70, "D2", salesOrder={"id": sold})
    bill = ns.invoice(80, "I")
    for deposit, free in ((first, 0), (second, 40)):
        url = f"/customerDeposit/{deposit}/!transform/depositApplication"
        body = {"tranDate": "2024-01-12", "apply": items(tick(bill, free + 1))}
        ns.refused("POST", url, body)
    ns.apply(second, bill, 40, "A")
    ns.make("/salesOrder/eid:SO/!transform/invoice", {"tranDate": "2024-01-14", "externalId": "O"})
    assert ns.get("/invoice/eid:O")["amountRemaining"] == 0.0
    assert ns.balance("2100") == 0


def test_deposit_of_an_order_can_be_refunded(ns: Client) -> None:
    """Reserved or not, what is not applied can be paid back. Source: Issue Refunds for Customer Deposits (section_N1300211)."""
    deposit = ns.deposit(130, "D", salesOrder={"id": order(ns, 100)})
    ns.refund("R", deposit=items(tick(deposit)))
    assert ns.balance("2100") == 0


def test_deposit_for_the_order_of_another_customer(ns: Client) -> None:
    """An order's deposit is its customer's. Source: Recording a Customer Deposit (section_N1296669); the wording is unsure."""
    other = ns.make("/customer", {"companyName": "Bolt", "subsidiary": {"id": "1"}})
    body = {"customer": {"id": other}, "payment": 5, "salesOrder": {"id": order(ns, 10)}}
    assert "Invalid Field Value" in ns.refused("POST", "/customerDeposit", body)


# -- one invoice, many payers ------------------------------------------------------------------------


def test_payment_deposit_and_memo_on_one_invoice(ns: Client) -> None:
    """One payment may use deposits and memos; deleting it does not unapply them. Source: Removing Credits from Deleted Customer Payments (section_N1292961)."""
    bill, deposit, memo = ns.invoice(300, "I"), ns.deposit(100, "D"), ns.memo(50, "CM")
    ns.make("/customerPayment", {
        "customer": {"id": ns.customer}, "tranDate": "2024-01-20", "externalId": "P",
        "account": {"id": ns.account("1000")}, "payment": 150, "apply": items(tick(bill, 300)),
        "credit": items(tick(memo, 50)), "deposit": items(tick(deposit, 100))})  # fmt: skip
    assert ns.get("/invoice/eid:I")["status"]["refName"] == "Paid In Full"
    assert ns.balances() == {"1000": "150.00", "1050": "100.00", "2420": "-250.00"}
    assert "payments" in ns.http.post("/_sandbox/void", json={"externalId": "I"}).text
    for linked in ("/invoice/eid:I", "/customerDeposit/eid:D"):
        assert "linked to by one or more" in ns.refused("DELETE", linked)
    assert ns.call("DELETE", "/customerPayment/eid:P").status_code == 204
    assert ns.open_amounts(bill) == [150.0]
    off = {"apply": items({"doc": {"id": bill}, "apply": False})}
    assert ns.call("PATCH", "/creditMemo/eid:CM", off).status_code == 204
    assert (ns.open_amounts(bill), ns.get("/creditMemo/eid:CM")["unapplied"]) == ([200.0], 50.0)


def test_records_go_in_the_reverse_order(ns: Client) -> None:
    """Linked transactions are deleted from the last to the first. Source: Voiding, Deleting, or Closing Transactions (section_N563543)."""
    bill, deposit = ns.invoice(100, "I"), ns.deposit(100, "D")
    ns.apply(deposit, bill, 40, "A")
    ns.refund("R", deposit=items(tick(deposit, 60)))
    answers = {
        path: ns.call("DELETE", path).status_code
        for path in ("/customerDeposit/eid:D", "/invoice/eid:I", "/depositApplication/eid:A")
    }
    assert list(answers.values()) == [400, 400, 204]
    assert ns.call("DELETE", "/invoice/eid:I").status_code == 204
    assert "linked" in ns.refused("DELETE", "/customerDeposit/eid:D")
    assert ns.call("DELETE", "/customerRefund/eid:R").status_code == 204
    assert ns.call("DELETE", "/customerDeposit/eid:D").status_code == 204
    assert ns.balances() == {}


def test_auto_apply_of_a_memo(ns: Client) -> None:
    """Auto Apply takes the oldest invoices. Source: Applying a Customer Credit Memo (section_N1312521)."""
    late = ns.invoice(50, "I2", day="2024-01-12")
    early = ns.invoice(30, "I1", day="2024-01-02")
    ns.memo(60, "CM", autoApply=True)
    assert ns.open_amounts(early, late) == [0.0, 20.0]


# -- voids -------------------------------------------------------------------------------------------


def void(ns: Client, eid: str) -> int:
    return int(ns.http.post("/_sandbox/void", json={"externalId": eid}).status_code)


def test_void_of_an_invoice_reopens_its_order(ns: Client) -> None:
    """The order is pending billing again and is billed anew. Source: Voiding, Deleting, or Closing Transactions (section_N563543)."""
    order(ns, 100)
    url = "/salesOrder/eid:SO/!transform/invoice"
    ns.make(url, {"tranDate": "2024-01-14", "externalId": "O1"})
    assert ns.get("/salesOrder/eid:SO")["status"]["refName"] == "Billed"
    assert void(ns, "O1") == 200
    assert ns.get("/salesOrder/eid:SO")["status"]["refName"] == "Pending Billing"
    ns.make(url, {"tranDate": "2024-01-15", "externalId": "O2"})
    assert ns.get("/invoice/eid:O2")["total"] == 100.0
    assert ns.get("/salesOrder/eid:SO")["status"]["refName"] == "Billed"


def test_void_of_a_payment_reopens_its_invoices(ns: Client) -> None:
    """Reversing a payment reopens the invoices. Source: Reversing or Deleting Customer Payments (section_4744566376)."""
    bills = [ns.invoice(100, f"I{n}", exchangeRate=1.1, **EURO) for n in range(2)]
    ns.make("/customerPayment", {
        "customer": {"id": ns.customer}, "tranDate": "2024-01-20", "externalId": "P",
        "exchangeRate": 1.2, "account": {"id": ns.account("1000")}, "payment": 200, **EURO,
        "apply": items(*(tick(bill, 100) for bill in bills))})  # fmt: skip
    assert ns.balance("4900") == Decimal(-20)
    assert "payments" in ns.http.post("/_sandbox/void", json={"externalId": "I0"}).text
    assert void(ns, "P") == 200
    assert ns.open_amounts(*bills) == [100.0, 100.0]
    assert ns.balances() == {"1100": "220.00", "2420": "-220.00"}


def test_refund_voided_by_a_journal_reopens_the_memo(ns: Client) -> None:
    """Linked transactions are reopened. Source: Void Transactions Using Reversing Journals Preference (bridgehead_N1469460)."""
    memo = ns.memo(80, "CM")
    ns.refund("R", apply=items(tick(memo)))
    ns.set(void_using_reversing_journals=True)
    assert void(ns, "R") == 200
    assert ns.get("/creditMemo/eid:CM")["unapplied"] == 80.0
    assert ns.balances() == {"1100": "-80.00", "2420": "80.00"}
    ns.refund("R2", apply=items(tick(memo)))
    assert ns.balance("1100") == 0


def test_delete_under_the_void_preference(ns: Client) -> None:
    """The form offers no Delete then. Source: Voiding, Deleting, or Closing Transactions (section_N563543); for REST unsure, a setting."""
    ns.invoice(10, "I1")
    ns.invoice(10, "I2")
    ns.set(void_using_reversing_journals=True)
    assert ns.call("DELETE", "/invoice/eid:I1").status_code == 204
    ns.set(reversing_voids_forbid_delete=True)
    assert "cannot be deleted" in ns.refused("DELETE", "/invoice/eid:I2")
