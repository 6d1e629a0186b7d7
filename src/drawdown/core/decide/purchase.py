"""Decisions about customers, orders and purchase invoices: phase *purchase*."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from drawdown.core.block import Block, State, Step
from drawdown.core.decide.known import Known
from drawdown.core.decide.opening import check_terms, open_block, unknown_customer
from drawdown.core.decide.posting import (
    customer_lane,
    move,
    open_day,
    other_currency,
    post,
    posted_before,
    record_id,
    too_large,
)
from drawdown.core.decide.records import of_document
from drawdown.core.events import (
    BlockKind,
    BlockTerms,
    CustomerChanged,
    InvoiceLine,
    PurchaseInvoice,
    SalesOrder,
)
from drawdown.core.ids import split_native
from drawdown.core.money import credits_floor
from drawdown.core.plan import (
    PREPAID_ITEM,
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
    document_key,
    foremost,
)
from drawdown.core.policy import Policy, PurchaseTrigger
from drawdown.core.rules import Record


def change_customer(event: CustomerChanged, known: Known, _policy: Policy) -> Outcome:
    """Take over a customer; the ERP's record is master data, so it is upserted.

    A customer that the ERP had before us is left as it is there.
    """
    before = known.customers.get(event.customer_id)
    native = event.native or (before.record if before and split_native(before.record) else "")
    record = native or record_id(Record.CUSTOMER, known.tenant_id, event.customer_id)
    plan = PostingPlan(provides=[f"customer:{event.customer_id}"])
    plan.customers.append(Customer(event.customer_id, event.name, event.currency, record))
    if native:
        return plan
    plan.intents.append(
        RecordIntent(
            Record.CUSTOMER,
            Operation.UPSERT,
            record,
            lanes=(customer_lane(event.customer_id),),
            customer=record,
            event_id=event.event_id,
            memo=f"Customer {event.customer_id}",
            currency=event.currency,
            name=event.name,
        )
    )
    return plan


def order_blocks(event: SalesOrder, known: Known, policy: Policy) -> Outcome:
    """Create the order's blocks; open those that need no purchase, or all if the order triggers."""
    customer = known.customers.get(event.customer_id)
    if customer is None:
        return unknown_customer(event.customer_id, f"order {event.order_id}")
    refused = _check_order(event, known)
    if refused:
        return refused
    is_trigger = policy.purchase_trigger is PurchaseTrigger.SALES_ORDER
    posted_on = open_day(policy, event.posted_on)
    if is_trigger and isinstance(posted_on, Hold):  # otherwise an order posts nothing
        return posted_on
    plan = PostingPlan(provides=[f"order:{event.order_id}"])
    plan.provides += [f"known:{terms.block_id}" for terms in event.blocks]
    record = record_id(Record.SALES_ORDER, known.tenant_id, event.event_id)
    block_ids = tuple(terms.block_id for terms in event.blocks)
    plan.documents.append(
        Document(
            document_key(DocumentKind.ORDER, event.order_id), DocumentKind.ORDER,
            event.customer_id, event.currency,
            event.exchange_rate, record, event.event_id, event.posted_on, block_ids,
        )
    )  # fmt: skip
    plan.intents.append(
        RecordIntent(
            Record.SALES_ORDER,
            Operation.CREATE,
            record,
            lanes=(customer_lane(event.customer_id), *block_ids),
            customer=customer.record,
            event_id=event.event_id,
            memo=f"Order {event.order_id}: {len(block_ids)} credit blocks",
            posted_on=event.posted_on,
            fact_on=event.posted_on,
            currency=event.currency,
            exchange_rate=event.exchange_rate,
            amount_minor=sum(terms.amount_minor for terms in event.blocks),
            lines=tuple(
                IntentLine(terms.amount_minor, terms.block_id, PREPAID_ITEM, terms.credits)
                for terms in event.blocks
            ),
        )
    )
    for terms in event.blocks:
        block = move(
            plan, _block(event, terms), Step.ORDERED, event_id=event.event_id,
            document_id=event.order_id, occurred_at=event.effective_at,
            amount_minor=terms.amount_minor,
        )  # fmt: skip
        if is_trigger or not terms.amount_minor:
            _purchased(plan, block, event, event.order_id, known, policy)
    return plan


def _check_order(event: SalesOrder, known: Known) -> Rejection | None:
    posted = posted_before(DocumentKind.ORDER, event.order_id, known)
    if posted is not None:
        return posted
    what = f"order {event.order_id}"
    return check_terms(event.blocks, known, event.effective_at, event.currency, what)


def _block(event: SalesOrder, terms: BlockTerms) -> Block:
    assert terms.kind is not BlockKind.PROMOTIONAL or terms.amount_minor == 0
    return Block(
        terms.block_id, event.customer_id, event.order_id, terms.kind, event.currency,
        terms.amount_minor, terms.credits, terms.priority, terms.effective_at, terms.expires_at,
        frozenset(terms.item_ids), event.exchange_rate,
    )  # fmt: skip


def _purchased(
    plan: PostingPlan,
    block: Block,
    event: SalesOrder | PurchaseInvoice,
    document_id: str,
    known: Known,
    policy: Policy,
) -> None:
    block = move(
        plan, block, Step.PURCHASED, event_id=event.event_id, document_id=document_id,
        occurred_at=event.effective_at, amount_minor=block.amount_minor,
    )  # fmt: skip
    plan.provides.append(f"block:{block.block_id}")
    open_block(plan, block, Step.PURCHASED, event, f"order {block.order_id}", known, policy)


