"""Opening balances: blocks taken over from before."""

from __future__ import annotations

import dataclasses

from drawdown.core.accounts import Observed, Role
from drawdown.core.block import State
from drawdown.core.checks import violations
from drawdown.core.decide import Known, decide
from drawdown.core.plan import Hold, PostingPlan, Reason, Rejection
from drawdown.core.policy import ClosedPeriod, DepositAccount, Policy, PrepaidItem
from tests.cases import facts as f

CUSTOMER = f.customer("2026-01-01")


def known() -> Known:
    books = Known("t")
    plan = decide(CUSTOMER, books, Policy())
    assert isinstance(plan, PostingPlan)
    books.remember(plan)
    return books


EVENT = f.opening("2026-03-01", "SUB3", f.terms("B1", "620", "620"), f.terms("B2", "5", "7.25"))


def test_the_balance_moves_from_where_it_stood() -> None:
    """O1 notes it, deposit and clearing as for any block, O2 moves it; there is no receivable."""
    for item in PrepaidItem:  # the item's policy is about invoices, and there is none
        plan = decide(EVENT, known(), Policy(prepaid_item=item))
        assert isinstance(plan, PostingPlan)
        found = [(e.code, e.debit, e.credit) for e in plan.entries if e.block_id == "B1"]
        assert found == [
            ("O1", Observed.OPENING_BALANCE, Role.FORMER_DEFERRED_REVENUE),
            ("P2", Role.UNDEPOSITED_FUNDS, Role.CUSTOMER_DEPOSITS),
            ("P3", Role.PREPAYMENT_CLEARING, Role.UNDEPOSITED_FUNDS),
            ("O2", Role.FORMER_DEFERRED_REVENUE, Role.PREPAID_CREDITS_LIABILITY),
        ]
        for block in plan.blocks.values():
            assert block.state is State.OPEN
            entries = [entry for entry in plan.entries if entry.block_id == block.block_id]
            assert violations(block, entries) == []


def test_a_deposit_to_clearing_needs_no_clearing_journal() -> None:
    plan = decide(EVENT, known(), Policy(deposit_account=DepositAccount.CLEARING))
    assert isinstance(plan, PostingPlan)
    assert [e.code for e in plan.entries if e.block_id == "B2"] == ["O1", "P2", "O2"]
    assert len(plan.intents) == 4


def test_it_waits_for_its_customer_and_its_period() -> None:
    waiting = decide(EVENT, Known("t"), Policy())
    assert isinstance(waiting, Hold)
    assert waiting.waiting_for == "customer:C1"
    closed = Policy(books_open_from=f.on("2026-04-01"), closed_period=ClosedPeriod.HOLD)
    held = decide(EVENT, known(), closed)
    assert isinstance(held, Hold)
    assert held.waiting_for == "period"
    moved = decide(EVENT, known(), dataclasses.replace(closed, closed_period=ClosedPeriod(
        "first_open_day")))  # fmt: skip
    assert isinstance(moved, PostingPlan)
    assert {entry.posted_on for entry in moved.entries} == {f.on("2026-04-01")}


def test_what_is_wrong_is_refused() -> None:
    """A block that exists, one of nothing, one that has expired already."""
    books = known()
    first = decide(EVENT, books, Policy())
    assert isinstance(first, PostingPlan)
    books.remember(first)
    for event, reason in (
        (f.opening("2026-03-01", "again", f.terms("B1", "1", "1")), Reason.DUPLICATE_BLOCK),
        (f.opening("2026-03-01", "free", f.terms("B3", "1")), Reason.NOTHING_TO_DO),
        (
            f.opening("2026-03-01", "late", f.terms("B4", "1", "1", until="2026-02-01")),
            Reason.EXPIRY_IN_THE_PAST,
        ),
    ):
        refused = decide(event, books, Policy())
        assert isinstance(refused, Rejection)
        assert refused.reason is reason
