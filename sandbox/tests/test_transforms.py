"""Transforms of the order-to-cash cycle and the records they lead to."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sandbox_client import BLOCK, Client

ZERO = Decimal(0)


def transform(ns: Client, source: str, target: str, **body: Any) -> str:
    return ns.make(f"/{source}/!transform/{target}", {"tranDate": "2024-01-20", **body})


def order(ns: Client, *quantities: int, eid: str = "SO", **more: Any) -> str:
    lines = [
        {"item": {"id": ns.usage}, "quantity": quantity, "rate": 10, BLOCK: "B1"}
        for quantity in quantities or (10,)
    ]
    return ns.make("/salesOrder", {
        "entity": {"id": ns.customer}, "tranDate": "2024-01-10", "externalId": eid,
        "item": {"items": lines}, **more})  # fmt: skip


def lines_of(ns: Client, path: str) -> Any:
    return ns.get(f"{path}?expandSubResources=true")["item"]["items"]


def typed(ns: Client, tx: str) -> str:
    rows = ns.sql("SELECT type, recordtype FROM transaction WHERE id = ?", tx)
    return f"{rows[0]['type']} {rows[0]['recordtype']}"


def test_cash_sale_to_undeposited_funds(ns: Client) -> None:
    """Dr Undeposited Funds / Cr deferral account, Not Deposited, no receivable. Source: Cash Sales; letters by third-party searches."""
    line = {"item": {"id": ns.usage}, "amount": 25}
    made = ns.make("/cashSale", {"entity": {"id": ns.customer}, "tranDate": "2024-01-10",
                                 "externalId": "CS", "item": {"items": [line]}})  # fmt: skip
    assert ns.balances() == {"1050": "25.00", "2420": "-25.00"}
    shown = ns.get("/cashSale/eid:CS")
    assert (shown["status"]["refName"], shown["undepFunds"]["id"]) == ("Not Deposited", "T")
    assert (shown["total"], typed(ns, made)) == (25.0, "CashSale cashsale")
    status = ns.sql("SELECT BUILTIN.DF(status) s FROM transaction WHERE id = ?", made)
    assert status == [{"s": "Cash Sale : Not Deposited"}]


def test_cash_sale_to_a_bank_account(ns: Client) -> None:
    """On a bank account it is Deposited; a change of the memo leaves the account. Source: Cash Sales."""
    line = {"item": {"id": ns.usage}, "amount": 25}
    ns.make("/cashSale", {"entity": {"id": ns.customer}, "tranDate": "2024-01-10",
                          "externalId": "CS", "account": {"id": ns.account("1000")},
                          "item": {"items": [line]}})  # fmt: skip
    assert ns.call("PATCH", "/cashSale/eid:CS", {"memo": "paid"}).status_code == 204
    assert ns.balances() == {"1000": "25.00", "2420": "-25.00"}
    assert ns.get("/cashSale/eid:CS")["status"] == {"id": "C", "refName": "Deposited"}


def test_cash_refund_mirrors_a_cash_sale(ns: Client) -> None:
    """Dr deferral account / Cr bank. Source: Refunding a Cash Sale."""
    line = {"item": {"id": ns.usage}, "amount": 25}
    made = ns.make("/cashRefund", {"entity": {"id": ns.customer}, "tranDate": "2024-01-10",
                                   "externalId": "CR", "account": {"id": ns.account("1000")},
                                   "item": {"items": [line]}})  # fmt: skip
    assert ns.balances() == {"1000": "-25.00", "2420": "25.00"}
    assert typed(ns, made) == "CashRfnd cashrefund"
    assert ns.sql("SELECT foreigntotal f FROM transaction WHERE id = ?", made) == [{"f": "-25"}]


def test_order_to_cash_sale_bills_it(ns: Client) -> None:
    """A cash sale bills the order as an invoice does. Source: Transforming Records."""
    made = transform(ns, f"salesOrder/{order(ns)}", "cashSale", externalId="CS")
    assert ns.get("/salesOrder/eid:SO")["status"]["refName"] == "Billed"
    assert ns.get(f"/cashSale/{made}")["createdFrom"]["refName"] == "Sales Order #SO1"
    assert (ns.balance("1050"), ns.balance("1100")) == (Decimal(100), ZERO)
    assert "linked to" in ns.refused("DELETE", "/salesOrder/eid:SO")
    assert ns.call("DELETE", "/cashSale/eid:CS").status_code == 204
    assert ns.get("/salesOrder/eid:SO")["status"]["refName"] == "Pending Billing"


def test_order_to_fulfillment_in_parts(ns: Client) -> None:
    """Quantities go to the order's lines, nothing to the ledger, links are ShipRcpt. Source: Item Fulfillment; linktype from third-party queries."""
    tx = order(ns, 10, 4)
    first = transform(ns, f"salesOrder/{tx}", "itemFulfillment", item={"items": [
        {"orderLine": 1, "quantity": 3}, {"orderLine": 2, "itemReceive": False}]})  # fmt: skip
    assert [line["quantity"] for line in lines_of(ns, f"/itemFulfillment/{first}")] == [3.0]
    done = [line["quantityFulfilled"] for line in lines_of(ns, f"/salesOrder/{tx}")]
    assert (done, ns.balances()) == ([3.0, 0.0], {})
    second = transform(ns, f"salesOrder/{tx}", "itemFulfillment")
    assert [x["quantity"] for x in lines_of(ns, f"/itemFulfillment/{second}")] == [7.0, 4.0]
    rows = ns.sql("SELECT DISTINCT linktype t FROM nextTransactionLineLink WHERE previousdoc = ?",
                  tx)  # fmt: skip
    assert (rows, typed(ns, first)) == ([{"t": "ShipRcpt"}], "ItemShip itemfulfillment")
    ns.refused("POST", f"/salesOrder/{tx}/!transform/itemFulfillment", {})


