"""General-ledger impact, applications, deletions, exchange gain and loss."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sandbox_client import BLOCK, EURO, Client, items, tick

TRANS_IN_USE = (
    "Error while accessing a resource. This transaction cannot be deleted because it is linked to "
    "by one or more transactions."
)


def test_deposit_and_application(ns: Client) -> None:
    """Dr Undeposited / Cr Customer Deposits; Dr Customer Deposits / Cr A/R. Source: Recording a Customer Deposit; Applying a Customer Deposit."""
    deposit = ns.deposit(1000, "D")
    assert ns.balances() == {"1050": "1000.00", "2100": "-1000.00"}
    invoice = ns.invoice(300, "I")
    ns.apply(deposit, invoice, 300, "A")
    assert ns.balances() == {"1050": "1000.00", "2100": "-700.00", "2420": "-300.00"}
    row = ns.sql("SELECT foreignpaymentamountunused u FROM transaction WHERE externalid = 'D'")
    assert row == [{"u": "700"}]
    assert ns.get(f"/invoice/{invoice}")["status"]["refName"] == "Paid In Full"
    body = ns.get("/depositApplication/eid:A?expandSubResources=true")
    assert (body["deposit"]["id"], body["applied"], body["unapplied"]) == (deposit, 300.0, 700.0)
    assert body["apply"]["items"][0]["doc"]["id"] == invoice


def test_application_only_by_transform(ns: Client) -> None:
    """A plain POST is refused. Source: Deposit Application (REST use case)."""
    assert "transformation" in ns.refused("POST", "/depositApplication", {})


def test_customer_deposits_is_a_system_account(ns: Client) -> None:
    """Deposits credit the one special account CustDep, another current liability; no receivable moves. Source: Recording a Customer Deposit; Transaction G/L Impact."""
    rows = ns.sql("SELECT id, acctnumber, accttype FROM account WHERE sspecacct = 'CustDep'")
    assert [(row["acctnumber"], row["accttype"]) for row in rows] == [("2100", "OthCurrLiab")]
    ns.deposit(70, "D")
    assert ns.sql(
        "SELECT tal.account, tal.credit FROM transactionaccountingline tal WHERE tal.credit > 0"
    ) == [{"account": rows[0]["id"], "credit": "70"}]
    assert ns.balance("1100") == 0


def test_a_deposit_has_no_apply_sublist(ns: Client) -> None:
    """What is applied stands on applications alone. Source: REST API Browser 2026.1, customerDeposit."""
    body = {"customer": {"id": ns.customer}, "payment": 5,
            "apply": items(tick(ns.invoice(5, "I"), 5))}  # fmt: skip
    answer = ns.call("POST", "/customerDeposit", body,
                     **{"X-NetSuite-PropertyNameValidation": "Error"})  # fmt: skip
    assert answer.json()["o:errorDetails"][0]["o:errorPath"] == "apply"
    ns.make("/customerDeposit", body)
    assert ns.open_amounts("eid:I") == [5.0]


def test_application_in_the_currency_of_the_deposit(ns: Client) -> None:
    """A deposit pays open invoices of its customer in its own currency only. Source: Customer Deposits; Applying a Customer Deposit."""
    deposit = ns.deposit(100, "D")
    euro, dollar = ns.invoice(40, "E", **EURO), ns.invoice(40, "U")
    url = f"/customerDeposit/{deposit}/!transform/depositApplication"
    assert ns.call("POST", url, {"apply": items(tick(euro, 40))}).status_code == 400
    ns.apply(deposit, dollar, 40, "A")
    assert ns.open_amounts(euro, dollar) == [40.0, 0.0]
    shown = ns.get("/depositApplication/eid:A?expandSubResources=true")
    assert [line["doc"]["id"] for line in shown["apply"]["items"]] == [dollar]


def test_doc_by_external_id(ns: Client) -> None:
    """apply.doc may be given by external id. Source: Using External IDs."""
    ns.deposit(100, "D")
    ns.invoice(40, "I")
    ns.make(
        "/customerDeposit/eid:D/!transform/depositApplication",
        {
            "tranDate": "2024-01-10",
            "apply": {"items": [{"doc": {"externalId": "I"}, "apply": True, "amount": 40}]},
        },
    )
    assert ns.get("/invoice/eid:I")["amountRemaining"] == 0.0


def test_external_ids_inside_urls(ns: Client) -> None:
    """Of the record and of the line below it, which is keyed by the document it pays. Source: Using External IDs; Accessing Subresources."""
    ns.apply(ns.deposit(100, "D"), ns.invoice(40, "I"), 40, "A")
    line = ns.get("/depositApplication/eid:A/apply/eid:I")
    assert (line["amount"], line["doc"]["id"]) == (40.0, ns.get("/invoice/eid:I")["id"])
    ns.refused("GET", "/depositApplication/eid:A/apply/eid:D", status=404)
    ns.refused("GET", "/depositApplication/eid:A/apply/eid:none", status=404)


def test_subscriptions_of_a_customer_by_external_ids(ns: Client) -> None:
    """/customer/eid:CID001/subscriptions/eid:SUID042, as in Oracle's sample: campaign subscriptions. Source: Using External IDs (section_156334828635); REST API Browser (customer-subscriptionsElement)."""
    for eid in ("SUID042", "SUID043"):
        ns.make("/campaignSubscription", {"name": f"News {eid}", "externalId": eid})
    lines = [
        {"subscription": {"externalId": eid}, "subscribed": True} for eid in ("SUID042", "SUID043")
    ]
    url = "/customer/eid:CUS-1"
    assert ns.call("PATCH", url, {"subscriptions": items(*lines)}).status_code == 204
    change = {"subscription": {"externalId": "SUID043"}, "subscribed": False}
    assert ns.call("PATCH", url, {"subscriptions": items(change)}).status_code == 204
    found = [ns.get(f"{url}/subscriptions/eid:{eid}") for eid in ("SUID042", "SUID043")]
    assert [(one["subscribed"], one["subscription"]["refName"]) for one in found] == [
        (True, "News SUID042"), (False, "News SUID043"),
    ]  # fmt: skip
    ns.refused("GET", f"{url}/subscriptions/eid:SUID044", status=404)


