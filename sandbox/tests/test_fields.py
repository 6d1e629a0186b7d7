"""Every property of the records: accepted, kept and given back, or computed."""

from __future__ import annotations

from typing import Any

import pytest
from billing_client import control
from sandbox_client import Client

from netsuite_sandbox.records.fields import Field, definition
from netsuite_sandbox.records.transactions import KINDS

# Properties that a plain POST cannot set to a sample value, and why.
COMPUTED = {
    "account": {"balance", "fxBalance", "fullName"},
    "customer": {"balance", "consolDepositBalance", "depositBalance", "unbilledOrders", "isPerson"},
    "customerDeposit": {"refundedAmountTotalBox", "salesOrder"},
    "invoice": {"deferredRevenue", "recognizedRevenue", "revenueStatus", "createdFrom",
                "billingAccount"},
    "salesOrder": {"amountDeposited", "paymentsDue", "deferredRevenue", "recognizedRevenue",
                   "revenueStatus", "postingPeriod", "billingAccount", "subscription"},
    "customerPayment": {"credit", "deposit", "apply"},
    "creditMemo": {"apply", "createdFrom"},
    "journalEntry": {"createdFrom", "reversalEntry"},
    "serviceSaleItem": {"revenueRecognitionRule"},
    "customerRefund": {"apply", "balance", "deposit"},
    "depositApplication": {"apply", "createdFrom", "deposit", "status"},
    "cashSale": {"createdFrom", "billingAccount", "deferredRevenue", "recognizedRevenue",
                 "revenueStatus"},
    "cashRefund": {"createdFrom", "billingAccount", "status", "deferredRevenue", "recognizedRevenue",
                   "revenueStatus"},
    "estimate": {"createdFrom"},
    "returnAuthorization": {"createdFrom", "deferredRevenue", "recognizedRevenue",
                            "revenueStatus"},
    "itemFulfillment": {"createdFrom", "requestedBy", "item"},
    "fulfillmentRequest": {"createdFrom", "item"},
    "subsidiary": {"fullName"},
    "job": {"billingAccount", "estimatedTime", "estimatedTimeOverride", "plannedWork"},
    "timeBill": {"hours"},
}  # fmt: skip
REFERENCES = {
    "accountingBook": "1",
    "currency": "1",
    "subsidiary": "1",
    "revRecRule": "2",
    "revPlansOn": "-2",
}


def sample(ns: Client, spec: Field) -> Any:
    plain = {"text": "x1", "longtext": "x1", "integer": 7, "number": 2.5, "boolean": True, "date": "2024-01-15",
             "datetime": "2024-01-15T10:00:00Z", "any": "x"}  # fmt: skip
    if spec.kind in plain:
        return plain[spec.kind]
    if spec.kind == "enum":
        return {"id": spec.choices[0] if spec.choices else "T"}
    if spec.kind == "sublist":
        assert spec.sublist is not None
        return {"items": [{name: sample(ns, inner) for name, inner in spec.sublist.fields.items()}]}
    return {"id": reference(ns, spec)}


def reference(ns: Client, spec: Field) -> str:
    if spec.target in REFERENCES:
        return REFERENCES[spec.target]
    if spec.target in {"entity", "customer"}:
        return ns.customer
    if spec.target == "item":
        return ns.usage
    if spec.target == "accountingPeriod":
        return ns.sql("SELECT id FROM accountingperiod WHERE periodname = 'Jan 2024'")[0]["id"]
    if spec.target == "job":
        return ns.make("/job", {"companyName": "P", "subsidiary": {"id": "1"}})
    if spec.target == "account":
        number = {"arAcct": "1100", "receivablesAccount": "1100", "incomeAccount": "4010",
                  "deferredRevenueAccount": "2410"}.get(spec.name, "1000")  # fmt: skip
        return ns.account(number)
    if spec.target == "campaignSubscription":
        return ns.make("/campaignSubscription", {"name": "News"})
    return "77"


