"""What is stuck is listed in one place, and each action does what it says, once."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from drawdown.core.errors import StoreError
from drawdown.core.events import Event
from drawdown.core.plan import Entry
from drawdown.reports.statement import statement
from drawdown.service import exceptions
from drawdown.service.exceptions import ExceptionKind, Stuck, follow_periods
from drawdown.service.lives import life_of
from drawdown.store import exceptions as exception_rows
from drawdown.store.exceptions import actions_of
from drawdown.store.ledger import all_blocks, entries_of
from tests.cases import facts as f
from tests.e2e.company import Companies, Company, statuses

WHO = "Ada"
FEBRUARY = date(2026, 2, 1)


def bought(number: int = 1, when: str = "2026-01-01") -> tuple[Event, ...]:
    """A block of 100 credits for 100.00, its customer and invoice."""
    return (
        f.customer("2026-01-01"),
        f.order(when, f"S{number}", f.terms(f"B{number}", "100", "100.00")),
        f.purchase(when, f"I{number}", f"S{number}"),
    )


def used(when: str, number: int, credits_: str = "10", block: str = "B1") -> Event:
    return f.usage(when, f"U{number}", f.line("L1", f"{credits_}cr", block))


def lock_january(company: Company, state: str = "close") -> None:
    """Close every period up to January."""
    for row in company.rows(
        "SELECT p.id AS id, TO_CHAR(p.startdate, 'YYYY-MM') AS month FROM accountingperiod p "
        "WHERE p.isquarter = 'F' AND p.isyear = 'F' AND p.startdate < TO_DATE('2026-02-01', "
        "'YYYY-MM-DD') ORDER BY p.id"
    ):
        company.controls.control("POST", f"/periods/{row['month']}/{state}")


def listed(company: Company) -> list[Stuck]:
    return exceptions.stuck(company.books.session)


def ids(company: Company, kind: ExceptionKind) -> list[str]:
    return [one.exception_id for one in listed(company) if one.kind is kind]


def entries(company: Company, block: str = "B1") -> list[Entry]:
    return entries_of(company.books.session, [block])


def dated(company: Company) -> dict[str, str]:
    """The day of each record in NetSuite, by external id."""
    sql = (
        "SELECT t.id AS id, t.externalid AS name, TO_CHAR(t.trandate, 'YYYY-MM-DD') AS day "
        "FROM transaction t WHERE t.externalid IS NOT NULL ORDER BY t.id"
    )
    return {row["name"]: row["day"] for row in company.rows(sql)}


def agree(company: Company) -> None:
    """Nothing waits, no difference, and every entry bears the day of its record."""
    delivered = company.deliver()
    assert (delivered.problems, delivered.waiting) == ({}, 0)
    assert company.reconcile().differences == ()
    days = dated(company)
    for block in all_blocks(company.books.session):
        for entry in entries(company, block.block_id):
            if entry.code not in ("R1", "V3"):
                assert days[entry.record] == entry.posted_on.isoformat()


# -- periods that close between decision and delivery ---------------------------------------------


@pytest.mark.parametrize("delivered_before", range(6))
def test_a_period_that_closes_before_delivery_moves_the_rest_of_the_chain(
    company: Company, delivered_before: int
) -> None:
    """However much of it NetSuite has by then; the journal says the same day as NetSuite."""
    company.take(*bought(), used("2026-01-20", 1))
    hold_after = 3 + delivered_before  # customer, order, purchase invoice and some more
    session = company.books.session
    session.connection.execute(
        "UPDATE drawdown.outbox SET status = 'parked', problem = 'not yet' "
        "WHERE tenant_id = %s AND position > %s",
        (session.tenant_id, hold_after),
    )
    company.deliver()
    lock_january(company)
    session.connection.execute(
        "UPDATE drawdown.outbox SET status = 'waiting', problem = '' "
        "WHERE tenant_id = %s AND status = 'parked'",
        (session.tenant_id,),
    )
    assert company.deliver().problems  # refused: the period is closed
    company.observe()
    agree(company)
    chain = ("P2", "P3", "P4", "D1", "D2", "D3")
    moved = {entry.code for entry in entries(company) if entry.posted_on == FEBRUARY}
    assert moved == set(chain[delivered_before:])
    rows = statement(life_of(session, "B1"), {}).rows
    assert {row.code for row in rows if row.decided_on} == moved
    assert {row.decided_on[:7] for row in rows if row.decided_on} == {"2026-01"}
    (block,) = all_blocks(session)
    assert block.deposits[0].posted_on == (FEBRUARY if "P2" in moved else date(2026, 1, 1))
    assert statuses(company.take(used("2026-01-25", 2))) == ["accepted"]
    agree(company)


def test_what_an_earlier_try_made_after_all_keeps_its_date(company: Company) -> None:
    """Its answer was lost, it was refused, its period closed, it was dated anew; then it came."""
    company.take(*bought())
    company.deliver()
    company.take(used("2026-01-20", 1))
    session = company.books.session
    (first, *_) = [row for row in exception_rows.undelivered(session) if row.record == "invoice"]
    found = exception_rows.outbox_row(session, first.position)
    assert found is not None
    session.connection.execute(
        "UPDATE drawdown.outbox SET attempts = 1 WHERE tenant_id = %s AND position = %s",
        (session.tenant_id, first.position),
    )
    lock_january(company)
    assert company.deliver().problems
    follow_periods(session, company.netsuite, company.books.policy)
    lock_january(company, "open")
    company.netsuite.deliver(found.intent)  # carried out minutes late
    lock_january(company)
    assert "date 2026-01-20 instead of 2026-02-01" in next(
        iter(company.deliver().problems.values())
    )

    company.observe()

    agree(company)
    assert dated(company)[first.external_id] == "2026-01-20"


def test_a_record_whose_id_another_record_bears_holds_up_no_other(company: Company) -> None:
    """Its period closed, it was dated anew, and a journal of others bears its external id."""
    company.take(*bought())
    company.deliver()
    company.take(used("2026-01-20", 1))
    session = company.books.session
    lock_january(company)
    assert company.deliver().problems
    (first, *later) = exception_rows.undelivered(session)
    company.observe()
    debit, credit = ({"account": {"id": company.account_id(one)}} for one in ("1000", "6000"))
    body = {
        "externalId": first.external_id,
        "subsidiary": {"id": "1"},
        "tranDate": "2026-03-01",
        "line": {"items": [{**debit, "debit": 7}, {**credit, "credit": 7}]},
    }
    company.rest("POST", "/journalEntry", body)
    (problem,) = company.deliver().problems.values()
    assert "if another record bears it, rename or delete that one" in problem
    company.controls.control("POST", "/periods/2026-02/close")

    company.observe()

    days = {row.position: row.posted_on for row in exception_rows.undelivered(session)}
    march = date(2026, 3, 1)
    assert days == {first.position: FEBRUARY} | {row.position: march for row in later}
    company.rest("DELETE", f"/journalEntry/eid:{first.external_id}")
    company.observe()
    agree(company)
    assert dated(company)[first.external_id] == "2026-03-01"


def test_by_policy_hold_a_person_moves_it(companies: Companies) -> None:
    """Nothing moves by itself; one action moves the whole chain, and is written down."""
    with companies.open(closed_period="hold") as company:
        company.take(*bought())
        company.deliver()
        company.take(used("2026-01-20", 1))
        lock_january(company)
        company.deliver()
        company.observe()
        (name,) = ids(company, ExceptionKind.RECORD)
        assert company.deliver().waiting == 3
        (done,) = exceptions.redate(
            company.books.session, company.netsuite, [name], WHO, "January is reported"
        )
        assert done.is_done
        (again,) = exceptions.redate(company.books.session, company.netsuite, [name], WHO)
        assert not again.is_done
        agree(company)
        assert {e.posted_on for e in entries(company) if e.code[0] == "D"} == {FEBRUARY}
        history = company.books.session.connection.execute(
            "SELECT action, who, reason FROM drawdown.exception_action WHERE tenant_id = %s",
            (company.books.session.tenant_id,),
        ).fetchall()
        assert history == [("redate", WHO, "January is reported")] * 3


def test_a_day_in_a_closed_period_is_refused(company: Company) -> None:
    company.take(*bought())
    lock_january(company)
    company.deliver()
    (name,) = ids(company, ExceptionKind.RECORD)
    with pytest.raises(StoreError, match="takes no postings"):
        exceptions.redate(
            company.books.session, company.netsuite, [name], WHO, to=date(2026, 1, 31)
        )
    (done,) = exceptions.redate(
        company.books.session, company.netsuite, [name], WHO, to=date(2026, 3, 15)
    )
    assert done.is_done
    agree(company)
    assert {entry.posted_on for entry in entries(company)} == {date(2026, 3, 15)}


def test_what_netsuite_moves_by_itself_is_followed(company: Company) -> None:
    """By preference it posts to the first open period under the old date: so do we."""
    company.take(*bought(), used("2026-01-20", 1))
    lock_january(company)
    company.controls.control(
        "PUT",
        "/settings",
        {
            "date_outside_posting_period": "allow",
            "default_posting_period_when_closed": "first_open",
        },
    )
    assert company.deliver().problems == {}
    assert {entry.posted_on.month for entry in entries(company)} == {1}
    company.observe()
    assert {entry.posted_on for entry in entries(company)} == {FEBRUARY}
    assert company.reconcile().differences == ()
    # What follows knows where it stands: nothing is undone in place, and nothing moves again.
    company.take(f.credit("2026-02-10", "M1", "U1"))
    assert company.deliver().problems == {}
    company.observe()
    assert company.reconcile().differences == ()


# -- records --------------------------------------------------------------------------------------


@pytest.fixture
def refused(company: Company) -> Company:
    """A company whose January is locked, with one drawdown refused."""
    company.take(*bought(), *bought(2))
    company.deliver()
    company.take(used("2026-01-20", 1), used("2026-02-20", 2, block="B2"))
    company.controls.control("POST", "/periods/2026-01/lock-ar")
    company.deliver()
    return company


def test_the_list_says_everything_a_person_needs(refused: Company) -> None:
    (one,) = listed(refused)
    assert (one.kind, one.what, one.blocks) == (ExceptionKind.RECORD, "create invoice", ("B1",))
    assert one.event_id == "usage:U1"
    assert one.tries == 1
    assert "period" in one.problem
    assert one.actions == ("retry", "adopt", "skip", "redate")
    session = refused.books.session
    assert exceptions.stuck(session, block_id="B2") == []
    assert exceptions.stuck(session, kind=ExceptionKind.HELD) == []
    assert exceptions.detail_of(session, one.exception_id).stuck == one


def test_retry_lets_one_or_all_go_again(refused: Company) -> None:
    session = refused.books.session
    (name,) = ids(refused, ExceptionKind.RECORD)
    refused.controls.control("POST", "/periods/2026-01/open")
    done, other = exceptions.retry(session, [name, "record:9999", name], WHO, "open again")
    assert (done.is_done, other.is_done) == (True, False)
    agree(refused)
    assert listed(refused) == []
    assert [one.reason for one in actions_of(session, name)] == ["open again"]
    with pytest.raises(StoreError, match="retry by Ada"):
        exceptions.detail_of(session, name)
    with pytest.raises(StoreError, match="nothing of id"):
        exceptions.detail_of(session, "record:9999")


def test_what_is_skipped_is_explained(refused: Company) -> None:
    """The whole chain is given up, record by record; nothing else differs."""
    session = refused.books.session
    skipped = 0
    while names := ids(refused, ExceptionKind.RECORD):
        assert [one.is_done for one in exceptions.skip(session, names, WHO, "billed by hand")]
        assert not exceptions.skip(session, names, WHO, "billed by hand")[0].is_done
        skipped += len(names)
        refused.deliver()
    assert skipped == 2  # the invoice and its application; the journal is taken
    reconciled = refused.reconcile()
    assert reconciled.differences == ()
    found = reconciled.explained
    assert {one.kind for one in found} == {"skipped"}
    assert all("billed by hand" in one.detail for one in found)
    with pytest.raises(StoreError, match="why"):
        exceptions.skip(session, ["record:1"], WHO, " ")


def test_a_record_made_by_hand_is_adopted(refused: Company) -> None:
    """It is shown before it is taken; it gets our external id, and the chain goes on."""
    session, netsuite = refused.books.session, refused.netsuite
    (name,) = ids(refused, ExceptionKind.RECORD)
    refused.controls.control("POST", "/periods/2026-01/open")
    sql = "SELECT i.id AS id FROM item i WHERE i.itemid = 'Usage' ORDER BY i.id"
    refused.rest(
        "POST",
        "/invoice",
        {
            "entity": {"id": customer_of(refused)},
            "tranDate": "2026-01-20",
            "item": {"items": [{
                "item": {"id": refused.rows(sql)[0]["id"]}, "quantity": 1, "rate": 10,
                "amount": 10, "custcol_dd_block_id": "B1",
            }]},
        },
    )  # fmt: skip
    made = refused.rows(
        "SELECT t.id AS id FROM transaction t WHERE t.recordtype = 'invoice' "
        "AND t.externalid IS NULL ORDER BY t.id"
    )[0]["id"]
    none = exceptions.adopt(session, netsuite, name, WHO, "ours")
    assert not none.is_done
    assert "NetSuite has no" in none.detail
    shown = exceptions.adopt(session, netsuite, name, WHO, "ours", internal_id=made)
    assert not shown.is_done
    assert "event" in shown.detail
    assert "; " not in shown.detail  # that is all it says otherwise
    done = exceptions.adopt(
        session, netsuite, name, WHO, "made by hand", internal_id=made, is_confirmed=True
    )
    assert done.is_done
    delivered = refused.deliver()
    assert (delivered.problems, delivered.waiting) == ({}, 0)
    reconciled = refused.reconcile()
    assert reconciled.differences == ()
    assert {one.kind for one in reconciled.explained} == {"adopted"}
    assert all("made by hand" in one.detail for one in reconciled.explained)
    with pytest.raises(StoreError, match="not a parked record"):
        exceptions.adopt(session, netsuite, name, WHO, "again")


def customer_of(company: Company) -> str:
    rows = company.rows("SELECT c.id AS id FROM customer c WHERE c.externalid IS NOT NULL")
    return rows[0]["id"]


# -- events ---------------------------------------------------------------------------------------


def test_a_refused_event_is_decided_again(company: Company) -> None:
    """Refused for want of credits under one policy, drawn under another."""
    session = company.books.session
    company.take(*bought())
    usage = f.usage("2026-01-20", "U1", f.line("L1", "110cr", rate="1.00"))
    assert statuses(company.take(usage)) == ["refused"]
    (name,) = ids(company, ExceptionKind.REFUSED)
    (still,) = exceptions.replay_events(session, [name], company.books.policy, WHO)
    assert not still.is_done
    assert "overdrawn" in still.detail
    company.take(f.order("2026-01-21", "S2", f.terms("B2", "100", "100.00", start="2026-01-01")))
    company.take(f.purchase("2026-01-21", "I2", "S2"))
    (done, gone) = exceptions.replay_events(
        session, [name, "event:none"], company.books.policy, WHO
    )
    assert (done.is_done, gone.is_done) == (True, False)
    assert listed(company) == []
    assert statuses(company.take(usage)) == ["accepted"]
    agree(company)


def test_a_held_event_is_withdrawn(company: Company) -> None:
    """It does not go on when its fact comes; a repeat is answered with the reason."""
    session = company.books.session
    usage = used("2026-01-20", 1)
    company.take(f.customer("2026-01-01"))
    assert statuses(company.take(usage)) == ["held"]
    (one,) = listed(company)
    assert (one.kind, one.blocks, one.actions) == (
        ExceptionKind.HELD, ("B1",), ("replay", "withdraw"),
    )  # fmt: skip
    (done, again) = (
        exceptions.withdraw(session, [one.exception_id], WHO, "sent by mistake")[0],
        exceptions.withdraw(session, [one.exception_id], WHO, "sent by mistake")[0],
    )
    assert (done.is_done, again.is_done) == (True, False)
    company.take(*bought())
    assert not [entry for entry in entries(company) if entry.code == "D1"]
    (answer,) = company.take(usage)
    assert (answer.status, answer.reason) == ("refused", "withdrawn")
    assert "sent by mistake" in answer.detail
    held = session.connection.execute(
        "SELECT held_count FROM drawdown.tenant WHERE tenant_id = %s", (session.tenant_id,)
    ).fetchone()
    assert held == (0,)
    agree(company)


def test_a_conflict_is_kept_until_somebody_has_seen_it(company: Company) -> None:
    """Both contents can be compared; the same one is kept once."""
    session = company.books.session
    company.take(*bought(), used("2026-01-20", 1))
    other: Any = used("2026-01-20", 1, "12")
    for _ in range(2):
        assert statuses(company.take(other)) == ["conflict"]
    (one,) = listed(company)
    assert (one.kind, one.tries, one.actions) == (ExceptionKind.CONFLICT, 1, ("withdraw",))
    assert '"12"' in exceptions.detail_of(session, one.exception_id).contents[0]
    assert exceptions.withdraw(session, [one.exception_id], WHO, "typing error")[0].is_done
    assert listed(company) == []


@pytest.mark.parametrize("name", ["record:99999999999999999999", "record:0", "record:x", "x"])
def test_an_id_that_is_none_is_answered_in_words(company: Company, name: str) -> None:
    (done,) = exceptions.retry(company.books.session, [name], WHO, "tried")
    assert (done.is_done, done.detail) == (False, "it is not parked")
