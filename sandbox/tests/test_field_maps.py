"""Revenue recognition field maps, and the classic features that an account with ARM lacks."""

from __future__ import annotations

from typing import Any

import pytest
from billing_client import control, item
from sandbox_client import Client

FIELDS = (("custcol_from", "date", "column"), ("custbody_to", "date", "body"),
          ("custcol_group", "text", "column"), ("custcol_own", "checkbox", "column"),
          ("custcol_fair", "currency", "column"))  # fmt: skip


class Maps:
    """Field maps of an account with custom fields."""

    def __init__(self, ns: Client) -> None:
        self.ns = ns
        fields = [{"scriptId": name, "type": kind, "appliesTo": applies}
                  for name, kind, applies in FIELDS]  # fmt: skip
        assert ns.http.post("/_sandbox/custom-fields", json=fields).status_code == 200

    def body(self, source: str, target: str, **more: Any) -> dict[str, Any]:
        return {"sourceRecordType": {"id": "TRANSACTION_LINE"}, "sourceField": {"id": source},
                "targetField": {"id": target}, **more}  # fmt: skip

    def make(self, source: str, target: str, **more: Any) -> str:
        return self.ns.make("/revRecFieldMapping", self.body(source, target, **more))

    def refused(self, source: str, target: str, **more: Any) -> str:
        return self.ns.refused("POST", "/revRecFieldMapping", self.body(source, target, **more))

    def sell(self, *lines: dict[str, Any], **more: Any) -> None:
        self.ns.make("/salesOrder", {
            "entity": {"id": self.ns.customer}, "tranDate": "2024-01-05", "externalId": "SO",
            "item": {"items": list(lines)}, **more})  # fmt: skip
        self.update()

    def line(self, **more: Any) -> dict[str, Any]:
        return {"item": {"id": self.ns.usage}, "quantity": 1, "rate": 60, **more}

    def change(self, **line: Any) -> None:
        body = {"item": {"items": [{"line": 1, **line}]}}
        assert self.ns.call("PATCH", "/salesOrder/eid:SO", body).status_code == 204
        self.update()

    def update(self) -> None:
        control(self.ns, "/revenue-arrangements/update")

    def dates(self) -> tuple[str | None, str | None]:
        row = self.ns.sql("SELECT TO_CHAR(revrecstartdate, 'YYYY-MM-DD') a,"
                          " TO_CHAR(revrecenddate, 'YYYY-MM-DD') b FROM revenueelement")[0]  # fmt: skip
        return row.get("a"), row.get("b")


@pytest.fixture
def maps(ns: Client) -> Maps:
    return Maps(ns)


def test_mapped_dates_are_copied_when_it_is_created(maps: Maps) -> None:
    """Line and body fields go to the element; without the box a later change does not. Source: Mapping Revenue Recognition Fields (section_4527123579)."""
    maps.make("custcol_from", "Start Date")
    maps.make("custbody_to", "END_DATE")
    maps.sell(maps.line(custcol_from="2024-02-01", revRecStartDate="2023-12-01"),
              custbody_to="2024-04-30")  # fmt: skip
    assert maps.dates() == ("2024-02-01", "2024-04-30")
    maps.change(custcol_from="2024-03-01", revRecStartDate="2023-11-01")
    assert maps.dates() == ("2024-02-01", "2024-04-30")


def test_mapped_dates_follow_with_the_box(maps: Maps) -> None:
    """Automatically Update Target Field Value, at the next update of arrangements. Source: Mapping Revenue Recognition Fields (section_4527123579)."""
    maps.make("custcol_from", "Start Date", autoUpdateTargetFieldValue=True)
    maps.sell(maps.line(custcol_from="2024-02-01"))
    maps.change(custcol_from="2024-03-01")
    assert maps.dates()[0] == "2024-03-01"


def test_standard_fields_by_their_numbers(maps: Maps) -> None:
    """Oracle's sample: -3078 Start Date to -33602 End Date, for sales orders. Source: Revenue Recognition Field Map (article_1107125238)."""
    maps.make("-3078", "-33602", transactionType={"id": "SalesOrd"}, description="First Field Map")
    maps.sell(maps.line(revRecStartDate="2024-02-29"))
    assert maps.dates() == ("2024-02-29", "2024-02-29")


def test_a_map_is_for_a_type_and_a_time(maps: Maps) -> None:
    """Applied to its transaction type only, from its start date to its end date. Source: Mapping Revenue Recognition Fields (section_4527123579)."""
    maps.make("custcol_from", "Start Date", transactionType={"id": "CustInvc"})
    maps.make("custbody_to", "End Date", startDate="2023-01-01", endDate="2023-12-31")
    maps.sell(maps.line(custcol_from="2024-02-01"), custbody_to="2024-04-30")
    assert maps.dates() == (None, None)


