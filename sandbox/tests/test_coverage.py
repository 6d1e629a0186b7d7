"""COVERAGE.md is what the tests say."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).parent
FACTS_AT_LEAST = 150


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "coverage_tool", HERE.parent / "tools/coverage.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["coverage_tool"] = module
    spec.loader.exec_module(module)
    return module


def test_coverage_is_up_to_date() -> None:
    """Regenerated, it is the same: python tools/coverage.py > COVERAGE.md."""
    written = (HERE.parent / "COVERAGE.md").read_text(encoding="utf-8")
    assert generator().document() == written, "run: python tools/coverage.py > COVERAGE.md"


def test_enough_facts_are_cited() -> None:
    """At least 150 facts with a source, each with what it says."""
    cited = [fact for _, found in generator().all_facts() for fact in found if fact.source]
    assert len(cited) >= FACTS_AT_LEAST
    assert [fact.name for fact in cited if len(fact.behaviour) < 8 or len(fact.source) < 4] == []
