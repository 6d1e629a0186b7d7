"""Writes elements and arrangements, whatever they are made from."""

from __future__ import annotations

from typing import Any

from netsuite_sandbox.company import Company
from netsuite_sandbox.ledger import Header, Ledger, Line

_KEPT = frozenset(
    {"arrangement", "source", "sourceline", "subscriptionline", "projectrule",
     "subsidiary", "currency",
     "deferralaccount", "recognitionaccount", "rule", "planson", "allocationtype"}
)  # fmt: skip


def put(company: Company, row: dict[str, Any], key: str) -> None:
    """Write an element; one that exists keeps what is not synchronized from its source.

    Source: "Updating Revenue Arrangements" (section_4370936348): source date, item, quantity,
    exchange rate, amount, customer follow the source; item records are no source of updates, so
    accounts, rule and event stay as they were.
    """
    row = {**row, "revenue": row["amount"]}  # Until it is allocated.
    changes = ", ".join(f"{name} = excluded.{name}" for name in row if name not in _KEPT)
    company.db.execute(
        f"INSERT INTO element ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})"
        f" ON CONFLICT ({key}) DO UPDATE SET {changes}, stale = 1",
        tuple(row.values()),
    )


def new_arrangement(company: Company, ledger: Ledger, head: Header) -> int:
    """Save a new arrangement and return its id."""
    head.tranid = f"RA{company.db.next_number('RevArrng')}"
    head.posting = False
    head.account = company.special_account("RevArrng")
    return ledger.insert(head, [Line(0, head.account, 0, 0, mainline=True, entity=head.entity)])
