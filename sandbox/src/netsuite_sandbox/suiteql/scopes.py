"""Finds out what every column of a statement means, and refuses the ones that mean nothing."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.optimizer.scope import Scope, traverse_scope

from netsuite_sandbox.company import Company
from netsuite_sandbox.suiteql.catalog import TABLES, Column, columns_of
from netsuite_sandbox.suiteql.errors import no_field, no_table, unsupported

_PSEUDO = frozenset({"rownum"})
_SAME_KIND = (exp.Alias, exp.Paren, exp.Max, exp.Min, exp.Coalesce)
_DATES = (exp.StrToDate, exp.StrToTime, exp.CurrentDate, exp.CurrentTimestamp, exp.AddMonths,
          exp.LastDay, exp.DateTrunc, exp.TimestampTrunc, exp.Localtimestamp)  # fmt: skip
_DATE_FUNCTIONS = frozenset({"FROM_TZ", "NEXT_DAY", "SYS_EXTRACT_UTC"})


class Resolver:
    """Resolves the columns of one statement; leaves the catalog column in `meta["column"]`.

    After `resolve`, `outputs` holds the kind of each output column by lower-case name.
    """

    def __init__(self, company: Company) -> None:
        self._company = company
        self._outputs: dict[int, dict[str, Column]] = {}
        self.outputs: dict[str, Column] = {}

    def resolve(self, tree: exp.Query) -> None:
        """Check all tables and columns.

        Raises:
            NetSuiteError: INVALID_PARAMETER naming the first record or field not found.
        """
        scopes = traverse_scope(tree)
        if not scopes:
            raise unsupported()
        for scope in scopes:
            self._tables(scope)
        for scope in scopes:
            self._columns(scope)
            self._outputs[id(scope)] = self._outputs_of(scope)
        self.outputs = self._outputs[id(scopes[-1])]

    def _tables(self, scope: Scope) -> None:
        for source in scope.sources.values():
            if isinstance(source, exp.Table):
                name = source.name.lower()
                is_there = name in TABLES and not self._company.settings.lacks(name)
                if not is_there or source.args.get("db"):
                    raise no_table(source.name)

    def _fields(self, source: exp.Table | Scope) -> dict[str, Column]:
        if isinstance(source, exp.Table):
            return columns_of(self._company, TABLES[source.name.lower()])
        return self._outputs.get(id(source)) or self._outputs_of(source)

    def _columns(self, scope: Scope) -> None:
        aliases = {
            item.alias.lower(): item.this
            for item in getattr(scope.expression, "selects", [])
            if isinstance(item, exp.Alias)
        }
        for column in scope.columns:
            if isinstance(column.this, exp.Star) or "column" in column.meta:
                continue
            found = self._find(scope, column)
            if found is not None:
                column.meta["column"] = found
            elif (
                not column.table
                and column.name.lower() in aliases
                and column.find_ancestor(exp.Order) is not None
            ):
                kind = kind_of(aliases[column.name.lower()])
                column.meta["column"] = Column(column.name.lower(), kind, "")
            elif column.name.lower() not in _PSEUDO:
                raise no_field(column.name, self._record_of(scope, column.table.lower()))

    def _find(self, scope: Scope | None, column: exp.Column) -> Column | None:
        name, table = column.name.lower(), column.table.lower()
        while scope is not None:
            for alias, source in scope.sources.items():
                if table and alias.lower() != table:
                    continue
                found = self._fields(source).get(name)
                if found is not None:
                    column.meta["source"] = alias
                    return found
                if table:
                    return None
            scope = scope.parent
        return None

    def _record_of(self, scope: Scope, table: str) -> str:
        for alias, source in scope.sources.items():
            if isinstance(source, exp.Table) and table in ("", alias.lower()):
                return source.name.lower()
        return table

    def _outputs_of(self, scope: Scope) -> dict[str, Column]:
        out: dict[str, Column] = {}
        expression = scope.expression
        if isinstance(expression, exp.SetOperation):
            first = scope.set_operation_scopes[0]
            return self._outputs.get(id(first)) or self._outputs_of(first)
        if not isinstance(expression, exp.Select):
            return out
        for item in expression.selects:
            star_of = item.table.lower() if isinstance(item, exp.Column) else ""
            is_star = isinstance(item, exp.Star) or (
                isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
            )
            if is_star:
                for alias, source in scope.sources.items():
                    if not star_of or alias.lower() == star_of:
                        out.update(self._fields(source))
                continue
            name = item.alias_or_name.lower()
            inner = item.unalias()
            known = inner.meta.get("column") if isinstance(inner, exp.Column) else None
            ref = known.ref if known is not None else ""
            out[name] = Column(name, kind_of(item), "", ref)
        return out


def kind_of(node: exp.Expr) -> str:
    """Return the kind of an expression: date, datetime or anything else."""
    if isinstance(node, exp.Column):
        found = node.meta.get("column")
        return found.kind if found is not None else ""
    if isinstance(node, _SAME_KIND):
        return kind_of(node.this)
    if isinstance(node, _DATES):
        return "date"
    if isinstance(node, exp.Dot) and isinstance(node.expression, exp.Anonymous):
        name = str(node.expression.this).upper()
        if name.startswith("TYPE_") and node.expression.expressions:
            return kind_of(node.expression.expressions[0])
        return "date" if name == "RELATIVE_RANGES" else ""
    if isinstance(node, exp.Anonymous):
        return "date" if str(node.this).upper() in _DATE_FUNCTIONS else ""
    if isinstance(node, exp.Case):
        branches = [branch.args["true"] for branch in node.args["ifs"]]
        return kind_of(branches[0]) if branches else ""
    if isinstance(node, (exp.Add, exp.Sub)):
        left, right = kind_of(node.left), kind_of(node.right)
        dates = {"date", "datetime"}
        if left in dates and right not in dates:
            return "date"
    return ""
