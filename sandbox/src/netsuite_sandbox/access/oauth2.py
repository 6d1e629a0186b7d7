"""OAuth 2.0 client credentials (machine to machine).

Source: "OAuth 2.0 Client Credentials Flow": a JWT signed PS256/384/512 or ES256/384/512, `kid` the
certificate id, `iss` the client id, `aud` the token URL, at most an hour to `exp`. No RS256.
"Certificate Conditions" (subsect_162755332391): lengths of keys, the life of a certificate, and
that each serves one combination of integration and role. A bare public key is taken too; it never
ends.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import Certificate, load_pem_x509_certificate
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import extract_compact

from netsuite_sandbox.company import Company
from netsuite_sandbox.errors import INVALID_LOGIN, NetSuiteError, invalid_request
from netsuite_sandbox.wire.http import Request, Response, plain_json

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 (a URL)
ALGORITHMS = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
REST = "rest_webservices"
SCOPES = frozenset({"restlets", REST, "suite_analytics"})
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
CERTIFICATES_MAX = 5  # Source: "OAuth 2.0 Client Credentials Flow".
_LIFETIME_MAX_S = 3600
_LIFE_MAX = timedelta(days=2 * 365)


class Tokens:
    """Integrations and access tokens of one account."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._live: dict[str, tuple[str, str, datetime, str]] = {}
        company.db.on_rollback(self._live.clear)

    def add_integration(
        self, public_key_pem: str, role: str, client_id: str = ""
    ) -> tuple[str, str]:
        """Register a certificate or public key; return client id and certificate id.

        A certificate that is there already stands for the integration and role that it serves.

        Args:
            client_id: Of an integration there is, for a further certificate; empty: a new one.
        """
        _load_key(public_key_pem, int(self._company.settings["rsa_key_bits"]))
        if "BEGIN CERTIFICATE" in public_key_pem:
            known = (
                "SELECT client_id, certificate_id, role FROM integration WHERE public_key_pem = ?"
            )
            served = self._company.db.one(known, (public_key_pem,))
            if served is not None:
                if served[2] == role and client_id in ("", served[0]):
                    return served[0], served[1]
                raise invalid_request(
                    "A certificate serves one combination of integration and role."
                )
        client, certificate = client_id or secrets.token_hex(32), secrets.token_urlsafe(32)
        count = "SELECT COUNT(*) FROM integration WHERE client_id = ?"
        if client_id and not 0 < self._company.db.value(count, (client_id,)) < CERTIFICATES_MAX:
            raise invalid_request("An integration that is there has up to five certificates.")
        with self._company.db.transaction():
            self._company.db.execute(
                "INSERT INTO integration VALUES (?, ?, ?, ?)",
                (client, certificate, public_key_pem, role),
            )
        return client, certificate

    def issue(self, client_id: str, role: str, scope: str) -> tuple[str, int]:
        """Create an access token; return it and its lifetime in seconds."""
        lifetime = int(self._company.settings["token_lifetime_s"])
        expires = self._company.clock.now() + timedelta(seconds=lifetime)
        token = secrets.token_urlsafe(48)
        with self._company.db.transaction():
            self._company.db.execute(
                "INSERT INTO token VALUES (?, ?, ?, ?, ?)",
                (token, client_id, role, scope, expires.isoformat()),
            )
        self._live[token] = (client_id, role, expires, scope)
        return token, lifetime

    def reload(self) -> None:
        """Drop what is cached of the store."""
        self._live.clear()

    def forget(self) -> None:
        """Invalidate every token."""
        with self._company.db.transaction():
            self._company.db.execute("DELETE FROM token")
        self._live.clear()

    def check(self, request: Request) -> str:
        """Return the role behind a request's bearer token; its scope must hold the REST services.

        Raises:
            NetSuiteError: 401 with WWW-Authenticate.
        """
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        found = self._find(token) if kind.lower() == "bearer" else None
        if found is None or found[2] <= self._company.clock.now() or REST not in found[3].split():
            raise unauthorized(self._company.account)
        return found[1]

    def _find(self, token: str) -> tuple[str, str, datetime, str] | None:
        found = self._live.get(token)
        if found is None:
            with self._company.db.lock:
                row = self._company.db.one("SELECT * FROM token WHERE token = ?", (token,))
            if row is None:
                return None
            expires = datetime.fromisoformat(row["expires_at"])
            found = self._live[token] = (row["client_id"], row["role"], expires, row["scope"])
        return found

    def token_request(self, request: Request) -> Response:
        """Answer POST on the token endpoint."""
        form = {k: v[0] for k, v in parse_qs(request.body.decode("utf-8", "replace")).items()}
        if form.get("grant_type") != "client_credentials":
            return _refused("unsupported_grant_type" if "grant_type" in form else "invalid_request")
        if form.get("client_assertion_type") != _ASSERTION_TYPE or "client_assertion" not in form:
            return _refused("invalid_request")
        try:
            client, role, scope = self._verify(form["client_assertion"], request)
        except _RefusedError as error:
            return _refused(error.code)
        token, lifetime = self.issue(client, role, scope)
        form = self._company.settings["token_expires_in"]
        shown = lifetime if form == "number" else str(lifetime)
        return plain_json({"access_token": token, "expires_in": shown, "token_type": "Bearer"})

    def _verify(self, assertion: str, request: Request) -> tuple[str, str, str]:
        header = _header(assertion)
        if header.get("alg") not in ALGORITHMS:
            raise _RefusedError("invalid_request")
        with self._company.db.lock:
            row = self._company.db.one(
                "SELECT * FROM integration WHERE certificate_id = ?", (header.get("kid"),)
            )
        if row is None:
            raise _RefusedError("invalid_client")
        certificate = _certificate(row["public_key_pem"])
        if certificate is not None and _end_of_life(certificate) < self._now():
            raise _RefusedError("invalid_grant")  # Which error it is is unsure.
        try:
            claims = jwt.decode(assertion, _load_key(row["public_key_pem"]), ALGORITHMS).claims
        except (JoseError, ValueError):
            raise _RefusedError("invalid_grant") from None
        if claims.get("iss") != row["client_id"]:
            raise _RefusedError("invalid_client")
        self._check_times(claims)
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        if not self._is_ours(audiences, request):
            raise _RefusedError("invalid_grant")
        return row["client_id"], row["role"], _scope(claims.get("scope"))

    def _now(self) -> float:
        """Real time, or the sandbox's clock when that was set to an earlier one."""
        return min(datetime.now(UTC).timestamp(), self._company.clock.now().timestamp())

    def _check_times(self, claims: dict[str, object]) -> None:
        issued, expires = claims.get("iat"), claims.get("exp")
        # Seconds with a fraction are dates too (RFC 7519); PyPI's netsuite-python sends them.
        numbers = (int, float)
        if not isinstance(issued, numbers) or not isinstance(expires, numbers):
            raise _RefusedError("invalid_grant")
        if not 0 < expires - issued <= _LIFETIME_MAX_S:
            raise _RefusedError("invalid_grant")
        if expires < self._now():
            raise _RefusedError("invalid_grant")

    def _is_ours(self, audiences: list[object], request: Request) -> bool:
        """Whether an assertion is meant for this account, by the setting token_audience."""
        ours = self._audiences(request)
        if set(audiences) & ours:
            return True
        check = self._company.settings["token_audience"]
        return check == "contains" and any(url in str(one) for url in ours for one in audiences)

    def _audiences(self, request: Request) -> set[str]:
        host = self._company.account.lower().replace("_", "-")
        return {
            request.base_url + TOKEN_PATH,
            f"https://{host}.suitetalk.api.netsuite.com{TOKEN_PATH}",
        }


