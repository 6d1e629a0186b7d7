"""Events in the database: repeats, conflicts, holds, crashes, clocks, closed periods."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

import psycopg
import pytest

from drawdown.core.errors import StoreError
from drawdown.core.events import Event, Recognition
from drawdown.core.policy import ClosedPeriod, Policy, PurchaseTrigger
from drawdown.service import ingest as service
from drawdown.service.ingest import Answer, expire, ingest, resume_held
from drawdown.store import ledger
from drawdown.store.database import Database, Session
from drawdown.store.ledger import all_blocks, all_documents, due_blocks
from tests.cases import facts as f
from tests.cases.tables import contents
from tests.properties.lives import changed

BOUGHT: list[Event] = [
    f.customer("2026-01-01"),
    f.order("2026-01-01", "S1", f.terms("A", "100", "80", until="2026-07-01")),
    f.purchase("2026-01-01", "I1", "S1"),
]


@pytest.fixture
def session(database: Database, tenant: str) -> Iterator[Session]:
    with database.session(tenant) as opened:
        yield opened


def statuses(answers: list[Answer]) -> list[str]:
    return [answer.status for answer in answers]


def remaining(session: Session) -> dict[str, int]:
    return {block.block_id: block.remaining_minor for block in all_blocks(session)}


def test_the_same_fact_again_has_no_second_effect(
    session: Session, database_url: str, tenant: str
) -> None:
    """In the same call or a later one: the same answer, marked as a repeat."""
    events = [*BOUGHT, f.usage("2026-02-01", "U1", f.line("L1", "10cr"))]
    first = ingest(session, [*events, *events], Policy())
    assert [answer.is_repeat for answer in first] == [False] * 4 + [True] * 4
    before = contents(database_url, tenant)
    again = ingest(session, events, Policy())
    assert statuses(again) == ["accepted"] * 4
    assert all(answer.is_repeat for answer in again)
    assert contents(database_url, tenant) == before


def test_the_items_of_a_block_are_stored_in_one_order(
    session: Session, database_url: str, tenant: str
) -> None:
    """They are a set, which has another order in every computer process."""
    items = ("zebra", "yak", "wolf", "viper", "tapir", "seal", "rhino", "quail", "puma", "otter")
    ingest(
        session, [BOUGHT[0], f.order("2026-01-01", "S1", f.terms("A", "9", items=items))], Policy()
    )
    with psycopg.connect(database_url) as owner:
        sql = "SELECT item_ids FROM drawdown.block WHERE tenant_id = %s"
        assert owner.execute(sql, (tenant,)).fetchall() == [(sorted(items),)]


def test_the_same_id_with_other_content_is_a_conflict(
    session: Session, database_url: str, tenant: str
) -> None:
    """The first stands, whatever came of it; in the same call as in a later one."""
    usage = f.usage("2026-02-01", "U1", f.line("L1", "10cr", "A"))
    refused = f.usage("2026-02-01", "U2", f.line("L1", "999cr", "A"))
    held = f.usage("2026-02-01", "U3", f.line("L1", "1cr", "B"))
    events = [*BOUGHT, usage, refused, held]
    answers = ingest(session, [*events, changed(usage)], Policy())
    assert statuses(answers) == ["accepted"] * 4 + ["refused", "held", "conflict"]
    before = contents(database_url, tenant)
    for event in events:
        (answer,) = ingest(session, [changed(event)], Policy())
        assert (answer.status, answer.reason) == ("conflict", "event_conflict")
        assert event.event_id in answer.detail
        assert "new event id" in answer.detail
    assert contents(database_url, tenant) == before


def test_a_clock_is_one_fact_too(session: Session, database_url: str, tenant: str) -> None:
    """A clock repeated does nothing, an earlier one neither, another content is a conflict."""
    clock = f.clock("2026-07-01")
    ingest(session, [*BOUGHT, clock], Policy())
    assert remaining(session) == {"A": 0}
    before = contents(database_url, tenant)
    assert ingest(session, [clock], Policy())[0].is_repeat
    assert statuses(ingest(session, [changed(clock)], Policy())) == ["conflict"]
    assert contents(database_url, tenant) == before
    assert statuses(ingest(session, [f.clock("2026-06-01"), f.clock("2026-08-01")], Policy())) == [
        "accepted",
        "accepted",
    ]
    after = contents(database_url, tenant)
    assert after["entry"] == before["entry"]
    assert expire(session, f.at("2027-01-01"), Policy()) == 0


def test_held_events_go_on_in_the_same_call(session: Session) -> None:
    """They are answered as they ended."""
    usage = f.usage("2026-02-01", "U1", f.line("L1", "10cr", "A"))
    memo = f.credit("2026-03-01", "M1", "U1", f.credit_line("4cr"))
    assert statuses(ingest(session, [memo, usage, *reversed(BOUGHT)], Policy())) == ["accepted"] * 5
    assert remaining(session) == {"A": 7520}


def test_held_events_go_on_in_a_later_call(session: Session) -> None:
    """What waits for two facts waits twice; the last fact sets all of it going."""
    usage = f.usage("2026-02-01", "U1", f.line("L1", "10cr", "A"))
    memo = f.credit("2026-03-01", "M1", "U1", f.credit_line("4cr"))
    assert statuses(ingest(session, [usage, memo], Policy())) == ["held", "held"]
    waiting = session.run("held").fetchall()
    assert [row[2] for row in waiting] == ["customer:C1", "invoice:U1"]
    ingest(session, BOUGHT[:1], Policy())
    waiting = session.run("held").fetchall()
    assert [row[2] for row in waiting] == ["block:A", "invoice:U1"]
    ingest(session, BOUGHT[1:2], Policy())
    answers = ingest(session, [BOUGHT[2], usage, memo], Policy())
    assert statuses(answers) == ["accepted"] * 3
    assert session.run("held").fetchall() == []
    assert remaining(session) == {"A": 7520}


def test_a_held_event_may_end_refused(session: Session) -> None:
    """Going on is no promise of being accepted."""
    usage = f.usage("2026-02-01", "U1", f.line("L1", "101cr", "A"))
    ingest(session, [usage], Policy())
    ingest(session, BOUGHT, Policy())
    ((event_id, _type, reason, detail, block_id, _at),) = session.run("refused").fetchall()
    assert (event_id, reason, block_id) == (usage.event_id, "overdrawn", "A")
    assert "sell another block" in detail
    assert statuses(ingest(session, [usage], Policy())) == ["refused"]


@pytest.mark.parametrize("slice_size", [1, 100])
def test_a_crash_in_the_middle_of_a_batch_leaves_nothing(
    database: Database,
    database_url: str,
    tenant: str,
    monkeypatch: pytest.MonkeyPatch,
    slice_size: int,
) -> None:
    """The connection is killed after the first writes; sent again, the batch goes in whole."""
    events = [*BOUGHT, *(f.usage("2026-02-01", f"U{n}", f.line("L", "1cr")) for n in range(9))]
    monkeypatch.setattr(service, "SLICE_SIZE", slice_size)
    before = contents(database_url, tenant)
    with (
        psycopg.connect(database_url, autocommit=True) as owner,
        database.session(tenant) as session,
    ):
        pid = session.connection.info.backend_pid
        # The database kills the session as it writes the second usage.
        owner.execute(
            "CREATE FUNCTION drawdown.crash() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
            f"AS $$ BEGIN PERFORM pg_terminate_backend({pid}); RETURN NEW; END $$".encode()
        )
        owner.execute(
            "CREATE TRIGGER crash AFTER INSERT ON drawdown.movement FOR EACH ROW "
            "WHEN (NEW.document_id = 'U1') EXECUTE FUNCTION drawdown.crash()"
        )
        try:
            with pytest.raises(StoreError):
                ingest(session, events, Policy())
            assert session.connection.closed
        finally:
            owner.execute("DROP FUNCTION drawdown.crash CASCADE")
    assert contents(database_url, tenant) == before
    with database.session(tenant) as session:
        assert statuses(ingest(session, events, Policy())) == ["accepted"] * len(events)
        assert remaining(session) == {"A": 7280}


def test_a_batch_that_the_database_refuses_leaves_nothing(
    session: Session, database_url: str, tenant: str
) -> None:
    """And the session can go on."""
    before = contents(database_url, tenant)
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(
            "ALTER TABLE drawdown.entry ADD CONSTRAINT no_p5 CHECK (code <> 'P5') NOT VALID"
        )
        try:
            with pytest.raises(StoreError, match="the database refused"):
                ingest(session, [*BOUGHT, f.payment("2026-01-02", "P1", "I1")], Policy())
            assert contents(database_url, tenant) == before
            assert statuses(ingest(session, BOUGHT, Policy())) == ["accepted"] * 3
        finally:
            owner.execute("ALTER TABLE drawdown.entry DROP CONSTRAINT no_p5")


def test_an_unknown_tenant_is_told(database: Database) -> None:
    """Nothing is written for somebody who does not exist."""
    with (
        database.session("nobody") as session,
        pytest.raises(StoreError, match="'nobody' is not in the database; create it first"),
    ):
        ingest(session, BOUGHT, Policy())
    with database.session("nobody") as session, pytest.raises(StoreError, match="create it first"):
        ingest(session, [f.clock("2026-01-01")], Policy())


def test_facts_of_a_closed_period_wait_for_it(session: Session) -> None:
    """Policy hold: they go on when the period is open again, in the order they came."""
    hold = Policy(closed_period=ClosedPeriod.HOLD)
    session.run("set_books_open_from", {"day": date(2026, 3, 1)})
    usage = f.usage("2026-02-01", "U1", f.line("L1", "10cr", "A"))
    answers = ingest(session, [*BOUGHT, usage], hold)
    assert statuses(answers) == ["accepted", "accepted", "held", "held"]
    assert [answer.reason for answer in answers[2:]] == ["period", "block:A"]
    assert resume_held(session, "period", hold) == 0
    assert statuses(ingest(session, [usage], hold)) == ["held"]
    session.run("set_books_open_from", {"day": date(2026, 1, 1)})
    assert resume_held(session, "period", hold) == 2
    assert remaining(session) == {"A": 7200}
    assert resume_held(session, "period", hold) == 0


def test_facts_of_a_closed_period_are_posted_on_its_first_open_day(session: Session) -> None:
    """The default policy; the tenant's row says which day that is."""
    session.run("set_books_open_from", {"day": date(2026, 3, 1)})
    assert statuses(ingest(session, BOUGHT, Policy())) == ["accepted"] * 3
    days = session.connection.execute("SELECT DISTINCT posted_on FROM drawdown.entry").fetchall()
    assert days == [(date(2026, 3, 1),)]


