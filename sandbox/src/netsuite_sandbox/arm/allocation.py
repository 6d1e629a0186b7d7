"""Revenue allocation: the revenue of an arrangement's elements in proportion to their fair values.

Sources: "Fair Value and Allocation" (section_4369989562): ratio of calculated fair values, the
element with the greatest absolute revenue takes the rounding; "Residual Method Calculation"
(section_4370766951) and its conditions (section_4369991181); "Revenue Allocation for Returns"
(section_4381033932); "Compliant Indicator for Revenue Arrangements" (section_4369990241).
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from netsuite_sandbox.arm.fair_value import calculated, found
from netsuite_sandbox.money import share, times_rate
from netsuite_sandbox.wire import jsontext

if TYPE_CHECKING:
    from netsuite_sandbox.company import Company
    from netsuite_sandbox.store.database import Row


def allocate(company: Company, arrangement: int) -> None:
    """Set the revenue amounts of an arrangement's elements, if the feature is on.

    An element that lacks a fair value says so, and all keep their sales amounts (unsure): the
    arrangement is not compliant.
    """
    if not company.settings["revenue_allocation"]:
        return
    _exclude_returns(company, arrangement)
    rows = company.db.all(
        "SELECT e.*, a.trandate AS day FROM element e JOIN tx a ON a.id = e.arrangement"
        " WHERE e.arrangement = ? AND e.allocationtype <> 'EXCLUDE' ORDER BY e.id",
        (arrangement,),
    )
    company.db.execute(
        "UPDATE element SET revenue = amount, allocationerror = NULL WHERE arrangement = ?",
        (arrangement,),
    )
    if len(rows) < 2:
        return
    total = sum(row["amount"] for row in rows)
    prices: list[dict[str, Any]] = []
    fair: list[int] = []
    errors: dict[int, str] = {}
    for row in rows:
        price = jsontext.loads(row["fairvalue"]) if row["fairvalue"] else None
        price = price or found(company, row, row["day"])
        if price is None:
            errors[row["id"]] = "No matching fair value price is found for the item."
            continue
        try:
            fair.append(calculated(company, row, price, total))
        except ArithmeticError as error:
            errors[row["id"]] = f"The fair value formula fails: {error}"
        prices.append(price)
    if not errors and not sum(fair):
        errors[rows[0]["id"]] = "The calculated fair value amounts add up to zero."
    for number, text in errors.items():
        company.db.execute("UPDATE element SET allocationerror = ? WHERE id = ?", (text, number))
    if errors:
        return
    revenue = _revenue(company, rows, fair, total)
    if _residual(company, rows, prices):
        revenue = _second_step(company, rows, prices, fair, revenue)
    for row, price, value, units in zip(rows, prices, fair, revenue, strict=True):
        company.db.execute(
            "UPDATE element SET revenue = ?, fairvalue = ?, calculatedfairvalue = ?, stale = 1"
            " WHERE id = ?",
            (units, jsontext.dumps(price), value, row["id"]),
        )


def _exclude_returns(company: Company, arrangement: int) -> None:
    """Set negative elements that are linked to no positive one to Exclude.

    Source: section_4365499406. Elements are linked by a merge, which is not in the sandbox; those
    of a return authorization are allocated among themselves, as in the example of
    section_160590775067.
    """
    company.db.execute(
        "UPDATE element SET allocationtype = 'EXCLUDE' WHERE arrangement = ?1 AND amount < 0"
        " AND (EXISTS (SELECT 1 FROM element p WHERE p.arrangement = ?1 AND p.amount > 0)"
        "  OR (SELECT type FROM tx WHERE id = source) IN ('CustCred', 'CashRfnd'))",
        (arrangement,),
    )


def _item(company: Company, row: Row) -> dict[str, Any]:
    return company.must("item", row["item"]).body


def _revenue(company: Company, rows: list[Row], fair: list[int], total: int) -> list[int]:
    """The first step: items that permit no discount at their fair value, the others by ratio.

    Of the first the page says only that they are allocated first; their amount is unsure.
    """
    fixed = [_item(company, row).get("VSOEPermitDiscount") == "NEVER" for row in rows]
    if all(fixed):
        fixed = [False] * len(rows)
    left = total - sum(value for value, is_fixed in zip(fair, fixed, strict=True) if is_fixed)
    shared = _shares(company, rows, left, [0 if f else v for v, f in zip(fair, fixed, strict=True)])
    return [v if f else s for v, f, s in zip(fair, fixed, shared, strict=True)]


def _shares(company: Company, rows: list[Row], total: int, weights: list[int]) -> list[int]:
    """Apportion; the greatest absolute share takes the rounding, the last of equal ones.

    Source: the last of equal ones in both examples of section_4381033932.
    """
    precision = company.precision(rows[0]["currency"])
    whole = sum(weights)
    out = [share(total, weight, whole, precision) if weight else 0 for weight in weights]
    greatest = max(range(len(out)), key=lambda index: (abs(out[index]), index))
    out[greatest] += total - sum(out)
    return out


def _residual(company: Company, rows: list[Row], prices: list[dict[str, Any]]) -> bool:
    """Whether the second step is taken: all undelivered software is VSOE, not all software is."""
    software = [
        (bool(price.get("isVsoePrice")), bool(_item(company, row).get("VSOEDelivered")))
        for row, price in zip(rows, prices, strict=True)
        if row["allocationtype"] == "SOFTWARE"
    ]
    return (
        any(not vsoe for vsoe, _ in software)
        and any(not delivered for _, delivered in software)
        and all(vsoe for vsoe, delivered in software if not delivered)
    )


def _second_step(
    company: Company, rows: list[Row], prices: list[dict[str, Any]], fair: list[int],
    first: list[int],
) -> list[int]:  # fmt: skip
    """Give VSOE software its price and the other software what is left, by sales amounts.

    Beside items that are not software the whole is what the first step gave the software (unsure).
    """
    software = [row["allocationtype"] == "SOFTWARE" for row in rows]
    vsoe = [own and bool(price.get("isVsoePrice"))
            for own, price in zip(software, prices, strict=True)]  # fmt: skip
    left = sum(units for units, own in zip(first, software, strict=True) if own)
    left -= sum(value for value, own in zip(fair, vsoe, strict=True) if own)
    rest = [own and not price for own, price in zip(software, vsoe, strict=True)]
    weights = [row["amount"] if own else 0 for row, own in zip(rows, rest, strict=True)]
    if not sum(weights):
        weights = [value if own else 0 for value, own in zip(fair, rest, strict=True)]
    shared = _shares(company, rows, left, weights)
    out = list(first)
    for index in range(len(rows)):
        if vsoe[index]:
            out[index] = fair[index]
        elif rest[index]:
            out[index] = shared[index]
    return out


def in_base(company: Company, element: Row, units: int) -> int:
    """Convert units at the exchange rate of an element's source."""
    precision = company.precision(company.base_currency(element["subsidiary"]))
    if element["amount"]:
        return share(element["base"], units, element["amount"], precision)
    rate = Decimal(element["exchangerate"])
    return times_rate(units, rate, precision)
