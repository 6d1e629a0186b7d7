"""The JSON Schema of one line of native JSON, generated from the wire structs.

`events.schema.json` beside this file is its output; write it anew with
`python -m drawdown.billing.native.schema`. What no schema can say (decimals of a currency, lines
that share an id, a control figure) only the decoder checks.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec

from drawdown.billing.native import wire
from drawdown.core.events import BlockKind, LineKind

Node = dict[str, Any]

FILE = Path(__file__).with_name("events.schema.json")

# Shapes that are a union of a string and an integer, by their bounds: name and description.
_NUMBERS: dict[int, Node] = {
    0: {
        "title": "Amount",
        "description": "Money in units of the currency (12.50 dollars, never 1250 cents), not "
        "negative: a decimal string with no more decimals than the currency has, or an integer.",
    },
    1: {
        "title": "Positive",
        "description": "More than zero: a decimal string, or an integer. Credits and rates have "
        "at most 12 decimals and are at most 10^18.",
    },
}


def schema() -> Node:
    """Build the schema, by JSON Schema 2020-12."""
    (root,), structs = msgspec.json.schema_components([wire.Fact])
    shared: dict[str, Node] = {}
    definitions = {name: _shared(node, shared, is_top=True) for name, node in structs.items()}
    for name, rules in _rules().items():
        definitions[name]["allOf"] = rules
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Drawdown billing event",
        "description": "One line of a native JSON Lines file. null in a field that may be left "
        "out is the same as leaving it out.",
        **root,
        "$defs": dict(sorted({**definitions, **shared}.items())),
    }


def text() -> str:
    """Write the schema as the file has it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _shared(node: Any, shared: dict[str, Node], *, is_top: bool = False) -> Any:
    """Replace each named scalar by a reference and write patterns as every validator takes them."""
    if isinstance(node, list):
        return [_shared(each, shared) for each in node]
    if not isinstance(node, dict):
        return node
    made = {name: _shared(each, shared) for name, each in node.items() if name != "pattern"}
    if "pattern" in node:
        made.update(wire.PORTABLE_PATTERNS.get(node["pattern"], {"pattern": node["pattern"]}))
    if "anyOf" in made:
        made["anyOf"] = _numbers(made["anyOf"], shared)
        if len(made["anyOf"]) == 1:
            made = {**made.pop("anyOf")[0], **made}
    title = made.get("title")
    if is_top or not isinstance(title, str):
        return made
    alias = {**made, "description": _alias_description(title, made["description"])}
    shared[title] = alias
    own = made["description"] != alias["description"]
    return {"$ref": f"#/$defs/{title}", **({"description": made["description"]} if own else {})}


def _alias_description(title: str, otherwise: str) -> str:
    """Return the description of an alias itself, without what a field says about it."""
    for meta in getattr(getattr(wire, title), "__metadata__", ()):
        if isinstance(meta, msgspec.Meta) and meta.title == title:
            return meta.description or otherwise
    return otherwise


def _numbers(branches: list[Node], shared: dict[str, Node]) -> list[Node]:
    """Put a decimal string and an integer together under one name."""
    integer = next((each for each in branches if each.get("type") == "integer"), None)
    string = next((each for each in branches if each.get("type") == "string"), None)
    if integer is None or string is None:
        return branches
    about = _NUMBERS[integer["minimum"]]
    shared[about["title"]] = {**about, "anyOf": [string, integer]}
    rest = [each for each in branches if each is not integer and each is not string]
    return [{"$ref": f"#/$defs/{about['title']}"}, *rest]


# --- rules between fields, which `convert` has too ---------------------------------------------

_ZERO: Node = {"anyOf": [{"const": 0}, {"type": "string", "pattern": r"^0(\.0+)?$"}]}


def _given(*names: str) -> Node:
    """All of these fields are there, and not null."""
    return {
        "required": list(names),
        "properties": {name: {"not": {"type": "null"}} for name in names},
    }


def _absent(*names: str) -> Node:
    return {"properties": {name: {"type": "null"} for name in names}}


def _if(condition: Node, then: Node, otherwise: Node | None = None) -> Node:
    return {"if": condition, "then": then, **({"else": otherwise} if otherwise else {})}


def _kind(*kinds: str | None) -> Node:
    return {"properties": {"kind": {"enum": list(kinds)}}}


def _rules() -> dict[str, list[Node]]:
    one_of_credits_or_amount = {
        "oneOf": [_given("credits"), _given("amount")],
        "properties": {"amount": {"not": _ZERO}},
    }
    return {
        "Block": [
            {"not": _given("effective_at", "effective_on")},
            {"not": _given("expires_at", "expires_on")},
            _if(_kind(BlockKind.PURCHASED, BlockKind.ALLOCATION), _given("amount")),
            _if(_kind(BlockKind.PURCHASED), {"properties": {"amount": {"not": _ZERO}}}),
            _if(
                _kind(BlockKind.PROMOTIONAL),
                {"properties": {"amount": {"anyOf": [{"type": "null"}, _ZERO]}}},
            ),
        ],
        "UsageLine": [
            _if(
                _kind(LineKind.USAGE, None),  # also where there is none
                one_of_credits_or_amount,
                {"allOf": [_given("amount"), _absent("credits", "block_id", "used_at", "rate")]},
            )
        ],
        "CreditedLine": [
            {"anyOf": [_given("line_id"), _given("block_id")]},
            {"not": _given("credits", "amount")},
        ],
        "PurchaseInvoice": [_if(_given("lines"), _given("currency"))],
        "CreditMemo": [
            _if(
                {
                    "required": ["lines"],
                    "properties": {"lines": {"type": "array", "contains": _given("amount")}},
                },
                _given("currency"),
            )
        ],
        "Payment": [_if(_given("amount"), _given("currency"))],
        "Refund": [_if(_given("amount"), _given("currency"))],
    }


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
