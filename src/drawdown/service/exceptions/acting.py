"""What a person does about exceptions: each action for one or many, repeatable, written down.

An exception that is no longer stuck is answered, not an error: somebody else, or the same person a
moment ago, has seen to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from drawdown.core.errors import StoreError
from drawdown.core.plan import Operation
from drawdown.core.policy import Policy
from drawdown.core.ports import Erp
from drawdown.core.summaries import changes_without, without
from drawdown.service.exceptions.redating import chain_of, first_open_day, move
from drawdown.service.ingest import Answer, replay
from drawdown.store import exceptions as rows, outbox
from drawdown.store.database import Session
from drawdown.store.exceptions import OutboxRow
from drawdown.store.ledger import lock_tenant

POSITION_DIGITS_MAX = 18
"""Of what a bigint of the database can hold."""


class Done(NamedTuple):
    """What came of an action on one exception.

    Attributes:
        is_done: False: there was nothing to do, or it was not possible; `detail` says why.
    """

    exception_id: str
    is_done: bool
    detail: str


def retry(session: Session, exception_ids: Sequence[str], who: str, reason: str = "") -> list[Done]:
    """Let parked records be tried again."""

    def act(positions: Sequence[int]) -> dict[int, str]:
        return dict.fromkeys(rows.retry_records(session, positions), "waits for delivery again")

    return _on_records(session, "retry", exception_ids, act, who, reason)


def skip(session: Session, exception_ids: Sequence[str], who: str, reason: str) -> list[Done]:
    """Give up delivering parked records; what comes after them in their lanes goes on.

    The journal keeps its entries, and reconciliation explains the difference by the reason. Of an
    application to several invoices, some of which others have deleted, only those are given up,
    also in the changes that wait behind it.
    """
    _given(reason)

    def act(positions: Sequence[int]) -> dict[int, str]:
        done: dict[int, str] = {}
        shrunk = [one for one in rows.without_target(session) if one.position in positions]
        for position, intent, gone in shrunk:
            left = without(intent, gone)
            if left is not None and rows.change_parked(session, position, left):
                done[position] = f"will be delivered without {', '.join(gone)}"
        skipped = rows.skip_records(session, [*set(positions) - set(done)], who, reason)
        detail = "will not be delivered; reconciliation names it with the reason"
        done |= dict.fromkeys(skipped, detail)
        for position, intent, gone in shrunk:
            if position in done:
                later = rows.changes_waiting(session, position, intent.external_id)
                changed = changes_without(intent, gone, later.values())
                for at, change in zip(later, changed, strict=True):
                    rows.change_waiting(session, at, change)
        return done

    return _on_records(session, "skip", exception_ids, act, who, reason)


def _on_records(
    session: Session,
    action: str,
    exception_ids: Sequence[str],
    act: Callable[[Sequence[int]], dict[int, str]],
    who: str,
    reason: str,
) -> list[Done]:
    """Act on parked records; `act` returns what comes of each that it could act on."""
    positions = {one: _position(one) for one in dict.fromkeys(exception_ids)}
    with session.transaction():
        before = {one.position: one for one in outbox.parked(session)}
        done = act(list(positions.values()))
        details = {
            name: f"{before[position].external_id} {done[position]} (it had been refused: "
            f"{before[position].problem})"
            for name, position in positions.items()
            if position in done
        }
        rows.add_actions(session, action, details, who, reason)
    return [
        Done(name, position in done, done.get(position, "it is not parked"))
        for name, position in positions.items()
    ]


def redate(
    session: Session,
    erp: Erp,
    exception_ids: Sequence[str],
    who: str,
    reason: str = "",
    *,
    to: date | None = None,
) -> list[Done]:
    """Post parked records, and what hangs together with them, in the next open period.

    Args:
        to: This day instead of the first open one.

    Raises:
        ErpError: The periods could not be read.
        StoreError: The day lies in a closed period.
    """
    periods = erp.periods()
    if to is not None and periods and first_open_day(periods, to) != to:
        raise StoreError(f"{to} lies in a period that takes no postings; choose an open day")
    answers: list[Done] = []
    with session.transaction():
        lock_tenant(session)
        for name in dict.fromkeys(exception_ids):
            undelivered = rows.undelivered(session)
            position = _position(name)
            row = next((one for one in undelivered if one.position == position), None)
            if row is None or row.status != "parked":
                answers.append(Done(name, False, "it is not a parked record that is to be made"))
                continue
            day = to or (first_open_day(periods, row.posted_on) if periods else None)
            if day is None or day <= row.posted_on:
                answers.append(
                    Done(
                        name, False,
                        f"its date {row.posted_on} lies in no closed period; name a later day "
                        "with --to, or retry it",
                    )
                )  # fmt: skip
                continue
            details = move(session, chain_of({position}, undelivered, day), who, reason)
            answers.append(Done(name, True, "; ".join(details.values())))
    return answers


def adopt(
    session: Session,
    erp: Erp,
    exception_id: str,
    who: str,
    reason: str,
    *,
    internal_id: str = "",
    is_confirmed: bool = False,
) -> Done:
    """Take a record that is in the ERP for the one that was to be made.

    Args:
        internal_id: The ERP's id of it; empty: the record under our external id.
        is_confirmed: The person has seen how it differs. Otherwise a record that differs is only
            shown.

    Raises:
        ErpError: The ERP could not be asked.
        StoreError: There is no such parked record.
    """
    _given(reason)
    row = _parked_creation(session, exception_id)
    found = erp.inspect(row.intent, internal_id)
    if found is None:
        name = internal_id or row.external_id
        return Done(
            exception_id, False,
            f"NetSuite has no {row.intent.record} {name}; give the internal id of the record that "
            "stands for it",
        )  # fmt: skip
    differ = "; ".join(found.differences)
    if found.differences and not is_confirmed:
        return Done(
            exception_id, False,
            f"{row.intent.record} {found.number or found.internal_id} says: {differ}. To take it "
            "as it is, confirm",
        )  # fmt: skip
    if internal_id:
        erp.relink(row.intent, internal_id)
    detail = f"{row.intent.record} {found.number or found.internal_id} stands for {row.external_id}"
    detail += f", although it says: {differ}" if differ else ""
    with session.transaction():
        is_done = rows.adopt_record(
            session, row.position, found.internal_id, found.number, found.posting_period
        )
        if is_done:
            rows.add_actions(session, "adopt", {exception_id: detail}, who, reason)
    return Done(exception_id, is_done, detail if is_done else "it is not parked any more")


def _parked_creation(session: Session, exception_id: str) -> OutboxRow:
    row = rows.outbox_row(session, _position(exception_id))
    if row is None or row.status != "parked" or row.intent.operation is not Operation.CREATE:
        raise StoreError(
            f"{exception_id} is not a parked record that is to be made; `drawdown exceptions` "
            "lists what is"
        )
    return row


def withdraw(session: Session, exception_ids: Sequence[str], who: str, reason: str) -> list[Done]:
    """Settle held or refused events and conflicts without posting anything."""
    _given(reason)
    names = list(dict.fromkeys(exception_ids))
    events = {name: name.removeprefix("event:") for name in names if name.startswith("event:")}
    with session.transaction():
        lock_tenant(session)
        found = rows.withdraw_events(session, list(events.values()), who, reason)
        was_held = sum(found.values())
        session.run("count_up", {"events": 0, "intents": 0, "held": -was_held})
        conflicts = {f"conflict:{one.event_id}" for one in rows.stuck_conflicts(session)}
        details = {name: "withdrawn" for name, event_id in events.items() if event_id in found}
        details |= {name: "withdrawn" for name in names if name in conflicts}
        rows.add_actions(session, "withdraw", details, who, reason)
    return [
        Done(
            name, name in details, details.get(name, "it is neither held, refused nor in conflict")
        )
        for name in names
    ]


def replay_events(
    session: Session, exception_ids: Sequence[str], policy: Policy, who: str, reason: str = ""
) -> list[Done]:
    """Decide held or refused events again, with today's policy and what is known today."""
    names = list(dict.fromkeys(exception_ids))
    events = {name: name.removeprefix("event:") for name in names if name.startswith("event:")}
    answers = {one.event_id: one for one in replay(session, list(events.values()), policy)}
    details = {
        name: _told(answers[event_id]) for name, event_id in events.items() if event_id in answers
    }
    with session.transaction():
        rows.add_actions(session, "replay", details, who, reason)
    return [
        Done(
            name,
            name in details and answers[events[name]].status == "accepted",
            details.get(name, "it is neither held nor refused"),
        )
        for name in names
    ]


def _told(answer: Answer) -> str:
    return " ".join(part for part in (answer.status, answer.reason, answer.detail) if part)


def _position(exception_id: str) -> int:
    kind, _, number = exception_id.partition(":")
    if kind != "record" or not number.isdecimal() or len(number) > POSITION_DIGITS_MAX:
        return -1
    return int(number)


def _given(reason: str) -> None:
    if not reason.strip():
        raise StoreError("say why: a reason is kept with what was done")
