"""Oracle's functions that SQLite lacks.

Source: "SuiteQL Supported and Unsupported Functions" (section_158513731864) for the list. Each is
registered as `ns_` and its name in lower case. A NULL argument gives NULL, as in Oracle, unless a
function says otherwise. Numbers are exact decimals inside.
"""

from __future__ import annotations

import calendar
import math
import re
import sqlite3
import string
import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from statistics import StatisticsError, correlation, covariance, median
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_FORMAT = re.compile(r"^(FM)?([$SL]?)([09GD,.]+)(MI)?$", re.IGNORECASE)
_SOUNDEX = {letter: str(code) for code, letters in enumerate(
    ("BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"), 1) for letter in letters}  # fmt: skip
_PAD_MAX = 4000  # Oracle's longest VARCHAR2.


def plain(value: Any) -> str:
    """A value as SuiteQL writes it: always text, numbers with at most 15 digits."""
    if isinstance(value, float):
        number = Decimal(f"{value:.15g}")
        text = format(number, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)


def formatted(value: Any, pattern: str) -> str:
    """TO_CHAR of a number: digits 9 and 0, comma or G, point or D, FM, $ and a sign.

    Raises:
        ValueError: The pattern is none of these.
    """
    found = _FORMAT.match(pattern)
    if found is None:
        raise ValueError(pattern)
    body = found[3].upper().replace("G", ",").replace("D", ".")
    whole, _, fraction = body.partition(".")
    number = round(Decimal(plain(value)), len(fraction))
    digits, _, decimals = format(abs(number), f".{len(fraction)}f").partition(".")
    places = [mark for mark in whole if mark in "09"]
    least = len(places) - places.index("0") if "0" in places else 0
    digits = "" if digits == "0" and decimals and not least else digits
    digits = digits.rjust(least, "0")
    if len(digits) > len(places):
        return "#" * (len(body) + 1)
    out, left = "", list(digits)
    for mark in reversed(whole):
        if mark != ",":
            out = (left.pop() if left else "") + out
        elif left:
            out = "," + out
    text = out + ("." + decimals if decimals else "")
    sign = "-" if number < 0 else "+" if found[2].upper() == "S" else ""
    text = sign + ("$" if found[2] in "$L" and found[2] else "") + text
    if found[1]:
        return text.rstrip("0").rstrip(".") if decimals and set(fraction) == {"9"} else text
    return text.rjust(len(body) + 1)


def _number(value: Any) -> Decimal:
    return Decimal(plain(value).strip().replace(",", ""))


def _to_number(value: Any, _pattern: Any = None) -> float | int:
    try:
        number = _number(str(value).replace("$", ""))
    except InvalidOperation as error:
        raise ValueError(value) from error
    return int(number) if number == number.to_integral_value() else float(number)


def _pad(value: Any, length: Any, mark: str = " ", *, left: bool) -> str:
    text, wanted = plain(value), min(int(length), _PAD_MAX)
    if len(text) >= wanted or not mark:
        return text[: max(wanted, 0)]
    fill = (mark * wanted)[: wanted - len(text)]
    return fill + text if left else text + fill


def _instr(value: Any, part: Any, position: Any = 1, occurrence: Any = 1) -> int:
    text, wanted, start = plain(value), plain(part), int(position)
    at = start - 2 if start > 0 else len(text) + start + 1
    for _ in range(int(occurrence)):
        if start > 0:
            at = text.find(wanted, at + 1)
        else:
            at = text.rfind(wanted, 0, max(at - 1, 0) + len(wanted)) if at > 0 else -1
        if at < 0:
            return 0
    return at + 1


def _flags(flags: Any) -> re.RegexFlag:
    out = re.RegexFlag(0)
    for letter in str(flags or ""):
        out |= {"i": re.IGNORECASE, "m": re.MULTILINE, "n": re.DOTALL,
                "x": re.VERBOSE}.get(letter, re.RegexFlag(0))  # fmt: skip
    return out


def _expression(pattern: Any, flags: Any) -> re.Pattern[str]:
    classes = {"alpha": "a-zA-Z", "digit": "0-9", "alnum": "a-zA-Z0-9", "space": r"\s",
               "upper": "A-Z", "lower": "a-z", "punct": re.escape(string.punctuation)}  # fmt: skip
    text = re.sub(r"\[:(\w+):\]", lambda m: classes.get(m[1], m[0]), str(pattern))
    return re.compile(text, _flags(flags))


