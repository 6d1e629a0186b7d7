"""Money as whole ten-thousandths, rates and quantities as Decimal; no float anywhere.

Inside the sandbox an amount is an int of units: 1 unit = 0.0001 of the currency. That holds every
ISO 4217 exponent, adds exactly and is one INTEGER column in the store.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

SCALE = 10_000
_QUANTA = {n: Decimal(1).scaleb(-n) for n in range(5)}


def to_units(value: Decimal | int, precision: int) -> int:
    """Round half up to the currency's precision and return units."""
    rounded = Decimal(value).quantize(_QUANTA[precision], rounding=ROUND_HALF_UP)
    return int(rounded.scaleb(4))


def fits(value: Decimal, precision: int) -> bool:
    """Whether `value` has no more decimals than the currency."""
    return value == value.quantize(_QUANTA[precision], rounding=ROUND_HALF_UP)


def to_decimal(units: int) -> Decimal:
    """Return the amount of `units`, without trailing zeros beyond two decimals."""
    value = Decimal(units).scaleb(-4)
    short = value.quantize(_QUANTA[2])
    return short if short == value else value.normalize()


def fixed(units: int, precision: int) -> str:
    """Return the amount as text with exactly `precision` decimals."""
    return str(Decimal(units).scaleb(-4).quantize(_QUANTA[precision]))


def times_rate(units: int, rate: Decimal, precision: int) -> int:
    """Convert units by an exchange rate into units of a currency of `precision`.

    Source: base amounts are rounded line by line ("GL Impact Rounding").
    """
    return to_units(Decimal(units).scaleb(-4) * rate, precision)


def share(total: int, part: int, whole: int, precision: int) -> int:
    """Return `total` x `part` / `whole`, rounded half up; exact when part equals whole."""
    if whole in (part, 0):
        return total
    return to_units(Decimal(total * part).scaleb(-4) / Decimal(whole), precision)


def plain(value: Decimal) -> str:
    """Return a Decimal as plain digits without exponent or trailing zeros."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text
