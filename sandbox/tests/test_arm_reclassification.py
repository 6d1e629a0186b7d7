"""Reclassification: contract assets for what is recognized before it is billed."""

from __future__ import annotations

from typing import Any

from billing_client import control, item, journal
from sandbox_client import Client

# Oracle's example of element and arrangement level (section_157238716549): recognized, billed.
FOUR = {1: (10, 12), 2: (20, 10), 3: (15, 38), 4: (25, 25)}


def arrangement(
    ns: Client, elements: dict[int, tuple[Any, Any]], order: str = "SO"
) -> list[str]:  # fmt: skip
    """An order whose lines have been recognized and billed by so much in January."""
    kind = control(ns, "/recognition-event-types", name=f"Progress {order}")["id"]
    items = [item(ns, f"Item {n}", f"5{n}", "2", kind) for n in elements]
    lines = [{"item": {"id": one}, "quantity": 1, "rate": 600} for one in items]
    sale = ns.make("/salesOrder", {
        "entity": {"id": ns.customer}, "tranDate": "2024-01-05", "externalId": order,
        "item": {"items": lines}})  # fmt: skip
    for n, (recognized, _) in enumerate(elements.values(), 1):
        control(ns, "/recognition-events", eventType=kind, transaction=sale, line=n,
                eventDate="2024-01-20", amount=str(recognized))  # fmt: skip
    billed = [{"orderLine": n, "amount": amount} for n, (_, amount) in
              enumerate(elements.values(), 1) if amount]  # fmt: skip
    if billed:
        ns.make(f"/salesOrder/eid:{order}/!transform/invoice",
                {"tranDate": "2024-01-25", "item": {"items": billed}})  # fmt: skip
    ns.month_end("2024-01")
    return items


def reclassify(ns: Client, period: str) -> list[tuple[str, list[list[str]]]]:
    made = control(ns, "/reclassification", period=period)["journals"]
    return [(one["kind"], journal(ns, one["id"])) for one in made]


def test_element_level(ns: Client) -> None:
    """Only item 2 is billed less than recognized: Dr 10 / Cr 10. Source: section_157238716549."""
    arrangement(ns, FOUR)
    assert reclassify(ns, "2024-01") == [("unbilled", [
        ["Cr", "Item 2 Deferred Revenue", "10"], ["Dr", "Unbilled Receivable", "10"]])]  # fmt: skip
    balances = ns.balances()
    assert (balances["1150"], balances["24510"], balances["24530"]) == ("10.00", "-2.00", "-23.00")
    assert "24520" not in balances


def test_arrangement_level_net_liability(ns: Client) -> None:
    """Billed 85 beyond recognized 70: a netting entry only. Source: section_160590132188."""
    ns.set(unbilled_receivable_grouping="arrangement")
    arrangement(ns, FOUR)
    assert reclassify(ns, "2024-01") == [("netting", [
        ["Dr", "Item 1 Deferred Revenue", "0.8"], ["Cr", "Item 2 Deferred Revenue", "10"],
        ["Dr", "Item 3 Deferred Revenue", "9.2"]])]  # fmt: skip
    balances = ns.balances()
    assert (balances["24510"], balances["24530"]) == ("-1.20", "-13.80")
    assert not {"1150", "24520", "24540"} & balances.keys()


def test_arrangement_level_net_asset(ns: Client) -> None:
    """Net amount ratios of 35.00 and the netting entry.

    Source: section_4527937535, section_160590132188.
    """
    ns.set(unbilled_receivable_grouping="arrangement")
    arrangement(ns, {1: (35, 31.5), 2: (35, 17.5), 3: (35, 38.5), 4: (35, 17.5)})
    assert reclassify(ns, "2024-01") == [
        ("unbilled", [
            ["Cr", "Item 1 Deferred Revenue", "3.18"], ["Cr", "Item 2 Deferred Revenue", "15.91"],
            ["Cr", "Item 4 Deferred Revenue", "15.91"], ["Dr", "Unbilled Receivable", "35"]]),
        ("netting", [
            ["Cr", "Item 1 Deferred Revenue", "0.32"], ["Cr", "Item 2 Deferred Revenue", "1.59"],
            ["Dr", "Item 3 Deferred Revenue", "3.5"], ["Cr", "Item 4 Deferred Revenue", "1.59"]]),
    ]  # fmt: skip
    assert ns.balance("1150") == 35
    assert not {f"245{n}0" for n in range(1, 5)} & ns.balances().keys()


