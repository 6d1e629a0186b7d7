"""Revenue by the completion of projects: time entries, overrides, percent-complete plans."""

from __future__ import annotations

from typing import Any

import pytest
from billing_client import account, control, item
from sandbox_client import Client, items
from test_arm_sources import plans

PERCENT_COMPLETE, ON_PROGRESS = "5", "-4"


def project(ns: Client, estimate: Any = "100", name: str = "Alpha", **more: Any) -> str:
    return ns.make("/job", {"companyName": name, "externalId": name, "parent": {"id": ns.customer},
                            "estimatedTimeOverride": estimate, **more})  # fmt: skip


def work(ns: Client, job: str, day: str, hours: Any, **more: Any) -> str:
    return ns.make("/timeBill", {"employee": {"id": "5"}, "customer": {"id": job},
                                 "tranDate": day, "hours": hours, **more})  # fmt: skip


def sell(ns: Client, job: str, amount: Any = 1000, **more: Any) -> str:
    made = item(ns, "Service", "61", PERCENT_COMPLETE, ON_PROGRESS)
    line = {"item": {"id": made}, "amount": amount, "job": {"id": job}}
    return ns.make("/salesOrder", {"entity": {"id": ns.customer}, "tranDate": "2024-01-05",
                                   "externalId": "SO", "item": items(line), **more})  # fmt: skip


def override(ns: Client, job: str, **percents: Any) -> None:
    """Set the whole subtab: month and cumulative percentage."""
    lines = [{"period": {"id": period(ns, f"{month} 2024")}, "percent": percent}
             for month, percent in percents.items()]  # fmt: skip
    answer = ns.call("PATCH", f"/job/{job}?replace=percentCompleteOverride",
                     {"percentCompleteOverride": items(*lines)})  # fmt: skip
    assert answer.status_code == 204, answer.text


def period(ns: Client, name: str) -> str:
    return ns.sql("SELECT id FROM accountingperiod WHERE periodname = ?", name)[0]["id"]


def months(ns: Client, *numbers: int) -> list[list[str]]:
    """What each month end recognizes, one after the other."""
    ends = [ns.month_end(f"2024-{number:02d}") for number in numbers]
    return [[row["amount"] for row in end["recognized"]] for end in ends]


def test_progress_makes_a_plan(ns: Client) -> None:
    """No plan initially; as progress is recorded lines are added to one plan, in the periods of the work. Source: Percent-Complete Revenue Recognition Plans (section_4356850525)."""
    job = project(ns)
    sell(ns, job)
    control(ns, "/revenue-arrangements/update")
    control(ns, "/revenue-plans/update")
    assert plans(ns) == []
    work(ns, job, "2024-01-10", "10")
    work(ns, job, "2024-01-31", "15:00")
    work(ns, job, "2024-02-01", "12:30")
    assert months(ns, 1, 2, 3) == [["250.00"], ["125.00"], []]
    assert plans(ns) == [("375", "375", "COMPLETED")]
    assert ns.balance("40610") == -375


def test_a_larger_estimate_takes_revenue_back(ns: Client) -> None:
    """50 of 100 hours recognize 50%; when the estimate becomes 200 the next period takes a quarter back, as a negative line.

    Source: Journal Entries for Percent-Complete Revenue (section_4357062961), project Alpha.
    """
    job = project(ns)
    sell(ns, job)
    work(ns, job, "2024-01-10", "50")
    assert months(ns, 1) == [["500.00"]]
    assert months(ns, 1) == [[]]
    assert ns.call("PATCH", f"/job/{job}", {"estimatedTimeOverride": "200"}).status_code == 204
    assert months(ns, 2, 3) == [["-250.00"], []]
    rows = ns.sql("SELECT amount FROM revenueplanplannedrevenue ORDER BY id")
    assert [row["amount"] for row in rows] == ["500", "-250"]
    assert ns.balance("24610") == 250


@pytest.mark.parametrize(
    ("percents", "amounts"),
    [
        ({}, [["250.00"], ["250.00"], ["300.00"], ["200.00"]]),
        ({"Feb": 100}, [["250.00"], ["750.00"], ["-200.00"], ["200.00"]]),
        ({"Jan": 0, "Feb": 100}, [[], ["1000.00"], ["-200.00"], ["200.00"]]),
        ({"Jan": 0, "Feb": 100, "Mar": 100, "Apr": 100}, [[], ["1000.00"], [], []]),
    ],
)
def test_overrides_of_a_project(
    ns: Client, percents: dict[str, Any], amounts: list[list[str]]
) -> None:
    """The line of a period overrides its actual time; other periods keep theirs, so that later ones recover.

    Source: Using the Percent Complete Override Subtab (section_4411389600), the project of $1,000.
    """
    job = project(ns)
    sell(ns, job)
    override(ns, job, **percents)
    for day, hours in (("2024-01-20", "25"), ("2024-02-20", "25"), ("2024-03-20", "30"),
                       ("2024-04-20", "20")):  # fmt: skip
        work(ns, job, day, hours)
    assert months(ns, 1, 2, 3, 4) == amounts


