"""Reclassification of deferred revenue: contract assets for revenue recognized before billing.

Sources: "Unbilled Receivable Adjustment" (section_160590749111): Dr contract asset / Cr deferred
revenue for what is recognized beyond billing, prior adjustments reversed first; "Groupings for
Unbilled Receivable Adjustment Journal Entries" (section_4527937535) for element and arrangement and
the net amount ratio; "Net Contract Asset or Liability per Element" (section_160590132188) for the
netting entry; "Creating Reclassification Journal Entries" (section_4365500917): dated with the
posting period's last day, approved, at most 1,000 lines, in the next open period if it is shut.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from netsuite_sandbox.arm.billed import billed_units
from netsuite_sandbox.company import Company
from netsuite_sandbox.errors import invalid_request
from netsuite_sandbox.ledger import Header, Ledger, Line
from netsuite_sandbox.money import share
from netsuite_sandbox.periods import Period, Periods
from netsuite_sandbox.store.database import Row

LINES_PER_JOURNAL_MAX = 1000
UNBILLED, NETTING = "unbilled", "netting"
_MEMOS = {
    UNBILLED: "Unbilled Receivable Adjustment",
    NETTING: "Net Contract Asset or Liability per Element",
}


@dataclass(frozen=True, slots=True)
class Move:
    """What a reclassification does to the deferral account of one element.

    Attributes:
        base: Base currency, debit positive; an unbilled receivable takes the other side.
        undoes: The earlier move that this one reverses.
    """

    kind: str
    element: Row
    base: int
    undoes: int = 0


def posting_period(periods: Periods, asked: Period) -> Period:
    """Return the period that month-end journals of `asked` post to: it or the next open one."""
    if not (asked.closed or asked.all_locked):
        return asked
    found = periods.first_open(asked.end)
    if found is None:
        raise invalid_request("No open accounting period is left to post to.")
    return found


def reclassify(company: Company, ledger: Ledger, periods: Periods, name: str) -> dict[str, Any]:
    """Create the reclassification journals of a period.

    Returns:
        {"period", "journals": [{id, tranid, kind, lines}]}, in the order they are made.
    """
    asked = periods.find(name)
    journals: list[dict[str, Any]] = []
    with company.db.transaction():
        posting = posting_period(periods, asked)
        undone: list[Move] = []
        made: list[Move] = []
        rows = company.db.all("SELECT * FROM element WHERE elementdate <= ? ORDER BY id",
                              (asked.end,))  # fmt: skip
        rows.sort(key=lambda row: (row["arrangement"], row["id"]))
        for arrangement, group in groupby(rows, key=lambda row: row["arrangement"]):
            elements = list(group)
            old = _standing(company, arrangement, {row["id"]: row for row in elements})
            new = _wanted(company, elements, asked)
            if _same(company, arrangement, old, new, asked):
                continue
            undone += [Move(m.kind, m.element, -m.base, m.undoes) for m in old]
            made += new
        for moves, is_reversal in ((undone, True), (made, False)):
            for kind in (UNBILLED, NETTING):
                chosen = [move for move in moves if move.kind == kind]
                journals += _write(company, ledger, posting, chosen, is_reversal=is_reversal)
    return {"period": asked.name, "journals": journals}


def _standing(company: Company, arrangement: int, elements: dict[int, Row]) -> list[Move]:
    """The adjustments of an arrangement that no journal has reversed."""
    rows = company.db.all(
        "SELECT * FROM reclass WHERE arrangement = ? AND reversal IS NULL ORDER BY id",
        (arrangement,),
    )
    return [
        Move(row["kind"], elements[row["element"]], row["base"], row["id"])
        for row in rows
        if row["element"] in elements
    ]


def _same(
    company: Company, arrangement: int, old: list[Move], new: list[Move], asked: Period
) -> bool:
    """Whether the period's own adjustments already say what is wanted (a second run)."""
    if {(m.kind, m.element["id"], m.base) for m in old} != {
        (m.kind, m.element["id"], m.base) for m in new
    }:
        return False
    periods = company.db.all(
        "SELECT DISTINCT period FROM reclass WHERE arrangement = ? AND reversal IS NULL",
        (arrangement,),
    )
    return all(row["period"] == asked.id for row in periods)


def _wanted(company: Company, elements: list[Row], asked: Period) -> list[Move]:
    """The adjustments of one arrangement: recognized less billed, by element or as a whole."""
    assets = {}
    for row in elements:
        units = _recognized(company, row, asked.start) - billed_units(company, row, asked.start)
        precision = company.precision(company.base_currency(row["subsidiary"]))
        assets[row["id"]] = share(row["base"], units, row["amount"], precision) if units else 0
    by_id = {row["id"]: row for row in elements}
    if company.settings["unbilled_receivable_grouping"] == "element":
        return [Move(UNBILLED, by_id[i], -base) for i, base in assets.items() if base > 0]
    net = sum(assets.values())
    precision = company.precision(company.base_currency(elements[0]["subsidiary"]))
    positive = {i: base for i, base in assets.items() if base > 0}
    negative = {i: base for i, base in assets.items() if base < 0}
    moves: list[Move] = []
    if net > 0:
        parts = _ratio(net, positive, precision)
        moves += [Move(UNBILLED, by_id[i], -part) for i, part in parts.items()]
    # The netting entry leaves no element on the other side of the group.
    odd, even = (negative, positive) if net > 0 else (positive, negative)
    if odd and even:
        moves += [Move(NETTING, by_id[i], -base) for i, base in odd.items()]
        parts = _ratio(sum(odd.values()), even, precision)
        moves += [Move(NETTING, by_id[i], part) for i, part in parts.items()]
    moves.sort(key=lambda move: (move.kind, move.element["id"]))
    return [move for move in moves if move.base]


