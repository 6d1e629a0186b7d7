"""Revenue elements of a prepayment that usage draws, as revenue management shows them. Pure.

A prepaid subscription has one element for the prepayment and one for each usage item. Recording
usage moves sales amount from the prepayment's element to the usage item's; billing follows later;
usage is recognised in its month, what is left of the prepayment at the end of the term. Revenue
recognised before it is billed stands as unbilled receivable at a month's end and is taken back in
the next month. This is computed from the facts alone, so that it can be laid beside a ledger, or
beside what NetSuite's own revenue management says.

Source: Oracle help, "Prepay with Drawdown: Revenue Recognition Example" (section_0919041722): rule
by event, amount; allocation Exclude; unbilled receivable per element.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from drawdown.core.money import ZERO, plus


class Bought(NamedTuple):
    """A prepayment or refill.

    Attributes:
        on: Day on which it was charged.
        billed_on: Date of its invoice; None: not billed yet.
        invoice: Number of its invoice; empty: not billed, or it makes no difference.
        exchange_rate: Of its invoice.
    """

    on: date
    amount_minor: int
    billed_on: date | None
    invoice: str = ""
    exchange_rate: Decimal = Decimal(1)


class Used(NamedTuple):
    """Rated usage, or (negative) a correction of it.

    Attributes:
        on: Day on which it counts in the books.
        billed_on: Date of its invoice; None: not billed yet.
    """

    on: date
    item_id: str
    quantity: Decimal
    amount_minor: int
    billed_on: date | None


class Drawn(NamedTuple):
    """What usage took from the prepayment; usage beyond it is pay as you go.

    Attributes:
        billed_on: Date of the invoice that it is taken off; None: not billed yet.
    """

    on: date
    amount_minor: int
    billed_on: date | None


class Returned(NamedTuple):
    """A part of the prepayment that was given back, with its credit memo."""

    on: date
    amount_minor: int


class Lapsed(NamedTuple):
    """A part of the prepayment that expired before the end of the term, and was recognised then."""

    on: date
    amount_minor: int


class Prepayment(NamedTuple):
    """All facts of one prepaid term.

    Attributes:
        item_id: Of the prepayment.
        ends_on: Last day of the term; what is left then is recognised in its month. None: open.
    """

    item_id: str
    currency: str
    starts_on: date
    ends_on: date | None
    bought: tuple[Bought, ...] = ()
    used: tuple[Used, ...] = ()
    drawn: tuple[Drawn, ...] = ()
    returned: tuple[Returned, ...] = ()
    lapsed: tuple[Lapsed, ...] = ()


class Element(NamedTuple):
    """A revenue element as of a day.

    Attributes:
        quantity: Of the usage; 1 for the prepayment.
        sales_minor: Sales amount, which is also the revenue amount (allocation Exclude).
        recognised_minor: Up to the end of the day's month, its month end run.
    """

    item_id: str
    quantity: Decimal
    sales_minor: int
    billed_minor: int
    recognised_minor: int


class Plan(NamedTuple):
    """What is planned of an element, before the month end of the day's month is run.

    Attributes:
        period_end: Last day of the month in which the rest is recognised; None: not planned (an
            open term).
    """

    item_id: str
    amount_minor: int
    recognised_minor: int
    period_end: date | None


class Kind(StrEnum):
    """Journals of a month end, in the order in which they are made."""

    RECOGNITION = "recognition"
    REVERSAL = "reversal of prior unbilled receivable"
    UNBILLED = "unbilled receivable"


class Account(StrEnum):
    """What a line posts to: the item's own accounts, or the account of all."""

    DEFERRED = "deferred revenue"
    INCOME = "income"
    UNBILLED = "unbilled receivable"


class Line(NamedTuple):
    """A line of a month end journal; debits are positive. `item_id` is empty for `UNBILLED`."""

    account: Account
    item_id: str
    amount_minor: int


class Journal(NamedTuple):
    """A month end journal; its lines sum to zero."""

    period_end: date
    kind: Kind
    lines: tuple[Line, ...]


def month_end(on: date) -> date:
    """Return the last day of a day's month."""
    return on.replace(day=monthrange(on.year, on.month)[1])


