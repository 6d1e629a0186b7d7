"""What reclassification should post for an arrangement at the end of a period.

Sources: "Foreign Currency Adjustment" (section_157238786981), "Foreign Currency Gain or Loss on
Contract Asset" (section_159467246461), "Unbilled Receivable Adjustment" (section_160590749111),
"Groupings for Unbilled Receivable Adjustment Journal Entries" (section_4527937535) with the net
amount ratio, "Net Contract Asset or Liability per Element" (section_160590132188). Rates of an
element are its cumulative base amount divided by its cumulative transaction amount.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from netsuite_sandbox.arm.allocation import in_base
from netsuite_sandbox.arm.billed import billed
from netsuite_sandbox.arm.carving import carved
from netsuite_sandbox.arm.moves import CONTRACT_ASSET, FOREIGN, NETTING, UNBILLED, Move, in_ratio
from netsuite_sandbox.company import Company
from netsuite_sandbox.money import times_rate, to_units
from netsuite_sandbox.periods import Period
from netsuite_sandbox.store.database import Row


@dataclass(frozen=True, slots=True)
class Position:
    """Where an element stands: cumulative, in units of transaction and of base currency.

    Attributes:
        recognized_base: With the gains on contract assets of earlier periods.
        precision: Of the base currency.
        closing: Exchange rate at the period's end; None if the element is in base currency or
            contract assets are left out of revaluation.
    """

    company: Company
    element: Row
    recognized: int
    recognized_base: int
    billed: int
    billed_base: int
    precision: int
    foreign: bool
    closing: Decimal | None

    @property
    def asset(self) -> int:
        """Recognized beyond billing; negative for a contract liability."""
        return self.recognized - self.billed

    def at_own_rate(self, units: int) -> int:
        """Units at the rate of the element's source."""
        return in_base(self.company, self.element, units)

    def as_recognized(self, units: int) -> Decimal:
        """Units at the effective revenue recognition rate, not rounded."""
        return Decimal(units * self.recognized_base) / self.recognized

    def as_billed(self, units: int) -> Decimal:
        """Units at the effective billing rate, not rounded."""
        return Decimal(units * self.billed_base) / self.billed

    def round(self, units: Decimal) -> int:
        """Round base units to the base currency."""
        return to_units(units.scaleb(-4), self.precision)


def positions(
    company: Company, elements: list[Row], asked: Period, posting: Period, carving: list[Move]
) -> list[Position]:
    """Return where the elements of an arrangement stand at the end of a period.

    Args:
        carving: What this run carves.
    """
    left_out = company.settings["exclude_contract_assets_from_fx"]
    out: list[Position] = []
    for row in elements:
        base_currency = company.base_currency(row["subsidiary"])
        foreign = row["currency"] != base_currency
        recognized, base = _recognized(company, row, asked.start)
        units, billed_base = _effective(company, row, asked, carving)
        closing = None
        if foreign and not left_out:
            base += _posted(company, row, CONTRACT_ASSET, "<", posting)
            closing = company.rate(row["currency"], asked.end, base_currency)
        out.append(
            Position(company, row, recognized, base, units, billed_base,
                     company.precision(base_currency), foreign, closing)
        )  # fmt: skip
    return out


def _effective(
    company: Company, element: Row, asked: Period, carving: list[Move]
) -> tuple[int, int]:
    """The effective cumulative billing: gross, less what is carved out or in."""
    units, base = billed(company, element, asked.start)
    done = [carved(company, element)]
    done += [(move.amount, move.base) for move in carving if move.element["id"] == element["id"]]
    return units - sum(part[0] for part in done), base - sum(part[1] for part in done)


def foreign_moves(company: Company, found: list[Position]) -> list[Move]:
    """The foreign currency adjustments: of what is both billed and recognized, at both rates."""
    moves: list[Move] = []
    for at in (one for one in found if one.foreign):
        gain = 0
        if at.recognized and at.billed and (at.recognized > 0) == (at.billed > 0):
            overlap = min(at.recognized, at.billed, key=abs)
            gain = at.round(at.as_billed(overlap) - at.as_recognized(overlap))
        left = gain - _posted(company, at.element, FOREIGN)
        if left:
            moves.append(Move(FOREIGN, at.element, left))
    return moves


