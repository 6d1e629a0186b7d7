"""Bills: what a period comes to, and the billing facts that the core posts for it.

The ids of facts and documents are derived from the subscription and the number of the bill, so
that a retry says the same facts again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from drawdown.core.events import (
    BlockTerms,
    BlockVoid,
    CreditLine,
    CreditMemo,
    Event,
    Expiry,
    InvoiceLine,
    LineKind,
    PurchaseInvoice,
    Refund,
    SalesOrder,
    UsageInvoice,
)
from drawdown.core.money import ZERO, minus, normal_credits, plus, price
from drawdown.core.subscription.account import Account, BilledPart, Meter
from drawdown.core.subscription.acts import (
    Act,
    Bill,
    BillLine,
    CreditPart,
    Ending,
    EndKind,
    PlanBlock,
)
from drawdown.core.subscription.plan import InvoiceDay, UsageLine
from drawdown.core.subscription.span import day_of, midnight
from drawdown.core.subscription.terms import Period, Subscription, period_of
from drawdown.core.subscription.timeline import Timeline

_ONE = Decimal(1)
_ONE_DAY = timedelta(days=1)


def next_period(account: Account, subscription: Subscription) -> Period | None:
    """Return the first period of a subscription that is not billed; None: all are."""
    day = account.course(subscription.subscription_id).billed_through or subscription.starts_on
    if subscription.ends_on is not None and day >= subscription.ends_on:
        return None
    return period_of(subscription, day)


def close_period(timeline: Timeline, subscription: Subscription, period: Period) -> None:
    """Bill a period that the timeline has reached the end of: adds acts, moves the account on."""
    account = timeline.account
    assert account.at >= midnight(period.ends_on, timeline.zone)
    is_dated_inside = subscription.plan.invoice_day is InvoiceDay.LAST_DAY
    posted_on = period.ends_on - _ONE_DAY if is_dated_inside else period.ends_on
    account.course(subscription.subscription_id).billed_through = period.ends_on
    _bill(timeline, subscription, period.starts_on, posted_on)


def close_late(timeline: Timeline, subscription: Subscription) -> None:
    """Bill what became known after a subscription's last period, if anything did."""
    if any(
        meter.is_open and meter.subscription_id == subscription.subscription_id
        for meter in timeline.account.meters.values()
    ):
        on = day_of(timeline.account.at, timeline.zone)
        _bill(timeline, subscription, on, on)


def _bill(timeline: Timeline, subscription: Subscription, starts_on: date, posted_on: date) -> None:
    account = timeline.account
    course = account.course(subscription.subscription_id)
    lines: list[BillLine] = []
    credited: list[CreditPart] = []
    number = course.bills + 1
    invoice_id = f"{subscription.subscription_id}-{number}"
    mine = [
        meter
        for meter in account.meters.values()
        if meter.subscription_id == subscription.subscription_id and meter.is_open
    ]
    # What another subscription gives back to a block must be there when this one draws it.
    drawn = {block_id for meter in mine for block_id in meter.draws}
    for meter in account.meters.values():
        is_lent = any(part.block_id in drawn for part in meter.credited)
        if is_lent and meter.subscription_id != subscription.subscription_id:
            other = timeline.subscriptions[meter.subscription_id]
            credited += _credited(other, _line_of(other, meter), meter)
    for meter in mine:
        line = _line_of(subscription, meter)
        credited += _credited(subscription, line, meter)
        lines += _lines(account, subscription, line, meter, invoice_id)
    course.bills = number
    account.closed_at = account.at
    refills = tuple(account.holdings[one].block for one in account.uninvoiced)
    account.uninvoiced.clear()
    timeline.acts.append(
        Bill(
            subscription.subscription_id, subscription.customer_id, number, starts_on, account.at,
            posted_on, subscription.plan.currency, tuple(lines), tuple(credited), refills,
        )
    )  # fmt: skip
    timeline.acts += settle_endings(account)


def _line_of(subscription: Subscription, meter: Meter) -> UsageLine:
    return next(one for one in subscription.plan.usage if one.line_id == meter.line_id)


