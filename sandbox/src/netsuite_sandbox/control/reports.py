"""What the ledger says, for people and for other programs."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from netsuite_sandbox.company import Company
from netsuite_sandbox.money import fixed, to_decimal
from netsuite_sandbox.records.accounting_books import PRIMARY
from netsuite_sandbox.records.transactions import label

_TOP = {
    "Bank": "Assets", "OthCurrAsset": "Assets", "AcctRec": "Assets", "UnbilledRec": "Assets",
    "FixedAsset": "Assets", "OthAsset": "Assets", "DeferExpense": "Assets",
    "OthCurrLiab": "Liabilities", "LongTermLiab": "Liabilities", "DeferRevenue": "Liabilities",
    "AcctPay": "Liabilities", "CredCard": "Liabilities", "Equity": "Equity", "Income": "Revenues",
    "OthIncome": "Revenues", "Expense": "Expenses", "COGS": "Expenses", "OthExpense": "Expenses",
}  # fmt: skip


def trial_balance(company: Company, as_of: str = "", book: int = PRIMARY) -> list[dict[str, Any]]:
    """All accounts with their balance in an accounting book, debit positive.

    Returns:
        One row per account in order of its number. `base` is the balance in base currency;
        `balance` the same per transaction currency, as one decimal string when all movements have
        one currency and None otherwise; `currencies` always has them all.
    """
    day = as_of or "9999-12-31"
    if book == PRIMARY:
        rows = company.db.all(
            "SELECT account, currency, SUM(amount) AS amount, SUM(base) AS base FROM turnover"
            " WHERE trandate <= ? GROUP BY account, currency HAVING SUM(n) > 0",
            (day,),
        )
    else:
        rows = company.db.all(
            "SELECT l.account, t.currency, SUM(l.amount) AS amount, SUM(l.base) AS base"
            " FROM tx t JOIN line l ON l.tx = t.id WHERE t.posting = 'T' AND t.trandate <= ?"
            " AND COALESCE(t.book, ?2) = ?2 GROUP BY 1, 2",
            (day, book),
        )
    sums: dict[int, dict[int, tuple[int, int]]] = {}
    for row in rows:
        sums.setdefault(row["account"], {})[row["currency"]] = (row["amount"], row["base"])
    out: list[dict[str, Any]] = []
    base_precision = company.precision(company.base_currency(1))
    for account in company.masters("account"):
        per = sums.get(account.id, {})
        currencies = {
            str(company.must("currency", currency).body["symbol"]): fixed(
                amount, company.precision(currency)
            )
            for currency, (amount, _) in sorted(per.items())
        }
        base = fixed(sum(value for _, value in per.values()), base_precision)
        only = next(iter(currencies.values())) if len(currencies) == 1 else None
        out.append(
            {
                "id": str(account.id),
                "externalId": account.external_id,
                "account": account.body.get("acctNumber"),
                "number": account.body.get("acctNumber"),
                "name": account.body["acctName"],
                "type": account.body["acctType"],
                "balance": base if not currencies else only,
                "base": base,
                "currencies": currencies,
            }
        )
    return sorted(out, key=lambda row: (row["number"] or "~", row["name"]))


def hledger(company: Company, book: int = PRIMARY) -> str:
    """A book's ledger as an hledger journal, external ids and custom fields as tags."""
    custom = [f"t.{name} AS {name}" for name in company.body_columns]
    columns = [f"l.{name} AS line_{name}" for name in company.line_columns]
    more = "".join(f", {name}" for name in (*custom, *columns))
    rows = company.db.all(
        "SELECT t.id, t.type, t.trandate, t.tranid, t.externalid, t.currency,"
        " COALESCE(l.subsidiary, t.subsidiary) AS subsidiary,"
        f" l.account, l.amount, l.base{more} FROM tx t JOIN line l ON l.tx = t.id"
        " WHERE t.posting = 'T' AND COALESCE(t.book, ?1) = ?1 ORDER BY t.trandate, t.id, l.seq",
        (book,),
    )
    names = {account.id: _account_name(account.body) for account in company.masters("account")}
    base = _commodity(company, company.base_currency(1))
    out = [f"; General ledger of NetSuite sandbox account {company.account}, base currency {base}"]
    out += [
        f"commodity {fixed(10_000_000, int(c.body['currencyPrecision'])).partition('.')[0]}."
        f"{'0' * int(c.body['currencyPrecision'])} {_commodity(company, c.id)}"
        for c in company.masters("currency")
    ]
    out += [f"account {name}" for name in sorted(names.values())]
    last = None
    for row in rows:
        if row["id"] != last:
            last = row["id"]
            tags = [("id", row["id"]), ("externalid", row["externalid"])]
            tags += [(name, row[name]) for name in company.body_columns]
            out += ["", f"{row['trandate']} {_plain(label(row['type']))} {_plain(row['tranid'])}"]
            out += [f"    ; {name}: {_plain(value)}" for name, value in tags if value is not None]
        own = _commodity(company, company.base_currency(row["subsidiary"]))
        out.append(_posting(company, row, names, own))
    return "\n".join(out) + "\n"


def _posting(company: Company, row: Any, names: dict[int, str], base: str) -> str:
    currency = row["currency"]
    symbol = _commodity(company, currency)
    value = f"{_number(row['base'])} {base}"
    if symbol != base and row["amount"]:
        precision = company.precision(currency)
        foreign = fixed(row["amount"], precision)
        value = f"{foreign} {symbol} @@ {_number(abs(row['base']))} {base}"
    tags = "".join(
        f"  ; {name}: {_plain(row['line_' + name])}"
        for name in company.line_columns
        if row["line_" + name] is not None
    )
    return f"    {names[row['account']]}  {value}{tags}"


def _commodity(company: Company, currency: int) -> str:
    """The symbol of a currency, in quotes unless it is all letters, as hledger asks."""
    symbol = _plain(company.must("currency", currency).body["symbol"]).replace('"', "'")
    return symbol if symbol.isalpha() else f'"{symbol}"'


def _number(units: int) -> str:
    value: Decimal = to_decimal(units)
    return format(value, "f")


def _account_name(body: dict[str, Any]) -> str:
    number = body.get("acctNumber")
    name = _plain(f"{number} {body['acctName']}" if number else str(body["acctName"]))
    return f"{_TOP.get(body['acctType'], 'Equity')}:{name}"


def _plain(value: Any) -> str:
    """Text without what an hledger line would take for syntax."""
    return re.sub(r"\s+", " ", re.sub(r"[;:,\n|]", " ", str(value))).strip()
