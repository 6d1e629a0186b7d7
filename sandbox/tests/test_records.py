"""The record API: create, read, change, delete, external ids, validation, collections."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sandbox_client import BLOCK, REST, Client


def test_a_subaccount_has_the_type_of_its_parent(ns: Client) -> None:
    """And a summary account is inactive. Source: Creating Accounts (section_N1440518); the wording is unsure."""
    body = {"acctName": "Part", "parent": {"id": ns.account("4000")}}
    assert "subaccount" in ns.refused("POST", "/account", {**body, "acctType": "Expense"})
    made = ns.make("/account", {**body, "acctType": "Income", "isSummary": True})
    assert ns.get(f"/account/{made}")["isInactive"] is True


def test_create_answers_204_with_location(ns: Client) -> None:
    """204, empty body, Location of the new record. Source: Creating a Record Instance."""
    answer = ns.call("POST", "/customer", {"companyName": "New", "subsidiary": {"id": "1"}})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["location"].startswith(f"http://localhost:8765{REST}/customer/")


def test_get_shows_references_and_links(ns: Client) -> None:
    """Selects as {links,id,refName}; sublists as links unless expanded. Source: Getting a Record."""
    ns.invoice(300, "INV-1")
    body = ns.get("/invoice/eid:INV-1")
    assert body["entity"]["refName"] == "Acme"
    assert body["entity"]["links"][0]["href"].endswith(f"/customer/{ns.customer}")
    assert body["item"] == {
        "links": [{"rel": "self", "href": f"http://localhost:8765{REST}/invoice/{body['id']}/item"}]
    }
    assert body["postingPeriod"]["refName"] == "Jan 2024"
    assert body["status"] == {"id": "A", "refName": "Open"}
    assert (body["total"], body["amountRemaining"], body["amountPaid"]) == (300.0, 300.0, 0.0)
    expanded = ns.get("/invoice/eid:INV-1?expandSubResources=true&simpleEnumFormat=true")
    assert expanded["status"] == "A"
    (line,) = expanded["item"]["items"]
    assert (line["amount"], line["line"], line[BLOCK]) == (300.0, 1, "B1")
    assert expanded["item"]["totalResults"] == 1
    assert ns.get("/invoice/eid:INV-1/item/1")["amount"] == 300.0


def test_fields_parameter(ns: Client) -> None:
    """?fields= names body fields only; the answer has these and a link that repeats them. Source: Getting a Record Instance."""
    made = ns.invoice(300, "INV-1")
    shown = ns.get("/invoice/eid:INV-1?fields=tranDate,total,item")
    assert set(shown) == {"links", "tranDate", "total"}
    assert shown["links"][0]["href"].endswith(f"/invoice/{made}?fields=tranDate%2Ctotal%2Citem")


def test_names_in_any_case(ns: Client) -> None:
    """Record and property names in lower case are understood. Source: Oracle's own samples."""
    answer = ns.call("POST", "/customerdeposit", {
        "customer": {"id": ns.customer}, "payment": 5.5, "trandate": "2024-2-7",
        "externalid": "dep-low",
    })  # fmt: skip
    assert answer.status_code == 204
    body = ns.get("/customerDeposit/eid:dep-low")
    assert (body["payment"], body["tranDate"]) == (5.5, "2024-02-07")


@pytest.mark.parametrize("reference", ["id", "bare", "text", "externalId"])
def test_forms_of_a_reference(ns: Client, reference: str) -> None:
    """{"id"}, bare ids and {"externalId"} are taken. Source: Using External IDs; samples."""
    value = {
        "id": {"id": ns.customer}, "bare": int(ns.customer), "text": ns.customer,
        "externalId": {"externalId": "CUS-1"},
    }[reference]  # fmt: skip
    made = ns.make("/customerDeposit", {"customer": value, "payment": 1})
    assert ns.get(f"/customerDeposit/{made}")["customer"]["id"] == ns.customer


def test_undocumented_forms_of_a_reference(ns: Client) -> None:
    """Bare ids and eid: inside an id are taken, or refused: a setting. Source: Using External IDs; samples of third parties; unsure."""
    for value in ({"id": "eid:CUS-1"}, int(ns.customer), ns.customer, "eid:CUS-1"):
        body = {"customer": value, "payment": 1}
        ns.set(reference_forms="any")
        ns.make("/customerDeposit", body)
        ns.set(reference_forms="documented")
        assert "Invalid Field Value" in ns.refused("POST", "/customerDeposit", body)
    for value in ({"id": ns.customer}, {"externalId": "CUS-1"}):
        ns.make("/customerDeposit", {"customer": value, "payment": 1})


