"""A block of prepaid credits from purchase to zero, in NetSuite's own records."""

from __future__ import annotations

from sandbox_client import BLOCK, Client


def test_purchase_draw_expire_to_zero(ns: Client) -> None:
    """Every control account ends at zero, revenue at what was used. Source: the T-accounts of REF-01."""
    order = ns.make(
        "/salesOrder",
        {
            "externalId": "SO-1",
            "entity": {"id": ns.customer},
            "tranDate": "2024-01-05",
            "item": {"items": [{"item": {"id": ns.prepaid}, "quantity": 1, "rate": 1000.0,
                                BLOCK: "B1"}]},
        },
    )  # fmt: skip
    sale = ns.make("/salesOrder/eid:SO-1/!transform/invoice",
                   {"externalId": "INV-P", "tranDate": "2024-01-05"})  # fmt: skip
    assert ns.sql("SELECT BUILTIN.DF(t.status) s FROM transaction t WHERE t.id = ?", order) == [
        {"s": "Sales Order : Billed"}
    ]
    deposit = ns.deposit(1000, "DEP-1")
    ns.journal("1500", "1050", 1000, "JE-P3")
    ns.journal("2410", "2450", 1000, "JE-P4")
    ns.make("/customerPayment", {
        "customer": {"id": ns.customer}, "payment": 1000, "tranDate": "2024-01-06",
        "account": {"id": ns.account("1000")},
        "apply": {"items": [{"doc": {"id": sale}, "apply": True, "amount": 1000}]},
    })  # fmt: skip
    for number, amount in ((1, 300), (2, 700)):
        invoice = ns.invoice(amount, f"INV-{number}")
        ns.apply(deposit, invoice, amount, f"DA-{number}")
        ns.journal("2450", "1500", amount, f"JE-D{number}", day="2024-01-10")
    assert ns.balances() == {"1000": "1000.00", "2420": "-1000.00"}
    result = ns.month_end("2024-01")
    assert [row["amount"] for row in result["recognized"]] == ["300.00", "700.00"]
    assert len(result["journals"]) == 1
    assert ns.balances() == {"1000": "1000.00", "4010": "-1000.00"}
    assert ns.get(f"/customerDeposit/{deposit}")["status"] == {
        "id": "C",
        "refName": "Fully Applied",
    }