def test_corrections_of_several_periods(ns: Client) -> None:
    """Plans of future periods fall and rise as the cumulative percentages do. Source: section_4411389600; bridgehead_4686092732."""
    job = project(ns, None)
    sell(ns, job)
    override(ns, job, Jan=25, Feb=100)
    assert months(ns, 1, 2) == [["250.00"], ["750.00"]]
    override(ns, job, Jan=25, Feb=90, Mar=80, Apr=100)
    control(ns, "/revenue-plans/update")
    planned = "SELECT amount FROM revenueplanplannedrevenue WHERE journal IS NULL ORDER BY id"
    assert [row["amount"] for row in ns.sql(planned)] == ["-200", "200"]
    steps = [control(ns, "/revenue-recognition", period=f"2024-0{n}") for n in (3, 4)]
    assert [[row["amount"] for row in step["recognized"]] for step in steps] == [
        ["-200.00"], ["200.00"]]  # fmt: skip


def test_override_without_any_time(ns: Client) -> None:
    """Cumulative percentages alone make a plan; future periods are planned too. Source: section_4411389600."""
    job = project(ns, None)
    sell(ns, job)
    override(ns, job, Jan=10, Mar=15)
    control(ns, "/revenue-arrangements/update")
    control(ns, "/revenue-plans/update")
    assert plans(ns) == [("150", "0", "NOTSTARTED")]
    assert months(ns, 1, 2, 3) == [["100.00"], [], ["50.00"]]


def test_override_that_is_taken_back(ns: Client) -> None:
    """Values can be decreased, plans are adjusted accordingly. Source: Overriding a Project Revenue Plan (bridgehead_4686092732); the period of the correction is unsure."""
    job = project(ns, None)
    sell(ns, job)
    override(ns, job, Jan=40)
    assert months(ns, 1) == [["400.00"]]
    override(ns, job, Jan=30)
    assert months(ns, 2) == [["-100.00"]]
    override(ns, job)
    assert months(ns, 3, 4) == [["-300.00"], []]


@pytest.mark.parametrize(
    ("entry", "counts"),
    [({"approvalStatus": {"id": "3"}}, True), ({}, True), ({"approvalStatus": {"id": "2"}}, False),
     ({"approvalStatus": {"id": "4"}}, False), ({"timeType": {"id": "P"}}, False)],
)  # fmt: skip
def test_what_counts_as_progress(ns: Client, entry: dict[str, Any], *, counts: bool) -> None:
    """Entered and approved project time; actual plans do not use planned time. Source: section_4357062961, section_4356850525; the ids of statuses are unsure."""
    job = project(ns)
    sell(ns, job)
    made = work(ns, job, "2024-01-10", "50", **entry)
    assert months(ns, 1) == [["500.00"] if counts else []]
    assert ns.get(f"/job/{job}")["percentTimeComplete"] == (50.0 if counts else 0.0)
    assert ns.call("DELETE", f"/timeBill/{made}").status_code == 204
    assert months(ns, 2) == [["-500.00"] if counts else []]


def test_more_time_than_estimated(ns: Client) -> None:
    """A project is complete at 100%. Source: section_4411389600, percentages of 0 to 100."""
    job = project(ns, "10")
    sell(ns, job)
    work(ns, job, "2024-01-10", "25")
    work(ns, job, "2024-02-10", "25")
    assert months(ns, 1, 2) == [["1000.00"], []]
    shown = ns.get(f"/job/{job}")
    assert (shown["actualTime"], shown["percentTimeComplete"]) == ("50:00", 100.0)


def test_projects_do_not_share_time(ns: Client) -> None:
    """A line follows its own project; without an estimate there is no progress. Source: section_4356983516."""
    first, second = project(ns), project(ns, None, "Beta")
    sell(ns, first)
    work(ns, second, "2024-01-10", "50")
    assert months(ns, 1) == [[]]
    assert ns.get(f"/job/{second}")["percentTimeComplete"] == 0.0


def test_project_in_the_name_of_a_transaction(ns: Client) -> None:
    """An order may be the project's own; its invoices go to the same deferral. Source: section_4356983516; that the name stands for the line's project is unsure."""
    job = project(ns)
    sell(ns, job, entity={"id": job})
    ns.call("PATCH", "/salesOrder/eid:SO", {"item": items({"line": 1, "job": None})})
    work(ns, job, "2024-01-10", "20")
    assert months(ns, 1) == [["200.00"]]


