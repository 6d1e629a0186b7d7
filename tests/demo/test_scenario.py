"""The demonstration, lived in memory: decided by the core, recognised as NetSuite's ARM would."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from drawdown.core.accounts import CONTROL_ROLES, Observed, Role
from drawdown.core.block import Step
from drawdown.core.checks import AT_END, CHECKS, balances, has_ended, violations
from drawdown.core.decide import Known, decide, expiry_of, is_due
from drawdown.core.events import Clock, CustomerChanged, Event, Recognition
from drawdown.core.money import to_decimal
from drawdown.core.plan import Entry, Movement, Outcome, PostingPlan, Rejection
from drawdown.core.policy import (
    DepositAccount,
    DrawdownDocument,
    Policy,
    PrepaidItem,
    PurchaseTrigger,
)
from drawdown.demo.scenario import Scenario, scenario
from drawdown.demo.usage import Usage, bundled
from drawdown.reports.journal import Life
from drawdown.reports.positions import expected_balances

NOON = datetime.fromisoformat("2024-05-01T12:00")


@dataclass
class Books:
    """A ledger of one tenant in memory; every step is checked."""

    policy: Policy = field(default_factory=Policy)
    known: Known = field(default_factory=lambda: Known("demo"))
    movements: dict[str, list[Movement]] = field(default_factory=lambda: defaultdict(list))
    entries: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[str, Rejection] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        if isinstance(event, Clock):
            for block in sorted(self.known.blocks.values()):
                if is_due(block, event.effective_at):
                    self.take(expiry_of(block))
            return
        outcome: Outcome = decide(event, self.known, self.policy)
        if isinstance(outcome, Rejection):
            self.refused[event.event_id] = outcome
            return
        assert isinstance(outcome, PostingPlan), (event, outcome)
        if isinstance(event, CustomerChanged):
            self.known.blocks_of.setdefault(event.customer_id, [])
        self.known.remember(outcome)
        for movement in outcome.movements:
            self.movements[movement.block_id].append(movement)
        for entry in outcome.entries:
            self.entries[entry.block_id].append(entry)
        for block_id in outcome.blocks:
            found = violations(self.known.blocks[block_id], self.entries[block_id], CHECKS)
            assert not found, (event.event_id, found)

    def recognise(self, on: date) -> None:
        """Do what revenue management does at month end: empty the deferred accounts."""
        rows = (
            (Role.DEFERRED_REVENUE_USAGE, Observed.REVENUE_USAGE),
            (Role.DEFERRED_REVENUE_BREAKAGE, Observed.REVENUE_BREAKAGE),
        )
        if self.policy.prepaid_item is PrepaidItem.RECOGNISED:
            rows = ((Role.DEFERRED_REVENUE_PREPAID, Role.PREPAID_CREDITS_LIABILITY), *rows)  # type: ignore[assignment]
        at = datetime.combine(on, time(), UTC)
        for block_id in sorted(self.entries):
            for deferred, credited in rows:
                deferrals: Counter[str] = Counter()
                for entry in self.entries[block_id]:
                    if deferred in (entry.debit, entry.credit):
                        sign = 1 if entry.credit is deferred else -1
                        deferrals[entry.item_id] += sign * entry.amount_minor
                for item, amount in sorted(deferrals.items()):
                    if amount:
                        name = f"ARM{on:%m}-{block_id}-{item}"
                        self.take(
                            Recognition(
                                f"{name}-{deferred}", at, on, block_id, item, amount,
                                deferred.value, credited.value, name,
                            )
                        )  # fmt: skip

    def lives(self) -> list[Life]:
        return [
            Life(block, self.movements[block_id], self.entries[block_id])
            for block_id, block in sorted(self.known.blocks.items())
        ]


def live(told: Scenario, policy: Policy | None = None) -> Books:
    books = Books(policy or Policy())
    for month in told.months:
        for event in month.events:
            books.take(event)
        books.recognise(month.last_day)
    return books


@pytest.fixture(scope="module")
def told() -> Scenario:
    return scenario(bundled())


@pytest.fixture(scope="module")
def books(told: Scenario) -> Books:
    return live(told)


def check_end(told: Scenario, books: Books) -> None:
    assert {key: found.reason for key, found in books.refused.items()} == told.refused
    for life in books.lives():
        assert has_ended(life.block), life.block
        assert violations(life.block, life.entries, AT_END) == []
    assert all(not document.due_minor for document in books.known.documents.values())
    totals: Counter[tuple[str, str]] = Counter()
    base = Decimal(0)
    for life in books.lives():
        found = balances(life.entries)
        assert not any(found[role] for role in CONTROL_ROLES), life.block
        revenue = -sum(found[account] for account in Observed)
        currency = life.block.currency
        totals["revenue", currency] += revenue
        totals["cash", currency] += found[Role.CASH]
        base += to_decimal(revenue, currency) * life.block.exchange_rate
    for currency, amount in told.cash_basis.items():
        assert to_decimal(totals["revenue", currency], currency) == amount
        assert to_decimal(totals["cash", currency], currency) == amount
    assert base == told.cash_basis_base


def test_the_whole_demonstration_ends_at_zero_with_revenue_equal_to_the_cash_basis(
    told: Scenario, books: Books
) -> None:
    check_end(told, books)


@pytest.mark.parametrize(
    "policy",
    [
        Policy(drawdown_document=DrawdownDocument.STANDALONE),
        Policy(purchase_trigger=PurchaseTrigger.SALES_ORDER),
        Policy(prepaid_item=PrepaidItem.DIRECT, deposit_account=DepositAccount.CLEARING),
        Policy(prepaid_item=PrepaidItem.RECOGNISED),
    ],
)
def test_it_ends_the_same_under_every_policy(told: Scenario, policy: Policy) -> None:
    books = live(told, policy)
    check_end(told, books)


@pytest.mark.parametrize(
    "usage",
    [
        [Usage(1, NOON, 1, 500, 20)],
        [Usage(24, NOON, 1, 0, 0)],
        [Usage(number, NOON, 1, 10**9, 1) for number in range(1, 25)],
        [
            Usage(number, NOON + timedelta(days=day, minutes=719), number, 977 * number * day, day)
            for day in range(1, 30)
            for number in range(1, 25)
            if (day + number) % 3
        ],
    ],
    ids=["one request", "nothing used", "all in January", "a month"],
)
def test_any_trace_makes_a_story_that_ends_at_zero(usage: list[Usage]) -> None:
    told = scenario(usage)
    check_end(told, live(told))


def test_periods_may_be_locked_one_month_later(told: Scenario) -> None:
    books = Books()
    for month, before in zip(told.months, (None, None, *told.months), strict=False):
        if before is not None:
            opened = before.last_day + timedelta(days=1)
            books.policy = replace(books.policy, books_open_from=opened)
        for event in month.events:
            books.take(event)
        books.recognise(month.last_day)
    check_end(told, books)


def test_it_is_as_large_and_as_varied_as_promised(told: Scenario, books: Books) -> None:
    blocks = books.known.blocks.values()
    lives = books.lives()
    steps = [{movement.step for movement in life.movements} for life in lives]
    assert told.customers == 24
    assert told.blocks == len(blocks) == 87
    assert {block.currency for block in blocks} == {"USD", "EUR", "JPY", "KWD"}
    assert Counter(block.kind.value for block in blocks) == {
        "purchased": 54, "allocation": 19, "promotional": 14,
    }  # fmt: skip
    assert [month.name for month in told.months] == ["2026-01", "2026-02", "2026-03", "2026-04"]
    fates = {
        "drawn to zero": sum(
            Step.DRAWN in seen and Step.EXPIRED not in seen and Step.VOIDED not in seen
            for seen in steps
        ),
        "expired in part": sum({Step.DRAWN, Step.EXPIRED} <= seen for seen in steps),
        "never used": sum(Step.EXPIRED in seen and Step.DRAWN not in seen for seen in steps),
        "credited back": sum(Step.REVERSED in seen for seen in steps),
        "void unused": sum(Step.VOIDED in seen and Step.DRAWN not in seen for seen in steps),
        "void after part use": sum({Step.DRAWN, Step.VOIDED} <= seen for seen in steps),
        "reduced": sum(Step.REDUCED in seen for seen in steps),
    }
    assert all(fates.values()), fates
    again = [life for life in lives if sum(m.step is Step.EXPIRED for m in life.movements) > 1]
    assert again, "no block expired, was restored and expired again"


def test_every_foreign_amount_is_whole_cents_in_base_currency(books: Books) -> None:
    for life in books.lives():
        for entry in life.entries:
            base = to_decimal(entry.amount_minor, entry.currency) * life.block.exchange_rate
            assert base == base.quantize(Decimal("0.01")), entry


def test_positions_predict_every_balance_after_every_month(told: Scenario) -> None:
    books = Books()
    for month in told.months:
        for event in month.events:
            books.take(event)
        for _ in range(2):
            found: Counter[tuple[object, str]] = Counter()
            for life in books.lives():
                for account, amount in balances(life.entries).items():
                    found[account, life.block.currency] += amount
            for key, amount in expected_balances(books.lives()).items():
                assert found[key] == amount, key
            books.recognise(month.last_day)


def test_the_same_usage_tells_the_same_story(told: Scenario) -> None:
    assert scenario(bundled()) == told


def test_events_of_a_month_are_in_order_and_end_with_the_clock(told: Scenario) -> None:
    for month in told.months:
        instants = [event.effective_at for event in month.events]
        assert instants == sorted(instants)
        assert isinstance(month.events[-1], Clock)
    ids = [event.event_id for event in told.events]
    assert len(ids) == len(set(ids))
