"""How delivery and reconciliation of each tenant stand, read for metrics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from drawdown.store.database import Session


class TenantState(NamedTuple):
    """How one tenant's delivery stands.

    Attributes:
        waiting: Records not delivered yet that go by themselves.
        parked: Records that a person must see to.
        oldest_s: Seconds since the oldest waiting record was decided; 0 if none waits.
        concurrency: Calls that may be in flight on its connection, all tenants together.
        allowed: Calls we allow ourselves there now.
        in_flight: Calls in flight there now, of all workers.
        is_open: The connection's circuit is open.
        reconciled_at: End of the last reconciliation; None: never.
        differences: Of that reconciliation.
    """

    tenant_id: str
    waiting: int
    parked: int
    oldest_s: int
    concurrency: int
    allowed: int
    in_flight: int
    is_open: bool
    reconciled_at: datetime | None
    differences: int | None


def tenant_states(session: Session, tenants: Sequence[str]) -> list[TenantState]:
    """Read the state of tenants that deliveries were registered for, by tenant id.

    Raises:
        StoreError: The database refused.
    """
    with session.transaction():
        rows = session.run("observed_tenants", {"tenants": list(tenants)}).fetchall()
    return [TenantState(*row) for row in rows]


def note_reconciliation(session: Session, *, blocks: int, records: int, differences: int) -> None:
    """Write down that a reconciliation of the tenant has ended now.

    Raises:
        StoreError: The database refused.
    """
    counts = {"blocks": blocks, "records": records, "differences": differences}
    with session.transaction():
        session.run("note_reconciliation", counts)
