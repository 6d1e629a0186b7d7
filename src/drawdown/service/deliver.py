"""Delivering the outbox to the ERP: in order per lane, several lanes at once, nothing twice.

A lane is a block (or, where no block is concerned, a customer). What the ERP refuses is parked with
its reason, and holds up its own lanes only. Each write back to the outbox carries the fencing token
of this run, so a worker that lost its turn cannot overwrite a newer one's result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from drawdown.core.errors import (
    ConfigurationError,
    ErpError,
    ErpUnavailableError,
    ErpUnknownError,
)
from drawdown.core.ports import Erp, Posted
from drawdown.store import outbox
from drawdown.store.database import Session
from drawdown.store.outbox import Outgoing

WINDOW_ROWS = 2_000
"""Rows looked at in one go; more lanes than this are never busy at once."""
CONCURRENCY_DEFAULT = 4
"""Calls in flight. The smallest NetSuite account allows 5 in all (reference 1.8)."""
ATTEMPTS_MAX = 4
"""Tries of one record in one run while the ERP is unavailable."""
BACK_OFF_S = 0.25
"""First wait between tries; it doubles."""


@dataclass(slots=True)
class DeliveryReport:
    """What one run did.

    Attributes:
        done: Records delivered, by native record type.
        adopted: Of these, records that were there already.
        problems: External id and reason of each record that was not delivered.
        waiting: Rows left for a later run, parked ones included.
    """

    done: Counter[str] = field(default_factory=Counter)
    adopted: int = 0
    problems: dict[str, str] = field(default_factory=dict)
    waiting: int = 0


def deliver(
    session: Session,
    erp: Erp,
    *,
    concurrency: int = CONCURRENCY_DEFAULT,
    sleep: Callable[[float], None],
    progress: Callable[[Outgoing], None] = lambda _: None,
) -> DeliveryReport:
    """Deliver everything that can be delivered now.

    Args:
        session: Of the tenant; it is used by this thread only.
        concurrency: Calls in flight at most.
        sleep: Takes seconds; waits between tries while the ERP is unavailable.
        progress: Called after each record delivered.

    Raises:
        StoreError: Another process is delivering for this tenant, or took over.
    """
    run = _Run(session, erp, outbox.take_turn(session), concurrency, sleep, progress)
    with ThreadPoolExecutor(concurrency) as pool:
        while run.deliver_window(pool):
            pass
    counts = outbox.counts(session)
    run.report.waiting = counts.get("waiting", 0) + counts.get("parked", 0)
    return run.report


@dataclass(slots=True)
class _Run:
    """One run of the deliverer."""

    session: Session
    erp: Erp
    fence: int
    concurrency: int
    sleep: Callable[[float], None]
    progress: Callable[[Outgoing], None]
    report: DeliveryReport = field(default_factory=DeliveryReport)

    def deliver_window(self, pool: ThreadPoolExecutor) -> bool:
        """Deliver one window of rows; return whether another may bring more."""
        rows = outbox.window(self.session, WINDOW_ROWS)
        lanes = _Lanes(rows, self.report.problems)
        running: dict[Future[Posted], Outgoing] = {}
        done_before = self.report.done.total()
        while True:
            for row in lanes.ready(self.concurrency - len(running)):
                if outbox.claim(self.session, row.position, self.fence):
                    running[pool.submit(self._try, row)] = row
            if not running:
                break
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            with self.session.transaction():
                for future in finished:
                    row = running.pop(future)
                    if self._settle(row, future):
                        lanes.free(row)
                        self.progress(row)
        return len(rows) == WINDOW_ROWS and self.report.done.total() > done_before

    def _try(self, row: Outgoing) -> Posted:
        """Deliver one record; while the ERP is unavailable, wait longer each time."""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                return self.erp.deliver(row.intent)
            except (ErpUnavailableError, ErpUnknownError):
                # Safe to repeat: the adapter looks the record up by its external id first.
                if attempt == ATTEMPTS_MAX:
                    raise
                self.sleep(BACK_OFF_S * 2**attempt)
        raise AssertionError

    def _settle(self, row: Outgoing, future: Future[Posted]) -> bool:
        """Write down what became of a record; return whether its lanes are free again."""
        try:
            posted = future.result()
        except (ErpError, ConfigurationError) as error:
            waits = isinstance(error, ErpUnavailableError | ErpUnknownError)
            outbox.put_back(self.session, row.position, self.fence, str(error), is_parked=not waits)
            self.report.problems[row.external_id] = str(error)
            return False
        if outbox.finish(self.session, row.position, self.fence, posted):
            self.report.done[row.intent.record.value] += 1
            self.report.adopted += posted.is_adopted
        return True


class _Lanes:
    """Which rows may go: those with no earlier unfinished row in any of their lanes."""

    def __init__(self, rows: Iterable[Outgoing], problems: Iterable[str]) -> None:
        failed = set(problems)
        self._queue = list(rows)
        self._busy: set[str] = set()
        self._failed = failed

    def ready(self, limit: int) -> Iterator[Outgoing]:
        """Yield up to `limit` rows, oldest first, and occupy their lanes."""
        if limit <= 0:
            return
        blocked = set(self._busy)
        kept: list[Outgoing] = []
        for place, row in enumerate(self._queue):
            if limit == 0:
                kept.extend(self._queue[place:])
                break
            is_free = blocked.isdisjoint(row.lanes)
            blocked.update(row.lanes)
            if is_free and row.status == "waiting" and row.external_id not in self._failed:
                self._busy.update(row.lanes)
                limit -= 1
                yield row
            else:
                kept.append(row)
        self._queue = kept

    def free(self, row: Outgoing) -> None:
        """Let the next rows of these lanes go."""
        self._busy.difference_update(row.lanes)
