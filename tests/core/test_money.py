"""Money in whole minor units, credits as decimals, and the way from one to the other."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import iso4217
import pytest
from hypothesis import given, strategies as st

from drawdown.core.errors import MalformedEventError
from drawdown.core.iso4217 import EXPONENTS
from drawdown.core.money import (
    AMOUNT_MINOR_MAX,
    CREDITS_MAX,
    credits_floor,
    credits_text,
    currency,
    minus,
    money_text,
    normal_credits,
    plus,
    price,
    share_floor,
    to_decimal,
    to_minor,
)

credits_ = st.decimals(0, CREDITS_MAX, places=12, allow_nan=False)
amounts = st.one_of(
    st.sampled_from([0, 1, 99, 100, AMOUNT_MINOR_MAX]), st.integers(0, AMOUNT_MINOR_MAX)
)


def test_the_table_of_currencies_is_that_of_iso_4217() -> None:
    """Codes and decimals as the maintained table has them, without its funds and test codes."""
    theirs = {c.code: c.exponent for c in iso4217.Currency if c.exponent is not None}
    assert theirs.items() >= EXPONENTS.items()
    left_out = set(theirs) - set(EXPONENTS)
    assert left_out <= {c.code for c in iso4217.Currency if c.code.startswith("X")}
    assert {c.code for c in iso4217.Currency if c.exponent is None}.isdisjoint(EXPONENTS)


@pytest.mark.parametrize(
    ("amount", "code", "minor"),
    [
        ("1250.00", "USD", 125000),
        ("1250", "USD", 125000),
        ("-0.01", "USD", -1),
        ("100", "JPY", 100),
        ("100.00", "JPY", 100),
        ("1.234", "KWD", 1234),
        ("0.0001", "CLF", 1),
        ("10000000000000.00", "USD", AMOUNT_MINOR_MAX),
    ],
)
def test_amounts_become_minor_units(amount: str, code: str, minor: int) -> None:
    """By the currency's own number of decimals, and back."""
    assert to_minor(Decimal(amount), code) == minor
    assert to_decimal(minor, code) == Decimal(amount)
    assert Decimal(money_text(minor, code)) == Decimal(amount)
    assert -int(to_decimal(minor, code).as_tuple().exponent) == currency(code).exponent


@pytest.mark.parametrize(
    ("amount", "code", "message"),
    [
        ("1.001", "USD", "more than the 2 decimals that USD has; round it"),
        ("0.5", "JPY", "more than the 0 decimals"),
        ("10000000000000.01", "USD", "larger than"),
        ("NaN", "USD", "not a finite number"),
        ("sNaN", "USD", "not a finite number"),
        ("Infinity", "USD", "not a finite number"),
        ("1", "usd", "'usd' is not in ISO 4217"),
        ("1", "XXY", "use a three-letter code"),
    ],
)
def test_amounts_that_cannot_be_minor_units(amount: str, code: str, message: str) -> None:
    """The message says what is wrong with which amount."""
    with pytest.raises(MalformedEventError, match=message):
        to_minor(Decimal(amount), code)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.50", "1.5"),
        ("1E+3", "1000"),
        ("-0", "0"),
        ("0.000", "0"),
        ("0.000000000001", "0.000000000001"),
        ("1000", "1000"),
    ],
)
def test_credits_have_one_form(value: str, text: str) -> None:
    """So that 1.50 and 1.5 are the same fact."""
    once = normal_credits(Decimal(value))
    assert credits_text(once) == text
    assert once.as_tuple() == Decimal(text).as_tuple()


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1000000000000000000.000000000001"])
def test_credits_that_are_no_quantity(value: str) -> None:
    """Not finite, or more than the largest."""
    with pytest.raises(MalformedEventError, match="not a finite number up to"):
        normal_credits(Decimal(value))


def test_credits_have_twelve_decimals_at_most() -> None:
    """What the database and the rounding rule keep exactly."""
    with pytest.raises(MalformedEventError, match="more than 12 decimals; round them"):
        normal_credits(Decimal("0.0000000000001"))


@given(credits_, credits_)
def test_adding_credits_is_exact(one: Decimal, other: Decimal) -> None:
    """To the last of thirty digits."""
    assert Fraction(plus(one, other)) == Fraction(one) + Fraction(other)
    assert Fraction(minus(one, other)) == Fraction(one) - Fraction(other)


@given(amounts, credits_, credits_)
def test_a_share_is_rounded_down_exactly(total: int, one: Decimal, other: Decimal) -> None:
    """In both directions, whatever the size of the numbers."""
    part, whole = sorted((one, other))
    if whole:
        exact = Fraction(total) * Fraction(part) / Fraction(whole)
        assert share_floor(total, part, whole) == exact // 1
    if total:
        some = min(total, int(part))
        given_back = credits_floor(whole, some, total)
        exact = Fraction(whole) * some / total
        assert 0 <= exact - Fraction(given_back) < Fraction(1, 10**12)


@pytest.mark.parametrize(
    ("rate", "quantity", "code", "minor"),
    [
        ("0.10", "3", "USD", 30),
        ("0.005", "1", "USD", 1),
        ("0.0049", "1", "USD", 0),
        ("0.5", "1", "JPY", 1),
        ("0.0005", "1", "KWD", 1),
        ("0.000001", "1000000000000000000", "USD", 10**14),
    ],
)
def test_a_price_rounds_half_up(rate: str, quantity: str, code: str, minor: int) -> None:
    """Pay as you go is billed in the currency's minor units."""
    assert price(Decimal(rate), Decimal(quantity), code) == minor
