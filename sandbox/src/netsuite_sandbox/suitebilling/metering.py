"""What usage is charged: period by period, with tiers, minimums and commitments over several.

Sources: "Accumulated Rating" (section_0312044634): tiers accumulate over the pricing period;
"Billing for Usage and Commit Plus Overage Charges" (section_0903034054): a minimum amount is
charged with the first usage or, with Charge Commit On Usage, its unused part at the end of the
pricing period, and only if there is usage at all; of a commit plus overage line the committed
quantity is charged every period and only what exceeds it is overage. A charge is the difference to
what was charged before, so that corrections need no rule of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from netsuite_sandbox.company import Company, Master
from netsuite_sandbox.suitebilling.charges import is_commit, of_line
from netsuite_sandbox.suitebilling.pricing import price
from netsuite_sandbox.suitebilling.spans import charge_period, in_effect, pricing_period

Key = tuple[str, int]  # First day of the charge period; the usage record, if each has a charge.


@dataclass(frozen=True, slots=True)
class Metered:
    """What the usage of one charge period (or record) comes to.

    Attributes:
        quantity: Of this period or record.
        amount: Of the pricing period up to and with it; not rounded.
        rest: Whether it is the unused part of a minimum amount.
    """

    key: Key
    span: tuple[str, str]
    usages: list[Master]
    quantity: Decimal
    amount: Decimal
    pricing_start: str
    rest: bool = False


def plan_of(
    company: Company, line: Master, name: str = "pricePlan", day: str = ""
) -> dict[str, Any]:  # fmt: skip
    """Return the price plan of a line on a day; an empty one if it has none."""
    plan = in_effect(line.body, day).get(name)
    return {} if plan is None else company.must("pricePlan", plan).body


def meter(company: Company, line: Master, usages: list[Master], until: str) -> list[Metered]:
    """Work out what the usage of a line comes to, oldest first; what has not changed is left out.

    Args:
        usages: Those to look at, with all that were rated before.
    """
    overage = is_commit(line.body)
    groups: dict[str, dict[Key, list[Master]]] = {}
    for usage in usages:
        day = usage.body["usageDate"]
        start = charge_period(line.body, day, overage=overage)[0]
        key = (start, usage.id if line.body.get("chargePerUsageRecord") else 0)
        priced = pricing_period(line.body, day, overage=overage)[0]
        groups.setdefault(priced, {}).setdefault(key, []).append(usage)
    out: list[Metered] = []
    for priced in sorted(groups):
        out += _pricing_period(company, line, priced, groups[priced], until)
    return out


def _pricing_period(
    company: Company, line: Master, priced: str, groups: dict[Key, list[Master]], until: str
) -> list[Metered]:
    plan, included = plan_of(company, line, day=priced), Decimal(0)
    overage = is_commit(line.body)
    if overage:
        plan = plan_of(company, line, "overagePricePlan")
        included = Decimal(line.body.get("includedQuantity") or 0)
    late = bool(line.body.get("chargeCommitOnUsage"))
    free = {k: v for k, v in plan.items() if k != "minimumAmount"} if late else plan
    changed = False
    total = Decimal(0)
    out: list[Metered] = []
    for key in sorted(groups):
        live = [u for u in groups[key] if u.body["status"] == "ACTIVE"]
        quantity = sum((Decimal(u.body["usageQuantity"]) for u in live), start=Decimal(0))
        before = max(total - included, Decimal(0))
        total += quantity
        over = max(total - included, Decimal(0))
        changed = changed or any(u.body.get("rated") != u.body["status"] for u in groups[key])
        if changed:
            amount = price(free, over) if over else Decimal(0)
            span = charge_period(line.body, groups[key][0].body["usageDate"], overage=overage)
            out.append(Metered(key, span, groups[key], over - before, amount, priced))
    minimum = plan.get("minimumAmount")
    end = pricing_period(line.body, priced, overage=overage)[1]
    if late and minimum is not None and total and end <= until:
        amount = max(price(free, max(total - included, Decimal(0))), Decimal(minimum))
        out.append(Metered((end, 0), (end, end), [], Decimal(0), amount, priced, rest=True))
    return out


def charged_before(company: Company, line: Master, one: Metered) -> tuple[Decimal, Decimal]:
    """Return what was charged: amount of the pricing period up to it, quantity of itself."""
    amount = quantity = Decimal(0)
    for charge in of_line(company, line.id):
        body = charge.body
        if body.get("commit") or not body.get("serviceStartDate"):
            continue
        key = (body["serviceStartDate"], int(body.get("usage") or 0))
        if not one.pricing_start <= key[0] or key > one.key:
            continue
        amount += Decimal(body["amount"])
        if key == one.key:
            quantity += Decimal(body["quantity"])
    return amount, quantity
