"""ROWNUM counts the rows that are read, before they are grouped.

Source: issue 1168 of oracle/netsuite-suitecloud-sdk: a cap in the WHERE clause of a query with
GROUP BY gives sums over an arbitrary part of the lines, without an error.
"""

from __future__ import annotations

from sqlglot import exp

_NAME = "rows_read"
_CLAUSES = ("expressions", "group", "having", "order")


def cap_rows_read(select: exp.Select, limit: int) -> bool:
    """Put the cap below the grouping of a query; False if it has none.

    Queries whose grouped part holds a subquery, a built-in function or a star are left alone.
    """
    parts = [part for name in _CLAUSES for part in _nodes(select, name)]
    nodes = [node for part in parts for node in part.walk()]
    grouped = select.args.get("group") is not None
    if not grouped and not any(isinstance(node, exp.AggFunc) for node in nodes):
        return False
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


def _nodes(select: exp.Select, name: str) -> list[exp.Expr]:
    found = select.args.get(name)
    if found is None:
        return []
    return list(found) if isinstance(found, list) else [found]


def _read_from(column: exp.Column, name: str, *, top: bool) -> None:
    made = exp.column(name, table=_NAME)
    made.meta.update(column.meta)
    column.replace(exp.alias_(made, column.name, copy=False) if top else made)
