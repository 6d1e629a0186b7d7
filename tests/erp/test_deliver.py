"""Delivery to a sandbox: each record once, whatever happens to the answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from drawdown.core.errors import (
    ErpError,
    ErpRefusedError,
    ErpUnavailableError,
    ErpUnknownError,
)
from drawdown.core.plan import Operation, RecordIntent
from drawdown.core.policy import DepositAccount, Policy
from drawdown.erp.netsuite import KeyPair, standard_mapping, wire
from tests.erp.conftest import (
    USAGE_ITEMS,
    Books,
    application,
    connect,
    customer,
    deposit,
    order,
    purchase,
)
from tests.erp.life import BLOCKS, CREATIONS, LIFE, before, deliver, is_write, name, once


def test_a_whole_life_is_posted_and_read_back(books: Books) -> None:
    posted = [books.netsuite.deliver(one) for one in LIFE]

    assert [one.external_id for one in posted] == [one.external_id for one in LIFE]
    assert all(one.internal_id for one in posted)
    assert not any(one.is_adopted for one in posted)
    assert [one.posting_period for one in posted] == ["", ""] + ["Jan 2026"] * 10
    assert posted[2].number == "INV1"


@pytest.mark.parametrize("one", CREATIONS, ids=name)
def test_a_repeated_delivery_adopts_what_is_there(books: Books, one: RecordIntent) -> None:
    deliver(books, *before(one))
    first = books.netsuite.deliver(one)
    books.netsuite.directory.forget()  # as after a restart

    second = books.netsuite.deliver(one)

    assert second == first._replace(is_adopted=True)
    made = [other for other in (*before(one), one) if other.operation is Operation.CREATE]
    assert books.count(one.record) == sum(other.record is one.record for other in made)


@pytest.mark.parametrize("fate", ["after", "502", "503", "500", "broken"])
@pytest.mark.parametrize("one", CREATIONS, ids=name)
def test_a_lost_answer_is_looked_up_and_adopted(books: Books, one: RecordIntent, fate: str) -> None:
    deliver(books, *before(one))
    books.line.plan = once(fate, is_write)

    posted = books.netsuite.deliver(one)

    assert posted.is_adopted
    assert posted.internal_id
    books.line.plan = lambda _: ""
    assert books.netsuite.deliver(one).internal_id == posted.internal_id


@pytest.mark.parametrize("one", CREATIONS, ids=name)
def test_a_request_that_never_arrived_stays_unknown_and_is_sent_again(
    books: Books, one: RecordIntent
) -> None:
    """503 without the write: nothing is found, so the outcome stays open; the next try creates."""
    deliver(books, *before(one))
    books.line.plan = once("only503", is_write)

    with pytest.raises(ErpUnknownError) as caught:
        books.netsuite.deliver(one)

    assert caught.value.external_id == one.external_id
    assert not books.netsuite.deliver(one).is_adopted


def test_a_write_that_commits_after_we_looked_is_met_by_the_next_try(books: Books) -> None:
    """The late commit: time-out, look-up finds nothing, then NetSuite saves after all."""
    deliver(books, customer())
    late: list[httpx2.Request] = []

    def plan(request: httpx2.Request) -> str:
        if is_write(request) and not late:
            late.append(request)
            return "only504"
        return ""

    books.line.plan = plan
    with pytest.raises(ErpUnknownError):
        books.netsuite.deliver(deposit())
    books.line.inner.handle_request(late[0])

    assert books.netsuite.deliver(deposit()).is_adopted
    assert books.count("customerDeposit") == 1


def test_no_connection_means_that_nothing_happened(books: Books) -> None:
    deliver(books, customer())
    books.line.plan = once("before", is_write)

    with pytest.raises(ErpUnavailableError, match="cannot be reached"):
        books.netsuite.deliver(deposit())

    assert books.count("customerDeposit") == 0


def test_a_write_is_never_repeated_by_the_transport(books: Books) -> None:
    deliver(books, customer())
    books.line.seen.clear()
    books.line.plan = lambda request: "only429" if is_write(request) else ""

    with pytest.raises(ErpUnavailableError, match="429"):
        books.netsuite.deliver(deposit())

    assert [method for method, _ in books.line.seen].count("POST") == 1
    assert books.slept == []


def test_a_busy_netsuite_is_read_again_with_growing_pauses(books: Books) -> None:
    deliver(books, customer(), deposit())
    fates = ["only429", "only503", "after"]
    books.line.plan = lambda request: fates.pop() if fates and request.method == "GET" else ""

    assert books.netsuite.deliver(deposit()).is_adopted

    assert len(books.slept) == 3
    assert books.slept[0] <= books.slept[-1]


def test_a_netsuite_that_stays_away_is_given_up_after_some_tries(books: Books) -> None:
    deliver(books, customer(), deposit())
    books.line.seen.clear()
    books.line.plan = lambda request: "only503" if request.method == "GET" else ""

    with pytest.raises(ErpUnavailableError):
        books.netsuite.deliver(deposit())

    assert [method for method, _ in books.line.seen].count("GET") == 4


def test_an_unknown_outcome_stays_unknown_if_the_look_up_fails_too(books: Books) -> None:
    deliver(books, customer())
    first = once("after", is_write)
    books.line.plan = lambda one: first(one) or ("only503" if one.method == "GET" else "")

    with pytest.raises(ErpUnknownError):
        books.netsuite.deliver(deposit())

    books.line.plan = lambda _: ""
    assert books.netsuite.deliver(deposit()).is_adopted


def test_a_record_that_cannot_be_read_back_is_not_called_delivered(books: Books) -> None:
    deliver(books, customer())
    books.line.plan = lambda one: "only503" if one.method == "GET" else ""

    with pytest.raises(ErpUnavailableError):
        books.netsuite.deliver(deposit())

    books.line.plan = lambda _: ""
    assert books.netsuite.deliver(deposit()).is_adopted


def test_an_order_is_billed_in_parts(books: Books) -> None:
    deliver(books, customer(), order(BLOCKS), purchase(BLOCKS[1:]), purchase(BLOCKS[:1], 2))

    first = books.api("GET", "/invoice/eid:dd_inv_p1?expandSubResources=true")
    assert [line["custcol_dd_block_id"] for line in first["item"]["items"]] == ["B2"]
    assert first["total"] == 50
    assert first["createdFrom"]["refName"].startswith("Sales Order")
    assert books.api("GET", "/salesOrder/eid:dd_ord_1")["status"]["id"] == "G"


def test_a_deposit_can_go_straight_to_clearing(keys: KeyPair) -> None:
    policy = Policy(deposit_account=DepositAccount.CLEARING)
    books = connect(keys, policy, standard_mapping(USAGE_ITEMS))

    deliver(books, customer(), deposit(is_clearing_deposit=True))

    found = books.api("GET", "/customerDeposit/eid:dd_dep_b1")
    assert found["account"]["refName"] == "1290 Prepayment Clearing"


@pytest.mark.parametrize("condition", ["customerDeposit", "invoice"])
def test_a_record_shown_without_an_id_is_not_believed(books: Books, condition: str) -> None:
    deliver(books, *LIFE[:7])
    books.netsuite.directory.forget()
    books.line.plan = once(
        "empty", lambda one: one.method == "GET" and f"/{condition}/" in one.url.path
    )

    with pytest.raises(ErpUnavailableError, match="without an id"):
        books.netsuite.deliver(deposit() if condition == "customerDeposit" else application(4000))


def test_a_saved_record_that_is_not_shown_yet_is_looked_up_again(books: Books) -> None:
    """SuiteQL and the record service are said to lag sometimes (third parties)."""
    deliver(books, customer())
    books.line.plan = once("only404", lambda one: one.method == "GET")

    with pytest.raises(ErpUnavailableError, match="does not show it yet"):
        books.netsuite.deliver(deposit())

    assert books.netsuite.deliver(deposit()).is_adopted


def test_access_that_is_lost_on_the_way_is_said_at_once(books: Books) -> None:
    deliver(books, customer())
    books.line.seen.clear()
    books.line.plan = lambda one: "only403" if is_write(one) else ""

    with pytest.raises(ErpRefusedError, match="permission"):
        books.netsuite.deliver(deposit())

    assert [method for method, _ in books.line.seen].count("GET") == 0


def test_a_look_up_that_is_not_permitted_says_so(books: Books) -> None:
    deliver(books, customer(), deposit())
    books.line.plan = lambda one: "only403" if one.method == "GET" else ""

    with pytest.raises(ErpRefusedError, match="permission"):
        books.netsuite.deliver(deposit())


def test_a_deletion_stays_unknown_if_the_look_up_fails(books: Books) -> None:
    deliver(books, *LIFE[:8])
    first = once("after", is_write)
    books.line.plan = lambda one: first(one) or ("only503" if "suiteql" in one.url.path else "")
    gone = application(0, operation=Operation.DELETE)

    with pytest.raises(ErpUnknownError):
        books.netsuite.deliver(gone)
    with pytest.raises(ErpUnavailableError):
        books.netsuite.deliver(gone)

    books.line.plan = lambda _: ""
    assert books.netsuite.deliver(gone).is_adopted


def test_a_deposit_that_went_while_we_waited_is_named(books: Books) -> None:
    deliver(books, customer(), deposit())
    first = once("after", is_write)
    books.line.plan = lambda one: first(one) or ("only404" if one.method == "GET" else "")

    with pytest.raises(ErpRefusedError, match="is not in NetSuite"):
        books.netsuite.deliver(deposit(minor=6000, operation=Operation.SET_AMOUNT))


def test_stale_internal_ids_are_found_again(books: Books) -> None:
    """A copy or restore of the account changes internal ids; external ids stay."""
    deliver(books, *LIFE[:7])
    books.netsuite.directory.learn("dd_inv_u1", "999999")

    assert not books.netsuite.deliver(application(4000)).is_adopted


def test_eight_threads_post_and_nothing_twice(books: Books) -> None:
    books.put("/settings", {"concurrency_limit": 50})
    deliver(books, customer())
    intents = [deposit(f"T{n % 20}", 1000 + n % 20) for n in range(60)]

    def attempt(one: RecordIntent) -> str:
        for _ in range(50):
            try:
                return books.netsuite.deliver(one).internal_id
            except ErpUnavailableError:
                continue
        raise AssertionError

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(attempt, intents))

    assert len(set(ids)) == 20
    assert books.count("customerDeposit") == 20


def test_an_answer_that_is_too_large_is_cut_off(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    deliver(books, customer())
    monkeypatch.setattr(wire, "RESPONSE_BYTES_MAX", 100)

    with pytest.raises(ErpError, match="larger than"):
        books.netsuite.deliver(deposit())
