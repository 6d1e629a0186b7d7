"""What workers tell of their work: for metrics, logs and progress bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from drawdown.store.delivery import Claim, ConnectionState

if TYPE_CHECKING:
    from drawdown.service.delivery.steps import Result


class Observer(Protocol):
    """Is told what happens, in the worker's own thread: it must neither block nor raise."""

    def claimed(self, claims: Sequence[Claim]) -> None:
        """Rows were taken; their calls begin."""
        ...

    def settled(self, result: Result) -> None:
        """What came of a row was written; `result.outcome` says whether it was delivered."""
        ...

    def lost(self, claim: Claim) -> None:
        """The lease had ended and somebody else has the row: nothing of ours was written."""
        ...

    def in_flight(self, calls: int) -> None:
        """So many rows of this worker are under way now."""
        ...

    def connection_changed(self, before: ConnectionState, now: ConnectionState) -> None:
        """The share of a connection was changed, or its circuit opened or closed."""
        ...

    def troubled(self, problem: str) -> None:
        """The worker itself has a problem, such as a database that does not answer."""
        ...


class NoObserver:
    """Tells nobody."""

    def claimed(self, claims: Sequence[Claim]) -> None:
        """Do nothing."""

    def settled(self, result: Result) -> None:
        """Do nothing."""

    def lost(self, claim: Claim) -> None:
        """Do nothing."""

    def in_flight(self, calls: int) -> None:
        """Do nothing."""

    def connection_changed(self, before: ConnectionState, now: ConnectionState) -> None:
        """Do nothing."""

    def troubled(self, problem: str) -> None:
        """Do nothing."""
