"""Health, readiness and metrics over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import httpx2
import psycopg
import pytest
from prometheus_client import CollectorRegistry, Counter

from drawdown.core.errors import ConfigurationError, StoreError
from drawdown.store.database import Database
from drawdown.store.observability import TenantState
from drawdown.telemetry import MonitoringServer, Probes
from drawdown.telemetry.server import unready
from tests.telemetry.test_metrics import state


@contextmanager
def served(problems: Sequence[str] = ()) -> Iterator[httpx2.Client]:
    registry = CollectorRegistry()
    Counter("things", "Things.", registry=registry).inc()
    with (
        MonitoringServer(Probes(registry, lambda: problems), "127.0.0.1", 0) as server,
        httpx2.Client(base_url=f"http://127.0.0.1:{server.port}") as client,
    ):
        yield client


def test_metrics_are_told_in_the_form_that_is_asked_for() -> None:
    with served() as client:
        plain = client.get("/metrics")
        openmetrics = client.get("/metrics", headers={"Accept": "application/openmetrics-text"})

    assert plain.status_code == 200
    assert "things_total 1.0" in plain.text
    assert plain.headers["content-type"].startswith("text/plain")
    assert openmetrics.headers["content-type"].startswith("application/openmetrics-text")
    assert openmetrics.text.endswith("# EOF\n")


def test_a_worker_is_alive_also_when_it_is_not_ready() -> None:
    with served(["the database cannot be reached"]) as client:
        alive = client.get("/healthz")
        ready = client.get("/readyz")

    assert (alive.status_code, alive.json()) == (200, {"alive": True})
    assert ready.status_code == 503
    assert ready.json() == {"ready": False, "problems": ["the database cannot be reached"]}


def test_a_worker_that_can_deliver_is_ready() -> None:
    with served() as client:
        assert client.get("/readyz?x=1").json() == {"ready": True, "problems": []}
        assert client.head("/readyz").status_code == 200
        assert client.get("/").status_code == 404
        assert client.post("/metrics").status_code == 501


def test_a_port_that_is_taken_is_said_in_words() -> None:
    with served() as client:
        port = client.base_url.port
        assert port is not None
        with pytest.raises(ConfigurationError, match="--metrics-port"):
            MonitoringServer(Probes(CollectorRegistry(), list), "127.0.0.1", port)


def test_ready_means_database_migrations_and_a_usable_connection(
    database: Database, new_database: Callable[[], str]
) -> None:
    def away() -> Sequence[TenantState]:
        raise StoreError("gone")

    unmigrated = Database(new_database())
    nowhere = Database("postgresql://127.0.0.1:1/x?connect_timeout=1")

    assert unready(database, lambda: [state("a", is_open=True), state("b")]) == []
    assert "circuit" in unready(database, lambda: [state("a", is_open=True)])[0]
    assert "circuit" in unready(database, list)[0]
    assert unready(database, away) == ["the database cannot be reached"]
    assert unready(nowhere, list) == ["the database cannot be reached"]
    assert "migrations are not applied" in unready(unmigrated, list)[0]


def test_a_migration_that_is_missing_is_noticed(new_database: Callable[[], str]) -> None:
    url = new_database()
    database = Database(url)
    database.migrate()
    assert database.pending() == []

    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute("DELETE FROM public.drawdown_migration WHERE name LIKE '0005%'")

    assert database.pending() == ["0005_observability.sql"]
