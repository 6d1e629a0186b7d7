"""The BUILTIN functions of SuiteQL.

Source: "SuiteQL Supported Built-in Functions" (article_161950565221) and the page of each function;
what DF and CF give back from third-party queries. BUILTIN_RESULT.TYPE_...(x), which NetSuite writes
around the columns of queries it makes itself, leaves x as it is (page of MNFILTER).
"""

from __future__ import annotations

from sqlglot import exp

from netsuite_sandbox import groups
from netsuite_sandbox.company import Company
from netsuite_sandbox.records.transactions import BY_CODE, SYSTEM_LABELS
from netsuite_sandbox.suiteql import lists, ranges, rates
from netsuite_sandbox.suiteql.columns import Column
from netsuite_sandbox.suiteql.dialect import names_of
from netsuite_sandbox.suiteql.errors import unsupported
from netsuite_sandbox.suiteql.lists import lookup
from netsuite_sandbox.suiteql.rates import PATHS

_FLAGS = names_of(
    """DATE DATETIME DATETIME_AS_DATE DATE_FROM_GMT_TO_USER_TZ DATE_TO_USER_TZ ODBC_DATE_TO_GMT
    ODBC_TIMESTAMP_TO_GMT ODBC_TIMESTAMP_TO_GMT_AS_DATE TIMESTAMP_WITH_TIMEZONE
    TIMESTAMP_WITH_TIMEZONE_AS_DATE"""
)
_NAME_COLUMNS = {
    "entity": ("ql_entity", "entityid"), "item": ("ql_item", "itemid"),
    "subsidiary": ("ql_subsidiary", "name"), "currency": ("ql_currency", "name"),
    "accountingPeriod": ("ql_accountingperiod", "periodname"),
    "revRecRule": ("ql_revrecrule", "name"), "revPlansOn": ("ql_revplanson", "name"),
}  # fmt: skip


def builtin(company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    """Rewrite one call of BUILTIN.

    Raises:
        NetSuiteError: INVALID_PARAMETER if there is no such function or its arguments do not fit.
    """
    assert isinstance(node, exp.Dot)
    call = node.expression
    namespace = node.this.name.upper()
    if namespace not in {"BUILTIN", "BUILTIN_RESULT"} or not isinstance(call, exp.Anonymous):
        raise unsupported()
    name = str(call.this).upper()
    arguments: list[exp.Expr] = [argument.copy() for argument in call.expressions]
    if not arguments:
        raise unsupported()
    if namespace == "BUILTIN_RESULT":
        if not name.startswith("TYPE_"):
            raise unsupported()
        return arguments[0]
    if name in {"DF", "CF", "HIERARCHY"}:
        return _shown(company, name, arguments)
    if name == "CURRENCY" and len(arguments) == 1:
        return rates.currency(company, node, call.expressions[0])
    if name == "CONSOLIDATE":
        return rates.consolidate(company, node, arguments)
    if name == "CURRENCY_CONVERT":
        return rates.convert(company, node, arguments)
    if name == "RELATIVE_RANGES":
        return _relative(company, arguments)
    if name == "PERIOD":
        return lists.period(company, arguments)
    if name == "NAMED_GROUP":
        return lists.named_group(arguments)
    if name == "MNFILTER":
        return lists.many(arguments)
    raise unsupported()


def _shown(company: Company, name: str, arguments: list[exp.Expr]) -> exp.Expr:
    """DF, the name shown; CF, the code; HIERARCHY, the path with all parents."""
    argument = arguments[0]
    if len(arguments) != (2 if name == "HIERARCHY" else 1):
        raise unsupported()
    if name == "HIERARCHY":
        return _hierarchy(argument, arguments[1].name.upper())
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
        return lookup("ql_transactionstatus", "fullname", {"id": argument, "trantype": letter})
    return argument if name == "CF" else _display(company, column, argument)


def _hierarchy(argument: exp.Expr, way: str) -> exp.Expr:
    """BUILTIN.HIERARCHY: parents first, joined by " : " (the mark is unsure)."""
    column = argument.meta.get("column") if isinstance(argument, exp.Column) else None
    if way not in PATHS or column is None or not column.ref:
        raise unsupported()
    texts = [exp.Literal.string(text) for text in (groups.group_of(column.ref), way)]
    return exp.Anonymous(this="ns_path", expressions=[argument, *texts])


def _relative(company: Company, arguments: list[exp.Expr]) -> exp.Expr:
    """RELATIVE_RANGES(range, 'START' | 'END'[, date flag]): a date, whatever the flag."""
    texts = [a.name.upper() for a in arguments if isinstance(a, exp.Literal) and a.is_string]
    if len(texts) != len(arguments) or len(texts) not in {2, 3}:
        raise unsupported()
    edge = texts[1]
    span = ranges.span(texts[0], company.clock.today())
    if span is None or edge not in {"START", "END"}:
        raise unsupported()
    if texts[2:] and texts[2] not in _FLAGS:
        raise unsupported()
    return exp.Literal.string(span[edge == "END"].isoformat())


def _concat(left: exp.Expr, text: str, right: exp.Expr) -> exp.Expr:
    joined = exp.DPipe(this=left, expression=exp.Literal.string(text))
    return exp.Paren(this=exp.DPipe(this=joined, expression=right))


def _display(company: Company, column: Column, argument: exp.Expr) -> exp.Expr:
    """BUILTIN.DF of a reference: the name that NetSuite shows."""
    if column.ref == "trantype":
        case = exp.Case(this=argument.copy())
        labels = {code: kind.label for code, kind in BY_CODE.items()} | SYSTEM_LABELS
        for code, label in labels.items():
            case = case.when(exp.Literal.string(code), exp.Literal.string(label))
        return case
    if column.ref == "account":
        number = lookup("ql_account", "acctnumber", {"id": argument})
        name = lookup("ql_account", "fullname", {"id": argument})
        return _concat(number, " ", name)
    if column.ref == "transaction":
        kind = lookup("ql_transaction", "type", {"id": argument})
        number = lookup("ql_transaction", "tranid", {"id": argument})
        return _concat(_display(company, Column("", "", "", "trantype"), kind), " #", number)
    if column.ref in _NAME_COLUMNS:
        view, name_column = _NAME_COLUMNS[column.ref]
        return lookup(view, name_column, {"id": argument})
    return argument.copy()
