"""Proving that our journal and the ERP's ledger say the same, block by block; naming what does not.

Each comparison is one function that yields differences; `COMPARISONS` is their list. A difference
says what was found on which block, how much, and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from drawdown.core import checks
from drawdown.core.block import Block
from drawdown.core.money import credits_text, money_text
from drawdown.core.plan import DocumentKind, Entry
from drawdown.core.ports import Erp, ErpRecord
from drawdown.core.rules import Record
from drawdown.store import outbox
from drawdown.store.database import Session
from drawdown.store.ledger import PAGE_SIZE, all_blocks, all_documents, entries_of
from drawdown.store.outbox import ExpectedRecord, Outgoing

WAITING_MAX = 1_000_000
"""Records not delivered yet that a reconciliation takes into account."""


class Difference(NamedTuple):
    """One disagreement, named.

    Attributes:
        kind: Short name of the cause, for filters.
        what: Account role or record concerned.
        ours: Decimal string of what our journal says; empty where no amount is compared.
        theirs: Decimal string of what the ERP says.
        detail: What happened and what to do, in words.
    """

    kind: str
    block_id: str
    what: str
    currency: str
    ours: str
    theirs: str
    detail: str


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The result of one reconciliation.

    Attributes:
        blocks: Number of blocks compared.
        records: Number of the ERP's records compared.
    """

    blocks: int
    records: int
    differences: tuple[Difference, ...]


@dataclass(slots=True)
class _Run:
    """What the comparisons share: read once."""

    session: Session
    erp: Erp
    records: dict[str, ErpRecord]
    expected: dict[str, ExpectedRecord]
    waiting: list[Outgoing]
    blocks: int = 0


def reconcile(session: Session, erp: Erp) -> Reconciliation:
    """Compare everything; read only.

    Raises:
        ErpError: The ERP could not be read.
    """
    run = _Run(
        session,
        erp,
        {record.external_id: record for record in erp.records()},
        outbox.expected_records(session),
        outbox.window(session, WAITING_MAX),
    )
    found = [difference for compare in COMPARISONS for difference in compare(run)]
    return Reconciliation(run.blocks, len(run.records), tuple(found))


def compare_invariants(run: _Run) -> Iterator[Difference]:
    """Our own journal: every invariant of every block."""
    page: list[Block] = []
    for block in all_blocks(run.session):
        run.blocks += 1
        page.append(block)
        if len(page) >= PAGE_SIZE:
            yield from _check_page(run, page)
            page = []
    yield from _check_page(run, page)


def _check_page(run: _Run, page: list[Block]) -> Iterator[Difference]:
    entries: dict[str, list[Entry]] = {block.block_id: [] for block in page}
    for entry in entries_of(run.session, list(entries)):
        entries[entry.block_id].append(entry)
    for block in page:
        for problem in checks.violations(block, entries[block.block_id]):
            yield Difference(
                "invariant", block.block_id, "journal", block.currency, "", "",
                f"{problem}; the stored journal is damaged: restore it from a backup",
            )  # fmt: skip


def compare_balances(run: _Run) -> Iterator[Difference]:
    """Per block and account role: our journal against the ERP's ledger."""
    ours = {
        (block_id, role, currency): amount
        for block_id, role, currency, amount in run.session.run("block_role_balances")
    }
    theirs: dict[tuple[str, str, str], int] = {}
    for balance in run.erp.tagged_balances():
        key = (balance.block_id, balance.role.value, balance.currency)
        theirs[key] = theirs.get(key, 0) + balance.amount_minor
    waiting = {lane for row in run.waiting for lane in row.lanes}
    for key in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(key, 0), theirs.get(key, 0)
        if mine != other:
            block_id, role, currency = key
            yield Difference(
                "not_delivered" if block_id in waiting else "balance",
                block_id, role, currency, money_text(mine, currency), money_text(other, currency),
                f"block {block_id}: {role} is {money_text(mine, currency)} {currency} in our "
                f"journal and {money_text(other, currency)} in the ERP; "
                + (
                    "records of the block are not delivered yet: run deliver"
                    if block_id in waiting
                    else "a record of the block was changed in the ERP, see the record differences"
                ),
            )  # fmt: skip


