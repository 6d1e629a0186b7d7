"""How many calls a connection gets, and when: additive increase, multiplicative decrease, breaker.

Pure: the state of a connection and what its calls came to go in, the new state comes out. Time and
chance are passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from drawdown.core.errors import ErpError
from drawdown.store.delivery import ConnectionState

CONCURRENCY_DEFAULT = 4
"""Calls in flight where the ERP was not asked: the smallest NetSuite account allows 5 in all
(Oracle help, "Web Services and RESTlet Concurrency Governance"), one is left for others."""
RAISE_EVERY = timedelta(seconds=2)
"""After being told of too many calls, one more is tried this often."""
FAILURES_MAX = 5
"""Failures in a row, without an answer between, that open the circuit."""
CONNECTION_FAILURE_WEIGHT = 3
"""A failure that concerns the whole connection (access, maintenance) counts as so many."""
PROBE_EVERY = timedelta(seconds=60)
"""While the circuit is open, one call is made this often to see whether it may close."""

ROW_PAUSE_FIRST_S = 0.5
ROW_PAUSE_MAX_S = 300.0
THROTTLE_PAUSE_FIRST_S = 0.25
THROTTLE_PAUSE_MAX_S = 15.0
FAILURE_PAUSE_FIRST_S = 0.125

Chance = Callable[[], float]
"""Returns a number from 0 up to 1."""


class Heard(NamedTuple):
    """What one call says of its connection.

    Attributes:
        claimed_at: When the call was let go: what an older one says of the share is no news.
        error: None: the ERP answered, whatever it answered of the record.
        is_throttled: The ERP has too many calls.
        retry_after_s: How long it asks to wait.
    """

    claimed_at: datetime
    error: ErpError | None = None
    is_throttled: bool = False
    retry_after_s: float = 0


def pause_of_row(attempts: int, chance: Chance, most_s: float = ROW_PAUSE_MAX_S) -> timedelta:
    """Return how long a row waits after so many tries: doubling, capped, spread by chance."""
    return _spread(ROW_PAUSE_FIRST_S, attempts - 1, most_s, chance)


def after(
    state: ConnectionState, heard: Sequence[Heard], now: datetime, chance: Chance
) -> ConnectionState:
    """Return the state of a connection after what some calls said of it."""
    for one in sorted(heard, key=lambda one: one.claimed_at):
        if one.is_throttled:
            state = _throttled(state, one, now, chance)
        elif one.error is not None:
            state = _failed(state, one.error, now, chance)
    answered = [one.claimed_at for one in heard if one.error is None and not one.is_throttled]
    if answered:
        state = _answered(state, max(answered), now)
    return state


def _answered(state: ConnectionState, claimed_at: datetime, now: datetime) -> ConnectionState:
    """The ERP answers: failures are forgotten, the circuit closes, one more call may be tried."""
    if state.opened_at is not None:
        if claimed_at < state.opened_at:
            return state  # let go before the circuit opened: says nothing of now
        state = state._replace(opened_at=None, problem="", resume_at=now)
    state = state._replace(failures=0)
    if claimed_at >= state.changed_at:
        state = state._replace(throttled=0)
        if state.allowed < state.concurrency and now - state.changed_at >= RAISE_EVERY:
            state = state._replace(allowed=state.allowed + 1, changed_at=now)
    return state


def _throttled(
    state: ConnectionState, heard: Heard, now: datetime, chance: Chance
) -> ConnectionState:
    """Halve the share, once for all calls that were under way together, and pause."""
    if heard.claimed_at < state.changed_at:
        return state
    pause = _spread(THROTTLE_PAUSE_FIRST_S, state.throttled, THROTTLE_PAUSE_MAX_S, chance)
    resume_at = now + max(pause, timedelta(seconds=heard.retry_after_s))
    return state._replace(
        allowed=max(1, state.allowed // 2),
        changed_at=now,
        throttled=state.throttled + 1,
        resume_at=max(state.resume_at, resume_at),
    )


def _failed(
    state: ConnectionState, error: ErpError, now: datetime, chance: Chance
) -> ConnectionState:
    """Count, pause longer each time, and open the circuit when it has been enough."""
    weight = CONNECTION_FAILURE_WEIGHT if error.concerns_connection else 1
    failures = state.failures + weight
    if state.opened_at is not None:
        return state._replace(failures=failures, problem=str(error))
    if failures >= FAILURES_MAX:
        return state._replace(
            failures=failures,
            opened_at=now,
            resume_at=max(state.resume_at, now + PROBE_EVERY),
            problem=str(error) or type(error).__name__,
        )
    pause = _spread(FAILURE_PAUSE_FIRST_S, failures - 1, ROW_PAUSE_MAX_S, chance)
    return state._replace(failures=failures, resume_at=max(state.resume_at, now + pause))


def _spread(first_s: float, doublings: int, most_s: float, chance: Chance) -> timedelta:
    """Between half of the pause and the whole, so that those who failed together come apart."""
    pause = min(most_s, first_s * 2 ** min(max(doublings, 0), 32))
    return timedelta(seconds=pause * (0.5 + chance() / 2))
