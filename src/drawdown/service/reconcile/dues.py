"""What is due on invoices, and what is unapplied on deposits."""

from __future__ import annotations

from collections.abc import Iterator

from drawdown.core.money import money_text
from drawdown.core.plan import DocumentKind
from drawdown.core.rules import Record
from drawdown.service.reconcile.difference import Difference, Run
from drawdown.store.ledger import all_blocks, all_documents


def compare_dues(run: Run) -> Iterator[Difference]:
    """What is due on invoices, and what is unapplied on deposits."""
    waiting = {
        name
        for row in run.waiting
        for name in (row.external_id, row.intent.source, row.intent.target)
    }
    due_of_block: dict[str, int] = {}
    wanted: dict[str, tuple[int, str]] = {}
    for block in all_blocks(run.session):
        due_of_block[block.block_id] = max(0, block.due_minor)
        for deposit in block.deposits:
            wanted[deposit.record] = (deposit.unapplied_minor, block.block_id)
    for document in all_documents(run.session):
        if document.kind in (DocumentKind.PURCHASE, DocumentKind.USAGE, DocumentKind.EXPIRATION):
            due = document.due_minor
            if document.kind is DocumentKind.PURCHASE:
                due += sum(due_of_block[block_id] for block_id in document.block_ids)
            blocks = document.block_ids
            wanted[document.record] = (due, blocks[0] if len(blocks) == 1 else "")
    for external_id, (booked, block_id) in sorted(wanted.items()):
        amount = booked + run.gathering.unapplied.get(external_id, 0)
        found = run.records.get(external_id)
        if found is None or external_id not in run.delivered:
            continue  # `compare_records` has said so
        if found.unpaid_minor != amount:
            what = "unapplied" if found.record == Record.CUSTOMER_DEPOSIT else "due"
            ours = money_text(amount, found.currency)
            theirs = money_text(found.unpaid_minor, found.currency)
            whose = f" of block {block_id}" if block_id else ""
            is_waiting = external_id in waiting
            yield Difference(
                "not_delivered" if is_waiting else what,
                block_id, external_id, found.currency, ours, theirs,
                f"{found.record} {found.number}{whose} has {theirs} {found.currency} {what}, our "
                f"journal says {ours}; "
                + (
                    "a record that changes it is not delivered yet: run deliver"
                    if is_waiting
                    else "a payment or application was made or removed in the ERP"
                ),
            )  # fmt: skip
