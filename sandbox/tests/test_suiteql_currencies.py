"""SuiteQL: amounts in other currencies, converted and consolidated."""

from __future__ import annotations

import pytest
from sandbox_client import Client


@pytest.fixture(autouse=True)
def _books(ns: Client) -> None:
    ns.invoices_in_may()


def test_currency_convert(ns: Client) -> None:
    """To the base currency or the one named, by the currency's rate. Source: BUILTIN.CURRENCY_CONVERT (article_1029114601)."""
    assert ns.one("ROUND(BUILTIN.CURRENCY_CONVERT(t.foreigntotal), 2)", "E") == "121"
    assert ns.one("ROUND(BUILTIN.CURRENCY_CONVERT(t.foreigntotal, 2), 2)", "E") == "110"
    assert ns.one("ROUND(BUILTIN.CURRENCY_CONVERT(t.foreigntotal, 2, SYSDATE), 2)") == "45.45"


@pytest.mark.parametrize(
    ("day", "value"), [("2024-02-01", "137.5"), ("2024-03-01", "165"), ("2023-01-01", "121")]
)
def test_currency_convert_by_the_rate_of_a_date(ns: Client, day: str, value: str) -> None:
    """The rate effective on the date; today's without one. Source: BUILTIN.CURRENCY_CONVERT (article_1029114601)."""
    for effective, rate in (("2024-01-15", 1.25), ("2024-02-20", 1.5)):
        ns.make("/currencyRate", {"baseCurrency": {"id": "1"}, "effectiveDate": effective,
                                  "transactionCurrency": {"refName": "EUR"}, "exchangeRate": rate})  # fmt: skip
    call = f"BUILTIN.CURRENCY_CONVERT(t.foreigntotal, 1, TO_DATE('{day}', 'YYYY-MM-DD'))"
    assert ns.one(call, "E") == value
    assert ns.one("BUILTIN.CURRENCY_CONVERT(t.foreigntotal)", "E") == "165"


CONSOLIDATED = "BUILTIN.CONSOLIDATE({}, 'LEDGER', 'DEFAULT', '{}', {}, {}, 'DEFAULT')"


def test_consolidate(ns: Client) -> None:
    """Seven arguments; with one base currency the amount stays. Source: BUILTIN.CONSOLIDATE (article_1029114527)."""
    call = CONSOLIDATED.format("SUM(tal.amount)", "DEFAULT", 1, 50)
    rows = ns.sql(f"SELECT {call} AS x FROM transactionaccountingline tal WHERE tal.amount > 0")
    assert rows == [{"x": "182"}]
    for wrong in ("BUILTIN.CONSOLIDATE(tal.amount)", call.replace("LEDGER", "OTHER"),
                  call.replace("'DEFAULT', 'DEFAULT'", "'NEVER', 'DEFAULT'", 1)):  # fmt: skip
        ns.sql_refused(f"SELECT {wrong} AS x FROM transactionaccountingline tal")


@pytest.fixture
def euro(ns: Client) -> str:
    """A subsidiary in EUR with a journal of 100 in May 2024, and rates of that month."""
    euro = ns.make("/subsidiary", {"name": "Euro Sub", "country": "DE",
                                   "currency": {"refName": "EUR"}})  # fmt: skip
    for effective, rate in (("2024-05-01", 1.25), ("2024-05-31", 1.5)):
        ns.make("/currencyRate", {"baseCurrency": {"id": "1"}, "effectiveDate": effective,
                                  "transactionCurrency": {"refName": "EUR"}, "exchangeRate": rate})  # fmt: skip
    lines = [{"account": {"id": ns.account("1500")}, "debit": 100},
             {"account": {"id": ns.account("4010")}, "credit": 100}]  # fmt: skip
    ns.make("/journalEntry", {"subsidiary": {"id": euro}, "tranDate": "2024-05-10",
                              "externalId": "EURO", "line": {"items": lines}})  # fmt: skip
    return euro


@pytest.mark.parametrize(
    ("rate", "debit", "credit"),
    [
        ("CURRENT", "150", "-150"), ("HISTORICAL", "125", "-125"),
        ("AVERAGE", "125.81", "-125.81"), ("DEFAULT", "150", "-125.81"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("euro")
def test_consolidate_several_base_currencies(
    ns: Client, rate: str, debit: str, credit: str
) -> None:
    """Amounts of a subsidiary in the currency of another, by the kind of rate. Source: BUILTIN.CONSOLIDATE (article_1029114527); how the rates come about is unsure."""
    call = CONSOLIDATED.format("tal.amount", rate, 1, "t.postingperiod")
    rows = ns.sql(
        f"SELECT ROUND({call}, 2) AS x FROM transactionaccountingline tal"
        " JOIN transaction t ON t.id = tal.transaction WHERE t.externalid = 'EURO' ORDER BY tal.transactionline"
    )
    assert [row["x"] for row in rows] == [debit, credit]


def test_consolidate_inside_and_around_a_sum(ns: Client, euro: str) -> None:
    """Each row has its own rate, whichever side SUM is written. Source: BUILTIN.CONSOLIDATE (article_1029114527)."""
    inner = CONSOLIDATED.format("tal.amount", "CURRENT", 1, "t.postingperiod")
    may = ns.sql("SELECT id FROM accountingperiod WHERE periodname = 'May 2024'")[0]["id"]
    outer = CONSOLIDATED.format("SUM(tal.amount)", "CURRENT", 1, may)
    for call in (f"SUM({inner})", outer, f"SUM(TO_NUMBER({inner}))"):
        rows = ns.sql(
            f"SELECT {call} AS x FROM transactionaccountingline tal"
            " JOIN transaction t ON t.id = tal.transaction WHERE tal.amount > 0"
        )
        assert rows == [{"x": "332"}]  # 182 in dollars, 100 in euros at 1.5.
    in_euro = CONSOLIDATED.format("tal.amount", "CURRENT", euro, "t.postingperiod")
    rows = ns.sql(
        f"SELECT {in_euro} AS x, BUILTIN.CURRENCY({in_euro}) AS c"
        " FROM transactionaccountingline tal JOIN transaction t ON t.id = tal.transaction"
        " WHERE t.externalid = 'EURO' AND tal.amount > 0"
    )
    assert rows == [{"x": "100", "c": "EUR"}]
