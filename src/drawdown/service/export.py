"""Exporting the journal of a tenant for another program, block by block in flat memory."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from drawdown.core.slices import slices
from drawdown.reports import beancount, csv, hledger
from drawdown.reports.journal import JournalLine, journal_lines
from drawdown.reports.positions import expected_balances
from drawdown.service.lives import all_lives, references
from drawdown.store.database import Session

PAGE_BLOCKS = 200
"""Blocks whose native records are looked up at a time."""


class Format(StrEnum):
    """A program whose format the journal can be written in."""

    HLEDGER = "hledger"
    BEANCOUNT = "beancount"
    CSV = "csv"


def export_lines(session: Session, kind: Format) -> Iterator[str]:
    """Yield the journal in another program's format, block by block."""
    lines = _journal(session)
    if kind is Format.CSV:
        return csv.export(lines)
    expected = expected_balances(all_lives(session))
    exporter = hledger.export if kind is Format.HLEDGER else beancount.export
    return exporter(lines, expected)


def _journal(session: Session) -> Iterator[JournalLine]:
    for lives in slices(all_lives(session), PAGE_BLOCKS):
        known = references(session, lives)
        for life in lives:
            yield from journal_lines(life, known)
