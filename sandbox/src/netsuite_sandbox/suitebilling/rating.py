"""Rating: charges from usage, drawdown of prepaid balances, refills.

Sources: "Managing Rating Runs" (section_1547759775); "Prepaid Usage with Drawdown"
(section_0903123502): One Time, when used up the service is pay-as-you-go; Auto-Refill, new
prepayment charges when the balance reaches the minimum, looked at only after the submitted usage is
rated; section_0919041722 for the order and the amounts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from netsuite_sandbox.arm.rules import add_days, add_months
from netsuite_sandbox.company import Company, Master
from netsuite_sandbox.money import to_decimal, to_units
from netsuite_sandbox.suitebilling.charges import (
    ONE_TIME,
    RECURRING,
    is_commit,
    is_metered,
    is_prepay,
    lines_of,
    of_line,
)
from netsuite_sandbox.suitebilling.metering import Metered, charged_before, meter, plan_of
from netsuite_sandbox.suitebilling.pricing import price, single_rate
from netsuite_sandbox.suitebilling.recurring import wanted
from netsuite_sandbox.suitebilling.subscriptions import sync

REFILLS_MAX = 1000


@dataclass(slots=True)
class Run:
    """One rating run.

    Attributes:
        drawn: Usage charges made, with their usage line, in order.
    """

    company: Company
    until: str
    id: str
    made: list[Master] = field(default_factory=list)
    drawn: list[tuple[Master, Master]] = field(default_factory=list)


def rate(company: Company, until: str, only: int | None = None) -> list[Master]:
    """Rate all active subscriptions, or one, up to a day.

    Returns:
        The charges made, in order: prepayments, usage, drawdowns, refills.
    """
    run = Run(company, until, str(company.db.next_number("ratingrun")))
    subscriptions = [
        record
        for record in company.masters("subscription")
        if record.body["billingSubscriptionStatus"] in {"ACTIVE", "TERMINATED"}
        and only in (None, record.id)
    ]
    for subscription in subscriptions:
        for line in lines_of(company, subscription.id):
            _first_charge(run, line)
            _come_round(run, line)
        for line in lines_of(company, subscription.id):
            if is_metered(line.body):
                _rate_usage(run, line)
    prepaid: dict[int, str] = {}
    for charge, usage_line in run.drawn:
        prepay = usage_line.body.get("prepayLine")
        if prepay is not None:
            _draw(run, charge, usage_line, company.must("subscriptionLine", prepay))
            prepaid[prepay] = max(prepaid.get(prepay, ""), charge.body["chargeDate"])
    for prepay, day in prepaid.items():
        _refill(run, company.must("subscriptionLine", prepay), day)
    for charge in run.made:
        line = company.must("subscriptionLine", charge.body["subscriptionLine"])
        queue(company, line.body["subscription"])
        if is_prepay(line.body):
            _tell_balance(company, line)
    for subscription in subscriptions:
        sync(company, subscription.id)
    return run.made


def queue(company: Company, subscription: int) -> None:
    """Have the arrangement of a subscription brought up to date by the next update."""
    company.db.execute("INSERT OR IGNORE INTO armqueue VALUES (?)", (subscription,))


def balance(company: Company, prepay: int) -> int:
    """Return what is left of a prepaid line: prepayments and refills less drawdowns, units."""
    return sum(to_units(charge.body["amount"], 4) for charge in of_line(company, prepay))


def _tell_balance(company: Company, line: Master) -> None:
    charges = [to_units(charge.body["amount"], 4) for charge in of_line(company, line.id)]
    line.body["prepaymentRemaining"] = to_decimal(sum(charges))
    line.body["prepaymentUsage"] = to_decimal(-sum(units for units in charges if units < 0))
    company.save_master(line, new=False)


def _first_charge(run: Run, line: Master) -> None:
    """Charge a prepaid or one-time line once, in advance, when it has become active."""
    body = line.body
    once = is_prepay(body) or body["subscriptionLineType"] == ONE_TIME
    if not once or body["subscriptionLineStatus"] != "ACTIVE" or body["startDate"] > run.until:
        return
    if of_line(run.company, line.id):
        return
    plan = plan_of(run.company, line)
    amount = Decimal(plan.get("prepayAmount") or 0)
    if not is_prepay(body):
        amount = price(plan, Decimal(body.get("quantity") or 1))
    _charge(run, line, body["startDate"], amount, start=body["startDate"], end=body.get("endDate"))


def _come_round(run: Run, line: Master) -> None:
    """Charge the periods of recurring lines, and of commit plus overage lines what is committed."""
    body = line.body
    commit = is_commit(body)
    live = body["subscriptionLineStatus"] in {"ACTIVE", "TERMINATED"}
    if not live or not (commit or body["subscriptionLineType"] == RECURRING):
        return
    precision = run.company.precision(_subscription(run.company, line)["currency"])
    for one in wanted(run.company, line, run.until):
        amount = to_decimal(to_units(one.amount, precision)) - one.charged
        if amount:
            start, end = one.span
            day = end if body.get("billingMode") == "IN_ARREARS" else start
            more: dict[str, Any] = {"commit": True} if commit else {}
            _charge(run, line, day, amount, start=start, end=end, **more)


def _rate_usage(run: Run, line: Master) -> None:
    """Make charges of the usage of a line, a period at a time."""
    company = run.company
    rows = company.db.all(
        "SELECT id FROM master WHERE grp = 'usage'"
        " AND json_extract(body, '$.usageSubscriptionLine') = ?"
        " AND (json_extract(body, '$.usageDate') <= ? OR json_extract(body, '$.rated') IS NOT NULL)"
        " ORDER BY id",
        (line.id, run.until),
    )
    usages = [company.must("usage", row["id"]) for row in rows]
    for one in meter(company, line, usages, run.until):
        _rate_metered(run, line, one)


def _rate_metered(run: Run, line: Master, one: Metered) -> None:
    company = run.company
    charged, done = charged_before(company, line, one)
    precision = company.precision(_subscription(company, line)["currency"])
    amount = to_decimal(to_units(one.amount, precision)) - charged
    mark = str(one.key[1]) if one.key[1] else ""
    day = one.span[1]
    if one.usages and (company.settings["usage_charge_date"] == "last_usage" or mark):
        day = max(usage.body["usageDate"] for usage in one.usages)
    if amount or one.quantity != done:
        more = {"usage": mark} if mark else {}
        name = "overagePricePlan" if is_commit(line.body) else "pricePlan"
        rate = None if one.rest else single_rate(plan_of(company, line, name, one.pricing_start))
        charge = _charge(run, line, day, amount, start=one.span[0], end=one.span[1],
                         quantity=one.quantity - done, rate=rate, **more)  # fmt: skip
        run.drawn.append((charge, line))
    for usage in one.usages:
        usage.body["rated"] = usage.body["status"]
        company.save_master(usage, new=False)


def _subscription(company: Company, line: Master) -> dict[str, Any]:
    return company.must("subscription", line.body["subscription"]).body


def _draw(run: Run, charge: Master, usage_line: Master, prepay: Master) -> None:
    """Take a usage charge off the prepaid balance; a voided usage gives back."""
    company = run.company
    units = to_units(charge.body["amount"], 4)
    if prepay.body.get("frequency") != "AUTOREFILL":
        if units > 0:
            units = min(units, max(balance(company, prepay.id), 0))
        else:
            units = -min(-units, _drawn(company, prepay, usage_line))
    if not units:
        return
    body = charge.body
    _charge(
        run, prepay, body["chargeDate"], -to_decimal(units), start=body["serviceStartDate"],
        end=body["serviceEndDate"], bill=body["billDate"], usageLine=usage_line.id,
    )  # fmt: skip


def _drawn(company: Company, prepay: Master, usage_line: Master) -> int:
    """What a usage line has drawn so far, units."""
    return -sum(
        to_units(charge.body["amount"], 4)
        for charge in of_line(company, prepay.id)
        if charge.body.get("usageLine") == usage_line.id
    )


def _refill(run: Run, prepay: Master, day: str) -> None:
    """Charge further prepayments while the balance is at or below the minimum."""
    if prepay.body.get("frequency") != "AUTOREFILL":
        return
    plan = plan_of(run.company, prepay)
    minimum = to_units(Decimal(plan.get("prepayMinBalance") or 0), 4)
    amount = Decimal(plan.get("prepayAmount") or 0)
    for _ in range(REFILLS_MAX):
        if amount <= 0 or balance(run.company, prepay.id) > minimum:
            return
        _charge(run, prepay, day, amount, start=day, end=prepay.body.get("endDate"), refill=True)


def bill_date(company: Company, line: Master, day: str) -> str:
    """Return the first bill cycle date on or after a day: monthly, on the account's start day.

    In the example usage of May and the refill of May 31 are billed on June 1. Other billing
    schedules are not known here.
    """
    body = _subscription(company, line)
    account = body.get("billingAccount")
    first = company.must("billingAccount", account).body.get("startDate") if account else None
    first = first or body["startDate"]
    count = 0
    while add_months(first, count) < day:
        count += 1
    return add_months(first, count)


def _charge(  # noqa: PLR0913 (one record with many members)
    run: Run, line: Master, day: str, amount: Decimal, *, start: str, end: str | None,
    quantity: Decimal = Decimal(1), rate: Decimal | None = None, bill: str | None = None,
    **more: Any,
) -> Master:  # fmt: skip
    company, body = run.company, _subscription(run.company, line)
    arrears = line.body.get("billingMode") == "IN_ARREARS"
    due = add_days(end, 1) if arrears and end else day
    now = company.clock.stamp()
    if rate is None:
        rate = amount / quantity if quantity else amount
        rate = rate.quantize(Decimal("0.00000001")).normalize()
    values = {
        "billTo": body["customer"], "billingAccount": body.get("billingAccount"),
        "billingItem": line.body["item"], "billingMode": line.body.get("billingMode"),
        "chargeDate": day, "billDate": bill or bill_date(company, line, due),
        "serviceStartDate": start, "serviceEndDate": end, "quantity": quantity, "rate": rate,
        "amount": amount, "currency": body["currency"], "subsidiary": body["subsidiary"],
        "subscriptionLine": line.id, "stage": "READY_FOR_BILLING", "use": "Actual",
        "runId": run.id, "createdDate": now, "lastModifiedDate": now, **more,
    }  # fmt: skip
    values = {name: value for name, value in values.items() if value is not None}
    charge = Master(company.db.next_number("id.charge"), "charge", None, values, now, now)
    company.save_master(charge, new=True)
    run.made.append(charge)
    return charge
