"""What the documents say is what the code does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from drawdown.reports import rules_table

ROOT = Path(__file__).parents[2]


def test_accounting_tables_are_the_codes() -> None:
    """docs/accounting.md holds the tables that `drawdown rules --markdown` prints."""
    text = (ROOT / "docs/accounting.md").read_text("utf-8")
    shown = text.partition("by a test -->\n")[2].partition("<!-- end of tables -->")[0]
    assert shown.strip() == rules_table.markdown().strip()


@pytest.mark.parametrize(
    "document",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))],
    ids=lambda path: path.name,
)
def test_links_lead_somewhere(document: Path) -> None:
    """Every relative link in the documents names a file that is there."""
    links = re.findall(r"\]\(([^)#]+)\)", document.read_text("utf-8"))
    missing = [
        link for link in links if "://" not in link and not (document.parent / link).exists()
    ]
    assert missing == []


def test_named_modules_exist() -> None:
    """docs/architecture.md names only files and folders of the package that exist."""
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    named = set(re.findall(r"`((?:core|store|service|erp|billing|reports|demo|cli)/[\w/.]*)", text))
    missing = [name for name in named if not (ROOT / "src/drawdown" / name).exists()]
    assert missing == []


@pytest.mark.slow
def test_readme_shows_the_demos_output() -> None:
    """The output in README.md is what the demo prints, but for ports, seconds and versions."""
    tool = _tool()
    assert tool.stable(tool.demo_output()) == tool.stable(tool.in_readme())


def _tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("readme_output", ROOT / "tools/readme_output.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
