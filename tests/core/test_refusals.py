"""What is held or refused, in which order of precedence; closed periods."""

from __future__ import annotations

from datetime import date

import pytest

from drawdown.core.events import Expiry, Recognition
from drawdown.core.plan import Hold, PostingPlan, Reason, Rejection
from drawdown.core.policy import (
    ClosedPeriod,
    Overdraw,
    Policy,
    PurchaseTrigger,
)
from tests.cases import facts as f
from tests.cases.books import Books
from tests.cases.facts import at, on
from tests.cases.script import ONE_BLOCK, run

PAY_AS_YOU_GO = Policy(overdraw=Overdraw.DRAW_REMAINING)


def test_every_hold_names_the_missing_fact_and_goes_on_when_it_comes() -> None:
    """Facts may come in any order; those that wait are decided again by themselves."""
    books = run("""
    2026-03-01 credit M1 U1                           -> held invoice:U1
    2026-03-02 payment P1 I1                          -> held invoice:I1
    2026-02-01 usage U1 | L1 25cr block=A             -> held customer:C1
    2026-01-01 purchase I1 S1                         -> held order:S1
    2026-04-01 void_block A                           -> held known:A
    2026-01-01 order S1 | A 100cr 80.00               -> held customer:C1
    2026-01-01 customer C1                            -> ok
    = A 0cr 0.00 voided
    """)
    # They go on in the order in which they happened.
    assert all(isinstance(outcome, PostingPlan) for outcome in books.outcomes.values())
    codes = "P1 P2 P3 P4 D1 D2 D3 R1 R2 R3 P5 V1 V2 V3 V4"
    assert [entry.code for entry in books.entries] == codes.split()
    assert not any(books.held.values())


def test_a_void_of_a_block_before_its_purchase_lets_waiting_usage_go() -> None:
    """What can no longer come is not waited for."""
    books = run("""
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 | A 100cr 80.00               -> ok
    2026-02-01 usage U1 id=u1 | L1 25cr block=A       -> held block:A
    2026-02-02 void_block A                           -> ok nothing
    """)
    outcome = books.take(f.usage("2026-02-03", "U2", f.line("L1", "1cr", "X")))
    assert isinstance(outcome, Hold)
    assert "not known yet; send the sales order" in outcome.detail
    outcome = books.outcomes["u1"]
    assert isinstance(outcome, Rejection)
    assert outcome.reason is Reason.BLOCK_CLOSED


