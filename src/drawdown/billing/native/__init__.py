"""The native format: billing facts as JSON Lines or CSV, documented in `docs/formats.md`.

Whoever has no adapter of their own writes this. A JSON Schema of it is `events.schema.json`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from pathlib import PurePath

from drawdown.billing.native.csv_rows import NativeCsv
from drawdown.billing.native.encode import encode_event
from drawdown.billing.native.json_lines import NativeJsonLines
from drawdown.core.errors import ConfigurationError
from drawdown.core.ports import BillingSource

__all__ = ["NativeCsv", "NativeJsonLines", "encode_event", "source_for"]

SUFFIXES: dict[str, Callable[[tzinfo], BillingSource]] = {
    ".jsonl": NativeJsonLines,
    ".ndjson": NativeJsonLines,
    ".csv": NativeCsv,
}


def source_for(name: str, time_zone: tzinfo) -> BillingSource:
    """Choose the decoder by the name of the file.

    Args:
        name: Of the file; only its suffix counts.
        time_zone: The tenant's posting time zone.

    Raises:
        ConfigurationError: The suffix is not one of `SUFFIXES`.
    """
    made = SUFFIXES.get(PurePath(name).suffix.lower())
    if made is None:
        raise ConfigurationError(
            f"{name} is neither JSON Lines nor CSV by its name; give a file, not compressed, whose "
            f"name ends in {', '.join(SUFFIXES)}"
        )
    return made(time_zone)
