"""The transactions of ours as they are now, and those of others that touch them.

Heads, lines and links are read apart, each in as few pages as there are, and joined here: SuiteQL
repeats a head for every line otherwise.

Sources: links between transactions by type (Payment, DepAppl, DepRfnd) are known from third-party
queries; `previousdoc` is what is paid or used up, `nextdoc` what pays or uses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Set as AbstractSet
from datetime import date

from drawdown.core.ids import native_reference
from drawdown.core.observed import Applied, ErpLine, ErpRecord, ForeignRecord
from drawdown.core.rules import Record
from drawdown.erp.netsuite.bodies import number
from drawdown.erp.netsuite.directory import Directory
from drawdown.erp.netsuite.fields import BLOCK_ID, EVENT_ID, LINE_BLOCK_ID
from drawdown.erp.netsuite.readings.query import OUR_PREFIX, TYPES, minor, windows
from drawdown.erp.netsuite.transport import Row, Transport

IS_OURS = f"SUBSTR({{0}}.externalid, 1, 3) = '{OUR_PREFIX}'"
IS_FOREIGN = f"({{0}}.externalid IS NULL OR SUBSTR({{0}}.externalid, 1, 3) <> '{OUR_PREFIX}')"
_FOREIGN_TYPES = (*TYPES, "CashSale", "CashRfnd", "RtnAuth", "Estimate")
_HEAD = (
    "SELECT t.id AS id, t.externalid AS externalid, t.type AS type, t.tranid AS tranid, "
    "t.currency AS currency, t.foreigntotal AS total, t.foreignamountunpaid AS unpaid, "
    "t.foreignpaymentamountunused AS unused, t.exchangerate AS rate, t.memo AS memo, "
    "t.entity AS entity, t.postingperiod AS period, t.voided AS voided, t.reversal AS reversal, "
    f"t.{BLOCK_ID} AS block, t.{EVENT_ID} AS event, "
    "TO_CHAR(t.trandate, 'YYYY-MM-DD') AS trandate FROM transaction t"
)
_UNPAID = {Record.INVOICE: "unpaid", Record.CUSTOMER_DEPOSIT: "unused"}


def records(transport: Transport, directory: Directory) -> Iterator[ErpRecord]:
    """Read all transactions that bear an external id of ours, by internal id.

    Totals are positive here: SuiteQL gives credit memos and applications a sign.
    """
    customers = _Customers(transport)
    periods = {
        row["id"]: row.get("periodname", "")
        for row in transport.rows(
            "SELECT p.id AS id, p.periodname AS periodname FROM accountingperiod p ORDER BY p.id"
        )
    }
    lines = _lines(
        windows(transport, _LINES.format(where=IS_OURS.format("t"))), directory, customers
    )
    applied = _applied(transport, directory)
    sql = f"{_HEAD} WHERE {IS_OURS.format('t')} {{window}} ORDER BY t.id"
    for row in windows(transport, sql):
        record = TYPES.get(row["type"])
        if record is None:
            continue
        code = directory.code(row["currency"])
        entity = row.get("entity", "")
        yield ErpRecord(
            row["externalid"],
            record.value,
            row["id"],
            row.get("tranid", ""),
            code,
            abs(minor(row.get("total"), code)),
            abs(minor(row.get(_UNPAID.get(record, "")), code)),
            date.fromisoformat(row["trandate"]),
            number(row.get("rate", "1")),
            row.get("block", ""),
            row.get("event", ""),
            "" if record is Record.JOURNAL_ENTRY else customers.name(entity),
            row.get("memo", ""),
            periods.get(row.get("period", ""), ""),
            tuple(sorted(lines.get(row["id"], ()))),
            tuple(sorted(applied.get(row["id"], ()))),
            row.get("voided") == "T",
            row.get("reversal", ""),
        )


class _Customers:
    """Names of customers by internal id: external ids of ours, native references of others."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._names: dict[str, str] = {"": ""}
        self._read(IS_OURS.format("c"))

    def name(self, internal_id: str) -> str:
        """Return the name of a customer; those of others are read when the first one is met."""
        if internal_id not in self._names:
            self._read(IS_FOREIGN.format("c"))
        return self._names.setdefault(internal_id, internal_id)

    def _read(self, condition: str) -> None:
        sql = (
            "SELECT c.id AS id, c.externalid AS externalid, c.entityid AS entityid "
            f"FROM customer c WHERE {condition} {{after}}"
        )
        for row in self._transport.rows_by_key(sql, "c.id"):
            self._names[row["id"]] = customer_reference(row)


