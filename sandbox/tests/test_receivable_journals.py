"""Journals on receivables in applications: a credit pays, a debit is paid."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from sandbox_client import EURO, Client, items, tick


def journal(ns: Client, eid: str, *lines: tuple[str, Any, str | None], **more: Any) -> str:
    """A journal of lines (account, amount with a debit positive, customer)."""
    shown = [
        {
            "account": {"id": ns.account(number)},
            ("debit" if amount > 0 else "credit"): abs(amount),
            **({"entity": {"id": customer}} if customer else {}),
        }
        for number, amount, customer in lines
    ]
    body = {"subsidiary": {"id": "1"}, "tranDate": "2024-01-18", "externalId": eid}
    return ns.make("/journalEntry", {**body, "line": items(*shown), **more})


def write_off(ns: Client, amount: Any, eid: str = "J", **more: Any) -> str:
    """Receivables are written off: Dr expense / Cr receivables."""
    return journal(ns, eid, ("6900", amount, None), ("1100", -amount, ns.customer), **more)


def body_of(ns: Client, **more: Any) -> dict[str, Any]:
    return {"customer": {"id": ns.customer}, "tranDate": "2024-01-20", **more}


def pay(ns: Client, **more: Any) -> str:
    return ns.make("/customerPayment", body_of(ns, **more))


@pytest.fixture(autouse=True)
def _expense(ns: Client) -> None:
    ns.names["6900"] = ns.make("/account", {"acctName": "Bad Debt", "acctNumber": "6900",
                                            "acctType": "Expense"})  # fmt: skip


def test_bad_debt_is_written_off_by_a_payment_of_zero(ns: Client) -> None:
    """The journal is ticked among the credits, the invoice is paid, nothing is posted. Source: Accepting a Customer Payment to Write Off Bad Debt (bridgehead_N1481661)."""
    invoice, made = ns.invoice(100, "I"), write_off(ns, 100)
    before = ns.balances()
    payment = pay(ns, credit=items(tick(made)), apply=items(tick(invoice)))
    assert ns.get(f"/invoice/{invoice}")["status"]["refName"] == "Paid In Full"
    assert ns.get(f"/customerPayment/{payment}")["total"] == 0.0
    assert ns.balances() == before
    assert ns.get(f"/customer/{ns.customer}")["balance"] == 0.0
    links = ns.sql("SELECT previousdoc, nextdoc, nextline, foreignamount"
                   " FROM nextTransactionLineLink WHERE nexttype = 'Journal'")  # fmt: skip
    assert links == [{"previousdoc": invoice, "nextdoc": made, "nextline": "1",
                      "foreignamount": "100"}]  # fmt: skip


def test_an_overpayment_is_applied_to_a_journal(ns: Client) -> None:
    """The payment is ticked among the credits, the journal's debit among the invoices. Source: Applying a Journal Entry to an Overpayment (section_163156802058)."""
    invoice = ns.invoice(100, "I")
    over = pay(ns, payment=110, apply=items(tick(invoice, 100)))
    made = journal(ns, "J", ("1100", 10, ns.customer), ("4000", -10, None))
    pay(ns, credit=items(tick(over)), apply=items(tick(made)))
    shown = ns.get(f"/customerPayment/{over}?expandSubResources=true")
    assert shown["unapplied"] == 0.0
    assert [(x["doc"]["id"], x["amount"], x["due"]) for x in shown["apply"]["items"]] == [
        (invoice, 100.0, 100.0), (made, 10.0, 10.0),
    ]  # fmt: skip
    assert ns.balance("1100") == Decimal(0)
    assert "linked" in ns.refused("DELETE", f"/journalEntry/{made}")
    back = {"apply": items({"doc": {"id": made}, "apply": False})}
    assert ns.call("PATCH", f"/customerPayment/{over}", back).status_code == 204
    assert ns.get(f"/customerPayment/{over}")["unapplied"] == 10.0
    assert ns.call("DELETE", f"/journalEntry/{made}").status_code == 204


