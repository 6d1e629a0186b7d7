"""docs/formats.md tells every field, and its examples and messages are real."""

from __future__ import annotations

import re
from datetime import UTC
from pathlib import Path

import pytest

from drawdown.billing.native import NativeCsv, NativeJsonLines, wire
from drawdown.core.ports import Located, Problem

TEXT = (Path(__file__).parents[2] / "docs/formats.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##)", TEXT, re.MULTILINE | re.DOTALL))


def snippets(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", wire.FACTS)
def test_every_field_is_told(name: str) -> None:
    named = set(
        re.findall(r"`([\w\[\].]+)`", "".join(re.findall(r"^\|.*", SECTIONS[name], re.MULTILINE)))
    )
    fields = set(wire.FACTS[name].__struct_fields__) - {"event_id"}
    for part, struct in wire.PARTS.get(name, {}).items():
        fields |= {f"{part}[].{field}" for field in struct.__struct_fields__}
    assert fields <= named
    assert {each for each in named - fields if each.startswith(("lines[", "blocks["))} == set()


def test_events_and_their_sections_are_the_same() -> None:
    assert list(SECTIONS) == list(wire.FACTS)


def test_every_example_decodes() -> None:
    lines = [line.encode() for snippet in snippets("json") for line in snippet.splitlines()]
    found = list(NativeJsonLines(UTC).decode(lines))
    assert len(found) == len(wire.FACTS) + 1
    assert [each for each in found if isinstance(each, Problem)] == []
    (rows,) = snippets("csv")
    (order,) = NativeCsv(UTC).decode(rows.encode().splitlines(keepends=True))
    assert isinstance(order, Located)


def test_the_messages_shown_are_the_decoders() -> None:
    examples = {
        name: next(line for snippet in snippets("json") for line in snippet.splitlines()
                   if f'"type":"{name}"' in line)
        for name in wire.FACTS
    }  # fmt: skip
    lines = [
        examples["customer"],
        "",
        examples["sales_order"].replace("1200.00", "10.001"),
        examples["purchase_invoice"],
        examples["usage_invoice"].replace("2100.5", "-5"),
        "",
        "",
        examples["payment"].replace("amount", "amout"),
        examples["clock"][:-1],
    ]
    found = NativeJsonLines(UTC).decode([line.encode() for line in lines])
    messages = [f"line {each.line}: {each.message}" for each in found if isinstance(each, Problem)]
    (shown,) = snippets("text")
    assert messages == shown.splitlines()
