"""What is sent for each kind of intent. References are a table, so these are pure functions."""

from __future__ import annotations

import dataclasses
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from drawdown.core.accounts import Role
from drawdown.core.events import LineKind
from drawdown.core.plan import BREAKAGE_ITEM, IntentLine, Operation, RecordIntent
from drawdown.core.rules import Record
from drawdown.erp.netsuite import encode
from tests.erp.conftest import (
    application,
    credit_memo,
    customer,
    deposit,
    intent,
    journal,
    order,
    payment,
    purchase,
    usage,
)


class Table:
    """References that are easy to recognise."""

    def __init__(self, subsidiary: str = "1", lines: dict[str, int] | None = None) -> None:
        self._subsidiary = subsidiary
        self._lines = lines or {"B1": 1, "B2": 2}

    def account(self, role: Role) -> str:
        return f"account {role.value}"

    def item(self, line: IntentLine) -> str:
        return f"item {line.item or line.kind.value}"

    def currency(self, code: str) -> str:
        return f"currency {code}"

    def subsidiary(self) -> str:
        return self._subsidiary

    def transaction(self, record: Record, external_id: str) -> str:
        return f"{record.value} {external_id}"

    def customer(self, reference: str) -> str:
        return f"<{reference}>"

    def order_lines(self, external_id: str) -> dict[str, int]:
        assert external_id == "dd_ord_1"
        return self._lines


def body(intent: RecordIntent, references: Table | None = None) -> dict[str, Any]:
    request = encode.create(intent, references or Table())
    sent: dict[str, Any] = json.loads(request.body, parse_float=Decimal)
    return sent


def test_customer_is_upserted() -> None:
    request = encode.upsert(customer(), Table())

    assert (request.method, request.path[-24:]) == ("PUT", "customer/eid:dd_cus_acme")
    assert json.loads(request.body) == {
        "companyName": "Acme",
        "isPerson": False,
        "currency": {"id": "currency USD"},
        "subsidiary": {"id": "1"},
    }


def test_an_account_without_subsidiaries_is_not_sent_one() -> None:
    request = encode.upsert(customer(), Table(subsidiary=""))

    assert "subsidiary" not in json.loads(request.body)
    assert "subsidiary" not in body(journal("j", 1, "cash", "cash"), Table(subsidiary=""))


def test_sales_order() -> None:
    request = encode.create(order([("B1", 10_000), ("B2", 0)]), Table())

    assert request.path.endswith("/record/v1/salesOrder")
    sent = json.loads(request.body, parse_float=Decimal)
    assert sent["externalId"] == "dd_ord_1"
    assert sent["entity"] == {"externalId": "dd_cus_acme"}
    assert sent["orderStatus"] == {"id": "B"}
    assert sent["tranDate"] == "2026-01-15"
    assert sent["exchangeRate"] == 1
    assert "custbody_dd_block_id" not in sent
    assert sent["item"]["items"] == [
        {
            "item": {"id": "item @prepaid"},
            "quantity": 1,
            "rate": Decimal("100.00"),
            "amount": Decimal("100.00"),
            "description": "usage, 1000 credits, block B1",
            "custcol_dd_block_id": "B1",
        },
        {
            "item": {"id": "item @prepaid"},
            "quantity": 1,
            "rate": Decimal("0.00"),
            "amount": Decimal("0.00"),
            "description": "usage, 1000 credits, block B2",
            "custcol_dd_block_id": "B2",
        },
    ]


def test_purchase_invoice_bills_lines_of_its_order() -> None:
    """An order may be billed in parts; what it does not have follows as lines of their own."""
    tax = IntentLine(800, item="vat", kind=LineKind.TAX, line_id="T")
    request = encode.create(purchase([("B2", 5000)], extra=(tax,)), Table())

    assert request.path.endswith("/salesOrder/eid:dd_ord_1/!transform/invoice")
    sent = json.loads(request.body, parse_float=Decimal)
    assert "entity" not in sent
    bill, extra = sent["item"]["items"]
    assert bill["orderLine"] == 2
    assert "item" not in bill
    assert bill["amount"] == Decimal("50.00")
    assert bill["custcol_dd_block_id"] == "B2"
    assert extra["item"] == {"id": "item vat"}
    assert "orderLine" not in extra


