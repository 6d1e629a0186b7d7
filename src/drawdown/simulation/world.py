"""Virtual time and simulated processes: which one goes on when, and where one dies.

A simulated process runs the product's own code. It gives way at every step boundary: before and
after each SQL statement and commit, before and after each HTTP message, and between the steps of
its own work. At a boundary it may crash (nothing of it runs on, not even its `finally` clauses
reach the outside), or stand still for longer than its leases last. The rule a maintainer must not
break: every decision comes from `World.chance`, and nothing here looks at real time.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from typing import Any

from greenlet import getcurrent, greenlet

START = datetime(2028, 6, 1, 8, 0, tzinfo=UTC)
"""When the simulated computers begin; the facts are of the months before."""
STEP_S = (0.000_2, 0.02)
"""A step between two boundaries takes so long."""
STEPS_MAX = 200_000
"""More steps than any seed needs: processes that keep each other busy for ever are a finding."""


class Crash(BaseException):
    """The process was killed."""


class StuckError(Exception):
    """The simulated processes do not come to an end."""


@dataclass(slots=True, eq=False)
class Process:
    """One incarnation of a simulated process: all of it dies at once.

    Attributes:
        skew: How much its clock is ahead.
        crash_in: Boundaries until it crashes; 0: it does not.
        crash_at_new_percent: How likely it crashes at a kind of boundary that the seed has not met
            before: so kinds that are rare are crashed at as often as those passed all the time.
        pause_in: Boundaries until it stands still for `pause_s`; 0: it does not.
        still_until: All of it stands still until then.
    """

    name: str
    skew: timedelta = timedelta()
    crash_in: int = 0
    crash_at_new_percent: int = 0
    pause_in: int = 0
    pause_s: float = 0.0
    still_until: datetime = START
    is_dead: bool = False


@dataclass(slots=True, eq=False)
class Task:
    """A line of execution of a process: its first one, or another that it has started."""

    process: Process
    greenlet: greenlet
    blocked: Callable[[], bool] | None = None
    is_done: bool = False
    ended: Callable[[Task], None] | None = None


@dataclass(slots=True)
class World:
    """One seed's world.

    Attributes:
        fired: How often each fault struck, by name.
        passed: How often each step boundary was passed, by name.
        crashed: How often a process crashed there.
        failures: Errors that no process may end with.
        is_calm: No fault strikes any more.
    """

    seed: int
    chance: random.Random
    trace: Callable[[str], None] | None = None
    now: datetime = START
    fired: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    crashed: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    is_calm: bool = False
    steps: int = 0
    _met: set[str] = field(default_factory=set)
    _queue: list[tuple[datetime, int, Task | Callable[[], None]]] = field(default_factory=list)
    _number: int = 0
    _blocked: list[Task] = field(default_factory=list)
    _tasks: dict[greenlet, Task] = field(default_factory=dict)
    _schedule: Any = field(default_factory=hashlib.sha256)
    _main: greenlet = field(default_factory=getcurrent)

    # -- what happened --------------------------------------------------------------------------

    def note(self, text: str) -> None:
        """Write a line of the schedule: it becomes part of the hash, and of the trace."""
        line = f"{self.now:%d %H:%M:%S.%f} {text}"
        self._schedule.update(line.encode() + b"\n")
        if self.trace:
            self.trace(line)

    def fire(self, fault: str, detail: str = "") -> None:
        """Count a fault that strikes now."""
        self.fired[fault] += 1
        self.note(f"FAULT {fault} {detail}")

    def schedule_digest(self) -> str:
        """Return the hash of everything noted so far."""
        digest: str = self._schedule.hexdigest()
        return digest

    # -- for simulated processes ----------------------------------------------------------------

    @property
    def task(self) -> Task | None:
        """The task that runs now; None: the world itself."""
        return self._tasks.get(getcurrent())

    def clock(self) -> datetime:
        """Return the time on the clock of the process that asks."""
        task = self.task
        return self.now if task is None else self.now + task.process.skew

    def boundary(self, name: str, cost_s: float = 0.0, *, gives_way: bool = True) -> None:
        """Let others go on; here the process may crash or stand still.

        Args:
            cost_s: How long the step takes; 0: by chance.
            gives_way: Whether others may go on here, and the process stand still.

        Raises:
            Crash: It crashes here.
        """
        task = self.task
        if task is None:
            return
        process = task.process
        if process.is_dead:
            raise Crash
        self.passed[name] += 1
        if not self.is_calm:
            self._strike(process, name, may_pause=gives_way)
        if gives_way:
            self.sleep(cost_s or self.chance.uniform(*STEP_S))

    def _strike(self, process: Process, name: str, *, may_pause: bool) -> None:
        crashes = process.crash_in == 1
        process.crash_in = max(0, process.crash_in - 1)
        if name not in self._met:
            self._met.add(name)
            crashes |= self.chance.randrange(100) < process.crash_at_new_percent
        if crashes:
            self.crashed[name] += 1
            self.fire("crash", f"{process.name} at {name}")
            process.is_dead = True
            raise Crash
        if process.pause_in and may_pause:
            process.pause_in -= 1
            if not process.pause_in:
                self.fire("zombie", f"{process.name} at {name} for {process.pause_s:.0f} s")
                process.still_until = self.now + timedelta(seconds=process.pause_s)

    def sleep(self, seconds: float) -> None:
        """Let others go on for a while."""
        task = self.task
        assert task is not None, "the world itself does not sleep"
        self._push(seconds, task)
        self._give_way(task)

    def block(self, is_blocked: Callable[[], bool], why: str = "for a lock") -> None:
        """Stand still until `is_blocked` says no; asked after every step of somebody else."""
        task = self.task
        assert task is not None
        task.blocked = is_blocked
        self._blocked.append(task)
        self.note(f"{task.process.name} waits {why}")
        self._give_way(task)

    def spawn(self, call: Callable[[], None]) -> None:
        """Make a call beside what runs now, as another thread of the same process."""
        task = self.task
        assert task is not None
        self._push(self.chance.uniform(*STEP_S), self._task(task.process, call))

    def _give_way(self, task: Task) -> None:
        assert task.greenlet.parent is self._main
        self._main.switch()
        if task.process.is_dead:
            raise Crash

    # -- for the world itself -------------------------------------------------------------------

    def start(
        self,
        process: Process,
        call: Callable[[], None],
        delay_s: float = 0.0,
        ended: Callable[[Task], None] | None = None,
    ) -> Task:
        """Start a process after a while; `ended` is called when it has ended in whatever way."""
        task = self._task(process, call)
        task.ended = ended
        self._push(delay_s, task)
        return task

    def after(self, delay_s: float, call: Callable[[], None]) -> None:
        """Have the world do something after a while; it must not wait for a process."""
        self._push(delay_s, call)

    def run(self, tasks: Sequence[Task] = ()) -> None:
        """Go on until these tasks are done; without any, until nothing is left to do.

        Raises:
            StuckError: It does not come to an end.
        """
        while not tasks or not all(task.is_done for task in tasks):
            if not self._queue:
                if self._blocked:
                    self._release()
                    if not self._queue:
                        raise StuckError("processes wait for locks that nobody will release")
                    continue
                if tasks and not all(task.is_done for task in tasks):
                    raise StuckError("a process waits for something that never comes")
                return
            self.steps += 1
            if self.steps > STEPS_MAX:
                raise StuckError(f"no end after {STEPS_MAX} steps")
            at, _number, item = heappop(self._queue)
            self.now = max(self.now, at)
            if isinstance(item, Task):
                still_s = (item.process.still_until - self.now).total_seconds()
                if still_s > 0:
                    self._push(still_s, item)
                elif not item.is_done:
                    item.greenlet.switch()
            else:
                item()
            self._release()

    def abandon(self) -> None:
        """End every process where it stands; none is started again."""
        self.is_calm = True
        while self._tasks:
            task = next(iter(self._tasks.values()))
            task.process.is_dead = True
            task.ended = None
            if task.greenlet:  # it has begun and not ended
                task.greenlet.throw(Crash)
            self._tasks.pop(task.greenlet, None)
        self._queue.clear()
        self._blocked.clear()

    def _release(self) -> None:
        """Let tasks go on that do not wait for a lock any more."""
        if not self._blocked:
            return
        waiting = []
        for task in self._blocked:
            if task.process.is_dead or (task.blocked and not task.blocked()):
                task.blocked = None
                self._push(self.chance.uniform(*STEP_S), task)
            else:
                waiting.append(task)
        self._blocked = waiting

    def _push(self, delay_s: float, item: Task | Callable[[], None]) -> None:
        self._number += 1
        heappush(self._queue, (self.now + timedelta(seconds=delay_s), self._number, item))

    def _task(self, process: Process, call: Callable[[], None]) -> Task:
        def body() -> None:
            try:
                if not process.is_dead:
                    call()
            except Crash:
                process.is_dead = True
            except Exception as error:  # noqa: BLE001 (reported)
                text = f"{type(error).__name__}: {error}"
                self.failures.append(f"process {process.name} broke down: {text}")
                self.note(f"{process.name} broke down: {text}")
            task.is_done = True
            del self._tasks[task.greenlet]
            if task.ended is not None:
                task.ended(task)

        task = Task(process, greenlet(body, self._main))
        self._tasks[task.greenlet] = task
        return task