def test_fulfillment_needs_an_order_and_what_is_left(ns: Client) -> None:
    """No plain create; not more than was ordered. Source: Item Fulfillment; the wording is unsure."""
    assert "transformation" in ns.refused(
        "POST", "/itemFulfillment", {"entity": {"id": ns.customer}, "item": {"items": []}}
    )
    body = {"item": {"items": [{"orderLine": 1, "quantity": 11}]}}
    path = f"/salesOrder/{order(ns)}/!transform/itemFulfillment"
    assert "more than what is left" in ns.refused("POST", path, body)


def test_items_that_can_be_fulfilled_hold_the_order(ns: Client) -> None:
    """Can be Fulfilled/Received: Pending Fulfillment, then partly, then Pending Billing. Source: Sales Order Status; item field isFulfillable."""
    patch = {"isFulfillable": True}
    assert ns.call("PATCH", f"/serviceSaleItem/{ns.usage}", patch).status_code == 204
    tx = order(ns, 10)
    seen = [ns.get(f"/salesOrder/{tx}")["status"]["refName"]]
    for quantity in (4, 6):
        transform(ns, f"salesOrder/{tx}", "itemFulfillment",
                  item={"items": [{"orderLine": 1, "quantity": quantity}]})  # fmt: skip
        seen.append(ns.get(f"/salesOrder/{tx}")["status"]["refName"])
    assert seen == ["Pending Fulfillment", "Pending Billing/Partially Fulfilled", "Pending Billing"]


def test_items_that_cannot_be_fulfilled(ns: Client) -> None:
    """An item marked not fulfillable gives no line. Source: item field isFulfillable; the wording is unsure."""
    patch = {"isFulfillable": False}
    assert ns.call("PATCH", f"/serviceSaleItem/{ns.usage}", patch).status_code == 204
    path = f"/salesOrder/{order(ns)}/!transform/itemFulfillment"
    ns.refused("POST", path, {})


def test_order_to_fulfillment_request(ns: Client) -> None:
    """A request takes quantities without posting and without fulfilling. Source: Fulfillment Requests; type name and letters are unsure."""
    tx = order(ns)
    made = transform(ns, f"salesOrder/{tx}", "fulfillmentRequest")
    shown = ns.get(f"/fulfillmentRequest/{made}")
    assert (shown["status"]["refName"], "postingPeriod" in shown) == ("New", False)
    assert lines_of(ns, f"/salesOrder/{tx}")[0]["quantityFulfilled"] == 0.0
    assert ns.balances() == {}


@pytest.mark.parametrize("source", ["salesOrder", "invoice"])
def test_return_authorization_is_non_posting(ns: Client, source: str) -> None:
    """It takes over the lines and posts nothing; its source cannot be deleted. Source: Transforming Records; Customer Return Management."""
    tx = order(ns) if source == "salesOrder" else ns.invoice(100, "I")
    before = ns.balances()
    made = transform(ns, f"{source}/{tx}", "returnAuthorization", externalId="RA")
    shown = ns.get("/returnAuthorization/eid:RA")
    assert (shown["total"], shown["status"]["refName"]) == (100.0, "Pending Refund")
    assert (ns.balances(), typed(ns, made)) == (before, "RtnAuth returnauthorization")
    assert lines_of(ns, f"/returnAuthorization/{made}")[0][BLOCK] == "B1"
    assert "linked to" in ns.refused("DELETE", f"/{source}/{tx}")


@pytest.mark.parametrize(("target", "account"), [("creditMemo", "1100"), ("cashRefund", "1050")])
def test_return_authorization_is_refunded(ns: Client, target: str, account: str) -> None:
    """To a credit memo (Cr A/R) or a cash refund (Cr cash); then it is Refunded. Source: Transforming Records; letters by third-party searches."""
    ra = transform(ns, f"salesOrder/{order(ns)}", "returnAuthorization")
    made = transform(ns, f"returnAuthorization/{ra}", target)
    assert ns.balances() == {account: "-100.00", "2420": "100.00"}
    assert ns.get(f"/returnAuthorization/{ra}")["status"] == {"id": "G", "refName": "Refunded"}
    assert ns.call("DELETE", f"/{target}/{made}").status_code == 204
    assert ns.get(f"/returnAuthorization/{ra}")["status"]["refName"] == "Pending Refund"


