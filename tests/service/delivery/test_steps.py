"""Claiming and settling, step by step under a clock of the test's own."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from drawdown.core.errors import (
    ErpAccessError,
    ErpError,
    ErpRefusedError,
    ErpThrottledError,
    ErpUnavailableError,
    ErpUnknownError,
)
from drawdown.core.observed import Posted
from drawdown.core.plan import Operation
from drawdown.service.delivery import (
    Claim,
    Outcome,
    Result,
    Settled,
    claim,
    give_back,
    perform,
    register,
    renew,
    settle,
)
from drawdown.store import outbox
from drawdown.store.database import Database, Session
from drawdown.store.delivery import connections, in_flight
from tests.service.delivery.rows import at, put_rows, states

LEASE = timedelta(seconds=30)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.worker_session() as opened:
        yield opened


@pytest.fixture
def account(new_tenant: Callable[..., str]) -> str:
    """Return the name of an ERP account that nobody else uses."""
    return f"erp:{new_tenant()}"


@pytest.fixture
def tenants(
    session: Session, account: str, new_tenant: Callable[..., str]
) -> Callable[[int, int], list[str]]:
    """Return a function that makes tenants of the account, which takes so many calls at once."""

    def make(count: int, concurrency: int) -> list[str]:
        names = [new_tenant() for _ in range(count)]
        for name in names:
            register(session, account, concurrency, tenant_id=name)
        return names

    return make


def take(
    session: Session, tenants: Sequence[str], seconds: float, limit: int = 100, worker: str = "w"
) -> list[Claim]:
    return claim(session, worker=worker, now=at(seconds), limit=limit, tenants=tenants, lease=LEASE)


def done(claim: Claim) -> Result:
    return Result(claim, Outcome.DELIVERED, Posted(claim.external_id, "1", "N1", "Jan", False))


def failed(claim: Claim, error: ErpError) -> Result:
    class Failing:
        def deliver(self, intent: object) -> Posted:
            raise error

    return perform(claim, Failing())  # type: ignore[arg-type]


def finish(session: Session, claims: Sequence[Claim], seconds: float) -> Settled:
    settled = settle(session, [done(one) for one in claims], now=at(seconds), chance=lambda: 0.5)
    assert len(settled.written) == len(claims)
    return settled


def test_a_settlement_is_written_and_lets_the_next_of_the_lane_go(
    session: Session, database_url: str, tenants: Callable[[int, int], list[str]]
) -> None:
    """Lanes A and B meet in the third row: it goes when both before it are done."""
    (tenant,) = tenants(1, 9)
    put_rows(database_url, tenant, [["A"], ["B"], ["A", "B"], ["B"], ["C"]])
    first = take(session, [tenant], 0)
    assert [one.position for one in first] == [1, 2, 5]
    assert take(session, [tenant], 1) == []
    finish(session, first[:1], 2)
    assert take(session, [tenant], 3) == []
    finish(session, first[1:], 4)
    (third,) = take(session, [tenant], 5)
    assert (third.position, third.fence, third.attempts) == (3, 1, 1)
    finish(session, [third], 6)
    (fourth,) = take(session, [tenant], 7)
    finish(session, [fourth], 8)
    assert set(states(database_url, tenant).values()) == {"done"}
    with psycopg.connect(database_url) as owner:
        left = owner.execute(
            "SELECT count(*) FROM drawdown.outbox_lane WHERE tenant_id = %s", (tenant,)
        ).fetchone()
    assert left == (0,)


@pytest.mark.parametrize(("operation", "tries"), [("delete", 1), ("delete", 2), ("set_amount", 2)])
def test_what_takes_away_waits_for_unanswered_requests(
    session: Session,
    database_url: str,
    tenants: Callable[[int, int], list[str]],
    operation: str,
    tries: int,
) -> None:
    """A creation went unanswered once: carried out late, it would bring back what was deleted."""
    (tenant,) = tenants(1, 9)
    put_rows(database_url, tenant, [["A"]])
    change = (Operation(operation), f"{tenant}-1")
    put_rows(database_url, tenant, [["A"]], first=2, change=change)
    put_rows(database_url, tenant, [["A"]], first=3)
    made = take(session, [tenant], 0)
    if tries > 1:
        unknown = failed(made[0], ErpUnknownError("no answer"))
        settle(session, [unknown], now=at(1), chance=lambda: 0.5)
        made = take(session, [tenant], 100)
    finish(session, made, 101)
    if tries > 1:
        assert take(session, [tenant], 101 + 899) == []
    (taken,) = take(session, [tenant], 101 + 900 if tries > 1 else 102)
    assert taken.position == 2


def test_rows_added_later_take_their_place_behind(
    session: Session, database_url: str, tenants: Callable[[int, int], list[str]]
) -> None:
    (tenant,) = tenants(1, 9)
    put_rows(database_url, tenant, [["A"]])
    held = take(session, [tenant], 0)
    put_rows(database_url, tenant, [["A"], ["B"]], first=2)
    assert [one.position for one in take(session, [tenant], 1)] == [3]
    finish(session, held, 2)
    assert [one.position for one in take(session, [tenant], 3)] == [2]


def test_tenants_that_share_an_account_share_its_calls_over_all_workers(
    database: Database, database_url: str, tenants: Callable[[int, int], list[str]]
) -> None:
    """Many workers claim at once: together they never get more than the account takes."""
    names = tenants(3, 4)
    for name in names:
        put_rows(database_url, name, [[f"L{n}"] for n in range(10)])

    def work(worker: int) -> list[Claim]:
        with database.worker_session() as session:
            return [
                one
                for _ in range(5)
                for one in claim(
                    session, worker=f"w{worker}", now=at(0), limit=3, tenants=names, lease=LEASE
                )
            ]

    with ThreadPoolExecutor(6) as pool:
        claims = [one for some in pool.map(work, range(6)) for one in some]
    assert len(claims) == 4
    assert len({(one.tenant_id, one.position) for one in claims}) == 4
    assert len({one.slot for one in claims}) == 4


def test_the_leases_of_a_dead_worker_end_and_free_its_calls(
    session: Session, database_url: str, account: str, tenants: Callable[[int, int], list[str]]
) -> None:
    """Until then nobody takes its rows or its slots; what it writes afterwards is refused."""
    (tenant,) = tenants(1, 2)
    put_rows(database_url, tenant, [["A"], ["B"], ["C"]])
    dead = take(session, [tenant], 0, worker="dead")
    assert len(dead) == 2
    assert in_flight(session, at(29))[account] == 2
    assert take(session, [tenant], 29.9) == []
    taken = take(session, [tenant], 30, worker="heir")
    assert [one.position for one in taken] == [1, 2]
    assert [one.fence for one in taken] == [2, 2]
    settled = settle(session, [done(one) for one in dead], now=at(31))
    assert (settled.written, set(settled.lost)) == ((), set(dead))
    assert set(states(database_url, tenant).values()) == {"waiting"}
    assert in_flight(session, at(31))[account] == 2
    assert renew(session, dead, now=at(31)) == dead
    finish(session, taken, 32)


def test_a_lease_that_is_renewed_lasts(
    session: Session, database_url: str, tenants: Callable[[int, int], list[str]]
) -> None:
    (tenant,) = tenants(1, 1)
    put_rows(database_url, tenant, [["A"]])
    held = take(session, [tenant], 0)
    assert renew(session, held, now=at(20), lease=LEASE) == []
    assert take(session, [tenant], 49) == []
    assert len(take(session, [tenant], 50)) == 1


def test_what_is_given_back_may_be_taken_at_once_as_if_never_claimed(
    session: Session, database_url: str, tenants: Callable[[int, int], list[str]]
) -> None:
    (tenant,) = tenants(1, 1)
    put_rows(database_url, tenant, [["A"]])
    (held,) = take(session, [tenant], 0)
    give_back(session, [held], now=at(1))
    (again,) = take(session, [tenant], 1)
    assert (again.attempts, again.fence) == (1, 2)
    settled = settle(session, [done(held)], now=at(2))
    assert settled.lost == (held,)


def test_a_tenant_with_ten_thousand_rows_does_not_delay_one_with_one(
    session: Session, database_url: str, tenants: Callable[[int, int], list[str]]
) -> None:
    """The single row goes with the next call that is free; within a tenant the oldest go first."""
    large, small = tenants(2, 4)
    put_rows(database_url, large, [[f"L{n}"] for n in range(10_000)])
    held = take(session, [large, small], 0)
    assert [one.position for one in held] == [1, 2, 3, 4]
    put_rows(database_url, small, [["S"]])
    finish(session, held[:1], 1)
    assert [one.tenant_id for one in take(session, [large, small], 1)] == [small]


def test_tenants_of_an_account_take_turns(
    session: Session, database_url: str, tenants: Callable[[int, int], list[str]]
) -> None:
    """One call at a time: after many calls every tenant has had as many."""
    names = tenants(5, 1)
    for name in names:
        put_rows(database_url, name, [[f"L{n}"] for n in range(20)])
    served: Counter[str] = Counter()
    for second in range(50):
        (one,) = take(session, names, second)
        served[one.tenant_id] += 1
        finish(session, [one], second + 0.5)
    assert set(served.values()) == {10}


def test_a_worker_with_little_room_serves_many_accounts_in_turn(
    session: Session, database_url: str, new_tenant: Callable[..., str]
) -> None:
    names = [new_tenant() for _ in range(6)]
    for name in names:
        register(session, f"erp:of:{name}", 5, tenant_id=name)
        put_rows(database_url, name, [[f"L{n}"] for n in range(10)])
    served: Counter[str] = Counter()
    for second in range(12):
        claims = take(session, names, second, limit=2)
        assert len(claims) == 2
        served.update(one.tenant_id for one in claims)
        finish(session, claims, second + 0.5)
    assert set(served.values()) == {4}


def test_rows_taken_ahead_have_no_slot_and_are_not_more_than_asked_for(
    session: Session, database_url: str, account: str, tenants: Callable[[int, int], list[str]]
) -> None:
    (tenant,) = tenants(1, 2)
    put_rows(database_url, tenant, [[f"L{n}"] for n in range(9)])
    claims = claim(
        session, worker="w", now=at(0), limit=5, tenants=[tenant], lease=LEASE, ahead={account: 3}
    )
    assert sorted(one.slot for one in claims) == [0, 0, 0, 1, 2]
    assert in_flight(session, at(1))[account] == 2
    more = claim(
        session, worker="w", now=at(1), limit=0, tenants=[tenant], lease=LEASE, ahead={account: 1}
    )
    assert [(one.slot, one.position) for one in more] == [(0, 6)]


def test_what_the_erp_refuses_is_parked_at_once_with_its_words(
    session: Session, database: Database, database_url: str,
    tenants: Callable[[int, int], list[str]],
) -> None:  # fmt: skip
    """It holds up its lane only, and waits for a person; then it goes first."""
    (tenant,) = tenants(1, 9)
    put_rows(database_url, tenant, [["A"], ["A"], ["B"]])
    poison, other = take(session, [tenant], 0)
    refused = failed(poison, ErpRefusedError("the period is closed", code="X"))
    settle(session, [refused, done(other)], now=at(1))
    assert states(database_url, tenant) == {1: "parked", 2: "waiting", 3: "done"}
    assert take(session, [tenant], 9_999) == []
    with database.session(tenant) as own:
        assert [one.problem for one in outbox.parked(own)] == ["the period is closed"]
        with own.transaction():
            assert outbox.retry_parked(own) == 1
    (again,) = take(session, [tenant], 10_000)
    assert (again.position, again.attempts) == (1, 2)


@pytest.mark.parametrize("error", [ErpUnavailableError("503"), ErpUnknownError("no answer")])
def test_what_is_not_available_is_tried_for_ever_with_growing_pauses(
    session: Session, database_url: str, tenants: Callable[[int, int], list[str]], error: ErpError
) -> None:
    """The pause ends at five minutes; the reason can be seen all the while."""
    (tenant,) = tenants(1, 1)
    put_rows(database_url, tenant, [["A"]])
    now, pauses = 0.0, []
    for attempt in range(1, 30):
        claims = take(session, [tenant], now)
        assert [one.attempts for one in claims] == [attempt]
        settle(session, [failed(claims[0], error)], now=at(now), chance=lambda: 0.0)
        with psycopg.connect(database_url) as owner:
            row = owner.execute(
                "SELECT due_at, problem, status FROM drawdown.outbox WHERE tenant_id = %s",
                (tenant,),
            ).fetchone()
        assert row is not None
        assert row[1:] == (str(error), "waiting")
        pauses.append((row[0] - at(now)).total_seconds())
        now += max(pauses[-1], 60) + 1
    assert pauses == sorted(pauses)
    assert pauses[-1] == 150  # half of five minutes, as chance would have it


def test_an_open_circuit_takes_one_probe_a_minute_and_tells_one_problem(
    session: Session, database_url: str, account: str, tenants: Callable[[int, int], list[str]]
) -> None:
    """Nothing is parked; one success closes it, and all goes on."""
    names = tenants(2, 5)
    for name in names:
        put_rows(database_url, name, [[f"L{n}"] for n in range(20)])
    ended = ErpAccessError("the certificate has ended")
    claims = take(session, names, 0)
    settled = settle(session, [failed(one, ended) for one in claims], now=at(1))
    ((before, now),) = settled.changes
    assert (before.opened_at, now.opened_at) == (None, at(1))
    calls: list[float] = []
    for tick in range(1, 1_000):
        claims = take(session, names, tick)
        assert len(claims) <= 1
        if claims:
            calls.append(tick)
            settle(session, [failed(claims[0], ended)], now=at(tick))
    assert all(later - earlier >= 60 for earlier, later in itertools.pairwise(calls))
    assert len(calls) == 16
    state = connections(session, [account])[account]
    assert state.problem == "the certificate has ended"
    assert {status for name in names for status in states(database_url, name).values()} == {
        "waiting"
    }
    (probe,) = take(session, names, 1_050)
    assert probe.attempts <= 2, "the same row was tried again and again"
    finish(session, [probe], 1_051)
    assert connections(session, [account])[account].opened_at is None
    assert len(take(session, names, 1_052)) == 5


def test_too_many_calls_lower_the_share_of_all_workers(
    session: Session, database_url: str, account: str, tenants: Callable[[int, int], list[str]]
) -> None:
    (tenant,) = tenants(1, 8)
    put_rows(database_url, tenant, [[f"L{n}"] for n in range(40)])
    claims = take(session, [tenant], 0)
    assert len(claims) == 8
    throttled = [failed(one, ErpThrottledError("429")) for one in claims]
    settle(session, throttled, now=at(1), chance=lambda: 0.5)
    assert connections(session, [account])[account].allowed == 4
    assert take(session, [tenant], 1) == [], "new calls in the very moment"
    assert len(take(session, [tenant], 2)) == 4
    register(session, account, 3, tenant_id=tenant)
    assert connections(session, [account])[account].allowed == 3


def test_a_fault_of_our_own_parks_the_record_and_stops_nobody(
    session: Session, database_url: str, tenants: Callable[[int, int], list[str]]
) -> None:
    (tenant,) = tenants(1, 8)
    put_rows(database_url, tenant, [["A"]])

    class Broken:
        def deliver(self, intent: object) -> Posted:
            raise KeyError("surprise")

    (one,) = take(session, [tenant], 0)
    result = perform(one, Broken())  # type: ignore[arg-type]
    assert result.outcome is Outcome.REFUSED
    assert "KeyError" in result.problem
    settle(session, [result], now=at(1))
    assert states(database_url, tenant) == {1: "parked"}
