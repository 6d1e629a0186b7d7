"""What every fact leads to: tables of operations, the expected result last."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from drawdown.core.decide import decide
from drawdown.core.events import Expiry, Recognition
from drawdown.core.plan import Hold, Operation, PostingPlan, Reason, RecordIntent, Rejection
from drawdown.core.policy import (
    ClosedPeriod,
    DrawdownDocument,
    Overdraw,
    Policy,
    PrepaidItem,
    PurchaseTrigger,
)
from drawdown.core.rules import Record
from tests.cases import facts as f
from tests.cases.books import Books, month_end
from tests.cases.facts import at, on
from tests.cases.script import run

PAY_AS_YOU_GO = Policy(overdraw=Overdraw.DRAW_REMAINING)
BY_ORDER = Policy(purchase_trigger=PurchaseTrigger.SALES_ORDER)

ONE_BLOCK = """
2026-01-01 customer C1                            -> ok nothing
2026-01-01 order S1 | A 100cr 80.00               -> ok nothing
2026-01-01 purchase I1 S1                         -> ok P1-4 80.00
"""


def intents_of(books: Books, record: Record) -> list[RecordIntent]:
    return [intent for intent in books.intents if intent.record is record]


# --- holds and refusals ----------------------------------------------------------------------


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
    2026-02-02 credit M1 S1                               -> refused unknown_line
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
    2026-02-02 credit M1 I1 | 101cr block=A               -> refused more_than_credited
    2026-02-02 credit M1 I1 | 80.01 block=A               -> refused more_than_credited
                """,
            ),
            (
                "overpaid",
                Policy(),
                """
    2026-02-01 payment P1 I1 80.01                        -> refused overpaid
    2026-02-01 payment P1 I1 0.00                         -> refused overpaid
    2026-02-01 payment P1 S1                              -> refused overpaid
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


# --- closed periods --------------------------------------------------------------------------


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


def test_what_is_undone_in_place_waits_for_its_period() -> None:
    """Shrinking an application or deposit changes the ledger at its own date."""
    for policy in ClosedPeriod:
        books = run(ONE_BLOCK + "2026-01-15 usage U1 | L1 10cr block=A -> ok")
        closed_before(books, "2026-04-01", policy)
        for event in (f.credit("2026-04-02", "M1", "U1"), f.void_block("2026-04-02", "A")):
            outcome = books.take(event)
            assert isinstance(outcome, Hold)
            assert outcome.waiting_for == "period"
            assert "2026-01" in outcome.detail


# --- drawdown order --------------------------------------------------------------------------

ORDER_ROWS = {
    # The block named NEXT must be drawn though OTHER is there as well; the key under test decides.
    "priority": (
        "NEXT 9cr 9.00 priority=1 until=2026-12-01",
        "OTHER 9cr 1.00 priority=2 until=2026-11-01",
    ),
    "soonest_expiry": (
        "NEXT 9cr 9.00 until=2026-11-01",
        "OTHER 9cr 1.00 until=2026-12-01",
    ),
    "soonest_expiry, never last": (
        "NEXT 9cr 9.00 until=2099-01-01",
        "OTHER 9cr 1.00 until=never",
    ),
    "lowest_cost_basis": ("NEXT 9cr 8.99", "OTHER 9cr 9.00 from=2025-01-01"),
    "earliest_effective": ("NEXT 9cr 9.00 from=2025-01-01", "OTHER 9cr 9.00"),
    "block_id": ("NEXT 9cr 9.00", "OTHER 9cr 9.00"),
    # Orb, "Credit systems": item-filtered blocks first, then expiry, cost basis, creation.
    "item_filtered": (
        "NEXT 9cr 9.00 items=usage until=2026-12-01",
        "OTHER 9cr 1.00 until=2026-11-01",
    ),
}
ORB = ("item_filtered", "soonest_expiry", "lowest_cost_basis", "earliest_effective")


@pytest.mark.parametrize("key", ORDER_ROWS)
@pytest.mark.parametrize("is_reversed", [False, True])
def test_each_key_of_the_drawdown_order(key: str, is_reversed: bool) -> None:  # noqa: FBT001
    """Whatever the order in which blocks were sold, the key decides."""
    rows = ORDER_ROWS[key][::-1] if is_reversed else ORDER_ROWS[key]
    books = run(
        f"""
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 | {" | ".join(rows)}          -> ok
    2026-01-01 purchase I1 S1                         -> ok
    2026-02-01 usage U1 | L1 1cr                      -> ok
        """,
        Policy(drawdown_order=ORB) if key == "item_filtered" else None,
    )
    assert [m.block_id for m in books.movements if m.step == "drawn"] == ["NEXT"]


def test_the_block_id_decides_what_the_order_leaves_open() -> None:
    """Even where a tenant's own order does not name it."""
    for first, second in ("AB", "BA"):
        books = run(
            f"""
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 | {first} 9cr 9.00 | {second} 9cr 9.00 -> ok
    2026-01-01 purchase I1 S1                         -> ok
    2026-02-01 usage U1 | L1 1cr                      -> ok
            """,
            Policy(drawdown_order=("priority",)),
        )
        assert [m.block_id for m in books.movements if m.step == "drawn"] == ["A"]


def test_orb_published_order() -> None:
    """A trial block before one that never expires; at equal expiry no cost before 5.00 a credit.

    Source: docs.withorb.com, "Credit systems"; api-reference/credit/fetch-customer-credits-ledger.
    """
    run(
        """
    2026-01-01 customer C1                                              -> ok
    2026-01-01 order S1 | PAID 10cr 50.00 until=never | FREE 10cr until=never -> ok
    2026-01-01 order S2 | TRIAL 10cr until=2026-01-15                   -> ok
    2026-01-01 purchase I1 S1 PAID                                      -> ok
    2026-01-10 usage U1 | L1 4cr                                        -> ok nothing
    = TRIAL 6cr 0.00 open
    2026-01-10 usage U2 | L1 10cr                                       -> ok nothing
    = TRIAL 0cr 0.00 open
    = FREE 6cr 0.00 open
    2026-01-10 usage U3 | L1 8cr                                        -> ok D1-3 10.00
    = PAID 8cr 40.00 open
        """,
        Policy(drawdown_order=ORB),
    )


def test_metronome_published_life() -> None:
    """A credit of 100 for September, 63 used on 1 October's invoice, 37 expire; the sum is zero.

    Source: docs.metronome.com/pricing-packaging/apply-credits-commits/remaining-balance.
    """
    books = run("""
    2024-09-01 customer C1                                               -> ok
    2024-09-01 order S1 | A 100cr 100.00 from=2024-09-01 until=2024-10-01 -> ok
    2024-09-01 purchase I1 S1                                            -> ok
    2024-10-01 usage U1 | L1 63cr used=2024-09-30                        -> ok D1-3 63.00
    2024-10-01 clock                                                     -> ok
    = A 0cr 0.00 expired
    """)
    assert [m.credits for m in books.movements if m.credits] == [Decimal(63), Decimal(37)]
    assert books.block("A").used_minor == 10000


def test_invoiceninja_published_life() -> None:
    """200 on 1 July until 31 July, 120 on the 20th, 20 on the 25th: 60 remain and expire.

    Source: github.com/invoiceninja/invoiceninja/issues/6142.
    """
    run("""
    2026-07-01 customer C1                                -> ok
    2026-07-01 order S1 | A 200cr 200.00 until=2026-08-01 -> ok
    2026-07-01 purchase I1 S1                             -> ok
    2026-07-20 usage U1 | L1 120.00                       -> ok
    2026-07-25 usage U2 | L1 20.00                        -> ok
    = A 60cr 60.00 open
    2026-08-01 clock                                      -> ok
    = A 0cr 0.00 expired
    """)


def test_blocks_are_usable_from_their_start_until_just_before_their_end() -> None:
    """Ranges are half open; the instant of use counts, not that of the invoice."""
    run("""
    2026-01-01 customer C1                                               -> ok
    2026-01-01 order S1 | A 9cr 9.00 from=2026-02-01 until=2026-03-01    -> ok
    2026-01-01 purchase I1 S1                                            -> ok
    2026-01-31T23:59 usage U1 | L1 1cr                                   -> refused overdrawn
    2026-02-01 usage U2 | L1 1cr                                         -> ok
    2026-02-28T23:59 usage U3 | L1 1cr                                   -> ok
    2026-03-01 usage U4 | L1 1cr                                         -> refused overdrawn
    2026-03-01 usage U5 | L1 1cr used=2026-02-28T23:59                   -> ok
    2026-02-15 usage U6 | L1 1cr used=2026-03-01                         -> refused overdrawn
    2026-02-28T23:59 clock                                               -> ok
    = A 6cr 6.00 open
    2026-03-01 clock                                                     -> ok
    = A 0cr 0.00 expired
    """)


def test_item_bound_blocks_pay_only_for_their_items() -> None:
    """One line may be paid by several blocks; others are passed over."""
    run("""
    2026-01-01 customer C1                                               -> ok
    2026-01-01 order S1 | A 5cr 5.00 items=api until=2026-06-01 | B 9cr 9.00 -> ok
    2026-01-01 order S2 cur=EUR | E 9cr 9.00 until=2026-05-01            -> ok
    2026-01-01 purchase I1 S1                                            -> ok
    2026-01-01 purchase I2 S2                                            -> ok
    2026-02-01 usage U1 | L1 2cr item=chat | L2 7cr item=api -> ok D1-3 2.00 D1-3 5.00 D1-3 2.00
    = A 0cr 0.00 open
    = B 5cr 5.00 open
    = E 9cr 9.00 open
    """)


# --- credits, money, rounding ----------------------------------------------------------------


def test_the_last_draw_takes_the_odd_cent() -> None:
    """3 credits for 1.00: 0.33, 0.33, 0.34; whatever is undone and drawn again in between."""
    run("""
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 | A 3cr 1.00                  -> ok
    2026-01-01 purchase I1 S1                         -> ok
    2026-02-01 usage U1 | L1 1cr                      -> ok D1-3 0.33
    2026-02-02 usage U2 | L1 1cr                      -> ok D1-3 0.33
    2026-02-03 usage U3 | L1 1cr                      -> ok D1-3 0.34
    2026-02-04 void U1                                -> ok R1-3 0.33
    = A 1cr 0.33 open
    2026-02-05 usage U4 | L1 0.5cr                    -> ok D1-3 0.16
    2026-02-05 usage U5 | L1 0.5cr                    -> ok D1-3 0.17
    = A 0cr 0.00 open
    """)


def test_currencies_of_no_and_of_three_decimals() -> None:
    """Yen and Kuwaiti dinar: the same rule in their own minor units."""
    run("""
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 cur=JPY | J 3cr 100           -> ok
    2026-01-01 order S2 cur=KWD | K 3cr 1.000         -> ok
    2026-01-01 purchase I1 S1                         -> ok P1-4 100
    2026-01-01 purchase I2 S2                         -> ok P1-4 1.000
    2026-02-01 usage U1 cur=JPY | L1 1cr              -> ok D1-3 33
    2026-02-01 usage U2 cur=KWD | L1 1cr              -> ok D1-3 0.333
    2026-02-02 usage U3 cur=JPY | L1 2cr              -> ok D1-3 67
    2026-02-02 usage U4 cur=KWD | L1 0.667            -> ok D1-3 0.667
    = J 0cr 0 open
    = K 0cr 0.000 open
    """)


def test_a_step_of_no_money_posts_nothing() -> None:
    """Credits worth less than a cent are counted; their money comes with the draw that fills it."""
    books = run("""
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 | A 1000cr 1.00               -> ok
    2026-01-01 purchase I1 S1                         -> ok
    2026-02-01 usage U1 | L1 9cr                      -> ok nothing
    2026-02-02 usage U2 | L1 1cr                      -> ok D1-3 0.01
    2026-02-03 void U1                                -> ok nothing
    2026-02-04 usage U3 | L1 9cr                      -> ok nothing
    = A 990cr 0.99 open
    2026-02-05 usage U4 | L1 0.99                     -> ok D1-3 0.99
    = A 0cr 0.00 open
    """)
    # The invoice bears its line of 0.00; there is no application and no journal of nothing.
    zero = [i for i in intents_of(books, Record.INVOICE) if not i.amount_minor]
    assert len(zero) == 2
    assert len(intents_of(books, Record.DEPOSIT_APPLICATION)) == 2


def test_promotional_blocks_have_units_and_no_money() -> None:
    """They open with the order, are drawn at 0.00, expire and are voided without a posting."""
    books = run("""
    2026-01-01 customer C1                                     -> ok
    2026-01-01 order S1 | F 10cr | G 10cr | A 10cr 5.00        -> ok nothing
    2026-02-01 usage U1 | L1 4cr block=F                       -> ok nothing
    2026-02-01 usage U2 | L1 1.00                              -> refused overdrawn
    2026-02-01 usage U2 | L1 1.00 block=F                      -> refused overdrawn
    2026-02-02 credit M1 U1 | 1cr                              -> ok nothing
    2026-02-02 credit M2 U1 | 1.00                             -> refused more_than_credited
    = F 7cr 0.00 open
    2026-02-03 void_block F                                    -> ok nothing
    = F 0cr 0.00 voided
    2026-02-04 purchase I1 S1                                  -> ok P1-4 5.00
    2026-02-05 void I1                                         -> ok V1-4 5.00
    = G 0cr 0.00 voided
    2026-02-06 order S2 | H 10cr until=2026-03-01              -> ok
    2026-03-01 clock                                           -> ok
    = H 0cr 0.00 expired
    2026-03-02 order S3 | K 10cr                               -> ok
    2026-03-02 purchase I3 S3                                  -> ok nothing
    2026-03-03 void I3                                         -> ok nothing
    = K 0cr 0.00 voided
    """)
    assert {e.block_id for e in books.entries} == {"A"}
    invoice = intents_of(books, Record.INVOICE)[0]
    assert [(line.amount_minor, line.credits) for line in invoice.lines] == [(0, Decimal(4))]


# --- ordinary lines --------------------------------------------------------------------------


def test_tax_and_other_lines_are_never_drawn() -> None:
    """They stay receivables of the same invoice, are paid and credited beside the block."""
    books = run(
        ONE_BLOCK
        + """
    2026-02-01 usage U1 | L1 10cr | T 0.80 kind=tax | S 5.00 kind=subscription -> ok D1-3 8.00
    = A 90cr 72.00 open
    2026-02-02 payment P1 U1 5.81                     -> refused overpaid
    2026-02-02 payment P1 U1 2.00                     -> ok nothing
    2026-02-03 credit M1 U1 | 0.30 line=T             -> ok nothing
    2026-02-03 credit M1 U1 | line=T                  -> ok nothing
    2026-02-03 credit M2 U1 | 0.01 line=T             -> refused more_than_credited
    2026-02-03 credit M2 U1 | 1cr line=S              -> refused more_than_credited
    2026-02-04 payment P2 U1                          -> ok nothing
    2026-02-05 void U1                                -> ok R1-3 8.00
    = A 100cr 80.00 open
        """
    )
    invoice = intents_of(books, Record.INVOICE)[-1]
    assert [(li.kind.value, li.amount_minor, li.block_id) for li in invoice.lines] == [
        ("usage", 800, "A"),
        ("tax", 80, ""),
        ("subscription", 500, ""),
    ]
    payments = intents_of(books, Record.CUSTOMER_PAYMENT)
    assert [p.amount_minor for p in payments] == [200, 300]
    memos = intents_of(books, Record.CREDIT_MEMO)
    # The tax was due; of the subscription nothing is, it was paid.
    assert [(m.amount_minor, m.applied_minor) for m in memos] == [(30, 30), (50, 50), (1300, 800)]


def test_purchase_invoices_may_bear_tax() -> None:
    """Blocks are paid first, then the rest; a void credits both."""
    books = run("""
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 | A 10cr 10.00 | B 10cr 5.00  -> ok
    2026-01-01 purchase I1 S1 | T 1.50 kind=tax       -> ok
    2026-01-02 payment P1 I1 12.00                    -> ok P5 10.00 P5 2.00
    2026-01-03 payment P2 I1 4.51                     -> refused overpaid
    2026-01-03 payment P2 I1 4.00                     -> ok P5 3.00
    2026-01-04 credit M1 I1 | 2.00 block=A            -> ok V1-4 2.00
    2026-01-05 void I1                                -> ok V1-4 8.00 V1-4 5.00
    = A 0cr 0.00 voided
    = B 0cr 0.00 voided
    2026-01-06 void I1                                -> refused nothing_to_do
    """)
    assert [books.block(b).due_minor for b in "AB"] == [-1000, -500]
    memos = intents_of(books, Record.CREDIT_MEMO)
    assert [(m.amount_minor, m.applied_minor) for m in memos] == [(200, 0), (1450, 50)]


def test_usage_beyond_the_blocks_is_billed_as_it_is() -> None:
    """Policy draw_remaining: the rest is an ordinary receivable at its rate, credited first."""
    books = run(
        ONE_BLOCK
        + """
    2026-02-01 usage U1 | L1 110cr rate=1.00          -> ok D1-3 80.00
    2026-02-02 credit M1 U1 | 4cr line=L1             -> ok nothing
    2026-02-03 credit M2 U1 | 6cr line=L1             -> ok nothing
    = A 0cr 0.00 open
    2026-02-04 credit M3 U1 | 5cr line=L1             -> ok R1-3 4.00
    = A 5cr 4.00 open
    2026-02-05 usage U2 | L1 10.00 block=A            -> ok D1-3 4.00
    2026-02-06 payment P1 U2                          -> ok nothing
    2026-02-07 usage U3 | L1 9cr rate=0.005           -> ok nothing
    2026-02-08 credit M4 U3 | 0.02                    -> ok nothing
    2026-02-08 credit M5 U3 | 6cr                     -> refused more_than_credited
    2026-02-08 credit M5 U3 | 5cr                     -> ok nothing
    2026-02-09 usage U4 | L1 9cr rate=0               -> ok nothing
    2026-02-10 credit M6 U4 | 0.01                    -> refused more_than_credited
    2026-02-10 credit M6 U4 | 9cr                     -> ok nothing
    2026-02-11 credit M7 U4 | 1cr                     -> refused more_than_credited
        """,
        PAY_AS_YOU_GO,
    )
    memos = intents_of(books, Record.CREDIT_MEMO)
    assert [m.amount_minor for m in memos] == [400, 600, 400, 2, 2]
    assert books.known.documents["U2"].due_minor == 0


def test_the_standalone_document_keeps_drawn_and_billed_apart() -> None:
    """Orb's way: a drawdown invoice with no net receivable beside the invoice people pay."""
    standalone = Policy(
        drawdown_document=DrawdownDocument.STANDALONE, overdraw=Overdraw.DRAW_REMAINING
    )
    books = run(
        ONE_BLOCK
        + """
    2026-02-01 usage U1 | L1 110cr rate=1.00 | T 1.00 kind=tax -> ok D1-3 80.00
    2026-02-02 payment P1 U1 12.00                    -> refused overpaid
    2026-02-02 payment P1 U1 1.00                     -> ok nothing
    2026-02-03 void U1                                -> ok R1-3 80.00
    2026-02-04 usage U2 | L1 5cr                      -> ok D1-3 4.00
        """,
        standalone,
    )
    drawn, billed, second = intents_of(books, Record.INVOICE)[1:]
    assert (drawn.amount_minor, billed.amount_minor, second.amount_minor) == (8000, 1100, 400)
    application = intents_of(books, Record.DEPOSIT_APPLICATION)[0]
    assert application.target == drawn.external_id
    memos = {m.target: m for m in intents_of(books, Record.CREDIT_MEMO)}
    assert memos[drawn.external_id].applied_minor == 8000
    assert (memos[billed.external_id].amount_minor, memos[billed.external_id].applied_minor) == (
        1100,
        1000,
    )


@pytest.mark.parametrize("document", DrawdownDocument)
def test_blocks_of_two_exchange_rates_need_two_invoices(document: DrawdownDocument) -> None:
    """Each block keeps its own rate; ordinary lines have the invoice's."""
    books = run(
        """
    2026-01-01 customer C1                                         -> ok
    2026-01-01 order S1 cur=EUR rate=1.10 | A 5cr 5.00 until=2026-06-01 -> ok
    2026-01-01 order S2 cur=EUR rate=1.20 | B 5cr 5.00             -> ok
    2026-01-01 purchase I1 S1                                      -> ok
    2026-01-01 purchase I2 S2                                      -> ok
    2026-02-01 usage U1 cur=EUR rate=1.30 | L1 8cr | T 1.00 kind=tax -> ok D1-3 5.00 D1-3 3.00
    2026-02-02 usage U2 cur=EUR | L1 1cr | T 1.00 kind=tax         -> ok D1-3 1.00
    2026-02-03 credit M1 U1                                        -> ok R1-3 3.00 R1-3 5.00
        """,
        Policy(drawdown_document=document),
    )
    found = {(str(i.exchange_rate), i.amount_minor) for i in intents_of(books, Record.INVOICE)[2:]}
    if document is DrawdownDocument.USAGE_INVOICE:
        assert found == {("1.10", 500), ("1.20", 300), ("1.30", 100), ("1.20", 200)}
    else:
        assert found == {("1.10", 500), ("1.20", 300), ("1.30", 100), ("1.20", 100)}
    memos = {(str(i.exchange_rate), i.amount_minor) for i in intents_of(books, Record.CREDIT_MEMO)}
    assert memos == {("1.10", 500), ("1.20", 300), ("1.30", 100)}
    assert len({i.external_id for i in books.intents if i.operation is Operation.CREATE}) == sum(
        i.operation is Operation.CREATE for i in books.intents
    )


# --- reversal --------------------------------------------------------------------------------


def test_partial_reversals_unwind_the_last_draw_first() -> None:
    """Over several blocks and lines; the application shrinks to what is left of it."""
    books = run("""
    2026-01-01 customer C1                                                 -> ok
    2026-01-01 order S1 | A 10cr 10.00 until=2026-06-01 | B 10cr 20.00     -> ok
    2026-01-01 purchase I1 S1                                              -> ok
    2026-02-01 usage U1 | L1 4cr | L2 12cr                                 -> ok
    = A 0cr 0.00 open
    = B 4cr 8.00 open
    2026-02-02 credit M1 U1 | 8cr line=L2              -> ok R1-3 12.00 R1-3 2.00
    = A 2cr 2.00 open
    = B 10cr 20.00 open
    2026-02-03 credit M2 U1 | 5cr                                          -> ok R1-3 4.00 R1-3 1.00
    = A 7cr 7.00 open
    2026-02-04 credit M3 U1 | 2.50 block=A                                 -> ok R1-3 2.50
    2026-02-05 credit M4 U1                                                -> ok R1-3 0.50
    = A 10cr 10.00 open
    """)
    undone = [
        i
        for i in intents_of(books, Record.DEPOSIT_APPLICATION)
        if i.operation is not Operation.CREATE
    ]
    assert [(i.block_id, i.operation.value, i.amount_minor) for i in undone] == [
        ("B", "delete", 0),
        ("A", "set_amount", 800),
        ("A", "set_amount", 300),
        ("A", "set_amount", 50),
        ("A", "delete", 0),
    ]
    # One reversing journal and one credit memo per block and invoice, whatever the lines.
    assert len(intents_of(books, Record.CREDIT_MEMO)) == 4
    journals = intents_of(books, Record.JOURNAL_ENTRY)
    assert [i.amount_minor for i in journals[-5:]] == [1200, 200, 500, 250, 50]


def test_a_credit_by_money_leaves_other_draws_alone() -> None:
    """What rounding once gave is not taken from a draw that was not asked for."""
    run("""
    2026-01-01 customer C1                                   -> ok
    2026-01-01 order S1 | A 3cr 1.00 until=2026-06-01 | B 3cr 1.00 -> ok
    2026-01-01 purchase I1 S1                                -> ok
    2026-02-01 usage U1 | L1 1cr block=A | L2 1cr block=B    -> ok
    2026-02-02 credit M1 U1 | 0.5cr line=L1                  -> ok R1-3 0.17
    = A 2.5cr 0.84 open
    2026-02-03 credit M2 U1 | 0.33                           -> ok R1-3 0.33
    = A 2.5cr 0.84 open
    = B 3cr 1.00 open
    """)


def test_a_payment_with_the_number_of_an_invoice_is_not_a_draw() -> None:
    """Numbers of payments and of invoices are series of their own."""
    books = run(
        ONE_BLOCK
        + """
    2026-01-02 payment 42 I1                          -> ok P5 80.00
    2026-02-01 usage 42 | L1 10cr                     -> ok
    2026-02-02 credit M1 42 | 4cr                     -> ok R1-3 3.20
        """
    )
    shrunk = intents_of(books, Record.DEPOSIT_APPLICATION)[-1]
    assert (shrunk.operation, shrunk.amount_minor) == (Operation.SET_AMOUNT, 480)


def test_expired_credits_can_be_restored_and_expire_again() -> None:
    """A credit memo after expiry opens the block; the next clock takes what it restored."""
    books = run(
        ONE_BLOCK
        + """
    2026-02-01 usage U1 | L1 10cr                     -> ok
    2027-01-01 clock                                  -> ok
    = A 0cr 0.00 expired
    2027-01-02 credit M1 U1 | 5cr                     -> ok R1-3 4.00
    = A 5cr 4.00 open
    2027-01-02 usage U2 | L1 1cr used=2026-12-30      -> ok D1-3 0.80
    2027-01-03 clock                                  -> ok
    = A 0cr 0.00 expired
        """
    )
    assert [e.amount_minor for e in books.entries if e.code == "E1"] == [7200, 320]
    books.take_all(month_end(books, date(2027, 1, 31)))
    expired = [b for b in books.known.documents.values() if b.kind == "expiration"]
    assert len({document.document_id for document in expired}) == 2


def test_breakage_is_not_dated_before_what_it_comes_from() -> None:
    """Not before the purchase, where that comes late, nor before a credit memo."""
    books = run("""
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 | A 10cr 10.00 until=2026-02-01 | B 10cr 10.00 until=2026-02-01 -> ok
    2026-01-01 purchase I1 S1 B                       -> ok
    2026-01-10 usage U1 | L1 4cr block=B              -> ok
    2026-02-01 clock                                  -> ok
    2026-03-01 purchase I2 S1                         -> ok
    2026-03-05 credit M1 U1 | 1cr                     -> ok
    2026-04-01 clock                                  -> ok
    """)
    dated = [(e.block_id, e.posted_on.isoformat()) for e in books.entries if e.code == "E1"]
    assert dated == [("B", "2026-01-31"), ("A", "2026-03-01"), ("B", "2026-03-05")]


def test_a_reversal_mirrors_what_was_recorded_not_todays_policy() -> None:
    """Bought and drawn under one policy, undone under another."""
    books = run(ONE_BLOCK + "2026-02-01 usage U1 | L1 10cr -> ok")
    books.policy = Policy(
        prepaid_item=PrepaidItem.DIRECT, drawdown_document=DrawdownDocument.STANDALONE
    )
    books.take_all([f.void_invoice("2026-02-02", "U1"), f.void_invoice("2026-02-03", "I1")])
    first, last = books.entries[:7], books.entries[7:]
    order = {code: place for place, code in enumerate(["D2", "D1", "D3", "P4", "P3", "P2", "P1"])}
    mirrored = sorted(first, key=lambda entry: order[entry.code])
    assert [(e.debit, e.credit, e.amount_minor) for e in last] == [
        (e.credit, e.debit, e.amount_minor) for e in mirrored
    ]


# --- cancellation ----------------------------------------------------------------------------


def test_a_void_after_part_use_keeps_what_was_used() -> None:
    """The deposit shrinks to what was applied; the invoice is credited for the rest."""
    books = run(
        ONE_BLOCK
        + """
    2026-01-02 payment P1 I1 50.00                    -> ok
    2026-02-01 usage U1 | L1 30cr                     -> ok
    2026-02-02 void_block A                           -> ok V1-4 56.00
    = A 0cr 0.00 voided
        """
    )
    deposit = intents_of(books, Record.CUSTOMER_DEPOSIT)[-1]
    assert (deposit.operation, deposit.amount_minor) == (Operation.SET_AMOUNT, 2400)
    memo = intents_of(books, Record.CREDIT_MEMO)[-1]
    assert (memo.amount_minor, memo.applied_minor) == (5600, 3000)
    assert books.block("A").due_minor == -2600
    assert books.block("A").cancelled_minor == 5600


def test_parts_of_a_purchase_can_be_credited() -> None:
    """By credits, by money, the rest; the whole only while nothing was used."""
    books = run(
        ONE_BLOCK
        + """
    2026-02-01 credit M1 I1 | 10cr block=A            -> ok V1-4 8.00
    = A 90cr 72.00 open
    2026-02-02 credit M2 I1 | 12.00 block=A           -> ok V1-4 12.00
    = A 75cr 60.00 open
    2026-02-03 usage U1 | L1 25cr                     -> ok
    2026-02-04 credit M3 I1                           -> refused block_in_use
    2026-02-04 credit M3 I1 | block=A                 -> ok V1-4 40.00
    = A 0cr 0.00 voided
        """
    )
    deposits = intents_of(books, Record.CUSTOMER_DEPOSIT)[1:]
    assert [(d.operation.value, d.amount_minor) for d in deposits] == [
        ("set_amount", 7200),
        ("set_amount", 6000),
        ("set_amount", 2000),
    ]


def test_what_was_credited_before_is_not_use() -> None:
    """After a partial credit the rest of a purchase invoice can be credited whole."""
    books = run(
        ONE_BLOCK
        + """
    2026-02-01 credit M1 I1 | 10cr block=A            -> ok
    2026-02-02 void I1                                -> ok V1-4 72.00
    = A 0cr 0.00 voided
        """
    )
    deposit = intents_of(books, Record.CUSTOMER_DEPOSIT)[-1]
    assert (deposit.operation, deposit.amount_minor) == (Operation.DELETE, 0)
    assert books.block("A").due_minor == 0


def test_the_order_as_trigger_opens_blocks_before_they_are_billed() -> None:
    """The invoice then posts P1 alone; transfer and receivable meet when it comes."""
    run(
        """
    2026-01-01 customer C1                            -> ok
    2026-01-01 order S1 | A 100cr 80.00               -> ok P2 80.00 P3 80.00 P4 80.00
    2026-02-01 usage U1 | L1 10cr                     -> ok
    2026-03-01 purchase I1 S1                         -> ok P1 80.00
        """,
        BY_ORDER,
    )


def test_a_block_voided_before_it_is_billed_is_billed_for_what_was_used() -> None:
    """One that was not used is left off its order's invoice."""
    for item in PrepaidItem:
        policy = Policy(purchase_trigger=PurchaseTrigger.SALES_ORDER, prepaid_item=item)
        books = run(
            """
    2026-01-01 customer C1                                      -> ok
    2026-01-01 order S1 | A 100cr 80.00 | B 9cr 9.00 | D 1cr 1.00 -> ok
    2026-02-01 usage U1 | L1 30cr block=A                       -> ok
    2026-02-02 void_block A                                     -> ok
    2026-02-02 void_block B                                     -> ok
    2026-02-03 purchase I1 S1 B                                 -> refused block_closed
    2026-02-03 purchase I1 S1                                   -> ok P1 24.00 P1 1.00
    2026-02-03 purchase I2 S1                                   -> refused duplicate_document
    2026-02-04 payment P1 I1                                    -> ok P5 24.00 P5 1.00
    2026-02-05 usage U2 | L1 1cr block=D                        -> ok
            """,
            policy,
        )
        invoice = intents_of(books, Record.INVOICE)[-2]
        assert [(li.block_id, li.amount_minor, li.credits) for li in invoice.lines] == [
            ("A", 2400, Decimal(30)),
            ("D", 100, Decimal(1)),
        ]
        books.take_all(month_end(books, date(2026, 2, 28)))
        assert books.not_at_zero() == []


def test_a_decision_changes_nothing_it_was_given() -> None:
    """`decide` is pure: the same known facts decide the same twice."""
    books = run(ONE_BLOCK)
    event = f.usage("2026-02-01", "U1", f.line("L1", "10cr"))
    first = decide(event, books.known, books.policy)
    assert decide(event, books.known, books.policy) == first
    assert books.block("A").used_minor == 0
