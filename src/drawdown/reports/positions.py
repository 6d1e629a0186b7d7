"""What every account must hold, computed from the positions of blocks and not from the journal.

The exporters write these figures as balance assertions, so that hledger or beancount, adding up the
journal by themselves, prove the positions instead of repeating our sums. From the entries come only
two things no position knows: what revenue management recognised (an observation), and whether the
transfer was ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from drawdown.core.accounts import Account, Observed, Role
from drawdown.core.block import Block, Step
from drawdown.core.checks import balances
from drawdown.core.plan import Entry, Movement
from drawdown.core.rules import MIRRORS, RULES
from drawdown.reports.journal import Life

Expected = dict[tuple[Account, str], int]
"""Balance by account and currency: debits minus credits in minor units."""

_BY_ARM = {rule.code for rule in RULES if rule.by_arm}
_BY_ARM |= {MIRRORS[code][0] for code in _BY_ARM}


class _Observations(NamedTuple):
    """What revenue management recognised of one block, in minor units, credits positive."""

    usage: int
    breakage: int
    into_liability: int


def expected_balances(lives: Iterable[Life]) -> Expected:
    """Return what the journal of these blocks must add up to.

    Args:
        lives: One block at a time, any order; nothing of it is kept.

    Returns:
        Every account for every currency of the blocks, zeros included.
    """
    result: Expected = {}
    currencies: set[str] = set()
    for life in lives:
        currency = life.block.currency
        if currency not in currencies:
            currencies.add(currency)
            result.update({(account, currency): 0 for account in (*Role, *Observed)})
        for account, amount in expected_of(life).items():
            result[account, currency] += amount
    return result


def expected_of(life: Life) -> Counter[Account]:
    """Return what the accounts of one block must hold, by its position."""
    block = life.block
    seen = _observations(life.entries)
    breakage = _expired(life.movements)
    handed_over = sum(
        movement.amount_minor for movement in life.movements if movement.step is Step.HANDED_OVER
    )
    usage = block.used_minor - block.cancelled_minor - breakage - handed_over
    liability, deferred = _prepaid(block, life, seen.into_liability)
    expected: Counter[Account] = Counter()
    if any(entry.code == "O1" for entry in life.entries):
        expected[Observed.OPENING_BALANCE] = block.amount_minor - block.cancelled_minor
    elif block.is_invoiced:
        expected[Role.ACCOUNTS_RECEIVABLE] = block.due_minor
        expected[Role.CASH] = block.amount_minor - block.cancelled_minor - block.due_minor
    expected[Role.PREPAYMENT_CLEARING] = block.open_minor
    expected[Role.CUSTOMER_DEPOSITS] = -block.open_minor
    expected[Role.PREPAID_CREDITS_LIABILITY] = liability
    expected[Role.DEFERRED_REVENUE_PREPAID] = deferred
    expected[Role.DEFERRED_REVENUE_USAGE] = seen.usage - usage
    expected[Role.DEFERRED_REVENUE_BREAKAGE] = seen.breakage - breakage
    expected[Observed.CLOSING_BALANCE] = -handed_over
    expected[Observed.REVENUE_USAGE] = -seen.usage
    expected[Observed.REVENUE_BREAKAGE] = -seen.breakage
    return expected


def _observations(entries: Iterable[Entry]) -> _Observations:
    seen = balances(entry for entry in entries if entry.code in _BY_ARM)
    return _Observations(
        -seen[Observed.REVENUE_USAGE],
        -seen[Observed.REVENUE_BREAKAGE],
        -seen[Role.PREPAID_CREDITS_LIABILITY],
    )


def _expired(movements: Iterable[Movement]) -> int:
    """Return the money that became breakage and was not credited back."""
    expired: set[int] = set()
    total = 0
    for movement in movements:
        if movement.step in (Step.LAPSED, Step.EXPIRED):
            expired.add(movement.sequence)
            total += movement.amount_minor
        elif movement.step is Step.REVERSED and movement.reverses in expired:
            total += movement.amount_minor
    return total


def _prepaid(block: Block, life: Life, into_liability: int) -> tuple[int, int]:
    """Return what prepaid liability and deferred prepaid revenue must hold.

    Their sum follows from the position whatever the policy was; the policy only divides it.
    """
    billed = block.amount_minor - block.cancelled_minor if block.is_invoiced else 0
    both = block.used_minor - block.cancelled_minor - billed
    codes = {entry.code for entry in life.entries}
    if "O2" in codes:  # its transfer came out of another account
        return -block.open_minor, 0
    if "P4" in codes:
        return -block.open_minor, both + block.open_minor
    is_deferred = any(
        entry.code == "P1" and entry.credit is Role.DEFERRED_REVENUE_PREPAID
        for entry in life.entries
    )
    deferred = into_liability - billed if is_deferred else 0
    return both - deferred, deferred
