"""Account roles: what an account is for. A tenant maps each role to an account of its chart.

There is no role for revenue, so no rule and no plan can name a revenue account: Advanced Revenue
Management posts revenue, and what it posted enters the journal as an observation (`Observed`).
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """An account the automation may post to."""

    ACCOUNTS_RECEIVABLE = "accounts_receivable"
    UNDEPOSITED_FUNDS = "undeposited_funds"
    PREPAYMENT_CLEARING = "prepayment_clearing"
    CASH = "cash"
    CUSTOMER_DEPOSITS = "customer_deposits"
    PREPAID_CREDITS_LIABILITY = "prepaid_credits_liability"
    DEFERRED_REVENUE_PREPAID = "deferred_revenue_prepaid"
    DEFERRED_REVENUE_USAGE = "deferred_revenue_usage"
    DEFERRED_REVENUE_BREAKAGE = "deferred_revenue_breakage"
    FORMER_DEFERRED_REVENUE = "former_deferred_revenue"


class Observed(StrEnum):
    """An account we never post to; it appears in the journal as an observation."""

    REVENUE_USAGE = "revenue_usage"
    REVENUE_BREAKAGE = "revenue_breakage"
    OPENING_BALANCE = "opening_balance"
    CLOSING_BALANCE = "closing_balance"


Account = Role | Observed

REVENUES: tuple[Observed, ...] = (Observed.REVENUE_USAGE, Observed.REVENUE_BREAKAGE)

KINDS: dict[Account, str] = {
    Role.ACCOUNTS_RECEIVABLE: "asset",
    Role.UNDEPOSITED_FUNDS: "asset",
    Role.PREPAYMENT_CLEARING: "asset",  # a contra account: its balance is a credit
    Role.CASH: "asset",
    Role.CUSTOMER_DEPOSITS: "liability",
    Role.PREPAID_CREDITS_LIABILITY: "liability",
    Role.DEFERRED_REVENUE_PREPAID: "liability",
    Role.DEFERRED_REVENUE_USAGE: "liability",
    Role.DEFERRED_REVENUE_BREAKAGE: "liability",
    Role.FORMER_DEFERRED_REVENUE: "liability",
    Observed.REVENUE_USAGE: "income",
    Observed.REVENUE_BREAKAGE: "income",
    Observed.OPENING_BALANCE: "equity",
    Observed.CLOSING_BALANCE: "equity",
}

CONTROL_ROLES: tuple[Role, ...] = tuple(role for role in Role if role is not Role.CASH)
"""Roles whose balance must be zero once every block has ended and the month end has run."""


def account(name: str) -> Account:
    """Return the role or observed account of that name.

    Raises:
        ValueError: No account has that name.
    """
    try:
        return Role(name)
    except ValueError:
        return Observed(name)