def bodies(ns: Client) -> dict[str, dict[str, Any]]:
    line = {"items": [{"item": {"id": ns.usage}, "amount": 10}]}
    sale = {"entity": {"id": ns.customer}, "tranDate": "2024-01-10", "item": line}
    money = {"customer": {"id": ns.customer}, "tranDate": "2024-01-10", "payment": 5}
    journal = {"subsidiary": {"id": "1"}, "tranDate": "2024-01-10", "line": {"items": [
        {"account": {"id": ns.account("1000")}, "debit": 3},
        {"account": {"id": ns.account("4000")}, "credit": 3}]}}  # fmt: skip
    return {
        "invoice": sale, "creditMemo": sale, "salesOrder": sale, "customerDeposit": money,
        "customerPayment": money, "journalEntry": journal,
        "customer": {"companyName": "Y", "subsidiary": {"id": "1"}},
        "serviceSaleItem": {"itemId": "q", "incomeAccount": {"id": ns.account("4010")}},
        "account": {"acctName": "zz", "acctType": {"id": "Bank"}},
        "job": {"companyName": "J", "subsidiary": {"id": "1"}},
        "timeBill": {"employee": {"id": "5"}, "hours": "1:30"},
        "cashSale": sale, "cashRefund": sale, "estimate": sale, "returnAuthorization": sale,
        "customerRefund": {"customer": {"id": ns.customer}, "tranDate": "2024-01-10"},
        "depositApplication": {"tranDate": "2024-01-10"},
        "itemFulfillment": {"tranDate": "2024-01-10"},
        "fulfillmentRequest": {"tranDate": "2024-01-10"},
        "subsidiary": {"name": "S", "country": {"id": "US"}},
        "currency": {"name": "C", "symbol": "CCC", "exchangeRate": 2},
        "currencyRate": {"transactionCurrency": {"refName": "EUR"}, "exchangeRate": 1.5,
                         "effectiveDate": "2024-01-10"},
        "accountingPeriod": {"periodName": "P", "startDate": "2031-01-01", "endDate": "2031-01-31",
                             "parent": {"id": reference(ns, Field("parent", "ref", target="accountingPeriod"))}},
    }  # fmt: skip


def place(ns: Client, record: str, number: int, body: dict[str, Any]) -> str:
    """Where a record is created: it may need another one to be made of."""
    if record in {"customerRefund", "depositApplication"}:
        deposit = ns.deposit(5, f"dep-{number}")
        if record == "customerRefund":
            paid = {"doc": {"id": deposit}, "apply": True, "amount": 5}
            body.setdefault("deposit", {"items": [paid]})
            return "/customerRefund"
        invoice = ns.invoice(5, f"inv-{number}", day="2024-01-06")
        applied = {"doc": {"id": invoice}, "apply": True, "amount": 5}
        body.setdefault("apply", {"items": [applied]})
        return f"/customerDeposit/{deposit}/!transform/depositApplication"
    if record in {"itemFulfillment", "fulfillmentRequest"}:
        line = {"item": {"id": ns.usage}, "quantity": 2, "rate": 1}
        order = ns.make("/salesOrder", {"entity": {"id": ns.customer}, "tranDate": "2024-01-05",
                                        "item": {"items": [line]}})  # fmt: skip
        return f"/salesOrder/{order}/!transform/{record}"
    return f"/{record}"


def every_property(ns: Client, record: str) -> None:
    body = bodies(ns)[record]
    missing: list[str] = []
    for number, (name, spec) in enumerate(definition(record).fields.items()):
        if name in COMPUTED.get(record, set()):
            continue
        value = sample(ns, spec)
        if name == "externalId":
            value = f"{record}-only"
        if name == "account":
            value = {"id": ns.account("1000" if record == "customerDeposit" else "1100")}
            if record in {"customerPayment", "customerRefund", "cashSale", "cashRefund"}:
                value = {"id": ns.account("1000")}
        unique: dict[str, Any] = {key: f"{record} {number}" for key in ("companyName", "itemId", "acctName",
                  "name", "periodName") if key in body}  # fmt: skip
        if "symbol" in body:
            unique["symbol"] = "CC" + chr(ord("A") + number)
        content: dict[str, Any] = {name: value, **body, **unique}
        path = place(ns, record, number, content)
        answer = ns.call("POST", path, content, **{"X-NetSuite-PropertyNameValidation": "Error"})
        assert answer.status_code == 204, (name, answer.text)
        made = answer.headers["location"].rsplit("/", 1)[1]
        if name not in ns.get(f"/{record}/{made}?expandSubResources=true"):
            missing.append(name)
    assert missing == []


