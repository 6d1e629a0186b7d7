"""A connection as the configuration file has it: ``[tenants.NAME.netsuite]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping as Map
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from drawdown.core.accounts import Account, account
from drawdown.core.errors import ConfigurationError
from drawdown.core.events import LineKind
from drawdown.erp.netsuite.client import Client
from drawdown.erp.netsuite.connection import (
    Certificate,
    ClientCredentials,
    Connection,
    TokenCredentials,
)
from drawdown.erp.netsuite.gateway import NetSuite
from drawdown.erp.netsuite.keys import certificate_end
from drawdown.erp.netsuite.mapping import Item, Mapping
from drawdown.erp.netsuite.outside import Threads

CERTIFICATE_SUFFIX = ".cert.pem"
_DOCS = "see docs/configuration.md"


class ItemTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """One item; account numbers are optional."""

    name: str
    deferred: str = ""
    revenue: str = ""


class MappingTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Which accounts and items ours are; keys of `accounts` are roles, of `items` billing items."""

    subsidiary: str = ""
    accounts: dict[str, str]
    items: dict[str, ItemTable]
    default_items: dict[LineKind, ItemTable] = msgspec.field(default_factory=dict)
    revenue_rule: str = ""
    plans_on: str = ""


class CertificateTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A further certificate of client credentials; see `Settings` for its keys."""

    certificate_id: str
    private_key_file: str
    certificate_file: str = ""


class TokenTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """Token-based authentication (legacy); each secret stands alone in a file of its own."""

    consumer_key: str
    consumer_secret_file: str
    token_id: str
    token_secret_file: str


class Settings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """The whole table.

    Attributes:
        certificate_file: What was uploaded to NetSuite, for its end; left out: ``NAME.cert.pem``
            beside the key file ``NAME.pem``, if it is there.
        next: The certificate that follows, while both are valid.
        token: Instead of client id and certificate.
        proxy: URL of a proxy; those of the environment are never taken.
        sandbox_url: Only for a sandbox on this machine.
    """

    account: str
    mapping: MappingTable
    client_id: str = ""
    certificate_id: str = ""
    private_key_file: str = ""
    certificate_file: str = ""
    next: CertificateTable | None = None
    token: TokenTable | None = None
    proxy: str = ""
    sandbox_url: str = ""


def read_settings(table: Map[str, Any]) -> Settings:
    """Check the table.

    Raises:
        ConfigurationError: A key is missing, unknown or of the wrong type.
    """
    try:
        settings = msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"netsuite settings: {error}; {_DOCS}") from error
    own = (settings.client_id, settings.certificate_id, settings.private_key_file)
    if settings.token is None and not all(own):
        raise ConfigurationError(
            "netsuite settings: client_id, certificate_id and private_key_file are required (or a "
            f"table token, for token-based authentication); {_DOCS}"
        )
    if settings.token is not None and (any(own) or settings.next is not None):
        raise ConfigurationError(
            "netsuite settings: a connection has either a certificate or a table token, not both; "
            f"{_DOCS}"
        )
    return settings


@contextmanager
def connect(table: Map[str, Any], base: Path | None) -> Iterator[NetSuite]:
    """Connect one tenant's account.

    Args:
        table: As read from the configuration file.
        base: Folder that a relative key file starts from; None: the current one.

    Raises:
        ConfigurationError: The settings are wrong or the key cannot be read.
    """
    settings = read_settings(table)
    with Client(settings.proxy) as client:
        outside = Threads(client.exchange)
        yield NetSuite(to_connection(settings, base), to_mapping(settings.mapping), outside)


def connection_id(table: Map[str, Any]) -> str:
    """Return the name of the account of a table: one for all tenants that share the account.

    Raises:
        ConfigurationError: The settings are wrong.
    """
    settings = read_settings(table)
    where = f"@{settings.sandbox_url}" if settings.sandbox_url else ""
    return f"netsuite:{settings.account}{where}"


def to_connection(settings: Settings, base: Path | None) -> Connection:
    """Read keys and secrets and make the connection.

    Raises:
        ConfigurationError: A file cannot be read.
    """
    folder = base or Path()
    if settings.token is not None:
        token = settings.token
        credentials: ClientCredentials | TokenCredentials = TokenCredentials(
            token.consumer_key,
            _secret(folder / token.consumer_secret_file),
            token.token_id,
            _secret(folder / token.token_secret_file),
        )
    else:
        tables = [] if settings.next is None else [settings.next]
        tables.append(
            CertificateTable(
                certificate_id=settings.certificate_id,
                private_key_file=settings.private_key_file,
                certificate_file=settings.certificate_file,
            )
        )
        certificates = tuple(_certificate(table, folder) for table in tables)
        credentials = ClientCredentials(settings.client_id, certificates)
    return Connection(settings.account, credentials, settings.sandbox_url)


def _certificate(table: CertificateTable, folder: Path) -> Certificate:
    path = folder / table.private_key_file
    key = _read(path, "the private key", "set private_key_file to the PEM file whose certificate is"
                " in NetSuite")  # fmt: skip
    beside = path.with_suffix(CERTIFICATE_SUFFIX)
    ends_at = None
    if table.certificate_file or beside.exists():
        pem = _read(
            folder / table.certificate_file if table.certificate_file else beside,
            "the certificate",
            "set certificate_file to the PEM file that was uploaded to NetSuite",
        )
        ends_at = certificate_end(pem, key)
    return Certificate(table.certificate_id, key, ends_at)


def _secret(path: Path) -> str:
    secret = _read(
        path, "the secret", "the file holds the secret that NetSuite showed once"
    ).strip()
    if not secret or not secret.isprintable():
        raise ConfigurationError(f"the file {path} holds no secret on one line; {_DOCS}")
    return secret


def _read(path: Path, what: str, remedy: str) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        # Never with its content: the error of a decoding shows the bytes.
        reason = error.strerror if isinstance(error, OSError) else "it is not ASCII text"
        raise ConfigurationError(f"{what} {path} cannot be read: {reason}; {remedy}") from None


def to_mapping(table: MappingTable) -> Mapping:
    """Turn the table into a mapping.

    Raises:
        ConfigurationError: A role does not exist, or two share an account.
    """
    return Mapping(
        table.subsidiary,
        {_account(name): number for name, number in table.accounts.items()},
        {item_id: _item(item) for item_id, item in table.items.items()},
        {kind: _item(item) for kind, item in table.default_items.items()},
        revenue_rule=table.revenue_rule,
        plans_on=table.plans_on,
    )


def _account(name: str) -> Account:
    try:
        return account(name)
    except ValueError as error:
        raise ConfigurationError(
            f"netsuite settings: mapping.accounts.{name} is no account role; {_DOCS}"
        ) from error


def _item(table: ItemTable) -> Item:
    return Item(table.name, table.deferred, table.revenue)


def to_table(settings: Settings) -> dict[str, Any]:
    """Write settings back as a table for the configuration file."""
    table: dict[str, Any] = msgspec.to_builtins(settings)
    return table


def mapping_table(mapping: Mapping) -> MappingTable:
    """Write a mapping back as a table."""

    def item(one: Item) -> ItemTable:
        return ItemTable(name=one.name, deferred=one.deferred, revenue=one.revenue)

    return MappingTable(
        subsidiary=mapping.subsidiary,
        accounts={key.value: number for key, number in mapping.accounts.items()},
        items={item_id: item(one) for item_id, one in mapping.items.items()},
        default_items={kind: item(one) for kind, one in mapping.default_items.items()},
        revenue_rule=mapping.revenue_rule,
        plans_on=mapping.plans_on,
    )
