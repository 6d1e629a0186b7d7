"""Records whose period was closed between decision and delivery, and those the ERP moved by itself.

A record that is not delivered yet gets the first open day, its whole chain with it. A record that
the ERP took into another period stands there for us too. The journal is not edited: the new day is
written beside it and entries are read with it, so that both ledgers say the same period.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from datetime import date

from drawdown.core.errors import ErpRefusedError
from drawdown.core.observed import ErpPeriod
from drawdown.core.policy import ClosedPeriod, Policy
from drawdown.core.ports import Erp
from drawdown.store import exceptions as rows
from drawdown.store.database import Session
from drawdown.store.exceptions import Redating, Undelivered
from drawdown.store.ledger import lock_tenant

BY_POLICY = "drawdown"
"""Who acted where the policy and no person did."""


def follow_periods(session: Session, erp: Erp, policy: Policy) -> int:
    """Bring our dates in line with the ERP's periods, as far as the policy lets us.

    Records that are not delivered and whose period takes no postings any more are dated the first
    open day (policy first open day; otherwise they wait for a person). Delivered records that the
    ERP posted to another period than that of their date are taken to stand in that period. The
    books learn from which day on they are open, so that what is decided from now on heeds it.

    Returns:
        How many records changed their date.

    Raises:
        ErpError: The periods could not be read, or none takes postings.
    """
    open_from = erp.books_open_from()
    periods = erp.periods()
    if not periods:
        return 0
    made = _made_before(session, erp)
    count = 0
    with session.transaction():
        lock_tenant(session)
        session.run("set_books_open_from", {"day": open_from})
        back = [
            (row, made[row.position])
            for row in rows.undelivered(session)
            if row.status == "parked" and row.position in made
        ]
        reason = "an earlier try, made before it was dated anew, was carried out after all"
        count += len(move(session, back, BY_POLICY, reason))
        if policy.closed_period is ClosedPeriod.FIRST_OPEN_DAY:
            days = {
                row.position: (row, day)
                for row in rows.undelivered(session)
                if row.position not in made
                and (day := first_open_day(periods, row.posted_on)) not in (None, row.posted_on)
            }
            reason = "its period was closed before it was delivered (policy first_open_day)"
            count += len(move(session, list(days.values()), BY_POLICY, reason))
        count += _take_over_moved(session, periods)
    return count


def _made_before(session: Session, erp: Erp) -> dict[int, date | None]:
    """Find parked records that the ERP holds as they were before they were dated anew.

    A request that went unanswered can be carried out minutes later; what has happened stands.

    Returns:
        The date under which each was made, by position; None where the ERP refuses to show it (as
        when a record of another type bears its external id): it stays parked under its date until
        a person has acted, and must not hold up the others.
    """
    made: dict[int, date | None] = {}
    for position, intent, days in rows.parked_redated(session):
        try:
            for day in days:
                found = erp.inspect(dataclasses.replace(intent, posted_on=day))
                if found is not None and not found.differences:
                    made[position] = day
        except ErpRefusedError:
            made[position] = None
    return made


def first_open_day(periods: Sequence[ErpPeriod], on: date) -> date | None:
    """Return the first day from a date on that takes postings; None if there is none.

    A day that lies in no period is left alone: what is wrong with it the ERP says better.
    """
    if on < periods[0].starts_on or on > periods[-1].ends_on:
        return on
    for period in periods:
        if period.is_open and period.ends_on >= on:
            return max(on, period.starts_on)
    return None


def chain_of(
    chosen: Collection[int], undelivered: Sequence[Undelivered], day: date
) -> list[tuple[Undelivered, date]]:
    """Return what must move with some records: what shares their event or lanes and is earlier.

    Args:
        chosen: Positions.
    """
    picked = [row for row in undelivered if row.position in chosen]
    events = {row.event_id for row in picked}
    lanes = {lane for row in picked for lane in row.lanes}
    return [
        (row, day)
        for row in undelivered
        if row.posted_on < day
        and (row.position in chosen or row.event_id in events or not lanes.isdisjoint(row.lanes))
    ]


def move(
    session: Session, moved: Sequence[tuple[Undelivered, date | None]], who: str, reason: str
) -> dict[str, str]:
    """Give records that are not delivered other dates; in a transaction.

    Returns:
        What was done in words, by exception id.
    """
    found = [(row, day) for row, day in moved if day is not None and day != row.posted_on]
    if not found:
        return {}
    rows.redate_rows(session, {row.position: day for row, day in found})
    redatings = [Redating(row.external_id, row.posted_on, day, row.block_id) for row, day in found]
    rows.add_redatings(session, redatings, who, reason)
    details = {
        f"record:{row.position}": f"{row.record} {row.external_id} dated {day} instead of "
        f"{row.posted_on}"
        for row, day in found
    }
    rows.add_actions(session, "redate", details, who, reason)
    return details


def _take_over_moved(session: Session, periods: Sequence[ErpPeriod]) -> int:
    found = rows.delivered_elsewhere(
        session, [(one.name, one.starts_on, one.ends_on) for one in periods]
    )
    if found:
        rows.add_redatings(
            session,
            [redating for redating, _ in found],
            BY_POLICY,
            "the ERP posted it to another period than that of its date",
        )
    return len(found)
