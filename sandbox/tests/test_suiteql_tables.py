"""The tables of SuiteQL: their columns, and the links between transactions."""

from __future__ import annotations

import pytest
from sandbox_client import Client, items, tick

LINKS = ("previousdoc previousline previoustype nextdoc nextline nexttype linktype foreignamount "
         "previousdate nextdate")  # fmt: skip


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("transaction", ("id tranid transactionnumber type recordtype abbrevtype trandate postingperiod "
         "entity currency exchangerate foreigntotal foreignamountunpaid status approvalstatus posting "
         "voided void externalid memo createddate lastmodifieddate reversal reversaldate")),
        ("transactionline", ("id transaction linesequencenumber uniquekey mainline taxline item "
         "quantity rate foreignamount netamount createdfrom subsidiary department class location "
         "entity memo expenseaccount")),
        ("transactionaccountingline", ("transaction transactionline accountingbook account amount debit "
         "credit netamount posting amountpaid amountunpaid paymentamountunused exchangerate")),
        ("nextTransactionLineLink", LINKS), ("previousTransactionLineLink", LINKS),
        ("account", "id acctnumber fullname accttype sspecacct isinactive currency"),
        ("accountingperiod", ("id periodname startdate enddate closed alllocked arlocked aplocked "
         "isquarter isyear isadjust isposting parent")),
        ("subsidiary", "id iselimination"), ("customer", "id"), ("currency", "id"), ("item", "id"),
        ("transactionstatus", "id"), ("billingrevenueevent", "id"),
        ("revenueelement", ("id source item quantity salesamount elementdate allocationamount "
         "subsidiary")),
        ("revenueplan", "id createdfrom amount totalrecognized revenueplantype"),
        ("revenueplanplannedrevenue", "revenueplan amount plannedperiod postingperiod dateexecuted"),
    ],
)  # fmt: skip
def test_columns(ns: Client, table: str, columns: str) -> None:
    """Each column can be asked for by its name. Source: third-party queries on live accounts."""
    ns.deposit(5, "D")
    rows = ns.sql(f"SELECT {', '.join(columns.split())} FROM {table}")
    assert {name for row in rows for name in row} <= set(columns.split())


def test_a_refunded_deposit_may_be_linked_to_its_refund(ns: Client) -> None:
    """DepRfnd from deposit to refund, gone with the refund: a setting. Source: TransactionLinkType, depositRefundCheck; between what is unsure."""
    ns.set(deposit_refund_link="deposit_to_refund")
    deposit = ns.deposit(9, "D")
    refund = ns.refund("R", deposit=items(tick(deposit, 9)))
    query = ("SELECT previousdoc, nextdoc, foreignamount FROM nextTransactionLineLink"
             " WHERE linktype = 'DepRfnd'")  # fmt: skip
    assert ns.sql(query) == [
        {"previousdoc": deposit, "nextdoc": refund, "foreignamount": "9"}
    ]  # fmt: skip
    assert ns.call("DELETE", f"/customerRefund/{refund}").status_code == 204
    assert ns.sql(query) == []
    assert ns.call("DELETE", f"/customerDeposit/{deposit}").status_code == 204


def test_full_names_have_the_parents(ns: Client) -> None:
    """Of accounts and subsidiaries, in records and in SuiteQL: "A : B". Source: REST API Browser (fullName); the mark between is seen by third parties."""
    part = ns.make("/account", {"acctName": "EU", "acctType": "Income",
                                "parent": {"id": ns.account("4000")}})  # fmt: skip
    ns.make("/account", {"acctName": "DE", "acctType": "Income", "externalId": "DE",
                         "parent": {"id": part}})  # fmt: skip
    ns.make("/subsidiary", {"name": "West", "externalId": "W", "country": {"id": "US"},
                            "parent": {"id": "1"}})  # fmt: skip
    top = ns.get("/subsidiary/1")["name"]
    for record, name in (("account", "Sales : EU : DE"), ("subsidiary", f"{top} : West")):
        eid = {"account": "DE", "subsidiary": "W"}[record]
        assert ns.get(f"/{record}/eid:{eid}")["fullName"] == name
        query = f"SELECT fullname x FROM {record} WHERE externalid = '{eid}'"
        assert ns.sql(query) == [{"x": name}]
    assert ns.get("/subsidiary/1")["fullName"] == top


LONG = "x" * 250
ITEMS = (("b", LONG + "b", "c"), ("a", LONG + "a", "b"), ("c", "w", "a"))


