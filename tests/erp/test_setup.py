"""Accounts, items and custom fields in an account that has nothing of this yet."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from drawdown.core.accounts import Observed, Role
from drawdown.core.errors import ConfigurationError, ErpError
from drawdown.core.plan import PREPAID_ITEM
from drawdown.core.policy import DepositAccount, Policy, PrepaidItem
from drawdown.erp.netsuite import (
    CUSTOM_FIELDS,
    Item,
    KeyPair,
    Mapping,
    missing_fields,
    missing_fields_text,
    set_up,
    standard_mapping,
)
from tests.erp.conftest import USAGE_ITEMS, Books, connect

MAPPING = standard_mapping(USAGE_ITEMS)


def item(books: Books, name: str) -> dict[str, Any]:
    found = books.netsuite.directory.find_item(Item(name))
    assert found is not None
    data: dict[str, Any] = books.api("GET", f"/serviceSaleItem/{found.internal_id}")
    return data


def test_everything_that_the_mapping_names_is_there(books: Books) -> None:
    directory = books.netsuite.directory
    for one in MAPPING.posting_accounts():
        assert directory.find_account(one.account, one.number), one
    for _, wanted in MAPPING.all_items():
        assert directory.find_item(wanted), wanted


def test_setup_can_be_repeated(books: Books) -> None:
    accounts, items = books.count("account"), books.count("serviceSaleItem")

    assert set_up(books.netsuite.transport, MAPPING, Policy()) == ()
    assert (books.count("account"), books.count("serviceSaleItem")) == (accounts, items)


def test_a_broken_off_setup_is_finished_by_the_next(keys: KeyPair) -> None:
    books = connect(keys, Policy(), standard_mapping([]))
    seen = [0]

    def plan(request: Any) -> str:
        if request.method == "PUT":
            seen[0] += 1
            return "after" if seen[0] == 3 else ""
        return ""

    books.line.plan = plan
    with pytest.raises(ErpError):
        set_up(books.netsuite.transport, MAPPING, Policy())
    created = set_up(books.netsuite.transport, MAPPING, Policy())

    assert created
    assert set_up(books.netsuite.transport, MAPPING, Policy()) == ()


def test_what_is_there_is_taken_as_it_is(books: Books) -> None:
    """Account 1000 is the sandbox's own; it keeps its name."""
    found = books.netsuite.directory.find_account(Role.CASH, "1000")

    assert books.api("GET", f"/account/{found}")["acctName"] == "Checking"
    assert "externalId" not in books.api("GET", f"/account/{found}")


def test_usage_items_are_deferred_and_recognised(books: Books) -> None:
    data = item(books, "Input Tokens")

    assert data["deferredRevenueAccount"]["refName"].startswith("2331 ")
    assert data["incomeAccount"]["refName"].startswith("4311 ")
    assert data["revenueRecognitionRule"]["refName"] == "Default Usage"
    assert data["createRevenuePlansOn"]["refName"] == "Revenue Arrangement Creation"


def test_a_deferred_prepaid_item_is_never_recognised(books: Books) -> None:
    data = item(books, "Prepaid Credits")

    assert data["deferredRevenueAccount"]["refName"].startswith("2320 ")
    assert "revenueRecognitionRule" not in data


EXPANDED = {"expand_account_lists": True}


def test_a_direct_prepaid_item_posts_to_the_liability(keys: KeyPair) -> None:
    books = connect(keys, Policy(prepaid_item=PrepaidItem.DIRECT), MAPPING, EXPANDED)
    data = item(books, "Prepaid Credits")

    assert data["directRevenuePosting"] is True
    assert data["incomeAccount"]["refName"].startswith("2310 ")
    assert "deferredRevenueAccount" not in data


def test_a_recognised_prepaid_item_is_recognised_on_billing(keys: KeyPair) -> None:
    books = connect(keys, Policy(prepaid_item=PrepaidItem.RECOGNISED), MAPPING, EXPANDED)
    data = item(books, "Prepaid Credits")

    assert data["incomeAccount"]["refName"].startswith("2310 ")
    assert data["deferredRevenueAccount"]["refName"].startswith("2320 ")
    assert data["createRevenuePlansOn"]["refName"] == "Billing"


def test_a_direct_item_without_expanded_lists_is_refused_in_words(keys: KeyPair) -> None:
    with pytest.raises(ErpError, match="incomeAccount"):
        connect(keys, Policy(prepaid_item=PrepaidItem.DIRECT), MAPPING)


def test_plain_items_are_not_deferred(books: Books) -> None:
    data = item(books, "Tax")

    assert "deferredRevenueAccount" not in data
    assert data["incomeAccount"]["refName"].startswith("4300 ")


def test_clearing_is_a_bank_account(keys: KeyPair, books: Books) -> None:
    """Refunds come out of it under every policy, and by policy deposits go straight to it."""
    number = MAPPING.accounts[Role.PREPAYMENT_CLEARING]
    lean = connect(keys, Policy(deposit_account=DepositAccount.CLEARING), MAPPING)
    kinds = [
        one.api("GET", f"/account/{one.netsuite.directory.account(Role.PREPAYMENT_CLEARING)}")[
            "acctType"
        ]["id"]
        for one in (books, lean)
    ]

    assert number
    assert kinds == ["Bank", "Bank"]


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        (Mapping("1", MAPPING.accounts, {}), PREPAID_ITEM),
        (dataclasses.replace(MAPPING, plans_on=""), "plans_on"),
        (dataclasses.replace(MAPPING, items={
            **MAPPING.items, "new": Item("New", revenue="4000")}, revenue_rule=""),
         "revenue_rule"),
        (dataclasses.replace(MAPPING, accounts={
            role: number for role, number in MAPPING.accounts.items()
            if role is not Observed.REVENUE_USAGE}), "revenue_usage"),
    ],
)  # fmt: skip
def test_a_mapping_with_a_gap_is_refused_in_words(
    books: Books, mapping: Mapping, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        set_up(books.netsuite.transport, mapping, Policy())


def test_missing_custom_fields_are_listed(books: Books) -> None:
    assert missing_fields(books.netsuite.transport) == ()
    assert missing_fields_text(()) == ""
    text = missing_fields_text(CUSTOM_FIELDS)
    for field in CUSTOM_FIELDS:
        assert field.script_id in text
    assert "REST cannot create them" in text


def test_an_account_without_our_fields_lacks_all_of_them(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    renamed = tuple(field._replace(script_id=field.script_id + "_x") for field in CUSTOM_FIELDS)
    monkeypatch.setattr("drawdown.erp.netsuite.setup.CUSTOM_FIELDS", renamed)

    assert missing_fields(books.netsuite.transport) == renamed
