"""Records of a CSV file, each with the line it begins on, in flat memory whatever the file is.

The standard reader decides what a quoted cell is, but not how far to look for its end: one stray
quotation mark would swallow the rest of the file. So records are cut out here, and where a record
cannot be read only its first line is given up; the lines after it are read again.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from drawdown.billing.native.reading import LINE_BYTES_MAX, TOO_LONG, bounded

RECORD_LINES_MAX = 1_000
"""Most lines of one record."""

_QUOTES = (
    "quotation marks do not pair up; put a cell that has some in quotation marks and double those "
    "within"
)
_RETURN = "a carriage return stands within the row; end each row with a line feed"


class Record(NamedTuple):
    """A row.

    Attributes:
        line: Line it begins on, from 1.
    """

    line: int
    cells: list[str]


class Unreadable(NamedTuple):
    """A line that is no row.

    Attributes:
        cells: A guess, to see which event the line belongs to.
        text: What is wrong with it and what to do.
    """

    line: int
    cells: list[str]
    text: str


def records(lines: Iterable[bytes]) -> Iterator[Record | Unreadable]:
    """Cut a file into records; blank lines and rows of empty cells are passed over.

    Args:
        lines: A file opened in binary mode, or any lines, each one whole.
    """
    source = enumerate(bounded(lines), 1)
    again: deque[tuple[int, bytes]] = deque()
    while True:
        taken = again.popleft() if again else next(source, None)
        if taken is None:
            return
        number, line = taken
        if b'"' not in line and len(line) <= LINE_BYTES_MAX:  # nearly all
            found = _read(number, line)
        else:
            record, following = _whole(taken, source, again)
            found = _read(number, record)
            if isinstance(found, Unreadable):
                found = found._replace(cells=_guess(line))
                again.extendleft(reversed(following))
        if any(cell and not cell.isspace() for cell in found.cells) or isinstance(
            found, Unreadable
        ):
            yield found


def _whole(
    first: tuple[int, bytes], source: Iterator[tuple[int, bytes]], again: deque[tuple[int, bytes]]
) -> tuple[bytes, list[tuple[int, bytes]]]:
    """Take lines until every quotation mark is paired; return the record and the lines added."""
    record = [first[1]]
    following: list[tuple[int, bytes]] = []
    size, is_open = len(first[1]), first[1].count(b'"') % 2 == 1
    while is_open and size <= LINE_BYTES_MAX and len(following) < RECORD_LINES_MAX:
        taken = again.popleft() if again else next(source, None)
        if taken is None:
            break
        following.append(taken)
        record.append(taken[1])
        size += len(taken[1])
        is_open ^= taken[1].count(b'"') % 2 == 1
    return b"".join(record), following


def _read(number: int, record: bytes) -> Record | Unreadable:
    if len(record) > LINE_BYTES_MAX:
        return Unreadable(number, [], TOO_LONG)
    try:
        text = record.decode()
    except UnicodeDecodeError:
        return Unreadable(number, _guess(record), "not UTF-8; save the file as UTF-8")
    try:
        (cells,) = csv.reader([text.rstrip("\r\n")], strict=True)
    except csv.Error:
        return Unreadable(number, _guess(record), _QUOTES if b'"' in record else _RETURN)
    return Record(number, cells)


def _guess(line: bytes) -> list[str]:
    """Split a line that cannot be read, for the sake of its first cells."""
    text = line.decode(errors="replace").rstrip("\r\n")
    return [cell.strip().strip('"') for cell in text.split(",")]
