"""Reclassification of deferred revenue: the month-end journals after recognition.

Sources: "Reclassification of Deferred Revenue" (section_4363759368): cumulative, for arrangements
with a bill or a recognition journal in the period; "Unbilled Receivable Adjustment"
(section_160590749111): prior adjustments are reversed first; "Creating Reclassification Journal
Entries" (section_4365500917): dated with the posting period's last day, approved, in the next open
period if it is shut, at most 1,000 lines, what a full journal leaves open goes over the system
account Deferred Revenue Clearing. What is posted is worked out in `adjusting`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from netsuite_sandbox.arm.adjusting import asset_moves, foreign_moves, positions
from netsuite_sandbox.arm.carving import carve_moves
from netsuite_sandbox.arm.moves import (
    CARVE,
    CONTRACT_ASSET,
    FOREIGN,
    NETTING,
    REVERSED,
    UNBILLED,
    Move,
)
from netsuite_sandbox.company import Company, Master
from netsuite_sandbox.errors import invalid_request
from netsuite_sandbox.ledger import Header, Ledger, Line
from netsuite_sandbox.periods import Period, Periods
from netsuite_sandbox.store.database import Row

LINES_PER_JOURNAL_MAX = 1000
_CLEARING = "DefRevClearing"
_MEMOS = {
    CARVE: "Carve In/Carve Out Adjustment",
    FOREIGN: "Foreign Currency Adjustment",
    UNBILLED: "Unbilled Receivable Adjustment",
    NETTING: "Net Contract Asset or Liability per Element",
    CONTRACT_ASSET: "Foreign Currency Gain Loss on Contract Asset",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a reclassification journal, base currency, debit positive."""

    account: int
    base: int
    element: Row
    memo: str
    move: Move | None = None


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
            if any(row["allocationerror"] for row in elements):
                continue  # Not compliant.
            carving = carve_moves(company, elements, asked, posting)
            found = positions(company, elements, asked, posting, carving)
            wanted = asset_moves(company, found, posting)
            new = [move for move in wanted if move.kind in REVERSED]
            old = _standing(company, arrangement, {row["id"]: row for row in elements})
            foreign = any(at.closing is not None for at in found)
            same = _values(old) == _values(new)
            if not _active(company, arrangement, asked, posting) and (same or foreign):
                continue
            made += carving
            made += foreign_moves(company, found)
            made += [move for move in wanted if move.kind == CONTRACT_ASSET]
            if not (same and _of_this_period(company, arrangement, posting)):
                undone += [Move(m.kind, m.element, -m.base, m.undoes) for m in old]
                made += new
        for moves, kind, is_reversal in (
            (made, CARVE, False), (made, FOREIGN, False), (undone, UNBILLED, True),
            (undone, NETTING, True), (made, UNBILLED, False), (made, NETTING, False),
            (made, CONTRACT_ASSET, False),
        ):  # fmt: skip
            chosen = [move for move in moves if move.kind == kind]
            journals += _write(company, ledger, posting, chosen, is_reversal=is_reversal)
    return {"period": asked.name, "journals": journals}


def _standing(company: Company, arrangement: int, elements: dict[int, Row]) -> list[Move]:
    """The adjustments of an arrangement that no journal has reversed."""
    rows = company.db.all(
        "SELECT * FROM reclass WHERE arrangement = ? AND reversal IS NULL"
        f" AND kind IN ('{UNBILLED}', '{NETTING}') ORDER BY id",
        (arrangement,),
    )
    return [
        Move(row["kind"], elements[row["element"]], row["base"], row["id"])
        for row in rows
        if row["element"] in elements
    ]


def _values(moves: list[Move]) -> set[tuple[str, int, int]]:
    return {(move.kind, move.element["id"], move.base) for move in moves}


def _of_this_period(company: Company, arrangement: int, posting: Period) -> bool:
    """Whether the standing adjustments are the period's own (a second run)."""
    periods = company.db.all(
        "SELECT DISTINCT period FROM reclass WHERE arrangement = ? AND reversal IS NULL"
        f" AND kind IN ('{UNBILLED}', '{NETTING}')",
        (arrangement,),
    )
    return all(row["period"] == posting.id for row in periods)


