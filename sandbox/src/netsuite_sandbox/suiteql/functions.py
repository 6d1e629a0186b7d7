"""Functions of SuiteQL that SQLite lacks, registered on the connection."""

from __future__ import annotations

import json
import sqlite3
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from netsuite_sandbox import dates
from netsuite_sandbox.dates import MONTHS
from netsuite_sandbox.suiteql import oracle
from netsuite_sandbox.suiteql.oracle import plain


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        return datetime.fromisoformat(str(value)).replace(tzinfo=None)
    except ValueError:
        return None


def to_char(value: Any, pattern: str | None = None) -> str | None:
    """TO_CHAR of a date (ISO text) or a number.

    Raises:
        ValueError: A pattern of numbers that is none.
    """
    if value is None:
        return None
    moment = _moment(value) if isinstance(value, str) else None
    if moment is None and pattern is not None and not isinstance(value, str):
        return oracle.formatted(value, pattern)
    if moment is None or pattern is None:
        return plain(value)
    out = pattern
    for token, text in (
        ("YYYY", f"{moment.year:04d}"), ("MONTH", MONTHS[moment.month - 1].upper()),
        ("Month", MONTHS[moment.month - 1]), ("MON", MONTHS[moment.month - 1][:3].upper()),
        ("Mon", MONTHS[moment.month - 1][:3]), ("MM", f"{moment.month:02d}"),
        ("DD", f"{moment.day:02d}"), ("HH24", f"{moment.hour:02d}"),
        ("HH12", f"{moment.hour % 12 or 12:02d}"), ("HH", f"{moment.hour % 12 or 12:02d}"),
        ("MI", f"{moment.minute:02d}"), ("SS", f"{moment.second:02d}"),
        ("YY", f"{moment.year % 100:02d}"), ("Q", str((moment.month + 2) // 3)),
    ):  # fmt: skip
        out = out.replace(token, text).replace(token.lower(), text)
    return out


def to_date(value: Any, pattern: str) -> str | None:
    """TO_DATE with a strftime pattern; ISO text out."""
    if value is None:
        return None
    moment = datetime.strptime(str(value), pattern)  # noqa: DTZ007 (a date has no zone)
    return (
        moment.date().isoformat()
        if "%H" not in pattern and "%I" not in pattern
        else (moment.isoformat() + "Z")
    )


def add_days(value: Any, days: Any) -> str | None:
    """Date plus days."""
    moment = _moment(value)
    if moment is None or days is None:
        return None
    return (moment.date() + timedelta(days=int(days))).isoformat()


def days_between(left: Any, right: Any) -> float | None:
    """Date minus date, in days."""
    first, second = _moment(left), _moment(right)
    if first is None or second is None:
        return None
    return (first - second).total_seconds() / 86_400


def add_months(value: Any, months: Any) -> str | None:
    """ADD_MONTHS: a month end stays a month end."""
    moment = _moment(value)
    if moment is None or months is None:
        return None
    day = moment.date()
    total = day.year * 12 + day.month - 1 + int(months)
    last = _month_end(total // 12, total % 12 + 1)
    is_end = (day + timedelta(days=1)).month != day.month
    number = last.day if is_end else min(day.day, last.day)
    return date(last.year, last.month, number).isoformat()


def _month_end(year: int, month: int) -> date:
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def last_day(value: Any) -> str | None:
    """LAST_DAY of the month."""
    moment = _moment(value)
    return None if moment is None else _month_end(moment.year, moment.month).isoformat()


def trunc_date(value: Any, unit: str = "DD") -> str | None:
    """TRUNC of a date to day, month, quarter or year."""
    moment = _moment(value)
    if moment is None:
        return None
    day = moment.date()
    key = unit.upper()
    if key in {"YYYY", "YEAR", "YY", "Y"}:
        day = day.replace(month=1, day=1)
    elif key in {"Q", "QUARTER"}:
        day = day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    elif key in {"MM", "MONTH", "MON"}:
        day = day.replace(day=1)
    return day.isoformat()


def truncate(value: Any, digits: Any = 0) -> float | int | None:
    """TRUNC of a number."""
    if value is None:
        return None
    number = Decimal(str(value)).quantize(Decimal(1).scaleb(-int(digits or 0)), ROUND_DOWN)
    return float(number)


def account_date(value: str, form: str) -> str:
    """A date as it leaves SuiteQL: in the account's format."""
    moment = _moment(value)
    return value if moment is None else dates.shown(moment.date(), form)


def many(text: str | None, operator: str, cased: str, *values: Any) -> str:
    """MNFILTER: compare what is chosen, a JSON list, with values. "T" or "F".

    Source: query.Operator: MN_EXCLUDE is the contrary of MN_INCLUDE (any), MN_EXCLUDE_ALL that of
    MN_INCLUDE_ALL.
    """
    fold = str(cased).upper() not in {"TRUE", "T"}
    chosen, wanted = (
        {plain(one).lower() if fold else plain(one) for one in group if one is not None}
        for group in (json.loads(text or "[]"), values)
    )
    found = {
        "MN_INCLUDE": bool(chosen & wanted), "MN_INCLUDE_ALL": wanted <= chosen,
        "MN_INCLUDE_EXACTLY": wanted == chosen,
    }[operator.replace("EXCLUDE", "INCLUDE")]  # fmt: skip
    return "T" if found != ("EXCLUDE" in operator) else "F"


def register(connection: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    for name, arity, function in (
        ("ns_to_char", -1, to_char), ("ns_to_date", 2, to_date), ("ns_add_days", 2, add_days),
        ("ns_days_between", 2, days_between), ("ns_add_months", 2, add_months),
        ("ns_last_day", 1, last_day), ("ns_trunc_date", -1, trunc_date),
        ("ns_truncate", -1, truncate), ("ns_many", -1, many),
        ("ns_account_date", 2, lambda day, form: day and account_date(day, form)),
    ):  # fmt: skip
        connection.create_function(name, arity, function, deterministic=True)
    oracle.register(connection)
    connection.execute("PRAGMA case_sensitive_like = ON")