def test_limits_of_an_application(ns: Client) -> None:
    """Not above the deposit, not above what is due, only the customer's own. Source: Deposit Application; the wording is unsure."""
    deposit, invoice = ns.deposit(100, "D"), ns.invoice(300, "I")
    url = f"/customerDeposit/{deposit}/!transform/depositApplication"

    def body(doc: str, amount: int) -> dict[str, object]:
        return {
            "tranDate": "2024-01-10",
            "apply": {"items": [{"doc": {"id": doc}, "apply": True, "amount": amount}]},
        }

    assert "unapplied" in ns.refused("POST", url, body(invoice, 101))
    ns.refused("POST", url, body(deposit, 10))
    small = ns.invoice(20, "I2")
    assert "amount due" in ns.refused("POST", url, body(small, 21))
    assert ns.balance("2100") == -100


def test_shrink_and_delete_an_application(ns: Client) -> None:
    """PATCH shrinks, DELETE frees the deposit. Source: Deposit Application (REST use case)."""
    deposit, invoice = ns.deposit(1000, "D"), ns.invoice(300, "I")
    application = ns.apply(deposit, invoice, 300, "A")
    patch = {"apply": {"items": [{"doc": {"id": invoice}, "amount": 100}]}}
    assert ns.call("PATCH", f"/depositApplication/{application}", patch).status_code == 204
    assert ns.balance("2100") == -900
    assert ns.get(f"/invoice/{invoice}")["amountRemaining"] == 200.0
    assert ns.refused("DELETE", f"/customerDeposit/{deposit}") == TRANS_IN_USE
    assert ns.refused("DELETE", f"/invoice/{invoice}") == TRANS_IN_USE
    assert ns.call("DELETE", f"/depositApplication/{application}").status_code == 204
    assert ns.balance("2100") == -1000
    assert ns.call("DELETE", f"/invoice/{invoice}").status_code == 204
    assert ns.call("DELETE", f"/customerDeposit/{deposit}").status_code == 204
    assert ns.balances() == {}


