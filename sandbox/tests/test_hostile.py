"""What a hostile or broken caller sends: refused with 4xx, never a breakdown, nothing half done."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from sandbox_client import REST, Client

from netsuite_sandbox.in_process import InProcessClient
from netsuite_sandbox.records.fields import definition
from netsuite_sandbox.wire.http import Request

VALUES: list[Any] = [
    None, True, 0, -1, 1e30, 10**40, -(10**40), 1e-30, "", "x", "\u0000", "💥" * 500, [], [[]], {},
    {"id": None}, {"id": []}, {"id": 10**30}, {"externalId": []}, {"refName": {}}, {"items": 5},
    {"items": [5]}, {"items": [None]}, {"items": [{}]}, {"items": None}, "2024-02-30",
    "9999-99-99", {"items": [{"doc": {"id": "9" * 20}}]}, {"items": [{"line": "x"}]},
    {"items": [{"line": 10**20, "amount": 1}]}, {"items": [{"line": -5}]},
]  # fmt: skip


def send(ns: Client, method: str, path: str, body: bytes) -> Any:
    return ns.http.request(method, REST + path, content=body, headers=ns.headers)


def count(ns: Client) -> str:
    return ns.sql("SELECT COUNT(*) n FROM transaction")[0]["n"]


@pytest.mark.parametrize("record", ["customerDeposit", "journalEntry", "customerRefund"])
def test_any_value_anywhere(ns: Client, record: str) -> None:
    """Every property with every odd value: 204 or 4xx."""
    ns.deposit(10, "D")
    body: dict[str, Any] = {
        "customerDeposit": {"customer": {"id": ns.customer}, "payment": 5},
        "customerRefund": {"customer": {"id": ns.customer}, "deposit": {"items": [
            {"doc": {"externalId": "D"}, "apply": True, "amount": 0.01}]}},
        "journalEntry": {"subsidiary": {"id": "1"}, "line": {"items": [
            {"account": {"id": ns.account("1000")}, "debit": 3},
            {"account": {"id": ns.account("4000")}, "credit": 3}]}},
    }[record]  # fmt: skip
    for name in definition(record).fields:
        for value in VALUES:
            answer = send(ns, "POST", f"/{record}", json.dumps({**body, name: value}).encode())
            assert answer.status_code in {204, 400, 404}, (name, value, answer.text)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"5", b"\xff\xfe", b"{'a': 1}", b'{"a": NaN}', b'{"a": 01}',
     b'{"payment": 1e999999}', b"[" * 5000, b'{"a":' * 5000, b'{"customer": {"id": 1}} x'],
)  # fmt: skip
def test_bodies_that_are_no_record(ns: Client, body: bytes) -> None:
    """Not JSON, not an object, too deep: 400, nothing saved. Source: Error Handling in REST Web Services, INVALID_REQUEST."""
    answer = send(ns, "POST", "/customerDeposit", body)
    assert answer.status_code == 400
    assert answer.json()["o:errorDetails"][0]["o:errorCode"] in {
        "INVALID_REQUEST",
        "INVALID_CONTENT",
    }
    assert count(ns) == "0"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/customerDeposit/0", 404), ("/customerDeposit/-1", 404), ("/customerDeposit/1e3", 404),
     ("/customerDeposit/99999999999999999999", 404), ("/customerDeposit/eid:", 404),
     ("/customerDeposit/%00", 404), ("/customerDeposit/%F0%9F%92%A5", 404), ("/x" * 500, 404),
     ("/customerDeposit/1/nothing/1/2/3", 404), ("//", 400), ("/customer/1%20OR%201=1", 404)],
)  # fmt: skip
def test_odd_paths(ns: Client, path: str, status: int) -> None:
    """Paths to nothing: 404 or 400. Source: Error Handling in REST Web Services, NONEXISTENT_ID."""
    assert ns.call("GET", path).status_code == status


def test_sub_resources_are_not_deleted(ns: Client) -> None:
    """A sub-resource cannot be deleted. Source: Deleting a Record Instance; Accessing Subresources."""
    ns.invoice(10, "I")
    assert ns.call("DELETE", "/invoice/eid:I/item/1").status_code == 405
    assert ns.get("/invoice/eid:I")["total"] == 10.0


def test_unicode_survives(ns: Client) -> None:
    """Names in any script go in and out unchanged."""
    text = "Ünïçødé 株式会社 💥 \u202e \t\"'\\"
    ns.make("/customer", {"companyName": text, "externalId": "U", "subsidiary": {"id": "1"}})
    assert ns.get("/customer/eid:U")["companyName"] == text
    assert ns.sql("SELECT companyname x FROM customer WHERE externalid = 'U'") == [{"x": text}]


@pytest.mark.parametrize("eid", ["a b", "a_b-1", "a|b", "A1"])
def test_external_ids_taken(ns: Client, eid: str) -> None:
    """Letters, digits, _ and -; a pipe is kept. Source: Using External IDs."""
    ns.deposit(1, eid)
    assert ns.sql("SELECT externalid x FROM transaction") == [{"x": eid}]


@pytest.mark.parametrize("eid", ["a/b", "a\nb", "ä", "a%b", "a'b"])
def test_external_ids_refused(ns: Client, eid: str) -> None:
    """Other characters are refused. Source: Using External IDs; the refusal is unsure."""
    ns.refused("POST", "/customerDeposit",
               {"customer": {"id": ns.customer}, "payment": 1, "externalId": eid})  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value"),
    [("quantity", 10**10), ("quantity", -(10**10)), ("rate", 10**14), ("amount", 10**15)],
)
def test_numbers_too_large(ns: Client, field: str, value: int) -> None:
    """Quantities from 1e10 on are refused, and amounts no ledger holds. Source: third-party limits of quantity; others unsure."""
    line = {"item": {"id": ns.usage}, "quantity": 1, "rate": 1, field: value}
    ns.refused("POST", "/invoice", {"entity": {"id": ns.customer}, "item": {"items": [line]}})
    assert count(ns) == "0"


def test_products_too_large(ns: Client) -> None:
    """Quantity times rate beyond what can be stored: refused, nothing saved."""
    line = {"item": {"id": ns.usage}, "quantity": 9_999_999_999, "rate": 99_999_999_999_999}
    text = ns.refused(
        "POST", "/invoice", {"entity": {"id": ns.customer}, "item": {"items": [line]}}
    )
    assert "too large" in text
    assert count(ns) == "0"


def test_negative_lines(ns: Client) -> None:
    """A negative quantity or amount is taken while the total is not negative. Source: third-party issue on negative totals."""
    plus = {"item": {"id": ns.usage}, "quantity": 10, "rate": 2}
    minus = {"item": {"id": ns.prepaid}, "quantity": -5, "rate": 2}
    head = {"entity": {"id": ns.customer}, "tranDate": "2024-01-10"}
    made = ns.make("/invoice", {**head, "item": {"items": [plus, minus]}})
    assert ns.get(f"/invoice/{made}")["total"] == 10.0
    assert "can not be negative" in ns.refused(
        "POST", "/invoice", {**head, "item": {"items": [minus]}}
    )
    ns.refused("POST", "/customerDeposit", {"customer": {"id": ns.customer}, "payment": -5})


def test_fine_rates_round_half_up(ns: Client) -> None:
    """Amount = quantity x rate, rounded to the currency; the rate keeps its decimals."""
    line = {"item": {"id": ns.usage}, "quantity": 3, "rate": 0.335}
    made = ns.make("/invoice", {"entity": {"id": ns.customer}, "item": {"items": [line]}})
    (shown,) = ns.get(f"/invoice/{made}?expandSubResources=true")["item"]["items"]
    assert (shown["amount"], shown["rate"]) == (1.01, 0.335)


def test_upserts_of_one_external_id_in_parallel(ns: Client, http: InProcessClient) -> None:
    """Eight PUTs at once make one record; each answers with the same Location."""
    ns.set(concurrency_limit=20)
    sandbox = http.sandbox
    found: list[tuple[int, str | None]] = []

    def run(number: int) -> None:
        body = json.dumps({"companyName": f"C{number}", "subsidiary": {"id": "1"}}).encode()
        answer = sandbox.handle(Request("PUT", REST + "/customer/eid:P", [],
                                        {"authorization": ns.headers["Authorization"]}, body))  # fmt: skip
        found.append((answer.status, answer.headers.get("location")))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert found[0][0] == 204


def test_parallel_applications_never_overdraw(ns: Client, http: InProcessClient) -> None:
    """Eight at once apply 30 of a deposit of 100: three succeed."""
    ns.set(concurrency_limit=20)
    deposit = ns.deposit(100, "D")
    bills = [ns.invoice(30, f"I{n}") for n in range(8)]
    sandbox = http.sandbox
    found: list[int] = []

    def run(bill: str) -> None:
        body = json.dumps({"tranDate": "2024-01-10", "apply": {"items": [
            {"doc": {"id": bill}, "apply": True, "amount": 30}]}}).encode()  # fmt: skip
        path = f"{REST}/customerDeposit/{deposit}/!transform/depositApplication"
        found.append(sandbox.handle(Request("POST", path, [], {
            "authorization": ns.headers["Authorization"]}, body)).status)  # fmt: skip

    threads = [threading.Thread(target=run, args=(bill,)) for bill in bills]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [204] * 3 + [400] * 5
    assert ns.balance("2100") == -10


@pytest.mark.parametrize(
    "query",
    ["", ";", "SELECT", "SELECT * FROM", "SELECT 1", "SELECT id FROM transaction WHERE", "(" * 500,
     "SELECT id FROM sqlite_master", "PRAGMA table_info(tx)", "ATTACH DATABASE 'x' AS y",
     "SELECT id FROM transaction; DROP TABLE tx", "UPDATE transaction SET memo = 'x'",
     "SELECT randomblob(1000000000) FROM account", "SELECT id FROM transaction -- '",
     "SELECT CAST(1 AS BLOB), zeroblob(10) FROM account", "SELECT 'a" , "SELECT \u0000 FROM account"],
)  # fmt: skip
def test_odd_statements(ns: Client, query: str) -> None:
    """Nothing gets past the documented tables; no statement breaks the service."""
    answer = ns.http.post("/services/rest/query/v1/suiteql", json={"q": query},
                          headers={**ns.headers, "Prefer": "transient"})  # fmt: skip
    assert answer.status_code in {200, 400}, answer.text
    if answer.status_code == 200:
        assert "--" in query or query == "SELECT 1"


def test_bank_account_in_another_currency(ns: Client) -> None:
    """A foreign bank account takes its own currency only. Source: TRANS_FORGN_CRNCY_MISMATCH."""
    made = ns.make("/account", {"acctName": "Euro bank", "acctType": "Bank", "acctNumber": "1011",
                                "currency": {"refName": "EUR"}})  # fmt: skip
    body = {"customer": {"id": ns.customer}, "payment": 5, "account": {"id": made}}
    assert "use different currencies" in ns.refused("POST", "/customerDeposit", body)
    ns.make("/customerDeposit", {**body, "currency": {"refName": "EUR"}})
    assert ns.get(f"/account/{made}")["fxBalance"] == 5.0


def test_customer_of_another_subsidiary(ns: Client) -> None:
    """Entity and subsidiary must fit. Source: INVALID_KEY_OR_REF as parsed by third parties."""
    other = ns.make("/subsidiary", {"name": "Other", "country": "US"})
    body = {"customer": {"id": ns.customer}, "payment": 5, "subsidiary": {"id": other}}
    assert f"Invalid entity reference key {ns.customer} for subsidiary {other}." in ns.refused(
        "POST", "/customerDeposit", body
    )


def test_account_of_another_subsidiary(ns: Client) -> None:
    """An account restricted to subsidiaries serves no other. Source: third-party quote ("The ... account cannot be used with the ... subsidiary")."""
    other = ns.make("/subsidiary", {"name": "Euro Sub", "country": "DE"})
    made = ns.make("/account", {"acctName": "Sub bank", "acctType": "Bank",
                                "subsidiary": {"items": [{"id": other}]}})  # fmt: skip
    body = {"customer": {"id": ns.customer}, "payment": 5, "account": {"id": made}}
    text = ns.refused("POST", "/customerDeposit", body)
    assert "The Sub bank account cannot be used with the Parent Company subsidiary" in text
