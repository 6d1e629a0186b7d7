"""The periods in which a subscription line is charged and priced.

Sources: "Accumulated Rating" (section_0312044634): the pricing frequency says how often tiers start
anew, the charge frequency how often it is charged; they are divisible by each other and, for
one-time, recurring, prepaid and commit lines, the same. A period starts on the day of the line's
start.
"""

from __future__ import annotations

from typing import Any

from netsuite_sandbox.arm.rules import add_days, add_months
from netsuite_sandbox.errors import user_error
from netsuite_sandbox.suitebilling.charges import COMMIT, USAGE

MONTHS = {"MONTHLY": 1, "BIMONTHLY": 2, "QUARTERLY": 3, "SEMIANNUALLY": 6, "ANNUALLY": 12,
          "BIENNIALLY": 24, "TRIENNIALLY": 36}  # fmt: skip
DAYS = {"DAILY": 1, "WEEKLY": 7, "BIWEEKLY": 14, "QUADWEEKLY": 28}
_CHANGED = frozenset({"pricePlan", "quantity", "discount"})
_CHARGED = ("frequency", "repeatEvery")
_PRICED = ("pricingFrequency", "pricingRepeatEvery")
_OVERAGE = ("overageFrequency", "overageRepeatEvery")
_OVERAGE_PRICED = ("overagePricingFrequency", "overagePricingRepeatEvery")


def charge_period(line: dict[str, Any], day: str, *, overage: bool = False) -> tuple[str, str]:
    """Return first and last day of the charge period that holds a date."""
    return _span(line, day, (_OVERAGE, _CHARGED) if overage else (_CHARGED,))


def pricing_period(line: dict[str, Any], day: str, *, overage: bool = False) -> tuple[str, str]:
    """Return first and last day of the period in which tiers accumulate."""
    names = (_OVERAGE_PRICED, _OVERAGE, _CHARGED) if overage else (_PRICED, _CHARGED)
    return _span(line, day, names)


def _span(
    line: dict[str, Any], day: str, names: tuple[tuple[str, str], ...]
) -> tuple[str, str]:  # fmt: skip
    found = next((pair for pair in names if line.get(pair[0])), _CHARGED)
    frequency, step = str(line.get(found[0])), int(line.get(found[1]) or 1)
    first: str = line["startDate"]
    start, count = first, 0
    while True:
        count += 1
        if frequency in DAYS:
            following = add_days(first, count * step * DAYS[frequency])
        else:
            following = add_months(first, count * step * MONTHS.get(frequency, 1))
        if following > day:
            break
        start = following
    end, last = add_days(following, -1), line.get("endDate")
    return start, min(end, last) if last and last >= start else end


def in_effect(line: dict[str, Any], day: str) -> dict[str, Any]:
    """Return a line as it is priced on a day, by the change orders up to then."""
    out = dict(line)
    for change in line.get("priceChanges") or []:
        if change["from"] <= day:
            out.update({name: value for name, value in change.items() if name in _CHANGED})
    return out


def price_changes(line: dict[str, Any], first: str, last: str) -> list[str]:
    """Return the days after the first up to the last on which a line's pricing changes."""
    days = (change["from"] for change in line.get("priceChanges") or [])
    return [day for day in days if first < day <= last]


def check_frequencies(line: dict[str, Any]) -> None:
    """Refuse a pricing frequency that does not fit the charge frequency (wording unsure)."""
    for charged, priced in ((_CHARGED, _PRICED), (_OVERAGE, _OVERAGE_PRICED)):
        if not line.get(priced[0]):
            continue
        ours, theirs = (_length(line, names) for names in (charged, priced))
        if ours == theirs:
            continue
        usage = line["subscriptionLineType"] == USAGE or (
            charged is _OVERAGE and line["subscriptionLineType"] == COMMIT
        )
        if not usage:
            raise user_error("The pricing frequency and the charge frequency must match.")
        if ours[0] != theirs[0] or theirs[1] % ours[1]:
            raise user_error(
                "The pricing frequency and the charge frequency must be divisible by each other."
            )


def _length(line: dict[str, Any], names: tuple[str, str]) -> tuple[str, int]:
    frequency, step = str(line.get(names[0])), int(line.get(names[1]) or 1)
    if frequency in DAYS:
        return "days", step * DAYS[frequency]
    return "months", step * MONTHS.get(frequency, 1)
