"""Revenue of charge-based projects: elements without an order, plans on project revenue events."""

from __future__ import annotations

from typing import Any

import pytest
from billing_client import control, item
from sandbox_client import Client, items
from test_arm_projects import months, override, project, work
from test_arm_sources import plans

USAGE_RULE, ON_PROJECT_EVENT = "2", "-6"


def service(ns: Client) -> str:
    return item(ns, "Consulting", "71", USAGE_RULE, ON_PROJECT_EVENT)


def rule(ns: Client, job: str, made: str, kind: str, **more: Any) -> str:
    body = {"project": job, "item": made, "type": kind, **more}
    return str(control(ns, "/project-revenue-rules", **body)["id"])


def charge(ns: Client, job: str, made: str, day: str, amount: Any, **more: Any) -> str:
    return ns.make("/charge", {"billTo": {"id": job}, "billingItem": {"id": made},
                               "chargeDate": day, "amount": amount, **more})  # fmt: skip


def test_as_charged(ns: Client) -> None:
    """Revenue is recognized from the charges as they are created, not as they are billed; each charge has a plan. Source: Creating As Charged Project Revenue Rules (bridgehead_159360988425)."""
    job, made = project(ns), service(ns)
    rule(ns, job, made, "as-charged")
    charge(ns, job, made, "2024-01-10", 100)
    charge(ns, job, made, "2024-02-10", 50)
    charge(ns, job, made, "2024-01-10", 7, stage={"id": "HOLD_FOR_BILLING"})
    charge(ns, job, made, "2024-01-10", 8, use={"id": "Forecast"})
    assert months(ns, 1, 2) == [["100.00"], ["50.00"]]
    assert [plan[0] for plan in plans(ns)] == ["100", "50"]
    rows = ns.sql("SELECT sourcetype, salesamount, BUILTIN.DF(entity) entity FROM revenueelement")
    assert rows == [{"sourcetype": "Project Revenue Rule", "salesamount": "150",
                     "entity": "Alpha"}]  # fmt: skip
    assert ns.balances() == {"24710": "150.00", "40710": "-150.00"}


def test_bills_of_a_project_make_no_arrangement(ns: Client) -> None:
    """Their obligations are on the project's arrangement, which they bill; without a rule they make their own.

    Source: Project Revenue Recognition (section_4642885587).
    """
    job, made, other = project(ns), service(ns), ns.usage
    rule(ns, job, made, "as-charged")
    charge(ns, job, made, "2024-01-10", 100)
    ns.month_end("2024-01")
    assert len(control(ns, "/reclassification", period="2024-01")["journals"]) == 1
    assert ns.balances() == {"1150": "100.00", "40710": "-100.00"}
    charge(ns, job, other, "2024-02-05", 30)
    control(ns, "/billing-run", date="2024-02-10")
    ns.month_end("2024-02")
    control(ns, "/reclassification", period="2024-02")
    assert ns.balances() == {"1100": "130.00", "40710": "-100.00", "4010": "-30.00"}
    types = ns.sql("SELECT sourcetype FROM revenueelement ORDER BY id")
    assert [row["sourcetype"] for row in types] == ["Project Revenue Rule", "Transaction Line"]


def test_percent_complete_of_charges(ns: Client) -> None:
    """300 dollars of charges: 10% done in January are 30, 15% in February a further 15.

    Source: Creating a Percent Complete Project Revenue Rule (bridgehead_159360894060).
    """
    job, made = project(ns), service(ns)
    rule(ns, job, made, "percent-complete")
    charge(ns, job, made, "2024-01-05", 300)
    work(ns, job, "2024-01-10", "10")
    work(ns, job, "2024-02-10", "5")
    assert months(ns, 1, 2) == [["30.00"], ["15.00"]]
    override(ns, job, Mar=10)
    work(ns, job, "2024-04-10", "5")
    assert months(ns, 3, 4) == [["-15.00"], ["30.00"]]


