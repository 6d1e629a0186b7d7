"""Accounting periods: which one a transaction posts to, and what closed and locked ones refuse.

Sources: "General Accounting Preferences", "Locking Accounting Periods", "Closing
Accounting Periods".
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date

from netsuite_sandbox import errors
from netsuite_sandbox.company import Company
from netsuite_sandbox.errors import user_error

_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_OBSERVED_MISMATCH = (
    "The transaction date you specified is not within the date range of your accounting period."
)


@dataclass(frozen=True, slots=True)
class Period:
    """A base period (neither quarter nor year): the only kind that can be posted to."""

    id: int
    name: str
    start: str
    end: str
    closed: bool
    all_locked: bool
    ar_locked: bool


def month_name(year: int, month: int) -> str:
    """Return the name of a month's period, e.g. "Jan 2026"."""
    return f"{_MONTHS[month - 1]} {year}"


class Periods:
    """The base periods of one account, in order of time."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._periods: list[Period] | None = None
        self._starts: list[str] = []
        self._by_id: dict[int, Period] = {}
        company.db.on_rollback(self.forget)

    def forget(self) -> None:
        """Drop the cache, after any change of a period."""
        self._periods = None

    def all(self) -> list[Period]:
        """All base periods by start date."""
        if self._periods is None:
            self._periods = sorted(
                (
                    Period(
                        record.id, record.body["periodName"], record.body["startDate"],
                        record.body["endDate"], bool(record.body.get("closed")),
                        bool(record.body.get("allLocked")), bool(record.body.get("arLocked")),
                    )
                    for record in self._company.masters("accountingPeriod")
                    if not record.body.get("isYear") and not record.body.get("isQuarter")
                ),
                key=lambda period: period.start,
            )  # fmt: skip
            self._starts = [period.start for period in self._periods]
            self._by_id = {period.id: period for period in self._periods}
        return self._periods

    def get(self, period_id: int) -> Period | None:
        """Return a base period by id."""
        self.all()
        return self._by_id.get(period_id)

    def containing(self, day: str) -> Period | None:
        """Return the base period that holds a date."""
        periods = self.all()
        index = bisect_right(self._starts, day) - 1
        if index < 0 or periods[index].end < day:
            return None
        return periods[index]

    def find(self, name: str) -> Period:
        """Return a period by "2026-01", its name or its id.

        Raises:
            NetSuiteError: INVALID_REQUEST if there is none.
        """
        for period in self.all():
            if name in {period.name, period.start[:7], str(period.id)}:
                return period
        raise errors.invalid_request(f"No accounting period '{name}'.")

    def resolve(self, day: str, chosen: int | None, *, receivables: bool) -> int:
        """Return the posting period of a new or moved transaction.

        Args:
            day: Transaction date.
            chosen: postingPeriod the caller named, if any.
            receivables: Whether the A/R lock applies.

        Raises:
            NetSuiteError: USER_ERROR if the period is closed or locked, or the date does not fit.
        """
        if chosen is not None:
            period = self.get(chosen)
            if period is None:
                raise errors.invalid_value(chosen, "postingPeriod", "postingPeriod")
            if period.closed:
                raise user_error(errors.CLOSED_TRAN_PRD_MOVE)
        else:
            natural = self.containing(day)
            if natural is None:
                raise user_error(self._mismatch())
            period = self._offered() if natural.closed else natural
        strict = self._company.settings["date_outside_posting_period"] == "disallow"
        if strict and not period.start <= day <= period.end:
            raise user_error(self._mismatch())
        self._check_locks(period, receivables=receivables)
        return period.id

    def check_change(self, period_id: int | None, *, receivables: bool, ledger: bool) -> None:
        """Refuse a change or deletion of a transaction in a closed or locked period.

        Args:
            ledger: Whether the general-ledger impact changes.
        """
        period = None if period_id is None else self.get(period_id)
        if period is None:
            return
        if period.closed:
            record = self._company.must("accountingPeriod", period.id)
            if ledger:
                raise user_error(errors.CLOSED_TRAN_PRD)
            if not record.body.get("allowNonGLChanges"):
                raise user_error(errors.TRANS_EDIT_DISALLWD)
        if ledger:
            self._check_locks(period, receivables=receivables)

    def first_open(self, day: str) -> Period | None:
        """Return the first open period that ends on or after a date."""
        for period in self.all():
            if period.end >= day and not period.closed and not period.all_locked:
                return period
        return None

    def set_state(self, name: str, action: str) -> Period:
        """Close, open, or lock a period ("close", "open", "lock", "lock-ar")."""
        period = self.find(name)
        record = self._company.must("accountingPeriod", period.id)
        if action == "close":
            record.body.update(closed=True, allLocked=True, arLocked=True, apLocked=True,
                               closedOnDate=self._company.clock.stamp())  # fmt: skip
        elif action == "open":
            record.body.update(closed=False, allLocked=False, arLocked=False, apLocked=False,
                               closedOnDate=None)  # fmt: skip
        elif action == "lock":
            record.body.update(allLocked=True, arLocked=True, apLocked=True)
        elif action == "lock-ar":
            record.body.update(arLocked=True)
        else:
            raise errors.invalid_request(f"A period is closed, opened or locked, not '{action}'.")
        with self._company.db.transaction():
            self._company.save_master(record, new=False)
        self.forget()
        return self.find(name)

    def _offered(self) -> Period:
        """The period offered when the date's own is closed, by the preference."""
        periods = [period for period in self.all() if not period.closed]
        if not periods:
            raise user_error(errors.CLOSED_TRAN_PRD)
        if self._company.settings["default_posting_period_when_closed"] == "current":
            current = self.containing(self._company.clock.today().isoformat())
            if current is not None and not current.closed:
                return current
        return periods[0]

    def _check_locks(self, period: Period, *, receivables: bool) -> None:
        # The refusal of a locked period has no documented text of its own (unsure).
        if self._company.settings["override_period_restrictions"]:
            return
        if period.all_locked or (receivables and period.ar_locked):
            raise user_error(errors.TRAN_PERIOD_CLOSED)

    def _mismatch(self) -> str:
        if self._company.settings["date_mismatch_text"] == "documented":
            return errors.DATE_PRD_MISMATCH
        return _OBSERVED_MISMATCH


def month_bounds(year: int, month: int) -> tuple[str, str]:
    """Return first and last day of a month, ISO."""
    first = date(year, month, 1)
    following = date(year + month // 12, month % 12 + 1, 1)
    return first.isoformat(), date.fromordinal(following.toordinal() - 1).isoformat()
