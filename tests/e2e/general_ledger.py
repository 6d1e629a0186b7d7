"""NetSuite's general ledger as postings, read by SuiteQL without any code of the product.

A posting is one debit and one credit. Invoices, memos, deposits, applications and payments have
one main line, which each other line is paired with; a journal's lines come in pairs. Recognition
journals name no block; the revenue plans that they fulfil do.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from tests.e2e.company import Company

_LINES = (
    "SELECT t.id AS id, t.recordtype AS record, t.custbody_dd_block_id AS body, tl.id AS line, "
    "tl.custcol_dd_block_id AS block, a.acctnumber AS account, tal.amount AS amount "
    "FROM transaction t JOIN transactionline tl ON tl.transaction = t.id "
    "JOIN transactionaccountingline tal "
    "ON tal.transaction = tl.transaction AND tal.transactionline = tl.id "
    "JOIN account a ON a.id = tal.account "
    "WHERE tal.posting = 'T' ORDER BY t.id, tl.id"
)
_RECOGNISED = (
    "SELECT r.id AS id, r.journal AS journal, r.amount AS amount, e.exchangerate AS rate, "
    "d.acctnumber AS deferral, c.acctnumber AS recognition, tl.custcol_dd_block_id AS block "
    "FROM revenueplanplannedrevenue r JOIN revenueplan p ON p.id = r.revenueplan "
    "JOIN revenueelement e ON e.id = p.createdfrom "
    "JOIN account d ON d.id = e.deferralaccount JOIN account c ON c.id = e.recognitionaccount "
    "JOIN transactionline tl ON tl.transaction = e.source AND tl.id = e.sourceline "
    "WHERE r.journal IS NOT NULL ORDER BY r.id"
)
RECOGNITION = "recognition"
"""Record of the postings of revenue recognition journals."""


class Posting(NamedTuple):
    """One posting in base currency; accounts by number."""

    record: str
    block_id: str
    debit: str
    credit: str
    amount: Decimal


class _Line(NamedTuple):
    tx: str
    record: str
    block_id: str
    account: str
    amount: Decimal


def postings(company: Company) -> list[Posting]:
    """Return every posting in NetSuite's general ledger, in order of transactions."""
    recognised = _recognised(company)
    found: list[Posting] = []
    for tx, group in groupby(_lines(company), key=lambda line: line.tx):
        lines = list(group)
        assert sum(line.amount for line in lines) == 0
        if tx in recognised:
            assert _by_account(lines) == _by_account_of(recognised[tx])
            found += recognised[tx]
        elif lines[0].record == "journalentry":
            assert len(lines) % 2 == 0
            found += [_paired(lines[n], lines[n + 1]) for n in range(0, len(lines), 2)]
        else:
            found += [_paired(lines[0], line) for line in lines[1:] if line.amount]
    return found


def balances(company: Company) -> dict[str, Decimal]:
    """Return the balance of every account that has one, by account number."""
    return _by_account(_lines(company))


def _lines(company: Company) -> list[_Line]:
    return [
        _Line(
            row["id"],
            row["record"],
            row.get("body", "") or row.get("block", ""),
            row["account"],
            Decimal(row["amount"]),
        )
        for row in company.rows(_LINES)
    ]


def _paired(main: _Line, other: _Line) -> Posting:
    debit, credit = (main, other) if other.amount < 0 else (other, main)
    if main.record == "journalentry":
        assert debit.amount + credit.amount == 0
        assert debit.block_id == credit.block_id
    return Posting(other.record, other.block_id, debit.account, credit.account, abs(other.amount))


def _recognised(company: Company) -> dict[str, list[Posting]]:
    found: dict[str, list[Posting]] = defaultdict(list)
    for row in company.rows(_RECOGNISED):
        amount = Decimal(row["amount"]) * Decimal(row["rate"])
        debit, credit = row["deferral"], row["recognition"]
        if amount < 0:
            debit, credit, amount = credit, debit, -amount
        found[row["journal"]].append(
            Posting(RECOGNITION, row.get("block", ""), debit, credit, amount)
        )
    return found


def _by_account(lines: list[_Line]) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        totals[line.account] += line.amount
    return {account: amount for account, amount in totals.items() if amount}


def _by_account_of(found: list[Posting]) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for posting in found:
        totals[posting.debit] += posting.amount
        totals[posting.credit] -= posting.amount
    return {account: amount for account, amount in totals.items() if amount}
