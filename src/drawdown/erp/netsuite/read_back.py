"""What NetSuite holds of many records of ours at once, by one or two SuiteQL queries.

Each record is rendered in the shape that the record service gives it, so that one comparison
(`compare`) judges both. What a query does not show, or shows otherwise than expected, is no
verdict: the caller then asks the record service, which is sure to show what was written.

Sources: Oracle help, "Transaction Line" and "Transaction Accounting Line" (amounts in transaction
currency, income and credits negative); `nextTransactionLineLink` (a document's payments and
applications) from third-party queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from drawdown.core.rules import Record
from drawdown.erp.netsuite import fields
from drawdown.erp.netsuite.bodies import number, text_literal
from drawdown.erp.netsuite.directory import Directory
from drawdown.erp.netsuite.transport import Row, Transport

IDS_MAX = 200
"""External ids in one query: SuiteQL takes 1,000 values in a list and gives 1,000 rows a page."""

APPLYING = (Record.DEPOSIT_APPLICATION, Record.CREDIT_MEMO, Record.CUSTOMER_PAYMENT)
"""Records that apply an amount to an invoice: these cost the second query."""

_NOT_SHOWN = "?"
"""Stands where the comparison passes over what is absent: here absence is a reason to look."""

Body = dict[str, Any]


def read_many(
    transport: Transport, directory: Directory, wanted: Sequence[tuple[Record, str]]
) -> dict[str, Body]:
    """Read records by external id.

    Args:
        directory: Learns the ids of the records that are shown, and of what they apply to.
        wanted: Record type and external id; not more than `IDS_MAX`.

    Returns:
        By external id, as the record service shows it; those that are not there, or that are of
        another type, are left out.

    Raises:
        ErpError: NetSuite could not be asked.
    """
    assert len(wanted) <= IDS_MAX
    of_type = {external_id: record for record, external_id in wanted if record in _TYPES}
    if not of_type:
        return {}
    applied = _applied(transport, [name for name, record in of_type.items() if record in APPLYING])
    for link in (link for links in applied.values() for link in links):
        if link.get("externalid"):
            directory.learn(link["externalid"], link["doc"])
    found: dict[str, Body] = {}
    rows = transport.rows(_RECORDS.format(ids=_list(of_type)))
    for external_id, lines in groupby(rows, key=lambda row: row["externalid"]):
        one = list(lines)
        record = of_type.get(external_id)
        if record is not None and one[0].get("type") == _TYPES[record]:
            directory.learn(external_id, one[0]["id"])
            found[external_id] = _body(record, one, applied.get(one[0]["id"], []))
    return found


_TYPES: dict[Record, str] = {
    Record.SALES_ORDER: "SalesOrd",
    Record.INVOICE: "CustInvc",
    Record.CUSTOMER_DEPOSIT: "CustDep",
    Record.DEPOSIT_APPLICATION: "DepAppl",
    Record.JOURNAL_ENTRY: "Journal",
    Record.CREDIT_MEMO: "CustCred",
    Record.CUSTOMER_PAYMENT: "CustPymt",
}

_RECORDS = (
    "SELECT t.id AS id, t.externalid AS externalid, t.type AS type, t.tranid AS tranid, "
    "TO_CHAR(t.trandate, 'YYYY-MM-DD') AS trandate, t.currency AS currency, "
    "t.exchangerate AS rate, t.foreigntotal AS total, t.postingperiod AS period, "
    "BUILTIN.DF(t.postingperiod) AS periodname, t.entity AS entity, "
    f"t.{fields.BLOCK_ID} AS block, t.{fields.EVENT_ID} AS event, "
    "tl.id AS line, tl.item AS item, tl.taxline AS taxline, tl.entity AS lineentity, "
    f"tl.foreignamount AS amount, tl.{fields.LINE_BLOCK_ID} AS lineblock, tal.account AS account "
    "FROM transaction t JOIN transactionline tl ON tl.transaction = t.id "
    "LEFT JOIN transactionaccountingline tal ON tal.transaction = tl.transaction "
    "AND tal.transactionline = tl.id AND tal.accountingbook = 1 "
    "WHERE t.externalid IN ({ids}) ORDER BY t.id, tl.id"
)
_APPLIED = (
    "SELECT k.nextdoc AS id, k.previousdoc AS doc, p.externalid AS externalid, "
    "k.linktype AS kind, SUM(k.foreignamount) AS amount FROM nexttransactionlinelink k "
    "JOIN transaction t ON t.id = k.nextdoc JOIN transaction p ON p.id = k.previousdoc "
    "WHERE t.externalid IN ({ids}) "
    "GROUP BY k.nextdoc, k.previousdoc, p.externalid, k.linktype "
    "ORDER BY k.nextdoc, k.previousdoc, k.linktype"
)


def _list(external_ids: Iterable[str]) -> str:
    return ", ".join(text_literal(name) for name in sorted(external_ids))


def _applied(transport: Transport, external_ids: Sequence[str]) -> dict[str, list[Row]]:
    """Return what each record applies, by its internal id."""
    if not external_ids:
        return {}
    rows = transport.rows(_APPLIED.format(ids=_list(external_ids)))
    return {
        internal_id: list(links) for internal_id, links in groupby(rows, key=lambda row: row["id"])
    }


def _body(record: Record, lines: list[Row], links: list[Row]) -> Body:
    """Render one record."""
    head = lines[0]
    return {
        "id": head["id"],
        "tranId": head.get("tranid", ""),
        "tranDate": head.get("trandate"),
        "currency": {"id": head.get("currency", _NOT_SHOWN)},
        "exchangeRate": number(head.get("rate")),
        "postingPeriod": {"id": head.get("period", ""), "refName": head.get("periodname", "")},
        fields.BLOCK_ID: head.get("block", ""),
        fields.EVENT_ID: head.get("event", ""),
        **_RENDER[record](lines, links),
    }


def _order(lines: list[Row], _links: list[Row]) -> Body:
    return {"entity": _entity(lines), "item": _items(lines, -1)}


def _invoice(lines: list[Row], _links: list[Row]) -> Body:
    return {"entity": _entity(lines), "total": _total(lines), "item": _items(lines, -1)}


def _credit_memo(lines: list[Row], links: list[Row]) -> Body:
    body = {"entity": _entity(lines), "total": -_total(lines), "item": _items(lines, 1)}
    return {**body, "apply": _apply(links)}


def _payment(lines: list[Row], links: list[Row]) -> Body:
    return {"customer": _entity(lines), "payment": _total(lines), "apply": _apply(links)}


def _application(lines: list[Row], links: list[Row]) -> Body:
    deposits = [link["doc"] for link in links if link.get("kind") == "DepAppl"]
    return {
        "customer": _entity(lines),
        "deposit": {"id": deposits[0] if len(deposits) == 1 else _NOT_SHOWN},
        "apply": _apply(links),
    }


def _journal(lines: list[Row], _links: list[Row]) -> Body:
    return {"line": {"items": [_journal_line(line) for line in lines]}}


def _journal_line(line: Row) -> Body:
    amount = number(line.get("amount"))
    return {
        "account": {"id": line.get("account", "")},
        "debit" if amount > 0 else "credit": abs(amount),
        "entity": {"id": line.get("lineentity", "")},
        fields.LINE_BLOCK_ID: line.get("lineblock", ""),
    }


_RENDER: dict[Record, Callable[[list[Row], list[Row]], Body]] = {
    Record.SALES_ORDER: _order,
    Record.INVOICE: _invoice,
    Record.CUSTOMER_DEPOSIT: _payment,
    Record.DEPOSIT_APPLICATION: _application,
    Record.JOURNAL_ENTRY: _journal,
    Record.CREDIT_MEMO: _credit_memo,
    Record.CUSTOMER_PAYMENT: _payment,
}


def _entity(lines: list[Row]) -> Body:
    return {"id": lines[0].get("entity", "")}


def _total(lines: list[Row]) -> Any:
    return number(lines[0].get("total"))


def _items(lines: list[Row], sign: int) -> Body:
    """Render item lines; tax is no item line, and neither is the receivable."""
    return {
        "items": [
            {
                "amount": sign * number(line.get("amount")),
                fields.LINE_BLOCK_ID: line.get("lineblock", ""),
            }
            for line in lines
            if line.get("item") and line.get("taxline") != "T"
        ]
    }


def _apply(links: list[Row]) -> Body:
    return {
        "items": [
            {"doc": {"id": link["doc"]}, "apply": True, "amount": number(link.get("amount"))}
            for link in links
            if link.get("kind") == "Payment"
        ]
    }
