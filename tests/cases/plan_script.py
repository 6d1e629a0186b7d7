"""Lives of one subscription as tables: what happens row by row, and what must be so afterwards.

    2024-01-15 use 800                      usage of the line `api`; another one: `use 800 gpu`
    2024-01-15 use 30 id=late               with an id, so that it can be corrected:
    2024-01-16 correct late 20
    2024-01-01 give gift 10 until=2024-01-14 price=50.00 priority=1 line=pre items=api,gpu
    2024-01-20 void gift
    2024-01-31 bill                         everything that ends by that day
    2024-02-16 end refund                   first day after an early end
    2024-02-29 renew 2                      for the second term
    = 2024-02-01 left 1200                  of all blocks, at noon or at an instant
    = 2024-02-01 S/pre/1 200 | gift 0       of these
    = invoice S-1 30.00 17.00               what blocks paid, what is due
    = block S/pre/1 63.00 37.00 0           money used and expired by now, and refunded
    = blocks S/pre/1 S/pre/r1               all that were bought or granted

An operation may be refused: `-> ` and a part of the reason. Every invariant of every block is
checked at the end. Dates may bear a time.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from drawdown.core.errors import SubscriptionError
from drawdown.core.events import BlockVoid
from drawdown.core.money import money_text, to_minor
from drawdown.core.subscription.plan import EndOfTerm
from drawdown.service.ingest import ingest
from drawdown.service.subscriptions import renew, terminate
from tests.cases.plans import Shop, at, day, plan, usage

_Options = dict[str, str]


class Example(NamedTuple):
    """What somebody has published, as a life.

    Attributes:
        source: Where: system, page. What of it is ours is said in words.
        plan: The text of a plan file; id and currency may be left out.
        table: As in the module docstring.
    """

    source: str
    plan: str
    table: str
    starts_on: str = "2024-01-01"


def live(shop: Shop, plan_text: str, table: str, starts_on: str = "2024-01-01") -> None:
    """Subscribe to a plan and run a table; every row must come out as it says."""
    shop.subscribe(plan(plan_text), starts_on=starts_on)
    for number, row in enumerate(table.splitlines(), 1):
        text = row.split("#")[0].strip()
        if text.startswith("="):
            _check(shop, text[1:].split(), row)
        elif text:
            _do(shop, text, number)
    shop.lives()


def _do(shop: Shop, text: str, number: int) -> None:
    operation, _, refusal = (part.strip() for part in text.partition("->"))
    when, verb, *rest = operation.split()
    words = [word for word in rest if "=" not in word]
    options = dict(word.split("=", 1) for word in rest if "=" in word)
    options.setdefault("id", f"row {number}")
    shop.now = max(shop.now, at(when))
    try:
        found = _VERBS[verb](shop, when, words, options)
    except SubscriptionError as error:
        found = str(error)
    assert refusal in found if refusal else not found, (text, found)


def _use(shop: Shop, when: str, words: list[str], options: _Options) -> str:
    line = words[1] if len(words) > 1 else "api"
    (answer,) = shop.use(usage(options["id"], when, words[0], line))
    return answer.detail


def _correct(shop: Shop, when: str, words: list[str], options: _Options) -> str:
    (answer,) = shop.use(usage(options["id"], when, words[1], corrects=words[0]))
    return answer.detail


def _give(shop: Shop, when: str, words: list[str], options: _Options) -> str:
    until, priority = options.get("until"), options.get("priority")
    shop.give(
        words[0], words[1], when, line_id=options.get("line", ""),
        amount_minor=to_minor(Decimal(options.get("price", "0")), "USD"),
        expires_on=day(until) if until else None, priority=int(priority) if priority else None,
        items=tuple(options["items"].split(",")) if "items" in options else (),
    )  # fmt: skip
    return ""


def _void(shop: Shop, when: str, words: list[str], _options: _Options) -> str:
    event = BlockVoid(f"void {words[0]}", at(when), at(when).date(), words[0], "a mistake")
    (answer,) = ingest(shop.session, [event], shop.policy)
    return answer.detail


def _bill(shop: Shop, when: str, _words: list[str], _options: _Options) -> str:
    return "; ".join(shop.bill(when).problems)


def _end(shop: Shop, when: str, words: list[str], _options: _Options) -> str:
    choice = EndOfTerm(words[0]) if words else None
    terminate(shop.session, "S", day(when), shop.policy, shop.later(), choice)
    return ""


def _renew(shop: Shop, _when: str, words: list[str], _options: _Options) -> str:
    renew(shop.session, "S", shop.policy, shop.later(), term=int(words[0]))
    return ""


_VERBS: dict[str, Callable[[Shop, str, list[str], _Options], str]] = {
    "use": _use,
    "correct": _correct,
    "give": _give,
    "void": _void,
    "bill": _bill,
    "end": _end,
    "renew": _renew,
}


def _check(shop: Shop, words: list[str], row: str) -> None:
    what, *rest = words
    if what == "invoice":
        (one,) = [one for one in shop.invoices() if one.number == rest[0]]
        assert [money_text(one.drawn_minor, "USD"), money_text(one.due_minor, "USD")] == rest[1:], (
            row, one,
        )  # fmt: skip
    elif what == "block":
        assert _ended(shop, rest[0]) == rest[1:], (row, shop.lives()[rest[0]].block)
    elif what == "blocks":
        assert sorted(shop.blocks()) == sorted(rest), row
    elif rest[0] == "left":
        assert shop.left(what) == Decimal(rest[1]), (row, shop.balance(what).blocks)
    else:
        left = {one.block.block_id: one.left for one in shop.balance(what).blocks}
        pairs = [part.split() for part in " ".join(rest).split("|")]
        assert [left.get(block_id, Decimal(0)) for block_id, _credits in pairs] == [
            Decimal(credits_) for _block_id, credits_ in pairs
        ], (row, left)


def _ended(shop: Shop, block_id: str) -> list[str]:
    """Return what of a block was used, has expired and was refunded, in money."""
    life = shop.lives()[block_id]
    totals = dict.fromkeys(("D1", "R2", "E1"), 0)
    for entry in life.entries:
        if entry.code in totals:
            totals[entry.code] += entry.amount_minor
    used, given_back, expired = totals.values()
    currency = life.block.currency
    amounts = (used - given_back, expired, life.block.cancelled_minor)
    return [money_text(amount, currency) for amount in amounts]
