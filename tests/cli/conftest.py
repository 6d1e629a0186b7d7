from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from drawdown.cli import output
from tests.cli.commands import Commands

_numbers = itertools.count(1)


@pytest.fixture
def drawdown(
    database_url: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Commands:
    """Commands on a tenant of their own, which is connected to no NetSuite."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DRAWDOWN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(output.console, "width", 200)  # it was made before
    monkeypatch.delenv("DRAWDOWN_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    commands = Commands(tmp_path, capsys, monkeypatch)
    tenant = f"cli-{next(_numbers)}"
    commands.write("drawdown.toml", f'tenant = "{tenant}"\n[tenants.{tenant}.policy]\n')
    return commands
