"""Oracle's worked examples of realized gain and loss, to the cent."""

from __future__ import annotations

from typing import Any

from sandbox_client import BLOCK, EURO, Client, items, tick


def revaluations(ns: Client) -> list[tuple[str, str]]:
    """What each FxReval posts to its gain or loss account: (account, amount), oldest first."""
    rows = ns.sql(
        "SELECT BUILTIN.DF(a.account) account, a.amount FROM transaction t"
        " JOIN transactionaccountingline a ON a.transaction = t.id"
        " WHERE t.type = 'FxReval' AND a.transactionline = 1 ORDER BY t.id"
    )
    return [(row["account"][:4], row["amount"]) for row in rows]


def pay(ns: Client, rate: Any, amount: Any, *applies: Any) -> None:
    ns.make("/customerPayment", {
        "customer": {"id": ns.customer}, "tranDate": "2024-01-20", "exchangeRate": rate,
        "externalId": "P", "payment": amount, "apply": items(*applies), **EURO})  # fmt: skip


def test_one_payment_on_two_invoices(ns: Client) -> None:
    """1,000 and 500 euros of invoices at 1.1 and 1.2 paid at 1.3: gains of 200 and 50. Source: Variance Calculations for Realized Gain and Loss (bridgehead_4279828767)."""
    one = ns.invoice(1000, "I1", exchangeRate=1.1, **EURO)
    two = ns.invoice(1000, "I2", exchangeRate=1.2, **EURO)
    pay(ns, 1.3, 1500, tick(one, 1000), tick(two, 500))
    assert revaluations(ns) == [("4900", "-200"), ("4900", "-50")]
    assert ns.balances() == {"1050": "1950.00", "1100": "600.00", "2420": "-2300.00",
                             "4900": "-250.00"}  # fmt: skip


def test_rounding_at_the_same_rate(ns: Client) -> None:
    """Three lines at 24.537 are a cent more than their total: Rounding Gain/Loss, nothing realized. Source: Rounding Gain/Loss Using the Same Exchange Rate (bridgehead_4587403197)."""
    lines = [{"item": {"id": ns.usage}, "amount": amount, BLOCK: "B1"}
             for amount in (4475, 2400, 627)]  # fmt: skip
    bill = ns.make("/invoice", {
        "entity": {"id": ns.customer}, "tranDate": "2024-01-10", "exchangeRate": 24.537, **EURO,
        "item": items(*lines)})  # fmt: skip
    rows = ns.sql("SELECT amount FROM transactionaccountingline WHERE transaction = ?"
                  " ORDER BY transactionline", bill)  # fmt: skip
    assert [row["amount"] for row in rows] == ["184076.58", "-109803.08", "-58888.8", "-15384.7"]
    pay(ns, 24.537, 7502, tick(bill))
    assert ns.balances() == {"1050": "184076.57", "2420": "-184076.58", "4920": "0.01"}
    assert revaluations(ns) == [("4920", "0.01")]


def test_rounding_at_another_rate(ns: Client) -> None:
    """19,028.88 at 0.76374051 and 0.76295: 15.04 realized and a cent of rounding, apart. Source: Rounding Gain/Loss Using Different Exchange Rates (section_1551910359), there a bill."""
    bill = ns.invoice(19028.88, "I", exchangeRate=0.76374051, **EURO)
    assert str(ns.balance("1100")) == "14533.13"
    pay(ns, 0.76295, 19028.88, tick(bill))
    assert revaluations(ns) == [("4900", "15.04"), ("4920", "0.01")]
    assert ns.balances() == {"1050": "14518.08", "2420": "-14533.13", "4900": "15.04",
                             "4920": "0.01"}  # fmt: skip


def test_credit_memo_in_a_later_month(ns: Client) -> None:
    """800 dollars at 0.6140, credited at 0.6617375 in pounds: 38.19 realized. Source: Example of Credit Memo in a Different Period with a Different Rate (bridgehead_N1428017)."""
    uk = ns.make("/subsidiary", {"name": "UK", "currency": {"refName": "GBP"}, "country": "GB",
                                 "parent": {"id": "1"}})  # fmt: skip
    customer = ns.make("/customer", {"companyName": "UK Cust", "subsidiary": {"id": uk}})
    item = ns.make("/serviceSaleItem", {"itemId": "Service", "incomeAccount": {"id":
                                        ns.account("4000")}})  # fmt: skip
    head = {"entity": {"id": customer}, "currency": {"refName": "USD"},
            "item": items({"item": {"id": item}, "amount": 800})}  # fmt: skip
    bill = ns.make("/invoice", {**head, "tranDate": "2024-01-15", "exchangeRate": 0.6140})
    assert str(ns.balance("1100")) == "491.20"
    ns.make("/creditMemo", {**head, "tranDate": "2024-03-16", "exchangeRate": 0.6617375,
                            "apply": items(tick(bill))})  # fmt: skip
    assert revaluations(ns) == [("4900", "-38.19")]
    assert ns.balances() == {"4000": "38.19", "4900": "-38.19"}
    (row,) = ns.sql("SELECT BUILTIN.DF(postingperiod) p FROM transaction WHERE type = 'FxReval'")
    assert row["p"] == "Mar 2024"


def test_memo_made_from_its_invoice_has_no_gain(ns: Client) -> None:
    """It inherits the invoice's rate. Source: Example of Credit Memo in a Different Period with a Different Rate (bridgehead_N1428017), note."""
    bill = ns.invoice(800, "I", exchangeRate=0.614, **EURO)
    ns.make(f"/invoice/{bill}/!transform/creditMemo", {"tranDate": "2024-03-16"})
    assert revaluations(ns) == []
    assert ns.balances() == {}


def test_realized_gain_cannot_be_deleted_alone(ns: Client) -> None:
    """No record of REST reaches it, no void does; it goes with the application that made it. Source: CANT_DEL_REALIZED_GAINLOSS (SOAP Error Status Codes)."""
    deposit = ns.deposit(100, "D", exchangeRate=1.2, **EURO)
    ns.apply(deposit, ns.invoice(100, "I", exchangeRate=1.1, **EURO), 100, "A")
    (gain,) = ns.sql("SELECT id FROM transaction WHERE type = 'FxReval'")
    for record in ("journalEntry", "depositApplication", "invoice"):
        ns.refused("DELETE", f"/{record}/{gain['id']}")
    assert ns.http.post("/_sandbox/void", json={"id": gain["id"]}).status_code == 400
    assert ns.balance("4900") == -10
    assert ns.call("DELETE", "/depositApplication/eid:A").status_code == 204
    assert ns.balance("4900") == 0
    assert not ns.sql("SELECT id FROM transaction WHERE type = 'FxReval'")
