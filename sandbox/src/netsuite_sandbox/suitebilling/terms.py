"""Change orders and the end of a term.

Sources: "Change Order" (section_160858392918) for the record; "Prepaid Usage with Drawdown"
(section_0903123502): prepaid lines become active with their usage lines; at the end of the term the
provider either refunds what is left or recognizes it, without roll-over; "Managing Rating Runs"
(section_1547759775): charges of a suspended line go on hold. Renewals are in `renewing`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from netsuite_sandbox.company import Company, Master
from netsuite_sandbox.errors import invalid_request, invalid_value, missing, user_error
from netsuite_sandbox.money import to_decimal
from netsuite_sandbox.suitebilling.charges import is_prepay, lines_of
from netsuite_sandbox.suitebilling.rating import balance, queue, rate
from netsuite_sandbox.suitebilling.recurring import drop_unbilled_after, hold
from netsuite_sandbox.suitebilling.renewing import check_renewal, renew
from netsuite_sandbox.suitebilling.repricing import modify, undo
from netsuite_sandbox.suitebilling.subscriptions import sync

Values = dict[str, Any]
MODIFY = "MODIFY_PRICING"
# From which states an action leads to which.
_ACTIONS = {
    "ACTIVATE": ({"DRAFT", "PENDING_ACTIVATION"}, "ACTIVE"),
    "SUSPEND": ({"ACTIVE"}, "SUSPENDED"),
    "REACTIVATE": ({"SUSPENDED"}, "ACTIVE"),
    "TERMINATE": ({"ACTIVE", "SUSPENDED"}, "TERMINATED"),
}


def check_change_order(company: Company, values: Values, me: Master | None) -> None:
    """Complete and check a change order."""
    if me is not None:
        return
    absent = [n for n in ("action", "subscription") if not values.get(n)]
    if absent:
        raise missing(["Action" if n == "action" else "Subscription" for n in absent])
    subscription = company.must("subscription", values["subscription"]).body
    values.setdefault("effectiveDate", company.clock.today().isoformat())
    if values["action"] == "RENEW":
        check_renewal(company, values)
    values.setdefault("customer", subscription["customer"])
    values.setdefault("approvalStatus", "APPROVED")
    values.setdefault("subscriptionChangeOrderStatus", "ACTIVE")
    values["idNumber"] = f"CO{company.db.next_number('subscriptionChangeOrder')}"


def after_change_order(company: Company, saved: Master, before: Master | None) -> None:
    """Do what a new change order says, and rate."""
    if before is not None:
        return
    values = saved.body
    if values["action"] == "RENEW":
        renew(company, saved)
        if company.settings["auto_rating"]:
            rate(company, values["effectiveDate"], values["subscription"])
        return
    chosen = {str(v.get("sequence")): v for v in values.get("subLine") or [] if v.get("apply")}
    lines = lines_of(company, values["subscription"])
    known = {str(line.body["lineNumber"]): line for line in lines}
    for number, value in chosen.items():
        if number not in known:
            raise invalid_value(number, "sequence", "subLine.items.sequence")
        if is_prepay(known[number].body):
            raise user_error("Prepaid lines can't be modified, activated, or suspended.")
        if values["action"] == MODIFY:
            modify(company, known[number], saved, value)
        else:
            _apply(company, known[number], values)
    sync(company, values["subscription"])
    queue(company, values["subscription"])
    if company.settings["auto_rating"]:
        rate(company, values["effectiveDate"], values["subscription"])


def before_deletion(company: Company, order: Master) -> None:
    """Take back what a change order that modifies pricing did; others cannot be deleted."""
    undo(company, order)
    sync(company, order.body["subscription"])
    queue(company, order.body["subscription"])
    if company.settings["auto_rating"]:
        rate(company, order.body["effectiveDate"], order.body["subscription"])


def _apply(company: Company, line: Master, order: Values) -> None:
    sources, target = _ACTIONS[order["action"]]
    status = line.body["subscriptionLineStatus"]
    if status not in sources:
        raise user_error(f"A line with the status {status} does not allow {order['action']}.")
    day = order["effectiveDate"]
    changes = line.body.get("priceChanges") or []
    if order["action"] == "TERMINATE" and any(change["from"] > day for change in changes):
        # Source: "SuiteBilling Change Orders" (subsect_1547761140); the wording is unsure.
        raise user_error("A line with a later change order cannot be terminated.")
    line.body["subscriptionLineStatus"] = target
    if order["action"] == "ACTIVATE":
        line.body["startDate"] = day
    elif order["action"] == "TERMINATE":
        line.body["terminationDate"] = line.body["endDate"] = day
        drop_unbilled_after(company, line, day)
    elif order["action"] in {"SUSPEND", "REACTIVATE"}:
        hold(company, line, day, on=target == "SUSPENDED")
    company.save_master(line, new=False)
    prepay = line.body.get("prepayLine")
    if prepay is not None:
        _follow(company, company.must("subscriptionLine", prepay), order["action"], day)


def _follow(company: Company, prepay: Master, action: str, day: str) -> None:
    """Have a prepaid line follow its usage lines: active with the first, ended with the last."""
    rows = company.db.all(
        "SELECT id FROM master WHERE grp = 'subscriptionLine'"
        " AND json_extract(body, '$.prepayLine') = ?",
        (prepay.id,),
    )
    states = {
        company.must("subscriptionLine", row["id"]).body["subscriptionLineStatus"] for row in rows
    }
    status = prepay.body["subscriptionLineStatus"]
    if "ACTIVE" in states:
        if status == "DRAFT":
            prepay.body["startDate"] = day
        status = "ACTIVE"
    elif action == "SUSPEND":
        status = "SUSPENDED"
    elif action == "TERMINATE" and states <= {"TERMINATED", "DRAFT", "NOT_INCLUDED"}:
        status = "TERMINATED"
        prepay.body["terminationDate"] = prepay.body["endDate"] = day
    prepay.body["subscriptionLineStatus"] = status
    company.save_master(prepay, new=False)
    sync(company, prepay.body["subscription"])
    queue(company, prepay.body["subscription"])


def end_term(company: Company, subscription: int, remainder: str) -> list[Master]:
    """Close the ended lines of a subscription; refund or keep what is left of prepaid lines.

    Args:
        remainder: "refund" makes a negative charge that the next billing run puts on a credit
            memo; "recognize" leaves it to be recognized on the term's last day.

    Returns:
        The refund charges.
    """
    if remainder not in {"refund", "recognize"}:
        raise invalid_request("remainder is 'refund' or 'recognize'.")
    made: list[Master] = []
    for line in lines_of(company, subscription):
        body = line.body
        if body["subscriptionLineStatus"] not in {"ACTIVE", "TERMINATED"}:
            continue
        day = body.get("endDate") or company.clock.today().isoformat()
        if is_prepay(body) and remainder == "refund" and balance(company, line.id) > 0:
            made.append(_refund(company, line, day))
        body["subscriptionLineStatus"] = "CLOSED"
        company.save_master(line, new=False)
    sync(company, subscription)
    queue(company, subscription)
    return made


def _refund(company: Company, line: Master, day: str) -> Master:
    body = company.must("subscription", line.body["subscription"]).body
    left = -to_decimal(balance(company, line.id))
    now = company.clock.stamp()
    values = {
        "billTo": body["customer"], "billingAccount": body.get("billingAccount"),
        "billingItem": line.body["item"], "billingMode": "IMMEDIATE", "chargeDate": day,
        "billDate": day, "serviceStartDate": day, "serviceEndDate": day, "quantity": Decimal(1),
        "rate": left, "amount": left, "currency": body["currency"],
        "subsidiary": body["subsidiary"], "subscriptionLine": line.id,
        "stage": "READY_FOR_BILLING", "use": "Actual", "refund": True, "createdDate": now,
        "description": "Unused prepayment",
    }  # fmt: skip
    values = {name: value for name, value in values.items() if value is not None}
    charge = Master(company.db.next_number("id.charge"), "charge", None, values, now, now)
    company.save_master(charge, new=True)
    line.body["prepaymentRemaining"] = Decimal(0)
    company.save_master(line, new=False)
    return charge
