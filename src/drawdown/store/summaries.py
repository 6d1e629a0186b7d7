"""Where summarised drawdowns gather until their period has ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from drawdown.core.plan import RecordIntent
from drawdown.core.rules import Record
from drawdown.core.summaries import Member, SummaryKey, summary_id
from drawdown.store.codec import array_literal, decode_intent, encode_intent
from drawdown.store.database import Row, Session

PeriodOfBlock = tuple[str, date]
"""A block and the last day of a period."""


class SummaryOf(NamedTuple):
    """The summary of a member."""

    summary_id: str
    block_id: str
    period_end: date
    is_posted: bool


class Waiting(NamedTuple):
    """A summary that gathers, for people to see."""

    block_id: str
    period_end: date
    record: str
    members: int
    amount_minor: int
    currency: str


class Gathered(NamedTuple):
    """A summary with its members."""

    summary_id: str
    key: SummaryKey
    members: list[Member]


def gathering_ids(session: Session, keys: Iterable[SummaryKey]) -> dict[SummaryKey, str]:
    """Return the summary that gathers under each key; one is begun where there is none."""
    wanted = sorted(set(keys))
    found: dict[SummaryKey, str] = {}
    begun: list[tuple[str, str, date, str, str, int]] = []
    rows = session.run("summary_generations", _columns(wanted))
    for block_id, end, record, source, generation, open_id in rows:
        key = SummaryKey(block_id, end, Record(record), source)
        found[key] = open_id or summary_id(session.tenant_id, key, generation)
        if not open_id:
            begun.append((found[key], block_id, end, record, source, generation))
    if begun:
        session.send("add_summaries", _columns(begun))
    return found


def add_members(session: Session, members: Iterable[tuple[str, RecordIntent]]) -> None:
    """Gather records of drawdowns, each under its summary's id."""
    rows = [
        (
            intent.external_id, gathered_by, intent.target, intent.amount_minor,
            encode_intent(intent),
        )
        for gathered_by, intent in members
    ]  # fmt: skip
    if rows:
        session.send("add_summary_members", _columns(rows))


def summaries_of(session: Session, external_ids: Iterable[str]) -> dict[str, SummaryOf]:
    """Return the summary of each external id that is a member's."""
    rows = session.run("summaries_of_members", {"ids": array_literal(external_ids)})
    return {row[0]: SummaryOf(*row[1:]) for row in rows}


def ended(session: Session, through: date, limit: int) -> list[PeriodOfBlock]:
    """Return blocks and periods that gather and have ended by a day, oldest first."""
    return [
        (row[0], row[1])
        for row in session.run("summaries_open", {"through": through, "limit": limit})
    ]


def waiting(session: Session) -> list[Waiting]:
    """Return what gathers now."""
    return [Waiting(*row) for row in session.run("summaries_waiting")]


def gathered(session: Session, periods: Sequence[PeriodOfBlock]) -> list[Gathered]:
    """Return what gathers for blocks and periods, members in a fixed order."""
    return _grouped(session.run("members_of_keys", _columns(periods)).fetchall())


def members_of(session: Session, one: str) -> Gathered:
    """Return a summary with its members."""
    (found,) = _grouped(session.run("members_of_summary", {"summary_id": one}).fetchall())
    return found


def _grouped(rows: Iterable[Row]) -> list[Gathered]:
    groups: dict[str, Gathered] = {}
    for one, block_id, end, record, source, external_id, target, amount, intent in rows:
        if one not in groups:
            groups[one] = Gathered(one, SummaryKey(block_id, end, Record(record), source), [])
        groups[one].members.append(Member(external_id, target, amount, decode_intent(intent)))
    return list(groups.values())


def mark_posted(session: Session, ids: Iterable[str]) -> None:
    """Close summaries: what comes later for their keys begins new ones."""
    session.send("summaries_posted", {"ids": array_literal(ids)})


def change_member(session: Session, external_id: str, amount_minor: int) -> None:
    """Set what is left of a member."""
    session.send("change_member", {"external_id": external_id, "amount": amount_minor})


class Gathering(NamedTuple):
    """What the ERP cannot know yet, because it gathers.

    Attributes:
        balances: By (block id, account, currency): debits minus credits.
        unapplied: By external id of a deposit or an invoice: what will be applied of it.
    """

    balances: Mapping[tuple[str, str, str], int]
    unapplied: Mapping[str, int]


def gathering(session: Session) -> Gathering:
    """Return what the ERP cannot know yet."""
    unapplied: dict[str, int] = {}
    for _block, record, _external_id, target, source, amount in session.run("gathering"):
        if record == Record.DEPOSIT_APPLICATION:
            for name in (target, source):
                unapplied[name] = unapplied.get(name, 0) + amount
    balances = {(row[0], row[1], row[2]): row[3] for row in session.run("balances_gathering")}
    return Gathering(balances, unapplied)


def _columns(rows: Sequence[tuple[object, ...]]) -> dict[str, object]:
    columns = enumerate(zip(*rows, strict=True))
    return {f"c{place}": array_literal(column) for place, column in columns}