def customer_reference(row: Row) -> str:
    """Return the external id of a customer of ours, else its native reference."""
    external = row.get("externalid", "")
    if external.startswith(OUR_PREFIX):
        return external
    key = f"eid:{external}" if external else row.get("entityid", "")
    return native_reference(Record.CUSTOMER, key)


_LINES = (
    "SELECT tl.transaction AS record, tl.id AS line, t.type AS type, t.currency AS currency, "
    "tl.item AS item, tl.entity AS entity, tal.account AS account, tl.foreignamount AS amount, "
    f"tl.{LINE_BLOCK_ID} AS block FROM transaction t "
    "JOIN transactionline tl ON tl.transaction = t.id "
    "LEFT JOIN transactionaccountingline tal ON tal.transaction = tl.transaction "
    "AND tal.transactionline = tl.id AND tal.accountingbook = 1 "
    "WHERE {where} AND (t.type = 'Journal' "
    "OR (t.type IN ('CustDep', 'CustPymt', 'CustRfnd') AND tl.mainline = 'T') "
    "OR (t.type IN ('SalesOrd', 'CustInvc', 'CustCred') AND tl.mainline = 'F' "
    "AND tl.taxline = 'F')) {{window}} ORDER BY tl.transaction, tl.id"
)


def _lines(
    rows: Iterable[Row], directory: Directory, customers: _Customers
) -> dict[str, list[ErpLine]]:
    """Read the lines that carry content, by internal id of their record."""
    found: dict[str, list[ErpLine]] = {}
    for row in rows:
        code = directory.code(row["currency"])
        amount = minor(row.get("amount"), code)
        if row["type"] in ("SalesOrd", "CustInvc"):
            amount = -amount  # income is a credit
        elif row["type"] in ("CustDep", "CustPymt", "CustRfnd"):
            amount = 0  # the record's own
        what = (
            directory.item_name(row.get("item", ""))
            if row["type"] in ("SalesOrd", "CustInvc", "CustCred")
            else directory.account_name(row.get("account", ""))
        )
        entity = row.get("entity", "") if row["type"] == "Journal" else ""
        line = ErpLine(what, row.get("block", ""), amount, customers.name(entity))
        found.setdefault(row["record"], []).append(line)
    return found


def _links(transport: Transport, condition: str) -> Iterator[Row]:
    """Read who pays or uses up what, one row a link."""
    sql = (
        "SELECT k.previousdoc AS paid, k.nextdoc AS payer, k.linktype AS kind, "
        "k.previousline AS paidline, k.nextline AS payerline, k.foreignamount AS amount, "
        "p.externalid AS paidid, p.type AS paidtype, p.tranid AS paidno, p.currency AS currency, "
        "t.externalid AS payerid, t.type AS payertype, t.tranid AS payerno "
        "FROM previoustransactionlinelink k JOIN transaction p ON p.id = k.previousdoc "
        "JOIN transaction t ON t.id = k.nextdoc "
        f"WHERE k.linktype IN ('Payment', 'DepAppl', 'DepRfnd') AND {condition} {{window}} "
        "ORDER BY k.nextdoc, k.previousdoc, k.linktype, k.previousline, k.nextline"
    )
    return windows(transport, sql)


def _applied(transport: Transport, directory: Directory) -> dict[str, list[Applied]]:
    """Read what each of our records is applied to; a refund is applied to the memo it pays out."""
    found: dict[str, list[Applied]] = {}
    # Memos of others: what else pays a refund is the application that NetSuite itself makes.
    is_memo = f"t.type = 'CustCred' AND p.type = 'CustRfnd' AND {IS_OURS.format('p')}"
    is_ours = f"({IS_OURS.format('t')} OR ({is_memo}))"
    for row in _links(transport, f"k.linktype = 'Payment' AND {is_ours}"):
        is_refund = row["paidtype"] == "CustRfnd" and row.get("paidid", "").startswith(OUR_PREFIX)
        record, to = ("paid", "payer") if is_refund else ("payer", "paid")
        target = row.get(f"{to}id", "")
        if not target.startswith(OUR_PREFIX):
            target = f"{_type(row[f'{to}type'])} {row.get(f'{to}no', '')}"
        amount = minor(row.get("amount"), directory.code(row["currency"]))
        found.setdefault(row[record], []).append(Applied(target, amount))
    return found


