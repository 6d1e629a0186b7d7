"""Record intents that every reversal shares: credit memo and reversing journal."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from drawdown.core.block import Block
from drawdown.core.decide.known import Known
from drawdown.core.decide.posting import record_id
from drawdown.core.decide.records import journal_line, of_block, of_document
from drawdown.core.events import BlockVoid, CreditMemo, InvoiceVoid
from drawdown.core.plan import Document, Entry, IntentLine, RecordIntent
from drawdown.core.rules import Record


def describe(event: CreditMemo | InvoiceVoid | BlockVoid) -> str:
    """Name the reversing fact in words."""
    if isinstance(event, CreditMemo):
        return f"Credit memo {event.credit_memo_id}"
    return f"Void ({event.reason})" if event.reason else "Void"


def credit_memo_intent(
    event: CreditMemo | InvoiceVoid | BlockVoid,
    document: Document,
    invoice: str,
    lines: list[IntentLine],
    applied_minor: int,
    known: Known,
    posted_on: date,
) -> RecordIntent:
    """R2, V4: the credit memo of one ERP invoice, applied to it as far as it is due."""
    memo = of_document(
        Record.CREDIT_MEMO,
        record_id(Record.CREDIT_MEMO, known.tenant_id, event.event_id, invoice),
        document, event, known,
        memo=f"{describe(event)} on invoice {document.document_id}",
        posted_on=posted_on,
        amount_minor=sum(line.amount_minor for line in lines),
    )  # fmt: skip
    return replace(
        memo,
        exchange_rate=_rate(lines, document, known),
        lines=tuple(lines),
        target=invoice,
        applied_minor=applied_minor,
    )


def _rate(lines: list[IntentLine], document: Document, known: Known) -> Decimal:
    """Return the exchange rate of the invoice credited: that of the blocks it draws."""
    for line in lines:
        if line.block_id:
            return known.blocks[line.block_id].exchange_rate
    return document.exchange_rate


def reversing_journal(
    event: CreditMemo | InvoiceVoid | BlockVoid,
    block: Block,
    entry: Entry,
    amount_minor: int,
    known: Known,
) -> RecordIntent:
    """R3, V1, V2: a new journal that says the mirror of a recorded one."""
    journal = of_block(
        Record.JOURNAL_ENTRY, entry.record, block, event, known, posted_on=entry.posted_on,
        memo=f"Block {block.block_id}: {describe(event)}", amount_minor=amount_minor,
    )  # fmt: skip
    line = journal_line(amount_minor, block.block_id, entry.debit, entry.credit)
    return replace(journal, lines=(line,))
