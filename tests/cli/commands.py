"""Running `drawdown` in tests: in this process where a process is not the point, else as one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from drawdown.cli import main

PROGRAM = (sys.executable, "-c", "from drawdown.cli import main; main()")


class Ran(NamedTuple):
    """What a command printed and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON: nothing but that may be there."""
        return json.loads(self.out)


class Commands:
    """Runs commands in this process, with a configuration and a data folder of their own.

    Attributes:
        folder: Holds the configuration and whatever the test writes.
    """

    def __init__(
        self, folder: Path, capture: pytest.CaptureFixture[str], patch: pytest.MonkeyPatch
    ) -> None:
        self.folder = folder
        self._capture = capture
        self._patch = patch

    def __call__(self, *arguments: str | Path) -> Ran:
        """Run ``drawdown ARGUMENTS``."""
        self._capture.readouterr()
        self._patch.setattr(sys, "argv", ["drawdown", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = self._capture.readouterr()
        status = ended.value.code
        assert isinstance(status, int)
        return Ran(status, captured.out, captured.err)

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file into the folder."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


def start(
    *arguments: str | Path, env: Mapping[str, str] | None = None, **more: Any
) -> subprocess.Popen[str]:
    """Start ``drawdown ARGUMENTS`` as a process; its output goes to pipes."""
    return subprocess.Popen(
        [*PROGRAM, *map(str, arguments)],
        env={**os.environ, **(env or {})},
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=more.pop("stdout", subprocess.PIPE),
        stderr=more.pop("stderr", subprocess.PIPE),
        **more,
    )


def run(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Ran:
    """Run ``drawdown ARGUMENTS`` as a process to its end."""
    with start(*arguments, env=env) as process:
        out, err = process.communicate()
    return Ran(process.returncode, out, err)
