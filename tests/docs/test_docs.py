"""What the documents say is what the code does."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from typer.core import TyperGroup as Group
from typer.main import get_command

from drawdown.cli import app
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


TEXTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "Makefile")),
    *(one for folder in ("docs", "sandbox", "bench") for one in (ROOT / folder).rglob("*.md")),
    *sorted((ROOT / "src/drawdown").rglob("*.py")),
]
COMMAND = re.compile(r"(?:`|^\$ |BIN\)/)(?:\.venv/bin/)?drawdown ([a-z][^`#\n]*)", re.MULTILINE)


def test_named_commands_exist() -> None:
    """Every command that a document or a message names is there, with the options it names."""
    root = get_command(app)
    checked = 0
    for file in TEXTS:
        whole = re.sub(r'"\n *f?"', "", file.read_text("utf-8"))  # strings in several parts
        for found in COMMAND.finditer(whole):
            command, words = root, found[1].split()
            while isinstance(command, Group) and words and words[0] in command.commands:
                command = command.commands[words.pop(0)]
            where = f"{file.relative_to(ROOT)}: drawdown {found[1]}"
            assert command is not root, where
            assert not isinstance(command, Group) or command.invoke_without_command, where
            known = {name for parameter in command.params for name in parameter.opts}
            named = {word.partition("=")[0] for word in words if re.match("--?[a-z]", word)}
            assert named <= known, where
            checked += 1
    assert checked > 100


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
