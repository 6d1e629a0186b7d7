"""What watch keeps: how far it has read, and the documents it took in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from drawdown.core.plan import Customer, Document
from drawdown.store.codec import array_literal
from drawdown.store.database import Session
from drawdown.store.ledger import to_document


class Native(NamedTuple):
    """A native document, as it was taken in.

    Attributes:
        internal_id: The ERP's id when it was last seen; a cache.
        status: taken, held, refused, edited, voided or deleted.
        fingerprint: SHA-256 of the content that was taken in.
        seen: SHA-256 of the content last seen; another one if it was edited since.
        detail: Why it was held or refused, or how it was changed.
    """

    reference: str
    internal_id: str
    status: str
    fingerprint: bytes
    seen: bytes
    detail: str = ""


def high(session: Session) -> datetime | None:
    """Return the latest change that was read, by the ERP's clock; None before the first reading."""
    row = session.run("watch_high").fetchone()
    if row is None:
        return None
    assert isinstance(row[0], datetime)
    return row[0]


def set_high(session: Session, newest: datetime) -> None:
    """Remember how far was read; an earlier instant changes nothing."""
    session.run("set_watch_high", {"high": newest})


def by_reference(session: Session, reference: str) -> Native | None:
    """Return a native document by type and number."""
    return next(iter(by_references(session, [reference])), None)


def by_references(session: Session, references: Iterable[str]) -> list[Native]:
    """Return native documents by type and number."""
    rows = session.run("native_by_reference", {"ids": array_literal(references)})
    return [Native(*row) for row in rows]


def by_internal_id(session: Session, internal_id: str) -> list[Native]:
    """Return the native documents that were last seen under an internal id."""
    return [Native(*row) for row in session.run("native_by_id", {"internal_id": internal_id})]


def live(session: Session) -> list[Native]:
    """Return all native documents that should be in the ERP."""
    return [Native(*row) for row in session.run("natives_live")]


def known(session: Session) -> list[Native]:
    """Return all native documents that were ever taken in."""
    return [Native(*row) for row in session.run("natives_all")]


def with_status(session: Session, *statuses: str) -> list[Native]:
    """Return the native documents of some statuses, by reference."""
    rows = session.run("natives_by_status", {"statuses": list(statuses)})
    return [Native(*row) for row in rows]


def put(session: Session, native: Native) -> None:
    """Store what a native document is now."""
    session.run("put_native", native._asdict())


def documents_of(session: Session, records: Iterable[str]) -> dict[str, Document]:
    """Return our documents by the ERP record that carries them."""
    rows = session.run("documents_by_record", {"ids": array_literal(records)})
    return {document.record: document for document in map(to_document, rows)}


def customer_of(session: Session, record: str) -> Customer | None:
    """Return the customer that an ERP record is."""
    row = session.run("customers_by_record", {"ids": array_literal([record])}).fetchone()
    return Customer(*row) if row else None
