"""Token-based authentication: OAuth 1.0a with HMAC-SHA256.

Source: "The Authorization Headers", "The Signature": base string METHOD&url&sorted parameters
(query included, realm left out), key consumer secret & token secret; timestamp within five minutes,
a nonce of at least six characters used once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from urllib.parse import quote, unquote

from netsuite_sandbox.company import Company
from netsuite_sandbox.errors import INVALID_LOGIN, NetSuiteError
from netsuite_sandbox.store.database import Row
from netsuite_sandbox.whole import whole
from netsuite_sandbox.wire.http import Request

_PARAMETER = re.compile(r'(\w+)="([^"]*)"')
_TOLERANCE_S = 300
_NONCE_CHARACTERS_MIN = 6
_NONCES_MAX = 100_000
# Source: "The Authorization Headers" and the login audit trail: five failures lock for 30 minutes.
_FAILURES_MAX, _LOCKED_S = 5, 1800


def _escape(text: str) -> str:
    return quote(text, safe="-._~")


def signature(
    method: str, url: str, parameters: Iterable[tuple[str, str]], secrets_: tuple[str, str]
) -> str:
    """Return the signature of a request.

    Args:
        url: Without query.
        parameters: Query and oauth_* parameters, decoded, without realm and oauth_signature.
        secrets_: Consumer secret and token secret.
    """
    pairs = sorted((_escape(k), _escape(v)) for k, v in parameters)
    text = "&".join(f"{k}={v}" for k, v in pairs)
    base = f"{method.upper()}&{_escape(url)}&{_escape(text)}"
    key = f"{_escape(secrets_[0])}&{_escape(secrets_[1])}"
    digest = hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode("ascii")


class TokenBased:
    """Consumers and tokens of one account."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._nonces: dict[str, None] = {}
        self._failures: dict[str, list[float]] = {}

    def add(self, role: str) -> dict[str, str]:
        """Create an integration with a token; return its four secrets."""
        names = ("consumer_key", "consumer_secret", "token_id", "token_secret")
        made = {name: secrets.token_hex(32) for name in names}
        with self._company.db.transaction():
            self._company.db.execute(
                "INSERT INTO tba VALUES (?, ?, ?, ?, ?)",
                (made["token_id"], made["token_secret"], made["consumer_key"],
                 made["consumer_secret"], role),
            )  # fmt: skip
        return made

    def forget(self) -> None:
        """Drop all tokens, as a refresh does."""
        with self._company.db.transaction():
            self._company.db.execute("DELETE FROM tba")
        self._failures.clear()

    def check(self, request: Request) -> str:
        """Return the role behind a signed request.

        Raises:
            NetSuiteError: 401 INVALID_LOGIN; the header says why as the audit trail would.
        """
        header = request.headers.get("authorization", "")
        given = {key: unquote(value) for key, value in _PARAMETER.findall(header)}
        with self._company.db.lock:
            row = self._company.db.one(
                "SELECT * FROM tba WHERE token_id = ?", (given.get("oauth_token", ""),)
            )
        if row is None:
            raise self._refused("token_rejected")
        self._check_lock(row["token_id"])
        try:
            self._check(request, given, row)
        except NetSuiteError:
            self._failures.setdefault(row["token_id"], []).append(self._now())
            raise
        self._failures.pop(row["token_id"], None)
        self._nonces[given["oauth_nonce"]] = None
        role: str = row["role"]
        return role

    def _now(self) -> float:
        return self._company.clock.now().timestamp()

    def _check_lock(self, token: str) -> None:
        """Refuse a token that failed too often, whatever it sends now."""
        failures = self._failures.get(token, [])
        if len(failures) < _FAILURES_MAX:
            return
        if self._now() - failures[-1] < _LOCKED_S:
            raise self._refused("temporary_locked")
        del self._failures[token]

    def _check(self, request: Request, given: dict[str, str], row: Row) -> None:
        if row["consumer_key"] != given.get("oauth_consumer_key"):
            raise self._refused("consumer_key_unknown")
        if given.get("oauth_version", "1.0") != "1.0":
            raise self._refused("VersionRejected")
        if given.get("realm", "").upper() != self._company.account.upper():
            raise self._refused("InvalidRealm")
        if given.get("oauth_signature_method") != "HMAC-SHA256":
            raise self._refused("UnknownAlgorithm")
        self._check_freshness(given)
        signed = [(k, v) for k, v in given.items() if k not in ("realm", "oauth_signature")]
        expected = signature(
            request.method, request.base_url + request.path, [*signed, *request.query],
            (row["consumer_secret"], row["token_secret"]),
        )  # fmt: skip
        if not hmac.compare_digest(expected, given.get("oauth_signature", "")):
            raise self._refused("InvalidSignature")

    def _check_freshness(self, given: dict[str, str]) -> None:
        stamp = whole(given.get("oauth_timestamp", ""))
        now = self._now()
        if stamp is None or abs(stamp - now) > _TOLERANCE_S:
            raise self._refused("InvalidTimestamp")
        nonce = given.get("oauth_nonce", "")
        if len(nonce) < _NONCE_CHARACTERS_MIN or nonce in self._nonces:
            raise self._refused("NonceUsed")
        if len(self._nonces) > _NONCES_MAX:
            self._nonces.clear()

    def _refused(self, reason: str) -> NetSuiteError:
        challenge = (
            f'OAuth realm="{self._company.account}", error="{reason}", '
            'error_description="Invalid login attempt."'
        )
        return NetSuiteError(
            401, "INVALID_LOGIN", INVALID_LOGIN, headers={"www-authenticate": challenge}
        )
