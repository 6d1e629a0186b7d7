"""Which block pays: the drawdown order, key by key, and who is usable when."""

from __future__ import annotations

from decimal import Decimal

import pytest

from drawdown.core.policy import (
    Policy,
)
from tests.cases.script import run

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
    # The invoice came a day after the end, what was not used expired before it.
    assert {(e.code[0], e.posted_on.isoformat()) for e in books.entries if e.code[0] in "DE"} == {
        ("D", "2024-10-01"),
        ("E", "2024-09-30"),
    }


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