def _ratio(total: int, parts: dict[int, int], precision: int) -> dict[int, int]:
    """Apportion by net amount ratio; adds up to the total."""
    out: dict[int, int] = {}
    whole = sum(parts.values())
    seen = given = 0
    for key, part in parts.items():
        seen += part
        upto = share(total, seen, whole, precision)
        out[key] = upto - given
        given = upto
    return out


def _recognized(company: Company, element: Row, period_start: str) -> int:
    units: int = company.db.value(
        "SELECT COALESCE(SUM(p.amount), 0) FROM planned p JOIN plan n ON n.id = p.plan"
        " JOIN master m ON m.grp = 'accountingPeriod' AND m.id = p.postingperiod"
        " WHERE n.element = ? AND p.journal IS NOT NULL"
        " AND json_extract(m.body, '$.startDate') <= ?",
        (element["id"], period_start),
    )
    return units


def _write(
    company: Company, ledger: Ledger, period: Period, moves: list[Move], *, is_reversal: bool
) -> list[dict[str, Any]]:
    """Write the journals of one kind, one subsidiary at a time."""
    out: list[dict[str, Any]] = []
    for subsidiary in sorted({move.element["subsidiary"] for move in moves}):
        chunk: list[Move] = []
        size = 0
        mine = [move for move in moves if move.element["subsidiary"] == subsidiary]
        for _, group in groupby(mine, key=lambda move: move.element["arrangement"]):
            part = list(group)
            if chunk and size + len(part) + 1 > LINES_PER_JOURNAL_MAX:
                out.append(_journal(company, ledger, period, chunk, is_reversal=is_reversal))
                chunk, size = [], 0
            chunk += part
            size += len(part) + 1
        if chunk:
            out.append(_journal(company, ledger, period, chunk, is_reversal=is_reversal))
    return out


def _journal(
    company: Company, ledger: Ledger, period: Period, moves: list[Move], *, is_reversal: bool
) -> dict[str, Any]:
    kind, subsidiary = moves[0].kind, moves[0].element["subsidiary"]
    memo = _MEMOS[kind]
    header = Header(
        type="Journal", trandate=period.end, subsidiary=subsidiary,
        currency=company.base_currency(subsidiary), exchangerate=Decimal(1),
        tranid=f"JE{company.db.next_number('Journal')}", postingperiod=period.id, status="B",
        memo=f"{memo} Reversal" if is_reversal else memo, extra={"approved": True},
    )  # fmt: skip
    mainline = company.settings["journal_lines_mainline"] == "T"
    lines: list[Line] = []
    for arrangement, group in groupby(moves, key=lambda move: move.element["arrangement"]):
        part = list(group)
        for move in part:
            lines.append(_line(lines, move.element["deferralaccount"], move.base, move.element,
                               f"{memo} for Revenue Arrangement {arrangement}, Element:"
                               f" {move.element['id']}", mainline=mainline))  # fmt: skip
        if kind == UNBILLED:
            asset = company.special_account("UnbilledRec")
            total = -sum(move.base for move in part)
            lines.append(_line(lines, asset, total, part[0].element,
                               f"{memo} for Revenue Arrangement {arrangement}",
                               mainline=mainline))  # fmt: skip
    header.total = sum(line.amount for line in lines if line.amount > 0)
    journal = ledger.insert(header, lines)
    for move in moves:
        _note(company, move, period, journal)
    for arrangement, group in groupby(moves, key=lambda move: move.element["arrangement"]):
        amount = sum(abs(move.base) for move in group)
        # The link type of these journals is unsure.
        ledger.link((arrangement, 0), (journal, 0), "RevRecls", amount, day=period.end)
    shown = f"reversal of prior {kind}" if is_reversal else kind
    return {"id": str(journal), "tranid": header.tranid, "kind": shown, "lines": len(lines)}


def _line(
    lines: list[Line], account: int, base: int, element: Row, memo: str, *, mainline: bool
) -> Line:
    return Line(len(lines), account, base, base, mainline=mainline, entity=element["entity"],
                memo=memo)  # fmt: skip


def _note(company: Company, move: Move, period: Period, journal: int) -> None:
    if move.undoes:
        company.db.execute("UPDATE reclass SET reversal = ? WHERE id = ?", (journal, move.undoes))
        return
    company.db.execute(
        "INSERT INTO reclass (kind, arrangement, element, base, period, journal)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (move.kind, move.element["arrangement"], move.element["id"], move.base, period.id,
         journal),
    )  # fmt: skip


def reopen(company: Company, journal: int) -> None:
    """Forget a deleted reclassification journal: its adjustments, and what it had reversed."""
    company.db.execute("UPDATE reclass SET reversal = NULL WHERE reversal = ?", (journal,))
    company.db.execute("DELETE FROM reclass WHERE journal = ?", (journal,))
