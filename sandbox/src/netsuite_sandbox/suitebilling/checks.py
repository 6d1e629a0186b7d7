"""What the small records of subscription billing require and fill in.

Sources: REST API Browser; "Usage" (section_158713807177), "Charge" (section_159310901448), "Price
Plan" (section_156027197809), "Creating Usage Records" (section_1546981289): rated usage cannot be
deleted, only voided.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from netsuite_sandbox.company import Company, Master
from netsuite_sandbox.errors import invalid_value, missing, user_error
from netsuite_sandbox.suitebilling.charges import is_metered

Values = dict[str, Any]
_LABELS = {
    "customer": "Customer", "usageSubscription": "Subscription", "billTo": "Bill To",
    "usageSubscriptionLine": "Subscription Line", "usageQuantity": "Quantity",
    "subscriptionPlan": "Subscription Plan", "name": "Name", "currency": "Currency",
    "billingItem": "Item", "itemId": "Subscription Plan Name", "subscription": "Subscription",
    "item": "Item",
}  # fmt: skip


def _require(values: Values, *names: str) -> None:
    absent = [_LABELS[name] for name in names if values.get(name) in (None, "")]
    if absent:
        raise missing(absent)


def check_usage(company: Company, values: Values, me: Master | None) -> None:
    """Complete and check a usage record."""
    names = ["customer", "usageSubscription", "usageSubscriptionLine", "usageQuantity"]
    if company.settings["usage_requires_plan"]:
        names.append("subscriptionPlan")
    _require(values, *names)
    line = company.must("subscriptionLine", values["usageSubscriptionLine"])
    subscription = company.must("subscription", values["usageSubscription"]).body
    if line.body["subscription"] != values["usageSubscription"] or not is_metered(line.body):
        raise invalid_value(line.id, "usageSubscriptionLine", "usageSubscriptionLine")
    if subscription["customer"] != values["customer"]:
        raise invalid_value(values["customer"], "customer", "customer")
    values.setdefault("usageDate", company.clock.today().isoformat())
    values.setdefault("item", line.body["item"])
    values.setdefault("status", "ACTIVE")
    if me is None:
        status = line.body["subscriptionLineStatus"]
        if status not in {"ACTIVE", "TERMINATED"}:
            raise user_error(f"Usage cannot be recorded for a line with the status {status}.")
        values.pop("rated", None)
    elif me.body.get("rated"):
        same = ("usageQuantity", "usageDate", "usageSubscriptionLine")
        if any(me.body.get(name) != values.get(name) for name in same):
            raise user_error("Usage that has been rated cannot be changed. Void it instead.")
    last = line.body.get("endDate")
    if values["usageDate"] < line.body["startDate"] or (last and values["usageDate"] > last):
        raise user_error("The usage date is outside the term of the subscription line.")


def check_charge(company: Company, values: Values, me: Master | None) -> None:
    """Complete and check a charge made by hand."""
    _require(values, "billTo", "billingItem")
    if me is not None and (me.body.get("invoice") or me.body.get("creditMemo")):
        raise user_error("A charge that has been billed cannot be changed.")
    quantity = Decimal(values.get("quantity") or 1)
    values["quantity"] = quantity
    if values.get("amount") is None:
        values["amount"] = quantity * Decimal(values.get("rate") or 0)
    if values.get("rate") is None:
        values["rate"] = values["amount"] / quantity if quantity else values["amount"]
    customer = company.must("entity", values["billTo"]).body
    values.setdefault("subsidiary", customer["subsidiary"])
    values.setdefault("currency", customer.get("currency"))
    values.setdefault("chargeDate", company.clock.today().isoformat())
    values.setdefault("stage", "READY_FOR_BILLING")
    values.setdefault("use", "Actual")
    values.setdefault("createdDate", company.clock.stamp())


def check_price_plan(_company: Company, values: Values, _me: Master | None) -> None:
    """Check a price plan. Source: a minimum balance is 0 or more (section_0903123502)."""
    _require(values, "currency")
    if Decimal(values.get("prepayMinBalance") or 0) < 0:
        raise invalid_value(values["prepayMinBalance"], "prepayMinBalance", "prepayMinBalance")


def check_price_book(_company: Company, values: Values, _me: Master | None) -> None:
    """Check a price book."""
    _require(values, "name", "subscriptionPlan", "currency")


def check_plan(company: Company, values: Values, me: Master | None) -> None:
    """Check a subscription plan; its members are numbered from 1."""
    _require(values, "itemId")
    taken = company.db.value(
        "SELECT id FROM master WHERE type = 'subscriptionPlan'"
        " AND json_extract(body, '$.itemId') = ? AND id <> ?",
        (values["itemId"], me.id if me else 0),
    )
    if taken is not None:
        raise user_error("A subscription plan with this name already exists.")
    for number, member in enumerate(values.get("member") or [], 1):
        member.setdefault("lineNumber", number)
    values.setdefault("itemType", "SubscriPlan")


def check_billing_account(company: Company, values: Values, me: Master | None) -> None:
    """Complete and check a billing account."""
    _require(values, "customer")
    customer = company.must("entity", values["customer"]).body
    values.setdefault("subsidiary", customer["subsidiary"])
    values.setdefault("currency", customer.get("currency"))
    values.setdefault("startDate", company.clock.today().isoformat())
    values.setdefault("frequency", "MONTHLY")
    if me is None:
        values["idNumber"] = f"BA{company.db.next_number('billingAccount')}"
        values.setdefault("name", f"{values['idNumber']} {customer['entityId']}")
        values.setdefault("createdDate", company.clock.stamp())


def check_term(_company: Company, values: Values, _me: Master | None) -> None:
    """Check a subscription term."""
    _require(values, "name")


def check_line(_company: Company, values: Values, me: Master | None) -> None:
    """Refuse lines of their own: they come with their subscription."""
    _require(values, "subscription", "item")
    if me is None:
        raise user_error("Subscription lines are added on the subscription.")


def check_event(_company: Company, _values: Values, _me: Master | None) -> None:
    """Refuse to write events over REST.

    Source: REST API Browser: what an event belongs to is read-only, so none can be made.
    """
    raise user_error("Revenue recognition events are created by script.")
