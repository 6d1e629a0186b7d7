"""Closed and locked periods, and the two preferences on posting dates."""

from __future__ import annotations

from sandbox_client import Client

CLOSED = "Error while accessing a resource. The G/L impact of a transaction in a closed period"


def test_posting_to_a_closed_period(ns: Client) -> None:
    """Refused by date and by period. Source: CLOSED_TRAN_PRD; text for dates as third parties see."""
    ns.period("2024-01", "close")
    body = {"customer": {"id": ns.customer}, "payment": 5, "tranDate": "2024-01-15"}
    assert "not within the date range of your accounting period" in ns.refused(
        "POST", "/customerDeposit", body
    )
    ns.set(date_mismatch_text="documented")
    assert "does not fall between the start and end dates" in ns.refused(
        "POST", "/customerDeposit", body
    )
    (period,) = ns.sql("SELECT id FROM accountingperiod WHERE periodname = 'Jan 2024'")
    chosen = {**body, "postingPeriod": {"id": period["id"]}}
    assert "to or from a closed period" in ns.refused("POST", "/customerDeposit", chosen)
    ns.period("2024-01", "open")
    ns.make("/customerDeposit", body)


def test_silent_move_to_the_first_open_period(ns: Client) -> None:
    """With Allow the posting period moves, the date stays. Source: General Accounting Preferences."""
    ns.period("2020-01", "close")
    ns.period("2020-02", "close")
    ns.set(date_outside_posting_period="allow", default_posting_period_when_closed="first_open")
    ns.deposit(5, "D", day="2020-01-15")
    body = ns.get("/customerDeposit/eid:D")
    assert (body["postingPeriod"]["refName"], body["tranDate"]) == ("Mar 2020", "2020-01-15")
    ns.set(default_posting_period_when_closed="current")
    ns.http.put("/_sandbox/clock", json={"now": "2025-06-15T12:00:00Z"})
    ns.deposit(5, "D2", day="2020-01-15")
    assert ns.get("/customerDeposit/eid:D2")["postingPeriod"]["refName"] == "Jun 2025"


def test_locked_period(ns: Client) -> None:
    """A/R lock stops receivables, the full lock all; override passes. Source: Locking Periods."""
    ns.period("2024-01", "lock-ar")
    ns.journal("1500", "1050", 5, "J")
    body = {"customer": {"id": ns.customer}, "payment": 5, "tranDate": "2024-01-15"}
    ns.refused("POST", "/customerDeposit", body)
    ns.period("2024-01", "lock")
    ns.refused("DELETE", "/journalEntry/eid:J")
    ns.set(override_period_restrictions=True)
    ns.make("/customerDeposit", body)
    ns.period("2024-01", "close")
    ns.refused("POST", "/customerDeposit", body)


def test_edits_in_a_closed_period(ns: Client) -> None:
    """No G/L change, no deletion, no move. Source: CLOSED_TRAN_PRD, TRANS_EDIT_DISALLWD."""
    ns.deposit(5, "D")
    ns.period("2024-01", "close")
    assert ns.refused("PATCH", "/customerDeposit/eid:D", {"payment": 6}).startswith(CLOSED)
    assert "You may not edit it" in ns.refused("PATCH", "/customerDeposit/eid:D", {"memo": "x"})
    assert ns.refused("DELETE", "/customerDeposit/eid:D").startswith(CLOSED)
    ns.refused("PATCH", "/customerDeposit/eid:D", {"tranDate": "2024-02-01"})
    assert ns.balance("2100") == -5


def test_application_over_a_closed_period_with_another_rate(ns: Client) -> None:
    """TRAN_PRD_CLOSED names the rate to use. Source: SOAP Error Status Codes."""
    euro = {"currency": {"refName": "EUR"}}
    deposit = ns.deposit(100, "D", day="2024-01-05", exchangeRate=1.2, **euro)
    invoice = ns.invoice(100, "I", day="2024-02-10", exchangeRate=1.1, **euro)
    ns.period("2024-02", "close")
    ns.set(date_outside_posting_period="allow", default_posting_period_when_closed="first_open")
    detail = ns.refused(
        "POST",
        f"/customerDeposit/{deposit}/!transform/depositApplication",
        {
            "tranDate": "2024-01-31",
            "apply": {"items": [{"doc": {"id": invoice}, "apply": True, "amount": 100}]},
        },
    )
    assert "use the same rate (1.1)" in detail


def test_only_base_periods_take_postings(ns: Client) -> None:
    """A quarter is not a posting period. Source: Accounting Period."""
    (quarter,) = ns.sql("SELECT id FROM accountingperiod WHERE periodname = 'Q1 2024'")
    ns.refused(
        "POST",
        "/customerDeposit",
        {
            "customer": {"id": ns.customer},
            "payment": 5,
            "tranDate": "2024-01-15",
            "postingPeriod": {"id": quarter["id"]},
        },
    )


def test_periods_readable_by_rest(ns: Client) -> None:
    """Flags, parent and dates. Source: REST API Browser, accountingPeriod."""
    (row,) = ns.sql("SELECT id, parent FROM accountingperiod WHERE periodname = 'Jan 2024'")
    body = ns.get(f"/accountingPeriod/{row['id']}")
    assert (body["startDate"], body["endDate"], body["closed"]) == (
        "2024-01-01",
        "2024-01-31",
        False,
    )
    assert body["parent"] == {
        "links": body["parent"]["links"], "id": row["parent"], "refName": "Q1 2024",
    }  # fmt: skip
