"""Connection, key pairs and tokens. Source: Oracle help, "OAuth 2.0 Client Credentials Flow"."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from drawdown.core.errors import ConfigurationError, ErpUnavailableError
from drawdown.erp.netsuite import auth, wire
from drawdown.erp.netsuite.auth import Tokens
from drawdown.erp.netsuite.connection import Certificate, ClientCredentials, Connection
from drawdown.erp.netsuite.keys import KeyPair, generate_key_pair
from drawdown.erp.netsuite.outside import Call, NotSentError, Threads
from drawdown.erp.netsuite.wire import Request, Response
from tests.erp.conftest import Books, customer

READ = wire.get_system("serverTime")
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def connection(pem: str = "x", account: str = "1234567", sandbox: str = "") -> Connection:
    credentials = ClientCredentials("client", (Certificate("certificate", pem),))
    return Connection(account, credentials, sandbox)


@pytest.mark.parametrize(
    ("account", "host"),
    [
        ("1234567", "1234567"),
        ("1234567_SB1", "1234567-sb1"),
        ("1234567_RP", "1234567-rp"),
        ("TSTDRV1234567", "tstdrv1234567"),
        ("1234567-sb1", "1234567-sb1"),
        ("1234567_sb12", "1234567-sb12"),
        ("tstdrv1234567", "tstdrv1234567"),
    ],
)
def test_the_host_follows_from_the_account(account: str, host: str) -> None:
    assert connection(account=account).base_url == f"https://{host}.suitetalk.api.netsuite.com"


@pytest.mark.parametrize(
    "account",
    [
        "",
        "12",
        "evil.com",
        "1234567/x",
        "1234567\n",
        "12345.evil",
        "1234567_SB",
        "1234567_SB123",
        "1234567_sbx",
        "1234567_rp1",
        "tstdrv",
        "1234567@evil.com",
        "1234567:80",
        "1234567 ",
        "\uff11234567",
        "123\u0131567",
        "12345678901234567890",
        "1234567--sb1",
        "_SB1",
        "1234567_\u017fb1",
    ],
)
def test_an_account_id_that_could_name_another_host_is_refused(account: str) -> None:
    with pytest.raises(ConfigurationError, match="account id"):
        connection(account=account)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8088", "http://localhost:1/", "http://[::1]:8088"]
)
def test_a_sandbox_is_on_this_machine(url: str) -> None:
    assert connection(sandbox=url).base_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1:8088",
        "http://example.com",
        "http://127.0.0.1.evil.com",
        "http://user@127.0.0.1",
        "http://127.0.0.1:8088/path",
        "http://127.0.0.1:8088?x",
        "http://127.0.0.1:99999",
        "127.0.0.1:8088",
        "http://10.0.0.1",
    ],
)
def test_credentials_go_nowhere_else(url: str) -> None:
    with pytest.raises(ConfigurationError, match="sandbox on this machine"):
        connection(sandbox=url)


def test_the_private_key_is_never_shown() -> None:
    pair = generate_key_pair(NOW)

    assert "PRIVATE" not in repr(connection(pair.private_key_pem))
    assert "PRIVATE" not in repr(pair)
    assert "PRIVATE" not in str(pair)


@pytest.mark.parametrize(("kind", "expected"), [("EC", ec.EllipticCurvePublicKey),
                                                ("RSA", rsa.RSAPublicKey)])  # fmt: skip
def test_a_key_pair_comes_with_a_certificate_of_two_years(kind: str, expected: type) -> None:
    pair = generate_key_pair(NOW, kind=kind)

    certificate = x509.load_pem_x509_certificate(pair.certificate_pem.encode())
    assert isinstance(certificate.public_key(), expected)
    assert certificate.not_valid_before_utc == NOW
    assert (certificate.not_valid_after_utc - NOW).days == 730
    public = serialization.load_pem_public_key(pair.public_key_pem.encode())
    assert public == certificate.public_key()


def test_other_kinds_of_key_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="EC or RSA"):
        generate_key_pair(NOW, kind="DSA")


class Exchange:
    """A token endpoint that counts."""

    def __init__(self, **answer: Any) -> None:
        self.answer = {"expires_in": 3600, "token_type": "Bearer", **answer}
        self.requests: list[Request] = []

    def __call__(self, request: Request) -> dict[str, object]:
        self.requests.append(request)
        return {"access_token": f"token {len(self.requests)}", **self.answer}


def tokens_of(pem: str, exchange: Exchange, outside: Threads) -> Tokens:
    """Return what signs with one certificate."""
    one = connection(pem)
    assert isinstance(one.credentials, ClientCredentials)
    return Tokens(one, one.credentials, exchange, outside, auth.Clock(outside))


def get(tokens: Tokens) -> str:
    """Return the token that would be sent now."""
    return tokens.header(READ).removeprefix("Bearer ")


def _nobody(_call: Call, _bytes_max: int) -> Response:
    raise NotSentError("nobody is reached")


class Outside(Threads):
    """An outside of threads whose time stands still; it reaches nobody."""

    def __init__(self) -> None:
        super().__init__(_nobody, clock=lambda: self.instant)
        self.instant = NOW.timestamp()


@pytest.mark.parametrize(("kind", "algorithm"), [("EC", "ES256"), ("RSA", "PS256")])
def test_the_assertion_is_signed_as_the_key_asks(kind: str, algorithm: str) -> None:
    pair = generate_key_pair(NOW, kind=kind)
    exchange = Exchange()

    get(tokens_of(pair.private_key_pem, exchange, Outside()))

    form = parse_qs(exchange.requests[0].body.decode())
    assert form["grant_type"] == ["client_credentials"]
    key: Any = (ECKey if kind == "EC" else RSAKey).import_key(pair.public_key_pem)
    token = jwt.decode(form["client_assertion"][0], key, [algorithm])
    assert token.header == {"typ": "JWT", "alg": algorithm, "kid": "certificate"}
    assert token.claims["iss"] == "client"
    assert token.claims["aud"] == (
        "https://1234567.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token"
    )
    assert token.claims["scope"] == ["rest_webservices"]
    assert 0 < token.claims["exp"] - token.claims["iat"] <= 3600


def small_rsa_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@pytest.mark.parametrize("pem", ["", "not a key", small_rsa_key()])
def test_a_key_netsuite_would_not_take_is_refused_before_use(pem: str) -> None:
    with pytest.raises(ConfigurationError, match="key"):
        tokens_of(pem, Exchange(), Outside())


def renew(tokens: Tokens, refused: str) -> None:
    """Do as the transport does when a token is refused."""
    tokens.refused(f"Bearer {refused}")
    get(tokens)


def test_a_token_is_kept_and_renewed_before_it_ends(keys: KeyPair) -> None:
    exchange, clock = Exchange(), Outside()
    tokens = tokens_of(keys.private_key_pem, exchange, clock)

    assert get(tokens) == get(tokens) == "token 1"
    clock.instant += 3299
    assert get(tokens) == "token 1"
    clock.instant += 1
    assert get(tokens) == "token 2"


def test_the_lifetime_may_be_text(keys: KeyPair) -> None:
    """Source: samples that show ``"expires_in": "3600"``."""
    exchange, clock = Exchange(expires_in="60"), Outside()
    tokens = tokens_of(keys.private_key_pem, exchange, clock)

    get(tokens)
    clock.instant += 31
    assert get(tokens) == "token 2"


@pytest.mark.parametrize("answer", [{"access_token": ""}, {"access_token": 7},
                                    {"expires_in": "soon"}])  # fmt: skip
def test_an_answer_without_a_token_is_an_error(keys: KeyPair, answer: dict[str, Any]) -> None:
    tokens = tokens_of(keys.private_key_pem, Exchange(**answer), Outside())

    with pytest.raises(ErpUnavailableError):
        get(tokens)


def test_a_refused_token_is_renewed_once_for_all_threads(keys: KeyPair) -> None:
    exchange = Exchange()
    tokens = tokens_of(keys.private_key_pem, exchange, Outside())
    refused = get(tokens)

    threads = [threading.Thread(target=renew, args=(tokens, refused)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(exchange.requests) == 2
    assert get(tokens) == "token 2"


def test_a_token_that_netsuite_dropped_is_renewed_on_the_way(books: Books) -> None:
    books.netsuite.deliver(customer())
    books.control.sandbox.tokens.forget()

    assert books.netsuite.deliver(customer()).internal_id


def test_credentials_that_are_wrong_are_refused_in_words(books: Books) -> None:
    books.control.sandbox.tokens.forget()
    books.control.post("/_sandbox/reset")

    with pytest.raises(Exception, match="client id, certificate id and private key"):
        books.netsuite.deliver(customer())
