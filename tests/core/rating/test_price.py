"""What usage comes to: each model by hand, and what holds for all of them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, strategies as st

from drawdown.core.money import normal_credits
from drawdown.core.rating.price import Model, Price, Tier, charge, is_monotone, tier_charges

D = Decimal
TIERS = (Tier(D(1000), D("0.10")), Tier(D(5000), D("0.08"), D(5)), Tier(None, D("0.05")))

CASES = [
    # model, rate or tiers, free, package, quantity, decimals, charge
    (Model.PER_UNIT, (Tier(None, D("2.50")),), 0, 1, "1200", 2, "3000.00"),
    (Model.PER_UNIT, (Tier(None, D("0.333")),), 0, 1, "1", 2, "0.33"),
    (Model.PER_UNIT, (Tier(None, D("0.005")),), 0, 1, "1", 2, "0.01"),  # half away from zero
    (Model.PER_UNIT, (Tier(None, D("2.50")),), 100, 1, "100", 2, "0.00"),
    (Model.PER_UNIT, (Tier(None, D("2.50")),), 100, 1, "100.4", 2, "1.00"),
    (Model.PER_UNIT, (Tier(None, D("7")),), 0, 1, "1.5", 0, "11"),  # yen: 10.5 rounds up
    (Model.TIERED, TIERS, 0, 1, "1000", 2, "100.00"),
    (Model.TIERED, TIERS, 0, 1, "1001", 2, "105.08"),
    (Model.TIERED, TIERS, 0, 1, "6000", 2, "475.00"),
    (Model.TIERED, TIERS, 1000, 1, "2000", 2, "100.00"),  # what is free counts towards no tier
    (Model.VOLUME, TIERS, 0, 1, "1000", 2, "100.00"),
    (Model.VOLUME, TIERS, 0, 1, "1001", 2, "85.08"),
    (Model.VOLUME, TIERS, 0, 1, "6000", 2, "300.00"),
    (Model.PACKAGE, (Tier(None, D("9.99")),), 0, 100, "0", 2, "0.00"),
    (Model.PACKAGE, (Tier(None, D("9.99")),), 0, 100, "0.001", 2, "9.99"),
    (Model.PACKAGE, (Tier(None, D("9.99")),), 0, 100, "100", 2, "9.99"),
    (Model.PACKAGE, (Tier(None, D("9.99")),), 0, 100, "100.01", 2, "19.98"),
    (Model.PACKAGE, (Tier(None, D("9.99")),), 50, 100, "150", 2, "9.99"),
]


@pytest.mark.parametrize(
    ("model", "tiers", "free", "package", "quantity", "decimals", "expected"), CASES
)
def test_charge(
    model: Model,
    tiers: tuple[Tier, ...],
    free: int,
    package: int,
    quantity: str,
    decimals: int,
    expected: str,
) -> None:
    price = Price(model, tiers, D(free), D(package))
    assert str(charge(price, D(quantity), decimals)) == expected
    parts = tier_charges(price, D(quantity), decimals)
    assert sum((one.charge for one in parts), D(0)) == D(expected)
    assert sum((one.quantity for one in parts), D(0)) == D(quantity)


def test_a_volume_price_that_falls_is_known_to_fall() -> None:
    assert not is_monotone(Price(Model.VOLUME, TIERS))
    rising = (Tier(D(10), D(1)), Tier(None, D(2)))
    assert is_monotone(Price(Model.VOLUME, rising))
    assert is_monotone(Price(Model.TIERED, TIERS))


amounts = st.decimals(0, 10**6, places=4).map(normal_credits)
rates = st.one_of(
    st.sampled_from([D(0), D("0.000000000001"), D("0.005"), D("0.3333"), D(10) ** 6]),
    st.decimals(0, 100, places=6).map(normal_credits),
)


@st.composite
def prices(draw: st.DrawFn) -> Price:
    model = draw(st.sampled_from(Model))
    free = draw(st.one_of(st.just(D(0)), amounts))
    package = draw(st.decimals("0.5", 1000, places=2)) if model is Model.PACKAGE else D(1)
    if model in (Model.PER_UNIT, Model.PACKAGE):
        return Price(model, (Tier(None, draw(rates)),), free, package)
    tops = sorted(set(draw(st.lists(st.integers(1, 10**6), min_size=1, max_size=4))))
    tiers = [Tier(D(top), draw(rates), draw(rates)) for top in tops]
    return Price(model, (*tiers, Tier(None, draw(rates), draw(rates))), free)


@given(prices(), amounts, st.integers(0, 12))
def test_tiers_add_up_to_the_charge(price: Price, quantity: Decimal, decimals: int) -> None:
    """Whatever is rounded, the tiers shown add up to the charge, and the quantities to all."""
    parts = tier_charges(price, quantity, decimals)
    assert sum((one.charge for one in parts), D(0)) == charge(price, quantity, decimals)
    assert sum((one.quantity for one in parts), D(0)) == quantity


@given(prices(), st.lists(amounts, max_size=8), st.sampled_from([0, 2, 3]))
def test_shares_do_not_drift(price: Price, records: list[Decimal], decimals: int) -> None:
    """Each record's share is the difference it makes: in any order they add up to the whole."""
    for order in (records, list(reversed(records))):
        total, before, shares = D(0), charge(price, D(0), decimals), D(0)
        for quantity in order:
            total += quantity
            after = charge(price, total, decimals)
            shares += after - before
            before = after
        assert shares == charge(price, sum(records, D(0)), decimals)


@given(prices(), amounts, st.sampled_from([0, 2, 3, 12]))
def test_the_charge_is_exact_but_for_its_last_decimal(
    price: Price, quantity: Decimal, decimals: int
) -> None:
    """A second, slow model in fractions agrees to half a unit of the last decimal."""
    found = Fraction(charge(price, quantity, decimals))
    assert abs(found - _naive(price, Fraction(quantity))) <= Fraction(1, 2 * 10**decimals)


@given(prices().filter(is_monotone), amounts, amounts)
def test_more_usage_never_costs_less(price: Price, first: Decimal, more: Decimal) -> None:
    assert charge(price, first + more, 2) >= charge(price, first, 2)


def _naive(price: Price, quantity: Fraction) -> Fraction:
    counted = quantity - Fraction(price.free)
    if counted <= 0:
        return Fraction(0)
    first = price.tiers[0]
    if price.model is Model.PER_UNIT:
        return Fraction(first.rate) * counted
    if price.model is Model.PACKAGE:
        return Fraction(first.rate) * -(-counted // Fraction(price.package))
    if price.model is Model.VOLUME:
        tier = next(t for t in price.tiers if t.up_to is None or counted <= Fraction(t.up_to))
        return Fraction(tier.flat) + Fraction(tier.rate) * counted
    total, below = Fraction(0), Fraction(0)
    for tier in price.tiers:
        if counted > below:
            top = counted if tier.up_to is None else min(counted, Fraction(tier.up_to))
            total += Fraction(tier.flat) + Fraction(tier.rate) * (top - below)
        below = Fraction(tier.up_to or 0)
    return total
