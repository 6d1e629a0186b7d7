"""Journal entries: lines, approval, what they refuse."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from sandbox_client import Client


def lines(ns: Client, *parts: tuple[str, str, Any]) -> dict[str, Any]:
    return {"items": [{"account": {"id": ns.account(number)}, side: amount}
                      for number, side, amount in parts]}  # fmt: skip


def body(ns: Client, *parts: tuple[str, str, Any], **more: Any) -> dict[str, Any]:
    return {"subsidiary": {"id": "1"}, "tranDate": "2024-01-05", "line": lines(ns, *parts), **more}


TWO = (("1000", "debit", 5), ("4000", "credit", 5))


def test_subsidiary_is_required(ns: Client) -> None:
    """OneWorld journals name their subsidiary. Source: Journal Entry (REST use case); USER_ERROR "Please enter value(s) for"."""
    text = ns.refused("POST", "/journalEntry", {"line": lines(ns, *TWO)})
    assert text == "Error while accessing a resource. Please enter value(s) for: Subsidiary."


def test_currency_defaults_to_the_base(ns: Client) -> None:
    """The subsidiary's base currency, rate 1. Source: REST API Browser, journalEntry."""
    shown = ns.get(f"/journalEntry/{ns.make('/journalEntry', body(ns, *TWO))}")
    assert (shown["currency"]["id"], shown["exchangeRate"]) == ("1", 1.0)


def test_unbalanced(ns: Client) -> None:
    """Debits equal credits. Source: TRANS_UNBALNCD."""
    wrong = body(ns, ("1000", "debit", 5), ("4000", "credit", 4))
    assert ns.refused("POST", "/journalEntry", wrong).endswith(
        "Transaction was not in balance. Total = 1.00"
    )


def test_both_sides_on_a_line(ns: Client) -> None:
    """A line has a debit or a credit. Source: Journal Entry (REST use case)."""
    wrong = body(ns, *TWO)
    wrong["line"]["items"][0]["credit"] = 5
    assert "not both" in ns.refused("POST", "/journalEntry", wrong)


@pytest.mark.parametrize(("symbol", "amount", "decimals"), [("USD", 0.005, 2), ("JPY", 0.5, 0)])
def test_too_many_decimals(ns: Client, symbol: str, amount: float, decimals: int) -> None:
    """More decimals than the currency has. Source: TRANS_UNBALNCD (SOAP Error Status Codes)."""
    wrong = body(ns, ("1500", "debit", amount), ("4000", "credit", amount),
                 currency={"refName": symbol})  # fmt: skip
    assert f"a maximum of {decimals} decimal places" in ns.refused("POST", "/journalEntry", wrong)


@pytest.mark.parametrize("number", ["1100", "2000"])
def test_receivables_and_payables_need_a_name(ns: Client, number: str) -> None:
    """A/R and A/P lines need an entity. Source: Journal Entry."""
    text = ns.refused(
        "POST", "/journalEntry", body(ns, (number, "debit", 5), ("4000", "credit", 5))
    )
    assert "Please enter value(s) for: Name." in text


def test_entity_of_another_subsidiary(ns: Client) -> None:
    """The name must belong to the subsidiary. Source: INVALID_KEY_OR_REF as parsed by third parties."""
    ns.make("/subsidiary", {"name": "Sub 2", "country": "US"})
    wrong = body(ns, *TWO, subsidiary={"id": "2"})
    wrong["line"]["items"][0]["entity"] = {"id": ns.customer}
    assert f"Invalid entity reference key {ns.customer} for subsidiary 2." in ns.refused(
        "POST", "/journalEntry", wrong
    )


def test_nonposting_accounts(ns: Client) -> None:
    """No postings to non-posting accounts. Source: Account types (acctType NonPosting, Stat)."""
    ns.refused("POST", "/journalEntry", body(ns, ("9000", "debit", 5), ("4000", "credit", 5)))


def test_inactive_accounts(ns: Client) -> None:
    """An inactive account is no choice. Source: Account, isInactive."""
    ns.call("PATCH", "/account/eid:1500", {"isInactive": True})
    ns.refused("POST", "/journalEntry", body(ns, ("1500", "debit", 5), ("4000", "credit", 5)))


def test_account_in_a_currency_of_its_own(ns: Client) -> None:
    """A foreign bank account takes its currency only. Source: TRANS_FORGN_CRNCY_MISMATCH."""
    made = ns.make("/account", {"acctName": "Euro bank", "acctNumber": "1010", "acctType": "Bank",
                                "currency": {"refName": "EUR"}})  # fmt: skip
    ns.names["1010"] = made
    text = ns.refused(
        "POST", "/journalEntry", body(ns, ("1010", "debit", 5), ("4000", "credit", 5))
    )
    assert "Transaction and foreign currency account use different currencies." in text
    ns.make("/journalEntry", body(ns, ("1010", "debit", 5), ("4000", "credit", 5),
                                  currency={"refName": "EUR"}))  # fmt: skip
    assert ns.get(f"/account/{made}")["fxBalance"] == 5.0