def test_deposit_payment_cannot_go_below_what_is_applied(ns: Client) -> None:
    """PATCH payment down to what is applied, not below. Source: Customer Deposit; the wording is unsure."""
    deposit, invoice = ns.deposit(1000, "D"), ns.invoice(300, "I")
    ns.apply(deposit, invoice, 300, "A")
    ns.refused("PATCH", f"/customerDeposit/{deposit}", {"payment": 299.99})
    assert ns.call("PATCH", f"/customerDeposit/{deposit}", {"payment": 300}).status_code == 204
    assert ns.get(f"/customerDeposit/{deposit}")["status"]["id"] == "C"
    assert ns.balance("2100") == 0


def test_deposit_to_an_account(ns: Client) -> None:
    """A bank account, or with expanded lists another. Source: Recording a Customer Deposit; preference ASSETCOGSITEMACCTS."""
    clearing = {"id": ns.account("1500")}
    body = {"customer": {"id": ns.customer}, "payment": 5, "account": clearing}
    ns.refused("POST", "/customerDeposit", body)
    ns.make("/customerDeposit", {**body, "account": {"id": ns.account("1000")}})
    ns.set(expand_account_lists=True)
    ns.make("/customerDeposit", body)
    assert (ns.balance("1000"), ns.balance("1500")) == (Decimal(5), Decimal(5))


def test_zero_lines_and_negative_totals(ns: Client) -> None:
    """0.00 lines pass, a negative total does not. Source: third-party issue on negative totals."""
    line = {"item": {"id": ns.usage}, BLOCK: "B1"}
    head = {"entity": {"id": ns.customer}, "tranDate": "2024-01-10"}
    free = ns.make("/invoice", {**head, "item": {"items": [{**line, "amount": 0, "quantity": 5}]}})
    assert ns.get(f"/invoice/{free}")["status"]["id"] == "B"
    mixed = {"items": [{**line, "amount": 10}, {**line, "amount": -10.01}]}
    assert "The total can not be negative" in ns.refused(
        "POST", "/invoice", {**head, "item": mixed}
    )


def test_credit_memo_reverses_and_applies(ns: Client) -> None:
    """Dr deferred / Cr A/R, applied to its invoice. Source: Transaction G/L Impact (credit memo)."""
    invoice = ns.invoice(400, "I")
    line = {"item": {"id": ns.usage}, "amount": 150, BLOCK: "B1"}
    memo = ns.make("/creditMemo", {
        "externalId": "CM", "entity": {"id": ns.customer}, "tranDate": "2024-01-20",
        "item": {"items": [line]},
        "apply": {"items": [{"doc": {"id": invoice}, "apply": True, "amount": 150}]},
    })  # fmt: skip
    assert ns.balances() == {"1100": "250.00", "2420": "-250.00"}
    assert ns.get(f"/creditMemo/{memo}")["status"]["refName"] == "Fully Applied"
    assert ns.get(f"/invoice/{invoice}")["amountRemaining"] == 250.0
    over = {"items": [{"doc": {"id": invoice}, "apply": True, "amount": 151}]}
    detail = ns.refused("PATCH", f"/creditMemo/{memo}", {"apply": over})
    assert "Transaction is not in balance! Total to apply of $150" in detail


