"""Cutting a stream into slices, so that memory does not grow with its length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

_T = TypeVar("_T")


def slices(stream: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Yield the members of a stream in lists of `size`, the last one shorter; none empty."""
    rest = iter(stream)
    while part := list(islice(rest, size)):
        yield part
