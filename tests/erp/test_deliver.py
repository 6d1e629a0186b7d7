"""Delivery to a sandbox: each record once, whatever happens to the answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

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
from drawdown.erp.netsuite import KeyPair, Mapping, standard_mapping, wire
from tests.erp.conftest import (
    USAGE_ITEMS,
    Books,
    application,
    connect,
    credit_memo,
    customer,
    deposit,
    journal,
    order,
    payment,
    purchase,
    usage,
)

BLOCKS = [("B1", 10_000), ("B2", 5000)]
RELEASE = ("prepaid_credits_liability", "prepayment_clearing")
LIFE: tuple[RecordIntent, ...] = (
    customer(),
    order(BLOCKS),
    purchase(BLOCKS[:1]),
    deposit(),
    journal("dd_je_p3", 10_000, "prepayment_clearing", "undeposited_funds"),
    journal("dd_je_p4", 10_000, "deferred_revenue_prepaid", "prepaid_credits_liability"),
    usage([("B1", "input_tokens", 3000), ("B1", "output_tokens", 1000)]),
    application(4000),
    journal("dd_je_d3", 4000, *RELEASE),
    application(2500, operation=Operation.SET_AMOUNT),
    credit_memo([("B1", "input_tokens", 1500)], "dd_inv_u1", 1500),
    payment(10_000, "dd_inv_p1"),
)
"""A block's life, with every record and every operation but deletion."""
CREATIONS = tuple(one for one in LIFE if one.operation is Operation.CREATE)


def deliver(books: Books, *intents: RecordIntent) -> None:
    for one in intents:
        books.netsuite.deliver(one)


def before(one: RecordIntent) -> tuple[RecordIntent, ...]:
    return LIFE[: LIFE.index(one)]


def name(value: object) -> str:
    return value.external_id if isinstance(value, RecordIntent) else ""


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


def is_write(request: httpx2.Request) -> bool:
    return (
        request.method in {"POST", "PATCH", "PUT", "DELETE"} and "/record/v1/" in request.url.path
    )


def once(fate: str, condition: Callable[[httpx2.Request], bool]) -> Callable[[Any], str]:
    """Make a plan that lets one request that fits meet its fate."""
    left = [fate]

    def plan(request: httpx2.Request) -> str:
        return left.pop() if left and condition(request) else ""

    return plan


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


# -- foreign content ----------------------------------------------------------------------------

OTHERS: list[tuple[RecordIntent, dict[str, Any], str]] = [
    (deposit(), {"amount_minor": 9000, "initial_minor": 9000}, "total 90.00 instead of 100.00"),
    (deposit(), {"posted_on": date(2026, 2, 1)}, "date 2026-02-01 instead of 2026-01-15"),
    (deposit(), {"block_id": "B7"}, "block B7 instead of B1"),
    (deposit(), {"event_id": "other"}, "event other instead of event of dd_dep_b1"),
    (
        usage([("B1", "input_tokens", 3000)]),
        {"lines": usage([("B2", "input_tokens", 3000)]).lines},
        "lines by block B2 30.00 instead of B1 30.00",
    ),
    (
        journal("dd_je_d3", 4000, *RELEASE),
        {"lines": journal("dd_je_d3", 4000, *reversed(RELEASE)).lines},
        "lines B1",
    ),
]


@pytest.mark.parametrize(("ours", "change", "words"), OTHERS)
def test_foreign_content_under_our_id_is_refused_and_named(
    books: Books, ours: RecordIntent, change: dict[str, Any], words: str
) -> None:
    theirs = dataclasses.replace(ours, **change)
    deliver(books, customer(), theirs)

    with pytest.raises(ErpRefusedError) as caught:
        books.netsuite.deliver(ours)

    assert words in str(caught.value)
    assert ours.external_id in str(caught.value)
    assert caught.value.code == "CONTENT_DIFFERS"
    assert books.count(ours.record) == 1


def test_another_record_type_under_our_id_is_refused(books: Books) -> None:
    deliver(books, customer(), deposit())
    other = dataclasses.replace(
        journal("x", 10_000, "prepayment_clearing", "undeposited_funds"),
        external_id="dd_dep_b1",
    )

    with pytest.raises(ErpRefusedError, match="if another record bears it"):
        books.netsuite.deliver(other)


