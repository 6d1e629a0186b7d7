"""Creates the views of the catalog in the store."""

from __future__ import annotations

from netsuite_sandbox.company import Company
from netsuite_sandbox.records.transactions import KINDS
from netsuite_sandbox.suiteql.catalog import TABLES, columns_of

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
                for kind in KINDS.values()
                for letter, name in kind.statuses.items()
            ],
        )
        for group in ("revRecRule", "revPlansOn"):  # only BUILTIN.DF reads these
            db.execute(f"DROP VIEW IF EXISTS ql_{group.lower()}")
            db.execute(
                f"CREATE VIEW ql_{group.lower()} AS SELECT id, json_extract(body, '$.name') AS name"
                f" FROM master WHERE grp = '{group}'"
            )
        for table in TABLES.values():
            columns = ", ".join(
                f'{column.sql} AS "{column.name}"' for column in columns_of(company, table).values()
            )
            db.execute(f"DROP VIEW IF EXISTS {table.view}")
            late = f" WHERE {_LATE[table.name]}" if lag and table.name in _LATE else ""
            db.execute(f"CREATE VIEW {table.view} AS SELECT {columns} FROM {table.source}{late}")