@pytest.mark.parametrize(
    "order", ["storedetaileddescription", "i.storedetaileddescription", "text", "2"]
)
def test_long_texts_are_sorted_by_their_first_250_characters(ns: Client, order: str) -> None:
    """What comes after them does not count. Source: SuiteQL Limitations and Exceptions (section_156257796125); SuiteQL Performance and Best Practices (article_0824094533) names such fields."""
    for name, text, _ in ITEMS:
        ns.make("/serviceSaleItem", {"itemId": name, "storeDetailedDescription": text,
                                     "incomeAccount": {"id": ns.account("4000")}})  # fmt: skip
    rows = ns.sql("SELECT itemid, storedetaileddescription AS text FROM item i"
                  f" WHERE itemid IN ('a', 'b', 'c') ORDER BY {order} DESC, itemid DESC")  # fmt: skip
    assert [row["itemid"] for row in rows] == ["b", "a", "c"]
    assert {row["itemid"]: row["text"] for row in rows} == {name: text for name, text, _ in ITEMS}


@pytest.mark.parametrize("order", ["text", "1"])
def test_long_texts_of_a_union_are_sorted(ns: Client, order: str) -> None:
    """A UNION of long texts is sorted too. Source: SuiteQL Limitations and Exceptions; by how much of them is unsure."""
    for name, text, _ in ITEMS:
        ns.make("/serviceSaleItem", {"itemId": name, "storeDetailedDescription": text,
                                     "incomeAccount": {"id": ns.account("4000")}})  # fmt: skip
    rows = ns.sql("SELECT storedetaileddescription AS text FROM item UNION"
                  f" SELECT featureddescription FROM item ORDER BY {order}")  # fmt: skip
    assert [row["text"][-1] for row in rows if row] == ["w", "a", "b"]


def test_custom_long_texts_are_sorted_so_too(ns: Client) -> None:
    """A custom field of type Long Text is such a field; a short one is sorted as a whole. Source: SuiteQL Limitations and Exceptions; that a Long Text is one is unsure."""
    ns.http.post("/_sandbox/custom-fields", json=[
        {"scriptId": "custbody_long", "type": "longtext"}, {"scriptId": "custbody_text"}])  # fmt: skip
    for eid, last in (("A", "b"), ("B", "a")):
        ns.deposit(5, eid, custbody_long=LONG + last, custbody_text=LONG + last)
    for field, order in (("custbody_long", ["A", "B"]), ("custbody_text", ["B", "A"])):
        rows = ns.sql(f"SELECT externalid x FROM transaction ORDER BY {field}, externalid")
        assert [row["x"] for row in rows] == order
    assert ns.call("GET", '/customerDeposit?q=custbody_long END_WITH "a"').json()["count"] == 1


def test_kinds_of_links(ns: Client) -> None:
    """Order to bill, deposit, shipment and return; credits to what they settle; arrangement to journal. Source: third-party link types."""
    line = {"item": {"id": ns.usage}, "quantity": 2, "rate": 40}
    day = {"tranDate": "2024-01-10"}
    order = ns.make("/salesOrder", {"entity": {"id": ns.customer}, **day, "item": items(line)})
    ns.deposit(20, "D", salesOrder={"id": order})
    ns.make(f"/salesOrder/{order}/!transform/itemFulfillment", day)
    invoice = ns.make(f"/salesOrder/{order}/!transform/invoice", day)
    ns.refund("R", deposit=items(tick(ns.deposit(9, "D9"), 9)))
    ns.month_end("2024-01")
    ns.make(f"/invoice/{invoice}/!transform/returnAuthorization", day)
    rows = ns.sql("SELECT DISTINCT previoustype a, linktype l, nexttype b"
                  " FROM nextTransactionLineLink ORDER BY 1, 2, 3")  # fmt: skip
    assert {(row["a"], row["l"], row["b"]) for row in rows} == {
        ("SalesOrd", "OrdDep", "CustDep"), ("SalesOrd", "OrdBill", "CustInvc"),
        ("SalesOrd", "ShipRcpt", "ItemShip"), ("CustInvc", "SaleRet", "RtnAuth"),
        ("CustDep", "DepAppl", "DepAppl"), ("CustInvc", "Payment", "DepAppl"),
        ("CustRfnd", "Payment", "DepAppl"), ("RevArrng", "RevRec", "Journal"),
    }  # fmt: skip
