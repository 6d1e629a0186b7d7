"""Month end: arrangements, plans, recognition journals.

Source: "Generating Advanced Revenue Recognition Journal Entries" (section_4358638894): Dr deferral
account / Cr recognition account, in the subsidiary's base currency, at most 1,000 lines a journal,
or with summarized journals two lines for up to 50,000 plans of the same accounts; a journal of a
shut period goes to the next open one if it is approved at once, else to the one that the preference
on closed periods names.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from netsuite_sandbox.arm.allocation import in_base
from netsuite_sandbox.arm.elements import update_arrangements
from netsuite_sandbox.arm.plans import update_plans
from netsuite_sandbox.arm.reclassification import posting_period, reclassify, reopen
from netsuite_sandbox.company import Company
from netsuite_sandbox.ledger import Header, Ledger, Line
from netsuite_sandbox.money import fixed
from netsuite_sandbox.periods import Period, Periods
from netsuite_sandbox.store.database import Row

LINES_PER_JOURNAL_MAX = 1000
PLANS_PER_SUMMARY_MAX = 50_000


@dataclass(frozen=True, slots=True)
class Due:
    """One planned line to recognize now: `base` units of base currency."""

    planned: int
    element: Row
    units: int
    base: int


def month_end(
    company: Company, ledger: Ledger, periods: Periods, name: str, *, reclass: bool = False
) -> dict[str, Any]:
    """Update arrangements and plans and recognize all that is due up to a period.

    Args:
        reclass: Whether to create the reclassification journals too.

    Returns:
        {"period", "journals": [{id, tranid, lines}], "recognized": [{element, item, source,
        amount, base}]} and, if asked for, "reclassification": [{id, tranid, kind, lines}]
    """
    asked = periods.find(name)
    with company.db.transaction():
        update_arrangements(company, ledger, asked.end)
        update_plans(company, periods, asked.end)
        result = recognize(company, ledger, periods, name)
        if reclass:
            result["reclassification"] = reclassify(company, ledger, periods, name)["journals"]
    return result


def recognize(
    company: Company, ledger: Ledger, periods: Periods, name: str, *, approve: bool = True
) -> dict[str, Any]:
    """Create the recognition journals of all planned lines up to a period.

    Args:
        approve: Approve Journal; asked only where journals need approval.
    """
    asked = periods.find(name)
    approved = approve or not company.settings["require_journal_approval"]
    summary = company.settings["revenue_journals_in_gl"] == "summary"
    journals: list[dict[str, Any]] = []
    recognized: list[dict[str, Any]] = []
    with company.db.transaction():
        shut = asked.closed or asked.all_locked
        posting = periods.offered() if shut and not approved else posting_period(periods, asked)
        due = _due(company, asked)
        for subsidiary in sorted({part.element["subsidiary"] for part in due}):
            mine = [part for part in due if part.element["subsidiary"] == subsidiary]
            step = PLANS_PER_SUMMARY_MAX if summary else LINES_PER_JOURNAL_MAX // 2
            for start in range(0, len(mine), step):
                chunk = mine[start : start + step]
                journals.append(
                    _journal(company, ledger, posting, chunk, approved=approved, summary=summary)
                )
                recognized.extend(_shown(company, part) for part in chunk)
    return {"period": asked.name, "journals": journals, "recognized": recognized}


def _due(company: Company, period: Period) -> list[Due]:
    """The planned lines of open periods up to `period`, with their base amounts."""
    rows = company.db.all(
        "SELECT p.id, p.amount AS units, e.* FROM planned p JOIN plan n ON n.id = p.plan"
        " JOIN element e ON e.id = n.element"
        " JOIN master m ON m.grp = 'accountingPeriod' AND m.id = p.plannedperiod"
        " WHERE p.journal IS NULL AND n.held = 0 AND json_extract(m.body, '$.startDate') <= ?"
        " ORDER BY e.subsidiary, e.item, e.id, m.id, p.id",
        (period.start,),
    )
    done: dict[int, tuple[int, int]] = {}
    out: list[Due] = []
    for row in rows:
        element = row[2]
        if element not in done:
            sums = company.db.one(
                "SELECT COALESCE(SUM(p.amount), 0), COALESCE(SUM(p.base), 0) FROM planned p"
                " JOIN plan n ON n.id = p.plan WHERE n.element = ? AND p.journal IS NOT NULL",
                (element,),
            )
            assert sums is not None
            done[element] = (sums[0], sums[1])
        units, base = done[element]
        upto = _base(company, row, units + row["units"])
        done[element] = (units + row["units"], upto)
        out.append(Due(row[0], row, row["units"], upto - base))
    return out


def _base(company: Company, element: Row, units: int) -> int:
    """Base currency of the first `units` of an element: cumulative, so that it ends at zero."""
    return in_base(company, element, units)


def _journal(
    company: Company, ledger: Ledger, period: Period, parts: list[Due],
    *, approved: bool, summary: bool,
) -> dict[str, Any]:  # fmt: skip
    """Write one recognition journal."""
    subsidiary = parts[0].element["subsidiary"]
    header = Header(
        type="Journal", trandate=period.end, subsidiary=subsidiary,
        currency=company.base_currency(subsidiary), exchangerate=Decimal(1),
        tranid=f"JE{company.db.next_number('Journal')}", postingperiod=period.id,
        status="B" if approved else "A", memo="Revenue recognition", posting=approved,
        extra={"approved": approved},
    )  # fmt: skip
    mainline = company.settings["journal_lines_mainline"] == "T"
    lines: list[Line] = []
    for debit, credit, entity, base in _pairs(parts, summary=summary):
        for account, amount in ((debit, base), (credit, -base)):
            lines.append(
                Line(len(lines), account, amount, amount, mainline=mainline, entity=entity,
                     memo="Revenue recognition")
            )  # fmt: skip
    header.total = sum(line.amount for line in lines if line.amount > 0)
    journal = ledger.insert(header, lines)
    today = company.clock.today().isoformat()
    links: dict[int, int] = {}
    for part in parts:
        company.db.execute(
            "UPDATE planned SET base = ?, postingperiod = ?, dateexecuted = ?, journal = ?"
            " WHERE id = ?",
            (part.base, period.id, today, journal, part.planned),
        )
        arrangement = part.element["arrangement"]
        links[arrangement] = links.get(arrangement, 0) + abs(part.base)
    for arrangement, amount in links.items():
        ledger.link((arrangement, 0), (journal, 0), "RevRec", amount, day=period.end)
    return {"id": str(journal), "tranid": header.tranid, "lines": len(lines)}


def _pairs(parts: list[Due], *, summary: bool) -> list[tuple[int, int, int | None, int]]:
    """Deferral account, recognition account, customer and base amount of each pair of lines."""
    if not summary:
        return [
            (part.element["deferralaccount"], part.element["recognitionaccount"],
             part.element["entity"], part.base)
            for part in parts
            if part.base
        ]  # fmt: skip
    sums: dict[tuple[int, int], int] = {}
    for part in parts:
        key = (part.element["deferralaccount"], part.element["recognitionaccount"])
        sums[key] = sums.get(key, 0) + part.base
    return [(debit, credit, None, base) for (debit, credit), base in sums.items() if base]


def _shown(company: Company, part: Due) -> dict[str, Any]:
    element = part.element
    precision = company.precision(element["currency"])
    base_precision = company.precision(company.base_currency(element["subsidiary"]))
    return {
        "element": str(element[2]),
        "item": _text(element["item"]),
        "source": _text(element["source"]),
        "amount": fixed(part.units, precision),
        "base": fixed(part.base, base_precision),
    }


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def is_system_journal(company: Company, journal: int) -> bool:
    """Whether revenue management made a journal; its accounts and amounts are fixed.

    Source: "Editing an Advanced Revenue Recognition Journal Entry" (section_4358639397).
    """
    return (
        company.db.one(
            "SELECT 1 FROM link WHERE nextdoc = ? AND linktype IN ('RevRec', 'RevRecls') LIMIT 1",
            (journal,),
        )
        is not None
    )


def drop_journal(company: Company, journal: int) -> None:
    """Open what a deleted or voided journal of revenue management did again.

    Source: deleting or voiding a recognition journal re-opens the planned line; a deleted
    reclassification journal can be made again (section_4365500917).
    """
    reopen(company, journal)
    company.db.execute(
        "UPDATE planned SET base = NULL, postingperiod = NULL, dateexecuted = NULL, journal = NULL"
        " WHERE journal = ?",
        (journal,),
    )