def test_an_edit_of_an_applied_journal_removes_the_application(ns: Client) -> None:
    """Whatever is edited; what it paid is open again, what paid it is free. Source: Modifying Journal Entries (section_1494522995)."""
    invoice, credit = ns.invoice(100, "I"), write_off(ns, 60)
    pay(ns, credit=items(tick(credit)), apply=items(tick(invoice, 60)))
    memo = ns.memo(30, "M")
    debit = journal(ns, "J2", ("1100", 30, ns.customer), ("4000", -30, None))
    pay(ns, credit=items(tick(memo)), apply=items(tick(debit)))
    assert ns.open_amounts(invoice) == [40.0]
    assert ns.get(f"/creditMemo/{memo}")["status"]["refName"] == "Fully Applied"
    for made in (credit, debit):
        assert ns.call("PATCH", f"/journalEntry/{made}", {"memo": "x"}).status_code == 204
    assert ns.open_amounts(invoice) == [100.0]
    assert ns.get(f"/creditMemo/{memo}")["unapplied"] == 30.0
    assert ns.sql("SELECT linktype FROM nextTransactionLineLink") == []
    pay(ns, credit=items(tick(credit)), apply=items(tick(invoice, 60)))
    assert ns.call("DELETE", f"/journalEntry/{credit}").status_code == 204
    assert ns.open_amounts(invoice) == [100.0]


@pytest.mark.parametrize("state", ["lock", "close"])
def test_gains_of_shut_periods_are_reversed_or_deleted(ns: Client, state: str) -> None:
    """By an edit of the journal: deleted of a locked period, reversed of a closed one. Source: Modifying Journal Entries (section_1494522995); that it is reversed today is unsure."""
    invoice = ns.invoice(100, "I", **EURO, exchangeRate=1.2)
    made = write_off(ns, 100, **EURO, exchangeRate=1.1, tranDate="2024-02-10")
    debit = journal(ns, "D", ("1100", 50, ns.customer), ("4000", -50, None),
                    **EURO, exchangeRate=1, tranDate="2024-02-10")  # fmt: skip
    pay(ns, **EURO, credit=items(tick(made)), apply=items(tick(invoice, 60), tick(debit, 40)),
        tranDate="2024-02-12")  # fmt: skip
    gains = (
        "SELECT postingperiod, COUNT(*) AS n FROM transaction WHERE type = 'FxReval'"
        " GROUP BY postingperiod ORDER BY postingperiod"
    )
    (february,) = ns.sql(gains)
    assert (february["n"], ns.balance("1100")) == ("2", Decimal(58))
    ns.http.put("/_sandbox/clock", json={"now": "2024-03-05T12:00:00Z"})
    ns.headers = Client(ns.http).headers
    ns.period("2024-02", state)
    body = {"allowNonGLChanges": True}
    period = f"/accountingPeriod/{february['postingperiod']}"
    assert ns.call("PATCH", period, body).status_code == 204
    assert ns.call("PATCH", f"/journalEntry/{made}", {"memo": "x"}).status_code == 204
    assert ns.balance("1100") == Decimal(60)
    found = ns.sql(gains)
    assert [row["n"] for row in found] == ([] if state == "lock" else ["2", "2"])
    assert found[:1] == ([] if state == "lock" else [february])
    assert ns.call("PATCH", f"/journalEntry/{made}", {"memo": "y"}).status_code == 204
    assert ns.sql(gains) == found  # What is reversed is not reversed again.


def test_lines_of_a_journal_are_told_apart(ns: Client) -> None:
    """By `line`; each customer's own, in parts, never more than is open. Source: REST API Browser (credit and apply are keyed by doc and line); the wording is unsure."""
    other = ns.make("/customer", {"companyName": "Bolt", "subsidiary": {"id": "1"}})
    made = journal(ns, "J", ("6900", 60, None), ("1100", -10, ns.customer),
                   ("1100", -20, ns.customer), ("1100", -30, other))  # fmt: skip
    invoice = ns.invoice(100, "I")
    both = {"apply": items(tick(invoice, 10))}
    ns.refused("POST", "/customerPayment", body_of(ns, credit=items(tick(made, 10)), **both))
    ns.refused("POST", "/customerPayment", body_of(ns, credit=items(tick(made, line=3)), **both))
    pay(ns, credit=items(tick(made, 5, line=2)), apply=items(tick(invoice, 5)))
    assert "15" in ns.refused("POST", "/customerPayment", body_of(
        ns, credit=items(tick(made, 16, line=2)), apply=items(tick(invoice, 16))))  # fmt: skip
    pay(ns, credit=items(tick(made, line=1), tick(made, line=2)), apply=items(tick(invoice, 25)))
    assert ns.open_amounts(invoice) == [70.0]


