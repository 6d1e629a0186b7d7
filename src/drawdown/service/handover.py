"""Handing blocks over to the ERP's own subscription billing: the way back of a takeover.

The plan says what must be entered there: for each block a prepaid line of what is left, from the
cut-over on, and a billing run. Once each is found, billed to the cent, the block's deposit pays
that invoice and the liability is released. Nothing is handed over while the sum of what is left is
not the balance of the liability account, or while anything of the blocks is not settled yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from drawdown.core.accounts import Role
from drawdown.core.block import Block, State, Step
from drawdown.core.decide.known import Known
from drawdown.core.events import Handover
from drawdown.core.ids import native_reference
from drawdown.core.money import credits_text, money_text
from drawdown.core.native_prepayment import NativePrepayment, NativePrepayments
from drawdown.core.plan import Movement
from drawdown.core.policy import Policy
from drawdown.core.ports import Erp
from drawdown.core.rules import Record
from drawdown.core.subscription.span import day_of, midnight
from drawdown.service.takeover import in_base
from drawdown.store.database import Session
from drawdown.store.ledger import all_blocks, load, movements_of
from drawdown.store.natives import customer_of
from drawdown.store.subscriptions import load_facts


class Prepaid(NamedTuple):
    """A prepaid line to be entered in the ERP's billing for one block.

    Attributes:
        origin: Our subscription or order.
        ends_on: Last day; None: open.
        billed_through: Last day whose usage is billed here.
        subscription: Number of the ERP's subscription that was found for it; empty: none yet.
        invoice: Number of its invoice.
        invoiced_on: Date of that invoice.
    """

    block_id: str
    customer_id: str
    customer: str
    origin: str
    currency: str
    exchange_rate: Decimal
    amount_minor: int
    credits: Decimal
    starts_on: date
    ends_on: date | None
    billed_through: date
    subscription: str = ""
    invoice: str = ""
    invoiced_on: date = date.min


class HandoverPlan(NamedTuple):
    """What a cut-over would do.

    Attributes:
        problems: What stands against it, in words.
        left: What is left of all blocks, in base currency.
        booked: Credit balance of the liability account, in base currency.
    """

    cutover: date
    lines: tuple[Prepaid, ...]
    problems: tuple[str, ...]
    left: Decimal
    booked: Decimal
    base_currency: str

    @property
    def missing(self) -> tuple[Prepaid, ...]:
        """What is not entered and billed yet."""
        return tuple(line for line in self.lines if not line.invoice)

    def events(self, policy: Policy) -> list[Handover]:
        """Return the facts of the handover, once nothing stands against it."""
        assert not self.problems
        assert not self.missing
        return [
            Handover(
                f"drawdown:handover:{line.block_id}",
                midnight(max(self.cutover, line.invoiced_on), policy.time_zone),
                max(self.cutover, line.invoiced_on),
                line.block_id,
                line.amount_minor,
                native_reference(Record.INVOICE, line.invoice),
            )
            for line in self.lines
        ]


def plan_handover(
    session: Session, erp: Erp, prepayments: NativePrepayments, cutover: date, policy: Policy
) -> HandoverPlan:
    """Work out what goes to the ERP's own billing; nothing is written.

    Args:
        prepayments: The same ERP, where the lines are looked for.
        cutover: First day on which the ERP's billing rates the usage.

    Raises:
        ErpError: The ERP cannot be read.
    """
    with session.transaction():
        blocks = [one for one in all_blocks(session) if _is_left(one)]
        customers = sorted({one.customer_id for one in blocks})
        known = Known(session.tenant_id)
        load(session, known, [("customer", one) for one in customers])
        problems = [
            *_held(session),
            *_unbilled(session, customers, cutover, policy),
            *_unsettled(session, blocks, cutover, policy),
        ]
    if policy.is_closed(cutover):
        problems.append(
            f"{cutover} lies in a closed period; choose a cut-over from {policy.books_open_from} on"
        )
    booked, base, problem = _booked(erp, blocks)
    lines = [
        Prepaid(
            one.block_id, one.customer_id, known.customers[one.customer_id].name, one.order_id,
            one.currency, one.exchange_rate, one.remaining_minor, one.remaining_credits,
            max(cutover, day_of(one.effective_at, policy.time_zone)),
            policy.last_day(one.expires_at) if one.expires_at else None,
            cutover - timedelta(days=1),
        )
        for one in blocks
        if one.amount_minor
    ]  # fmt: skip
    found = _entered(session, prepayments)
    return HandoverPlan(
        cutover, tuple(_found(line, found) for line in lines), (*problems, *problem),
        _left(blocks, base), booked, base,
    )  # fmt: skip


def _is_left(block: Block) -> bool:
    return block.state in (State.NEW, State.OPEN) and not block.is_exhausted


def _held(session: Session) -> Iterator[str]:
    count = len(session.run("held").fetchall())
    if count:
        yield f"{count} facts are held, see `drawdown exceptions --kind held`; settle them first"


def _unbilled(
    session: Session, customers: list[str], cutover: date, policy: Policy
) -> Iterator[str]:
    """Name customers of plans whose usage is not billed up to the cut-over, or goes beyond it."""
    at = midnight(cutover, policy.time_zone)
    for customer_id, facts in load_facts(session, customers, {}).items():
        head = facts.head
        if head is None:
            continue
        last_day = cutover - timedelta(days=1)
        if head.closed_at < at and facts.subscriptions:
            yield (
                f"customer {customer_id} is billed up to {head.closed_at:%Y-%m-%d} only; let the "
                f"cut-over be the first day of a billing month and run `drawdown bill --through "
                f"{last_day}` first"
            )
        elif any(meter.is_open for meter in head.meters.values()):
            yield (
                f"customer {customer_id} has usage that is not billed; choose a later cut-over and "
                "bill it, or correct it to zero here and enter it in NetSuite"
            )


def _unsettled(
    session: Session, blocks: list[Block], cutover: date, policy: Policy
) -> Iterator[str]:
    """Name blocks that are not paid, free, over, or were drawn after the cut-over."""
    at = midnight(cutover, policy.time_zone)
    for block in blocks:
        name, code = f"block {block.block_id}", block.currency
        if not block.amount_minor:
            yield (
                f"{name} has {credits_text(block.remaining_credits)} credits without a price, and "
                "SuiteBilling prepays money only; void it, or let it be used up or expire first"
            )
        elif block.state is State.NEW or not block.is_invoiced:
            yield f"{name} is not invoiced yet; invoice it, or void it"
        elif block.due_minor:
            what = "is owed for" if block.due_minor > 0 else "is owed back on"
            yield (
                f"{money_text(abs(block.due_minor), code)} {code} {what} the purchase of {name}; "
                "take in the payment or refund first"
            )
        elif block.expires_at is not None and block.expires_at <= at:
            yield f"{name} expires before {cutover}; run `drawdown expire --as-of {cutover}` first"
    moved = movements_of(session, [one.block_id for one in blocks])
    for block_id in sorted({m.block_id for m in moved if _is_drawn_after(m, at)}):
        yield f"block {block_id} was drawn on {cutover} or later; choose a later cut-over"


def _is_drawn_after(movement: Movement, at: datetime) -> bool:
    return movement.step is Step.DRAWN and movement.occurred_at >= at


def _booked(erp: Erp, blocks: list[Block]) -> tuple[Decimal, str, list[str]]:
    """Compare what is left with the liability account: its balance, base currency, problems."""
    found = [one for one in erp.account_balances() if one.account is Role.PREPAID_CREDITS_LIABILITY]
    booked = -sum((one.amount for one in found), Decimal(0))
    base = found[0].base_currency if found else ""
    left = _left(blocks, base)
    if left == booked:
        return booked, base, []
    problem = (
        f"{left} {base} is left of the blocks but account {found[0].number if found else ''} holds "
        f"{booked}; deliver what waits, run the month end, or find the difference of "
        f"{left - booked} by `drawdown reconcile` first"
    )
    return booked, base, [problem]


def _left(blocks: list[Block], base: str) -> Decimal:
    if not base:
        return Decimal(0)
    return sum(
        (in_base(one.remaining_minor, one.currency, one.exchange_rate, base) for one in blocks),
        Decimal(0),
    )


# -- what was entered -----------------------------------------------------------------------------

_Key = tuple[str, str, Decimal, int, date, date | None]


def _entered(
    session: Session, prepayments: NativePrepayments
) -> dict[_Key, list[NativePrepayment]]:
    """Return the prepaid lines that are billed and not used yet, by what they are for."""
    found: dict[_Key, list[NativePrepayment]] = {}
    for one in prepayments.prepayments():
        facts = one.facts
        customer = customer_of(session, one.customer.reference)
        if customer is None or len(facts.bought) != 1 or facts.drawn or not facts.bought[0].invoice:
            continue
        (bought,) = facts.bought
        # The deposit pays the invoice, so it is the invoice's rate that must be the block's.
        key = (
            customer.customer_id, facts.currency, bought.exchange_rate, bought.amount_minor,
            facts.starts_on, facts.ends_on,
        )  # fmt: skip
        found.setdefault(key, []).append(one)
    return found


def _found(line: Prepaid, entered: dict[_Key, list[NativePrepayment]]) -> Prepaid:
    """Give a line the subscription that was entered for it; each is for one line."""
    key = (
        line.customer_id, line.currency, line.exchange_rate, line.amount_minor, line.starts_on,
        line.ends_on,
    )  # fmt: skip
    if not entered.get(key):
        return line
    one = entered[key].pop(0)
    (bought,) = one.facts.bought
    return line._replace(
        subscription=one.subscription, invoice=bought.invoice,
        invoiced_on=bought.billed_on or date.min,
    )  # fmt: skip
