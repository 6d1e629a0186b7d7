"""The composition root: where configuration, database, ERP and billing sources meet.

Adapters are found by the name of their folder, so a new ERP or billing source is one new folder
and nothing here changes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from drawdown.config import Config, TenantTable, policy_json, to_policy
from drawdown.core.errors import ConfigurationError
from drawdown.core.policy import Policy
from drawdown.core.ports import BillingSource, Erp, Problem
from drawdown.core.subscription.plan import Plan
from drawdown.core.subscription.usage import LocatedUsage
from drawdown.store.database import Database, Session
from drawdown.store.embedded import ensure_server


@dataclass(frozen=True, slots=True)
class Books:
    """An open session of one tenant's books."""

    session: Session
    tenant: TenantTable
    policy: Policy


def open_database(config: Config) -> Database:
    """Open the database that `DATABASE_URL` names, else the bundled one, and migrate it.

    Raises:
        StoreError: It cannot be started, reached or migrated.
    """
    url = os.environ.get("DATABASE_URL", "").strip()
    database = Database(url or ensure_server(config.data / "postgres"))
    database.migrate()
    return database


@contextmanager
def open_books(config: Config, tenant_id: str = "") -> Iterator[Books]:
    """Open a tenant's books, creating the tenant at the first use.

    Raises:
        ConfigurationError: The tenant is not configured.
        StoreError: The database cannot be used.
    """
    name = tenant_id or config.tenant_id
    table = config.tenant(name)
    policy = to_policy(table.policy)
    with open_database(config).session(name) as session:
        with session.transaction():
            session.run("add_tenant", {"policy": policy_json(table.policy)})
        yield Books(session, table, policy)


@contextmanager
def connect_erp(tenant: TenantTable, base: Path | None) -> Iterator[Erp]:
    """Connect the tenant's ERP.

    Args:
        tenant: Its configuration.
        base: Folder that relative paths in the configuration start from.

    Raises:
        ConfigurationError: No ERP is configured, or its settings are wrong.
    """
    if tenant.netsuite is None:
        raise ConfigurationError(
            "no NetSuite is connected: start one here with `drawdown sandbox`, or add "
            "[tenants.NAME.netsuite] to drawdown.toml (docs/configuration.md)"
        )
    adapter = import_module("drawdown.erp.netsuite.connect")
    with adapter.connect(tenant.netsuite, base) as erp:
        yield erp


def connection_id(tenant: TenantTable) -> str:
    """Return the name of the ERP account of a tenant; those that share it, share its calls.

    Raises:
        ConfigurationError: No ERP is configured, or its settings are wrong.
    """
    adapter = import_module("drawdown.erp.netsuite.connect")
    name: str = adapter.connection_id(tenant.netsuite or {})
    return name


def billing_source(name: str, file: Path, policy: Policy) -> BillingSource:
    """Return the decoder of a billing source for a file.

    Raises:
        ConfigurationError: There is no such source, or it does not know such files.
    """
    if not name.isidentifier() or find_spec(f"drawdown.billing.{name}") is None:
        raise ConfigurationError(
            f"there is no billing source {name!r}; the native one is called native"
        )
    adapter = import_module(f"drawdown.billing.{name}")
    source: BillingSource = adapter.source_for(file.name, policy.time_zone)
    return source


UsageDecoder = Callable[[Iterable[bytes]], Iterator[LocatedUsage | Problem]]


def usage_source(file: Path, policy: Policy) -> UsageDecoder:
    """Return the decoder of a file of metered usage.

    Raises:
        ConfigurationError: It is neither JSON Lines nor CSV by its name.
    """
    decoder: UsageDecoder = import_module("drawdown.billing.native.usage").usage_source_for(
        file.name, policy.time_zone
    )
    return decoder


def plan_file(file: Path) -> Plan | list[Problem]:
    """Read a plan from a file; what is wrong with it comes by line.

    Raises:
        ConfigurationError: The file does not exist or is no text.
    """
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError:
        raise ConfigurationError(f"the file {file} does not exist") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}") from error
    found: Plan | list[Problem] = import_module("drawdown.billing.plan_file").read_plan(text)
    return found
