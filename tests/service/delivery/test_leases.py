"""Nothing is begun after the leases have ended, and what others have taken is put aside."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import psycopg
from hypothesis import given, strategies as st

from drawdown.core.observed import Posted
from drawdown.core.plan import RecordIntent
from drawdown.service.delivery import claim, register
from drawdown.service.delivery.crew import Crew
from drawdown.service.delivery.leases import Leases
from drawdown.service.delivery.threads import Threads
from drawdown.store.database import Database
from tests.service.delivery.rows import at, put_rows
from tests.service.delivery.test_crew import Answering, claims

LEASE = timedelta(seconds=30)


class Still(Threads):
    """Threads whose clock only the test moves on."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def monotonic(self) -> float:
        return self.now_s


class Slow(Answering):
    """Each post takes ten seconds."""

    def __init__(self, threads: Still) -> None:
        super().__init__({})
        self._threads = threads

    def post(self, intent: RecordIntent) -> Posted:
        posted = super().post(intent)
        self._threads.now_s += 10
        return posted


@given(rows=st.integers(1, 9), lease_s=st.integers(0, 60))
def test_nothing_is_begun_after_the_leases_ended(rows: int, lease_s: int) -> None:
    """What was not begun is given back; what was posted and cannot be read in time, met again."""
    threads = Still()
    erp = Slow(threads)
    with Crew({"acme": erp}, 1, threads) as crew:  # type: ignore[dict-item]
        crew.leased_until_s = lease_s
        crew.begin(claims(rows, slots=1))
        erp.gate.set()
        results = []
        while crew.pending:
            results += crew.gather(0.01)
        results += crew.gather(0)
        stranded = crew.stranded()

    begun = min(rows, -(-lease_s // 10))
    assert erp.posted == [f"r{number}" for number in range(begun)]
    assert [one.claim.external_id for one in results] == erp.posted
    # The first that was too late had a slot, which has ended with its lease: nothing to give back.
    assert [one.external_id for one in stranded] == [f"r{n}" for n in range(begun + 1, rows)]


def test_what_others_took_over_is_not_begun(
    database: Database, database_url: str, new_tenant: Callable[..., str]
) -> None:
    """A worker stood still beyond its lease: another has the first of its rows at hand."""
    tenant_id = new_tenant()
    account = f"erp:{tenant_id}"
    threads = Still()
    erp = Slow(threads)
    with database.worker_session() as session:
        register(session, account, 1, tenant_id=tenant_id)
        put_rows(database_url, tenant_id, [["a"], ["b"], ["c"]])

        def take(worker: str, limit: int, ahead: int) -> Sequence[str]:
            found = claim(
                session, worker=worker, now=at(threads.now_s), limit=limit, tenants=[tenant_id],
                lease=LEASE, ahead={account: ahead},
            )  # fmt: skip
            if worker == "mine":
                crew.begin([one._replace(slot=0) for one in found])
            return [one.external_id for one in found]

        with Crew({tenant_id: erp}, 1, threads) as crew:  # type: ignore[dict-item]
            leases = Leases(session, crew, lambda: at(threads.now_s), LEASE)
            assert leases.keep() == []
            mine = take("mine", 1, 2)
            assert leases.left_s() == 10
            threads.now_s = 31
            theirs = take("other", 1, 0)
            dropped = leases.keep()

            assert len(mine) == 3
            assert len(theirs) == 1
            assert [one.external_id for one in dropped] == theirs
            assert {one.external_id for one in crew.held()} == {*mine} - {*theirs}
            assert crew.leased_until_s == 31 + 25


def test_rows_taken_a_moment_ago_keep_the_lease_they_have(
    database: Database, database_url: str, new_tenant: Callable[..., str]
) -> None:
    """No row at hand is ever held by a lease that ends before the crew says; calls are renewed."""
    tenant_id = new_tenant()
    account = f"erp:{tenant_id}"
    threads = Still()
    with (
        database.worker_session() as session,
        psycopg.connect(database_url, autocommit=True) as owner,
        Crew({tenant_id: Slow(threads)}, 1, threads) as crew,  # type: ignore[dict-item]
    ):
        register(session, account, 1, tenant_id=tenant_id)
        put_rows(database_url, tenant_id, [["a"], ["b"], ["c"]])
        leases = Leases(session, crew, lambda: at(threads.now_s), LEASE)
        for now_s, ahead in ((0, 1), (6, 1)):  # the first call, a row for later; then another row
            threads.now_s = now_s
            found = claim(
                session, worker="mine", now=at(now_s), limit=1 - now_s // 6, tenants=[tenant_id],
                lease=LEASE, ahead={account: ahead},
            )  # fmt: skip
            crew._calls |= {one.key: one for one in found if one.slot}
            crew.begin([one for one in found if not one.slot])
        threads.now_s = 10
        assert leases.keep() == []

        ends = [
            (row[0] - at(0)).total_seconds()
            for row in owner.execute(
                "SELECT due_at FROM drawdown.outbox WHERE tenant_id = %s ORDER BY position",
                (tenant_id,),
            )
        ]
        slots = owner.execute(
            "SELECT leased_until FROM drawdown.erp_slot WHERE connection_id = %s", (account,)
        ).fetchall()
        assert ends == [40, 40, 36]
        assert slots == [(at(40),)]
        assert min(ends) >= crew.leased_until_s == 35
        crew.stranded()
        crew._calls.clear()
