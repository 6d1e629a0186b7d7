"""OAuth 2.0 client credentials and what a call without a token gets."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from sandbox_client import Client
from test_services import signed as tba_call

TOKEN = "/services/rest/auth/oauth2/v1/token"
RSA = rsa.generate_private_key(65537, 3072)
EC = ec.generate_private_key(ec.SECP256R1())


def add_key(http: httpx2.Client, key: Any, **more: str) -> Any:
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return http.post("/_sandbox/integrations", json={"public_key_pem": pem.decode(), **more})


def register(http: httpx2.Client, key: Any) -> dict[str, str]:
    answer = add_key(http, key)
    assert answer.status_code == 200
    return dict(answer.json())


def ask(http: httpx2.Client, key: Any, ids: dict[str, str], alg: str, **claims: Any) -> Any:
    now = int(time.time())
    payload = {
        "iss": ids["client_id"], "scope": ["rest_webservices"], "iat": now, "exp": now + 3600,
        "aud": f"http://localhost:8765{TOKEN}", **claims,
    }  # fmt: skip
    private = ECKey(key, key) if alg.startswith("ES") else RSAKey(key, key)
    header = {"alg": alg, "typ": "JWT", "kid": ids["certificate_id"]}
    assertion = jwt.encode(header, payload, private, algorithms=[alg])
    return http.post(
        TOKEN,
        data={
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        },
    )


@pytest.mark.parametrize(("alg", "key"), [("PS256", RSA), ("PS512", RSA), ("ES256", EC)])
def test_signed_assertion_gets_a_token(http: httpx2.Client, alg: str, key: Any) -> None:
    """PS and ES signatures are taken. Source: OAuth 2.0 Client Credentials Flow."""
    answer = ask(http, key, register(http, key), alg)
    assert answer.status_code == 200
    body = answer.json()
    assert body["token_type"] == "Bearer"
    headers = {"Authorization": f"Bearer {body['access_token']}"}
    assert http.get("/services/rest/record/v1/customer", headers=headers).status_code == 200


@pytest.mark.parametrize(("check", "status"), [("contains", 200), ("exact", 400)])
def test_audience_inside_other_text(http: httpx2.Client, check: str, status: int) -> None:
    """A client of PyPI puts the token URL in parentheses: a setting; times may have fractions. Source: OAuth 2.0 Client Credentials Flow; netsuite-python 2.1.5."""
    http.put("/_sandbox/settings", json={"token_audience": check})
    now = time.time()
    claims = {"aud": f"('http://localhost:8765{TOKEN}',)", "iat": now, "exp": now + 3599.5}
    assert ask(http, RSA, register(http, RSA), "PS256", **claims).status_code == status


@pytest.mark.parametrize(("form", "value"), [("string", "3600"), ("number", 3600)])
def test_lifetime_in_the_answer(http: httpx2.Client, form: str, value: object) -> None:
    """Samples show expires_in as text and as a number: a setting. Source: OAuth 2.0 Client Credentials Flow."""
    http.put("/_sandbox/settings", json={"token_expires_in": form})
    assert ask(http, RSA, register(http, RSA), "PS256").json()["expires_in"] == value


@pytest.mark.parametrize(
    ("grant", "error"),
    [("refresh_token", "unsupported_grant_type"), ("password", "unsupported_grant_type"),
     ("", "invalid_request")],
)  # fmt: skip
def test_there_is_no_refresh_token(http: httpx2.Client, grant: str, error: str) -> None:
    """A token is asked for anew by the same grant. Source: OAuth 2.0 Client Credentials Flow."""
    assert "refresh_token" not in ask(http, RSA, register(http, RSA), "PS256").json()
    answer = http.post(TOKEN, data={"grant_type": grant, "refresh_token": "x"})
    assert (answer.status_code, answer.json()) == (400, {"error": error})


def test_account_specific_audience(http: httpx2.Client) -> None:
    """The audience may be the account's own https URL. Source: Account-Specific URLs."""
    audience = f"https://tstdrv1234567.suitetalk.api.netsuite.com{TOKEN}"
    assert ask(http, RSA, register(http, RSA), "PS256", aud=audience).status_code == 200


@pytest.mark.parametrize(
    ("claims", "alg", "code"),
    [
        ({}, "RS256", "invalid_request"),
        ({"iss": "someone"}, "PS256", "invalid_client"),
        ({"aud": "https://elsewhere.example/token"}, "PS256", "invalid_grant"),
        ({"exp": 1}, "PS256", "invalid_grant"),
        ({"exp": int(time.time()) + 9000}, "PS256", "invalid_grant"),
        ({"scope": ["everything"]}, "PS256", "invalid_scope"),
    ],
)
def test_bad_assertion_is_refused(
    http: httpx2.Client, claims: dict[str, Any], alg: str, code: str
) -> None:
    """RS256, a wrong issuer, audience, time or scope give no token. Source: OAuth 2.0 Client Credentials Flow."""
    answer = ask(http, RSA, register(http, RSA), alg, **claims)
    assert answer.status_code in {400, 401}
    assert answer.json() == {"error": code}


@pytest.mark.parametrize(
    ("scope", "status"),
    [("restlets,rest_webservices", 200), ("restlets", 401), (["suite_analytics"], 401)],
)
def test_scope_of_a_token(http: httpx2.Client, scope: Any, status: int) -> None:
    """Scopes are a list or text with commas; REST web services take their own only. Source: OAuth 2.0 Client Credentials Flow; the status is unsure."""
    token = ask(http, RSA, register(http, RSA), "PS256", scope=scope).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert http.get("/services/rest/record/v1/customer", headers=headers).status_code == status