def test_unknown_reference(ns: Client) -> None:
    """INVALID_CONTENT with the path of the field. Source: Error Handling in REST Web Services."""
    answer = ns.call("POST", "/invoice", {
        "entity": {"id": ns.customer}, "item": {"items": [{"item": {"id": "9999"}, "amount": 1}]},
    })  # fmt: skip
    assert answer.status_code == 400
    assert answer.json()["o:errorDetails"][0] == {
        "detail": "Error while accessing resource: You have entered an Invalid Field Value 9999 "
        "for the following field: item",
        "o:errorCode": "INVALID_CONTENT",
        "o:errorPath": "item.items[0].item",
    }


def test_external_ids_are_one_namespace_for_transactions(ns: Client) -> None:
    """A deposit's external id is taken for a journal too. Source: Shared Internal and External IDs."""
    ns.deposit(10, "X-1")
    detail = ns.refused("POST", "/journalEntry", {
        "externalId": "X-1", "subsidiary": {"id": "1"},
        "line": {"items": [{"account": {"id": ns.account("1000")}, "debit": 1},
                           {"account": {"id": ns.account("4000")}, "credit": 1}]},
    })  # fmt: skip
    assert detail == "Error while accessing a resource. This entity already exists."
    ns.make("/customer", {"companyName": "X", "externalId": "X-1", "subsidiary": {"id": "1"}})


def test_second_post_leaves_the_first_alone(ns: Client) -> None:
    """A repeated external id is refused and nothing changes. Source: DUP_ENTITY (unsure for REST)."""
    ns.deposit(10, "X-1")
    ns.refused("POST", "/customerDeposit", {"customer": {"id": ns.customer}, "payment": 99,
                                            "externalId": "X-1"})  # fmt: skip
    assert ns.get("/customerDeposit/eid:X-1")["payment"] == 10.0
    ns.set(duplicate_external_id="record_exists")
    assert "This record already exists" in ns.refused(
        "POST", "/customerDeposit",
        {"customer": {"id": ns.customer}, "payment": 99, "externalId": "X-1"},
    )  # fmt: skip


def test_upsert_creates_then_updates(ns: Client) -> None:
    """PUT eid: creates or changes; absent fields stay. Source: Using the Upsert Operation."""
    first = ns.call(
        "PUT",
        "/customer/eid:U-1",
        {"companyName": "Upserted", "subsidiary": {"id": "1"}, "email": "a@example.com"},
    )
    second = ns.call("PUT", "/customer/eid:U-1", {"companyName": "Renamed"})
    assert first.status_code == second.status_code == 204
    assert first.headers["location"] == second.headers["location"]
    body = ns.get("/customer/eid:U-1")
    assert (body["companyName"], body["email"]) == ("Renamed", "a@example.com")
    assert ns.call("PUT", f"/customer/{body['id']}", {}).status_code == 400


def test_answers_of_changes(ns: Client) -> None:
    """PATCH and PUT answer 204 with the Location, DELETE 204 without, all without a body. Source: Updating a Record Instance; Using the Upsert Operation; Deleting a Record Instance."""
    place = f"http://localhost:8765{REST}/customerDeposit/{ns.deposit(10, 'X-1')}"
    for method, body in (("PATCH", {"memo": "a"}), ("PUT", {"memo": "b"}), ("DELETE", None)):
        answer = ns.call(method, "/customerDeposit/eid:X-1", body)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers.get("location") == (place if method != "DELETE" else None)
    ns.refused("GET", "/customerDeposit/eid:X-1", status=404)


def test_media_types(ns: Client) -> None:
    """Instances are of type singular, lists and sublists of type collection. Source: Getting a Record Instance."""
    ns.invoice(10, "I")
    for path, kind in (("/invoice/eid:I", "singular"), ("/invoice", "collection"),
                       ("/invoice/eid:I/item", "collection")):  # fmt: skip
        shown = ns.call("GET", path).headers["content-type"]
        assert shown == f"application/vnd.oracle.resource+json; type={kind}"


def test_internal_ids_are_shared_inside_a_group(ns: Client) -> None:
    """Transactions of all types count through one row of ids, masters of other groups have their own. Source: Shared Internal and External IDs."""
    made = [ns.deposit(10, "D"), ns.invoice(10, "I"), ns.journal("1500", "1050", 5, "J")]
    assert [int(one) - int(made[0]) for one in made] == [0, 1, 2]
    assert made[0] == ns.customer


