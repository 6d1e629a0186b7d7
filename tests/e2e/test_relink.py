"""After a refresh every internal id is another one, or records are missing: all is found again."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from drawdown.core.errors import OtherAccountError
from drawdown.service.account import ensure_account
from drawdown.service.relink import Relinked, relink
from drawdown.service.watch import watch
from drawdown.store import natives
from tests.cases.stories import STORIES, Month
from tests.e2e import random_accounts
from tests.e2e.company import Companies, Company, reconnect
from tests.e2e.general_ledger import balances
from tests.e2e.native import Integration
from tests.properties.lives import EFFORT

BOUGHT, USED = STORIES[0].months[:2]


def refresh(company: Company) -> Company:
    """Refresh the account: ids, tokens and integration are gone; an administrator reconnects."""
    company.controls.control("POST", "/refresh")
    return reconnect(company)


def again(company: Company, *, redeliver: bool = False) -> Relinked:
    return relink(company.books.session, company.netsuite, with_redelivery=redeliver)


def stored_ids(company: Company) -> dict[str, str]:
    rows = company.books.session.connection.execute(
        "SELECT DISTINCT ON (external_id) external_id, internal_id FROM drawdown.outbox "
        "WHERE tenant_id = current_setting('drawdown.tenant') AND record <> 'customer' "
        "AND internal_id <> '' ORDER BY external_id, position DESC"
    )
    there = real_ids(company)
    return {name: number for name, number in rows.fetchall() if name in there}


def real_ids(company: Company) -> dict[str, str]:
    rows = company.rows(
        "SELECT t.externalid AS eid, t.id AS id FROM transaction t "
        "WHERE SUBSTR(t.externalid, 1, 3) = 'dd_' ORDER BY t.id"
    )
    return {row["eid"]: row["id"] for row in rows}


def ensure(company: Company) -> None:
    ensure_account(company.books.session, company.netsuite)


# -- the refresh ----------------------------------------------------------------------


def test_a_refreshed_account_is_refused_until_it_is_linked_again(company: Company) -> None:
    """Nothing is read or written before; then every record is found, none is made twice."""
    company.live(BOUGHT)
    ensure(company)
    company = refresh(company)
    with pytest.raises(OtherAccountError, match="drawdown relink"):
        ensure(company)
    count = len(real_ids(company))
    found = again(company)
    assert (found.found, found.behind, found.changed) == (count, (), ())
    assert stored_ids(company) == real_ids(company)
    ensure(company)
    company.live(USED)  # goes on: the application names an invoice and a deposit of before
    assert Counter(real_ids(company).values()).most_common(1)[0][1] == 1


@pytest.mark.parametrize("seed", range(3 * EFFORT))
def test_every_record_of_a_random_account_is_found_again(companies: Companies, seed: int) -> None:
    """Any policy, any life: all linked, nothing behind, nothing different, revenue once."""
    chance = random.Random(seed)
    with companies.open(**random_accounts.policy(chance)) as opened:
        company = opened
        for month, events in random_accounts.clean(chance):
            company.take(*events)
            assert company.deliver().problems == {}
            company.controls.month_end(month)
            assert company.observe().refused == ()
        ensure(company)
        before = balances(company)
        company = refresh(company)
        found = again(company)
        assert (found.behind, found.changed, found.relabelled) == ((), (), ())
        assert found.found == len(real_ids(company))
        assert stored_ids(company) == real_ids(company)
        assert company.observe().recognised == 0
        assert company.deliver().done.total() == 0
        assert company.reconcile().differences == ()
        assert balances(company) == before


def test_recognition_under_new_names_is_observed_once(company: Company) -> None:
    """A refresh deals the ids of revenue elements and plans anew, too."""
    for month in (BOUGHT, USED):
        company.live(month)
    store = company.store()
    with store.transaction():
        store.execute("UPDATE element SET id = id + 1000")
        store.execute("UPDATE plan SET element = element + 1000, id = id + 1000")
        store.execute("UPDATE planned SET plan = plan + 1000, id = id + 1000")
    assert company.observe().recognised == 0
    assert company.reconcile().differences == ()


def test_records_that_lost_their_external_id_have_it_again(company: Company) -> None:
    """Copied without external ids: found by block id, event and content, and labelled."""
    for month in (BOUGHT, USED):
        company.live(month)
    ensure(company)
    wanted = set(real_ids(company))
    for internal_id in real_ids(company).values():
        kind = company.rows(
            f"SELECT t.recordtype AS kind FROM transaction t WHERE t.id = {internal_id}"
        )[0]["kind"]
        company.rest("PATCH", f"/{kind}/{internal_id}", {"externalId": None})
    company = refresh(company)
    found = again(company)
    assert set(real_ids(company)) == wanted
    assert set(found.relabelled) == wanted
    assert company.reconcile().differences == ()


# -- an older snapshot ----------------------------------------------------------------------


def roll_back(company: Company) -> Company:
    company.controls.control("POST", "/snapshots/restore", {"name": "old"})
    return refresh(company)


@pytest.mark.parametrize("case", range(len(STORIES)))
def test_what_an_older_snapshot_lacks_is_delivered_again_in_order(
    companies: Companies, case: int
) -> None:
    """Rolled back to after the first month: the rest of the story is delivered again, to the cent.

    Changes in place (a shrunk application, a reduced deposit) and deletions are among it.
    """
    story = STORIES[case]
    with companies.open() as opened:
        company = opened
        deliver(company, story.months[0])
        company.controls.control("POST", "/snapshots", {"name": "old"})
        ensure(company)
        for month in story.months[1:]:
            deliver(company, month)
        before, records = balances(company), set(real_ids(company))
        company = roll_back(company)
        found = again(company, redeliver=True)
        assert found.changed == ()
        assert company.deliver().problems == {}
        assert set(real_ids(company)) == records
        assert balances(company) == before
        assert company.reconcile().differences == ()
        assert again(company).behind == ()


def deliver(company: Company, month: Month) -> None:
    company.take(*month.events)
    assert company.deliver().problems == {}


def test_a_customer_that_the_snapshot_lacks_comes_first(company: Company) -> None:
    """Rolled back to the very beginning: customer, order and all that follows."""
    company.controls.control("POST", "/snapshots", {"name": "old"})
    deliver(company, BOUGHT)
    count = len(real_ids(company))
    company = roll_back(company)
    assert len(again(company).behind) == count
    assert real_ids(company) == {}
    assert again(company, redeliver=True).redelivered
    assert again(company, redeliver=True).behind == ()  # it waits already
    assert company.deliver().problems == {}
    assert len(real_ids(company)) == count
    assert company.reconcile().differences == ()


def test_what_waits_goes_on_after_the_refresh(company: Company) -> None:
    """Records decided before and not delivered are delivered after, against records of before."""
    company.live(BOUGHT)
    company.take(*USED.events)
    company = refresh(company)
    found = again(company)
    assert (found.behind, found.changed) == ((), ())
    assert company.deliver().problems == {}
    assert company.reconcile().differences == ()


def test_documents_of_others_are_linked_by_number(companies: Companies) -> None:
    """Native documents have new ids and are not taken in again; what is missing is shown."""
    with companies.open(documents="in_netsuite") as opened:
        company = opened
        there = Integration(company)
        there.customer("acme")
        there.order("SO-1", "acme", "B1", 1000, 1000)
        there.bill("INV-1", "SO-1")
        look(company)
        company.controls.control("POST", "/snapshots", {"name": "old"})
        there.invoice("INV-2", "acme", there.usage(300, "B1"))
        look(company)
        company = refresh(company)
        assert again(company).natives_missing == ()
        ids = {one.reference: one.internal_id for one in natives.known(company.books.session)}
        there = Integration(company)
        assert ids["native:invoice:INV-2"] == there.id_of("invoice", "INV-2")
        assert look(company) == ()
        assert company.deliver().problems == {}
        assert company.reconcile().differences == ()
        company = roll_back(company)
        assert again(company).natives_missing == ("native:invoice:INV-2",)
        assert look(company) == ()  # nothing is taken back because an account was rolled back


def look(company: Company) -> tuple[object, ...]:
    return watch(company.books.session, company.netsuite, company.books.policy).taken


# -- another account ----------------------------------------------------------------------


def test_another_account_is_refused_by_name(company: Company) -> None:
    """The books of one account never meet the records of another, unless somebody says so."""
    company.live(BOUGHT)
    ensure(company)
    identity = company.netsuite.identity()
    company.books.session.run(
        "set_erp_account", {"fingerprint": f"7654321\nproduction\n{identity.fingerprint}"}
    )
    with pytest.raises(OtherAccountError, match="belong to account 7654321"):
        ensure(company)
    with pytest.raises(OtherAccountError, match="not to 7654321"):
        again(company)
    moved = relink(company.books.session, company.netsuite, account=identity.account)
    assert moved.behind == ()
    ensure(company)
