"""Record actions, and forms shown without saving."""

from __future__ import annotations

from typing import Any

import pytest
from sandbox_client import Client

RESOURCE = "application/vnd.oracle.resource+json"


def form(ns: Client, method: str, path: str, body: Any, kind: str) -> Any:
    answer = ns.call(method, path, body, Accept=f"{RESOURCE}; type={kind}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def count(ns: Client) -> str:
    return ns.sql("SELECT COUNT(*) n FROM transaction")[0]["n"]


def test_action_answers_with_a_result(ns: Client) -> None:
    """POST /invoice/{id}/@markforgrouping gives {links, result: true}. Source: Executing Record Actions; Supported Record Actions."""
    ns.invoice(10, "I")
    answer = ns.call("POST", "/invoice/eid:I/@markforgrouping")
    assert answer.status_code == 200
    body = answer.json()
    assert body["result"] is True
    assert body["links"][0]["href"].endswith("/@markforgrouping")
    ns.refused("POST", "/invoice/eid:I/@markforgrouping")
    assert ns.call("POST", "/invoice/eid:I/@unmarkForGrouping", {}).json()["result"] is True
    ns.refused("POST", "/invoice/eid:I/@removeinvoicefromgroup")


@pytest.mark.parametrize("record", ["invoice", "customerDeposit"])
def test_no_void_action(ns: Client, record: str) -> None:
    """Void is no record action of REST. Source: Supported Record Actions."""
    ns.invoice(10, "I")
    ns.deposit(10, "D")
    eid = {"invoice": "I", "customerDeposit": "D"}[record]
    assert "does not support the action 'void'" in ns.refused("POST", f"/{record}/eid:{eid}/@void")
    assert ns.get(f"/{record}/eid:{eid}")["total"] == 10.0


def test_no_approve_action_on_a_journal(ns: Client) -> None:
    """A journal is approved by PATCH, not by an action. Source: Supported Record Actions; Journal Entry (REST use case)."""
    ns.journal("1000", "4000", 5, "J")
    ns.refused("POST", "/journalEntry/eid:J/@approve")


def test_action_is_a_post_on_an_instance(ns: Client) -> None:
    """GET of an action is no call, nor one on a record that is not there. Source: Executing Record Actions."""
    ns.invoice(10, "I")
    assert ns.call("GET", "/invoice/eid:I/@markforgrouping").status_code == 405
    assert ns.call("POST", "/invoice/eid:none/@markforgrouping").status_code == 404
    assert ns.call("POST", "/invoice/eid:I/@markforgrouping", [1]).status_code == 400


def test_create_form_fills_defaults_and_saves_nothing(ns: Client) -> None:
    """All fields prefilled, nothing saved, no number used up. Source: Create-form Operation."""
    shown = form(ns, "POST", "/customerDeposit", {"customer": {"id": ns.customer}}, "create-form")
    assert shown["currency"]["id"] == "1"
    assert {"tranDate", "postingPeriod", "subsidiary", "exchangeRate"} <= shown.keys()
    full = form(ns, "POST", "/invoice?expandSubResources=true", {
        "entity": {"id": ns.customer}, "tranDate": "2024-01-10",
        "item": {"items": [{"item": {"id": ns.usage}, "quantity": 2, "rate": 5}]},
    }, "create-form")  # fmt: skip
    assert (full["total"], full["item"]["items"][0]["amount"]) == (10.0, 10.0)
    assert "id" not in full
    assert count(ns) == "0"
    assert ns.get(f"/invoice/{ns.invoice(1, 'I')}")["tranId"] == "INV1"


def test_create_form_of_a_transform(ns: Client) -> None:
    """An invoice form prefilled from its order, not saved. Source: Create-form Operation."""
    line = {"item": {"id": ns.prepaid}, "quantity": 1, "rate": 100}
    ns.make("/salesOrder", {"externalId": "SO", "entity": {"id": ns.customer},
                            "item": {"items": [line]}})  # fmt: skip
    shown = form(ns, "POST", "/salesOrder/eid:SO/!transform/invoice", None, "create-form")
    assert (shown["total"], shown["createdFrom"]["refName"]) == (100.0, "Sales Order #SO1")
    assert count(ns) == "1"


def test_edit_form_shows_the_change_only(ns: Client) -> None:
    """The record as it would be; it stays as it is. Source: REST API Browser, Accept of PATCH."""
    ns.deposit(10, "D")
    shown = form(ns, "PATCH", "/customerDeposit/eid:D", {"payment": 7}, "edit-form")
    assert shown["total"] == 7.0
    assert ns.get("/customerDeposit/eid:D")["total"] == 10.0
    answer = ns.call("PATCH", "/customerDeposit/eid:D", {"payment": -1},
                     Accept=f"{RESOURCE}; type=edit-form")  # fmt: skip
    assert answer.status_code == 400


def test_select_options(ns: Client) -> None:
    """Values of select fields, by fields=, paged. Source: selectOptions Operation; the shape of the answer is unsure."""
    shown = form(ns, "POST", "/customer?fields=currency,subsidiary", {}, "select-options")
    assert [item["refName"] for item in shown["currency"]["items"]][:2] == ["US Dollar", "Euro"]
    assert shown["subsidiary"]["totalResults"] == 1
    page = form(ns, "PATCH", f"/customer/{ns.customer}?fields=currency&limit=2&offset=2", None,
                "select-options")["currency"]  # fmt: skip
    assert (page["count"], page["hasMore"]) == (2, True)
    answer = ns.call("POST", "/customer", {}, Accept=f"{RESOURCE}; type=select-options")
    assert answer.json()["o:errorDetails"][0]["o:errorQueryParam"] == "fields"


def test_select_options_depend_on_other_fields(ns: Client) -> None:
    """Closed periods are no choice; enumerations list their ids. Source: selectOptions Operation."""
    ns.period("2024-01", "close")
    shown = form(ns, "POST", "/customerDeposit?fields=postingPeriod,status&limit=1000", None,
                 "select-options")  # fmt: skip
    names = {item["refName"] for item in shown["postingPeriod"]["items"]}
    assert "Feb 2024" in names
    assert not names & {"Jan 2024", "FY 2024", "Q1 2024"}
    assert {item["id"] for item in shown["status"]["items"]} == {"A", "B", "C", "D", "R"}
