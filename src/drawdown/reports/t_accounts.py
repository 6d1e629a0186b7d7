"""T-accounts as a picture for the terminal: debits left, credits right, several side by side.

Plain text with box-drawing characters, so that it reads the same in a terminal, a mail and a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from drawdown.core.accounts import Account
from drawdown.core.plan import Entry
from drawdown.reports.journal import ACCOUNTS, money, title

ZERO_MARK = "–"  # noqa: RUF001
WIDTH = 100
_GAP = "   "
_BALANCE = "Bal."
_HALF_MIN = 14


class Side(NamedTuple):
    """One line of one side: a rule code, how often it was posted, and the money."""

    code: str
    times: int
    amount_minor: int


class TAccount(NamedTuple):
    """One account in one currency.

    Attributes:
        debits: In order of posting.
        credits: In order of posting.
    """

    account: Account
    currency: str
    debits: tuple[Side, ...]
    credits: tuple[Side, ...]

    @property
    def balance_minor(self) -> int:
        """Debits minus credits."""
        return sum(side.amount_minor for side in self.debits) - sum(
            side.amount_minor for side in self.credits
        )


def t_accounts(entries: Iterable[Entry], *, merged: bool = False) -> list[TAccount]:
    """Sort entries into T-accounts.

    Args:
        entries: Of one block or of many, in order of posting.
        merged: Add up postings of one rule; otherwise each entry has a line of its own.

    Returns:
        Accounts that were posted to, by currency, then in the order of the roles.
    """
    sides: dict[tuple[str, Account], tuple[list[Side], list[Side]]] = {}
    for entry in entries:
        for place, account in enumerate((entry.debit, entry.credit)):
            side = sides.setdefault((entry.currency, account), ([], []))[place]
            _add(side, entry, merged=merged)
    order = {account: place for place, account in enumerate(ACCOUNTS)}
    return [
        TAccount(account, currency, tuple(debits), tuple(credits_))
        for (currency, account), (debits, credits_) in sorted(
            sides.items(), key=lambda item: (item[0][0], order[item[0][1]])
        )
    ]


def _add(side: list[Side], entry: Entry, *, merged: bool) -> None:
    if merged:
        for place, known in enumerate(side):
            if known.code == entry.code:
                total = known.amount_minor + entry.amount_minor
                side[place] = Side(entry.code, known.times + 1, total)
                return
    side.append(Side(entry.code, 1, entry.amount_minor))


def picture(entries: Iterable[Entry], *, merged: bool = False, width: int = WIDTH) -> str:
    """Draw T-accounts as text.

    Args:
        entries: Of one block or of many, in order of posting.
        merged: Add up postings of one rule; wanted when there are many.
        width: Columns of the terminal; a single T is never cut, however narrow it is.

    Returns:
        Lines joined by newlines, without trailing blanks; empty if there are no entries. More
        than one currency: a heading for each.
    """
    drawn = t_accounts(entries, merged=merged)
    currencies = list(dict.fromkeys(account.currency for account in drawn))
    parts: list[str] = []
    for currency in currencies:
        accounts = [account for account in drawn if account.currency == currency]
        if len(currencies) > 1:
            parts.append(f"── {currency} ".ljust(width, "─"))
        parts.append("\n".join(_sheet(accounts, width)))
    return "\n\n".join(parts)


def _sheet(accounts: list[TAccount], width: int) -> Iterator[str]:
    """Yield the lines of one currency: as many Ts in a row as fit, all of one width."""
    half = max(_half_width(account) for account in accounts)
    per_row = max(1, (width + len(_GAP)) // (2 * half + 3 + len(_GAP)))
    for start in range(0, len(accounts), per_row):
        if start:
            yield ""
        row = accounts[start : start + per_row]
        height = max(max(len(account.debits), len(account.credits)) for account in row)
        for lines in zip(*(_draw(account, half, height) for account in row), strict=True):
            yield _GAP.join(lines).rstrip()


def _half_width(account: TAccount) -> int:
    """Return the columns one side needs: code, two blanks, amount."""
    sides = (account.debits, account.credits)
    rows = [
        len(_code(line)) + 2 + len(money(line.amount_minor, account.currency))
        for side in sides
        for line in side
    ]
    totals = [len(_total(side, account.currency)) for side in sides]
    balance = len(_BALANCE) + 1 + len(money(abs(account.balance_minor), account.currency))
    return max([*rows, *totals, balance, (len(title(account.account)) - 2) // 2, _HALF_MIN])


def _draw(account: TAccount, half: int, height: int) -> list[str]:
    """Draw one T; every T of a row has the same number of lines."""
    width = 2 * half + 3
    lines = [
        title(account.account).center(width),
        "━" * (half + 1) + "┳" + "━" * (half + 1),
    ]
    lines.extend(
        _line(
            _entry(account.debits, place, account.currency, half),
            _entry(account.credits, place, account.currency, half),
        )
        for place in range(height)
    )
    balance = account.balance_minor
    shown = money(abs(balance), account.currency) if balance else ZERO_MARK
    said = _spread(_BALANCE, shown, half)
    lines += [
        "─" * (half + 1) + "╂" + "─" * (half + 1),
        _line(
            _total(account.debits, account.currency).rjust(half),
            _total(account.credits, account.currency).rjust(half),
        ),
        _line(said, " " * half) if balance >= 0 else _line(" " * half, said),
    ]
    return lines


def _line(left: str, right: str) -> str:
    return f"{left} ┃ {right}"


def _entry(side: tuple[Side, ...], place: int, currency: str, half: int) -> str:
    if place >= len(side):
        return " " * half
    line = side[place]
    return _spread(_code(line), money(line.amount_minor, currency), half)


def _spread(left: str, right: str, width: int) -> str:
    return left + right.rjust(width - len(left))


def _code(line: Side) -> str:
    return line.code if line.times == 1 else f"{line.code} ×{line.times:,}"  # noqa: RUF001


def _total(side: tuple[Side, ...], currency: str) -> str:
    total = sum(line.amount_minor for line in side)
    return money(total, currency) if total else ZERO_MARK