def invoice_purchase(event: PurchaseInvoice, known: Known, policy: Policy) -> Outcome:
    """Post the invoice of an order's blocks and, if the invoice is the trigger, open them."""
    order = _order_of(event, known)
    if not isinstance(order, Document):
        return order
    blocks = _billed_blocks(event, order, known)
    if isinstance(blocks, Rejection):
        return blocks
    total = sum(_billed_minor(block) for block in blocks)
    total += sum(line.amount_minor or 0 for line in event.lines)
    refused = too_large(total, order.currency, f"purchase invoice {event.invoice_id}")
    if refused is not None:
        return refused
    posted_on = open_day(policy, event.posted_on)
    if isinstance(posted_on, Hold):
        return posted_on
    plan = PostingPlan(provides=[f"invoice:{event.invoice_id}"])
    record = record_id(Record.INVOICE, known.tenant_id, event.event_id)
    lines = tuple(_ordinary(line) for line in event.lines)
    plan.documents.append(
        Document(
            event.invoice_id, DocumentKind.PURCHASE, order.customer_id, order.currency,
            order.exchange_rate, record, event.event_id, posted_on,
            tuple(block.block_id for block in blocks), lines,
            sum(line.amount_minor for line in lines),
        )
    )  # fmt: skip
    plan.intents.append(_purchase_record(event, order, blocks, record, posted_on, known))
    for block in blocks:
        amount = _billed_minor(block)
        after = move(
            plan, block, Step.INVOICED, event_id=event.event_id, document_id=event.invoice_id,
            occurred_at=event.effective_at, amount_minor=amount,
        )._replace(is_invoiced=True, due_minor=block.due_minor + amount)  # fmt: skip
        plan.blocks[block.block_id] = after
        if amount:
            post(plan, after, Step.INVOICED, policy, amount, posted_on, {"P1": record})
    for block in blocks:
        after = plan.blocks[block.block_id]
        if after.state is State.NEW:
            _purchased(plan, after, event, event.invoice_id, known, policy)
    return plan


def _order_of(event: PurchaseInvoice, known: Known) -> Document | Hold | Rejection:
    """Return the order that a purchase invoice bills, if it can be posted at all."""
    posted = posted_before(DocumentKind.PURCHASE, event.invoice_id, known)
    if posted is not None:
        return posted
    order = known.documents.get(document_key(DocumentKind.ORDER, event.order_id))
    if order is None:
        return Hold(
            f"order:{event.order_id}",
            f"purchase invoice {event.invoice_id} bills order {event.order_id}, which is not "
            "known yet; send the sales order",
        )
    return other_currency(event.currency, order, f"purchase invoice {event.invoice_id}") or order


def _billed_blocks(
    event: PurchaseInvoice, order: Document, known: Known
) -> list[Block] | Rejection:
    """Return the blocks the invoice bills, in the order's order."""
    ordered = [known.blocks[block_id] for block_id in order.block_ids]
    if not event.block_ids:
        return [block for block in ordered if _is_billable(block)] or Rejection(
            Reason.DUPLICATE_DOCUMENT,
            f"every block of order {order.number} is invoiced or voided already; purchase "
            f"invoice {event.invoice_id} has nothing to bill",
        )
    problems: list[Rejection] = []
    for block_id in event.block_ids:
        if block_id not in order.block_ids:
            problems.append(
                Rejection(
                    Reason.UNKNOWN_LINE,
                    f"purchase invoice {event.invoice_id} names block {block_id}, which is not on "
                    f"order {order.number}; correct block_ids",
                    block_id,
                )
            )
        elif not _is_billable(known.blocks[block_id]):
            was = "invoiced already" if known.blocks[block_id].is_invoiced else "voided"
            problems.append(
                Rejection(
                    Reason.BLOCK_CLOSED,
                    f"block {block_id} is {was}; leave it off purchase invoice {event.invoice_id}",
                    block_id,
                )
            )
    return foremost(problems) or [block for block in ordered if block.block_id in event.block_ids]


def _billed_minor(block: Block) -> int:
    """Return what the purchase invoice bills: the whole block but for what was voided before."""
    return block.amount_minor - block.cancelled_minor


def _is_billable(block: Block) -> bool:
    return not block.is_invoiced and (block.state is not State.VOIDED or _billed_minor(block) > 0)


def _purchase_record(
    event: PurchaseInvoice,
    order: Document,
    blocks: list[Block],
    record: str,
    posted_on: date,
    known: Known,
) -> RecordIntent:
    lines = [
        IntentLine(_billed_minor(block), block.block_id, PREPAID_ITEM, _billed_credits(block))
        for block in blocks
    ]
    lines += [
        IntentLine(line.amount_minor or 0, "", line.item_id, None, line.line_id, kind=line.kind)
        for line in event.lines
    ]
    invoice = of_document(
        Record.INVOICE, record, order, event, known, posted_on=posted_on,
        memo=f"Purchase invoice {event.invoice_id} of order {event.order_id}",
        amount_minor=sum(line.amount_minor for line in lines),
    )  # fmt: skip
    lanes = tuple(block.block_id for block in blocks)
    return replace(invoice, lanes=lanes, lines=tuple(lines), source=order.record)


def _billed_credits(block: Block) -> Decimal:
    if not block.cancelled_minor:
        return block.credits
    return credits_floor(block.credits, _billed_minor(block), block.amount_minor)


def _ordinary(line: InvoiceLine) -> DocumentLine:
    amount = line.amount_minor or 0
    return DocumentLine(line.line_id, line.item_id, line.kind, amount, amount)
