"""Balances of the general ledger: per block and role, per account, and what no block explains."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import chain

from drawdown.core.accounts import Role
from drawdown.core.decide.rounding import ROUNDING_ID
from drawdown.core.money import to_decimal
from drawdown.core.observed import AccountBalance, TaggedBalance, Untagged
from drawdown.erp.netsuite.bodies import number
from drawdown.erp.netsuite.directory import Directory
from drawdown.erp.netsuite.fields import BLOCK_ID, LINE_BLOCK_ID
from drawdown.erp.netsuite.readings.query import (
    LINES,
    OUR_PREFIX,
    TYPES,
    minor,
    of_subsidiary,
    roles_of,
    windows,
)
from drawdown.erp.netsuite.transport import Row, Transport

EXCLUSIVE_ROLES = (
    Role.CUSTOMER_DEPOSITS,
    Role.PREPAYMENT_CLEARING,
    Role.PREPAID_CREDITS_LIABILITY,
    Role.UNDEPOSITED_FUNDS,
    Role.DEFERRED_REVENUE_PREPAID,
    Role.DEFERRED_REVENUE_USAGE,
    Role.DEFERRED_REVENUE_BREAKAGE,
)
"""Accounts on which every line belongs to a block; others are shared with the rest of the books."""

ROUNDING_MAX = "0.04"
"""Base currency that NetSuite posts to Rounding Gain/Loss by itself, at most.

