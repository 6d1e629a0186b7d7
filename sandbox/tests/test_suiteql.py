"""SuiteQL: what runs, what comes back, what is refused."""

from __future__ import annotations

import pytest
from sandbox_client import Client

BOOKS = (
    "SELECT a.acctnumber, SUM(tal.amount) AS amount FROM transactionaccountingline tal "
    "JOIN transaction t ON t.id = tal.transaction JOIN account a ON a.id = tal.account "
    "WHERE tal.posting = 'T' AND tal.accountingbook = 1 GROUP BY a.acctnumber ORDER BY a.acctnumber"
)


@pytest.fixture(autouse=True)
def _books(ns: Client) -> None:
    deposit = ns.deposit(1000, "DEP-1")
    ns.apply(deposit, ns.invoice(300.5, "INV-1"), 300.5, "DA-1")


def test_values_are_strings_and_nulls_left_out(ns: Client) -> None:
    """Numbers as strings, names in lower case, NULL columns absent. Source: Executing SuiteQL."""
    page = ns.sql_page("SELECT t.ID, t.foreignTotal AS Total, t.memo FROM Transaction t "
                       "WHERE t.externalid = 'INV-1'")  # fmt: skip
    assert page["items"] == [{"links": [], "id": "2", "total": "300.5"}]
    assert (page["count"], page["totalResults"], page["hasMore"], page["offset"]) == (
        1,
        1,
        False,
        0,
    )


def test_trial_balance_by_sql(ns: Client) -> None:
    """Accounting lines hold base amounts, debit positive. Source: Transaction Accounting Line."""
    assert ns.sql(BOOKS) == [
        {"acctnumber": "1050", "amount": "1000"},
        {"acctnumber": "1100", "amount": "0"},
        {"acctnumber": "2100", "amount": "-699.5"},
        {"acctnumber": "2420", "amount": "-300.5"},
    ]


def test_sums_are_exact(ns: Client) -> None:
    """A thousand times 0.1 is 100, not nearly."""
    line = {"item": {"id": ns.usage}, "amount": 0.1}
    ns.make(
        "/invoice",
        {"externalId": "many", "entity": {"id": ns.customer}, "item": {"items": [line] * 1000}},
    )
    rows = ns.sql(
        "SELECT SUM(tl.foreignamount) s FROM transactionline tl JOIN transaction t "
        "ON t.id = tl.transaction WHERE t.externalid = 'many' AND tl.mainline = 'F'"
    )
    assert rows == [{"s": "-100"}]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("TO_CHAR(t.trandate, 'YYYY-MM-DD')", "2024-01-10"),
        ("t.trandate", "1/10/2024"),
        ("TO_CHAR(ADD_MONTHS(t.trandate, 1), 'MM/DD/YYYY')", "02/10/2024"),
        ("t.trandate + 30", "2/9/2024"),
        ("LAST_DAY(t.trandate)", "1/31/2024"),
        ("TRUNC(t.trandate, 'MONTH')", "1/1/2024"),
        ("t.trandate - TO_DATE('2024-01-01', 'YYYY-MM-DD')", "9"),
        ("NVL(t.memo, 'none')", "none"),
        ("COALESCE(t.memo, t.tranid)", "INV1"),
        ("t.tranid || '-' || t.type", "INV1-CustInvc"),
        ("CASE WHEN t.foreigntotal > 300 THEN 'big' ELSE 'small' END", "big"),
        ("DECODE(t.type, 'CustInvc', 'yes', 'no')", "yes"),
        ("BUILTIN.DF(t.status)", "Invoice : Paid In Full"),
        ("BUILTIN.CF(t.status)", "CustInvc:B"),
        ("BUILTIN.DF(t.entity)", "Acme"),
        ("BUILTIN.DF(t.type)", "Invoice"),
        ("BUILTIN.DF(t.postingperiod)", "Jan 2024"),
        ("UPPER(SUBSTR(t.externalid, 1, 2))", "IN"),
        ("ROUND(t.foreigntotal / 7, 2)", "42.93"),
        ("1 / 2", "0.5"),
        ("MOD(7, 4)", "3"),
        ("(SELECT COUNT(*) FROM transactionline tl WHERE tl.transaction = t.id)", "2"),
    ],
)
def test_expressions(ns: Client, expression: str, value: str) -> None:
    """Oracle's expressions. Source: SuiteQL Supported and Unsupported Functions."""
    rows = ns.sql(f"SELECT {expression} AS x FROM transaction t WHERE t.externalid = 'INV-1'")
    assert rows == [{"x": value}]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("SELECT id FROM transaction WHERE ROWNUM <= 2", "12"),
        ("SELECT TOP 2 id FROM transaction ORDER BY id DESC", "32"),
        ("SELECT id FROM transaction ORDER BY id FETCH FIRST 1 ROWS ONLY", "1"),
        ("SELECT id FROM transaction ORDER BY id OFFSET 2 ROWS", "123"),
        (("SELECT * FROM (SELECT a.id, ROWNUM AS rn FROM (SELECT id FROM transaction ORDER BY id) a "
         "WHERE ROWNUM <= 3) WHERE rn > 1"), "23"),
        ("SELECT id FROM transaction WHERE type IN ('CustDep', 'DepAppl')", "13"),
        ("SELECT id FROM transaction WHERE id = '2'", "2"),
        ("SELECT id FROM transaction WHERE externalid LIKE 'INV%'", "2"),
        ("SELECT id FROM transaction WHERE externalid LIKE 'inv%'", ""),
        ("SELECT id FROM transaction WHERE custbody_dd_block_id = 'B1'", "1"),
        ("SELECT transaction AS id FROM transactionline WHERE custcol_dd_block_id = 'B1'", "2"),
        (("SELECT t.id FROM transaction t WHERE EXISTS (SELECT 1 FROM transactionline tl WHERE "
         "tl.transaction = t.id AND tl.item IS NOT NULL)"), "2"),
        ("SELECT id FROM transaction WHERE trandate >= TO_DATE('2024-01-10', 'YYYY-MM-DD')", "23"),
        ("SELECT id FROM transaction MINUS SELECT transaction FROM transactionline WHERE item > 0",
         "13"),
        ("SELECT t.id FROM transaction t, customer c WHERE t.entity = c.id(+)", "123"),
        (("SELECT MAX(t.id) AS id, BUILTIN.DF(t.type) AS kind, TO_CHAR(t.trandate, 'MM') AS m, "
         "(SELECT COUNT(*) FROM account) AS n, 1 AS one FROM transaction t "
         "WHERE t.type = 'CustInvc' GROUP BY BUILTIN.DF(t.type), t.trandate "
         "HAVING COUNT(*) > 0 ORDER BY MAX(t.id)"), "2"),
        (("SELECT x.id FROM (SELECT t.id, COUNT(*) AS n FROM transaction t JOIN transactionline tl "
         "ON tl.transaction = t.id GROUP BY t.id) x WHERE x.n = 2 ORDER BY x.n, x.id"), "123"),
    ],
)  # fmt: skip
def test_rows(ns: Client, query: str, ids: str) -> None:
    """Limits, filters, joins, set operations; OFFSET is ignored. Source: third-party observations of the live service."""
    assert "".join(row["id"] for row in ns.sql(query)) == ids


