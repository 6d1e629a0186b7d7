"""What every report of the journal shares: an entry with its native record, a block's whole life.

Names of accounts in other programs' files are derived here from roles, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote

from drawdown.core.accounts import KINDS, Account, Observed, Role
from drawdown.core.block import Block
from drawdown.core.iso4217 import EXPONENTS
from drawdown.core.money import to_decimal
from drawdown.core.plan import Entry, Movement
from drawdown.core.rules import MIRRORS, RULES, Record

ACCOUNTS: tuple[Account, ...] = (*Role, *Observed)
"""Every account a journal can name, in the order reports show them."""


class Reference(NamedTuple):
    """A native record as the ERP knows it.

    Attributes:
        record: Native record type, such as ``customerDeposit``.
        internal_id: The ERP's id; a cache, so reports show it but never rely on it.
        number: The document number people see.
    """

    record: str = ""
    internal_id: str = ""
    number: str = ""


class JournalLine(NamedTuple):
    """One entry of the journal and what an exporter says about it."""

    entry: Entry
    event_id: str
    reference: Reference


class Life(NamedTuple):
    """Everything recorded about one block.

    Attributes:
        movements: In order of sequence.
        entries: In order of posting: by sequence, then as recorded. Their dates are those on which
            the ERP has their records.
        decided_on: By external id of a record, the date that was decided, where its period was
            closed or the ERP moved it.
    """

    block: Block
    movements: Sequence[Movement]
    entries: Sequence[Entry]
    decided_on: Mapping[str, date] = MappingProxyType({})


References = Mapping[str, Reference]
"""Native references by external id; records that are not delivered yet are missing."""

_BY_CODE = {rule.code: rule for rule in RULES}
_MIRRORED = {code: of for of, (code, _) in reversed(MIRRORS.items())}
_MEMOS: dict[tuple[str, Account, Account], str] = {
    (rule.code, rule.debit, rule.credit): rule.memo for rule in RULES
}
_UNDOINGS = dict(MIRRORS.values())


def record_type(code: str) -> str:
    """Return the native record that carries entries of a rule or mirror; a memo undoes invoices."""
    rule = _BY_CODE.get(code)
    if rule is not None:
        return rule.record.value
    undone = _BY_CODE[_MIRRORED[code]].record
    return (Record.CREDIT_MEMO if undone is Record.INVOICE else undone).value


def memo(entry: Entry) -> str:
    """Say in words what an entry is, from the rules table."""
    return _MEMOS.get((entry.code, entry.debit, entry.credit)) or _sentence(_UNDOINGS[entry.code])


def memos() -> tuple[str, ...]:
    """Return everything `memo` can say, without repetition."""
    return tuple(dict.fromkeys([*_MEMOS.values(), *map(_sentence, _UNDOINGS.values())]))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def reference_of(entry: Entry, references: References) -> Reference:
    """Return what the ERP calls the record of an entry, as far as that is known.

    A recognition is NetSuite's own journal: its number stands in the entry itself.
    """
    rule = _BY_CODE.get(entry.code) or _BY_CODE[_MIRRORED[entry.code]]
    known = references.get(entry.record)
    if known is None:
        return Reference(
            record_type(entry.code), "", entry.record if rule.by_arm or rule.is_there else ""
        )
    return known if known.record else known._replace(record=record_type(entry.code))


def journal_lines(life: Life, references: References) -> Iterator[JournalLine]:
    """Join the entries of a block with their events and native records, in posting order."""
    events = {movement.sequence: movement.event_id for movement in life.movements}
    for entry in life.entries:
        yield JournalLine(entry, events[entry.sequence], reference_of(entry, references))


def tags(line: JournalLine) -> Iterator[tuple[str, str]]:
    """Yield what identifies an entry, in a fixed order, without what is empty."""
    entry, reference = line.entry, line.reference
    for name, value in (
        ("block", entry.block_id),
        ("event", line.event_id),
        ("rule", entry.code),
        ("item", entry.item_id),
        ("external_id", entry.record),
        ("record", reference.record),
        ("number", reference.number),
        ("internal_id", reference.internal_id),
    ):
        if value:
            yield name, escape(value)


def escape(text: str) -> str:
    """Make text safe inside one line of another program's file; `urllib.parse.unquote` undoes it.

    Percent-encoded are control characters, line separators, the percent sign, the comma (it ends
    a tag in hledger) and blanks at the ends. Letters of any script stay readable.
    """
    last = len(text) - 1
    return "".join(
        quote(char, safe="", errors="replace")
        if not char.isprintable() or char in "%," or (char == " " and place in (0, last))
        else char
        for place, char in enumerate(text)
    )


def hledger_account(account: Account) -> str:
    """Return the account's name in hledger, such as ``assets:accounts_receivable``."""
    return f"{_TOP[KINDS[account]].lower()}:{account.value}"


def beancount_account(account: Account) -> str:
    """Return the account's name in beancount, such as ``Assets:AccountsReceivable``."""
    words = account.value.split("_")
    return f"{_TOP[KINDS[account]]}:{''.join(word.capitalize() for word in words)}"


_TOP = {"asset": "Assets", "liability": "Liabilities", "income": "Income", "equity": "Equity"}


def title(account: Account) -> str:
    """Return the account's name for people, such as ``Accounts receivable``."""
    return account.value.replace("_", " ").capitalize()


def money(amount_minor: int, currency: str) -> str:
    """Write minor units for people: grouped, with the currency's decimals, such as 1,250.00."""
    return f"{to_decimal(amount_minor, currency):,}"


def exponent(currency: str) -> int:
    """Return the number of decimals of a currency."""
    return EXPONENTS[currency]


def currencies_of(keys: Iterable[tuple[Account, str]]) -> list[str]:
    """Return the currencies of a table of balances, sorted."""
    return sorted({currency for _, currency in keys})
