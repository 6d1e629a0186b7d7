"""Change orders that modify pricing: another price plan, quantity or discount from a day on.

Sources: "SuiteBilling Change Orders" (subsect_1547761140): it takes effect at the start of its
effective date, which is after the activation, on active lines, once for each line and date; saving
it updates the charges, deleting it takes its changes back. "Modifying Pricing"
(section_1554934535): a change inside a charge period is prorated; of what is invoiced the
difference is charged. That proration counts days, and that tiers of usage cannot change inside
their pricing period, is unsure.
"""

from __future__ import annotations

from typing import Any

from netsuite_sandbox.company import Company, Master
from netsuite_sandbox.errors import missing, user_error
from netsuite_sandbox.suitebilling.charges import RECURRING, is_usage, lines_of
from netsuite_sandbox.suitebilling.recurring import drop_unbilled_from
from netsuite_sandbox.suitebilling.spans import pricing_period

Values = dict[str, Any]
_NEW = {"pricePlanNew": "pricePlan", "quantityNew": "quantity", "discountNew": "discount"}
REPRICED = "REPRICED"  # Mark of rated usage that is to be rated anew.


def modify(company: Company, line: Master, order: Master, value: Values) -> None:
    """Change what a line costs from the effective date of a change order on."""
    body, day = line.body, order.body["effectiveDate"]
    _check(body, day)
    changes = {name: value[new] for new, name in _NEW.items() if value.get(new) is not None}
    if not changes:
        raise missing(["New Price Plan, Quantity or Discount"])
    if is_usage(body) and set(changes) != {"pricePlan"}:
        raise user_error("Of a usage line only the price plan can be modified.")
    known = body.get("priceChanges") or []
    body["priceChanges"] = sorted(
        [*known, {"order": order.id, "from": day, **changes}], key=lambda change: change["from"]
    )
    _update(company, line, day)


def _check(body: Values, day: str) -> None:
    """Refuse what cannot be modified. The wording is unsure."""
    if body["subscriptionLineStatus"] != "ACTIVE":
        status = body["subscriptionLineStatus"]
        raise user_error(f"A line with the status {status} does not allow MODIFY_PRICING.")
    if body["subscriptionLineType"] != RECURRING and not is_usage(body):
        raise user_error("This sandbox modifies the pricing of recurring and usage lines only.")
    if day <= body["startDate"]:
        raise user_error("The effective date must be after the activation date.")
    if any(change["from"] == day for change in body.get("priceChanges") or []):
        raise user_error("A line can have one change order of a type on a date.")
    if is_usage(body) and pricing_period(body, day)[0] != day:
        raise user_error(
            "This sandbox modifies the pricing of usage from the start of a pricing period only."
        )


def undo(company: Company, order: Master) -> None:
    """Take back what a change order changed, and the charges made for it."""
    for line in lines_of(company, order.body["subscription"]):
        known = line.body.get("priceChanges") or []
        kept = [change for change in known if change["order"] != order.id]
        if kept != known:
            line.body["priceChanges"] = kept
            _update(company, line, order.body["effectiveDate"])


def _update(company: Company, line: Master, day: str) -> None:
    """Save a line and have its charges from a day on made anew by the next rating."""
    company.save_master(line, new=False)
    if not is_usage(line.body):
        drop_unbilled_from(company, line, day)
        return
    for row in company.db.all(
        "SELECT id FROM master WHERE grp = 'usage'"
        " AND json_extract(body, '$.usageSubscriptionLine') = ?"
        " AND json_extract(body, '$.usageDate') >= ?"
        " AND json_extract(body, '$.rated') IS NOT NULL",
        (line.id, day),
    ):
        usage = company.must("usage", row["id"])
        usage.body["rated"] = REPRICED
        company.save_master(usage, new=False)
