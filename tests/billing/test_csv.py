"""CSV: rows become the events that JSON Lines gives, and a bad row takes only its own event."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from drawdown.billing.native import NativeCsv
from drawdown.billing.native.csv_records import RECORD_LINES_MAX
from drawdown.billing.native.reading import LINE_BYTES_MAX, TOO_LONG
from drawdown.core.events import BlockVoid, PurchaseInvoice, SalesOrder, UsageInvoice
from drawdown.core.ports import Located, Problem

HEADER = (
    "type,event_id,at,date,customer_id,name,order_id,invoice_id,payment_id,currency,line_id,item,"
    "kind,credits,amount,block_id,priority,items,reason\n"
)
COLUMNS = HEADER.strip().split(",")
QUOTES = (
    "quotation marks do not pair up; put a cell that has some in quotation marks and double those "
    "within"
)


def row(**cells: object) -> str:
    return ",".join(str(cells.get(column, "")) for column in COLUMNS) + "\n"


def clock(event_id: str) -> str:
    return row(type="clock", event_id=event_id, at="2026-01-01T00:00:00Z")


def usage(event_id: str, line_id: object, *, is_first: bool = False, **cells: object) -> str:
    first = {
        "invoice_id": f"i-{event_id}", "customer_id": "c1", "currency": "USD",
        "date": "2026-01-31",
    }  # fmt: skip
    cells = {"credits": 1, "item": "tokens", **(first if is_first else {}), **cells}
    return row(type="usage_invoice", event_id=event_id, line_id=line_id, **cells)


def void(reason: str) -> str:
    return row(type="block_void", event_id="v1", date="2026-01-31", block_id="b1", reason=reason)


def decode(*parts: str | bytes) -> list[Located | Problem]:
    file = b"".join(part if isinstance(part, bytes) else part.encode() for part in parts)
    return list(NativeCsv(UTC).decode(io.BytesIO(file)))


def outline(found: list[Located | Problem]) -> list[tuple[int, str]]:
    return [
        (each.line, each.event.event_id if isinstance(each, Located) else each.message)
        for each in found
    ]


def not_taken(what: str, line: int, *, is_sure: bool = True) -> str:
    reason = f"its row at line {line} is wrong" if is_sure else f"line {line} may be part of it"
    return f"{what}: not taken, because {reason}; correct that row and send all again"


def test_rows_of_one_event_come_together() -> None:
    found = decode(
        HEADER,
        row(type="sales_order", event_id="e1", order_id="o1", customer_id="c1", currency="USD",
            date="2026-01-01", block_id="b1", kind="purchased", credits="10.50", amount="7",
            priority="-2", items="x; y"),
        row(type="sales_order", event_id="e1", block_id="b2", kind="promotional", credits="5"),
        row(type="purchase_invoice", event_id="e2", order_id="o1", invoice_id="i1",
            date="2026-01-01", currency="USD", block_id="b1"),
        row(type="purchase_invoice", event_id="e2", order_id="o1", block_id="b2"),
        row(type="purchase_invoice", event_id="e2", line_id="t", item="vat", kind="tax",
            amount="1.40"),
        usage("e3", 1, is_first=True),
        usage("e3", 2, kind="tax", credits="", amount="0.50"),
        clock("e4"),
    )  # fmt: skip
    assert outline(found) == [(2, "e1"), (4, "e2"), (7, "e3"), (9, "e4")]
    order, purchase, used, _ = [each.event for each in found if isinstance(each, Located)]
    assert isinstance(order, SalesOrder)
    assert isinstance(purchase, PurchaseInvoice)
    assert isinstance(used, UsageInvoice)
    assert [block.block_id for block in order.blocks] == ["b1", "b2"]
    assert order.blocks[0].credits == Decimal("10.5")
    assert order.blocks[0].priority == -2
    assert order.blocks[0].item_ids == ("x", "y")
    assert purchase.block_ids == ("b1", "b2")
    assert [line.amount_minor for line in purchase.lines] == [140]
    assert [line.amount_minor for line in used.lines] == [None, 50]


def test_an_event_of_one_row_may_be_sent_twice() -> None:
    assert outline(decode(HEADER, clock("e1"), clock("e1"))) == [(2, "e1"), (3, "e1")]


def test_blank_rows_marks_and_line_ends_of_a_spreadsheet_are_no_matter() -> None:
    file = (HEADER + clock("e1") + "\n" + "," * (len(COLUMNS) - 1) + "\n" + clock("e2")).strip()
    found = decode(b"\xef\xbb\xbf" + file.replace("\n", "\r\n").encode())
    assert outline(found) == [(2, "e1"), (5, "e2")]


def test_cells_may_hold_line_breaks_commas_and_quotation_marks() -> None:
    found = decode(HEADER, void('"left, they said:\r\n""enough""\n"'), clock("e2"))
    assert found[0] == Located(
        2,
        BlockVoid(
            "v1", datetime(2026, 1, 31, 23, 59, 59, 999999, UTC), datetime(2026, 1, 31).date(),  # noqa: DTZ001
            "b1", 'left, they said:\n"enough"',
        ),
    )  # fmt: skip
    assert outline(found[1:]) == [(5, "e2")]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("type,event_id,custmer_id", "no such column custmer_id; did you mean customer_id?"),
        ("type,event_id,event_id", "column event_id stands there twice; remove one"),
        ("type,at", "column event_id is missing; add it"),
        ("event_id,at", "column type is missing; add it"),
        ("type;event_id;at", "columns are not separated by commas; save as CSV with commas"),
        ('type,"event_id', QUOTES),
        ("type,event_id,\xff", "not UTF-8; save the file as UTF-8"),
    ],
)
def test_a_header_that_cannot_be_used_is_the_only_problem(header: str, expected: str) -> None:
    found = decode(header.encode("latin-1"), b"\n", clock("e1"), clock("e2"))
    assert outline(found) == [(1, f"header: {expected}")]


def test_an_empty_file_has_no_events() -> None:
    assert decode() == decode("\n\n") == decode(HEADER) == []


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (
            usage("e1", 2, credits=-1),
            [(3, ('usage_invoice e1, credits: "-1" is negative; give back with a credit_memo, an '
              "invoice_void or a block_void"))],
        ),
        (
            usage("e1", 2, block_id="b1", amount=5),
            [(3, ("usage_invoice e1, amount (block b1): stands beside credits; a usage line gives "
              "one of them"))],
        ),
        (
            usage("e1", 2, currency="EUR"),
            [(3, ("usage_invoice e1, currency: EUR differs from the first row of the event (line "
              "2); leave it out or give the event an id of its own")),
             (2, not_taken("usage_invoice e1", 3))],
        ),
        (
            usage("e1", 2, reason="late"),
            [(3, "usage_invoice e1, reason: a usage_invoice has no such column; leave it empty"),
             (2, not_taken("usage_invoice e1", 3))],
        ),
        (
            row(type="usage_invoice", event_id="e1"),
            [(3, "usage_invoice e1: the row adds nothing to the rows before it; remove it"),
             (2, not_taken("usage_invoice e1", 3))],
        ),
        (
            "usage_invoice,e1,,a, b\n",
            [(3, (f"usage_invoice e1: the row has 5 cells and the header {len(COLUMNS)}; put a "
              "cell that has a comma in quotation marks")),
             (2, not_taken("usage_invoice e1", 3))],
        ),
        (
            usage("e1", 2).encode().replace(b"tokens", b"tok\xffens"),
            [(3, "usage_invoice e1: not UTF-8; save the file as UTF-8"),
             (2, not_taken("usage_invoice e1", 3))],
        ),
        (
            usage("e1", 2, item='to"kens'),
            [(3, f"usage_invoice e1: {QUOTES}"), (2, not_taken("usage_invoice e1", 3))],
        ),
        (
            usage("e1", 2).replace("tokens", "tok\rens"),
            [(3, ("usage_invoice e1: a carriage return stands within the row; end each row with a "
              "line feed")),
             (2, not_taken("usage_invoice e1", 3))],
        ),
        (
            "x" * LINE_BYTES_MAX + "\n",
            [(3, TOO_LONG), (2, not_taken("usage_invoice e1", 3, is_sure=False))],
        ),
        (
            usage("", 2),
            [(3, "the row has no type or no event_id; every row of an event bears both"),
             (2, not_taken("usage_invoice e1", 3, is_sure=False))],
        ),
    ],
)  # fmt: skip
def test_a_bad_row_takes_its_event_with_it_and_no_other(
    second: str | bytes, expected: list[tuple[int, str]]
) -> None:
    """Half an invoice would be worse than none."""
    found = decode(HEADER, usage("e1", 1, is_first=True), second, usage("e1", 3), clock("e2"))
    assert outline(found) == [*expected, (5, "e2")]


def test_a_stray_row_of_another_event_leaves_its_neighbours_alone() -> None:
    found = decode(
        HEADER,
        clock("e0"),
        usage("e1", 1, is_first=True),
        row(type="sales_order", amount="1"),
        usage("e1", 2),
        row(event_id="e3", amount="1"),
        clock("e2"),
    )
    assert outline(found) == [
        (2, "e0"),
        (4, "the row has no type or no event_id; every row of an event bears both"),
        (6, "the row has no type or no event_id; every row of an event bears both"),
        (3, "e1"),
        (7, "e2"),
    ]


@pytest.mark.parametrize("lines", [3, RECORD_LINES_MAX + 10])
def test_a_quotation_mark_that_never_ends_costs_one_line(lines: int) -> None:
    found = decode(HEADER, void('"never ends'), *[clock(f"e{place}") for place in range(lines)])
    assert outline(found) == [
        (2, f"block_void v1: {QUOTES}"),
        *[(place + 3, f"e{place}") for place in range(lines)],
    ]


def test_a_stray_row_may_belong_to_the_event_after_it() -> None:
    found = decode(HEADER, clock("e0"), ",,,\n".replace(",", "," * 6), row(amount="1"),
                   usage("e1", 1, is_first=True))  # fmt: skip
    assert outline(found) == [
        (4, "the row has no type or no event_id; every row of an event bears both"),
        (2, "e0"),
        (5, not_taken("usage_invoice e1", 4, is_sure=False)),
    ]


def test_a_quotation_mark_that_ends_in_a_later_row_costs_one_line() -> None:
    found = decode(HEADER, void('"never ends'), clock("e1"), void('"a\nb"'), clock("e2"))
    assert outline(found) == [
        (2, f"block_void v1: {QUOTES}"),
        (3, "e1"),
        (4, "v1"),
        (6, "e2"),
    ]


def test_an_event_of_too_many_rows_is_refused_in_flat_memory() -> None:
    def file() -> Iterator[bytes]:
        yield HEADER.encode()
        yield usage("e1", 0, is_first=True).encode()
        for place in range(1, 10_003):
            yield usage("e1", place).encode()
        yield clock("e2").encode()

    assert outline(list(NativeCsv(UTC).decode(file()))) == [
        (2, ("usage_invoice e1, lines: has 10001 entries; at most 10000 go into one event: split "
         "it")),
        (10_005, "e2"),
    ]  # fmt: skip