@pytest.mark.parametrize(
    "record",
    ["customerRefund", "depositApplication", "cashSale", "cashRefund", "estimate",
     "returnAuthorization", "itemFulfillment", "fulfillmentRequest"],
)  # fmt: skip
def test_properties_of_the_others(ns: Client, record: str) -> None:
    """Every property is taken by name and given back, or computed. Source: REST API Browser 2026.1."""
    every_property(ns, record)


@pytest.mark.parametrize("record", ["job", "timeBill"])
def test_properties_of_projects(ns: Client, record: str) -> None:
    """Every property is taken by name and given back, or computed. Source: REST API Browser 2026.1."""
    every_property(ns, record)


@pytest.mark.parametrize("record", ["subsidiary", "currency", "currencyRate", "accountingPeriod"])
def test_properties_of_set_up_records(ns: Client, record: str) -> None:
    """Every property is taken by name and given back. Source: REST API Browser 2026.1."""
    every_property(ns, record)


@pytest.mark.parametrize(
    ("record", "letters"),
    [
        ("cashSale", "A B C"), ("estimate", "A B C V X"), ("returnAuthorization", "A B C D E F G H"),
        ("itemFulfillment", "A B C"), ("fulfillmentRequest", "A R B C D E F G I"),
    ],
)  # fmt: skip
def test_letters_of_a_status(record: str, letters: str) -> None:
    """Every status has a letter of the browser; V for voided is added to the cash sale (unsure). Source: REST API Browser 2026.1, status.id."""
    own = set(KINDS[record].statuses)
    assert own - set(letters.split()) <= ({"V"} if record == "cashSale" else set())
    if record != "fulfillmentRequest":  # D to I have no name anywhere.
        assert own >= set(letters.split())


def test_properties_of_invoice(ns: Client) -> None:
    """Every property is taken by name and given back. Source: REST API Browser 2026.1, invoice."""
    every_property(ns, "invoice")


def test_properties_of_credit_memo(ns: Client) -> None:
    """Every property is taken by name and given back. Source: REST API Browser 2026.1, creditMemo."""
    every_property(ns, "creditMemo")


def test_properties_of_sales_order(ns: Client) -> None:
    """Every property is taken by name and given back. Source: REST API Browser 2026.1, salesOrder."""
    every_property(ns, "salesOrder")


def test_properties_of_customer_deposit(ns: Client) -> None:
    """Every property is taken by name and given back. Source: REST API Browser 2026.1, customerDeposit."""
    every_property(ns, "customerDeposit")


def test_properties_of_customer_payment(ns: Client) -> None:
    """Every property is taken by name and given back. Source: REST API Browser 2026.1, customerPayment."""
    every_property(ns, "customerPayment")


def test_properties_of_journal_entry(ns: Client) -> None:
    """Every property is taken by name and given back. Source: REST API Browser 2026.1, journalEntry."""
    control(ns, "/accounting-books", name="IFRS")
    every_property(ns, "journalEntry")


def test_properties_of_customer(ns: Client) -> None:
    """Every property is taken by name and given back. Source: REST API Browser 2026.1, customer."""
    every_property(ns, "customer")


def test_properties_of_service_sale_item(ns: Client) -> None:
    """Every property is taken by name and given back. Source: REST API Browser 2026.1, serviceSaleItem."""
    every_property(ns, "serviceSaleItem")


def test_properties_of_account(ns: Client) -> None:
    """Every property is taken by name and given back. Source: REST API Browser 2026.1, account."""
    every_property(ns, "account")


def test_revenue_fields_of_an_invoice(ns: Client) -> None:
    """DeferredRevenue and recognizedRevenue follow the plans. Source: REST API Browser, invoice; letters of revenueStatus unsure."""
    ns.invoice(300, "I")
    assert "recognizedRevenue" not in ns.get("/invoice/eid:I")
    ns.month_end("2024-01")
    shown = ns.get("/invoice/eid:I")
    assert (shown["recognizedRevenue"], shown["deferredRevenue"]) == (300.0, 0.0)