Source: Oracle help, "Variance Calculations".
"""


NO_ROUNDING = (
    "(t.externalid IS NULL OR "
    f"SUBSTR(t.externalid, 1, {len(OUR_PREFIX + ROUNDING_ID)}) <> '{OUR_PREFIX}{ROUNDING_ID}')"
)
"""Leaves out the journals that settle rounding: they are no money of the block."""


def tagged_balances(transport: Transport, directory: Directory) -> Iterator[TaggedBalance]:
    """Sum up the lines of each block by role.

    Deposits, applications and refunds carry the block on the body, so all their lines are the
    block's; the application that NetSuite makes of a refunded deposit is its refund's.
    Invoices, memos and journals carry it on the line; their receivable line has no block, so the
    block's receivable is what its own lines say, negated.
    """
    roles = roles_of(directory)
    totals: dict[tuple[str, Role, str], int] = {}

    def add(block_id: str, role: Role, code: str, amount_minor: int) -> None:
        key = (block_id, role, code)
        totals[key] = totals.get(key, 0) + amount_minor

    whole = ("CustDep", "DepAppl", "CustRfnd")
    for row in chain(
        _grouped(transport, directory, f"t.{BLOCK_ID}", whole),
        _refunding(transport, directory),
    ):
        role = roles.get(row["account"])
        if role is not None:
            code = directory.code(row["currency"])
            add(row["block"], role, code, minor(row.get("amount"), code))
    types = ("CustInvc", "CustCred", "Journal")
    for row in _grouped(transport, directory, f"tl.{LINE_BLOCK_ID}", types):
        code = directory.code(row["currency"])
        amount = minor(row.get("amount"), code)
        role = roles.get(row["account"])
        if role is not None:
            add(row["block"], role, code, amount)
        if row["type"] != "Journal":
            add(row["block"], Role.ACCOUNTS_RECEIVABLE, code, -amount)
    for (block_id, role, code), amount_minor in totals.items():
        yield TaggedBalance(block_id, role, code, amount_minor)


def _grouped(
    transport: Transport, directory: Directory, block: str, types: tuple[str, ...]
) -> Iterator[Row]:
    """Sum lines by block, account, currency and type, in transaction currency."""
    names = ", ".join(f"'{name}'" for name in types)
    keys = f"{block}, tal.account, t.currency, t.type"
    sql = (
        f"SELECT {block} AS block, tal.account AS account, t.currency AS currency, t.type AS type, "
        f"SUM(tl.foreignamount) AS amount {LINES}{of_subsidiary(directory)} "
        f"AND t.type IN ({names}) AND {block} IS NOT NULL AND {NO_ROUNDING} {{window}} "
        f"GROUP BY {keys} ORDER BY {keys}"
    )
    return windows(transport, sql)


# Applications that NetSuite made by itself, of deposits that refunds of ours pay out.
_REFUNDING = (
    "SELECT DISTINCT k.nextdoc FROM previoustransactionlinelink k "
    "JOIN transaction r ON r.id = k.previousdoc "
    f"WHERE k.linktype = 'Payment' AND r.type = 'CustRfnd' AND r.{BLOCK_ID} IS NOT NULL"
)


def _refunding(transport: Transport, directory: Directory) -> Iterator[Row]:
    """Sum the lines of such applications by the block of their refund."""
    keys = f"r.{BLOCK_ID}, tal.account, t.currency, t.type"
    lines = LINES.replace(
        " WHERE ",
        " JOIN previoustransactionlinelink k ON k.nextdoc = t.id AND k.linktype = 'Payment' "
        "JOIN transaction r ON r.id = k.previousdoc AND r.type = 'CustRfnd' WHERE ",
    )
    sql = (
        f"SELECT r.{BLOCK_ID} AS block, tal.account AS account, t.currency AS currency, "
        f"t.type AS type, SUM(tl.foreignamount) AS amount {lines}{of_subsidiary(directory)} "
        f"AND t.type = 'DepAppl' AND t.{BLOCK_ID} IS NULL AND r.{BLOCK_ID} IS NOT NULL {{window}} "
        f"GROUP BY {keys} ORDER BY {keys}"
    )
    return windows(transport, sql)


def untagged(transport: Transport, directory: Directory) -> Iterator[Untagged]:
    """Read lines on exclusive accounts that name no block and are in no record of ours.

    Recognition journals have no block either; they are known by the plans they fulfil. What
    NetSuite rounds off by itself where a foreign deposit is applied in parts is no difference.
    """
    roles = {
        internal_id: role
        for internal_id, role in roles_of(directory).items()
        if role in EXCLUSIVE_ROLES
    }
    base = directory.chart().base_currency
    accounts = ", ".join(sorted(roles, key=int)) or "0"
    sql = (
        "SELECT t.id AS id, tl.id AS line, tal.account AS account, t.type AS type, "
        "t.tranid AS tranid, TO_CHAR(t.trandate, 'YYYY-MM-DD') AS trandate, "
        "t.currency AS currency, tl.foreignamount AS amount, tal.amount AS base, t.memo AS memo "
        f"{LINES}{of_subsidiary(directory)} AND tal.account IN ({accounts}) "
        f"AND t.{BLOCK_ID} IS NULL AND tl.{LINE_BLOCK_ID} IS NULL "
        f"AND (t.externalid IS NULL OR SUBSTR(t.externalid, 1, 3) <> '{OUR_PREFIX}') "
        "AND t.id NOT IN (SELECT r.journal FROM revenueplanplannedrevenue r "
        f"WHERE r.journal IS NOT NULL) AND t.id NOT IN ({_REFUNDING}) "
        f"AND NOT (t.type = 'FxReval' AND ABS(tal.amount) <= {ROUNDING_MAX}) "
        "{window} ORDER BY t.id, tl.id"
    )
    for row in windows(transport, sql):
        code = directory.code(row["currency"])
        amount = minor(row.get("amount"), code)
        if not amount:  # exchange differences exist in base currency only
            code, amount = base, minor(row.get("base"), base)
        if amount:
            yield Untagged(
                roles[row["account"]],
                TYPES[row["type"]].value if row["type"] in TYPES else row["type"],
                row.get("tranid", ""),
                date.fromisoformat(row["trandate"]),
                code,
                amount,
                row.get("memo", ""),
            )


def account_balances(transport: Transport, directory: Directory) -> Iterator[AccountBalance]:
    """Read the balance of every mapped account that exists, in base currency."""
    directory.refresh()
    posted = directory.posted_accounts()
    chart = directory.chart()
    accounts = ", ".join(sorted(posted, key=int)) or "0"
    sql = (
        f"SELECT tal.account AS account, SUM(tal.amount) AS amount {LINES}"
        f"{of_subsidiary(directory)} AND tal.account IN ({accounts}) "
        "GROUP BY tal.account ORDER BY tal.account"
    )
    amounts = {row["account"]: number(row.get("amount")) for row in transport.rows(sql)}
    quantum = to_decimal(1, chart.base_currency)
    for internal_id, (account, item_id) in posted.items():
        row = chart.accounts.get(internal_id)
        amount = amounts.get(internal_id, Decimal(0)).quantize(quantum)
        yield AccountBalance(
            account,
            item_id,
            row.number if row else "",
            row.name if row else "",
            chart.base_currency,
            amount,
        )
