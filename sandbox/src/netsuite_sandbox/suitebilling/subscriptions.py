"""Subscriptions and their lines: what is kept where, and what each change does.

A line is a record of its own (subscriptionLine); the sublists subscriptionLine and priceInterval of
the subscription are views of the lines, written anew after every change. Sources: REST API Browser;
"Subscription" (section_156027198593); "Prepaid Usage with Drawdown" (section_0903123502): prepaid
lines can only be linked to usage lines in draft; they cannot be modified, activated or suspended,
and follow the usage lines.
"""

from __future__ import annotations

from typing import Any

from netsuite_sandbox.arm.rules import add_days, add_months
from netsuite_sandbox.company import Company, Master
from netsuite_sandbox.errors import invalid_value, missing, user_error
from netsuite_sandbox.suitebilling.charges import (
    LINE_TYPES,
    ONE_TIME,
    PREPAY,
    USAGE,
    is_prepay,
    is_usage,
    line_type,
    lines_of,
)
from netsuite_sandbox.suitebilling.spans import check_frequencies

Values = dict[str, Any]
_LINE = ("item", "billingMode", "isIncluded", "startDate", "endDate", "chargePerUsageRecord",
         "prorateStartDate", "prorateEndDate", "quantity", "chargeCommitOnUsage",
         "includeInRenewal")  # fmt: skip
_INTERVAL = ("pricePlan", "frequency", "repeatEvery", "prepayLine", "quantity", "discount",
             "includedQuantity", "pricingFrequency", "pricingRepeatEvery", "overagePricePlan",
             "overageFrequency", "overageRepeatEvery", "overagePricingFrequency",
             "overagePricingRepeatEvery")  # fmt: skip


def check_subscription(company: Company, values: Values, me: Master | None) -> None:
    """Complete and check a subscription."""
    absent = [n for n in ("customer", "startDate") if not values.get(n)]
    if absent:
        raise missing(["Customer" if n == "customer" else "Start Date" for n in absent])
    customer = company.must("entity", values["customer"]).body
    account = values.get("billingAccount")
    billing = company.must("billingAccount", account).body if account else {}
    if billing and billing["customer"] != values["customer"]:
        raise invalid_value(account, "billingAccount", "billingAccount")
    values.setdefault("subsidiary", customer["subsidiary"])
    values.setdefault("currency", billing.get("currency") or customer.get("currency") or 1)
    if values.get("endDate") is None and values.get("initialTerm"):
        values["endDate"] = term_end(company, values["initialTerm"], values["startDate"])
    values.setdefault("billingSubscriptionStatus", "DRAFT")
    if me is None:
        values["createdDate"] = company.clock.stamp()
        values["idNumber"] = f"SUB{company.db.next_number('subscription')}"
        values.setdefault("name", f"{values['idNumber']} {customer['entityId']}")


def term_end(company: Company, term: int | str, start: str) -> str | None:
    """Return the last day of a term that starts on a day; None if it has no end."""
    record = company.master("subscriptionTerm", int(term))
    body = record.body if record else {}
    count, unit = body.get("subscriptionTermDuration"), body.get("subscriptionTermUnit", "MONTHS")
    if not count:
        return None
    if unit in {"DAYS", "WEEKS"}:
        return add_days(start, count * (7 if unit == "WEEKS" else 1) - 1)
    return add_days(add_months(start, count * (12 if unit == "YEARS" else 1)), -1)


def after_subscription(company: Company, saved: Master, before: Master | None) -> None:
    """Make the lines of a new subscription, or take over what changed in the sublists."""
    given = saved.body.pop("subscriptionLine", None) or []
    prices = saved.body.pop("priceInterval", None) or []
    if before is None:
        for member in _members(company, saved):
            _new_line(company, saved, member)
    lines = {line.body["lineNumber"]: line for line in lines_of(company, saved.id)}
    if before is None or given != (before.body.get("subscriptionLine") or []):
        for value in given:
            line = lines.get(value.get("lineNumber"))
            if line is None:
                line = _new_line(company, saved, value)
                lines[line.body["lineNumber"]] = line
            else:
                _change_line(company, line, value)
    if before is None or prices != (before.body.get("priceInterval") or []):
        for value in prices:
            number = value.get("lineNumber") or value.get("subscriptionPlanLineNumber")
            if number not in lines:
                raise invalid_value(number, "lineNumber", "priceInterval.items.lineNumber")
            _price_line(company, lines[number], value)
    sync(company, saved.id)


def _members(company: Company, saved: Master) -> list[Values]:
    """The lines that the plan and its price book give a new subscription."""
    if not saved.body.get("subscriptionPlan"):
        return []
    plan = company.must("item", saved.body["subscriptionPlan"]).body
    book = saved.body.get("priceBook")
    intervals = company.must("priceBook", book).body.get("priceInterval", []) if book else []
    prices = {value.get("subscriptionPlanLineNumber"): value for value in intervals}
    out: list[Values] = []
    for number, member in enumerate(plan.get("member") or [], 1):
        number = member.get("lineNumber") or number  # noqa: PLW2901
        value = {**member, "lineNumber": number, "isIncluded": bool(member.get("isRequired")),
                 "isRequired": bool(member.get("isRequired")),
                 "chargePerUsageRecord": bool(member.get("chargeperusagerecord"))}  # fmt: skip
        value.update({k: v for k, v in prices.get(number, {}).items() if k in _INTERVAL})
        if value.get("prepayLine"):  # In a price book it names the prepaid line of the plan.
            value["prepayNumber"] = int(value.pop("prepayLine"))
        out.append(value)
    return out


