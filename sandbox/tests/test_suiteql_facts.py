"""SuiteQL: BUILTIN functions and the oddities of the live service."""

from __future__ import annotations

import pytest
from sandbox_client import Client


@pytest.fixture(autouse=True)
def _books(ns: Client) -> None:
    ns.http.put("/_sandbox/clock", json={"now": "2024-05-15T12:00:00Z"})
    ns.headers = Client(ns.http).headers
    ns.invoice(110, "E", currency={"refName": "EUR"}, exchangeRate=1.2)
    ns.invoice(50, "U")


def one(ns: Client, expression: str, eid: str = "U") -> str | None:
    rows = ns.sql(f"SELECT {expression} AS x FROM transaction t WHERE t.externalid = '{eid}'")
    return rows[0].get("x")


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("'TODAY', 'START'", "5/15/2024"),
        ("'YESTERDAY', 'END'", "5/14/2024"),
        ("'DAGO30', 'START'", "4/15/2024"),
        ("'TM', 'START', 'DATE'", "5/1/2024"),
        ("'TM', 'END', 'DATE'", "5/31/2024"),
        ("'LM', 'END'", "4/30/2024"),
        ("'TQ', 'START'", "4/1/2024"),
        ("'LQ', 'END'", "3/31/2024"),
        ("'TYTD', 'START', 'DATE'", "1/1/2024"),
        ("'TYTD', 'END', 'DATE'", "5/15/2024"),
        ("'LY', 'START'", "1/1/2023"),
        ("'TW', 'START'", "5/12/2024"),
    ],
)
def test_relative_ranges(ns: Client, call: str, value: str) -> None:
    """BUILTIN.RELATIVE_RANGES(range, START | END[, DATE]). Source: SuiteQL Supported Built-in Functions; codes from third-party queries."""
    assert one(ns, f"BUILTIN.RELATIVE_RANGES({call})") == value


def test_relative_ranges_filter_and_follow_the_clock(ns: Client) -> None:
    """They compare with dates, and move on with the day. Source: SuiteQL Supported Built-in Functions."""
    ns.invoice(7, "N", day="2024-05-10")
    query = ("SELECT externalid x FROM transaction WHERE trandate BETWEEN "
             "BUILTIN.RELATIVE_RANGES('TM', 'START') AND BUILTIN.RELATIVE_RANGES('TM', 'END')")  # fmt: skip
    assert ns.sql(query) == [{"x": "N"}]
    ns.http.put("/_sandbox/clock", json={"now": "2024-06-01T12:00:00Z"})
    ns.headers = Client(ns.http).headers
    assert ns.sql(query) == []


def test_currency_convert(ns: Client) -> None:
    """To the base currency or the one named, by the currency's rate. Source: SuiteQL Supported Built-in Functions; rates of a date are not kept."""
    assert one(ns, "ROUND(BUILTIN.CURRENCY_CONVERT(t.foreigntotal), 2)", "E") == "121"
    assert one(ns, "ROUND(BUILTIN.CURRENCY_CONVERT(t.foreigntotal, 2), 2)", "E") == "110"
    assert one(ns, "ROUND(BUILTIN.CURRENCY_CONVERT(t.foreigntotal, 2, SYSDATE), 2)") == "45.45"


def test_consolidate(ns: Client) -> None:
    """Seven arguments; with one base currency the amount stays. Source: SuiteQL Supported Built-in Functions."""
    call = "BUILTIN.CONSOLIDATE(SUM(tal.amount), 'LEDGER', 'DEFAULT', 'DEFAULT', 1, 50, 'DEFAULT')"
    rows = ns.sql(f"SELECT {call} AS x FROM transactionaccountingline tal WHERE tal.amount > 0")
    assert rows == [{"x": "182"}]
    ns.sql_refused("SELECT BUILTIN.CONSOLIDATE(tal.amount) AS x FROM transactionaccountingline tal")
    ns.make("/subsidiary", {"name": "Euro Sub", "country": "DE", "currency": {"refName": "EUR"}})
    assert "No consolidated exchange rate" in ns.sql_refused(
        f"SELECT {call} AS x FROM transactionaccountingline tal WHERE tal.amount > 1"
    )


def test_currency_and_hierarchy(ns: Client) -> None:
    """CURRENCY leaves the value, HIERARCHY shows the name or the id. Source: SuiteQL Supported Built-in Functions."""
    assert one(ns, "BUILTIN.CURRENCY(t.foreigntotal)") == "50"
    assert one(ns, "BUILTIN.HIERARCHY(t.entity, 'DISPLAY_JOINED')") == "Acme"
    assert one(ns, "BUILTIN.HIERARCHY(t.entity, 'IDENTIFIER')") == ns.customer


def test_period(ns: Client) -> None:
    """The accounting period of a relative range. Source: SuiteQL Supported Built-in Functions; unsure."""
    query = "SELECT periodname x FROM accountingperiod WHERE id = BUILTIN.PERIOD('{}', 'START')"
    assert ns.sql(query.format("LP")) == [{"x": "Apr 2024"}]
    assert ns.sql(query.format("TP")) == [{"x": "May 2024"}]


