"""What a query with GROUP BY may select and sort by."""

from __future__ import annotations

from sqlglot import exp

from netsuite_sandbox.suiteql.errors import unsupported


def check_grouping(select: exp.Select) -> None:
    """Refuse columns that are neither grouped nor aggregated.

    Sources: Oracle's rule for GROUP BY; that sorting by the alias of an aggregate fails was seen on
    the live service.

    Raises:
        NetSuiteError: INVALID_PARAMETER "Invalid or unsupported search".
    """
    group = select.args.get("group")
    grouped = list(group.expressions) if group is not None else []
    aggregated = any(_has_aggregate(item) for item in select.selects)
    if not grouped and not aggregated:
        return
    texts = {_text(item) for item in grouped}
    for item in select.selects:
        if _loose(item.unalias(), texts):
            raise unsupported()
    order = select.args.get("order")
    if order is None or not grouped:
        return
    aggregates = {
        item.alias.lower()
        for item in select.selects
        if isinstance(item, exp.Alias) and _has_aggregate(item)
    }
    for part in order.expressions:
        inner = part.this
        if isinstance(inner, exp.Column) and not inner.table and inner.name.lower() in aggregates:
            raise unsupported()


def _text(node: exp.Expr) -> str:
    """A column by its name alone, anything else as it is written."""
    if isinstance(node, exp.Column):
        return node.name.lower()
    return node.sql(dialect="oracle", normalize=True).lower()


def _has_aggregate(node: exp.Expr) -> bool:
    return any(
        isinstance(found, exp.AggFunc)
        and not isinstance(found.parent, exp.Window)
        and not _inside_subquery(found, node)
        for found in node.walk()
    )


def _inside_subquery(found: exp.Expr, top: exp.Expr) -> bool:
    parent = found.parent
    while parent is not None and found is not top:
        if isinstance(parent, exp.Select):
            return parent is not top.find_ancestor(exp.Select)
        if parent is top:
            return False
        parent = parent.parent
    return False


def _loose(node: exp.Expr, grouped: set[str]) -> bool:
    """Whether an expression reads a column that is neither grouped nor aggregated."""
    if isinstance(node, (exp.AggFunc, exp.Literal, exp.Subquery, exp.Window)):
        return False
    if _text(node) in grouped:
        return False
    if isinstance(node, exp.Column):
        return True
    if isinstance(node, exp.Star):
        return True
    return any(_loose(child, grouped) for child in node.iter_expressions())
