"""Charges: single amounts that a customer is to pay, made by rating and put on bills.

Source: REST API Browser (charge); "Charge" (section_159310901448). Ids of subscription line types
are not documented; the ones here are unsure. Names: "Recognition Treatment Rules for SuiteBilling"
(section_4543482439).
"""

from __future__ import annotations

from typing import Any

from netsuite_sandbox.company import Company, Master

ONE_TIME, RECURRING, USAGE, COMMIT, PREPAY = "1", "2", "3", "4", "6"
LINE_TYPES = {ONE_TIME: "One Time", RECURRING: "Recurring", USAGE: "Usage",
              COMMIT: "Commit Plus Overage", PREPAY: "Prepay"}  # fmt: skip


def line_type(value: Any) -> str | None:
    """Return the id of a line type given by id or by name in any case."""
    text = str(value).strip().lower().replace("-", " ")
    for key, name in LINE_TYPES.items():
        if text in {key, name.lower()}:
            return key
    return {"prepaid": PREPAY, "onetime": ONE_TIME, "commit": COMMIT}.get(text)


def is_prepay(line: dict[str, Any]) -> bool:
    """Whether a subscription line is a prepaid one."""
    return line.get("subscriptionLineType") == PREPAY


def is_usage(line: dict[str, Any]) -> bool:
    """Whether a subscription line is a usage line."""
    return line.get("subscriptionLineType") == USAGE


def is_commit(line: dict[str, Any]) -> bool:
    """Whether a subscription line is a commit plus overage line."""
    return line.get("subscriptionLineType") == COMMIT


def is_metered(line: dict[str, Any]) -> bool:
    """Whether usage is recorded against a subscription line."""
    return line.get("subscriptionLineType") in {USAGE, COMMIT}


def of_line(company: Company, line: int) -> list[Master]:
    """Return the charges of a subscription line, by id; forecast ones are left out."""
    rows = company.db.all(
        "SELECT id FROM master WHERE grp = 'charge'"
        " AND json_extract(body, '$.subscriptionLine') = ? ORDER BY id",
        (line,),
    )
    found = [company.must("charge", row["id"]) for row in rows]
    return [charge for charge in found if charge.body.get("use") != "Forecast"]


def lines_of(company: Company, subscription: int) -> list[Master]:
    """Return the lines of a subscription by line number."""
    rows = company.db.all(
        "SELECT id FROM master WHERE grp = 'subscriptionLine'"
        " AND json_extract(body, '$.subscription') = ?",
        (subscription,),
    )
    found = [company.must("subscriptionLine", row["id"]) for row in rows]
    return sorted(found, key=lambda line: (line.body["lineNumber"], line.id))


def release(company: Company, tx: int) -> None:
    """Make the charges of a deleted or voided bill ready for billing again."""
    for column, member in (("invoice", "invoiceLine"), ("creditMemo", "creditMemoLine")):
        rows = company.db.all(
            f"SELECT id FROM master WHERE grp = 'charge' AND json_extract(body, '$.{column}') = ?",
            (tx,),
        )
        for row in rows:
            charge = company.must("charge", row["id"])
            charge.body.pop(column)
            charge.body.pop(member, None)
            company.save_master(charge, new=False)