def _new_line(company: Company, subscription: Master, value: Values) -> Master:
    body = subscription.body
    kind = line_type(value.get("subscriptionLineType"))
    if value.get("item") is None:
        raise missing(["Item"])
    if kind is None:
        raise invalid_value(
            value.get("subscriptionLineType"), "subscriptionLineType",
            "subscriptionLine.items.subscriptionLineType",
        )  # fmt: skip
    if kind == PREPAY and company.settings["revenue_elements_for_revisions"]:
        raise user_error(
            "Prepay with Drawdown cannot be used while the preference Create Revenue Elements for "
            "Subscription Revisions is on."
        )
    number = value.get("lineNumber")
    if number is None:
        number = 1 + max([0, *(x.body["lineNumber"] for x in lines_of(company, subscription.id))])
    now = company.clock.stamp()
    line: Values = {
        "subscription": subscription.id, "lineNumber": number, "subscriptionLineType": kind,
        "startDate": body["startDate"], "endDate": body.get("endDate"), "isIncluded": True,
        "billingMode": "IN_ARREARS" if kind == USAGE else "IN_ADVANCE", "createdDate": now,
        "subscriptionLineStatus": "DRAFT",
        "frequency": "ONETIME" if kind in {ONE_TIME, PREPAY} else "MONTHLY",
        "repeatEvery": 1,
    }  # fmt: skip
    kept = {*_LINE, *_INTERVAL, "isRequired"}
    line.update({k: v for k, v in value.items() if k in kept and v is not None})
    if value.get("prepayNumber"):
        line["prepayLine"] = _numbered(company, subscription, value["prepayNumber"])
    line = {k: v for k, v in line.items() if v is not None}
    check_frequencies(line)
    record_id = company.db.next_number("id.subscriptionLine")
    record = Master(record_id, "subscriptionLine", None, line, now, now)
    company.save_master(record, new=True)
    return record


def _numbered(company: Company, subscription: Master, number: int) -> int:
    for line in lines_of(company, subscription.id):
        if line.body["lineNumber"] == number and is_prepay(line.body):
            return line.id
    raise invalid_value(number, "prepayLine", "priceInterval.items.prepayLine")


def _change_line(company: Company, line: Master, value: Values) -> None:
    changes = {k: v for k, v in value.items() if k in _LINE and v is not None}
    changes = {k: v for k, v in changes.items() if line.body.get(k) != v}
    if not changes:
        return
    if is_prepay(line.body) and line.body["subscriptionLineStatus"] != "DRAFT":
        raise user_error("Prepaid lines can't be modified.")
    line.body.update(changes)
    company.save_master(line, new=False)


def _price_line(company: Company, line: Master, value: Values) -> None:
    changes = {k: v for k, v in value.items() if k in _INTERVAL and v is not None}
    changes = {k: v for k, v in changes.items() if line.body.get(k) != v}
    if not changes:
        return
    draft = line.body["subscriptionLineStatus"] == "DRAFT"
    prepay = changes.get("prepayLine")
    if prepay is not None:
        target = company.must("subscriptionLine", prepay)
        if not is_prepay(target.body) or not is_usage(line.body):
            raise invalid_value(prepay, "prepayLine", "priceInterval.items.prepayLine")
        owner = company.must("subscription", target.body["subscription"]).body["customer"]
        mine = company.must("subscription", line.body["subscription"]).body["customer"]
        if owner != mine:
            raise invalid_value(prepay, "prepayLine", "priceInterval.items.prepayLine")
        if not draft:
            raise user_error("Prepaid lines can only be linked to usage lines in draft status.")
    elif is_prepay(line.body) and not draft:
        raise user_error("Prepaid lines can't be modified.")
    line.body.update(changes)
    check_frequencies(line.body)
    company.save_master(line, new=False)


def sync(company: Company, subscription: int) -> None:
    """Write the sublists, the status and the totals of a subscription from its lines."""
    record = company.must("subscription", subscription)
    lines = lines_of(company, subscription)
    states = {line.body["subscriptionLineStatus"] for line in lines}
    for status in ("ACTIVE", "SUSPENDED", "PENDING_ACTIVATION", "TERMINATED", "DRAFT"):
        if status in states:
            record.body["billingSubscriptionStatus"] = status
            break
    record.body["subscriptionLine"] = [_shown(line) for line in lines]
    record.body["priceInterval"] = [_interval(line) for line in lines]
    company.save_master(record, new=False)


def _shown(line: Master) -> Values:
    body = line.body
    names = ("lineNumber", "subscriptionLineType", "isRequired", "terminationDate", *_LINE)
    out = {name: body[name] for name in names if body.get(name) is not None}
    return {**out, "subscriptionLine": line.id, "status": body["subscriptionLineStatus"]}


def _interval(line: Master) -> Values:
    body = line.body
    out = {name: body[name] for name in _INTERVAL if body.get(name) is not None}
    return {**out, "id": line.id, "lineNumber": body["lineNumber"], "item": body["item"],
            "startDate": body["startDate"], "status": body["subscriptionLineStatus"],
            "chargeType": body["subscriptionLineType"]}  # fmt: skip


def type_name(line: Values) -> str:
    """Return the name of a line's type."""
    return LINE_TYPES[line["subscriptionLineType"]]