@pytest.mark.parametrize(
    ("rows", "policy"),
    [
        pytest.param(rows, policy, id=name)
        for name, policy, rows in (
            (
                "duplicate_document",
                Policy(),
                """
    2026-02-01 usage U1 | L1 1cr                          -> ok
    2026-02-01 usage U1 | L1 1cr                          -> refused duplicate_document
    2026-02-01 order S1 | B 1cr 1.00                      -> refused duplicate_document
    2026-02-01 purchase I1 S1                             -> refused duplicate_document
    2026-02-01 purchase I2 S1                             -> refused duplicate_document
    2026-02-01 purchase U1 S1                             -> refused duplicate_document
    # A memo or payment sent again under another event id would count twice.
    2026-02-02 credit M1 U1 | 1cr                         -> ok
    2026-02-02 credit M1 U1 | 1cr                         -> refused duplicate_document
    2026-02-02 credit M1 I1 | 1cr block=A                 -> refused duplicate_document
    2026-02-02 payment P1 I1 1.00                         -> ok
    2026-02-02 payment P1 I1 1.00                         -> refused duplicate_document
    # Orders, invoices, memos and payments are numbered apart.
    2026-02-02 usage S1 | L1 1cr                          -> ok
    2026-02-02 credit P1 S1 | 1cr                         -> ok
    2026-02-02 payment M1 I1 1.00                         -> ok
                """,
            ),
            (
                "duplicate_block",
                Policy(),
                """
    2026-02-01 order S2 | A 1cr 1.00                      -> refused duplicate_block
    2026-02-01 order S2 | B 1cr 1.00 | B 1cr 1.00         -> refused duplicate_block
                """,
            ),
            (
                "wrong_customer",
                Policy(),
                """
    2026-02-01 customer C2                                -> ok
    2026-02-01 usage U1 customer=C2 | L1 1cr block=A      -> refused wrong_customer
                """,
            ),
            (
                "wrong_currency",
                Policy(),
                """
    2026-02-01 usage U1 cur=EUR | L1 1cr block=A          -> refused wrong_currency
    2026-02-01 order S2 | B 9cr 9.00                      -> ok
    2026-02-01 purchase I2 S2 cur=JPY | T 9 kind=tax      -> refused wrong_currency
    2026-02-01 purchase I2 S2 cur=USD | T 0.09 kind=tax   -> ok
    2026-02-01 payment P1 I2 1 cur=JPY                    -> refused wrong_currency
    2026-02-01 payment P1 I2 1.00 cur=USD                 -> ok P5 1.00
    2026-02-01 credit M1 I2 cur=JPY | 1 block=B           -> refused wrong_currency
    2026-02-01 credit M1 I2 cur=USD | 1.00 block=B        -> ok
                """,
            ),
            (
                "wrong_item",
                Policy(),
                """
    2026-02-01 order S2 | B 9cr 9.00 items=api,chat       -> ok
    2026-02-01 purchase I2 S2                             -> ok
    2026-02-01 usage U1 | L1 1cr block=B                  -> refused wrong_item
    2026-02-01 usage U1 | L1 1cr block=B item=api         -> ok
                """,
            ),
            (
                "expiry_in_the_past",
                Policy(),
                """
    2026-02-01 order S2 | B 1cr 1.00 until=2026-02-01     -> refused expiry_in_the_past
    2026-02-01 order S2 | B 1cr 1.00 from=2026-03-01 until=2026-02-15 -> refused expiry_in_the_past
    2026-02-01 order S2 | B 1cr 1.00 until=2026-02-01T00:01 -> ok
                """,
            ),
            (
                "block_closed",
                Policy(),
                """
    2027-01-01 usage U1 | L1 1cr block=A                  -> refused block_closed
    2027-01-01 clock                                      -> ok
    2026-12-31 usage U1 | L1 1cr block=A                  -> refused block_closed
    2027-01-02 void_block A                               -> refused block_closed
    2027-01-02 credit M1 I1 | 1cr block=A                 -> refused block_closed
    2027-01-02 purchase I2 S1 A                           -> refused block_closed
                """,
            ),
            (
                "not_effective",
                Policy(),
                """
    2026-01-01 order S2 | B 9cr 9.00 from=2026-03-01      -> ok
    2026-01-01 purchase I2 S2                             -> ok
    2026-02-28T23:59 usage U1 | L1 1cr block=B            -> refused not_effective
    2026-03-01 usage U1 | L1 1cr block=B                  -> ok
                """,
            ),
            (
                "block_in_use",
                Policy(),
                """
    2026-02-01 usage U1 | L1 1cr block=A                  -> ok
    2026-02-02 void I1                                    -> refused block_in_use
    2026-02-02 credit M1 I1                               -> refused block_in_use
    2026-02-02 void U1                                    -> ok
    2026-02-03 void I1                                    -> ok V1-4 80.00
                """,
            ),
            (
                "unknown_line",
                PAY_AS_YOU_GO,
                """
    2026-02-01 usage U1 | L1 1cr block=A | L2 1cr block=A -> ok
    2026-02-02 credit M1 U1 | 1cr line=L3                 -> refused unknown_line
    2026-02-02 credit M1 U1 | 1cr block=B                 -> refused unknown_line
    2026-02-02 credit M1 U1 | 1cr line=L1 block=B         -> refused unknown_line
    2026-02-02 credit M1 I1 | 1cr block=B                 -> refused unknown_line
    2026-02-02 credit M1 I1 | 1cr block=A | 1cr block=A   -> refused unknown_line
    2026-02-02 purchase I2 S1 B                           -> refused unknown_line
                """,
            ),
            (
                "overdrawn",
                Policy(),
                """
    2026-02-01 usage U1 | L1 101cr block=A                -> refused overdrawn
    2026-02-01 usage U1 | L1 80.01 block=A                -> refused overdrawn
    2026-02-01 usage U1 | L1 101cr                        -> refused overdrawn
    2026-02-01 usage U1 | L1 60cr block=A | L2 41cr       -> refused overdrawn
    2026-02-01 usage U1 | L1 60cr block=A | L2 40cr       -> ok
    2026-02-01 usage U2 | L1 1cr block=A                  -> refused overdrawn
    2026-02-01 credit M1 I1 | 1cr block=A                 -> refused block_closed
    2026-02-01 void_block A                               -> refused block_closed
                """,
            ),
            (
                "more_than_credited",
                PAY_AS_YOU_GO,
                """
    2026-02-01 usage U1 | L1 10cr block=A                 -> ok
    2026-02-02 credit M1 U1 | 11cr line=L1                -> refused more_than_credited
    2026-02-02 credit M1 U1 | 8.01 line=L1                -> refused more_than_credited
    2026-02-02 credit M1 U1 | 6cr | 5cr                   -> refused more_than_credited
    2026-02-02 credit M1 U1 | 6cr | 4cr                   -> ok
    2026-02-02 credit M2 I1 | 101cr block=A               -> refused more_than_credited
    2026-02-02 credit M2 I1 | 80.01 block=A               -> refused more_than_credited
                """,
            ),
            (
                "overpaid",
                Policy(),
                """
    2026-02-01 payment P1 I1 80.01                        -> refused overpaid
    2026-02-01 payment P1 I1 0.00                         -> refused overpaid
    2026-02-01 payment P1 I1 79.99                        -> ok P5 79.99
    2026-02-01 payment P2 I1                              -> ok P5 0.01
    2026-02-01 payment P3 I1                              -> refused overpaid
                """,
            ),
            (
                "missing_rate",
                PAY_AS_YOU_GO,
                """
    2026-02-01 usage U1 | L1 101cr block=A                -> refused missing_rate
    2026-02-01 usage U1 | L1 101cr block=A rate=0.90      -> ok D1-3 80.00
                """,
            ),
            (
                "amount_too_large",
                PAY_AS_YOU_GO,
                """
    2026-02-01 usage U1 | L1 999999999999999cr rate=9.99  -> refused amount_too_large
    2026-02-01 usage U1 | L1 1E+18cr rate=1E+18           -> refused amount_too_large
    2026-02-01 usage U1 | T 9999999999999.99 kind=tax | L1 1cr -> refused amount_too_large
    2026-02-01 usage U1 | T 9999999999999.99 kind=tax | V 0.01 kind=tax -> ok
    2026-02-01 order S2 | B 1cr 9999999999999.99 | C 1cr 0.02 -> refused amount_too_large
    2026-02-01 order S2 | B 1cr 9999999999999.99          -> ok
    2026-02-01 purchase I2 S2 | T 0.02 kind=tax           -> refused amount_too_large
    2026-02-01 purchase I2 S2 | T 0.01 kind=tax           -> ok
                """,
            ),
            (
                "nothing_to_do",
                Policy(),
                """
    2026-02-01 usage U1                                   -> refused nothing_to_do
    2026-02-01 usage U1 | L1 0cr | L2 0.00 block=A        -> refused nothing_to_do
    2026-02-01 usage U1 | L1 1cr                          -> ok
    2026-02-02 credit M1 U1 | 0cr line=L1                 -> refused nothing_to_do
    2026-02-02 credit M1 U1 | 0.00 line=L1                -> refused nothing_to_do
    2026-02-02 credit M1 U1                               -> ok
    2026-02-02 credit M2 U1                               -> refused nothing_to_do
    2026-02-02 credit M2 I1 | 0cr block=A                 -> refused nothing_to_do
    2026-02-02 void I1                                    -> ok
    2026-02-02 credit M3 I1                               -> refused nothing_to_do
                """,
            ),
        )
    ],
)
def test_every_reason_refuses_and_posts_nothing(rows: str, policy: Policy) -> None:
    """Each rule by the event that breaks it, beside its nearest neighbour that does not."""
    run(ONE_BLOCK + rows, policy)


