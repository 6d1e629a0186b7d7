"""What SuiteQL says ties to what was posted."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from drawdown.core.accounts import Observed, Role
from drawdown.core.errors import (
    ErpRefusedError,
    ErpUnavailableError,
)
from drawdown.core.events import LineKind
from drawdown.core.plan import BREAKAGE_ITEM, IntentLine, Operation
from drawdown.erp.netsuite import (
    Item,
    Mapping,
    standard_mapping,
    transport,
    wire,
)
from drawdown.erp.netsuite.readings import query
from tests.erp.conftest import (
    USAGE_ITEMS,
    Books,
    application,
    credit_memo,
    customer,
    deposit,
    journal,
    order,
    payment,
    purchase,
    usage,
)
from tests.erp.life import RELEASE, balances, bought, deliver, drawn, month_end


def foreign(currency: str, rate: str) -> dict[str, Any]:
    return {
        "customer": f"dd_cus_{currency.lower()}",
        "currency": currency,
        "exchange_rate": Decimal(rate),
    }


def test_balances_follow_a_block_from_purchase_to_zero(books: Books) -> None:
    deliver(books, customer(), order([("B1", 10_000)]), purchase([("B1", 10_000)]), *bought())
    assert balances(books) == {
        ("B1", Role.ACCOUNTS_RECEIVABLE): 10_000,
        ("B1", Role.CUSTOMER_DEPOSITS): -10_000,
        ("B1", Role.PREPAYMENT_CLEARING): 10_000,
        ("B1", Role.PREPAID_CREDITS_LIABILITY): -10_000,
    }

    deliver(books, *drawn(4000, "dd_inv_u1"), payment(10_000, "dd_inv_p1"))
    assert balances(books) == {
        ("B1", Role.ACCOUNTS_RECEIVABLE): 10_000,  # payments are left out
        ("B1", Role.CUSTOMER_DEPOSITS): -6000,
        ("B1", Role.PREPAYMENT_CLEARING): 6000,
        ("B1", Role.PREPAID_CREDITS_LIABILITY): -6000,
        ("B1", Role.DEFERRED_REVENUE_USAGE): -4000,
    }

    deliver(books, *drawn(6000, "dd_inv_x1", item=BREAKAGE_ITEM))
    assert balances(books) == {
        ("B1", Role.ACCOUNTS_RECEIVABLE): 10_000,
        ("B1", Role.DEFERRED_REVENUE_USAGE): -4000,
        ("B1", Role.DEFERRED_REVENUE_BREAKAGE): -6000,
    }


def test_a_credit_restores_the_balance(books: Books) -> None:
    deliver(
        books,
        customer(),
        *bought(),
        *drawn(4000, "dd_inv_u1"),
        application(2500, operation=Operation.SET_AMOUNT),
        credit_memo([("B1", "input_tokens", 1500)], "dd_inv_u1", 1500),
        journal("dd_je_r3", 1500, *reversed(RELEASE)),
    )

    found = balances(books)
    assert found.pop(("B1", Role.DEFERRED_REVENUE_PREPAID)) == 10_000  # no invoice in this test
    assert found == {
        ("B1", Role.CUSTOMER_DEPOSITS): -7500,
        ("B1", Role.PREPAYMENT_CLEARING): 7500,
        ("B1", Role.PREPAID_CREDITS_LIABILITY): -7500,
        ("B1", Role.DEFERRED_REVENUE_USAGE): -2500,
    }


def test_blocks_and_currencies_are_kept_apart(books: Books) -> None:
    euro, yen = foreign("EUR", "1.2"), foreign("JPY", "0.0067")
    deliver(books, customer(), customer("EUR", "EUR"), customer("JPY", "JPY"))
    deliver(books, deposit("B1", 100), deposit("B2", 200, **euro), deposit("B3", 300, **yen))

    found = {
        (one.block_id, one.currency): one.amount_minor
        for one in books.netsuite.tagged_balances()
        if one.role is Role.CUSTOMER_DEPOSITS
    }
    assert found == {("B1", "USD"): -100, ("B2", "EUR"): -200, ("B3", "JPY"): -300}


def test_a_long_reading_is_split_into_ranges(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    """SuiteQL gives out 100,000 rows of a query at most; sums of ranges add up."""
    deliver(books, customer(), *(deposit(f"B{n}", 100 + n) for n in range(10)))
    whole = balances(books)
    monkeypatch.setattr(transport, "QUERY_ROWS_MAX", 3)
    monkeypatch.setattr(books.netsuite.directory, "refresh", lambda: None)

    assert balances(books) == whole
    assert len(whole) == 20


def test_pages_are_read_to_the_end(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "PAGE_ROWS_MAX", 4)
    monkeypatch.setattr(wire.suiteql, "__defaults__", (0, 4))
    deliver(books, customer(), *(deposit(f"B{n}", 100 + n) for n in range(10)))

    assert len(balances(books)) == 20
    assert len(list(books.netsuite.records())) == 10
    assert [one.internal_id for one in books.netsuite.records()] == [str(n) for n in range(1, 11)]


def test_a_customer_may_have_a_receivable_account_of_its_own(books: Books) -> None:
    books.api(
        "PUT",
        "/account/eid:other_ar",
        {"acctNumber": "1110", "acctName": "Receivables Two", "acctType": "AcctRec"},
    )
    deliver(books, customer())
    books.api(
        "PATCH",
        "/customer/eid:dd_cus_acme",
        {"receivablesAccount": {"externalId": "other_ar"}},
    )
    deliver(books, *bought(), *drawn(4000, "dd_inv_u1"))

    assert ("B1", Role.ACCOUNTS_RECEIVABLE) not in balances(books)


# -- what is not ours ---------------------------------------------------------------------------


def test_lines_that_no_block_explains_are_named(books: Books) -> None:
    deliver(
        books,
        customer(),
        *bought(),
        *drawn(4000, "dd_inv_u1"),
        usage([("", "input_tokens", 70)], "dd_inv_u2"),  # ours, pay as you go
    )
    month_end(books, "2026-01")
    assert list(books.netsuite.untagged()) == []

    account = books.netsuite.directory.account
    books.api(
        "POST",
        "/journalEntry",
        {
            "subsidiary": {"id": "1"},
            "tranDate": "2026-02-01",
            "memo": "Reclass",
            "line": {
                "items": [
                    {"account": {"id": account(Role.PREPAYMENT_CLEARING)}, "credit": 12.5},
                    {"account": {"id": account(Role.CASH)}, "debit": 12.5},
                ]
            },
        },
    )
    books.api(
        "POST",
        "/customerDeposit",
        {"customer": {"externalId": "dd_cus_acme"}, "payment": 5, "tranDate": "2026-02-02"},
    )

    found = list(books.netsuite.untagged())

    assert [(one.role, one.record, one.amount_minor, one.posted_on.day) for one in found] == [
        (Role.PREPAYMENT_CLEARING, "journalEntry", -1250, 1),
        (Role.UNDEPOSITED_FUNDS, "customerDeposit", 500, 2),
        (Role.CUSTOMER_DEPOSITS, "customerDeposit", -500, 2),
    ]
    assert found[0].memo == "Reclass"
    assert found[0].number


def test_an_exchange_difference_on_our_accounts_is_named_in_base_currency(books: Books) -> None:
    """An application at another rate than its deposit: NetSuite writes a separate FxReval."""
    more: dict[str, Any] = {
        "customer": "dd_cus_eur",
        "currency": "EUR",
        "exchange_rate": Decimal("1.2"),
    }
    other: dict[str, Any] = {**more, "exchange_rate": Decimal("1.3")}
    deliver(
        books,
        customer("EUR", "EUR"),
        deposit(**more),
        usage([("B1", "input_tokens", 5000)], **other),
        application(5000, **other),
    )

    found = [one for one in books.netsuite.untagged() if one.role is Role.CUSTOMER_DEPOSITS]

    assert [(one.record, one.currency, one.amount_minor) for one in found] == [
        ("FxReval", "USD", -500)
    ]


def test_records_are_those_with_our_external_ids(books: Books) -> None:
    deliver(
        books,
        customer(),
        order([("B1", 10_000)]),
        purchase([("B1", 10_000)]),
        *bought(),
        *drawn(4000, "dd_inv_u1"),
        credit_memo([("B1", "input_tokens", 900)], "dd_inv_u1", 0),
        payment(2500, "dd_inv_p1"),
    )
    books.api("POST", "/customerDeposit", {"customer": {"externalId": "dd_cus_acme"}, "payment": 5})

    found = {
        one.external_id: (one.record, one.amount_minor, one.unpaid_minor)
        for one in books.netsuite.records()
    }

    assert found == {
        "dd_ord_1": ("salesOrder", 10_000, 0),
        "dd_inv_p1": ("invoice", 10_000, 7500),
        "dd_dep_b1": ("customerDeposit", 10_000, 6000),
        "dd_je_p3B1": ("journalEntry", 10_000, 0),
        "dd_je_p4B1": ("journalEntry", 10_000, 0),
        "dd_inv_u1": ("invoice", 4000, 0),
        "dd_app_b1_u1": ("depositApplication", 4000, 0),
        "dd_je_B1dd_inv_u1": ("journalEntry", 4000, 0),
        "dd_cm_u1": ("creditMemo", 900, 0),
        "dd_pay_p1": ("customerPayment", 2500, 0),
    }


def test_account_balances_are_those_of_the_trial_balance(books: Books) -> None:
    deliver(
        books,
        customer(),
        order([("B1", 10_000)]),
        purchase([("B1", 10_000)]),
        *bought(),
        *drawn(4000, "dd_inv_u1"),
        usage([("", "surprise", 70)], "dd_inv_u2"),
        payment(10_000, "dd_inv_p1"),
    )
    month_end(books, "2026-01")

    found = {(one.account, one.item_id): one.amount for one in books.netsuite.account_balances()}

    assert found[Role.CASH, ""] == Decimal("100.00")
    assert found[Role.ACCOUNTS_RECEIVABLE, ""] == Decimal("0.70")
    assert found[Role.CUSTOMER_DEPOSITS, ""] == Decimal("-60.00")
    assert found[Role.PREPAYMENT_CLEARING, ""] == Decimal("60.00")
    assert found[Role.PREPAID_CREDITS_LIABILITY, ""] == Decimal("-60.00")
    assert found[Role.UNDEPOSITED_FUNDS, ""] == 0
    assert found[Observed.REVENUE_USAGE, "input_tokens"] == Decimal("-40.00")
    assert found[Observed.REVENUE_USAGE, "output_tokens"] == 0
    assert found[Observed.REVENUE_USAGE, ""] == Decimal("-0.70")  # no item of its own
    assert {one.base_currency for one in books.netsuite.account_balances()} == {"USD"}


def test_nothing_is_mapped_nothing_is_read(books: Books) -> None:
    books.netsuite.directory.mapping = Mapping("1", {}, {})

    found = [one.number for one in books.netsuite.account_balances()]

    assert found == ["1100", "1050", "2100"]  # NetSuite's own accounts


# -- periods ------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["close", "lock", "lock-ar"])
def test_books_are_open_from_the_first_period_that_takes_postings(
    books: Books, action: str
) -> None:
    assert books.netsuite.books_open_from() is None
    for year in range(2020, 2026):
        for month in range(1, 13):
            books.post(f"/periods/{year}-{month:02d}/{action}")

    assert books.netsuite.books_open_from() == date(2026, 1, 1)


def test_books_that_are_closed_for_good_are_an_error(books: Books) -> None:
    for year in range(2020, 2031):
        for month in range(1, 13):
            books.post(f"/periods/{year}-{month:02d}/close")

    with pytest.raises(ErpRefusedError, match="every accounting period"):
        books.netsuite.books_open_from()


# -- trouble ------------------------------------------------------------------------------------


def test_a_reading_survives_a_busy_netsuite(books: Books) -> None:
    deliver(books, customer(), deposit())
    fates = ["only429", "only503", "after"]
    books.line.plan = lambda one: fates.pop() if fates and "suiteql" in one.url.path else ""

    assert balances(books)
    assert len(books.slept) == 3


def test_an_answer_without_items_is_tried_again(books: Books) -> None:
    books.line.plan = lambda one: "200" if "suiteql" in one.url.path else ""

    with pytest.raises(ErpUnavailableError, match="no items"):
        list(books.netsuite.records())


def test_a_reading_with_a_gap_in_the_mapping_is_refused(books: Books) -> None:
    books.netsuite.directory.mapping = dataclasses.replace(
        standard_mapping(USAGE_ITEMS), subsidiary="Elsewhere"
    )

    with pytest.raises(ErpRefusedError, match="Elsewhere"):
        list(books.netsuite.tagged_balances())


def test_a_mixed_invoice_draws_only_its_block_lines(books: Books) -> None:
    tax = IntentLine(300, item="", kind=LineKind.TAX)
    deliver(
        books,
        customer(),
        *bought(),
        usage([("B1", "input_tokens", 3000), ("", "input_tokens", 50)], extra=(tax,)),
        application(3000),
    )

    found = balances(books)
    assert ("B1", Role.ACCOUNTS_RECEIVABLE) not in found
    assert [one.unpaid_minor for one in books.netsuite.records()
            if one.external_id == "dd_inv_u1"] == [350]  # fmt: skip


def test_an_item_can_be_named_by_its_external_id(books: Books) -> None:
    mapping = standard_mapping(USAGE_ITEMS)
    items = {**mapping.items, "input_tokens": Item("eid:dd_item_input_tokens", "2331", "4311")}
    books.netsuite.directory.mapping = dataclasses.replace(mapping, items=items)
    books.netsuite.directory.forget()
    deliver(books, customer(), usage([("B1", "input_tokens", 3000)]))
    month_end(books, "2026-01")

    assert [one.item_id for one in books.netsuite.recognised()] == ["input_tokens"]


def test_a_shared_item_is_named_as_netsuite_names_it(books: Books) -> None:
    deliver(books, customer(), usage([("B1", "new_model", 3000)]))
    month_end(books, "2026-01")

    assert [one.item_id for one in books.netsuite.recognised()] == ["Credit Usage"]


def test_an_account_without_subsidiaries_has_a_base_currency(books: Books) -> None:
    books.netsuite.directory.mapping = dataclasses.replace(
        standard_mapping(USAGE_ITEMS), subsidiary=""
    )

    assert {one.base_currency for one in books.netsuite.account_balances()} == {"USD"}
    assert list(books.netsuite.untagged()) == []


@pytest.mark.parametrize(("value", "words"), [("a lot", "a lot"), ("1.005", "1.005 USD")])
def test_an_amount_that_is_none_is_refused(value: str, words: str) -> None:
    with pytest.raises(ErpRefusedError, match=words):
        query.minor(value, "USD")


def test_a_currency_that_the_role_may_not_see_is_named(books: Books) -> None:
    with pytest.raises(ErpRefusedError, match="currency 99"):
        books.netsuite.directory.code("99")


def test_accounts_of_items_are_known_from_netsuite_itself(books: Books) -> None:
    """A mapping need not repeat what the items say: their accounts are the role's."""
    mapping = standard_mapping(USAGE_ITEMS)
    items = {key: Item(item.name) for key, item in mapping.items.items()}
    books.netsuite.directory.mapping = dataclasses.replace(mapping, items=items)
    books.netsuite.directory.forget()
    deliver(books, customer(), *bought(), *drawn(4000, "dd_inv_u1"))
    month_end(books, "2026-01")

    assert balances(books)["B1", Role.DEFERRED_REVENUE_USAGE] == -4000
    assert [one.credited for one in books.netsuite.recognised()] == [Observed.REVENUE_USAGE]
