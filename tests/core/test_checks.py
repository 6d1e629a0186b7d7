"""Each invariant finds what it is there for, and says so in words."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from drawdown.core.accounts import KINDS, REVENUES, Observed, Role, account
from drawdown.core.block import TRANSITIONS, Block, State, Step
from drawdown.core.checks import AT_END, CHECKS, balances, violations
from drawdown.core.errors import ErpError, ErpRefusedError
from drawdown.core.events import EVENT_TYPES, TYPE_NAMES
from drawdown.core.ids import external_id
from drawdown.core.plan import Entry, Reason, Rejection, foremost
from drawdown.core.policy import ClosedPeriod, Policy
from drawdown.core.ports import Problem
from drawdown.core.rules import MIRROR_ORDER, MIRRORS, RULES, Record, recognition_rule
from tests.cases.books import Books, month_end
from tests.cases.facts import at
from tests.cases.script import run

LIFE = """
2026-01-01 customer C1                            -> ok
2026-01-01 order S1 | A 100cr 80.00               -> ok
2026-01-01 purchase I1 S1                         -> ok
2026-01-02 payment P1 I1                          -> ok
2026-02-01 usage U1 | L1 25cr                     -> ok
"""


def lived() -> tuple[Block, list[Entry]]:
    books = run(LIFE)
    return books.block("A"), books.entries


def ended() -> tuple[Block, list[Entry]]:
    books: Books = run(LIFE + "2027-01-01 clock -> ok")
    books.take_all(month_end(books, date(2027, 1, 31)))
    return books.block("A"), books.entries


def without(code: str) -> Callable[[Block, list[Entry]], tuple[Block, list[Entry]]]:
    return lambda block, entries: (block, [entry for entry in entries if entry.code != code])


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (without("P2"), "customer_deposits + prepayment_clearing is 80.00 USD"),
        (without("P3"), "undeposited_funds is 80.00 USD, expected 0.00"),
        (without("D2"), "customer_deposits is 80.00 USD, expected 60.00"),
        (without("D2"), "receivable of drawdowns is 20.00 USD, expected 0.00"),
        (without("D3"), "prepaid_credits_liability is 80.00 USD, expected 60.00"),
        (without("P5"), "accounts_receivable is 80.00 USD, expected 0.00"),
        (lambda b, e: (b._replace(used_minor=-1), e), "used money -1 outside the block"),
        (lambda b, e: (b._replace(used_minor=8001), e), "used money 8001 outside the block"),
        (lambda b, e: (b._replace(used_credits=Decimal(101)), e), "used credits 101 outside"),
        (
            lambda b, e: (b._replace(state=State.VOIDED), e),
            "block A is voided with something remaining",
        ),
        (
            lambda b, e: (b, [e[0]._replace(amount_minor=0), *e[1:]]),
            "entry 2/P1 does not move a positive amount",
        ),
        (
            lambda b, e: (b, [e[0]._replace(debit=e[0].credit), *e[1:]]),
            "entry 2/P1 does not move a positive amount",
        ),
    ],
)
def test_every_invariant_finds_its_breach(
    broken: Callable[[Block, list[Entry]], tuple[Block, list[Entry]]], message: str
) -> None:
    """Books in order have no violation; with one thing wrong the check names it."""
    block, entries = lived()
    assert violations(block, entries, CHECKS) == []
    assert any(message in problem for problem in violations(*broken(block, entries), CHECKS))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("D4", "deferred_revenue_usage is -20.00 USD, expected 0.00"),
        ("D4", "revenue is 60.00 USD, expected 80.00"),
        ("E4", "deferred_revenue_breakage is -60.00 USD, expected 0.00"),
        ("E1", "receivable of drawdowns is -60.00 USD"),
    ],
)
def test_zero_is_necessary_and_revenue_is_proof(code: str, message: str) -> None:
    """At the end every control account is at zero and revenue is what was paid for."""
    block, entries = ended()
    assert violations(block, entries, AT_END) == []
    problems = violations(*without(code)(block, entries), AT_END)
    assert any(message in problem for problem in problems)


def test_balances_are_debits_less_credits() -> None:
    """They add up to zero over all accounts."""
    found = balances(lived()[1])
    assert found[Role.CASH] == 8000
    assert found[Role.PREPAID_CREDITS_LIABILITY] == -6000
    assert sum(found.values()) == 0


def test_no_rule_of_ours_names_revenue() -> None:
    """Every role and observed account has a kind; only ARM's rows credit revenue."""
    assert set(KINDS) == {*Role, *Observed}
    assert all(isinstance(rule.credit, Role) or rule.by_arm or rule.is_there for rule in RULES)
    assert all(isinstance(rule.debit, Role) or rule.is_there for rule in RULES)
    assert not {side for rule in RULES if not rule.by_arm for side in rule[3:5]} & {*REVENUES}
    assert [account(name.value) for name in KINDS] == list(KINDS)
    with pytest.raises(ValueError, match="no such"):
        account("no such")


