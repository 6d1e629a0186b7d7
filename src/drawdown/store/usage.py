"""Metered usage: what arrived, what of it counts, and in which order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from typing import NamedTuple

from drawdown.core.subscription.timeline import Use
from drawdown.core.subscription.usage import UsageRecord
from drawdown.store.codec import array_literal
from drawdown.store.database import Session

PAGE_RECORDS = 20_000
"""Usage records of a customer that are read at a time."""
FIRST_RECORDS = 1_000
"""Usage records of each of several customers that are read together."""

_BEGINNING = datetime(1, 1, 1, tzinfo=UTC)


class StoredUsage(NamedTuple):
    """A usage record as it is stored.

    Attributes:
        quantity: As it arrived.
        counted: What counts; a correction of usage that is not billed changes it.
        corrects: Of a difference to billed usage: the record it corrects.
    """

    usage_id: str
    customer_id: str
    subscription_id: str
    line_id: str
    used_at: datetime
    counts_at: datetime
    quantity: Decimal
    counted: Decimal
    corrects: str
    fingerprint: bytes


def fingerprint(record: UsageRecord) -> bytes:
    """Return the digest of what a record says."""
    text = "\x1f".join(
        (
            record.subscription_id, record.line, record.used_at.isoformat(), str(record.quantity),
            record.corrects,
        )
    )  # fmt: skip
    return hashlib.sha256(text.encode()).digest()[:16]


def known_fingerprints(session: Session, ids: Iterable[str]) -> dict[str, bytes]:
    """Return what arrived before under one of these ids."""
    rows = session.run("usage_known", {"ids": array_literal(ids)})
    return {usage_id: bytes(digest) for usage_id, digest in rows}


class Counted(NamedTuple):
    """A stored record that a correction is about."""

    usage_id: str
    customer_id: str
    subscription_id: str
    line_id: str
    used_at: datetime
    counts_at: datetime
    counted: Decimal


def usage_by_id(session: Session, ids: Sequence[str]) -> dict[str, Counted]:
    """Return stored records by id."""
    rows = session.run("usage_by_id", {"ids": array_literal(ids)})
    return {row[0]: Counted(*row) for row in rows}


def standing_corrections(session: Session, ids: Iterable[str]) -> dict[str, Decimal]:
    """Return the quantity that corrections say of records: of several the one that stands last."""
    rows = session.run("corrections_of", {"ids": array_literal(ids)})
    return {usage_id: quantity for usage_id, _correction_id, quantity in rows}


def counted_in_all(session: Session, ids: Sequence[str]) -> dict[str, Decimal]:
    """Return what counts of records, with the differences of after they were billed."""
    rows = session.run("billed_of", {"ids": array_literal(ids)})
    return dict(rows.fetchall())


def add(session: Session, usage: Sequence[StoredUsage], now: datetime) -> None:
    """Store usage records."""
    if usage:
        columns = [list(column) for column in zip(*usage, strict=True)]
        columns[9] = ["\\x" + digest.hex() for digest in columns[9]]
        columns.append([now] * len(usage))
        session.send("add_usage", {f"c{n}": array_literal(one) for n, one in enumerate(columns)})


def recount(session: Session, counted: dict[str, Decimal]) -> None:
    """Change what counts of records that are not billed yet."""
    if counted:
        session.send(
            "recount_usage",
            {"c0": array_literal(counted), "c1": array_literal(counted.values())},
        )


def add_corrections(session: Session, records: Sequence[UsageRecord], now: datetime) -> None:
    """Store corrections."""
    if records:
        columns: list[list[object]] = [
            [one.usage_id for one in records],
            [one.corrects for one in records],
            [one.quantity for one in records],
            [one.used_at for one in records],
            ["\\x" + fingerprint(one).hex() for one in records],
            [now] * len(records),
        ]
        session.send(
            "add_corrections", {f"c{n}": array_literal(one) for n, one in enumerate(columns)}
        )


def uses_of(
    session: Session, customer_id: str, from_at: datetime, known_at: datetime | None = None
) -> Iterator[Use]:
    """Yield the usage of a customer from an instant on, in the order in which it counts.

    Args:
        known_at: Only what had arrived by then, with the quantities known then; None: everything.
    """
    name = "usage_of_customer" if known_at is None else "usage_as_known"
    more = {} if known_at is None else {"known_at": known_at}
    return _after(session, customer_id, name, more, (from_at, _BEGINNING, ""))


def _after(
    session: Session,
    customer_id: str,
    name: str,
    more: dict[str, datetime],
    last: tuple[datetime, datetime, str],
) -> Iterator[Use]:
    while True:
        after = dict(zip(("counts_at", "used_at", "usage_id"), last, strict=True))
        rows = session.run(
            name, {"customer_id": customer_id, "limit": PAGE_RECORDS, **after, **more}
        ).fetchall()
        for row in rows:
            yield Use(*row)
        if len(rows) < PAGE_RECORDS:
            return
        last = rows[-1][:3]


def uses_of_many(session: Session, from_at: dict[str, datetime]) -> dict[str, Iterator[Use]]:
    """Return the usage of customers, each from an instant on, in the order in which it counts.

    One round trip brings what most of them have; who has more is read on page by page.
    """
    parameters = {
        "c0": array_literal(from_at),
        "c1": array_literal(from_at.values()),
        "limit": FIRST_RECORDS,
    }
    found: dict[str, list[Use]] = {customer_id: [] for customer_id in from_at}
    for customer_id, *row in session.run("usage_of_customers", parameters):
        found[customer_id].append(Use(*row))
    return {
        customer_id: iter(uses)
        if len(uses) < FIRST_RECORDS
        else chain(uses, _after(session, customer_id, "usage_of_customer", {}, uses[-1][:3]))
        for customer_id, uses in found.items()
    }
