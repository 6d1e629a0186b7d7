"""What happens to the customers of the demonstration: one function a story, one row a customer.

Sizes follow from the usage, so every story holds for any trace: whoever draws by the drawdown order
has bought at least as much as was used. Months count from 0 (January); blocks end on 30 April.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from drawdown.core.events import BlockKind
from drawdown.demo.book import Book
from drawdown.demo.offer import (
    BATCH,
    INPUT,
    OUTPUT,
    Client,
    block,
    end_of,
    instant,
    pack,
    pack_below,
    part,
    shipping,
    tax,
    usage_line,
    usage_lines,
)

PURCHASED, ALLOCATION, PROMOTIONAL = BlockKind
MONTHS = (0, 1, 2)
END = instant(4, 1)


def bill_month(
    book: Book, client: Client, month: int, *, is_split: bool = False, has_tax: bool = False
) -> str:
    """Bill a month's usage on its last day and have the tax paid a fortnight later."""
    lines = usage_lines(client, month, is_split=is_split)
    extras = [tax(client)] if has_tax else []
    invoice_id = book.bill(client, usage_id(client, month), end_of(month), [*lines, *extras])
    if invoice_id and has_tax:
        book.pay(invoice_id, month + 1, 15)
    return invoice_id


def usage_id(client: Client, month: int, suffix: str = "") -> str:
    """Return the number of a usage invoice."""
    return f"INV-{client.number:02}-{month + 1:02}{suffix}"


def allocation(book: Book, client: Client) -> None:
    """A subscription grants credits each month; a bought block and a welcome gift beside it."""
    monthly = pack(client.used() * Decimal("0.28"))
    book.sell(
        client, "PLAN", 0,
        [
            block(client, "gift", PROMOTIONAL, pack(client.used() / 50), priority=0,
                  until=instant(1, 1)),
            *(
                block(client, f"plan{month + 1}", ALLOCATION, monthly, priority=1,
                      discount=Decimal("0.8"), since=instant(month, 1),
                      until=instant(month + 1, 1))
                for month in MONTHS
            ),
            block(client, "extra", PURCHASED, pack(client.used() * Decimal("1.15")), priority=5,
                  discount=Decimal("0.95"), until=END),
        ],
        [shipping(client)],
    )  # fmt: skip
    for month in MONTHS:
        bill_month(book, client, month, has_tax=month == 1)


def top_up(book: Book, client: Client) -> None:
    """Packs bought as they are needed, and a true-up that takes everything to exactly zero."""
    january, both, whole = client.used([0]), client.used([0, 1]), client.used()
    gift = pack(january / 30)
    first = pack(january)
    second = pack(max(Decimal(0), both - first))
    book.sell(
        client, "PACK1", 0,
        [
            block(client, "gift", PROMOTIONAL, gift, priority=0, items=(INPUT,),
                  until=instant(2, 1)),
            block(client, "pack1", PURCHASED, first, until=END),
        ],
        [tax(client)],
    )  # fmt: skip
    book.sell(
        client, "PACK2", 1,
        [block(client, "pack2", PURCHASED, second, discount=Decimal("0.97"), until=END)],
    )  # fmt: skip
    given = min(gift, client.used([0, 1], (INPUT,)))
    missing = whole - given - first - second
    if missing > 0:
        book.sell(
            client, "TRUEUP", 2,
            [block(client, "trueup", PURCHASED, missing, discount=Decimal("1.07"),
                   until=instant(6, 1))],
        )  # fmt: skip
    for month in MONTHS:
        bill_month(book, client, month, has_tax=month == 0)


