"""The company a new database starts with: one subsidiary, currencies, chart, periods, rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from netsuite_sandbox.arm.rules import BY_AMOUNT, BY_PERCENT
from netsuite_sandbox.company import Company, Master
from netsuite_sandbox.groups import group_of
from netsuite_sandbox.periods import month_bounds, month_name

FIRST_YEAR, LAST_YEAR = 2020, 2030

# NetSuite lists the precisions 0 and 2 only; KWD with 3 decimals is this sandbox's extension.
_CURRENCIES = (
    ("US Dollar", "USD", 2, "1"),
    ("Euro", "EUR", 2, "1.1"),
    ("British Pound", "GBP", 2, "1.25"),
    ("Japanese Yen", "JPY", 0, "0.0067"),
    ("Kuwaiti Dinar", "KWD", 3, "3.25"),
)

# number, name, type, system account. NetSuite makes Customer Deposits with the first deposit; here
# it is there from the start.
_ACCOUNTS = (
    ("1000", "Checking", "Bank", None),
    ("1050", "Undeposited Funds", "OthCurrAsset", "UndepFunds"),
    ("1100", "Accounts Receivable", "AcctRec", "AcctRec"),
    ("1150", "Unbilled Receivable", "UnbilledRec", "UnbilledRec"),
    ("2000", "Accounts Payable", "AcctPay", None),
    ("2100", "Customer Deposits", "OthCurrLiab", "CustDep"),
    ("2200", "Sales Tax Payable", "OthCurrLiab", "SalesTaxPay"),
    ("2400", "Deferred Revenue", "DeferRevenue", "DeferRevenue"),
    ("3000", "Opening Balance", "Equity", "OpeningBalEquity"),
    ("3200", "Retained Earnings", "Equity", "RetEarnings"),
    ("4000", "Sales", "Income", None),
    ("4900", "Realized Gain/Loss", "OthIncome", "RealizedERV"),
    ("4910", "Unrealized Gain/Loss", "OthIncome", "UnrERV"),
    ("4920", "Rounding Gain/Loss", "OthIncome", "RndERV"),
    ("6000", "Expenses", "Expense", None),
    ("9000", "Sales Orders", "NonPosting", "SalesOrd"),
    ("9010", "Revenue Arrangements", "NonPosting", "RevArrng"),
)

# Ids of Create Revenue Plans On as seen in third-party scripts (unsure).
_PLANS_ON = (
    (-1, "Revenue Arrangement Creation"),
    (-2, "Billing"),
    (-3, "Fulfillment"),
    (-4, "Project Progress"),
    (-5, "Subscription Events"),
    (-6, "Project Revenue Event"),
)
# id, name, method, start date source, end date source; by event amount, but for the last. Sources
# are "Revenue Recognition Rules" (section_4333740009) and "Revenue Recognition Rules for
# SuiteBilling" (section_4543482439). The first begins and ends on one date; which, is unsure.
_RULES = (
    (1, "Default Standard", "period-rate", "arrangement", "arrangement"),
    (2, "Default Usage", "period-rate", "event", "event"),
    (3, "Default Adjustable Recurring Fee", "period-rate", "subscription", "subscription"),
    (4, "Default Fixed Recurring Fee", "period-rate", "element", "element"),
    (5, "Default Percent Complete", "period-rate", "event", "event"),
)


def seed(company: Company) -> None:
    """Fill an empty database; does nothing to one that was filled."""
    db = company.db
    if db.value("SELECT value FROM meta WHERE key = 'seeded'"):
        return
    with db.transaction():
        _currencies(company)
        _put(company, "subsidiary", {"name": "Parent Company", "country": "US", "currency": 1,
                                     "isElimination": False, "isInactive": False})  # fmt: skip
        _put(company, "accountingBook", {"name": "Primary Accounting Book", "isPrimary": True,
                                         "isInactive": False})  # fmt: skip
        for number, name, kind, special in _ACCOUNTS:
            body = {"acctNumber": number, "acctName": name, "acctType": kind, "isInactive": False}
            if special:
                body["sSpecAcct"] = special
            _put(company, "account", body)
        for plans_id, name in _PLANS_ON:
            _put(company, "revPlansOn", {"name": name}, plans_id)
        for rule_id, name, method, start, end in _RULES:
            amount = BY_PERCENT if name == "Default Percent Complete" else BY_AMOUNT
            body = {"name": name, "recognitionMethod": method, "amountSource": amount,
                    "startDateSource": start, "endDateSource": end}  # fmt: skip
            _put(company, "revRecRule", body, rule_id)
        _periods(company)
        db.execute("INSERT INTO meta VALUES ('seeded', '1')")
        db.execute("INSERT INTO meta VALUES ('account', ?)", (company.account,))


def _put(company: Company, record: str, body: dict[str, Any], record_id: int = 0) -> int:
    now = company.clock.stamp()
    number = record_id or company.db.next_number(f"id.{group_of(record)}")
    company.save_master(Master(number, record, None, body, now, now), new=True)
    return number


def _currencies(company: Company) -> None:
    for name, symbol, precision, rate in _CURRENCIES:
        _put(
            company, "currency",
            {"name": name, "symbol": symbol, "currencyPrecision": precision,
             "exchangeRate": Decimal(rate), "isBaseCurrency": symbol == "USD",
             "isInactive": False},
        )  # fmt: skip


def _periods(company: Company) -> None:
    """Years, quarters and months, all open."""
    flags = {"closed": False, "allLocked": False, "arLocked": False, "apLocked": False,
             "isAdjust": False, "isPosting": True}  # fmt: skip
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        year_id = _put(company, "accountingPeriod", {
            "periodName": f"FY {year}", "startDate": f"{year}-01-01", "endDate": f"{year}-12-31",
            "isYear": True, "isQuarter": False, **flags, "isPosting": False,
        })  # fmt: skip
        for quarter in range(1, 5):
            months = range(3 * quarter - 2, 3 * quarter + 1)
            quarter_id = _put(company, "accountingPeriod", {
                "periodName": f"Q{quarter} {year}", "startDate": month_bounds(year, months[0])[0],
                "endDate": month_bounds(year, months[-1])[1], "isYear": False, "isQuarter": True,
                "parent": year_id, **flags, "isPosting": False,
            })  # fmt: skip
            for month in months:
                first, last = month_bounds(year, month)
                _put(company, "accountingPeriod", {
                    "periodName": month_name(year, month), "startDate": first, "endDate": last,
                    "isYear": False, "isQuarter": False, "parent": quarter_id, **flags,
                })  # fmt: skip
