"""ROWNUM counts the rows that are read: before they are grouped, and before they are sorted.

Sources: issue 1168 of oracle/netsuite-suitecloud-sdk (a cap in the WHERE clause of a query with
GROUP BY gives sums over an arbitrary part of the lines, without an error); Oracle's pseudocolumn
ROWNUM, which is given to a row before ORDER BY and never starts above 1.
"""

from __future__ import annotations

from sqlglot import exp

from netsuite_sandbox.suiteql.errors import unsupported
from netsuite_sandbox.whole import whole

_NAME = "rows_read"
_CLAUSES = ("expressions", "group", "having", "order")
_MIRRORED: dict[type[exp.Expr], type[exp.Binary]] = {
    exp.LT: exp.GT, exp.LTE: exp.GTE, exp.GT: exp.LT, exp.GTE: exp.LTE, exp.EQ: exp.EQ,
    exp.NEQ: exp.NEQ,
}  # fmt: skip


def is_rownum(node: exp.Expr) -> bool:
    """Whether a node is the pseudocolumn."""
    return isinstance(node, exp.Pseudocolumn | exp.Column) and node.name.lower() == "rownum"


def limit_rows(select: exp.Select, *, rows_read: bool) -> None:
    """Turn conditions on ROWNUM into a limit; OFFSET is ignored (seen on the live service).

    Args:
        rows_read: Whether the limit counts rows before grouping and sorting.

    Raises:
        NetSuiteError: INVALID_PARAMETER if ROWNUM is compared with anything but a number.
    """
    select.set("offset", None)
    where = select.args.get("where")
    if where is None:
        return
    parts = list(where.this.flatten()) if isinstance(where.this, exp.And) else [where.this]
    caps = [_most(part.unnest()) for part in parts]
    if all(cap is None for cap in caps):
        return
    kept = [part.copy() for part, cap in zip(parts, caps, strict=True) if cap is None]
    select.set("where", exp.Where(this=exp.and_(*kept, copy=False)) if kept else None)
    limits = [cap for cap in caps if cap is not None and cap >= 0]
    if not limits or (rows_read and _cap_rows_read(select, min(limits))):
        return
    limit = exp.Limit(expression=exp.Literal.number(min(limits)))
    own = select.args.get("limit")
    if own is None or (isinstance(own, exp.Limit) and _whole(own.expression) > min(limits)):
        select.set("limit", limit)


def _most(node: exp.Expr) -> int | None:
    """How many rows a condition on ROWNUM lets through; -1 for all, None if it is about no ROWNUM.

    The first row that fails gets no number, so that the next one is the first again: ROWNUM > 1
    and ROWNUM = 2 let nothing through.
    """
    if isinstance(node, exp.Between) and is_rownum(node.this):
        low, high = (_whole(node.args[name]) for name in ("low", "high"))
        return max(high, 0) if low <= 1 else 0
    if not isinstance(node, tuple(_MIRRORED)):
        return None
    kind, left, right = type(node), node.this, node.expression
    if is_rownum(right):
        kind, left, right = _MIRRORED[kind], right, left
    if not is_rownum(left):
        return None
    number = _whole(right)
    if kind in (exp.LT, exp.LTE):
        return max(number - (kind is exp.LT), 0)
    if kind is exp.EQ:
        return 1 if number == 1 else 0
    if kind is exp.NEQ:
        return number - 1 if number > 0 else -1
    return -1 if number < 1 + (kind is exp.GTE) else 0


def _whole(node: exp.Expr) -> int:
    sign = -1 if isinstance(node, exp.Neg) else 1
    literal = node.this if isinstance(node, exp.Neg) else node
    number = whole(literal.name) if isinstance(literal, exp.Literal) else None
    if number is None or literal.is_string:
        raise unsupported()
    return sign * number


def _cap_rows_read(select: exp.Select, limit: int) -> bool:
    """Put the cap below the grouping and sorting of a query; False if it has neither.

    Queries of several tables whose output holds a subquery, a built-in function or a star are
    left alone: their cap counts the rows returned.
    """
    if not _counts_otherwise(select):
        return False
    source = select.args.get("from_")
    if source is not None and not select.args.get("joins"):
        return _cap_one(select, source.this, limit)
    parts = [part for name in _CLAUSES for part in _nodes(select, name)]
    nodes = [node for part in parts for node in part.walk()]
    if any(isinstance(node, (exp.Query, exp.Dot, exp.Window)) for node in nodes):
        return False
    if any(isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count) for node in nodes):
        return False
    columns = [n for n in nodes if isinstance(n, exp.Column) and "source" in n.meta]
    names: dict[tuple[str, str], str] = {}
    inner = exp.Select()
    for column in columns:
        key = (column.table.lower(), column.name.lower())
        if key not in names:
            names[key] = f"c{len(names)}"
            inner.append("expressions", exp.alias_(column.copy(), names[key], copy=False))
        _read_from(column, names[key], top=column.parent is select)
    if not names:
        inner.append("expressions", exp.alias_(exp.Literal.number(1), "c0", copy=False))
    for name in ("from_", "joins", "where"):
        inner.set(name, select.args.get(name))
        select.set(name, None)
    inner.set("limit", exp.Limit(expression=exp.Literal.number(max(limit, 0))))
    alias = exp.TableAlias(this=exp.to_identifier(_NAME))
    select.set("from_", exp.From(this=exp.Subquery(this=inner, alias=alias)))
    return True


def _counts_otherwise(select: exp.Select) -> bool:
    """Whether a query gives other rows than it reads, or in another order."""
    if any(select.args.get(name) for name in ("group", "order", "distinct")):
        return True
    return any(isinstance(node, exp.AggFunc) for item in select.selects for node in item.walk())


def _cap_one(select: exp.Select, source: exp.Expr, limit: int) -> bool:
    """One table: read so many of its rows under its own name."""
    inner = exp.Select(expressions=[exp.Star()])
    inner.set("from_", exp.From(this=source.copy()))
    inner.set("where", select.args.get("where"))
    select.set("where", None)
    inner.set("limit", exp.Limit(expression=exp.Literal.number(limit)))
    alias = exp.TableAlias(this=exp.to_identifier(source.alias_or_name.lower()))
    select.set("from_", exp.From(this=exp.Subquery(this=inner, alias=alias)))
    return True


def _nodes(select: exp.Select, name: str) -> list[exp.Expr]:
    found = select.args.get(name)
    if found is None:
        return []
    return list(found) if isinstance(found, list) else [found]


def _read_from(column: exp.Column, name: str, *, top: bool) -> None:
    made = exp.column(name, table=_NAME)
    made.meta.update(column.meta)
    column.replace(exp.alias_(made, column.name, copy=False) if top else made)
