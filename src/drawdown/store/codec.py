"""Events and record intents as JSON, for storage: one canonical form each.

The fingerprint of an event is taken over its canonical form, so the same fact has the same
fingerprint however its source happened to write it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import NamedTuple, cast

import msgspec

from drawdown.core.block import Deposit
from drawdown.core.errors import StoreError
from drawdown.core.events import EVENT_TYPES, TYPE_NAMES, Event
from drawdown.core.plan import DocumentLine, RecordIntent

_encoder = msgspec.json.Encoder()
_events = {name: msgspec.json.Decoder(kind) for name, kind in EVENT_TYPES.items()}
_intents = msgspec.json.Decoder(RecordIntent)
_deposits = msgspec.json.Decoder(tuple[Deposit, ...])
_lines = msgspec.json.Decoder(tuple[DocumentLine, ...])


class Encoded(NamedTuple):
    """An event's type name, canonical JSON and SHA-256 over both."""

    type: str
    payload: bytes
    fingerprint: bytes


def encode_event(event: Event) -> Encoded:
    """Encode an event canonically."""
    name = TYPE_NAMES[type(event)]
    payload = _encoder.encode(event)
    return Encoded(name, payload, hashlib.sha256(name.encode() + b"\n" + payload).digest())


def decode_event(type_name: str, payload: bytes | str) -> Event:
    """Decode a stored event."""
    return _events[type_name].decode(payload)


def encode_intent(intent: RecordIntent) -> str:
    """Encode a record intent for the outbox."""
    return _encoder.encode(intent).decode()


def decode_intent(text: bytes | str) -> RecordIntent:
    """Decode a record intent from the outbox."""
    return _intents.decode(text)


def encode_lines(lines: tuple[DocumentLine, ...]) -> str:
    """Encode the ordinary lines of a document."""
    return _encoder.encode(lines).decode() if lines else "[]"


def decode_lines(text: str) -> tuple[DocumentLine, ...]:
    """Decode the ordinary lines of a document."""
    return _lines.decode(text) if text != "[]" else ()


def encode_deposits(deposits: tuple[Deposit, ...]) -> str:
    """Encode the deposits of a block."""
    return _encoder.encode(deposits).decode() if deposits else "[]"


def decode_deposits(text: str) -> tuple[Deposit, ...]:
    """Decode the deposits of a block."""
    return _deposits.decode(text) if text != "[]" else ()


def array_literal(values: Iterable[object]) -> str:
    """Write values as a PostgreSQL array literal; texts all of them, or none of them.

    Ten times as fast as psycopg's own lists, because no Python runs per text: the texts are joined
    by the one character that PostgreSQL cannot store, and quoted all at once.

    Raises:
        StoreError: A text contains NUL.
    """
    items = list(values)
    if not items:
        return "{}"
    if not isinstance(items[0], str):
        return "{" + ",".join("NULL" if item is None else str(item) for item in items) + "}"
    joined = "\0".join(cast("list[str]", items))
    if joined.count("\0") != len(items) - 1:
        raise StoreError("a text contains the character NUL, which PostgreSQL cannot store")
    quoted = joined.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","')
    return '{"' + quoted + '"}'
