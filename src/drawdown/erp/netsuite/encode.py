"""From a record intent to NetSuite's request. Pure: ids come from `References`.

One function a record. Amounts are decimals with exactly the currency's digits; the exchange rate
is always sent, because NetSuite would otherwise take the day's.

Sources: REST API Browser 2026.1 (fields of each record); Oracle help, "Deposit Application"
(created only by transforming a deposit), "Transforming Records", "Journal Entry".
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Protocol

from drawdown.core.accounts import Role
from drawdown.core.ids import split_native
from drawdown.core.money import credits_text, to_decimal
from drawdown.core.plan import IntentLine, Operation, RecordIntent
from drawdown.core.rules import Record
from drawdown.erp.netsuite import fields, wire
from drawdown.erp.netsuite.wire import Request, TargetMissingError

MEMO_CHARACTERS_MAX = 999

Body = dict[str, Any]


class References(Protocol):
    """NetSuite's internal ids of what an intent names."""

    def account(self, role: Role) -> str:
        """Return the id of the account a role is mapped to."""
        ...

    def item(self, line: IntentLine) -> str:
        """Return the id of the item of a line."""
        ...

    def currency(self, code: str) -> str:
        """Return the id of a currency by its ISO code."""
        ...

    def subsidiary(self) -> str:
        """Return the id of the subsidiary; empty where the account has none."""
        ...

    def transaction(self, record: Record, external_id: str) -> str:
        """Return the id of an earlier record of ours."""
        ...

    def customer(self, reference: str) -> str:
        """Return the id of a customer that is not ours, by its native reference."""
        ...

    def order_lines(self, external_id: str) -> dict[str, int]:
        """Return the line numbers of a sales order by block id."""
        ...


def upsert(intent: RecordIntent, references: References) -> Request:
    """Render master data: a customer."""
    assert intent.record is Record.CUSTOMER
    body: Body = {
        "companyName": intent.name,
        "isPerson": False,
        "currency": _id(references.currency(intent.currency)),
    }
    subsidiary = references.subsidiary()
    if subsidiary:
        body["subsidiary"] = _id(subsidiary)
    return wire.upsert_record(Record.CUSTOMER, intent.external_id, body)


def create(intent: RecordIntent, references: References) -> Request:
    """Render a new transaction: a POST, or a transform where NetSuite makes it out of another."""
    body = _CREATE[intent.record](intent, references)
    if intent.record is Record.DEPOSIT_APPLICATION:
        return wire.transform_record(Record.CUSTOMER_DEPOSIT, intent.source, intent.record, body)
    if intent.record is Record.INVOICE and intent.source:
        return wire.transform_record(Record.SALES_ORDER, intent.source, intent.record, body)
    return wire.create_record(intent.record, body)


def set_amount(intent: RecordIntent, references: References) -> Request:
    """Render the change of a deposit or application to an absolute amount; it can be repeated."""
    assert intent.operation is Operation.SET_AMOUNT
    body: Body
    if intent.record is Record.CUSTOMER_DEPOSIT:
        body = {"payment": to_decimal(intent.amount_minor, intent.currency)}
    else:
        assert intent.record is Record.DEPOSIT_APPLICATION
        body = {"apply": _apply(intent, references)}
    return wire.update_record(intent.record, intent.external_id, body)


def set_back(intent: RecordIntent, references: References) -> Request:
    """Render what puts an edited record back: its head and, where they stand alone, its lines."""
    body = _CREATE[intent.record](intent, references)
    for fixed in ("externalId", "item", "entity", "customer", "currency", "orderStatus"):
        body.pop(fixed, None)  # NetSuite does not change them, or not without what hangs on them
    body.setdefault(fields.BLOCK_ID, None)
    if intent.record is Record.JOURNAL_ENTRY:
        body["reversalDate"] = None
    sublists = tuple(name for name in ("line", "apply") if name in body)
    return wire.replace_in_record(intent.record, intent.external_id, body, sublists)


