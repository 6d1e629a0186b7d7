"""Where in a TOML file a value stands: the standard reader does not say, so lines are looked at."""

from __future__ import annotations

import re

Path = tuple[str | int, ...]

_TABLE = re.compile(r"^\s*(\[{1,2})\s*([\w.\-\"]+)\s*\]{1,2}")
_KEY = re.compile(r"^\s*([\w\-\"]+)\s*=")


class Places:
    """Line numbers of the tables and keys of one file."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Path, int] = {(): 1}
        counts: dict[str, int] = {}
        table: Path = ()
        for number, line in enumerate(text.splitlines(), 1):
            header = _TABLE.match(line)
            if header is not None:
                names = [name.strip('"') for name in header[2].split(".")]
                if header[1] == "[[":
                    counts[names[0]] = counts.get(names[0], -1) + 1
                table = (names[0], *([counts[names[0]]] if names[0] in counts else []), *names[1:])
                self._lines.setdefault(table, number)
                continue
            key = _KEY.match(line)
            if key is not None:
                self._lines.setdefault((*table, key[1].strip('"')), number)

    def line(self, path: Path) -> int:
        """Return the line of a value, else of the nearest table around it."""
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]
