"""The life of one block as a table: every step and posting with its native record and balances.

Values only, ready for JSON; the command line and the proof render them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from drawdown.core.accounts import CONTROL_ROLES, REVENUES, Account
from drawdown.core.block import Block
from drawdown.core.checks import AT_END, CHECKS, Balances, Check, cash_basis, has_ended
from drawdown.core.money import credits_text, money_text
from drawdown.core.plan import Entry, Movement
from drawdown.reports.journal import Life, References, memo, reference_of


@dataclass(frozen=True, slots=True)
class Row:
    """One entry, or one movement that posted nothing (an order, credits without a price).

    Attributes:
        on: Posting date; of a movement without entries the UTC date of the fact. Undoing a
            deposit application keeps the application's date, so dates may step back.
        credits: Change of used credits; stands on the first row of its movement, else empty.
        code: Row of the rules table or its mirror; empty where nothing was posted.
        amount: Plain decimal; empty where nothing was posted.
        balances: Balance of each control role after the row: debits minus credits.
        decided_on: The date that was decided, where the record stands on another one because its
            period was closed; else empty.
    """

    on: str
    sequence: int
    step: str
    event_id: str
    document_id: str
    item_id: str
    credits: str
    code: str
    memo: str
    record: str
    number: str
    internal_id: str
    external_id: str
    debit: str
    credit: str
    amount: str
    balances: dict[str, str]
    decided_on: str = ""


@dataclass(frozen=True, slots=True)
class Invariant:
    """A check in words and its result; `problem` is empty if it holds.

    Attributes:
        is_of_end: It holds once the block is paid and the month end has run; until then it is
            outstanding, not broken.
    """

    name: str
    text: str
    holds: bool
    problem: str
    is_of_end: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """The life of one block.

    Attributes:
        revenue: What revenue management recognised, by observed account.
        cash_basis: What revenue must be at the end: the block's money that was not cancelled.
        invariants: All that hold at any time, and those of the end if the block has ended.
    """

    block_id: str
    customer_id: str
    order_id: str
    kind: str
    state: str
    currency: str
    amount: str
    credits: str
    priority: int
    effective_at: str
    expires_at: str
    item_ids: tuple[str, ...]
    exchange_rate: str
    remaining: str
    remaining_credits: str
    due: str
    cancelled: str
    revenue: dict[str, str]
    cash_basis: str
    has_ended: bool
    rows: tuple[Row, ...]
    invariants: tuple[Invariant, ...]

    @property
    def is_sound(self) -> bool:
        """Whether every invariant that must hold after every step does."""
        return all(invariant.holds or invariant.is_of_end for invariant in self.invariants)

    @property
    def is_proven(self) -> bool:
        """Whether every invariant that applies holds."""
        return all(invariant.holds for invariant in self.invariants)

    def to_json(self) -> dict[str, Any]:
        """Return the statement as objects, lists and strings."""
        return {
            **asdict(self),
            "item_ids": list(self.item_ids),
            "is_sound": self.is_sound,
            "is_proven": self.is_proven,
        }


def statement(life: Life, references: References) -> Statement:
    """Write up the life of a block.

    Args:
        life: The block with all its movements and entries.
        references: Native records by external id, as far as they are delivered.
    """
    block = life.block
    after: Balances = Balances()
    rows = tuple(_rows(life, references, after))
    ended = has_ended(block)
    return Statement(
        block_id=block.block_id,
        customer_id=block.customer_id,
        order_id=block.order_id,
        kind=block.kind.value,
        state=block.state.value,
        currency=block.currency,
        amount=money_text(block.amount_minor, block.currency),
        credits=credits_text(block.credits),
        priority=block.priority,
        effective_at=block.effective_at.isoformat(),
        expires_at=block.expires_at.isoformat() if block.expires_at else "",
        item_ids=tuple(sorted(block.item_ids)),
        exchange_rate=credits_text(block.exchange_rate),
        remaining=money_text(block.open_minor, block.currency),
        remaining_credits=credits_text(block.remaining_credits),
        due=money_text(block.due_minor, block.currency),
        cancelled=money_text(block.cancelled_minor, block.currency),
        revenue={seen.value: money_text(-after[seen], block.currency) for seen in REVENUES},
        cash_basis=money_text(cash_basis(block, life.entries), block.currency),
        has_ended=ended,
        rows=rows,
        invariants=invariants(block, life.entries, AT_END if ended else CHECKS),
    )


def invariants(
    block: Block, entries: Sequence[Entry], checks: Iterable[Check]
) -> tuple[Invariant, ...]:
    """Run checks and return each with its result."""
    results = ((check, check(block, entries)) for check in checks)
    return tuple(
        Invariant(
            check_name(check),
            first_line(check),
            problem is None,
            problem or "",
            check not in CHECKS,
        )
        for check, problem in results
    )


def check_name(check: Callable[..., object]) -> str:
    """Return the short name of a check, such as ``deposit_and_clearing``."""
    return getattr(check, "__name__", "").removeprefix("check_")


def first_line(check: Callable[..., object]) -> str:
    """Return what a check says it checks: the first line of its docstring."""
    return (check.__doc__ or "").strip().splitlines()[0]


def _rows(life: Life, references: References, after: Balances) -> Iterator[Row]:
    """Yield the rows in order and leave the final balances in `after`."""
    entries: dict[int, list[Entry]] = {}
    for entry in life.entries:
        entries.setdefault(entry.sequence, []).append(entry)
    currency = life.block.currency
    for movement in life.movements:
        used = credits_text(movement.credits) if movement.credits else ""
        if movement.sequence not in entries:
            yield _row(movement, used, _balances(after, currency))
        for entry in entries.get(movement.sequence, ()):
            after[entry.debit] += entry.amount_minor
            after[entry.credit] -= entry.amount_minor
            row = _posted(movement, entry, used, references, _balances(after, currency))
            decided_on = life.decided_on.get(entry.record)
            yield replace(row, decided_on=decided_on.isoformat()) if decided_on else row
            used = ""


def _row(movement: Movement, used: str, balances: dict[str, str]) -> Row:
    return Row(
        movement.occurred_at.date().isoformat(), movement.sequence, movement.step.value,
        movement.event_id, movement.document_id, movement.item_id, used,
        "", "", "", "", "", "", "", "", "", balances,
    )  # fmt: skip


def _posted(
    movement: Movement, entry: Entry, used: str, references: References, balances: dict[str, str]
) -> Row:
    reference = reference_of(entry, references)
    return Row(
        on=entry.posted_on.isoformat(),
        sequence=movement.sequence,
        step=movement.step.value,
        event_id=movement.event_id,
        document_id=movement.document_id,
        item_id=entry.item_id,
        credits=used,
        code=entry.code,
        memo=memo(entry),
        record=reference.record,
        number=reference.number,
        internal_id=reference.internal_id,
        external_id=entry.record,
        debit=entry.debit.value,
        credit=entry.credit.value,
        amount=money_text(entry.amount_minor, entry.currency),
        balances=balances,
    )


def _balances(after: Balances, currency: str) -> dict[str, str]:
    shown: tuple[Account, ...] = CONTROL_ROLES
    return {account.value: money_text(after[account], currency) for account in shown}
