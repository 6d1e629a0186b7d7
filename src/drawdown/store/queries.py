"""The named queries of queries.sql."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import LiteralString, cast

_HEADING = re.compile(r"^-- (\w+) --$", re.MULTILINE)


@cache
def _queries() -> dict[str, LiteralString]:
    text = files("drawdown.store").joinpath("queries.sql").read_text("utf-8")
    _preamble, *parts = _HEADING.split(text)
    # The file ships with the package and takes no values, so it is as literal as source code.
    return {
        name: cast("LiteralString", body.strip())
        for name, body in zip(parts[::2], parts[1::2], strict=True)
    }


def query(name: str) -> LiteralString:
    """Return the SQL of a named query.

    Raises:
        KeyError: queries.sql has no query of that name.
    """
    return _queries()[name]
