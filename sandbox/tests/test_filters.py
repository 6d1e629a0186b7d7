"""Filters of collections: every operator, and what is refused."""

from __future__ import annotations

import pytest
from sandbox_client import Client


@pytest.fixture(autouse=True)
def _deposits(ns: Client) -> None:
    for number, (amount, day, memo) in enumerate(
        ((10, "2024-01-05", "alpha one"), (20, "2024-02-05", "beta"), (30, "2024-03-05", None)), 1
    ):
        ns.deposit(amount, f"D{number}", day=day, memo=memo)


def found(ns: Client, query: str, record: str = "customerDeposit") -> str:
    answer = ns.http.get(f"/services/rest/record/v1/{record}", params={"q": query},
                         headers=ns.headers)  # fmt: skip
    assert answer.status_code == 200, answer.text
    return "".join(item["id"] for item in answer.json()["items"])


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("payment EQUAL 20", "2"), ("payment EQUAL_NOT 20", "13"), ("payment GREATER 10", "23"),
        ("payment GREATER_NOT 10", "1"), ("payment GREATER_OR_EQUAL 20", "23"),
        ("payment GREATER_OR_EQUAL_NOT 20", "1"), ("payment LESS 20", "1"),
        ("payment LESS_NOT 20", "23"), ("payment LESS_OR_EQUAL 20", "12"),
        ("payment LESS_OR_EQUAL_NOT 20", "3"), ("payment BETWEEN [10, 20]", "12"),
        ("payment BETWEEN_NOT [10, 20]", "3"), ("payment WITHIN [20, 40]", "23"),
        ("payment WITHIN_NOT [20, 40]", "1"), ("payment ANY_OF [10, 30]", "13"),
        ("payment ANY_OF_NOT [10, 30]", "2"),
    ],
)  # fmt: skip
def test_number_operators(ns: Client, query: str, ids: str) -> None:
    """Operators of numbers. Source: Record Collection Filtering."""
    assert found(ns, query) == ids


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ('memo IS "beta"', "2"), ('memo IS_NOT "beta"', "13"), ('memo CONTAIN "HA o"', "1"),
        ('memo CONTAIN_NOT "ha"', "23"), ('memo START_WITH "al"', "1"),
        ('memo START_WITH_NOT "al"', "23"), ('memo END_WITH "ta"', "2"),
        ('memo ENDWITH "ta"', "2"), ('memo END_WITH_NOT "ta"', "13"),
    ],
)  # fmt: skip
def test_text_operators(ns: Client, query: str, ids: str) -> None:
    """Operators of text; the page itself spells ENDWITH. Source: Record Collection Filtering."""
    assert found(ns, query) == ids


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ('tranDate AFTER "2/5/2024"', "3"), ('tranDate AFTER_NOT "2/5/2024"', "12"),
        ('tranDate BEFORE "2/5/2024"', "1"), ('tranDate BEFORE_NOT "2/5/2024"', "23"),
        ('tranDate ON "2/5/2024"', "2"), ('tranDate ON_NOT "2/5/2024"', "13"),
        ('tranDate ON_OR_AFTER "2/5/2024"', "23"), ('tranDate ON_OR_AFTER_NOT "2/5/2024"', "1"),
        ('tranDate ON_OR_BEFORE "02/05/2024"', "12"), ('tranDate ON_OR_BEFORE_NOT "2/5/2024"', "3"),
    ],
)  # fmt: skip
def test_date_operators(ns: Client, query: str, ids: str) -> None:
    """Operators of dates, in the account's date format. Source: Record Collection Filtering."""
    assert found(ns, query) == ids


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("memo EMPTY", "3"), ("memo EMPTY_NOT", "12"),
        ("(payment LESS 15 OR payment GREATER 25) AND memo EMPTY_NOT", "1"),
        ("payment LESS 15 OR payment GREATER 25 AND memo EMPTY_NOT", "1"),
        ('externalId IS "D2" OR externalId IS "D3"', "23"), ("id ANY_OF [1, 3]", "13"),
    ],
)  # fmt: skip
def test_empty_and_logic(ns: Client, query: str, ids: str) -> None:
    """EMPTY, AND before OR, parentheses. Source: Record Collection Filtering."""
    assert found(ns, query) == ids


