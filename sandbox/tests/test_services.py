"""Token-based authentication, roles, jobs, batches, metadata, snapshots, refresh."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from sandbox_client import REST, Client

from netsuite_sandbox.access.tba import signature

KEY = "3f6a8a90-1111-4222-8333-444455556666"
RESOURCE = "application/vnd.oracle.resource+json"


def test_official_signature_vector() -> None:
    """Oracle's worked example. Source: The Signature (token-based authentication)."""
    parameters = [
        ("oauth_consumer_key", "ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4"),
        ("oauth_token", "2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc"),
        ("oauth_signature_method", "HMAC-SHA256"), ("oauth_timestamp", "1508242306"),
        ("oauth_nonce", "fjaLirsIcCGVZWzBX0pg"), ("oauth_version", "1.0"),
    ]  # fmt: skip
    secrets = (
        "d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5",
        "c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295",
    )
    url = "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40"
    expected = "B5OIWznZ2YP0OB7VrJrGkYsTh+8H+5T9Hag+o92q0zY="
    assert signature("GET", url, parameters, secrets) == expected


def signed(
    http: httpx2.Client, ids: dict[str, str], query: dict[str, str],
    sent: dict[str, str] | None = None, /, **change: str,
) -> Any:  # fmt: skip
    """Ask with a signed query; `sent` is another one to send."""
    url = "http://localhost:8765" + REST + "/customer"
    fields = {
        "oauth_consumer_key": ids["consumer_key"], "oauth_token": ids["token_id"],
        "oauth_signature_method": "HMAC-SHA256", "oauth_timestamp": str(int(time.time())),
        "oauth_nonce": "abcdef123456", "oauth_version": "1.0", **change,
    }  # fmt: skip
    secrets = (ids["consumer_secret"], ids["token_secret"])
    fields["oauth_signature"] = signature("GET", url, [*fields.items(), *query.items()], secrets)
    fields["realm"] = change.get("realm", "TSTDRV1234567")
    header = "OAuth " + ",".join(f'{k}="{quote(v, safe="")}"' for k, v in fields.items())
    return http.get(url, params=query if sent is None else sent, headers={"Authorization": header})


def test_token_based_authentication(http: httpx2.Client) -> None:
    """HMAC-SHA256 with the query in the base string. Source: The Authorization Headers."""
    ids = http.post("/_sandbox/tba").json()
    query = {"q": 'companyName IS "Größe & Co"', "limit": "5"}
    assert signed(http, ids, query).status_code == 200
    again = signed(http, ids, query)
    assert again.status_code == 401
    assert 'error="NonceUsed"' in again.headers["www-authenticate"]


def test_a_query_is_signed_as_it_is_decoded(http: httpx2.Client) -> None:
    """Parameters go into the base string encoded once; encoded twice they do not fit. Source: The Signature; seen by third parties with q."""
    ids = http.post("/_sandbox/tba").json()
    query = {"q": 'companyName IS "A&B"'}
    twice = {name: quote(value) for name, value in query.items()}
    answer = signed(http, ids, twice, query)
    assert 'error="InvalidSignature"' in answer.headers["www-authenticate"]
    assert signed(http, ids, query, oauth_nonce="abcdef654321").status_code == 200


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"oauth_timestamp": "1508242306"}, "InvalidTimestamp"),
        ({"oauth_nonce": "abc"}, "NonceUsed"),
        ({"oauth_signature_method": "HMAC-SHA1"}, "UnknownAlgorithm"),
        ({"oauth_token": "nope"}, "token_rejected"),
        ({"oauth_consumer_key": "nope"}, "consumer_key_unknown"),
    ],
)
def test_bad_signatures(http: httpx2.Client, change: dict[str, str], reason: str) -> None:
    """Each has its reason in the audit trail. Source: TBA, login audit trail details."""
    answer = signed(http, http.post("/_sandbox/tba").json(), {}, **change)
    assert answer.status_code == 401
    assert f'error="{reason}"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize(("seconds", "status"), [(290, 200), (-290, 200), (310, 401), (-310, 401)])
def test_timestamps_within_five_minutes(http: httpx2.Client, seconds: int, status: int) -> None:
    """Five minutes either way; a nonce has six characters or more. Source: The Authorization Headers."""
    stamp = str(int(time.time()) + seconds)
    ids = http.post("/_sandbox/tba").json()
    assert signed(http, ids, {}, oauth_timestamp=stamp).status_code == status
    for nonce, expected in (("abcde", 401), ("abcdef", 200)):
        assert signed(http, ids, {}, oauth_nonce=nonce).status_code == expected


