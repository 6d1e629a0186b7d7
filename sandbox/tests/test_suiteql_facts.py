"""SuiteQL: BUILTIN functions and the oddities of the live service."""

from __future__ import annotations

import pytest
from sandbox_client import Client


@pytest.fixture(autouse=True)
def _books(ns: Client) -> None:
    ns.invoices_in_may()


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
        ("'LFYTD', 'END', 'DATETIME_AS_DATE'", "5/15/2023"),
        ("'FQBL', 'START'", "10/1/2023"),
        ("'SFQLFY', 'END'", "6/30/2023"),
        ("'SDLM', 'START'", "4/15/2024"),
        ("'LBW', 'START'", "5/6/2024"),
        ("'TRQ', 'START'", "2/16/2024"),
        ("'PMTFY', 'END'", "4/30/2024"),
        ("'TODAYTTM', 'END'", "5/31/2024"),
        ("'OYBL', 'START'", "1/1/2022"),
        ("'NOW', 'END'", "5/22/2024"),
    ],
)
def test_relative_ranges(ns: Client, call: str, value: str) -> None:
    """BUILTIN.RELATIVE_RANGES(range, START | END[, DATE]). Source: BUILTIN.RELATIVE_RANGES (article_1029114825), query.RelativeDateRange (section_1544111773); bounds by the names, unsure."""
    assert ns.one(f"BUILTIN.RELATIVE_RANGES({call})") == value


CODES = [
    "FHBL",
    "FHBLTD",
    "FQBL",
    "FQBLTD",
    "FYBL",
    "FYBLTD",
    "DAGO5",
    "DFN5",
    "DAGO4",
    "DFN4",
    "TWN3W",
    "LBW",
    "LFH",
    "LFHLFY",
    "LFHTD",
    "LFQ",
    "LFQLFY",
    "LFQTD",
    "LFQFYBL",
    "LFY",
    "LFYTD",
    "LM",
    "LMLFQ",
    "LMLFY",
    "LMTD",
    "LMFQBL",
    "LMFYBL",
    "LRH",
    "LRQ",
    "LRY",
    "LW",
    "LWTD",
    "LY",
    "LYTD",
    "MAN",
    "MANTD",
    "MBL",
    "MBLTD",
    "NBW",
    "NFH",
    "NFQ",
    "NFY",
    "N4W",
    "NM",
    "NOH",
    "NOM",
    "NOQ",
    "NOW",
    "NOY",
    "NW",
    "DAGO90",
    "DFN90",
    "OYBL",
    "PQLFY",
    "PQTFY",
    "PMLFH",
    "PMLFQ",
    "PMLFY",
    "PMSFHLFY",
    "PMSFQLFY",
    "PMTFH",
    "PMTFQ",
    "PMTFY",
    "OD",
    "OH",
    "OM",
    "OQ",
    "OW",
    "OY",
    "PRH",
    "PRQ",
    "PRY",
    "SDFQBL",
    "SDFYBL",
    "SDLFQ",
    "SDLFY",
    "SDLM",
    "SDLW",
    "SDMBL",
    "SDWBL",
    "SFHLFY",
    "SFHLFYTD",
    "SFQFYBL",
    "SFQLFY",
    "SFQLFYTD",
    "SMFQBL",
    "SMFYBL",
    "SMLFQ",
    "SMLFQTD",
    "SMLFY",
    "SMLFYTD",
    "SWFYBL",
    "SWLFY",
    "DAGO60",
    "DFN60",
    "DAGO10",
    "DFN10",
    "DAGO30",
    "DFN30",
    "TBW",
    "TFH",
    "TFHTD",
    "TFQ",
    "TFQTD",
    "TFY",
    "TFYTD",
    "TM",
    "TMTD",
    "TRH",
    "TRQ",
    "TRY",
    "TW",
    "TWTD",
    "TY",
    "TYTD",
    "DAGO3",
    "DFN3",
    "FQB",
    "FQBTD",
    "FYB",
    "FYBTD",
    "MB",
    "MBTD",
    "TODAY",
    "TODAYTTM",
    "TOMORROW",
    "DAGO2",
    "DFN2",
    "WAN",
    "WANTD",
    "WBL",
    "WBLTD",
    "YESTERDAY",
]


def test_all_relative_ranges(ns: Client) -> None:
    """Every code of the enumeration has a first and a last day, in that order. Source: query.RelativeDateRange (section_1544111773)."""
    edges = ", ".join(
        f"TO_CHAR(BUILTIN.RELATIVE_RANGES('{code}', '{edge}'), 'YYYY-MM-DD') {code}_{edge}"
        for code in CODES
        for edge in ("START", "END")
    )
    row = ns.sql(f"SELECT {edges} FROM transaction t WHERE t.externalid = 'U'")[0]
    for code in map(str.lower, CODES):
        assert row[f"{code}_start"] <= row[f"{code}_end"], code


