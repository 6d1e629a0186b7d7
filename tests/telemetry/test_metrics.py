"""What metrics tell: this worker's counts, the state of the outbox, and of a tenant its id only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families as parse

from drawdown.core.errors import ErpRefusedError, StoreError
from drawdown.core.observed import Posted
from drawdown.service.delivery import Claim, Outcome, Result, claim, register, settle
from drawdown.store.codec import encode_intent
from drawdown.store.database import Database
from drawdown.store.observability import TenantState, note_reconciliation, tenant_states
from drawdown.telemetry import Metrics
from tests.erp.conftest import deposit, journal

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)


class Connected:
    """An ERP as far as metrics ask it."""

    def __init__(self, ends_at: datetime | None = None, **calls: int) -> None:
        self.ends_at = ends_at
        self.made = calls

    def calls(self) -> dict[str, int]:
        return self.made

    def access_ends_at(self) -> datetime | None:
        return self.ends_at


def state(tenant_id: str, **more: Any) -> TenantState:
    known: dict[str, Any] = {
        "waiting": 3, "parked": 1, "oldest_s": 90, "concurrency": 5, "allowed": 4, "in_flight": 2,
        "is_open": False, "reconciled_at": None, "differences": None, **more,
    }  # fmt: skip
    return TenantState(tenant_id, **known)


def result(outcome: Outcome, tenant_id: str = "acme", block: str = "B1") -> Result:
    one = Claim(tenant_id, 1, "dd_dep_b1", "erp", 1, 1, 2, NOW, deposit(block))
    if outcome.is_done:
        posted = Posted("dd_dep_b1", "7", "CD7", "Jun 2026", is_adopted=False)
        return Result(one, outcome, posted)
    return Result(one, outcome, error=ErpRefusedError("no", external_id="dd_dep_b1"))


def metrics_of(erps: Any, *states: TenantState) -> Metrics:
    return Metrics(erps, lambda _: states, NOW.timestamp)


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Return every sample by its name and the values of its labels, in order."""
    text = generate_latest(metrics.registry).decode()
    return {
        (one.name, *sorted(one.labels.values())): one.value
        for family in parse(text)
        for one in family.samples
    }


def test_outcomes_are_counted_by_tenant_record_and_kind() -> None:
    metrics = metrics_of({"acme": Connected()})
    for outcome in (Outcome.DELIVERED, Outcome.DELIVERED, Outcome.REFUSED, Outcome.THROTTLED):
        metrics.settled(result(outcome))

    found = samples(metrics)

    name = "drawdown_deliveries_total"
    assert found[name, "acme", "customerDeposit", "delivered"] == 2
    assert found[name, "acme", "customerDeposit", "refused"] == 1
    assert found[name, "acme", "customerDeposit", "throttled"] == 1


def test_calls_are_told_by_kind_and_per_record() -> None:
    metrics = metrics_of({"acme": Connected(write=4, query=1, token=1)})
    assert not [key for key in samples(metrics) if key[0] == "drawdown_erp_calls_per_record"]
    for _ in range(4):
        metrics.settled(result(Outcome.DELIVERED))

    found = samples(metrics)

    assert found["drawdown_erp_calls_total", "acme", "write"] == 4
    assert found["drawdown_erp_calls_per_record", "acme"] == 1.5


def test_the_state_of_outbox_connection_and_reconciliation_is_told() -> None:
    done = NOW - timedelta(hours=1)
    metrics = metrics_of(
        {"acme": Connected(NOW + timedelta(days=29, hours=12)), "beta": Connected()},
        state("acme", reconciled_at=done, differences=2, is_open=True),
        state("beta"),
    )
    metrics.in_flight(7)

    found = samples(metrics)

    assert found["drawdown_outbox_records", "acme", "waiting"] == 3
    assert found["drawdown_outbox_records", "acme", "parked"] == 1
    assert found["drawdown_exceptions_open", "acme"] == 1
    assert found["drawdown_outbox_oldest_seconds", "acme"] == 90
    assert found["drawdown_connection_circuit_open", "acme"] == 1
    assert found["drawdown_connection_circuit_open", "beta"] == 0
    assert found["drawdown_connection_calls_allowed", "acme"] == 4
    assert found["drawdown_connection_calls_share", "acme"] == 5
    assert found["drawdown_connection_calls_in_flight", "acme"] == 2
    assert found["drawdown_certificate_days_left", "acme"] == 29.5
    assert ("drawdown_certificate_days_left", "beta") not in found
    assert found["drawdown_last_reconcile_timestamp_seconds", "acme"] == done.timestamp()
    assert found["drawdown_last_reconcile_differences", "acme"] == 2
    assert ("drawdown_last_reconcile_differences", "beta") not in found
    assert found["drawdown_worker_in_flight",] == 7
    assert found["drawdown_database_up",] == 1