def test_wrong_secret(http: httpx2.Client) -> None:
    """A signature by another secret is refused. Source: InvalidSignature."""
    ids = {**http.post("/_sandbox/tba").json(), "token_secret": "other"}
    assert 'error="InvalidSignature"' in signed(http, ids, {}).headers["www-authenticate"]


def test_roles(ns: Client) -> None:
    """A role sees and writes what its permission keys allow. Source: SDF permission keys."""
    permissions = {"ADMI_RESTWEBSERVICES": "FULL", "TRAN_CUSTDEP": "VIEW", "TRAN_DEPAPPL": "CREATE"}
    ns.http.post("/_sandbox/roles", json={"name": "reader", "permissions": permissions})
    deposit, invoice = ns.deposit(10, "D"), ns.invoice(10, "I")
    token = ns.http.post("/_sandbox/tokens", json={"role": "reader"}).json()["access_token"]
    ns.headers = {"Authorization": f"Bearer {token}"}
    ns.get(f"/customerDeposit/{deposit}")
    answer = ns.call("PATCH", f"/customerDeposit/{deposit}", {"memo": "x"})
    assert answer.status_code == 403
    detail = answer.json()["o:errorDetails"][0]
    assert detail["o:errorCode"] == "INSUFFICIENT_PERMISSION"
    assert detail["detail"].startswith(
        "Permission Violation: You need the 'Transactions -> Customer"
    )
    assert ns.call("GET", f"/invoice/{invoice}").status_code == 403
    ns.apply(deposit, invoice, 10, "A")
    answer = ns.http.post("/services/rest/query/v1/suiteql", json={"q": "SELECT id FROM account"},
                          headers={**ns.headers, "Prefer": "transient"})  # fmt: skip
    assert answer.status_code == 403


def test_queries_need_their_own_permission(ns: Client) -> None:
    """SuiteQL asks for SuiteAnalytics Workbook, whatever records the role may see. Source: SuiteQL overview."""
    for key, status in (("LIST_ACCOUNT", 403), ("REPO_ANALYTICS", 200)):
        permissions = {"ADMI_RESTWEBSERVICES": "FULL", key: "VIEW"}
        ns.http.post("/_sandbox/roles", json={"name": key, "permissions": permissions})
        token = ns.http.post("/_sandbox/tokens", json={"role": key}).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "Prefer": "transient"}
        answer = ns.http.post("/services/rest/query/v1/suiteql", headers=headers,
                              json={"q": "SELECT id FROM account"})  # fmt: skip
        assert answer.status_code == status, answer.text


def test_asynchronous_create(ns: Client) -> None:
    """202, a job, its task, the original answer. Source: Asynchronous Request Processing."""
    body = {"companyName": "Async", "subsidiary": {"id": "1"}, "externalId": "AS"}
    ns.set(async_pending_polls=1)
    answer = ns.call("POST", "/customer", body, Prefer="respond-async")
    assert (answer.status_code, answer.headers["preference-applied"]) == (202, "respond-async")
    job = answer.headers["location"]
    first, second = (ns.http.get(job, headers=ns.headers).json() for _ in range(2))
    assert (first["progress"], first["completed"]) == ("pending", False)
    assert (second["progress"], second["completed"]) == ("succeeded", True)
    (task,) = ns.http.get(second["task"]["links"][0]["href"], headers=ns.headers).json()["items"]
    detail = ns.http.get(task["links"][0]["href"], headers=ns.headers).json()
    related = next(link["href"] for link in detail["links"] if link["rel"] == "related")
    result = ns.http.get(related, headers=ns.headers)
    assert result.status_code == 204
    assert result.headers["location"].endswith(f"/customer/{ns.get('/customer/eid:AS')['id']}")


