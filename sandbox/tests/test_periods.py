"""Closed and locked periods, and the two preferences on posting dates."""

from __future__ import annotations

from decimal import Decimal

import pytest
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
    """TRAN_PRD_CLOSED names the rate to use. Source: SOAP Error Status Codes; a setting, since newer pages say otherwise."""
    ns.set(realized_gain_loss_when_closed="refused")
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


def test_a_period_made_over_rest(ns: Client) -> None:
    """A new month names its quarter; it takes postings at once. Source: Accounting Period (REST use case)."""
    (quarter,) = ns.sql("SELECT id FROM accountingperiod WHERE periodname = 'Q4 2030'")
    month = {"periodName": "Jan 2031", "startDate": "2031-01-01", "endDate": "2031-01-31"}
    assert ns.refused("POST", "/accountingPeriod", month).endswith("enter value(s) for: parent.")
    ns.make("/accountingPeriod", {**month, "parent": {"id": quarter["id"]}})
    ns.deposit(5, "D", day="2031-01-15")
    assert ns.get("/customerDeposit/eid:D")["postingPeriod"]["refName"] == "Jan 2031"


def test_changes_of_a_period_over_rest(ns: Client) -> None:
    """PATCH closes a period, or is refused as SuiteScript and SOAP refuse it: a setting. Source: REST API Browser 2026.1, accountingPeriod; CANT_UPDATE_ACCTNG_PRDS (SOAP Error Status Codes); unsure for REST."""
    (row,) = ns.sql("SELECT id FROM accountingperiod WHERE periodname = 'Jan 2024'")
    period = f"/accountingPeriod/{row['id']}"
    ns.set(accounting_period_updates="refused")
    assert "You cannot update accounting periods" in ns.refused("PATCH", period, {"closed": True})
    ns.deposit(5, "D")
    ns.set(accounting_period_updates="taken")
    assert ns.call("PATCH", period, {"closed": True}).status_code == 204
    ns.refused("DELETE", "/customerDeposit/eid:D")


@pytest.mark.parametrize(
    ("outside", "default", "day", "period"),
    [("allow", "first_open", "2024-02-10", "Jan 2024"), ("allow", "current", "2024-03-01", "Mar 2024"),
     ("disallow", "current", "2024-03-01", "Mar 2024")],
)  # fmt: skip
def test_gain_or_loss_whose_period_is_closed(
    ns: Client, outside: str, default: str, day: str, period: str
) -> None:
    """It goes to the period of the preference; dated by it, or with Disallow on its first day. Source: Posting Periods and Transaction Dates for Realized Gain and Loss (bridgehead_1550020494)."""
    ns.http.put("/_sandbox/clock", json={"now": "2024-03-20T12:00:00Z"})
    ns.headers = Client(ns.http).headers
    for month in range(1, 13):  # Jan 2024 is the first open period.
        for year in (2020, 2021, 2022, 2023):
            ns.period(f"{year}-{month:02d}", "close")
    euro = {"currency": {"refName": "EUR"}}
    deposit = ns.deposit(100, "D", day="2024-01-05", exchangeRate=1.2, **euro)
    invoice = ns.invoice(100, "I", day="2024-02-10", exchangeRate=1.1, **euro)
    ns.period("2024-02", "close")
    ns.set(date_outside_posting_period=outside, default_posting_period_when_closed=default)
    ns.apply(deposit, invoice, 100, "A", day="2024-01-31")
    rows = ns.sql(
        "SELECT TO_CHAR(trandate, 'YYYY-MM-DD') d, BUILTIN.DF(postingperiod) p"
        " FROM transaction WHERE type = 'FxReval'"
    )
    assert rows == [{"d": day, "p": period}]
    assert (ns.balance("1100"), ns.balance("4900")) == (Decimal(0), Decimal(-10))


def test_reopening_reopens_later_periods(ns: Client) -> None:
    """Later closed periods are reopened too, earlier ones are not. Source: Reopening a Closed Period (section_N1457543)."""
    for month in ("2024-01", "2024-02", "2024-03"):
        ns.period(month, "close")
    ns.period("2024-02", "open")
    rows = ns.sql(
        "SELECT periodname, closed FROM accountingperiod WHERE periodname IN"
        " ('Jan 2024', 'Feb 2024', 'Mar 2024') ORDER BY startdate"
    )
    assert [row["closed"] for row in rows] == ["T", "F", "F"]


def test_orders_in_closed_periods(ns: Client) -> None:
    """Non-posting transactions are free of periods. Source: Non-Posting Transactions in Locked and Closed Periods (section_N1452887)."""
    ns.period("2024-01", "close")
    line = {"item": {"id": ns.prepaid}, "quantity": 1, "rate": 5}
    body = {"entity": {"id": ns.customer}, "tranDate": "2024-01-05", "item": {"items": [line]}}
    for record in ("salesOrder", "returnAuthorization"):
        made = ns.make(f"/{record}", body)
        change = {"item": {"items": [{"line": 1, "rate": 7}]}}
        assert ns.call("PATCH", f"/{record}/{made}", change).status_code == 204
        assert ns.call("DELETE", f"/{record}/{made}").status_code == 204


def test_journal_that_waits_for_approval(ns: Client) -> None:
    """It does not post, so a closed period does not hold it; on approval its period is worked out. Source: Journal Entry Approval (bridgehead_N1469122)."""
    ns.set(require_journal_approval=True, date_outside_posting_period="allow")
    ns.http.put("/_sandbox/clock", json={"now": "2024-03-20T12:00:00Z"})
    ns.headers = Client(ns.http).headers
    ns.journal("1500", "1050", 70, "J", day="2024-01-31")
    ns.period("2024-01", "close")
    ns.journal("1500", "1050", 5, "J2", day="2024-01-31")
    assert ns.get("/journalEntry/eid:J2")["postingPeriod"]["refName"] == "Mar 2024"
    assert ns.call("PATCH", "/journalEntry/eid:J", {"memo": "late"}).status_code == 204
    assert ns.call("PATCH", "/journalEntry/eid:J", {"approved": True}).status_code == 204
    shown = ns.get("/journalEntry/eid:J")
    assert (shown["postingPeriod"]["refName"], shown["tranDate"]) == ("Mar 2024", "2024-01-31")
    assert ns.call("DELETE", "/journalEntry/eid:J2").status_code == 204
    ns.set(date_outside_posting_period="disallow")
    ns.journal("1500", "1050", 9, "J3", day="2024-01-31")
    assert "not within the date range" in ns.refused(
        "PATCH", "/journalEntry/eid:J3", {"approved": True}
    )
    assert ns.balance("1500") == 70


@pytest.mark.parametrize(("override", "kept"), [(False, "Mar 2024"), (True, "Jan 2024")])
def test_journal_that_waits_in_a_locked_period(ns: Client, *, override: bool, kept: str) -> None:
    """A locked period is kept only with Override Period Restrictions. Source: Journal Entry Approval (bridgehead_N1469122)."""
    ns.set(require_journal_approval=True, date_outside_posting_period="allow",
           override_period_restrictions=override)  # fmt: skip
    ns.http.put("/_sandbox/clock", json={"now": "2024-03-20T12:00:00Z"})
    ns.headers = Client(ns.http).headers
    (row,) = ns.sql("SELECT id FROM accountingperiod WHERE periodname = 'Jan 2024'")
    ns.period("2024-01", "lock")
    ns.journal("1500", "1050", 5, "J", day="2024-01-31", postingPeriod={"id": row["id"]})
    assert ns.get("/journalEntry/eid:J")["postingPeriod"]["refName"] == kept
