"""Decisions about usage: which blocks pay for an invoice, and what stays to be paid.

Phase *drawdown*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from drawdown.core.allocation import in_order, take_credits, take_money
from drawdown.core.block import Block, State, Step
from drawdown.core.decide.drawing import Draw, Occasion, apply_deposits, post_draw
from drawdown.core.decide.known import Known
from drawdown.core.decide.opening import unknown_customer
from drawdown.core.decide.posting import customer_lane, open_day, record_id, too_large
from drawdown.core.events import InvoiceLine, LineKind, UsageInvoice
from drawdown.core.money import ZERO, credits_text, minus, money_text, plus, price
from drawdown.core.plan import (
    Customer,
    Document,
    DocumentKind,
    DocumentLine,
    Hold,
    IntentLine,
    Operation,
    Outcome,
    PostingPlan,
    Reason,
    RecordIntent,
    Rejection,
    foremost,
)
from drawdown.core.policy import DrawdownDocument, Journals, Overdraw, Policy
from drawdown.core.rules import Record

_ONE = Decimal(1)
_Carrier = tuple[Decimal, str]
"""What one ERP invoice can carry: blocks of one exchange rate; or, by policy, one block only."""
_NOTHING_DRAWN: _Carrier = (Decimal(-1), "")  # key of the invoice that nothing is drawn from


@dataclass(slots=True)
class _Drawing:
    """An invoice in the making.

    Attributes:
        blocks: Position of each block after the lines so far; the plan does not know them yet.
    """

    event: UsageInvoice
    customer: Customer
    known: Known
    policy: Policy
    draws: list[Draw] = field(default_factory=list)
    ordinary: list[DocumentLine] = field(default_factory=list)
    blocks: dict[str, Block] = field(default_factory=dict)

    def block(self, block_id: str) -> Block:
        return self.blocks.get(block_id) or self.known.blocks[block_id]

    @property
    def lanes(self) -> tuple[str, ...]:
        drawn = tuple(dict.fromkeys(draw.block_id for draw in self.draws))
        return drawn or (customer_lane(self.event.customer_id),)


def draw_usage(event: UsageInvoice, known: Known, policy: Policy) -> Outcome:
    """Draw blocks for the usage lines of an invoice; other lines stay ordinary receivables."""
    earlier = known.documents.get(event.invoice_id)
    if earlier is not None:
        return Rejection(
            Reason.DUPLICATE_DOCUMENT,
            f"invoice {event.invoice_id} was posted already by event {earlier.event_id}; "
            "send corrections as a credit memo",
        )
    customer = known.customers.get(event.customer_id)
    if customer is None:
        return unknown_customer(event.customer_id, f"usage invoice {event.invoice_id}")
    drawing = _Drawing(event, customer, known, policy)
    problem = _check_lines(drawing)
    if problem is not None:
        return problem
    for line in event.lines:
        refusal = _draw_line(drawing, line)
        if refusal is not None:
            return refusal
    if not drawing.draws and not drawing.ordinary:
        return Rejection(
            Reason.NOTHING_TO_DO,
            f"usage invoice {event.invoice_id} has no line with credits or an amount",
        )
    total = sum(draw.amount_minor for draw in drawing.draws)
    total += sum(line.amount_minor for line in drawing.ordinary)
    refused = too_large(total, event.currency, f"usage invoice {event.invoice_id}")
    if refused is not None:
        return refused
    posted_on = open_day(policy, event.posted_on)
    if isinstance(posted_on, Hold):
        return posted_on
    return _plan_drawing(drawing, posted_on)


def _check_lines(drawing: _Drawing) -> Hold | Rejection | None:
    """Check every block that a line names; what no later fact can heal goes before a hold."""
    problems = [
        problem
        for line in drawing.event.lines
        if line.kind is LineKind.USAGE
        and line.block_id
        and (problem := _check_named(drawing, line)) is not None
    ]
    refusal = foremost(problem for problem in problems if isinstance(problem, Rejection))
    return refusal or next(iter(problems), None)


def _draw_line(drawing: _Drawing, line: InvoiceLine) -> Rejection | None:
    if line.kind is not LineKind.USAGE or line.is_payable:
        amount = line.amount_minor or 0
        drawing.ordinary.append(
            DocumentLine(
                line.line_id, line.item_id, line.kind, amount, amount, line.credits, line.credits
            )
        )
        return None
    at = line.used_at or drawing.event.effective_at
    candidates = [drawing.block(line.block_id)] if line.block_id else _usable(drawing, line, at)
    return _take(drawing, line, candidates, at)


def _check_named(drawing: _Drawing, line: InvoiceLine) -> Hold | Rejection | None:
    """Say why a block that a line names cannot be drawn, if so; whether enough is left, later."""
    event = drawing.event
    block = drawing.known.blocks.get(line.block_id)
    where = f"invoice {event.invoice_id} line {line.line_id}"
    if block is None or block.state is State.NEW:
        missing = (
            "not known yet; send the sales order that sells it"
            if block is None
            else "ordered but not purchased yet; send its purchase invoice"
        )
        return Hold(f"block:{line.block_id}", f"{where} draws block {line.block_id}, {missing}")
    if block.customer_id != event.customer_id:
        return Rejection(
            Reason.WRONG_CUSTOMER,
            f"{where} of customer {event.customer_id} draws block {block.block_id}, which belongs "
            f"to customer {block.customer_id}; correct the block id",
            block.block_id,
        )
    if block.currency != event.currency:
        return Rejection(
            Reason.WRONG_CURRENCY,
            f"{where} is in {event.currency} but block {block.block_id} is in {block.currency}; "
            "a deposit pays invoices of its own currency only",
            block.block_id,
        )
    if block.item_ids and line.item_id not in block.item_ids:
        return Rejection(
            Reason.WRONG_ITEM,
            f"{where} is for item {line.item_id} but block {block.block_id} pays only for "
            f"{', '.join(sorted(block.item_ids))}; draw another block",
            block.block_id,
        )
    return _check_open(block, where, line.used_at or event.effective_at)


def _check_open(block: Block, where: str, at: datetime) -> Rejection | None:
    if block.state is not State.OPEN:
        return Rejection(
            Reason.BLOCK_CLOSED,
            f"{where} draws block {block.block_id}, which is {block.state.value}; draw another "
            "block or bill the usage as pay as you go",
            block.block_id,
        )
    if block.expires_at is not None and at >= block.expires_at:
        return Rejection(
            Reason.BLOCK_CLOSED,
            f"{where} is for usage at {at:%Y-%m-%d %H:%M} UTC but block {block.block_id} expired "
            f"at {block.expires_at:%Y-%m-%d %H:%M} UTC; draw another block, or give used_at if "
            "the usage was earlier",
            block.block_id,
        )
    if at < block.effective_at:
        return Rejection(
            Reason.NOT_EFFECTIVE,
            f"{where} is for usage at {at:%Y-%m-%d %H:%M} UTC but block {block.block_id} is "
            f"effective from {block.effective_at:%Y-%m-%d %H:%M} UTC; draw another block",
            block.block_id,
        )
    return None


def _usable(drawing: _Drawing, line: InvoiceLine, at: datetime) -> list[Block]:
    event = drawing.event
    blocks = (drawing.block(block_id) for block_id in drawing.known.blocks_of[event.customer_id])
    return in_order(
        (
            block
            for block in blocks
            if block.currency == event.currency
            and block.is_usable(at, line.item_id)
            # A price cannot be paid from a block that has none: only credits can.
            and (line.credits is not None or block.amount_minor)
        ),
        drawing.policy.drawdown_order,
    )


def _take(
    drawing: _Drawing, line: InvoiceLine, candidates: Sequence[Block], at: datetime
) -> Rejection | None:
    """Draw the line from the candidates in turn; what is left over goes by the overdraw policy."""
    want_credits = line.credits or ZERO
    want_minor = 0 if line.credits is not None else line.amount_minor or 0
    drawn: list[tuple[Block, Draw]] = []
    for block in candidates:
        if not want_credits and not want_minor:
            break
        if line.credits is not None:
            credits_, amount = take_credits(block, want_credits)
            want_credits = minus(want_credits, credits_)
        else:
            credits_, amount = take_money(block, want_minor)
            want_minor -= amount
        if credits_ or amount:
            drawn.append(
                (block, Draw(block.block_id, line.line_id, line.item_id, credits_, amount, at))
            )
    if want_credits or want_minor:
        rest = _leave(drawing, line, want_credits, want_minor)
        if isinstance(rest, Rejection):
            return rest
        drawing.ordinary.append(rest)
    for block, draw in drawn:
        drawing.draws.append(draw)
        drawing.blocks[block.block_id] = block._replace(
            used_credits=plus(block.used_credits, draw.credits),
            used_minor=block.used_minor + draw.amount_minor,
        )
    return None


def _leave(
    drawing: _Drawing, line: InvoiceLine, credits_: Decimal, amount_minor: int
) -> DocumentLine | Rejection:
    """Turn what no block covers into an ordinary line, or refuse the invoice."""
    event = drawing.event
    what = (
        f"{credits_text(credits_)} of {credits_text(line.credits)} credits"
        if line.credits is not None
        else f"{money_text(amount_minor, event.currency)} of "
        f"{money_text(line.amount_minor or 0, event.currency)} {event.currency}"
    )
    by = f"block {line.block_id}" if line.block_id else f"customer {event.customer_id}'s blocks"
    if drawing.policy.overdraw is Overdraw.REFUSE:
        return Rejection(
            Reason.OVERDRAWN,
            f"invoice {event.invoice_id} line {line.line_id}: {by} cannot cover {what}; sell "
            "another block, or set the policy overdraw to draw_remaining",
            line.block_id,
        )
    if line.credits is None:
        return DocumentLine(line.line_id, line.item_id, line.kind, amount_minor, amount_minor)
    if line.rate is None:
        return Rejection(
            Reason.MISSING_RATE,
            f"invoice {event.invoice_id} line {line.line_id}: {by} cannot cover {what} and the "
            "line has no rate (price per credit) to bill them at; give the line a rate",
            line.block_id,
        )
    amount = price(line.rate, credits_, event.currency)
    return DocumentLine(line.line_id, line.item_id, line.kind, amount, amount, credits_, credits_)


def _plan_drawing(drawing: _Drawing, posted_on: date) -> PostingPlan:
    event, known, policy = drawing.event, drawing.known, drawing.policy
    plan = PostingPlan(provides=[f"invoice:{event.invoice_id}"])
    invoices, ordinary = _invoices(drawing, posted_on)
    plan.intents.extend(invoices.values())
    on = Occasion(known, policy, event.event_id, event.invoice_id, posted_on, event.event_id)
    totals: dict[str, int] = {}
    for draw in drawing.draws:
        block = plan.blocks.get(draw.block_id) or known.blocks[draw.block_id]
        invoice = invoices[_carrier(block, policy)].external_id
        post_draw(plan, on, block, draw, Step.DRAWN, invoice)
        totals[draw.block_id] = totals.get(draw.block_id, 0) + draw.amount_minor
    for block_id, total in totals.items():
        if total:
            block = plan.blocks[block_id]
            is_summarised = policy.journals is not Journals.PER_DOCUMENT
            invoice_intent = invoices[_carrier(block, policy)]
            apply_deposits(plan, block, invoice_intent, known, is_summarised=is_summarised)
    plan.documents.append(
        Document(
            event.invoice_id, DocumentKind.USAGE, event.customer_id, event.currency,
            ordinary.exchange_rate, ordinary.external_id, event.event_id, posted_on,
            tuple(totals), tuple(drawing.ordinary),
            sum(line.amount_minor for line in drawing.ordinary),
        )
    )  # fmt: skip
    return plan


def _carrier(block: Block, policy: Policy) -> _Carrier:
    """Return which invoice carries what is drawn from a block.

    Drawdown invoices that will be summarised per block are one per block from the start, so that
    each has one summary to go to.
    """
    is_per_block = (
        policy.drawdown_document is DrawdownDocument.STANDALONE
        and policy.journals is not Journals.PER_DOCUMENT
    )
    return block.exchange_rate, block.block_id if is_per_block else ""


def _invoices(
    drawing: _Drawing, posted_on: date
) -> tuple[dict[_Carrier, RecordIntent], RecordIntent]:
    """Lay the invoice's lines out on ERP invoices.

    Usually that is one. Blocks bought at different exchange rates need one for each rate, and the
    policy *standalone* keeps what is drawn apart from what is billed.

    Returns:
        The invoices that are drawn, by `_carrier`, and the one with the ordinary lines.
    """
    drawn: dict[_Carrier, list[IntentLine]] = {}
    for draw in drawing.draws:
        carrier = _carrier(drawing.known.blocks[draw.block_id], drawing.policy)
        drawn.setdefault(carrier, []).append(
            IntentLine(draw.amount_minor, draw.block_id, draw.item_id, draw.credits, draw.line_id)
        )
    rest = [
        IntentLine(line.amount_minor, "", line.item_id, line.credits, line.line_id, kind=line.kind)
        for line in drawing.ordinary
    ]
    rest_rate = drawing.event.exchange_rate or next(iter(drawn), (_ONE, ""))[0]
    if drawing.policy.drawdown_document is DrawdownDocument.STANDALONE:
        invoices = {
            carrier: _invoice(
                drawing, posted_on, "Drawdown invoice for usage invoice", carrier, lines,
                "drawdown", *(str(part) for part in carrier if part),
            )
            for carrier, lines in drawn.items()
        }  # fmt: skip
        ordinary = _invoice(drawing, posted_on, "Usage invoice", (rest_rate, ""), rest)
        # Nothing to bill beside the drawdown: there is no second invoice.
        return ({**invoices, _NOTHING_DRAWN: ordinary} if rest else invoices), ordinary
    drawn.setdefault((rest_rate, ""), []).extend(rest)
    invoices = {
        carrier: _invoice(
            drawing, posted_on, "Usage invoice", carrier, lines,
            *([] if carrier[0] == rest_rate else [str(carrier[0])]),
        )
        for carrier, lines in drawn.items()
        if lines
    }  # fmt: skip
    return invoices, invoices.get((rest_rate, "")) or next(iter(invoices.values()))


def _invoice(
    drawing: _Drawing, posted_on: date, what: str, carrier: _Carrier, lines: list[IntentLine],
    *label: str,
) -> RecordIntent:  # fmt: skip
    """Return one ERP invoice; that of one block may be summarised.

    Args:
        label: Tells it from the other invoices of the event.
    """
    event = drawing.event
    rate, block_id = carrier
    return RecordIntent(
        Record.INVOICE,
        Operation.CREATE,
        record_id(Record.INVOICE, drawing.known.tenant_id, event.event_id, *label),
        lanes=(block_id,) if block_id else drawing.lanes,
        customer=drawing.customer.record,
        event_id=event.event_id,
        memo=f"{what} {event.invoice_id}",
        posted_on=posted_on,
        fact_on=event.posted_on,
        currency=event.currency,
        exchange_rate=rate,
        amount_minor=sum(line.amount_minor for line in lines),
        lines=tuple(lines),
        is_summarised=bool(block_id),
    )
