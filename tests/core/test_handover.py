"""Blocks handed over to the ERP's own billing."""

from __future__ import annotations

from drawdown.core.accounts import Observed, Role
from drawdown.core.block import State
from drawdown.core.checks import AT_END, violations
from drawdown.core.decide import Known, decide
from drawdown.core.events import Event, Handover, Recognition
from drawdown.core.plan import Hold, Outcome, PostingPlan, Reason, Rejection
from drawdown.core.policy import ClosedPeriod, DepositAccount, Policy, PrepaidItem
from tests.cases import facts as f


def handover(amount_minor: int, block_id: str = "B1", when: str = "2026-04-01") -> Handover:
    return Handover("handover", f.at(when), f.on(when), block_id, amount_minor, "native:invoice:7")


def after(policy: Policy, *events: Event) -> tuple[Known, Outcome]:
    """Take events in; return the books and the outcome of the last."""
    books = Known("t")
    outcome: Outcome = PostingPlan()
    for event in events:
        outcome = decide(event, books, policy)
        if isinstance(outcome, PostingPlan):
            books.remember(outcome)
    return books, outcome


SOLD = (
    f.customer("2026-01-01"),
    f.order("2026-01-02", "S1", f.terms("B1", "1000", "1000")),
    f.purchase("2026-01-03", "I1", "S1"),
)
PAID = (*SOLD, f.payment("2026-01-20", "P1", "I1"))
USED = (*PAID, f.usage("2026-03-10", "U1", f.line("L1", "380cr", "B1")))


def test_the_deposit_pays_the_invoice_and_the_liability_goes() -> None:
    """Whatever the policies; what is left here is the revenue of what was used here."""
    for item in PrepaidItem:
        for deposit in DepositAccount:
            policy = Policy(prepaid_item=item, deposit_account=deposit)
            books, plan = after(policy, *USED, handover(62_000))
            assert isinstance(plan, PostingPlan), plan
            assert [(e.code, e.debit, e.credit, e.amount_minor) for e in plan.entries] == [
                ("H1", Role.ACCOUNTS_RECEIVABLE, Observed.CLOSING_BALANCE, 62_000),
                ("H2", Role.CUSTOMER_DEPOSITS, Role.ACCOUNTS_RECEIVABLE, 62_000),
                ("H3", Role.PREPAID_CREDITS_LIABILITY, Role.PREPAYMENT_CLEARING, 62_000),
            ]
            application, journal = plan.intents
            assert (application.target, application.amount_minor) == ("native:invoice:7", 62_000)
            assert journal.posted_on == f.on("2026-04-01")
            block = books.blocks["B1"]
            assert (block.state, block.remaining_minor) == (State.VOIDED, 0)
            entries = [entry for found in books.entries.values() for entry in found]
            assert violations(block, entries) == []


def test_zero_at_the_end() -> None:
    """After the month end, control accounts are at zero and revenue is what was used here."""
    recognition = Recognition(
        "month end", f.at("2026-03-31"), f.on("2026-03-31"), "B1", "usage", 38_000,
        Role.DEFERRED_REVENUE_USAGE.value, Observed.REVENUE_USAGE.value, "JE1",
    )  # fmt: skip
    books, _ = after(Policy(), *USED, handover(62_000), recognition)
    entries = [entry for found in books.entries.values() for entry in found]
    assert violations(books.blocks["B1"], entries, AT_END) == []


def test_what_cannot_be_handed_over_is_refused() -> None:
    waiting = handover(62_000, "B9")
    _, outcome = after(Policy(), *USED, waiting)
    assert isinstance(outcome, Hold)
    for events, amount in ((USED, 61_999), (SOLD, 100_000)):  # another amount; not paid
        _, outcome = after(Policy(), *events, handover(amount))
        assert isinstance(outcome, Rejection)
        assert outcome.reason is Reason.BLOCK_IN_USE
    _, outcome = after(Policy(), *USED, f.void_block("2026-03-20", "B1"), handover(62_000))
    assert isinstance(outcome, Rejection)
    assert outcome.reason is Reason.NOTHING_TO_DO
    closed = Policy(books_open_from=f.on("2026-05-01"), closed_period=ClosedPeriod.HOLD)
    _, outcome = after(closed, *USED, handover(62_000))
    assert isinstance(outcome, Hold)
