"""What is not delivered: foreign content under our ids, and refusals in words."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from drawdown.core.errors import (
    ErpRefusedError,
)
from drawdown.core.plan import RecordIntent
from drawdown.erp.netsuite import Mapping, standard_mapping
from tests.erp.conftest import (
    USAGE_ITEMS,
    Books,
    application,
    customer,
    deposit,
    journal,
    purchase,
    usage,
)
from tests.erp.life import BLOCKS, LIFE, RELEASE, before, deliver

OTHERS: list[tuple[RecordIntent, dict[str, Any], str]] = [
    (deposit(), {"amount_minor": 9000, "initial_minor": 9000}, "total 90.00 instead of 100.00"),
    (deposit(), {"posted_on": date(2026, 2, 1)}, "date 2026-02-01 instead of 2026-01-15"),
    (deposit(), {"block_id": "B7"}, "block B7 instead of B1"),
    (deposit(), {"event_id": "other"}, "event other instead of event of dd_dep_b1"),
    (
        usage([("B1", "input_tokens", 3000)]),
        {"lines": usage([("B2", "input_tokens", 3000)]).lines},
        "lines by block B2 30.00 instead of B1 30.00",
    ),
    (
        journal("dd_je_d3", 4000, *RELEASE),
        {"lines": journal("dd_je_d3", 4000, *reversed(RELEASE)).lines},
        "lines B1",
    ),
]


@pytest.mark.parametrize(("ours", "change", "words"), OTHERS)
def test_foreign_content_under_our_id_is_refused_and_named(
    books: Books, ours: RecordIntent, change: dict[str, Any], words: str
) -> None:
    theirs = dataclasses.replace(ours, **change)
    deliver(books, customer(), theirs)

    with pytest.raises(ErpRefusedError) as caught:
        books.netsuite.deliver(ours)

    assert words in str(caught.value)
    assert ours.external_id in str(caught.value)
    assert caught.value.code == "CONTENT_DIFFERS"
    assert books.count(ours.record) == 1


def test_another_record_type_under_our_id_is_refused(books: Books) -> None:
    deliver(books, customer(), deposit())
    other = dataclasses.replace(
        journal("x", 10_000, "prepayment_clearing", "undeposited_funds"),
        external_id="dd_dep_b1",
    )

    with pytest.raises(ErpRefusedError, match="if another record bears it"):
        books.netsuite.deliver(other)


def test_an_application_of_another_amount_or_invoice_is_refused(books: Books) -> None:
    deliver(books, *before(LIFE[7]), usage([("B1", "input_tokens", 9000)], "dd_inv_u2"))
    books.netsuite.deliver(application(4000))

    for other in (application(3000), application(4000, "dd_inv_u2", external_id="dd_app_b1_u1")):
        with pytest.raises(ErpRefusedError) as caught:
            books.netsuite.deliver(other)
        assert f"applied to invoice {other.target}" in str(caught.value)


def test_what_a_script_of_the_account_changed_on_saving_is_noticed(books: Books) -> None:
    """The record is saved, but not as it was sent."""
    deliver(books, customer())

    def plan(request: httpx2.Request) -> str:
        if request.method == "GET" and "customerDeposit" in request.url.path:
            books.line.plan = lambda _: ""
            books.api("PATCH", "/customerDeposit/eid:dd_dep_b1", {"payment": 99})
        return ""

    books.line.plan = plan

    with pytest.raises(ErpRefusedError, match=r"NetSuite saved .* total 99.* instead of 100\.00"):
        books.netsuite.deliver(deposit())


def test_a_foreign_currency_record_at_another_rate_is_refused(books: Books) -> None:
    deliver(books, customer("Euro", "EUR"))
    ours = deposit(customer="dd_cus_euro", currency="EUR", exchange_rate=Decimal("1.2"))
    deliver(books, dataclasses.replace(ours, exchange_rate=Decimal("1.3")))

    with pytest.raises(ErpRefusedError, match=r"exchange rate 1\.3"):
        books.netsuite.deliver(ours)


def test_a_closed_period_says_what_to_do(books: Books) -> None:
    deliver(books, customer())
    books.post("/periods/2026-01/close")

    with pytest.raises(ErpRefusedError, match="first open day"):
        books.netsuite.deliver(deposit())


def test_a_missing_invoice_is_named(books: Books) -> None:
    deliver(books, customer(), deposit())

    with pytest.raises(ErpRefusedError, match="dd_inv_u9, which this record is made from"):
        books.netsuite.deliver(application(100, "dd_inv_u9"))


def test_a_missing_order_is_named(books: Books) -> None:
    deliver(books, customer())

    with pytest.raises(ErpRefusedError, match="dd_ord_1, which this record is made from"):
        books.netsuite.deliver(purchase(BLOCKS[:1]))


def test_a_gap_of_the_mapping_is_a_refusal_that_names_the_setting(books: Books) -> None:
    deliver(books, customer())
    books.netsuite.directory.mapping = Mapping("1", {}, {})

    for one in (
        journal("dd_je_p3", 10_000, "prepayment_clearing", "undeposited_funds"),
        usage([("B1", "input_tokens", 3000)]),
    ):
        with pytest.raises(ErpRefusedError, match="of the connection's mapping") as caught:
            books.netsuite.deliver(one)
        assert caught.value.code == "MISSING_MAPPING"
        assert caught.value.external_id == one.external_id


@pytest.mark.parametrize("currency", ["CHF", "SEK"])
def test_a_currency_netsuite_lacks_is_named(books: Books, currency: str) -> None:
    with pytest.raises(ErpRefusedError, match=currency):
        books.netsuite.deliver(customer("Other", currency))


def test_an_account_or_item_netsuite_lacks_is_named(books: Books) -> None:
    mapping = standard_mapping(USAGE_ITEMS)
    items = {**mapping.items, "new": dataclasses.replace(mapping.items["input_tokens"], name="New")}
    accounts = {**mapping.accounts}
    accounts = {role: "9999" if number == "1290" else number for role, number in accounts.items()}
    deliver(books, customer())
    books.netsuite.directory.mapping = dataclasses.replace(mapping, items=items, accounts=accounts)
    books.netsuite.directory.forget()

    with pytest.raises(ErpRefusedError, match="'New'"):
        books.netsuite.deliver(usage([("B1", "new", 100)]))
    with pytest.raises(ErpRefusedError, match="number 9999"):
        books.netsuite.deliver(journal("j", 1, "prepayment_clearing", "undeposited_funds"))


def test_a_subsidiary_netsuite_lacks_is_named(books: Books) -> None:
    books.netsuite.directory.mapping = dataclasses.replace(
        standard_mapping(USAGE_ITEMS), subsidiary="Acme Iceland"
    )
    books.netsuite.directory.forget()

    with pytest.raises(ErpRefusedError, match="Acme Iceland"):
        books.netsuite.deliver(customer())


def test_two_customers_of_one_name_are_refused_in_words(books: Books) -> None:
    deliver(books, customer())

    with pytest.raises(ErpRefusedError, match="external id if it is the same"):
        books.netsuite.deliver(dataclasses.replace(customer(), external_id="dd_cus_twin"))
