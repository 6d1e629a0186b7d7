"""Whatever event there can be, its native line decodes to it again."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings, strategies as st

from drawdown.billing.native import NativeJsonLines, encode_event
from drawdown.billing.native.convert import YEAR_MAX, YEAR_MIN, _normal
from drawdown.core.events import (
    BlockKind,
    BlockTerms,
    BlockVoid,
    Clock,
    CreditLine,
    CreditMemo,
    CustomerChanged,
    Event,
    Expiry,
    InvoiceLine,
    InvoiceVoid,
    LineKind,
    Payment,
    PurchaseInvoice,
    Refund,
    SalesOrder,
    UsageInvoice,
)
from drawdown.core.money import AMOUNT_MINOR_MAX, CREDITS_DECIMALS_MAX, normal_credits
from drawdown.core.ports import Located
from drawdown.store.codec import encode_event as canonical

CURRENCIES = ("JPY", "USD", "KWD", "CLF")  # 0, 2, 3 and 4 decimals

texts = st.text(
    st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=200
)  # fmt: skip
ids = texts.filter(lambda text: text == text.strip(" ") and not text.startswith(("drawdown:", "@")))
amounts = st.integers(min_value=0, max_value=AMOUNT_MINOR_MAX)
prices = st.integers(min_value=1, max_value=AMOUNT_MINOR_MAX)
positives = st.decimals(
    min_value=Decimal("0.000000000001"), max_value=10**18, places=12, allow_nan=False
).map(normal_credits)  # fmt: skip
instants = st.datetimes(
    datetime(YEAR_MIN, 1, 1), datetime(YEAR_MAX, 12, 31), timezones=st.just(UTC)  # noqa: DTZ001
)  # fmt: skip
days = st.dates(date(YEAR_MIN, 1, 1), date(YEAR_MAX, 12, 31))
reasons = st.text(st.characters(exclude_categories=("Cc", "Cs"), include_characters="\n\t"))
currencies = st.sampled_from(CURRENCIES)


@st.composite
def blocks(draw: st.DrawFn) -> BlockTerms:
    kind = draw(st.sampled_from(BlockKind))
    price = {BlockKind.PURCHASED: prices, BlockKind.ALLOCATION: amounts}.get(kind, st.just(0))
    return BlockTerms(
        draw(ids), kind, draw(price), draw(positives), draw(st.integers(-1000, 1000)),
        draw(instants), draw(st.none() | instants),
        tuple(sorted(draw(st.sets(ids, max_size=3)))),
    )  # fmt: skip


usage_lines = st.one_of(
    st.builds(
        InvoiceLine, ids, ids, st.just(LineKind.USAGE), positives, st.none(),
        st.just("") | ids, st.none() | instants, st.none() | positives,
    ),
    st.builds(
        InvoiceLine, ids, ids, st.just(LineKind.USAGE), st.none(), prices,
        st.just("") | ids, st.none() | instants, st.none() | positives,
    ),
)  # fmt: skip
other_lines = st.builds(
    InvoiceLine, ids, ids, st.sampled_from([kind for kind in LineKind if kind != "usage"]),
    st.none(), amounts,
)  # fmt: skip
credited = st.one_of(
    st.builds(CreditLine, ids, st.just("") | ids, st.none() | positives, st.none()),
    st.builds(CreditLine, st.just(""), ids, st.none(), st.none() | prices),
)


Lines = st.SearchStrategy[tuple[InvoiceLine, ...]]


def some(lines: st.SearchStrategy[InvoiceLine], least: int) -> Lines:
    by_id = st.lists(lines, min_size=least, max_size=4, unique_by=lambda line: line.line_id)
    return by_id.map(tuple)


events = st.one_of(
    st.builds(CustomerChanged, ids, instants, ids, texts, currencies),
    st.builds(
        SalesOrder, ids, instants, days, ids, ids, currencies, positives,
        st.lists(blocks(), min_size=1, max_size=4).map(tuple),
    ),
    st.builds(
        PurchaseInvoice, ids, instants, days, ids, ids,
        st.lists(ids, max_size=3, unique=True).map(tuple), some(other_lines, 0), currencies,
    ),
    st.builds(
        UsageInvoice, ids, instants, days, ids, ids, currencies, st.none() | positives,
        some(usage_lines | other_lines, 1),
    ),
    st.builds(
        CreditMemo, ids, instants, days, ids, ids, st.lists(credited, max_size=4).map(tuple),
        currencies,
    ),
    st.builds(InvoiceVoid, ids, instants, days, ids, reasons),
    st.builds(BlockVoid, ids, instants, days, ids, reasons),
    st.builds(Payment, ids, instants, days, ids, ids, st.none() | prices, currencies),
    st.builds(Refund, ids, instants, days, ids, ids, st.none() | prices, currencies),
    st.builds(Clock, ids, instants),
)  # fmt: skip


@settings(max_examples=400)
@given(event=events, zone=st.sampled_from(["UTC", "Asia/Kolkata"]))
def test_encoding_and_decoding_an_event_changes_nothing(event: Event, zone: str) -> None:
    line = encode_event(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    (found,) = NativeJsonLines(ZoneInfo(zone)).decode([line])
    assert found == Located(1, event)
    assert isinstance(found, Located)
    assert canonical(found.event) == canonical(event)


@given(event=events)
def test_an_event_encodes_to_what_a_reordered_and_spaced_copy_decodes_to(event: Event) -> None:
    raw = json.loads(encode_event(event))
    copy = json.dumps(dict(reversed(raw.items())), indent=None, separators=(" , ", " : "))
    (found,) = NativeJsonLines(UTC).decode([copy.encode()])
    assert found == Located(1, event)


@given(whole=st.integers(0, 10**15), decimals=st.text("0123456789", max_size=14))
def test_the_short_way_to_a_normal_decimal_is_the_long_way(whole: int, decimals: str) -> None:
    text = f"{whole}.{decimals}" if decimals else str(whole)
    if len(decimals.rstrip("0")) <= CREDITS_DECIMALS_MAX:
        assert str(_normal(text, "credits")) == str(normal_credits(Decimal(text)))


def test_what_no_billing_platform_sends_has_no_native_form() -> None:
    with pytest.raises(KeyError):
        encode_event(Expiry("drawdown:expiry:b1:1", datetime(2026, 1, 1, tzinfo=UTC), "b1"))


def test_the_currency_is_written_where_the_fact_states_it() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    payment = Payment("e1", at, date(2026, 1, 1), "p1", "i1", 1050, "USD")
    assert b'"amount":"10.50","currency":"USD"' in encode_event(payment)
    all_due = dataclasses.replace(payment, amount_minor=None, currency="")
    assert b"currency" not in encode_event(all_due)
