"""Proves to NetSuite who we are: an Authorization header for each request.

OAuth 2.0 client credentials by default: a signed assertion is exchanged for a token of an hour, and
there is no refresh token. Token-based authentication signs each request instead. Nothing here keeps
or shows a secret longer than it must.

Source: Oracle help, "OAuth 2.0 Client Credentials Flow", "The Authorization Headers".
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import urlencode

from joserfc import jwt

from drawdown.core.errors import ErpAccessError, ErpUnavailableError
from drawdown.erp.netsuite import keys, oauth1
from drawdown.erp.netsuite.connection import (
    Certificate,
    ClientCredentials,
    Connection,
    TokenCredentials,
)
from drawdown.erp.netsuite.outside import Outside
from drawdown.erp.netsuite.wire import TOKEN_PATH, Request

SCOPES = ("rest_webservices",)
ASSERTION_LIFETIME_S = 300
TOKEN_LIFETIME_S = 3600
RENEW_BEFORE_S = 300
"""A token is renewed this long before it ends, so that no call starts with a dying one."""
SKEW_TOLERATED_S = 60
"""A clock that differs by less is left alone; NetSuite takes five minutes."""
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

Exchange = Callable[[Request], dict[str, object]]


class Access(Protocol):
    """Signs requests of one connection. Safe for several threads."""

    def header(self, request: Request) -> str:
        """Return the Authorization header of a request."""
        ...

    def refused(self, header: str) -> None:
        """Take note that NetSuite refused a header, so that the next one is another."""
        ...


class Clock:
    """This machine's clock, corrected once NetSuite's own is known to differ.

    Attributes:
        skew_s: Seconds that NetSuite's clock is ahead of ours.
    """

    def __init__(self, outside: Outside) -> None:
        self._outside = outside
        self.skew_s = 0

    def now(self) -> float:
        """Return seconds since the epoch, by NetSuite's clock as far as it is known."""
        return self._outside.now() + self.skew_s

    def learn(self, date_header: str) -> None:
        """Compare with the Date of a response that refused us."""
        try:
            theirs = parsedate_to_datetime(date_header).timestamp()
        except (ValueError, TypeError, OverflowError):
            return
        skew = round(theirs - self._outside.now())
        self.skew_s = skew if abs(skew) > SKEW_TOLERATED_S else 0


def access_of(connection: Connection, exchange: Exchange, outside: Outside, clock: Clock) -> Access:
    """Return what signs the requests of a connection."""
    match connection.credentials:
        case ClientCredentials() as credentials:
            return Tokens(connection, credentials, exchange, outside, clock)
        case TokenCredentials() as credentials:
            return Signed(connection, credentials, outside, clock)


class Signed:
    """Token-based authentication: every request is signed by itself, with a nonce of its own."""

    def __init__(
        self,
        connection: Connection,
        credentials: TokenCredentials,
        outside: Outside,
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._credentials = credentials
        self._outside = outside
        self._clock = clock

    def header(self, request: Request) -> str:
        """Sign a request, now."""
        url = self._connection.base_url + request.path
        chances = (int(self._outside.chance() * 2**52) for _ in range(2))
        return oauth1.authorization(
            self._credentials,
            self._connection.account_id,
            (request.method, url, request.query),
            timestamp=int(self._clock.now()),
            nonce="".join(f"{chance:013x}" for chance in chances),
        )

    def refused(self, header: str) -> None:
        """Nothing is kept: the next signature has another nonce and a corrected timestamp."""


class Tokens:
    """The access token of one connection: asked for when needed, kept, renewed before its end.

    One asks, the others wait for its token. Of several certificates the first that NetSuite takes
    is used; one that it refuses is passed over until all have been.

    Args:
        exchange: Sends a token request and returns the JSON object of the answer.
    """

    def __init__(
        self,
        connection: Connection,
        credentials: ClientCredentials,
        exchange: Exchange,
        outside: Outside,
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._client_id = credentials.client_id
        self._exchange = exchange
        self._clock = clock
        self._lock = outside.lock()
        self._signers = [
            (one, keys.signer(one.private_key_pem)) for one in credentials.certificates
        ]
        self._token = ""
        self._renew_at = 0.0

    def header(self, request: Request) -> str:  # noqa: ARG002 - a bearer token signs no request
        """Return a token that is good for some minutes at least."""
        with self._lock:
            if not self._token or self._clock.now() >= self._renew_at:
                self._renew()
            return f"Bearer {self._token}"

    def refused(self, header: str) -> None:
        """Drop the token that NetSuite refused, unless another has taken its place."""
        with self._lock:
            if header == f"Bearer {self._token}":
                self._token = ""

    def _renew(self) -> None:
        self._token = ""
        refusal: ErpAccessError | None = None
        for certificate, signer in self._signers:
            try:
                answer = self._ask(certificate, signer)
            except ErpAccessError as error:
                refusal = refusal or error
                continue
            self._keep(answer)
            return
        assert refusal is not None
        raise refusal

    def _ask(self, certificate: Certificate, signer: keys.Signer) -> dict[str, object]:
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        if certificate.ends_at is not None and certificate.ends_at <= now:
            raise ErpAccessError(keys.ends_soon(certificate.ends_at, now), code="CERTIFICATE_ENDED")
        skew_s = self._clock.skew_s
        try:
            return self._exchange(self._request(certificate, signer))
        except ErpAccessError:
            if self._clock.skew_s == skew_s:
                raise
            # The refusal taught us NetSuite's clock, by which this assertion is a new one.
            return self._exchange(self._request(certificate, signer))

    def _keep(self, answer: dict[str, object]) -> None:
        token = answer.get("access_token")
        # Some samples show the lifetime as text.
        seconds = str(answer.get("expires_in") or TOKEN_LIFETIME_S)
        is_token = isinstance(token, str) and token.isascii() and token.isprintable()
        if not is_token or not token or not seconds.isdecimal() or len(seconds) > 9:
            raise ErpUnavailableError("NetSuite's token endpoint answered without a token")
        lifetime = int(seconds)
        self._token = str(token)
        self._renew_at = self._clock.now() + lifetime - min(RENEW_BEFORE_S, lifetime // 2)

    def _request(self, certificate: Certificate, signer: keys.Signer) -> Request:
        now = int(self._clock.now())
        claims = {
            "iss": self._client_id,
            "scope": list(SCOPES),
            "aud": self._connection.base_url + TOKEN_PATH,
            "iat": now,
            "exp": now + ASSERTION_LIFETIME_S,
        }
        header = {"typ": "JWT", "alg": signer.algorithm, "kid": certificate.certificate_id}
        assertion = jwt.encode(header, claims, signer.key, [signer.algorithm])
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