def test_the_next_month_reverses_first(ns: Client) -> None:
    """Prior adjustments are reversed before the current asset. Source: section_160590749111."""
    arrangement(ns, {1: (100, 0)})
    reclassify(ns, "2024-01")
    assert ns.balance("1150") == 100
    ns.make("/salesOrder/eid:SO/!transform/invoice", {
        "tranDate": "2024-02-10", "item": {"items": [{"orderLine": 1, "amount": 40}]}})  # fmt: skip
    kinds = [(kind, lines[-1]) for kind, lines in reclassify(ns, "2024-02")]
    assert kinds == [("reversal of prior unbilled", ["Cr", "Unbilled Receivable", "100"]),
                     ("unbilled", ["Dr", "Unbilled Receivable", "60"])]  # fmt: skip
    ns.make("/salesOrder/eid:SO/!transform/invoice", {
        "tranDate": "2024-03-10", "item": {"items": [{"orderLine": 1, "amount": 60}]}})  # fmt: skip
    assert [kind for kind, _ in reclassify(ns, "2024-03")] == ["reversal of prior unbilled"]
    assert "1150" not in ns.balances()


def test_a_second_run_changes_nothing(ns: Client) -> None:
    """The process is cumulative. Source: section_4363759368."""
    arrangement(ns, {1: (100, 0)})
    assert len(reclassify(ns, "2024-01")) == 1
    assert reclassify(ns, "2024-01") == []


def test_a_run_after_a_correction_replaces_the_adjustment(ns: Client) -> None:
    """Run again after corrections; how the first is undone is unsure.

    Source: section_4365500917.
    """
    arrangement(ns, {1: (100, 0)})
    reclassify(ns, "2024-01")
    ns.make("/salesOrder/eid:SO/!transform/invoice", {
        "tranDate": "2024-01-28", "item": {"items": [{"orderLine": 1, "amount": 30}]}})  # fmt: skip
    assert [kind for kind, _ in reclassify(ns, "2024-01")] == [
        "reversal of prior unbilled", "unbilled",
    ]  # fmt: skip
    assert ns.balance("1150") == 70


def test_deleting_the_journal_makes_it_eligible_again(ns: Client) -> None:
    """Deleted reclassification journals can be made again. Source: section_4365500917."""
    arrangement(ns, {1: (100, 0)})
    made = control(ns, "/reclassification", period="2024-01")["journals"][0]["id"]
    assert ns.call("DELETE", f"/journalEntry/{made}").status_code == 204
    assert "1150" not in ns.balances()
    assert [kind for kind, _ in reclassify(ns, "2024-01")] == ["unbilled"]


def test_journals_are_dated_and_approved(ns: Client) -> None:
    """Last day of the posting period, approved, base currency. Source: section_4365500917."""
    arrangement(ns, {1: (100, 0)})
    made = control(ns, "/reclassification", period="2024-01")["journals"][0]["id"]
    body = ns.get(f"/journalEntry/{made}")
    assert (body["tranDate"], body["approved"], body["currency"]["refName"]) == (
        "2024-01-31", True, "US Dollar",
    )  # fmt: skip
    assert body["memo"] == "Unbilled Receivable Adjustment"


def test_closed_period_posts_to_the_next_open(ns: Client) -> None:
    """Reclassification journals of a shut period go to the next open one.

    Source: section_4365500917.
    """
    arrangement(ns, {1: (100, 0)})
    ns.period("2024-01", "close")
    made = control(ns, "/reclassification", period="2024-01")["journals"][0]["id"]
    assert ns.get(f"/journalEntry/{made}")["postingPeriod"]["refName"] == "Feb 2024"


def test_invoices_memos_and_journals_are_fully_billed(ns: Client) -> None:
    """Stand-alone sources need no adjustment, netted or not. Source: section_160590749111."""
    invoice = ns.invoice(400, "I")
    line = {"item": {"id": ns.usage}, "amount": 150, "custcol_dd_block_id": "B1"}
    ns.make("/creditMemo", {
        "entity": {"id": ns.customer}, "tranDate": "2024-01-20", "item": {"items": [line]},
        "apply": {"items": [{"doc": {"id": invoice}, "apply": True, "amount": 150}]}})  # fmt: skip
    ns.month_end("2024-01")
    assert reclassify(ns, "2024-01") == []


def test_month_end_leaves_reclassification_out_unless_asked(ns: Client) -> None:
    """It is a process of its own, after recognition. Source: section_4363759368."""
    arrangement(ns, {1: (100, 0)})
    assert "reclassification" not in ns.month_end("2024-01")
    result = control(ns, "/month-end", period="2024-01", reclassify=True)
    assert [one["kind"] for one in result["reclassification"]] == ["unbilled"]


