"""Month-end revaluation of open balances: unrealized gain and loss."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from billing_client import control
from sandbox_client import Client, items, tick

POUND: dict[str, Any] = {"currency": {"refName": "GBP"}}


def closing(ns: Client, day: str, rate: Any) -> None:
    ns.make("/currencyRate", {"baseCurrency": {"id": "1"}, "transactionCurrency": {"id": "3"},
                              "effectiveDate": day, "exchangeRate": rate})  # fmt: skip


def revalue(ns: Client, period: str) -> list[tuple[str, str]]:
    made = control(ns, "/revaluation", period=period)["revaluations"]
    names = {ns.account(n): n for n in ("1000", "1050", "1100", "2100", "2420")}
    return [(names[one["account"]], one["variance"]) for one in made]


def at(ns: Client, day: str) -> dict[str, str]:
    rows = ns.http.get(f"/_sandbox/ledger?by=account&as_of={day}").json()
    return {row["number"]: row["base"] for row in rows if Decimal(row["base"])}


def test_invoices_without_payments(ns: Client) -> None:
    """100 and 50 pounds at 2.00, at 2.50 at the month's end: 75 unrealized. Source: Revaluation of Invoice with No Payments (bridgehead_N1431303)."""
    for eid, amount in (("I1", 100), ("I2", 50)):
        ns.invoice(amount, eid, day="2024-01-07", exchangeRate=2, **POUND)
    closing(ns, "2024-01-31", 2.5)
    assert revalue(ns, "2024-01") == [("1100", "75.00")]
    assert at(ns, "2024-01-31") == {"1100": "375.00", "2420": "-300.00", "4910": "-75.00"}


def test_invoice_with_a_partial_payment(ns: Client) -> None:
    """20 realized, 30 unrealized on the rest; closed in February it is not revalued. Source: Revaluation of Invoice with Partial Payment (bridgehead_N1431690)."""
    bill = ns.invoice(100, "I", day="2024-01-07", exchangeRate=2, **POUND)
    pay = {"customer": {"id": ns.customer}, "account": {"id": ns.account("1000")}, **POUND}
    ns.make("/customerPayment", {**pay, "tranDate": "2024-01-09", "exchangeRate": 2.5,
                                 "payment": 40, "apply": items(tick(bill, 40))})  # fmt: skip
    closing(ns, "2024-01-31", 2.5)
    ns.make("/currencyRate", {"baseCurrency": {"id": "1"}, "transactionCurrency": {"id": "3"},
                              "effectiveDate": "2024-02-29", "exchangeRate": 3})  # fmt: skip
    assert revalue(ns, "2024-01") == [("1100", "30.00")]
    assert at(ns, "2024-01-31")["4900"] == "-20.00"
    ns.make("/customerPayment", {**pay, "tranDate": "2024-02-15", "exchangeRate": 3,
                                 "payment": 60, "apply": items(tick(bill, 60))})  # fmt: skip
    assert at(ns, "2024-02-29")["4900"] == "-80.00"
    assert [row for row in revalue(ns, "2024-02") if row[0] == "1100"] == []
    assert "4910" not in at(ns, "2024-02-28")


def test_reversed_on_the_first_day_of_the_next_period(ns: Client) -> None:
    """And a second run adds only what has changed. Source: Currency Revaluation Transactions (section_1550016096)."""
    ns.invoice(100, "I", day="2024-01-07", exchangeRate=2, **POUND)
    closing(ns, "2024-01-31", 2.5)
    assert revalue(ns, "2024-01") == [("1100", "50.00")]
    assert at(ns, "2024-02-01") == {"1100": "200.00", "2420": "-200.00"}
    assert revalue(ns, "2024-01") == []
    ns.invoice(10, "I2", day="2024-01-20", exchangeRate=2, **POUND)
    assert revalue(ns, "2024-01") == [("1100", "5.00")]
    rows = ns.sql("SELECT TO_CHAR(trandate, 'YYYY-MM-DD') d, memo, BUILTIN.DF(currency) c"
                  " FROM transaction WHERE type = 'FxReval' ORDER BY id")  # fmt: skip
    assert [(row["d"], row["memo"]) for row in rows[:2]] == [
        ("2024-01-31", "Unrealized gain or loss"),
        ("2024-02-01", "Reversal of unrealized gain or loss"),
    ]
    assert {row["c"] for row in rows} == {"US Dollar"}


def test_which_accounts_are_revalued(ns: Client) -> None:
    """Customer Deposits by default, Undeposited Funds and Deferred Revenue not. Source: Types of Accounts That Can Be Revalued (section_N1428933)."""
    ns.deposit(100, "D", day="2024-01-07", exchangeRate=2, **POUND)
    ns.invoice(10, "I", day="2024-01-07", exchangeRate=2, **POUND)
    closing(ns, "2024-01-31", 2.5)
    assert revalue(ns, "2024-01") == [("1100", "5.00"), ("2100", "-50.00")]


