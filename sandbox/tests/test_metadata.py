"""The metadata catalog: what the caller's role, the account's features and its fields show."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_client import Client


def names(ns: Client, query: str = "") -> set[str]:
    return {item["name"] for item in ns.get(f"/metadata-catalog{query}")["items"]}


def as_role(ns: Client, **permissions: str) -> None:
    """Go on as a caller of a role that has these permissions."""
    role = {"name": "some", "permissions": {"ADMI_RESTWEBSERVICES": "FULL", **permissions}}
    assert ns.http.post("/_sandbox/roles", json=role).status_code == 200
    token = ns.http.post("/_sandbox/tokens", json={"role": "some"}).json()["access_token"]
    ns.headers = {"Authorization": f"Bearer {token}"}


def test_custom_sublists_are_not_there(ns: Client) -> None:
    """Neither read, written nor described; their names are unknown properties. Source: Limitations of REST Web Services (subsect_1544786455)."""
    name = "recmachcustrecord_contact"
    body = {"companyName": "Bolt", "subsidiary": {"id": "1"}, name: {"items": [{"name": "x"}]}}
    strict = {"X-NetSuite-PropertyNameValidation": "Error"}
    assert ns.call("POST", "/customer", body, **strict).status_code == 400
    made = ns.make("/customer", body)
    assert name not in ns.get(f"/customer/{made}?expandSubResources=true")
    ns.refused("GET", f"/customer/{made}/{name}", status=404)
    assert name not in ns.call("GET", "/metadata-catalog/customer",
                               Accept="application/schema+json").json()["properties"]  # fmt: skip


@pytest.mark.parametrize(
    ("applies", "prefix", "most"), [("body", "custbody", 38), ("column", "custcol", 37)]
)
def test_length_of_script_ids(ns: Client, applies: str, prefix: str, most: int) -> None:
    """Body fields have 38 characters, columns 37. Source: transactionbodycustomfield (SDFxml_3330726969); transactioncolumncustomfield (SDFxml_2979546877)."""
    for length, status in ((most, 200), (most + 1, 400)):
        field = {"scriptId": prefix + "_" * (length - len(prefix)), "appliesTo": applies}
        answer = ns.http.post("/_sandbox/custom-fields", json=field)
        assert answer.status_code == status, answer.text


def test_unknown_record_types(ns: Client) -> None:
    """Nothing is found of them, by any method. Source: Error Handling in REST Web Services (404); code and text are unsure."""
    for method, path in (("GET", "/vendorx"), ("GET", "/vendorx/1"), ("POST", "/vendorx"),
                         ("PATCH", "/vendorx/1"), ("DELETE", "/vendorx/1"),
                         ("GET", "/metadata-catalog/vendorx")):  # fmt: skip
        assert ns.refused(method, path, {}, status=404) == "Record type 'vendorx' does not exist."


def test_the_catalog_reflects_the_role(ns: Client) -> None:
    """A record that the role may not see is not listed, and not described. Source: Working with Resource Metadata."""
    assert {"invoice", "customerDeposit"} <= names(ns)
    as_role(ns, TRAN_CUSTDEP="VIEW", TRAN_CUSTINVC="NONE")
    assert "customerDeposit" in names(ns)
    assert not {"invoice", "journalEntry", "customer"} & names(ns)
    assert names(ns, "?select=customerdeposit,invoice") == {"customerDeposit"}
    ns.refused("GET", "/metadata-catalog/invoice", status=403)


def test_the_catalog_reflects_the_features(ns: Client) -> None:
    """A record whose feature is off is not there: not listed, not described, not served. Source: Working with Resource Metadata."""
    ns.set(absent_records="depositApplication, subsidiary")
    assert "customerDeposit" in names(ns)
    assert not {"depositApplication", "subsidiary"} & names(ns)
    for path in ("/metadata-catalog/depositapplication", "/subsidiary/1", "/depositApplication"):
        ns.refused("GET", path, status=404)
    assert "Record 'subsidiary' was not found" in ns.sql_refused("SELECT id FROM subsidiary")


def test_filterable_fields_are_of_the_body(ns: Client) -> None:
    """x-ns-filterable marks what q takes: body fields, no field of a sublist. Source: Working with Resource Metadata; Record Collection Filtering."""
    schema: Any = ns.call("GET", "/metadata-catalog/invoice", Accept="application/schema+json")
    properties = schema.json()["properties"]
    assert properties["memo"]["x-ns-filterable"] is True
    line = properties["item"]["properties"]["items"]["items"]["properties"]
    assert "x-ns-filterable" not in line["amount"]
    ns.invoice(10, "I", memo="some")
    assert ns.get('/invoice?q=memo IS "some"')["totalResults"] == 1
    assert "Invalid search query" in ns.refused("GET", "/invoice?q=item.amount GREATER 5")


def test_custom_fields_by_their_script_id(ns: Client) -> None:
    """The REST name of a custom field is its script id, in the body and on the lines. Source: Working with Resource Metadata, x-ns-custom-field."""
    ns.deposit(5, "D")
    shown = ns.get("/customerDeposit/eid:D")
    schema = ns.call("GET", "/metadata-catalog/customerdeposit", Accept="application/schema+json")
    assert schema.json()["properties"]["custbody_dd_block_id"]["x-ns-custom-field"] is True
    assert shown["custbody_dd_block_id"] == "B1"
    assert ns.sql("SELECT custbody_dd_block_id b FROM transaction") == [{"b": "B1"}]
