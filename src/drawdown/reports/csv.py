"""The journal as CSV, one row an entry, for spreadsheets and data warehouses."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from drawdown.core.money import money_text
from drawdown.reports.journal import JournalLine, memo

COLUMNS = (
    "posted_on", "block_id", "sequence", "rule", "memo", "debit", "credit", "amount", "currency",
    "item_id", "event_id", "external_id", "record", "number", "internal_id",
)  # fmt: skip

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """A file that hands back what is written to it, so that rows can be streamed."""

    def write(self, text: str) -> str:
        return text


def export(lines: Iterable[JournalLine]) -> Iterator[str]:
    """Write the journal as CSV rows without line ends (a field may hold line breaks, in quotes).

    Text that a spreadsheet would run as a formula is preceded by an apostrophe.
    """
    writer = csv.writer(_Echo(), lineterminator="")
    yield writer.writerow(COLUMNS)
    for line in lines:
        entry, reference = line.entry, line.reference
        yield writer.writerow(
            (
                entry.posted_on.isoformat(),
                _text(entry.block_id),
                entry.sequence,
                entry.code,
                memo(entry),
                entry.debit.value,
                entry.credit.value,
                money_text(entry.amount_minor, entry.currency),
                entry.currency,
                _text(entry.item_id),
                _text(line.event_id),
                _text(entry.record),
                reference.record,
                _text(reference.number),
                _text(reference.internal_id),
            )
        )


def _text(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value
