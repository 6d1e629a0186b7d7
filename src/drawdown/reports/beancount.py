"""The journal as a beancount file that passes ``bean-check``.

Every entry is one transaction. At the end stand the balances that the positions of the blocks
demand (`positions.expected_balances`) as balance directives without tolerance.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from drawdown.core.money import money_text
from drawdown.reports.journal import (
    ACCOUNTS,
    JournalLine,
    beancount_account,
    currencies_of,
    memo,
    tags,
)
from drawdown.reports.positions import Expected

_OPENED = "1900-01-01"  # before any posting: beancount wants an account open when it is used
_WIDTH = max(len(beancount_account(account)) for account in ACCOUNTS)


def export(lines: Iterable[JournalLine], expected: Expected) -> Iterator[str]:
    """Write the journal as text lines without line ends.

    Args:
        lines: Any order; beancount sorts by date. Nothing is kept, so it may be long.
        expected: Balances to assert.
    """
    yield "; Journal of prepaid credit blocks. Check it with: bean-check THIS_FILE"
    yield "; Metadata is percent-encoded where it holds commas or control characters."
    yield ""
    yield 'option "title" "Prepaid credit blocks"'
    yield ""
    for currency in currencies_of(expected):
        yield f"{_OPENED} commodity {currency}"
    for account in ACCOUNTS:
        yield f"{_OPENED} open {beancount_account(account)}"
    last = None
    for line in lines:
        entry = line.entry
        last = entry.posted_on if last is None else max(last, entry.posted_on)
        yield ""
        yield f'{entry.posted_on} * "{quoted(memo(entry))}"'
        for name, value in tags(line):
            yield f'  {name}: "{quoted(value)}"'
        amount = money_text(entry.amount_minor, entry.currency)
        yield f"  {beancount_account(entry.debit):{_WIDTH}}  {amount:>18} {entry.currency}"
        yield f"  {beancount_account(entry.credit):{_WIDTH}}  {'-' + amount:>18} {entry.currency}"
    if last is not None:
        yield ""
        yield from assertions(last + timedelta(days=1), expected)


def assertions(on: date, expected: Expected) -> Iterator[str]:
    """Write balance directives of every account and currency, as of the start of a day.

    Without the tolerance spelled out, beancount would let a difference of one cent pass.
    """
    for currency in currencies_of(expected):
        for account in ACCOUNTS:
            amount = money_text(expected.get((account, currency), 0), currency)
            name = f"{beancount_account(account):{_WIDTH}}"
            yield f"{on} balance {name}  {amount:>18} ~ 0 {currency}"


def quoted(text: str) -> str:
    """Escape text for a beancount string."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
