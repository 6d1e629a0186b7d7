"""Documents of closed months: what stays as it is, and what an open month may still do to them."""

from __future__ import annotations

from decimal import Decimal

from sandbox_client import EURO, Client, items, tick

CLOSED_GL = "The G/L impact of a transaction in a closed period cannot be changed."
CLOSED_EDIT = "This transaction is in a period that has been closed. You may not edit it."


def test_application_and_deposit_of_a_closed_month(ns: Client) -> None:
    """Nothing of theirs changes or goes. Source: CLOSED_TRAN_PRD and TRANS_EDIT_DISALLWD (SOAP Error Status Codes); Correcting Payments to Invoices (section_N1292877)."""
    bills = [ns.invoice(100, f"I{n}") for n in range(2)]
    deposit, free = ns.deposit(1000, "D"), ns.deposit(5, "D2")
    ns.apply(deposit, bills[0], 60, "A")
    ns.period("2024-01", "close")
    less = {"apply": items({"doc": {"id": bills[0]}, "amount": 50})}
    moved = {"apply": items({"doc": {"id": bills[0]}, "amount": 40}, tick(bills[1], 20))}
    for method, path, body, text in (
        ("PATCH", "/depositApplication/eid:A", less, CLOSED_GL),
        ("PATCH", "/depositApplication/eid:A", moved, CLOSED_EDIT),
        ("PATCH", "/depositApplication/eid:A", {"memo": "x"}, CLOSED_EDIT),
        ("DELETE", "/depositApplication/eid:A", None, CLOSED_GL),
        ("PATCH", "/customerDeposit/eid:D", {"payment": 900}, CLOSED_GL),
        ("PATCH", "/customerDeposit/eid:D", {"tranDate": "2024-02-05"}, CLOSED_GL),
        ("DELETE", f"/customerDeposit/{free}", None, CLOSED_GL),
    ):
        assert ns.refused(method, path, body).endswith(text), (method, path)
    assert ns.open_amounts(*bills) == [40.0, 100.0]
    assert ns.balances() == {"1050": "1005.00", "1100": "140.00", "2100": "-945.00",
                             "2420": "-200.00"}  # fmt: skip


def test_open_month_works_on_documents_of_a_closed_one(ns: Client) -> None:
    """Applications, memos, payments and refunds of February touch January's documents, not its ledger. Source: Reopening a Closed Period (section_N1457543)."""
    bills = [ns.invoice(100, f"I{n}") for n in range(3)]
    deposit = ns.deposit(1000, "D")
    ns.period("2024-01", "close")
    before = ns.http.get("/_sandbox/ledger?as_of=2024-01-31").json()
    ns.apply(deposit, bills[0], 5, "A", day="2024-02-10")
    ns.make(f"/invoice/{bills[1]}/!transform/creditMemo", {"tranDate": "2024-02-11"})
    ns.make(f"/invoice/{bills[2]}/!transform/customerPayment",
            {"tranDate": "2024-02-11", "account": {"id": ns.account("1000")}})  # fmt: skip
    ns.refund("R", day="2024-02-12", deposit=items(tick(deposit, 100)))
    assert ns.open_amounts(*bills) == [95.0, 0.0, 0.0]
    assert ns.http.get("/_sandbox/ledger?as_of=2024-01-31").json() == before
    assert ns.call("DELETE", "/depositApplication/eid:A").status_code == 204
    assert ns.call("DELETE", "/customerRefund/eid:R").status_code == 204
    assert ns.http.get("/_sandbox/ledger?as_of=2024-01-31").json() == before
    assert ns.balance("2100") == Decimal(-1000)


def test_memo_of_a_closed_month_is_applied_later(ns: Client) -> None:
    """Applying changes no ledger, so the period must allow non-G/L changes. Source: Reopening a Closed Period (section_N1457543)."""
    bill, _ = ns.invoice(100, "I"), ns.memo(40, "CM")
    ns.period("2024-01", "close")
    change = {"apply": items(tick(bill, 40))}
    assert ns.refused("PATCH", "/creditMemo/eid:CM", change).endswith(CLOSED_EDIT)
    (row,) = ns.sql("SELECT id FROM accountingperiod WHERE periodname = 'Jan 2024'")
    allowed = {"allowNonGLChanges": True}
    assert ns.call("PATCH", f"/accountingPeriod/{row['id']}", allowed).status_code == 204
    assert ns.call("PATCH", "/creditMemo/eid:CM", change).status_code == 204
    assert ns.open_amounts(bill) == [60.0]


def test_memo_across_months_at_another_rate(ns: Client) -> None:
    """The loss posts in the later, open period. Source: Posting Periods and Transaction Dates for Realized Gain and Loss (bridgehead_1550020494)."""
    ns.invoice(100, "I", exchangeRate=1.1, **EURO)
    ns.period("2024-01", "close")
    bill = ns.get("/invoice/eid:I")["id"]
    ns.memo(100, "CM", day="2024-02-11", exchangeRate=1.3, apply=items(tick(bill)), **EURO)
    rows = ns.sql("SELECT TO_CHAR(trandate, 'YYYY-MM-DD') d, BUILTIN.DF(postingperiod) p"
                  " FROM transaction WHERE type = 'FxReval'")  # fmt: skip
    assert rows == [{"d": "2024-02-11", "p": "Feb 2024"}]
    assert ns.balances() == {"2420": "20.00", "4900": "-20.00"}


def test_journal_of_another_subsidiary(ns: Client) -> None:
    """A journal has one subsidiary; names belong to it. Source: Journal Entry (REST use case); INVALID_KEY_OR_REF as parsed by third parties."""
    other = ns.make("/subsidiary", {"name": "EU", "currency": {"refName": "EUR"}, "country": "FR",
                                    "parent": {"id": "1"}})  # fmt: skip
    lines = [{"account": {"id": ns.account("1500")}, "debit": 5, "entity": {"id": ns.customer}},
             {"account": {"id": ns.account("2450")}, "credit": 5}]  # fmt: skip
    body = {"subsidiary": {"id": other}, "tranDate": "2024-01-05", "line": items(*lines)}
    assert f"reference key {ns.customer} for subsidiary {other}" in ns.refused(
        "POST", "/journalEntry", body
    )
    lines[0].pop("entity")
    ns.make("/journalEntry", {**body, "externalId": "J"})
    assert ns.get("/journalEntry/eid:J")["currency"]["refName"] == "Euro"
    rows = ns.sql("SELECT subsidiary, COUNT(*) n FROM transactionline GROUP BY subsidiary")
    assert rows == [{"subsidiary": other, "n": "2"}]
