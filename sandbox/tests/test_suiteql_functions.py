"""SuiteQL's functions one by one, its syntax limits, the account's date format, and ROWNUM."""

from __future__ import annotations

from datetime import date

import pytest
from sandbox_client import Client

from netsuite_sandbox import dates
from netsuite_sandbox.suiteql.dialect import NOT_HERE


@pytest.fixture(autouse=True)
def _books(ns: Client) -> None:
    ns.http.put("/_sandbox/clock", json={"now": "2024-05-15T12:30:45Z", "frozen": True})
    ns.headers = Client(ns.http).headers
    for number, amount in ((1, 10), (2, 20), (3, 60)):
        ns.invoice(amount, f"I{number}", day=f"2024-01-1{number}", memo=f"Memo {number}")


def value(ns: Client, expression: str) -> str | None:
    rows = ns.sql(f"SELECT {expression} AS x FROM transaction t WHERE t.externalid = 'I1'")
    return rows[0].get("x")


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("ABS(-2)", "2"), ("ACOS(1)", "0"), ("ADD_MONTHS(t.trandate, 1)", "2/11/2024"),
        ("ASCII('A')", "65"), ("ASCIISTR('aÄ')", "a\\00C4"), ("ASIN(0)", "0"), ("ATAN(0)", "0"),
        ("ATAN2(0, 1)", "0"), ("BITAND(6, 3)", "2"), ("CEIL(1.2)", "2"), ("CHR(65)", "A"),
        ("COALESCE(NULL, 'b')", "b"), ("COMPOSE('a' || UNISTR('\\0308'))", "ä"),
        ("CONCAT('a', 'b')", "ab"), ("COS(0)", "1"), ("COSH(0)", "1"),
        ("TO_CHAR(CURRENT_DATE, 'YYYY-MM-DD')", "2024-05-15"),
        ("TO_CHAR(CURRENT_TIMESTAMP, 'HH24:MI')", "12:30"),
        ("DECODE(t.type, 'CustInvc', 'x', 'y')", "x"), ("LENGTH(DECOMPOSE('ä'))", "2"),
        ("EXP(0)", "1"), ("FLOOR(1.8)", "1"), ("FROM_TZ(t.trandate, 'UTC')", "1/11/2024"),
        ("GREATEST(1, 3, 2)", "3"), ("INITCAP('hello wORLD')", "Hello World"),
        ("INSTR('abcabc', 'b')", "2"), ("INSTR('abcabc', 'b', 1, 2)", "5"),
        ("INSTR('abcabc', 'b', -1)", "5"), ("INSTR('abc', 'x')", "0"),
        ("LAST_DAY(t.trandate)", "1/31/2024"), ("LEAST(1, 3, 2)", "1"), ("LENGTH('abc')", "3"),
        ("LENGTH2('ä')", "1"), ("LENGTH4('ä')", "1"), ("LENGTHB('ä')", "2"), ("LENGTHC('ä')", "1"),
        ("LN(1)", "0"), ("TO_CHAR(LOCALTIMESTAMP, 'SS')", "45"), ("LOG(10, 100)", "2"),
        ("LOWER('AB')", "ab"), ("LPAD('7', 3, '0')", "007"), ("LPAD('abcd', 2)", "ab"),
        ("LTRIM('  a')", "a"), ("MOD(5, 3)", "2"),
        ("MONTHS_BETWEEN(TO_DATE('2024-03-31', 'YYYY-MM-DD'), TO_DATE('2024-02-29', 'YYYY-MM-DD'))", "1"),
        ("MONTHS_BETWEEN(TO_DATE('2024-03-16', 'YYYY-MM-DD'), TO_DATE('2024-02-01', 'YYYY-MM-DD'))",
         "1.48387096774194"),
        ("NANVL(1, 2)", "1"), ("NEXT_DAY(t.trandate, 'MONDAY')", "1/15/2024"),
        ("NEXT_DAY(t.trandate, 'THU')", "1/18/2024"), ("NLS_INITCAP('a b')", "A B"),
        ("NLS_LOWER('Ä')", "ä"), ("NLS_UPPER('ä')", "Ä"), ("NULLIF(1, 1)", None),
        ("NVL(NULL, 'n')", "n"), ("NVL2(t.memo, 'some', 'none')", "some"), ("POWER(2, 3)", "8"),
        ("REGEXP_INSTR('ab12', '[0-9]+')", "3"), ("REGEXP_INSTR('ab12', '[[:digit:]]', 1, 2)", "4"),
        ("REGEXP_REPLACE('ab12', '([a-z])([a-z])', '\\2\\1')", "ba12"),
        ("REGEXP_REPLACE('aXbX', 'X', '-', 1, 2)", "aXb-"),
        ("REGEXP_SUBSTR('a,b,c', '[^,]+', 1, 2)", "b"), ("REGEXP_SUBSTR('abc', 'z')", None),
        ("REGEXP_SUBSTR('ABC', 'b', 1, 1, 'i')", "B"), ("REMAINDER(5, 3)", "-1"),
        ("REPLACE('aba', 'a', 'c')", "cbc"), ("ROUND(2.345, 2)", "2.35"), ("RPAD('a', 3, 'xy')", "axy"),
        ("RTRIM('a  ')", "a"), ("SIGN(-3)", "-1"), ("SIN(0)", "0"), ("SINH(0)", "0"),
        ("SOUNDEX('Robert')", "R163"), ("SOUNDEX('Tymczak')", "T522"), ("SQRT(9)", "3"),
        ("SUBSTR('abc', 2)", "bc"), ("SUBSTR('abc', -2, 1)", "b"),
        ("TO_CHAR(SYS_EXTRACT_UTC(CURRENT_TIMESTAMP), 'HH24')", "12"), ("TAN(0)", "0"), ("TANH(0)", "0"),
        ("TO_BINARY_DOUBLE('1.5')", "1.5"), ("TO_BINARY_FLOAT('1.5')", "1.5"),
        ("TO_CHAR(1234.5, '999,999.99')", "   1,234.50"), ("TO_CHAR(1234.5, 'FM9,999.00')", "1,234.50"),
        ("TO_CHAR(-7, 'FM000')", "-007"), ("TO_CHAR(12345, 'FM999')", "####"), ("TO_CHAR(12)", "12"),
        ("TO_CHAR(0.5, 'FM0.00')", "0.50"), ("TO_CHAR(0.5, 'FM9.99')", ".5"),
        ("TO_CHAR(t.trandate, 'DD-MON-YYYY')", "11-JAN-2024"), ("TO_CLOB('a')", "a"),
        ("TO_DATE('31/01/2024', 'DD/MM/YYYY')", "1/31/2024"), ("TO_MULTI_BYTE('a')", "a"),
        ("TO_NCHAR(12.5)", "12.5"), ("TO_NCLOB('a')", "a"), ("TO_NUMBER('1,234.5')", "1234.5"),
        ("TO_SINGLE_BYTE(UNISTR('\\FF21'))", "A"),
        ("TO_CHAR(TO_TIMESTAMP('2024-01-02 03:04:05', 'YYYY-MM-DD HH24:MI:SS'), 'HH24:MI:SS')", "03:04:05"),
        ("TO_CHAR(TO_TIMESTAMP_TZ('2024-01-02 03:04:05', 'YYYY-MM-DD HH24:MI:SS'), 'HH24')", "03"),
        ("TRANSLATE('abc', 'ab', 'x')", "xc"), ("TRUNC(2.789, 2)", "2.78"),
        ("TRUNC(t.trandate, 'MM')", "1/1/2024"), ("TZ_OFFSET('UTC')", "+00:00"),
        ("UNISTR('\\00e4')", "ä"), ("UPPER('ab')", "AB"), ("VSIZE('abc')", "3"),
        ("WIDTH_BUCKET(5, 0, 10, 5)", "3"), ("WIDTH_BUCKET(10, 0, 10, 5)", "6"),
        ("WIDTH_BUCKET(-1, 0, 10, 5)", "0"), ("INITCAP(NULL)", None),
    ],
)  # fmt: skip
def test_supported_functions(ns: Client, call: str, result: str | None) -> None:
    """Scalar functions of the list give what Oracle's give. Source: SuiteQL Supported and Unsupported Functions (section_158513731864)."""
    assert value(ns, call) == result


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ("AVG(t.foreigntotal)", "30"), ("APPROX_COUNT_DISTINCT(t.type)", "1"), ("COUNT(*)", "3"),
        ("CORR(t.foreigntotal, t.foreigntotal * 2)", "1"), ("MAX(t.trandate)", "1/13/2024"),
        ("COVAR_POP(t.foreigntotal, t.foreigntotal)", "466.666666666667"),
        ("COVAR_SAMP(t.foreigntotal, t.foreigntotal)", "700"), ("MEDIAN(t.foreigntotal)", "20"),
        ("MIN(t.foreigntotal)", "10"), ("SUM(t.foreigntotal)", "90"),
        ("COVAR_SAMP(t.void, t.void)", None),
    ],
)  # fmt: skip
def test_supported_aggregates(ns: Client, call: str, result: str | None) -> None:
    """Aggregates of the list, alone and by group. Source: SuiteQL Supported and Unsupported Functions (section_158513731864)."""
    if result is None:
        assert ns.sql(f"SELECT {call} x FROM transaction t WHERE t.id < 0") == [{}]
        return
    assert ns.sql(f"SELECT {call} x FROM transaction t") == [{"x": result}]
    assert ns.sql(f"SELECT t.type, {call} x FROM transaction t GROUP BY t.type")[0]["x"] == result


