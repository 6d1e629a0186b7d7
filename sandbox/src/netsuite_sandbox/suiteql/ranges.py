"""Relative date ranges: what TM, LFY or DAGO30 mean on a given day.

Source: "query.RelativeDateRange" (section_1544111773) for the codes; TQ, LQ and NQ are third
parties'. Their bounds are nowhere written out: the names say what they are, fiscal years are
calendar years, weeks begin on Sunday, and what is called rolling ends today (unsure).
"""

from __future__ import annotations

import re
from datetime import date, timedelta

Span = tuple[date, date]

_MONTHS = {"M": 1, "Q": 3, "FQ": 3, "FH": 6, "Y": 12, "FY": 12}
_ROLLING = {"Q": 3, "H": 6, "Y": 12}
# How many units away: the letters in front of the unit, or behind it.
_BEFORE = {"T": 0, "L": -1, "N": 1}
_BEHIND = {"BL": -2, "B": -3, "AN": 2}
_NEAR = {"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1, "OD": -1}
_UNIT = "FQ|FH|FY|M|Q|Y|W"
_FORWARD = re.compile(rf"(?P<before>[TLN])(?P<unit>{_UNIT}|BW)(?P<todate>TD)?")
_BACK = re.compile(rf"(?P<unit>{_UNIT})(?P<behind>BL|B|AN)(?P<todate>TD)?")
# The unit of another year or quarter: LFQLFY is the last quarter, a year before.
_OTHER = re.compile(r"(?P<before>[SL])(?P<unit>FQ|FH|M|W)(?P<ago>LFY|FYBL|LFQ|FQBL)(?P<todate>TD)?")
_SAME_DAY = re.compile(r"SD(?P<ago>LFY|FYBL|LFQ|FQBL|LM|MBL|LW|WBL)")
_AGO = {"LFY": -12, "FYBL": -24, "LFQ": -3, "FQBL": -6, "LM": -1, "MBL": -2}
_PARTS_BEFORE = {
    "PMTFQ": (3, 0), "PMTFH": (6, 0), "PMTFY": (12, 0), "PQTFY": (12, 0), "PMLFQ": (3, -3),
    "PMLFH": (6, -6), "PMLFY": (12, -12), "PQLFY": (12, -12), "PMSFQLFY": (3, -12),
    "PMSFHLFY": (6, -12),
}  # fmt: skip


def span(code: str, today: date) -> Span | None:
    """Return first and last day of a range; None if there is no such code."""
    if code in _NEAR:
        day = today + timedelta(days=_NEAR[code])
        return day, day
    days = re.fullmatch(r"(DAGO|DFN)(\d{1,4})", code)
    if days is not None:
        day = today + timedelta(days=int(days[2]) * (-1 if days[1] == "DAGO" else 1))
        return day, day
    return _weeks(code, today) or _shifted(code, today) or _around(code, today)


def _weeks(code: str, today: date) -> Span | None:
    sunday = today - timedelta(days=(today.weekday() + 1) % 7)
    if code == "N4W":
        return sunday + timedelta(days=7), sunday + timedelta(days=34)
    if code == "TWN3W":
        return sunday, sunday + timedelta(days=27)
    if code == "TODAYTTM":
        return today, _first(_month(today) + 1) - timedelta(days=1)
    return None


def _shifted(code: str, today: date) -> Span | None:
    """A whole unit, so many units away; to date ends on the same day of the unit."""
    if code == "OYBL":
        return _unit("Y", today, -2, to_date=False)
    forward, back = _FORWARD.fullmatch(code), _BACK.fullmatch(code)
    if forward is not None:
        away = _BEFORE[forward["before"]]
        return _unit(forward["unit"], today, away, to_date=bool(forward["todate"]))
    if back is not None:
        away = _BEHIND[back["behind"]]
        return _unit(back["unit"], today, away, to_date=bool(back["todate"]))
    other = _OTHER.fullmatch(code)
    if other is None:
        return None
    moved = _add(today, _AGO[other["ago"]])
    away = -1 if other["before"] == "L" else 0
    return _unit(other["unit"], moved, away, to_date=bool(other["todate"]))


def _unit(unit: str, today: date, away: int, *, to_date: bool) -> Span:
    if unit in {"W", "BW"}:
        sunday = today - timedelta(days=(today.weekday() + 1) % 7) + timedelta(days=7 * away)
        first, last = (1, 5) if unit == "BW" else (0, 6)
        start = sunday + timedelta(days=first)
        same = today + timedelta(days=7 * away)
        return start, same if to_date else sunday + timedelta(days=last)
    months = _MONTHS[unit]
    first_month = _month(today) // months * months + away * months
    end = _first(first_month + months) - timedelta(days=1)
    return _first(first_month), _add(today, away * months) if to_date else end


def _around(code: str, today: date) -> Span | None:
    same = _SAME_DAY.fullmatch(code)
    if same is not None:
        ago = same["ago"]
        weeks = {"LW": 7, "WBL": 14}.get(ago)
        day = today - timedelta(days=weeks) if weeks else _add(today, _AGO[ago])
        return day, day
    rolling = re.fullmatch(r"([TLP])R([QHY])", code)
    if rolling is not None:
        months = _ROLLING[rolling[2]]
        back = {"T": 0, "L": 1, "P": 2}[rolling[1]] * months
        end = _add(today, -back)
        return _add(today, -back - months) + timedelta(days=1), end
    if code in _PARTS_BEFORE:
        months, away = _PARTS_BEFORE[code]
        moved = _add(today, away)
        part = 3 if code.startswith("PQ") else 1
        first = _month(moved) // months * months
        end = _first(_month(moved) // part * part) - timedelta(days=1)
        return _first(first), end
    one = re.fullmatch(r"(O|NO)([WMQHY])", code)
    if one is None:
        return None
    months = {"M": 1, "Q": 3, "H": 6, "Y": 12}.get(one[2], 0)
    if one[1] == "O":
        start = _add(today, -months) if months else today - timedelta(days=7)
        return start, today - timedelta(days=1)
    end = _add(today, months) if months else today + timedelta(days=7)
    return today + timedelta(days=1), end


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1


def _first(month: int) -> date:
    return date(month // 12, month % 12 + 1, 1)


def _add(day: date, months: int) -> date:
    """The same day of another month, or its last one."""
    month = _month(day) + months
    last = (_first(month + 1) - timedelta(days=1)).day
    return _first(month).replace(day=min(day.day, last))
