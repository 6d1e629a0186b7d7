"""Elements of projects without an order: what is charged to them, by their revenue rules.

Sources: "Project Revenue Recognition" (section_4642885587): bills of a project's charges make no
arrangement, their obligations are on the project's; "Project Revenue Rules"
(bridgehead_4686104306): as charged, percent complete and fixed amount; "Creating As Charged Project
Revenue Rules" (bridgehead_159360988425): charges on hold are no revenue. Charge rules are not in
the sandbox: a revenue rule takes the charges of its service item.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from netsuite_sandbox.arm.elements_table import new_arrangement, put
from netsuite_sandbox.ledger import Header
from netsuite_sandbox.money import times_rate, to_units

if TYPE_CHECKING:
    from netsuite_sandbox.company import Company, Master
    from netsuite_sandbox.ledger import Ledger

RECORD = "projectRevenueRule"
AS_CHARGED, PERCENT_COMPLETE, FIXED_AMOUNT = "as-charged", "percent-complete", "fixed-amount"
TYPES = (AS_CHARGED, PERCENT_COMPLETE, FIXED_AMOUNT)
ON_PROJECT_EVENT = -6


def update_projects(company: Company, ledger: Ledger) -> int:
    """Bring the elements of project revenue rules in step with the charges there are."""
    touched = 0
    for rule in company.masters(RECORD):
        project = company.must("entity", rule.body["project"])
        charges = charges_of(company, project.id, rule.body["item"])
        known = company.db.one("SELECT 1 FROM element WHERE projectrule = ?", (rule.id,))
        if charges or known:
            _put_rule(company, ledger, rule, project, charges)
            touched += 1
    return touched


def charges_of(company: Company, project: int, item: int) -> list[Master]:
    """Return the actual charges of a project for an item that are not on hold, by date."""
    rows = company.db.all(
        "SELECT id FROM master WHERE grp = 'charge' AND json_extract(body, '$.billTo') = ?"
        " AND json_extract(body, '$.billingItem') = ?",
        (project, item),
    )
    found = [company.must("charge", row["id"]) for row in rows]
    actual = [one for one in found if one.body.get("use") != "Forecast"
              and one.body.get("stage") != "HOLD_FOR_BILLING"]  # fmt: skip
    return sorted(actual, key=lambda charge: (charge.body["chargeDate"], charge.id))


def has_rule(company: Company, project: int | None, item: int) -> bool:
    """Whether a revenue rule takes the charges of a project for an item."""
    rules = company.masters(RECORD)
    return any((r.body["project"], r.body["item"]) == (project, item) for r in rules)


def _put_rule(
    company: Company, ledger: Ledger, rule: Master, project: Master, charges: list[Master]
) -> None:
    body = project.body
    old = company.db.one("SELECT * FROM element WHERE projectrule = ?", (rule.id,))
    currency, base = body["currency"], company.base_currency(body["subsidiary"])
    precision = company.precision(currency)
    amount = sum(to_units(charge.body["amount"], precision) for charge in charges)
    rate = company.rate(currency) if old is None else Decimal(old["exchangerate"])
    rate = Decimal(1) if currency == base else rate
    day = old["elementdate"] if old is not None else charges[0].body["chargeDate"]
    day = body.get("startDate") or day
    item = company.must("item", rule.body["item"]).body
    head = Header(type="RevArrng", trandate=day, subsidiary=body["subsidiary"], currency=currency,
                  exchangerate=rate, entity=project.id)  # fmt: skip
    arrangement = company.db.value(
        "SELECT arrangement FROM element WHERE projectrule IS NOT NULL AND entity = ? LIMIT 1",
        (project.id,),
    )
    row: dict[str, Any] = {
        "arrangement": arrangement or new_arrangement(company, ledger, head),
        "projectrule": rule.id, "item": rule.body["item"], "entity": project.id,
        "subsidiary": body["subsidiary"], "currency": currency,
        "exchangerate": format(rate, "f"), "elementdate": day, "quantity": "1", "amount": amount,
        "base": times_rate(amount, rate, company.precision(base)),
        "deferralaccount": item["deferredRevenueAccount"],
        "recognitionaccount": item["incomeAccount"], "rule": item.get("revenueRecognitionRule"),
        "planson": ON_PROJECT_EVENT, "allocationtype": "EXCLUDE",
    }  # fmt: skip
    put(company, row, "projectrule")
    company.db.execute(
        "UPDATE tx SET total = (SELECT SUM(amount) FROM element WHERE arrangement = tx.id)"
        " WHERE id = ?",
        (row["arrangement"],),
    )
