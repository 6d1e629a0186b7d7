"""Changes and deletions in a sandbox: made once, and noticed when something undoes them."""

from __future__ import annotations

import httpx2
import pytest

from drawdown.core.errors import (
    ErpRefusedError,
    ErpUnknownError,
)
from drawdown.core.plan import Operation
from tests.erp.conftest import (
    Books,
    application,
    customer,
    deposit,
)
from tests.erp.life import LIFE, before, deliver, is_write, once


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
