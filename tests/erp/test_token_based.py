"""Token-based authentication: Oracle's own example, the sandbox's check, clocks and nonces.

Sources: Oracle help, "The Authorization Headers", "The Signature".
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import httpx2
import pytest

from drawdown.core.errors import ConfigurationError, ErpAccessError
from drawdown.erp.netsuite import Connection, NetSuite, Threads, TokenCredentials, oauth1
from drawdown.erp.netsuite.connect import read_settings, to_connection
from tests.erp.conftest import URL, Books, customer, deposit

VECTOR = TokenCredentials(
    consumer_key="ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4",
    consumer_secret="d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5",
    token_id="2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc",
    token_secret="c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295",
)
EMPLOYEE = "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40"


def connected(books: Books, **clock: Any) -> NetSuite:
    made = books.post("/tba")
    credentials = TokenCredentials(
        made["consumer_key"], made["consumer_secret"], made["token_id"], made["token_secret"]
    )
    connection = Connection("TSTDRV1234567", credentials, URL)
    outside = Threads(books.line.exchange, sleep=lambda _: None, **clock)
    return NetSuite(connection, books.mapping, outside)


def test_oracles_own_example_is_signed_as_oracle_signs_it() -> None:
    header = oauth1.authorization(
        VECTOR,
        "123456",
        ("GET", EMPLOYEE, ()),
        timestamp=1508242306,
        nonce="fjaLirsIcCGVZWzBX0pg",
    )

    assert header == (
        'OAuth realm="123456", '
        'oauth_consumer_key="ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4", '
        'oauth_nonce="fjaLirsIcCGVZWzBX0pg", oauth_signature_method="HMAC-SHA256", '
        'oauth_timestamp="1508242306", '
        'oauth_token="2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc", '
        'oauth_version="1.0", '
        'oauth_signature="B5OIWznZ2YP0OB7VrJrGkYsTh%2B8H%2B5T9Hag%2Bo92q0zY%3D"'
    )


def test_reads_queries_and_writes_are_signed_with_their_parameters(books: Books) -> None:
    """The query is part of what is signed, encoded once (third parties got this wrong)."""
    netsuite = connected(books)

    netsuite.deliver(customer())
    netsuite.deliver(replace(deposit(), block_id="B 1/ä&=+"))
    assert [one.block_id for one in netsuite.tagged_balances()] == ["B 1/ä&=+"] * 2
    assert netsuite.calls().keys() == {"query", "read", "write"}


def test_each_request_has_a_nonce_of_its_own(books: Books) -> None:
    headers: list[str] = []

    def keep(request: httpx2.Request) -> str:
        headers.append(request.headers["authorization"])
        return ""

    books.line.plan = keep
    netsuite = connected(books)

    for _ in range(20):
        netsuite.concurrency_limit()

    nonces = [re.findall(r'oauth_nonce="(\w+)"', header)[0] for header in headers]
    assert len(set(nonces)) == len(nonces) == 20
    assert all(len(nonce) >= 6 for nonce in nonces)
    assert all('realm="TSTDRV1234567"' in header for header in headers)


def test_a_clock_that_is_wrong_is_corrected_by_netsuites_own(books: Books) -> None:
    """A refusal carries NetSuite's date; the next signature goes by it."""
    now = time.time()
    netsuite = connected(books, clock=lambda: now - 3600)
    books.line.headers = {"date": formatdate(now, usegmt=True)}

    assert netsuite.concurrency_limit() == 5
    assert netsuite.transport._clock.skew_s == pytest.approx(3600, abs=2)


def test_a_date_that_is_none_changes_nothing(books: Books) -> None:
    netsuite = connected(books, clock=lambda: 1_000_000.0)
    for date in ("", "yesterday", "Mon, 99 Foo 2026 00:00:00 GMT", "\x00"):
        netsuite.transport._clock.learn(date)
        assert netsuite.transport._clock.skew_s == 0

    with pytest.raises(ErpAccessError):
        netsuite.concurrency_limit()


def test_a_wrong_secret_is_refused_once_and_not_tried_into_a_lockout(books: Books) -> None:
    """NetSuite locks a user out after five failures."""
    netsuite = connected(books)
    credentials = netsuite.connection.credentials
    assert isinstance(credentials, TokenCredentials)
    wrong = TokenCredentials(credentials.consumer_key, "wrong", credentials.token_id, "wrong")
    connection = Connection("TSTDRV1234567", wrong, URL)
    refused = NetSuite(connection, books.mapping, Threads(books.line.exchange))
    seen = len(books.line.seen)

    with pytest.raises(ErpAccessError) as error:
        refused.deliver(customer())

    assert error.value.concerns_connection
    assert len(books.line.seen) - seen <= 2


def test_it_says_once_that_it_is_the_legacy_way(books: Books) -> None:
    (notice,) = connected(books).notices()

    assert "token-based authentication" in notice
    assert "2027.1" in notice
    assert "OAuth 2.0" in notice


def table(folder: Path) -> dict[str, Any]:
    (folder / "consumer").write_text("consumer-secret\n")
    (folder / "token").write_text("token-secret")
    return {
        "account": "1234567-sb1",
        "mapping": {"accounts": {}, "items": {}},
        "token": {
            "consumer_key": "key",
            "consumer_secret_file": "consumer",
            "token_id": "id",
            "token_secret_file": "token",
        },
    }


def test_its_secrets_stand_in_files_of_their_own(tmp_path: Path) -> None:
    connection = to_connection(read_settings(table(tmp_path)), tmp_path)

    assert connection.account_id == "1234567_SB1"
    assert connection.credentials == TokenCredentials(
        "key", "consumer-secret", "id", "token-secret"
    )


@pytest.mark.parametrize("content", [b"", b"\n", b"two\nlines", b"caf\xe9", b"a\x00b"])
def test_a_secret_that_is_none_is_refused_without_showing_it(
    tmp_path: Path, content: bytes
) -> None:
    settings = read_settings(table(tmp_path))
    (tmp_path / "consumer").write_bytes(content)

    with pytest.raises(ConfigurationError, match="consumer") as refused:
        to_connection(settings, tmp_path)

    assert "lines" not in str(refused.value)
    assert "caf" not in repr(refused.value)
    assert refused.value.__cause__ is None