@pytest.mark.parametrize("wrong", ["debit", "other account", "unapproved", "currency", "voided"])
def test_what_is_no_credit_of_the_customer_is_refused(ns: Client, wrong: str) -> None:
    """Only posted credits on the same receivables in the same currency. Source: Accepting a Customer Payment to Write Off Bad Debt; the wording is unsure."""
    invoice = ns.invoice(50, "I", **(EURO | {"exchangeRate": 1.2} if wrong == "currency" else {}))
    if wrong == "other account":
        ns.names["1101"] = ns.make("/account", {"acctName": "Other A/R", "acctNumber": "1101",
                                                "acctType": "AcctRec"})  # fmt: skip
    if wrong == "unapproved":
        ns.set(require_journal_approval=True)
    sign = 1 if wrong == "debit" else -1
    number = "1101" if wrong == "other account" else "1100"
    made = journal(ns, "J", (number, sign * 50, ns.customer), ("4000", -sign * 50, None))
    if wrong == "voided":
        assert ns.http.post("/_sandbox/void", json={"id": made}).status_code == 200
    more = EURO if wrong == "currency" else {}
    ns.refused("POST", "/customerPayment", body_of(
        ns, credit=items(tick(made, 50)), apply=items(tick(invoice, 50)), **more))  # fmt: skip
    assert ns.open_amounts(invoice) == [50.0]


def test_lines_of_intercompany_journals_are_not_applied(ns: Client) -> None:
    """They are refused like what is no credit: the sandbox's own limit."""
    other = ns.make("/subsidiary", {"name": "Branch", "country": {"id": "US"}})
    invoice, mine = ns.invoice(50, "I"), {"lineSubsidiary": {"id": "1"}}
    lines = [
        {
            "account": {"id": ns.account("1100")},
            "credit": 50,
            "entity": {"id": ns.customer},
            **mine,
        },
        {"account": {"id": ns.account("6900")}, "debit": 50, **mine},
        {"account": {"id": ns.account("1000")}, "debit": 9, "lineSubsidiary": {"id": other}},
        {"account": {"id": ns.account("4000")}, "credit": 9, "lineSubsidiary": {"id": other}},
    ]
    made = ns.make("/intercompanyJournalEntry", {
        "subsidiary": {"id": "1"}, "toSubsidiary": {"id": other}, "line": items(*lines)})  # fmt: skip
    body = body_of(ns, credit=items(tick(made, 50)), apply=items(tick(invoice, 50)))
    assert "doc" in ns.refused("POST", "/customerPayment", body)


def test_gain_of_a_journal_in_foreign_currency(ns: Client) -> None:
    """The difference of rates is realized, and gone with the application. Source: Applied Payments and Realized Gain/Loss (section_N1425327); Modifying Journal Entries."""
    invoice = ns.invoice(100, "I", **EURO, exchangeRate=1.2)
    made = write_off(ns, 100, **EURO, exchangeRate=1.1)
    pay(ns, **EURO, credit=items(tick(made)), apply=items(tick(invoice)))
    gains = "SELECT total FROM transaction WHERE type = 'FxReval'"
    assert (ns.balance("1100"), len(ns.sql(gains))) == (Decimal(0), 1)
    assert ns.call("PATCH", f"/journalEntry/{made}", {"memo": "x"}).status_code == 204
    assert (ns.balance("1100"), ns.sql(gains)) == (Decimal(10), [])


