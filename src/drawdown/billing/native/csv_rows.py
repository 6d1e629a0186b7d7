"""The native format as CSV: one row for each block or line, the rows of an event one after another.

The columns are the names of the JSON fields, those of the event and of its blocks or lines side by
side. Rows become the same structure that JSON has and go the same way from there. An event is taken
whole or not at all: one bad row takes back the rows beside it that share its type and id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, NamedTuple

import msgspec

from drawdown.billing.native import wire
from drawdown.billing.native.convert import Converter
from drawdown.billing.native.csv_records import Record, Unreadable, records
from drawdown.billing.native.faults import (
    FactError,
    describe,
    fault_of_shape,
    nearest,
    shown_plain,
    unknown_type,
)
from drawdown.core.ports import Located, Problem

LIST_SEPARATOR = ";"
"""Between the items of a cell that holds several."""

Key = tuple[str, str]  # event type and event id


class _Layout(NamedTuple):
    """Which columns a type of event fills.

    Attributes:
        event: Columns of the event itself; its first row fills them.
        parts: Columns of a block or line, by the list it goes to; the first that fits is meant.
    """

    event: frozenset[str]
    parts: Mapping[str, tuple[str, ...]]


def _layout(type_name: str, fact: type[msgspec.Struct]) -> _Layout:
    parts = {name: part.__struct_fields__ for name, part in wire.PARTS.get(type_name, {}).items()}
    if fact is wire.PurchaseInvoice:
        parts["blocks"] = ("block_id",)  # a list of ids, not of objects
    return _Layout(frozenset({"type", *fact.__struct_fields__} - set(parts)), parts)


LAYOUTS = {type_name: _layout(type_name, fact) for type_name, fact in wire.FACTS.items()}
COLUMNS = tuple(
    dict.fromkeys(
        column
        for layout in LAYOUTS.values()
        for columns in (sorted(layout.event), *layout.parts.values())
        for column in columns
    )
)
"""All columns there are; a file has those it needs, in any order."""


@dataclass(slots=True)
class _Group:
    """The rows of one event so far.

    Attributes:
        raw: The event as JSON would have it.
        lines: Line of the file by path of a part.
        count: Rows that could be read.
        wrong: Line of its first row that could not; 0: none. With one, the event is not taken.
        doubtful: Line of a row without an id that may be part of the event; 0: none. With one,
            the event is not taken either: half an invoice would be worse than none.
    """

    key: Key
    line: int
    raw: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    count: int = 0
    wrong: int = 0
    doubtful: int = 0

    def takes(self, key: Key) -> bool:
        """Whether a row with this key is a further row of the event."""
        return key == self.key and _has_parts(key[0])

    def doubt(self, key: Key, line: int) -> None:
        """Note a row with part of a key, if it might be a row of the event."""
        is_like = all(name in ("", mine) for name, mine in zip(key, self.key, strict=True))
        if is_like and _has_parts(self.key[0]):
            self.doubtful = self.doubtful or line


def _has_parts(type_name: str) -> bool:
    """Whether an event of this type may have several rows."""
    layout = LAYOUTS.get(type_name)
    return layout is None or bool(layout.parts)


class NativeCsv:
    """Decodes CSV with a header, UTF-8, separated by commas; quoted cells may hold line breaks.

    A bad row is a problem that takes its event with it; every other event is read.
    """

    def __init__(self, time_zone: tzinfo) -> None:
        """Make a decoder for one tenant.

        Args:
            time_zone: The posting time zone, in which a date becomes an instant.
        """
        self._build = Converter(time_zone).build

    def decode(self, lines: Iterable[bytes]) -> Iterator[Located | Problem]:
        """Decode a file row by row; memory does not grow with its length.

        Args:
            lines: A file opened in binary mode, or any lines, each one whole.

        Yields:
            Events at the line of their first row, problems at the line that is wrong.
        """
        rows = records(lines)
        header = next(rows, None)
        if header is None:
            return
        columns = _header(header)
        if isinstance(columns, Problem):
            yield columns
            return
        group: _Group | None = None
        stray: tuple[Key, int] | None = None  # a row between events that might be part of either
        for record in rows:
            key = _key(record, columns)
            if "" in key:
                yield Problem(record.line, _stray(record))
                stray = key, record.line
                if group is not None:
                    group.doubt(*stray)
                continue
            if group is None or not group.takes(key):
                if group is not None:
                    yield from self._finish(group)
                group = _Group(key, record.line)
                if stray is not None:
                    group.doubt(*stray)
            stray = None
            wrong = _add(group, record, columns)
            if wrong is not None:
                yield wrong
        if group is not None:
            yield from self._finish(group)

    def _finish(self, group: _Group) -> Iterator[Located | Problem]:
        """Turn the rows of an event into the event, or into what is wrong with it."""
        if group.wrong or group.doubtful:
            if group.count:
                yield _not_taken(group)
            return
        try:
            fact = msgspec.convert(group.raw, wire.FACTS[group.key[0]])
            yield Located(group.line, self._build[type(fact)](fact))
        except msgspec.ValidationError as error:
            yield _problem(group, fault_of_shape(error, group.raw))
        except FactError as fault:
            yield _problem(group, fault)


def _header(record: Record | Unreadable) -> list[str] | Problem:
    """Return the names of the columns, or why they cannot be used."""
    if isinstance(record, Unreadable):
        return Problem(record.line, f"header: {record.text}")
    columns = [cell.strip() for cell in record.cells]
    if len(columns) == 1 and re.search(r"[;\t|]", columns[0]):
        return Problem(
            record.line, "header: columns are not separated by commas; save as CSV with commas"
        )
    for column in columns:
        if column not in COLUMNS:
            named = shown_plain(column) or "(empty)"
            return Problem(
                record.line, f"header: no such column {named}; {nearest(column, COLUMNS)}"
            )
        if columns.count(column) > 1:
            return Problem(record.line, f"header: column {column} stands there twice; remove one")
    for column in ("type", "event_id"):
        if column not in columns:
            return Problem(record.line, f"header: column {column} is missing; add it")
    return columns


def _key(record: Record | Unreadable, columns: list[str]) -> Key:
    """Return the type and id that a row bears; empty what cannot be read of them."""
    cells = record.cells
    type_at, id_at = columns.index("type"), columns.index("event_id")
    type_name = cells[type_at].strip() if type_at < len(cells) else ""
    if len(cells) != len(columns) and type_name not in LAYOUTS:
        return "", ""  # the cells are not where they belong
    return type_name, cells[id_at].strip() if id_at < len(cells) else ""


def _stray(record: Record | Unreadable) -> str:
    if isinstance(record, Unreadable):
        return record.text
    return "the row has no type or no event_id; every row of an event bears both"


def _add(group: _Group, record: Record | Unreadable, columns: list[str]) -> Problem | None:
    """Add a row to its event, or return what is wrong with the row."""
    try:
        _merge(group, record.line, _filled(record, columns))
    except FactError as fault:
        group.wrong = group.wrong or record.line
        where = describe({"type": group.key[0], "event_id": group.key[1]}, fault.path)
        return Problem(record.line, f"{where}: {fault.text}")
    group.count += 1
    return None


def _filled(record: Record | Unreadable, columns: list[str]) -> dict[str, str]:
    """Return the cells of a row that are not empty, by column."""
    if isinstance(record, Unreadable):
        raise FactError("", record.text)
    if len(record.cells) != len(columns):
        raise FactError(
            "",
            f"the row has {len(record.cells)} cells and the header {len(columns)}; put a cell that "
            "has a comma in quotation marks",
        )
    cells = zip(columns, record.cells, strict=True)
    return {column: text for column, cell in cells if (text := cell.strip())}


def _merge(group: _Group, line: int, filled: dict[str, str]) -> None:
    layout = LAYOUTS.get(group.key[0])
    if layout is None:
        raise unknown_type(group.key[0])
    part = dict(filled)
    for column in filled:
        if column in layout.event:
            value = part.pop(column)
            if not group.count:
                group.raw[column] = value
            elif group.raw.get(column) != value:
                raise FactError(
                    column,
                    f"{shown_plain(value)} differs from the first row of the event "
                    f"(line {group.line}); leave it out or give the event an id of its own",
                )
    if not part:
        if group.count:
            raise FactError("", "the row adds nothing to the rows before it; remove it")
        return
    name = next((name for name, columns in layout.parts.items() if set(part) <= set(columns)), None)
    if name is None:
        raise _misplaced(group.key[0], part, layout)
    parts = group.raw.setdefault(name, [])
    if len(parts) > wire.LIST_LENGTH_MAX:
        return  # enough to be refused
    group.lines[f"{name}[{len(parts)}]"] = line
    parts.append(part["block_id"] if group.key[0] == "purchase_invoice" and name == "blocks"
                 else _typed(part))  # fmt: skip


def _misplaced(type_name: str, part: dict[str, str], layout: _Layout) -> FactError:
    """Say which cell of a row has no place in an event of this type."""
    known = {column for columns in layout.parts.values() for column in columns}
    for column in part:
        if column not in known:
            return FactError(column, f"a {type_name} has no such column; leave it empty")
    return FactError("", "the row is a block and a line in one; give each a row of its own")


def _typed(part: dict[str, str]) -> dict[str, Any]:
    """Give the cells of a part the types that JSON would have."""
    typed: dict[str, Any] = dict(part)
    if "items" in part:
        typed["items"] = [item.strip() for item in part["items"].split(LIST_SEPARATOR)]
    if re.fullmatch(r"-?[0-9]{1,9}", part.get("priority", "")):
        typed["priority"] = int(part["priority"])
    return typed


def _problem(group: _Group, fault: FactError) -> Problem:
    """Put a fault at the line of its row, and name the column rather than a path."""
    place = re.match(r"(\w+\[\d+\])(?:\.(\w+))?", fault.path)
    line = group.lines.get(place[1], group.line) if place else group.line
    where = describe(group.raw, fault.path)
    if place:
        where = where.replace(f", {fault.path}", f", {place[2]}" if place[2] else "")
    return Problem(line, f"{where}: {fault.text}")


def _not_taken(group: _Group) -> Problem:
    """Say that rows are left out for the sake of another."""
    where = describe({"type": group.key[0], "event_id": group.key[1]}, "")
    reason = (
        f"its row at line {group.wrong} is wrong"
        if group.wrong
        else f"line {group.doubtful} may be part of it"
    )
    return Problem(
        group.line, f"{where}: not taken, because {reason}; correct that row and send all again"
    )
