"""The chart of accounts, items, currencies and subsidiary of an account, read together."""

from __future__ import annotations

from typing import NamedTuple

from drawdown.core.errors import MissingMappingError
from drawdown.erp.netsuite.bodies import text_literal
from drawdown.erp.netsuite.mapping import Mapping
from drawdown.erp.netsuite.transport import Transport


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


class Chart(NamedTuple):
    """What is known of an account's books, read together.

    Attributes:
        currencies: ISO code by internal id.
        subsidiary: Internal id; empty where there is none.
        base_currency: ISO code of the subsidiary's base currency.
    """

    accounts: dict[str, AccountRow]
    items: dict[str, ItemRow]
    currencies: dict[str, str]
    subsidiary: str
    base_currency: str


def read_chart(transport: Transport, mapping: Mapping) -> Chart:
    """Read the active accounts, the mapped items, all currencies and the subsidiary.

    Raises:
        MissingMappingError: NetSuite has no such subsidiary.
    """
    rows = transport.rows
    accounts = {
        row["id"]: AccountRow(
            row["id"],
            row.get("acctnumber", ""),
            row.get("fullname", ""),
            row.get("accttype", ""),
            row.get("sspecacct", ""),
        )
        for row in rows(
            "SELECT a.id AS id, a.acctnumber AS acctnumber, a.fullname AS fullname, "
            "a.accttype AS accttype, a.sspecacct AS sspecacct FROM account a "
            "WHERE a.isinactive = 'F' ORDER BY a.id"
        )
    }
    currencies = {
        row["id"]: row.get("symbol", "")
        for row in rows("SELECT c.id AS id, c.symbol AS symbol FROM currency c ORDER BY c.id")
    }
    items = {
        row["id"]: ItemRow(
            row["id"],
            row.get("itemid", ""),
            row.get("externalid", ""),
            row.get("incomeaccount", ""),
            row.get("deferredrevenueaccount", ""),
        )
        for row in rows(
            "SELECT i.id AS id, i.itemid AS itemid, i.externalid AS externalid, "
            "i.incomeaccount AS incomeaccount, "
            "i.deferredrevenueaccount AS deferredrevenueaccount FROM item i "
            f"WHERE i.isinactive = 'F' AND ({_item_condition(mapping)}) ORDER BY i.id"
        )
    }
    subsidiary, base = _read_subsidiary(transport, mapping, currencies)
    return Chart(accounts, items, currencies, subsidiary, base)


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


def _read_subsidiary(
    transport: Transport, mapping: Mapping, currencies: dict[str, str]
) -> tuple[str, str]:
    wanted = mapping.subsidiary
    if not wanted:
        rows = transport.rows(
            "SELECT c.id AS id FROM currency c WHERE c.isbasecurrency = 'T' ORDER BY c.id"
        )
        base = next(iter(rows), None)
        return "", currencies.get(base["id"], "") if base else ""
    for row in transport.rows(
        "SELECT s.id AS id, s.name AS name, s.currency AS currency FROM subsidiary s ORDER BY s.id"
    ):
        if wanted in (row["id"], row.get("name")):
            return row["id"], currencies.get(row.get("currency", ""), "")
    raise MissingMappingError(
        f"NetSuite has no subsidiary {wanted!r}; set subsidiary of the connection's mapping to "
        "the name of one, or leave it empty in an account without subsidiaries"
    )