def elements(facts: Prepayment, as_of: date) -> list[Element]:
    """Return every element as of a day: the prepayment's first, then usage by first use.

    The sales amounts of all elements sum to what was bought, less what was given back, plus usage
    that no prepayment paid.
    """
    end = month_end(as_of)
    used = [use for use in facts.used if use.on <= as_of]
    bought = [one for one in facts.bought if one.on <= as_of]
    returned = sum(one.amount_minor for one in facts.returned if one.on <= as_of)
    drawn = [one for one in facts.drawn if one.on <= as_of]
    billed = sum(one.amount_minor for one in bought if _is_billed(one.billed_on, as_of))
    billed -= sum(one.amount_minor for one in drawn if _is_billed(one.billed_on, as_of))
    left = sum(one.amount_minor for one in bought) - returned
    left -= sum(one.amount_minor for one in drawn)
    result = [Element(facts.item_id, Decimal(1), left, billed - returned, _remainder(facts, end))]
    for item_id in _items(used):
        mine = [use for use in used if use.item_id == item_id]
        quantity = ZERO
        for use in mine:
            quantity = plus(quantity, use.quantity)
        result.append(
            Element(
                item_id,
                quantity,
                sum(use.amount_minor for use in mine),
                sum(use.amount_minor for use in mine if _is_billed(use.billed_on, as_of)),
                sum(use.amount_minor for use in facts.used if _is_in(use, item_id, end)),
            )
        )
    return result


def plans(facts: Prepayment, as_of: date) -> list[Plan]:
    """Return what is planned of each element, before the month end of the day's month is run."""
    before = as_of.replace(day=1) - timedelta(days=1)
    recognised = {one.item_id: one.recognised_minor for one in elements(facts, before)}
    result = []
    for element in elements(facts, as_of):
        if element.item_id == facts.item_id:
            end = month_end(facts.ends_on) if facts.ends_on else None
        else:
            end = month_end(
                max(u.on for u in facts.used if u.item_id == element.item_id and u.on <= as_of)
            )
        result.append(
            Plan(element.item_id, element.sales_minor, recognised.get(element.item_id, 0), end)
        )
    return result


def journals(facts: Prepayment, through: date) -> list[Journal]:
    """Return the journals of every month end from the start of the term to a day's month.

    Months after the term are included, because what was unbilled at its end is taken back then.
    """
    result: list[Journal] = []
    unbilled: dict[str, int] = {}
    before: dict[str, int] = {}
    day = month_end(facts.starts_on)
    while day <= month_end(through):
        now = elements(facts, day)
        recognised = {
            one.item_id: change
            for one in now
            if (change := one.recognised_minor - before.get(one.item_id, 0))
        }
        result += _journal(day, Kind.RECOGNITION, Account.INCOME, recognised)
        result += _journal(
            day, Kind.REVERSAL, Account.UNBILLED, {item: -n for item, n in unbilled.items()},
            credit_item=True,
        )  # fmt: skip
        unbilled = {
            one.item_id: short
            for one in now
            if one.item_id != facts.item_id
            and (short := one.recognised_minor - one.billed_minor) > 0
        }
        result += _journal(day, Kind.UNBILLED, Account.UNBILLED, unbilled, credit_item=True)
        before = {one.item_id: one.recognised_minor for one in now}
        day = month_end(day + timedelta(days=1))
    return result


def _journal(
    day: date, kind: Kind, other: Account, amounts: dict[str, int], *, credit_item: bool = False
) -> Iterator[Journal]:
    """Make a journal between the items' deferred revenue and another account.

    Args:
        amounts: By item: what deferred revenue is debited; with `credit_item` credited.
    """
    if not amounts:
        return
    sign = -1 if credit_item else 1
    lines = [Line(Account.DEFERRED, item_id, sign * n) for item_id, n in amounts.items()]
    if other is Account.INCOME:
        lines = [
            line
            for item_id, n in amounts.items()
            for line in (Line(Account.DEFERRED, item_id, n), Line(other, item_id, -n))
        ]
    else:
        lines.append(Line(other, "", -sign * sum(amounts.values())))
    yield Journal(day, kind, tuple(lines))


def _remainder(facts: Prepayment, end: date) -> int:
    """Return what is recognised of the prepayment itself by a month end."""
    if facts.ends_on is None or end < facts.ends_on:
        return sum(one.amount_minor for one in facts.lapsed if one.on <= end)
    left = sum(one.amount_minor for one in facts.bought if one.on <= end)
    left -= sum(one.amount_minor for one in facts.drawn if one.on <= end)
    return left - sum(one.amount_minor for one in facts.returned if one.on <= end)


def _is_billed(billed_on: date | None, as_of: date) -> bool:
    return billed_on is not None and billed_on <= as_of


def _is_in(use: Used, item_id: str, end: date) -> bool:
    return use.item_id == item_id and use.on <= end


def _items(used: Iterable[Used]) -> list[str]:
    return list(dict.fromkeys(use.item_id for use in used))
