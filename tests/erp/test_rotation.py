"""Certificates that end, and their rotation: no call fails while one follows the other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drawdown.core.errors import ConfigurationError, ErpAccessError, ErpError
from drawdown.erp.netsuite import (
    Certificate,
    ClientCredentials,
    Connection,
    KeyPair,
    NetSuite,
    Threads,
    generate_key_pair,
)
from drawdown.erp.netsuite.connect import read_settings, to_connection
from drawdown.erp.netsuite.keys import certificate_end, ends_soon
from tests.erp.conftest import URL, Books, customer

MADE = datetime(2026, 1, 15, 12, tzinfo=UTC)
END = MADE + timedelta(days=730)


def register(books: Books, pair: KeyPair) -> str:
    """Upload a certificate to the integration there is, as an administrator would."""
    assert isinstance(books.connection.credentials, ClientCredentials)
    client_id = books.connection.credentials.client_id
    body = {"public_key_pem": pair.certificate_pem, "client_id": client_id}
    made = books.post("/integrations", body)
    return str(made["certificate_id"])


def revoke(books: Books, certificate_id: str) -> None:
    store = books.control.sandbox.db
    with store.transaction():
        store.execute("DELETE FROM integration WHERE certificate_id = ?", (certificate_id,))
    books.control.sandbox.tokens.forget()


def reached_with(books: Books, *certificates: Certificate, **outside: Any) -> NetSuite:
    """Connect with these certificates, in this order."""
    assert isinstance(books.connection.credentials, ClientCredentials)
    client_id = books.connection.credentials.client_id
    connection = Connection("TSTDRV1234567", ClientCredentials(client_id, certificates), URL)
    return NetSuite(connection, books.mapping, Threads(books.line.exchange, **outside))


def test_the_end_of_a_certificate_is_read_from_it() -> None:
    pair = generate_key_pair(MADE)

    assert certificate_end(pair.certificate_pem, pair.private_key_pem) == END


def test_a_certificate_of_another_key_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="another private key"):
        certificate_end(
            generate_key_pair(MADE).certificate_pem, generate_key_pair(MADE).private_key_pem
        )


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=31), ""),
        (timedelta(days=30, seconds=1), ""),
        (timedelta(days=30), "ends in 30 days, on 2028-01-15"),
        (timedelta(hours=1), "ends in 0 days, on 2028-01-15"),
        (timedelta(0), "ended on 2028-01-15"),
        (timedelta(days=-400), "ended on 2028-01-15"),
    ],
)
def test_an_end_is_spoken_of_from_thirty_days(left: timedelta, words: str) -> None:
    said = ends_soon(END, END - left)

    assert words in said
    assert bool(words) == bool(said)


def test_a_connection_tells_of_its_end(books: Books) -> None:
    pair = generate_key_pair(MADE)
    one = Certificate(register(books, pair), pair.private_key_pem, END)
    late = END - timedelta(days=7)

    netsuite = reached_with(books, one, clock=late.timestamp)

    assert "ends in 7 days" in netsuite.notices()[0]
    assert netsuite.access_ends_at() == END
    assert reached_with(books, one, clock=MADE.timestamp).notices() == ()


def test_after_its_end_nothing_is_sent(books: Books) -> None:
    pair = generate_key_pair(MADE)
    one = Certificate(register(books, pair), pair.private_key_pem, END)
    netsuite = reached_with(books, one, clock=END.timestamp)
    seen = len(books.line.seen)

    with pytest.raises(ErpAccessError, match="ended on 2028-01-15") as refused:
        netsuite.deliver(customer())

    assert refused.value.concerns_connection
    assert refused.value.code == "CERTIFICATE_ENDED"
    assert len(books.line.seen) == seen


def test_a_rotation_has_no_gap(books: Books) -> None:
    """Make, configure, upload, retire, in any order of the last: every call goes through."""
    assert isinstance(books.connection.credentials, ClientCredentials)
    (old,) = books.connection.credentials.certificates
    pair = generate_key_pair(datetime.now(UTC))  # noqa: TID251 - a certificate of today
    new = Certificate("not uploaded yet", pair.private_key_pem)

    reached_with(books, new, old).deliver(customer())
    uploaded = Certificate(register(books, pair), pair.private_key_pem)
    both = reached_with(books, uploaded, old)
    both.deliver(customer())
    revoke(books, old.certificate_id)
    both.deliver(customer())
    reached_with(books, uploaded).deliver(customer())
    with pytest.raises(ErpAccessError):
        reached_with(books, old).deliver(customer())


def test_the_one_that_ended_is_passed_over_for_the_one_that_lasts(books: Books) -> None:
    assert isinstance(books.connection.credentials, ClientCredentials)
    (old,) = books.connection.credentials.certificates
    ended = Certificate("ended", old.private_key_pem, MADE - timedelta(days=4000))

    netsuite = reached_with(books, ended, old)

    netsuite.deliver(customer())
    assert netsuite.notices() == ()


def test_when_all_are_refused_the_first_reason_is_told(books: Books) -> None:
    pair = generate_key_pair(MADE)
    first = Certificate("unknown", pair.private_key_pem, MADE - timedelta(days=1))
    second = Certificate("unknown too", pair.private_key_pem)

    with pytest.raises(ErpError, match="ended on 2026-01-14"):
        reached_with(books, first, second).deliver(customer())


def settings(folder: Path, **more: Any) -> dict[str, Any]:
    pair = generate_key_pair(MADE)
    (folder / "acme.pem").write_text(pair.private_key_pem)
    (folder / "acme.cert.pem").write_text(pair.certificate_pem)
    table = {
        "account": "1234567",
        "client_id": "client",
        "certificate_id": "one",
        "private_key_file": "acme.pem",
        "mapping": {"accounts": {}, "items": {}},
    }
    return {**table, **more}


def test_the_certificate_beside_the_key_is_found(tmp_path: Path) -> None:
    connection = to_connection(read_settings(settings(tmp_path)), tmp_path)

    assert isinstance(connection.credentials, ClientCredentials)
    assert connection.credentials.certificates[0].ends_at == END


def test_without_it_the_end_is_not_known(tmp_path: Path) -> None:
    table = settings(tmp_path)
    (tmp_path / "acme.cert.pem").unlink()

    connection = to_connection(read_settings(table), tmp_path)

    assert isinstance(connection.credentials, ClientCredentials)
    assert connection.credentials.certificates[0].ends_at is None


def test_the_next_certificate_is_tried_first(tmp_path: Path) -> None:
    pair = generate_key_pair(MADE + timedelta(days=700))
    (tmp_path / "acme-2.pem").write_text(pair.private_key_pem)
    (tmp_path / "uploaded.pem").write_text(pair.certificate_pem)
    following = {
        "certificate_id": "two",
        "private_key_file": "acme-2.pem",
        "certificate_file": "uploaded.pem",
    }

    connection = to_connection(read_settings(settings(tmp_path, next=following)), tmp_path)

    assert isinstance(connection.credentials, ClientCredentials)
    names = [one.certificate_id for one in connection.credentials.certificates]
    assert names == ["two", "one"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"client_id": ""}, "client_id, certificate_id and private_key_file"),
        ({"certificate_id": ""}, "client_id, certificate_id and private_key_file"),
        ({"private_key_file": "none.pem"}, "cannot be read"),
        ({"certificate_file": "none.pem"}, "cannot be read"),
        ({"certificate_file": "acme.pem"}, "certificate of the NetSuite connection cannot be read"),
        ({"token": {"consumer_key": "a", "consumer_secret_file": "b", "token_id": "c",
                    "token_secret_file": "d"}}, "not both"),
    ],
)  # fmt: skip
def test_settings_that_cannot_work_are_refused_in_words(
    tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        to_connection(read_settings(settings(tmp_path, **change)), tmp_path)