def test_a_block_that_the_order_lost_is_billed_as_a_new_line() -> None:
    sent = body(purchase([("B9", 5000)]))

    assert sent["item"]["items"][0]["item"] == {"id": "item @prepaid"}


def test_usage_invoice() -> None:
    ordinary = IntentLine(250, item="", kind=LineKind.SHIPPING)
    request = encode.create(
        usage([("B1", "input_tokens", 3000), ("", "input_tokens", 100)], extra=(ordinary,)),
        Table(),
    )

    assert request.path.endswith("/record/v1/invoice")
    sent = json.loads(request.body, parse_float=Decimal)
    assert sent["entity"] == {"externalId": "dd_cus_acme"}
    drawn, undrawn, shipping = sent["item"]["items"]
    assert drawn["custcol_dd_block_id"] == "B1"
    assert drawn["description"] == "input_tokens, 12.5 credits, block B1"
    assert "custcol_dd_block_id" not in undrawn
    assert undrawn["description"] == "input_tokens, 12.5 credits"
    assert shipping["description"] == "shipping"


def test_expiration_invoice_uses_the_breakage_item() -> None:
    assert body(usage([("B1", BREAKAGE_ITEM, 1)]))["item"]["items"][0]["item"] == {
        "id": "item @breakage"
    }


@pytest.mark.parametrize(
    "one",
    [
        usage([("B1", "input_tokens", 1)]),
        deposit(),
        journal("dd_je_1", 1, "cash", "cash"),
        credit_memo([("B1", "input_tokens", 1)], "dd_inv_u1", 0),
        payment(1, "dd_inv_p1"),
        intent(Record.CUSTOMER_REFUND, "dd_ref_1", 1, target="native:creditMemo:CM-1"),
        intent(Record.CUSTOMER_REFUND, "dd_ref_1", 1, source="dd_dep_b1"),
    ],
    ids=lambda one: one.record.value,
)
def test_a_customer_of_others_is_named_by_internal_id(one: RecordIntent) -> None:
    """NetSuite does not know our name of it: a refund that bore it was refused for ever."""
    sent = json.dumps(
        body(dataclasses.replace(one, customer="native:customer:eid:N1")), default=str
    )

    assert '{"id": "<native:customer:eid:N1>"}' in sent
    assert sent.count("native:customer") == sent.count('"<native:customer')


def test_customer_deposit_goes_to_undeposited_funds() -> None:
    sent = body(deposit())

    assert sent["customer"] == {"externalId": "dd_cus_acme"}
    assert sent["payment"] == Decimal("100.00")
    assert sent["undepFunds"] == {"id": "T"}
    assert "account" not in sent
    assert "salesOrder" not in sent  # NetSuite would apply it to that order's own invoice
    assert sent["custbody_dd_block_id"] == "B1"
    assert sent["custbody_dd_credit_type"] == "purchased"
    assert sent["custbody_dd_initial_amount"] == Decimal("100.00")
    assert sent["custbody_dd_expires_on"] == "2026-12-31"
    assert sent["custbody_dd_event_id"] == "event of dd_dep_b1"


def test_customer_deposit_goes_straight_to_clearing() -> None:
    sent = body(dataclasses.replace(deposit(is_clearing_deposit=True), expires_on=None))

    assert sent["undepFunds"] == {"id": "F"}
    assert sent["account"] == {"id": "account prepayment_clearing"}
    assert "custbody_dd_expires_on" not in sent


def test_deposit_application_is_a_transform_of_the_deposit() -> None:
    request = encode.create(application(4000), Table())

    assert request.path.endswith("/customerDeposit/eid:dd_dep_b1/!transform/depositApplication")
    sent = json.loads(request.body, parse_float=Decimal)
    assert sent["externalId"] == "dd_app_b1_u1"
    assert "currency" not in sent
    assert sent["apply"] == {
        "items": [{"doc": {"id": "invoice dd_inv_u1"}, "apply": True, "amount": Decimal("40.00")}]
    }


