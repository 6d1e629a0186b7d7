"""Rates by date, and what ROWNUM counts."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sandbox_client import Client


def rate(ns: Client, day: str, value: str) -> str:
    return ns.make("/currencyRate", {
        "transactionCurrency": {"refName": "EUR"}, "effectiveDate": day,
        "exchangeRate": float(value)})  # fmt: skip


@pytest.mark.parametrize(
    ("day", "value"), [("2024-02-01", "1.25"), ("2024-02-09", "1.25"), ("2024-02-10", "1.5")]
)
def test_the_rate_of_the_date_is_the_default(ns: Client, day: str, value: str) -> None:
    """The last rate effective on the transaction date. Source: REST API Browser, currencyRate; Currency Exchange Rates."""
    rate(ns, "2024-02-01", "1.25")
    made = rate(ns, "2024-02-10", "1.5")
    assert ns.get(f"/currencyRate/{made}")["effectiveDate"] == "2024-02-10"
    customer = ns.make("/customer", {"companyName": "Euro", "subsidiary": {"id": "1"},
                                     "currency": {"refName": "EUR"}})  # fmt: skip
    line = {"item": {"id": ns.usage}, "amount": 100}
    bill = ns.make("/invoice", {"entity": {"id": customer}, "tranDate": day,
                                "item": {"items": [line]}})  # fmt: skip
    assert ns.get(f"/invoice/{bill}")["exchangeRate"] == float(value)
    assert ns.balance("1100") == 100 * Decimal(value)


def test_currency_rates_by_suiteql(ns: Client) -> None:
    """Rates are a table. Source: REST API Browser, currencyRate; the table's columns are unsure."""
    rate(ns, "2024-02-01", "1.25")
    rows = ns.sql("SELECT exchangerate r, TO_CHAR(effectivedate, 'YYYY-MM-DD') d FROM currencyrate")
    assert rows == [{"r": "1.25", "d": "2024-02-01"}]


@pytest.mark.parametrize(
    ("query", "capped", "whole"),
    [
        (("SELECT SUM(tl.foreignamount) s FROM transactionline tl JOIN transaction t "
         "ON t.id = tl.transaction WHERE tl.mainline = 'T' AND ROWNUM <= 2"), "20", "30"),
        (("SELECT t.type, COUNT(*) s FROM transaction t WHERE ROWNUM <= 2 GROUP BY t.type "
         "ORDER BY t.type"), "2", "3"),
        ("SELECT COUNT(*) s FROM transaction WHERE ROWNUM < 2", "1", "3"),
    ],
)  # fmt: skip
def test_rownum_counts_before_grouping(ns: Client, query: str, capped: str, whole: str) -> None:
    """ROWNUM caps the rows read, so that sums are partial. Source: issue 1168 of oracle/netsuite-suitecloud-sdk."""
    for number in range(3):
        ns.invoice(10, f"I{number}")
    assert ns.sql(query)[0]["s"] == capped
    ns.set(rownum_counts="rows_returned")
    assert ns.sql(query)[0]["s"] == whole
