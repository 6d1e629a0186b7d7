"""The named queries of the folder ``queries``: one file a subject.

A name stands on a line of its own between dashes; the comment below it says what the query is for.
Parameters are psycopg's; ``%(tenant)s`` is always the tenant at work.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import LiteralString, cast

_HEADING = re.compile(r"^-- (\w+) --$", re.MULTILINE)


@cache
def _queries() -> dict[str, LiteralString]:
    found: dict[str, LiteralString] = {}
    for file in sorted(
        files("drawdown.store").joinpath("queries").iterdir(), key=lambda file: file.name
    ):
        _preamble, *parts = _HEADING.split(file.read_text("utf-8"))
        for name, body in zip(parts[::2], parts[1::2], strict=True):
            assert name not in found, f"two queries are called {name}"
            # The files ship with the package and take no values: as literal as source code.
            found[name] = cast("LiteralString", body.strip())
    return found


def query(name: str) -> LiteralString:
    """Return the SQL of a named query.

    Raises:
        KeyError: No file has a query of that name.
    """
    return _queries()[name]


@cache
def query_names() -> dict[str, str]:
    """Return the name of each query by its SQL, for traces."""
    return {text: name for name, text in _queries().items()}