def test_invoice_transforms_to_credit_memo_and_payment(ns: Client) -> None:
    """Lines, rate and application are carried over. Source: Transforming Records."""
    invoice = ns.invoice(400, "I")
    ns.make(
        f"/invoice/{invoice}/!transform/creditMemo?replace=item",
        {"tranDate": "2024-01-20", "item": {"items": [{"item": {"id": ns.usage}, "amount": 100}]}},
    )
    assert ns.get(f"/invoice/{invoice}")["amountRemaining"] == 300.0
    ns.make(f"/invoice/{invoice}/!transform/customerPayment", {"tranDate": "2024-01-21"})
    assert ns.get(f"/invoice/{invoice}")["amountRemaining"] == 0.0
    assert ns.refused("POST", f"/invoice/{invoice}/!transform/salesOrder", {})


def test_journal_refusals(ns: Client) -> None:
    """Unbalanced, too many decimals, A/R without a name. Source: SOAP Error Status Codes, TRANS_UNBALNCD; Journal Entry."""

    def journal(*lines: dict[str, object], **more: object) -> str:
        return ns.refused(
            "POST",
            "/journalEntry",
            {"subsidiary": {"id": "1"}, "line": {"items": list(lines)}, **more},
        )

    bank, sales = {"id": ns.account("1000")}, {"id": ns.account("4000")}
    receivable = {"id": ns.account("1100")}
    assert "not in balance. Total = 1" in journal(
        {"account": bank, "debit": 10}, {"account": sales, "credit": 9}
    )
    assert "maximum of 2 decimal places" in journal(
        {"account": bank, "debit": 10.001}, {"account": sales, "credit": 10.001}
    )
    assert "Name" in journal({"account": receivable, "debit": 1}, {"account": sales, "credit": 1})
    journal({"account": bank, "debit": 1, "credit": 1}, {"account": sales, "credit": 0})


def test_sales_order_billed_in_parts(ns: Client) -> None:
    """Lines with orderLine select what is billed; the rest stays. Source: unsure, a setting."""
    order = ns.make(
        "/salesOrder",
        {
            "entity": {"id": ns.customer},
            "tranDate": "2024-01-05",
            "externalId": "SO",
            "item": {
                "items": [
                    {"item": {"id": ns.prepaid}, "quantity": 1, "rate": 100, BLOCK: "B1"},
                    {"item": {"id": ns.prepaid}, "quantity": 1, "rate": 200, BLOCK: "B2"},
                    {"item": {"id": ns.prepaid}, "quantity": 1, "amount": 300, BLOCK: "B3"},
                ]
            },
        },
    )
    assert ns.balances() == {}
    url = "/salesOrder/eid:SO/!transform/invoice"
    ns.make(url, {"externalId": "P1", "tranDate": "2024-01-05", "memo": "only two",
                  "item": {"items": [{"orderLine": 2}]}})  # fmt: skip
    body = ns.get("/invoice/eid:P1?expandSubResources=true")
    assert [line[BLOCK] for line in body["item"]["items"]] == ["B2"]
    assert (body["total"], body["memo"], body["createdFrom"]["id"]) == (200.0, "only two", order)
    assert ns.get("/salesOrder/eid:SO")["status"]["refName"] == "Pending Billing"
    ns.make(url, {"externalId": "P2", "tranDate": "2024-01-05"})
    assert ns.get("/invoice/eid:P2")["total"] == 400.0
    assert ns.get("/salesOrder/eid:SO")["status"]["refName"] == "Billed"
    assert ns.refused("POST", url, {})
    assert ns.refused("DELETE", "/salesOrder/eid:SO") == TRANS_IN_USE
    assert ns.call("DELETE", "/invoice/eid:P2").status_code == 204
    assert ns.get("/salesOrder/eid:SO")["status"]["refName"] == "Pending Billing"
    links = ns.sql("SELECT previousline, linktype FROM nextTransactionLineLink WHERE previousdoc = ?",
                   order)  # fmt: skip
    assert links == [{"previousline": "2", "linktype": "OrdBill"}]