def _regexp_substr(
    value: Any, pattern: Any, position: Any = 1, occurrence: Any = 1, *more: Any
) -> str | None:
    flags, group = (*more, None, 0)[:2] if more else (None, 0)
    found = list(_expression(pattern, flags).finditer(plain(value), int(position) - 1))
    place = int(occurrence) - 1
    return found[place].group(int(group or 0)) or None if 0 <= place < len(found) else None


def _regexp_instr(
    value: Any, pattern: Any, position: Any = 1, occurrence: Any = 1, *more: Any
) -> int:
    after, flags = (*more, None)[:2] if more else (0, None)
    found = list(_expression(pattern, flags).finditer(plain(value), int(position) - 1))
    place = int(occurrence) - 1
    if not 0 <= place < len(found):
        return 0
    return (found[place].end() if int(after) else found[place].start()) + 1


def _regexp_replace(
    value: Any, pattern: Any, new: Any = "", position: Any = 1, occurrence: Any = 0, flags: Any = ""
) -> str:
    text, start, only = plain(value), int(position) - 1, int(occurrence)
    expression, seen = _expression(pattern, flags), 0

    def put(found: re.Match[str]) -> str:
        nonlocal seen
        seen += 1
        if only and seen != only:
            return found[0]
        return re.sub(r"\\(\d)", lambda m: found[int(m[1])] or "", plain(new))

    return text[:start] + expression.sub(put, text[start:])


def _translate(value: Any, old: Any, new: Any) -> str:
    target = plain(new)
    table = {ord(mark): (target[i] if i < len(target) else None)
             for i, mark in reversed(list(enumerate(plain(old))))}  # fmt: skip
    return plain(value).translate(table)


def _soundex(value: Any) -> str | None:
    letters = [mark for mark in plain(value).upper() if mark.isalpha()]
    if not letters:
        return None
    out, last = letters[0], _SOUNDEX.get(letters[0], "")
    for mark in letters[1:]:
        code = _SOUNDEX.get(mark, "")
        if code and code != last:
            out += code
        if mark not in "HW":
            last = code
    return out[:4].ljust(4, "0")


def _day(value: Any) -> datetime:
    return datetime.fromisoformat(str(value)).replace(tzinfo=None)


def _months_between(left: Any, right: Any) -> float | int:
    """Whole months between equal days or month ends, else 31sts of a month."""
    one, two = _day(left), _day(right)
    months = (one.year - two.year) * 12 + one.month - two.month
    ends = all(d.day == calendar.monthrange(d.year, d.month)[1] for d in (one, two))
    if one.day == two.day or ends:
        return months
    midnights = [d.replace(hour=0, minute=0, second=0, microsecond=0) for d in (one, two)]
    clock = (one - midnights[0]) - (two - midnights[1])
    return months + (one.day - two.day + clock.total_seconds() / 86_400) / 31


def _next_day(value: Any, name: Any) -> str:
    names = [day.upper() for day in calendar.day_name]
    wanted = next(i for i, day in enumerate(names) if day.startswith(str(name).upper()[:3]))
    start = _day(value).date()
    return (start + timedelta(days=(wanted - start.weekday() - 1) % 7 + 1)).isoformat()


def _remainder(left: Any, right: Any) -> float | int:
    one, two = _number(left), _number(right)
    return _to_number(one - two * (one / two).to_integral_value(ROUND_HALF_EVEN))


def _bucket(value: Any, low: Any, high: Any, count: Any) -> int:
    number, start, end, parts = _number(value), _number(low), _number(high), int(count)
    if start > end:
        number, start, end = -number, -start, -end
    if number < start:
        return 0
    if number >= end:
        return parts + 1
    return int((number - start) / (end - start) * parts) + 1


