"""The chart of accounts, items, currencies and subsidiary of an account."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from drawdown.core.errors import MissingMappingError
from drawdown.erp.netsuite.bodies import text_literal
from drawdown.erp.netsuite.mapping import Mapping
from drawdown.erp.netsuite.transport import Transport

T = TypeVar("T")


class AccountRow(NamedTuple):
    """An account of the chart."""

    internal_id: str
    number: str
    name: str
    kind: str
    special: str


class ItemRow(NamedTuple):
    """An item and the accounts it posts to (internal ids, empty where it has none)."""

    internal_id: str
    name: str
    external_id: str
    income: str
    deferred: str


class Books(NamedTuple):
    """Whose books are kept.

    Attributes:
        subsidiary: Internal id; empty where there is none.
        base_currency: ISO code of the subsidiary's base currency.
    """

    subsidiary: str
    base_currency: str


class Chart:
    """What is known of an account's books: each list is read when it is first asked for, and kept.

    Most records need few of the lists, and calls that wait for a list wait with their slots. Safe
    for several threads and tasks: one reads a list, the others wait for it.
    """

    def __init__(self, transport: Transport, mapping: Mapping) -> None:
        self._accounts = _Once(transport, lambda: _read_accounts(transport))
        self._items = _Once(transport, lambda: _read_items(transport, mapping))
        self._currencies = _Once(transport, lambda: _read_currencies(transport))
        self._books = _Once(transport, lambda: _read_books(transport, mapping, self._currencies()))

    @property
    def accounts(self) -> dict[str, AccountRow]:
        """Active accounts by internal id."""
        return self._accounts()

    @property
    def items(self) -> dict[str, ItemRow]:
        """The mapped items that are active, by internal id."""
        return self._items()

    @property
    def currencies(self) -> dict[str, str]:
        """ISO code by internal id."""
        return self._currencies().codes

    @property
    def subsidiary(self) -> str:
        """Internal id; empty where there is none.

        Raises:
            MissingMappingError: NetSuite has no such subsidiary.
        """
        return self._books().subsidiary

    @property
    def base_currency(self) -> str:
        """ISO code of the subsidiary's base currency.

        Raises:
            MissingMappingError: NetSuite has no such subsidiary.
        """
        return self._books().base_currency


class _Once(Generic[T]):
    """What is read when it is first asked for."""

    def __init__(self, transport: Transport, read: Callable[[], T]) -> None:
        self._read = read
        self._lock = transport.outside.lock()
        self._found: T | None = None

    def __call__(self) -> T:
        found = self._found
        if found is None:
            with self._lock:
                found = self._found
                if found is None:
                    found = self._found = self._read()
        return found


class _Currencies(NamedTuple):
    """ISO codes by internal id, and that of the account's own base currency (or nothing)."""

    codes: dict[str, str]
    base: str


def _read_accounts(transport: Transport) -> dict[str, AccountRow]:
    return {
        row["id"]: AccountRow(
            row["id"],
            row.get("acctnumber", ""),
            row.get("fullname", ""),
            row.get("accttype", ""),
            row.get("sspecacct", ""),
        )
        for row in transport.rows(
            "SELECT a.id AS id, a.acctnumber AS acctnumber, a.fullname AS fullname, "
            "a.accttype AS accttype, a.sspecacct AS sspecacct FROM account a "
            "WHERE a.isinactive = 'F' ORDER BY a.id"
        )
    }


def _read_currencies(transport: Transport) -> _Currencies:
    codes, base = dict[str, str](), ""
    for row in transport.rows(
        "SELECT c.id AS id, c.symbol AS symbol, c.isbasecurrency AS isbasecurrency "
        "FROM currency c ORDER BY c.id"
    ):
        codes[row["id"]] = row.get("symbol", "")
        if row.get("isbasecurrency") == "T":
            base = base or codes[row["id"]]
    return _Currencies(codes, base)


def _read_items(transport: Transport, mapping: Mapping) -> dict[str, ItemRow]:
    return {
        row["id"]: ItemRow(
            row["id"],
            row.get("itemid", ""),
            row.get("externalid", ""),
            row.get("incomeaccount", ""),
            row.get("deferredrevenueaccount", ""),
        )
        for row in transport.rows(
            "SELECT i.id AS id, i.itemid AS itemid, i.externalid AS externalid, "
            "i.incomeaccount AS incomeaccount, "
            "i.deferredrevenueaccount AS deferredrevenueaccount FROM item i "
            f"WHERE i.isinactive = 'F' AND ({_item_condition(mapping)}) ORDER BY i.id"
        )
    }


def _item_condition(mapping: Mapping) -> str:
    names = {item.name for _, item in mapping.all_items()}
    external = {name.removeprefix("eid:") for name in names if name.startswith("eid:")}
    plain = {name for name in names if not name.startswith("eid:")}
    parts = [
        f"i.{column} IN ({', '.join(text_literal(value) for value in sorted(values))})"
        for column, values in (("itemid", plain), ("externalid", external))
        if values
    ]
    return " OR ".join(parts) or "i.id = 0"


def _read_books(transport: Transport, mapping: Mapping, currencies: _Currencies) -> Books:
    wanted = mapping.subsidiary
    if not wanted:
        return Books("", currencies.base)
    for row in transport.rows(
        "SELECT s.id AS id, s.name AS name, s.currency AS currency FROM subsidiary s ORDER BY s.id"
    ):
        if wanted in (row["id"], row.get("name")):
            return Books(row["id"], currencies.codes.get(row.get("currency", ""), ""))
    raise MissingMappingError(
        f"NetSuite has no subsidiary {wanted!r}; set subsidiary of the connection's mapping to "
        "the name of one, or leave it empty in an account without subsidiaries"
    )
