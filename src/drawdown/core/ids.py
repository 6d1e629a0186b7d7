"""Identifiers: theirs are opaque strings, ours are derived, never drawn at random.

The external id of a NetSuite record is computed from the tenant, the event and the record's part
in it, before anything is sent. A retry, a restored backup or a second worker computes the same id.
"""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache

EXTERNAL_ID_DIGEST_BYTES = 15  # 24 base-32 characters, 120 bits


@lru_cache(maxsize=1024)  # a decision names its records more than once
def external_id(kind: str, *parts: str) -> str:
    """Derive the external id of an ERP record.

    All transactions of a NetSuite account share one namespace of external ids, so `kind` is part
    of the id. Only letters, digits and ``_`` are used.

    Args:
        kind: Short kind of record, such as ``dep``.
        parts: What the record is for: tenant, event id, block id; order matters.

    Source:
        Oracle help, "Using External IDs" (characters) and "Shared Internal and External IDs".
    """
    digest = hashlib.sha256("\x1f".join((kind, *parts)).encode()).digest()
    encoded = base64.b32encode(digest[:EXTERNAL_ID_DIGEST_BYTES]).decode().lower()
    return f"dd_{kind}_{encoded}"


_NATIVE = "native:"


def native_reference(record: str, number: str) -> str:
    """Name a record of the ERP that is not ours by its type and number.

    The number is what people see; the ERP's internal id would not survive a refresh.
    """
    return f"{_NATIVE}{record}:{number}"


def split_native(reference: str) -> tuple[str, str] | None:
    """Return type and number of a native reference; None for external ids of ours."""
    if not reference.startswith(_NATIVE):
        return None
    record, _, number = reference.removeprefix(_NATIVE).partition(":")
    return record, number