def test_box_on_the_account(ns: Client) -> None:
    """Revalue Open Balance can be cleared, and checked on other accounts. Source: Types of Accounts That Can Be Revalued (section_N1428933)."""
    ns.deposit(100, "D", day="2024-01-07", exchangeRate=2, **POUND)
    closing(ns, "2024-01-31", 2.5)
    for number, box in (("2100", False), ("1050", True)):
        change = {"revalue": box}
        assert ns.call("PATCH", f"/account/{ns.account(number)}", change).status_code == 204
    assert revalue(ns, "2024-01") == [("1050", "50.00")]


def test_bank_account_in_base_currency(ns: Client) -> None:
    """Foreign money on a bank account of the base currency is not revalued. Source: Types of Accounts That Can Be Revalued (section_N1428933)."""
    bank = ns.make("/account", {"acctName": "Dollars", "acctNumber": "1010", "acctType": "Bank",
                                "currency": {"id": "1"}})  # fmt: skip
    ns.deposit(100, "D", day="2024-01-07", exchangeRate=2, undepFunds=None,
               account={"id": bank}, **POUND)  # fmt: skip
    closing(ns, "2024-01-31", 2.5)
    assert revalue(ns, "2024-01") == [("2100", "-50.00")]


def test_closed_period_is_not_revalued(ns: Client) -> None:
    """Any open period can be chosen; a locked one needs the override. Source: Generating Revaluations (section_N1430227)."""
    ns.invoice(100, "I", day="2024-01-07", exchangeRate=2, **POUND)
    closing(ns, "2024-01-31", 2.5)
    ns.period("2024-01", "lock")
    refused = ns.http.post("/_sandbox/revaluation", json={"period": "2024-01"})
    assert refused.status_code == 400
    ns.set(override_period_restrictions=True)
    assert revalue(ns, "2024-01") == [("1100", "50.00")]
    ns.period("2024-01", "close")
    refused = ns.http.post("/_sandbox/revaluation", json={"period": "2024-01"})
    assert refused.status_code == 400


# -- recognition journals ----------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "lines"), [("detail", 6), ("summary", 2)])
def test_summarized_journals(ns: Client, kind: str, lines: int) -> None:
    """Two lines a plan, or two lines for all plans of the same accounts. Source: Generating Advanced Revenue Recognition Journal Entries (section_4358638894)."""
    ns.set(revenue_journals_in_gl=kind)
    for n in range(3):
        ns.invoice(100 + n, f"I{n}")
    (made,) = ns.month_end("2024-01")["journals"]
    assert made["lines"] == lines
    assert ns.balances() == {"1100": "303.00", "4010": "-303.00"}
    assert ns.call("DELETE", f"/journalEntry/{made['id']}").status_code == 204
    assert len(ns.month_end("2024-01")["recognized"]) == 3


def test_recognition_journal_that_waits_for_approval(ns: Client) -> None:
    """Without Approve Journal it does not post until it is approved; of a shut period it goes where the preference says. Source: Generating Advanced Revenue Recognition Journal Entries (section_4358638894)."""
    ns.http.put("/_sandbox/clock", json={"now": "2024-04-10T12:00:00Z"})
    ns.headers = Client(ns.http).headers
    ns.set(require_journal_approval=True, date_outside_posting_period="allow")
    ns.invoice(100, "I")
    control(ns, "/revenue-arrangements/update")
    control(ns, "/revenue-plans/update")
    ns.period("2024-01", "close")
    (made,) = control(ns, "/revenue-recognition", period="2024-01", approve=False)["journals"]
    shown = ns.get(f"/journalEntry/{made['id']}")
    assert (shown["approved"], shown["postingPeriod"]["refName"]) == (False, "Apr 2024")
    assert "4010" not in ns.balances()
    approved = ns.call("PATCH", f"/journalEntry/{made['id']}", {"approved": True})
    assert approved.status_code == 204, approved.text
    assert ns.balance("4010") == -100


def test_recognition_journals_keep_their_amounts(ns: Client) -> None:
    """Accounts and amounts cannot be changed, the memo can. Source: Editing an Advanced Revenue Recognition Journal Entry (section_4358639397)."""
    ns.invoice(100, "I")
    (made,) = ns.month_end("2024-01")["journals"]
    path = f"/journalEntry/{made['id']}"
    lines = {"line": items({"line": 0, "debit": 90}, {"line": 1, "credit": 90})}
    assert "cannot be changed" in ns.refused("PATCH", path, lines)
    other = {"line": items({"line": 1, "account": {"id": ns.account("4000")}})}
    assert "cannot be changed" in ns.refused("PATCH", path, other)
    assert ns.call("PATCH", path, {"memo": "checked"}).status_code == 204
    assert ns.balance("4010") == -100