def test_a_recognition_that_cannot_be_read_is_refused() -> None:
    """Accounts that no rule connects, or an amount of zero; and one that comes too early waits."""

    def recognition(block_id: str, amount: int, deferred: str, credited: str) -> Recognition:
        return Recognition(
            "r", at("2026-01-31"), on("2026-01-31"), block_id, "usage", amount, deferred, credited,
            "ARM-1",
        )  # fmt: skip

    books = run(ONE_BLOCK + "2026-01-02 order S2 | N 1cr 1.00 -> ok")
    usage, revenue = "deferred_revenue_usage", "revenue_usage"
    for amount, deferred, credited, reason in (
        (1, usage, "revenue_breakage", Reason.UNKNOWN_ACCOUNT),
        (1, usage, "no such account", Reason.UNKNOWN_ACCOUNT),
        (1, revenue, usage, Reason.UNKNOWN_ACCOUNT),
        (0, "no such account", revenue, Reason.UNKNOWN_ACCOUNT),
        (0, usage, revenue, Reason.NOTHING_TO_DO),
    ):
        outcome = books.take(recognition("A", amount, deferred, credited))
        assert isinstance(outcome, Rejection)
        assert outcome.reason is reason
    for block_id in ("N", "X"):
        outcome = books.take(recognition(block_id, 1, usage, revenue))
        assert isinstance(outcome, Hold)
        assert outcome.waiting_for == f"block:{block_id}"


