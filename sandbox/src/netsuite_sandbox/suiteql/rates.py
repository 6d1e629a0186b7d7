"""Built-in functions about currencies: CONSOLIDATE, CURRENCY, CURRENCY_CONVERT.

Sources: BUILTIN.CONSOLIDATE (article_1029114527), BUILTIN.CURRENCY (article_1029114544: it returns
a currency code), BUILTIN.CURRENCY_CONVERT (article_1029114601: the rate effective on the date,
today by default). There are no consolidated exchange rates to maintain here: they follow from the
rates of the currencies. CURRENT is the rate of the period's last day, AVERAGE the mean of its days,
HISTORICAL that of the transaction date; DEFAULT goes by the type of the account (unsure).
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sqlglot import exp

from netsuite_sandbox.company import Company
from netsuite_sandbox.records.master_kinds import display_name, full_name
from netsuite_sandbox.suiteql.errors import unsupported
from netsuite_sandbox.suiteql.lists import lookup
from netsuite_sandbox.whole import whole
from netsuite_sandbox.wire import jsontext

PATHS = frozenset(
    {"DISPLAY", "DISPLAY_JOINED", "DISPLAY_SEPARATED", "IDENTIFIER", "IDENTIFIER_SEPARATED",
     "LEVEL", "SELF_DISPLAY", "SELF_IDENTIFIER"}
)  # fmt: skip
_ARGUMENTS = 7
_VIEWS = frozenset({"LEDGER", "INCOME"})
_CONSOLIDATION = frozenset({"DEFAULT", "STANDARD", "BUDGET", "NONE"})
_AVERAGED = frozenset({"Income", "COGS", "Expense", "OthIncome", "OthExpense"})


def convert(company: Company, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
    """CURRENCY_CONVERT(amount[, currency[, date]])."""
    if not 1 <= len(arguments) <= 3:
        raise unsupported()
    amount = arguments[0]
    source = _currency_of(node, amount) or _base_of(company, node, amount)
    target = arguments[1] if len(arguments) > 1 else _base_of(company, node, amount)
    day = arguments[2] if len(arguments) > 2 else _today(company)
    return _marked(_times(amount, _call("ns_rate", source, target, day)), target)


def consolidate(company: Company, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
    """CONSOLIDATE(amount, view, rates, subsidiary's rates, subsidiary, period, book)."""
    if len(arguments) != _ARGUMENTS:
        raise unsupported()
    amount, view, kind, rate, subsidiary, period, _book = arguments
    if view.name.upper() not in _VIEWS or kind.name.upper() not in _CONSOLIDATION:
        raise unsupported()
    target = lookup("ql_subsidiary", "currency", {"id": subsidiary})
    bases = {company.base_currency(found.id) for found in company.masters("subsidiary")}
    if len(bases) == 1:
        return _marked(amount, exp.Literal.number(bases.pop()))
    source = _currency_of(node, amount) or _base_of(company, node, amount)
    day, account = _facts(node, amount)
    return _marked(
        _times(amount, _call("ns_consolidated", source, target, period, rate, account, day)), target
    )


def currency(company: Company, node: exp.Expr, argument: exp.Expr) -> exp.Expr:
    """CURRENCY(amount): the code of the currency the amount is in."""
    found = next((part.meta["currency"] for part in argument.walk() if "currency" in part.meta),
                 None)  # fmt: skip
    if found is None:
        found = _currency_of(node, argument) or _base_of(company, node, argument)
    return lookup("ql_currency", "symbol", {"id": found})


def _marked(amount: exp.Expr, target: exp.Expr) -> exp.Expr:
    marked = exp.Paren(this=amount)
    marked.meta["currency"] = target
    return marked


def _times(amount: exp.Expr, rate: exp.Expr) -> exp.Expr:
    """Multiply where the amount stands, also inside a SUM, so that each row has its own rate."""
    columns = list(amount.find_all(exp.Column))
    if isinstance(amount, exp.Column) or not columns:
        return exp.Mul(this=exp.Paren(this=amount), expression=rate)
    for column in columns:
        if column.find_ancestor(exp.Subquery) is None:
            column.replace(exp.Paren(this=exp.Mul(this=column.copy(), expression=rate.copy())))
    return amount


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[part.copy() for part in arguments])


def _today(company: Company) -> exp.Expr:
    return exp.Literal.string(company.clock.today().isoformat())


def _place(node: exp.Expr, amount: exp.Expr) -> tuple[str, str, str]:
    """Table, alias and column of an amount; all "" if it stands in none of ours."""
    column = amount if isinstance(amount, exp.Column) else amount.find(exp.Column)
    alias = column.meta.get("source") if column is not None else None
    select = node.find_ancestor(exp.Select)
    if column is None or alias is None or select is None:
        return "", "", ""
    for table in select.find_all(exp.Table):
        if table.alias_or_name.lower() == str(alias).lower():
            name = table.name.lower().removeprefix("ql_")
            return name, table.alias_or_name, column.name.lower()
    return "", "", ""


def _currency_of(node: exp.Expr, amount: exp.Expr) -> exp.Expr | None:
    """The currency of the record that an amount stands in; None for base amounts."""
    name, alias, column = _place(node, amount)
    if name == "transaction" and "foreign" in column:
        return exp.column("currency", table=alias)
    if name == "transactionline":
        own = exp.column("transaction", table=alias)
        return lookup("ql_transaction", "currency", {"id": own})
    return None