def test_relative_ranges_filter_and_follow_the_clock(ns: Client) -> None:
    """They compare with dates, and move on with the day. Source: SuiteQL Supported Built-in Functions."""
    ns.invoice(7, "N", day="2024-05-10")
    query = ("SELECT externalid x FROM transaction WHERE trandate BETWEEN "
             "BUILTIN.RELATIVE_RANGES('TM', 'START') AND BUILTIN.RELATIVE_RANGES('TM', 'END')")  # fmt: skip
    assert ns.sql(query) == [{"x": "N"}]
    ns.http.put("/_sandbox/clock", json={"now": "2024-06-01T12:00:00Z"})
    ns.headers = Client(ns.http).headers
    assert ns.sql(query) == []


def test_currency_is_a_code(ns: Client) -> None:
    """CURRENCY returns the currency code of an amount. Source: BUILTIN.CURRENCY (article_1029114544)."""
    assert ns.one("BUILTIN.CURRENCY(t.foreigntotal)") == "USD"
    assert ns.one("BUILTIN.CURRENCY(t.foreigntotal)", "E") == "EUR"
    assert ns.one("BUILTIN.CURRENCY(t.total)", "E") == "USD"
    assert ns.one("BUILTIN.CURRENCY(BUILTIN.CURRENCY_CONVERT(t.foreigntotal, 3))", "E") == "GBP"


@pytest.mark.parametrize(
    ("way", "value"),
    [
        ("DISPLAY", "Acme : Acme West"), ("DISPLAY_JOINED", "Acme : Acme West"),
        ("SELF_DISPLAY", "Acme West"), ("LEVEL", "2"), ("IDENTIFIER_SEPARATED", "{0} : {1}"),
        ("SELF_IDENTIFIER", "{1}"),
    ],
)  # fmt: skip
def test_hierarchy(ns: Client, way: str, value: str) -> None:
    """The full path to a value, by name or id. Source: BUILTIN.HIERARCHY (article_1029114623); the mark between is unsure."""
    west = ns.make("/customer", {"companyName": "Acme West", "subsidiary": {"id": "1"},
                                 "parent": {"id": ns.customer}})  # fmt: skip
    ns.invoice(7, "W", entity={"id": west})
    assert ns.one(f"BUILTIN.HIERARCHY(t.entity, '{way}')", "W") == value.format(ns.customer, west)


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("'LM', 'START', 'ALL', 'BETWEEN'", ["Apr 2024"]),
        ("'TFQ', 'START', 'NOT_LAST', 'BETWEEN'", ["Apr 2024", "May 2024", "Jun 2024"]),
        ("'TM', 'START', 'ALL', '<'", ["Mar 2024", "Apr 2024"]),
        ("'TM', 'END', 'ALL', '>'", ["Jun 2024"]),
        ("'TM', 'START', 'ALL', 'NOT BETWEEN'", ["Mar 2024", "Apr 2024", "Jun 2024"]),
        ("'TM', 'START', 'ALL', '>='", ["May 2024", "Jun 2024"]),
        ("'TP', 'START', 'ALL', '<='", ["Mar 2024", "Apr 2024", "May 2024"]),
    ],
)
def test_period(ns: Client, call: str, names: list[str]) -> None:
    """The periods of a relative range, as the contents of IN. Source: BUILTIN.PERIOD (article_1029114816); which periods an operator means is unsure."""
    for form in (f"IN (BUILTIN.PERIOD({call}))", f"IN BUILTIN.PERIOD({call})"):
        rows = ns.sql(
            f"SELECT periodname x FROM accountingperiod WHERE id {form} AND startdate"
            " BETWEEN TO_DATE('2024-03-01', 'YYYY-MM-DD') AND TO_DATE('2024-06-01', 'YYYY-MM-DD')"
            " ORDER BY startdate"
        )
        assert [row["x"] for row in rows] == names


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("'MN_INCLUDE', '', 'TRUE', {a}", ["A", "AB"]),
        ("'MN_INCLUDE', '', 'TRUE', {a}, '{b}'", ["A", "AB"]),
        ("'MN_INCLUDE_ALL', '', 'TRUE', {a}, {b}", ["AB"]),
        ("'MN_INCLUDE_EXACTLY', '', 'TRUE', {a}", ["A"]),
        ("'MN_EXCLUDE', '', 'TRUE', {b}", ["A", "N"]),
        ("'MN_EXCLUDE_ALL', '', 'TRUE', {a}, {b}", ["A", "N"]),
        ("'MN_EXCLUDE_EXACTLY', '', 'TRUE', {a}", ["AB", "N"]),
        ("'MN_INCLUDE', 'DF', 'TRUE', 'B, Ltd'", ["AB"]),
        ("'MN_INCLUDE', 'DF', 'TRUE', 'b, ltd'", []),
        ("'MN_INCLUDE', 'DF', 'FALSE', 'b, ltd'", ["AB"]),
    ],
)
def test_filter_of_a_multiple_choice(ns: Client, call: str, found: list[str]) -> None:
    """MNFILTER compares a multiple choice with values, by id or by name. Source: BUILTIN.MNFILTER (article_1029114633)."""
    a, b = (ns.make("/subsidiary", {"name": name, "country": "US"}) for name in ("A", "B, Ltd"))
    for name, chosen in (("A", [a]), ("AB", [a, b]), ("N", [])):
        ns.make("/serviceSaleItem", {"itemId": name, "externalId": name, "incomeAccount": {"externalId": "4010"},
                                     "subsidiary": {"items": [{"id": one} for one in chosen]}})  # fmt: skip
    rows = ns.sql(
        f"SELECT itemid x FROM item WHERE BUILTIN.MNFILTER(subsidiary, {call.format(a=a, b=b)}) = 'T'"
        " AND externalid IN ('A', 'AB', 'N') ORDER BY itemid"
    )
    assert [row["x"] for row in rows] == found


