"""Charges that come round: of recurring lines, and what commit plus overage lines commit to.

Sources: "Managing Rating Runs" (section_1547759775): rating makes the charges up to the end of the
term; a suspended line's go on hold; where a bill was made already, the change is a negative charge.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from netsuite_sandbox.arm.rules import add_days
from netsuite_sandbox.company import Company, Master
from netsuite_sandbox.suitebilling.charges import is_commit, of_line
from netsuite_sandbox.suitebilling.metering import plan_of
from netsuite_sandbox.suitebilling.pricing import price
from netsuite_sandbox.suitebilling.spans import charge_period, in_effect, price_changes


@dataclass(frozen=True, slots=True)
class Wanted:
    """One period of a recurring line: what it costs in all, and what is charged for it so far."""

    span: tuple[str, str]
    amount: Decimal
    charged: Decimal


def wanted(company: Company, line: Master, until: str) -> list[Wanted]:
    """Return the periods of a line up to its end, or to `until` if it has none."""
    body = line.body
    whole = {**body, "endDate": None}
    last = body.get("endDate") or until
    out: list[Wanted] = []
    day = body["startDate"]
    while day <= last:
        start, end = charge_period(whole, day)
        stop = last if end > last and body.get("endDate") else end
        counted = end if body.get("prorateEndDate") else stop
        starts = [start, *price_changes(body, start, stop)]
        for first, following in zip(starts, [*starts[1:], add_days(stop, 1)], strict=True):
            span = (first, add_days(following, -1))
            part = Fraction(_days(*span), _days(start, counted))
            amount = _full(company, line, first) * part.numerator / part.denominator
            out.append(Wanted(span, amount, _charged(company, line, first)))
        day = add_days(end, 1)
    known = {one.span[0] for one in out}
    gone = {
        charge.body["serviceStartDate"]: charge.body["serviceEndDate"]
        for charge in round_charges(company, line)
        if charge.body["serviceStartDate"] not in known
    }  # Billed before the line ended earlier than it was to.
    return [
        *out,
        *(Wanted((start, end), Decimal(0), _charged(company, line, start))
          for start, end in sorted(gone.items())),
    ]  # fmt: skip


def _full(company: Company, line: Master, day: str) -> Decimal:
    """What a whole period costs by the prices of a day."""
    body = in_effect(line.body, day)
    quantity = Decimal(body.get("includedQuantity" if is_commit(body) else "quantity") or 1)
    return price(plan_of(company, line, day=day), quantity) * (1 - _discount(body))


def _discount(body: dict[str, Any]) -> Decimal:
    return Decimal(str(body.get("discount") or 0)) / 100


def _days(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days + 1


def _charged(company: Company, line: Master, start: str) -> Decimal:
    return sum(
        (Decimal(charge.body["amount"]) for charge in round_charges(company, line)
         if charge.body["serviceStartDate"] == start),
        start=Decimal(0),
    )  # fmt: skip


def round_charges(company: Company, line: Master) -> list[Master]:
    """The charges of a line that come round, without overage."""
    return [
        charge
        for charge in of_line(company, line.id)
        if charge.body.get("commit") or not is_commit(line.body)
    ]


def drop_unbilled_after(company: Company, line: Master, day: str) -> None:
    """Delete charges that are not billed for periods that begin after a day."""
    for charge in round_charges(company, line):
        later = charge.body["serviceStartDate"] > day
        if later and not charge.body.get("invoice") and not charge.body.get("creditMemo"):
            company.delete_master("charge", charge.id)


def drop_unbilled_from(company: Company, line: Master, day: str) -> None:
    """Delete charges that are not billed for periods that end on a day or later."""
    for charge in round_charges(company, line):
        body = charge.body
        later = (body.get("serviceEndDate") or body["serviceStartDate"]) >= day
        if later and not body.get("invoice") and not body.get("creditMemo"):
            company.delete_master("charge", charge.id)


def hold(company: Company, line: Master, day: str, *, on: bool) -> None:
    """Put unbilled charges from a day on hold, or release them."""
    for charge in round_charges(company, line):
        body = charge.body
        if body["serviceStartDate"] >= day and not body.get("invoice"):
            body["stage"] = "HOLD_FOR_BILLING" if on else "READY_FOR_BILLING"
            company.save_master(charge, new=False)