class _RefusedError(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def _header(assertion: str) -> dict[str, object]:
    try:
        return dict(extract_compact(assertion.encode("ascii", "replace")).headers())
    except (JoseError, ValueError):
        raise _RefusedError("invalid_request") from None


def _scope(value: object) -> str:
    names = value if isinstance(value, list) else str(value or "").replace(",", " ").split()
    if not names or not set(names) <= SCOPES:
        raise _RefusedError("invalid_scope")
    return " ".join(names)


def _refused(code: str) -> Response:
    return plain_json({"error": code}, 401 if code == "invalid_client" else 400)


def _certificate(pem: str) -> Certificate | None:
    """The X.509 certificate of a PEM text; None if that is no certificate."""
    if "BEGIN CERTIFICATE" not in pem:
        return None
    try:
        return load_pem_x509_certificate(pem.encode("ascii", "replace"))
    except ValueError:
        raise invalid_request("public_key_pem is not a PEM certificate.") from None


def _end_of_life(certificate: Certificate) -> float:
    """Seconds at which a certificate ends: longer ones are shortened to two years.

    That the two years begin with the certificate is unsure.
    """
    longest = certificate.not_valid_before_utc + _LIFE_MAX
    return min(certificate.not_valid_after_utc, longest).timestamp()


def _load_key(pem: str, bits: int = 0) -> RSAKey | ECKey:
    certificate = _certificate(pem)
    try:
        key: object = (
            load_pem_public_key(pem.encode("ascii", "replace"))
            if certificate is None
            else certificate.public_key()
        )
    except ValueError:
        raise invalid_request("public_key_pem is not a PEM public key or certificate.") from None
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < bits:
            raise invalid_request(f"An RSA key has at least {bits} bits.")
        return RSAKey(key, key)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return ECKey(key, key)
    raise invalid_request("The key is neither RSA nor EC.")


def unauthorized(account: str) -> NetSuiteError:
    """401 as documented, with the WWW-Authenticate of a bad bearer token."""
    challenge = (
        f'Bearer realm="{account}", error="invalid_token", '
        'error_description="Invalid login attempt."'
    )
    return NetSuiteError(
        401, "INVALID_LOGIN", INVALID_LOGIN, headers={"www-authenticate": challenge}
    )
