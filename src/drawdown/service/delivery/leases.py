"""Keeping the leases of what a crew holds: renewed in time, and nothing begun after their end."""

from __future__ import annotations

from datetime import timedelta

from drawdown.service.delivery.clock import Clock
from drawdown.service.delivery.crew import Crew
from drawdown.service.delivery.steps import renew
from drawdown.store.database import Session
from drawdown.store.delivery import Claim

YOUNG = 6
"""Rows claimed less than a sixth of a lease ago are not renewed yet: most are done before."""


class Leases:
    """The leases of a crew, kept by the thread that owns it."""

    def __init__(self, session: Session, crew: Crew, clock: Clock, lease: timedelta) -> None:
        self._session = session
        self._crew = crew
        self._clock = clock
        self._lease = lease
        # At once: when a database comes back, leases may be about to end.
        self._renew_at = crew.threads.monotonic()

    def left_s(self) -> float:
        """Return after how many seconds `keep` is to be called again at the latest."""
        return max(0.0, self._renew_at - self._crew.threads.monotonic())

    def keep(self) -> list[Claim]:
        """Renew the leases if it is time; return claims that were lost before they were begun.

        Raises:
            StoreError: The database refused; nothing was prolonged.
        """
        began = self._crew.threads.monotonic()
        if began < self._renew_at:
            return []
        held, age = self._crew.held(), self._lease / YOUNG
        lost = renew(self._session, held, now=self._clock(), lease=self._lease, age=age)
        # Claims made from now on are leased for longer than this says.
        self._crew.leased_until_s = began + (self._lease - age).total_seconds()
        self._renew_at = began + self._lease.total_seconds() / 3
        return self._crew.drop(lost)
