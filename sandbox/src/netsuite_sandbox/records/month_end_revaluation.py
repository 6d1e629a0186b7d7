"""Month-end revaluation of open balances in foreign currency: unrealized gain and loss.

Sources: "Generating Revaluations" (section_N1430227): at the rate of the period's last day, open
receivables apart from other accounts, against Unrealized Gain/Loss; "Types of Accounts That Can Be
Revalued" (section_N1428933) for the accounts; "Currency Revaluation Transactions"
(section_1550016096): reversed on the first day of the next period, a second run adds what changed.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from netsuite_sandbox.errors import user_error
from netsuite_sandbox.ledger import Header, Line
from netsuite_sandbox.money import fixed, times_rate
from netsuite_sandbox.periods import Period
from netsuite_sandbox.records.kinds import Books

_ALWAYS = frozenset({"AcctRec", "AcctPay", "UnbilledRec"})
_DEFAULT = frozenset({"Bank", "CredCard", "LongTermLiab", "OthCurrLiab"})
_POSSIBLE = frozenset({"FixedAsset", "OthCurrAsset", "OthAsset", "DeferRevenue", "DeferExpense"})
_CLOSED = "You can revalue open balances of an open period only."


def revalue_open_balances(books: Books, name: str) -> dict[str, Any]:
    """Write the revaluations of a period and their reversals in the next one.

    Returns:
        {"period", "revaluations": [{id, tranid, reversal, account, currency, variance}]}

    Raises:
        NetSuiteError: USER_ERROR if the period is closed, or locked for the role.
    """
    period = books.periods.find(name)
    if not books.periods.may_post(period.id, receivables=False):
        raise user_error(_CLOSED)
    out: list[dict[str, Any]] = []
    with books.company.db.transaction():
        for subsidiary in books.company.masters("subsidiary"):
            found = _variances(books, subsidiary.id, period)
            receivables = [one for one in found if one["type"] in _ALWAYS]
            others = [one for one in found if one["type"] not in _ALWAYS]
            for group in (receivables, others):
                if group:
                    out += _write(books, subsidiary.id, period, group)
    return {"period": period.name, "revaluations": out}


def revaluable(body: dict[str, Any], base_currency: int) -> bool:
    """Whether an account is revalued: by its type, or as its box Revalue Open Balance says."""
    kind = body["acctType"]
    if kind in _ALWAYS:
        return True
    if kind not in _DEFAULT | _POSSIBLE:
        return False
    if kind in {"Bank", "CredCard"} and body.get("currency") == base_currency:
        return False  # Foreign amounts are converted when they are posted.
    return bool(body.get("revalue", kind in _DEFAULT))


def _variances(books: Books, subsidiary: int, period: Period) -> list[dict[str, Any]]:
    company = books.company
    base_currency = company.base_currency(subsidiary)
    precision = company.precision(base_currency)
    rows = company.db.all(
        "SELECT l.account, t.currency, SUM(l.amount) AS amount, SUM(l.base) AS base,"
        " CASE t.type WHEN 'FxReval' THEN json_extract(t.extra, '$.of') END AS of"
        " FROM line l JOIN tx t ON t.id = l.tx"
        " JOIN master m ON m.grp = 'accountingPeriod' AND m.id = t.postingperiod"
        " WHERE t.posting = 'T' AND COALESCE(t.book, 1) = 1"
        " AND COALESCE(l.subsidiary, t.subsidiary) = ?"
        " AND json_extract(m.body, '$.startDate') <= ?"
        " GROUP BY l.account, t.currency, of ORDER BY l.account",
        (subsidiary, period.start),
    )
    sums: dict[tuple[int, int], tuple[int, int]] = {}
    for row in rows:
        currency = int(row["of"] or row["currency"])
        if currency == base_currency:
            continue
        amount, base = sums.get((row["account"], currency), (0, 0))
        sums[row["account"], currency] = (amount + row["amount"], base + row["base"])
    out: list[dict[str, Any]] = []
    for (account, currency), (amount, base) in sums.items():
        body = company.must("account", account).body
        rate = company.rate(currency, period.end, base_currency)
        variance = times_rate(amount, rate, precision) - base
        if variance and revaluable(body, base_currency):
            out.append({"account": account, "currency": currency, "variance": variance,
                        "type": body["acctType"]})  # fmt: skip
    return out


def _write(
    books: Books, subsidiary: int, period: Period, group: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """One transaction and its reversal for each account and currency of a group."""
    company = books.company
    base_currency = company.base_currency(subsidiary)
    following = next((p for p in books.periods.all() if p.start > period.end), None)
    out: list[dict[str, Any]] = []
    for one in group:
        made = _insert(books, subsidiary, period, period.end, one, 1)
        reversal = None
        if following is not None:
            reversal = _insert(books, subsidiary, following, following.start, one, -1)
        head = books.ledger.header(made)
        assert head is not None
        out.append({
            "id": str(made), "tranid": head.tranid,
            "reversal": None if reversal is None else str(reversal),
            "account": str(one["account"]), "currency": str(one["currency"]),
            "variance": fixed(one["variance"], company.precision(base_currency)),
        })  # fmt: skip
    return out


def _insert(
    books: Books, subsidiary: int, period: Period, day: str, one: dict[str, Any], sign: int
) -> int:  # fmt: skip
    company = books.company
    base = sign * one["variance"]
    header = Header(
        type="FxReval", trandate=day, subsidiary=subsidiary,
        currency=company.base_currency(subsidiary), exchangerate=Decimal(1),
        tranid=f"FXREV{company.db.next_number('FxReval')}", postingperiod=period.id,
        account=one["account"], extra={"of": one["currency"]},
        memo="Unrealized gain or loss" if sign > 0 else "Reversal of unrealized gain or loss",
    )  # fmt: skip
    unrealized = company.special_account("UnrERV")
    return books.ledger.insert(
        header,
        [Line(0, one["account"], 0, base, mainline=True), Line(1, unrealized, 0, -base)],
    )