def test_keys_of_an_integration(http: httpx2.Client) -> None:
    """RSA of 3,072 or 4,096 bits or elliptic curves up to P-521, at most five certificates. Source: OAuth 2.0 Client Credentials Flow; Certificate Conditions (subsect_162755332391)."""
    for curve, alg in ((ec.SECP384R1(), "ES384"), (ec.SECP521R1(), "ES512")):
        key = ec.generate_private_key(curve)
        assert ask(http, key, register(http, key), alg).status_code == 200
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505 (it is to be refused)
    assert add_key(http, short).status_code == 400
    client = register(http, RSA)["client_id"]
    more = [add_key(http, EC, client_id=client).status_code for _ in range(5)]
    assert more == [200, 200, 200, 200, 400]


def certificate(key: Any, *, from_days: int, days: int) -> str:
    """A certificate whose life begins so many days from now (minus: ago), as PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "integration")])
    start = datetime.now(UTC) + timedelta(days=from_days)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), start,
                                   start + timedelta(days=days))  # fmt: skip
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize(
    ("age", "days", "status"),
    [(30, 365, 200), (400, 365, 400), (700, 3650, 200), (740, 3650, 400)],
)
def test_life_of_a_certificate(http: httpx2.Client, age: int, days: int, status: int) -> None:
    """It ends with its own last day, and after two years at the latest. Source: Certificate Conditions (subsect_162755332391); the error and that the two years begin with the certificate are unsure."""
    pem = {"public_key_pem": certificate(EC, from_days=-age, days=days)}
    ids = http.post("/_sandbox/integrations", json=pem).json()
    assert ask(http, EC, ids, "ES256").status_code == status
    again = http.post("/_sandbox/integrations", json={**pem, "role": "other"})
    assert "one combination" in again.text
    assert http.post("/_sandbox/integrations", json=pem).json() == ids


def test_shorter_rsa_keys_are_a_setting(http: httpx2.Client) -> None:
    """3,072 bits by the help, 2,048 by other material of Oracle. Source: Certificate Conditions (subsect_162755332391); Oracle's agent skills on authentication."""
    key = rsa.generate_private_key(65537, 2048)
    assert "3072 bits" in add_key(http, key).text
    http.put("/_sandbox/settings", json={"rsa_key_bits": 2048})
    assert ask(http, key, register(http, key), "PS256").status_code == 200


def test_unknown_certificate_and_wrong_key(http: httpx2.Client) -> None:
    """A key that is not the certificate's gets nothing. Source: OAuth 2.0 Client Credentials Flow."""
    ids = register(http, RSA)
    other = rsa.generate_private_key(65537, 3072)
    assert ask(http, other, ids, "PS256").json() == {"error": "invalid_grant"}
    unknown = {**ids, "certificate_id": "nope"}
    answer = ask(http, RSA, unknown, "PS256")
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


def test_calls_without_a_valid_token(http: httpx2.Client) -> None:
    """401 INVALID_LOGIN with WWW-Authenticate. Source: Error Handling; OAuth 2.0 flow."""
    for headers in ({}, {"Authorization": "Bearer nonsense"}):
        answer = http.get("/services/rest/record/v1/customer", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == (
            'Bearer realm="TSTDRV1234567", error="invalid_token", '
            'error_description="Invalid login attempt."'
        )
        assert answer.headers["content-type"] == (
            "application/vnd.oracle.resource+json; type=error"
        )
        detail = answer.json()["o:errorDetails"][0]
        assert detail["o:errorCode"] == "INVALID_LOGIN"
        assert detail["detail"].startswith("Invalid login attempt. For more details, see")


def test_token_expires(http: httpx2.Client) -> None:
    """A token lives an hour. Source: OAuth 2.0 Client Credentials Flow."""
    token = http.post("/_sandbox/tokens").json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    now = http.get("/_sandbox/clock").json()["now"]
    later = f"{int(now[:4]) + 1}{now[4:]}"
    assert http.put("/_sandbox/clock", json={"now": later}).status_code == 200
    assert http.get("/services/rest/record/v1/customer", headers=headers).status_code == 401


def test_a_refresh_drops_certificates_and_tokens(http: httpx2.Client) -> None:
    """Mappings of certificates are not copied to a refreshed sandbox: each is made anew. Source: OAuth 2.0 Client Credentials Flow; Refreshing Sandbox Accounts."""
    ids, signed = register(http, RSA), http.post("/_sandbox/tba").json()
    token = ask(http, RSA, ids, "PS256").json()["access_token"]
    assert http.post("/_sandbox/refresh").status_code == 200
    headers = {"Authorization": f"Bearer {token}"}
    assert http.get("/services/rest/record/v1/customer", headers=headers).status_code == 401
    assert ask(http, RSA, ids, "PS256").status_code == 401
    assert ask(http, RSA, register(http, RSA), "PS256").status_code == 200
    answer = tba_call(http, signed, {})
    assert 'error="token_rejected"' in answer.headers["www-authenticate"]


def test_options_on_everything_tells_whether_the_login_works(ns: Client) -> None:
    """OPTIONS /services/rest/* is 204 for a caller who is known (netsuite-rest's own first test)."""
    answer = ns.http.options("/services/rest/*", headers=ns.headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert ns.http.options("/services/rest/*").status_code == 401
