"""What the readings share: statements of any length, amounts, and which account is what."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from drawdown.core.accounts import Role
from drawdown.core.errors import ErpRefusedError, MalformedEventError
from drawdown.core.money import currency, to_minor
from drawdown.core.rules import Record
from drawdown.erp.netsuite.bodies import number
from drawdown.erp.netsuite.directory import Directory
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
    "CustRfnd": Record.CUSTOMER_REFUND,
}
"""Transaction types of SuiteQL by what we call them."""

# transaction t, transactionline tl, transactionaccountingline tal, joined line by line.
LINES = (
    "FROM transaction t "
    "JOIN transactionline tl ON tl.transaction = t.id "
    "JOIN transactionaccountingline tal "
    "ON tal.transaction = tl.transaction AND tal.transactionline = tl.id "
    "WHERE tal.posting = 'T' AND tal.accountingbook = 1"
)


class Window(NamedTuple):
    """A range of transaction ids: after `low`, up to `high`."""

    low: int
    high: int


def windows(transport: Transport, sql: str) -> Iterator[Row]:
    """Run a statement over all transactions, in as many ranges of ids as its length asks for.

    Args:
        sql: With ``{window}`` in its WHERE clause. Where it sums, the sums of several ranges are
            to be added up.
    """
    top = next(transport.rows("SELECT MAX(t.id) AS id FROM transaction t"), Row())
    waiting = [Window(0, int(top.get("id") or 0))]
    while waiting:
        low, high = waiting.pop()
        rows = transport.rows(sql.format(window=f"AND t.id > {low} AND t.id <= {high}"))
        try:
            first = next(rows, None)
        except TooManyRowsError:
            middle = (low + high) // 2
            if middle == low:
                raise
            waiting += [Window(middle, high), Window(low, middle)]
            continue
        if first is not None:
            yield first
            yield from rows


def of_subsidiary(directory: Directory) -> str:
    """Return the condition that lines are of the mapped subsidiary; empty where there is none."""
    subsidiary = directory.subsidiary()
    return f" AND tl.subsidiary = {int(subsidiary)}" if subsidiary else ""


def roles_of(directory: Directory) -> dict[str, Role]:
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


def minor(value: object, code: str) -> int:
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
