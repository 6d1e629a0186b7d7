"""Performing claims side by side, in threads: each takes one claim at a time to the ERP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

from drawdown.core.ports import Erp
from drawdown.service.delivery.steps import Result, perform
from drawdown.store.delivery import Claim, ClaimKey


class Crew:
    """Threads that perform claims; used with ``with`` by the one thread that owns it.

    Args:
        erps: The ERP of each tenant, safe for use by several threads.
        size: Claims under way at most.
    """

    def __init__(self, erps: Mapping[str, Erp], size: int) -> None:
        self._erps = erps
        self._size = size
        self._pool = ThreadPoolExecutor(size, "drawdown-call")
        self._results: SimpleQueue[Result | None] = SimpleQueue()
        self.under_way: dict[ClaimKey, Claim] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A call that hangs must not keep the process: its lease ends by itself.
        self._pool.shutdown(wait=kind is None and not self.under_way, cancel_futures=True)

    @property
    def room(self) -> int:
        """How many more claims may be begun."""
        return self._size - len(self.under_way)

    def begin(self, claims: Iterable[Claim]) -> None:
        """Perform claims; each comes back from `gather`."""
        for claim in claims:
            assert self.room > 0
            self.under_way[claim.key] = claim
            self._pool.submit(self._perform, claim)

    def _perform(self, claim: Claim) -> None:
        self._results.put(perform(claim, self._erps[claim.tenant_id]))

    def gather(self, timeout_s: float) -> list[Result]:
        """Return what is finished; wait for the first for so long, or until `wake` is called."""
        gathered: list[Result] = []
        try:
            result = self._results.get(timeout=max(timeout_s, 0))
            while True:
                if result is not None:
                    del self.under_way[result.claim.key]
                    gathered.append(result)
                result = self._results.get_nowait()
        except Empty:
            return gathered

    def wake(self) -> None:
        """End a wait of `gather` at once; may be called by a signal handler."""
        self._results.put(None)
