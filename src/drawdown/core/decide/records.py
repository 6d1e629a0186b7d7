"""Records that decisions make: what each of them says of its block or its document.

What only one kind of record has, such as lines or a target, its decision replaces.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Protocol

from drawdown.core.accounts import Account
from drawdown.core.block import Block
from drawdown.core.decide.known import Known
from drawdown.core.decide.posting import customer_lane
from drawdown.core.plan import Document, IntentLine, Operation, RecordIntent
from drawdown.core.policy import DepositAccount, Policy
from drawdown.core.rules import Record


class DatedFact(Protocol):
    """An event that bears the date of a document."""

    @property
    def event_id(self) -> str:
        """The source's id of the fact."""
        ...

    @property
    def posted_on(self) -> date:
        """Date of the fact's document."""
        ...


def of_block(
    record: Record,
    external_id: str,
    block: Block,
    event: DatedFact,
    known: Known,
    *,
    memo: str,
    posted_on: date,
    amount_minor: int,
) -> RecordIntent:
    """Return a record of one block."""
    return RecordIntent(
        record,
        Operation.CREATE,
        external_id,
        lanes=(block.block_id,),
        customer=known.customers[block.customer_id].record,
        event_id=event.event_id,
        memo=memo,
        posted_on=posted_on,
        fact_on=event.posted_on,
        currency=block.currency,
        exchange_rate=block.exchange_rate,
        amount_minor=amount_minor,
        block_id=block.block_id,
    )


def of_document(
    record: Record,
    external_id: str,
    document: Document,
    event: DatedFact,
    known: Known,
    *,
    memo: str,
    posted_on: date,
    amount_minor: int,
) -> RecordIntent:
    """Return a record about a document: of all its blocks, or of its customer if it has none."""
    return RecordIntent(
        record,
        Operation.CREATE,
        external_id,
        lanes=document.block_ids or (customer_lane(document.customer_id),),
        customer=known.customers[document.customer_id].record,
        event_id=event.event_id,
        memo=memo,
        posted_on=posted_on,
        fact_on=event.posted_on,
        currency=document.currency,
        exchange_rate=document.exchange_rate,
        amount_minor=amount_minor,
    )


def journal_line(amount_minor: int, block_id: str, debit: Account, credit: Account) -> IntentLine:
    """Return what a journal entry says of one block."""
    return IntentLine(amount_minor, block_id, debit=debit.value, credit=credit.value)


def with_terms(intent: RecordIntent, block: Block, policy: Policy) -> RecordIntent:
    """Add the terms of its block to a record that opens it, or part of it."""
    return replace(
        intent,
        kind=block.kind.value,
        initial_minor=intent.amount_minor,
        expires_on=policy.last_day(block.expires_at) if block.expires_at else None,
        is_clearing_deposit=intent.record is Record.CUSTOMER_DEPOSIT
        and policy.deposit_account is DepositAccount.CLEARING,
    )
