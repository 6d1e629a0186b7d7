"""Metered usage as JSON Lines or CSV: one record a line, in flat memory whatever the file is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from pathlib import PurePath

import msgspec

from drawdown.billing.native.csv_records import Unreadable, records
from drawdown.billing.native.faults import TOO_LARGE
from drawdown.billing.native.reading import LINE_BYTES_MAX, TOO_LONG, bounded
from drawdown.core.errors import ConfigurationError, MalformedEventError
from drawdown.core.money import normal_credits
from drawdown.core.ports import Problem
from drawdown.core.subscription.span import midnight
from drawdown.core.subscription.usage import LocatedUsage, UsageRecord

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_ID_CHARACTERS_MAX = 200
_COLUMNS = ("usage_id", "subscription", "line", "quantity", "at", "on", "corrects")


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    """A record as it is written; a float is refused, because binary fractions lose digits."""

    usage_id: str
    quantity: str | int
    subscription: str = ""
    line: str = ""
    at: str = ""
    on: str = ""
    corrects: str = ""


def usage_source_for(
    name: str, time_zone: tzinfo
) -> Callable[[Iterable[bytes]], Iterator[LocatedUsage | Problem]]:
    """Choose the decoder of a usage file by its name.

    Args:
        time_zone: The tenant's posting time zone, in which a date becomes an instant.

    Raises:
        ConfigurationError: It is neither JSON Lines nor CSV by its name.
    """
    suffix = PurePath(name).suffix.lower()
    decoder = _UsageDecoder(time_zone)
    if suffix in (".jsonl", ".ndjson"):
        return decoder.json_lines
    if suffix == ".csv":
        return decoder.csv
    raise ConfigurationError(
        f"{name} is neither JSON Lines nor CSV by its name; give a file, not compressed, whose "
        "name ends in .jsonl, .ndjson or .csv"
    )


class _UsageDecoder:
    def __init__(self, time_zone: tzinfo) -> None:
        self._zone = time_zone
        self._decode = msgspec.json.Decoder(_Row).decode

    def json_lines(self, lines: Iterable[bytes]) -> Iterator[LocatedUsage | Problem]:
        """Decode JSON Lines; a bad line is a problem and nothing else."""
        for number, line in enumerate(bounded(lines), 1):
            if len(line) > LINE_BYTES_MAX:
                yield Problem(number, TOO_LONG)
                continue
            try:
                yield LocatedUsage(number, self._record(self._decode(line)))
            except (msgspec.DecodeError, UnicodeDecodeError, MalformedEventError) as error:
                if line.strip():
                    text = str(error).replace("Number out of range", f"a number {TOO_LARGE}")
                    yield Problem(number, f"usage record: {text}")

    def csv(self, lines: Iterable[bytes]) -> Iterator[LocatedUsage | Problem]:
        """Decode CSV with a header; columns may be left out and stand in any order."""
        columns: list[str] | None = None
        for row in records(lines):
            if isinstance(row, Unreadable):
                yield Problem(row.line, row.text)
            elif columns is None:
                columns = [cell.strip() for cell in row.cells]
                unknown = [name for name in columns if name not in _COLUMNS]
                if unknown or not {"usage_id", "quantity"} <= set(columns):
                    yield Problem(
                        row.line,
                        f"the header names {', '.join(columns)}; a usage file has the columns "
                        f"usage_id, quantity and some of {', '.join(_COLUMNS)}",
                    )
                    return
            elif len(row.cells) != len(columns):
                yield Problem(
                    row.line, f"the row has {len(row.cells)} cells, the header {len(columns)}"
                )
            else:
                cells = dict(zip(columns, (cell.strip() for cell in row.cells), strict=True))
                try:
                    yield LocatedUsage(row.line, self._record(_Row(**cells)))
                except MalformedEventError as error:
                    yield Problem(row.line, f"usage record: {error}")

    def _record(self, row: _Row) -> UsageRecord:
        for name in ("usage_id", "subscription", "line", "corrects"):
            _check_id(name, getattr(row, name))
        if not row.usage_id:
            raise MalformedEventError("usage_id is empty; give each record an id of its own")
        if not row.corrects and not row.line:
            raise MalformedEventError("line is missing: the id or the item of a usage line")
        return UsageRecord(
            row.usage_id, row.subscription, row.line, self._instant(row),
            _quantity(row.quantity), row.corrects,
        )  # fmt: skip

    def _instant(self, row: _Row) -> datetime:
        if bool(row.at) == bool(row.on):
            raise MalformedEventError("give `at`, an instant with its offset, or `on`, a date")
        try:
            if row.on:
                day = date.fromisoformat(row.on) + timedelta(days=1)
                found = midnight(day, self._zone) - timedelta(microseconds=1)
            else:
                found = datetime.fromisoformat(row.at)
        except (ValueError, OverflowError):
            raise MalformedEventError(
                f"{row.at or row.on!r} is no instant; write 2026-01-31T23:59:59Z, or a date in `on`"
            ) from None
        if found.tzinfo is None:
            raise MalformedEventError(
                f"at {row.at!r} has no offset from UTC; write it with one, such as {row.at[:19]}Z"
            )
        if not _FIRST <= found < _LAST:
            raise MalformedEventError(f"{row.at or row.on} lies outside the years 1970 to 2199")
        return found.astimezone(UTC)


def _quantity(value: str | int) -> Decimal:
    try:
        found = normal_credits(Decimal(value))
    except ArithmeticError:
        raise MalformedEventError(
            f"quantity {value!r} is no decimal number; write one such as 12.5"
        ) from None
    if found < 0:
        raise MalformedEventError(
            f"quantity {value} is negative; correct the record it takes back (`corrects`)"
        )
    return found


def _check_id(name: str, value: str) -> None:
    if len(value) > _ID_CHARACTERS_MAX or not value.isprintable() or value != value.strip():
        raise MalformedEventError(
            f"{name} {value[:60]!r} is no id: up to {_ID_CHARACTERS_MAX} characters without line "
            "breaks or spaces at its ends"
        )
