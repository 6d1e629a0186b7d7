"""What others do to the blocks of a subscription: voids, credits, draws, the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from drawdown.core.block import State
from drawdown.core.events import (
    BlockVoid,
    Clock,
    CreditMemo,
    Event,
    InvoiceLine,
    LineKind,
    UsageInvoice,
)
from drawdown.core.subscription.plan import EndOfTerm
from drawdown.service.ingest import ingest
from tests.cases.plans import Shop, day, end_of, plan, usage

PLAN = """
term = "3 months"
[[prepay]]
id = "pre"
charge = "one_time"
amount = "100"
[[usage]]
id = "api"
item = "api"
rate = "1"
draws = ["pre"]
"""
BLOCK = "S/pre/1"


def fact(shop: Shop, event: Event) -> None:
    """Take in a fact of another source."""
    (answer,) = ingest(shop.session, [event], shop.policy)
    assert answer.status == "accepted", answer


def void(on: str) -> BlockVoid:
    return BlockVoid(f"void {on}", end_of(on), day(on), BLOCK, "a mistake")


def test_a_block_voided_before_its_usage_is_billed_pays_for_nothing(shop: Shop) -> None:
    """What was reserved of it becomes pay as you go; what is left is nothing."""
    shop.subscribe(plan(PLAN))
    shop.use(usage("1", "2024-01-10", 30))
    fact(shop, void("2024-01-15"))
    assert shop.left("2024-01-20") == 0
    shop.use(usage("2", "2024-01-20", 5))
    shop.bill("2024-01-31")
    (january,) = shop.invoices()
    assert (january.drawn, january.due_minor) == ({}, 3500)


def test_a_block_voided_after_a_bill_keeps_what_it_paid(shop: Shop) -> None:
    shop.subscribe(plan(PLAN))
    shop.use(usage("1", "2024-01-10", 30))
    shop.bill("2024-01-31")
    fact(shop, void("2024-02-05"))
    shop.use(usage("2", "2024-02-10", 5), usage("k", "2024-02-11", 20, corrects="1"))
    report = shop.bill("2024-04-30")
    assert report.credit_memos == 1
    assert any(one.startswith("credit_not_restored") for one in shop.notices())
    assert [one.due_minor for one in shop.invoices()] == [0, 500]
    assert shop.blocks()[BLOCK].state is State.VOIDED


def test_a_void_counts_from_its_own_day_on_also_before_the_last_bill(shop: Shop) -> None:
    """The term had ended before; days before the bills are answered as they were."""
    shop.subscribe(plan(PLAN), end_of_term=EndOfTerm.REFUND)
    shop.use(usage("1", "2024-01-10", 30))
    shop.bill("2024-01-31")
    fact(shop, void("2024-02-20"))
    shop.bill("2024-04-30")
    days = ("2024-01-09", "2024-01-20", "2024-02-20", "2024-02-22", "2024-05-08")
    assert [shop.left(on) for on in days] == [100, 70, 70, 0, 0]


def test_a_block_that_another_invoice_draws_has_less_left(shop: Shop) -> None:
    """Usage that is not billed yet gives way to what is posted: the last of it is not covered."""
    shop.subscribe(plan(PLAN))
    shop.use(usage("1", "2024-01-10", 60))
    line = InvoiceLine("1", "api", LineKind.USAGE, Decimal(70), None, BLOCK)
    noon = datetime(2024, 1, 12, 12, tzinfo=UTC)
    fact(shop, UsageInvoice("by hand", noon, day("2024-01-12"), "X", "C", "USD", None, (line,)))
    assert shop.left("2024-01-20") == 0
    shop.bill("2024-01-31")
    invoices = {one.number: one for one in shop.invoices()}
    assert invoices["S-1"].drawn == {BLOCK: Decimal(30)}
    assert invoices["S-1"].due_minor == 3000
    fact(shop, CreditMemo("credit", noon, day("2024-02-12"), "M", "X", ()))
    assert shop.left("2024-02-13") == 70
    shop.use(usage("2", "2024-02-14", 70))
    shop.bill("2024-02-29")
    assert shop.blocks()[BLOCK].remaining_credits == 0


def test_the_clock_does_not_expire_what_is_used_and_not_billed_yet(shop: Shop) -> None:
    """A block of a subscription ends in the bill run; 60 of 100 were used before it expired."""
    shop.subscribe(plan(PLAN))
    shop.use(usage("1", "2024-03-31", 60))
    fact(shop, Clock("clock", end_of("2024-03-31")))
    assert shop.blocks()[BLOCK].remaining_credits == 100
    shop.bill("2024-03-31")
    (march,) = [one for one in shop.invoices() if one.drawn]
    assert march.drawn == {BLOCK: Decimal(60)}
    life = shop.lives()[BLOCK]
    assert life.block.state is State.EXPIRED
    assert [e.amount_minor for e in life.entries if e.code == "E1"] == [4000]


def test_what_is_given_back_to_an_expired_block_expires_again(shop: Shop) -> None:
    shop.subscribe(plan(PLAN))
    shop.use(usage("1", "2024-03-31", 60))
    shop.bill("2024-03-31")
    shop.use(usage("k", "2024-04-02", 50, corrects="1"))
    shop.bill("2024-04-30")
    life = shop.lives()[BLOCK]
    assert life.block.state is State.EXPIRED
    assert [e.amount_minor for e in life.entries if e.code == "E1"] == [4000, 1000]
    assert shop.bill("2024-05-31").endings == 0