@pytest.mark.parametrize(
    ("rate", "variance"), [(1.2, "-10.00"), (1.05, "5.00"), (1.1, None)]
)  # fmt: skip
def test_realized_gain_and_loss(ns: Client, rate: float, variance: str | None) -> None:
    """A separate FxReval transaction takes the difference. Source: Variance Calculations."""
    euro: dict[str, Any] = {"currency": {"refName": "EUR"}}
    deposit = ns.deposit(100, "D", exchangeRate=rate, **euro)
    invoice = ns.invoice(100, "I", exchangeRate=1.1, **euro)
    application = ns.apply(deposit, invoice, 100, "A")
    assert (ns.balance("1100"), ns.balance("2100")) == (Decimal(0), Decimal(0))
    assert ns.balances().get("4900") == variance
    reval = ns.sql("SELECT id, trandate FROM transaction WHERE type = 'FxReval'")
    assert len(reval) == (1 if variance else 0)
    assert ns.call("DELETE", f"/depositApplication/{application}").status_code == 204
    assert ns.sql("SELECT id FROM transaction WHERE type = 'FxReval'") == []
    assert ns.balance("1100") == 110


def test_foreign_block_in_thirds_ends_at_zero(ns: Client) -> None:
    """Rounding differences go to Rounding Gain/Loss, control accounts to zero. Source: as above."""
    euro: dict[str, Any] = {"currency": {"refName": "EUR"}, "exchangeRate": 1.09873}
    deposit = ns.deposit(1000, "D", **euro)
    for number, amount in enumerate((333.33, 333.33, 333.34)):
        invoice = ns.invoice(amount, f"I{number}", **euro)
        ns.apply(deposit, invoice, amount, f"A{number}")
    ns.month_end("2024-01")
    assert (ns.balance("1100"), ns.balance("2100"), ns.balance("2420")) == (Decimal(0),) * 3
    assert abs(ns.balance("4920")) <= Decimal("0.04")


def test_foreign_journal_leaves_its_cent_to_rounding(ns: Client) -> None:
    """Each line is rounded by itself. Source: GL Impact Rounding on Journal Entries."""
    lines = [{"account": {"id": ns.account("1000")}, "debit": 0.03},
             {"account": {"id": ns.account("4000")}, "credit": 0.01},
             {"account": {"id": ns.account("4000")}, "credit": 0.02}]  # fmt: skip
    ns.make("/journalEntry", {"subsidiary": {"id": "1"}, "currency": {"refName": "EUR"},
                              "exchangeRate": 1.5, "line": {"items": lines}})  # fmt: skip
    # 0.045, 0.015 and 0.03 round to 0.05, 0.02 and 0.03.
    assert ns.balance("1000") == Decimal("0.05")
    assert ns.balance("4000") == Decimal("-0.05")


def test_edit_of_an_invoice_keeps_line_ids(ns: Client) -> None:
    """Keyed lines are changed, others added or kept; replace removes. Source: Updating a Sublist."""
    ns.invoice(100, "I")
    add = {"item": {"items": [{"item": {"id": ns.usage}, "amount": 50}]}}
    assert ns.call("PATCH", "/invoice/eid:I", add).status_code == 204
    assert ns.get("/invoice/eid:I")["total"] == 150.0
    change = {"item": {"items": [{"line": 1, "amount": 70}]}}
    assert ns.call("PATCH", "/invoice/eid:I", change).status_code == 204
    assert ns.get("/invoice/eid:I")["total"] == 120.0
    answer = ns.call("PATCH", "/invoice/eid:I?replace=item", {"item": {"items": [{"line": 2}]}})
    assert answer.status_code == 204
    body = ns.get("/invoice/eid:I?expandSubResources=true")
    assert [(x["line"], x["amount"]) for x in body["item"]["items"]] == [(2, 50.0)]
    assert ns.balances() == {"1100": "50.00", "2420": "-50.00"}
