"""Books, currencies and accounts: whether what the mapping names is there and fits its role."""

from __future__ import annotations

from collections.abc import Iterator

from drawdown.core.accounts import Account, Observed, Role
from drawdown.core.errors import DrawdownError
from drawdown.core.money import currency
from drawdown.core.observed import Finding
from drawdown.core.policy import ClosedPeriod, DepositAccount
from drawdown.erp.netsuite.doctor.look import Look, error, note, warning
from drawdown.erp.netsuite.doctor.role import FEATURES, has_table
from drawdown.erp.netsuite.mapping import SYSTEM_ACCOUNTS

CHART = "Lists > Accounting > Accounts"
PREFERENCES = "Setup > Accounting > Accounting Preferences > General"
CURRENCIES = "Lists > Accounting > Currencies"

# Account types (acctType of the REST API Browser 2026.1) that a role's account may have.
_TYPES: dict[Account, tuple[str, ...]] = {
    Role.ACCOUNTS_RECEIVABLE: ("AcctRec",),
    Role.UNDEPOSITED_FUNDS: ("OthCurrAsset",),
    Role.CUSTOMER_DEPOSITS: ("OthCurrLiab",),
    Role.CASH: ("Bank",),
    Role.PREPAYMENT_CLEARING: ("OthCurrAsset", "OthCurrLiab", "Bank"),
    Role.PREPAID_CREDITS_LIABILITY: ("OthCurrLiab", "DeferRevenue", "LongTermLiab"),
    Role.DEFERRED_REVENUE_PREPAID: ("DeferRevenue",),
    Role.DEFERRED_REVENUE_USAGE: ("DeferRevenue",),
    Role.DEFERRED_REVENUE_BREAKAGE: ("DeferRevenue",),
    Role.FORMER_DEFERRED_REVENUE: ("DeferRevenue", "OthCurrLiab", "LongTermLiab"),
    Observed.REVENUE_USAGE: ("Income", "OthIncome"),
    Observed.REVENUE_BREAKAGE: ("Income", "OthIncome"),
}


def books(look: Look) -> Iterator[Finding]:
    """Which subsidiary the books are of, and its base currency."""
    name = look.mapping.subsidiary
    if not name:
        if has_table(look, "subsidiary"):
            names = [row.get("name", "") for row in look.rows(
                "SELECT s.id AS id, s.name AS name FROM subsidiary s ORDER BY s.id")]  # fmt: skip
            if len(names) > 1:
                yield error(
                    "subsidiary_unmapped",
                    f"the account has subsidiaries ({', '.join(names[:5])}) and the mapping names "
                    "none",
                    "subsidiary of the connection's mapping",
                    "journals and customers are refused: they need a subsidiary",
                )
        return
    if not has_table(look, "subsidiary"):
        yield error(
            "feature_off",
            f"the mapping names subsidiary {name!r}, but the account is no OneWorld account, or "
            "the role may not see subsidiaries",
            f"{FEATURES}; the role's permission Lists > Subsidiaries; or leave subsidiary empty",
            "nothing can be delivered",
        )
        return
    chart = look.directory.chart()
    yield note("books", f"subsidiary {name} (id {chart.subsidiary}) in {chart.base_currency}")
    sql = (
        "SELECT s.id AS id, s.iselimination AS iselimination, s.isinactive AS isinactive "
        f"FROM subsidiary s WHERE s.id = {int(chart.subsidiary)} ORDER BY s.id"
    )
    for row in look.rows(sql):
        if "T" in (row.get("iselimination"), row.get("isinactive")):
            yield error(
                "subsidiary_unfit",
                f"subsidiary {name} is inactive or an elimination subsidiary",
                "Setup > Company > Subsidiaries, or subsidiary of the connection's mapping",
                "records of it are refused",
            )


def currencies(look: Look) -> Iterator[Finding]:
    """Whether each currency has the decimals of ISO 4217, by which amounts are sent."""
    sql = (
        "SELECT c.id AS id, c.symbol AS symbol, c.currencyprecision AS decimals FROM currency c "
        "WHERE c.isinactive = 'F' ORDER BY c.id"
    )
    for row in look.rows(sql):
        try:
            wanted = currency(row.get("symbol", "")).exponent
        except DrawdownError:
            continue  # not a currency that a block could have
        decimals = row.get("decimals", "")
        if decimals and decimals != str(wanted):
            yield error(
                "currency_precision",
                f"currency {row['symbol']} has {decimals} decimals in NetSuite and {wanted} in ISO "
                "4217",
                f"{CURRENCIES} > {row['symbol']}: Currency Precision",
                "amounts of that currency are refused or rounded",
            )


def mapped(look: Look) -> Iterator[Finding]:
    """Whether each role has an account, of a type that fits it."""
    needed = _TYPES.keys() - SYSTEM_ACCOUNTS.keys() - {Role.FORMER_DEFERRED_REVENUE}
    for account in (*Role, *Observed):
        if account in needed and account not in look.mapping.accounts:
            yield error(
                "mapping_gap",
                f"{account} has no account",
                f"accounts.{account} of the connection's mapping",
                "records that post to it are parked",
            )
    chart = look.directory.chart().accounts
    for posting in look.mapping.posting_accounts():
        internal_id = look.directory.find_account(posting.account, posting.number)
        if internal_id is None:
            if posting.account is Role.CUSTOMER_DEPOSITS and not posting.number:
                continue  # NetSuite makes it with the first deposit
            named = posting.number or f"special type {SYSTEM_ACCOUNTS.get(Role(posting.account))}"
            yield error(
                "account_missing",
                f"{posting.account}{_of(posting.item_id)}: there is no active account {named}",
                f"{CHART}, or accounts.{posting.account} of the connection's mapping",
                "records that post to it are parked",
            )
            continue
        row = chart[internal_id]
        fitting = _TYPES[posting.account]
        if row.kind and row.kind not in fitting:
            yield error(
                "account_type",
                f"{posting.account}{_of(posting.item_id)}: account {row.number} {row.name} is of "
                f"type {row.kind}, not {' or '.join(fitting)}",
                f"{CHART}: another account (a used one cannot change its type), and "
                f"accounts.{posting.account} of the connection's mapping",
                _type_breaks(posting.account),
            )
        elif (
            posting.account is Role.PREPAYMENT_CLEARING
            and (
                look.policy.deposit_account is DepositAccount.CLEARING
                or look.policy.closed_period is ClosedPeriod.FIRST_OPEN_DAY
            )
            and row.kind != "Bank"
        ):
            yield warning(
                "account_list",
                f"by policy deposits go straight to account {row.number} {row.name}, or refunds "
                f"for closed periods come out of it, and it is of type {row.kind}, not Bank",
                f"{PREFERENCES}: Expand Account Lists on; or a clearing account of type Bank",
                "deposits and refunds to it are refused",
            )


def _of(item_id: str) -> str:
    return f" of item {item_id}" if item_id else ""


def _type_breaks(account: Account) -> str:
    if account in (Role.CASH, Role.PREPAYMENT_CLEARING):
        return "deposits, payments and refunds to it are refused"
    if isinstance(account, Observed):
        return "what is recognised does not show as revenue"
    return "records that post to it are refused, or the balance sheet shows it in the wrong place"
