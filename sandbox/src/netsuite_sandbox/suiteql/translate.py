"""SuiteQL to SQLite: one parsed statement, checked and rewritten node by node."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlglot import TokenType, exp, parse, tokenize
from sqlglot.errors import SqlglotError
from sqlglot.transforms import eliminate_join_marks

from netsuite_sandbox.company import Company
from netsuite_sandbox.suiteql.builtins import builtin
from netsuite_sandbox.suiteql.catalog import TABLES, Column
from netsuite_sandbox.suiteql.errors import refused, unsupported
from netsuite_sandbox.suiteql.functions import to_date
from netsuite_sandbox.suiteql.grouping import check_grouping
from netsuite_sandbox.suiteql.rownum import cap_rows_read
from netsuite_sandbox.suiteql.scopes import Resolver, kind_of

_ALLOWED = frozenset(
    {"INSTR", "MOD", "SIGN", "POWER", "NVL2", "SUBSTR", "ABS", "ROUND", "FLOOR", "CEIL", "LENGTH",
     "LTRIM", "RTRIM", "REPLACE", "UPPER", "LOWER", "RANK", "DENSE_RANK", "ROW_NUMBER"}
)  # fmt: skip
IN_VALUES_MAX = 1000  # Source: "SuiteQL Performance and Best Practices".
_DATES = frozenset({"date", "datetime"})
_ACCOUNT_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In)


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """A statement ready to run.

    Attributes:
        sql: SQLite text without the outermost row limit.
        limit: The outermost row limit of the statement itself, if any.
        outputs: Kinds of the output columns by name.
    """

    sql: str
    limit: int | None
    outputs: dict[str, Column]


def translate(company: Company, text: str) -> Statement:
    """Translate one SuiteQL statement.

    Raises:
        NetSuiteError: INVALID_PARAMETER for what NetSuite would not run.
    """
    tree = _parse(text)
    resolver = Resolver(company)
    resolver.resolve(tree)
    for select in tree.find_all(exp.Select):
        check_grouping(select)
    if any(column.args.get("join_mark") for column in tree.find_all(exp.Column)):
        joined = eliminate_join_marks(tree)
        assert isinstance(joined, exp.Query)
        tree = joined
    for among in tree.find_all(exp.In):
        if len(among.expressions) > IN_VALUES_MAX:
            raise unsupported()
    _name_outputs(tree)
    for select in list(tree.find_all(exp.Select)):
        _row_limit(select, rows_read=company.settings["rownum_counts"] == "rows_read")
    limit = _take_limit(tree)
    tree = _rewrite(company, tree)
    outputs = resolver.outputs
    return Statement(tree.sql(dialect="sqlite", identify=True), limit, outputs)


def _parse(text: str) -> exp.Query:
    try:
        if any(token.token_type == TokenType.LIMIT for token in tokenize(text, read="oracle")):
            raise unsupported()  # Source: LIMIT is not supported.
        trees = [tree for tree in parse(text, read="oracle") if tree is not None]
    except (SqlglotError, RecursionError):
        raise unsupported() from None
    if len(trees) != 1 or not isinstance(trees[0], (exp.Select, exp.SetOperation)):
        raise unsupported()
    tree = trees[0]
    # Source: no common table expressions ("SuiteQL Supported and Unsupported Functions").
    if tree.find(exp.With) or tree.find(exp.Into):
        raise unsupported()
    return tree


def _name_outputs(tree: exp.Query) -> None:
    """Give expressions without a name the name NetSuite gives: expr1, expr2, ..."""
    number = 0
    for item in tree.selects:
        if isinstance(item, (exp.Column, exp.Star, exp.Alias)):
            continue
        number += 1
        item.replace(exp.alias_(item.copy(), f"expr{number}", copy=False))


def _row_limit(select: exp.Select, *, rows_read: bool) -> None:
    """ROWNUM <= n becomes a limit; OFFSET is ignored (seen on the live service)."""
    select.set("offset", None)
    where = select.args.get("where")
    if where is None:
        return
    kept: list[exp.Expr] = []
    limit: int | None = None
    for part in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        inner = part.unnest()
        if isinstance(inner, (exp.LTE, exp.LT, exp.EQ)) and _is_rownum(inner.this):
            if not isinstance(inner.expression, exp.Literal) or inner.expression.is_string:
                raise unsupported()
            limit = int(inner.expression.name) - (1 if isinstance(inner, exp.LT) else 0)
        else:
            kept.append(part.copy())
    if limit is None:
        return
    select.set("where", exp.Where(this=exp.and_(*kept, copy=False)) if kept else None)
    if rows_read and cap_rows_read(select, limit):
        return
    if select.args.get("limit") is None:
        select.set("limit", exp.Limit(expression=exp.Literal.number(max(limit, 0))))


def _is_rownum(node: exp.Expr) -> bool:
    return isinstance(node, exp.Pseudocolumn | exp.Column) and node.name.lower() == "rownum"


def _take_limit(tree: exp.Query) -> int | None:
    """Take the outermost limit off: paging adds its own."""
    node = tree.args.get("limit")
    if node is None:
        return None
    count = node.args.get("count") if isinstance(node, exp.Fetch) else node.expression
    if isinstance(node, exp.Fetch) and node.args.get("limit_options") is not None:
        options = node.args["limit_options"]
        if options.args.get("percent") or options.args.get("with_ties"):
            raise unsupported()
    if not isinstance(count, exp.Literal):
        raise unsupported()
    tree.set("limit", None)
    return int(count.name)


def _rewrite(company: Company, tree: exp.Query) -> exp.Query:
    kinds = {id(node): kind_of(node) for node in tree.walk()}

    def visit(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Table) and node.name.lower() in TABLES:
            alias = node.alias or node.name
            view = exp.to_table(TABLES[node.name.lower()].view)
            return exp.alias_(view, alias.lower() if not node.alias else alias, table=True)
        rule = _RULES.get(type(node))
        return node if rule is None else rule(company, node, kinds)

    # Bottom-up, so that a rule sees its arguments already rewritten.
    for node in reversed(list(tree.walk())):
        replacement = visit(node)
        if replacement is not node and node is not tree:
            node.replace(replacement)
    return tree


def _call(name: str, *arguments: Any) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[a for a in arguments if a is not None])


def _sum(_company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    """Sums are done in whole millionths: exact where adding REAL values is not."""
    if isinstance(node.this, exp.Distinct):
        return node
    scaled = exp.Mul(this=exp.Paren(this=node.this.copy()), expression=exp.Literal.number(1000000))
    whole = exp.cast(exp.func("ROUND", scaled), "INTEGER")
    if isinstance(node.parent, exp.Window):
        return exp.Sum(this=exp.Div(this=whole, expression=exp.Literal.number("1000000.0")))
    total = exp.Sum(this=whole)
    return exp.Paren(this=exp.Div(this=total, expression=exp.Literal.number("1000000.0")))


def _to_char(_company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    return _call("ns_to_char", node.this.copy(), node.args.get("format"))


def _to_date(_company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    pattern = node.args.get("format")
    if not isinstance(pattern, exp.Literal):
        raise unsupported()
    if isinstance(node.this, exp.Literal):
        try:
            day = to_date(node.this.name, pattern.name)
        except ValueError:
            raise refused("Search error occurred: Invalid date value") from None
        return exp.Literal.string(day)
    return _call("ns_to_date", node.this.copy(), pattern)


def _now(company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    moment: datetime = company.clock.now()
    if isinstance(node, exp.CurrentDate):
        return exp.Literal.string(moment.date().isoformat())
    return exp.Literal.string(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))


def _trunc_date(_company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    unit = node.args.get("unit")
    text = unit.name if unit is not None else "DD"
    return _call("ns_trunc_date", node.this.copy(), exp.Literal.string(text))


def _trunc(_company: Company, node: exp.Expr, kinds: dict[int, str]) -> exp.Expr:
    if kinds.get(id(node.this)) in _DATES:
        return _call("ns_trunc_date", node.this.copy())
    return _call("ns_truncate", node.this.copy(), node.args.get("decimals"))


def _add_months(_company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    return _call("ns_add_months", node.this.copy(), node.expression.copy())


def _last_day(_company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    return _call("ns_last_day", node.this.copy())


def _plus_minus(_company: Company, node: exp.Expr, kinds: dict[int, str]) -> exp.Expr:
    """Arithmetic on dates counts days."""
    left = kinds.get(id(node)) == "date"
    assert isinstance(node, exp.Binary)
    both = isinstance(node, exp.Sub) and _date_like(node.left) and _date_like(node.right)
    if both:
        return _call("ns_days_between", node.left.copy(), node.right.copy())
    if not left:
        return node
    days = node.right.copy()
    if isinstance(node, exp.Sub):
        days = exp.Neg(this=exp.Paren(this=days))
    return _call("ns_add_days", node.left.copy(), days)


def _date_like(node: exp.Expr) -> bool:
    if isinstance(node, exp.Anonymous):
        return str(node.this) in {"ns_to_date", "ns_add_days", "ns_add_months", "ns_last_day",
                                  "ns_trunc_date"}  # fmt: skip
    if isinstance(node, exp.Literal) and node.is_string:
        return len(node.name) >= 10 and node.name[4:5] == "-" and node.name[7:8] == "-"
    return kind_of(node) in _DATES


def _literal(_company: Company, node: exp.Expr, kinds: dict[int, str]) -> exp.Expr:
    """Text compared with a date is read in the account's format, as in netsuite-rest's example."""
    parent = node.parent
    found = _ACCOUNT_DATE.fullmatch(node.name) if isinstance(parent, _COMPARISONS) else None
    if found is None or parent is None:
        return node
    if not any(kinds.get(id(part)) in _DATES for part in parent.iter_expressions()):
        return node
    return exp.Literal.string(f"{found[3]}-{int(found[1]):02d}-{int(found[2]):02d}")


def _divide(_company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    """Division never drops the fraction."""
    if isinstance(node.expression, exp.Literal) and "." in node.expression.name:
        return node
    return exp.Div(this=exp.cast(node.this.copy(), "REAL"), expression=node.expression.copy())


def _ordered(_company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    """Keys are never NULL: saying so lets SQLite walk the index."""
    inner = node.this
    if isinstance(inner, exp.Column) and inner.name.lower() in {"id", "transaction"}:
        node.set("nulls_first", not node.args.get("desc"))
    return node


def _anonymous(_company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    name = str(node.this)
    if name.startswith("ns_") or name.upper() in _ALLOWED or isinstance(node.parent, exp.Dot):
        return node
    raise unsupported()


def _list_agg(_company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    inner = node.this.this if isinstance(node.this, exp.Order) else node.this
    return exp.GroupConcat(this=inner.copy(), separator=node.args.get("separator"))


def _row_number(_company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    if not _is_rownum(node) or node.meta.get("column") is not None:
        return node
    return exp.Window(this=exp.RowNumber())


_Rule = Callable[[Company, exp.Expr, dict[int, str]], exp.Expr]
_RULES: dict[type[exp.Expr], _Rule] = {
    exp.Dot: builtin,
    exp.Sum: _sum,
    exp.ToChar: _to_char,
    exp.StrToDate: _to_date,
    exp.StrToTime: _to_date,
    exp.CurrentDate: _now,
    exp.CurrentTimestamp: _now,
    exp.DateTrunc: _trunc_date,
    exp.TimestampTrunc: _trunc_date,
    exp.Trunc: _trunc,
    exp.AddMonths: _add_months,
    exp.LastDay: _last_day,
    exp.Add: _plus_minus,
    exp.Sub: _plus_minus,
    exp.Div: _divide,
    exp.Ordered: _ordered,
    exp.Anonymous: _anonymous,
    exp.Literal: _literal,
    exp.GroupConcat: _list_agg,
    exp.Column: _row_number,
    exp.Pseudocolumn: _row_number,
}
