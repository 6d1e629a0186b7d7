"""Calls as tasks of gevent: hundreds at once in a thread that is theirs.

A thread a call costs more than the call: each asks for the interpreter several times a call, and
the thread that claims and settles waits behind all of them.
"""

from __future__ import annotations

import gc
import sys
from collections import deque
from collections.abc import Callable
from functools import partial
from threading import Event, Thread
from typing import Any

import gevent
from gevent.event import Event as TaskEvent

from drawdown.service.delivery.threads import Pool, Threads

SWITCH_INTERVAL_S = 0.0005
"""For `sys.setswitchinterval` where tasks are run. Their thread lets go of the interpreter with
each send and has it back before the thread that claims and settles has woken up: that one gets it
only by asking, which by default takes ten times as long, some dozen times a turn."""
GARBAGE_THRESHOLDS = 20_000, 20, 20
"""For `gc.set_threshold`. Claims live for seconds, thousands at a time, and leave no cycles: by
default the collector walks through all of them again and again and finds nothing."""
CONNECTING_MAX = 64
"""Threads for what cannot be a task, such as asking for the address of a host: so many accounts
that are away may hold up nobody else."""


def tune_process() -> None:
    """Make this process one that runs tasks; once, when everything is imported."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


class Tasks(Threads):
    """Threads of this process, but calls are tasks; for an ERP whose calls let others go on."""

    def pool(self, size: int) -> Pool:
        """Return a pool of so many tasks."""
        return _TaskPool(size)


class _TaskPool:
    """Tasks, in a thread that ends with the process, or when all of them have ended."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._waiting: deque[Callable[[], None]] = deque()
        self._under_way = 0
        self._is_ending = False
        self._is_ready = Event()
        self._ended: TaskEvent
        self._wake: Any = None
        self._thread = Thread(target=self._run, name="drawdown-calls", daemon=True)
        self._thread.start()
        self._is_ready.wait()

    def submit(self, call: Callable[..., None], /, *arguments: Any) -> None:
        self._waiting.append(partial(call, *arguments))
        self._wake.send()

    def shutdown(self, *, wait: bool, cancel_futures: bool) -> None:
        if cancel_futures:
            self._waiting.clear()
        self._is_ending = True
        self._wake.send()
        if wait:
            self._thread.join()

    def _run(self) -> None:
        hub = gevent.get_hub()
        hub.threadpool_size = CONNECTING_MAX
        self._ended = TaskEvent()
        # The one way into the loop of another thread. What is sent several times may come once.
        self._wake = hub.loop.async_()
        self._wake.start(self._begin)
        self._is_ready.set()
        self._ended.wait()
        self._wake.close()
        hub.destroy(destroy_loop=True)

    def _begin(self) -> None:
        """Begin what there is room for; in the thread of the calls."""
        while self._waiting and self._under_way < self._size:
            self._under_way += 1
            gevent.spawn(self._make, self._waiting.popleft())
        if self._is_ending and not self._under_way:
            self._ended.set()

    def _make(self, call: Callable[[], None]) -> None:
        try:
            call()
        finally:
            self._under_way -= 1
            self._begin()
