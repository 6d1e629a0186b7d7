"""Several observers as one."""

from __future__ import annotations

from collections.abc import Sequence

from drawdown.service.delivery import Observer, Result
from drawdown.store.delivery import Claim, ConnectionState


class Together:
    """Tells each of several observers, in their order."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def claimed(self, claims: Sequence[Claim]) -> None:
        """Rows were taken."""
        for one in self._observers:
            one.claimed(claims)

    def settled(self, result: Result) -> None:
        """What came of a row was written."""
        for one in self._observers:
            one.settled(result)

    def lost(self, claim: Claim) -> None:
        """Somebody else has the row."""
        for one in self._observers:
            one.lost(claim)

    def in_flight(self, calls: int) -> None:
        """So many rows are under way."""
        for one in self._observers:
            one.in_flight(calls)

    def connection_changed(self, before: ConnectionState, now: ConnectionState) -> None:
        """A connection changed."""
        for one in self._observers:
            one.connection_changed(before, now)

    def troubled(self, problem: str) -> None:
        """The worker has a problem."""
        for one in self._observers:
            one.troubled(problem)
