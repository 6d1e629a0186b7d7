"""The customer deposits of a block: which of them pays, oldest first, and which gets money back.

Pure arithmetic on `Block.deposits`; what their unapplied amounts add up to is the open balance.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from drawdown.core.block import Deposit

Deposits = tuple[Deposit, ...]


class Part(NamedTuple):
    """What is taken of one deposit; `deposit` as it was before."""

    deposit: Deposit
    amount_minor: int


def take(deposits: Deposits, amount_minor: int) -> tuple[Deposits, list[Part]]:
    """Use up unapplied money, of the oldest deposit first.

    Args:
        amount_minor: Not negative, at most what the deposits hold together.

    Returns:
        The deposits afterwards and what was taken of each that was touched, oldest first.
    """
    after: list[Deposit] = []
    parts: list[Part] = []
    left = amount_minor
    for deposit in deposits:
        part = min(left, deposit.unapplied_minor)
        if part:
            parts.append(Part(deposit, part))
            left -= part
            after.append(deposit._replace(unapplied_minor=deposit.unapplied_minor - part))
        else:
            after.append(deposit)
    assert not left
    return tuple(after), parts


def free(deposits: Deposits, record: str, amount_minor: int) -> Deposits:
    """Give money back to the deposit that it had been applied from."""
    assert any(deposit.record == record for deposit in deposits)
    return tuple(
        deposit._replace(unapplied_minor=deposit.unapplied_minor + amount_minor)
        if deposit.record == record
        else deposit
        for deposit in deposits
    )


def add(deposits: Deposits, record: str, posted_on: date, amount_minor: int) -> Deposits:
    """Add a deposit, or raise the last one if that is the record being made."""
    if deposits and deposits[-1].record == record:
        last = deposits[-1]
        raised = last._replace(
            amount_minor=last.amount_minor + amount_minor,
            unapplied_minor=last.unapplied_minor + amount_minor,
        )
        return (*deposits[:-1], raised)
    return (*deposits, Deposit(record, posted_on, amount_minor, amount_minor))


def shrink(deposits: Deposits, record: str, amount_minor: int) -> Deposits:
    """Lower what a deposit is worth, after `take`; a deposit of nothing is not kept."""
    return tuple(
        after
        for deposit in deposits
        if (
            after := deposit._replace(amount_minor=deposit.amount_minor - amount_minor)
            if deposit.record == record
            else deposit
        ).amount_minor
    )


def split_last_first(amounts: Sequence[int], passed_minor: int, wanted_minor: int) -> list[int]:
    """Split a sum over parts, the last part first.

    Args:
        amounts: Of the parts, in order.
        passed_minor: What was taken of them before, by the same rule.
        wanted_minor: What is taken now; at most what is left.

    Returns:
        What is taken now of each part, in the order of the parts.
    """
    passed, wanted = passed_minor, wanted_minor
    found: list[int] = []
    for amount in reversed(amounts):
        gone = min(passed, amount)
        passed -= gone
        part = min(wanted, amount - gone)
        wanted -= part
        found.append(part)
    assert not passed
    assert not wanted
    return found[::-1]
