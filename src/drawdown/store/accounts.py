"""Which ERP account the books belong to, and where its records are now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from drawdown.core.observed import ErpIdentity
from drawdown.core.plan import RecordIntent
from drawdown.store.codec import array_literal, decode_intent
from drawdown.store.database import Session


class Delivered(NamedTuple):
    """One operation that was delivered."""

    position: int
    external_id: str
    intent: RecordIntent


def remembered(session: Session) -> ErpIdentity | None:
    """Return the account that the books belong to; None before the first connection."""
    row = session.run("erp_account").fetchone()
    return ErpIdentity(*str(row[0]).split("\n")) if row else None


def remember(session: Session, identity: ErpIdentity) -> None:
    """Remember the account; a tenant that is not in the database remembers nothing."""
    session.run("set_erp_account", {"fingerprint": "\n".join(identity)})


def link(session: Session, internal_ids: Mapping[str, str]) -> int:
    """Take over the internal ids of records by external id; return how many rows were others."""
    columns = {
        "c0": array_literal(internal_ids.keys()),
        "c1": array_literal(internal_ids.values()),
    }
    return session.run("link_records", columns).rowcount


def delivered(session: Session) -> Iterator[Delivered]:
    """Yield every operation that was delivered, in the order it was decided."""
    for position, external_id, text in session.run("delivered_rows"):
        yield Delivered(position, external_id, decode_intent(text))