def asset_moves(company: Company, found: list[Position], posting: Period) -> list[Move]:
    """Contract assets, their netting and their gain or loss, element by element or by group."""
    grouping = company.settings["unbilled_receivable_grouping"]
    groups: dict[str, list[Position]] = {}
    for at in found:
        key = {"element": str(at.element["id"]), "arrangement": ""}.get(grouping)
        groups.setdefault(_group(company, at.element) if key is None else key, []).append(at)
    moves: list[Move] = []
    for group in groups.values():
        moves += _group_moves(group)
    gains = {move.element["id"]: move for move in moves if move.kind == CONTRACT_ASSET}
    moves = [move for move in moves if move.kind != CONTRACT_ASSET]
    for at in (one for one in found if one.foreign):
        gain = gains[at.element["id"]].base if at.element["id"] in gains else 0
        done = _posted(company, at.element, CONTRACT_ASSET, "=", posting)
        moves.append(Move(CONTRACT_ASSET, at.element, gain - done))
    moves.sort(key=lambda move: (move.kind, move.element["id"]))
    return [move for move in moves if move.base]


def _group(company: Company, element: Row) -> str:
    """The value of Unbilled Receivable Group; without one, all of the arrangement's are a group."""
    found = company.db.value("SELECT name FROM unbilledgroup WHERE element = ?", (element["id"],))
    return str(found or "")


def _group_moves(group: list[Position]) -> list[Move]:
    net = sum(at.asset for at in group)
    assets = [at for at in group if at.asset > 0]
    liabilities = [at for at in group if at.asset < 0]
    if net > 0:
        return _net_asset(net, assets, liabilities)
    if not assets or not liabilities:
        return []
    # No element stays an asset in a group that is a liability.
    moves = [Move(NETTING, at.element, -at.round(at.as_recognized(at.asset))) for at in assets]
    whole = -sum(move.base for move in moves)
    parts = in_ratio(whole, [-at.asset for at in liabilities], liabilities[0].precision)
    moves += [Move(NETTING, at.element, part) for at, part in zip(liabilities, parts, strict=True)]
    return moves


def _net_asset(net: int, assets: list[Position], liabilities: list[Position]) -> list[Move]:
    """A contract asset for the group, and its liabilities spread over the asset elements."""
    moves: list[Move] = []
    weights = [at.asset for at in assets]
    precision = assets[0].precision
    closing = assets[0].closing
    if closing is None:
        whole = sum(at.at_own_rate(at.asset) for at in (*assets, *liabilities))
    else:
        whole = times_rate(net, closing, precision)
    parts = in_ratio(whole, weights, precision)
    moves += [Move(UNBILLED, at.element, -part) for at, part in zip(assets, parts, strict=True)]
    netted = [Move(NETTING, at.element, _liability(at)) for at in liabilities]
    moves += netted
    spread = in_ratio(sum(move.base for move in netted), weights, precision)
    for at, part, share_of in zip(assets, parts, spread, strict=True):
        if share_of:
            moves.append(Move(NETTING, at.element, -share_of))
        if closing is not None:
            # What the element carries at its own rates against what is posted for it.
            gain = part + share_of - at.round(at.as_recognized(at.asset))
            moves.append(Move(CONTRACT_ASSET, at.element, gain))
    return moves


def _liability(at: Position) -> int:
    if at.closing is None:
        return -at.at_own_rate(at.asset)
    return at.round(at.as_billed(-at.asset))


def _recognized(company: Company, element: Row, period_start: str) -> tuple[int, int]:
    """What is in recognition journals up to a period: transaction and base currency."""
    row = company.db.one(
        "SELECT COALESCE(SUM(p.amount), 0), COALESCE(SUM(p.base), 0) FROM planned p"
        " JOIN plan n ON n.id = p.plan"
        " JOIN master m ON m.grp = 'accountingPeriod' AND m.id = p.postingperiod"
        " WHERE n.element = ? AND p.journal IS NOT NULL"
        " AND json_extract(m.body, '$.startDate') <= ?",
        (element["id"], period_start),
    )
    assert row is not None
    return row[0], row[1]


def _posted(
    company: Company, element: Row, kind: str, compare: str = "", posting: Period | None = None
) -> int:
    """What adjustments of a kind have posted to an element's deferral account, base units.

    Args:
        compare: "<" for the periods before `posting`, "=" for that one; "" for all.
    """
    when = ""
    values: tuple[str, ...] = ()
    if posting is not None:
        when = (
            " AND (SELECT json_extract(m.body, '$.startDate') FROM master m WHERE"
            f" m.grp = 'accountingPeriod' AND m.id = r.period) {compare} ?"
        )
        values = (posting.start,)
    total: int = company.db.value(
        "SELECT COALESCE(SUM(r.base), 0) FROM reclass r WHERE r.element = ? AND r.kind = ?" + when,
        (element["id"], kind, *values),
    )
    return total
