"""Token-based authentication: requests signed by OAuth 1.0 with HMAC-SHA256. The legacy way.

Signed with the standard library: the signature is thirty lines and fixed by Oracle's own example.
Sources: Oracle help, "The Authorization Headers", "The
Signature": base string METHOD&url&sorted parameters (the query among them, the realm not); a
timestamp within five minutes of NetSuite's clock; a nonce of six characters or more, used once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable
from urllib.parse import quote

from drawdown.erp.netsuite.connection import TokenCredentials

LEGACY = (
    "this connection uses token-based authentication, which Oracle phases out: no new integrations "
    "from NetSuite 2027.1, and an end announced for 2028. Move to OAuth 2.0: `drawdown connection "
    "new-certificate`"
)


def signature(
    credentials: TokenCredentials, method: str, url: str, parameters: Iterable[tuple[str, str]]
) -> str:
    """Sign a request.

    Args:
        url: Scheme, host and path as they are sent, without query.
        parameters: Query and ``oauth_*`` parameters, not encoded, without realm and signature.

    Returns:
        The signature, Base64.
    """
    pairs = sorted((_escape(name), _escape(value)) for name, value in parameters)
    listed = "&".join(f"{name}={value}" for name, value in pairs)
    base = "&".join((method.upper(), _escape(url), _escape(listed)))
    key = f"{_escape(credentials.consumer_secret)}&{_escape(credentials.token_secret)}"
    digest = hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode("ascii")


def authorization(
    credentials: TokenCredentials,
    realm: str,
    request: tuple[str, str, Iterable[tuple[str, str]]],
    *,
    timestamp: int,
    nonce: str,
) -> str:
    """Return the value of the Authorization header.

    Args:
        realm: The account id, upper case with an underscore.
        request: Method, URL without query, query.
        timestamp: Seconds since the epoch, by NetSuite's clock.
        nonce: Never used before with this timestamp.
    """
    method, url, query = request
    own = {
        "oauth_consumer_key": credentials.consumer_key,
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA256",
        "oauth_timestamp": str(timestamp),
        "oauth_token": credentials.token_id,
        "oauth_version": "1.0",
    }
    signed = signature(credentials, method, url, [*query, *own.items()])
    shown = {"realm": realm, **own, "oauth_signature": signed}
    return "OAuth " + ", ".join(f'{name}="{_escape(value)}"' for name, value in shown.items())


def _escape(text: str) -> str:
    return quote(text, safe="-._~")