def test_a_database_that_is_away_is_told_and_counters_stay() -> None:
    def read(_tenants: Sequence[str]) -> Sequence[TenantState]:
        raise StoreError("gone")

    metrics = Metrics({"acme": Connected()}, read, NOW.timestamp)  # type: ignore[dict-item]
    metrics.settled(result(Outcome.DELIVERED))
    metrics.troubled("the database refused")

    found = samples(metrics)

    assert found["drawdown_database_up",] == 0
    assert found["drawdown_worker_troubles_total",] == 1
    assert found["drawdown_deliveries_total", "acme", "customerDeposit", "delivered"] == 1


def test_many_scrapes_at_once_read_the_database_once() -> None:
    reads: list[Sequence[str]] = []

    def read(tenants: Sequence[str]) -> Sequence[TenantState]:
        reads.append(tenants)
        return [state("acme")]

    metrics = Metrics({"acme": Connected()}, read, NOW.timestamp)  # type: ignore[dict-item]
    for _ in range(5):
        samples(metrics)

    assert reads == [("acme",)]


def test_nothing_of_a_tenant_but_its_id_is_in_the_metrics() -> None:
    """Block ids, numbers, amounts and words of errors are for logs; labels must stay few."""
    metrics = metrics_of({"acme": Connected(write=1)}, state("acme"))
    for number in range(50):
        metrics.settled(result(Outcome.REFUSED, block=f"Secret block {number}"))
        metrics.settled(result(Outcome.DELIVERED, block=f"Secret block {number}"))
    metrics.lost(result(Outcome.DELIVERED).claim)
    metrics.troubled("a problem that names Secret block 7")

    text = generate_latest(metrics.registry).decode()

    assert "Secret" not in text
    assert "dd_dep" not in text
    assert "CD7" not in text
    labels = {
        name
        for family in parse(generate_latest(metrics.registry).decode())
        for one in family.samples
        for name in one.labels
    }
    assert labels == {"tenant", "record", "outcome", "kind", "state"}


# -- the state, as the database has it ------------------------------------------------------------


def insert(database: Database, tenant: str, count: int) -> None:
    """Put journals into the outbox, each in a lane of its own."""
    with database.session(tenant) as session, session.transaction():
        for number in range(count):
            one = journal(f"dd_{number}", 100, "cash", "undeposited_funds", block=f"B{number}")
            session.connection.execute(
                "INSERT INTO drawdown.outbox (tenant_id, position, external_id, record, operation,"
                " event_id, lanes, intent, entered_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s,"
                " now() - make_interval(secs => %s))",
                (tenant, number + 1, one.external_id, one.record.value, one.operation.value,
                 one.event_id, [f"B{number}"], encode_intent(one), 3600 - 60 * number),
            )  # fmt: skip
        register(session, f"erp of {tenant}", 5)


def test_the_state_is_read_for_the_tenants_that_are_asked_for(
    database: Database, new_tenant: Callable[..., str]
) -> None:
    first, second, third = (new_tenant(database) for _ in range(3))
    insert(database, first, 5)
    insert(database, second, 1)
    insert(database, third, 1)
    now = datetime.now(UTC)  # noqa: TID251 - leases are compared with the database's time
    with database.session(first) as session:
        taken = claim(session, worker="w", now=now, limit=2)
        refused = Result(taken[0], Outcome.REFUSED, error=ErpRefusedError("no"))
        settle(session, [refused], now=now)
        note_reconciliation(session, blocks=3, records=9, differences=1)
        note_reconciliation(session, blocks=3, records=9, differences=0)

    with database.worker_session() as session:
        states = {one.tenant_id: one for one in tenant_states(session, [first, second])}

    assert states.keys() == {first, second}
    one, other = states[first], states[second]
    assert (one.waiting, one.parked, one.in_flight) == (4, 1, 1)
    assert one.oldest_s == pytest.approx(3540, abs=30)
    assert (one.concurrency, one.allowed, one.is_open) == (5, 5, False)
    assert one.differences == 0
    assert one.reconciled_at is not None
    assert (other.waiting, other.reconciled_at) == (1, None)


def test_a_tenant_sees_its_own_state_only(
    database: Database, new_tenant: Callable[..., str]
) -> None:
    first, second = new_tenant(database), new_tenant(database)
    insert(database, first, 1)
    insert(database, second, 1)

    with database.session(first) as session:
        assert [one.tenant_id for one in tenant_states(session, [first, second])] == [first]
