"""What the JSON Lines decoder makes of good lines, whatever stands between them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from drawdown.billing.native import NativeCsv, NativeJsonLines, source_for
from drawdown.billing.native.reading import LINE_BYTES_MAX, TOO_LONG
from drawdown.core.errors import ConfigurationError
from drawdown.core.events import (
    BlockKind,
    BlockTerms,
    Clock,
    CreditLine,
    CreditMemo,
    CustomerChanged,
    Event,
    InvoiceLine,
    LineKind,
    Payment,
    PurchaseInvoice,
    Refund,
    SalesOrder,
    UsageInvoice,
)
from drawdown.core.ports import Located, Problem
from drawdown.store.codec import encode_event as canonical

Fact = dict[str, Any]
Change = Callable[[str, str, object], Fact]
GONE = "<gone>"


def decode(*facts: dict[str, Any] | bytes, zone: str = "UTC") -> list[Located | Problem]:
    lines = [fact if isinstance(fact, bytes) else json.dumps(fact).encode() for fact in facts]
    return list(NativeJsonLines(ZoneInfo(zone)).decode(lines))


def event(fact: dict[str, Any], zone: str = "UTC") -> Event:
    (found,) = decode(fact, zone=zone)
    assert isinstance(found, Located), found
    return found.event


def test_every_good_fact_is_good(good: dict[str, Fact]) -> None:
    assert {event(fact).event_id for fact in good.values()} == {"e1"}


def test_all_fields_reach_the_event(good: dict[str, Fact]) -> None:
    assert decode(
        good["customer"],
        {
            **good["order"], "exchange_rate": "1.10", "blocks": [{
                "block_id": "b1", "kind": "allocation", "amount": 12, "credits": "1000.50",
                "unit_price": "0.011994", "priority": 3, "effective_on": "2026-02-01",
                "expires_on": "2026-12-31", "items": ["y", "x", "y"],
            }],
        },
        {**good["purchase"], "at": "2026-01-01T01:00:00+01:00", "blocks": ["b2", "b1"]},
        {**good["usage"], "exchange_rate": 2, "lines": [
            {"line_id": "1", "item": "x", "credits": 5, "rate": "0.50", "block_id": "b1",
             "used_at": "2026-01-30T00:00:00Z"},
            {"line_id": "2", "item": "x", "amount": "7.5"},
            {"line_id": "3", "item": "vat", "kind": "tax", "amount": "0"},
        ]},
        {**good["memo"], "lines": [{"line_id": "1", "block_id": "b1"}, {"block_id": "b2",
         "credits": "2.0"}]},
        good["payment"],
        {**good["payment"], "amount": None, "currency": None},
        good["refund"],
        good["clock"],
    ) == [
        Located(1, CustomerChanged("e1", datetime(2026, 1, 1, tzinfo=UTC), "c1", "Acme", "USD")),
        Located(2, SalesOrder(
            "e1", datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1), "o1", "c1", "USD",
            Decimal("1.1"), (
                BlockTerms(
                    "b1", BlockKind.ALLOCATION, 1200, Decimal("1000.5"), 3,
                    datetime(2026, 2, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC), ("x", "y"),
                ),
            ),
        )),
        Located(3, PurchaseInvoice(
            "e1", datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1), "i1", "o1", ("b2", "b1"),
            (InvoiceLine("1", "vat", LineKind.TAX, None, 100),), "USD",
        )),
        Located(4, UsageInvoice(
            "e1", datetime(2026, 1, 31, 23, 59, 59, 999999, UTC), date(2026, 1, 31), "i1", "c1",
            "USD", Decimal(2), (
                InvoiceLine("1", "x", LineKind.USAGE, Decimal(5), None, "b1",
                            datetime(2026, 1, 30, tzinfo=UTC), Decimal("0.5")),
                InvoiceLine("2", "x", LineKind.USAGE, None, 750),
                InvoiceLine("3", "vat", LineKind.TAX, None, 0),
            ),
        )),
        Located(5, CreditMemo(
            "e1", datetime(2026, 2, 1, 23, 59, 59, 999999, UTC), date(2026, 2, 1), "m1", "i1",
            (CreditLine("1", "b1", None, None), CreditLine("", "b2", Decimal(2), None)),
            "USD",
        )),
        Located(6, Payment(
            "e1", datetime(2026, 2, 1, 23, 59, 59, 999999, UTC), date(2026, 2, 1), "p1", "i1", 500,
            "USD",
        )),
        Located(7, Payment(
            "e1", datetime(2026, 2, 1, 23, 59, 59, 999999, UTC), date(2026, 2, 1), "p1", "i1", None,
        )),
        Located(8, Refund(
            "e1", datetime(2026, 2, 1, 23, 59, 59, 999999, UTC), date(2026, 2, 1), "r1", "i1", 500,
            "USD",
        )),
        Located(9, Clock("e1", datetime(2026, 1, 1, tzinfo=UTC))),
    ]  # fmt: skip


def test_a_date_becomes_an_instant_in_the_posting_time_zone(change: Change) -> None:
    """The clocks of New York go forward on 8 March 2026: that day has 23 hours."""
    fact = change("order", "date", "2026-03-08")
    fact["blocks"][0].update(effective_on="2026-03-08", expires_on="2026-03-08")
    order = event(fact, "America/New_York")
    assert isinstance(order, SalesOrder)
    assert order.effective_at == datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert order.blocks[0].effective_at == datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert order.blocks[0].expires_at == datetime(2026, 3, 9, 4, tzinfo=UTC)
    usage = event(change("usage", "date", "2026-03-08"), "America/New_York")
    assert usage.effective_at == datetime(2026, 3, 9, 3, 59, 59, 999999, UTC)


def test_a_day_without_a_midnight_begins_when_the_clocks_change(change: Change) -> None:
    """Beirut went from 23:59:59 on 25 March 2023 to 01:00 on the 26th."""
    order = event(change("order", "date", "2022-03-27"), "Asia/Beirut")
    assert order.effective_at == datetime(2022, 3, 26, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fact", "path", "one", "other"),
    [
        ("order", "blocks/0/credits", "100", "100.000"),
        ("order", "blocks/0/credits", "100", 100),
        ("order", "blocks/0/credits", "0.5", "0.500000000000000000"),
        ("order", "blocks/0/amount", "10.00", "10"),
        ("order", "blocks/0/amount", "10.00", 10),
        ("order", "exchange_rate", "1.10", "1.1"),
        ("order", "exchange_rate", "1", GONE),
        ("order", "blocks/0/priority", 0, None),
        ("order", "blocks/0/items", ["a", "b"], ["b", "a"]),
        ("order", "blocks/0/unit_price", "0.1", None),
        ("order", "blocks/0/expires_at", "2027-01-01T00:00:00Z", "2026-12-31T19:00:00-05:00"),
        ("usage", "lines/0/kind", "usage", None),
        ("usage", "lines/0/rate", "1.50", "1.5"),
        ("usage", "at", "2026-01-31T23:59:59.999999Z", None),
        ("customer", "at", "2026-01-01T00:00:00Z", "2026-01-01t01:00:00.000+01:00"),
        ("block_void", "reason", "", None),
        ("block_void", "reason", "a\nb", "a\r\nb"),
    ],
)
def test_the_same_fact_written_differently_is_the_same_event(
    change: Change, good: dict[str, Fact], fact: str, path: str, one: object, other: object
) -> None:
    first = change(fact, path, one)
    second = good[fact] if other == GONE else change(fact, path, other)
    reordered = dict(reversed(second.items()))
    assert event(first) == event(second) == event(reordered)
    assert canonical(event(first)) == canonical(event(reordered))


def test_null_is_the_same_as_left_out(good: dict[str, Fact]) -> None:
    for name, fact in good.items():
        full = {**fact, **({} if name in ("customer", "clock") else {"at": None})}
        if name == "usage":
            full["exchange_rate"] = None
            full["lines"] = [{**fact["lines"][0], "used_at": None, "rate": None, "amount": None}]
        assert event(full) == event(fact)


def test_a_bad_line_leaves_the_others_alone(good: dict[str, Fact]) -> None:
    line = json.dumps(good["clock"]).encode()
    found = list(
        NativeJsonLines(UTC).decode(
            [b"\xef\xbb\xbf" + line + b"\r\n", b"\n", b"{\n", b"   \r\n", line + b"\n", b"", line]
        )
    )
    assert [place.line for place in found] == [1, 3, 5, 7]
    assert [type(place) for place in found] == [Located, Problem, Located, Located]


def test_a_byte_order_mark_counts_only_at_the_beginning(good: dict[str, Fact]) -> None:
    line = json.dumps(good["clock"]).encode()
    assert [type(each) for each in decode(line, b"\xef\xbb\xbf" + line)] == [Located, Problem]


def test_an_endless_line_is_passed_over_and_never_read_whole(good: dict[str, Fact]) -> None:
    line = json.dumps(good["clock"]).encode() + b"\n"
    long = b"{" + b" " * (5 * LINE_BYTES_MAX) + b"}\n"
    exact = b" " * (LINE_BYTES_MAX - len(line)) + line
    file = _Recorder(line + long + exact + line)
    found = list(NativeJsonLines(UTC).decode(file))
    assert [(place.line, type(place)) for place in found] == [
        (1, Located),
        (2, Problem),
        (3, Located),
        (4, Located),
    ]
    assert found[1] == Problem(2, TOO_LONG)
    assert file.longest <= LINE_BYTES_MAX + 1


class _Recorder(io.BytesIO):
    longest = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        self.longest = max(self.longest, len(line))
        return line


def test_the_name_of_a_file_chooses_the_decoder() -> None:
    assert isinstance(source_for("a/b.jsonl", UTC), NativeJsonLines)
    assert isinstance(source_for("B.NDJSON", UTC), NativeJsonLines)
    assert isinstance(source_for("b.csv", UTC), NativeCsv)
    with pytest.raises(ConfigurationError, match=r"b\.xlsx is neither JSON Lines nor CSV"):
        source_for("b.xlsx", UTC)