def test_an_expiry_of_nothing() -> None:
    """An expiry waits for its block, and does nothing to one with nothing left."""
    books = run(ONE_BLOCK + "2026-02-01 usage U1 | L1 100cr -> ok")
    waiting = books.take(Expiry("e1", at("2027-01-01"), "X"))
    assert isinstance(waiting, Hold)
    assert waiting.waiting_for == "block:X"
    refused = books.take(Expiry("e2", at("2027-01-01"), "A"))
    assert isinstance(refused, Rejection)
    assert refused.reason is Reason.NOTHING_TO_DO


def test_a_block_without_end_can_be_expired_by_name() -> None:
    """Breakage is then dated the day before the instant of the event."""
    books = run("""
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 | A 100cr 80.00 until=never   -> ok
    2026-01-01 purchase I1 S1                         -> ok
    2099-01-01 clock                                  -> ok
    = A 100cr 80.00 open
    """)
    plan = books.take(Expiry("e1", at("2026-07-01"), "A"))
    assert isinstance(plan, PostingPlan)
    assert {(entry.code, entry.posted_on) for entry in plan.entries} == {
        (code, date(2026, 6, 30)) for code in ("E1", "E2", "E3")
    }


PRECEDENCE = """
    2026-01-01 customer C2                                       -> ok
    2026-01-01 order S2 customer=C2 cur=EUR | B 9cr 9.00 items=api until=2026-02-01 -> ok
    2026-01-01 purchase I2 S2                                    -> ok
    2026-01-01 order S3 | D 9cr 9.00 items=api from=2026-09-01   -> ok
    2026-01-01 purchase I3 S3                                    -> ok
    2026-02-01 usage U1 | L1 10cr block=A                        -> ok
    # One line that breaks several rules: the first in the order of Reason is told.
    2026-03-01 usage U1 | L1 99cr block=B                        -> refused duplicate_document
    2026-03-01 usage U2 | L1 99cr block=B                        -> refused wrong_customer
    2026-03-01 usage U2 customer=C2 | L1 99cr block=B            -> refused wrong_currency
    2026-03-01 usage U2 customer=C2 cur=EUR | L1 99cr block=B    -> refused wrong_item
    2026-03-01 usage U2 customer=C2 cur=EUR | L1 99cr block=B item=api -> refused block_closed
    2026-03-01 usage U2 | L1 99cr block=D                        -> refused wrong_item
    2026-03-01 usage U2 | L1 99cr block=D item=api               -> refused not_effective
    # Several lines: the same order decides, not that of the lines.
    2026-03-01 usage U2 | L1 999cr block=A | L2 1cr block=D item=api -> refused not_effective
    2026-03-01 usage U2 | L1 1cr block=D item=api | L2 1cr block=D   -> refused wrong_item
    2026-03-01 usage U2 | L1 1cr block=D | L2 1cr block=B        -> refused wrong_customer
    # What nothing can heal goes before what the next fact may bring.
    2026-03-01 usage U2 | L1 1cr block=X | L2 1cr block=B        -> refused wrong_customer
    2026-03-01 usage U2 | L1 999cr block=A | L2 1cr block=X      -> held block:X
    2026-03-01 order S4 | E 1cr 1.00 until=2026-01-01 | A 1cr 1.00 -> refused duplicate_block
    2026-03-01 order S1 | A 1cr 1.00 until=2026-01-01            -> refused duplicate_document
    2026-03-01 order S4 customer=C9 | A 1cr 1.00                 -> held customer:C9
    2026-03-01 purchase I4 S1 X A                                -> refused block_closed
    2026-03-01 credit M1 U1 | 99cr line=L1 | 1cr line=L9         -> refused unknown_line
    2026-03-01 credit M1 I1 | 99cr block=A | 1cr block=B         -> refused unknown_line
    2026-03-01 void_block A                                      -> ok
    2026-03-01 credit M1 U1 | 99cr line=L1 | 1cr line=L9         -> refused block_closed
    2026-03-01 credit M1 I1 | 1cr block=B | 1cr block=A          -> refused block_closed
"""