def test_sub_arrangement_groups(ns: Client) -> None:
    """Groups X and Z within two arrangements: 15, 5 and 5, by net amount ratio.

    Source: Unbilled Receivable Adjustment Sub-Arrangement Grouping Example (section_157238690217).
    """
    ns.set(unbilled_receivable_grouping="sub_arrangement")
    arrangement(ns, {1: (100, 50), 2: (10, 50), 3: (50, 45)}, "A")
    arrangement(ns, {4: (10, 5), 5: (20, 10), 6: (35, 40)}, "B")
    rows = ns.sql("SELECT id, BUILTIN.DF(item) item FROM revenueelement ORDER BY id")
    for row, group in zip(rows, "XXXXZZ", strict=True):
        control(ns, "/unbilled-receivable-groups", element=row["id"], group=group)
    unbilled, netting = reclassify(ns, "2024-01")
    assert unbilled == ("unbilled", [
        ["Cr", "Item 1 Deferred Revenue", "13.64"], ["Cr", "Item 3 Deferred Revenue", "1.36"],
        ["Dr", "Unbilled Receivable", "15"],
        ["Cr", "Item 4 Deferred Revenue", "5"], ["Cr", "Item 5 Deferred Revenue", "5"],
        ["Dr", "Unbilled Receivable", "10"]])  # fmt: skip
    assert netting == ("netting", [
        ["Cr", "Item 1 Deferred Revenue", "36.36"], ["Dr", "Item 2 Deferred Revenue", "40"],
        ["Cr", "Item 3 Deferred Revenue", "3.64"], ["Cr", "Item 5 Deferred Revenue", "5"],
        ["Dr", "Item 6 Deferred Revenue", "5"]])  # fmt: skip
    assert not [number for number in ns.balances() if number.startswith("245")]


def test_elements_without_a_group_are_one(ns: Client) -> None:
    """Without any group value the arrangement is treated as one group.

    Source: section_4527937535.
    """
    ns.set(unbilled_receivable_grouping="sub_arrangement")
    arrangement(ns, FOUR)
    assert [kind for kind, _ in reclassify(ns, "2024-01")] == ["netting"]
    refused = ns.http.post("/_sandbox/unbilled-receivable-groups", json={"element": 99})
    assert refused.status_code == 400
    refused = ns.http.post("/_sandbox/unbilled-receivable-groups",
                           json={"element": 1, "group": "a b"})  # fmt: skip
    assert refused.status_code == 400


def test_grouping_is_only_widened(ns: Client) -> None:
    """From element to arrangement, never back; the element's adjustments are reversed first.

    Source: section_4527937535.
    """
    arrangement(ns, FOUR)
    reclassify(ns, "2024-01")
    ns.set(unbilled_receivable_grouping="arrangement")
    assert [kind for kind, _ in reclassify(ns, "2024-01")] == [
        "reversal of prior unbilled", "netting",
    ]  # fmt: skip
    back = ns.http.put("/_sandbox/settings", json={"unbilled_receivable_grouping": "element"})
    assert back.status_code == 400
    assert "larger one only" in back.text


def test_more_than_a_thousand_lines_of_one_arrangement(ns: Client) -> None:
    """Line 1,000 is a placeholder on Deferred Revenue Clearing, offset by the next journal.

    Source: section_4365500917.
    """
    one = item(ns, "Item", "51", "2", "-1")
    lines = [{"item": {"id": one}, "quantity": 1, "rate": 1} for _ in range(2100)]
    ns.make("/salesOrder", {
        "entity": {"id": ns.customer}, "tranDate": "2024-01-05", "item": {"items": lines}})  # fmt: skip
    ns.month_end("2024-01")
    found = [journal(ns, made["id"]) for made in
             control(ns, "/reclassification", period="2024-01")["journals"]]  # fmt: skip
    assert [len(lines) for lines in found] == [1000, 1000, 105]
    clearing = "Revenue Clearing"
    assert [found[0][-1], found[1][0], found[1][-1], found[2][0]] == [
        ["Dr", f"{clearing}", "999"], ["Cr", f"{clearing}", "999"],
        ["Dr", f"{clearing}", "1997"], ["Cr", f"{clearing}", "1997"],
    ]  # fmt: skip
    assert ns.balance("1150") == 2100
    assert "24510" not in ns.balances()
    assert "" not in ns.balances()  # The clearing account, which has no number, is at zero.
    control(ns, "/reclassification", period="2024-02")
    assert ns.balance("1150") == 2100
