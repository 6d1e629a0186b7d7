"""A second, naive idea of a customer's blocks predicts who pays what; the decisions must agree."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings, strategies as st

from drawdown.core.events import CreditLine, Event
from drawdown.core.plan import PostingPlan
from tests.cases import facts as f
from tests.cases.books import Books
from tests.properties.lives import EFFORT, START

Paid = list[tuple[str, Fraction, int]]


@dataclass
class Heap:
    """What was bought of a block, and what is used of it."""

    credits: Fraction
    coins: Fraction
    last_day: int
    used: Fraction = Fraction(0)
    spent: Fraction = Fraction(0)


@dataclass
class Drawn:
    """What an invoice took of a heap, and what of that has not been given back."""

    name: str
    credits: Fraction
    coins: Fraction
    credits_left: Fraction
    coins_left: Fraction


class Naive:
    """Blocks as heaps of credits and coins: no states, no sequence, no shared code."""

    def __init__(self) -> None:
        self.heaps: dict[str, Heap] = {}
        self.drawn: dict[str, list[Drawn]] = {}

    def use(self, invoice: str, wanted: Fraction, day: int) -> Paid | None:
        """Take from the heap that ends first, at equal ends from the cheapest, then by name."""
        usable = [(n, h) for n, h in self.heaps.items() if day <= h.last_day and h.used < h.credits]
        usable.sort(key=lambda pair: (pair[1].last_day, pair[1].coins / pair[1].credits, pair[0]))
        if sum(heap.credits - heap.used for _, heap in usable) < wanted:
            return None
        drawn = []
        for name, heap in usable:
            if part := min(wanted, heap.credits - heap.used):
                heap.used += part
                coins = max(
                    Fraction(heap.coins * heap.used // heap.credits) - heap.spent, Fraction(0)
                )
                heap.spent += coins
                wanted -= part
                drawn.append(Drawn(name, part, coins, part, coins))
        self.drawn[invoice] = drawn
        return [(draw.name, draw.credits, int(draw.coins)) for draw in drawn]

    def give_back(self, invoice: str, wanted: Fraction) -> bool:
        """Give credits back, the last drawn first, with the coins that the rest does not keep."""
        if wanted > sum(draw.credits_left for draw in self.drawn[invoice]):
            return False
        for draw in reversed(self.drawn[invoice]):
            if part := min(wanted, draw.credits_left):
                draw.credits_left -= part
                kept = Fraction(draw.coins * draw.credits_left // draw.credits)
                self.heaps[draw.name].used -= part
                self.heaps[draw.name].spent -= draw.coins_left - kept
                draw.coins_left = kept
                wanted -= part
        return True

    def end(self, day: int) -> None:
        """Let what is left of ended heaps go."""
        for heap in self.heaps.values():
            if heap.last_day < day:
                heap.used, heap.spent = heap.credits, heap.coins


quantities = st.one_of(
    st.sampled_from([Decimal("0.1"), Decimal(1), Decimal(3), Decimal("0.000000000001")]),
    st.integers(1, 400).map(lambda n: Decimal(n) / 100),
)
steps = st.one_of(
    st.tuples(st.just("use"), st.integers(0, 9), quantities),
    st.tuples(st.just("give back"), st.integers(0, 9), quantities),
    st.tuples(st.just("end"), st.just(0), st.just(Decimal(1))),
)
bought = st.lists(
    st.tuples(quantities, st.one_of(st.integers(0, 3), st.integers(0, 10**4)), st.integers(1, 12)),
    min_size=1,
    max_size=4,
)


@settings(max_examples=300 * EFFORT, deadline=None)
@given(bought, st.lists(steps, max_size=14))
def test_the_decisions_agree_with_a_naive_model(
    blocks: list[tuple[Decimal, int, int]], lived: list[tuple[str, int, Decimal]]
) -> None:
    """Who pays, how many credits and coins, and what remains: the same in both, step by step."""
    books, naive = Books(), Naive()
    terms = []
    for number, (credits_, coins, last_day) in enumerate(blocks):
        name = f"B{number}"
        naive.heaps[name] = Heap(Fraction(credits_), Fraction(coins), last_day)
        until = (START + timedelta(days=last_day + 1)).date().isoformat()
        terms.append(f.terms(name, str(credits_), str(Decimal(coins) / 100), until=until))
    books.take(f.customer("2026-01-01"))
    books.take(f.order("2026-01-01", "S1", *terms))
    books.take(f.purchase("2026-01-01", "I1", "S1"))
    used: list[str] = []
    for day, (what, which, quantity) in enumerate(lived, 1):
        today = (START + timedelta(days=day)).date().isoformat()
        event: Event
        if what == "use":
            event = f.usage(today, f"U{day}", f.line("L1", f"{quantity}cr"))
            plan = books.take(event)
            paid = naive.use(f"U{day}", Fraction(quantity), day)
            assert isinstance(plan, PostingPlan) == (paid is not None)
            if isinstance(plan, PostingPlan):
                used.append(f"U{day}")
                drawn = [(m.block_id, Fraction(m.credits), m.amount_minor) for m in plan.movements]
                assert drawn == paid
        elif what == "give back" and used:
            invoice = used[which % len(used)]
            event = f.credit(today, f"M{day}", invoice, CreditLine("", "", quantity, None))
            given = isinstance(books.take(event), PostingPlan)
            assert given == naive.give_back(invoice, Fraction(quantity))
        elif what == "end":
            books.take(f.clock(today))
            naive.end(day)
        for name, heap in naive.heaps.items():
            block = books.block(name)
            assert Fraction(block.remaining_credits) == heap.credits - heap.used
            assert block.remaining_minor == heap.coins - heap.spent
