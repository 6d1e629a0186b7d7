"""Creates the views of the catalog in the store."""

from __future__ import annotations

from dataclasses import replace

from netsuite_sandbox.company import Company
from netsuite_sandbox.records.transactions import BY_CODE
from netsuite_sandbox.suiteql.catalog import TABLES, Table, columns_of

# What the setting suiteql_lag_s hides of transactions that are younger.
_LATE = {
    "transaction": "t.createddate <= ns_horizon()",
    "transactionline": "t.createddate <= ns_horizon()",
    "transactionaccountingline": "t.createddate <= ns_horizon()",
    **dict.fromkeys(
        ("nexttransactionlinelink", "previoustransactionlinelink",
         "nexttransactionaccountinglinelink", "previoustransactionaccountinglinelink",
         "appliedcredittransactionlinelink"),
        "b.createddate <= ns_horizon()",
    ),
}  # fmt: skip


def _tables(company: Company) -> list[Table]:
    """All tables. With several accounting books a line stands once in each it posts to."""
    if len(company.masters("accountingBook")) == 1:
        return list(TABLES.values())
    lines = TABLES["transactionaccountingline"]
    book = replace(lines.columns["accountingbook"], sql="b.id")
    in_books = replace(
        lines,
        source=f"{lines.source} JOIN master b"
        " ON b.grp = 'accountingBook' AND COALESCE(t.book, b.id) = b.id",
        columns={**lines.columns, "accountingbook": book},
    )
    return list({**TABLES, lines.name: in_books}.values())


def create_views(company: Company) -> None:
    """(Re)create all views, after opening a database or registering custom fields."""
    db = company.db
    lag = company.settings["suiteql_lag_s"]
    db.conn.create_function("ns_horizon", 0, lambda: company.clock.stamp(-lag))
    with db.transaction():
        db.execute(
            "CREATE TABLE IF NOT EXISTS transactionstatus (id TEXT, trantype TEXT, name TEXT,"
            " fullname TEXT, PRIMARY KEY (trantype, id)) WITHOUT ROWID"
        )
        db.conn.executemany(
            "INSERT OR REPLACE INTO transactionstatus VALUES (?, ?, ?, ?)",
            [
                (letter, kind.code, name, f"{kind.label} : {name}")
                for kind in BY_CODE.values()
                for letter, name in kind.statuses.items()
            ],
        )
        for group in ("revRecRule", "revPlansOn"):  # only BUILTIN.DF reads these
            db.execute(f"DROP VIEW IF EXISTS ql_{group.lower()}")
            db.execute(
                f"CREATE VIEW ql_{group.lower()} AS SELECT id, json_extract(body, '$.name') AS name"
                f" FROM master WHERE grp = '{group}'"
            )
        for table in _tables(company):
            columns = ", ".join(
                f'{column.sql} AS "{column.name}"' for column in columns_of(company, table).values()
            )
            db.execute(f"DROP VIEW IF EXISTS {table.view}")
            late = f" WHERE {_LATE[table.name]}" if lag and table.name in _LATE else ""
            db.execute(f"CREATE VIEW {table.view} AS SELECT {columns} FROM {table.source}{late}")
