"""One NetSuite account: its store, clock, settings and the master data that postings look up.

Everything that records, ledger, periods and revenue management share passes through here. Caches
are dropped when a transaction is rolled back.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from netsuite_sandbox import groups
from netsuite_sandbox.clock import Clock
from netsuite_sandbox.errors import invalid_request, user_error
from netsuite_sandbox.settings import Settings
from netsuite_sandbox.store.database import Database
from netsuite_sandbox.wire import jsontext

FIELD_KINDS = {
    "text": "text", "longtext": "longtext", "select": "text", "currency": "number",
    "float": "number", "integer": "integer", "checkbox": "boolean", "date": "date",
    "datetime": "datetime",
}  # fmt: skip
# Source: transactionbodycustomfield (SDFxml_3330726969), transactioncolumncustomfield
# (SDFxml_2979546877).
_SCRIPT_ID_MAX = {"body": 38, "column": 37}
_SQL_TYPES = {"number": "NUMERIC", "integer": "INTEGER"}


@dataclass(slots=True)
class Master:
    """One record of master data.

    Attributes:
        body: Stored properties by REST name; references are ids (int), numbers Decimal.
    """

    id: int
    type: str
    external_id: str | None
    body: dict[str, Any]
    created: str
    modified: str


class Company:
    """The data of one account.

    Args:
        account: NetSuite account id, such as TSTDRV1234567.
    """

    def __init__(self, database: Database, account: str) -> None:
        self.db = database
        self.account = account
        self.settings = Settings(database)
        self.clock = Clock(database)
        self._masters: dict[tuple[str, int], Master] = {}
        self._by_external: dict[tuple[str, str], int] = {}
        self._special: dict[str, int] = {}
        self.custom_fields: dict[str, tuple[str, str]] = {}
        self.body_columns: tuple[str, ...] = ()
        self.line_columns: tuple[str, ...] = ()
        self.schema_version = 0
        database.on_rollback(self.forget)
        self.load_custom_fields()

    # -- caches ---------------------------------------------------------------------------------

    def forget(self) -> None:
        """Drop all caches."""
        self._masters.clear()
        self._by_external.clear()
        self._special.clear()

    def load_custom_fields(self) -> None:
        """Read the registered custom fields."""
        rows = self.db.all("SELECT scriptid, kind, applies FROM customfield ORDER BY scriptid")
        fields = {row["scriptid"]: (row["kind"], row["applies"]) for row in rows}
        if self.schema_version and fields == self.custom_fields:
            return  # as after most restores: what was made for this schema still holds
        self.custom_fields = fields
        self.body_columns = tuple(k for k, v in self.custom_fields.items() if v[1] == "body")
        self.line_columns = tuple(k for k, v in self.custom_fields.items() if v[1] == "column")
        self.schema_version += 1

    def add_custom_field(self, script_id: str, kind: str, applies: str) -> bool:
        """Register a custom field; False if it was there.

        Source: the REST name of a custom field is its script id; SuiteQL likewise in lower case.
        """
        name = script_id.lower()
        prefix = {"body": "custbody", "column": "custcol", "entity": "custentity",
                  "item": "custitem"}.get(applies)  # fmt: skip
        if prefix is None or not name.startswith(prefix) or not name.isidentifier():
            raise invalid_request(
                f"Custom field '{script_id}': a script id like custbody_x with appliesTo body, "
                "custcol_x with column, custentity_x with entity or custitem_x with item."
            )
        if len(name) > _SCRIPT_ID_MAX.get(applies, len(name)):
            raise invalid_request(
                f"Custom field '{script_id}': a script id of {applies} fields has up to "
                f"{_SCRIPT_ID_MAX[applies]} characters."
            )
        stored_kind = FIELD_KINDS.get(kind.lower())
        if stored_kind is None:
            raise invalid_request(
                f"Custom field '{script_id}': type is one of {', '.join(sorted(FIELD_KINDS))}."
            )
        if name in self.custom_fields:
            return False
        with self.db.transaction():
            self.db.execute(
                "INSERT INTO customfield VALUES (?, ?, ?)", (name, stored_kind, applies)
            )
            table = {"body": "tx", "column": "line"}.get(applies)
            if table:
                sql_type = _SQL_TYPES.get(stored_kind, "TEXT")
                self.db.execute(f"ALTER TABLE {table} ADD COLUMN {name} {sql_type}")
                self.db.execute(
                    f"CREATE INDEX {table}_{name} ON {table} ({name}) WHERE {name} IS NOT NULL"
                )
        self.load_custom_fields()
        return True

    # -- master data ----------------------------------------------------------------------------

    def master(self, group: str, record_id: int) -> Master | None:
        """Return one record of master data, cached."""
        key = (group, record_id)
        found = self._masters.get(key)
        if found is None:
            row = self.db.one("SELECT * FROM master WHERE grp = ? AND id = ?", key)
            if row is None:
                return None
            found = Master(
                row["id"], row["type"], row["externalid"], jsontext.loads(row["body"]),
                row["createddate"], row["lastmodifieddate"],
            )  # fmt: skip
            self._masters[key] = found
        return found

    def must(self, group: str, record_id: int) -> Master:
        """Return a record that is known to exist."""
        found = self.master(group, record_id)
        assert found is not None, f"{group} {record_id} is referenced but not there"
        return found

    def masters(self, record_type: str) -> list[Master]:
        """All records of one type, by id."""
        group = groups.group_of(record_type)
        rows = self.db.all(
            "SELECT id FROM master WHERE grp = ? AND type = ? ORDER BY id", (group, record_type)
        )
        return [self.must(group, row["id"]) for row in rows]

    def by_external_id(self, group: str, external_id: str) -> int | None:
        """Return the internal id behind an external id of a record group."""
        if group == "transaction":
            found: int | None = self.db.value(
                "SELECT id FROM tx WHERE externalid = ?", (external_id,)
            )
            return found
        key = (group, external_id)
        cached = self._by_external.get(key)
        if cached is None:
            cached = self.db.value("SELECT id FROM master WHERE grp = ? AND externalid = ?", key)
            if cached is not None:
                self._by_external[key] = cached
        return cached

    def save_master(self, record: Master, *, new: bool) -> None:
        """Write one record of master data."""
        group = groups.group_of(record.type)
        self._masters.pop((group, record.id), None)
        self._by_external.clear()
        self._special.clear()
        body = jsontext.dumps(record.body)
        if new:
            self.db.execute(
                "INSERT INTO master VALUES (?, ?, ?, ?, ?, ?, ?)",
                (group, record.id, record.type, record.external_id, body, record.created,
                 record.modified),
            )  # fmt: skip
        else:
            self.db.execute(
                "UPDATE master SET externalid = ?, body = ?, lastmodifieddate = ?"
                " WHERE grp = ? AND id = ?",
                (record.external_id, body, record.modified, group, record.id),
            )

    def delete_master(self, group: str, record_id: int) -> None:
        """Remove one record of master data."""
        self.db.execute("DELETE FROM master WHERE grp = ? AND id = ?", (group, record_id))
        self.forget()

    # -- what postings ask ----------------------------------------------------------------------

    def special_account(self, special: str) -> int:
        """Return the id of a system account by its sSpecAcct.

        Raises:
            NetSuiteError: USER_ERROR if the company has none.
        """
        found = self._special.get(special)
        if found is None:
            found = self.db.value(
                "SELECT id FROM master WHERE grp = 'account'"
                " AND json_extract(body, '$.sSpecAcct') = ? ORDER BY id",
                (special,),
            )
            if found is None:
                raise user_error(f"The system account {special} does not exist.")
            self._special[special] = found
        return found

    def account_type(self, account: int) -> str:
        """Return the acctType of an account."""
        kind: str = self.must("account", account).body["acctType"]
        return kind

    def precision(self, currency: int) -> int:
        """Return the number of decimals of a currency."""
        return int(self.must("currency", currency).body.get("currencyPrecision", 2))

    def rate(self, currency: int, day: str = "", base: int | None = None) -> Decimal:
        """Return the default exchange rate of a currency: the last one effective on a day.

        Without a rate of that date, or without a date, it is the rate of the currency itself.
        """
        found = self.db.value(
            "SELECT json_extract(body, '$.exchangeRate') FROM master WHERE grp = 'currencyRate'"
            " AND json_extract(body, '$.transactionCurrency') = ?"
            " AND json_extract(body, '$.baseCurrency') = ?"
            " AND json_extract(body, '$.effectiveDate') <= ?"
            " ORDER BY json_extract(body, '$.effectiveDate') DESC, id DESC LIMIT 1",
            (currency, base, day),
        )
        if found is not None:
            return Decimal(str(found))
        return Decimal(self.must("currency", currency).body.get("exchangeRate", 1))

    def base_currency(self, subsidiary: int) -> int:
        """Return the base currency of a subsidiary."""
        currency: int = self.must("subsidiary", subsidiary).body["currency"]
        return currency