def test_every_posting_has_its_mirror() -> None:
    """What can be posted can be undone, and in a stated order."""
    # A refund is itself an undoing, final like a payment; what is handed over is not taken back.
    handover = {"H1", "H2", "H3"}
    assert {rule.code for rule in RULES} - {"P5", "P7", "R5", "V6", *handover} == set(MIRRORS)
    assert set(MIRROR_ORDER) == {code for code, _ in MIRRORS.values()} - {"R4", "V5", "V7"}
    assert recognition_rule(Role.DEFERRED_REVENUE_USAGE, Observed.REVENUE_USAGE).code == "D4"
    with pytest.raises(KeyError):
        recognition_rule(Role.CASH, Observed.REVENUE_USAGE)


def test_states_and_steps_are_closed() -> None:
    """Every state has its row, every step occurs, an ended block opens only by a reversal."""
    assert set(TRANSITIONS) == set(State)
    assert {step for row in TRANSITIONS.values() for step in row} == set(Step)
    reopened = {
        (state, step)
        for state, row in TRANSITIONS.items()
        for step, after in row.items()
        if state in (State.EXPIRED, State.VOIDED) and after is not state
    }
    assert reopened == {(State.EXPIRED, Step.REVERSED)}
    assert {TYPE_NAMES[kind]: kind for kind in EVENT_TYPES.values()} == EVENT_TYPES


def test_the_last_day_of_a_block() -> None:
    """The day before its end in the posting time zone; also where the calendar ends."""
    tokyo = Policy(time_zone=timezone(timedelta(hours=9)))
    assert Policy().last_day(at("2027-01-01")) == date(2026, 12, 31)
    assert Policy().last_day(at("2027-01-01T00:01")) == date(2027, 1, 1)
    assert tokyo.last_day(at("2026-12-31T15:00")) == date(2026, 12, 31)
    assert tokyo.last_day(at("2026-12-31T15:01")) == date(2027, 1, 1)
    assert tokyo.last_day(datetime.max.replace(tzinfo=UTC)) == date.max


def test_the_posting_date_of_a_fact() -> None:
    """Its own day, unless that is closed."""
    opened = date(2026, 4, 1)
    assert Policy().posting_date(date(2026, 3, 31)) == date(2026, 3, 31)
    for how, posted_on in ((ClosedPeriod.FIRST_OPEN_DAY, opened), (ClosedPeriod.HOLD, None)):
        policy = Policy(closed_period=how, books_open_from=opened)
        assert policy.posting_date(date(2026, 3, 31)) == posted_on
        assert policy.posting_date(opened) == opened


def test_external_ids_are_derived_and_safe() -> None:
    """The same parts give the same id; no part runs into the next; letters, digits and _ only."""
    assert external_id("inv", "t", "e1") == external_id("inv", "t", "e1")
    ids = {
        external_id("inv", "t", "e1"),
        external_id("inv", "te", "1"),
        external_id("je", "t", "e1"),
        external_id("inv", "t", "e", "1"),
    }
    assert len(ids) == 4
    assert all(found.replace("_", "").isalnum() and found.islower() for found in ids)
    assert Record.INVOICE.value == "invoice"


def test_faults_of_the_erp_carry_what_a_person_needs() -> None:
    """Our id, the ERP's code and the field it points at."""
    error = ErpRefusedError("no", external_id="dd_x", code="INVALID", path="entity")
    assert isinstance(error, ErpError)
    assert (str(error), error.external_id, error.code, error.path) == (
        "no",
        "dd_x",
        "INVALID",
        "entity",
    )
    assert Problem(3, "bad").line == 3


def test_the_foremost_refusal_is_the_first_of_the_lowest_reason() -> None:
    """Precedence is the order of `Reason`."""
    late, early = Rejection(Reason.OVERDRAWN, "late"), Rejection(Reason.WRONG_ITEM, "early")
    again = Rejection(Reason.WRONG_ITEM, "again")
    assert foremost([late, early, again]) is early
    assert foremost([]) is None
    assert list(Reason) == sorted(Reason)