def open_lines(ns: Client, sign: int) -> list[tuple[str, str, Decimal]]:
    """Journal, line and open amount of what the customer's journals debit (1) or credit (-1)."""
    side = "previous" if sign > 0 else "next"
    rows = ns.sql(
        "SELECT l.transaction AS t, l.id AS l, ABS(l.foreignamount) - COALESCE((SELECT"
        f" SUM(k.foreignamount) FROM nextTransactionLineLink k WHERE k.{side}doc = l.transaction"
        f" AND k.{side}line = l.id), 0) AS a FROM transactionline l JOIN transaction t"
        " ON t.id = l.transaction WHERE t.type = 'Journal' AND l.entity IS NOT NULL"
        f" AND l.foreignamount * {sign} > 0 ORDER BY l.transaction, l.id"
    )
    return [(row["t"], row["l"], Decimal(row["a"])) for row in rows]


@pytest.mark.parametrize("seed", range(6))
def test_random_receivables(ns: Client, seed: int) -> None:
    """Whatever is applied and edited in whatever order, receivables are what is open; all can be deleted again."""
    chance = random.Random(seed)  # noqa: S311 (repeatable chance is the point)
    made: dict[str, list[str]] = {"invoice": [], "journalEntry": [], "customerPayment": []}

    def rate() -> float:
        return chance.choice([1.1, 1.1, 1.2, 1.05])

    def invoice() -> None:
        amount = chance.randint(1, 300)
        number = len(made["invoice"])
        made["invoice"].append(ns.invoice(amount, f"I{number}", **EURO, exchangeRate=rate()))

    def entry() -> None:
        amounts = [chance.choice([1, -1]) * chance.randint(1, 200) for _ in range(2)]
        lines = [("1100", amount, ns.customer) for amount in amounts]
        rest = [("4000", -sum(amounts), None)] if sum(amounts) else []
        eid = f"J{len(made['journalEntry'])}"
        made["journalEntry"].append(journal(ns, eid, *lines, *rest, **EURO, exchangeRate=rate()))

    def payment() -> None:
        due = [*((one, "0", Decimal(str(ns.open_amounts(one)[0]))) for one in made["invoice"]),
               *open_lines(ns, 1)]  # fmt: skip
        given = [one for one in open_lines(ns, -1) if one[2]]
        due = [one for one in due if one[2]]
        if not due:
            return
        doc, line, most = chance.choice(due)
        body: dict[str, Any] = {**EURO, "exchangeRate": rate(), "payment": 0}
        part = chance.randint(1, int(most)) if most >= 1 else 1
        if given and chance.random() < 0.7:
            source, number, held = chance.choice(given)
            part = min(part, int(held))
            body["credit"] = items(tick(source, part, line=int(number)))
        else:
            body["payment"] = part
        body["apply"] = items(tick(doc, part, line=int(line)))
        made["customerPayment"].append(pay(ns, **body))

    def edit() -> None:
        if made["journalEntry"]:
            one = chance.choice(made["journalEntry"])
            body = {"memo": str(chance.random())}
            assert ns.call("PATCH", f"/journalEntry/{one}", body).status_code == 204

    for _ in range(25):
        chance.choice([invoice, entry, payment, payment, payment, edit])()
        bills = sum((Decimal(str(ns.open_amounts(one)[0])) for one in made["invoice"]), Decimal(0))
        paid = sum((Decimal(str(ns.get(f"/customerPayment/{one}")["unapplied"]))
                    for one in made["customerPayment"]), Decimal(0))  # fmt: skip
        lines = sum((sign * a for sign in (1, -1) for _, _, a in open_lines(ns, sign)), Decimal(0))
        ledger = {
            row["number"]: row["currencies"] for row in ns.http.get("/_sandbox/ledger").json()
        }
        assert Decimal(ledger["1100"].get("EUR", "0")) == bills + lines - paid
    for one in made["journalEntry"]:
        assert ns.call("PATCH", f"/journalEntry/{one}", {"memo": "end"}).status_code == 204
    for record in ("customerPayment", "journalEntry", "invoice"):
        for one in made[record]:
            answer = ns.call("DELETE", f"/{record}/{one}")
            assert answer.status_code == 204, answer.text
    assert ns.balances() == {}
