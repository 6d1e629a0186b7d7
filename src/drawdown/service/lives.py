"""Reading the books for reports: whole lives of blocks with their native records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drawdown.core.block import Block
from drawdown.core.decide.known import Known
from drawdown.core.errors import UnknownBlockError
from drawdown.core.plan import Entry, Movement
from drawdown.core.slices import slices
from drawdown.reports.journal import Life, Reference
from drawdown.store.database import Session
from drawdown.store.exceptions import decided_dates
from drawdown.store.ledger import all_blocks, entries_of, load, movements_of
from drawdown.store.outbox import native_references

PAGE_BLOCKS = 500
"""Blocks whose journal is in memory at a time."""


def life_of(session: Session, block_id: str) -> Life:
    """Return everything recorded about one block.

    Raises:
        UnknownBlockError: The tenant has no such block.
    """
    known = Known(session.tenant_id)
    load(session, known, [("block", block_id)])
    if block_id not in known.blocks:
        raise UnknownBlockError(
            f"block {block_id!r} is not in the books of tenant {session.tenant_id!r}; "
            "`drawdown blocks` lists what is there"
        )
    return next(_page(session, [known.blocks[block_id]]))


def all_lives(session: Session) -> Iterator[Life]:
    """Yield every block's life by block id; memory does not grow with their number."""
    for blocks in slices(all_blocks(session), PAGE_BLOCKS):
        yield from _page(session, blocks)


def _page(session: Session, blocks: list[Block]) -> Iterator[Life]:
    ids = [block.block_id for block in blocks]
    movements: dict[str, list[Movement]] = {block_id: [] for block_id in ids}
    entries: dict[str, list[Entry]] = {block_id: [] for block_id in ids}
    for movement in movements_of(session, ids):
        movements[movement.block_id].append(movement)
    for entry in entries_of(session, ids):
        entries[entry.block_id].append(entry)
    moved = decided_dates(session, ids)
    for block in blocks:
        yield Life(
            block, movements[block.block_id], entries[block.block_id], moved.get(block.block_id, {})
        )


def references(session: Session, lives: Iterable[Life]) -> dict[str, Reference]:
    """Return the native record behind every external id that the lives name."""
    wanted = {entry.record for life in lives for entry in life.entries}
    found = native_references(session, sorted(wanted))
    return {
        external_id: Reference(native.record, native.internal_id, native.number)
        for external_id, native in found.items()
        if native.internal_id
    }