def test_an_application_of_another_amount_or_invoice_is_refused(books: Books) -> None:
    deliver(books, *before(LIFE[7]), usage([("B1", "input_tokens", 9000)], "dd_inv_u2"))
    books.netsuite.deliver(application(4000))

    for other in (application(3000), application(4000, "dd_inv_u2", external_id="dd_app_b1_u1")):
        with pytest.raises(ErpRefusedError) as caught:
            books.netsuite.deliver(other)
        assert f"applied to invoice {other.target}" in str(caught.value)


def test_what_a_script_of_the_account_changed_on_saving_is_noticed(books: Books) -> None:
    """The record is saved, but not as it was sent."""
    deliver(books, customer())

    def plan(request: httpx2.Request) -> str:
        if request.method == "GET" and "customerDeposit" in request.url.path:
            books.line.plan = lambda _: ""
            books.api("PATCH", "/customerDeposit/eid:dd_dep_b1", {"payment": 99})
        return ""

    books.line.plan = plan

    with pytest.raises(ErpRefusedError, match=r"NetSuite saved .* total 99.* instead of 100\.00"):
        books.netsuite.deliver(deposit())


def test_a_foreign_currency_record_at_another_rate_is_refused(books: Books) -> None:
    deliver(books, customer("Euro", "EUR"))
    ours = deposit(customer="dd_cus_euro", currency="EUR", exchange_rate=Decimal("1.2"))
    deliver(books, dataclasses.replace(ours, exchange_rate=Decimal("1.3")))

    with pytest.raises(ErpRefusedError, match=r"exchange rate 1\.3"):
        books.netsuite.deliver(ours)


# -- changes and deletions ----------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["", "after", "502"])
def test_setting_an_amount_can_be_repeated(books: Books, fate: str) -> None:
    shrink = LIFE[9]
    deliver(books, *before(shrink))
    books.line.plan = once(fate, is_write)

    first = books.netsuite.deliver(shrink)
    second = books.netsuite.deliver(shrink)

    assert first.internal_id == second.internal_id
    assert first.is_adopted == bool(fate)
    found = books.api("GET", "/depositApplication/eid:dd_app_b1_u1")
    assert found["applied"] == 25
    assert books.api("GET", "/invoice/eid:dd_inv_u1")["amountRemaining"] == 15


def test_a_change_that_never_arrived_stays_unknown(books: Books) -> None:
    shrink = LIFE[9]
    deliver(books, *before(shrink))
    books.line.plan = once("only502", is_write)

    with pytest.raises(ErpUnknownError):
        books.netsuite.deliver(shrink)

    assert books.netsuite.deliver(shrink).internal_id


def test_a_deposit_shrinks_to_what_is_left(books: Books) -> None:
    deliver(books, customer(), deposit(), deposit(minor=6000, operation=Operation.SET_AMOUNT))

    assert books.api("GET", "/customerDeposit/eid:dd_dep_b1")["payment"] == 60


def test_a_change_that_a_script_undid_is_noticed(books: Books) -> None:
    deliver(books, customer(), deposit())
    shrink = deposit(minor=6000, operation=Operation.SET_AMOUNT)

    def plan(request: httpx2.Request) -> str:
        if request.method == "GET":
            books.line.plan = lambda _: ""
            books.api("PATCH", "/customerDeposit/eid:dd_dep_b1", {"payment": 70})
        return ""

    books.line.plan = plan
    with pytest.raises(ErpRefusedError, match=r"set to 60.00 USD but NetSuite holds 70"):
        books.netsuite.deliver(shrink)


def test_a_deposit_cannot_shrink_below_what_somebody_applied(books: Books) -> None:
    deliver(books, *LIFE[:8])

    with pytest.raises(ErpRefusedError, match="undo that"):
        books.netsuite.deliver(deposit(minor=1000, operation=Operation.SET_AMOUNT))


def test_changing_what_is_gone_is_refused(books: Books) -> None:
    deliver(books, customer())

    with pytest.raises(ErpRefusedError, match="is not in NetSuite"):
        books.netsuite.deliver(deposit(minor=6000, operation=Operation.SET_AMOUNT))


@pytest.mark.parametrize("fate", ["", "after", "503"])
def test_a_deletion_can_be_repeated(books: Books, fate: str) -> None:
    deliver(books, *LIFE[:8])
    books.line.plan = once(fate, is_write)
    gone = application(0, operation=Operation.DELETE)

    first, second = books.netsuite.deliver(gone), books.netsuite.deliver(gone)

    assert first.is_adopted == bool(fate)
    assert second.is_adopted
    assert books.count("depositApplication") == 0
    assert books.api("GET", "/invoice/eid:dd_inv_u1")["amountRemaining"] == 40


