"""Who we are to NetSuite: connection, key pair, and the access token of client credentials.

Source: Oracle help, "OAuth 2.0 Client Credentials Flow": a signed assertion is exchanged for a
token of an hour, and there is no refresh token. RS256 (PKCS#1 v1.5) is refused, so RSA keys sign
with PS256 and EC keys with the ES algorithm of their curve.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from drawdown.core.errors import ConfigurationError, ErpUnavailableError
from drawdown.erp.netsuite.outside import Outside
from drawdown.erp.netsuite.wire import TOKEN_PATH, Request

ACCOUNT_PATTERN = re.compile(r"(TSTDRV)?[0-9]{3,12}(_SB[0-9]{1,2}|_RP)?")
SCOPES = ("rest_webservices",)
ASSERTION_LIFETIME_S = 300
TOKEN_LIFETIME_S = 3600
RENEW_BEFORE_S = 300
"""A token is renewed this long before it ends, so that no call starts with a dying one."""
CERTIFICATE_LIFETIME_DAYS = 730
RSA_BITS_MIN = 2048
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Connection:
    """How one tenant's NetSuite account is reached.

    Attributes:
        account_id: As NetSuite shows it, such as ``1234567`` or ``1234567_SB1``.
        client_id: Of the integration record.
        certificate_id: Of the certificate uploaded for client credentials.
        private_key_pem: RSA or EC key; never shown.
        sandbox_url: A sandbox on this machine, such as ``http://127.0.0.1:8088``; empty: NetSuite.
    """

    account_id: str
    client_id: str
    certificate_id: str
    private_key_pem: str = field(repr=False)
    sandbox_url: str = ""

    def __post_init__(self) -> None:
        if not ACCOUNT_PATTERN.fullmatch(self.account_id):
            raise ConfigurationError(
                f"{self.account_id!r} is not a NetSuite account id; use the one under Setup > "
                "Company > Company Information, such as 1234567 or 1234567_SB1"
            )
        if self.sandbox_url:
            _check_sandbox(self.sandbox_url)

    @property
    def base_url(self) -> str:
        """Scheme and host, without a slash at the end.

        Source: Oracle help, "REST Web Services URL Schema and Account-Specific URLs"; an
        underscore of the account id becomes a hyphen of the host (third-party clients).
        """
        if self.sandbox_url:
            return self.sandbox_url.rstrip("/")
        host = self.account_id.lower().replace("_", "-")
        return f"https://{host}.suitetalk.api.netsuite.com"


def account_kind(account_id: str) -> str:
    """Say what kind of account an id names."""
    if "_SB" in account_id:
        return "sandbox"
    if account_id.endswith("_RP"):
        return "release preview"
    return "test drive" if account_id.startswith("TSTDRV") else "production"


def _check_sandbox(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_local = (
            parts.scheme == "http"
            and parts.hostname in _LOOPBACK
            and parts.port != 0
            and not (parts.username or parts.password or parts.query or parts.fragment)
            and not parts.path.strip("/")
        )
    except ValueError:
        is_local = False
    if not is_local:
        raise ConfigurationError(
            f"{url!r} is not a sandbox on this machine; credentials go to NetSuite's own hosts or "
            "to http://127.0.0.1:PORT only. For NetSuite leave the sandbox address out: the host "
            "follows from the account id"
        )


class KeyPair(NamedTuple):
    """A new key pair.

    Attributes:
        certificate_pem: To upload in NetSuite (OAuth 2.0 Client Credentials Setup).
        public_key_pem: The same key without the certificate, for the sandbox.
    """

    private_key_pem: str
    certificate_pem: str
    public_key_pem: str

    def __repr__(self) -> str:
        return "KeyPair(...)"


def generate_key_pair(now: datetime, *, kind: str = "EC", name: str = "Drawdown") -> KeyPair:
    """Make a key pair and a certificate of two years, the longest that NetSuite takes.

    Args:
        now: Aware instant from which the certificate is valid.
        kind: ``EC`` (P-256, ES256) or ``RSA`` (3072 bits, PS256).
        name: Common name on the certificate.
    """
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if kind == "EC":
        key = ec.generate_private_key(ec.SECP256R1())
    elif kind == "RSA":
        key = rsa.generate_private_key(public_exponent=65537, key_size=3072)
    else:
        raise ConfigurationError(f"a key is of kind EC or RSA, not {kind!r}")
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=CERTIFICATE_LIFETIME_DAYS))
        .sign(key, hashes.SHA256())
    )
    return KeyPair(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
    )


class _Signer(NamedTuple):
    key: RSAKey | ECKey
    algorithm: str


def _signer(pem: str) -> _Signer:
    try:
        loaded = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise ConfigurationError(
            "the private key of the NetSuite connection cannot be read; give an RSA or EC key as "
            "PEM without a password"
        ) from error
    if isinstance(loaded, rsa.RSAPrivateKey) and loaded.key_size >= RSA_BITS_MIN:
        return _Signer(RSAKey.import_key(pem), "PS256")
    if isinstance(loaded, ec.EllipticCurvePrivateKey) and loaded.curve.name in _CURVES:
        return _Signer(ECKey.import_key(pem), _CURVES[loaded.curve.name])
    raise ConfigurationError(
        "NetSuite takes RSA keys of 2048 bits or more and EC keys on P-256, P-384 or P-521; "
        "make a new pair"
    )


class Tokens:
    """The access token of one connection: asked for when needed, kept, renewed before its end.

    Safe for use by several threads: one asks, the others wait for its token.

    Args:
        exchange: Sends a token request and returns the JSON object of the answer.
    """

    def __init__(
        self,
        connection: Connection,
        exchange: Callable[[Request], dict[str, object]],
        outside: Outside,
    ) -> None:
        self._connection = connection
        self._exchange = exchange
        self._clock = outside.now
        self._lock = outside.lock()
        self._signer = _signer(connection.private_key_pem)
        self._token = ""
        self._renew_at = 0.0

    def get(self) -> str:
        """Return a token that is good for some minutes at least."""
        with self._lock:
            if not self._token or self._clock() >= self._renew_at:
                self._renew()
            return self._token

    def renew(self, refused: str) -> str:
        """Return another token than the one NetSuite refused."""
        with self._lock:
            if self._token == refused:
                self._renew()
            return self._token

    def _renew(self) -> None:
        self._token = ""
        answer = self._exchange(self._request())
        token = answer.get("access_token")
        # Some samples show the lifetime as text.
        seconds = str(answer.get("expires_in") or TOKEN_LIFETIME_S)
        if not isinstance(token, str) or not token or not seconds.isdecimal():
            raise ErpUnavailableError("NetSuite's token endpoint answered without a token")
        lifetime = int(seconds)
        self._token = token
        self._renew_at = self._clock() + lifetime - min(RENEW_BEFORE_S, lifetime // 2)

    def _request(self) -> Request:
        now = int(self._clock())
        connection = self._connection
        claims = {
            "iss": connection.client_id,
            "scope": list(SCOPES),
            "aud": connection.base_url + TOKEN_PATH,
            "iat": now,
            "exp": now + ASSERTION_LIFETIME_S,
        }
        header = {"typ": "JWT", "alg": self._signer.algorithm, "kid": connection.certificate_id}
        assertion = jwt.encode(header, claims, self._signer.key, [self._signer.algorithm])
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        return Request(
            "POST",
            TOKEN_PATH,
            headers=(("Content-Type", "application/x-www-form-urlencoded"),),
            body=urlencode(form).encode(),
            is_read=True,
        )
