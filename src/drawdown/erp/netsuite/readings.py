"""What NetSuite's ledger says, read by SuiteQL.

Conventions of every statement here: values come back as strings and NULLs are left out; dates go
through TO_CHAR; pages need a unique ORDER BY; LIMIT and OFFSET do not exist in the statement. Only
the primary accounting book and posting lines of the mapped subsidiary count.

Sources: Oracle help, "Executing SuiteQL Queries Through REST Web Services", "Transaction Line"
(amounts in transaction currency), "Transaction Accounting Line" (base currency). Columns of the
revenue tables are known from third-party queries; `revenueelement.sourceline`, the way from an
element to its line, only from the sandbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from drawdown.core.accounts import Role
from drawdown.core.errors import ErpRefusedError, MalformedEventError
from drawdown.core.money import currency, to_decimal, to_minor
from drawdown.core.ports import AccountBalance, ErpRecord, Recognised, TaggedBalance, Untagged
from drawdown.core.rules import Record
from drawdown.erp.netsuite.directory import Directory, number
from drawdown.erp.netsuite.fields import BLOCK_ID, LINE_BLOCK_ID
from drawdown.erp.netsuite.transport import Row, TooManyRowsError, Transport

OUR_PREFIX = "dd_"
TYPES: dict[str, Record] = {
    "SalesOrd": Record.SALES_ORDER,
    "CustInvc": Record.INVOICE,
    "CustDep": Record.CUSTOMER_DEPOSIT,
    "DepAppl": Record.DEPOSIT_APPLICATION,
    "Journal": Record.JOURNAL_ENTRY,
    "CustCred": Record.CREDIT_MEMO,
    "CustPymt": Record.CUSTOMER_PAYMENT,
}
"""Transaction types of SuiteQL by what we call them."""

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

# transaction t, transactionline tl, transactionaccountingline tal, joined line by line.
_LINES = (
    "FROM transaction t "
    "JOIN transactionline tl ON tl.transaction = t.id "
    "JOIN transactionaccountingline tal "
    "ON tal.transaction = tl.transaction AND tal.transactionline = tl.id "
    "WHERE tal.posting = 'T' AND tal.accountingbook = 1"
)


def books_open_from(transport: Transport) -> date | None:
    """Return the first day of the first period that takes postings; None if all do.

    Periods that are closed, or locked for receivables or wholly, do not.
    """
    sql = (
        "SELECT p.id AS id, TO_CHAR(p.startdate, 'YYYY-MM-DD') AS startdate, p.closed AS closed, "
        "p.alllocked AS alllocked, p.arlocked AS arlocked FROM accountingperiod p "
        "WHERE p.isquarter = 'F' AND p.isyear = 'F' AND p.isadjust = 'F' AND p.isinactive = 'F' "
        "ORDER BY p.startdate, p.id"
    )
    is_first = True
    for row in transport.rows(sql):
        if "T" not in (row.get("closed"), row.get("alllocked"), row.get("arlocked")):
            return None if is_first else date.fromisoformat(row["startdate"])
        is_first = False
    if is_first:
        return None
    raise ErpRefusedError(
        "every accounting period in NetSuite is closed or locked; open one under Setup > "
        "Accounting > Manage Accounting Periods"
    )


def tagged_balances(transport: Transport, directory: Directory) -> Iterator[TaggedBalance]:
    """Sum up the lines of each block by role.

    Deposits and applications carry the block on the body, so all their lines are the block's.
    Invoices, memos and journals carry it on the line; their receivable line has no block, so the
    block's receivable is what its own lines say, negated.
    """
    roles = _roles(directory)
    totals: dict[tuple[str, Role, str], int] = {}

    def add(block_id: str, role: Role, code: str, amount_minor: int) -> None:
        key = (block_id, role, code)
        totals[key] = totals.get(key, 0) + amount_minor

    for row in _grouped(transport, directory, f"t.{BLOCK_ID}", ("CustDep", "DepAppl")):
        role = roles.get(row["account"])
        if role is not None:
            code = directory.code(row["currency"])
            add(row["block"], role, code, _minor(row.get("amount"), code))
    types = ("CustInvc", "CustCred", "Journal")
    for row in _grouped(transport, directory, f"tl.{LINE_BLOCK_ID}", types):
        code = directory.code(row["currency"])
        amount = _minor(row.get("amount"), code)
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
        f"SUM(tl.foreignamount) AS amount {_LINES}{_of_subsidiary(directory)} "
        f"AND t.type IN ({names}) AND {block} IS NOT NULL {{window}} "
        f"GROUP BY {keys} ORDER BY {keys}"
    )
    return _windows(transport, sql)


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
        return _minor(row.get("amount"), code)
    total_minor = _minor(row.get("total"), code)
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


def untagged(transport: Transport, directory: Directory) -> Iterator[Untagged]:
    """Read lines on exclusive accounts that name no block and are in no record of ours.

    Recognition journals have no block either; they are known by the plans they fulfil.
    """
    roles = {
        internal_id: role
        for internal_id, role in _roles(directory).items()
        if role in EXCLUSIVE_ROLES
    }
    base = directory.chart().base_currency
    accounts = ", ".join(sorted(roles, key=int)) or "0"
    sql = (
        "SELECT t.id AS id, tl.id AS line, tal.account AS account, t.type AS type, "
        "t.tranid AS tranid, TO_CHAR(t.trandate, 'YYYY-MM-DD') AS trandate, "
        "t.currency AS currency, tl.foreignamount AS amount, tal.amount AS base, t.memo AS memo "
        f"{_LINES}{_of_subsidiary(directory)} AND tal.account IN ({accounts}) "
        f"AND t.{BLOCK_ID} IS NULL AND tl.{LINE_BLOCK_ID} IS NULL "
        f"AND (t.externalid IS NULL OR SUBSTR(t.externalid, 1, 3) <> '{OUR_PREFIX}') "
        "AND t.id NOT IN (SELECT r.journal FROM revenueplanplannedrevenue r "
        "WHERE r.journal IS NOT NULL) {window} ORDER BY t.id, tl.id"
    )
    for row in _windows(transport, sql):
        code = directory.code(row["currency"])
        amount = _minor(row.get("amount"), code)
        if not amount:  # exchange differences exist in base currency only
            code, amount = base, _minor(row.get("base"), base)
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


def records(transport: Transport, directory: Directory) -> Iterator[ErpRecord]:
    """Read all transactions that bear an external id of ours, by internal id.

    Totals are positive here: SuiteQL gives credit memos and applications a sign.
    """
    sql = (
        "SELECT t.id AS id, t.externalid AS externalid, t.type AS type, t.tranid AS tranid, "
        "t.currency AS currency, t.foreigntotal AS total, t.foreignamountunpaid AS unpaid, "
        "t.foreignpaymentamountunused AS unused, t.exchangerate AS rate, "
        "TO_CHAR(t.trandate, 'YYYY-MM-DD') AS trandate FROM transaction t "
        f"WHERE SUBSTR(t.externalid, 1, 3) = '{OUR_PREFIX}' {{after}}"
    )
    for row in transport.rows_by_key(sql, "t.id"):
        record = TYPES.get(row["type"])
        if record is None:
            continue
        code = directory.code(row["currency"])
        unpaid = {
            Record.INVOICE: row.get("unpaid"),
            Record.CUSTOMER_DEPOSIT: row.get("unused"),
        }.get(record)
        yield ErpRecord(
            row["externalid"],
            record.value,
            row["id"],
            row.get("tranid", ""),
            code,
            abs(_minor(row.get("total"), code)),
            abs(_minor(unpaid, code)),
            date.fromisoformat(row["trandate"]),
            number(row.get("rate", "1")),
        )


def account_balances(transport: Transport, directory: Directory) -> Iterator[AccountBalance]:
    """Read the balance of every mapped account that exists, in base currency."""
    directory.refresh()
    posted = directory.posted_accounts()
    chart = directory.chart()
    accounts = ", ".join(sorted(posted, key=int)) or "0"
    sql = (
        f"SELECT tal.account AS account, SUM(tal.amount) AS amount {_LINES}"
        f"{_of_subsidiary(directory)} AND tal.account IN ({accounts}) "
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


# -- shared ------------------------------------------------------------------------------------


class _Window(NamedTuple):
    """A range of transaction ids: after `low`, up to `high`."""

    low: int
    high: int


def _windows(transport: Transport, sql: str) -> Iterator[Row]:
    """Run a statement over all transactions, in as many ranges of ids as its length asks for.

    Args:
        sql: With ``{window}`` in its WHERE clause. Where it sums, the sums of several ranges are
            to be added up.
    """
    top = next(transport.rows("SELECT MAX(t.id) AS id FROM transaction t"), {})
    waiting = [_Window(0, int(top.get("id") or 0))]
    while waiting:
        low, high = waiting.pop()
        rows = transport.rows(sql.format(window=f"AND t.id > {low} AND t.id <= {high}"))
        try:
            first = next(rows, None)
        except TooManyRowsError:
            middle = (low + high) // 2
            if middle == low:
                raise
            waiting += [_Window(middle, high), _Window(low, middle)]
            continue
        if first is not None:
            yield first
            yield from rows


def _of_subsidiary(directory: Directory) -> str:
    subsidiary = directory.subsidiary()
    return f" AND tl.subsidiary = {int(subsidiary)}" if subsidiary else ""


def _roles(directory: Directory) -> dict[str, Role]:
    """Return the role of each of our accounts by internal id, from a fresh chart.

    NetSuite makes its Customer Deposits account with the first deposit, so an old chart may lack
    it. Customers may have receivable accounts of their own, so every one of that type counts.
    """
    directory.refresh()
    roles = {
        internal_id: posted.account
        for internal_id, posted in directory.posted_accounts().items()
        if isinstance(posted.account, Role)
    }
    for row in directory.chart().accounts.values():
        if row.kind == "AcctRec":
            roles.setdefault(row.internal_id, Role.ACCOUNTS_RECEIVABLE)
    return roles


def _minor(value: object, code: str) -> int:
    """Turn an amount of a query into minor units.

    Raises:
        ErpRefusedError: It has more decimals than the currency.
    """
    amount = number(value)
    try:
        return to_minor(amount, code)
    except MalformedEventError as error:
        raise ErpRefusedError(
            f"NetSuite gave {amount} {code}, which is not whole units of {currency(code).exponent} "
            "decimals; the currency's precision in NetSuite must be that of ISO 4217"
        ) from error
