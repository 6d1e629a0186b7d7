"""Order of lanes against a model: whatever workers do, nobody overtakes within a lane."""

from __future__ import annotations

import itertools
from datetime import timedelta

import psycopg
from hypothesis import HealthCheck, given, settings, strategies as st

from drawdown.core.errors import ErpRefusedError, ErpUnavailableError
from drawdown.core.observed import Posted
from drawdown.service.delivery import (
    Claim,
    Outcome,
    Result,
    claim,
    give_back,
    register,
    renew,
    settle,
)
from drawdown.store import outbox
from drawdown.store.database import Database, Session
from tests.service.delivery.rows import at, put_rows, states

LEASE = timedelta(seconds=30)
ROW = st.lists(st.sampled_from("ABCD"), min_size=1, max_size=3)
STEP = st.one_of(
    st.tuples(st.just("claim"), st.integers(1, 4)),
    st.tuples(st.just("deliver"), st.integers(0, 9)),
    st.tuples(st.just("refuse"), st.integers(0, 9)),
    st.tuples(st.just("away"), st.integers(0, 9)),
    st.tuples(st.just("give back"), st.integers(0, 9)),
    st.tuples(st.just("renew"), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.integers(1, 40)),
    st.tuples(st.just("add"), st.integers(0, 0)),
    st.tuples(st.just("retry"), st.integers(0, 0)),
)
_numbers = itertools.count(1)


class Model:
    """What may go, said as simply as can be: no counters, no chains, no indexes."""

    def __init__(self) -> None:
        self.lanes: dict[int, set[str]] = {}
        self.status: dict[int, str] = {}
        self.due_at: dict[int, float] = {}
        self.fence: dict[int, int] = {}

    def add(self, rows: list[list[str]]) -> None:
        for row in rows:
            position = len(self.lanes) + 1
            self.lanes[position] = set(row)
            self.status[position] = "waiting"
            self.due_at[position] = 0
            self.fence[position] = 0

    def may_go(self, now: float) -> list[int]:
        return [
            position
            for position, lanes in self.lanes.items()
            if self.status[position] == "waiting"
            and self.due_at[position] <= now
            and not any(
                lanes & self.lanes[earlier] and self.status[earlier] != "done"
                for earlier in range(1, position)
            )
        ]


class Play:
    """A worker and its model, side by side."""

    def __init__(self, session: Session, url: str, tenant_id: str) -> None:
        self.session = session
        self.url = url
        self.tenant_id = tenant_id
        self.model = Model()
        self.held: list[Claim] = []
        self.now = 1.0

    def add(self, rows: list[list[str]]) -> None:
        put_rows(self.url, self.tenant_id, rows, first=len(self.model.lanes) + 1)
        self.model.add(rows)

    def claim(self, limit: int) -> None:
        claims = claim(self.session, worker="w", now=at(self.now), limit=limit, lease=LEASE)
        expected = self.model.may_go(self.now)
        assert sorted(one.position for one in claims) == expected[:limit]
        for one in claims:
            self.model.fence[one.position] += 1
            assert one.fence == self.model.fence[one.position]
            self.model.due_at[one.position] = self.now + LEASE.total_seconds()
        self.held += claims

    def settle(self, what: str, number: int) -> None:
        if not self.held:
            return
        one = self.held.pop(number % len(self.held))
        result = {
            "deliver": Result(one, Outcome.DELIVERED, Posted(one.external_id, "1", "", "", False)),
            "refuse": Result(one, Outcome.REFUSED, error=ErpRefusedError("no")),
            "away": Result(one, Outcome.UNAVAILABLE, error=ErpUnavailableError("away")),
        }[what]
        settled = settle(self.session, [result], now=at(self.now), chance=lambda: 0.0)
        is_mine = self._is_mine(one)
        assert (settled.written == (result,)) is is_mine
        assert (settled.lost == (one,)) is not is_mine
        if is_mine:
            self.model.status[one.position] = {"deliver": "done", "refuse": "parked"}.get(
                what, "waiting"
            )
            if what == "away":
                pause = min(150.0, 0.25 * 2 ** (one.attempts - 1))
                self.model.due_at[one.position] = self.now + pause
        with psycopg.connect(self.url) as owner:  # pauses of the connection are not the point here
            owner.execute(
                "UPDATE drawdown.erp_connection SET failures = 0, resume_at = 'epoch', "
                "opened_at = NULL, problem = '' WHERE connection_id = %s",
                (f"erp:{self.tenant_id}",),
            )

    def _is_mine(self, one: Claim) -> bool:
        return (
            one.fence == self.model.fence[one.position]
            and self.model.status[one.position] == "waiting"
        )

    def give_back(self, number: int) -> None:
        if self.held:
            one = self.held.pop(number % len(self.held))
            give_back(self.session, [one], now=at(self.now))
            if self._is_mine(one):
                self.model.due_at[one.position] = self.now

    def renew(self, number: int) -> None:
        if self.held:
            one = self.held[number % len(self.held)]
            lost = renew(self.session, [one], now=at(self.now), lease=LEASE)
            assert (lost == []) is self._is_mine(one)
            if not lost:
                self.model.due_at[one.position] = self.now + LEASE.total_seconds()

    def retry(self) -> None:
        with self.session.transaction():
            outbox.retry_parked(self.session)
        for position, status in self.model.status.items():
            if status == "parked":
                self.model.status[position] = "waiting"
                self.model.due_at[position] = 0


def test_whatever_workers_do_lanes_keep_their_order(database: Database, database_url: str) -> None:
    """Random rows, claims, endings, lost leases, retries by people: always as the model says."""

    @settings(
        max_examples=40, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.lists(ROW, min_size=1, max_size=8), st.lists(STEP, max_size=40), st.lists(ROW))
    def play(rows: list[list[str]], steps: list[tuple[str, int]], more: list[list[str]]) -> None:
        tenant_id = f"lanes-{next(_numbers)}"
        with database.session(tenant_id) as session:
            register(session, f"erp:{tenant_id}", 1_000)
            game = Play(session, database_url, tenant_id)
            game.add(rows)
            for what, number in steps:
                match what:
                    case "claim":
                        game.claim(number)
                    case "give back":
                        game.give_back(number)
                    case "renew":
                        game.renew(number)
                    case "wait":
                        game.now += number
                    case "add":
                        game.add(more)
                    case "retry":
                        game.retry()
                    case _:
                        game.settle(what, number)
                assert states(database_url, tenant_id) == game.model.status
            game.now += 1_000
            while (
                game.model.may_go(game.now)
                or game.held
                or "parked" in set(game.model.status.values())
            ):
                game.retry()
                game.claim(100)
                while game.held:
                    game.settle("deliver", 0)
            assert set(states(database_url, tenant_id).values()) <= {"done"}

    play()
