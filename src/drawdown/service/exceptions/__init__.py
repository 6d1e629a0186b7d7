"""Exceptions for people: one list of what is stuck, and what can be done about each."""

from __future__ import annotations

from drawdown.service.exceptions.acting import (
    Done,
    adopt,
    redate,
    replay_events,
    retry,
    skip,
    withdraw,
)
from drawdown.service.exceptions.listing import Detail, ExceptionKind, Stuck, detail_of, stuck
from drawdown.service.exceptions.redating import follow_periods

__all__ = [
    "Detail",
    "Done",
    "ExceptionKind",
    "Stuck",
    "adopt",
    "detail_of",
    "follow_periods",
    "redate",
    "replay_events",
    "retry",
    "skip",
    "stuck",
    "withdraw",
]
