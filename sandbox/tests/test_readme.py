"""The README: its commands run, and answer what it says they answer."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
MARK = "--- next ---"


def commands() -> list[tuple[str, str]]:
    """The commands that talk to a server, each with the output the README gives."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"```console\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL):
        steps = re.findall(r"^\$ (.*?)$\n((?:^(?!\$ ).*\n)*)", block, re.MULTILINE)
        if not any(word in block for word in ("pip install", "netsuite-sandbox serve")):
            found += steps
    return found


def test_what_the_readme_shows_is_what_happens(tmp_path: Path) -> None:
    """From nothing to the first posted invoice, refusals, a lost answer, a setting."""
    bash, curl = shutil.which("bash"), shutil.which("curl")
    if bash is None or curl is None:
        pytest.skip("bash and curl are needed to run the README")
    version = subprocess.run([curl, "--version"], capture_output=True, text=True, check=True)
    if [int(part) for part in version.stdout.split()[1].split(".")[:2]] < [7, 84]:
        pytest.skip("curl knows %header{} since 7.84")
    server = subprocess.Popen(
        [sys.executable, "-m", "netsuite_sandbox", "serve", "--port", "0", "--db",
         str(tmp_path / "company.sqlite3")],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        port = json.loads(server.stdout.readline())["url"].rpartition(":")[2]
        steps = commands()
        assert len(steps) >= 12
        script = "".join(f"{command}\necho; echo '{MARK}'\n" for command, _ in steps)
        done = subprocess.run(
            [bash, "-c", script.replace("localhost:8765", f"localhost:{port}")],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    finally:
        server.terminate()
        server.communicate(timeout=20)
    outputs = done.stdout.replace(f"localhost:{port}", "localhost:8765").split(MARK)
    for (command, expected), output in zip(steps, outputs, strict=False):
        pattern = re.escape(expected.strip()).replace(re.escape("..."), ".*")
        assert re.fullmatch(pattern, output.strip(), re.DOTALL), f"{command}\n{output}"