def test_get_of_another_type_and_of_nothing(ns: Client) -> None:
    """400 for an id of another transaction type, 404 for none. Source: third parties."""
    deposit = ns.deposit(10, "X-1")
    assert ns.refused("GET", f"/invoice/{deposit}") == (
        "Error while accessing a resource. Transaction type specified is incorrect."
    )
    answer = ns.call("GET", "/invoice/eid:none")
    assert answer.status_code == 404
    assert answer.json()["title"] == "Not Found"
    assert answer.json()["o:errorDetails"][0]["o:errorCode"] == "NONEXISTENT_ID"
    assert ns.call("GET", "/nothing/1").status_code == 404


def test_property_name_validation(ns: Client) -> None:
    """Unknown names: a warning by default, an error or nothing on demand. Source: REST API Browser; headers of REST web services."""
    body = {"companyName": "W", "subsidiary": {"id": "1"}, "nonsense": 1}
    name = "X-NetSuite-PropertyNameValidation"
    assert ns.call("POST", "/customer", body, **{name: "Error"}).status_code == 400
    warned = ns.call("POST", "/customer", body)
    assert warned.status_code == 204
    assert "nonsense" in warned.headers["x-netsuite-warning"]
    body["companyName"] = "W2"
    silent = ns.call("POST", "/customer", body, **{name: "Ignore"})
    assert "x-netsuite-warning" not in silent.headers
    unregistered = {**body, "companyName": "W3", "custentity_x": "1"}
    assert ns.call("POST", "/customer", unregistered, **{name: "Error"}).status_code == 400


def test_malformed_bodies(ns: Client) -> None:
    """INVALID_REQUEST; nothing is saved. Source: Error Handling in REST Web Services."""
    for content in (b'{"companyName": "cut', b"", b"[]", b'{"companyName": NaN}'):
        answer = ns.http.post(REST + "/customer", content=content, headers=ns.headers)
        assert answer.status_code == 400, content
    assert ns.get("/customer")["totalResults"] == 1


def test_short_body_is_not_acted_on(ns: Client) -> None:
    """A body shorter than its Content-Length changes nothing."""
    body = b'{"companyName": "Short", "subsidiary": {"id": "1"}}'
    headers = {**ns.headers, "content-length": str(len(body) + 10)}
    assert ns.http.post(REST + "/customer", content=body, headers=headers).status_code == 400
    assert ns.get("/customer")["totalResults"] == 1


def test_required_fields(ns: Client) -> None:
    """USER_ERROR names what is missing. Source: SOAP Error Status Codes; third parties."""
    assert ns.refused("POST", "/customer", {"subsidiary": {"id": "1"}}).endswith(
        "You must enter a value for Company Name."
    )
    assert ns.refused("POST", "/customer", {"companyName": "N"}).endswith(
        "Please enter value(s) for: Subsidiary."
    )
    assert ns.refused("POST", "/invoice", {"entity": {"id": ns.customer}}).endswith(
        "Please enter value(s) for: Items."
    )
    assert "Subsidiary" in ns.refused("POST", "/journalEntry", {"line": {"items": [{}]}})


def test_customers_have_names_of_their_own(ns: Client) -> None:
    """A customer's ID, by default its name, is its own: on creation and on change. Source: UNIQUE_CUST_ID_REQD (SOAP Error Status Codes)."""
    twin = {"companyName": "Acme", "subsidiary": {"id": "1"}}
    assert "You must enter a unique customer ID" in ns.refused("POST", "/customer", twin)
    other = ns.make("/customer", {**twin, "companyName": "Bolt"})
    ns.refused("PATCH", f"/customer/{other}", {"entityId": "Acme"})
    assert ns.get("/customer")["totalResults"] == 2