def test_a_deletion_that_never_arrived_stays_unknown(books: Books) -> None:
    deliver(books, *LIFE[:8])
    gone = application(0, operation=Operation.DELETE)
    books.line.plan = once("only503", is_write)

    with pytest.raises(ErpUnknownError):
        books.netsuite.deliver(gone)

    assert books.count("depositApplication") == 1
    assert not books.netsuite.deliver(gone).is_adopted


def test_a_404_of_a_record_that_is_there_is_no_deletion(books: Books) -> None:
    deliver(books, *LIFE[:8])
    books.line.plan = once("only404", is_write)

    with pytest.raises(ErpRefusedError):
        books.netsuite.deliver(application(0, operation=Operation.DELETE))

    assert books.count("depositApplication") == 1


def test_a_deposit_in_use_is_not_deleted(books: Books) -> None:
    deliver(books, *LIFE[:8])

    with pytest.raises(ErpRefusedError, match="undo those first"):
        books.netsuite.deliver(deposit(operation=Operation.DELETE))


# -- refusals in words --------------------------------------------------------------------------


def test_a_closed_period_says_what_to_do(books: Books) -> None:
    deliver(books, customer())
    books.post("/periods/2026-01/close")

    with pytest.raises(ErpRefusedError, match="first open day"):
        books.netsuite.deliver(deposit())


def test_a_missing_invoice_is_named(books: Books) -> None:
    deliver(books, customer(), deposit())

    with pytest.raises(ErpRefusedError, match="dd_inv_u9, which this record is made from"):
        books.netsuite.deliver(application(100, "dd_inv_u9"))


def test_a_missing_order_is_named(books: Books) -> None:
    deliver(books, customer())

    with pytest.raises(ErpRefusedError, match="dd_ord_1, which this record is made from"):
        books.netsuite.deliver(purchase(BLOCKS[:1]))


def test_a_gap_of_the_mapping_is_a_refusal_that_names_the_setting(books: Books) -> None:
    deliver(books, customer())
    books.netsuite.directory.mapping = Mapping("1", {}, {})

    for one in (
        journal("dd_je_p3", 10_000, "prepayment_clearing", "undeposited_funds"),
        usage([("B1", "input_tokens", 3000)]),
    ):
        with pytest.raises(ErpRefusedError, match="of the connection's mapping") as caught:
            books.netsuite.deliver(one)
        assert caught.value.code == "MISSING_MAPPING"
        assert caught.value.external_id == one.external_id


@pytest.mark.parametrize("currency", ["CHF", "SEK"])
def test_a_currency_netsuite_lacks_is_named(books: Books, currency: str) -> None:
    with pytest.raises(ErpRefusedError, match=currency):
        books.netsuite.deliver(customer("Other", currency))


def test_an_account_or_item_netsuite_lacks_is_named(books: Books) -> None:
    mapping = standard_mapping(USAGE_ITEMS)
    items = {**mapping.items, "new": dataclasses.replace(mapping.items["input_tokens"], name="New")}
    accounts = {**mapping.accounts}
    accounts = {role: "9999" if number == "1290" else number for role, number in accounts.items()}
    deliver(books, customer())
    books.netsuite.directory.mapping = dataclasses.replace(mapping, items=items, accounts=accounts)
    books.netsuite.directory.forget()

    with pytest.raises(ErpRefusedError, match="'New'"):
        books.netsuite.deliver(usage([("B1", "new", 100)]))
    with pytest.raises(ErpRefusedError, match="number 9999"):
        books.netsuite.deliver(journal("j", 1, "prepayment_clearing", "undeposited_funds"))


def test_a_subsidiary_netsuite_lacks_is_named(books: Books) -> None:
    books.netsuite.directory.mapping = dataclasses.replace(
        standard_mapping(USAGE_ITEMS), subsidiary="Acme Iceland"
    )
    books.netsuite.directory.forget()

    with pytest.raises(ErpRefusedError, match="Acme Iceland"):
        books.netsuite.deliver(customer())


def test_two_customers_of_one_name_are_refused_in_words(books: Books) -> None:
    deliver(books, customer())

    with pytest.raises(ErpRefusedError, match="external id if it is the same"):
        books.netsuite.deliver(dataclasses.replace(customer(), external_id="dd_cus_twin"))


# -- orders, parts, variants --------------------------------------------------------------------


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
