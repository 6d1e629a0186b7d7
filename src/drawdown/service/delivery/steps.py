"""The steps of delivery: claim rows, perform the calls, settle what came of them.

`claim` and `settle` are one short transaction each and call nobody; `perform` calls the ERP and
touches no database. Every write carries the fencing number of its claim, so what a worker writes
after its lease ended and somebody else began is refused.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from drawdown.core.errors import (
    ErpError,
    ErpRefusedError,
    ErpThrottledError,
    ErpUnavailableError,
    ErpUnknownError,
)
from drawdown.core.observed import Posted
from drawdown.core.plan import RecordIntent
from drawdown.core.ports import Erp
from drawdown.service.delivery import governor
from drawdown.service.delivery.governor import CONCURRENCY_DEFAULT, Chance, Heard
from drawdown.store import delivery as rows
from drawdown.store.database import Session
from drawdown.store.delivery import Claim, ConnectionState, Ending

LEASE = timedelta(seconds=30)
"""How long a worker that is not heard of keeps its rows and its calls in flight."""


class Outcome(StrEnum):
    """What came of one try to deliver a row."""

    DELIVERED = "delivered"
    ADOPTED = "adopted"  # an earlier try of ours had made it
    REFUSED = "refused"  # a person must act
    THROTTLED = "throttled"  # too many calls at once; nothing was done
    NO_ACCESS = "no_access"  # the connection's credentials or role; a person must act on those
    UNAVAILABLE = "unavailable"  # nothing was done
    UNKNOWN = "unknown"  # sent, no answer; looked up before anything is sent again

    @property
    def is_done(self) -> bool:
        """Whether the ERP holds the record as intended."""
        return self in (Outcome.DELIVERED, Outcome.ADOPTED)

    @property
    def is_answer(self) -> bool:
        """Whether the ERP takes calls: it answered, be it with a refusal."""
        return self.is_done or self is Outcome.REFUSED


class Result(NamedTuple):
    """What came of performing a claim.

    Attributes:
        posted: Only of what is done.
        error: Of everything else.
    """

    claim: Claim
    outcome: Outcome
    posted: Posted | None = None
    error: ErpError | None = None

    @property
    def problem(self) -> str:
        """The error in words; empty if it is done."""
        return str(self.error) if self.error is not None else ""


class Settled(NamedTuple):
    """What a settlement wrote.

    Attributes:
        written: Results that stand now.
        lost: Claims that somebody else has taken over; nothing was written of them.
        changes: Connections whose state changed: before, after.
    """

    written: tuple[Result, ...]
    lost: tuple[Claim, ...]
    changes: tuple[tuple[ConnectionState, ConnectionState], ...]


def register(
    session: Session,
    connection_id: str,
    concurrency: int | None = None,
    *,
    tenant_id: str = "",
    is_default: bool = False,
) -> None:
    """Say which connection a tenant delivers to, and how many calls are ours there.

    Args:
        connection_id: Names the ERP account; tenants that share it share its calls.
        concurrency: None: not known; what is registered stays, else the default.
        tenant_id: For sessions of workers; otherwise the session's own.
        is_default: A connection that is registered for the tenant already stays.
    """
    rows.register(
        session,
        tenant_id or session.tenant_id,
        connection_id,
        concurrency or CONCURRENCY_DEFAULT,
        is_known=concurrency is not None,
        is_default=is_default,
    )


def learn_share(erp: Erp, reserve: int) -> int | None:
    """Ask the ERP how many calls may be in flight, and leave some to others; None: it says nothing.

    Args:
        reserve: Calls at once that are kept for others (and for our own reading).
    """
    try:
        return max(1, erp.concurrency_limit() - reserve)
    except ErpError:
        return None


def claim(
    session: Session,
    *,
    worker: str,
    now: datetime,
    limit: int,
    tenants: Sequence[str] | None = None,
    lease: timedelta = LEASE,
    ahead: Mapping[str, int] | None = None,
) -> list[Claim]:
    """Take rows that may go now, at most `limit`, and hold them for the time of a lease.

    A row may go when no earlier unfinished row shares a lane with it, its back-off is over, and its
    connection has a slot free. Each tenant's oldest go first; tenants of a connection take turns.

    Args:
        worker: Name of this worker, unlike all others.
        tenants: Tenants to serve; None: the session's own.
        ahead: Rows to take besides, by connection, to be at hand when calls of this worker end:
            their slot is 0 until an earlier claim of the same connection hands its own on.

    Returns:
        Claims, at most one per lane, possibly none. Each must be performed and settled, or given
        back.

    Raises:
        StoreError: The database refused; nothing was claimed.
    """
    served = [session.tenant_id] if tenants is None else tenants
    if (limit <= 0 and not ahead) or not served:
        return []
    ahead = ahead or {}
    # By itself, as settlements wait for the lanes that it holds.
    with session.pipelined_transaction():
        rows.enter_lanes(session, served, limit=limit, ahead=ahead)
    with session.pipelined_transaction():
        claimed = rows.claim_rows(
            session,
            served,
            worker=worker,
            now=now,
            leased_until=now + lease,
            next_probe_at=now + governor.PROBE_EVERY,
            limit=limit,
            ahead=ahead,
        )
    return [] if claimed is None else rows.read_claims(claimed, now)


def perform(claim: Claim, erp: Erp) -> Result:
    """Deliver the record of a claim, once; whatever goes wrong is in the result."""
    return _tried(claim, erp.deliver)


def post(claim: Claim, erp: Erp) -> Result:
    """Post the record of a claim, once; if it is not verified yet, `verify` must follow."""
    return _tried(claim, erp.post)


def verify(claims: Sequence[Claim], erp: Erp) -> list[Result]:
    """Read back what was posted, all with few calls.

    What cannot be read is not done: it is tried again, and then met under its external id.
    """
    try:
        found = erp.read_back([claim.intent for claim in claims])
    except ErpError as error:
        return [Result(claim, _outcome(error), error=error) for claim in claims]
    except Exception as fault:  # noqa: BLE001 - as for a single record
        return [_failed(claim, fault) for claim in claims]
    return [
        Result(claim, _outcome(one), error=one)
        if isinstance(one, ErpError)
        else Result(claim, Outcome.ADOPTED if one.is_adopted else Outcome.DELIVERED, one)
        for claim, one in zip(claims, found, strict=True)
    ]


def _tried(claim: Claim, deliver: Callable[[RecordIntent], Posted]) -> Result:
    try:
        posted = deliver(claim.intent)
    except ErpError as error:
        return Result(claim, _outcome(error), error=error)
    except Exception as fault:  # noqa: BLE001 - one record that we cannot handle stops no other
        return _failed(claim, fault)
    return Result(claim, Outcome.ADOPTED if posted.is_adopted else Outcome.DELIVERED, posted)


def _failed(claim: Claim, fault: Exception) -> Result:
    refused = ErpRefusedError(
        f"{claim.intent.record} {claim.external_id}: Drawdown itself failed on it "
        f"({type(fault).__name__}: {fault}); please report this, and try the record again "
        "after an update: whatever was sent is looked up first",
        external_id=claim.external_id,
    )
    return Result(claim, Outcome.REFUSED, error=refused)


def _outcome(error: ErpError) -> Outcome:
    match error:
        case ErpThrottledError():
            return Outcome.THROTTLED
        case ErpUnknownError():
            return Outcome.UNKNOWN
        case ErpUnavailableError():
            return Outcome.UNAVAILABLE
        case _:
            return Outcome.NO_ACCESS if error.concerns_connection else Outcome.REFUSED


def settle(
    session: Session, results: Sequence[Result], *, now: datetime, chance: Chance = random.random
) -> Settled:
    """Write what came of claims, let the next rows of their lanes go, free their slots.

    Raises:
        StoreError: The database refused; nothing was written, and settling may be tried again.
    """
    if not results:
        return Settled((), (), ())
    endings = [_ending(result, now, chance) for result in results]
    with session.pipelined_transaction():
        settled = rows.settle_rows(session, endings, now)
        changes = _govern(session, results, now, chance)
        rows.free_slots(session, [result.claim for result in results])
    kept = rows.read_keys(settled)
    written: list[Result] = []
    lost: list[Claim] = []
    for result in results:
        if result.claim.key in kept:
            written.append(result)
        else:
            lost.append(result.claim)
    return Settled(tuple(written), tuple(lost), tuple(changes))


def _ending(result: Result, now: datetime, chance: Chance) -> Ending:
    claim, posted = result.claim, result.posted
    if posted is not None:
        return Ending(claim, "done", now, posted.internal_id, posted.number, posted.posting_period)
    if result.outcome is Outcome.REFUSED:
        return Ending(claim, "parked", now, problem=result.problem)
    # What concerns the connection holds the connection; the row is not to blame.
    is_row = result.outcome in (Outcome.UNAVAILABLE, Outcome.UNKNOWN)
    most_s = governor.ROW_PAUSE_MAX_S if is_row else governor.THROTTLE_PAUSE_MAX_S
    pause = governor.pause_of_row(claim.attempts, chance, most_s)
    return Ending(claim, "waiting", now + pause, problem=result.problem)


def _govern(
    session: Session, results: Sequence[Result], now: datetime, chance: Chance
) -> list[tuple[ConnectionState, ConnectionState]]:
    """Change the state of connections by what was heard; those in good health are not locked."""
    heard: dict[str, list[Heard]] = defaultdict(list)
    for result in results:
        heard[result.claim.connection_id].append(_heard(result))
    seen = rows.connections(session, heard)
    changing = [
        name
        for name, state in seen.items()
        if governor.after(state, heard[name], now, chance=lambda: 1.0) != state
    ]
    if not changing:
        return []
    changes = []
    for name, state in rows.connections(session, changing, is_locked=True).items():
        new = governor.after(state, heard[name], now, chance)
        if new != state:
            rows.update_connection(session, new)
            changes.append((state, new))
    return changes


def _heard(result: Result) -> Heard:
    claimed_at = result.claim.claimed_at
    match result.outcome:
        case Outcome.THROTTLED:
            assert isinstance(result.error, ErpThrottledError)
            return Heard(claimed_at, is_throttled=True, retry_after_s=result.error.retry_after_s)
        case Outcome.NO_ACCESS | Outcome.UNAVAILABLE | Outcome.UNKNOWN:
            return Heard(claimed_at, error=result.error)
        case Outcome.DELIVERED | Outcome.ADOPTED | Outcome.REFUSED:
            return Heard(claimed_at)


def renew(
    session: Session,
    claims: Sequence[Claim],
    *,
    now: datetime,
    lease: timedelta = LEASE,
    age: timedelta = timedelta(0),
) -> list[Claim]:
    """Prolong the leases of claims that are still being performed; return those that were lost.

    Args:
        age: Rows that were claimed less than so long ago keep the lease they have.

    Raises:
        StoreError: The database refused; nothing was prolonged.
    """
    if not claims:
        return []
    ageing = [one for one in claims if now - one.claimed_at >= age]
    with session.pipelined_transaction():
        kept = rows.renew_rows(session, ageing, now + lease) if ageing else set()
        lost = [one for one in ageing if one.key not in kept]
        keys = {one.key for one in lost}
        rows.renew_slots(session, [one for one in claims if one.key not in keys], now + lease)
    return lost


def give_back(session: Session, claims: Sequence[Claim], *, now: datetime) -> None:
    """Undo claims that were not begun, so that another worker may take the rows at once.

    Raises:
        StoreError: The database refused; the leases end by themselves.
    """
    if claims:
        with session.pipelined_transaction():
            rows.give_back_rows(session, claims, now)
