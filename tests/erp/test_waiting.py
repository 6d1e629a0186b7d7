"""Threads and tasks share a lock, and a call that blocks holds up no other task."""

from __future__ import annotations

import threading

import gevent
import pytest
from gevent.event import Event as TaskEvent

from drawdown.erp.netsuite.waiting import TaskLock, aside, is_task, sleep


def test_a_lock_lets_in_one_at_a_time_and_the_same_one_again() -> None:
    """Four threads, two of them with twenty tasks each, which let each other go on while inside."""
    lock = TaskLock()
    inside: list[object] = []
    passed: list[int] = []

    def enter() -> None:
        for _ in range(5):
            with lock, lock:
                me = object()
                inside.append(me)
                sleep(0.0002)
                passed.append(len(inside))
                inside.remove(me)

    def tasks() -> None:
        gevent.joinall([gevent.spawn(enter) for _ in range(20)])

    threads = [threading.Thread(target=one) for one in (enter, tasks, enter, tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert passed == [1] * 5 * 42


def test_a_call_that_blocks_holds_up_no_other_task() -> None:
    gate = threading.Event()
    told: list[str] = []

    def blocked() -> None:
        assert is_task()
        assert not aside(is_task)
        assert aside(gate.wait)
        told.append("came back")

    def other() -> None:
        told.append("went on")
        gate.set()

    gevent.joinall([gevent.spawn(blocked), gevent.spawn(other)])
    assert told == ["went on", "came back"]


def test_what_a_call_aside_raises_is_raised_and_not_printed(
    capfd: pytest.CaptureFixture[str],
) -> None:
    seen: list[str] = []

    def task() -> None:
        try:
            aside(int, "x")
        except ValueError as error:
            seen.append(str(error))

    gevent.spawn(task).join()
    with pytest.raises(ValueError, match="invalid literal"):
        aside(int, "x")
    assert seen == ["invalid literal for int() with base 10: 'x'"]
    assert capfd.readouterr().err == ""


def test_a_task_that_sleeps_lets_others_go_on() -> None:
    woken = TaskEvent()

    def sleeper() -> bool:
        sleep(0.01)
        return woken.is_set()

    one = gevent.spawn(sleeper)
    gevent.spawn(woken.set)
    one.join()
    assert one.value
