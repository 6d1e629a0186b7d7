"""Tables of operations with the expected result last, run against the books in memory.

    2026-01-01 customer C1                                         -> ok
    2026-01-01 order S1 | A 100cr 80.00 until=2026-07-01           -> ok
    2026-01-01 purchase I1 S1 | T 5.00 kind=tax                    -> ok P1-4 80.00
    2026-02-01 usage U1 | L1 25cr block=A | L2 400.00 item=chat    -> refused overdrawn
    2026-02-01 usage U2 | L1 25cr                                  -> ok D1-3 20.00
    2026-03-01 usage U3 | L1 5cr block=B                           -> held block:B
    = A 75cr 60.00 open

What follows `ok` are all entries of the event, as rule code and amount, in posting order; `D1-3`
is D1, D2 and D3 of the same amount. `ok` alone leaves them open, `ok nothing` says there are none.
A line with `=` gives what remains of a block and its state. `10cr` are credits, `10.00` is money.
Dates may bear a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from drawdown.core.events import BlockKind, Event, InvoiceLine, LineKind
from drawdown.core.money import credits_text, money_text
from drawdown.core.plan import Entry, Hold, PostingPlan, Rejection
from drawdown.core.policy import Policy
from tests.cases import facts as f
from tests.cases.books import Books

ONE_BLOCK = """
2026-01-01 customer C1                            -> ok nothing
2026-01-01 order S1 | A 100cr 80.00               -> ok nothing
2026-01-01 purchase I1 S1                         -> ok P1-4 80.00
"""
"""A customer with one block, to begin a table with."""

_Options = dict[str, str]


def run(table: str, policy: Policy | None = None) -> Books:
    """Run a table; every row must have the result it names.

    Args:
        table: Rows as in the module docstring; empty rows and those with `#` are passed over.
        policy: Of the tenant, the default one if None.
    """
    books = Books(policy)
    for number, row in enumerate(table.splitlines(), 1):
        text = row.split("#")[0].strip()
        if text.startswith("="):
            block_id = text[1:].split()[0]
            assert _position(books, block_id) == text[1:].split(), row
        elif text:
            operation, result = (part.strip() for part in text.rsplit("->", 1))
            assert _result(books, _event(operation, number), result) == result, row
    return books


def _position(books: Books, block_id: str) -> list[str]:
    block = books.block(block_id)
    money = money_text(block.remaining_minor, block.currency)
    return [block_id, f"{credits_text(block.remaining_credits)}cr", money, block.state.value]


def _result(books: Books, event: Event, wanted: str) -> str:
    before = len(books.entries)
    outcome = books.take(event)
    if isinstance(outcome, Hold):
        return f"held {outcome.waiting_for}"
    if isinstance(outcome, Rejection):
        assert len(books.entries) == before
        return f"refused {outcome.reason.name.lower()}"
    if wanted == "ok":
        return "ok"
    assert isinstance(outcome, PostingPlan)
    return f"ok {_told(books.entries[before:])}"


_RUN = re.compile(r"([DERPV])1 (\S+) \1(2) \2 \1(3) \2(?: \1(4) \2)?(?= |$)")


def _told(entries: list[Entry]) -> str:
    told = " ".join(f"{e.code} {money_text(e.amount_minor, e.currency)}" for e in entries)
    return _RUN.sub(lambda m: f"{m[1]}1-{m[5] or m[4]} {m[2]}", told) or "nothing"


def _event(operation: str, number: int) -> Event:
    """Read a row's operation; its event id is the row's number unless `id=` names one."""
    head, *parts = (part.split() for part in operation.split("|"))
    when, verb, *rest = head
    words = [word for word in rest if "=" not in word]
    options = _options(rest)
    event = _VERBS[verb](when, words, options, parts)
    return _with_id(event, options.get("id", f"row {number}"))


def _with_id(event: Event, event_id: str) -> Event:
    fields = {name: getattr(event, name) for name in event.__dataclass_fields__}
    return type(event)(**{**fields, "event_id": event_id})


def _options(words: list[str]) -> _Options:
    return dict(word.split("=", 1) for word in words if "=" in word)


def _customer(when: str, words: list[str], options: _Options, _parts: list[list[str]]) -> Event:
    return f.customer(when, words[0], options.get("cur", "USD"))


def _order(when: str, words: list[str], options: _Options, parts: list[list[str]]) -> Event:
    currency = options.get("cur", "USD")
    blocks = []
    for block_id, credits_, *more in parts:
        told = _options(more)
        amount = next((word for word in more if "=" not in word), "0")
        until = told.get("until", "2027-01-01")
        blocks.append(
            f.terms(
                block_id,
                credits_.removesuffix("cr"),
                amount,
                currency=currency,
                start=told.get("from", "2026-01-01"),
                until=None if until == "never" else until,
                priority=int(told.get("priority", "0")),
                items=tuple(told["items"].split(",")) if "items" in told else (),
                kind=BlockKind(told["kind"]) if "kind" in told else None,
            )
        )
    return f.order(
        when,
        words[0],
        *blocks,
        customer_id=options.get("customer", "C1"),
        currency=currency,
        rate=options.get("rate", "1"),
    )


def _lines(parts: list[list[str]], currency: str) -> list[InvoiceLine]:
    lines = []
    for line_id, amount, *more in parts:
        told = _options(more)
        lines.append(
            f.line(
                line_id,
                amount,
                told.get("block", ""),
                item=told.get("item", "usage"),
                kind=LineKind(told.get("kind", "usage")),
                used=told.get("used"),
                rate=told.get("rate"),
                currency=currency,
            )
        )
    return lines


def _purchase(when: str, words: list[str], options: _Options, parts: list[list[str]]) -> Event:
    lines = _lines(parts, options.get("cur", "USD"))
    return f.purchase(
        when, words[0], words[1], *words[2:], lines=tuple(lines), currency=options.get("cur", "")
    )


def _usage(when: str, words: list[str], options: _Options, parts: list[list[str]]) -> Event:
    currency = options.get("cur", "USD")
    return f.usage(
        when,
        words[0],
        *_lines(parts, currency),
        customer_id=options.get("customer", "C1"),
        currency=currency,
        rate=options.get("rate"),
    )


def _credit(when: str, words: list[str], options: _Options, parts: list[list[str]]) -> Event:
    lines = []
    for part in parts:
        told = _options(part)
        lines.append(
            f.credit_line(
                next((word for word in part if "=" not in word), None),
                line_id=told.get("line", ""),
                block_id=told.get("block", ""),
                currency=options.get("cur", "USD"),
            )
        )
    return f.credit(when, words[0], words[1], *lines, currency=options.get("cur", ""))


def _payment(when: str, words: list[str], options: _Options, _parts: list[list[str]]) -> Event:
    return f.payment(when, words[0], words[1], next(iter(words[2:]), None), options.get("cur", ""))


_VERBS: dict[str, Callable[[str, list[str], _Options, list[list[str]]], Event]] = {
    "customer": _customer,
    "order": _order,
    "purchase": _purchase,
    "usage": _usage,
    "credit": _credit,
    "void": lambda when, words, _options, _parts: f.void_invoice(when, words[0]),
    "void_block": lambda when, words, _options, _parts: f.void_block(when, words[0]),
    "payment": _payment,
    "clock": lambda when, _words, _options, _parts: f.clock(when),
}
