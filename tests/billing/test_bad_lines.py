"""Every bad line is named with its place, what is wrong with it and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest

from drawdown.billing.native import NativeJsonLines
from drawdown.billing.native.reading import LINE_BYTES_MAX, TOO_LONG
from drawdown.core.ports import Problem

Change = Callable[[str, str, object], dict[str, Any]]
GONE = "<gone>"
LINE = {"line_id": "1", "item": "tokens", "credits": "5", "block_id": "b1"}


def message(line: bytes) -> str:
    (found,) = NativeJsonLines(UTC).decode([line])
    assert isinstance(found, Problem), found
    assert found.line == 1
    return found.message


ON_ITS_OWN = "write each event as one object on a line of its own"
TYPES = (
    "customer, sales_order, opening_balance, purchase_invoice, usage_invoice, credit_memo, "
    "invoice_void, block_void, payment, refund, clock"
)
PLAIN = "is not a plain decimal; write it like 1250.00, without grouping, exponent or sign"
GIVE_BACK = "is negative; give back with a credit_memo, an invoice_void or a block_void"
TOO_PRECISE = "has more than 12 decimals or is larger than 10^18; round it"
CURRENCY_OF_AMOUNT = "currency: is missing; an amount needs it, and it must be the invoice's"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"{", f"not valid JSON: the line ends before the object does; {ON_ITS_OWN}"),
        (b"customer,c1", f"not valid JSON: invalid character (byte 0); {ON_ITS_OWN}"),
        (b'{"type":"clock"}}', f"not valid JSON: trailing characters (byte 17); {ON_ITS_OWN}"),
        (b'{"event_id": NaN}', f"not valid JSON: invalid character (byte 13); {ON_ITS_OWN}"),
        (
            b'{"type":"clock","event_id":5,"at":x}',
            f"not valid JSON: invalid character (byte 34); {ON_ITS_OWN}",
        ),
        (b"[]", f"not a JSON object; {ON_ITS_OWN}"),
        (b'{"type":"customer","event_id":"e1","name":1e400}',
         ("customer e1, name: 1e400 is too large; correct it, and write it as a plain decimal "
          "such as 1250.00")),
        (b"5", f"not a JSON object; {ON_ITS_OWN}"),
        (b"null", f"not a JSON object; {ON_ITS_OWN}"),
        (b'"\xff"', "not UTF-8; save the file as UTF-8"),
        (b'{"type":"clock","event_id":"\xff"}', "not UTF-8; save the file as UTF-8"),
        (
            b'{"type":"clock","event_id":"\\ud800"',
            f"not valid JSON: the line ends before the object does; {ON_ITS_OWN}",
        ),
        (
            b'{"type":"clock","x":' + b"[" * 5000 + b"]" * 5000 + b"}",
            "not valid JSON: nested too deeply; write one event an object",
        ),
        (b" " * LINE_BYTES_MAX + b"{}", TOO_LONG),
        (b"{}", f"type: is missing; add one of {TYPES}"),
        (b'{"type":null}', f"type: null is not an event type; use {TYPES}"),
        (b'{"type":"custmer"}', ('custmer, type: "custmer" is not an event type; did you mean '
         "customer?")),
        (b'{"type":"expiry"}', f'expiry, type: "expiry" is not an event type; known are {TYPES}'),
    ],
)  # fmt: skip
def test_a_line_that_is_no_event_says_so(line: bytes, expected: str) -> None:
    assert message(line) == expected


@pytest.mark.parametrize(
    ("fact", "path", "value", "expected"),
    [
        # ids
        ("customer", "event_id", GONE, "customer, event_id: is missing; add it"),
        ("customer", "event_id", "", "customer, event_id: is empty; fill it in"),
        ("customer", "event_id", None, "customer, event_id: is null; write text"),
        ("customer", "event_id", 7, "customer, event_id: is a whole number; write text"),
        ("customer", "event_id", "x" * 201,
         f"customer {'x' * 57}..., event_id: is longer than 200 characters; shorten it"),
        ("customer", "customer_id", "drawdown:1",
         ('customer e1, customer_id: "drawdown:1" begins with drawdown:, which is reserved; use '
         "another id")),
        ("customer", "customer_id", "a\tb",
         r'customer e1, customer_id: "a\tb" has a control character; remove it'),
        ("customer", "customer_id", "a\n",
         r'customer e1, customer_id: "a\n" has a control character; remove it'),
        ("customer", "customer_id", "a\x85b",
         r'customer e1, customer_id: "a\x85b" has a control character; remove it'),
        ("customer", "customer_id", "a ",
         'customer e1, customer_id: "a " has a space at an end; remove it'),
        ("usage", "lines/0/item", "@breakage",
         ('usage_invoice e1, lines[0].item (block b1): "@breakage" begins with @, which is '
         "reserved; use another item")),
        # text
        ("customer", "name", "", "customer e1, name: is empty; fill it in"),
        ("customer", "name", "A\x00", (r'customer e1, name: "A\u0000" has a control character; '
         "remove it")),
        ("block_void", "reason", "x" * 1001,
         "block_void e1, reason (block b1): is longer than 1000 characters; shorten it"),
        ("block_void", "reason", "a\x07",
         r'block_void e1, reason (block b1): "a\u0007" has a control character; remove it'),
        # unknown fields
        ("customer", "eventId", "e", "customer e1, eventId: no such field; did you mean event_id?"),
        ("customer", "zip", "1", ("customer e1, zip: no such field; known are type, event_id, at, "
         "customer_id, name, currency")),
        ("usage", "lines/0/itm", "x",
         "usage_invoice e1, lines[0].itm (block b1): no such field; did you mean item?"),
        ("purchase", "lines/0/credits", "5",
         ("purchase_invoice e1, lines[0].credits: no such field; known are line_id, item, kind, "
         "amount")),
        # currencies
        ("customer", "currency", "usd", ("customer e1, currency: currency 'usd' is not in ISO "
         "4217; use a three-letter code such as USD or JPY")),
        ("order", "currency", "DOGE", ("sales_order e1, currency: currency 'DOGE' is not in ISO "
         "4217; use a three-letter code such as USD or JPY")),
        ("purchase", "currency", GONE, f"purchase_invoice e1, {CURRENCY_OF_AMOUNT}"),
        ("memo", "currency", None, f"credit_memo e1, {CURRENCY_OF_AMOUNT}"),
        ("payment", "currency", GONE, f"payment e1, {CURRENCY_OF_AMOUNT}"),
        # dates and instants
        ("customer", "at", GONE, "customer e1, at: is missing; add it"),
        ("customer", "at", "2026-01-01T00:00:00", ('customer e1, at: "2026-01-01T00:00:00" has no '
         "offset from UTC; add Z, or one such as +01:00")),
        ("customer", "at", "2026-01-01",
         'customer e1, at: "2026-01-01" is not an instant; write it like 2026-12-31T23:59:59Z'),
        ("customer", "at", 1767225600,
         "customer e1, at: is a whole number; write text such as 2026-12-31T23:59:59Z"),
        ("customer", "at", "0001-01-01T00:00:00+14:00",
         "customer e1, at: 0001-01-01T00:00:00+14:00 is not within 1970 and 2199; correct it"),
        ("usage", "lines/0/used_at", "2026-01-01T00:00:00",
         ('usage_invoice e1, lines[0].used_at (block b1): "2026-01-01T00:00:00" has no offset from '
         "UTC; add Z, or one such as +01:00")),
        ("order", "date", "01/02/2026",
         'sales_order e1, date: "01/02/2026" is not a date; write it like 2026-12-31'),
        ("order", "date", "2026-02-30",
         'sales_order e1, date: "2026-02-30" is not a date; write it like 2026-12-31'),
        ("usage", "date", "0026-01-31",
         "usage_invoice e1, date: 0026-01-31 is not within 1970 and 2199; correct it"),
        ("order", "blocks/0/expires_on", "9999-12-31",
         ("sales_order e1, blocks[0].expires_on (block b1): 9999-12-31 is not within 1970 and "
         "2199; correct it; a block that never expires leaves it out")),
        # decimals
        ("order", "blocks/0/credits", GONE,
         "sales_order e1, blocks[0].credits (block b1): is missing; add it"),
        ("order", "blocks/0/credits", "0",
         'sales_order e1, blocks[0].credits (block b1): "0" is not more than zero; correct it'),
        ("order", "blocks/0/credits", 0,
         "sales_order e1, blocks[0].credits (block b1): 0 is not more than zero; correct it"),
        ("order", "blocks/0/credits", "-5",
         f'sales_order e1, blocks[0].credits (block b1): "-5" {GIVE_BACK}'),
        ("order", "blocks/0/credits", -5,
         f"sales_order e1, blocks[0].credits (block b1): -5 {GIVE_BACK}"),
        ("order", "blocks/0/credits", 12.5,
         ("sales_order e1, blocks[0].credits (block b1): 12.5 is a JSON number with decimals; send "
         'it as a string: "12.5"')),
        ("order", "blocks/0/credits", True,
         ("sales_order e1, blocks[0].credits (block b1): is a boolean; write a whole number or "
         "text")),
        ("order", "blocks/0/credits", "1e3",
         f'sales_order e1, blocks[0].credits (block b1): "1e3" {PLAIN}'),
        ("order", "blocks/0/credits", "1,000",
         f'sales_order e1, blocks[0].credits (block b1): "1,000" {PLAIN}'),
        ("order", "blocks/0/credits", "NaN",
         f'sales_order e1, blocks[0].credits (block b1): "NaN" {PLAIN}'),
        ("order", "blocks/0/credits", "5\n",
         rf'sales_order e1, blocks[0].credits (block b1): "5\n" {PLAIN}'),
        ("order", "blocks/0/credits", "\u0665",
         f'sales_order e1, blocks[0].credits (block b1): "\u0665" {PLAIN}'),
        ("order", "blocks/0/credits", "0.0000000000001",
         f'sales_order e1, blocks[0].credits (block b1): "0.0000000000001" {TOO_PRECISE}'),
        ("order", "blocks/0/credits", "1000000000000000001",
         f'sales_order e1, blocks[0].credits (block b1): "1000000000000000001" {TOO_PRECISE}'),
        ("order", "blocks/0/credits", 10**30,
         (f"sales_order e1, blocks[0].credits (block b1): {10**30} is more than {10**18}; correct "
         "it")),
        ("order", "blocks/0/amount", "-1",
         f'sales_order e1, blocks[0].amount (block b1): "-1" {GIVE_BACK}'),
        ("order", "blocks/0/amount", "10.001",
         ("sales_order e1, blocks[0].amount (block b1): amount 10.001 has more than the 2 decimals "
         "that USD has; round it before sending")),
        ("yen", "blocks/0/amount", "10.5",
         ("sales_order e1, blocks[0].amount (block b1): amount 10.5 has more than the 0 decimals "
         "that JPY has; round it before sending")),
        ("order", "blocks/0/amount", "99999999999999.00",
         ("sales_order e1, blocks[0].amount (block b1): amount 99999999999999.00 USD is larger "
         "than 1000000000000000 minor units; correct it")),
        ("order", "exchange_rate", "0", ('sales_order e1, exchange_rate: "0" is not more than '
         "zero; correct it")),
        ("order", "exchange_rate", "-1.1", ('sales_order e1, exchange_rate: "-1.1" is negative; '
         "correct it")),
        ("order", "exchange_rate", 1.1, ("sales_order e1, exchange_rate: 1.1 is a JSON number with "
         'decimals; send it as a string: "1.1"')),
        ("usage", "lines/0/rate", "0",
         'usage_invoice e1, lines[0].rate (block b1): "0" is not more than zero; correct it'),
        ("payment", "amount", "0.00", ('payment e1, amount: "0.00" is not more than zero; correct '
         "it")),
        ("order", "blocks/0/priority", "1",
         "sales_order e1, blocks[0].priority (block b1): is text; write a whole number"),
        ("order", "blocks/0/priority", 10_000_000,
         ("sales_order e1, blocks[0].priority (block b1): 10000000 is more than 1000000; correct "
         "it")),
        # blocks
        ("order", "blocks", [], "sales_order e1, blocks: is empty; add at least one"),
        ("order", "blocks", {}, "sales_order e1, blocks: is an object; write a list"),
        ("order", "blocks/*", 3, "sales_order e1, blocks[1]: is a whole number; write an object"),
        ("order", "blocks/0/kind", "bought",
         ('sales_order e1, blocks[0].kind (block b1): "bought" is not a kind; use one of '
         "purchased, allocation, promotional")),
        ("order", "blocks/0/amount", GONE,
         ("sales_order e1, blocks[0].amount (block b1): is missing; a block of kind purchased has "
         "a price")),
        ("order", "blocks/0/amount", "0.00",
         ("sales_order e1, blocks[0].amount (block b1): is zero; a block without a price is "
         "promotional or an allocation")),
        ("order", "blocks/0/kind", "promotional",
         ("sales_order e1, blocks[0].amount (block b1): is 10.00 USD, but a promotional block has "
         "no price; leave it out, or make the block purchased")),
        ("order", "blocks/0/unit_price", "0.11",
         ("sales_order e1, blocks[0].unit_price (block b1): 0.11 x 100 credits is 11.00 USD, not "
         "the amount 10.00; correct one of the three")),
        ("order", "blocks/0/items", [],
         "sales_order e1, blocks[0].items (block b1): is empty; leave it out, or add at least one"),
        ("order", "blocks/0/items", "tokens",
         "sales_order e1, blocks[0].items (block b1): is text; write a list"),
        # lines
        ("purchase", "blocks", ["b1", "b1"],
         'purchase_invoice e1, blocks: "b1" stands there twice; name each block once'),
        ("purchase", "blocks", [],
         "purchase_invoice e1, blocks: is empty; leave it out, or add at least one"),
        ("purchase", "lines/0/kind", "usage",
         ('purchase_invoice e1, lines[0].kind: "usage" is not a kind; use one of subscription, '
         "tax, shipping, other")),
        ("purchase", "lines/0/amount", "1.001",
         ("purchase_invoice e1, lines[0].amount: amount 1.001 has more than the 2 decimals that "
         "USD has; round it before sending")),
        ("usage", "lines", [], "usage_invoice e1, lines: is empty; add at least one"),
        ("usage", "lines", [LINE] * 10_001,
         "usage_invoice e1, lines: has 10001 entries; at most 10000 go into one event: split it"),
        ("usage", "lines/*", LINE,
         ('usage_invoice e1, lines[1].line_id (block b1): "1" stands on an earlier line too; each '
         "line has its own id")),
        ("usage", "lines/0/credits", GONE,
         ("usage_invoice e1, lines[0].credits (block b1): is missing; a usage line gives credits "
         "or an amount")),
        ("usage", "lines/0/amount", "5",
         ("usage_invoice e1, lines[0].amount (block b1): stands beside credits; a usage line gives "
         "one of them")),
        ("usage", "lines/0", {"line_id": "1", "item": "x", "amount": "0.00"},
         "usage_invoice e1, lines[0].amount: is zero, which draws nothing; leave the line out"),
        ("usage", "lines/0", {"line_id": "1", "item": "x", "kind": "tax"},
         "usage_invoice e1, lines[0].amount: is missing; a line of kind tax gives an amount"),
        ("usage", "lines/0/kind", "tax",
         ("usage_invoice e1, lines[0].credits (block b1): does not go with kind tax: only usage is "
         "ever drawn")),
        ("memo", "lines", [], ("credit_memo e1, lines: is empty; leave it out, or add at least "
         "one")),
        ("memo", "lines/0", {"amount": "5"},
         "credit_memo e1, lines[0]: names neither a line_id nor a block_id; say what is credited"),
        ("memo", "lines/0/credits", "5",
         ("credit_memo e1, lines[0].amount: stands beside credits; give one of them, or none for "
         "all that is left")),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_with_what_to_do(
    change: Change, fact: str, path: str, value: object, expected: str
) -> None:
    assert message(json.dumps(change(fact, path, value)).encode()) == expected


def test_both_ways_to_write_an_expiry_at_once_are_refused(change: Change) -> None:
    fact = change("order", "blocks/0/expires_at", "2027-01-01T00:00:00Z")
    fact["blocks"][0]["expires_on"] = "2026-12-31"
    assert message(json.dumps(fact).encode()) == (
        "sales_order e1, blocks[0].expires_on (block b1): stands beside expires_at; leave one of "
        "them out"
    )