def foreign_records(transport: Transport, directory: Directory) -> Iterator[ForeignRecord]:
    """Read the transactions of others that name a block or pay a record of ours.

    What revenue management and revaluation write by themselves is left out, and so is the
    application that NetSuite makes of each deposit that a refund of ours pays out.
    """
    blocks = _blocks_on_lines(transport)
    pays = _foreign_payments(transport, directory)
    tagged = windows(
        transport,
        f"{_HEAD} WHERE (t.{BLOCK_ID} IS NOT NULL OR t.{EVENT_ID} IS NOT NULL) "
        f"AND {IS_FOREIGN.format('t')} {{window}} ORDER BY t.id",
    )
    heads = {row["id"]: row for row in tagged}
    for among in _among((blocks.keys() | pays.keys()) - heads.keys()):
        found = transport.rows(f"{_HEAD} WHERE {among} ORDER BY t.id")
        heads.update((row["id"], row) for row in found)
    customers = _Customers(transport)
    lines: dict[str, list[ErpLine]] = {}
    for among in _among(heads.keys()):
        sql = _LINES.format(where=among).format(window="")
        lines.update(_lines(transport.rows(sql), directory, customers))
    recognising = _recognition_journals(transport) if heads else set()
    for internal_id, row in sorted(heads.items(), key=lambda item: int(item[0])):
        if row["type"] not in _FOREIGN_TYPES or internal_id in recognising:
            continue
        code = directory.code(row["currency"])
        named = blocks.get(internal_id, set()) | ({row["block"]} if row.get("block") else set())
        yield ForeignRecord(
            _type(row["type"]),
            internal_id,
            row.get("tranid", ""),
            row.get("externalid", ""),
            code,
            abs(minor(row.get("total"), code)),
            date.fromisoformat(row["trandate"]),
            tuple(sorted(named)),
            row.get("event", ""),
            tuple(sorted(pays.get(internal_id, ()))),
            tuple(sorted(lines.get(internal_id, ()))),
            row.get("voided") == "T",
        )


def _blocks_on_lines(transport: Transport) -> dict[str, set[str]]:
    """Return the blocks that lines of others name, by internal id of the transaction."""
    found: dict[str, set[str]] = {}
    for row in windows(
        transport,
        f"SELECT t.id AS id, tl.id AS line, tl.{LINE_BLOCK_ID} AS block FROM transaction t "
        "JOIN transactionline tl ON tl.transaction = t.id "
        f"WHERE tl.{LINE_BLOCK_ID} IS NOT NULL AND {IS_FOREIGN.format('t')} {{window}} "
        "ORDER BY t.id, tl.id",
    ):
        found.setdefault(row["id"], set()).add(row["block"])
    return found


def _foreign_payments(transport: Transport, directory: Directory) -> dict[str, list[Applied]]:
    """Return what others pay of our records, by internal id of the transaction that pays."""
    found: dict[str, list[Applied]] = {}
    refunding: set[str] = set()
    for row in _links(transport, f"{IS_OURS.format('p')} AND {IS_FOREIGN.format('t')}"):
        if (row["paidtype"], row["payertype"]) == ("CustRfnd", "DepAppl"):
            refunding.add(row["payer"])
        amount = minor(row.get("amount"), directory.code(row["currency"]))
        found.setdefault(row["payer"], []).append(Applied(row["paidid"], amount))
    return {payer: paid for payer, paid in found.items() if payer not in refunding}


def _recognition_journals(transport: Transport) -> set[str]:
    """Return the internal ids of the journals that revenue management wrote."""
    rows = transport.rows_by_key(
        "SELECT r.id AS id, r.journal AS journal FROM revenueplanplannedrevenue r "
        "WHERE r.journal IS NOT NULL {after}",
        "r.id",
    )
    return {row["journal"] for row in rows}


def _among(ids: AbstractSet[str]) -> Iterator[str]:
    """Yield conditions that together say that `t.id` is one of the ids."""
    ordered = sorted(ids, key=int)
    for start in range(0, len(ordered), _IN_VALUES_MAX):
        yield f"t.id IN ({', '.join(ordered[start : start + _IN_VALUES_MAX])})"


_IN_VALUES_MAX = 1_000
"""Values of one IN. Source: Oracle help, "SuiteQL Performance and Best Practices"."""
_OTHER_TYPES = {
    "CashSale": "cashSale",
    "CashRfnd": "cashRefund",
    "RtnAuth": "returnAuthorization",
    "Estimate": "estimate",
}


def _type(code: str) -> str:
    record = TYPES.get(code)
    return record.value if record else _OTHER_TYPES.get(code, code)
