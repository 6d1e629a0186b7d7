"""How a SuiteQL table is described: its columns and what each reads in the sandbox's store.

Column kinds: id (integer), text, longtext, number, date, datetime, bool ('T'/'F'). `ref` names the
record group that BUILTIN.DF shows a column by.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a SuiteQL table."""

    name: str
    kind: str
    sql: str
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One SuiteQL table: SELECT its columns FROM `source`.

    Attributes:
        custom: Which custom fields are columns too: body, column or "".
    """

    name: str
    source: str
    columns: dict[str, Column] = field(default_factory=dict)
    custom: str = ""

    @property
    def view(self) -> str:
        """Name of the view in the store."""
        return f"ql_{self.name}"


def _money(expression: str) -> str:
    return f"CAST(({expression}) / 10000.0 AS REAL)"


def _real(expression: str) -> str:
    return f"CAST({expression} AS REAL)"


def table(name: str, source: str, spec: str, custom: str = "") -> Table:
    """Parse lines of `name kind [ref] = sql`; without `= sql` the column has its own name."""
    columns: dict[str, Column] = {}
    for raw in spec.strip().splitlines():
        left, _, sql = raw.partition(" = ")
        parts = left.split()
        column, kind, ref = parts[0], parts[1], parts[2] if len(parts) > 2 else ""
        expression = sql.strip() or column
        if kind == "money":
            kind, expression = "number", _money(expression)
        elif kind == "real":
            kind, expression = "number", _real(expression)
        columns[column] = Column(column, kind, expression, ref)
    return Table(name, source, columns, custom)


def _json(name: str) -> str:
    return f"json_extract(m.body, '$.{name}')"


def _flag(name: str) -> str:
    return f"CASE WHEN {_json(name)} THEN 'T' ELSE 'F' END"


def master(name: str, where: str, spec: str) -> Table:
    """Describe a table over master data; `name kind [ref] = member`, or `= (expression)`."""
    lines: list[str] = ["id id = m.id", "externalid text = m.externalid"]
    for raw in spec.strip().splitlines():
        left, _, sql = raw.strip().partition(" = ")
        parts = left.split()
        key = sql.strip() or parts[0]
        if key.startswith("("):
            expression = key
        else:
            expression = _flag(key) if parts[1] == "bool" else _json(key)
        if parts[1] == "id":
            expression = f"CAST({expression} AS INTEGER)"
        lines.append(f"{left} = {expression}")
    return table(name, f"master m WHERE {where}", "\n".join(lines))
