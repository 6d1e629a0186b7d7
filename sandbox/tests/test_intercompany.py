"""Intercompany journal entries, and journals of one accounting book."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import second_opinion
from billing_client import account, control
from sandbox_client import EURO, Client

RECORDS = ("/intercompanyJournalEntry", "/advIntercompanyJournalEntry")


class Group:
    """A parent in USD with a UK and an American subsidiary."""

    def __init__(self, ns: Client) -> None:
        self.ns = ns
        self.uk = ns.make("/subsidiary", {"name": "Wolfe UK", "country": "GB",
                                          "currency": {"refName": "GBP"}})  # fmt: skip
        self.west = ns.make("/subsidiary", {"name": "Wolfe West", "country": "US",
                                            "currency": {"refName": "USD"}})  # fmt: skip
        for number, name, kind in (("1300", "Intercompany Receivable", "OthCurrAsset"),
                                   ("2300", "Intercompany Payable", "OthCurrLiab"),
                                   ("1400", "Inventory", "OthCurrAsset")):  # fmt: skip
            account(ns, number, name, kind)

    def line(self, subsidiary: Any, number: str, debit: Any = None, credit: Any = None,
             **more: Any) -> dict[str, Any]:  # fmt: skip
        amount = {"debit": debit} if debit is not None else {"credit": credit}
        place = {} if subsidiary is None else {"lineSubsidiary": {"id": subsidiary}}
        return {**place, "account": {"id": self.ns.account(number)}, **amount, **more}

    def sale(self, other: Any, amount: Any = 100, back: Any = None) -> list[dict[str, Any]]:
        """Oracle's example: a sale from the parent to another subsidiary."""
        back = amount if back is None else back
        return [self.line("1", "1300", amount), self.line("1", "4000", credit=amount),
                self.line(other, "2300", credit=back), self.line(other, "1400", back)]  # fmt: skip

    def body(self, lines: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return {"subsidiary": {"id": "1"}, "tranDate": "2024-01-10", "line": {"items": lines},
                **more}  # fmt: skip

    def impact(self, tx: str) -> list[tuple[str, str, str]]:
        rows = self.ns.sql(
            "SELECT BUILTIN.DF(l.subsidiary) sub, a.acctnumber, tal.amount"
            " FROM transactionaccountingline tal JOIN transactionline l"
            " ON l.transaction = tal.transaction AND l.id = tal.transactionline"
            f" JOIN account a ON a.id = tal.account WHERE tal.transaction = {tx}"
            " AND tal.accountingbook = 1 ORDER BY tal.transactionline")  # fmt: skip
        return [(row["sub"], row["acctnumber"], row["amount"]) for row in rows]


@pytest.fixture
def group(ns: Client) -> Group:
    return Group(ns)


@pytest.mark.parametrize("record", RECORDS)
def test_each_ledger_in_its_own_currency(group: Group, record: str) -> None:
    """100 USD in the parent are 50 GBP in the UK. Source: Example of Intercompany Journal Entries (section_N1476520); Intercompany Journal Entries in Multi-Book Accounting (section_3867050970)."""
    lines = group.sale(group.uk)
    rate: dict[str, Any] = {"toSubsidiary": {"id": group.uk}, "exchangeRate": 0.5}
    if record.startswith("/adv"):
        rate = {}
        lines[2]["exchangeRate"] = lines[3]["exchangeRate"] = 0.5
    made = group.ns.make(record, group.body(lines, externalId="IC", **rate))
    assert group.impact(made) == [
        ("Parent Company", "1300", "100"), ("Parent Company", "4000", "-100"),
        ("Wolfe UK", "2300", "-50"), ("Wolfe UK", "1400", "50")]  # fmt: skip
    shown = group.ns.get(f"{record}/{made}?expandSubResources=true")
    assert [line["lineSubsidiary"]["refName"] for line in shown["line"]["items"]] == [
        "Parent Company", "Parent Company", "Wolfe UK", "Wolfe UK"]  # fmt: skip
    rows = group.ns.sql(f"SELECT type, recordtype FROM transaction WHERE id = {made}")
    assert rows == [{"type": "Journal", "recordtype": record[1:].lower()}]
    page = group.ns.http.get(f"/_sandbox/ui/records/{record[1:]}/{made}").text
    assert "Wolfe UK" in page
    journal = group.ns.http.get("/_sandbox/journal.hledger").text
    assert "100.00 USD @@ 50.00 GBP" in journal


def test_records_of_their_own(group: Group) -> None:
    """Read, listed and changed as its own type only; external ids are shared by all transactions. Source: Intercompany Journal Entry (section_0902090936); Common Errors With Intercompany Journal Entries (section_4105316538)."""
    ns = group.ns
    body = group.body(group.sale(group.west), toSubsidiary={"id": group.west}, externalId="IC")
    made = ns.make("/intercompanyjournalentry", body)
    plain = ns.journal("1500", "1000", 5, "J")
    assert ns.refused("GET", f"/journalEntry/{made}") == ns.refused("GET", f"{RECORDS[0]}/{plain}")
    assert [one["id"] for one in ns.get("/journalEntry")["items"]] == [plain]
    assert [one["id"] for one in ns.get(RECORDS[0])["items"]] == [made]
    assert ns.get(RECORDS[1])["items"] == []
    assert ns.refused("POST", RECORDS[0], body)
    assert ns.refused("PUT", f"{RECORDS[1]}/eid:IC", {"memo": "x"})
    assert ns.call("PATCH", f"{RECORDS[0]}/{made}", {"memo": "changed"}).status_code == 204
    assert ns.get(f"{RECORDS[0]}/{made}")["memo"] == "changed"
    page = ns.http.get(f"/_sandbox/ui/records/intercompanyJournalEntry/{made}")
    assert page.status_code == 200
    assert ns.call("DELETE", f"{RECORDS[0]}/{made}").status_code == 204
    assert "1300" not in ns.balances()


@pytest.mark.parametrize("record", RECORDS)
def test_each_subsidiary_balances(group: Group, record: str) -> None:
    """Debits and credits balance by subsidiary; between subsidiaries they may differ. Source: Example of Intercompany Journal Entries (section_N1476520)."""
    to = {"toSubsidiary": {"id": group.west}} if record == RECORDS[0] else {}
    lines = group.sale(group.west)
    lines[1]["credit"], lines[3]["debit"] = 90, 90
    assert "balance" in group.ns.refused("POST", record, group.body(lines, **to))
    made = group.ns.make(record, group.body(group.sale(group.west, 100, 80), **to))
    assert group.impact(made)[2:] == [("Wolfe West", "2300", "-80"), ("Wolfe West", "1400", "80")]


def test_rounding_stays_in_its_subsidiary(group: Group) -> None:
    """What rounding leaves in one base currency goes to Rounding Gain/Loss there. Source: GL Impact Rounding on Journal Entries."""
    lines = [*group.sale(group.uk, 3)[:3], group.line(group.uk, "1400", 1),
             group.line(group.uk, "1500", 1), group.line(group.uk, "6000", 1)]  # fmt: skip
    body = group.body(lines, toSubsidiary={"id": group.uk}, exchangeRate=0.333)
    made = group.ns.make(RECORDS[0], body)
    assert group.impact(made)[2:] == [
        ("Wolfe UK", "2300", "-1"), ("Wolfe UK", "1400", "0.33"), ("Wolfe UK", "1500", "0.33"),
        ("Wolfe UK", "6000", "0.33"), ("Wolfe UK", "4920", "0.01")]  # fmt: skip


def test_advanced_has_many_subsidiaries_and_any_currency(group: Group) -> None:
    """One journal in EUR of three subsidiaries, each with its own rate. Source: Making Advanced Intercompany Journal Entries (section_4803443925)."""
    lines = [*group.sale(group.uk), *group.sale(group.west)[2:]]
    rates = {"1": 1.1, group.uk: 0.8, group.west: 1.1}
    lines = [{**line, "exchangeRate": rates[line["lineSubsidiary"]["id"]]} for line in lines]
    made = group.ns.make(RECORDS[1], group.body(lines, **EURO))
    assert [amount for _, _, amount in group.impact(made)] == [
        "110", "-110", "-80", "80", "-110", "110",
    ]  # fmt: skip
    lines[3]["exchangeRate"] = 0.7
    said = group.ns.refused("POST", RECORDS[1], group.body(lines, **EURO))
    assert "must share the same Exchange Rate" in said


def test_due_to_and_from(group: Group) -> None:
    """Of a line to eliminate the other side is in the journal: To for From, From for To. Source: Making Advanced Intercompany Journal Entries (section_4803443925)."""
    lines = group.sale(group.uk)
    lines[0] |= {"eliminate": True, "dueToFromSubsidiary": {"id": group.uk}}
    lines[2] |= {"eliminate": True, "dueToFromSubsidiary": {"id": "1"}}
    made = group.ns.make(RECORDS[1], group.body(lines))
    shown = group.ns.get(f"{RECORDS[1]}/{made}?expandSubResources=true")["line"]["items"]
    assert shown[0]["dueToFromSubsidiary"]["refName"] == "Wolfe UK"
    assert shown[0]["eliminate"]
    for index, other in ((0, "1"), (0, group.west), (2, group.uk), (2, group.west)):
        wrong = [dict(line) for line in lines]
        wrong[index]["dueToFromSubsidiary"] = {"id": other}
        said = group.ns.refused("POST", RECORDS[1], group.body(wrong))
        assert "dueToFromSubsidiary" in said


def test_refused_lines(group: Group) -> None:
    """No subsidiary, an account of another one, the first line elsewhere. Source: Common Errors With Intercompany Journal Entries (section_4105316538); Making Intercompany Journal Entries (section_N1475891)."""
    own = account(
        group.ns, "1310", "UK only", "OthCurrAsset", subsidiary={"items": [{"id": group.uk}]}
    )
    to: dict[str, Any] = {"toSubsidiary": {"id": group.uk}}
    lines = group.sale(group.uk)
    number = group.ns.account("1300")
    for changed, said in (
        ([group.line(None, "1300", 100), *lines[1:]],
         f"Invalid account reference key {number} for linesubsidiary null."),
        ([group.line("1", "1310", 100), *lines[1:]],
         f"Invalid account reference key {own} for linesubsidiary 1."),
        ([*lines[2:], *lines[:2]], "The first line must post to the subsidiary"),
        (lines[:2], "both have lines"),
        ([*lines, *group.sale(group.west)[2:]], "All lines post to"),
    ):  # fmt: skip
        assert said in group.ns.refused("POST", RECORDS[0], group.body(changed, **to))
    assert "To Subsidiary" in group.ns.refused("POST", RECORDS[0], group.body(lines))
    said = group.ns.refused("POST", RECORDS[0], group.body(lines, **to, **EURO))
    assert "currency" in said
    assert "two subsidiaries" in group.ns.refused("POST", RECORDS[1], group.body(lines[:2]))
    entity = [{**lines[0], "entity": {"id": group.ns.customer}}, *lines[1:3],
              {**lines[3], "entity": {"id": group.ns.customer}}]  # fmt: skip
    assert "Invalid entity reference key" in group.ns.refused(
        "POST", RECORDS[0], group.body(entity, **to)
    )


def test_a_reversal_has_the_same_subsidiaries(group: Group) -> None:
    """A reversal date makes the opposite entry. Source: Making Intercompany Journal Entries (section_N1475891)."""
    body = group.body(group.sale(group.uk), toSubsidiary={"id": group.uk}, exchangeRate=0.5,
                      reversalDate="2024-02-01")  # fmt: skip
    made = group.ns.make(RECORDS[0], body)
    back = group.ns.get(f"{RECORDS[0]}/{made}")["reversalEntry"]
    assert [one[2] for one in group.impact(str(back))] == ["-100", "100", "50", "-50"]
    assert group.ns.get(f"{RECORDS[0]}/{back}")["isReversal"]


def test_book_specific_journals(ns: Client) -> None:
    """It posts to its book only; a generic one to all books. Source: Journal Entries in Multi-Book Accounting (section_3862795782)."""
    book = control(ns, "/accounting-books", name="IFRS")["id"]
    ns.journal("1500", "1000", 100, "ALL")
    made = ns.journal("1500", "1000", 7, "IFRS", accountingBook={"id": book})
    shown = ns.get(f"/journalEntry/{made}")
    assert (shown["accountingBook"]["id"], shown["isBookSpecific"]) == (book, True)
    assert ns.balance("1500") == 100
    query = ("SELECT accountingbook book, SUM(amount) total FROM transactionaccountingline"
             f" WHERE account = {ns.account('1500')} GROUP BY accountingbook ORDER BY 1")  # fmt: skip
    assert ns.sql(query) == [{"book": "1", "total": "100"}, {"book": book, "total": "107"}]
    rows = ns.http.get(f"/_sandbox/ledger?book={book}").json()
    assert next(row["base"] for row in rows if row["number"] == "1500") == "107.00"
    journal = ns.http.get(f"/_sandbox/journal.hledger?book={book}").text
    second_opinion.agree(journal, rows)
    page = ns.http.get("/_sandbox/ui/trial-balance.json").text
    assert "107" not in page
    ns.call("DELETE", f"/journalEntry/{made}")
    assert ns.sql(query)[1] == {"book": book, "total": "100"}
    assert ns.http.get("/_sandbox/ledger?book=9").status_code == 400


def test_books_of_a_copy(ns: Client) -> None:
    """A restored copy has the books it had: a line stands once in each."""
    assert ns.http.post("/_sandbox/snapshots", json={"name": "one"}).status_code == 200
    control(ns, "/accounting-books", name="IFRS")
    ns.journal("1500", "1000", 100, "J")
    count = "SELECT COUNT(*) n FROM transactionaccountingline"
    assert ns.sql(count) == [{"n": "4"}]
    assert ns.http.post("/_sandbox/snapshots/restore", json={"name": "one"}).status_code == 200
    ns.headers = Client(ns.http).headers
    ns.journal("1500", "1000", 100, "J")
    assert ns.sql(count) == [{"n": "2"}]


def test_the_primary_book_can_have_journals_of_its_own(ns: Client) -> None:
    """With isBookSpecific alone it is the primary book. Source: Intercompany Journal Entry Body and Sublist Fields (section_4105132538)."""
    book = control(ns, "/accounting-books", name="IFRS")["id"]
    ns.journal("1500", "1000", 7, "P", isBookSpecific=True)
    assert ns.balance("1500") == 7
    rows = ns.http.get(f"/_sandbox/ledger?book={book}").json()
    assert Decimal(next(row["base"] for row in rows if row["number"] == "1500")) == 0


def test_intercompany_journals_of_one_book(group: Group) -> None:
    """A book-specific intercompany journal posts to one book. Source: Intercompany Journal Entries in Multi-Book Accounting (section_3867050970)."""
    book = control(group.ns, "/accounting-books", name="IFRS", subsidiaries=["1", group.uk])["id"]
    body = {"accountingBook": {"id": book}, "exchangeRate": 0.5}
    made = group.ns.make(RECORDS[0], group.body(
        group.sale(group.uk), toSubsidiary={"id": group.uk}, **body))  # fmt: skip
    assert group.impact(made) == []
    assert "1300" not in group.ns.balances()
    refused = group.body(group.sale(group.west), toSubsidiary={"id": group.west}, **body)
    assert "accountingBook" in group.ns.refused("POST", RECORDS[0], refused)


def test_refused_books(ns: Client) -> None:
    """No other book later, no names on receivables, no closed period, no book without the feature. Source: Journal Entries in Multi-Book Accounting (section_3862795782)."""
    body: dict[str, Any] = {
        "subsidiary": {"id": "1"}, "tranDate": "2024-01-05", "isBookSpecific": True,
        "line": {"items": [{"account": {"id": ns.account("1100")}, "debit": 5},
                           {"account": {"id": ns.account("1000")}, "credit": 5}]}}  # fmt: skip
    assert "Multi-Book Accounting" in ns.refused("POST", "/journalEntry", body)
    book = control(ns, "/accounting-books", name="IFRS")["id"]
    body = {**body, "accountingBook": {"id": book}}
    made = ns.make("/journalEntry", body)
    said = ns.refused("PATCH", f"/journalEntry/{made}", {"accountingBook": {"id": "1"}})
    assert "cannot be changed" in said
    body["line"]["items"][0]["entity"] = {"id": ns.customer}
    assert "has no name" in ns.refused("POST", "/journalEntry", body)
    ns.refused("POST", "/journalEntry", {**body, "accountingBook": {"id": "9"}})
    ns.period("2024-01", "close")
    assert "closed period" in ns.refused("DELETE", f"/journalEntry/{made}")
    for wrong in ({}, {"name": "X", "subsidiaries": "1"}, {"name": "X", "subsidiaries": [99]}):
        assert ns.http.post("/_sandbox/accounting-books", json=wrong).status_code == 400
