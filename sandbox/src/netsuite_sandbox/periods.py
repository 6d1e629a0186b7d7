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

    def may_post(self, period_id: int, *, receivables: bool) -> bool:
        """Whether a period takes postings: not closed, and not locked for this role."""
        period = self.get(period_id)
        if period is None or period.closed:
            return False
        locked = period.all_locked or (receivables and period.ar_locked)
        return not locked or bool(self._company.settings["override_period_restrictions"])

    def resolve(
        self, day: str, chosen: int | None, *, receivables: bool, pending: bool = False
    ) -> int:
        """Return the posting period of a new or moved transaction.

        Source: "Journal Entry Approval" (bridgehead_N1469122) for those that wait for approval:
        a locked period counts as closed, and the date is looked at only when they are approved.

        Args:
            day: Transaction date.
            chosen: postingPeriod the caller named, if any.
            receivables: Whether the A/R lock applies.
            pending: Whether the transaction waits for approval.

        Raises:
            NetSuiteError: USER_ERROR if the period is closed or locked, or the date does not fit.
        """
        if chosen is not None:
            period = self.get(chosen)
            if pending and period is not None and not period.closed:
                # A locked one that the role may not post to is worked out anew.
                if self.may_post(chosen, receivables=receivables):
                    return chosen
                return self.resolve(day, None, receivables=receivables, pending=True)
            if period is None:
                raise errors.invalid_value(chosen, "postingPeriod", "postingPeriod")
            if period.closed:
                raise user_error(errors.CLOSED_TRAN_PRD_MOVE)
        else:
            natural = self.containing(day)
            if natural is None:
                raise user_error(self._mismatch())
            shut = natural.closed or (
                pending and not self.may_post(natural.id, receivables=receivables)
            )
            period = self.offered() if shut else natural
        if pending:
            return period.id
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
        """Close, open, or lock a period ("close", "open", "lock", "lock-ar").

        Source: "Reopening a Closed Period" (section_N1457543): later closed periods are reopened
        with it.
        """
        period = self.find(name)
        if action == "open" and period.closed:
            for later in [p for p in self.all() if p.start > period.start and p.closed]:
                self._set(later, action)
        self._set(period, action)
        return self.find(name)

    def _set(self, period: Period, action: str) -> None:
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

    def offered(self, *, current: bool = False) -> Period:
        """Return the period offered when the date's own is closed, by the preference.

        Args:
            current: Whether it is the current one whatever the preference says.
        """
        periods = [period for period in self.all() if not period.closed]
        if not periods:
            raise user_error(errors.CLOSED_TRAN_PRD)
        if current or self._company.settings["default_posting_period_when_closed"] == "current":
            now = self.containing(self._company.clock.today().isoformat())
            if now is not None and not now.closed:
                return now
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
