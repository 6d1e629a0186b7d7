"""Transactions as the store holds them: a header, lines that are also the G/L impact, and links.

One rule must never break: the lines of every posting transaction add up to zero in transaction and
in base currency, in each of its subsidiaries. `insert` checks it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from netsuite_sandbox.company import Company
from netsuite_sandbox.errors import TRANS_UNBALNCD, user_error
from netsuite_sandbox.money import to_decimal
from netsuite_sandbox.store.database import Row
from netsuite_sandbox.wire import jsontext

_HEADER = (
    "type", "externalid", "tranid", "trandate", "postingperiod", "entity", "subsidiary", "currency",
    "exchangerate", "account", "status", "posting", "memo", "createdfrom", "total", "open", "arm",
    "createddate", "lastmodifieddate", "extra", "book",
)  # fmt: skip
_LINE = (
    "tx", "id", "seq", "mainline", "taxline", "account", "amount", "base", "entity", "item",
    "quantity", "rate", "memo", "orderdoc", "orderline", "department", "class", "location", "extra",
    "subsidiary",
)  # fmt: skip


@dataclass(slots=True)
class Line:
    """One line: debit positive, units of ten-thousandths.

    Attributes:
        id: Line id, unique in the transaction and kept over edits (`line` in REST).
        amount: Transaction currency.
        base: Subsidiary base currency.
        subsidiary: Of a line of an intercompany journal; else it is the header's.
        extra: Further REST properties of the line.
        custom: custcol_* values.
    """

    id: int
    account: int
    amount: int
    base: int
    mainline: bool = False
    taxline: bool = False
    entity: int | None = None
    item: int | None = None
    quantity: Decimal | None = None
    rate: Decimal | None = None
    memo: str | None = None
    orderdoc: int | None = None
    orderline: int | None = None
    department: Any = None
    klass: Any = None
    location: Any = None
    subsidiary: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Header:
    """The header of a transaction.

    Attributes:
        total: What the document is worth, positive, transaction currency.
        open: Unpaid (invoice) or unapplied (deposit, payment, memo) part of `total`.
        book: The accounting book that a journal is specific to; None: it is in all of them.
        arm: Whether revenue elements must be brought up to date.
        extra: Further REST body fields.
        custom: custbody_* values.
    """

    type: str
    trandate: str
    subsidiary: int
    currency: int
    exchangerate: Decimal
    entity: int | None = None
    externalid: str | None = None
    tranid: str | None = None
    postingperiod: int | None = None
    account: int | None = None
    status: str | None = None
    posting: bool = True
    memo: str | None = None
    createdfrom: int | None = None
    total: int = 0
    open: int = 0
    arm: bool = False
    book: int | None = None
    createddate: str = ""
    lastmodifieddate: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, Any] = field(default_factory=dict)
    id: int = 0


def _bind(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if value is True:
        return "T"
    if value is False:
        return "F"
    return value


class Ledger:
    """Reads and writes transactions of one account."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._db = company.db
        self._version = -1
        self._insert_header = self._update_header = self._insert_line = ""
        self._body: tuple[str, ...] = ()
        self._columns: tuple[str, ...] = ()

    def _prepare(self) -> None:
        """Build the statements for the custom fields there are now."""
        company = self._company
        if self._version == company.schema_version:
            return
        self._body, self._columns = company.body_columns, company.line_columns
        names = (*_HEADER, *self._body)
        self._insert_header = (
            f"INSERT INTO tx ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        )
        self._update_header = f"UPDATE tx SET {', '.join(f'{n} = ?' for n in names)} WHERE id = ?"
        names = (*_LINE, *self._columns)
        self._insert_line = (
            f"INSERT INTO line ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
        )
        self._version = company.schema_version

    # -- writing --------------------------------------------------------------------------------

    def insert(self, header: Header, lines: list[Line]) -> int:
        """Write a new transaction and return its internal id."""
        self._prepare()
        check_balance(header, lines)
        header.createddate = header.lastmodifieddate = self._company.clock.stamp()
        cursor = self._db.execute(self._insert_header, self._header_values(header))
        assert cursor.lastrowid is not None
        header.id = cursor.lastrowid
        self._write_lines(header.id, lines)
        return header.id

    def replace(self, header: Header, lines: list[Line]) -> None:
        """Write a changed transaction over the old one."""
        self._prepare()
        check_balance(header, lines)
        header.lastmodifieddate = self._company.clock.stamp()
        # The lines go before the header changes: triggers take them off its old day and period.
        self._db.execute("DELETE FROM line WHERE tx = ?", (header.id,))
        self._db.execute(self._update_header, (*self._header_values(header), header.id))
        self._write_lines(header.id, lines)

    def delete(self, tx: int) -> None:
        """Remove a transaction with its lines and links."""
        self._db.execute("DELETE FROM link WHERE nextdoc = ? OR previousdoc = ?", (tx, tx))
        self._db.execute("DELETE FROM line WHERE tx = ?", (tx,))
        self._db.execute("DELETE FROM tx WHERE id = ?", (tx,))

    def set_open(self, tx: int, open_units: int, status: str) -> None:
        """Set what is open of a document, and its status."""
        self._db.execute(
            "UPDATE tx SET open = ?, status = ? WHERE id = ?", (open_units, status, tx)
        )

    def _header_values(self, h: Header) -> tuple[Any, ...]:
        custom = h.custom
        return (
            h.type, h.externalid, h.tranid, h.trandate, h.postingperiod, h.entity, h.subsidiary,
            h.currency, format(h.exchangerate, "f"), h.account, h.status, "T" if h.posting else "F",
            h.memo, h.createdfrom, h.total, h.open, 1 if h.arm else 0, h.createddate,
            h.lastmodifieddate, jsontext.dumps(h.extra) if h.extra else None, h.book,
            *(_bind(custom.get(name)) for name in self._body),
        )  # fmt: skip

    def _write_lines(self, tx: int, lines: list[Line]) -> None:
        columns = self._columns
        rows = [
            (
                tx, x.id, seq, "T" if x.mainline else "F", "T" if x.taxline else "F", x.account,
                x.amount, x.base, x.entity, x.item, _bind(x.quantity), _bind(x.rate), x.memo,
                x.orderdoc, x.orderline, x.department, x.klass, x.location,
                jsontext.dumps(x.extra) if x.extra else None, x.subsidiary,
                *(_bind(x.custom.get(name)) for name in columns),
            )
            for seq, x in enumerate(lines)
        ]  # fmt: skip
        self._db.conn.executemany(self._insert_line, rows)

    def link(  # noqa: PLR0913 (one row of the link table)
        self, previous: tuple[int, int], following: tuple[int, int], kind: str, amount: int,
        *, previous_base: int = 0, next_base: int = 0, day: str | None = None,
    ) -> None:  # fmt: skip
        """Link a line of one transaction to a line of a later one, or add to what links them."""
        self._db.execute(
            "INSERT INTO link VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " amount = amount + excluded.amount,"
            " previousbase = previousbase + excluded.previousbase,"
            " nextbase = nextbase + excluded.nextbase, applydate = excluded.applydate",
            (*previous, *following, kind, amount, previous_base, next_base, day),
        )

    # -- reading --------------------------------------------------------------------------------

    def header(self, tx: int) -> Header | None:
        """Read a header."""
        row = self._db.one("SELECT * FROM tx WHERE id = ?", (tx,))
        return None if row is None else self._to_header(row)

    def _to_header(self, row: Row) -> Header:
        return Header(
            type=row["type"], trandate=row["trandate"], subsidiary=row["subsidiary"],
            currency=row["currency"], exchangerate=Decimal(row["exchangerate"]),
            entity=row["entity"], externalid=row["externalid"], tranid=row["tranid"],
            postingperiod=row["postingperiod"], account=row["account"], status=row["status"],
            posting=row["posting"] == "T", memo=row["memo"], createdfrom=row["createdfrom"],
            total=row["total"], open=row["open"], arm=bool(row["arm"]), book=row["book"],
            createddate=row["createddate"], lastmodifieddate=row["lastmodifieddate"],
            extra=jsontext.loads(row["extra"]) if row["extra"] else {},
            custom=self._custom(row, self._company.body_columns), id=row["id"],
        )  # fmt: skip

    def lines(self, tx: int) -> list[Line]:
        """Read the lines in their order."""
        columns = self._company.line_columns
        return [
            Line(
                id=row["id"], account=row["account"], amount=row["amount"], base=row["base"],
                mainline=row["mainline"] == "T", taxline=row["taxline"] == "T",
                entity=row["entity"], item=row["item"],
                quantity=None if row["quantity"] is None else Decimal(row["quantity"]),
                rate=None if row["rate"] is None else Decimal(row["rate"]),
                memo=row["memo"], orderdoc=row["orderdoc"], orderline=row["orderline"],
                department=row["department"], klass=row["class"], location=row["location"],
                subsidiary=row["subsidiary"],
                extra=jsontext.loads(row["extra"]) if row["extra"] else {},
                custom=self._custom(row, columns),
            )
            for row in self._db.all("SELECT * FROM line WHERE tx = ? ORDER BY seq", (tx,))
        ]  # fmt: skip

    def _custom(self, row: Row, names: tuple[str, ...]) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name in names:
            value = row[name]
            if value is None:
                continue
            kind = self._company.custom_fields[name][0]
            if kind == "boolean":
                value = value == "T"
            elif kind == "number":
                value = Decimal(str(value))
            out[name] = value
        return out


def check_balance(header: Header, lines: list[Line]) -> None:
    """Refuse lines that do not add up to zero, in each subsidiary. Source: TRANS_UNBALNCD."""
    if not header.posting:
        return
    for subsidiary in {line.subsidiary for line in lines}:
        mine = [line for line in lines if line.subsidiary == subsidiary]
        if total := sum(line.amount for line in mine):
            raise user_error(TRANS_UNBALNCD.format(to_decimal(total)))
        assert sum(line.base for line in mine) == 0, "base amounts must balance"
