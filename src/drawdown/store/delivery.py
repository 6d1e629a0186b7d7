"""Delivery's statements: claiming rows of the outbox, settling them, and the state of connections.

Everything is set-wise: one claim or settlement of a thousand rows costs what one of a single row
costs in round trips. Locks that others wait for are not held while an answer is waited for: in a
pipelined transaction statements are sent at once, as far as none needs what another one says.
Instants are passed in; nothing here reads a clock but `database_time`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from psycopg import Cursor

from drawdown.core.plan import RecordIntent
from drawdown.store.codec import array_literal, decode_intent
from drawdown.store.database import Row, Session

CONNECTIONS_MAX = 32
"""Connections that get slots in one claim: it locks them, and other workers go without."""
ENTERING_ROWS_MAX = 1600
"""Rows that enter their lanes in one claim, of all tenants together: it holds their lanes."""
ENTERING_ROWS_MIN = 4
"""Rows of one tenant that may do so, however many tenants have some."""
READY_ROWS_ENOUGH = 64
"""A tenant with so many rows that may go needs no others in its lanes yet."""


ClaimKey = tuple[str, int, int]
"""Tenant, position and fence of a claim."""


class Claim(NamedTuple):
    """A row that one worker holds for the time of its lease.

    Attributes:
        slot: Its call in flight, counted per connection; 0: taken ahead, it has none yet.
        fence: Number of this claim of the row; a settlement with an older one is refused.
        attempts: Claims of the row so far, this one included.
        claimed_at: Instant of the claim.
    """

    tenant_id: str
    position: int
    external_id: str
    connection_id: str
    slot: int
    fence: int
    attempts: int
    claimed_at: datetime
    intent: RecordIntent

    @property
    def key(self) -> ClaimKey:
        """What tells this claim from all others."""
        return self.tenant_id, self.position, self.fence


class Ending(NamedTuple):
    """What is written of a claimed row.

    Attributes:
        status: done, parked or waiting.
        due_at: For waiting: not before.
    """

    claimed: Claim
    status: str
    due_at: datetime
    internal_id: str = ""
    number: str = ""
    posting_period: str = ""
    problem: str = ""


class ConnectionState(NamedTuple):
    """How calls to one ERP account go.

    Attributes:
        concurrency: Calls that may be in flight, all workers together.
        allowed: Calls we allow ourselves now; at most `concurrency`.
        changed_at: When `allowed` was last changed.
        throttled: Times in a row that the ERP said it has too many calls.
        failures: Failures in a row, without an answer between.
        resume_at: No new calls before.
        opened_at: Since when the circuit is open; None: it is closed.
        problem: Why it is open; empty while it is closed.
    """

    connection_id: str
    concurrency: int
    allowed: int
    changed_at: datetime
    throttled: int
    failures: int
    resume_at: datetime
    opened_at: datetime | None
    problem: str


def register(
    session: Session,
    tenant_id: str,
    connection_id: str,
    concurrency: int,
    *,
    is_known: bool,
    is_default: bool,
) -> None:
    """Say where a tenant's records go, and how many calls that account may have in flight.

    Args:
        concurrency: The share of the account's limit that is ours, over all tenants that use it.
        is_known: The account said so; otherwise the number that is there already stays.
        is_default: A connection that is there already for the tenant stays.
    """
    tenant = {"tenant_id": tenant_id, "connection_id": connection_id, "is_default": is_default}
    connection = {"concurrency": concurrency, "is_known": is_known}
    with session.transaction():
        session.run("register_lanes", {"tenant_id": tenant_id})
        # The tenant first: its session sees the connection by it.
        row = session.run("register_tenant", tenant).fetchone()
        assert row is not None
        session.run("register_connection", {**connection, "connection_id": row[0]})


def database_time(session: Session) -> datetime:
    """Return the database's present instant: the one clock that all workers share."""
    row = session.run("database_time").fetchone()
    assert row is not None
    now = row[0]
    assert isinstance(now, datetime)
    return now


