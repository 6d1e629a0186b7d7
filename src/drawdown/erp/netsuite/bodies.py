"""Reading record bodies and rows of queries, and quoting what a query asks for."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from drawdown.core.errors import ErpRefusedError
from drawdown.erp.netsuite import wire

NUMBER_CHARACTERS_MAX = 100


def text_literal(value: str) -> str:
    """Quote a text for SuiteQL."""
    return "'" + value.replace("'", "''") + "'"


def sublist(data: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the lines of an expanded sublist; none if it is absent or not expanded."""
    found = data.get(name)
    lines = found.get("items") if isinstance(found, dict) else None
    return [line for line in lines if isinstance(line, dict)] if isinstance(lines, list) else []


def reference(data: dict[str, Any], name: str) -> str:
    """Return the id of a select field; empty if it is not set."""
    found = data.get(name)
    return str(found.get("id") or "") if isinstance(found, dict) else ""


def number(value: object) -> Decimal:
    """Return a number of a record body or query; nothing counts as zero.

    Raises:
        ErpRefusedError: It is not a number.
    """
    try:
        found = Decimal(str(value)[:NUMBER_CHARACTERS_MAX]) if value is not None else Decimal(0)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or abs(found.adjusted()) > wire.NUMBER_DIGITS_MAX:
        raise ErpRefusedError(
            f"NetSuite gave {str(value)[:NUMBER_CHARACTERS_MAX]!r} where a number stands",
            code="UNEXPECTED_ANSWER",
        )
    return found
