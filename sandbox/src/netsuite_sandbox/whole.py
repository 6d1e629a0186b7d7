"""Whole numbers as callers write them: not everything that has digits is one."""

from __future__ import annotations

import re

_WHOLE = re.compile("-?[0-9]{1,18}")


def whole(text: object) -> int | None:
    """Return the whole number that a text is, such as an internal id; None if it is none.

    Digits of other scripts are no number, nor is what the store cannot hold.
    """
    return int(text) if isinstance(text, str) and _WHOLE.fullmatch(text) else None
