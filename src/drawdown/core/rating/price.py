"""Prices: per unit, graduated, volume and package, with a free allowance.

All figures are exact decimals; only the charge of a whole period is rounded, half away from zero,
to the decimals of its unit (minor units of a currency, or those of a credit).

Source:
    Names of the models as billing platforms use them: Stripe, "Pricing models" (graduated, volume,
    package); Orb, "Price configuration" (unit, tiered, bulk, package).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from enum import StrEnum
from typing import NamedTuple

from drawdown.core.money import ZERO, minus, plus

# Quantities and rates have at most 18 + 12 digits each, so no product is ever rounded here.
_EXACT = Context(prec=120)
_QUANTA = tuple(Decimal(1).scaleb(-decimals) for decimals in range(13))


class Model(StrEnum):
    """How the price of a period depends on its quantity."""

    PER_UNIT = "per_unit"  #: every unit costs the same
    TIERED = "tiered"  #: each unit at the rate of the tier it falls into (graduated)
    VOLUME = "volume"  #: all units at the rate of the tier that the total reaches
    PACKAGE = "package"  #: whole packages, the last one begun counts


class Tier(NamedTuple):
    """A range of quantity.

    Attributes:
        up_to: Last quantity of the tier, inclusive; None: no end (the last tier only).
        rate: Price of a unit; of a package where the model is package.
        flat: Added once when the tier is entered.
    """

    up_to: Decimal | None
    rate: Decimal
    flat: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one kind of usage.

    Attributes:
        tiers: Ascending, the last without an end; one for models without tiers.
        free: Quantity of each period that costs nothing and is not counted towards tiers.
        package: Units in a package; one where the model has none.
    """

    model: Model
    tiers: tuple[Tier, ...]
    free: Decimal = ZERO
    package: Decimal = Decimal(1)


class TierCharge(NamedTuple):
    """What one tier contributes to the charge of a period.

    Attributes:
        tier: From 1; 0 is the free allowance.
        charge: Rounded so that the tiers add up to the period's charge.
    """

    tier: int
    quantity: Decimal
    rate: Decimal
    charge: Decimal


def charge(price: Price, quantity: Decimal, decimals: int) -> Decimal:
    """Return the charge of a period in which `quantity` was used.

    Args:
        quantity: Total of the period, not negative.
        decimals: Of the charge: minor units of its currency, or of credits; 0 to 12.
    """
    counted = minus(quantity, price.free) if price.free else quantity
    if counted <= 0:
        return _rounded(ZERO, decimals)
    if price.model is Model.PER_UNIT:
        first = price.tiers[0]
        return _rounded(plus(first.flat, _EXACT.multiply(first.rate, counted)), decimals)
    exact = ZERO
    for part in _parts(price, counted):
        exact = plus(exact, part.charge)
    return _rounded(exact, decimals)


def tier_charges(price: Price, quantity: Decimal, decimals: int) -> tuple[TierCharge, ...]:
    """Split the charge of a period over the tiers it fell into; their charges add up to it.

    Args:
        quantity: Total of the period, not negative.
        decimals: As for `charge`.
    """
    free = min(quantity, price.free)
    found = [TierCharge(0, free, ZERO, _rounded(ZERO, decimals))] if free else []
    counted = minus(quantity, free)
    if counted <= 0:
        return tuple(found)
    exact = ZERO
    before = _rounded(ZERO, decimals)
    for part in _parts(price, counted):
        exact = plus(exact, part.charge)
        so_far = _rounded(exact, decimals)
        found.append(part._replace(charge=minus(so_far, before)))
        before = so_far
    return tuple(found)


def _parts(price: Price, counted: Decimal) -> Iterator[TierCharge]:
    """Yield each tier's exact part of a positive quantity."""
    if price.model is Model.VOLUME:
        number, tier = _tier_of(price, counted)
        exact = plus(tier.flat, _EXACT.multiply(tier.rate, counted))
        yield TierCharge(number, counted, tier.rate, exact)
        return
    if price.model is Model.PACKAGE:
        tier = price.tiers[0]
        exact = plus(tier.flat, _EXACT.multiply(tier.rate, packages(price, counted)))
        yield TierCharge(1, counted, tier.rate, exact)
        return
    below = ZERO
    for number, tier in enumerate(price.tiers, 1):
        top = counted if tier.up_to is None else min(counted, tier.up_to)
        inside = minus(top, below)
        yield TierCharge(
            number, inside, tier.rate, plus(tier.flat, _EXACT.multiply(tier.rate, inside))
        )
        if top == counted:
            return
        below = top


def packages(price: Price, counted: Decimal) -> Decimal:
    """Return how many packages a quantity takes; the last one begun counts."""
    whole = _EXACT.divide_int(counted, price.package)
    has_rest = _EXACT.multiply(whole, price.package) < counted
    return plus(whole, Decimal(1)) if has_rest else whole


def _tier_of(price: Price, counted: Decimal) -> tuple[int, Tier]:
    for number, tier in enumerate(price.tiers, 1):
        if tier.up_to is None or counted <= tier.up_to:
            return number, tier
    raise AssertionError("the last tier has no end")


def _rounded(value: Decimal, decimals: int) -> Decimal:
    return value.quantize(_QUANTA[decimals], ROUND_HALF_UP, _EXACT)


def is_monotone(price: Price) -> bool:
    """Whether more usage never costs less; volume prices can fall where a tier begins."""
    if price.model is not Model.VOLUME:
        return True
    return all(
        plus(before.flat, _EXACT.multiply(before.rate, before.up_to or ZERO))
        <= plus(after.flat, _EXACT.multiply(after.rate, before.up_to or ZERO))
        for before, after in zip(price.tiers, price.tiers[1:], strict=False)
    )
