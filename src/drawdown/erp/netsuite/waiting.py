"""Waiting, in threads and in tasks: a task of gevent lets the others of its thread go on meanwhile.

Whoever makes many calls at once makes them as tasks; the same code serves a thread that makes one
after the other. Each wait asks where it is.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Lock
from types import TracebackType
from typing import Any, Self, TypeVar

import gevent
from gevent import socket as gevent_socket

T = TypeVar("T")
LOOK_AGAIN_S = 0.02
"""How often a task looks whether a lock that another thread may hold is free: one that is held
while a token or the chart of accounts is read, which is rare."""


def is_task() -> bool:
    """Whether the caller is a task, which must not hold up its thread."""
    return isinstance(gevent.getcurrent(), gevent.Greenlet)


def sleep(seconds: float) -> None:
    """Wait."""
    if is_task():
        gevent.sleep(seconds)
    else:
        time.sleep(seconds)


def until_ready(file: int, events: int, timeout_s: float) -> bool:
    """Wait until a file can be read or written; False if the time is over before.

    Args:
        file: Its descriptor.
        events: `select.POLLIN` or `select.POLLOUT`.
        timeout_s: Seconds.
    """
    if not is_task():
        poll = select.poll()
        poll.register(file, events)
        return bool(poll.poll(timeout_s * 1000))
    wait = gevent_socket.wait_read if events == select.POLLIN else gevent_socket.wait_write
    try:
        wait(file, timeout_s)
    except TimeoutError:
        return False
    return True


def aside(call: Callable[..., T], *arguments: Any) -> T:
    """Make a call that blocks its thread: from a task, in a thread of its own.

    Raises:
        Exception: What the call raises.
    """
    if not is_task():
        return call(*arguments)

    def tried() -> tuple[T, None] | tuple[None, Exception]:
        # gevent writes what a thread of its raises to the standard error, besides raising it.
        try:
            return call(*arguments), None
        except Exception as error:  # noqa: BLE001 - raised below
            return None, error

    outcome: tuple[T, None] | tuple[None, Exception] = gevent.get_hub().threadpool.apply(tried)
    if outcome[1] is not None:
        raise outcome[1]
    return outcome[0]


class TaskLock(AbstractContextManager["TaskLock"]):
    """A lock that threads and tasks share; whoever holds it may enter it again."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._holder: object = None
        self._depth = 0

    def __enter__(self) -> Self:
        me = gevent.getcurrent()
        if self._holder is not me:
            if isinstance(me, gevent.Greenlet):
                while not self._lock.acquire(blocking=False):
                    gevent.sleep(LOOK_AGAIN_S)
            else:
                self._lock.acquire()
            self._holder = me
        self._depth += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if not self._depth:
            self._holder = None
            self._lock.release()
