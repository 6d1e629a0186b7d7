"""The table ``[tenants.NAME.netsuite]`` of the configuration file, read and written.

[tenants.acme.netsuite]
account_id = "1234567"
client_id = "..."
certificate_id = "..."
private_key_file = "netsuite.pem"        # relative to the configuration file

[tenants.acme.netsuite.mapping]
subsidiary = "Acme Inc."
revenue_rule = "Default Usage"
plans_on = "Revenue Arrangement Creation"
accounts = { prepayment_clearing = "1290", prepaid_credits_liability = "2310" }
items."@prepaid" = { name = "Prepaid Credits" }
items.input_tokens = { name = "Input Tokens", deferred = "2331", revenue = "4311" }
default_items.tax = { name = "Tax" }
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from drawdown.core.accounts import Account, account
from drawdown.core.errors import ConfigurationError
from drawdown.core.events import LineKind
from drawdown.core.policy import Policy
from drawdown.erp.netsuite.auth import Connection
from drawdown.erp.netsuite.gateway import NetSuite
from drawdown.erp.netsuite.mapping import Item, Mapping
from drawdown.erp.netsuite.transport import new_client


class _Item(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    name: str
    deferred: str = ""
    revenue: str = ""


class _Mapping(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    subsidiary: str = ""
    revenue_rule: str = ""
    plans_on: str = ""
    accounts: dict[str, str] = msgspec.field(default_factory=dict)
    items: dict[str, _Item] = msgspec.field(default_factory=dict)
    default_items: dict[LineKind, _Item] = msgspec.field(default_factory=dict)


class _Table(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    account_id: str
    client_id: str
    certificate_id: str
    private_key_file: str
    mapping: _Mapping
    sandbox_url: str = ""


def connect(table: dict[str, Any], _policy: Policy, base: Path | None) -> NetSuite:
    """Connect the account that a configuration table describes. Nothing is sent yet.

    Args:
        table: As read from TOML.
        base: Folder that a relative `private_key_file` starts from.

    Raises:
        ConfigurationError: A key is missing, unknown or wrong, or the private key cannot be read.
    """
    try:
        settings = msgspec.convert(table, _Table)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"the netsuite table of the configuration: {error}") from error
    path = (base or Path()) / settings.private_key_file
    try:
        pem = path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"the private key file {path} cannot be read ({type(error).__name__}); set "
            "private_key_file of the netsuite table"
        ) from error
    connection = Connection(
        settings.account_id,
        settings.client_id,
        settings.certificate_id,
        pem,
        settings.sandbox_url,
    )
    return NetSuite(connection, _to_mapping(settings.mapping), new_client())


def mapping_table(mapping: Mapping) -> dict[str, Any]:
    """Return a mapping as the table ``mapping`` of the configuration, to be written as TOML."""
    table: dict[str, Any] = msgspec.to_builtins(
        _Mapping(
            subsidiary=mapping.subsidiary,
            revenue_rule=mapping.revenue_rule,
            plans_on=mapping.plans_on,
            accounts={role.value: number for role, number in mapping.accounts.items()},
            items={key: _from_item(item) for key, item in mapping.items.items()},
            default_items={kind: _from_item(item) for kind, item in mapping.default_items.items()},
        )
    )
    return table


def _to_mapping(table: _Mapping) -> Mapping:
    accounts: dict[Account, str] = {}
    for name, number in table.accounts.items():
        try:
            accounts[account(name)] = number
        except ValueError as error:
            raise ConfigurationError(
                f"accounts.{name} of the netsuite mapping: there is no such account role; "
                "`drawdown rules` prints those there are"
            ) from error
    return Mapping(
        table.subsidiary,
        accounts,
        {key: _to_item(item) for key, item in table.items.items()},
        {kind: _to_item(item) for kind, item in table.default_items.items()},
        table.revenue_rule,
        table.plans_on,
    )


def _to_item(item: _Item) -> Item:
    return Item(item.name, item.deferred, item.revenue)


def _from_item(item: Item) -> _Item:
    return _Item(name=item.name, deferred=item.deferred, revenue=item.revenue)