def test_analytic_functions(ns: Client) -> None:
    """RANK, DENSE_RANK and ROW_NUMBER over a window. Source: SuiteQL Supported and Unsupported Functions (section_158513731864)."""
    rows = ns.sql(
        "SELECT ROW_NUMBER() OVER (ORDER BY foreigntotal DESC) a, RANK() OVER (ORDER BY type) b,"
        " DENSE_RANK() OVER (ORDER BY type) c FROM transaction ORDER BY id"
    )
    assert [(row["a"], row["b"], row["c"]) for row in rows] == [
        ("3", "1", "1"),
        ("2", "1", "1"),
        ("1", "1", "1"),
    ]


@pytest.mark.parametrize(
    "call",
    ["BIT_LENGTH('a')", "BIT_XOR_AGG(1)", "CEILING(1.5)", "CHAR(65)", "CHARINDEX('a', 'b')",
     "CHAR_LENGTH('a')", "CHARACTER_LENGTH('a')", "CONVERT('a', 'b')", "COT(1)",
     "DATEDIFF(t.trandate, t.trandate)", "LCASE('A')", "LEFT('ab', 1)", "LOCATE('a', 'b')",
     "POSITION('a', 'b')", "REPEAT('a', 2)", "RIGHT('ab', 1)", "SUBSTRING('abc', 1)", "UCASE('a')",
     "sqlite_version()", "load_extension('x')", "NO_SUCH(1)", "ns_rate(1, 1, 1)", "randomblob(9)"],
)  # fmt: skip
def test_unsupported_functions(ns: Client, call: str) -> None:
    """Functions of the other list, and those of no list, are refused. Source: SuiteQL Supported and Unsupported Functions (section_158513731864)."""
    ns.sql_refused(f"SELECT {call} AS x FROM transaction t")