def compare_recognition(run: _Run) -> Iterator[Difference]:
    """Recognition observed in the journal against what revenue management says now."""
    ours = {
        (block_id, currency): amount
        for block_id, currency, amount in run.session.run("recognised_by_block")
    }
    theirs: dict[tuple[str, str], int] = {}
    for fact in run.erp.recognised():
        key = (fact.block_id, fact.currency)
        theirs[key] = theirs.get(key, 0) + fact.amount_minor
    for key in sorted(ours.keys() | theirs.keys()):
        mine, other = ours.get(key, 0), theirs.get(key, 0)
        if mine != other:
            block_id, currency = key
            yield Difference(
                "recognition", block_id, "revenue", currency,
                money_text(mine, currency), money_text(other, currency),
                f"block {block_id}: revenue management has recognised "
                f"{money_text(other, currency)} {currency}, our journal has observed "
                f"{money_text(mine, currency)}; run reconcile again to take in what is new, or "
                "find the recognition journal that was deleted",
            )  # fmt: skip


def compare_records(run: _Run) -> Iterator[Difference]:
    """Every record we delivered is there once, as it was delivered; nothing is unexpected."""
    for external_id, wanted in sorted(run.expected.items()):
        if wanted.status != "done":
            continue
        found = run.records.get(external_id)
        if (found is None) != (wanted.operation == "delete"):
            what = "is gone" if found is None else "should have been deleted but is there"
            yield Difference(
                "record_missing" if found is None else "record_left", wanted.block_id, external_id,
                wanted.currency, money_text(wanted.amount_minor, wanted.currency), "",
                f"{_named(wanted, external_id)} {what} in the ERP; somebody changed it there: "
                "restore it, or reverse the event in the billing platform",
            )  # fmt: skip
        elif found is not None:
            yield from _compare_content(wanted, found)
    for external_id, found in sorted(run.records.items()):
        if external_id not in run.expected:
            yield Difference(
                "record_unknown", "", external_id, found.currency, "",
                money_text(found.amount_minor, found.currency),
                f"{found.record} {found.number} bears our external id {external_id} but is not in "
                "the outbox; another database posted it: connect each ERP account to one database",
            )  # fmt: skip


def _compare_content(wanted: ExpectedRecord, found: ErpRecord) -> Iterator[Difference]:
    """Amount, date and exchange rate of a record against what was delivered."""
    for kind, ours, theirs in (
        (
            "record_amount",
            money_text(wanted.amount_minor, wanted.currency),
            money_text(found.amount_minor, found.currency),
        ),
        ("record_date", wanted.posted_on.isoformat(), found.posted_on.isoformat()),
        (
            "record_rate",
            credits_text(wanted.exchange_rate),
            credits_text(found.exchange_rate),
        ),
    ):
        if ours != theirs:
            yield Difference(
                kind, wanted.block_id, wanted.external_id, wanted.currency, ours, theirs,
                f"{_named(wanted, found.number or wanted.external_id)} was delivered with "
                f"{_KINDS[kind]} {ours} and now has {theirs}; somebody edited it in the ERP: set "
                "it back there",
            )  # fmt: skip


def _named(wanted: ExpectedRecord, number: str) -> str:
    of_block = f" of block {wanted.block_id}" if wanted.block_id else ""
    return f"{wanted.record} {number}{of_block}"


_KINDS = {"record_amount": "amount", "record_date": "date", "record_rate": "exchange rate"}


def compare_dues(run: _Run) -> Iterator[Difference]:
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
        if block.deposit:
            wanted[block.deposit] = (block.open_minor, block.block_id)
    for document in all_documents(run.session):
        if document.kind in (DocumentKind.PURCHASE, DocumentKind.USAGE, DocumentKind.EXPIRATION):
            due = document.due_minor
            if document.kind is DocumentKind.PURCHASE:
                due += sum(due_of_block[block_id] for block_id in document.block_ids)
            wanted[document.record] = (due, "")
    for external_id, (amount, block_id) in sorted(wanted.items()):
        found = run.records.get(external_id)
        expected = run.expected.get(external_id)
        if found is None or expected is None or expected.status != "done":
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


def compare_untagged(run: _Run) -> Iterator[Difference]:
    """Postings on our accounts that no block explains."""
    for line in run.erp.untagged():
        yield Difference(
            "untagged", "", line.role.value, line.currency, "",
            money_text(line.amount_minor, line.currency),
            f"{line.record} {line.number} of {line.posted_on} posts "
            f"{money_text(line.amount_minor, line.currency)} {line.currency} to {line.role.value} "
            f"with no block id ({line.memo or 'no memo'}); give its line the block id or move it "
            "to another account",
        )  # fmt: skip


COMPARISONS: tuple[Callable[[_Run], Iterator[Difference]], ...] = (
    compare_invariants,
    compare_balances,
    compare_recognition,
    compare_records,
    compare_dues,
    compare_untagged,
)
