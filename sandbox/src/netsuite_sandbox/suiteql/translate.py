"""SuiteQL to SQLite: one parsed statement, checked and rewritten node by node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError
from sqlglot.transforms import eliminate_join_marks

from netsuite_sandbox import dates
from netsuite_sandbox.company import Company
from netsuite_sandbox.suiteql.builtins import builtin
from netsuite_sandbox.suiteql.catalog import TABLES, Column
from netsuite_sandbox.suiteql.dialect import SCALARS, SuiteQL, check_joins, check_words
from netsuite_sandbox.suiteql.errors import refused, unsupported
from netsuite_sandbox.suiteql.functions import to_date
from netsuite_sandbox.suiteql.grouping import check_grouping
from netsuite_sandbox.suiteql.rownum import is_rownum, limit_rows
from netsuite_sandbox.suiteql.scopes import Resolver, kind_of
from netsuite_sandbox.whole import whole

IN_VALUES_MAX = 1000  # Source: "SuiteQL Performance and Best Practices".
LONG_TEXT_SORTED = 250  # Characters. Source: "SuiteQL Limitations and Exceptions".
_DATES = frozenset({"date", "datetime"})
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
    check_words(text, list_agg=company.settings["suiteql_listagg"] == "works")
    tree = _parse(text)
    check_joins(tree)
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
        limit_rows(select, rows_read=company.settings["rownum_counts"] == "rows_read")
    limit = _take_limit(tree)
    tree = _rewrite(company, tree)
    outputs = resolver.outputs
    return Statement(tree.sql(dialect="sqlite", identify=True), limit, outputs)


def _parse(text: str) -> exp.Query:
    try:
        trees = [tree for tree in parse(text, read=SuiteQL) if tree is not None]
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
    number = whole(count.name) if isinstance(count, exp.Literal) else None
    if number is None:
        raise unsupported()
    tree.set("limit", None)
    return number


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


def _to_char(company: Company, node: exp.Expr, kinds: dict[int, str]) -> exp.Expr:
    return _shown_text(company, node.this.copy(), node.args.get("format"), kinds, node.this)


def _shown_text(
    company: Company, value: exp.Expr, pattern: exp.Expr | None, kinds: dict[int, str],
    original: exp.Expr,
) -> exp.Expr:  # fmt: skip
    """TO_CHAR; a date without a pattern is shown in the account's format (unsure)."""
    if pattern is None and kinds.get(id(original)) in _DATES:
        return _call("ns_account_date", value, exp.Literal.string(company.settings["date_format"]))
    return _call("ns_to_char", value, pattern)


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
    if isinstance(node, exp.Add) and any(_is_text(part) for part in (node.left, node.right)):
        raise unsupported()  # Source: + is no concatenation (Performance and Best Practices).
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


def _is_text(node: exp.Expr) -> bool:
    if isinstance(node, exp.Literal):
        return bool(node.is_string) and not node.name.replace(".", "", 1).lstrip("-").isdigit()
    found = node.meta.get("column") if isinstance(node, exp.Column) else None
    return found is not None and found.kind in {"text", "longtext"}


def _date_like(node: exp.Expr) -> bool:
    if isinstance(node, exp.Anonymous):
        return str(node.this) in {"ns_to_date", "ns_add_days", "ns_add_months", "ns_last_day",
                                  "ns_trunc_date"}  # fmt: skip
    if isinstance(node, exp.Literal) and node.is_string:
        return len(node.name) >= 10 and node.name[4:5] == "-" and node.name[7:8] == "-"
    return kind_of(node) in _DATES


def _literal(company: Company, node: exp.Expr, kinds: dict[int, str]) -> exp.Expr:
    """Text compared with a date is read in the account's format, as in netsuite-rest's example."""
    parent = node.parent
    if not isinstance(parent, _COMPARISONS) or not node.args.get("is_string"):
        return node
    if not any(kinds.get(id(part)) in _DATES for part in parent.iter_expressions()):
        return node
    day = dates.read(node.name, company.settings["date_format"])
    return node if day is None else exp.Literal.string(day.isoformat())


def _in(_company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    """X IN BUILTIN.NAMED_GROUP(...), with or without parentheses: a sub-selection."""
    given = [*node.expressions, node.args.get("field")]
    lists = [part for part in given if isinstance(part, exp.Subquery)]
    if len(lists) != 1 or len([part for part in given if part is not None]) != 1:
        return node
    return exp.In(this=node.this.copy(), query=lists[0].copy())


def _divide(_company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    """Division never drops the fraction."""
    if isinstance(node.expression, exp.Literal) and "." in node.expression.name:
        return node
    return exp.Div(this=exp.cast(node.this.copy(), "REAL"), expression=node.expression.copy())


def _ordered(_company: Company, node: exp.Expr, kinds: dict[int, str]) -> exp.Expr:
    """Keys are never NULL: saying so lets SQLite walk the index. Long texts sort by their start."""
    inner = node.this
    owner = node.parent.parent if node.parent is not None else None
    if isinstance(inner, exp.Literal) and inner.is_int and isinstance(owner, exp.Select):
        inner = dict(enumerate(owner.selects, 1)).get(int(inner.name), inner).unalias()
    # The rows of a UNION are sorted by whole columns only.
    if kinds.get(id(inner)) == "longtext" and not isinstance(owner, exp.SetOperation):
        start = [exp.Literal.number(1), exp.Literal.number(LONG_TEXT_SORTED)]
        node.set("this", _call("SUBSTR", inner.copy(), *start))
    if isinstance(inner, exp.Column) and inner.name.lower() in {"id", "transaction"}:
        node.set("nulls_first", not node.args.get("desc"))
    return node


def _anonymous(company: Company, node: exp.Expr, kinds: dict[int, str]) -> exp.Expr:
    name = str(node.this).upper()
    if name == "TO_NCHAR":
        first, *rest = [part.copy() for part in node.expressions]
        return _shown_text(company, first, rest[0] if rest else None, kinds, node.expressions[0])
    if name in SCALARS:
        return _call(f"ns_{name.lower()}", *(part.copy() for part in node.expressions))
    return node  # Checked by name before parsing; the rest is SQLite's own.


def _aggregate(_company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    name = str(node.this).upper()
    arguments = [part.copy() for part in node.expressions]
    if name == "APPROX_COUNT_DISTINCT":
        return exp.Count(this=exp.Distinct(expressions=arguments))
    return exp.AnonymousAggFunc(this=f"ns_{name.lower()}", expressions=arguments)


def _extract(_company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    return _call("ns_extract", exp.Literal.string(node.name), node.expression.copy())


def _list_agg(_company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    inner = node.this.this if isinstance(node.this, exp.Order) else node.this
    return exp.GroupConcat(this=inner.copy(), separator=node.args.get("separator"))


def _row_number(_company: Company, node: exp.Expr, _kinds: dict[int, str]) -> exp.Expr:
    if not is_rownum(node) or node.meta.get("column") is not None:
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
    exp.AnonymousAggFunc: _aggregate,
    exp.Extract: _extract,
    exp.In: _in,
    exp.Localtimestamp: _now,
    exp.Literal: _literal,
    exp.GroupConcat: _list_agg,
    exp.Column: _row_number,
    exp.Pseudocolumn: _row_number,
}