@pytest.mark.parametrize("named", [True, False])
def test_journal_line_by_progress(ns: Client, *, named: bool) -> None:
    """The name of a journal line with a percent-complete rule must be a project. Source: section_4423536353; without one there is no plan (unsure)."""
    job = project(ns)
    deferral = account(ns, "2460", "Services Deferred", "DeferRevenue")
    account(ns, "4060", "Services", "Income", deferralAcct={"id": deferral})
    name = job if named else ns.customer
    ns.make("/journalEntry", {
        "subsidiary": {"id": "1"}, "tranDate": "2024-01-10", "line": items(
            {"account": {"id": ns.account("1000")}, "debit": 120},
            {"account": {"externalId": "4060"}, "credit": 120, "entity": {"id": name},
             "revenueRecognitionRule": {"refName": "Default Percent Complete"}})})  # fmt: skip
    assert months(ns, 1) == [[]]
    work(ns, job, "2024-02-10", "50")
    assert months(ns, 2) == [["60.00"] if named else []]


def test_rule_by_progress_has_nothing_else(ns: Client) -> None:
    """With Event-Percent Complete other fields of the rule are read-only. Source: Amount Sources (section_4356113783)."""
    rule = control(ns, "/revenue-rules", name="Mine", amountSource="percent-complete",
                   recognitionMethod="even", startDateSource="element",
                   endDateSource="element")["id"]  # fmt: skip
    job = project(ns)
    line = {"item": {"id": item(ns, "Mine", "62", rule, ON_PROGRESS)}, "amount": 100,
            "job": {"id": job}}  # fmt: skip
    ns.make("/salesOrder", {"entity": {"id": ns.customer}, "tranDate": "2024-01-05",
                            "item": items(line)})  # fmt: skip
    work(ns, job, "2024-02-10", "50")
    assert months(ns, 1, 2) == [[], ["50.00"]]


def test_projects_and_time_are_checked(ns: Client) -> None:
    """Required fields, percentages of 0 to 100, durations. Source: REST API Browser 2026.1; section_4411389600; texts and forms of durations are unsure."""
    assert "Project Name" in ns.refused("POST", "/job", {"subsidiary": {"id": "1"}})
    assert "Subsidiary" in ns.refused("POST", "/job", {"companyName": "X"})
    first = period(ns, "Jan 2024")
    for percent in (-1, 101, None):
        lines = items({"period": {"id": first}, "percent": percent})
        ns.refused("POST", "/job", {"companyName": "X", "subsidiary": {"id": "1"},
                                    "percentCompleteOverride": lines})  # fmt: skip
    job = project(ns)
    assert "Duration" in ns.refused("POST", "/timeBill", {"employee": {"id": "5"}})
    for hours in ("1:75", "x", "-3", "1:", "9999999"):
        ns.refused("POST", "/timeBill", {"employee": {"id": "5"}, "customer": {"id": job},
                                         "hours": hours})  # fmt: skip
    ns.refused("PATCH", f"/job/{job}", {"estimatedTimeOverride": "soon"})
    line = {"item": {"id": ns.usage}, "amount": 5, "job": {"id": "999"}}
    ns.refused("POST", "/salesOrder", {"entity": {"id": ns.customer}, "item": items(line)})


def test_a_project_in_use_stays(ns: Client) -> None:
    """A project with transactions or time cannot be deleted; one without can. Source: third parties on entities; wording unsure."""
    jobs = [project(ns, name=name) for name in ("Sold", "Worked", "Idle")]
    sell(ns, jobs[0])
    work(ns, jobs[1], "2024-01-10", "1")
    for job in jobs[:2]:
        ns.refused("DELETE", f"/job/{job}")
    assert ns.call("DELETE", f"/job/{jobs[2]}").status_code == 204


def test_projects_after_a_refresh(ns: Client) -> None:
    """Lines and time entries still know their project when all ids have moved. Source: pitfall 20."""
    job = project(ns)
    sell(ns, job)
    work(ns, job, "2024-01-10", "50")
    control(ns, "/refresh")
    ns.headers = Client(ns.http).headers
    assert months(ns, 1) == [["500.00"]]
    assert ns.get("/job/eid:Alpha")["parent"]["refName"] == "Acme"


def test_projects_in_suiteql(ns: Client) -> None:
    """Tables job and timebill. Source: third-party queries on live accounts; columns unsure."""
    job = project(ns, startDate="2024-01-05")
    work(ns, job, "2024-01-10", "2:30", memo="talk")
    rows = ns.sql("SELECT j.entityid, BUILTIN.DF(j.parent) parent, j.startdate, t.hours, t.memo"
                  " FROM job j JOIN timebill t ON t.customer = j.id")  # fmt: skip
    assert rows == [{"entityid": "Alpha", "parent": "Acme", "startdate": "1/5/2024",
                     "hours": "2:30", "memo": "talk"}]  # fmt: skip
