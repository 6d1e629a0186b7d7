"""Sublists of master data, and fields deleted by name."""

from __future__ import annotations

from typing import Any

from sandbox_client import Client


def tiers(ns: Client, path: str) -> list[float]:
    items = ns.get(f"{path}?expandSubResources=true").get("priceTiers", {"items": []})["items"]
    return [line["fromVal"] for line in items]


def plan(ns: Client) -> str:
    lines = [{"fromVal": 0, "value": 2, "pricingOption": "101"}]
    return "/pricePlan/" + ns.make("/pricePlan", {
        "pricePlanType": "2", "currency": {"id": "1"}, "priceTiers": {"items": lines}})  # fmt: skip


def subsidiaries(ns: Client) -> list[str]:
    shown = ns.get(f"/account/{ns.account('4010')}?expandSubResources=true")
    return [line["id"] for line in shown["subsidiary"]["items"]]


def patch(ns: Client, path: str, body: Any) -> None:
    answer = ns.call("PATCH", path, body)
    assert answer.status_code == 204, answer.text


def test_lines_without_a_key_are_added(ns: Client) -> None:
    """Lines of a sublist without keys are always appended. Source: Updating a Sublist."""
    path = plan(ns)
    patch(ns, path, {"priceTiers": {"items": [{"fromVal": 10, "value": 1}]}})
    assert tiers(ns, path) == [0.0, 10.0]


def test_replace_removes_lines_without_a_key(ns: Client) -> None:
    """With replace all lines are removed and made anew. Source: Replacing a Sublist."""
    path = plan(ns)
    body = {"priceTiers": {"items": [{"fromVal": 0, "value": 1}, {"fromVal": 5, "value": 1}]}}
    patch(ns, f"{path}?replace=pricetiers", body)
    assert tiers(ns, path) == [0.0, 5.0]


def test_several_sublists_are_replaced_at_once(ns: Client) -> None:
    """Their names stand in replace with a comma between. Source: Replacing a Sublist."""
    news = [ns.make("/campaignSubscription", {"name": name}) for name in ("A", "B")]
    path = f"/customer/{ns.customer}"
    lines = [{"subscription": {"id": one}, "subscribed": True} for one in news]
    money = [{"currency": {"id": "1"}}, {"currency": {"refName": "EUR"}}]
    patch(ns, path, {"subscriptions": {"items": lines}, "currencyList": {"items": money}})
    patch(ns, f"{path}?replace=subscriptions,currencyList", {
        "subscriptions": {"items": lines[:1]}, "currencyList": {"items": money[:1]}})  # fmt: skip
    shown = ns.get(f"{path}?expandSubResources=true")
    assert [len(shown[name]["items"]) for name in ("subscriptions", "currencyList")] == [1, 1]


def test_a_multiple_choice_is_keyed_by_its_id(ns: Client) -> None:
    """The same choice twice stays one; replace leaves only what is listed. Source: Updating a Sublist; Replacing a Sublist; that the id is the key is unsure."""
    other = ns.make("/subsidiary", {"name": "Branch", "country": {"id": "US"}})
    path = f"/account/{ns.account('4010')}"
    patch(ns, path, {"subsidiary": {"items": [{"id": "1"}]}})
    patch(ns, path, {"subsidiary": {"items": [{"id": "1"}, {"id": other}]}})
    assert subsidiaries(ns) == ["1", other]
    patch(ns, f"{path}?replace=subsidiary", {"subsidiary": {"items": [{"id": other}]}})
    assert subsidiaries(ns) == [other]


def test_replace_selected_fields_deletes_what_it_lists(ns: Client) -> None:
    """A body field in replace and not in the body is deleted. Source: Updating a Record Instance."""
    path = f"/customer/{ns.customer}"
    patch(ns, path, {"email": "a@b.c", "phone": "123456"})
    patch(ns, f"{path}?replaceSelectedFields=true&replace=email", {"comments": "new"})
    shown = ns.get(path)
    assert ("email" in shown, shown["phone"], shown["comments"]) == (False, "123456", "new")


def test_replace_selected_fields_leaves_what_it_does_not_list(ns: Client) -> None:
    """All fields to be deleted must be listed: null alone deletes nothing then. Source: Updating a Record Instance (parameter's description)."""
    path = f"/customer/{ns.customer}"
    patch(ns, path, {"email": "a@b.c"})
    patch(ns, f"{path}?replaceSelectedFields=true&replace=phone", {"email": None})
    assert ns.get(path)["email"] == "a@b.c"
    patch(ns, path, {"email": None})
    assert "email" not in ns.get(path)


def test_replace_selected_fields_on_a_transaction(ns: Client) -> None:
    """The memo goes, the lines stay. Source: Updating a Record Instance."""
    tx = ns.invoice(10, "I", memo="first")
    patch(ns, f"/invoice/{tx}?replaceSelectedFields=true&replace=memo", {"otherRefNum": "7"})
    shown = ns.get(f"/invoice/{tx}")
    assert ("memo" in shown, shown["otherRefNum"], shown["total"]) == (False, "7", 10.0)
