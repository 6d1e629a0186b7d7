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
from drawdown.erp.netsuite.auth import Connection
from drawdown.erp.netsuite.gateway import NetSuite
from drawdown.erp.netsuite.mapping import Item, Mapping
from drawdown.erp.netsuite.outside import Threads, new_client

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


class Settings(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """The whole table; `sandbox_url` only for a sandbox on this machine."""

    account: str
    client_id: str
    certificate_id: str
    private_key_file: str
    mapping: MappingTable
    sandbox_url: str = ""


def read_settings(table: Map[str, Any]) -> Settings:
    """Check the table.

    Raises:
        ConfigurationError: A key is missing, unknown or of the wrong type.
    """
    try:
        return msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"netsuite settings: {error}; {_DOCS}") from error


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
    with new_client() as client:
        yield NetSuite(to_connection(settings, base), to_mapping(settings.mapping), Threads(client))


def connection_id(table: Map[str, Any]) -> str:
    """Return the name of the account of a table: one for all tenants that share the account.

    Raises:
        ConfigurationError: The settings are wrong.
    """
    settings = read_settings(table)
    where = f"@{settings.sandbox_url}" if settings.sandbox_url else ""
    return f"netsuite:{settings.account}{where}"


def to_connection(settings: Settings, base: Path | None) -> Connection:
    """Read the key and make the connection.

    Raises:
        ConfigurationError: The key file cannot be read.
    """
    path = (base or Path()) / settings.private_key_file
    try:
        key = path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the private key {path} cannot be read: {error}; set private_key_file to the PEM file "
            "whose certificate is in NetSuite"
        ) from error
    return Connection(
        settings.account, settings.client_id, settings.certificate_id, key, settings.sandbox_url
    )


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
