"""Rows of an outbox without books around them, and instants that only tests move on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta

import psycopg

from drawdown.core.plan import Operation, RecordIntent
from drawdown.core.rules import Record
from drawdown.store.codec import encode_intent

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return the instant so many seconds after the beginning."""
    return T0 + timedelta(seconds=seconds)


def put_rows(
    url: str,
    tenant_id: str,
    lanes: Iterable[Sequence[str]],
    *,
    first: int = 1,
    change: tuple[Operation, str] | None = None,
) -> list[str]:
    """Add rows with these lanes to an outbox; return their external ids.

    Args:
        change: What is done to which record; None: each makes one of its own.
    """
    names: list[str] = []
    with psycopg.connect(url) as owner:
        for position, row in enumerate(lanes, first):
            operation, name = change or (Operation.CREATE, f"{tenant_id}-{position}")
            intent = RecordIntent(
                Record.CUSTOMER_DEPOSIT, operation, name, tuple(row), "C1", f"e{position}",
                "memo", date(2026, 1, 31),
            )  # fmt: skip
            owner.execute(
                "INSERT INTO drawdown.outbox (tenant_id, position, external_id, record, operation, "
                "event_id, lanes, intent) VALUES (%s, %s, %s, %s, %s, %s, %s, %s::jsonb)",
                (
                    *(tenant_id, position, name, intent.record.value, intent.operation.value),
                    *(intent.event_id, list(row), encode_intent(intent)),
                ),
            )
            names.append(name)
    return names


def states(url: str, tenant_id: str) -> dict[int, str]:
    """Return the status of each row by position."""
    with psycopg.connect(url) as owner:
        rows = owner.execute(
            "SELECT position, status FROM drawdown.outbox WHERE tenant_id = %s ORDER BY 1",
            (tenant_id,),
        )
        return dict(rows.fetchall())
