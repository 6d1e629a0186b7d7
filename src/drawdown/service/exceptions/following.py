"""Workers and closed periods: what NetSuite refuses for its period is dated anew at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from time import monotonic

from drawdown.core.errors import DrawdownError
from drawdown.core.policy import Policy
from drawdown.core.ports import Erp
from drawdown.service.delivery import NoObserver, Outcome, Result
from drawdown.service.exceptions.redating import follow_periods
from drawdown.store.database import Session

AGAIN_AFTER_S = 60.0
"""A tenant's periods are read at most this often, however many records are refused."""


class PeriodFollower(NoObserver):
    """Looks at a tenant's periods when a record of it was refused, whatever the words were.

    A worker's own session sees outboxes only, so the tenant's books are opened for it.

    Args:
        open_books: Opens a session of a tenant.
        policies: By tenant; those of others are not followed.
        tell: Takes what happened, in words.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        open_books: Callable[[str], AbstractContextManager[Session]],
        erps: Mapping[str, Erp],
        policies: Mapping[str, Policy],
        tell: Callable[[str], None],
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._open_books = open_books
        self._erps = erps
        self._policies = policies
        self._tell = tell
        self._clock = clock
        self._looked: dict[str, float] = {}

    def settled(self, result: Result) -> None:
        """Follow the periods of a tenant whose record was refused."""
        tenant_id = result.claim.tenant_id
        if result.outcome is not Outcome.REFUSED or tenant_id not in self._policies:
            return
        now = self._clock()
        if now - self._looked.get(tenant_id, -AGAIN_AFTER_S) < AGAIN_AFTER_S:
            return
        self._looked[tenant_id] = now
        try:
            with self._open_books(tenant_id) as session:
                moved = follow_periods(session, self._erps[tenant_id], self._policies[tenant_id])
        except DrawdownError as error:  # the record stays parked, and the next run looks again
            self._tell(f"tenant {tenant_id}: the accounting periods were not followed: {error}")
            return
        if moved:
            self._tell(
                f"tenant {tenant_id}: {moved} records were dated the first open day: their period "
                "is closed"
            )
