"""The published JSON Schema is the decoder's own: both refuse the same shapes."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from drawdown.billing.native import NativeCsv, NativeJsonLines, schema, wire
from drawdown.core.ports import Located

Fact = dict[str, Any]
GONE = "<gone>"
EXAMPLES = sorted(Path(__file__).parents[2].glob("examples/*.jsonl"))
PUBLISHED: Fact = json.loads(schema.FILE.read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(PUBLISHED)


def test_the_file_is_what_the_structs_give() -> None:
    """If not: python -m drawdown.billing.native.schema."""
    assert schema.FILE.read_text(encoding="utf-8") == schema.text()


def test_the_schema_is_a_schema() -> None:
    VALIDATOR.check_schema(PUBLISHED)


def test_lists_are_bounded() -> None:
    lines = PUBLISHED["$defs"]["UsageInvoice"]["properties"]["lines"]
    assert (lines["minItems"], lines["maxItems"]) == (1, wire.LIST_LENGTH_MAX)


def test_every_field_says_what_it_is() -> None:
    definitions = PUBLISHED["$defs"]
    for definition in definitions.values():
        assert definition["description"]
        for name, field in definition.get("properties", {}).items():
            assert name == "type" or _description(field, definitions), name


def _description(field: Fact, definitions: Fact) -> str:
    if "$ref" in field:
        field = {**definitions[field["$ref"].rpartition("/")[2]], **field}
    choices = [_description(each, definitions) for each in field.get("anyOf", [])]
    items = [_description(field["items"], definitions)] if "items" in field else []
    return field.get("description") or "".join([*choices, *items])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_examples_are_valid(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        VALIDATOR.validate(json.loads(line))


def test_good_facts_are_valid(good: dict[str, Fact]) -> None:
    for fact in good.values():
        VALIDATOR.validate(fact)


@pytest.mark.parametrize(
    ("fact", "path", "value"),
    [
        ("customer", "event_id", GONE),
        ("customer", "event_id", ""),
        ("customer", "event_id", None),
        ("customer", "event_id", 7),
        ("customer", "event_id", "x" * 201),
        ("customer", "event_id", "drawdown:1"),
        ("customer", "event_id", "a\tb"),
        ("customer", "event_id", "a\n"),
        ("customer", "event_id", " a"),
        ("customer", "event_id", "a "),
        ("customer", "type", "custmer"),
        ("customer", "type", GONE),
        ("customer", "zip", "1"),
        ("customer", "name", ""),
        ("customer", "name", "\x00"),
        ("customer", "currency", "usd"),
        ("customer", "at", "2026-01-01T00:00:00"),
        ("customer", "at", 5),
        ("order", "date", "01/02/2026"),
        ("order", "exchange_rate", "0"),
        ("order", "exchange_rate", 1.5),
        ("order", "blocks", []),
        ("order", "blocks", {}),
        ("order", "blocks/*", 3),
        ("order", "blocks/0/kind", "bought"),
        ("order", "blocks/0/kind", "promotional"),
        ("order", "blocks/0/credits", GONE),
        ("order", "blocks/0/credits", "0"),
        ("order", "blocks/0/credits", 0),
        ("order", "blocks/0/credits", "-5"),
        ("order", "blocks/0/credits", "1e3"),
        ("order", "blocks/0/credits", 12.5),
        ("order", "blocks/0/credits", True),
        ("order", "blocks/0/credits", "1" * 41),
        ("order", "blocks/0/credits", 10**30),
        ("order", "blocks/0/amount", "-1"),
        ("order", "blocks/0/amount", -1),
        ("order", "blocks/0/amount", GONE),
        ("order", "blocks/0/amount", None),
        ("order", "blocks/0/amount", "0.00"),
        ("order", "blocks/0/amount", 0),
        ("order", "blocks/0/priority", "1"),
        ("order", "blocks/0/priority", 10_000_000),
        ("order", "blocks/0/items", []),
        ("order", "blocks/0/items", ["@x"]),
        ("order", "blocks/0", {"block_id": "b", "kind": "promotional", "credits": "1",
         "expires_at": "2027-01-01T00:00:00Z", "expires_on": "2026-12-31"}),
        ("order", "blocks/0", {"block_id": "b", "kind": "promotional", "credits": "1",
         "effective_at": "2027-01-01T00:00:00Z", "effective_on": "2026-12-31"}),
        ("purchase", "currency", GONE),
        ("purchase", "blocks", ["b1", "b1"]),
        ("purchase", "blocks", []),
        ("purchase", "lines/0/kind", "usage"),
        ("purchase", "lines/0/amount", GONE),
        ("usage", "lines", []),
        ("usage", "lines/0/credits", GONE),
        ("usage", "lines/0/credits", None),
        ("usage", "lines/0/amount", "5"),
        ("usage", "lines/0/kind", "tax"),
        ("usage", "lines/0", {"line_id": "1", "item": "x", "kind": "tax"}),
        ("usage", "lines/0", {"line_id": "1", "item": "x", "amount": "0.0"}),
        ("usage", "lines/0", {"line_id": "1", "item": "x", "kind": "tax", "amount": "1",
         "block_id": "b"}),
        ("usage", "lines/0/rate", "0"),
        ("usage", "lines/0/block_id", ""),
        ("memo", "currency", GONE),
        ("memo", "currency", None),
        ("memo", "lines", []),
        ("memo", "lines/0", {"amount": "5"}),
        ("memo", "lines/0", {"line_id": "1", "amount": "5", "credits": "1"}),
        ("memo", "lines/0/amount", "0"),
        ("payment", "currency", GONE),
        ("payment", "amount", "0"),
        ("block_void", "reason", "x" * 1001),
        ("block_void", "reason", "\x07"),
        ("block_void", "lines", []),
    ],
)  # fmt: skip
def test_decoder_and_schema_refuse_the_same_shapes(
    change: Callable[[str, str, object], Fact], fact: str, path: str, value: object
) -> None:
    bad = change(fact, path, value)
    (found,) = NativeJsonLines(UTC).decode([json.dumps(bad).encode()])
    assert not isinstance(found, Located)
    assert not VALIDATOR.is_valid(bad)


@pytest.mark.parametrize(
    ("fact", "path", "value"),
    [
        ("order", "blocks/0/expires_at", None),
        ("order", "blocks/0", {"block_id": "b", "kind": "promotional", "credits": 1, "amount": 0}),
        ("order", "blocks/0", {"block_id": "b", "kind": "allocation", "credits": 1, "amount": 0}),
        ("purchase", "lines", None),
        ("usage", "lines/0/kind", None),
        ("usage", "lines/0/amount", None),
        ("usage", "lines/0", {"line_id": "1", "item": "x", "kind": "tax", "amount": 0,
         "credits": None}),
        ("memo", "lines", None),
        ("payment", "amount", None),
        ("customer", "at", "2026-01-01 00:00:00.1234567-0500"),
        ("block_void", "reason", "a\r\n\tb"),
        ("customer", "customer_id", "a b/ü:@"),
    ],
)  # fmt: skip
def test_decoder_and_schema_accept_the_same_shapes(
    change: Callable[[str, str, object], Fact], fact: str, path: str, value: object
) -> None:
    fine = change(fact, path, value)
    (found,) = NativeJsonLines(UTC).decode([json.dumps(fine).encode()])
    assert isinstance(found, Located), found
    VALIDATOR.validate(fine)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(
        ["1", "0", "0.0", "-1", "1.5", "usage", "tax", "promotional", "allocation", "purchased",
         "USD", "JPY", "2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00+01:00", ""]
    ),
)  # fmt: skip
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
FIELDS = sorted({name for each in wire.FACTS.values() for name in each.__struct_fields__} | {
    name for parts in wire.PARTS.values() for part in parts.values()
    for name in part.__struct_fields__
})  # fmt: skip


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_what_the_decoder_accepts_the_schema_accepts(
    good: dict[str, Fact], data: st.DataObject
) -> None:
    """And whatever is sent, each line has exactly one answer."""
    fact = data.draw(st.sampled_from(sorted(good)).map(lambda name: copy.deepcopy(good[name])))
    for _ in range(data.draw(st.integers(1, 3))):
        places = [fact, *fact.get("lines", []), *fact.get("blocks", [])]
        place = data.draw(st.sampled_from([each for each in places if isinstance(each, dict)]))
        name = data.draw(st.sampled_from([*place, *FIELDS]))
        if name in ("lines", "blocks") or data.draw(st.booleans()):
            place.pop(name, None)
        else:
            place[name] = data.draw(VALUES)
    (found,) = NativeJsonLines(UTC).decode([json.dumps(fact).encode()])
    if isinstance(found, Located):
        VALIDATOR.validate(fact)
    else:
        assert found.message


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_any_bytes_at_all_have_an_answer(lines: list[bytes]) -> None:
    for source in (NativeJsonLines(UTC), NativeCsv(UTC)):
        for found in source.decode(lines):
            assert isinstance(found, Located) or found.message
