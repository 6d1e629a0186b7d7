"""Arrangements and plans that update themselves every three hours."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
from billing_client import control
from sandbox_client import Client
from test_arm_sources import plans
from test_trouble import LENGTHY

ARRANGEMENTS, PLANS = "revenue_arrangement_update_frequency", "revenue_plan_update_frequency"
BOTH = {ARRANGEMENTS: "automatic", PLANS: "automatic"}


def at(ns: Client, hour: str, day: str = "2024-01-10") -> None:
    now = {"now": f"{day}T{hour}:00Z", "frozen": True}
    assert ns.http.put("/_sandbox/clock", json=now).status_code == 200
    ns.headers = Client(ns.http).headers


def start(ns: Client, **settings: Any) -> None:
    """An invoice of 13:10, whose elements and plans are to be made."""
    at(ns, "12:01")
    ns.set(**settings)
    at(ns, "13:10")
    ns.invoice(300, "I")


def count(ns: Client) -> tuple[int, int]:
    (row,) = ns.sql("SELECT COUNT(*) n FROM revenueelement")
    return int(row["n"]), len(plans(ns))


def test_every_three_hours(ns: Client) -> None:
    """Arrangements and plans are updated every three hours; journals are not made. Source: section_4331941758; the hours of the day are unsure."""
    start(ns, **BOTH)
    at(ns, "14:59")
    assert count(ns) == (0, 0)
    at(ns, "15:00")
    assert count(ns) == (1, 1)
    assert ns.balance("2420") == -300
    ns.call("PATCH", "/invoice/eid:I", {"item": {"items": [{"line": 1, "amount": 310}]}})
    at(ns, "17:59")
    assert plans(ns)[0][0] == "300"
    at(ns, "18:00")
    assert plans(ns)[0][0] == "310"


def test_by_default_nothing_updates_itself(ns: Client) -> None:
    """Manual: only by hand, on Update Revenue Arrangements and Plans. Source: section_4331941758; the default is unsure."""
    start(ns)
    at(ns, "15:00", "2024-03-10")
    assert count(ns) == (0, 0)
    control(ns, "/revenue-arrangements/update")
    assert count(ns) == (1, 0)


def test_each_of_the_two_is_a_preference(ns: Client) -> None:
    """Revenue Arrangement Update Frequency and Revenue Plan Update Frequency. Source: section_4331941758."""
    start(ns, **{ARRANGEMENTS: "automatic"})
    at(ns, "15:00")
    assert count(ns) == (1, 0)
    ns.set(**{ARRANGEMENTS: "manual", PLANS: "automatic"})
    ns.invoice(50, "J")
    at(ns, "18:00")
    assert count(ns) == (1, 1)
    control(ns, "/revenue-arrangements/update")
    at(ns, "21:00")
    assert count(ns) == (2, 2)


def test_sources_with_future_dates_are_updated(ns: Client) -> None:
    """All arrangements and plans as needed, those with future dates too. Source: section_4370936348, section_4351787732."""
    start(ns, **BOTH)
    ns.invoice(50, "J", day="2025-06-10")
    at(ns, "15:00")
    assert count(ns) == (2, 2)


def test_updates_by_hand_go_on(ns: Client) -> None:
    """You can update manually between automatic updates. Source: section_4370936348."""
    start(ns, **BOTH)
    assert control(ns, "/revenue-arrangements/update")["elements"] == 1
    assert control(ns, "/revenue-plans/update")["plans"] == 1


def test_time_that_passes_by_itself(ns: Client) -> None:
    """The next request after three hours began finds them updated."""
    start(ns, **BOTH)
    at(ns, "14:50")
    ns.http.put("/_sandbox/faults", json={"rules": [{**LENGTHY, "times": 1}]})
    with pytest.raises(httpx2.RemoteProtocolError):
        ns.get("/customer")
    assert count(ns) == (1, 1)


def test_clock_set_back(ns: Client) -> None:
    """Earlier hours are no new ones; from there three hours count again."""
    start(ns, **BOTH)
    at(ns, "06:00")
    assert count(ns) == (0, 0)
    at(ns, "08:59")
    assert count(ns) == (0, 0)
    at(ns, "09:00")
    assert count(ns) == (1, 1)


def test_a_snapshot_knows_its_hour(ns: Client) -> None:
    """After a restore the same hours begin again."""
    start(ns, **BOTH)
    control(ns, "/snapshots", name="before")
    at(ns, "15:00")
    assert count(ns) == (1, 1)
    control(ns, "/snapshots/restore", name="before")
    ns.headers = Client(ns.http).headers
    assert count(ns) == (0, 0)
    at(ns, "15:00")
    assert count(ns) == (1, 1)


def test_no_plan_without_accounting_periods(ns: Client) -> None:
    """Without periods for what the rule needs a plan is not created. Source: Revenue Recognition Plans (section_4351787245); the message is not emulated."""
    start(ns, **BOTH)
    rule = control(ns, "/revenue-rules", name="Dates", startDateSource="element",
                   endDateSource="element")["id"]  # fmt: skip
    path = f"/serviceSaleItem/{ns.usage}"
    assert ns.call("PATCH", path, {"revenueRecognitionRule": {"id": rule}}).status_code == 204
    line = {"item": {"id": ns.usage}, "amount": 5, "revRecStartDate": "2050-01-01",
            "revRecEndDate": "2050-12-31"}  # fmt: skip
    ns.make("/invoice", {"entity": {"id": ns.customer}, "tranDate": "2024-01-10",
                         "item": {"items": [line]}})  # fmt: skip
    at(ns, "15:00")
    assert count(ns) == (2, 0)