def test_idempotency_key_works_only_asynchronously(ns: Client) -> None:
    """A repeated key: 400 Conflict with the earlier job. Source: Idempotency of asynchronous requests."""
    body = {"companyName": "Once", "subsidiary": {"id": "1"}}
    headers = {"X-NetSuite-Idempotency-Key": KEY, "Prefer": "respond-async"}
    first = ns.call("POST", "/customer", body, **headers)
    again = ns.call("POST", "/customer", body, **headers)
    assert (again.status_code, again.json()["title"]) == (400, "Conflict")
    assert again.json()["o:errorDetails"][0]["o:errorCode"] == "IDEMPOTENCY_ERROR"
    assert again.headers["location"] == first.headers["location"]
    for name in ("S1", "S2"):
        answer = ns.call("POST", "/customer", {**body, "companyName": name},
                         **{"X-NetSuite-Idempotency-Key": KEY})  # fmt: skip
        assert answer.status_code == 204


def test_idempotency_key_is_a_uuid(ns: Client) -> None:
    """RFC 4122, nothing else; nothing is saved. Source: Idempotency of asynchronous requests."""
    headers = {"X-NetSuite-Idempotency-Key": "order-17", "Prefer": "respond-async"}
    body = {"companyName": "Once", "subsidiary": {"id": "1"}}
    answer = ns.call("POST", "/customer", body, **headers)
    assert (answer.status_code, "UUID" in answer.text) == (400, True)
    assert ns.get("/customer")["totalResults"] == 1


def test_batch(ns: Client) -> None:
    """One task a record, no all-or-nothing, only asynchronously. Source: Batch Operations."""
    items = [{"companyName": f"C{n}", "subsidiary": {"id": "1"}, "externalId": f"C{n}"}
             for n in range(3)]  # fmt: skip
    items[1].pop("companyName")
    headers = {"Content-Type": f"{RESOURCE}; type=collection"}
    assert ns.call("POST", "/customer", {"items": items}, **headers).status_code == 400
    answer = ns.call("POST", "/customer", {"items": items}, Prefer="respond-async", **headers)
    job = answer.headers["location"]
    statuses = [ns.http.get(f"{job}/task/{n}/result", headers=ns.headers).status_code
                for n in (1, 2, 3)]  # fmt: skip
    assert statuses == [204, 400, 204]
    ids = ",".join(ns.get(f"/customer/eid:C{n}")["id"] for n in (0, 2))
    ns.call("DELETE", f"/customer?ids={ids}", Prefer="respond-async", **headers)
    assert ns.get("/customer")["totalResults"] == 1
    many = {"items": [items[0]] * 101}
    assert ns.call("POST", "/customer", many, Prefer="respond-async", **headers).status_code == 400


def test_batch_upsert_in_parallel(ns: Client) -> None:
    """PUT on the collection takes external ids; each record has a task with its times. Source: Batch Operations."""
    items = [{"externalId": f"U{n}", "companyName": f"U{n}", "subsidiary": {"id": "1"}}
             for n in range(2)]  # fmt: skip
    headers = {"Content-Type": f"{RESOURCE}; type=collection",
               "Prefer": 'respond-async, batch-processing="parallel"'}  # fmt: skip
    first = ns.call("PUT", "/customer", {"items": items}, **headers)
    items[0]["email"] = "u@example.org"
    again = ns.call("PUT", "/customer", {"items": items}, **headers)
    for job in (first.headers["location"], again.headers["location"]):
        for n in (1, 2):
            task = ns.http.get(f"{job}/task/{n}", headers=ns.headers).json()
            assert (task["progress"], task["completed"]) == ("succeeded", True)
            assert task["startTime"] <= task["endTime"]
            assert ns.http.get(f"{job}/task/{n}/result", headers=ns.headers).status_code == 204
    assert ns.get("/customer")["totalResults"] == 3
    assert ns.get("/customer/eid:U0")["email"] == "u@example.org"


def test_governance_limits_and_server_time(ns: Client) -> None:
    """Limits of the account, time of the server. Source: REST system service (2025.2)."""

    def get(name: str) -> Any:
        return ns.http.get(f"/services/rest/system/v1/{name}", headers=ns.headers).json()

    assert get("governanceLimits")["accountConcurrencyLimit"] == 5
    assert get("serverTime")["serverTime"].endswith("Z")