def _lines(
    account: Account, subscription: Subscription, line: UsageLine, meter: Meter, invoice_id: str
) -> Iterator[BillLine]:
    """Move what is not billed of a meter onto lines of an invoice."""
    prefix = f"{meter.line_id}:{meter.starts_on.isoformat()}"
    quantity, meter.unbilled = meter.unbilled, ZERO
    number = 0
    for block_id, drawn in meter.draws.items():
        number += 1
        holding = account.holdings[block_id]
        holding.reserved = minus(holding.reserved, drawn.credits)
        line_id = f"{prefix}:{number}"
        meter.parts.append(BilledPart(invoice_id, line_id, block_id, drawn.credits))
        yield BillLine(
            line_id, meter.line_id, line.item, meter.starts_on, block_id, drawn.credits, 0,
            drawn.last_at, quantity,
        )  # fmt: skip
        quantity = ZERO
    meter.draws.clear()
    if meter.overage:
        assert meter.overage_at is not None
        amount = overage_minor(subscription, line, meter) - meter.billed_overage_minor
        credits_, meter.overage = meter.overage, ZERO
        meter.billed_overage = plus(meter.billed_overage, credits_)
        meter.billed_overage_minor += amount
        line_id = f"{prefix}:{number + 1}"
        meter.parts.append(BilledPart(invoice_id, line_id, "", credits_))
        if amount:
            yield BillLine(
                line_id, meter.line_id, line.item, meter.starts_on, "", credits_, amount,
                meter.overage_at, quantity,
            )  # fmt: skip


def overage_minor(subscription: Subscription, line: UsageLine, meter: Meter) -> int:
    """Return the money of a meter's pay as you go, billed or not: rated as one whole."""
    rate = line.overage_rate
    if rate is None:
        rate = _ONE if subscription.plan.is_money else ZERO
    return price(rate, plus(meter.billed_overage, meter.overage), subscription.plan.currency)


def _credited(subscription: Subscription, line: UsageLine, meter: Meter) -> Iterator[CreditPart]:
    """Take what is given back of earlier bills off a meter."""
    for part in meter.credited:
        amount = 0
        if not part.block_id:
            before = meter.billed_overage_minor
            meter.billed_overage = minus(meter.billed_overage, part.credits)
            rate = line.overage_rate or (_ONE if subscription.plan.is_money else ZERO)
            after = price(rate, meter.billed_overage, subscription.plan.currency)
            amount = min(max(0, before - after), before)
            meter.billed_overage_minor = before - amount
        yield CreditPart(part.invoice_id, part.line_id, part.block_id, part.credits, amount)
    meter.credited.clear()


def settle_endings(account: Account) -> list[Ending]:
    """Return the endings whose usage of before is billed, with what they end; they are over then.

    A part ends with its credits; a whole remainder with None, where anything is left. It waits for
    what is given back to it by a bill that is still to come.
    """
    given_back = {part.block_id for meter in account.meters.values() for part in meter.credited}
    settled: list[Ending] = []
    waiting: list[Ending] = []
    for ending in account.endings:
        holding = account.holdings.get(ending.block_id)
        is_used = holding is not None and bool(holding.reserved)
        if ending.credits is None and (is_used or ending.block_id in given_back):
            waiting.append(ending)
            continue
        if holding is None or ending.credits is not None or holding.left:
            account.ended += 1
            settled.append(ending._replace(number=account.ended))
        if holding is not None and ending.credits is None:
            holding.left = ZERO
    account.endings[:] = waiting
    return settled


# -- billing facts --------------------------------------------------------------------------------


def purchase_events(block: PlanBlock, on: date) -> Iterator[Event]:
    """Yield the facts of a block bought or granted: its order, and its invoice if it has a price.

    Args:
        on: Day of the purchase.
    """
    yield SalesOrder(
        f"drawdown:order:{block.block_id}",
        block.entered_at,
        on,
        block.block_id,
        block.customer_id,
        block.currency,
        block.exchange_rate,
        (
            BlockTerms(
                block.block_id, block.kind, block.amount_minor, normal_credits(block.credits),
                block.priority, block.effective_at, block.expires_at, block.item_ids,
            ),
        ),
    )  # fmt: skip
    if block.amount_minor and block.is_invoiced_at_once:
        yield _purchase_invoice(block, on)


