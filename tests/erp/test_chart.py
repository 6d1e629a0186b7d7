"""The lists of an account's books: each is read when it is first needed, and once."""

from __future__ import annotations

from threading import Thread

import gevent
import pytest

from drawdown.core.errors import MissingMappingError
from drawdown.erp.netsuite import Mapping
from drawdown.erp.netsuite.chart import Chart
from tests.erp.conftest import Books, customer, deposit, journal

QUERY = ("POST", "/services/rest/query/v1/suiteql")


def test_a_record_waits_for_no_list_that_it_does_not_need(books: Books) -> None:
    """A deposit names a currency, a journal accounts and the subsidiary besides."""
    books.netsuite.deliver(customer())
    books.netsuite.directory.forget()
    books.line.seen.clear()

    books.netsuite.post(deposit())
    for_deposit = books.line.seen.count(QUERY)
    books.netsuite.post(journal("dd_jrn_1", 10_000, "prepayment_clearing", "undeposited_funds"))
    for_both = books.line.seen.count(QUERY)
    books.netsuite.post(journal("dd_jrn_2", 10_000, "prepayment_clearing", "undeposited_funds"))

    assert (for_deposit, for_both) == (1, 3)
    assert books.line.seen.count(QUERY) == 3


def test_those_who_need_a_list_together_read_it_once(books: Books) -> None:
    """Two threads with ten tasks each, and as many other threads, all at the same list."""
    chart = Chart(books.netsuite.transport, books.mapping)
    books.line.seen.clear()
    found: list[int] = []

    def read() -> None:
        found.append(len(chart.accounts))

    def tasks() -> None:
        gevent.joinall([gevent.spawn(read) for _ in range(10)], raise_error=True)

    threads = [Thread(target=one) for one in (read, tasks, read, tasks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 22
    assert len(set(found)) == 1
    assert found[0] > 10
    assert books.line.seen.count(QUERY) == 1


def test_a_list_that_cannot_be_read_is_read_at_the_next_use(books: Books) -> None:
    wrong = Chart(books.netsuite.transport, Mapping(accounts={}, items={}, subsidiary="Nowhere"))
    for _ in range(2):
        books.line.seen.clear()
        with pytest.raises(MissingMappingError, match="no subsidiary 'Nowhere'"):
            _ = wrong.base_currency
        assert books.line.seen.count(QUERY) >= 1
    assert wrong.currencies == books.netsuite.directory.chart().currencies
