"""Writes COVERAGE.md: every tested fact with its source, and the named settings.

python tools/coverage.py > COVERAGE.md

A test cites a fact in its docstring: what NetSuite does, then "Source: " and where that is said.
Tests without a source are of the sandbox's own. Records and operations are read from the calls
that the test makes.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from netsuite_sandbox.records.master_kinds import REST_KINDS
from netsuite_sandbox.records.transactions import KINDS
from netsuite_sandbox.records.transforming import TRANSFORMS
from netsuite_sandbox.setting_table import SETTINGS

OWN = "the sandbox's own"
TESTS = Path(__file__).parent.parent / "tests"
OPERATIONS = ("create", "read", "change", "upsert", "delete", "transform", "query", "filter",
              "action", "form", "void")  # fmt: skip
_RECORDS = {name.lower(): name for name in (*KINDS, *REST_KINDS)}
_NAME = re.compile(r"/([A-Za-z]+)")
_METHODS = {"POST": "create", "GET": "read", "PATCH": "change", "PUT": "upsert",
            "DELETE": "delete"}  # fmt: skip
# Helpers of the tests' client that create a record.
_HELPERS = {"invoice": "invoice", "deposit": "customerDeposit", "apply": "depositApplication",
            "journal": "journalEntry", "pay": "customerPayment", "memo": "creditMemo",
            "refund": "customerRefund"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fact:
    """One test: what it shows, where that is said, and what it calls."""

    name: str
    behaviour: str
    source: str
    cases: int
    touched: frozenset[tuple[str, str]]


def facts(path: Path) -> tuple[str, list[Fact]]:
    """Return the subject of a module and its tests."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    out: list[Fact] = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            text = " ".join((ast.get_docstring(node) or "").split())
            behaviour, _, source = text.partition(" Source: ")
            touched = frozenset(_touched(node))
            out.append(Fact(node.name, behaviour, source, _cases(node), touched))
    return (ast.get_docstring(tree) or path.stem).partition("\n")[0].rstrip("."), out


def all_facts() -> list[tuple[str, list[Fact]]]:
    """All test modules, by name."""
    return [facts(path) for path in sorted(TESTS.glob("test_*.py"))]


def _cases(node: ast.FunctionDef) -> int:
    """How many cases a parametrized test has, as far as they are written out."""
    number = 1
    for mark in node.decorator_list:
        if isinstance(mark, ast.Call) and ast.unparse(mark.func).endswith("parametrize"):
            values = mark.args[1]
            if isinstance(values, (ast.List, ast.Tuple)):
                number *= len(values.elts)
    return number


def _touched(node: ast.FunctionDef) -> Iterator[tuple[str, str]]:
    """Records and operations of the calls in a test."""
    for call in ast.walk(node):
        if not isinstance(call, ast.Call):
            continue
        name = ast.unparse(call.func).rpartition(".")[2]
        if name in _HELPERS:
            operation = "transform" if name == "apply" else "create"
            yield _HELPERS[name], operation
        if name == "void":
            yield "transactions", "void"
        if name in {"sql", "sql_page", "sql_refused"}:
            yield "SuiteQL", "query"
        texts = [text for part in call.args for text in _texts(part)]
        operation = next((_METHODS[text] for text in texts if text in _METHODS), "")
        operation = {"make": "create", "get": "read", "form": "form", "found": "filter"}.get(
            name, operation
        )
        for text in texts:
            yield from _of_path(text, operation)


def _texts(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.JoinedStr):
        parts = [p.value if isinstance(p, ast.Constant) else "{}" for p in node.values]
        return ["".join(str(part) for part in parts)]
    return []


def _of_path(text: str, operation: str) -> Iterator[tuple[str, str]]:
    if not text.startswith("/") or not operation:
        return
    names = [_RECORDS[n.lower()] for n in _NAME.findall(text) if n.lower() in _RECORDS]
    if "/@" in text and names:
        yield names[0], "action"
    elif "!transform" in text and names:
        yield names[-1], "transform"
    elif names:
        yield names[0], operation
        if "?q=" in text:
            yield names[0], "filter"


def document() -> str:
    """Return the whole document."""
    modules = all_facts()
    cited = [fact for _, found in modules for fact in found if fact.source]
    cases = sum(fact.cases for fact in cited)
    others = sum(len(found) for _, found in modules) - len(cited)
    out = [
        "# What the sandbox does, and where each fact comes from\n",
        "Generated by `python tools/coverage.py`; a test compares. Titles are those of Oracle's",
        "NetSuite help unless they say otherwise; nothing here was read from a live account.\n",
        f"{len(cited)} cited facts are tested, in {cases} cases; {others} further tests are of",
        "the sandbox's own.\n",
        *_types(),
        *_matrix(cited),
    ]
    for subject, found in modules:
        out.append(f"\n## {subject}\n\n| test | cases | fact | source |\n| --- | --- | --- | --- |")
        out += [
            f"| `{f.name}` | {f.cases} | {_cell(f.behaviour)} | {_cell(f.source or OWN)} |"
            for f in found
        ]
    return "\n".join([*out, *_settings()]) + "\n"


def _types() -> list[str]:
    out = ["## Record types\n\n| record | type | create | transform to |",
           "| --- | --- | --- | --- |"]  # fmt: skip
    for name in (*sorted(KINDS), *sorted(REST_KINDS)):
        kind = KINDS.get(name)
        create = "POST, PUT eid:" if kind is None or kind.create else "transform only"
        to = ", ".join(sorted(t for s, t in TRANSFORMS if s == name)) or "-"
        out.append(f"| {name} | {kind.code if kind else 'master'} | {create} | {to} |")
    return out


def _matrix(cited: list[Fact]) -> list[str]:
    """Record by operation: how many cited facts touch it."""
    counts = Counter(pair for fact in cited for pair in fact.touched)
    names = sorted({record for record, _ in counts}, key=str.lower)
    out = [
        "\n## Records and operations\n",
        "How many of the cited facts below call the operation on the record.\n",
        f"| record | {' | '.join(OPERATIONS)} |", "| --- |" + " --- |" * len(OPERATIONS),
    ]  # fmt: skip
    for name in names:
        cells = [str(counts[name, operation] or "") for operation in OPERATIONS]
        out.append(f"| {name} | {' | '.join(cells)} |")
    return out


def _settings() -> list[str]:
    out = [
        "\n## Named settings\n",
        "Mark: D documented, O other Oracle material, C third-party code, U unsure.\n",
        "| setting | default | choices | mark | source | about |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for s in SETTINGS:
        choices = ", ".join(str(choice).lower() for choice in s.choices) or "-"
        default = str(s.default).lower()
        out.append(f"| `{s.name}` | {default} | {choices} | {s.mark} | {s.source} | {s.about} |")
    return out


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    print(document(), end="")