def _offset(name: Any) -> str:
    try:
        delta = datetime.now(UTC).astimezone(ZoneInfo(str(name))).utcoffset() or timedelta()
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(name) from error
    minutes = int(delta.total_seconds() // 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _ascii(value: Any) -> int:
    text = plain(value)
    return ord(text[0]) if text else 0


def _ascii_only(value: Any) -> str:
    return "".join(c if ord(c) < 128 else f"\\{ord(c):04X}" for c in plain(value))


def _initials(value: Any) -> str:
    return re.sub(r"[^\W_]+", lambda m: m[0][:1].upper() + m[0][1:].lower(), plain(value))


def _wide(value: Any) -> str:
    return re.sub(r"\\([0-9A-Fa-f]{4})", lambda m: chr(int(m[1], 16)), plain(value))


def _bytes(value: Any) -> int:
    return len(plain(value).encode())


def _same(value: Any, *_more: Any) -> str:
    return plain(value)


def _kept(value: Any, *_more: Any) -> Any:
    return value


def _extract(unit: Any, value: Any) -> int:
    moment = _day(value)
    parts = {"YEAR": moment.year, "MONTH": moment.month, "DAY": moment.day, "HOUR": moment.hour,
             "MINUTE": moment.minute, "SECOND": moment.second}  # fmt: skip
    return parts[str(unit).upper()]


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "ascii": _ascii, "asciistr": _ascii_only,
    "bitand": lambda left, right: int(_number(left)) & int(_number(right)),
    "compose": lambda text: unicodedata.normalize("NFC", plain(text)),
    "decompose": lambda text, _form="": unicodedata.normalize("NFD", plain(text)),
    "extract": _extract, "from_tz": _kept, "initcap": _initials, "instr": _instr,
    "length2": lambda text: len(plain(text).encode("utf-16-le")) // 2,
    "length4": lambda text: len(plain(text)), "lengthb": _bytes,
    "lengthc": lambda text: len(unicodedata.normalize("NFC", plain(text))),
    "lpad": lambda *given: _pad(*given, left=True), "months_between": _months_between,
    "nanvl": _kept, "next_day": _next_day, "nls_initcap": lambda text, *_: _initials(text),
    "nls_lower": lambda text, *_: plain(text).lower(),
    "nls_upper": lambda text, *_: plain(text).upper(), "regexp_instr": _regexp_instr,
    "regexp_replace": _regexp_replace, "regexp_substr": _regexp_substr, "remainder": _remainder,
    "rpad": lambda *given: _pad(*given, left=False), "soundex": _soundex,
    "sys_extract_utc": _kept, "to_binary_double": _to_number, "to_binary_float": _to_number,
    "to_clob": _same, "to_multi_byte": _same, "to_nclob": _same, "to_number": _to_number,
    "to_single_byte": lambda text: unicodedata.normalize("NFKC", plain(text)),
    "translate": _translate, "tz_offset": _offset, "unistr": _wide, "vsize": _bytes,
    "width_bucket": _bucket,
}  # fmt: skip


class _Collected:
    """An aggregate over pairs or single values of which none is NULL."""

    compute: Callable[..., float]

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []

    def step(self, *values: Any) -> None:
        """Take one row."""
        if None not in values:
            self.rows.append(values)

    def finalize(self) -> Any:
        """Return the result; NULL for too few rows."""
        columns = [list(column) for column in zip(*self.rows, strict=True)]
        try:
            return type(self).compute(*columns)
        except (StatisticsError, TypeError, ZeroDivisionError):
            return None


class _Median(_Collected):
    compute = staticmethod(median)


class _Correlation(_Collected):
    compute = staticmethod(correlation)


class _SampleCovariance(_Collected):
    compute = staticmethod(covariance)


class _Covariance(_Collected):
    @staticmethod
    def compute(left: list[Any], right: list[Any]) -> float:
        """Population covariance."""
        means = math.fsum(left) / len(left), math.fsum(right) / len(right)
        products = ((a - means[0]) * (b - means[1]) for a, b in zip(left, right, strict=True))
        return math.fsum(products) / len(left)


def _strict(function: Callable[..., Any]) -> Callable[..., Any]:
    """NULL in, NULL out."""
    return lambda *given: None if None in given else function(*given)


def register(connection: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    for name, function in _FUNCTIONS.items():
        connection.create_function(f"ns_{name}", -1, _strict(function), deterministic=True)
    for name, arity, kind in (
        ("median", 1, _Median), ("corr", 2, _Correlation), ("covar_pop", 2, _Covariance),
        ("covar_samp", 2, _SampleCovariance),
    ):  # fmt: skip
        connection.create_aggregate(f"ns_{name}", arity, kind)
