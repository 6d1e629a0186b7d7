"""Which accounts a transaction may post to: of its subsidiary, and of its currency.

Sources: third-party quote of a live account, "The Accounts Payable USD Sub8 account cannot be used
with the Euro Sub subsidiary", "Common Errors With Intercompany Journal Entries"
(section_4105316538); TRANS_FORGN_CRNCY_MISMATCH (SOAP Error Status Codes).
"""

from __future__ import annotations

from typing import Any

from netsuite_sandbox.company import Company
from netsuite_sandbox.errors import user_error
from netsuite_sandbox.ledger import Header, Line
from netsuite_sandbox.whole import whole

CURRENCY_MISMATCH = "Transaction and foreign currency account use different currencies."


def check_lines(company: Company, header: Header, lines: list[Line]) -> None:
    """Refuse too many lines, and accounts that the transaction cannot use.

    Raises:
        NetSuiteError: USER_ERROR naming the limit, the account, or the currencies.
    """
    journal = header.type == "Journal"
    most = company.settings["journal_lines_max" if journal else "transaction_lines_max"]
    if len(lines) - (not journal) > most:  # Of others the first is the main line.
        raise user_error(f"A transaction may have up to {most} lines.")
    for account, place in {(line.account, line.subsidiary) for line in lines}:
        subsidiary = place or header.subsidiary
        body = company.must("account", account).body
        currency = body.get("currency")
        # An account in base currency takes what is foreign at its base amount.
        if currency not in (None, header.currency, company.base_currency(subsidiary)):
            raise user_error(CURRENCY_MISMATCH)
        own = _subsidiaries(body)
        served = _lineage(company, subsidiary) if body.get("includeChildren") else ()
        if own and not own & {subsidiary, *served}:
            name = company.must("subsidiary", subsidiary).body["name"]
            raise user_error(
                f"Invalid account reference key {account} for linesubsidiary {place}."
                if place
                else f"The {body['acctName']} account cannot be used with the {name} subsidiary."
            )


def _lineage(company: Company, subsidiary: int) -> list[int]:
    """A subsidiary with its parents: Include Children serves all that are below a chosen one."""
    found: list[int] = []
    current: Any = subsidiary
    while isinstance(current, int) and current not in found:
        found.append(current)
        current = company.must("subsidiary", current).body.get("parent")
    return found


def _subsidiaries(body: dict[str, Any]) -> set[int]:
    """The subsidiaries that an account is restricted to; none means all."""
    named = body.get("subsidiary")
    if isinstance(named, list):
        found = (line.get("id", line) if isinstance(line, dict) else line for line in named)
        return {number for value in found if (number := whole(str(value))) is not None}
    return {named} if isinstance(named, int) else set()