def test_expiries_of_a_closed_period_wait_and_do_not_stop_others(session: Session) -> None:
    """Breakage of a closed month is held; that of an open one is posted in the same run."""
    hold = Policy(closed_period=ClosedPeriod.HOLD)
    blocks = [
        f.terms("A", "10", "10", until="2026-02-01"),
        f.terms("B", "10", "10", until="2026-04-01"),
    ]
    ingest(
        session,
        [BOUGHT[0], f.order("2026-01-01", "S1", *blocks), f.purchase("2026-01-01", "I1", "S1")],
        hold,
    )
    session.run("set_books_open_from", {"day": date(2026, 3, 1)})
    assert expire(session, f.at("2026-05-01"), hold) == 1
    assert remaining(session) == {"A": 1000, "B": 0}
    assert expire(session, f.at("2026-05-01"), hold) == 0
    session.run("set_books_open_from", {"day": None})
    assert resume_held(session, "period", hold) == 1
    assert remaining(session) == {"A": 0, "B": 0}


def test_expiry_goes_on_behind_more_held_blocks_than_a_batch(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks of a closed period come first in time and must not hide those after them."""
    monkeypatch.setattr(service, "BATCH_SIZE", 2)
    hold = Policy(closed_period=ClosedPeriod.HOLD)
    blocks = [f.terms(f"A{n}", "10", "10", until="2026-02-01") for n in range(3)]
    blocks.append(f.terms("B", "10", "10", until="2026-04-01"))
    ingest(
        session,
        [BOUGHT[0], f.order("2026-01-01", "S1", *blocks), f.purchase("2026-01-01", "I1", "S1")],
        hold,
    )
    session.run("set_books_open_from", {"day": date(2026, 3, 1)})
    assert expire(session, f.at("2026-05-01"), hold) == 1
    assert remaining(session)["B"] == 0


def test_money_left_alone_is_due_as_well(session: Session) -> None:
    """A block of credits too small for its money ends at zero by expiry."""
    tiny = f.terms("A", "0.000000000002", "10.00", until="2026-07-01")
    ingest(
        session,
        [
            BOUGHT[0],
            f.order("2026-01-01", "S1", tiny),
            f.purchase("2026-01-01", "I1", "S1"),
            f.usage("2026-02-01", "U1", f.line("L1", "6.00", "A"), f.line("L2", "3.00", "A")),
            f.usage("2026-02-02", "U2", f.line("L1", "0.50", "A")),
        ],
        Policy(),
    )
    (block,) = all_blocks(session)
    assert block.remaining_minor == 50
    assert [b.block_id for b in due_blocks(session, f.at("2026-07-01"), 9)] == ["A"]
    assert expire(session, f.at("2026-07-01"), Policy()) == 1
    assert remaining(session) == {"A": 0}


def test_a_purchase_and_its_credit_in_one_batch(
    session: Session, database_url: str, tenant: str
) -> None:
    """The order is the trigger and came long before: what it posted is reversed all the same."""
    policy = Policy(purchase_trigger=PurchaseTrigger.SALES_ORDER)
    ingest(session, BOUGHT[:2], policy)
    ingest(session, [BOUGHT[2], f.void_invoice("2026-01-02", "I1")], policy)
    codes = {row["code"] for row in contents(database_url, tenant)["entry"]}
    assert codes == {"P1", "P2", "P3", "P4", "V1", "V2", "V3", "V4"}


def test_an_observed_recognition_waits_for_its_block(session: Session) -> None:
    """What revenue management did enters the journal like any fact."""
    recognition = Recognition(
        "arm 1", f.at("2026-01-31"), f.on("2026-01-31"), "A", "usage", 800,
        "deferred_revenue_usage", "revenue_usage", "ARM-1",
    )  # fmt: skip
    usage = f.usage("2026-01-15", "U1", f.line("L1", "10cr"))
    assert statuses(ingest(session, [recognition], Policy())) == ["held"]
    ingest(session, [*BOUGHT, usage], Policy())
    assert statuses(ingest(session, [recognition], Policy())) == ["accepted"]
    again = replace(recognition, event_id="arm 2", amount_minor=-800)
    assert statuses(ingest(session, [again], Policy())) == ["accepted"]


def test_a_void_finds_the_invoice_of_its_block(session: Session) -> None:
    """However long ago the purchase was."""
    ingest(session, BOUGHT, Policy())
    assert statuses(ingest(session, [f.void_block("2026-02-01", "A")], Policy())) == ["accepted"]
    rows = session.connection.execute("SELECT code FROM drawdown.entry ORDER BY sequence, code")
    assert [row[0] for row in rows] == ["P1", "P2", "P3", "P4", "V1", "V2", "V3", "V4"]


def test_books_are_read_page_by_page(
    session: Session, monkeypatch: pytest.MonkeyPatch, new_tenant: Callable[..., str]
) -> None:
    """Every block and document once, in order of their ids, whatever the page."""
    blocks = [f.terms(f"B{n}", "1", "1") for n in range(7)]
    ingest(session, [BOUGHT[0], f.order("2026-01-01", "S1", *blocks)], Policy())
    ingest(session, [f.order("2026-01-01", f"T{n}") for n in range(6)], Policy())
    for size in (1, 7, 8, 1000):
        monkeypatch.setattr(ledger, "PAGE_SIZE", size)
        assert [b.block_id for b in all_blocks(session)] == [f"B{n}" for n in range(7)]
        assert len(list(all_documents(session))) == 7