def _purchase_invoice(block: PlanBlock, on: date) -> PurchaseInvoice:
    return PurchaseInvoice(
        f"drawdown:invoice:{block.block_id}", block.entered_at, on, f"{block.block_id}/invoice",
        block.block_id, (block.block_id,), (), block.currency,
    )  # fmt: skip


def bill_events(bill: Bill) -> Iterator[Event]:
    """Yield the facts of a bill: refills invoiced with it, its invoice, its credit memos.

    Credit memos come first, so that what they restore is there when it is drawn again.
    """
    for number, (invoice_id, parts) in enumerate(_by_invoice(bill), 1):
        yield CreditMemo(
            f"drawdown:credit:{bill.invoice_id}:{number}",
            bill.at,
            bill.posted_on,
            f"{bill.invoice_id}/credit/{number}",
            invoice_id,
            tuple(
                CreditLine(part.line_id, part.block_id, None, part.amount_minor)
                if not part.block_id
                else CreditLine(part.line_id, part.block_id, normal_credits(part.credits), None)
                for part in parts
            ),
            bill.currency,
        )
    for block in bill.refills:
        if block.amount_minor:
            yield _purchase_invoice(block, bill.posted_on)
    if bill.lines:
        yield UsageInvoice(
            f"drawdown:bill:{bill.invoice_id}",
            bill.at,
            bill.posted_on,
            bill.invoice_id,
            bill.customer_id,
            bill.currency,
            None,
            tuple(_invoice_line(line) for line in bill.lines),
        )


def _by_invoice(bill: Bill) -> list[tuple[str, list[CreditPart]]]:
    found: dict[str, dict[tuple[str, str], CreditPart]] = {}
    for part in bill.credits:
        if not part.block_id and not part.amount_minor:
            continue
        lines = found.setdefault(part.invoice_id, {})
        key = (part.line_id, part.block_id)
        before = lines.get(key)
        lines[key] = (
            part
            if before is None
            else before._replace(
                credits=plus(before.credits, part.credits),
                amount_minor=before.amount_minor + part.amount_minor,
            )
        )
    return [(invoice_id, list(lines.values())) for invoice_id, lines in found.items()]


def _invoice_line(line: BillLine) -> InvoiceLine:
    return InvoiceLine(
        line.line_id,
        line.item,
        LineKind.USAGE,
        normal_credits(line.credits),
        None if line.block_id else line.overage_minor,
        line.block_id,
        line.used_at,
        is_payable=not line.block_id,
    )


def ending_event(ending: Ending, on: date) -> Event:
    """Return the fact of a remainder, or a part of one, that has ended.

    Args:
        on: Last day before it ended.
    """
    name = f"{ending.block_id}:{ending.number}"
    if ending.kind is EndKind.CANCEL:
        return BlockVoid(
            f"drawdown:refund:{name}", ending.at, on, ending.block_id,
            "remainder refunded at the end of the term",
        )  # fmt: skip
    credits_ = None if ending.credits is None else normal_credits(ending.credits)
    return Expiry(f"drawdown:ending:{name}", ending.at, ending.block_id, credits_)


def refund_event(block_id: str, at: datetime, on: date) -> Refund:
    """Return the fact that what was paid for a refunded remainder is paid out."""
    return Refund(
        f"drawdown:payout:{block_id}", at, on, f"{block_id}/refund", f"{block_id}/invoice", None
    )


def act_events(act: Act, timeline: Timeline) -> Iterator[Event]:
    """Yield the billing facts of an act; a notice has none."""
    if isinstance(act, PlanBlock):
        yield from purchase_events(act, day_of(act.entered_at, timeline.zone))
    elif isinstance(act, Bill):
        yield from bill_events(act)
    elif isinstance(act, Ending):
        yield ending_event(act, day_of(act.at, timeline.zone) - _ONE_DAY)
