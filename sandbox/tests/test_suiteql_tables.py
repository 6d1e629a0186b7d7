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


def test_kinds_of_links(ns: Client) -> None:
    """Order to bill, deposit, shipment and return; credits to what they settle; arrangement to journal. Source: third-party link types."""
    line = {"item": {"id": ns.usage}, "quantity": 2, "rate": 40}
    day = {"tranDate": "2024-01-10"}
    order = ns.make("/salesOrder", {"entity": {"id": ns.customer}, **day, "item": items(line)})
    ns.deposit(20, "D", salesOrder={"id": order})
    ns.make(f"/salesOrder/{order}/!transform/itemFulfillment", day)
    invoice = ns.make(f"/salesOrder/{order}/!transform/invoice", day)
    ns.make(f"/invoice/{invoice}/!transform/returnAuthorization", day)
    ns.refund("R", deposit=items(tick(ns.deposit(9, "D9"), 9)))
    ns.month_end("2024-01")
    rows = ns.sql("SELECT DISTINCT previoustype a, linktype l, nexttype b"
                  " FROM nextTransactionLineLink ORDER BY 1, 2, 3")  # fmt: skip
    assert {(row["a"], row["l"], row["b"]) for row in rows} == {
        ("SalesOrd", "OrdDep", "CustDep"), ("SalesOrd", "OrdBill", "CustInvc"),
        ("SalesOrd", "ShipRcpt", "ItemShip"), ("CustInvc", "SaleRet", "RtnAuth"),
        ("CustDep", "DepAppl", "DepAppl"), ("CustInvc", "Payment", "DepAppl"),
        ("CustRfnd", "Payment", "DepAppl"), ("RevArrng", "RevRec", "Journal"),
    }  # fmt: skip
