"""What a quantity costs by a price plan.

Sources: "Creating Price Plans" (section_1546981313) for tiered and volume pricing, rate and fixed
amount, minimum and maximum; ids 2 (cumulative tier) and -101 (rate) from "Price Plan"
(section_1494646160), -102 in the REST sample of section_156027197809; that 4 is volume is unsure.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

TIERED, VOLUME = "2", "4"
RATE, FIXED = "-101", "-102"


def price(plan: dict[str, Any], quantity: Decimal) -> Decimal:
    """Return the amount for a whole period's quantity, not rounded."""
    tiers = sorted(plan.get("priceTiers") or [], key=_from)
    if str(plan.get("pricePlanType", TIERED)) == VOLUME:
        amount = _volume(tiers, quantity)
    else:
        amount = _tiered(tiers, quantity)
    low, high = plan.get("minimumAmount"), plan.get("maximumAmount")
    if low is not None:
        amount = max(amount, Decimal(low))
    if high is not None:
        amount = min(amount, Decimal(high))
    return amount


def single_rate(plan: dict[str, Any]) -> Decimal | None:
    """Return the rate of a plan with one tier and no limits; None if it has no such rate."""
    tiers = plan.get("priceTiers") or []
    plain = plan.get("minimumAmount") is None and plan.get("maximumAmount") is None
    if len(tiers) == 1 and _is_rate(tiers[0]) and plain:
        return Decimal(tiers[0].get("value") or 0)
    return None


def _from(tier: dict[str, Any]) -> Decimal:
    return Decimal(tier.get("fromVal") or 0)


def _is_rate(tier: dict[str, Any]) -> bool:
    return str(tier.get("pricingOption", RATE)) != FIXED


def _amount(tier: dict[str, Any], quantity: Decimal) -> Decimal:
    value = Decimal(tier.get("value") or 0)
    amount = quantity * value if _is_rate(tier) else value
    if tier.get("minAmount") is not None:
        amount = max(amount, Decimal(tier["minAmount"]))
    if tier.get("maxAmount") is not None:
        amount = min(amount, Decimal(tier["maxAmount"]))
    return amount


def _volume(tiers: list[dict[str, Any]], quantity: Decimal) -> Decimal:
    """The tier of the whole quantity prices all of it."""
    fitting = [tier for tier in tiers if _from(tier) <= quantity]
    return _amount(fitting[-1], quantity) if fitting and quantity else Decimal(0)


def _tiered(tiers: list[dict[str, Any]], quantity: Decimal) -> Decimal:
    """Each tier prices its own part: a tier ends one before the next begins."""
    total = Decimal(0)
    floor = Decimal(0)
    for index, tier in enumerate(tiers):
        following = _from(tiers[index + 1]) - 1 if index + 1 < len(tiers) else quantity
        part = min(quantity, following) - floor
        if part <= 0:
            break
        total += _amount(tier, part)
        floor += part
    return total