def test_journal_has_a_debit_and_a_credit_for_each_line() -> None:
    sent = body(journal("dd_je_1", 4000, "prepaid_credits_liability", "prepayment_clearing"))

    assert sent["subsidiary"] == {"id": "1"}
    assert sent["custbody_dd_block_id"] == "B1"
    shared = {
        "entity": {"externalId": "dd_cus_acme"},
        "memo": "Test dd_je_1",
        "custcol_dd_block_id": "B1",
    }
    assert sent["line"]["items"] == [
        {
            "account": {"id": "account prepaid_credits_liability"},
            "debit": Decimal("40.00"),
            **shared,
        },
        {"account": {"id": "account prepayment_clearing"}, "credit": Decimal("40.00"), **shared},
    ]


def test_a_journal_line_without_block_has_no_block_field() -> None:
    one = journal("dd_je_1", 1, "cash", "accounts_receivable", block="")

    assert "custcol_dd_block_id" not in body(one)["line"]["items"][0]


def test_credit_memo_is_applied_as_far_as_the_invoice_is_due() -> None:
    sent = body(credit_memo([("B1", "input_tokens", 3000)], "dd_inv_u1", 3000))

    assert sent["item"]["items"][0]["custcol_dd_block_id"] == "B1"
    assert sent["apply"]["items"][0]["amount"] == Decimal("30.00")
    assert "apply" not in body(credit_memo([("B1", "input_tokens", 3000)], "dd_inv_u1", 0))


def test_customer_payment_goes_to_cash() -> None:
    sent = body(payment(10_000, "dd_inv_p1"))

    assert sent["payment"] == Decimal("100.00")
    assert sent["account"] == {"id": "account cash"}
    assert sent["undepFunds"] == {"id": "F"}
    assert sent["apply"]["items"][0]["doc"] == {"id": "invoice dd_inv_p1"}


def test_set_amount_of_an_application_names_its_invoice() -> None:
    one = application(2500, operation=Operation.SET_AMOUNT)
    request = encode.set_amount(one, Table())

    assert request.method == "PATCH"
    assert request.path.endswith("/depositApplication/eid:dd_app_b1_u1")
    assert json.loads(request.body, parse_float=Decimal) == {
        "apply": {
            "items": [
                {"doc": {"id": "invoice dd_inv_u1"}, "apply": True, "amount": Decimal("25.00")}
            ]
        }
    }


def test_set_amount_of_a_deposit_sets_its_payment() -> None:
    request = encode.set_amount(deposit(minor=6000, operation=Operation.SET_AMOUNT), Table())

    assert request.path.endswith("/customerDeposit/eid:dd_dep_b1")
    assert json.loads(request.body, parse_float=Decimal) == {"payment": Decimal("60.00")}


@pytest.mark.parametrize(
    ("code", "minor", "text"),
    [("USD", 10_000, b"100.00"), ("JPY", 10_000, b"10000"), ("KWD", 10_001, b"10.001")],
)
def test_amounts_have_the_decimals_of_their_currency(code: str, minor: int, text: bytes) -> None:
    request = encode.create(deposit(minor=minor, currency=code), Table())

    assert b'"payment":' + text + b"," in request.body


def test_the_exchange_rate_is_always_sent_in_full() -> None:
    rate = Decimal("1.0937512345")
    for one in (
        order([("B1", 1)], exchange_rate=rate),
        purchase([("B1", 1)], exchange_rate=rate),
        deposit(exchange_rate=rate),
        application(1, exchange_rate=rate),
        journal("j", 1, "cash", "cash", exchange_rate=rate),
        payment(1, "dd_inv_p1", exchange_rate=rate),
    ):
        assert b'"exchangeRate":1.0937512345' in encode.create(one, Table()).body


def test_the_memo_names_the_true_date_of_what_was_posted_later() -> None:
    assert body(deposit())["memo"] == "Test dd_dep_b1"
    assert body(deposit(fact_on=date(2025, 12, 31)))["memo"] == (
        "Test dd_dep_b1 (dated 2025-12-31)"
    )
    long = body(deposit(memo="x" * 2000, fact_on=date(2025, 12, 31)))["memo"]
    assert len(long) <= 999
    assert long.endswith("(dated 2025-12-31)")


def test_a_long_event_id_is_cut_to_its_field() -> None:
    assert len(body(deposit(event_id="e" * 500))["custbody_dd_event_id"]) == 300
