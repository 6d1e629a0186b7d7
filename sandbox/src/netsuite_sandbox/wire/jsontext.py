"""JSON in and out without float: numbers are Decimal on the way in and text on the way out."""

from __future__ import annotations

import json
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import Any

from netsuite_sandbox.errors import invalid_request


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


# Not strict: line breaks inside strings are taken, as clients send statements over several lines
# (the example in the documentation of netsuite-rest of npm is one).
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant, strict=False)


def parse(body: bytes) -> Any:
    """Parse a request body.

    Raises:
        NetSuiteError: INVALID_REQUEST if the bytes are not one whole JSON value.
    """
    try:
        return _DECODER.decode(body.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise invalid_request(
            "Invalid content in the request body. Provide a valid JSON body."
        ) from error


def loads(text: str) -> Any:
    """Parse JSON of our own store."""
    return _DECODER.decode(text)


def dumps(value: Any) -> str:
    """Write JSON; a Decimal becomes a JSON number, digit by digit."""
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts)


def _number(value: Decimal) -> str:
    text = format(value, "f")
    if "." not in text:
        return text + ".0"
    head, tail = text.split(".")
    return f"{head}.{tail.rstrip('0') or '0'}"


def _write(value: Any, parts: list[str]) -> None:
    if isinstance(value, str):
        parts.append(encode_basestring_ascii(value))
    elif value is None:
        parts.append("null")
    elif value is True:
        parts.append("true")
    elif value is False:
        parts.append("false")
    elif isinstance(value, int):
        parts.append(str(value))
    elif isinstance(value, Decimal):
        parts.append(_number(value))
    elif isinstance(value, dict):
        parts.append("{")
        comma = ""
        for key, item in value.items():
            parts.append(comma + encode_basestring_ascii(key) + ":")
            _write(item, parts)
            comma = ","
        parts.append("}")
    elif isinstance(value, (list, tuple)):
        parts.append("[")
        comma = ""
        for item in value:
            if comma:
                parts.append(comma)
            _write(item, parts)
            comma = ","
        parts.append("]")
    else:
        raise TypeError(f"{type(value).__name__} has no place in an answer")
