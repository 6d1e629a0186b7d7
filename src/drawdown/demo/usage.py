"""Metered usage for the demonstration, aggregated from a trace of language-model requests.

A trace has the columns TIMESTAMP, ContextTokens, GeneratedTokens and names no customer. Each
request is given to one of 24 customers by a rule that anybody can repeat, then added up per
customer and minute. Nothing is random, so the same trace always gives the same figures.
"""

from __future__ import annotations

import csv
import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from importlib.resources import files
from itertools import accumulate
from typing import NamedTuple

from drawdown.core.errors import MalformedEventError

CUSTOMERS = 24
TRACE_COLUMNS = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
USAGE_COLUMNS = ("customer", "minute", "requests", "input_tokens", "output_tokens")
BUNDLED = "azure_llm_usage.csv"
TOKENS_MAX = 10**9
"""Most tokens one request of a trace may have; beyond it the column is taken for a wrong one."""

# Zipf-like: the customer of rank k has weight 1000 / (k + 2), so the largest has 12 times the
# usage of the smallest and no customer has none.
_WEIGHTS = tuple(1000 // (rank + 2) for rank in range(CUSTOMERS))
_BOUNDS = tuple(accumulate(_WEIGHTS))


class Usage(NamedTuple):
    """What one customer used in one minute.

    Attributes:
        customer: Rank of the customer, 1 (largest share) to 24.
        minute: Start of the minute as the trace writes it, without a zone.
    """

    customer: int
    minute: datetime
    requests: int
    input_tokens: int
    output_tokens: int


def customer_of(row: int, timestamp: str) -> int:
    """Give a request to a customer: the same request always to the same one.

    Args:
        row: Number of the request in the trace, from 1.
        timestamp: As the trace writes it.

    Returns:
        Rank from 1 to 24; rank k gets a share of requests proportional to 1000 // (k + 1).
    """
    digest = hashlib.sha256(f"{row}|{timestamp}".encode()).digest()
    return bisect_right(_BOUNDS, int.from_bytes(digest[:8]) % _BOUNDS[-1]) + 1


def aggregate(lines: Iterable[str]) -> list[Usage]:
    """Add up a trace per customer and minute.

    Args:
        lines: Text lines of a CSV file with the trace's own header.

    Returns:
        Usage in order of minute, then customer; at least one row.

    Raises:
        MalformedEventError: A column is missing, a line cannot be read, or there is no request.
    """
    totals: dict[tuple[datetime, int], tuple[int, int, int]] = {}
    for row, (timestamp, minute, context, generated) in enumerate(_requests(lines), start=1):
        key = (minute, customer_of(row, timestamp))
        requests, input_tokens, output_tokens = totals.get(key, (0, 0, 0))
        totals[key] = (requests + 1, input_tokens + context, output_tokens + generated)
    if not totals:
        raise MalformedEventError(
            "the trace holds no request; give a file with at least one line below its header"
        )
    return [
        Usage(customer, minute, *totals[minute, customer]) for minute, customer in sorted(totals)
    ]


def _requests(lines: Iterable[str]) -> Iterator[tuple[str, datetime, int, int]]:
    reader = csv.reader(lines)
    places: tuple[int, int, int] | None = None
    try:
        for fields in reader:
            if not any(field.strip() for field in fields):
                continue
            if places is None:
                places = _places(fields, reader.line_num)
                continue
            if len(fields) <= max(places):
                raise MalformedEventError(
                    f"line {reader.line_num} has {len(fields)} columns, its header promises more; "
                    "complete or remove the line"
                )
            timestamp, context, generated = (fields[place].strip() for place in places)
            line = reader.line_num
            yield (
                timestamp,
                _minute(timestamp, line),
                _tokens(context, TRACE_COLUMNS[1], line),
                _tokens(generated, TRACE_COLUMNS[2], line),
            )
    except csv.Error as fault:
        raise MalformedEventError(
            f"line {reader.line_num} is not CSV ({fault}); save the trace as comma-separated text"
        ) from fault
    if places is None:
        raise MalformedEventError(
            f"the trace is empty; its first line must name the columns {', '.join(TRACE_COLUMNS)}"
        )


def _places(header: Sequence[str], line: int) -> tuple[int, int, int]:
    names = [name.strip().lstrip("\ufeff") for name in header]
    missing = [name for name in TRACE_COLUMNS if name not in names]
    if missing:
        raise MalformedEventError(
            f"line {line}: column {', '.join(missing)} is missing; the header must name "
            f"{', '.join(TRACE_COLUMNS)}, as the Azure Public Dataset does"
        )
    first, second, third = (names.index(name) for name in TRACE_COLUMNS)
    return first, second, third


def _minute(timestamp: str, line: int) -> datetime:
    try:
        # The trace has seven decimals of a second, one more than Python reads.
        return datetime.fromisoformat(timestamp[:19]).replace(tzinfo=None, second=0, microsecond=0)
    except ValueError:
        raise MalformedEventError(
            f"line {line}: TIMESTAMP {timestamp!r} is not a time; write it like "
            "2023-11-16 18:17:03.9799600"
        ) from None


def _tokens(text: str, column: str, line: int) -> int:
    if not (text.isascii() and text.removeprefix("-").isdigit()):
        raise MalformedEventError(
            f"line {line}: {column} {text!r} is not a whole number; correct or remove the line"
        )
    tokens = int(text) if len(text) < 20 else TOKENS_MAX + 1
    if not 0 <= tokens <= TOKENS_MAX:
        raise MalformedEventError(
            f"line {line}: {column} {text} is outside 0 to {TOKENS_MAX}; correct or remove the line"
        )
    return tokens


def write(usage: Iterable[Usage]) -> Iterator[str]:
    """Write aggregated usage as CSV lines, each with its line end."""
    yield ",".join(USAGE_COLUMNS) + "\n"
    for row in usage:
        yield (
            f"{row.customer},{row.minute:%Y-%m-%d %H:%M},{row.requests},"
            f"{row.input_tokens},{row.output_tokens}\n"
        )


def read(lines: Iterable[str]) -> list[Usage]:
    """Read what `write` wrote.

    Raises:
        MalformedEventError: The text is not what `write` writes.
    """
    reader = csv.reader(lines)
    if tuple(next(reader, ())) != USAGE_COLUMNS:
        raise MalformedEventError(
            f"line 1: the header must be {','.join(USAGE_COLUMNS)}; run tools/aggregate_usage.py"
        )
    try:
        return [
            Usage(int(customer), datetime.fromisoformat(minute), int(count), int(into), int(out))
            for customer, minute, count, into, out in reader
        ]
    except ValueError as fault:
        raise MalformedEventError(
            f"line {reader.line_num}: {fault}; run tools/aggregate_usage.py again"
        ) from fault


def bundled() -> list[Usage]:
    """Read the usage that ships with the package (see SOURCE.md beside it)."""
    text = files("drawdown.demo").joinpath(BUNDLED).read_text(encoding="utf-8")
    return read(text.splitlines())
