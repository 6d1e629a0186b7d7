"""Finding every record again after the ERP account was refreshed, restored or moved.

No stored internal id is trusted: records are found by external id; those that lost it by block id,
event and content. Of an account that was rolled back, each record stands where one of its
deliveries left it; what came after can be delivered again, in the order it was decided.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from drawdown.core.errors import OtherAccountError
from drawdown.core.observed import ErpRecord
from drawdown.core.plan import RecordIntent
from drawdown.core.ports import Erp
from drawdown.core.rules import Record
from drawdown.service.changes.choices import redeliver
from drawdown.service.reconcile.foreign import twin_of
from drawdown.service.reconcile.records import agree
from drawdown.store import accounts, natives, outbox
from drawdown.store.accounts import Delivered
from drawdown.store.database import Session
from drawdown.store.outbox import after

WAITING_MAX = 1_000_000
"""Rows that wait already; what they are about is not put into the outbox twice."""


class Relinked(NamedTuple):
    """What was found.

    Attributes:
        found: Records of ours that bear their external id.
        moved: Of the stored internal ids, how many were others.
        relabelled: External ids that records lost and have again.
        behind: Operations that the account does not have (any more), in order.
        changed: External ids of records that say what none of their deliveries said.
        natives_missing: Documents of others that were taken in and are not there.
        redelivered: Whether what is behind waits for delivery now.
    """

    found: int
    moved: int
    relabelled: tuple[str, ...]
    behind: tuple[Delivered, ...]
    changed: tuple[str, ...]
    natives_missing: tuple[str, ...]
    redelivered: bool


def relink(
    session: Session, erp: Erp, *, account: str = "", with_redelivery: bool = False
) -> Relinked:
    """Find all records again, and believe the account from now on; safe to repeat.

    Args:
        account: The account that the books have moved to; empty: they stay where they are.
        with_redelivery: Put what is behind into the outbox again.

    Raises:
        OtherAccountError: Another account answers than the one the books belong to or move to.
        ErpError: The ERP could not be read, or refused an external id.
    """
    identity = erp.identity()
    before = accounts.remembered(session)
    expected = account or (before.account if before else identity.account)
    if identity.account != expected:
        raise OtherAccountError(
            f"the connection leads to account {identity.account}, not to {expected}; if the books "
            f"are to move there, say so: `drawdown relink --account {identity.account}`"
        )
    records = {record.external_id: record for record in erp.records()}
    rows: dict[str, list[Delivered]] = defaultdict(list)
    for row in accounts.delivered(session):
        rows[row.external_id].append(row)
    customers = {name: rows.pop(name) for name in list(rows) if _is_customer(rows[name])}
    relabelled = _relabel(erp, rows, records)
    waiting = {row.external_id for row in outbox.window(session, WAITING_MAX)}
    behind, changed = _behind(
        erp, {name: own for name, own in rows.items() if name not in waiting}, records
    )
    missing = _link_natives(session, erp)
    with session.transaction():
        moved = accounts.link(
            session, {name: record.internal_id for name, record in records.items()}
        )
        accounts.remember(session, identity)
    if with_redelivery and behind:
        redeliver(session, [row.intent for row in _with_customers(behind, customers)])
    return Relinked(
        sum(name in records for name in rows),
        moved,
        tuple(relabelled),
        tuple(behind),
        tuple(changed),
        missing,
        with_redelivery and bool(behind),
    )


def _is_customer(rows: list[Delivered]) -> bool:
    return rows[0].intent.record is Record.CUSTOMER


def _relabel(
    erp: Erp, rows: dict[str, list[Delivered]], records: dict[str, ErpRecord]
) -> list[str]:
    """Give records that lost their external id theirs again, where exactly one says the same."""
    done: list[str] = []
    foreign = None
    for name, own in rows.items():
        now = _state(own)
        if now is None or name in records:
            continue
        if foreign is None:
            foreign = list(erp.foreign_records())
        wanted = erp.content(now)
        twin = twin_of(wanted, foreign)
        if twin is not None:
            erp.relabel(wanted.record, twin.internal_id, name)
            foreign.remove(twin)
            records[name] = wanted._replace(internal_id=twin.internal_id, number=twin.number)
            done.append(name)
    return done


def _behind(
    erp: Erp, rows: dict[str, list[Delivered]], records: dict[str, ErpRecord]
) -> tuple[list[Delivered], list[str]]:
    """Return the operations that the account does not have, and records that none explains."""
    behind: list[Delivered] = []
    changed: list[str] = []
    for name, own in rows.items():
        found = records.get(name)
        state: RecordIntent | None = None
        reached = 0 if found is None else -1  # before the first one there was nothing
        for place, row in enumerate(own, 1):
            state = after(state, row.intent)
            if agree(None if state is None else erp.content(state), found):
                reached = place
        if reached < 0:
            changed.append(name)
        else:
            behind += own[reached:]
    return sorted(behind), changed


def _state(rows: Iterable[Delivered]) -> RecordIntent | None:
    state: RecordIntent | None = None
    for row in rows:
        state = after(state, row.intent)
    return state


def _with_customers(
    behind: list[Delivered], customers: dict[str, list[Delivered]]
) -> list[Delivered]:
    """Put the customers concerned first; master data is upserted, so that repeats are harmless."""
    names = dict.fromkeys(row.intent.customer for row in behind)
    return [customers[name][-1] for name in names if name in customers] + behind


def _link_natives(session: Session, erp: Erp) -> tuple[str, ...]:
    """Take over new internal ids of documents of others; say which are not there."""
    known = natives.live(session)
    there = erp.native_ids([native.reference for native in known]) if known else {}
    missing: list[str] = []
    with session.transaction():
        for native in known:
            internal_id = there.get(native.reference)
            if internal_id is None:
                missing.append(native.reference)
                detail = (
                    f"{native.reference} is not in the account since it was refreshed or restored; "
                    "enter it again under its number"
                )
                natives.put(session, native._replace(status="missing", detail=detail))
            elif internal_id != native.internal_id:
                natives.put(session, native._replace(internal_id=internal_id))
    return tuple(missing)
