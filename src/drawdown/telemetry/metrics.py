"""Prometheus metrics of a worker: what it did, and how the outbox and the connections stand.

Counters are of this process; how the outbox stands is read from the database when metrics are asked
for, for the tenants that this worker serves. The only label of a tenant is its id.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Lock
from time import monotonic

from prometheus_client import CollectorRegistry, Counter, Gauge, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from drawdown.core.errors import StoreError
from drawdown.core.ports import Erp
from drawdown.service.delivery import Claim, ConnectionState, Result
from drawdown.store.observability import TenantState

FRESH_S = 5.0
"""How long what was read from the database is told again, so that scrapers cannot burden it."""
DAY_S = 86_400


class Metrics:
    """Observes delivery and holds the registry that is told.

    Args:
        erps: The ERP of each tenant this worker serves.
        read: Reads how tenants stand.
        clock: Seconds since the epoch.
    """

    def __init__(
        self,
        erps: Mapping[str, Erp],
        read: Callable[[Sequence[str]], Sequence[TenantState]],
        clock: Callable[[], float],
    ) -> None:
        self.registry = CollectorRegistry()
        self._deliveries = Counter(
            "drawdown_deliveries",
            "Tries to deliver a record, by what came of them.",
            ("tenant", "record", "outcome"),
            registry=self.registry,
        )
        self._lost = Counter(
            "drawdown_claims_lost",
            "Records that another worker took over before we had settled them.",
            ("tenant",),
            registry=self.registry,
        )
        self._in_flight = Gauge(
            "drawdown_worker_in_flight",
            "Records under way in this worker now.",
            registry=self.registry,
        )
        self._troubles = Counter(
            "drawdown_worker_troubles",
            "Problems of the worker itself, such as a database that does not answer.",
            registry=self.registry,
        )
        self.done: Tally[str] = Tally()
        ProcessCollector(registry=self.registry)
        self.registry.register(_State(self, erps, read, clock))

    # -- the observer ---------------------------------------------------------------------------

    def claimed(self, claims: Sequence[Claim]) -> None:
        """Tell nothing: `in_flight` does."""

    def settled(self, result: Result) -> None:
        """Count what came of a record."""
        tenant = result.claim.tenant_id
        record = result.claim.intent.record.value
        self._deliveries.labels(tenant, record, result.outcome.value).inc()
        if result.outcome.is_done:
            self.done[tenant] += 1

    def lost(self, claim: Claim) -> None:
        """Count it."""
        self._lost.labels(claim.tenant_id).inc()

    def in_flight(self, calls: int) -> None:
        """Tell it."""
        self._in_flight.set(calls)

    def connection_changed(self, before: ConnectionState, now: ConnectionState) -> None:
        """Tell nothing: the state is read when it is asked for."""

    def troubled(self, problem: str) -> None:  # noqa: ARG002 - its words are for the log
        """Count it."""
        self._troubles.inc()


class _State(Collector):
    """What is read when metrics are asked for."""

    def __init__(
        self,
        metrics: Metrics,
        erps: Mapping[str, Erp],
        read: Callable[[Sequence[str]], Sequence[TenantState]],
        clock: Callable[[], float],
    ) -> None:
        self._metrics = metrics
        self._erps = erps
        self._read = read
        self._clock = clock
        self._lock = Lock()
        self._kept: tuple[Sequence[TenantState], bool] = ((), False)
        self._fresh_until = 0.0

    def describe(self) -> list[Metric]:
        """Say nothing in advance, so that registering reads nothing."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Tell how everything stands."""
        states, is_up = self._states()
        yield _gauge("drawdown_database_up", "Whether the database answers.", is_up)
        yield from self._of_tenants(states)
        yield from self._of_connections()

    def _states(self) -> tuple[Sequence[TenantState], bool]:
        with self._lock:
            if monotonic() >= self._fresh_until:
                try:
                    self._kept = (self._read(tuple(self._erps)), True)
                except StoreError:
                    self._kept = ((), False)
                self._fresh_until = monotonic() + FRESH_S
            return self._kept

    def _of_tenants(self, states: Sequence[TenantState]) -> Iterator[Metric]:
        records = GaugeMetricFamily(
            "drawdown_outbox_records",
            "Records not delivered yet: waiting, or parked for a person.",
            labels=("tenant", "state"),
        )
        named: dict[str, tuple[str, Callable[[TenantState], float | None]]] = {
            "drawdown_outbox_oldest_seconds": (
                "Age of the oldest waiting record.",
                lambda one: one.oldest_s,
            ),
            "drawdown_exceptions_open": (
                "Records that a person must see to.",
                lambda one: one.parked,
            ),
            "drawdown_connection_circuit_open": (
                "Whether calls to the tenant's ERP are stopped but for one probe a minute.",
                lambda one: one.is_open,
            ),
            "drawdown_connection_calls_allowed": (
                "Calls we allow ourselves at once now.",
                lambda one: one.allowed,
            ),
            "drawdown_connection_calls_share": (
                "Calls at once that are our share of the account's limit.",
                lambda one: one.concurrency,
            ),
            "drawdown_connection_calls_in_flight": (
                "Calls under way of all workers.",
                lambda one: one.in_flight,
            ),
            "drawdown_last_reconcile_timestamp_seconds": (
                "When the tenant's books were last compared with the ERP.",
                lambda one: one.reconciled_at.timestamp() if one.reconciled_at else None,
            ),
            "drawdown_last_reconcile_differences": (
                "Differences that the last comparison found.",
                lambda one: one.differences,
            ),
        }
        for state in states:
            records.add_metric((state.tenant_id, "waiting"), state.waiting)
            records.add_metric((state.tenant_id, "parked"), state.parked)
        yield records
        for name, (text, value_of) in named.items():
            family = GaugeMetricFamily(name, text, labels=("tenant",))
            for state in states:
                value = value_of(state)
                if value is not None:
                    family.add_metric((state.tenant_id,), value)
            yield family

    def _of_connections(self) -> Iterator[Metric]:
        calls = CounterMetricFamily(
            "drawdown_erp_calls",
            "HTTP calls to the ERP: token, query, system, read, write.",
            labels=("tenant", "kind"),
        )
        per_record = GaugeMetricFamily(
            "drawdown_erp_calls_per_record",
            "HTTP calls for each record delivered, since this worker began.",
            labels=("tenant",),
        )
        days = GaugeMetricFamily(
            "drawdown_certificate_days_left",
            "Days until the certificate of the tenant's connection ends.",
            labels=("tenant",),
        )
        for tenant, erp in self._erps.items():
            made = erp.calls()
            for kind, count in sorted(made.items()):
                calls.add_metric((tenant, kind), count)
            done = self._metrics.done[tenant]
            if done:
                per_record.add_metric((tenant,), sum(made.values()) / done)
            ends_at = erp.access_ends_at()
            if ends_at is not None:
                days.add_metric((tenant,), (ends_at.timestamp() - self._clock()) / DAY_S)
        yield calls
        yield per_record
        yield days


def _gauge(name: str, text: str, value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text)
    family.add_metric((), value)
    return family
