"""What is wrong with a fact, in words: which field, what stands there, what to write instead.

Shape is checked by msgspec, whose messages name types of a programming language; here they become
sentences for the person who made the file. Only bad input comes this way, so it may take its time.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable

import msgspec

from drawdown.billing.native import wire
from drawdown.core.errors import MalformedEventError

SHOWN_LENGTH_MAX = 60
"""Characters of a bad value that are shown."""

TOO_LARGE = "is too large; correct it, and write it as a plain decimal such as 1250.00"


class FactError(MalformedEventError):
    """A field of a fact is wrong.

    Attributes:
        path: Where, such as ``lines[0].credits``; empty: the fact as a whole.
        text: What is wrong and what to do, without the place.
    """

    def __init__(self, path: str, text: str) -> None:
        super().__init__(f"{path}: {text}" if path else text)
        self.path = path
        self.text = text

    def under(self, parent: str) -> FactError:
        """Return the same fault seen from the event that holds the part `parent`."""
        return FactError(f"{parent}.{self.path}" if self.path else parent, self.text)


def fault_of_shape(error: msgspec.ValidationError, raw: object) -> FactError:
    """Turn msgspec's finding into a fault.

    Args:
        error: As msgspec raised it.
        raw: The same fact decoded without types, to show what stands there.
    """
    message, _, place = str(error).partition(" - at `")
    path = place.rstrip("`").removeprefix("$").removeprefix(".")
    unknown = re.match(r"Object contains unknown field `(.*)`", message)
    if unknown:
        return _unknown_field(unknown[1], path, raw)
    missing = re.match(r"Object missing required field `(.*)`", message)
    if missing:
        return _missing_field(missing[1], path)
    value = value_at(raw, path)
    if path == "type":
        return unknown_type(value)
    if message.startswith("Invalid enum value"):
        kinds = wire.KINDS[str(value_at(raw, "type"))]
        return FactError(path, f"{shown(value)} is not a kind; use one of {', '.join(kinds)}")
    if message.startswith("Expected `array` of length"):
        return FactError(path, _bad_length(message, value, path, raw))
    if "matching regex" in message or re.match(r"Expected `int` [<>]", message):
        return FactError(path, f"{shown(value)} {_out_of_range(message, value, path)}")
    return FactError(path, _bad_value(message, value))


def describe(raw: object, path: str) -> str:
    """Name a fact as far as it can be read: its type, its id, the place and the block there."""
    names = [raw.get("type"), raw.get("event_id")] if isinstance(raw, dict) else []
    subject = " ".join(shown_plain(name) for name in names if isinstance(name, str) and name)
    block_id = _block_at(raw, path)
    place = f"{path} (block {shown_plain(block_id)})" if block_id else path
    return ", ".join(part for part in (subject, place) if part)


def shown(value: object) -> str:
    """Write a value as JSON, on one line and not too long."""
    return shown_plain(json.dumps(value, ensure_ascii=False, default=str))


def shown_plain(text: str) -> str:
    """Cut a text to what a message can hold, control characters made visible."""
    if not text.isprintable():
        text = "".join(
            character if character.isprintable() else character.encode("unicode_escape").decode()
            for character in text
        )
    return text if len(text) <= SHOWN_LENGTH_MAX else f"{text[: SHOWN_LENGTH_MAX - 3]}..."


def nearest(name: str, known: Iterable[str]) -> str:
    """Say which known name was meant, or which there are."""
    names = list(known)
    found = difflib.get_close_matches(name.lower().replace(" ", "_"), names, n=1, cutoff=0.6)
    return f"did you mean {found[0]}?" if found else f"known are {', '.join(names)}"


def fields_at(type_name: object, path: str) -> tuple[str, ...]:
    """Return the names of the fields that an event, or a part of it, may have."""
    struct = wire.FACTS.get(type_name) if isinstance(type_name, str) else None
    if struct is None:
        return ()
    if not path:
        return ("type", *struct.__struct_fields__)
    part = wire.PARTS.get(str(type_name), {}).get(path.partition("[")[0])
    return part.__struct_fields__ if part else ()


def value_at(raw: object, path: str) -> object:
    """Follow a path into a decoded fact; None where there is nothing."""
    value = raw
    for step in _steps(path):
        value = _member(value, step)
    return value


def _member(value: object, step: str | int) -> object:
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and isinstance(step, int) and step < len(value):
        return value[step]
    return None


def _steps(path: str) -> list[str | int]:
    return [
        int(step[1:-1]) if step.startswith("[") else step
        for step in re.findall(r"\[\d+\]|[^.\[\]]+", path)
    ]


def _block_at(raw: object, path: str) -> str:
    """Return the id of the block that a place in a fact is about, or an empty string."""
    block_id: object = None
    value = raw
    for step in (None, *_steps(path)):
        value = value if step is None else _member(value, step)
        if isinstance(value, dict) and "block_id" in value:
            block_id = value["block_id"]
    return block_id if isinstance(block_id, str) else ""


def _unknown_field(name: str, path: str, raw: object) -> FactError:
    known = fields_at(raw.get("type") if isinstance(raw, dict) else None, path)
    return FactError(
        f"{path}.{name}" if path else name,
        f"no such field; {nearest(name, known)}" if known else "no such field; leave it out",
    )


def _missing_field(name: str, path: str) -> FactError:
    if name == "type":
        return FactError("type", f"is missing; add one of {', '.join(wire.FACTS)}")
    return FactError(f"{path}.{name}" if path else name, "is missing; add it")


def unknown_type(value: object) -> FactError:
    """Say that there is no such type of event, and which there are."""
    hint = nearest(value, wire.FACTS) if isinstance(value, str) else f"use {', '.join(wire.FACTS)}"
    return FactError("type", f"{shown(value)} is not an event type; {hint}")


_JSON_NAMES = {
    "str": "text",
    "int": "a whole number",
    "float": "a number with decimals",
    "bool": "a boolean",
    "object": "an object",
    "array": "a list",
    "date": "text such as 2026-12-31",
    "datetime": "text such as 2026-12-31T23:59:59Z",
}


def _bad_value(message: str, value: object) -> str:
    """Say what is wrong with a value that is there."""
    if message.startswith("Expected `datetime` with a timezone"):
        return f"{shown(value)} has no offset from UTC; add Z, or one such as +01:00"
    if message.startswith("Invalid RFC3339 encoded date"):
        example = "2026-12-31T23:59:59Z" if "datetime" in message else "2026-12-31"
        what = "an instant" if "datetime" in message else "a date"
        return f"{shown(value)} is not {what}; write it like {example}"
    if message.startswith("Expected `str` of length"):
        is_empty = ">=" in message
        most = message.rpartition(" ")[2]
        return (
            "is empty; fill it in" if is_empty else f"is longer than {most} characters; shorten it"
        )
    return _bad_type(message, value)


def _out_of_range(message: str, value: object, path: str) -> str:
    """Say why a text or number of the right type may not stand in its field."""
    pattern = next((each for each in wire.PORTABLE_PATTERNS if repr(each) in message), None)
    if pattern in (wire.ID_PATTERN, wire.ITEM_PATTERN):
        return _bad_id(str(value))
    if pattern in (wire.NAME_PATTERN, wire.REASON_PATTERN):
        return "has a control character; remove it"
    if pattern is None and not message.endswith((">= 0", ">= 1")):
        comparison, bound = message.split()[-2:]
        return f"is {'more' if comparison == '<=' else 'less'} than {bound}; correct it"
    return _bad_decimal(str(value), path.rpartition(".")[2])


def _bad_id(value: str) -> str:
    if value.startswith("drawdown:"):
        return "begins with drawdown:, which is reserved; use another id"
    if value.startswith("@"):
        return "begins with @, which is reserved; use another item"
    if value.startswith(" ") or value.endswith(" "):
        return "has a space at an end; remove it"
    return "has a control character; remove it"


def _bad_decimal(value: str, name: str) -> str:
    if re.fullmatch(r"-[0-9]+(\.[0-9]+)?", value):
        if name in ("amount", "credits"):
            return "is negative; give back with a credit_memo, an invoice_void or a block_void"
        return "is negative; correct it"
    if re.fullmatch(r"0(\.0+)?", value):
        return "is not more than zero; correct it"
    return "is not a plain decimal; write it like 1250.00, without grouping, exponent or sign"


def _bad_length(message: str, value: object, path: str, raw: object) -> str:
    if "<=" in message:
        count = len(value) if isinstance(value, list) else "too many"
        return f"has {count} entries; at most {wire.LIST_LENGTH_MAX} go into one event: split it"
    fact = wire.FACTS[str(value_at(raw, "type"))]
    is_required = any(each.name == path and each.required for each in msgspec.structs.fields(fact))
    return f"is empty; {'' if is_required else 'leave it out, or '}add at least one"


def _bad_type(message: str, value: object) -> str:
    found = re.match(r"Expected `(.*?)`(?:, got `(.*)`)?$", message)
    if message == "Number out of range":
        return f"{shown_plain(str(value))} {TOO_LARGE}"
    if not found:
        return f"{shown(value)}: {message}; correct it"
    wanted = [name for name in found[1].split(" | ") if name != "null"]
    if found[2] == "float" and "str" in wanted:
        return f'{shown(value)} is a JSON number with decimals; send it as a string: "{value}"'
    return f"is {_JSON_NAMES.get(found[2], found[2])}; write " + " or ".join(
        _JSON_NAMES.get(name, name) for name in wanted
    )
