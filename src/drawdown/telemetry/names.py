"""What a record is about, in the words of logs."""

from __future__ import annotations

from drawdown.core.plan import RecordIntent


def block_of(intent: RecordIntent) -> str:
    """Return the block of a record; of one with several, all of them; empty if it has none."""
    if intent.block_id:
        return intent.block_id
    return " ".join(sorted({line.block_id for line in intent.lines if line.block_id}))
