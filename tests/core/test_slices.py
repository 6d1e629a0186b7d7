"""Streams are cut into slices."""

from __future__ import annotations

from drawdown.core.slices import slices


def test_a_stream_is_cut_into_slices() -> None:
    """None is empty, all are there, and no more is read than is asked for."""
    assert list(slices("abc", 2)) == [["a", "b"], ["c"]]
    assert list(slices("abc", 3)) == [["a", "b", "c"]]
    assert list(slices("", 3)) == []
    stream = iter("abcd")
    assert next(slices(stream, 2)) == ["a", "b"]
    assert next(stream) == "c"