def _base_of(company: Company, node: exp.Expr, amount: exp.Expr) -> exp.Expr:
    """The base currency of the subsidiary that a base amount belongs to."""
    name, alias, _ = _place(node, amount)
    if name in {"transaction", "transactionline", "transactionaccountingline"}:
        own = exp.column("id" if name == "transaction" else "transaction", table=alias)
        subsidiary = lookup("tx", "subsidiary", {"id": own})
        return lookup("ql_subsidiary", "currency", {"id": subsidiary})
    return exp.Literal.number(company.base_currency(1))


def _facts(node: exp.Expr, amount: exp.Expr) -> tuple[exp.Expr, exp.Expr]:
    """Transaction date and account of an amount, NULL where it has none."""
    name, alias, _ = _place(node, amount)
    day: exp.Expr = exp.Null()
    account: exp.Expr = exp.Null()
    if name == "transaction":
        day = exp.column("trandate", table=alias)
    elif name in {"transactionline", "transactionaccountingline"}:
        day = lookup("tx", "trandate", {"id": exp.column("transaction", table=alias)})
        field = "account" if name == "transactionaccountingline" else "expenseaccount"
        account = exp.column(field, table=alias)
    return day, account


class _Rates:
    """Rates between any two currencies, through the base currency of subsidiary 1."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._known: dict[tuple[Any, ...], Decimal] = {}
        self._state = -1

    def rate(self, source: Any, target: Any, day: Any) -> float | None:
        """Units of the target for one of the source on a day."""
        if source is None or target is None:
            return None
        return float(self._rate(int(source), int(target), str(day or "")[:10]))

    def _rate(self, source: int, target: int, day: str) -> Decimal:
        if source == target:
            return Decimal(1)
        state = self._company.db.conn.total_changes
        if state != self._state:
            self._known.clear()
            self._state = state
        key = (source, target, day)
        if key not in self._known:
            base = self._company.base_currency(1)
            parts = [
                Decimal(1) if one == base else self._company.rate(one, day, base)
                for one in (source, target)
            ]
            self._known[key] = parts[0] / parts[1]
        return self._known[key]

    def consolidated(self, source: Any, target: Any, period: Any, *more: Any) -> float | None:
        """The rate of a period, by the kind of rate asked for or the account's."""
        if source is None or target is None:
            return None
        kind, account, day = more
        wanted = str(kind).upper()
        if wanted == "DEFAULT":
            found = self._company.master("account", int(account)) if account else None
            income = found is not None and found.body["acctType"] in _AVERAGED
            equity = found is not None and found.body["acctType"] == "Equity"
            wanted = "AVERAGE" if income else "HISTORICAL" if equity else "CURRENT"
        span = self._span(period)
        if wanted == "HISTORICAL":
            return self.rate(source, target, day)
        if wanted == "AVERAGE":
            days = [(span[0] + timedelta(days=n)).isoformat()
                    for n in range((span[1] - span[0]).days + 1)]  # fmt: skip
            total = sum(self._rate(int(source), int(target), one) for one in days)
            return float(total / len(days))
        return self.rate(source, target, span[1].isoformat())

    def _span(self, period: Any) -> tuple[date, date]:
        found = self._company.master("accountingPeriod", whole(str(period)) or 0)
        if found is None:
            today = self._company.clock.today()
            return today, today
        return (date.fromisoformat(found.body["startDate"]),
                date.fromisoformat(found.body["endDate"]))  # fmt: skip


def path(company: Company, record_id: Any, group: str, way: str) -> Any:
    """HIERARCHY: a record with its parents."""
    if record_id is None:
        return None
    ids: list[int] = []
    current: Any = int(record_id)
    while isinstance(current, int) and current not in ids:
        found = company.master(group, current)
        if found is None:
            break
        ids.insert(0, current)
        current = found.body.get("parent")
    if way == "LEVEL":
        return len(ids)
    own = ids[-1:] if way.startswith("SELF_") else ids
    if way.removeprefix("SELF_").startswith("DISPLAY"):
        return " : ".join(display_name(company, group, one) for one in own)
    return " : ".join(str(one) for one in own)


def chosen(company: Company, ids: str | None, what: str) -> str:
    """The ids of a multiple choice ("1, 2") as a JSON list, or the names behind them."""
    numbers = [int(part) for part in (ids or "").split(",") if part.strip()]
    if what == "ids":
        return jsontext.dumps([str(one) for one in numbers])
    return jsontext.dumps([display_name(company, "subsidiary", one) for one in numbers])


def register(company: Company) -> None:
    """Make the functions known to the company's store."""
    rates, connection = _Rates(company), company.db.conn
    connection.create_function("ns_rate", 3, rates.rate)
    connection.create_function("ns_consolidated", 6, rates.consolidated)
    connection.create_function("ns_path", 3, lambda *given: path(company, *given))
    connection.create_function("ns_full_name", 2, lambda *given: full_name(company, *given))
    connection.create_function("ns_chosen", 2, lambda *given: chosen(company, *given))
