"""What people changed in the ERP, and what came of it. Both tables only grow."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from drawdown.store.database import Session


class Action(StrEnum):
    """What came of a change."""

    FOUND = "found"  #: reconcile sees it; it awaits a choice
    GONE = "gone"  #: reconcile does not see it any more
    ACCEPTED = "accepted"  #: the journal follows
    RESTORED = "restored"  #: the record is put back
    LEFT = "left"  #: it stays, with a reason: an explained difference


class Change(NamedTuple):
    """A change with the last thing that came of it.

    Attributes:
        record: External id, or the name of a record that is none of ours.
        found_at: When it was first found.
    """

    change_id: str
    kind: str
    block_id: str
    record: str
    currency: str
    ours: str
    theirs: str
    detail: str
    action: Action
    person: str
    reason: str
    at: datetime
    found_at: datetime


class Happened(NamedTuple):
    """One row of a change's history."""

    number: int
    action: Action
    person: str
    reason: str
    at: datetime


def latest(session: Session) -> dict[str, Change]:
    """Return all changes by id."""
    return {
        row[0]: Change(*row)._replace(action=Action(row[8]))
        for row in session.run("changes_latest")
    }


def history(session: Session, change_id: str) -> list[Happened]:
    """Return everything that came of a change, oldest first."""
    rows = session.run("change_history", {"change_id": change_id})
    return [Happened(row[0], Action(row[1]), *row[2:]) for row in rows]


def add(session: Session, change_id: str, **content: str) -> None:
    """Add a change; one that is there already stays as it is."""
    session.run("add_change", {"change_id": change_id, **content})


def happen(
    session: Session, change_id: str, action: Action, person: str = "", reason: str = ""
) -> None:
    """Add to a change's history; the caller holds the lock on the tenant."""
    session.run(
        "add_change_history",
        {"change_id": change_id, "action": action, "person": person, "reason": reason},
    )