@pytest.mark.parametrize(
    "call",
    ["NAMED_GROUP('employee', 'me')", "MNFILTER(t.memo, 'MN_INCLUDE', 'a')", "NOPE(t.id)", "DF()",
     "RELATIVE_RANGES('NEVER', 'START')", "RELATIVE_RANGES('TM', 'MIDDLE')", "PERIOD('XX', 'START')",
     "DF(t.id, 1)", "CURRENCY_CONVERT(t.foreigntotal, 1, 2, 3)"],
)  # fmt: skip
def test_unsupported_builtins(ns: Client, call: str) -> None:
    """What does not exist or fit is refused. Source: SuiteQL Supported Built-in Functions; text from third parties."""
    detail = ns.sql_refused(f"SELECT BUILTIN.{call} AS x FROM transaction t")
    assert "Invalid or unsupported search" in detail


def test_inactive_rows_are_included(ns: Client) -> None:
    """An inactive customer is in the table unless it is filtered out. Source: third-party observations of the live service."""
    ns.call("PATCH", f"/customer/{ns.customer}", {"isInactive": True})
    assert ns.sql("SELECT isinactive x FROM customer") == [{"x": "T"}]


def test_foreign_totals_of_several_currencies_are_added(ns: Client) -> None:
    """Nothing warns of adding euros to dollars. Source: third-party observations of the live service."""
    assert ns.sql("SELECT SUM(foreigntotal) x FROM transaction") == [{"x": "160"}]
    assert ns.sql("SELECT SUM(total) x FROM transaction") == [{"x": "182"}]


def test_base_amount_is_foreign_amount_times_rate(ns: Client) -> None:
    """Transactionaccountingline.amount = foreignamount x exchangerate. Source: section_1548805090; third-party count on live lines."""
    assert ns.sql(
        "SELECT COUNT(*) n FROM transactionline tl JOIN transactionaccountingline tal ON "
        "tal.transaction = tl.transaction AND tal.transactionline = tl.id "
        "WHERE tal.amount <> ROUND(tl.foreignamount * tal.exchangerate, 2)"
    ) == [{"n": "0"}]


def test_income_lines_are_negative(ns: Client) -> None:
    """Credit lines of an invoice carry negative amounts and quantities. Source: third-party queries; section_1548805090."""
    rows = ns.sql("SELECT tl.mainline m, tl.foreignamount a, tl.quantity q FROM transactionline tl "
                  "JOIN transaction t ON t.id = tl.transaction WHERE t.externalid = 'U' ORDER BY tl.id")  # fmt: skip
    assert rows == [{"m": "T", "a": "50"}, {"m": "F", "a": "-50", "q": "-1"}]


def test_at_most_1000_values_in_a_list(ns: Client) -> None:
    """IN takes up to 1,000 values. Source: SuiteQL Performance and Best Practices."""
    values = ", ".join(str(n) for n in range(1, 1001))
    assert len(ns.sql(f"SELECT id FROM transaction WHERE id IN ({values})")) == 2
    ns.sql_refused(f"SELECT id FROM transaction WHERE id IN ({values}, 1001)")


@pytest.mark.parametrize(
    ("paging", "name"), [({"limit": 1001}, "limit"), ({"limit": 0}, "limit"),
                         ({"limit": 10, "offset": 5}, "offset")],
)  # fmt: skip
def test_bad_pages(ns: Client, paging: dict[str, int], name: str) -> None:
    """Limit 1 to 1,000, offset a multiple of it. Source: Collection Paging."""
    answer = ns.http.post("/services/rest/query/v1/suiteql", params=paging,
                          json={"q": "SELECT id FROM transaction"},
                          headers={**ns.headers, "Prefer": "transient"})  # fmt: skip
    assert answer.status_code == 400
    assert answer.json()["o:errorDetails"][0]["o:errorQueryParam"] == name


def test_only_post_and_never_asynchronous(ns: Client) -> None:
    """GET is no query; respond-async is not for this service. Source: Executing SuiteQL Queries Through REST; Asynchronous Request Processing."""
    url = "/services/rest/query/v1/suiteql"
    assert ns.http.get(url, headers=ns.headers).status_code == 405
    answer = ns.http.post(url, json={"q": "SELECT id FROM transaction"},
                          headers={**ns.headers, "Prefer": "transient, respond-async"})  # fmt: skip
    assert answer.status_code == 200


def test_booleans_are_t_and_f(ns: Client) -> None:
    """Booleans are the letters T and F. Source: SuiteQL Supported and Unsupported Functions."""
    assert one(ns, "t.posting") == "T"
    assert one(ns, "t.voided") == "F"


def test_headers_lack_subsidiary_and_createdfrom(ns: Client) -> None:
    """Both stand on the lines. Source: third-party queries on live accounts."""
    rows = ns.sql("SELECT tl.subsidiary s FROM transactionline tl WHERE tl.mainline = 'T'")
    assert rows == [{"s": "1"}, {"s": "1"}]
    for column in ("subsidiary", "createdfrom"):
        assert f"Field '{column}'" in ns.sql_refused(f"SELECT {column} FROM transaction")
