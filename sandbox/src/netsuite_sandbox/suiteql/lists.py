"""Built-in functions about lists: MNFILTER, NAMED_GROUP and PERIOD.

Sources: BUILTIN.MNFILTER (article_1029114633), BUILTIN.NAMED_GROUP (article_1029114801),
BUILTIN.PERIOD (article_1029114816).
"""

from __future__ import annotations

from sqlglot import exp

from netsuite_sandbox.company import Company
from netsuite_sandbox.suiteql import ranges
from netsuite_sandbox.suiteql.errors import unsupported

_OPERATORS = frozenset(
    f"MN_{way}{which}" for way in ("INCLUDE", "EXCLUDE") for which in ("", "_ALL", "_EXACTLY")
)
_GROUPS = {
    "me": {"employee", "entity", "customer", "vendor", "partner"},
    "mine": {"classification", "class", "department", "location", "subsidiary"},
}
# Ranges of periods that third parties use beside those of dates.
_PERIODS = {"TP": "TM", "LP": "LM", "NP": "NM"}


def lookup(view: str, column: str, where: dict[str, exp.Expr]) -> exp.Expr:
    """Return a sub-selection of one value of a view."""
    query = exp.select(exp.column(column, table="df")).from_(
        exp.alias_(exp.to_table(view), "df", table=True)
    )
    for key, value in where.items():
        query = query.where(exp.EQ(this=exp.column(key, table="df"), expression=value.copy()))
    return exp.Subquery(this=query)


def many(arguments: list[exp.Expr]) -> exp.Expr:
    """MNFILTER(multiple choice, operator, 'DF' | '', case sensitive, value, ...): 'T' or 'F'."""
    if len(arguments) < 5:
        raise unsupported()
    chosen, operator, display, cased, *values = arguments
    column = chosen.meta.get("column") if isinstance(chosen, exp.Column) else None
    if column is None or column.kind != "many" or operator.name.upper() not in _OPERATORS:
        raise unsupported()
    if display.name.upper() not in {"", "DF"}:
        raise unsupported()
    names = exp.Literal.string("names" if display.name else "ids")
    ids = exp.Anonymous(this="ns_chosen", expressions=[chosen, names])
    first = [ids, exp.Literal.string(operator.name.upper()), exp.Literal.string(cased.name)]
    return exp.Anonymous(this="ns_many", expressions=[*first, *values])


def named_group(arguments: list[exp.Expr]) -> exp.Expr:
    """NAMED_GROUP(record, 'me' | 'mine'): the ids behind it.

    Every role here sees all subsidiaries; nobody who calls is an entity, and there are no
    departments, classes and locations.
    """
    if len(arguments) != 2 or not all(isinstance(part, exp.Literal) for part in arguments):
        raise unsupported()
    record, group = (part.name.lower() for part in arguments)
    if record not in _GROUPS.get(group, ()):
        raise unsupported()
    query = exp.select("id").from_("ql_subsidiary")
    return exp.Subquery(this=query if record == "subsidiary" else query.where("1 = 0"))


def period(company: Company, arguments: list[exp.Expr]) -> exp.Expr:
    """PERIOD(range, 'START' | 'END', 'ALL' | 'NOT_LAST', operator): the periods of an IN.

    Which periods an operator means is unsure: here those that lie wholly before, after, within or
    outside the range, with the one at its edge for <= and >=; NOT_LAST leaves adjustment periods
    out.
    """
    texts = [argument.name.upper() for argument in arguments]
    if len(texts) != 4:
        raise unsupported()
    code, edge, adjustment, operator = texts
    found = ranges.span(_PERIODS.get(code, code), company.clock.today())
    if found is None or edge not in {"START", "END"} or adjustment not in {"ALL", "NOT_LAST"}:
        raise unsupported()
    start, end = (day.isoformat() for day in found)
    at = end if edge == "END" else start
    condition = {
        "BETWEEN": f"p.startdate >= '{start}' AND p.enddate <= '{end}'",
        "NOT BETWEEN": f"(p.enddate < '{start}' OR p.startdate > '{end}')",
        "<": f"p.enddate < '{at}'", "<=": f"p.startdate <= '{at}'",
        ">": f"p.startdate > '{at}'", ">=": f"p.enddate >= '{at}'",
    }.get(operator)  # fmt: skip
    if condition is None:
        raise unsupported()
    query = exp.select(exp.column("id", table="p")).from_("ql_accountingperiod AS p")
    query = query.where("p.isquarter = 'F' AND p.isyear = 'F'").where(condition)
    if adjustment == "NOT_LAST":
        query = query.where("p.isadjust = 'F'")
    return exp.Subquery(this=query)
