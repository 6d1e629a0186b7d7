"""One reconciliation: read both sides, compare, and read again if they moved meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from drawdown.core.ports import Erp
from drawdown.service.reconcile.balances import (
    compare_balances,
    compare_invariants,
    compare_recognition,
    compare_untagged,
)
from drawdown.service.reconcile.decided import DECIDED, compare_skipped, explained
from drawdown.service.reconcile.difference import (
    Difference,
    Reconciliation,
    Run,
    change_id_of,
)
from drawdown.service.reconcile.dues import compare_dues
from drawdown.service.reconcile.foreign import compare_foreign, compare_natives
from drawdown.service.reconcile.records import compare_records
from drawdown.store import changes, exceptions, natives, outbox, summaries
from drawdown.store.changes import Action
from drawdown.store.database import Session

WAITING_MAX = 1_000_000
"""Records not delivered yet that a reconciliation takes into account."""

EFFECTS = ("balance", "due", "unapplied")
"""What a change of a record shows in sums."""

COMPARISONS: tuple[Callable[[Run], Iterator[Difference]], ...] = (
    compare_invariants,
    compare_balances,
    compare_recognition,
    compare_records,
    compare_foreign,
    compare_natives,
    compare_dues,
    compare_untagged,
    compare_skipped,
)
"""In this order: `compare_dues` leaves out what `compare_records` has found missing."""


def reconcile(session: Session, erp: Erp) -> Reconciliation:
    """Compare everything; read only.

    Deliveries may go on meanwhile. Then what one reading found different only counts if a second
    one finds the very same.

    Raises:
        ErpError: The ERP could not be read.
    """
    before = outbox.state(session)
    first = _compare(session, erp)
    if not first.differences or outbox.state(session) == before:
        return _with_choices(session, first)
    second = _compare(session, erp)
    known = {(one.kind, one.block_id, one.what) for one in first.differences}
    lasting = (one for one in second.differences if (one.kind, one.block_id, one.what) in known)
    return _with_choices(session, second._replace(differences=tuple(lasting)))


def _with_choices(session: Session, found: Reconciliation) -> Reconciliation:
    """Leave out what a person accepted, and set apart what was left with a reason.

    The effects of a change on balances and dues go with it, where nothing else is wrong with the
    block.
    """
    chosen = {
        change_id: change.action
        for change_id, change in changes.latest(session).items()
        if change.action in (Action.ACCEPTED, Action.LEFT)
    }
    if not chosen:
        return found
    actions = [(one, chosen.get(change_id_of(one))) for one in found.differences]
    left = {one.block_id for one, action in actions if action is Action.LEFT}
    wrong = {one.block_id for one, action in actions if not action and one.kind not in EFFECTS}
    settled: list[Difference] = []
    open_: list[Difference] = []
    for one, action in actions:
        if action is Action.ACCEPTED:
            continue
        is_effect = one.kind in EFFECTS and one.block_id in left - wrong - {""}
        (settled if action or is_effect else open_).append(one)
    return found._replace(differences=tuple(open_), explained=(*found.explained, *settled))


def _compare(session: Session, erp: Erp) -> Reconciliation:
    run = Run(
        session,
        erp,
        {record.external_id: record for record in erp.records()},
        list(erp.foreign_records()),
        outbox.window(session, WAITING_MAX),
        summaries.gathering(session),
        {native.reference: native for native in natives.known(session)},
        exceptions.decisions(session),
    )
    every = (difference for compare in COMPARISONS for difference in compare(run))
    found = list(explained(run, every))
    return Reconciliation(
        run.blocks,
        len(run.records),
        tuple(one for one in found if one.kind not in DECIDED),
        explained=tuple(one for one in found if one.kind in DECIDED),
    )