def test_return_authorization_pending_approval(ns: Client) -> None:
    """OrderStatus A: Pending Approval, as the letters of orders. Source: Schema Browser, returnAuthorization; unsure for REST."""
    ra = transform(ns, f"salesOrder/{order(ns)}", "returnAuthorization", orderStatus={"id": "A"})
    assert ns.get(f"/returnAuthorization/{ra}")["status"]["refName"] == "Pending Approval"


@pytest.mark.parametrize("target", ["invoice", "salesOrder", "cashSale", "estimate"])
def test_customer_to_documents(ns: Client, target: str) -> None:
    """A customer becomes any document of the sales cycle. Source: Transforming Records."""
    line = {"item": {"id": ns.usage}, "amount": 25}
    made = transform(ns, f"customer/{ns.customer}", target, item={"items": [line]})
    shown = ns.get(f"/{target}/{made}")
    assert (shown["entity"]["id"], shown["total"]) == (ns.customer, 25.0)


def test_estimate_is_non_posting(ns: Client) -> None:
    """An estimate is Open, has no period and posts nothing. Source: Estimates; letters by third-party searches."""
    line = {"item": {"id": ns.usage}, "amount": 25}
    made = transform(ns, f"customer/{ns.customer}", "estimate", item={"items": [line]})
    shown = ns.get(f"/estimate/{made}")
    assert (shown["status"]["id"], "postingPeriod" in shown, ns.balances()) == ("A", False, {})
    assert typed(ns, made) == "Estimate estimate"


def test_payment_and_credit_memo_to_refund(ns: Client) -> None:
    """An unapplied payment or memo is paid back. Source: Transforming Records."""
    payment = ns.make("/customerPayment", {
        "customer": {"id": ns.customer}, "payment": 30, "tranDate": "2024-01-10",
        "undepFunds": {"id": "T"}})  # fmt: skip
    memo = ns.make("/creditMemo", {
        "entity": {"id": ns.customer}, "tranDate": "2024-01-10",
        "item": {"items": [{"item": {"id": ns.usage}, "amount": 5}]}})  # fmt: skip
    bank = {"account": {"id": ns.account("1000")}}
    transform(ns, f"customerPayment/{payment}", "customerRefund", **bank)
    transform(ns, f"creditMemo/{memo}", "customerRefund", **bank)
    assert (ns.balance("1100"), ns.balance("1000")) == (ZERO, Decimal(-35))


def test_invoice_to_payment(ns: Client) -> None:
    """The payment settles the invoice. Source: Transforming Records."""
    transform(ns, f"invoice/{ns.invoice(100, 'I')}", "customerPayment")
    assert ns.get("/invoice/eid:I")["status"]["refName"] == "Paid In Full"


def test_external_ids_are_shared_with_the_new_types(ns: Client) -> None:
    """One namespace for all transactions. Source: Shared Internal and External IDs."""
    ns.invoice(1, "X")
    line = {"item": {"id": ns.usage}, "amount": 25}
    body = {"entity": {"id": ns.customer}, "externalId": "X", "item": {"items": [line]}}
    for record in ("cashSale", "cashRefund", "estimate", "returnAuthorization"):
        ns.refused("POST", f"/{record}", body)


def test_metadata_catalog_knows_the_new_types(ns: Client) -> None:
    """Each type has a JSON Schema. Source: Working with Resource Metadata."""
    for record in ("cashSale", "cashRefund", "estimate", "returnAuthorization", "itemFulfillment",
                   "fulfillmentRequest"):  # fmt: skip
        answer = ns.call("GET", f"/metadata-catalog/{record}", Accept="application/schema+json")
        assert answer.json()["properties"]["item"], record


def test_cash_sale_makes_a_revenue_element(ns: Client) -> None:
    """A cash sale is a source of revenue elements, a cash refund of negative ones. Source: Revenue Elements."""
    line = {"item": {"id": ns.prepaid}, "amount": 25}
    head = {"entity": {"id": ns.customer}, "tranDate": "2024-01-10", "item": {"items": [line]}}
    ns.make("/cashSale", head)
    ns.make("/cashRefund", head)
    ns.month_end("Jan 2024")
    rows = ns.sql("SELECT * FROM revenueelement ORDER BY id")
    assert len(rows) == 2


def test_unknown_transform_is_refused(ns: Client) -> None:
    """Pairs outside the table are refused. Source: Transforming Records; the wording is unsure."""
    path = f"/estimate/{transform(ns, f'customer/{ns.customer}', 'estimate', item={'items': [{'item': {'id': ns.usage}, 'amount': 1}]})}"
    ns.refused("POST", f"{path}/!transform/invoice", {})
