"""Write the demo's real output into README.md, between its two marks.

    .venv/bin/python tools/readme_output.py

Ports, seconds and folders differ from run to run; a test compares everything else.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

README = Path(__file__).parent.parent / "README.md"
BEGIN = "<!-- demo: written by tools/readme_output.py -->\n"
END = "<!-- end of demo -->"
COLUMNS = 100


def demo_output() -> str:
    """Run the demo in a folder of its own and return what it prints."""
    with TemporaryDirectory(prefix="drawdown-readme-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root, the database runs as another user
        return _run(folder)


def _run(folder: Path) -> str:
    program = Path(sys.executable).parent / "drawdown"
    done = subprocess.run(
        [program, "demo"],
        env={**os.environ, "COLUMNS": str(COLUMNS), "DRAWDOWN_DATA": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    shown = done.stdout.replace(str(folder), "/var/lib/drawdown")
    shown = re.sub(
        r"^  \S*drawdown --config", "  .venv/bin/drawdown --config", shown, flags=re.MULTILINE
    )
    lines = [line.rstrip() for line in shown.splitlines()]
    return "\n".join(lines).rstrip() + "\n"


def stable(text: str) -> str:
    """Blank out what differs from run to run."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"(hledger|beancount) [\d.]+ agrees", "PROGRAM agrees", text)
    return re.sub(r"\d+\.\d seconds", "N seconds", text)


def in_readme() -> str:
    """Return the output that README.md shows now."""
    shown = README.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    return shown.removeprefix("```text\n").removesuffix("```\n")


def main() -> None:
    """Replace the output in README.md."""
    output = demo_output()
    before, _, rest = README.read_text("utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    README.write_text(f"{before}{BEGIN}```text\n{output}```\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
