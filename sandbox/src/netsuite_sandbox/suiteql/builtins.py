"""The BUILTIN functions of SuiteQL.

Source: "SuiteQL Supported Built-in Functions" (article_161950565221) for the list; what each gives
back from third-party queries. MNFILTER and NAMED_GROUP are refused: there is no multi-select field
and no named group here. Codes of ranges and periods are those seen in third-party queries (unsure
whether complete).
"""

from __future__ import annotations

from datetime import date, timedelta

from sqlglot import exp

from netsuite_sandbox.company import Company
from netsuite_sandbox.records.transactions import KINDS, SYSTEM_LABELS
from netsuite_sandbox.suiteql.columns import Column
from netsuite_sandbox.suiteql.errors import refused, unsupported

CONSOLIDATE_ARGUMENTS = 7
_NAME_COLUMNS = {
    "entity": ("ql_entity", "entityid"), "item": ("ql_item", "itemid"),
    "subsidiary": ("ql_subsidiary", "name"), "currency": ("ql_currency", "name"),
    "accountingPeriod": ("ql_accountingperiod", "periodname"),
}  # fmt: skip


def builtin(company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    """Rewrite one call of BUILTIN.

    Raises:
        NetSuiteError: INVALID_PARAMETER if there is no such function or its arguments do not fit.
    """
    assert isinstance(node, exp.Dot)
    call = node.expression
    if node.this.name.upper() != "BUILTIN" or not isinstance(call, exp.Anonymous):
        raise unsupported()
    name = str(call.this).upper()
    arguments: list[exp.Expr] = [argument.copy() for argument in call.expressions]
    if not arguments:
        raise unsupported()
    if name in {"DF", "CF", "HIERARCHY"}:
        return _shown(company, name, arguments)
    if name == "CURRENCY" and len(arguments) == 1:
        return arguments[0]  # Marks an amount as one of a currency; the value stays.
    if name == "CONSOLIDATE":
        return _consolidate(company, arguments)
    if name == "CURRENCY_CONVERT" and len(arguments) <= 3:
        return _convert(company, node, arguments)
    if name == "RELATIVE_RANGES":
        return _relative(company, arguments)
    if name == "PERIOD":
        return _period(company, arguments)
    raise unsupported()


def _shown(company: Company, name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """DF, the name shown; CF, the code; HIERARCHY, the name with its parents (none here)."""
    argument = arguments[0]
    if len(arguments) != (2 if name == "HIERARCHY" else 1):
        raise unsupported()
    if name == "HIERARCHY":
        way = arguments[1].name.upper()
        if way.startswith("IDENTIFIER"):
            return argument
        if not way.startswith("DISPLAY"):
            raise unsupported()
    column = argument.meta.get("column") if isinstance(argument, exp.Column) else None
    if column is None:
        return argument
    assert isinstance(argument, exp.Column)
    if not argument.table:  # Qualified, so that no name inside the look-up can capture it.
        argument.set("table", exp.to_identifier(argument.meta["source"]))
    if column.ref == "status":
        letter = exp.column("type", table=argument.args["table"].copy())
        if name == "CF":
            return _concat(letter, ":", argument)
        return _lookup("ql_transactionstatus", "fullname", {"id": argument, "trantype": letter})
    return argument if name == "CF" else _display(company, column, argument)


def _consolidate(company: Company, arguments: list[exp.Expr]) -> exp.Expr:
    """CONSOLIDATE(amount, type, rates, rates, subsidiary, period, book): in its base currency.

    With one base currency the amount stays; consolidated rates of several are not kept here.
    """
    if len(arguments) != CONSOLIDATE_ARGUMENTS:
        raise unsupported()
    bases = {company.base_currency(found.id) for found in company.masters("subsidiary")}
    if len(bases) > 1:
        raise refused("Search error occurred: No consolidated exchange rate was found.")
    return arguments[0]


def _convert(company: Company, node: exp.Expr, arguments: list[exp.Expr]) -> exp.Expr:
    """CURRENCY_CONVERT(amount[, currency[, date]]), by the rate of the currency record.

    The base currency unless another is named; rates have no history here, so the date is not
    looked at.
    """
    amount = arguments[0]
    target: exp.Expr = exp.Literal.number(company.base_currency(1))
    if len(arguments) > 1:
        target = arguments[1]
    source = _currency_of(node, amount)
    if source is None:
        source = exp.Literal.number(company.base_currency(1))
    rate = _lookup("ql_currency", "exchangerate", {"id": source})
    other = exp.cast(_lookup("ql_currency", "exchangerate", {"id": target}), "REAL")
    product = exp.Mul(this=exp.Paren(this=amount), expression=rate)
    return exp.Paren(this=exp.Div(this=product, expression=other))


def _currency_of(node: exp.Expr, amount: exp.Expr) -> exp.Expr | None:
    """The currency of the record that an amount stands in; None for base amounts."""
    column = amount if isinstance(amount, exp.Column) else amount.find(exp.Column)
    alias = column.meta.get("source") if column is not None else None
    select = node.find_ancestor(exp.Select)
    if column is None or alias is None or select is None:
        return None
    for table in select.find_all(exp.Table):
        if table.alias_or_name.lower() != str(alias).lower():
            continue
        name = table.name.lower().removeprefix("ql_")
        if name == "transaction" and "foreign" in column.name.lower():
            return exp.column("currency", table=table.alias_or_name)
        if name == "transactionline":
            own = exp.column("transaction", table=table.alias_or_name)
            return _lookup("ql_transaction", "currency", {"id": own})
    return None


def _relative(company: Company, arguments: list[exp.Expr]) -> exp.Expr:
    """RELATIVE_RANGES(range, 'START' | 'END'[, 'DATE' | 'DATETIME'])."""
    texts = [a.name.upper() for a in arguments if isinstance(a, exp.Literal) and a.is_string]
    if len(texts) != len(arguments) or len(texts) not in {2, 3}:
        raise unsupported()
    edge = texts[1]
    span = _range(texts[0], company.clock.today())
    if span is None or edge not in {"START", "END"}:
        raise unsupported()
    if texts[2:] not in ([], ["DATE"], ["DATETIME"]):
        raise unsupported()
    return exp.Literal.string(span[edge == "END"].isoformat())


def _range(code: str, today: date) -> tuple[date, date] | None:
    if code.startswith("DAGO") and code[4:].isdigit():
        day = today - timedelta(days=int(code[4:]))
        return day, day
    if code.startswith("DFN") and code[3:].isdigit():
        day = today + timedelta(days=int(code[3:]))
        return day, day
    near = {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}
    if code in near:
        day = today + timedelta(days=near[code])
        return day, day
    to_date = code.endswith("TD") and len(code) > 3
    unit = code.removesuffix("TD") if to_date else code
    months = {"M": 1, "Q": 3, "Y": 12, "FQ": 3, "FY": 12}.get(unit[1:])
    step = {"T": 0, "L": -1, "N": 1}.get(unit[:1])
    if unit in {"TW", "LW", "NW"}:
        start = today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(days=7 * (step or 0))
        return start, today if to_date else start + timedelta(days=6)
    if months is None or step is None:
        return None
    first = (today.year * 12 + today.month - 1) // months * months + step * months
    end = _first_day(first + months) - timedelta(days=1)
    return _first_day(first), today if to_date and not step else end


def _first_day(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _period(company: Company, arguments: list[exp.Expr]) -> exp.Expr:
    """PERIOD(code, 'START' | 'END', ...): the accounting period of a relative range.

    TP is this period, LP the last one; further arguments are taken and not looked at (unsure).
    """
    texts = [argument.name.upper() for argument in arguments]
    month = {"TP": "TM", "LP": "LM", "NP": "NM"}.get(texts[0])
    if month is None or len(texts) < 2 or texts[1] not in {"START", "END"}:
        raise unsupported()
    span = _range(month, company.clock.today())
    assert span is not None
    query = exp.select(exp.column("id", table="p")).from_("ql_accountingperiod AS p").where(
        f"p.isquarter = 'F' AND p.isyear = 'F' AND p.startdate = '{span[0].isoformat()}'"
    )  # fmt: skip
    return exp.Subquery(this=query)


def _concat(left: exp.Expr, text: str, right: exp.Expr) -> exp.Expr:
    joined = exp.DPipe(this=left, expression=exp.Literal.string(text))
    return exp.Paren(this=exp.DPipe(this=joined, expression=right))


def _lookup(view: str, column: str, where: dict[str, exp.Expr]) -> exp.Expr:
    query = exp.select(exp.column(column, table="df")).from_(exp.alias_(exp.to_table(view), "df",
                                                                       table=True))  # fmt: skip
    for key, value in where.items():
        query = query.where(exp.EQ(this=exp.column(key, table="df"), expression=value.copy()))
    return exp.Subquery(this=query)


def _display(company: Company, column: Column, argument: exp.Expr) -> exp.Expr:
    """BUILTIN.DF of a reference: the name that NetSuite shows."""
    if column.ref == "trantype":
        case = exp.Case(this=argument.copy())
        labels = {kind.code: kind.label for kind in KINDS.values()} | SYSTEM_LABELS
        for code, label in labels.items():
            case = case.when(exp.Literal.string(code), exp.Literal.string(label))
        return case
    if column.ref == "account":
        number = _lookup("ql_account", "acctnumber", {"id": argument})
        name = _lookup("ql_account", "fullname", {"id": argument})
        return _concat(number, " ", name)
    if column.ref == "transaction":
        kind = _lookup("ql_transaction", "type", {"id": argument})
        number = _lookup("ql_transaction", "tranid", {"id": argument})
        return _concat(_display(company, Column("", "", "", "trantype"), kind), " #", number)
    if column.ref in _NAME_COLUMNS:
        view, name_column = _NAME_COLUMNS[column.ref]
        return _lookup(view, name_column, {"id": argument})
    return argument.copy()
