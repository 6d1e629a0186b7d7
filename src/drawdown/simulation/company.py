"""One seed's company: books in PostgreSQL, NetSuite in this process, and processes between them."""

from __future__ import annotations

import dataclasses
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import httpx2

from drawdown.config import PolicyTable, load_config, policy_json, to_policy
from drawdown.core.events import Event
from drawdown.core.policy import DepositAccount, Policy, PrepaidItem
from drawdown.erp.netsuite import NetSuite, UsageItem
from drawdown.erp.netsuite.connect import read_settings, to_connection, to_mapping
from drawdown.erp.netsuite.connection import Connection
from drawdown.erp.netsuite.mapping import Mapping
from drawdown.local_sandbox.company import prepare
from drawdown.local_sandbox.process import Controls
from drawdown.service.delivery import Worker, register
from drawdown.service.ingest import Answer
from drawdown.simulation.connections import Pool, SimulatedDatabase
from drawdown.simulation.network import Network, SimulatedOutside
from drawdown.simulation.sandbox import new_sandbox
from drawdown.simulation.scenario import FIRST, ITEMS, Scenario
from drawdown.simulation.world import START, World

SNAPSHOT = "prepared"
OPEN_FROM = FIRST.date().replace(day=1)
"""Months before the facts are closed, so that the first open period is a matter of the facts."""
_FIRST_YEAR = 2020


class Prepared(NamedTuple):
    """A NetSuite made ready for one kind of policy; every seed starts from its snapshot."""

    controls: Controls
    transport: httpx2.BaseTransport
    connection: Connection
    mapping: Mapping


class Kitchen:
    """What the seeds of one computer process share: connections and prepared NetSuites."""

    def __init__(self, url: str) -> None:
        self.pool = Pool(url)
        self._prepared: dict[tuple[PrepaidItem, DepositAccount], Prepared] = {}

    def netsuite(self, policy: PolicyTable) -> Prepared:
        """Return a NetSuite for a policy, as it was when it was prepared."""
        key = (policy.prepaid_item, policy.deposit_account)
        if key not in self._prepared:
            self._prepared[key] = _prepare(policy)
        found = self._prepared[key]
        found.controls.control("POST", "/snapshots/restore", {"name": SNAPSHOT})
        return found

    def close(self) -> None:
        """Close what is open."""
        self.pool.close()


def _prepare(policy: PolicyTable) -> Prepared:
    sandbox = new_sandbox()
    controls = sandbox.controls
    controls.control("PUT", "/clock", {"now": START.isoformat(), "frozen": True})
    with tempfile.TemporaryDirectory(prefix="drawdown-") as name:
        folder = Path(name)
        file = folder / "drawdown.toml"
        usage = tuple(UsageItem(item, item.title()) for item in ITEMS)
        prepare(controls, folder, file, policy, usage, "simulation")
        table = load_config(file).tenants["simulation"]
        settings = read_settings(table.netsuite or {})
        connection = to_connection(settings, folder)
    for year in range(_FIRST_YEAR, FIRST.year):
        for month in range(1, 13):
            controls.close_period(f"{year}-{month:02}")
    controls.control("POST", "/snapshots", {"name": SNAPSHOT})
    return Prepared(controls, sandbox.transport, connection, to_mapping(settings.mapping))


class Acknowledged(NamedTuple):
    """A fact that was told, and the answer that reached the teller."""

    event: Event
    answer: Answer


@dataclass(slots=True)
class Company:
    """One seed's company.

    Attributes:
        connection: As the processes that start from now on have it.
        acknowledged: Every answer that reached the billing platform, oldest first.
        sent: Every content ever sent, by event id.
        entered: Native references of documents about blocks that others have entered in NetSuite;
            whether they are still there.
        workers: Of each process that delivers, by its name.
        is_over: Nobody starts again what has ended.
    """

    world: World
    database: SimulatedDatabase
    pool: Pool
    network: Network
    netsuite: Prepared
    tenant_id: str
    scenario: Scenario
    policy: Policy
    connection: Connection
    acknowledged: list[Acknowledged] = field(default_factory=list)
    sent: dict[str, list[Event]] = field(default_factory=dict)
    entered: dict[str, bool] = field(default_factory=dict)
    workers: dict[str, Worker] = field(default_factory=dict)
    answer_lost_percent: int = 0
    is_over: bool = False

    @property
    def controls(self) -> Controls:
        """What an administrator of the NetSuite account does."""
        return self.netsuite.controls

    def erp(self) -> NetSuite:
        """Connect NetSuite, as a process that starts does."""
        return NetSuite(self.connection, self.netsuite.mapping, SimulatedOutside(self.network))

    def rows(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Read our database past everybody, as an auditor does; the first parameter is ours."""
        return self.pool.admin.execute(sql.encode(), (self.tenant_id, *parameters)).fetchall()

    def books_policy(self) -> Policy:
        """The policy by which facts were decided: with the first day that NetSuite had open."""
        row = self.rows("SELECT books_open_from FROM drawdown.tenant WHERE tenant_id = %s")
        return dataclasses.replace(self.policy, books_open_from=row[0][0])

    @property
    def netsuite_owns_liability(self) -> bool:
        """Whether records other than deposits and journals post to the liability, too."""
        return self.policy.prepaid_item is not PrepaidItem.DEFERRED

    def outbox(self) -> Counter[str]:
        """Count records on their way, by status."""
        sql = "SELECT status, count(*) FROM drawdown.outbox WHERE tenant_id = %s GROUP BY 1"
        return Counter(dict(self.rows(sql)))


@contextmanager
def open_company(kitchen: Kitchen, world: World, scenario: Scenario) -> Iterator[Company]:
    """Set up a seed's company; a tenant of the same name is removed first."""
    tenant_id = f"sim-{world.seed}"
    prepared = kitchen.netsuite(scenario.policy)
    pool = kitchen.pool
    _remove(pool, tenant_id)
    pool.world = world
    database = SimulatedDatabase(pool)
    with database.session(tenant_id) as session:
        session.run("add_tenant", {"policy": policy_json(scenario.policy)})
        register(session, tenant_id, world.chance.choice((1, 2, 4, 10)))
    network = Network(world, prepared.transport, prepared.controls)
    yield Company(
        world, database, pool, network, prepared, tenant_id, scenario,
        to_policy(scenario.policy), prepared.connection,
    )  # fmt: skip
    pool.world = None


_TABLES = """
    SELECT DISTINCT ON (1) c.table_name, c.column_name FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'drawdown' AND c.column_name IN ('tenant_id', 'connection_id')
      AND t.table_type = 'BASE TABLE' ORDER BY 1, 2 DESC
"""


def _remove(pool: Pool, tenant_id: str) -> None:
    """Remove a tenant of an earlier run, past the triggers that guard its journal."""
    sql = "SELECT FROM drawdown.tenant WHERE tenant_id = %s"
    if not pool.admin.execute(sql, (tenant_id,)).fetchall():
        return
    with pool.admin.transaction():
        pool.admin.execute("SET LOCAL session_replication_role = replica")
        for name, key in pool.admin.execute(_TABLES).fetchall():
            pool.admin.execute(
                f"DELETE FROM drawdown.{name} WHERE {key} = %s".encode(), (tenant_id,)
            )
