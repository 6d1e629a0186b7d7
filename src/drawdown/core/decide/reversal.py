"""Decisions that undo: credit memos, voids of invoices, voids of blocks. Phase *reversal*.

A reversal mirrors what was recorded, never today's policy. Of a partly credited line the last draw
is unwound first. Nothing is edited in the journal: each undo is a movement and entries of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from drawdown.core.block import TRANSITIONS, Step
from drawdown.core.decide.cancellation import credit_purchase
from drawdown.core.decide.known import Known
from drawdown.core.decide.posting import (
    about,
    invoice_of,
    move,
    open_day,
    posted_before,
)
from drawdown.core.decide.restoring import Restored, Reversal, restore, restoring_intents, split
from drawdown.core.decide.undoing import describe
from drawdown.core.events import CreditLine, CreditMemo, InvoiceVoid
from drawdown.core.money import (
    ZERO,
    credits_floor,
    credits_text,
    minus,
    money_text,
    plus,
    share_floor,
)
from drawdown.core.plan import (
    Document,
    DocumentKind,
    DocumentLine,
    Entry,
    Hold,
    IntentLine,
    Movement,
    Outcome,
    PostingPlan,
    Reason,
    Rejection,
    foremost,
)
from drawdown.core.policy import ClosedPeriod, Policy

_ALL = CreditLine("", "", None, None)


def credit_invoice(event: CreditMemo | InvoiceVoid, known: Known, policy: Policy) -> Outcome:
    """Undo an invoice, whole or in part; a void is a full credit memo.

    NetSuite's REST API has no void action for invoices (reference 1.5), and a credit memo leaves
    the closed document as it is.
    """
    if isinstance(event, CreditMemo):
        posted = posted_before(DocumentKind.CREDIT_MEMO, event.credit_memo_id, known)
        if posted is not None:
            return posted
    stated, lines = (event.currency, event.lines) if isinstance(event, CreditMemo) else ("", ())
    document = invoice_of(event.invoice_id, stated, describe(event), known)
    if not isinstance(document, Document):
        return document
    decide_credit = credit_purchase if document.kind is DocumentKind.PURCHASE else _credit_usage
    outcome = decide_credit(event, document, lines, known, policy)
    if isinstance(event, CreditMemo) and isinstance(outcome, PostingPlan):
        posted_on = open_day(policy, event.posted_on)
        assert not isinstance(posted_on, Hold)
        memo = about(
            document, DocumentKind.CREDIT_MEMO, event.credit_memo_id, "", event.event_id, posted_on
        )
        outcome.documents.append(memo)
    return outcome


# --- usage and expiration invoices -----------------------------------------------------------


@dataclass(slots=True)
class _OpenDraw:
    """A recorded draw and what of it has not been unwound yet."""

    movement: Movement
    credits: Decimal
    amount_minor: int


class _Undo(NamedTuple):
    """How much of one draw is unwound now."""

    movement: Movement
    credits: Decimal
    amount_minor: int


class _Unwound(NamedTuple):
    """An undoing, and how much of each deposit application it takes back."""

    undo: _Undo
    parts: list[tuple[Entry, int]]


@dataclass(slots=True)
class _Credit:
    """A credit memo in the making.

    Attributes:
        draws: Of the invoice, with what is left of each, in drawing order.
        lines: Its ordinary lines, with what is left of each.
        undone: Draws unwound, in the order of unwinding.
    """

    draws: list[_OpenDraw]
    lines: list[DocumentLine]
    undone: list[_Undo] = field(default_factory=list)


@dataclass(slots=True)
class _Want:
    """What a credit line still asks for; neither money nor credits: all that is left."""

    amount_minor: int | None
    credits: Decimal | None

    @property
    def is_met(self) -> bool:
        if self.amount_minor is not None:
            return not self.amount_minor
        return self.credits is not None and not self.credits

    def less(self, credits_: Decimal, amount_minor: int) -> None:
        if self.amount_minor is not None:
            self.amount_minor -= amount_minor
        elif self.credits is not None:
            self.credits = minus(self.credits, credits_)

    def describe(self, currency: str) -> str:
        if self.amount_minor is not None:
            return f"{money_text(self.amount_minor, currency)} {currency}"
        return f"{credits_text(self.credits or ZERO)} credits"


def _credit_usage(
    event: CreditMemo | InvoiceVoid,
    document: Document,
    lines: tuple[CreditLine, ...],
    known: Known,
    policy: Policy,
) -> Outcome:
    draws = _open_draws(known.movements.get(document.document_id, []))
    credit = _Credit(draws, list(document.lines))
    problems = [
        problem
        for line in lines or (_ALL,)
        if (problem := _credit_line(event, document, line, credit)) is not None
    ]
    refusal = foremost([*problems, *_closed_blocks(event, credit, known)])
    if refusal is not None:
        return refusal
    if not credit.undone and credit.lines == list(document.lines):
        return Rejection(
            Reason.NOTHING_TO_DO,
            f"{describe(event)}: nothing is left to credit on invoice {document.document_id}; "
            "check which invoice is meant",
        )
    posted_on = open_day(policy, event.posted_on)
    if isinstance(posted_on, Hold):
        return posted_on
    undone = _unwound(document, credit, known)
    held = _check_period(event, undone, policy)
    on = Reversal(event, document, known, policy, posted_on)
    return held or _plan_credit(credit, undone, on)


def _open_draws(movements: list[Movement]) -> list[_OpenDraw]:
    """Return the draws of an invoice with what is left of each, in drawing order."""
    draws = {
        (movement.block_id, movement.sequence): _OpenDraw(
            movement, movement.credits, movement.amount_minor
        )
        for movement in movements
        if movement.step in (Step.DRAWN, Step.LAPSED, Step.EXPIRED)
    }
    for movement in movements:
        if movement.step is Step.REVERSED:
            draw = draws[movement.block_id, movement.reverses]
            draw.credits = plus(draw.credits, movement.credits)
            draw.amount_minor += movement.amount_minor
    return list(draws.values())


def _credit_line(
    event: CreditMemo | InvoiceVoid, document: Document, line: CreditLine, credit: _Credit
) -> Rejection | None:
    """Spread one credit line: the pay-as-you-go part was used last, so it is credited first."""
    places = [
        place
        for place, ordinary in enumerate(credit.lines)
        if not line.block_id and line.line_id in ("", ordinary.line_id)
    ]
    mine = [
        draw
        for draw in credit.draws
        if line.line_id in ("", draw.movement.line_id)
        and line.block_id in ("", draw.movement.block_id)
    ]
    if not places and not mine:
        return Rejection(
            Reason.UNKNOWN_LINE,
            f"{describe(event)}: invoice {document.document_id} has no line {line.line_id!r}"
            f"{f' drawn from block {line.block_id}' if line.block_id else ''}; correct the line",
            line.block_id,
        )
    want = _Want(line.amount_minor, line.credits if line.amount_minor is None else None)
    for place in places:
        _credit_ordinary(credit, place, want)
    for draw in reversed(mine):
        if want.is_met:
            break
        undo = _undo(draw, want)
        if undo.credits or undo.amount_minor:
            draw.credits = minus(draw.credits, undo.credits)
            draw.amount_minor -= undo.amount_minor
            credit.undone.append(undo)
            want.less(undo.credits, undo.amount_minor)
    if want.amount_minor or want.credits:
        return Rejection(
            Reason.MORE_THAN_CREDITED,
            f"{describe(event)}: {want.describe(document.currency)} more than invoice "
            f"{document.document_id} has left to credit"
            f"{f' on line {line.line_id}' if line.line_id else ''}; lower the credit",
            line.block_id,
        )
    return None


def _credit_ordinary(credit: _Credit, place: int, want: _Want) -> None:
    """Credit what is wanted of one ordinary line, as far as it goes."""
    line = credit.lines[place]
    open_credits = line.open_credits or ZERO
    amount, credits_ = line.open_minor, open_credits
    if want.amount_minor is not None and not amount:
        return  # a free line gives no money back
    if want.amount_minor is not None and want.amount_minor < amount:
        amount = want.amount_minor
        if line.credits:
            part = credits_floor(line.credits, amount, line.amount_minor)
            credits_ = min(open_credits, part)
    elif want.credits is not None and want.credits < open_credits:
        assert line.credits is not None
        credits_ = want.credits
        amount = min(amount, share_floor(line.amount_minor, credits_, line.credits))
    elif want.credits is not None and not open_credits:
        return  # nothing of this line is counted in credits
    credit.lines[place] = line._replace(
        open_minor=line.open_minor - amount,
        open_credits=None if line.credits is None else minus(open_credits, credits_),
    )
    want.less(credits_, amount)


def _undo(draw: _OpenDraw, want: _Want) -> _Undo:
    """Decide how much of one draw is unwound: all, an amount of money, or a number of credits."""
    whole = draw.movement
    if want.amount_minor is not None:
        amount = min(want.amount_minor, draw.amount_minor)
        if amount == draw.amount_minor:
            return _Undo(whole, draw.credits if amount else ZERO, amount)
        left = credits_floor(whole.credits, draw.amount_minor - amount, whole.amount_minor)
        return _Undo(whole, max(ZERO, minus(draw.credits, left)), amount)
    if want.credits is not None and want.credits < draw.credits:
        left = minus(draw.credits, want.credits)
        left_minor = share_floor(whole.amount_minor, left, whole.credits)
        return _Undo(whole, want.credits, max(0, draw.amount_minor - left_minor))
    return _Undo(whole, draw.credits, draw.amount_minor)


def _closed_blocks(
    event: CreditMemo | InvoiceVoid, credit: _Credit, known: Known
) -> Iterator[Rejection]:
    for undo in credit.undone:
        block = known.blocks[undo.movement.block_id]
        if Step.REVERSED not in TRANSITIONS[block.state]:
            yield Rejection(
                Reason.BLOCK_CLOSED,
                f"{describe(event)} would restore credits to block {block.block_id}, which is "
                f"{block.state.value}; credit the customer outside the block instead",
                block.block_id,
            )


def _check_period(
    event: CreditMemo | InvoiceVoid, undone: list[_Unwound], policy: Policy
) -> Hold | None:
    """Hold what would take new documents instead of an edit, if the policy wants a person."""
    if policy.closed_period is not ClosedPeriod.HOLD:
        return None
    for undo, parts in undone:
        for entry, _ in parts:
            if policy.is_closed(entry.posted_on):
                return Hold(
                    "period",
                    f"{describe(event)} undoes a deposit application of block "
                    f"{undo.movement.block_id} dated {entry.posted_on}, in a closed period, and "
                    "the policy closed_period is hold; reopen the period, or let it be undone by "
                    f"new documents of {policy.books_open_from} (policy first_open_day)",
                )
    return None


def _unwound(document: Document, credit: _Credit, known: Known) -> list[_Unwound]:
    """Split what is undone of each draw over its deposit applications, the last one first."""
    left = {
        (draw.movement.block_id, draw.movement.sequence): draw.amount_minor
        for draw in _open_draws(known.movements.get(document.document_id, []))
    }
    found: list[_Unwound] = []
    for undo in credit.undone:
        key = (undo.movement.block_id, undo.movement.sequence)
        parts: list[tuple[Entry, int]] = []
        if undo.amount_minor:
            parts = split(known, undo.movement, left[key], undo.amount_minor)
            left[key] -= undo.amount_minor
        found.append(_Unwound(undo, parts))
    return found


def _plan_credit(credit: _Credit, undone: list[_Unwound], on: Reversal) -> PostingPlan:
    event, document = on.event, on.document
    plan = PostingPlan()
    restored = Restored()
    for undo, parts in undone:
        block_id, whole = undo.movement.block_id, undo.movement
        block = plan.blocks.get(block_id) or on.known.blocks[block_id]
        move(
            plan, block, Step.REVERSED, event_id=event.event_id,
            document_id=document.document_id, occurred_at=event.effective_at,
            amount_minor=-undo.amount_minor, credits_=minus(ZERO, undo.credits),
            used_minor=-undo.amount_minor, line_id=whole.line_id, item_id=whole.item_id,
            reverses=whole.sequence,
        )  # fmt: skip
        if not undo.amount_minor:
            continue
        restore(plan, on, restored, whole, parts)
        restored.lines.setdefault(restored.invoices[block_id], []).append(
            IntentLine(undo.amount_minor, block_id, whole.item_id, undo.credits, whole.line_id)
        )
    ordinary_minor = _plan_ordinary(plan, document, credit, restored.lines)
    due = min(ordinary_minor, document.due_minor)
    plan.intents += restoring_intents(plan, on, restored, due)
    return plan


def _plan_ordinary(
    plan: PostingPlan, document: Document, credit: _Credit, memo_lines: dict[str, list[IntentLine]]
) -> int:
    """Credit ordinary lines, which live on `document.record`; return their total."""
    total = 0
    for before, after in zip(document.lines, credit.lines, strict=True):
        part = before.open_minor - after.open_minor
        if part:
            total += part
            memo_lines.setdefault(document.record, []).append(
                IntentLine(part, "", before.item_id, None, before.line_id, kind=before.kind)
            )
    if credit.lines != list(document.lines):
        due = max(0, document.due_minor - total)
        plan.documents.append(document._replace(lines=tuple(credit.lines), due_minor=due))
    return total
