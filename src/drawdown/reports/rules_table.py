"""The tables a controller reads, as Markdown and as rows: the same text in terminal and docs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from drawdown.core.allocation import DRAWDOWN_ORDER
from drawdown.core.block import TRANSITIONS
from drawdown.core.checks import AT_END, CHECKS
from drawdown.core.rules import MIRRORS, RULES, Rule
from drawdown.reports.statement import check_name, first_line

Row = dict[str, str]
Table = Sequence[Mapping[str, str]]


def rules() -> list[Row]:
    """Return the accounting rules in the order of posting."""
    return [
        {
            "code": rule.code,
            "step": rule.step.value,
            "record": rule.record.value,
            "debit": rule.debit.value,
            "credit": rule.credit.value,
            "policy": rule.when.value or "always",
            "posted by": _poster(rule),
            "memo": rule.memo,
        }
        for rule in RULES
    ]


def _poster(rule: Rule) -> str:
    if rule.is_there:
        return "there already"
    return "ARM" if rule.by_arm else "drawdown"


def mirrors() -> list[Row]:
    """Return what undoes each rule: the recorded entry with debit and credit exchanged."""
    return [
        {"code": code, "undoes": undone, "in NetSuite": text}
        for undone, (code, text) in MIRRORS.items()
    ]


def transitions() -> list[Row]:
    """Return the states of a block and where each step leads."""
    return [
        {"state": state.value, "step": step.value, "then": then.value}
        for state, steps in TRANSITIONS.items()
        for step, then in steps.items()
    ]


def drawdown_order() -> list[Row]:
    """Return the keys that the order of drawing can be made of."""
    return [{"key": key, "meaning": meaning} for key, (_, meaning) in DRAWDOWN_ORDER.items()]


def checks() -> list[Row]:
    """Return the invariants in words."""
    return [
        {
            "check": check_name(check).replace("_", " "),
            "when": "after every step" if check in CHECKS else "at the end",
            "what must hold": first_line(check),
        }
        for check in AT_END
    ]


TABLES = {
    "Accounting rules": rules,
    "Reversals": mirrors,
    "States of a block": transitions,
    "Drawdown order": drawdown_order,
    "Invariants": checks,
}
"""Every table by its heading, in reading order."""


def to_json() -> dict[str, list[Row]]:
    """Return all tables by name (the heading in lower case, with underscores)."""
    return {name.lower().replace(" ", "_"): table() for name, table in TABLES.items()}


def markdown(headings: Iterable[str] = tuple(TABLES)) -> str:
    """Write tables as Markdown, each under its heading.

    Args:
        headings: Keys of `TABLES`; all of them unless told.
    """
    return "\n\n".join(f"## {name}\n\n{markdown_table(TABLES[name]())}" for name in headings) + "\n"


def markdown_table(rows: Table) -> str:
    """Write rows as one Markdown table with aligned columns; `cell` escapes what they hold."""
    columns = list(rows[0])
    cells = [columns, *([cell(row[column]) for column in columns] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(columns))]
    lines = [_line(line, widths) for line in cells]
    lines.insert(1, _line(["-" * width for width in widths], widths))
    return "\n".join(lines)


_MARKUP = frozenset("\\|<>`*[]")


def cell(text: str) -> str:
    """Escape text of others for a cell of a Markdown table: neither markup nor a line break."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    return "".join(f"\\{char}" if char in _MARKUP else char for char in plain)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (text.ljust(width) for text, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