def _head(intent: RecordIntent, references: References) -> Body:
    """Render the fields that all transactions have."""
    assert intent.posted_on is not None
    body: Body = {
        "externalId": intent.external_id,
        "tranDate": intent.posted_on.isoformat(),
        "currency": _id(references.currency(intent.currency)),
        "exchangeRate": intent.exchange_rate,
        "memo": memo(intent),
        fields.EVENT_ID: event_text(intent),
    }
    if intent.block_id:
        body[fields.BLOCK_ID] = intent.block_id
    return body


def memo(intent: RecordIntent) -> str:
    """Return the memo; it names the true date where a closed period moved the posting."""
    text = intent.memo
    if intent.fact_on is not None and intent.fact_on != intent.posted_on:
        text = f"{text[: MEMO_CHARACTERS_MAX - 25]} (dated {intent.fact_on.isoformat()})"
    return text[:MEMO_CHARACTERS_MAX]


def event_text(intent: RecordIntent) -> str:
    """Return the event id as it fits into its field."""
    return intent.event_id[: fields.TEXT_CHARACTERS_MAX]


def _sales_order(intent: RecordIntent, references: References) -> Body:
    return {
        **_head(intent, references),
        "entity": _customer(intent.customer, references),
        "orderStatus": {"id": "B"},  # approved: an order pending approval cannot be billed
        "item": _item_lines(intent, references),
    }


def _invoice(intent: RecordIntent, references: References) -> Body:
    body = _head(intent, references)
    if not intent.source:
        return {
            **body,
            "entity": _customer(intent.customer, references),
            "item": _item_lines(intent, references),
        }
    # What the order has is taken over from it. An order may be billed in parts, so the lines to
    # bill are listed by their number; lines it does not have follow as new ones.
    numbers = references.order_lines(intent.source)
    lines: list[Body] = []
    for line in intent.lines:
        number = numbers.get(line.block_id) if line.block_id else None
        body_line = _item_line(intent, line, references)
        if number is not None:
            del body_line["item"]
            body_line["orderLine"] = number
        lines.append(body_line)
    return {**body, "item": {"items": lines}}


def _customer_deposit(intent: RecordIntent, references: References) -> Body:
    body: Body = {
        **_head(intent, references),
        "customer": _customer(intent.customer, references),
        "payment": to_decimal(intent.amount_minor, intent.currency),
        "undepFunds": {"id": "F" if intent.is_clearing_deposit else "T"},
        fields.CREDIT_TYPE: intent.kind,
        fields.INITIAL_AMOUNT: to_decimal(intent.initial_minor, intent.currency),
    }
    if intent.is_clearing_deposit:
        body["account"] = _id(references.account(Role.PREPAYMENT_CLEARING))
    if intent.expires_on is not None:
        body[fields.EXPIRES_ON] = intent.expires_on.isoformat()
    return body


def _deposit_application(intent: RecordIntent, references: References) -> Body:
    body = _head(intent, references)
    del body["currency"]  # the deposit's; a transform cannot change it
    return {**body, "apply": _apply(intent, references)}


def _journal_entry(intent: RecordIntent, references: References) -> Body:
    lines: list[Body] = []
    for line in intent.lines:
        amount = to_decimal(line.amount_minor, intent.currency)
        for role, side in ((line.debit, "debit"), (line.credit, "credit")):
            body: Body = {
                "account": _id(references.account(Role(role))),
                side: amount,
                "entity": _customer(intent.customer, references),
                "memo": memo(intent),
            }
            if line.block_id:
                body[fields.LINE_BLOCK_ID] = line.block_id
            lines.append(body)
    head = _head(intent, references)
    subsidiary = references.subsidiary()
    if subsidiary:
        head["subsidiary"] = _id(subsidiary)
    return {**head, "line": {"items": lines}}


def _credit_memo(intent: RecordIntent, references: References) -> Body:
    body: Body = {
        **_head(intent, references),
        "entity": _customer(intent.customer, references),
        "item": _item_lines(intent, references),
    }
    if intent.target and intent.applied_minor:
        body["apply"] = _apply(intent, references)
    return body


def _customer_payment(intent: RecordIntent, references: References) -> Body:
    return {
        **_head(intent, references),
        "customer": _customer(intent.customer, references),
        "payment": to_decimal(intent.amount_minor, intent.currency),
        "undepFunds": {"id": "F"},
        "account": _id(references.account(Role.CASH)),
        "apply": _apply(intent, references),
    }


