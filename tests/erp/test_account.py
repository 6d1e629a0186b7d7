"""What the account says of itself: its limit of calls, and which books it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from drawdown.core.errors import ErpAccessError, ErpThrottledError
from drawdown.core.policy import Policy
from drawdown.erp.netsuite import ClientCredentials, Connection, KeyPair, standard_mapping
from tests.erp.conftest import USAGE_ITEMS, Books, connect, customer, deposit


@pytest.mark.parametrize(
    ("settings", "limit"),
    [
        ({}, 5),
        ({"concurrency_limit": 7}, 7),
        ({"concurrency_limit": 20, "integration_concurrency_limit": 3}, 3),
    ],
)
def test_the_limit_is_the_integrations_own_share_if_it_has_one(
    books: Books, settings: dict[str, int], limit: int
) -> None:
    """Source: governanceLimits of the system service (2025.2)."""
    books.put("/settings", settings)

    assert books.netsuite.concurrency_limit() == limit


@pytest.mark.parametrize("status", ["only404", "only400"])
def test_an_account_that_does_not_say_is_taken_for_the_smallest(books: Books, status: str) -> None:
    books.line.plan = lambda request: status if "system" in request.url.path else ""

    assert books.netsuite.concurrency_limit() == 5


def test_a_login_that_is_refused_is_not_taken_for_a_small_account(books: Books) -> None:
    books.control.sandbox.tokens.forget()
    books.control.post("/_sandbox/reset")

    with pytest.raises(ErpAccessError) as refused:
        books.netsuite.concurrency_limit()

    assert refused.value.concerns_connection


def test_too_many_calls_are_told_apart_from_being_away(books: Books) -> None:
    books.netsuite.deliver(customer())
    books.line.plan = lambda request: "only429" if request.method == "POST" else ""

    with pytest.raises(ErpThrottledError):
        books.netsuite.post(deposit())


def test_the_same_books_keep_their_fingerprint(books: Books) -> None:
    before = books.netsuite.identity()
    books.netsuite.deliver(customer())

    assert books.netsuite.identity() == before
    assert (before.account, before.kind) == ("TSTDRV1234567", "local sandbox")


def test_a_refreshed_copy_has_another_fingerprint(books: Books) -> None:
    before = books.netsuite.identity()
    store = books.control.sandbox.db
    row = store.one("SELECT * FROM integration")
    assert row is not None
    books.post("/refresh")
    with store.transaction():  # an administrator uploads the certificate again
        store.execute("INSERT INTO integration VALUES (?, ?, ?, ?)", tuple(row))

    assert books.netsuite.identity().fingerprint != before.fingerprint


def test_a_success_is_read_back_in_its_own_step(books: Books) -> None:
    books.netsuite.deliver(customer())

    posted = books.netsuite.post(deposit())
    (verified,) = books.netsuite.read_back([deposit()])

    assert not posted.is_verified
    assert posted.internal_id
    assert verified == books.netsuite.deliver(deposit())._replace(is_adopted=False)


def test_reading_back_tells_of_each_record_by_itself(books: Books) -> None:
    books.netsuite.deliver(customer())
    books.netsuite.post(deposit("B1", 100))
    books.netsuite.post(deposit("B2", 100))

    first, second, third = books.netsuite.read_back(
        [deposit("B1", 100), deposit("B2", 101), deposit("B3", 100)]
    )

    assert not isinstance(first, Exception)
    assert "total 1.00 instead of 1.01" in str(second)
    assert "does not show it yet" in str(third)


def test_the_kind_of_account_follows_from_its_id(keys: KeyPair, tmp_path: Path) -> None:
    books = connect(keys, Policy(), standard_mapping(USAGE_ITEMS))
    kinds = {
        account: Connection(account, ClientCredentials("c", ()))
        for account in ("1234567", "1234567_SB2", "1234567_RP", "TSTDRV1234567")
    }

    found = []
    for connection in kinds.values():
        books.netsuite.connection = connection
        found.append(books.netsuite.identity().kind)

    assert found == ["production", "sandbox", "release preview", "test drive"]
