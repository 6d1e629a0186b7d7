"""Money in whole minor units, and the one rule that turns credits into money.

No float and no rounding tolerance anywhere: an amount is an integer of its currency's minor unit
(cents, yen, fils) and credits are decimals. Mixing currencies is the caller's bug.
"""

from __future__ import annotations

from decimal import ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import NamedTuple

from drawdown.core.errors import MalformedEventError
from drawdown.core.iso4217 import EXPONENTS

CREDITS_DECIMALS_MAX = 12
"""Decimals of a credit quantity that are kept."""
CREDITS_MAX = Decimal(10) ** 18
"""Largest credit quantity of one block or line."""
AMOUNT_MINOR_MAX = 10**15
"""Largest amount in minor units; NetSuite cuts numbers to 15 digits (reference, pitfall 14)."""

ZERO = Decimal(0)
_CREDIT_QUANTUM = Decimal(1).scaleb(-CREDITS_DECIMALS_MAX)
# Wide enough for amount (15 digits) x credits (30 digits) without rounding.
_EXACT = Context(prec=80)
_EXACT_FLOOR = Context(prec=80, rounding=ROUND_FLOOR)


class Currency(NamedTuple):
    """A currency and the number of decimals of its minor unit (ISO 4217)."""

    code: str
    exponent: int


_CURRENCIES = {code: Currency(code, exponent) for code, exponent in EXPONENTS.items()}
_QUANTA = {exponent: Decimal(1).scaleb(-exponent) for exponent in set(EXPONENTS.values())}


def currency(code: str) -> Currency:
    """Look up a currency by its ISO 4217 code.

    Raises:
        MalformedEventError: The code is not in ISO 4217 (codes are three capitals).
    """
    found = _CURRENCIES.get(code)
    if found is None:
        raise MalformedEventError(
            f"currency {code!r} is not in ISO 4217; use a three-letter code such as USD or JPY"
        )
    return found


def to_minor(amount: Decimal, code: str) -> int:
    """Turn a decimal amount of a currency into whole minor units.

    Raises:
        MalformedEventError: More decimals than the currency has, not finite, or too large.
    """
    exponent = currency(code).exponent
    try:
        scaled = amount.scaleb(exponent, _EXACT)
        minor = int(scaled)
    except (InvalidOperation, ValueError, OverflowError):
        raise MalformedEventError(f"amount {amount} is not a finite number") from None
    if minor != scaled:
        raise MalformedEventError(
            f"amount {amount} has more than the {exponent} decimals that {code} has; "
            "round it before sending"
        )
    if abs(minor) > AMOUNT_MINOR_MAX:
        raise MalformedEventError(
            f"amount {amount} {code} is larger than {AMOUNT_MINOR_MAX} minor units"
        )
    return minor


def to_decimal(amount_minor: int, code: str) -> Decimal:
    """Turn minor units into a decimal with exactly the currency's number of decimals."""
    exponent = currency(code).exponent
    scaled = Decimal(amount_minor).scaleb(-exponent, _EXACT)
    return scaled.quantize(_QUANTA[exponent], context=_EXACT)


def money_text(amount_minor: int, code: str) -> str:
    """Write minor units as a plain decimal string without grouping, such as ``-1250.00``."""
    return str(to_decimal(amount_minor, code))


def credits_text(credits_: Decimal) -> str:
    """Write credits plainly: no exponent, no trailing zeros, never ``-0``."""
    text = format(credits_, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"", "-0"} else text


def normal_credits(value: Decimal) -> Decimal:
    """Bring a credit quantity to its one canonical form, so that 1.50 and 1.5 are the same fact.

    Raises:
        MalformedEventError: Not finite, too large, or more than 12 decimals.
    """
    if not value.is_finite() or value.copy_abs() > CREDITS_MAX:
        raise MalformedEventError(f"credits {value} are not a finite number up to {CREDITS_MAX}")
    plain = Decimal(credits_text(value))
    exponent = plain.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > CREDITS_DECIMALS_MAX:
        raise MalformedEventError(
            f"credits {value} have more than {CREDITS_DECIMALS_MAX} decimals; round them"
        )
    return plain


def share_floor(total_minor: int, part: Decimal, whole: Decimal) -> int:
    """Return floor(total x part / whole) exactly, in minor units.

    Args:
        total_minor: The whole money, not negative.
        part: Credits of the part, from 0 to `whole`.
        whole: All credits, positive.
    """
    product = _EXACT.multiply(Decimal(total_minor), part)
    return int(_EXACT.divide_int(product, whole))


def credits_floor(total: Decimal, part_minor: int, whole_minor: int) -> Decimal:
    """Return total x part / whole in credits, rounded down to 12 decimals.

    Args:
        total: All credits, positive.
        part_minor: Money of the part, from 0 to `whole_minor`.
        whole_minor: All money, positive.
    """
    exact = _EXACT_FLOOR.divide(_EXACT.multiply(total, Decimal(part_minor)), Decimal(whole_minor))
    return normal_credits(exact.quantize(_CREDIT_QUANTUM, ROUND_FLOOR, _EXACT))


def price(rate: Decimal, credits_: Decimal, code: str) -> int:
    """Return rate x credits in minor units, half a unit rounded away from zero."""
    scaled = _EXACT.multiply(rate, credits_).scaleb(currency(code).exponent, _EXACT)
    return int(scaled.to_integral_value(ROUND_HALF_UP))


def plus(left: Decimal, right: Decimal) -> Decimal:
    """Add two credit quantities exactly (the default context would round at 28 digits)."""
    return _EXACT.add(left, right)


def minus(left: Decimal, right: Decimal) -> Decimal:
    """Subtract two credit quantities exactly."""
    return _EXACT.subtract(left, right)