def item_bound(book: Book, client: Client) -> None:
    """Blocks that pay for one item only, one that ends mid-month, and a reserve nobody touches."""
    book.sell(
        client, "MIX", 0,
        [
            block(client, "output", PURCHASED,
                  pack(client.used(items=(OUTPUT,)) * Decimal("0.6")), priority=1,
                  discount=Decimal("0.93"), items=(OUTPUT,), until=END),
            block(client, "input", ALLOCATION, pack(client.used([0], (INPUT,)) * 2), priority=1,
                  discount=Decimal("0.85"), items=(INPUT,), until=instant(1, 16)),
            block(client, "main", PURCHASED, pack(client.used() * Decimal("1.05")),
                  discount=Decimal("0.99"), until=END),
            block(client, "reserve", PURCHASED, pack(client.used() / 5), priority=9,
                  discount=Decimal("0.5"), until=END),
        ],
    )  # fmt: skip
    for month in MONTHS:
        bill_month(book, client, month, is_split=True, has_tax=month == 2)


def credited(book: Book, client: Client) -> None:
    """Interim bills that are credited, in full and in part, and the credits drawn again."""
    step = client.tariff.step
    book.sell(
        client, "TWO", 0,
        [
            block(client, "gift", PROMOTIONAL, pack(client.used() / 40), priority=0, until=END),
            block(client, "first", PURCHASED, pack(client.used() * Decimal("0.45")), priority=1,
                  discount=Decimal("0.9"), until=END),
            block(client, "second", PURCHASED, pack(client.used() * Decimal("1.3")), priority=2,
                  until=END),
        ],
    )  # fmt: skip
    middle = [instant(month, 16) - timedelta(seconds=1) for month in MONTHS]
    wrong = book.bill(
        client, usage_id(client, 0, "A"), middle[0], [*usage_lines(client, 0, (0,)), tax(client)]
    )
    book.credit(wrong, 0, 20)
    bill_month(book, client, 0, has_tax=True)
    lines = usage_lines(client, 1, (0,))
    interim = book.bill(client, usage_id(client, 1, "A"), middle[1], lines)
    if interim and lines[0].credits:
        quarter = part(lines[0].credits, Decimal("0.25"), step)
        book.credit(interim, 1, 20, line="L1", credits_=quarter)
    lines = usage_lines(client, 1, (1,))
    rest = book.bill(client, usage_id(client, 1, "B"), end_of(1), lines)
    if rest and lines[0].credits:
        tenth = part(lines[0].credits, Decimal("0.1"), step)
        book.credit(rest, 2, 5, line="L1", credits_=tenth)
    bill_month(book, client, 2)


def voided_invoice(book: Book, client: Client) -> None:
    """February's bill is voided in March and sent again; its allocation opens once more."""
    book.sell(
        client, "BASE", 0,
        [
            block(client, "february", ALLOCATION, pack(client.used([1]) / 2), priority=0,
                  discount=Decimal("0.75"), since=instant(1, 1), until=instant(2, 1)),
            block(client, "first", PURCHASED, pack(client.used() * Decimal("0.7")), priority=1,
                  discount=Decimal("0.92"), until=END),
            block(client, "second", PURCHASED, pack(client.used() * Decimal("0.7")), priority=2,
                  until=END),
        ],
    )  # fmt: skip
    bill_month(book, client, 0, has_tax=True)
    lines = usage_lines(client, 1)
    wrong = book.bill(client, usage_id(client, 1), end_of(1), [*lines, tax(client)])
    book.void_invoice(wrong, 2, 3, "wrong purchase order number")
    again = [replace(line, used_at=end_of(1)) for line in lines]
    right = book.bill(client, usage_id(client, 1, "R"), instant(2, 4, 12), [*again, tax(client)])
    if right:
        book.pay(right, 2, 25)
    bill_month(book, client, 2)