@pytest.mark.parametrize("name", sorted(NOT_HERE))
def test_functions_of_the_database(ns: Client, name: str) -> None:
    """What depends on NetSuite's own database is refused here, though documented. Ours."""
    ns.sql_refused(f"SELECT {name}(t.id) AS x FROM transaction t")


def test_list_agg(ns: Client) -> None:
    """LISTAGG is listed as unsupported, and third parties use it: a setting. Source: SuiteQL Supported and Unsupported Functions (section_158513731864); third-party queries."""
    query = "SELECT LISTAGG(externalid, ';') WITHIN GROUP (ORDER BY externalid) x FROM transaction"
    assert ns.sql(query) == [{"x": "I1;I2;I3"}]
    ns.set(suiteql_listagg="refused")
    ns.sql_refused(query)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT id FROM transaction WHERE trandate = DATE '2024-01-11'",
        "SELECT id FROM transaction WHERE createddate > TIMESTAMP '2024-01-11 00:00:00'",
        "SELECT tranid + externalid AS x FROM transaction",
        "SELECT 'a' + tranid AS x FROM transaction",
        "SELECT [id] FROM transaction",
        "WITH a AS (SELECT id FROM transaction) SELECT id FROM a",
        "SELECT id FROM transaction LIMIT 5",
        "SELECT a1.id FROM account a1, account a2 WHERE a1.id (+) = a2.id",
        (
            "SELECT t.id FROM transaction t, transactionline l JOIN account a ON a.id = l.expenseaccount"
            " WHERE l.transaction (+) = t.id"
        ),
    ],
)
def test_syntax_that_is_refused(ns: Client, query: str) -> None:
    """Date literals, + for text, brackets, WITH, right joins by (+), two join syntaxes. Source: SuiteQL Performance and Best Practices (article_0824094533); SuiteQL Limitations and Exceptions (section_156257796125)."""
    ns.sql_refused(query)