def test_fixed_amounts(ns: Client) -> None:
    """A schedule of dates with an amount or a percentage of the total; what is not charged is not recognized.

    Source: Creating a Fixed Amount Project Revenue Rule (bridgehead_159360996004).
    """
    job, made = project(ns, startDate="2024-01-02"), service(ns)
    rule(ns, job, made, "fixed-amount", schedule=[
        {"date": "2024-01-20", "amount": "120"}, {"date": "2024-02-20", "percent": "25"},
        {"date": "2024-03-20", "amount": "300"}])  # fmt: skip
    assert months(ns, 1) == [[]]
    charge(ns, job, made, "2024-01-31", 200)
    control(ns, "/snapshots", name="here")
    control(ns, "/snapshots/restore", name="here")
    ns.headers = Client(ns.http).headers
    assert months(ns, 1, 2, 3) == [["120.00"], ["50.00"], ["30.00"]]


def test_rules_of_a_project_share_an_arrangement(ns: Client) -> None:
    """Elements of one project are in one arrangement. Source: Project Revenue Recognition (section_4642885587)."""
    job, first = project(ns), service(ns)
    second = item(ns, "Travel", "72", USAGE_RULE, ON_PROJECT_EVENT)
    for made in (first, second):
        rule(ns, job, made, "as-charged")
        charge(ns, job, made, "2024-01-10", 10)
    control(ns, "/revenue-arrangements/update")
    rows = ns.sql("SELECT foreigntotal, type FROM transaction WHERE type = 'RevArrng'")
    assert rows == [{"foreigntotal": "20", "type": "RevArrng"}]


def test_charges_that_change(ns: Client) -> None:
    """Elements follow their charges; what is taken away is taken back. Source: Updating Revenue Arrangements (section_4370936348), sources include projects; the period is unsure."""
    job, made = project(ns), service(ns)
    rule(ns, job, made, "as-charged")
    number = charge(ns, job, made, "2024-01-10", 100)
    assert months(ns, 1) == [["100.00"]]
    assert ns.call("PATCH", f"/charge/{number}", {"amount": 80}).status_code == 204
    assert months(ns, 1) == [["-20.00"]]
    assert ns.call("DELETE", f"/charge/{number}").status_code == 204
    assert months(ns, 2, 3) == [["-80.00"], []]


def test_items_on_project_events_in_an_order(ns: Client) -> None:
    """Without a project revenue rule there is no event, and no plan. Source: Item Configuration for Advanced Revenue Management (section_4340443927)."""
    line = {"item": {"id": service(ns)}, "amount": 10}
    ns.make("/salesOrder", {"entity": {"id": ns.customer}, "tranDate": "2024-01-05",
                            "item": items(line)})  # fmt: skip
    assert months(ns, 1) == [[]]


def test_project_rules_after_a_refresh(ns: Client) -> None:
    """Rules still know project and item when all ids have moved. Source: pitfall 20."""
    job, made = project(ns), service(ns)
    rule(ns, job, made, "as-charged")
    charge(ns, job, made, "2024-01-10", 100)
    assert months(ns, 1) == [["100.00"]]
    control(ns, "/refresh")
    ns.headers = Client(ns.http).headers
    assert months(ns, 2) == [[]]
    moved = ns.get("/charge/1")
    charge(ns, moved["billTo"]["id"], moved["billingItem"]["id"], "2024-03-10", 5)
    assert months(ns, 3) == [["5.00"]]


@pytest.mark.parametrize(
    "change",
    [{"project": "999"}, {"project": None}, {"item": "999"}, {"type": "x"}, {"type": None},
     {"schedule": [{"date": "2024-01-01", "amount": 1}]}, {"type": "fixed-amount"},
     {"type": "fixed-amount", "schedule": [{"date": "soon", "amount": 1}]},
     {"type": "fixed-amount", "schedule": [{"date": "2024-01-01"}]},
     {"type": "fixed-amount", "schedule": [{"date": "2024-01-01", "amount": 1, "percent": 1}]},
     {"type": "fixed-amount", "schedule": [{"date": "2024-01-01", "amount": "x"}]},
     {"type": "fixed-amount", "schedule": ["2024-01-01"]}],
)  # fmt: skip
def test_rules_that_cannot_work_are_refused(ns: Client, change: dict[str, Any]) -> None:
    """The control says what is wrong with a rule; only items with deferred revenue can be chosen. Source: bridgehead_159360996004 for the item."""
    body = {"project": project(ns), "item": service(ns), "type": "as-charged", **change}
    answer = ns.http.post("/_sandbox/project-revenue-rules", json=body)
    assert answer.status_code == 400
