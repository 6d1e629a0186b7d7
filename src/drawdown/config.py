"""The configuration: one TOML file with the tenants, their policies and connections.

Found at ``--config``, ``$DRAWDOWN_CONFIG``, ``./drawdown.toml``, then in the data folder. Unknown
keys are refused, so a typing error cannot pass for a default.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from drawdown.core.allocation import DRAWDOWN_ORDER
from drawdown.core.errors import ConfigurationError
from drawdown.core.policy import (
    ClosedPeriod,
    DepositAccount,
    Documents,
    DrawdownDocument,
    Journals,
    Overdraw,
    Policy,
    PrepaidItem,
    PurchaseTrigger,
)
from drawdown.store.embedded import default_data_dir

FILE_NAME = "drawdown.toml"
SANDBOX_FILE_NAME = "sandbox.toml"
"""Written by ``drawdown sandbox``; used when nothing else is configured."""


class PolicyTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The table ``[tenants.NAME.policy]``; every key is optional."""

    drawdown_document: DrawdownDocument = DrawdownDocument.USAGE_INVOICE
    purchase_trigger: PurchaseTrigger = PurchaseTrigger.INVOICE
    prepaid_item: PrepaidItem = PrepaidItem.DEFERRED
    deposit_account: DepositAccount = DepositAccount.UNDEPOSITED_FUNDS
    journals: Journals = Journals.PER_DOCUMENT
    documents: Documents = Documents.OURS
    overdraw: Overdraw = Overdraw.REFUSE
    closed_period: ClosedPeriod = ClosedPeriod.FIRST_OPEN_DAY
    drawdown_order: tuple[str, ...] = Policy().drawdown_order
    time_zone: str = "UTC"


class TenantTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The table ``[tenants.NAME]``; `netsuite` is the ERP adapter's own business."""

    policy: PolicyTable = msgspec.field(default_factory=PolicyTable)
    netsuite: dict[str, Any] | None = None


class DeliveryTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The table ``[delivery]``; every key is optional.

    Attributes:
        lease_s: Seconds after which another worker takes over from one that is not heard of.
        reserve: Calls at once that each ERP account keeps for others, out of its limit.
    """

    lease_s: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 30
    reserve: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 1


class LogTable(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The table ``[log]``; every key is optional.

    Attributes:
        format: ``off``: workers tell people what they must know; ``json`` or ``console``: one line
            an event.
    """

    format: Literal["off", "json", "console"] = "off"
    level: Literal["debug", "info", "warning"] = "info"


_Table = TypeVar("_Table", bound=msgspec.Struct)


class _File(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    tenant: str = ""
    data: str = ""
    delivery: DeliveryTable = msgspec.field(default_factory=DeliveryTable)
    log: LogTable = msgspec.field(default_factory=LogTable)
    tenants: dict[str, dict[str, Any]] = msgspec.field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Config:
    """The configuration as read.

    Attributes:
        source: The file it came from; None: built-in defaults.
        data: Folder of the bundled database and the sandbox.
        tenant_id: The tenant that commands work on unless told otherwise.
    """

    source: Path | None
    data: Path
    tenant_id: str
    tenants: dict[str, TenantTable] = field(default_factory=dict)
    delivery: DeliveryTable = field(default_factory=DeliveryTable)
    log: LogTable = field(default_factory=LogTable)

    def tenant(self, tenant_id: str) -> TenantTable:
        """Return a tenant's table.

        Raises:
            ConfigurationError: The file has tenants, but not this one.
        """
        if not self.tenants:
            return TenantTable()
        if tenant_id not in self.tenants:
            raise ConfigurationError(
                f"tenant {tenant_id!r} is not in {self.source}; it has "
                f"{', '.join(sorted(self.tenants))}: choose one with --tenant"
            )
        return self.tenants[tenant_id]


def data_folder() -> Path:
    """Return the folder for everything that is kept between commands."""
    return default_data_dir().parent


def load_config(path: Path | None = None) -> Config:
    """Read the configuration.

    Args:
        path: The file; None: the first that exists of the usual places, else defaults.

    Raises:
        ConfigurationError: The file is missing, not TOML, or has keys or values we do not know.
    """
    named = path or (
        Path(os.environ["DRAWDOWN_CONFIG"]) if os.environ.get("DRAWDOWN_CONFIG") else None
    )
    if named is not None and not named.is_file():
        raise ConfigurationError(f"the configuration file {named} does not exist")
    folder = data_folder()
    candidates = [Path(FILE_NAME), folder / FILE_NAME, folder / SANDBOX_FILE_NAME]
    found = named or next((file for file in candidates if file.is_file()), None)
    if found is None:
        return Config(None, folder, "default")
    return _read(found, folder)


def _read(path: Path, folder: Path) -> Config:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} is not valid TOML: {error}") from error
    file = _convert(content, _File, path, "")
    tenants = {
        name: _convert(table, TenantTable, path, f"tenants.{name}.")
        for name, table in file.tenants.items()
    }
    default = file.tenant or next(iter(tenants), "default")
    data = Path(file.data).expanduser() if file.data else folder
    for name, table in tenants.items():
        to_policy(table.policy, f"{path}: tenants.{name}.policy")
    return Config(path, data, default, tenants, file.delivery, file.log)


def _convert(content: Any, kind: type[_Table], path: Path, where: str) -> _Table:
    try:
        return msgspec.convert(content, kind)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$.")
        key = place.rstrip("`")
        choices = _choices(kind, key)
        raise ConfigurationError(
            f"{path}: {said}{f' - at `{where}{key}`' if key else ''}"
            f"{f'; choose from {choices}' if choices else ''}; see docs/configuration.md"
        ) from error


def _choices(kind: Any, key: str) -> str:
    """Return the values that a key takes; empty: it is not one of choices, or not known."""
    for name in key.split("."):
        if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct)):
            return ""
        kind = {field.name: field.type for field in msgspec.structs.fields(kind)}.get(name)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return ", ".join(kind)
    return ", ".join(get_args(kind)) if get_origin(kind) is Literal else ""


def to_policy(table: PolicyTable, where: str = "policy") -> Policy:
    """Turn the table into a policy.

    Raises:
        ConfigurationError: The time zone or a key of the drawdown order does not exist.
    """
    unknown = [name for name in table.drawdown_order if name not in DRAWDOWN_ORDER]
    if unknown or not table.drawdown_order:
        raise ConfigurationError(
            f"{where}.drawdown_order: {', '.join(unknown) or 'nothing'} is no key; choose from "
            f"{', '.join(DRAWDOWN_ORDER)}"
        )
    order = table.drawdown_order
    if "block_id" not in order:  # ties must not be left to chance
        order = (*order, "block_id")
    try:
        zone = ZoneInfo(table.time_zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigurationError(
            f"{where}.time_zone: {table.time_zone!r} is not a time zone; use a name such as "
            "America/New_York"
        ) from error
    return Policy(
        drawdown_document=table.drawdown_document,
        purchase_trigger=table.purchase_trigger,
        prepaid_item=table.prepaid_item,
        deposit_account=table.deposit_account,
        journals=table.journals,
        documents=table.documents,
        overdraw=table.overdraw,
        closed_period=table.closed_period,
        drawdown_order=order,
        time_zone=zone,
    )


def policy_json(table: PolicyTable) -> str:
    """Return the policy as JSON, as it is kept with the tenant for the record."""
    return msgspec.json.encode(table).decode()
