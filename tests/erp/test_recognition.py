"""Recognition as NetSuite posts it at month end, traced to block and item."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from drawdown.core.accounts import Observed, Role
from drawdown.core.errors import (
    ErpRefusedError,
)
from drawdown.core.observed import Recognised
from drawdown.core.plan import BREAKAGE_ITEM, Operation
from drawdown.core.policy import Policy, PrepaidItem
from drawdown.erp.netsuite import KeyPair, Mapping, standard_mapping
from drawdown.erp.netsuite.readings import recognition
from drawdown.erp.netsuite.transport import Row
from tests.erp.conftest import (
    USAGE_ITEMS,
    Books,
    application,
    connect,
    credit_memo,
    customer,
    order,
    purchase,
    usage,
)
from tests.erp.life import balances, bought, deliver, drawn, month_end


def test_recognition_is_traced_to_block_and_item(books: Books) -> None:
    deliver(
        books,
        customer(),
        *bought(),
        usage([("B1", "input_tokens", 3000), ("B1", "output_tokens", 1000)]),
        usage([("B1", BREAKAGE_ITEM, 600)], "dd_inv_x1", posted_on=date(2026, 2, 10)),
        usage([("", "input_tokens", 70)], "dd_inv_u2"),
    )
    assert list(books.netsuite.recognised()) == []
    month_end(books, "2026-01", "2026-02")

    found = list(books.netsuite.recognised())

    assert [(one.block_id, one.item_id, one.amount_minor, one.posted_on) for one in found] == [
        ("B1", "input_tokens", 3000, date(2026, 1, 31)),
        ("B1", "output_tokens", 1000, date(2026, 1, 31)),
        ("B1", BREAKAGE_ITEM, 600, date(2026, 2, 28)),
    ]
    assert [(one.deferred, one.credited) for one in found[1:]] == [
        (Role.DEFERRED_REVENUE_USAGE, Observed.REVENUE_USAGE),
        (Role.DEFERRED_REVENUE_BREAKAGE, Observed.REVENUE_BREAKAGE),
    ]
    assert len({one.key for one in found}) == 3
    assert all(one.number.startswith("JE") for one in found)
    # Recognition journals carry no block, so they change no tagged balance.
    assert balances(books)["B1", Role.DEFERRED_REVENUE_USAGE] == -4000


def test_recognition_that_was_taken_back_is_negative(books: Books) -> None:
    deliver(books, customer(), *bought(), *drawn(4000, "dd_inv_u1"))
    month_end(books, "2026-01")
    february: dict[str, Any] = {"posted_on": date(2026, 2, 3)}
    deliver(
        books,
        application(2500, operation=Operation.SET_AMOUNT),
        credit_memo([("B1", "input_tokens", 1500)], "dd_inv_u1", 1500, **february),
    )
    month_end(books, "2026-02")

    assert [one.amount_minor for one in books.netsuite.recognised()] == [4000, -1500]


def test_foreign_recognition_adds_up_to_the_source(books: Books) -> None:
    more: dict[str, Any] = {
        "customer": "dd_cus_eur",
        "currency": "EUR",
        "exchange_rate": Decimal("1.23457"),
    }
    deliver(books, customer("EUR", "EUR"), *bought(**more), *drawn(3333, "dd_inv_u1", **more))
    month_end(books, "2026-01")

    found = list(books.netsuite.recognised())
    assert [(one.currency, one.amount_minor) for one in found] == [("EUR", 3333)]


def test_base_amounts_are_turned_back_cumulatively(books: Books) -> None:
    """Plans in base currency: each step is rounded so that the whole is the element's amount.

    Source: recognition posts in base currency (Advanced Revenue Management); the sandbox shows
    plans in the currency of the source, so this asks the conversion itself.
    """
    directory = books.netsuite.directory
    done: dict[str, Decimal] = {}
    steps = [
        recognition._in_source_currency(
            Row(
                {
                    "element": "7",
                    "currency": directory.currency("EUR"),
                    "plancurrency": directory.currency("USD"),
                    "total": "100",
                    "exchangerate": "1.1",
                    "amount": amount,
                }
            ),
            "EUR",
            directory,
            done,
        )
        for amount in ("36.67", "36.67", "36.66", "-110", "0")
    ]

    assert steps == [3334, 3333, 3333, -10_000, 0]


def test_an_element_without_amount_recognises_nothing(books: Books) -> None:
    assert recognition._share(0, Decimal(0), Decimal(0)) == 0


def test_policy_recognised_ends_in_the_liability(keys: KeyPair) -> None:
    policy = Policy(prepaid_item=PrepaidItem.RECOGNISED)
    books = connect(keys, policy, standard_mapping(USAGE_ITEMS), {"expand_account_lists": True})
    deliver(books, customer(), order([("B1", 10_000)]), purchase([("B1", 10_000)]))
    assert balances(books)["B1", Role.DEFERRED_REVENUE_PREPAID] == -10_000
    month_end(books, "2026-01")

    found = [one._replace(key="", number="") for one in books.netsuite.recognised()]
    assert found == [
        Recognised(
            "", "B1", "@prepaid", "USD", 10_000, date(2026, 1, 31),
            Role.DEFERRED_REVENUE_PREPAID, Role.PREPAID_CREDITS_LIABILITY, "",
        )
    ]  # fmt: skip


def test_policy_direct_posts_straight_to_the_liability(keys: KeyPair) -> None:
    policy = Policy(prepaid_item=PrepaidItem.DIRECT)
    books = connect(keys, policy, standard_mapping(USAGE_ITEMS), {"expand_account_lists": True})
    deliver(books, customer(), order([("B1", 10_000)]), purchase([("B1", 10_000)]))

    assert balances(books) == {
        ("B1", Role.ACCOUNTS_RECEIVABLE): 10_000,
        ("B1", Role.PREPAID_CREDITS_LIABILITY): -10_000,
    }


def test_recognition_into_an_account_we_do_not_know_is_refused(books: Books) -> None:
    deliver(books, customer(), usage([("B1", "input_tokens", 3000)]))
    month_end(books, "2026-01")
    mapping = standard_mapping(USAGE_ITEMS)
    books.netsuite.directory.mapping = Mapping("1", mapping.accounts, {})
    books.netsuite.directory.forget()

    with pytest.raises(ErpRefusedError, match="which no role is mapped to"):
        list(books.netsuite.recognised())
