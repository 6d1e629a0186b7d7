"""The native format as JSON Lines: one event an object, one object a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo
from math import isfinite

import msgspec

from drawdown.billing.native import wire
from drawdown.billing.native.convert import Converter
from drawdown.billing.native.faults import FactError, describe, fault_of_shape
from drawdown.billing.native.reading import LINE_BYTES_MAX, TOO_LONG, bounded
from drawdown.core.ports import Located, Problem


class NativeJsonLines:
    """Decodes JSON Lines. Blank lines are passed over, a byte order mark is accepted.

    A bad line is a problem and nothing else: every other line is read.
    """

    def __init__(self, time_zone: tzinfo) -> None:
        """Make a decoder for one tenant.

        Args:
            time_zone: The posting time zone, in which a date becomes an instant.
        """
        self._build = Converter(time_zone).build
        self._decode = msgspec.json.Decoder(wire.Fact).decode

    def decode(self, lines: Iterable[bytes]) -> Iterator[Located | Problem]:
        """Decode a file line by line; memory does not grow with its length.

        Args:
            lines: A file opened in binary mode (then even one endless line is no danger to
                memory), or any lines, each one whole.
        """
        decode, build = self._decode, self._build
        for number, line in enumerate(bounded(lines), 1):
            if len(line) > LINE_BYTES_MAX:
                yield Problem(number, TOO_LONG)
                continue
            try:
                fact = decode(line)
                yield Located(number, build[type(fact)](fact))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, FactError) as error:
                if line.strip():
                    yield Problem(number, _message(error, line))


def _number(text: str) -> float | str:
    """Read a number to be shown; one that no float holds is shown as it stands."""
    found = float(text)
    return found if isfinite(found) else text


_raw = msgspec.json.Decoder(float_hook=_number)


def _message(error: Exception, line: bytes) -> str:
    """Say what is wrong with a line, where in it, and what to do."""
    raw: object = None
    try:
        line.decode()
        if isinstance(error, FactError | msgspec.ValidationError):
            raw = _raw.decode(line)
    except UnicodeDecodeError:
        return "not UTF-8; save the file as UTF-8"
    except (msgspec.DecodeError, RecursionError) as malformed:
        error = malformed  # a wrong field stands before the place
    if isinstance(error, msgspec.ValidationError):
        error = fault_of_shape(error, raw)
    if isinstance(error, FactError):
        if not isinstance(raw, dict):
            return "not a JSON object; write each event as one object on a line of its own"
        where = describe(raw, error.path)
        return f"{where}: {error.text}" if where else error.text
    if isinstance(error, RecursionError):
        return "not valid JSON: nested too deeply; write one event an object"
    cause = str(error).removeprefix("JSON is malformed: ")
    if "truncated" in cause:
        cause = "the line ends before the object does"
    return f"not valid JSON: {cause}; write each event as one object on a line of its own"
