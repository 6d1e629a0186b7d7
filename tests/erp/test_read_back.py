"""Reading back many records at once: as strict as reading each, at a fraction of the calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from drawdown.core.errors import ErpError, ErpUnavailableError
from drawdown.core.observed import Posted
from drawdown.core.plan import IntentLine, Operation, RecordIntent
from drawdown.core.rules import Record
from drawdown.erp.netsuite import read_back
from tests.erp.conftest import (
    DAY,
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

QUERY = "/services/rest/query/v1/suiteql"


def everything() -> list[RecordIntent]:
    """One life of a block in every record type that is created."""
    return [
        order([("B1", 10_000)]),
        purchase([("B1", 10_000)]),
        payment(4_000, "dd_inv_p1"),
        deposit(),
        journal("dd_jrn_1", 10_000, "prepayment_clearing", "undeposited_funds"),
        journal("dd_jrn_2", 10_000, "deferred_revenue_prepaid", "prepaid_credits_liability"),
        usage([("B1", "input_tokens", 3_000), ("B1", "output_tokens", 500)]),
        application(3_000),
        journal("dd_jrn_3", 3_500, "prepaid_credits_liability", "prepayment_clearing"),
        credit_memo([("B1", "output_tokens", 200)], "dd_inv_u1", 200),
    ]


def post_all(books: Books, intents: list[RecordIntent]) -> None:
    for one in intents:
        assert not books.netsuite.post(one).is_verified


def calls(books: Books, work: Callable[[], Any]) -> list[tuple[str, str]]:
    before = len(books.line.seen)
    work()
    return books.line.seen[before:]


def read_lists(books: Books) -> None:
    """Read what is read once, of all the records."""
    chart = books.netsuite.directory.chart()
    assert chart.accounts
    assert chart.items
    assert chart.base_currency == "USD"


def test_every_kind_of_record_is_verified_by_two_queries(books: Books) -> None:
    books.netsuite.deliver(customer())
    intents = everything()
    post_all(books, intents)
    read_lists(books)

    found: list[tuple[Posted | ErpError, ...]] = []
    seen = calls(books, lambda: found.append(books.netsuite.read_back(intents)))

    assert seen == [("POST", QUERY)] * 2
    one_by_one = [books.netsuite.deliver(one)._replace(is_adopted=False) for one in intents]
    assert list(found[0]) == one_by_one
    assert all(isinstance(one, Posted) and one.is_verified for one in found[0])


def test_after_a_restart_nothing_is_looked_up_one_by_one(books: Books) -> None:
    books.netsuite.deliver(customer())
    intents = everything()
    post_all(books, intents)
    books.netsuite.directory.forget()
    read_lists(books)
    found: list[tuple[Posted | ErpError, ...]] = []

    seen = calls(books, lambda: found.append(books.netsuite.read_back(intents)))

    assert seen == [("POST", QUERY)] * 3  # the third asks for the customer
    assert all(isinstance(one, Posted) for one in found[0])


def test_a_backlog_costs_about_one_call_a_record(books: Books) -> None:
    """A deposit and its two journals, forty times: verified together, and one by one."""
    books.netsuite.deliver(customer())
    books.netsuite.deliver(deposit("B0"))
    intents: list[RecordIntent] = []
    for number in range(40):
        name = f"B{number + 1}"
        transfer = ("deferred_revenue_prepaid", "prepaid_credits_liability")
        clearing = ("prepayment_clearing", "undeposited_funds")
        intents += [
            deposit(name, 100),
            journal(f"dd_clr_{number}", 100, *clearing, block=name),
            journal(f"dd_trf_{number}", 100, *transfer, block=name),
        ]

    seen = calls(books, lambda: post_all(books, intents))
    verifying = calls(books, lambda: books.netsuite.read_back(intents))
    again = calls(books, lambda: [books.netsuite._read_back(one) for one in intents])

    assert len(seen) / len(intents) < 1.05  # the first journal looks up the chart
    assert len(verifying) == 1
    assert len(again) == len(intents)


def test_more_records_than_one_query_takes_are_read_in_several(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_back, "IDS_MAX", 3)
    books.netsuite.deliver(customer())
    intents = [deposit(f"B{number}", 100) for number in range(7)]
    post_all(books, intents)

    found: list[tuple[Posted | ErpError, ...]] = []
    seen = calls(books, lambda: found.append(books.netsuite.read_back(intents)))

    assert [path for _, path in seen] == [QUERY] * 3
    assert [one.external_id for one in found[0]] == [one.external_id for one in intents]


LINE = IntentLine(10_000, "B1", debit="prepayment_clearing", credit="undeposited_funds")
OTHERS: list[tuple[str, Record, dict[str, Any]]] = [
    ("date", Record.CUSTOMER_DEPOSIT, {"posted_on": DAY + timedelta(days=1)}),
    ("total", Record.CUSTOMER_DEPOSIT, {"amount_minor": 10_001}),
    ("currency", Record.CUSTOMER_DEPOSIT, {"currency": "EUR"}),
    ("exchange rate", Record.CUSTOMER_DEPOSIT, {"currency": "EUR", "exchange_rate": Decimal(2)}),
    ("block", Record.CUSTOMER_DEPOSIT, {"block_id": "B2"}),
    ("event", Record.CUSTOMER_DEPOSIT, {"event_id": "another"}),
    ("customer", Record.CUSTOMER_DEPOSIT, {"customer": "dd_cus_other"}),
    ("customer", Record.JOURNAL_ENTRY, {"customer": "dd_cus_other"}),
    ("lines", Record.JOURNAL_ENTRY, {"lines": (LINE._replace(block_id="B2"),)}),
    ("lines", Record.JOURNAL_ENTRY, {"lines": (LINE._replace(debit="cash"),)}),
    ("lines", Record.JOURNAL_ENTRY, {"lines": (LINE._replace(amount_minor=9_999),)}),
    ("deposit", Record.DEPOSIT_APPLICATION, {"source": "dd_dep_b2"}),
    ("applied to invoice", Record.DEPOSIT_APPLICATION, {"applied_minor": 2_999}),
    ("applied to invoice", Record.DEPOSIT_APPLICATION, {"target": "dd_inv_u2"}),
    ("lines by block", Record.INVOICE, {"lines": ()}),
    ("total", Record.CREDIT_MEMO, {"amount_minor": 100}),
    ("applied to invoice", Record.CREDIT_MEMO, {"applied_minor": 199}),
    ("total", Record.CUSTOMER_PAYMENT, {"amount_minor": 1}),
    ("lines by block", Record.SALES_ORDER, {"lines": ()}),
]


def test_whatever_differs_is_told_as_when_each_is_read_by_itself(books: Books) -> None:
    """The query's verdict is never laxer than the record service's, and never the last word."""
    books.netsuite.deliver(customer())
    books.netsuite.deliver(customer("Other"))
    intents = everything()
    post_all(books, intents)
    more = [deposit("B2"), usage([("B1", "input_tokens", 1)], "dd_inv_u2")]
    post_all(books, more)

    for what, record, change in OTHERS:
        one = next(one for one in intents if one.record is record)
        wrong = replace(one, **change)
        (found,) = books.netsuite.read_back([wrong])
        alone = books.netsuite._read_back(wrong)

        assert isinstance(found, ErpError), (what, record)
        assert str(found) == str(alone)
        assert what in str(found)


def test_an_amount_that_was_set_is_verified(books: Books) -> None:
    books.netsuite.deliver(customer())
    books.netsuite.deliver(deposit())
    change = replace(deposit(), operation=Operation.SET_AMOUNT, amount_minor=7_000)

    assert not books.netsuite.post(change).is_verified
    (found,) = books.netsuite.read_back([change])
    (other,) = books.netsuite.read_back([replace(change, amount_minor=7_001)])

    assert isinstance(found, Posted)
    assert "was set to 70.01 USD but NetSuite holds 70" in str(other)


def test_a_record_that_the_query_does_not_show_yet_is_asked_for_by_itself(books: Books) -> None:
    """A lag of SuiteQL behind the record service is reported by third parties."""
    books.netsuite.deliver(customer())
    post_all(books, [deposit()])
    books.line.plan = lambda request: "empty_page" if request.url.path == QUERY else ""

    (found,) = books.netsuite.read_back([deposit()])

    assert isinstance(found, Posted)
    assert [method for method, _ in books.line.seen[-2:]] == ["POST", "GET"]


@pytest.mark.parametrize("fate", ["only403", "only400"])
def test_a_role_without_suiteql_reads_one_by_one(books: Books, fate: str) -> None:
    books.netsuite.deliver(customer())
    post_all(books, [deposit()])
    books.line.plan = lambda request: fate if request.url.path == QUERY else ""

    (found,) = books.netsuite.read_back([deposit()])

    assert isinstance(found, Posted)


def test_while_netsuite_is_away_nothing_is_said_of_any_record(books: Books) -> None:
    books.netsuite.deliver(customer())
    post_all(books, [deposit()])
    books.line.plan = lambda _request: "only503"

    with pytest.raises(ErpUnavailableError):
        books.netsuite.read_back([deposit()])
