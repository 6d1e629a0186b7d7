"""Delivery: what is refused waits for a person and holds up nobody else; nothing is made twice."""

from __future__ import annotations

from collections import Counter

import pytest

from drawdown.core.events import Event
from drawdown.service.delivery import DeliveryReport
from drawdown.store import outbox
from tests.cases import facts as f
from tests.cases.stories import STORIES
from tests.e2e.company import Companies, Company, statuses
from tests.e2e.general_ledger import postings


def _bought(number: int) -> tuple[Event, ...]:
    """One customer's block, bought and paid in January."""
    return (
        f.customer("2026-01-01", f"C{number}"),
        f.order("2026-01-01", f"S{number}", f.terms(f"B{number}", "100", "100"),
                customer_id=f"C{number}"),
        f.purchase("2026-01-01", f"I{number}", f"S{number}"),
        f.payment("2026-01-02", f"P{number}", f"I{number}"),
    )  # fmt: skip


def _used(number: int, when: str) -> Event:
    return f.usage(when, f"U{number}", f.line("L1", "40cr", f"B{number}"), customer_id=f"C{number}")


def _external_ids(company: Company) -> list[str]:
    """Return the external id of every transaction in NetSuite, in order of their making."""
    rows = company.rows(
        "SELECT t.externalid AS name FROM transaction t WHERE t.externalid IS NOT NULL "
        "ORDER BY t.id"
    )
    return [row["name"] for row in rows]


def _left(company: Company) -> dict[str, int]:
    counts = outbox.counts(company.books.session)
    return {status: number for status, number in counts.items() if status != "done"}


def test_a_refused_record_is_parked_with_its_reason_and_blocks_its_own_lane_only(
    company: Company,
) -> None:
    """January is locked before block 1's usage of January is delivered; block 2's is of February.

    The refused invoice is parked, what follows it in its lane waits, the other lane is delivered.
    It stays so until a person has unlocked the period and says so.
    """
    company.take(*_bought(1), *_bought(2))
    assert company.deliver().waiting == 0
    company.take(_used(1, "2026-01-31"), _used(2, "2026-02-10"))
    company.controls.control("POST", "/periods/2026-01/lock-ar")

    report = company.deliver()
    assert report.done == Counter(invoice=1, depositApplication=1, journalEntry=1)
    assert report.waiting == 3
    (parked,) = outbox.parked(company.books.session)
    assert (parked.record, parked.operation, parked.event_id) == ("invoice", "create", "usage:U1")
    assert parked.lanes == ("B1",)
    assert report.problems == {parked.external_id: parked.problem}
    assert "period" in parked.problem.lower()
    assert _left(company) == {"parked": 1, "waiting": 2}
    named = {(one.kind, one.block_id) for one in company.reconcile().differences}
    assert named == {("not_delivered", "B1")}

    again = company.deliver()
    assert (again.done.total(), again.waiting) == (0, 3)  # only a person lets it go

    company.controls.control("POST", "/periods/2026-01/open")
    with company.books.session.transaction():
        assert outbox.retry_parked(company.books.session) == 1
    last = company.deliver()
    assert last.done == report.done
    assert (last.problems, last.waiting) == ({}, 0)
    assert company.reconcile().differences == ()


def test_a_record_that_is_still_refused_is_parked_again(company: Company) -> None:
    """Letting a parked record go without remedy does no harm: same reason, same lane."""
    company.take(*_bought(1))
    company.controls.control("POST", "/periods/2026-01/lock-ar")
    first = company.deliver()
    for _ in range(2):
        with company.books.session.transaction():
            outbox.retry_parked(company.books.session)
        assert company.deliver().problems.keys() == first.problems.keys()
    (parked,) = outbox.parked(company.books.session)
    assert parked.attempts == 3


def test_a_second_delivery_finds_nothing_to_do(company: Company) -> None:
    """Nothing is sent, adopted or made when everything is delivered; facts repeated add nothing."""
    facts = (*_bought(1), _used(1, "2026-01-31"))
    company.take(*facts)
    company.deliver()
    made = _external_ids(company)
    assert len(made) == len(set(made))
    assert statuses(company.take(*facts)) == ["accepted"] * len(facts)
    second = company.deliver()
    assert second == DeliveryReport()
    assert _external_ids(company) == made


FAULTS = (
    {"fault": "late_commit", "method": "POST", "probability_percent": 8, "after_requests": 2},
    {"fault": "lost_response", "method": "POST", "probability_percent": 12},
    {"fault": "truncated_response", "method": "POST", "probability_percent": 8},
    {"fault": "error_after_commit", "method": "POST", "probability_percent": 8, "status": 503},
    {"fault": "error_before_commit", "method": "POST", "probability_percent": 8, "status": 500},
    {"fault": "too_many_requests", "probability_percent": 8},
    {"fault": "lost_response", "method": "DELETE", "probability_percent": 40},
    {"fault": "lost_response", "method": "PATCH", "probability_percent": 40},
)


@pytest.mark.parametrize("seed", range(4))
def test_over_a_bad_line_every_record_is_made_exactly_once(companies: Companies, seed: int) -> None:
    """Answers lost, cut or replaced by errors at random: the books are those of a good line."""
    story = next(story for story in STORIES if story.case_id == "REF-04")
    facts = [event for month in story.months for event in month.events]
    books: list[Counter[object]] = []
    for rules in ((), FAULTS):
        with companies.open() as company:
            company.controls.control("PUT", "/faults", {"seed": seed, "rules": list(rules)})
            company.take(*facts, *(event for n in (2, 3, 4) for event in _bought(n)))
            for _ in range(20):
                report = company.deliver(concurrency=4)
                assert outbox.parked(company.books.session) == []
                if not report.waiting:
                    break
                company.slept.append(900)  # what takes away waits for unanswered requests to end
            company.controls.control("DELETE", "/faults")
            assert _left(company) == {}
            names = _external_ids(company)
            assert len(names) == len(set(names))
            company.observe()
            assert company.reconcile().differences == ()
            books.append(Counter(postings(company)))
    assert books[0] == books[1]