def test_links_between_lines(ns: Client) -> None:
    """Deposit to application, invoice to application. Source: third-party link types."""
    rows = ns.sql("SELECT previousdoc, nextdoc, linktype, foreignamount FROM "
                  "nextTransactionLineLink ORDER BY previousdoc")  # fmt: skip
    assert rows == [
        {"previousdoc": "1", "nextdoc": "3", "linktype": "DepAppl", "foreignamount": "300.5"},
        {"previousdoc": "2", "nextdoc": "3", "linktype": "Payment", "foreignamount": "300.5"},
    ]


def test_parameters(ns: Client) -> None:
    """Anonymous ? placeholders. Source: Executing SuiteQL Queries Through REST."""
    query = "SELECT id FROM transaction WHERE type = ? AND foreigntotal > ?"
    assert ns.sql(query, "CustDep", 5.5) == [{"id": "1"}]
    assert ns.sql(query, "CustDep", "5.5") == [{"id": "1"}]


def test_paging(ns: Client) -> None:
    """Limit and offset of the URL, total, next link. Source: Collection Paging."""
    query = "SELECT id FROM transaction ORDER BY id"
    first = ns.sql_page(query, limit=2)
    assert (first["count"], first["hasMore"], first["totalResults"]) == (2, True, 3)
    assert {"next", "last", "self"} <= {link["rel"] for link in first["links"]}
    second = ns.sql_page(query, limit=2, offset=2)
    assert [item["id"] for item in second["items"]] == ["3"]
    assert second["hasMore"] is False


def test_pages_follow_writes(ns: Client) -> None:
    """A page after a write shows the write: nothing is kept beyond it."""
    query = "SELECT id FROM transaction ORDER BY id"
    assert ns.sql_page(query, limit=1)["totalResults"] == 3
    ns.deposit(5, "D-9")
    page = ns.sql_page(query, limit=1, offset=3)
    assert (page["totalResults"], page["items"][0]["id"]) == (4, "4")
    fetched = ns.sql_page(query + " FETCH FIRST 3 ROWS ONLY", limit=2, offset=2)
    assert (fetched["totalResults"], fetched["count"]) == (3, 1)