def cancelled(book: Book, client: Client) -> None:
    """Blocks voided: never invoiced, never paid, and half used with only the used half paid."""
    book.sell(
        client, "MAIN", 0,
        [block(client, "main", PURCHASED, pack(client.used() * Decimal("1.1")),
               discount=Decimal("0.96"), until=END)],
        [tax(client)],
    )  # fmt: skip
    batch = block(
        client, "batch", PURCHASED, pack(client.used() / 3), priority=9, items=(BATCH,), until=END
    )
    order = book.order(client, "BATCH", 1, 3, [batch])
    invoice = book.invoice_order(order, "BATCH", 1, 4)
    quarter = batch.credits / 4
    line = usage_line(client, "L1", BATCH, quarter, block_id=batch.block_id)
    book.bill(client, usage_id(client, 1, "X"), end_of(1), [line])
    used_minor = batch.amount_minor // 4
    book.void_block(batch, 2, 10, "batch interface discontinued", used_minor)
    book.pay(invoice, 2, 20)

    unpaid = block(client, "unpaid", PURCHASED, pack(client.used() / 4), priority=8,
                   items=(BATCH,), until=END)  # fmt: skip
    order = book.order(client, "UNPAID", 1, 2, [unpaid])
    book.invoice_order(order, "UNPAID", 1, 3)
    book.void_block(unpaid, 1, 20, "not paid")

    regretted = block(client, "regret", PURCHASED, pack(client.used() / 4), priority=8, until=END)
    book.order(client, "REGRET", 1, 5, [regretted])
    book.void_block(regretted, 1, 6, "ordered by mistake")
    for month in MONTHS:
        bill_month(book, client, month)


def returned(book: Book, client: Client) -> None:
    """A purchase invoice voided, another credited in part; its block is never used."""
    main = block(client, "main", PURCHASED, pack(client.used() * Decimal("1.1")),
                 discount=Decimal("0.94"), until=END)  # fmt: skip
    spare = block(client, "spare", PURCHASED, pack(client.used() / 4), priority=9,
                  discount=Decimal("0.9"), until=END)  # fmt: skip
    order = book.order(client, "ORDER", 0, 1, [main, spare])
    first = book.invoice_order(
        order, "MAIN", 0, 2, [main.block_id], [tax(client), shipping(client)]
    )
    book.pay(first, 0, 25)
    second = book.invoice_order(order, "SPARE", 0, 3, [spare.block_id])
    book.return_part(second, 1, 12, spare)
    book.pay(second, 1, 25)

    double = block(client, "double", PURCHASED, pack(client.used() / 4), priority=9, until=END)
    order = book.order(client, "DOUBLE", 0, 6, [double])
    third = book.invoice_order(order, "DOUBLE", 0, 7, extras=[tax(client)])
    book.void_invoice(third, 0, 12, "ordered twice", [double])
    gift = block(client, "sorry", PROMOTIONAL, Decimal(500), priority=0, since=instant(0, 13),
                 until=instant(1, 13))  # fmt: skip
    book.order(client, "SORRY", 0, 13, [gift])
    for month in MONTHS:
        bill_month(book, client, month, has_tax=month == 1)


def reopened(book: Book, client: Client) -> None:
    """A block expires in part; a credit memo restores credits to it; they expire as well."""
    book.sell(
        client, "YEAR", 0,
        [
            block(client, "gift", PROMOTIONAL, pack(client.used() / 60), priority=0,
                  items=(OUTPUT,), until=instant(1, 10)),
            block(client, "january", ALLOCATION, pack(client.used([0]) * Decimal("1.5")),
                  priority=1, discount=Decimal("0.88"), until=instant(1, 1)),
            block(client, "rest", PURCHASED, pack(client.used() * Decimal("1.2")), priority=2,
                  until=END),
        ],
    )  # fmt: skip
    invoice = bill_month(book, client, 0)
    lines = usage_lines(client, 0)
    if lines and lines[0].credits:
        half = part(lines[0].credits, Decimal("0.5"), client.tariff.step)
        book.credit(invoice, 1, 5, line="L1", credits_=half)
    bill_month(book, client, 1, has_tax=True)
    bill_month(book, client, 2)


def foreign(book: Book, client: Client) -> None:
    """Another currency: two blocks, one bound to an item, tax, and a credit a month later."""
    book.sell(
        client, "FX", 0,
        [
            block(client, "output", ALLOCATION, pack(client.used(items=(OUTPUT,)) / 2), priority=0,
                  items=(OUTPUT,), until=END),
            block(client, "first", PURCHASED, pack(client.used() * Decimal("0.6")), priority=1,
                  until=instant(2, 16)),
            block(client, "second", PURCHASED, pack(client.used()), priority=2, until=END),
        ],
        [tax(client)],
    )  # fmt: skip
    bill_month(book, client, 0, has_tax=True)
    invoice = bill_month(book, client, 1)
    lines = usage_lines(client, 1)
    if lines and lines[0].credits:
        third = part(lines[0].credits, Decimal("0.3"), client.tariff.step)
        book.credit(invoice, 2, 5, line="L1", credits_=third)
    bill_month(book, client, 2, is_split=True)


