"""The invariants, as a list. Each check takes a block and its entries and names what is wrong.

They hold after every completed step; `AT_END` adds what holds once the block has ended and the
month end has run. Zero is necessary, not proof: revenue is also compared with the cash basis.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from drawdown.core.accounts import CONTROL_ROLES, Account, Observed, Role
from drawdown.core.block import Block, State
from drawdown.core.money import money_text
from drawdown.core.plan import Entry

Balances = Counter[Account]

_INVOICE_CODES = frozenset({"D1", "D2", "E1", "E2", "R1", "R2", "R5", "H1", "H2"})


def balances(entries: Iterable[Entry]) -> Balances:
    """Return the balance of each account in minor units: debits minus credits."""
    result: Balances = Counter()
    for entry in entries:
        result[entry.debit] += entry.amount_minor
        result[entry.credit] -= entry.amount_minor
    return result


def check_amounts(_block: Block, entries: Sequence[Entry]) -> str | None:
    """Every entry moves a positive amount between two different accounts."""
    for entry in entries:
        if entry.amount_minor <= 0 or entry.debit is entry.credit:
            return f"entry {entry.sequence}/{entry.code} does not move a positive amount"
    return None


def check_deposit_and_clearing(block: Block, entries: Sequence[Entry]) -> str | None:
    """customer_deposits + prepayment_clearing = 0."""
    found = balances(entries)
    return _expect(
        block,
        "customer_deposits + prepayment_clearing",
        found[Role.CUSTOMER_DEPOSITS] + found[Role.PREPAYMENT_CLEARING],
        0,
    )


def check_deposit_is_open_balance(block: Block, entries: Sequence[Entry]) -> str | None:
    """customer_deposits (credit) = the open balance of the block."""
    found = balances(entries)
    return _expect(block, "customer_deposits", -found[Role.CUSTOMER_DEPOSITS], block.open_minor)


def check_deposits(block: Block, _entries: Sequence[Entry]) -> str | None:
    """The deposits of the block hold the open balance, none of them more than its amount."""
    for deposit in block.deposits:
        if not 0 <= deposit.unapplied_minor <= deposit.amount_minor:
            return (
                f"block {block.block_id}: deposit {deposit.record} has "
                f"{money_text(deposit.unapplied_minor, block.currency)} of "
                f"{money_text(deposit.amount_minor, block.currency)} {block.currency} unapplied"
            )
    held = sum(deposit.unapplied_minor for deposit in block.deposits)
    return _expect(block, "unapplied of its deposits", held, block.open_minor)


def check_liability_is_open_balance(block: Block, entries: Sequence[Entry]) -> str | None:
    """prepaid_credits_liability (credit) = the open balance, less what ARM or P1 still owes it."""
    found = balances(entries)
    codes = {entry.code for entry in entries}
    expected = block.open_minor
    if "P2" in codes and not codes & {"P4", "O2"}:
        # Item *recognised*: the liability is credited by ARM at month end; item *direct*: by the
        # purchase invoice, which may come after the order that opened the block.
        source = "P6" if "P6" in codes or _has_deferred(entries) else "P1"
        credited = sum(entry.amount_minor for entry in entries if entry.code == source)
        credited -= sum(entry.amount_minor for entry in entries if entry.code == "V5")
        owed = block.amount_minor - block.cancelled_minor - credited
        if source == "P1":
            owed = 0 if block.is_invoiced else block.amount_minor - block.cancelled_minor
        expected -= owed
    return _expect(
        block,
        "prepaid_credits_liability",
        -found[Role.PREPAID_CREDITS_LIABILITY],
        expected,
    )


def _has_deferred(entries: Sequence[Entry]) -> bool:
    return any(
        entry.code == "P1" and entry.credit is Role.DEFERRED_REVENUE_PREPAID for entry in entries
    )


def check_undeposited_funds(block: Block, entries: Sequence[Entry]) -> str | None:
    """undeposited_funds = 0."""
    return _expect(block, "undeposited_funds", balances(entries)[Role.UNDEPOSITED_FUNDS], 0)


def check_drawdown_receivable(block: Block, entries: Sequence[Entry]) -> str | None:
    """The receivable of drawdown invoices = 0."""
    drawn = balances(entry for entry in entries if entry.code in _INVOICE_CODES)
    return _expect(block, "receivable of drawdowns", drawn[Role.ACCOUNTS_RECEIVABLE], 0)


def check_purchase_receivable(block: Block, entries: Sequence[Entry]) -> str | None:
    """The rest of the receivable = what is due on the purchase invoice."""
    return _expect(
        block,
        "accounts_receivable",
        balances(entries)[Role.ACCOUNTS_RECEIVABLE],
        block.due_minor,
    )


def check_position(block: Block, _entries: Sequence[Entry]) -> str | None:
    """0 <= used <= whole, in money and in credits; of a block that has ended nothing is left."""
    if not 0 <= block.used_minor <= block.amount_minor:
        return f"block {block.block_id}: used money {block.used_minor} outside the block"
    if not 0 <= block.used_credits <= block.credits:
        return f"block {block.block_id}: used credits {block.used_credits} outside the block"
    if block.state in (State.EXPIRED, State.VOIDED) and not block.is_exhausted:
        return f"block {block.block_id} is {block.state.value} with something remaining"
    return None


def _expect(block: Block, what: str, found: int, expected: int) -> str | None:
    if found == expected:
        return None
    return (
        f"block {block.block_id}: {what} is {money_text(found, block.currency)} "
        f"{block.currency}, expected {money_text(expected, block.currency)}"
    )


Check = Callable[[Block, Sequence[Entry]], str | None]

CHECKS: tuple[Check, ...] = (
    check_amounts,
    check_position,
    check_deposit_and_clearing,
    check_deposit_is_open_balance,
    check_deposits,
    check_liability_is_open_balance,
    check_undeposited_funds,
    check_drawdown_receivable,
    check_purchase_receivable,
)
"""Invariants after every completed step."""


def check_control_accounts(block: Block, entries: Sequence[Entry]) -> str | None:
    """Every control account is at zero."""
    found = balances(entries)
    for role in CONTROL_ROLES:
        if found[role]:
            return _expect(block, role.value, found[role], 0)
    return None


def check_cash_basis(block: Block, entries: Sequence[Entry]) -> str | None:
    """Revenue = money neither cancelled nor handed over, computed apart from the journal."""
    found = balances(entries)
    revenue = -(found[Observed.REVENUE_USAGE] + found[Observed.REVENUE_BREAKAGE])
    return _expect(block, "revenue", revenue, cash_basis(block, entries))


def cash_basis(block: Block, entries: Iterable[Entry]) -> int:
    """Return the money of a block that becomes revenue here: not cancelled, not handed over."""
    handed_over = sum(entry.amount_minor for entry in entries if entry.code == "H1")
    return block.amount_minor - block.cancelled_minor - handed_over


AT_END: tuple[Check, ...] = (*CHECKS, check_control_accounts, check_cash_basis)
"""Invariants of a block that has ended, once it is paid and the month end has run."""


def has_ended(block: Block) -> bool:
    """Whether nothing more can be drawn from the block."""
    return block.state in (State.EXPIRED, State.VOIDED) or block.is_exhausted


def violations(
    block: Block, entries: Sequence[Entry], checks: Sequence[Check] = CHECKS
) -> list[str]:
    """Run checks over one block; return what is wrong in words, empty if all hold."""
    return [problem for check in checks if (problem := check(block, entries)) is not None]
