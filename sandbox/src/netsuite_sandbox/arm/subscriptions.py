"""Elements of subscription lines: what rating moved between the prepaid and the usage lines.

Sources: "Revenue Recognition for SuiteBilling" (chapter_4744857571): each line of a subscription
makes one element of the subscription's arrangement; section_0919040318: as usage is recorded its
price moves from the prepay element to the usage elements, plans are made on Subscription Events and
the allocation type is Exclude whatever the item says; worked example section_0919041722.
"""

from __future__ import annotations

from decimal import Decimal

from netsuite_sandbox.arm.allocation import allocate
from netsuite_sandbox.arm.elements_table import new_arrangement, put
from netsuite_sandbox.company import Company, Master
from netsuite_sandbox.ledger import Header, Ledger
from netsuite_sandbox.money import times_rate, to_units
from netsuite_sandbox.suitebilling.charges import is_metered, is_prepay, lines_of, of_line

ON_SUBSCRIPTION_EVENTS = -5
_LIVE = frozenset({"ACTIVE", "SUSPENDED", "TERMINATED", "CLOSED"})


def update_subscriptions(company: Company, ledger: Ledger, until: str) -> int:
    """Bring the elements of subscriptions with new charges in step, charges up to `until`."""
    touched = 0
    for row in company.db.all("SELECT subscription FROM armqueue ORDER BY subscription"):
        subscription = company.master("subscription", row["subscription"])
        later = False
        if subscription is not None:
            for line in lines_of(company, subscription.id):
                if _is_source(company, line):
                    later = _put_line(company, ledger, subscription, line, until) or later
                    touched += 1
            arrangement = _found(company, subscription.id)
            if arrangement is not None:
                _total(company, arrangement)
        if not later:
            company.db.execute(
                "DELETE FROM armqueue WHERE subscription = ?", (row["subscription"],)
            )
    return touched


def _is_source(company: Company, line: Master) -> bool:
    if line.body.get("subscriptionLineStatus") not in _LIVE:
        return False
    item = company.must("item", line.body["item"]).body
    return item.get("deferredRevenueAccount") is not None and not item.get("directRevenuePosting")


def _put_line(
    company: Company, ledger: Ledger, subscription: Master, line: Master, until: str
) -> bool:
    """Write the element of one line; return whether it has charges after `until`."""
    db = company.db
    old = db.one("SELECT * FROM element WHERE subscriptionline = ?", (line.id,))
    asof = until if old is None else max(until, old["asof"] or until)
    charges = of_line(company, line.id)
    taken = [charge for charge in charges if charge.body["chargeDate"] <= asof]
    currency = subscription.body["currency"]
    amount = sum(to_units(c.body["amount"], company.precision(currency)) for c in taken)
    quantity = Decimal(1)
    if is_metered(line.body):
        quantity = sum((Decimal(c.body["quantity"]) for c in taken), start=Decimal(0))
    subsidiary = subscription.body["subsidiary"]
    rate = company.rate(currency) if old is None else Decimal(old["exchangerate"])
    base = company.base_currency(subsidiary)
    rate = Decimal(1) if currency == base else rate
    item = company.must("item", line.body["item"]).body
    by_event = is_metered(line.body) or is_prepay(line.body)
    put(company, {
        "arrangement": _arrangement(company, ledger, subscription, rate),
        "subscriptionline": line.id, "item": line.body["item"],
        "entity": subscription.body["customer"], "subsidiary": subsidiary, "currency": currency,
        "exchangerate": format(rate, "f"), "elementdate": line.body["startDate"],
        "startdate": line.body["startDate"], "enddate": line.body.get("endDate"),
        "quantity": format(quantity, "f"), "amount": amount,
        "base": times_rate(amount, rate, company.precision(base)),
        "deferralaccount": item["deferredRevenueAccount"],
        "recognitionaccount": item["incomeAccount"], "rule": item.get("revenueRecognitionRule"),
        "planson": ON_SUBSCRIPTION_EVENTS if by_event else item.get("createRevenuePlansOn"),
        "allocationtype": "EXCLUDE" if by_event else item.get("VSOESopGroup", "NORMAL"),
        "asof": asof,
    }, "subscriptionline")  # fmt: skip
    return len(taken) < len(charges)


def _found(company: Company, subscription: int) -> int | None:
    """The arrangement of a subscription, if it has one."""
    found: int | None = company.db.value(
        "SELECT e.arrangement FROM element e JOIN master m ON m.grp = 'subscriptionLine'"
        " AND m.id = e.subscriptionline WHERE json_extract(m.body, '$.subscription') = ? LIMIT 1",
        (subscription,),
    )
    return found


def _arrangement(company: Company, ledger: Ledger, subscription: Master, rate: Decimal) -> int:
    found = _found(company, subscription.id)
    if found is not None:
        return found
    body = subscription.body
    return new_arrangement(company, ledger, Header(
        type="RevArrng", trandate=body["startDate"], subsidiary=body["subsidiary"],
        currency=body["currency"], exchangerate=rate, entity=body["customer"],
    ))  # fmt: skip


def _total(company: Company, arrangement: int) -> None:
    company.db.execute(
        "UPDATE tx SET total = (SELECT SUM(amount) FROM element WHERE arrangement = tx.id)"
        " WHERE id = ?",
        (arrangement,),
    )
    allocate(company, arrangement)
