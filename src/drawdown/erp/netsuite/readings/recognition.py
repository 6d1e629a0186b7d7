"""Revenue that Advanced Revenue Management recognised, traced to its block."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from drawdown.core.accounts import Role
from drawdown.core.errors import ErpRefusedError
from drawdown.core.money import to_decimal
from drawdown.core.observed import Recognised
from drawdown.erp.netsuite.bodies import number
from drawdown.erp.netsuite.directory import Directory
from drawdown.erp.netsuite.fields import LINE_BLOCK_ID
from drawdown.erp.netsuite.readings.query import minor
from drawdown.erp.netsuite.transport import Row, Transport


def recognised(transport: Transport, directory: Directory) -> Iterator[Recognised]:
    """Read what is in recognition journals: plan line -> element -> source line -> block."""
    items = directory.billing_items()
    posted = directory.posted_accounts()
    done: dict[str, Decimal] = {}
    found: list[Recognised] = []
    for row in transport.rows_by_key(_RECOGNISED, "r.id"):
        deferred = posted.get(row["deferral"])
        credited = posted.get(row["recognition"])
        if deferred is None or credited is None or not isinstance(deferred.account, Role):
            missing = row["deferral" if deferred is None else "recognition"]
            raise ErpRefusedError(
                f"revenue element {row['element']} of block {row['block']} is recognised from or "
                f"into account {missing}, which no role is mapped to; map it under accounts, or "
                "map its item under items, of the connection's mapping",
                code="MISSING_MAPPING",
            )
        code = directory.code(row["currency"])
        amount = _in_source_currency(row, code, directory, done)
        found.append(
            Recognised(
                f"{row['element']}:{row['id']}",
                row["block"],
                items.get(row["item"], ""),
                code,
                amount,
                date.fromisoformat(row["postedon"]),
                deferred.account,
                credited.account,
                row.get("tranid", ""),
            )
        )
    found.sort(key=lambda one: one.posted_on)
    yield from found


_RECOGNISED = (
    "SELECT r.id AS id, r.amount AS amount, p.createdfrom AS element, "
    "p.revenueplancurrency AS plancurrency, e.currency AS currency, "
    "e.exchangerate AS exchangerate, e.discountedsalesamount AS total, e.item AS item, "
    "e.deferralaccount AS deferral, e.recognitionaccount AS recognition, "
    f"tl.{LINE_BLOCK_ID} AS block, TO_CHAR(j.trandate, 'YYYY-MM-DD') AS postedon, "
    "j.tranid AS tranid "
    "FROM revenueplanplannedrevenue r "
    "JOIN revenueplan p ON p.id = r.revenueplan "
    "JOIN revenueelement e ON e.id = p.createdfrom "
    "JOIN transactionline tl ON tl.transaction = e.source AND tl.id = e.sourceline "
    "JOIN transaction j ON j.id = r.journal "
    f"WHERE p.revenueplantype = 'ACTUAL' AND tl.{LINE_BLOCK_ID} IS NOT NULL "
    "{after}"
)


def _in_source_currency(row: Row, code: str, directory: Directory, done: dict[str, Decimal]) -> int:
    """Return the amount of one plan line in the currency of its element's source.

    Recognition posts in base currency. Each step is the difference of two cumulative shares, so
    that what is recognised in full is exactly the element's own amount.

    Args:
        done: Base amounts so far, by element; brought up to date.
    """
    amount = number(row.get("amount"))
    plan_currency = row.get("plancurrency", row["currency"])
    if plan_currency == row["currency"]:
        return minor(row.get("amount"), code)
    total_minor = minor(row.get("total"), code)
    base_code = directory.code(plan_currency)
    exact = to_decimal(total_minor, code) * number(row.get("exchangerate"))
    whole = exact.quantize(to_decimal(1, base_code), ROUND_HALF_UP)
    before = done.get(row["element"], Decimal(0))
    after = done[row["element"]] = before + amount
    return _share(total_minor, after, whole) - _share(total_minor, before, whole)


def _share(total_minor: int, part: Decimal, whole: Decimal) -> int:
    if not whole:
        return 0
    return int((total_minor * part / whole).to_integral_value(ROUND_HALF_UP))
