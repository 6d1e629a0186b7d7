"""Documents that are in NetSuite without us: synced by another integration, or made by people.

Found by their last change. NetSuite's clock and time zone are the only ones that count here: an
instant that was read is given back as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from drawdown.core.ids import native_reference, split_native
from drawdown.core.observed import Applied, NativeCustomer, NativeDocument, NativeLine
from drawdown.core.plan import PREPAID_ITEM
from drawdown.erp.netsuite.bodies import number, text_literal
from drawdown.erp.netsuite.directory import Directory
from drawdown.erp.netsuite.fields import BLOCK_ID, CREDIT_TYPE, EXPIRES_ON, LINE_BLOCK_ID
from drawdown.erp.netsuite.readings.query import OUR_PREFIX, TYPES, minor, windows
from drawdown.erp.netsuite.readings.records import IS_FOREIGN, customer_reference
from drawdown.erp.netsuite.transport import Row, Transport

IN_VALUES_MAX = 500
_INSTANT = "%Y-%m-%d %H:%M:%S"
_ORDER = ("SalesOrd", "CustInvc", "CustCred", "CustPymt")
_ORACLE_INSTANT = "YYYY-MM-DD HH24:MI:SS"


def native_documents(
    transport: Transport,
    directory: Directory,
    since: datetime | None,
    references: Sequence[str] = (),
) -> Iterator[NativeDocument]:
    """Read the documents of others changed since an instant; orders first, payments last.

    Args:
        references: Read only these; empty: all.
    """
    when = (
        f"AND t.lastmodifieddate >= TO_DATE('{since:{_INSTANT}}', '{_ORACLE_INSTANT}') "
        if since
        else ""
    )
    if references:
        ids = native_ids(transport, references).values()
        when += f"AND t.id IN ({', '.join(ids) or '0'}) "
    sql = (
        "SELECT t.id AS id, t.type AS type, t.tranid AS tranid, t.currency AS currency, "
        "t.exchangerate AS rate, t.entity AS entity, t.voided AS voided, "
        f"t.{BLOCK_ID} AS block, t.{CREDIT_TYPE} AS blockkind, "
        f"TO_CHAR(t.{EXPIRES_ON}, 'YYYY-MM-DD') AS expireson, "
        "TO_CHAR(t.trandate, 'YYYY-MM-DD') AS trandate, "
        f"TO_CHAR(t.lastmodifieddate, '{_ORACLE_INSTANT}') AS modified FROM transaction t "
        f"WHERE t.type IN ({', '.join(map(text_literal, _ORDER))}) {when}"
        f"AND {IS_FOREIGN.format('t')} {{window}} ORDER BY t.id"
    )
    heads = {row["id"]: row for row in windows(transport, sql)}
    reading = _Reading(transport, directory, heads)
    rank = {kind: place for place, kind in enumerate(_ORDER)}
    for row in sorted(heads.values(), key=lambda row: (rank[row["type"]], int(row["id"]))):
        yield reading.document(row)


def native_ids(transport: Transport, references: Iterable[str]) -> dict[str, str]:
    """Look native references up by number, type by type."""
    wanted: dict[str, list[str]] = {}
    for reference in references:
        native = split_native(reference)
        assert native is not None
        wanted.setdefault(native[0], []).append(native[1])
    found: dict[str, str] = {}
    for record, numbers in wanted.items():
        for part in _parts(sorted(numbers)):
            names = ", ".join(map(text_literal, part))
            sql = (
                "SELECT t.id AS id, t.tranid AS tranid FROM transaction t "
                f"WHERE t.recordtype = {text_literal(record.lower())} AND t.tranid IN ({names}) "
                "ORDER BY t.id"
            )
            for row in transport.rows(sql):
                found[native_reference(record, row["tranid"])] = row["id"]
    return found


class _Reading:
    """What belongs to the documents of one reading: lines, links, customers."""

    def __init__(self, transport: Transport, directory: Directory, heads: dict[str, Row]) -> None:
        self._transport = transport
        self._directory = directory
        self._items = directory.billing_items() if heads else {}
        prepaid = directory.mapping.items.get(PREPAID_ITEM)
        row = directory.find_item(prepaid) if prepaid and heads else None
        self._prepaid = row.internal_id if row else ""
        ids = sorted(heads, key=int)
        self._lines = self._by(self._read(ids, _LINES), "record")
        self._links = self._by(self._read(ids, _LINKS), "payer")
        self._sources = self._read_sources()
        self._customers = self._read_customers({row.get("entity", "") for row in heads.values()})

    def document(self, row: Row) -> NativeDocument:
        """Put one document together."""
        code = self._directory.code(row["currency"])
        lines = self._lines.get(row["id"], [])
        source = next((line["source"] for line in lines if line.get("source")), "")
        expires_on = row.get("expireson")
        return NativeDocument(
            TYPES[row["type"]].value,
            row["id"],
            row.get("tranid", ""),
            self._customers[row.get("entity", "")],
            code,
            number(row.get("rate", "1")),
            date.fromisoformat(row["trandate"]),
            datetime.strptime(row["modified"], _INSTANT),  # noqa: DTZ007 - NetSuite's own zone
            self._sources.get(source, ""),
            tuple(self._line(row, line, code) for line in lines),
            tuple(
                Applied(_reference(link), minor(link.get("amount"), code))
                for link in self._links.get(row["id"], ())
            ),
            row.get("voided") == "T",
            row.get("blockkind", ""),
            date.fromisoformat(expires_on) if expires_on else None,
        )

    def _line(self, head: Row, row: Row, code: str) -> NativeLine:
        item = row.get("item", "")
        amount = minor(row.get("amount"), code)
        return NativeLine(
            row["line"],
            PREPAID_ITEM if item and item == self._prepaid else self._items.get(item, ""),
            row.get("block", "") or head.get("block", ""),
            amount if head["type"] == "CustCred" else -amount,  # income is a credit
            abs(number(row.get("quantity", "1"))),
            row.get("taxline") == "T",
        )

    def _read(self, ids: list[str], sql: str) -> Iterator[Row]:
        for part in _parts(ids):
            yield from self._transport.rows(sql.format(ids=", ".join(part)))

    @staticmethod
    def _by(rows: Iterator[Row], key: str) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in rows:
            found.setdefault(row[key], []).append(row)
        return found

    def _read_sources(self) -> dict[str, str]:
        sources = {
            line["source"] for lines in self._lines.values() for line in lines if "source" in line
        }
        rows = self._read(sorted(sources, key=int), _SOURCES)
        return {row["id"]: _reference(row) for row in rows}

    def _read_customers(self, ids: set[str]) -> dict[str, NativeCustomer]:
        found = {"": NativeCustomer("", "", "", "")}
        for row in self._read(sorted(ids - {""}, key=int), _CUSTOMERS):
            external, own = row.get("externalid", ""), row.get("entityid", "")
            reference = customer_reference(row)
            code = self._directory.code(row["currency"]) if row.get("currency") else ""
            name = row.get("companyname") or own
            found[row["id"]] = NativeCustomer(reference, external or own, name, code)
        return found


_LINES = (
    "SELECT tl.transaction AS record, tl.id AS line, tl.item AS item, tl.quantity AS quantity, "
    "tl.foreignamount AS amount, tl.taxline AS taxline, tl.createdfrom AS source, "
    f"tl.{LINE_BLOCK_ID} AS block FROM transactionline tl "
    "WHERE tl.mainline = 'F' AND tl.transaction IN ({ids}) ORDER BY tl.transaction, tl.id"
)
_LINKS = (
    "SELECT k.nextdoc AS payer, k.previousdoc AS paid, k.foreignamount AS amount, "
    "p.externalid AS externalid, p.type AS type, p.tranid AS tranid "
    "FROM previoustransactionlinelink k JOIN transaction p ON p.id = k.previousdoc "
    "WHERE k.linktype = 'Payment' AND k.nextdoc IN ({ids}) "
    "ORDER BY k.nextdoc, k.previousdoc, k.previousline, k.nextline"
)
_SOURCES = (
    "SELECT t.id AS id, t.externalid AS externalid, t.type AS type, t.tranid AS tranid "
    "FROM transaction t WHERE t.id IN ({ids}) ORDER BY t.id"
)
_CUSTOMERS = (
    "SELECT c.id AS id, c.externalid AS externalid, c.entityid AS entityid, "
    "c.companyname AS companyname, c.currency AS currency FROM customer c "
    "WHERE c.id IN ({ids}) ORDER BY c.id"
)


def _reference(row: Row) -> str:
    """Return the external id of a record of ours, else its native reference."""
    external = row.get("externalid", "")
    if external.startswith(OUR_PREFIX):
        return external
    record = TYPES.get(row["type"])
    return native_reference(record.value if record else row["type"], row.get("tranid", ""))


def _parts(values: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(values), IN_VALUES_MAX):
        yield values[start : start + IN_VALUES_MAX]