def test_metadata_catalog(ns: Client) -> None:
    """List, JSON Schema, OpenAPI 3, custom fields included. Source: Resource Metadata."""
    names = {item["name"] for item in ns.get("/metadata-catalog")["items"]}
    assert {"customerDeposit", "depositApplication", "invoice", "customer"} <= names
    schema = ns.call("GET", "/metadata-catalog/customerdeposit",
                     Accept="application/schema+json").json()  # fmt: skip
    assert schema["properties"]["payment"]["format"] == "double"
    assert schema["properties"]["custbody_dd_block_id"]["x-ns-custom-field"] is True
    api = ns.call("GET", "/metadata-catalog?select=customer,invoice",
                  Accept="application/swagger+json").json()  # fmt: skip
    assert api["openapi"].startswith("3.0")
    assert set(api["components"]["schemas"]) == {"customer", "invoice"}
    assert "/invoice/{id}/!transform/creditMemo" in api["paths"]


def test_snapshot_and_restore(ns: Client) -> None:
    """Back to a named moment, settings and fields included."""
    ns.deposit(5, "D")
    ns.http.post("/_sandbox/snapshots", json={"name": "s"})
    ns.deposit(6, "D2")
    ns.set(expand_account_lists=True)
    assert ns.http.post("/_sandbox/snapshots/restore", json={"name": "s"}).status_code == 200
    assert ns.sql("SELECT externalid FROM transaction") == [{"externalid": "D"}]
    settings = {row["name"]: row["value"] for row in ns.http.get("/_sandbox/settings").json()}
    assert settings["expand_account_lists"] is False
    ns.deposit(7, "D2")
    assert ns.http.post("/_sandbox/snapshots/restore", json={"name": "x"}).status_code == 400


def test_refresh_changes_internal_ids(ns: Client) -> None:
    """Internal ids differ, external ids and the books stay, tokens are gone. Source: Refreshing Sandbox Accounts (tokens); the change of ids is this sandbox's."""
    deposit = ns.deposit(1000, "D")
    application = ns.apply(deposit, ns.invoice(300, "I"), 300, "A")
    ns.month_end("2024-01")
    before = ns.balances()
    assert ns.http.post("/_sandbox/refresh").status_code == 200
    assert ns.call("GET", "/customerDeposit/eid:D").status_code == 401
    ns.headers = Client(ns.http).headers
    assert ns.balances() == before
    assert ns.call("GET", f"/customerDeposit/{deposit}").status_code == 404
    body = ns.get("/depositApplication/eid:A?expandSubResources=true")
    assert body["id"] != application
    assert body["apply"]["items"][0]["doc"]["id"] == ns.get("/invoice/eid:I")["id"]
    assert ns.get("/customer/eid:CUS-1")["id"] != ns.customer
    assert ns.call("DELETE", "/depositApplication/eid:A").status_code == 204
    ns.customer, ns.usage = (
        ns.get("/customer/eid:CUS-1")["id"],
        ns.get("/serviceSaleItem/eid:usage")["id"],
    )
    ns.invoice(50, "I2")
    assert [row["amount"] for row in ns.month_end("2024-01")["recognized"]] == ["50.00"]
    rows = ns.sql("SELECT e.id FROM revenueelement e JOIN transaction t ON t.id = e.source "
                  "JOIN item i ON i.id = e.item WHERE i.itemid = 'Usage'")  # fmt: skip
    assert len(rows) == 2


def test_load_is_all_or_nothing_by_the_same_rules(ns: Client) -> None:
    """Many records in one call: ours, not NetSuite's; a refusal names its line and undoes all."""
    items = f'{{"items": [{{"item": {ns.usage}, "amount": 7.25}}]}}'
    lines = [
        '/customer {"companyName": "One", "externalId": "L-1", "subsidiary": 1}',
        'PUT /customer/eid:L-1 {"email": "one@example.org"}',
        "",
        f'/invoice {{"entity": {{"externalId": "L-1"}}, "externalId": "L-2", "item": {items}}}',
    ]
    answer = ns.http.post("/_sandbox/load", content="\n".join(lines))
    assert answer.json() == {"written": 3}, answer.text
    assert ns.get("/invoice/eid:L-2")["total"] == 7.25
    assert ns.get("/customer/eid:L-1")["email"] == "one@example.org"
    bad = ['/customer {"companyName": "Two", "externalId": "L-3", "subsidiary": 1}', lines[3]]
    refused = ns.http.post("/_sandbox/load", content="\n".join(bad))
    assert refused.status_code == 400
    assert refused.json()["o:errorDetails"][0]["detail"].startswith("Line 2: ")
    ns.refused("GET", "/customer/eid:L-3", status=404)
    assert ns.http.post("/_sandbox/load", content="invoice {}").status_code == 400