def test_a_blank_source_leaves_what_is_there(maps: Maps) -> None:
    """The element keeps the dates of its line (unsure). Source: Mapping Revenue Recognition Fields (section_4527123579)."""
    maps.make("custcol_from", "Start Date")
    maps.sell(maps.line(revRecStartDate="2024-02-01"))
    assert maps.dates()[0] == "2024-02-01"


def test_unbilled_receivable_groups(maps: Maps) -> None:
    """With Sub-Arrangement Group lines may name their group: 40 less 30 of one is an asset of 10. Source: Mapping Revenue Recognition Fields (section_4527123579); Groupings for Unbilled Receivable Adjustment Journal Entries (section_4527937535)."""
    ns = maps.ns
    assert maps.refused("custcol_group", "Unbilled Receivable Group")
    ns.set(unbilled_receivable_grouping="sub_arrangement")
    maps.make("custcol_group", "Unbilled Receivable Group")
    one = item(ns, "One", "61", "2", "-1")
    kept = {"item": {"id": one}, "quantity": 1, "rate": 40, "custcol_group": "X"}
    maps.sell(kept, maps.line(custcol_group="Y"))
    ns.make("/salesOrder/eid:SO/!transform/invoice", {
        "tranDate": "2024-01-20", "item": {"items": [{"orderLine": 1, "amount": 30},
                                                     {"orderLine": 2, "amount": 60}]}})  # fmt: skip
    ns.month_end("2024-01")
    made = control(ns, "/reclassification", period="2024-01")["journals"]
    assert [one["kind"] for one in made] == ["unbilled"]
    assert ns.balance("1150") == 10


def test_fair_value_override(maps: Maps) -> None:
    """A mapped amount with Fair Value Override is the calculated fair value. Source: Mapping Revenue Recognition Fields (section_4527123579)."""
    ns = maps.ns
    assert maps.refused("custcol_fair", "Calculated Fair Value Amount")
    ns.set(revenue_allocation=True, sales_price_as_fair_value=True)
    assert "Calculated Fair Value Amount is needed" in maps.refused(
        "custcol_own", "Fair Value Override"
    )
    maps.make("custcol_fair", "Calculated Fair Value Amount", autoUpdateTargetFieldValue=True)
    maps.make("custcol_own", "Fair Value Override", autoUpdateTargetFieldValue=True)
    own = {"custcol_fair": 180, "custcol_own": True}
    maps.sell(maps.line(**own), maps.line(custcol_fair=500, custcol_own=False))
    rows = "SELECT revenueamount FROM revenueelement ORDER BY id"
    assert [row["revenueamount"] for row in ns.sql(rows)] == ["90", "30"]
    maps.change(custcol_fair=20)
    assert [row["revenueamount"] for row in ns.sql(rows)] == ["30", "90"]
    maps.change(custcol_fair=180, custcol_own=False)
    assert [row["revenueamount"] for row in ns.sql(rows)] == ["60", "60"]


def test_refused_maps(maps: Maps) -> None:
    """What is required, one source per target, types that fit. Source: Mapping Revenue Recognition Fields (section_4527123579)."""
    made = maps.make("custcol_from", "Start Date", startDate="2024-01-01", endDate="2024-12-31")
    said = "only one source field"
    assert said in maps.refused("custbody_to", "Start Date")
    assert said in maps.refused("custbody_to", "startDate", startDate="2024-12-31")
    maps.make("custbody_to", "Start Date", startDate="2025-01-01")
    assert maps.ns.call("PATCH", f"/revRecFieldMapping/{made}",
                        {"description": "x"}).status_code == 204  # fmt: skip
    assert "startDate" in maps.refused("custcol_from", "End Date", endDate="2024-12-31")
    for source, target in (("custcol_group", "End Date"), ("custcol_none", "End Date"),
                           ("custcol_from", "Class")):  # fmt: skip
        assert "Invalid Field Value" in maps.refused(source, target)
    body = maps.body("custcol_from", "End Date", sourceRecordType={"id": "SUBSCRIPTION_LINE"})
    assert "only Transaction Line" in maps.ns.refused("POST", "/revRecFieldMapping", body)
    for name in ("sourceRecordType", "sourceField", "targetField"):
        body = maps.body("custcol_from", "End Date")
        del body[name]
        assert name in maps.ns.refused("POST", "/revRecFieldMapping", body)


@pytest.mark.parametrize("record", ["revRecSchedule", "revRecTemplate"])
def test_no_classic_revenue_recognition(ns: Client, record: str) -> None:
    """Schedules and templates are there with the classic feature only, which new accounts do not have. Source: Using Revenue Recognition (chapter_N1678106); Revenue Recognition Schedule (article_2100141079)."""
    text = f"Record type '{record}' does not exist."
    assert ns.refused("GET", f"/{record}", status=404) == text
    assert ns.refused("POST", f"/{record}", {"name": "x"}, status=404) == text
    assert record not in ns.http.get(
        "/services/rest/record/v1/metadata-catalog", headers=ns.headers
    ).text  # fmt: skip
