"""Billing: invoices from charges that are ready, credit memos from refunds.

Sources: section_0919041722 for the lines of the invoices: usage, negative lines of the prepaid
item for what usage drew, the refill; "Managing Rating Runs" (section_1547759775): a partial refund
becomes a credit memo.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from netsuite_sandbox.company import Master
from netsuite_sandbox.records import transactions
from netsuite_sandbox.records.kinds import Books


def bill(books: Books, day: str, customer: int | None = None) -> list[dict[str, Any]]:
    """Bill all charges that are due on a day, one bill for each billing account.

    Returns:
        [{"id", "type": "invoice" or "creditMemo", "charges"}]
    """
    company = books.company
    groups: dict[tuple[Any, ...], list[Master]] = {}
    for charge in company.masters("charge"):
        body = charge.body
        if _is_due(body, day) and customer in (None, body["billTo"]):
            key = (body["billTo"], body.get("billingAccount"), body.get("currency"),
                   body.get("subsidiary"), bool(body.get("refund")))  # fmt: skip
            groups.setdefault(key, []).append(charge)
    out: list[dict[str, Any]] = []
    for key in sorted(groups, key=lambda key: groups[key][0].id):
        charges = groups[key]
        total = sum((Decimal(charge.body["amount"]) for charge in charges), start=Decimal(0))
        credit = bool(charges[0].body.get("refund")) or total < 0
        out.append(_bill(books, day, charges, credit=credit))
    return out


def _is_due(body: dict[str, Any], day: str) -> bool:
    billed = body.get("invoice") is not None or body.get("creditMemo") is not None
    ready = body.get("stage") == "READY_FOR_BILLING" and body.get("use") != "Forecast"
    return ready and not billed and (body.get("billDate") or body["chargeDate"]) <= day


def _bill(books: Books, day: str, charges: list[Master], *, credit: bool) -> dict[str, Any]:
    record = "creditMemo" if credit else "invoice"
    first = charges[0].body
    values: dict[str, Any] = {
        "entity": first["billTo"], "tranDate": day, "currency": first.get("currency"),
        "subsidiary": first.get("subsidiary"),
        "item": [_line(books, charge, credit=credit) for charge in charges],
    }  # fmt: skip
    values = {name: value for name, value in values.items() if value is not None}
    made = transactions.create(books, transactions.KINDS[record], values)
    lines = [line for line in books.ledger.lines(made) if line.item is not None]
    for charge, line in zip(charges, lines, strict=True):
        charge.body[record] = made
        charge.body[f"{record}Line"] = str(line.id)
        charge.modified = books.company.clock.stamp()
        books.company.save_master(charge, new=False)
    return {"id": str(made), "type": record, "charges": [str(charge.id) for charge in charges]}


def _line(books: Books, charge: Master, *, credit: bool) -> dict[str, Any]:
    body = charge.body
    amount, rate = Decimal(body["amount"]), Decimal(body.get("rate") or body["amount"])
    line: dict[str, Any] = {
        "item": body["billingItem"], "quantity": Decimal(body.get("quantity") or 1),
        "rate": -rate if credit else rate, "amount": -amount if credit else amount,
        "description": body.get("description"), "charge": charge.id,
    }  # fmt: skip
    if body.get("subscriptionLine") is not None:
        line["subscriptionLine"] = body["subscriptionLine"]
        owner = books.company.must("subscriptionLine", body["subscriptionLine"])
        line["subscription"] = owner.body["subscription"]
    return {name: value for name, value in line.items() if value is not None}
