"""The account swap of journal lines whose revenue is to be recognized later.

Source: "Creating Revenue Elements from Journal Entries" (section_4423536353): the income account
must have a deferred revenue account as its deferral account; with a recognition rule selected the
line is converted to that account when the journal is saved; the rule's amount source is
Event-Percent based on amount or Event-Percent Complete; once the element is there the rule cannot
change.
"""

from __future__ import annotations

from typing import Any

from netsuite_sandbox.company import Company
from netsuite_sandbox.errors import invalid_value, user_error

INCOME_ACCOUNT = "recognitionAccount"  # Kept with the line; not a property of NetSuite's.


def swapped(company: Company, line: dict[str, Any], account: int, path: str) -> int:
    """Return the account a journal line posts to; notes the income account in the line."""
    rule = line.get("revenueRecognitionRule")
    if rule is None:
        line.pop(INCOME_ACCOUNT, None)
        return account
    source = company.must("revRecRule", rule).body.get("amountSource", "amount")
    if source not in {"amount", "percent-complete"}:
        raise invalid_value(rule, "revenueRecognitionRule", f"{path}.revenueRecognitionRule")
    income = line.get(INCOME_ACCOUNT)
    if income is not None and company.must("account", income).body.get("deferralAcct") == account:
        return account
    deferral = company.must("account", account).body.get("deferralAcct")
    if deferral is None or company.account_type(deferral) != "DeferRevenue":
        name = company.must("account", account).body["acctName"]
        raise user_error(f"The {name} account does not have a deferral account.", path)
    line[INCOME_ACCOUNT] = account
    return int(deferral)