def priced(book: Book, client: Client) -> None:
    """Usage metered in money, drawn from blocks of dollars; a gift of credits cannot pay it."""
    book.sell(
        client, "USD", 0,
        [
            block(client, "gift", PROMOTIONAL, Decimal(100), priority=0, until=instant(2, 1)),
            block(client, "first", PURCHASED, pack(client.used() * Decimal("0.6")), priority=1,
                  discount=Decimal("0.95"), until=END),
            block(client, "second", PURCHASED, pack(client.used() * Decimal("1.2")), priority=2,
                  discount=Decimal("0.9"), until=END),
        ],
    )  # fmt: skip
    for month in MONTHS:
        bill_month(book, client, month, has_tax=month == 2)


def named(book: Book, client: Client) -> None:
    """Invoices that name their block: one to zero, and one refused because too little is left."""
    january = client.used([0], (INPUT,))
    commit = pack_below(january)
    gift = block(client, "gift", PROMOTIONAL, pack(client.used() / 50), priority=7,
                 until=instant(3, 1))  # fmt: skip
    main = block(client, "main", PURCHASED, pack(client.used() * Decimal("1.1")), until=END)
    blocks = [gift, main]
    lines = usage_lines(client, 0)
    if commit:
        named_block = block(client, "commit", PURCHASED, commit, priority=9,
                            discount=Decimal("0.86"), until=END)  # fmt: skip
        blocks.append(named_block)
        lines = [line for line in lines if line.item_id != INPUT]
        lines.append(usage_line(client, "LC", INPUT, commit, block_id=named_block.block_id))
        if january > commit:
            lines.append(usage_line(client, "LR", INPUT, january - commit))
    book.sell(client, "COMMIT", 0, blocks)
    book.bill(client, usage_id(client, 0), end_of(0), lines)

    too_much = usage_line(client, "L1", INPUT, gift.credits + 1, block_id=gift.block_id)
    refused = book.bill(
        client, usage_id(client, 1, "X"), end_of(1) - timedelta(hours=1), [too_much]
    )
    book.refused.append(f"evt-{refused}")
    bill_month(book, client, 1)
    bill_month(book, client, 2, has_tax=True)


class Cast(NamedTuple):
    """A customer of the demonstration: what it is called, pays in, and lives through."""

    name: str
    story: Callable[[Book, Client], None]
    currency: str = "USD"


# fmt: off
CAST: tuple[Cast, ...] = (
    # By size: the first has the largest share of the trace.
    Cast("Alder Robotics",       allocation),
    Cast("Brightwater Health",   credited),
    Cast("Cobalt Analytics",     top_up),
    Cast("Dovetail Legal",       item_bound),
    Cast("Edelweiss Logistik",   foreign, "EUR"),
    Cast("Fernhill Insurance",   voided_invoice),
    Cast("Granite Search",       cancelled),
    Cast("Harbour Learning",     returned),
    Cast("Ironwood Games",       reopened),
    Cast("Juniper Payroll",      priced),
    Cast("Kestrel Maps",         named),
    Cast("Lindgren Travel",      top_up),
    Cast("Minato Chat",          foreign, "JPY"),
    Cast("Northlight Media",     item_bound),
    Cast("Orchard Support",      allocation),
    Cast("Pearl Trading",        foreign, "KWD"),
    Cast("Quarry Code",          credited),
    Cast("Redwood Research",     top_up),
    Cast("Saltmarsh Studio",     reopened),
    Cast("Tamarind Foods",       cancelled),
    Cast("Umber Press",          allocation),
    Cast("Verdant Energy",       item_bound),
    Cast("Willow Clinics",       named),
    Cast("Yarrow Freight",       voided_invoice),
)
# fmt: on