def _active(company: Company, arrangement: int, asked: Period, posting: Period) -> bool:
    """Whether an arrangement is eligible: made, billed or recognized in the period."""
    days = (asked.start, asked.end)
    return (
        company.db.one(
            "SELECT 1 FROM element e LEFT JOIN tx a ON a.id = e.arrangement"
            " WHERE e.arrangement = ?1"
            " AND (a.trandate BETWEEN ?2 AND ?3 OR e.elementdate BETWEEN ?2 AND ?3"
            "  OR EXISTS (SELECT 1 FROM link k JOIN tx t ON t.id = k.nextdoc"
            "   WHERE k.previousdoc = e.source AND k.linktype = 'OrdBill'"
            "   AND t.postingperiod IN (?4, ?5))"
            "  OR EXISTS (SELECT 1 FROM netting n JOIN element c ON c.id = n.credit"
            "   WHERE n.debit = e.id AND c.elementdate BETWEEN ?2 AND ?3)"
            "  OR EXISTS (SELECT 1 FROM master c JOIN tx t"
            "   ON t.id = json_extract(c.body, '$.invoice')"
            "   OR t.id = json_extract(c.body, '$.creditMemo') WHERE c.grp = 'charge'"
            "   AND json_extract(c.body, '$.subscriptionLine') = e.subscriptionline"
            "   AND t.postingperiod IN (?4, ?5))"
            "  OR e.projectrule IS NOT NULL AND EXISTS (SELECT 1 FROM master c JOIN tx t"
            "   ON t.id = json_extract(c.body, '$.invoice')"
            "   OR t.id = json_extract(c.body, '$.creditMemo') WHERE c.grp = 'charge'"
            "   AND json_extract(c.body, '$.billTo') = e.entity"
            "   AND t.postingperiod IN (?4, ?5))"
            "  OR EXISTS (SELECT 1 FROM planned p JOIN plan n ON n.id = p.plan"
            "   WHERE n.element = e.id AND p.journal IS NOT NULL AND p.postingperiod IN (?4, ?5)))"
            " LIMIT 1",
            (arrangement, *days, asked.id, posting.id),
        )
        is not None
    )


def _write(
    company: Company, ledger: Ledger, period: Period, moves: list[Move], *, is_reversal: bool
) -> list[dict[str, Any]]:
    """Write the journals of one kind, one subsidiary at a time."""
    out: list[dict[str, Any]] = []
    for subsidiary in sorted({move.element["subsidiary"] for move in moves}):
        mine = [move for move in moves if move.element["subsidiary"] == subsidiary]
        for entries in _chunks(company, _entries(company, mine)):
            kind = mine[0].kind
            out.append(_journal(company, ledger, period, kind, entries, is_reversal=is_reversal))
    return out


def _entries(company: Company, moves: list[Move]) -> list[Entry]:
    """The lines of all moves, arrangement by arrangement, with their other side."""
    out: list[Entry] = []
    for arrangement, group in groupby(moves, key=lambda move: move.element["arrangement"]):
        part = list(group)
        memo = f"{_MEMOS[part[0].kind]} for Revenue Arrangement {arrangement}"
        for move in part:
            element = move.element
            out.append(Entry(element["deferralaccount"], move.base, element,
                             f"{memo}, Element: {element['id']}", move))  # fmt: skip
            if move.kind in {FOREIGN, CONTRACT_ASSET}:
                out.append(Entry(_gain_account(company, element), -move.base, element, memo))
        if part[0].kind == UNBILLED:
            total = -sum(move.base for move in part)
            asset = company.special_account("UnbilledRec")
            out.append(Entry(asset, total, part[0].element, memo))
    return out


def _gain_account(company: Company, element: Row) -> int:
    """The item's Foreign Currency Adjustment Account; by default its income account.

    Source: section_157238786981.
    """
    if element["item"] is not None:
        chosen = company.must("item", element["item"]).body.get("revReclassFxAccount")
        if chosen is not None:
            return int(chosen)
    return int(element["recognitionaccount"])