def enter_lanes(
    session: Session, tenants: Sequence[str], *, limit: int, ahead: Mapping[str, int]
) -> None:
    """Let new rows of tenants take their places behind earlier rows of their lanes.

    Args:
        limit: Of the claim that is to follow, and so is `ahead`.
    """
    asked = {
        "tenants": array_literal(tenants),
        "enough": READY_ROWS_ENOUGH,
        "limit": limit,
        "ahead": array_literal(ahead),
        "most": _connections_max(limit, ahead),
    }
    rows = session.run("lock_entering_tenants", asked).fetchall()
    if not rows:
        return
    entering = [row[0] for row in rows]
    rows_max = max(ENTERING_ROWS_MIN, ENTERING_ROWS_MAX // len(entering))
    entered = session.run(
        "enter_lanes", {"tenants": array_literal(entering), "limit": rows_max}
    ).fetchone()
    if entered is not None and entered[0]:
        found = {"tenants": array_literal(entered[0]), "positions": array_literal(entered[1])}
        session.run("count_blockers", {**found, "left_tenants": "{}", "left_positions": "{}"})


def _connections_max(limit: int, ahead: Mapping[str, int]) -> int:
    return min(limit, CONNECTIONS_MAX) + len(ahead)


def claim_rows(
    session: Session,
    tenants: Sequence[str],
    *,
    worker: str,
    now: datetime,
    leased_until: datetime,
    next_probe_at: datetime,
    limit: int,
    ahead: Mapping[str, int],
) -> Cursor[Row] | None:
    """Take up to `limit` rows that may go now, within the free slots of their connections.

    Args:
        ahead: Rows to take besides, without a slot, by connection.

    Returns:
        What `read_claims` reads, after the transaction; None: nothing may go.
    """
    common = {
        "tenants": array_literal(tenants),
        "now": now,
        "limit": limit,
        "most": _connections_max(limit, ahead),
        "ahead": array_literal(ahead),
        "wanted": array_literal(ahead.values()),
    }
    rows = session.run("lock_connections", common).fetchall()
    if not rows:
        return None
    connections = array_literal(row[0] for row in rows)
    session.run("drop_dead_slots", {"connections": connections, "now": now})
    return session.run(
        "claim_rows",
        {
            **common,
            "connections": connections,
            "worker": worker,
            "leased_until": leased_until,
            "next_probe_at": next_probe_at,
        },
    )


def read_claims(claimed: Cursor[Row], now: datetime) -> list[Claim]:
    """Read what `claim_rows` has taken."""
    found = [_claim(row, now) for row in claimed]
    return sorted(found, key=lambda one: (one.connection_id, one.slot, one.position, one.tenant_id))


def _claim(row: Row, now: datetime) -> Claim:
    tenant_id, position, external_id, connection_id, slot, fence, attempts, intent = row
    return Claim(
        tenant_id,
        position,
        external_id,
        connection_id,
        slot,
        fence,
        attempts,
        now,
        decode_intent(intent),
    )


def renew_rows(session: Session, claims: Sequence[Claim], leased_until: datetime) -> set[ClaimKey]:
    """Prolong the leases of claimed rows; return those that are still held."""
    return read_keys(session.run("renew_rows", {**_rows_of(claims), "leased_until": leased_until}))


def renew_slots(session: Session, claims: Sequence[Claim], leased_until: datetime) -> None:
    """Prolong the leases of calls in flight, of claims that have one."""
    having = [one for one in claims if one.slot]
    session.run("renew_slots", {**_slots_of(having), "leased_until": leased_until})


def give_back_rows(session: Session, claims: Sequence[Claim], now: datetime) -> None:
    """Undo claims of rows that were not begun."""
    session.run("give_back_rows", {**_rows_of(claims), "now": now})
    free_slots(session, claims)


def settle_rows(session: Session, endings: Sequence[Ending], now: datetime) -> Cursor[Row]:
    """Write what came of claimed rows, those excepted that have been claimed by others since.

    Rows that are done leave their lanes. Slots are not freed here: connections come first.

    Returns:
        Keys of what was written, for `read_keys`.
    """
    claims = [one.claimed for one in endings]
    lock_lanes(session, (one.tenant_id for one in claims))
    written = session.run(
        "settle_rows",
        {
            **_rows_of(claims),
            "now": now,
            "statuses": array_literal(one.status for one in endings),
            "internal_ids": array_literal(one.internal_id for one in endings),
            "numbers": array_literal(one.number for one in endings),
            "posting_periods": array_literal(one.posting_period for one in endings),
            "problems": array_literal(one.problem for one in endings),
            "due_ats": array_literal(one.due_at for one in endings),
        },
    )
    done = [one.claimed for one in endings if one.status == "done"]
    leave_lanes(session, [(one.tenant_id, one.position) for one in done])
    return written


def read_keys(rows: Cursor[Row]) -> set[ClaimKey]:
    """Read the keys of claims that a statement has returned."""
    return {(row[0], row[1], row[2]) for row in rows}


def lock_lanes(session: Session, tenants: Iterable[str]) -> None:
    """Lock the lanes of tenants until the transaction ends; before rows of theirs are finished."""
    session.run("lock_lanes", {"tenants": array_literal(sorted(set(tenants)))})


def leave_lanes(session: Session, finished: Sequence[tuple[str, int]]) -> None:
    """Take finished rows (tenant, position) out of their lanes, so that the next ones may go.

    Rows among them that are not finished stay. Whoever finishes rows, such as a person who skips
    one, calls this in the same transaction, after `lock_lanes`.
    """
    if finished:
        tenants, positions = map(array_literal, zip(*finished, strict=True))
        session.run("leave_lanes", {"tenants": tenants, "positions": positions})
        left = {"left_tenants": tenants, "left_positions": positions}
        session.run("count_blockers", {**left, "tenants": "{}", "positions": "{}"})


def free_slots(session: Session, claims: Sequence[Claim]) -> None:
    """End the calls in flight of claims, those that handed their slot on excepted."""
    having = [one for one in claims if one.slot]
    if having:
        session.run("free_slots", _slots_of(having))


def connections(
    session: Session, connection_ids: Iterable[str], *, is_locked: bool = False
) -> dict[str, ConnectionState]:
    """Return the state of connections; locked until the transaction ends, if asked for."""
    name = "connections_for_update" if is_locked else "connections"
    rows = session.run(name, {"connections": array_literal(sorted(set(connection_ids)))})
    return {row[0]: ConnectionState(*row) for row in rows}


def update_connection(session: Session, state: ConnectionState) -> None:
    """Write the state of a connection that is locked."""
    session.run("update_connection", state._asdict())


class Outlook(NamedTuple):
    """What may be delivered later.

    Attributes:
        due_at: When a row or its connection has paused long enough; None: nothing pauses.
        held_until: When the first lease of another worker ends; None: no other holds a row.
    """

    due_at: datetime | None
    held_until: datetime | None


def outlook(session: Session, tenants: Sequence[str]) -> Outlook:
    """Return what may be delivered later, where nothing can be claimed now."""
    row = session.run("delivery_outlook", {"tenants": list(tenants)}).fetchone()
    assert row is not None
    return Outlook(*row)


def held(session: Session) -> int:
    """Return how many rows of the tenant workers hold."""
    row = session.run("held_rows").fetchone()
    assert row is not None
    return int(row[0])


def in_flight(session: Session, now: datetime) -> dict[str, int]:
    """Return the calls in flight by connection, over all workers."""
    return dict(session.run("in_flight", {"now": now}).fetchall())


def _rows_of(claims: Sequence[Claim]) -> dict[str, str]:
    return {
        "tenants": array_literal(one.tenant_id for one in claims),
        "positions": array_literal(one.position for one in claims),
        "fences": array_literal(one.fence for one in claims),
    }


def _slots_of(claims: Sequence[Claim]) -> dict[str, str]:
    return {
        "connections": array_literal(one.connection_id for one in claims),
        "slots": array_literal(one.slot for one in claims),
    }