def refunded_from(intent: RecordIntent) -> Role:
    """Return the account that a refund is paid from."""
    return Role.CASH if intent.is_paid_out else Role.PREPAYMENT_CLEARING


def _customer_refund(intent: RecordIntent, references: References) -> Body:
    """Render the refund of a credit memo (`target`) or of a deposit (`source`).

    Out of the bank, or out of clearing, where no money leaves: what is refunded goes into a new
    deposit of the block, or was never paid. The deposit sublist is write-only.

    Source: Oracle help, "Customer Refund" (REST use case).
    """
    body: Body = {
        **_head(intent, references),
        "customer": _customer(intent.customer, references),
        "account": _id(references.account(refunded_from(intent))),
    }
    if intent.target:
        return {**body, "apply": _apply(intent, references)}
    deposit = references.transaction(Record.CUSTOMER_DEPOSIT, intent.source)
    amount = to_decimal(intent.amount_minor, intent.currency)
    return {**body, "deposit": {"items": [{"doc": _id(deposit), "apply": True, "amount": amount}]}}


_CREATE: dict[Record, Callable[[RecordIntent, References], Body]] = {
    Record.SALES_ORDER: _sales_order,
    Record.INVOICE: _invoice,
    Record.CUSTOMER_DEPOSIT: _customer_deposit,
    Record.DEPOSIT_APPLICATION: _deposit_application,
    Record.JOURNAL_ENTRY: _journal_entry,
    Record.CREDIT_MEMO: _credit_memo,
    Record.CUSTOMER_PAYMENT: _customer_payment,
    Record.CUSTOMER_REFUND: _customer_refund,
}


def _item_lines(intent: RecordIntent, references: References) -> Body:
    return {"items": [_item_line(intent, line, references) for line in intent.lines]}


def _item_line(intent: RecordIntent, line: IntentLine, references: References) -> Body:
    """Render an item line: one piece at the amount, so that nothing is multiplied or rounded.

    Credits stand in the description: NetSuite cuts numbers to 15 digits and refuses quantities of
    10 billion (seen by other integrations), which credits reach.
    """
    amount = to_decimal(line.amount_minor, intent.currency)
    body: Body = {
        "item": _id(references.item(line)),
        "quantity": Decimal(1),
        "rate": amount,
        "amount": amount,
        "description": _description(line),
    }
    if line.block_id:
        body[fields.LINE_BLOCK_ID] = line.block_id
    return body


def _description(line: IntentLine) -> str:
    name = "" if line.item.startswith("@") else line.item
    parts = [name or line.kind.value]
    if line.credits is not None:
        parts.append(f"{credits_text(line.credits)} credits")
    if line.block_id:
        parts.append(f"block {line.block_id}")
    return ", ".join(parts)[:MEMO_CHARACTERS_MAX]


def _apply(intent: RecordIntent, references: References) -> Body:
    """Render the apply sublist: each invoice, ticked, with its amount. Its key is `doc`.

    Of an application that loses one of several invoices, that one is ticked off.
    """
    lines: list[Body] = []
    for target, minor in intent.targets or ((intent.target, intent.applied_minor),):
        try:
            line: Body = {"doc": _id(references.transaction(target_type(intent.record), target))}
        except TargetMissingError:
            if minor:
                raise
            continue  # nothing is to be applied to it, and nothing is
        if minor:
            line |= {"apply": True, "amount": to_decimal(minor, intent.currency)}
        else:
            line["apply"] = False
        lines.append(line)
    return {"items": lines}


def target_type(record: Record) -> Record:
    """Return the type of record that a record is applied to."""
    return Record.CREDIT_MEMO if record is Record.CUSTOMER_REFUND else Record.INVOICE


def _id(internal_id: str) -> Body:
    return {"id": internal_id}


def _customer(name: str, references: References) -> Body:
    """Refer to a customer: ours by external id, one that was there before us by its id."""
    return _id(references.customer(name)) if split_native(name) else _eid(name)


def _eid(external_id: str) -> Body:
    """Refer to a record by external id. Source: Oracle help, "Using External IDs"."""
    return {"externalId": external_id}