def test_the_order_of_reasons_decides_when_two_apply() -> None:
    """Precedence is the order of `Reason`, within a line and over all lines."""
    run(ONE_BLOCK + PRECEDENCE)


def test_a_refusal_goes_before_a_closed_period() -> None:
    """A fact that is wrong is refused at once, not held until somebody reopens the period."""
    closed = Policy(closed_period=ClosedPeriod.HOLD, books_open_from=date(2026, 4, 1))
    books = run(
        """
    2026-04-01 customer C1                            -> ok
    2026-01-01 order S1 | A 100cr 80.00 until=never   -> ok
    2026-03-31 purchase I1 S1 X                       -> refused unknown_line
    2026-03-31 purchase I1 S1                         -> held period
    2026-04-01 purchase I1 S1                         -> ok
    2026-03-31 usage U1 | L1 101cr                    -> refused overdrawn
    2026-03-31 usage U1 | L1 10cr                     -> held period
    2026-04-01 usage U1 | L1 10cr                     -> ok
    2026-03-31 credit M1 U1 | 11cr                    -> refused more_than_credited
    2026-03-31 credit M1 U1 | 1cr                     -> held period
    2026-03-31 payment P1 I1 99.00                    -> refused overpaid
    2026-03-31 payment P1 I1                          -> held period
    2026-03-31 void I1                                -> refused block_in_use
    2026-03-31 void_block A                           -> held period
    2026-03-31 credit M2 I1 | 1cr block=A             -> held period
        """,
        closed,
    )
    closed_before(books, "2026-05-01", ClosedPeriod.HOLD)
    for day, outcome in (("2026-05-01", Hold), ("2026-05-02", PostingPlan)):
        assert isinstance(books.take(Expiry(day, at(day), "A")), outcome)
    by_order = Policy(
        closed_period=ClosedPeriod.HOLD,
        books_open_from=date(2026, 4, 1),
        purchase_trigger=PurchaseTrigger.SALES_ORDER,
    )
    run(
        """
    2026-04-01 customer C1                            -> ok
    2026-03-31 order S1 | A 100cr 80.00               -> held period
    2026-04-01 order S1 | A 100cr 80.00 until=2026-05-01 -> ok
    2026-05-01 clock                                  -> ok
    = A 0cr 0.00 expired
        """,
        by_order,
    )


def test_every_refusal_says_what_where_and_what_to_do() -> None:
    """The text names the block and ends with a remedy."""
    books = run(ONE_BLOCK + PRECEDENCE)
    refusals = [o for o in books.outcomes.values() if isinstance(o, Rejection)]
    assert len(refusals) > 15
    for refusal in refusals:
        assert len(refusal.detail) > 40
        assert refusal.block_id in refusal.detail


def closed_before(books: Books, day: str, policy: ClosedPeriod) -> None:
    books.policy = Policy(closed_period=policy, books_open_from=on(day))


def test_a_fact_of_a_closed_period_is_posted_on_the_first_open_day() -> None:
    """The fact keeps its own date beside the posting date."""
    books = run(ONE_BLOCK)
    closed_before(books, "2026-04-01", ClosedPeriod.FIRST_OPEN_DAY)
    plan = books.take(f.usage("2026-03-15", "U1", f.line("L1", "10cr", "A")))
    assert isinstance(plan, PostingPlan)
    assert {entry.posted_on for entry in plan.entries} == {date(2026, 4, 1)}
    assert {(i.posted_on, i.fact_on) for i in plan.intents} == {
        (date(2026, 4, 1), date(2026, 3, 15))
    }
    assert {movement.occurred_at for movement in plan.movements} == {at("2026-03-15")}


def test_by_policy_what_is_undone_in_place_waits_for_its_period() -> None:
    """Shrinking an application or deposit changes the ledger at its own date."""
    books = run(ONE_BLOCK + "2026-01-15 usage U1 | L1 10cr block=A -> ok")
    closed_before(books, "2026-04-01", ClosedPeriod.HOLD)
    for event in (f.credit("2026-04-02", "M1", "U1"), f.void_block("2026-04-02", "A")):
        outcome = books.take(event)
        assert isinstance(outcome, Hold)
        assert outcome.waiting_for == "period"
        assert "2026-01" in outcome.detail