def test_outer_join_by_sign(ns: Client) -> None:
    """Oracle's left outer join is taken. Source: SuiteQL Join Types."""
    rows = ns.sql(
        "SELECT t.externalid x, l.item i FROM transaction t, transactionline l"
        " WHERE l.transaction (+) = t.id AND l.linesequencenumber (+) = 99 ORDER BY t.id"
    )
    assert rows == [{"x": "I1"}, {"x": "I2"}, {"x": "I3"}]


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ("M/D/YYYY", "2/9/2024"), ("MM/DD/YYYY", "02/09/2024"), ("D/M/YYYY", "9/2/2024"),
        ("DD/MM/YYYY", "09/02/2024"), ("D-Mon-YYYY", "9-Feb-2024"), ("DD-Mon-YYYY", "09-Feb-2024"),
        ("D.M.YYYY", "9.2.2024"), ("DD.MM.YYYY", "09.02.2024"), ("D-MONTH-YYYY", "9-FEBRUARY-2024"),
        ("DD-MONTH-YYYY", "09-FEBRUARY-2024"), ("D MONTH, YYYY", "9 FEBRUARY, 2024"),
        ("DD MONTH, YYYY", "09 FEBRUARY, 2024"), ("YYYY/M/D", "2024/2/9"), ("YYYY/MM/DD", "2024/02/09"),
        ("YYYY-M-D", "2024-2-9"), ("YYYY-MM-DD", "2024-02-09"),
    ],
)  # fmt: skip
def test_date_format_of_the_account(ns: Client, form: str, shown: str) -> None:
    """Dates of answers, of filters and of text compared with dates follow the account. Source: Record Collection Filtering; third-party queries (7/31/2026)."""
    made = ns.invoice(1, "F", day="2024-02-09")
    ns.set(date_format=form)
    assert form in dates.FORMATS
    rows = ns.sql(
        "SELECT trandate a, TO_CHAR(trandate) b, createddate c FROM transaction WHERE externalid = 'F'"
    )
    assert (rows[0]["a"], rows[0]["b"]) == (shown, shown)
    assert rows[0]["c"] == dates.shown(date(2024, 5, 15), form)
    assert ns.sql(f"SELECT externalid x FROM transaction WHERE trandate = '{shown}'") == [
        {"x": "F"}
    ]
    found = ns.call("GET", f'/invoice?q=tranDate ON "{shown}"').json()["items"]
    assert [one["id"] for one in found] == [made]


@pytest.mark.parametrize(
    ("form", "text", "status"),
    [
        ("D.M.YYYY", "13.6.2024", 200), ("D.M.YYYY", "13.6.24", 200), ("D.M.YYYY", "6/13/2024", 400),
        ("D.M.YYYY", "2024-06-13", 400), ("M/D/YYYY", "6/13/24", 200), ("M/D/YYYY", "x", 400),
        ("M/D/YYYY", "6/13/2024 23:53", 400),
    ],
)  # fmt: skip
def test_dates_of_another_format_are_refused(ns: Client, form: str, text: str, status: int) -> None:
    """Filters take the account's format and no other, ISO neither; years may have two digits. Source: Record Collection Filtering; Use Case for Retrieving Journal Entries Created After a Date (section_0224115754); third-party quotes of the refusal."""
    made = ns.invoice(1, "F", day="2024-06-13")
    ns.set(date_format=form)
    answer = ns.call("GET", f'/invoice?q=tranDate ON "{text}"')
    assert answer.status_code == status
    if status == 200:
        assert [one["id"] for one in answer.json()["items"]] == [made]
        return
    shown = {"D.M.YYYY": "d.M.yy", "M/D/YYYY": "M/d/yy"}[form]
    assert answer.json()["o:errorDetails"][0] == {
        "detail": f'Invalid search query. Search error occurred: Parse of date/time "{text}" '
        f'failed with date format "{shown}" in time zone UTC',
        "o:errorCode": "INVALID_PARAMETER", "o:errorQueryParam": "q",
    }  # fmt: skip


