"""Lines of a file, bounded: whatever the file is, no more than one line of it is in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

LINE_BYTES_MAX = 1 << 20
"""Longest line that is read, its end included."""
BOM = b"\xef\xbb\xbf"
TOO_LONG = (
    f"the line is longer than {LINE_BYTES_MAX} bytes and was passed over; write one fact a line, "
    "and split an event that large"
)


def bounded(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines without a byte order mark; of a line that is too long only its start.

    Args:
        lines: A binary file, of which no line is ever read whole that is too long, or any lines.
    """
    readline = getattr(lines, "readline", None)
    source = iter(lines) if readline is None else _cut(readline)
    for first in source:
        yield first.removeprefix(BOM)
        break
    yield from source


def _cut(readline: Callable[[int], bytes]) -> Iterator[bytes]:
    while line := readline(LINE_BYTES_MAX + 1):
        rest = line
        while len(rest) > LINE_BYTES_MAX and not rest.endswith(b"\n"):
            rest = readline(LINE_BYTES_MAX + 1)
        yield line