def test_boolean_operators(ns: Client) -> None:
    """IS and IS_NOT of booleans. Source: Record Collection Filtering."""
    ns.call("PATCH", f"/customer/{ns.customer}", {"isInactive": True})
    assert found(ns, "isInactive IS true", "customer") == ns.customer
    assert found(ns, "isInactive IS_NOT true", "customer") == ""


@pytest.mark.parametrize("name", ["dateCreated", "lastModifiedDate"])
def test_when_a_customer_changed(ns: Client, name: str) -> None:
    """Lists know when they were made and changed; both are read-only. Source: REST API Browser 2026.1, customer; Record Collection Filtering, dateCreated."""
    ns.http.put("/_sandbox/clock", json={"now": "2020-05-16T10:00:00Z", "frozen": True})
    body = {"companyName": "Early", "subsidiary": {"id": "1"}, name: "2019-01-01T00:00:00Z"}
    early = ns.make("/customer", body)
    assert ns.get(f"/customer/{early}")[name] == "2020-05-16T10:00:00Z"
    assert found(ns, f'{name} BEFORE "5/17/2020"', "customer") == early
    assert found(ns, f'{name} AFTER "5/16/2020"', "customer") == ns.customer


def test_external_id_with_a_pipe(ns: Client) -> None:
    """A pipe is found by q with IS. Source: Using External IDs."""
    ns.deposit(5, "a|b")
    assert found(ns, 'externalId IS "a|b"') == "4"


@pytest.mark.parametrize(
    "query",
    ["payment", "payment EQUAL", "payment NEAR 5", "nothing EQUAL 5", "payment EQUAL 5 AND",
     "(payment EQUAL 5", "payment EQUAL 5)", "payment BETWEEN 1", "payment BETWEEN [1]",
     'payment CONTAIN "1"', "memo GREATER 5", 'memo AFTER "1/1/2024"',
     'memo IS "open', "payment EQUAL x", "item IS 5", "isInactive IS true",
     "payment ANY_OF []", ";", "' OR 1=1 --", "payment EQUAL 1; DROP TABLE tx"],
)  # fmt: skip
def test_bad_filters(ns: Client, query: str) -> None:
    """400 INVALID_PARAMETER naming q. Source: third-party quotes of the live service."""
    answer = ns.http.get("/services/rest/record/v1/customerDeposit", params={"q": query},
                         headers=ns.headers)  # fmt: skip
    assert answer.status_code == 400, answer.text
    assert answer.json()["o:errorDetails"][0] == {
        "detail": "Invalid search query. Provide a valid search query.",
        "o:errorCode": "INVALID_PARAMETER", "o:errorQueryParam": "q",
    }  # fmt: skip


@pytest.mark.parametrize("paging", ["limit=1001", "limit=0", "limit=x", "limit=10&offset=5",
                                    "offset=-1", "limit=1&offset=1000", "limit=1000&offset=100000"])  # fmt: skip
def test_pages_out_of_bounds(ns: Client, paging: str) -> None:
    """Limit 1 to 1,000, offset a multiple, 1,000 pages, 100,000 rows. Source: Collection Paging."""
    assert ns.call("GET", f"/customerDeposit?{paging}").status_code == 400


def test_expanded_records_of_a_collection(ns: Client) -> None:
    """ExpandRecords with ids gives whole records. Source: REST API Browser 2026.1, GET of a collection."""
    body = ns.get("/customerDeposit?expandRecords=true&ids=1,3")
    assert [item["total"] for item in body["items"]] == [10.0, 30.0]
    assert body["totalResults"] == 2
