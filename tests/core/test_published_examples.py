"""Worked examples that others have published, with their figures, through our decisions.

Those that need subscriptions stand in tests/service/test_published_*.py and test_lives_of_plans.py,
those about the order of blocks in test_order_of_blocks.py.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from drawdown.core.accounts import Observed, Role
from drawdown.core.checks import balances
from drawdown.core.events import Expiry, LineKind
from drawdown.core.policy import Overdraw, Policy
from tests.cases import facts as f
from tests.cases.books import Books
from tests.cases.script import run


def sold(credits_: str, amount: str) -> Books:
    return run(f"""
    2026-01-01 customer C1                     -> ok
    2026-01-01 order S1 | A {credits_}cr {amount} -> ok
    2026-01-01 purchase I1 S1                  -> ok P1-4 {amount}
    """)


def redeem(books: Books, when: str, credits_: str, breakage: Fraction) -> None:
    """Use credits, and take the breakage expected with them: a part of the block expires."""
    books.take_all([f.usage(when, f"U{when}", f.line("L1", f"{credits_}cr"))])
    part = Decimal(round(breakage * 10**12)) / 10**12
    books.take_all([Expiry(f"breakage {when}", f.at(when), "A", part)])


def revenue_and_liability(books: Books) -> tuple[int, int]:
    """Return what goes to revenue management so far and what is still owed, in whole units."""
    found = balances(books.entries)
    assert found[Observed.REVENUE_USAGE] == 0  # revenue management posts it, not we
    earned = found[Role.DEFERRED_REVENUE_USAGE] + found[Role.DEFERRED_REVENUE_BREAKAGE]
    owed = found[Role.PREPAID_CREDITS_LIABILITY]
    return round(-earned / 100), round(-owed / 100)


def test_loyalty_points_with_a_changed_estimate() -> None:
    """BR-01: 10,000 points of 8,676; 4,500 of 9,500 expected are redeemed, then 8,500 of 9,700.

    Each redemption takes its share of the points that are expected to be left over as breakage;
    a new estimate is caught up with. Revenue is 4,110 and 3,493, what is owed 4,566 and 1,073.

    Source: ASC 606-10-55-353 to 356, IFRS 15 Example 52.
    """
    books = sold("10000", "8676.00")
    first = Fraction(4500 * 10000, 9500) - 4500
    redeem(books, "2026-06-30", "4500", first)
    assert revenue_and_liability(books) == (4110, 4566)
    second = Fraction(8500 * 10000, 9700) - 8500
    redeem(books, "2026-12-30", "4000", second - first)
    assert revenue_and_liability(books) == (4110 + 3493, 1073)


def test_breakage_of_gift_cards_in_proportion() -> None:
    """BR-04: 1,000 sold, 10 % expected to be left over, 540 redeemed: 540 and 60, 400 are owed.

    Source: a common journal example of gift cards (copied at aznutritioncenter.com).
    """
    books = sold("1000", "1000.00")
    redeem(books, "2026-01-31", "540", Fraction(540 * 100, 900))
    found = balances(books.entries)
    assert found[Role.DEFERRED_REVENUE_USAGE] == -54_000
    assert found[Role.DEFERRED_REVENUE_BREAKAGE] == -6_000
    assert found[Role.PREPAID_CREDITS_LIABILITY] == -40_000


def test_what_the_state_claims_is_no_revenue() -> None:
    """BR-08: of 1,000 600 are used; the rest is owed to the state and never becomes revenue.

    The void credits the purchase: the 400 are the customer's credit until they are handed over,
    which the refund says.

    Source: ASC 606-10-55-49.
    """
    books = sold("1000", "1000.00")
    books.take_all([f.payment("2026-01-20", "P1", "I1")])
    books.take_all([f.usage("2026-06-30", "U1", f.line("L1", "600cr"))])
    books.take_all([f.void_block("2026-12-30", "A")])
    found = balances(books.entries)
    assert found[Role.DEFERRED_REVENUE_USAGE] == -60_000
    assert found[Role.DEFERRED_REVENUE_BREAKAGE] == 0
    assert found[Role.ACCOUNTS_RECEIVABLE] == -40_000
    assert found[Role.PREPAID_CREDITS_LIABILITY] == 0


def test_credits_pay_fees_and_not_their_tax() -> None:
    """ST-01: of 1,000 prepaid, fees of 10 come out of the credits; their tax of 1 does not.

    Source: stripe.dev blog, "How we built Stripe Credits", 2026-04-16.
    """
    books = sold("1000", "1000.00")
    lines = (f.line("L1", "10.00"), f.line("L2", "1.00", kind=LineKind.TAX))
    books.take_all([f.usage("2026-01-31", "U1", *lines)])
    found = balances(books.entries)
    assert found[Role.PREPAID_CREDITS_LIABILITY] == -99_000
    assert found[Role.DEFERRED_REVENUE_USAGE] == -1_000
    (invoice,) = [one for one in books.known.documents.values() if one.document_id == "U1"]
    assert invoice.due_minor == 100


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_one_of_a_hundred_grants_expires_first(names: tuple[str, str]) -> None:
    """Of grants that differ in nothing else the one that ends a day earlier is drawn: 99 of 100.

    Source: openmeterio/openmeter, credit/engine/run_test.go, "Burns down grant that expires first
    among many"; a hundred of the hundred thousand.
    """
    other, first = names
    grants = [f"{other}{number} 100cr until=2026-01-31" for number in range(99)]
    books = run(f"""
    2026-01-01 customer C1                                            -> ok
    2026-01-01 order S1 | {" | ".join([*grants, f"{first} 100cr until=2026-01-30"])} -> ok
    2026-01-01T01:00 usage U1 | L1 99cr                               -> ok nothing
    = {first} 1cr 0.00 open
    """)
    left = [block.remaining_credits for block in books.known.blocks.values()]
    assert sorted(left) == [1, *[100] * 99]


@pytest.mark.parametrize(
    ("overdraw", "outcome", "left"),
    [(Overdraw.REFUSE, "refused overdrawn", 40), (Overdraw.DRAW_REMAINING, "ok D1-3 40.00", 0)],
)
def test_a_charge_beyond_the_credits(overdraw: Overdraw, outcome: str, left: int) -> None:
    """A charge of 100 with credits of 40: blocked, or 40 of credits and 60 to be invoiced.

    Source: developer.konghq.com, "Credit consumption and expiration": credit only, and credit then
    invoice.
    """
    books = run(
        f"""
    2026-01-01 customer C1                                  -> ok
    2026-01-01 order S1 | A 40cr 40.00                      -> ok
    2026-01-01 purchase I1 S1                               -> ok P1-4 40.00
    2026-01-31 usage U1 | L1 100.00                         -> {outcome}
    = A {left}cr {left}.00 open
        """,
        Policy(overdraw=overdraw),
    )
    due = [one.due_minor for one in books.known.documents.values() if one.document_id == "U1"]
    assert due == ([6_000] if left == 0 else [])


def test_a_wallet_that_is_terminated() -> None:
    """What is left is void at once, and nothing of it can be drawn later.

    Source: getlago.com/docs, "Prepaid credits", expiration date and termination; figures of ours.
    """
    run("""
    2026-01-01 customer C1                                  -> ok
    2026-01-01 order S1 | A 20cr 100.00                     -> ok
    2026-01-01 purchase I1 S1                               -> ok P1-4 100.00
    2026-01-10 usage U1 | L1 5cr                            -> ok D1-3 25.00
    2026-01-20 void_block A                                 -> ok V1-4 75.00
    = A 0cr 0.00 voided
    2026-01-21 usage U2 | L1 1cr                            -> refused overdrawn
    """)


def test_tax_is_due_beside_what_credits_pay() -> None:
    """A fee of 100 with 20 of tax, credits of 120: the fee comes out of them, the tax is due.

    Differs: Lago takes credits off what is due after tax, so that nothing would be.

    Source: getlago.com/docs, "Prepaid credits", application scope; figures of ours.
    """
    books = sold("120", "120.00")
    lines = (f.line("L1", "100.00"), f.line("L2", "20.00", kind=LineKind.TAX))
    books.take_all([f.usage("2026-01-31", "U1", *lines)])
    (invoice,) = [one for one in books.known.documents.values() if one.document_id == "U1"]
    assert invoice.due_minor == 2_000
    assert books.block("A").remaining_minor == 2_000