def _chunks(company: Company, entries: list[Entry]) -> list[list[Entry]]:
    """Cut lines into journals of at most 1,000; a placeholder balances what is cut apart."""
    out: list[list[Entry]] = []
    rest = entries
    while len(rest) > LINES_PER_JOURNAL_MAX:
        whole = rest[:LINES_PER_JOURNAL_MAX]
        if not sum(entry.base for entry in whole):
            out.append(whole)
            rest = rest[LINES_PER_JOURNAL_MAX:]
            continue
        part = rest[: LINES_PER_JOURNAL_MAX - 1]
        left = sum(entry.base for entry in part)
        if not left:
            out.append(part)
            rest = rest[LINES_PER_JOURNAL_MAX - 1 :]
            continue
        account = _clearing_account(company)
        memo = "Deferred Revenue Clearing"
        out.append([*part, Entry(account, -left, part[-1].element, memo)])
        offset = Entry(account, left, part[-1].element, memo)
        rest = [offset, *rest[LINES_PER_JOURNAL_MAX - 1 :]]
    return [*out, rest] if rest else out


def _clearing_account(company: Company) -> int:
    """Return Deferred Revenue Clearing, which the system makes when it is first needed."""
    found = company.db.value(
        "SELECT id FROM master WHERE grp = 'account' AND json_extract(body, '$.sSpecAcct') = ?",
        (_CLEARING,),
    )
    if found is not None:
        return int(found)
    now = company.clock.stamp()
    body = {"acctName": "Deferred Revenue Clearing", "acctType": "DeferRevenue",
            "isInactive": False, "sSpecAcct": _CLEARING}  # fmt: skip
    number = company.db.next_number("id.account")
    company.save_master(Master(number, "account", None, body, now, now), new=True)
    return number


def _journal(
    company: Company, ledger: Ledger, period: Period, kind: str, entries: list[Entry],
    *, is_reversal: bool,
) -> dict[str, Any]:  # fmt: skip
    subsidiary = entries[0].element["subsidiary"]
    header = Header(
        type="Journal", trandate=period.end, subsidiary=subsidiary,
        currency=company.base_currency(subsidiary), exchangerate=Decimal(1),
        tranid=f"JE{company.db.next_number('Journal')}", postingperiod=period.id, status="B",
        memo=f"{_MEMOS[kind]} Reversal" if is_reversal else _MEMOS[kind],
        extra={"approved": True},
    )  # fmt: skip
    mainline = company.settings["journal_lines_mainline"] == "T"
    lines = [
        Line(number, entry.account, entry.base, entry.base, mainline=mainline,
             entity=entry.element["entity"], memo=entry.memo)
        for number, entry in enumerate(entries)
    ]  # fmt: skip
    header.total = sum(line.amount for line in lines if line.amount > 0)
    journal = ledger.insert(header, lines)
    moves = [entry.move for entry in entries if entry.move is not None]
    for move in moves:
        _note(company, move, period, journal)
    amounts: dict[int, int] = {}
    for move in moves:
        arrangement = move.element["arrangement"]
        amounts[arrangement] = amounts.get(arrangement, 0) + abs(move.base)
    for arrangement, amount in amounts.items():
        # The link type of these journals is unsure.
        ledger.link((arrangement, 0), (journal, 0), "RevRecls", amount, day=period.end)
    shown = f"reversal of prior {kind}" if is_reversal else kind
    return {"id": str(journal), "tranid": header.tranid, "kind": shown, "lines": len(lines)}


def _note(company: Company, move: Move, period: Period, journal: int) -> None:
    if move.undoes:
        company.db.execute("UPDATE reclass SET reversal = ? WHERE id = ?", (journal, move.undoes))
        return
    company.db.execute(
        "INSERT INTO reclass (kind, arrangement, element, base, amount, period, journal)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (move.kind, move.element["arrangement"], move.element["id"], move.base, move.amount,
         period.id, journal),
    )  # fmt: skip


def reopen(company: Company, journal: int) -> None:
    """Forget a deleted reclassification journal: its adjustments, and what it had reversed."""
    company.db.execute("UPDATE reclass SET reversal = NULL WHERE reversal = ?", (journal,))
    company.db.execute("DELETE FROM reclass WHERE journal = ?", (journal,))
