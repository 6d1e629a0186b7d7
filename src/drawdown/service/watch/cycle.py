"""One cycle of watching: what is new, what was edited, what has gone.

The cursor is safe because nothing depends on it but effort. Each cycle reads again what was changed
in the two hours before the latest change it has seen, by NetSuite's clock alone: commits that
became visible late, ties, a clock set back an hour and a cycle that was cut off are all inside.
What was taken in before is known by its reference and content, so reading twice counts once.
Deletions leave no trace in last-modified; every cycle asks for the documents that should be there.

Source: Oracle help, "SuiteTalk limits": a request ends after 15 minutes at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from drawdown.core.errors import MalformedEventError
from drawdown.core.events import Event
from drawdown.core.observed import NativeDocument
from drawdown.core.plan import Document, DocumentKind
from drawdown.core.policy import Documents, Policy
from drawdown.core.ports import Erp
from drawdown.core.rules import Record
from drawdown.service.ingest import Answer, ingest
from drawdown.service.watch.facts import (
    customer_fact,
    event_id_of,
    facts_of,
    fingerprint,
    is_about,
    reference_of,
    targets_of,
    void_fact,
)
from drawdown.store import natives
from drawdown.store.database import Session
from drawdown.store.ledger import events_by_id
from drawdown.store.natives import Native

OVERLAP = timedelta(hours=2)
"""How far behind the latest change each cycle starts: a repeated hour and the longest request."""


class Taken(NamedTuple):
    """A native document that a cycle took in, or could not.

    Attributes:
        status: As of `natives.Native`.
        detail: Why not, or how it was changed, and what to do; empty if it was taken in.
    """

    reference: str
    status: str
    detail: str


class Watched(NamedTuple):
    """What one cycle did.

    Attributes:
        seen: Documents of others read, blocks or not.
        repeats: Of those, known and unchanged.
        taken: Everything that is new or changed.
    """

    seen: int
    repeats: int
    taken: tuple[Taken, ...]


def watch(session: Session, erp: Erp, policy: Policy) -> Watched:
    """Take in what is new among the documents in the ERP; safe to repeat and to cut off.

    Where we write the documents (policy *documents*) there is nothing to take in.

    Raises:
        ErpError: The ERP could not be read; what was taken in so far is kept.
    """
    if policy.documents is Documents.OURS:
        return Watched(0, 0, ())
    before = natives.high(session)
    newest: datetime | None = None
    seen = repeats = 0
    taken: list[Taken] = []
    for document in erp.native_documents(before - OVERLAP if before else None):
        seen += 1
        newest = max(newest or document.modified_at, document.modified_at)
        outcome = _meet(session, erp, document, policy)
        if outcome is None:
            repeats += 1
        else:
            taken.append(outcome)
    taken += _vanished(session, erp, policy)
    taken += _gone_on(session, erp, policy)
    if newest is not None:
        with session.transaction():
            natives.set_high(session, newest)
    return Watched(seen, repeats, tuple(taken))


def adopt(session: Session, document: NativeDocument, policy: Policy) -> Taken | None:
    """Take a document in as a fact; None if it is not about a block.

    Whoever calls has made sure that it was not taken in before.
    """
    known = natives.documents_of(session, targets_of(document))
    waits_for = _not_in_the_books(session, document, known)
    if waits_for:
        detail = (
            f"{document.record} {document.number} goes on when {', '.join(waits_for)} is in the "
            "books; see what holds that up"
        )
        return _put(session, document, "held", detail)
    if not is_about(document, known):
        return None
    events: list[Event] = []
    customer = natives.customer_of(session, document.customer.reference)
    native_customer = customer_fact(document, customer, policy)
    if native_customer is not None:
        events.append(native_customer)
    customer_id = customer.customer_id if customer else document.customer.customer_id
    try:
        events += facts_of(document, customer_id, known, policy)
    except MalformedEventError as error:
        return _put(session, document, "refused", str(error))
    if natives.by_reference(session, reference_of(document)) is None:
        # Known before it is posted: whoever dies between the two finds it again, though it may have
        # been deleted meanwhile.
        _put(session, document, "held", "it is being taken in")
    answers = ingest(session, events, policy)
    return _put(session, document, *_outcome(answers))


def _meet(session: Session, erp: Erp, document: NativeDocument, policy: Policy) -> Taken | None:
    """Compare a document with what is known of it; None if there is nothing new."""
    reference = reference_of(document)
    known = natives.by_reference(session, reference)
    now = fingerprint(document)
    if known is None:
        if document.is_voided:
            return None
        before = _renumbered(session, erp, document)
        return adopt(session, document, policy) if before is None else _mark(session, *before)
    if known.status in ("voided", "deleted"):
        return None
    if document.is_voided:
        return _news(known, _end(session, known, policy, "voided"))
    if known.status == "held" and not _is_told(session, reference):
        # Nothing was posted: what it says now is the fact, in its turn among the others.
        taken = _retake(session, document, policy)
        return _news(known, taken) if now == known.fingerprint else taken
    if now == known.fingerprint:
        if known.status in ("edited", "missing"):
            return _set(session, known._replace(status="taken", seen=now, detail=""), document)
        if known.internal_id != document.internal_id:
            _set(session, known, document)
        return None
    if known.status == "refused":  # nothing was posted: what it says now is the fact
        return _retake(session, document, policy)
    if now == known.seen:
        return None
    detail = (
        f"{document.record} {document.number} was edited in NetSuite after it had been taken in; "
        "set it back there, or void it there and enter it again under a new number"
    )
    return _set(session, known._replace(status="edited", seen=now, detail=detail), document)


def _retake(session: Session, document: NativeDocument, policy: Policy) -> Taken | None:
    """Take in a document that was refused before, under an event of its own."""
    taken = adopt(session, document, policy)
    if taken is not None and taken.status == "refused" and "received before" in taken.detail:
        detail = (
            f"{document.record} {document.number} was refused and has been edited since; enter it "
            "again under a new number"
        )
        return _put(session, document, "refused", detail)
    return taken


def _renumbered(
    session: Session, erp: Erp, document: NativeDocument
) -> tuple[Native, Native] | None:
    """Recognise a known document under a new number, so that it is not taken in twice.

    Returns:
        What was known of it, and what is now.
    """
    for native in natives.by_internal_id(session, document.internal_id):
        if native.status not in ("voided", "deleted") and not erp.native_ids([native.reference]):
            detail = (
                f"{native.reference} now has number {document.number} in NetSuite; give it its "
                "number back: it is how documents are found again"
            )
            seen = fingerprint(document)
            return native, native._replace(status="missing", seen=seen, detail=detail)
    return None


def _mark(session: Session, before: Native, now: Native) -> Taken | None:
    return None if now == before else _set(session, now, None)


def _vanished(session: Session, erp: Erp, policy: Policy) -> Iterator[Taken]:
    """Find known documents that are not there any more; link those that have a new id."""
    known = natives.live(session)
    there = erp.native_ids([native.reference for native in known]) if known else {}
    for native in known:
        internal_id = there.get(native.reference)
        if internal_id is None:
            if native.status == "missing":
                continue  # nobody deleted it, and a person decides about it already
            ended = _news(native, _end(session, native, policy, "deleted"))
            if ended is not None:
                yield ended
        elif internal_id != native.internal_id:
            with session.transaction():
                natives.put(session, native._replace(internal_id=internal_id))


def _not_in_the_books(
    session: Session, document: NativeDocument, known: Mapping[str, Document]
) -> list[str]:
    """Return the invoices that a memo credits, or a payment pays, which are held or refused.

    When they go on, the cursor may long have passed it.
    """
    if document.record not in (Record.CREDIT_MEMO, Record.CUSTOMER_PAYMENT):
        return []
    met = natives.by_references(
        session, [target for target in targets_of(document) if target not in known]
    )
    return [native.reference for native in met if native.status in ("held", "refused")]


def _is_told(session: Session, reference: str) -> bool:
    """Whether a document became a fact; one that waits for another document has not."""
    event_id = event_id_of(reference)
    return event_id in events_by_id(session, [event_id])


def _gone_on(session: Session, erp: Erp, policy: Policy) -> Iterator[Taken]:
    """Find documents that were held, or whose facts were, and have gone on since."""
    held = natives.with_status(session, "held")
    records = events_by_id(session, [event_id_of(native.reference) for native in held])
    untold: dict[str, Native] = {}
    for native in held:
        record = records.get(event_id_of(native.reference))
        if record is None:
            untold[native.reference] = native
        elif record.status != "held":
            status = "taken" if record.status == "accepted" else "refused"
            yield _set(session, native._replace(status=status, detail=record.detail), None)
    for document in erp.native_documents(None, list(untold)) if untold else ():
        before = untold[reference_of(document)]
        taken = _news(before, adopt(session, document, policy))
        if taken is not None:
            yield taken


def _news(before: Native, taken: Taken | None) -> Taken | None:
    """Return what was not told before."""
    if taken is None or (taken.status, taken.detail) == (before.status, before.detail):
        return None
    return taken


def _end(session: Session, native: Native, policy: Policy, how: str) -> Taken:
    """Take back an invoice that was voided or deleted; for others a person must decide."""
    document = natives.documents_of(session, [native.reference]).get(native.reference)
    if document is not None and document.kind is not DocumentKind.ORDER:
        (answer,) = ingest(session, [void_fact(native.reference, document, policy)], policy)
        if answer.status == "accepted":
            return _set(session, native._replace(status=how, detail=""), None)
        detail = (
            f"{native.reference} was {how} in NetSuite, but cannot be taken back: {answer.detail}"
        )
    elif native.status == "held" and _is_told(session, native.reference):
        # Its fact waits in the inbox and goes on some day: then there is something to take back.
        detail = (
            f"{native.reference} was {how} in NetSuite; what it says waits for what it needs, and "
            "is taken back when it has gone on"
        )
        return _set(session, native._replace(detail=detail), None)
    elif native.status in ("held", "refused"):
        return _set(session, native._replace(status=how, detail=""), None)
    else:
        detail = (
            f"{native.reference} was {how} in NetSuite after it had been posted; enter it again "
            "there, or send the facts that take it back"
        )
    changed = native._replace(status="edited", detail=detail)
    return Taken(native.reference, "edited", detail) if changed == native else _set(
        session, changed, None
    )  # fmt: skip


def _outcome(answers: list[Answer]) -> tuple[str, str]:
    """Return status and detail of a document by what came of its facts: the worst counts."""
    for status in ("conflict", "refused", "held"):
        for answer in answers:
            if answer.status == status:
                return ("refused" if status == "conflict" else status), answer.detail
    return "taken", ""


def _put(session: Session, document: NativeDocument, status: str, detail: str) -> Taken:
    mark = fingerprint(document)
    reference = reference_of(document)
    native = Native(reference, document.internal_id, status, mark, mark, detail)
    return _set(session, native, document)


def _set(session: Session, native: Native, document: NativeDocument | None) -> Taken:
    if document is not None:
        native = native._replace(internal_id=document.internal_id)
    with session.transaction():
        natives.put(session, native)
    return Taken(native.reference, native.status, native.detail)
