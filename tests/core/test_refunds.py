"""Refunds: what a customer has on a purchase is paid out, no more and once."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from drawdown.core.checks import AT_END, violations
from drawdown.core.decide import decide
from drawdown.core.decide.known import Known
from drawdown.core.events import (
    BlockKind,
    BlockTerms,
    BlockVoid,
    CreditLine,
    CreditMemo,
    CustomerChanged,
    Event,
    Payment,
    PurchaseInvoice,
    Refund,
    SalesOrder,
)
from drawdown.core.plan import Hold, Outcome, PostingPlan, Reason, Rejection
from drawdown.core.policy import Policy
from drawdown.core.rules import Record

AT = datetime(2026, 1, 10, tzinfo=UTC)
ON = date(2026, 1, 10)


class Books:
    """Facts decided one after the other."""

    def __init__(self) -> None:
        self.known = Known("t")
        terms = BlockTerms("B", BlockKind.PURCHASED, 10_000, Decimal(100), 0, AT, None, ())
        for event in (
            CustomerChanged("c", AT, "C", "C", "USD"),
            SalesOrder("o", AT, ON, "O", "C", "USD", Decimal(1), (terms,)),
            PurchaseInvoice("p", AT, ON, "I", "O", (), ()),
        ):
            assert isinstance(self.take(event), PostingPlan)

    def take(self, event: Event) -> Outcome:
        outcome = decide(event, self.known, Policy())
        if isinstance(outcome, PostingPlan):
            self.known.remember(outcome)
        return outcome

    def pay(self, amount: int | None = None) -> None:
        assert isinstance(self.take(Payment("pay", AT, ON, "P", "I", amount)), PostingPlan)

    def void(self) -> None:
        assert isinstance(self.take(BlockVoid("void", AT, ON, "B", "")), PostingPlan)

    def refund(self, amount: int | None = None, name: str = "R") -> Outcome:
        return self.take(Refund(name, AT, ON, name, "I", amount))

    def holds(self) -> list[str]:
        entries = [e for found in self.known.entries.values() for e in found if e.block_id == "B"]
        return violations(self.known.blocks["B"], entries, AT_END)


def test_what_was_paid_is_paid_out() -> None:
    """One customer refund applied to the credit memo, out of the bank; every account at zero."""
    books = Books()
    books.pay()
    books.void()
    assert books.holds() != []
    outcome = books.refund()
    assert isinstance(outcome, PostingPlan)
    (intent,) = outcome.intents
    assert (intent.record, intent.amount_minor) == (Record.CUSTOMER_REFUND, 10_000)
    assert intent.is_paid_out
    memos = [e.record for e in books.known.entries["B", books.known.blocks["B"].sequence - 1]
             if e.code == "V4"]  # fmt: skip
    assert [intent.target] == memos
    assert books.holds() == []


def test_no_more_than_was_paid_and_once() -> None:
    """Of 100.00 only 40.00 were paid: the credit memo takes the 60.00 that were due."""
    books = Books()
    books.pay(4_000)
    books.void()
    too_much = books.refund(4_001)
    assert isinstance(too_much, Rejection)
    assert too_much.reason is Reason.OVERPAID
    assert "the customer has 40.00" in too_much.detail
    assert isinstance(books.refund(1_000, "R1"), PostingPlan)
    again = books.refund(1_000, "R1")
    assert isinstance(again, Rejection)
    assert again.reason is Reason.DUPLICATE_DOCUMENT
    assert isinstance(books.refund(None, "R2"), PostingPlan)
    assert isinstance(books.refund(None, "R3"), Rejection)
    assert books.holds() == []


def test_several_credit_memos_are_refunded_oldest_first() -> None:
    books = Books()
    books.pay()
    for number in (1, 2):
        line = CreditLine("", "B", None, 2_000)
        memo = CreditMemo(f"m{number}", AT, ON, f"M{number}", "I", (line,))
        assert isinstance(books.take(memo), PostingPlan)
    outcome = books.refund(3_000)
    assert isinstance(outcome, PostingPlan)
    assert [one.amount_minor for one in outcome.intents] == [2_000, 1_000]
    assert len({one.target for one in outcome.intents}) == 2
    assert books.known.blocks["B"].due_minor == -1_000


def test_a_refund_waits_for_its_invoice() -> None:
    outcome = Books().take(Refund("R", AT, ON, "R", "unknown", None))
    assert isinstance(outcome, Hold)
    assert outcome.waiting_for == "invoice:unknown"


def test_nothing_is_there_to_refund() -> None:
    books = Books()
    assert isinstance(books.refund(), Rejection)
    books.pay()
    assert isinstance(books.refund(), Rejection)