ROWS = "SELECT externalid x FROM transaction WHERE {} ORDER BY id"


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("ROWNUM <= 2", "I1 I2"), ("ROWNUM < 2", "I1"), ("ROWNUM = 1", "I1"), ("ROWNUM = 2", ""),
        ("ROWNUM > 1", ""), ("ROWNUM > 0", "I1 I2 I3"), ("ROWNUM >= 1", "I1 I2 I3"),
        ("ROWNUM >= 2", ""), ("ROWNUM <> 1", ""), ("ROWNUM <> 3", "I1 I2"), ("ROWNUM <= 0", ""),
        ("ROWNUM BETWEEN 1 AND 2", "I1 I2"), ("ROWNUM BETWEEN 2 AND 3", ""), ("2 >= ROWNUM", "I1 I2"),
        ("ROWNUM <= 2 AND ROWNUM <= 1", "I1"), ("ROWNUM <= 2 AND type = 'CustInvc'", "I1 I2"),
        ("ROWNUM <= 1000000", "I1 I2 I3"), ("ROWNUM > -1", "I1 I2 I3"),
    ],
)  # fmt: skip
def test_conditions_on_rownum(ns: Client, condition: str, found: str) -> None:
    """A row that fails gets no number, so that ROWNUM = 2 and ROWNUM > 1 find nothing. Source: Oracle Database SQL Language Reference, ROWNUM Pseudocolumn."""
    assert [row["x"] for row in ns.sql(ROWS.format(condition))] == found.split()


def test_rownum_comes_before_sorting(ns: Client) -> None:
    """The cap is on the rows read, not on the sorted ones; around a sorted query it is on those. Source: Oracle Database SQL Language Reference, ROWNUM Pseudocolumn."""
    inner = (
        "SELECT externalid x, BUILTIN.DF(entity) e FROM transaction {} ORDER BY foreigntotal DESC"
    )
    query = inner.format("WHERE ROWNUM <= 2")
    assert [row["x"] for row in ns.sql(query)] == ["I2", "I1"]
    assert ns.sql(query)[0]["e"] == "Acme"
    outer = f"SELECT * FROM ({inner.format('')}) WHERE ROWNUM <= 2"
    assert [row["x"] for row in ns.sql(outer)] == ["I3", "I2"]
    ns.set(rownum_counts="rows_returned")
    assert [row["x"] for row in ns.sql(query)] == ["I3", "I2"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (("SELECT * FROM (SELECT ROWNUM AS rn, a.* FROM (SELECT externalid x FROM transaction"
         " ORDER BY foreigntotal DESC) a) WHERE rn BETWEEN 2 AND 3"), ["I2", "I1"]),
        ("SELECT DISTINCT type x FROM transaction WHERE ROWNUM <= 2", ["CustInvc"]),
        (("SELECT t.externalid x FROM transaction t JOIN transactionline l ON l.transaction = t.id"
         " WHERE l.mainline = 'T' AND ROWNUM <= 2 ORDER BY t.foreigntotal DESC"), ["I2", "I1"]),
        (("SELECT t.type x, COUNT(*) n, BUILTIN.DF(t.status) s FROM transaction t WHERE ROWNUM <= 2"
         " GROUP BY t.type, BUILTIN.DF(t.status)"), ["CustInvc"]),
        ("SELECT TOP 2 externalid x FROM transaction ORDER BY foreigntotal DESC", ["I3", "I2"]),
        ("SELECT externalid x FROM transaction ORDER BY foreigntotal DESC FETCH FIRST 1 ROWS ONLY", ["I3"]),
    ],
)  # fmt: skip
def test_pages_by_rownum(ns: Client, query: str, found: list[str]) -> None:
    """Numbered sub-selections, DISTINCT, joins and built-in functions beside ROWNUM. Source: third-party queries; Oracle Database SQL Language Reference, ROWNUM Pseudocolumn."""
    rows = ns.sql(query)
    assert [row["x"] for row in rows] == found
    assert all(row.get("n", "2") == "2" for row in rows)


@pytest.mark.parametrize(
    "condition", ["ROWNUM <= ?", "ROWNUM <= '2'", "ROWNUM <= 2 OR id = 1", "ROWNUM = id"]
)
def test_other_conditions_on_rownum_are_refused(ns: Client, condition: str) -> None:
    """ROWNUM is compared with a number only. Ours."""
    ns.sql_refused(ROWS.format(condition))
