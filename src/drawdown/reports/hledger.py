"""The journal as an hledger file that passes ``hledger check --strict``.

Every entry is one transaction. At the end stand the balances that the positions of the blocks
demand (`positions.expected_balances`) as assertions, which hledger checks against its own sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from drawdown.core.accounts import KINDS, Role
from drawdown.core.money import money_text
from drawdown.reports.journal import (
    ACCOUNTS,
    JournalLine,
    currencies_of,
    exponent,
    hledger_account,
    memo,
    memos,
    tags,
)
from drawdown.reports.positions import Expected

_TYPES = {"asset": "A", "liability": "L", "income": "R", "equity": "E"}
_CLOSING = "Balances of the blocks"
_TAGS = ("block", "event", "rule", "item", "external_id", "record", "number", "internal_id")
_WIDTH = max(len(hledger_account(account)) for account in ACCOUNTS)


def export(lines: Iterable[JournalLine], expected: Expected) -> Iterator[str]:
    """Write the journal as text lines without line ends.

    Args:
        lines: Any order; hledger sorts by date. Nothing is kept, so it may be long.
        expected: Balances to assert; its currencies are declared, so every currency must be in it.
    """
    yield from _declarations(expected)
    last = None
    for line in lines:
        entry = line.entry
        last = entry.posted_on if last is None else max(last, entry.posted_on)
        yield ""
        yield f"{entry.posted_on} {memo(entry)}"
        for name, value in tags(line):
            yield f"    ; {name}: {value}"
        amount = money_text(entry.amount_minor, entry.currency)
        yield f"    {hledger_account(entry.debit):{_WIDTH}}  {amount:>18} {entry.currency}"
        yield f"    {hledger_account(entry.credit):{_WIDTH}}  {'-' + amount:>18} {entry.currency}"
    if last is not None:
        yield from _assertions(last, expected)


def _declarations(expected: Expected) -> Iterator[str]:
    yield "; Journal of prepaid credit blocks. Check it with: hledger check --strict -f THIS_FILE"
    yield "; Values of tags are percent-encoded where they hold commas or control characters."
    yield ""
    for currency in currencies_of(expected):
        yield f"commodity 1000.{'0' * exponent(currency)} {currency}"
    for account in ACCOUNTS:
        kind = "C" if account is Role.CASH else _TYPES[KINDS[account]]
        yield f"account {hledger_account(account):{_WIDTH}}  ; type: {kind}"
    for payee in (*memos(), _CLOSING):
        yield f"payee {payee}"
    for tag in _TAGS:
        yield f"tag {tag}"


def _assertions(on: date, expected: Expected) -> Iterator[str]:
    yield ""
    yield f"{on} {_CLOSING}"
    for currency in currencies_of(expected):
        zero = money_text(0, currency)
        for account in ACCOUNTS:
            amount = money_text(expected.get((account, currency), 0), currency)
            name = f"{hledger_account(account):{_WIDTH}}"
            yield f"    {name}  {zero} {currency} = {amount:>18} {currency}"