def test_prefer_transient_is_required(ns: Client) -> None:
    """Without the header: 400. Source: Executing SuiteQL Queries Through REST."""
    answer = ns.http.post("/services/rest/query/v1/suiteql", json={"q": "SELECT 1 FROM account"},
                          headers=ns.headers)  # fmt: skip
    assert answer.status_code == 400
    assert answer.json()["o:errorDetails"][0]["o:errorHeader"] == "Prefer"


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("SELECT nope FROM transaction", "Field 'nope' for record 'transaction' was not found"),
        ("SELECT t.subsidiary FROM transaction t", "Field 'subsidiary' for record 'transaction'"),
        ("SELECT t.createdfrom FROM transaction t", "Field 'createdfrom' for record 'transaction'"),
        ("SELECT id FROM nowhere", "Record 'nowhere' was not found"),
        ("SELECT id FROM tx", "Record 'tx' was not found"),
        ("SELECT id FROM transaction WHERE custbody_none = 'x'", "Field 'custbody_none'"),
        ("SELECT id FROM transaction LIMIT 5", "Invalid or unsupported search"),
        ("WITH x AS (SELECT id FROM account) SELECT id FROM x", "Invalid or unsupported search"),
        ("DELETE FROM transaction", "Invalid or unsupported search"),
        ("SELECT load_extension('x') FROM account", "Invalid or unsupported search"),
        ("SELECT id FROM account; SELECT id FROM account", "Invalid or unsupported search"),
        ("nonsense", "Invalid or unsupported search"),
        ("SELECT id FROM transaction WHERE id = ?", "parameters"),
        ("SELECT type, id, COUNT(*) FROM transaction GROUP BY type", "unsupported search"),
        ("SELECT id, COUNT(*) FROM transaction", "unsupported search"),
        ("SELECT * FROM transaction GROUP BY type", "unsupported search"),
        ("SELECT type, COUNT(*) AS n FROM transaction GROUP BY type ORDER BY n", "unsupported"),
        ("SELECT type AS kind, COUNT(*) FROM transaction GROUP BY kind", "Field 'kind'"),
        ("SELECT id AS number1 FROM transaction WHERE number1 = 1", "Field 'number1'"),
    ],
)
def test_refusals(ns: Client, query: str, detail: str) -> None:
    """INVALID_PARAMETER with NetSuite's text. Source: third-party quotes of the live service."""
    text = ns.sql_refused(query)
    assert text.startswith("Invalid search query. Detailed unprocessed description follows. ")
    assert detail in text


def test_journals_are_read_by_accounting_lines(ns: Client) -> None:
    """Journal lines are all main lines; read them through accounting lines. Source: third parties on saved searches; unsure for SuiteQL."""
    journal = ns.journal("1500", "1050", 12, "J")
    rows = ns.sql("SELECT tl.id, tl.mainline, tl.custcol_dd_block_id b, tal.debit, tal.credit FROM "
                  "transactionline tl JOIN transactionaccountingline tal ON tal.transaction = "
                  "tl.transaction AND tal.transactionline = tl.id WHERE tl.transaction = ? "
                  "ORDER BY tl.id", journal)  # fmt: skip
    assert rows == [
        {"id": "0", "mainline": "T", "b": "B1", "debit": "12"},
        {"id": "1", "mainline": "T", "b": "B1", "credit": "12"},
    ]


def test_text_compared_with_a_date_is_in_the_account_format(ns: Client) -> None:
    """The example in the documentation of netsuite-rest (npm): dateCreated >= '01/01/2019'.

    The same example spreads the statement over lines inside the JSON string.
    """
    ns.deposit(5, "D", day="2024-02-05")
    query = "SELECT id FROM transaction WHERE trandate {}"
    assert ns.sql(query.format("= '2/5/2024'"))
    assert ns.sql(query.format("BETWEEN '02/01/2024' AND '2/29/2024'"))
    assert ns.sql(query.format("IN ('1/5/2024', '2/5/2024')"))
    assert not ns.sql(query.format(">= '10/01/2024'"))
    answer = ns.http.post(
        "/services/rest/query/v1/suiteql",
        content=b'{"q":\n "SELECT id\n\tFROM customer WHERE dateCreated < \'01/01/2999\'"}',
        headers={**ns.headers, "Prefer": "transient"},
    )
    assert answer.json()["count"] == 1


def test_statements_of_one_shape_keep_their_own_values(ns: Client) -> None:
    """A statement that differs from an earlier one in an id alone is answered for its own id."""
    for name in ("dd_a", "dd_b"):
        ns.make("/customer", {"companyName": name, "externalId": name, "subsidiary": {"id": "1"}})
    rows = {
        row["externalid"]: row["id"]
        for row in ns.sql(
            "SELECT id, externalid FROM customer WHERE externalid IN ('dd_a', 'dd_b') ORDER BY id"
        )
    }
    for name, number in rows.items():
        by_name = f"SELECT id, 'x > 5' AS said FROM customer WHERE externalid IN ('{name}')"
        assert ns.sql(by_name) == [{"id": number, "said": "x > 5"}]
        for after, found in ((int(number) - 1, number), (int(number), None)):
            sql = f"SELECT MIN(id) AS id FROM customer WHERE id > {after} AND id <= {number}"
            assert ns.sql(sql) == ([{"id": found}] if found else [{}])
    first = "SELECT id FROM customer WHERE ROWNUM <= {} ORDER BY id"
    assert [len(ns.sql(first.format(n))) for n in (1, 2)] == [1, 2]
