"""Which account is reached, by which credentials. The host follows from the account id.

Sources: Oracle help, "REST Web Services URL Schema and Account-Specific URLs"; account ids in upper
case with an underscore, and as hosts in lower case with a hyphen, from third-party clients.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlsplit

from drawdown.core.errors import ConfigurationError

ACCOUNT_PATTERN = re.compile(r"(TSTDRV)?[0-9]{3,12}(_SB[0-9]{1,2}|_RP)?")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate uploaded for client credentials (OAuth 2.0), and its key.

    Attributes:
        certificate_id: As NetSuite shows it after the upload.
        private_key_pem: RSA or EC key; never shown.
        ends_at: End of the certificate, UTC; None where only the key is known.
    """

    certificate_id: str
    private_key_pem: str = field(repr=False)
    ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """OAuth 2.0 client credentials: an integration and its certificates.

    Attributes:
        client_id: Of the integration record.
        certificates: At least one. While certificates are rotated there are two; the first that
            NetSuite takes is used, so that the new one comes first and the old one still serves.
    """

    client_id: str
    certificates: tuple[Certificate, ...]


@dataclass(frozen=True, slots=True)
class TokenCredentials:
    """Token-based authentication (OAuth 1.0): the legacy way. Secrets are never shown."""

    consumer_key: str
    consumer_secret: str = field(repr=False)
    token_id: str
    token_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Connection:
    """How one tenant's NetSuite account is reached.

    Attributes:
        account_id: As NetSuite shows it, such as ``1234567`` or ``1234567_SB1``; the host form
            ``1234567-sb1`` is taken too.
        sandbox_url: A sandbox on this machine, such as ``http://127.0.0.1:8088``; empty: NetSuite.
    """

    account_id: str
    credentials: ClientCredentials | TokenCredentials
    sandbox_url: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "account_id", checked_account_id(self.account_id))
        if self.sandbox_url:
            _check_sandbox(self.sandbox_url)

    @property
    def base_url(self) -> str:
        """Scheme and host, without a slash at the end."""
        if self.sandbox_url:
            return self.sandbox_url.rstrip("/")
        host = self.account_id.lower().replace("_", "-")
        return f"https://{host}.suitetalk.api.netsuite.com"

    @property
    def kind(self) -> str:
        """What kind of account it is, in words."""
        if self.sandbox_url:
            return "local sandbox"
        if "_SB" in self.account_id:
            return "sandbox"
        if self.account_id.endswith("_RP"):
            return "release preview"
        return "test drive" if self.account_id.startswith("TSTDRV") else "production"


def checked_account_id(text: str) -> str:
    """Return an account id in NetSuite's own spelling: upper case, with an underscore.

    Raises:
        ConfigurationError: It is none; nothing else may become part of a host name.
    """
    account_id = text.upper().replace("-", "_") if text.isascii() else text
    if not ACCOUNT_PATTERN.fullmatch(account_id):
        raise ConfigurationError(
            f"{text!r} is not a NetSuite account id; use the one under Setup > Company > Company "
            "Information, such as 1234567 or 1234567_SB1"
        )
    return account_id


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
