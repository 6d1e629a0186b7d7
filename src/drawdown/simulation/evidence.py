"""What a run is judged by: our database, NetSuite's own store, what was acknowledged."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from drawdown.core.block import Block
from drawdown.core.plan import Entry, Movement
from drawdown.simulation.company import Company
from drawdown.simulation.people import NetSuiteUser
from drawdown.store.ledger import all_blocks, entries_of, movements_of

OBSERVED = "drawdown:native:"
"""Events of documents that others entered in NetSuite are named so."""
RECOGNITION_CODES = frozenset({"P6", "D4", "E4", "R4", "V5"})
"""Codes of what NetSuite's revenue management does."""


class Finding(NamedTuple):
    """Something that must not be.

    Attributes:
        kind: ``lost``, ``duplicated`` or ``violation``.
        number: How many facts or records are concerned.
    """

    kind: str
    detail: str
    number: int = 1


class NativeRecord(NamedTuple):
    """A transaction in NetSuite's store."""

    internal_id: str
    record: str
    external_id: str
    event_tag: str
    block_tag: str
    is_void: bool


@dataclass
class Evidence:
    """What the checks look at, read once.

    Attributes:
        is_expired: Everything that can expire has.
        is_ended: Every life was brought to its end and the month ends have run.
    """

    company: Company
    is_expired: bool
    is_ended: bool
    user: NetSuiteUser = field(init=False)

    def __post_init__(self) -> None:
        self.user = NetSuiteUser(self.company)

    @cached_property
    def blocks(self) -> dict[str, Block]:
        """Every block."""
        with self.company.database.session(self.company.tenant_id) as session:
            return {block.block_id: block for block in all_blocks(session)}

    @cached_property
    def entries(self) -> dict[str, list[Entry]]:
        """Every entry, by block."""
        with self.company.database.session(self.company.tenant_id) as session:
            found: dict[str, list[Entry]] = {block_id: [] for block_id in self.blocks}
            for entry in entries_of(session, list(self.blocks)):
                found[entry.block_id].append(entry)
            return found

    @cached_property
    def movements(self) -> list[Movement]:
        """Every movement."""
        with self.company.database.session(self.company.tenant_id) as session:
            return movements_of(session, list(self.blocks))

    @cached_property
    def events(self) -> list[tuple[str, str, bytes, str, str]]:
        """Every event in the order it arrived: id, type, fingerprint, status, payload."""
        rows = self.company.rows(
            "SELECT event_id, type, fingerprint, status, payload::text FROM drawdown.event "
            "WHERE tenant_id = %s ORDER BY position"
        )
        return [(row[0], row[1], bytes(row[2]), row[3], row[4]) for row in rows]

    @cached_property
    def native(self) -> list[NativeRecord]:
        """Every transaction in NetSuite that bears one of our tags or ids."""
        rows = self.user.rows(
            "SELECT t.id AS id, t.recordtype AS record, t.externalid AS name, t.voided AS voided, "
            "t.custbody_dd_event_id AS event, t.custbody_dd_block_id AS block "
            "FROM transaction t ORDER BY t.id"
        )
        return [
            NativeRecord(
                row["id"], row["record"], row.get("name", ""), row.get("event", ""),
                row.get("block", ""), row.get("voided") == "T",
            )
            for row in rows
            if row.get("event") or row.get("block") or row.get("name", "").startswith("dd_")
        ]  # fmt: skip

    @cached_property
    def wanted(self) -> dict[str, tuple[str, str, str, str]]:
        """What should be in NetSuite by now: by external id record, event, block, operation."""
        rows = self.company.rows(
            "SELECT DISTINCT ON (external_id) external_id, record, "
            "first_value(intent ->> 'event_id') OVER w, "
            "coalesce(first_value(intent ->> 'block_id') OVER w, ''), operation, status "
            "FROM drawdown.outbox WHERE tenant_id = %s AND record <> 'customer' "
            "WINDOW w AS (PARTITION BY external_id ORDER BY position) "
            "ORDER BY external_id, position DESC"
        )
        return {row[0]: (row[1], row[2], row[3], row[4]) for row in rows if row[5] == "done"}