def test_balances_of_a_customer(ns: Client) -> None:
    """UnbilledOrders, deposits and balance. Source: REST API Browser, customer."""
    line = {"item": {"id": ns.prepaid}, "quantity": 1, "rate": 40}
    ns.make("/salesOrder", {"entity": {"id": ns.customer}, "item": {"items": [line]}})
    ns.deposit(7, "D")
    shown = ns.get(f"/customer/{ns.customer}")
    assert (shown["unbilledOrders"], shown["depositBalance"]) == (40.0, 7.0)
    assert shown["consolDepositBalance"] == 7.0


def test_deposits_of_an_order(ns: Client) -> None:
    """AmountDeposited and paymentsDue of a sales order. Source: REST API Browser, salesOrder."""
    line = {"item": {"id": ns.prepaid}, "quantity": 1, "rate": 40}
    order = ns.make("/salesOrder", {"entity": {"id": ns.customer}, "item": {"items": [line]}})
    ns.deposit(15, "D", salesOrder={"id": order})
    shown = ns.get(f"/salesOrder/{order}")
    assert (shown["amountDeposited"], shown["paymentsDue"]) == (15.0, 25.0)


@pytest.mark.parametrize("form", ["id", "refName", "bare"])
def test_forms_of_an_enumeration(ns: Client, form: str) -> None:
    """Writes take the id string, {id} or {refName}. Source: Format of Enumeration Values."""
    value: Any = {"id": {"id": "F"}, "refName": {"refName": "F"}, "bare": "F"}[form]
    made = ns.make("/customerDeposit", {"customer": {"id": ns.customer}, "payment": 1,
                                        "undepFunds": value, "account": ns.account("1000")})  # fmt: skip
    assert ns.get(f"/customerDeposit/{made}")["undepFunds"] == {"id": "F", "refName": "False"}
    simple = ns.get(f"/customerDeposit/{made}?simpleEnumFormat=true")
    assert (simple["undepFunds"], simple["status"]) == ("F", "B")


def test_unknown_enumeration_value(ns: Client) -> None:
    """A value that is none of the choices is refused. Source: header X-NetSuite-PropertyValueValidation, default Error."""
    body = {"acctName": "A", "acctType": {"id": "Nonsense"}}
    assert "Invalid Field Value Nonsense" in ns.refused("POST", "/account", body)


@pytest.mark.parametrize(("mode", "status"), [("Warning", 204), ("Ignore", 204), ("Error", 400)])
def test_value_validation(ns: Client, mode: str, status: int) -> None:
    """What does not fit is refused, warned of or ignored. Source: header X-NetSuite-PropertyValueValidation."""
    answer = ns.call("POST", "/customerDeposit",
                     {"customer": {"id": ns.customer}, "payment": 1, "exchangeRate": "x"},
                     **{"X-NetSuite-PropertyValueValidation": mode})  # fmt: skip
    assert answer.status_code == status
    assert ("x-netsuite-warning" in answer.headers) == (mode == "Warning")


def test_id_in_the_body_is_ignored(ns: Client) -> None:
    """The id is read-only. Source: Creating a Record Instance."""
    made = ns.make("/customerDeposit", {"id": "999", "customer": {"id": ns.customer}, "payment": 1})
    assert made != "999"


def test_account_types(ns: Client) -> None:
    """All account types of the browser can be created. Source: REST API Browser, account.acctType."""
    for number, kind in enumerate(definition("account").fields["acctType"].choices):
        ns.make("/account", {"acctName": kind, "acctNumber": f"77{number}", "acctType": kind})
    assert len(definition("account").fields["acctType"].choices) >= 18


def test_currency_precision(ns: Client) -> None:
    """Amounts are rounded to currencyPrecision. Source: REST API Browser, currency."""
    ns.make("/customerDeposit", {"customer": {"id": ns.customer}, "payment": 100.4,
                                 "externalId": "Y", "currency": {"refName": "JPY"}})  # fmt: skip
    assert ns.get("/customerDeposit/eid:Y")["payment"] == 100.0