def test_multiple_choice_as_a_value(ns: Client) -> None:
    """Its ids, separated by commas. Source: third-party queries; the separator is unsure."""
    other = ns.make("/subsidiary", {"name": "Other", "country": "US"})
    ns.call(
        "PATCH",
        f"/serviceSaleItem/{ns.usage}",
        {"subsidiary": {"items": [{"id": "1"}, {"id": other}]}},
    )
    assert ns.sql(f"SELECT subsidiary x FROM item WHERE id = {ns.usage}") == [{"x": f"1, {other}"}]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("SELECT id FROM subsidiary WHERE id IN BUILTIN.NAMED_GROUP('subsidiary', 'mine')", 2),
        ("SELECT id FROM subsidiary WHERE id IN (BUILTIN.NAMED_GROUP('subsidiary', 'mine'))", 2),
        (
            "SELECT id FROM subsidiary WHERE id NOT IN (BUILTIN.NAMED_GROUP('subsidiary', 'mine'))",
            0,
        ),
        ("SELECT id FROM transaction WHERE entity IN BUILTIN.NAMED_GROUP('customer', 'me')", 0),
        (
            "SELECT id FROM transactionline WHERE department IN BUILTIN.NAMED_GROUP('department', 'mine')",
            0,
        ),
    ],
)
def test_named_groups(ns: Client, query: str, count: int) -> None:
    """'me' and 'mine' stand for what belongs to the caller. Source: BUILTIN.NAMED_GROUP (article_1029114801); that every role sees all subsidiaries is this sandbox's."""
    ns.make("/subsidiary", {"name": "Other", "country": "US"})
    assert len(ns.sql(query)) == count


def test_result_types_are_transparent(ns: Client) -> None:
    """BUILTIN_RESULT.TYPE_... around a column, as NetSuite's own queries have it. Source: BUILTIN.MNFILTER (article_1029114633), syntax."""
    assert ns.one("BUILTIN_RESULT.TYPE_DATE(t.trandate)") == "1/10/2024"
    assert ns.one("BUILTIN_RESULT.TYPE_CURRENCY(t.total, BUILTIN.CURRENCY(t.total))") == "50"
    ns.sql_refused("SELECT BUILTIN_RESULT.OTHER(t.id) FROM transaction t")


@pytest.mark.parametrize(
    "call",
    ["NAMED_GROUP('employee', 'mine')", "NAMED_GROUP('subsidiary', 'me')", "NAMED_GROUP('item', 'me')",
     "MNFILTER(t.memo, 'MN_INCLUDE', '', 'TRUE', 'a')", "NOPE(t.id)", "DF()", "HIERARCHY(t.entity, 'UP')",
     "PERIOD('LP', 'START')", "PERIOD('LM', 'START', 'SOME', '<')", "PERIOD('LM', 'START', 'ALL', '!')",
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
    assert ns.one("t.posting") == "T"
    assert ns.one("t.voided") == "F"


def test_headers_lack_subsidiary_and_createdfrom(ns: Client) -> None:
    """Both stand on the lines. Source: third-party queries on live accounts."""
    rows = ns.sql("SELECT tl.subsidiary s FROM transactionline tl WHERE tl.mainline = 'T'")
    assert rows == [{"s": "1"}, {"s": "1"}]
    for column in ("subsidiary", "createdfrom"):
        assert f"Field '{column}'" in ns.sql_refused(f"SELECT {column} FROM transaction")
