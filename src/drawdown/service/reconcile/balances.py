"""The balances of both ledgers, block by block and role by role."""

from __future__ import annotations

from collections.abc import Iterator

from drawdown.core import checks
from drawdown.core.accounts import Role
from drawdown.core.block import Block
from drawdown.core.money import money_text
from drawdown.core.plan import Entry
from drawdown.core.rules import Record
from drawdown.core.slices import slices
from drawdown.service.reconcile.difference import Difference, Run
from drawdown.store.ledger import PAGE_SIZE, all_blocks, entries_of


def compare_invariants(run: Run) -> Iterator[Difference]:
    """Our own journal: every invariant of every block."""
    for page in slices(all_blocks(run.session), PAGE_SIZE):
        run.blocks += len(page)
        yield from _check_page(run, page)


def _check_page(run: Run, page: list[Block]) -> Iterator[Difference]:
    entries: dict[str, list[Entry]] = {block.block_id: [] for block in page}
    for entry in entries_of(run.session, list(entries)):
        entries[entry.block_id].append(entry)
    for block in page:
        for problem in checks.violations(block, entries[block.block_id]):
            yield Difference(
                "invariant", block.block_id, "journal", block.currency, "", "",
                f"{problem}; the stored journal is damaged: restore it from a backup",
            )  # fmt: skip


def compare_balances(run: Run) -> Iterator[Difference]:
    """Per block and account role: our journal against the ERP's ledger."""
    ours = {
        (block_id, role, currency): amount
        for block_id, role, currency, amount in run.session.run("block_role_balances")
    }
    for gathered, amount in run.gathering.balances.items():
        ours[gathered] -= amount
    for skipped, amount in run.decisions.balances.items():
        ours[skipped] -= amount
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


def compare_recognition(run: Run) -> Iterator[Difference]:
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


def compare_untagged(run: Run) -> Iterator[Difference]:
    """Postings on our accounts that no block explains."""
    shared = (Record.INVOICE, Record.CREDIT_MEMO) if run.natives else ()
    for line in run.erp.untagged():
        if line.role is Role.DEFERRED_REVENUE_USAGE and line.record in shared:
            continue  # where others write the invoices, usage without a block is their business
        yield Difference(
            "untagged", "", line.role.value, line.currency, "",
            money_text(line.amount_minor, line.currency),
            f"{line.record} {line.number} of {line.posted_on} posts "
            f"{money_text(line.amount_minor, line.currency)} {line.currency} to {line.role.value} "
            f"with no block id ({line.memo or 'no memo'}); give its line the block id or move it "
            "to another account",
        )  # fmt: skip
