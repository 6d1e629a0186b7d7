"""The share of a connection: halved when there are too many calls, raised again, never too high."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given, strategies as st

from drawdown.core.errors import ErpAccessError, ErpError, ErpUnavailableError
from drawdown.service.delivery.governor import (
    FAILURES_MAX,
    PROBE_EVERY,
    RAISE_EVERY,
    ROW_PAUSE_MAX_S,
    Heard,
    after,
    pause_of_row,
)
from drawdown.store.delivery import ConnectionState
from tests.service.delivery.rows import T0, at

HEALTHY = ConnectionState("c", 10, 10, T0, 0, 0, T0, None, "")
AWAY = ErpUnavailableError("503")
EXPIRED = ErpAccessError("the certificate has ended")


def chance() -> float:
    return 0.5


def test_answers_change_nothing_in_good_health() -> None:
    assert after(HEALTHY, [Heard(at(1)), Heard(at(2))], at(3), chance) == HEALTHY


def test_too_many_calls_halve_the_share_once_for_all_that_were_under_way() -> None:
    """Calls that were let go together are one piece of news, in one settlement or in several."""
    throttled = [Heard(at(1), is_throttled=True)] * 6
    state = after(HEALTHY, throttled, at(2), chance)
    assert (state.allowed, state.changed_at) == (5, at(2))
    assert at(2) < state.resume_at <= at(2.25)
    assert after(state, throttled, at(2.1), chance) == state
    again = after(state, [Heard(at(3), is_throttled=True)], at(4), chance)
    assert again.allowed == 2
    assert again.resume_at - at(4) > state.resume_at - at(2)


def test_a_request_to_wait_is_followed() -> None:
    heard = Heard(at(1), is_throttled=True, retry_after_s=9)
    assert after(HEALTHY, [heard], at(2), chance).resume_at == at(11)


def test_the_share_is_raised_by_one_as_long_as_all_is_well() -> None:
    state = HEALTHY._replace(allowed=2, changed_at=at(0))
    now = at(0)
    for expected in (3, 4, 5):
        now += RAISE_EVERY
        state = after(state, [Heard(now)] * 20, now, chance)
        assert state.allowed == expected
        assert after(state, [Heard(now)], now + RAISE_EVERY / 2, chance) == state


def test_failures_in_a_row_open_the_circuit_and_one_answer_closes_it() -> None:
    """Single failures pause longer and longer; the last one opens, with its words."""
    state = HEALTHY
    pauses = []
    for number in range(1, FAILURES_MAX):
        state = after(state, [Heard(at(number), AWAY)], at(number), chance)
        assert state.opened_at is None
        pauses.append(state.resume_at - at(number))
    assert pauses == sorted(pauses)
    state = after(state, [Heard(at(9), AWAY)], at(10), chance)
    assert (state.opened_at, state.problem) == (at(10), "503")
    assert state.resume_at == at(10) + PROBE_EVERY
    late = after(state, [Heard(at(9))], at(11), chance)
    assert late.opened_at == at(10), "a call from before the circuit opened closed it"
    closed = after(state, [Heard(at(71))], at(72), chance)
    assert (closed.opened_at, closed.problem, closed.failures) == (None, "", 0)
    assert closed.resume_at == at(72)


def test_an_answer_between_failures_forgets_them() -> None:
    state = HEALTHY
    for number in range(FAILURES_MAX * 3):
        state = after(state, [Heard(at(number), AWAY)] * 2, at(number), chance)
        state = after(state, [Heard(at(number))], at(number), chance)
    assert state.opened_at is None


def test_refused_access_opens_sooner() -> None:
    state = after(HEALTHY, [Heard(at(1), EXPIRED)], at(1), chance)
    assert state.opened_at is None
    state = after(state, [Heard(at(2), EXPIRED)], at(2), chance)
    assert state.opened_at == at(2)


HEARD = st.builds(
    Heard,
    st.integers(0, 100).map(at),
    st.sampled_from([None, AWAY, EXPIRED]),
    st.booleans(),
    st.integers(0, 5),
)


@given(
    st.lists(st.tuples(st.integers(0, 100), st.lists(HEARD, max_size=5)), max_size=20),
    st.integers(1, 20),
    st.floats(0, 0.999),
)
def test_whatever_is_heard_the_share_stays_within_its_bounds(
    news: list[tuple[int, list[Heard]]], concurrency: int, luck: float
) -> None:
    state = HEALTHY._replace(concurrency=concurrency, allowed=concurrency)
    for seconds, heard in sorted(news, key=lambda one: one[0]):
        before, now = state, at(seconds)
        state = after(state, heard, now, lambda: luck)
        assert 1 <= state.allowed <= concurrency
        assert (state.opened_at is None) == (state.problem == "")
        if before.opened_at is None and state.opened_at is not None:
            assert state.resume_at >= now + PROBE_EVERY


@given(st.integers(1, 10_000), st.floats(0, 0.999))
def test_pauses_of_a_row_double_up_to_five_minutes(attempts: int, luck: float) -> None:
    pause = pause_of_row(attempts, lambda: luck)
    assert timedelta(seconds=0.25) <= pause <= timedelta(seconds=ROW_PAUSE_MAX_S)
    assert pause <= pause_of_row(attempts + 2, lambda: luck)


def test_errors_of_the_port_are_told_apart() -> None:
    errors: tuple[ErpError, ...] = (AWAY, EXPIRED)
    assert [one.concerns_connection for one in errors] == [False, True]