def test_collection_with_filter_and_pages(ns: Client) -> None:
    """q, limit, offset, links. Source: Record Collection Filtering, Collection Paging."""
    for number in range(5):
        ns.deposit(number + 1, f"D-{number}", day=f"2024-01-0{number + 1}")
    page = ns.get("/customerDeposit?limit=2&offset=2")
    assert (page["count"], page["totalResults"], page["hasMore"]) == (2, 5, True)
    assert {link["rel"] for link in page["links"]} == {"self", "next", "last", "prev", "first"}
    assert set(page["items"][0]) == {"links", "id"}

    def found(query: str) -> int:
        return int(ns.http.get(REST + "/customerDeposit", params={"q": query},
                               headers=ns.headers).json()["totalResults"])  # fmt: skip

    assert found('externalId IS "D-3"') == 1
    assert found('externalId START_WITH "D-" AND payment GREATER 3') == 2
    assert found('tranDate ON_OR_AFTER "1/4/2024" OR payment EQUAL 1') == 3
    assert found(f"customer ANY_OF [{ns.customer}, 99]") == 5
    assert found('externalId IS_NOT "D-3"') == 4
    answer = ns.call("GET", "/customerDeposit?q=nonsense")
    assert answer.json()["o:errorDetails"][0] == {
        "detail": "Invalid search query. Provide a valid search query.",
        "o:errorCode": "INVALID_PARAMETER",
        "o:errorQueryParam": "q",
    }
    assert ns.call("GET", "/customerDeposit?limit=2&offset=3").status_code == 400
    assert ns.call("GET", "/customerDeposit?limit=1001").status_code == 400


def test_numbers_survive(ns: Client) -> None:
    """Amounts go in and out digit by digit, in currencies of 0, 2 and 3 decimals."""
    for symbol, amount in (("USD", "12345678901.23"), ("JPY", "1999"), ("KWD", "0.125")):
        text = (
            f'{{"customer": {{"id": "{ns.customer}"}}, "payment": {amount}, '
            f'"currency": {{"refName": "{symbol}"}}, "exchangeRate": 1.1}}'
        )
        answer = ns.http.post(REST + "/customerDeposit", content=text, headers=ns.headers)
        assert answer.status_code == 204, answer.text
        body = ns.http.get(answer.headers["location"], headers=ns.headers).text
        assert f'"payment":{amount}' in body


def test_delete_master_in_use(ns: Client) -> None:
    """A referenced record stays. Source: CANT_DELETE_CHILD_RCRD_FOUND."""
    ns.deposit(10, "X-1")
    assert "referenced by other records" in ns.refused("DELETE", f"/customer/{ns.customer}")
    made = ns.make("/customer", {"companyName": "Gone", "subsidiary": {"id": "1"}})
    assert ns.call("DELETE", f"/customer/{made}").status_code == 204
    assert ns.call("GET", f"/customer/{made}").status_code == 404


def test_patch_null_clears(ns: Client) -> None:
    """Null clears a field. Source: Updating a Record Instance."""
    ns.deposit(10, "X-1", memo="hello")
    assert ns.call("PATCH", "/customerDeposit/eid:X-1", {"memo": None}).status_code == 204
    assert "memo" not in ns.get("/customerDeposit/eid:X-1")


def test_customer_balances(ns: Client) -> None:
    """Balance and depositBalance follow the documents. Source: REST API Browser, customer."""
    ns.deposit(500, "D-1")
    ns.invoice(200, "I-1")
    body = ns.get(f"/customer/{ns.customer}")
    assert (body["balance"], body["depositBalance"]) == (200.0, 500.0)


def test_account_type_is_fixed_once_used(ns: Client) -> None:
    """AcctType of a used account does not change. Source: Account, REST use case."""
    ns.journal("1500", "1050", 5, "J-1")
    assert "cannot change" in ns.refused(
        "PATCH", f"/account/{ns.account('1500')}", {"acctType": {"id": "Bank"}}
    )


def test_currency_of_an_account_is_fixed_once_used(ns: Client) -> None:
    """As its type; an account that nothing was posted to may change both. Source: Account, REST use case."""
    euro = {"currency": {"refName": "EUR"}}
    account = ns.bank("1055", "Second bank")
    assert ns.call("PATCH", f"/account/{account}", euro).status_code == 204
    ns.deposit(5, "D", undepFunds="F", account={"id": ns.account("1000")})
    assert "cannot change the currency" in ns.refused(
        "PATCH", f"/account/{ns.account('1000')}", euro
    )


def test_item_on_a_liability_needs_expanded_lists(ns: Client) -> None:
    """An income account that is a liability needs Expand Account Lists. Source: ASSETCOGSITEMACCTS."""
    body = {"itemId": "Direct", "incomeAccount": {"externalId": "2450"},
            "directRevenuePosting": True}  # fmt: skip
    ns.refused("POST", "/serviceSaleItem", body)
    ns.set(expand_account_lists=True)
    item = ns.make("/serviceSaleItem", body)
    ns.make("/invoice", {"entity": {"id": ns.customer}, "tranDate": "2024-01-10",
                         "item": {"items": [{"item": {"id": item}, "amount": 70}]}})  # fmt: skip
    assert ns.balance("2450") == Decimal(-70)