@pytest.mark.parametrize("patch", [{"approved": True}, {"approvalStatus": {"id": "2"}}])
def test_approval(ns: Client, patch: dict[str, Any]) -> None:
    """Approved or approvalStatus 2 posts a waiting journal. Source: Journal Entry (REST use case); REST API Browser, approvalStatus."""
    ns.set(require_journal_approval=True)
    made = ns.make("/journalEntry", body(ns, *TWO))
    assert ns.sql("SELECT posting p, approvalstatus a FROM transaction") == [{"p": "F", "a": "1"}]
    assert ns.balances() == {}
    assert ns.call("PATCH", f"/journalEntry/{made}", patch).status_code == 204
    assert ns.sql("SELECT posting p, approvalstatus a FROM transaction") == [{"p": "T", "a": "2"}]
    assert ns.get(f"/journalEntry/{made}")["approved"] is True


def test_rejected_journal_does_not_post(ns: Client) -> None:
    """ApprovalStatus 3. Source: REST API Browser, approvalStatus (labels unsure)."""
    made = ns.make("/journalEntry", body(ns, *TWO, approvalStatus={"id": "3"}))
    assert ns.balances() == {}
    assert ns.get(f"/journalEntry/{made}")["approved"] is False


def test_void_property(ns: Client) -> None:
    """Writing void:true does nothing, or voids, by a setting. Source: REST API Browser, journalEntry.void; the effect is unsure."""
    made = ns.make("/journalEntry", body(ns, *TWO))
    assert ns.call("PATCH", f"/journalEntry/{made}", {"void": True}).status_code == 204
    assert ns.balance("1000") == Decimal(5)
    ns.set(journal_void_property="voids")
    assert ns.call("PATCH", f"/journalEntry/{made}", {"void": True}).status_code == 204
    assert ns.balances() == {}


def test_reversal_is_linked_both_ways(ns: Client) -> None:
    """ReversalEntry on the original, createdFrom and isReversal on the reversal. Source: Reversing Journal Entries; REST API Browser."""
    made = ns.make("/journalEntry", body(ns, *TWO, reversalDate="2024-02-01"))
    reversal = ns.get(f"/journalEntry/{made}")["reversalEntry"]
    shown = ns.get(f"/journalEntry/{reversal}")
    assert (shown["createdFrom"]["id"], shown["isReversal"]) == (made, True)
    assert shown["postingPeriod"]["refName"] == "Feb 2024"
    rows = ns.sql("SELECT reversal r, reversaldate d FROM transaction WHERE id = ?", made)
    assert rows == [{"r": reversal, "d": "2/1/2024"}]


def test_reversal_keeps_the_rate(ns: Client) -> None:
    """Same exchange rate as the original. Source: Reversing Journal Entries."""
    ns.make("/journalEntry", body(ns, ("1500", "debit", 10), ("4000", "credit", 10),
                                  currency={"refName": "EUR"}, exchangeRate=1.37,
                                  reversalDate="2024-02-01"))  # fmt: skip
    assert ns.balances() == {}
    rows = ns.sql("SELECT DISTINCT exchangerate e FROM transaction")
    assert rows == [{"e": "1.37"}]


def test_direct_posting_to_customer_deposits(ns: Client) -> None:
    """A journal may post to Customer Deposits, no deposit's balance moves; or not. Source: unsure (section 2.3 of what is known of journals), a setting."""
    ns.deposit(10, "D")
    ns.make("/journalEntry", body(ns, ("2100", "debit", 4), ("4000", "credit", 4)))
    assert ns.balance("2100") == Decimal(-6)
    rows = ns.sql("SELECT foreignpaymentamountunused u FROM transaction WHERE type = 'CustDep'")
    assert rows == [{"u": "10"}]
    ns.set(journals_on_customer_deposits="refused")
    again = body(ns, ("2100", "debit", 1), ("4000", "credit", 1))
    assert "Invalid Field Value" in ns.refused("POST", "/journalEntry", again)


def test_several_receivable_lines(ns: Client) -> None:
    """Any number of lines on receivables, or one. Source: unsure (section 2.3 of what is known of journals), a setting."""
    lines = body(ns, ("1100", "debit", 4), ("1100", "credit", 1), ("4000", "credit", 3))
    for line in lines["line"]["items"][:2]:
        line["entity"] = {"id": ns.customer}
    ns.make("/journalEntry", lines)
    assert ns.balance("1100") == Decimal(3)
    ns.set(journal_receivable_lines="one")
    assert "one line on accounts receivable" in ns.refused("POST", "/journalEntry", lines)
