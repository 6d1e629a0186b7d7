"""Writing down what reconciliation found, so that each change is chosen about once."""

from __future__ import annotations

from collections.abc import Iterable

from drawdown.service.reconcile import Difference, Reconciliation, change_id_of
from drawdown.store import changes
from drawdown.store.changes import Action, Change
from drawdown.store.database import Session
from drawdown.store.ledger import lock_tenant

OPEN = (Action.FOUND, Action.RESTORED)
"""A restored record that reconcile still finds changed awaits a choice again."""


def is_change(difference: Difference) -> bool:
    """Whether a difference is what somebody did, and not the effect of it on a balance."""
    return difference.kind.startswith(("record_", "native_")) or difference.kind == "untagged"


def note(session: Session, found: Reconciliation) -> list[Change]:
    """Write down what is new and what has gone; return what awaits a choice.

    Whatever was chosen stays chosen as long as the finding is the same.
    """
    with session.transaction():
        lock_tenant(session)
        known = changes.latest(session)
        seen = {change_id_of(one): one for one in (*found.differences, *found.explained)}
        seen = {key: one for key, one in seen.items() if is_change(one)}
        for change_id, one in seen.items():
            before = known.get(change_id)
            if before is None:
                changes.add(
                    session, change_id, kind=one.kind, block_id=one.block_id, record=one.what,
                    currency=one.currency, ours=one.ours, theirs=one.theirs, detail=one.detail,
                )  # fmt: skip
            if before is None or before.action in (Action.GONE, Action.RESTORED):
                changes.happen(session, change_id, Action.FOUND)
        for change_id, before in known.items():
            is_over = before.action in (Action.GONE, Action.ACCEPTED)
            if change_id not in seen and not is_over:
                changes.happen(session, change_id, Action.GONE)
    return awaiting(session)


def awaiting(session: Session) -> list[Change]:
    """Return the changes that await a choice, the oldest first."""
    return _in_order(one for one in changes.latest(session).values() if one.action in OPEN)


def _in_order(found: Iterable[Change]) -> list[Change]:
    return sorted(found, key=lambda one: (one.found_at, one.change_id))
