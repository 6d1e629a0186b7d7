"""Renewals: the same subscription for longer, or a new one like it.

Source: "Renewing a Subscription" (section_1547760511): extending pushes the end date out by the
term and rates anew, also of a closed subscription; a new subscription starts where the old one
ends, with the chosen or the same plan and price book and the same billing account, in draft.
"""

from __future__ import annotations

from typing import Any

from netsuite_sandbox.arm.rules import add_days
from netsuite_sandbox.company import Company, Master
from netsuite_sandbox.errors import missing, user_error
from netsuite_sandbox.suitebilling.charges import lines_of
from netsuite_sandbox.suitebilling.spans import in_effect
from netsuite_sandbox.suitebilling.subscriptions import (
    after_subscription,
    check_subscription,
    sync,
    term_end,
)

Values = dict[str, Any]
EXTEND, NEW = "EXTEND_EXISTING_SUBSCRIPTION", "CREATE_NEW_SUBSCRIPTION"
_DEFAULTS = {"renewalMethod": "defaultRenewalMethod", "renewalTerm": "defaultRenewalTerm",
             "renewalPlan": "defaultRenewalPlan",
             "renewalPriceBook": "defaultRenewalPriceBook"}  # fmt: skip
_COPIED = ("customer", "subsidiary", "currency", "billingAccount", "department", "class",
           "location", "frequency", *_DEFAULTS.values(), "autoRenewal")  # fmt: skip


def check_renewal(company: Company, values: Values) -> None:
    """Complete and check a change order that renews, by the subscription's defaults."""
    body = company.must("subscription", values["subscription"]).body
    for name, default in _DEFAULTS.items():
        if values.get(name) is None and body.get(default) is not None:
            values[name] = body[default]
    labels = {"renewalMethod": "Renewal Method", "renewalTerm": "Renewal Term"}
    absent = [label for name, label in labels.items() if not values.get(name)]
    if absent:
        raise missing(absent)
    if body.get("endDate") is None:
        raise user_error("A subscription without an end date has nothing to renew.")
    values["renewalStartDate"] = values.get("renewalStartDate") or add_days(body["endDate"], 1)
    values["renewalEndDate"] = term_end(
        company, values["renewalTerm"], values["renewalStartDate"]
    )  # fmt: skip


def renew(company: Company, order: Master) -> None:
    """Do what a renewing change order says."""
    if order.body["renewalMethod"] == EXTEND:
        _extend(company, order.body)
        return
    made = _create(company, order.body)
    order.body["renewalSteps"] = [
        {"step": "CREATE_NEW_SUBSCRIPTION", "status": "SUCCESS", "subscription": made}
    ]
    company.save_master(order, new=False)


def _extend(company: Company, order: Values) -> None:
    subscription = company.must("subscription", order["subscription"])
    before, after = subscription.body["endDate"], order["renewalEndDate"]
    open_again = after >= company.clock.today().isoformat()
    for line in lines_of(company, subscription.id):
        if line.body.get("endDate") != before or line.body.get("includeInRenewal") is False:
            continue
        line.body["endDate"] = after
        if line.body["subscriptionLineStatus"] == "CLOSED" and open_again:
            line.body["subscriptionLineStatus"] = "ACTIVE"
        company.save_master(line, new=False)
    subscription.body["endDate"] = after
    subscription.body["renewalNumber"] = 1 + (subscription.body.get("renewalNumber") or 0)
    company.save_master(subscription, new=False)
    sync(company, subscription.id)
    company.db.execute("INSERT OR IGNORE INTO armqueue VALUES (?)", (subscription.id,))


def _create(company: Company, order: Values) -> int:
    old = company.must("subscription", order["subscription"]).body
    values: Values = {name: old[name] for name in _COPIED if old.get(name) is not None}
    values.update(startDate=order["renewalStartDate"], endDate=order["renewalEndDate"])
    plan = order.get("renewalPlan") or old.get("subscriptionPlan")
    book = order.get("renewalPriceBook") or old.get("priceBook")
    if plan is not None:
        values["subscriptionPlan"] = plan
    if book is not None:
        values["priceBook"] = book
    if plan is None:
        _copy_lines(company, order["subscription"], values)
    check_subscription(company, values, None)
    now = company.clock.stamp()
    number = company.db.next_number("id.subscription")
    saved = Master(number, "subscription", None, values, now, now)
    company.save_master(saved, new=True)
    after_subscription(company, saved, None)
    return number


def _copy_lines(company: Company, subscription: int, values: Values) -> None:
    """Lines of a subscription without a plan: as they are, linked among themselves."""
    lines = [
        line
        for line in lines_of(company, subscription)
        if line.body.get("includeInRenewal") is not False
    ]
    numbers = {line.id: line.body["lineNumber"] for line in lines}
    values["subscriptionLine"] = [
        {**{k: v for k, v in in_effect(line.body, values["startDate"]).items() if k not in _OWN},
         "prepayNumber": numbers.get(line.body.get("prepayLine", 0))}
        for line in sorted(lines, key=lambda line: "prepayLine" in line.body)
    ]  # fmt: skip


_OWN = frozenset(
    {"subscription", "startDate", "endDate", "subscriptionLineStatus", "createdDate", "prepayLine",
     "priceChanges", "prepaymentRemaining", "prepaymentUsage", "terminationDate"}
)  # fmt: skip
