"""The instants that delivery works with: the database's, so that all workers share one clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

from drawdown.store.database import Session
from drawdown.store.delivery import database_time

Clock = Callable[[], datetime]
"""Returns the present instant, UTC; it never goes back."""


class DatabaseClock:
    """The database's clock, asked once and carried on by this process's steady one."""

    def __init__(self, session: Session) -> None:
        self._base = database_time(session)
        self._base_s = monotonic()

    def __call__(self) -> datetime:
        """Return the present instant."""
        return self._base + timedelta(seconds=monotonic() - self._base_s)
