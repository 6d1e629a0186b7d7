"""What NetSuite's rounding leaves of a block on clearing, in base currency."""

from __future__ import annotations

from collections.abc import Iterator

from drawdown.core.accounts import Role
from drawdown.core.observed import BaseRest
from drawdown.erp.netsuite.directory import Directory
from drawdown.erp.netsuite.fields import BLOCK_ID, LINE_BLOCK_ID
from drawdown.erp.netsuite.readings.query import LINES, minor, of_subsidiary, windows
from drawdown.erp.netsuite.transport import Transport


def base_roundings(transport: Transport, directory: Directory) -> Iterator[BaseRest]:
    """Sum up clearing by block in both currencies; yield where only the base currency has a rest.

    Deposits to clearing and refunds out of it carry the block on the body, journals on the line.
    Journals that settled a rest before count like all others.
    """
    base = directory.chart().base_currency
    clearing = int(directory.account(Role.PREPAYMENT_CLEARING))
    rests: dict[str, int] = {}
    foreign: dict[str, int] = {}
    for block, types in (
        (f"t.{BLOCK_ID}", "'CustDep', 'CustRfnd'"),
        (f"tl.{LINE_BLOCK_ID}", "'Journal'"),
    ):
        keys = f"{block}, t.currency"
        sql = (
            f"SELECT {block} AS block, t.currency AS currency, SUM(tal.amount) AS base, "
            f"SUM(tl.foreignamount) AS amount {LINES}{of_subsidiary(directory)} "
            f"AND t.type IN ({types}) AND tal.account = {clearing} AND {block} IS NOT NULL "
            f"{{window}} GROUP BY {keys} ORDER BY {keys}"
        )
        for row in windows(transport, sql):
            name = row["block"]
            rests[name] = rests.get(name, 0) + minor(row.get("base"), base)
            code = directory.code(row["currency"])
            if code != base:
                foreign[name] = foreign.get(name, 0) + minor(row.get("amount"), code)
    for name, amount in rests.items():
        if amount and foreign.get(name) == 0:
            yield BaseRest(name, base, amount)
