"""The pages: what they show is what the store holds, in three forms, and nothing runs in them."""

from __future__ import annotations

import csv
import io
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from billing_client import Subscription
from sandbox_client import BLOCK, Client

from netsuite_sandbox.pages import ledger
from netsuite_sandbox.pages.render import ZERO

UI = "/_sandbox/ui"
PAGES = (
    "/", "/records", "/records/transaction", "/records/invoice", "/records/customer",
    "/records/account", "/records/accountingPeriod", "/records/RevArrng", "/accounts",
    "/trial-balance", "/periods", "/revenue", "/revenue/planned", "/requests", "/settings",
    "/billing", "/faults", "/snapshots",
)  # fmt: skip


class Seen(HTMLParser):
    """Collects links, headings, labels and table rows of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []
        self.rows: list[list[str]] = []
        self._cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "a":
            self.links.append(dict(attrs)["href"] or "")
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")
        self._cell = tag in ("td", "th") or (self._cell and tag in ("a", "span", "small"))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._cell = False

    def handle_data(self, data: str) -> None:
        if self._cell and self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def show(ns: Client, path: str) -> str:
    answer = ns.http.get(UI + path)
    assert answer.status_code == 200, f"{path}: {answer.text}"
    return str(answer.text)


def rows(ns: Client, path: str) -> list[dict[str, Any]]:
    answer = ns.http.get(UI + path)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["rows"]
    return found


@pytest.fixture
def busy(ns: Client) -> Client:
    """A company with something on every page, euros and recognised revenue among it."""
    deposit = ns.deposit(1000, "D1")
    ns.apply(deposit, ns.invoice(300.33, "I1"), 300.33, "A1")
    ns.invoice(50, "I2", currency={"refName": "EUR"}, exchangeRate=1.1)
    ns.journal("2410", "2450", 70, "J1")
    ns.month_end("2024-01")
    ns.period("2024-01", "close")
    return ns


def test_every_link_of_every_page_leads_somewhere(busy: Client) -> None:
    """From the overview all pages can be reached, and none is broken."""
    todo = [UI + path for path in PAGES]
    done: set[str] = set()
    while todo and len(done) < 600:
        url = todo.pop()
        if url in done:
            continue
        done.add(url)
        answer = busy.http.get(url)
        assert answer.status_code == 200, url
        if "text/html" in answer.headers["content-type"]:
            links = Seen(answer.text).links
            # Months without transactions are all alike; one year of them is enough.
            todo += [x for x in links if x.startswith(UI) and "accountingPeriod/" not in x]
    assert len(done) > 100
    assert not [x for x in done if not x.startswith(UI)]


def test_three_forms_show_the_same(busy: Client) -> None:
    """CSV, JSON and HTML of a table have the same rows and values."""
    html = Seen(show(busy, "/trial-balance")).rows
    table = rows(busy, "/trial-balance.json")
    text = busy.http.get(f"{UI}/trial-balance.csv").text
    read = list(csv.DictReader(io.StringIO(text)))
    assert [{k: str(v) for k, v in row.items()} for row in table] == read
    shown = [[cell.replace(",", "") for cell in line] for line in html[1 : len(table) + 1]]
    expected = [
        [ZERO if re.fullmatch(r"0\.0+", str(v)) else str(v) for v in row.values()] for row in table
    ]
    assert shown == expected


def test_trial_balance_is_the_ledger(busy: Client) -> None:
    """The page's balances are those of the control interface, and add up to zero."""
    table = {row["number"]: row for row in rows(busy, "/trial-balance.json")}
    for number, base in busy.balances().items():
        row = table[number]
        balance = base.removeprefix("-")
        assert row["balancecredit" if base.startswith("-") else "balancedebit"] == balance
    assert "debits equal credits" in show(busy, "/trial-balance")


def test_t_account_leads_to_its_entries(busy: Client) -> None:
    """Each line of a T-account adds up what its link shows."""
    page = show(busy, "/accounts")
    links = [x for x in Seen(page).links if "type=CustInvc" in x and "side=debit" in x]
    assert links
    table = busy.http.get(links[0].replace("?", ".json?")).json()["rows"]
    assert [row["debit"] for row in table] == ["300.33", "55.00"]
    assert table[-1]["balance"] == "355.33"


def test_record_shows_impact_links_and_rest(busy: Client) -> None:
    """A transaction shows fields, lines, GL impact in both currencies, links both ways."""
    invoice = busy.get("/invoice/eid:I2")["id"]
    page = show(busy, f"/records/invoice/{invoice}")
    for word in ("GL impact", "Debit EUR", "Debit USD", "Sublist: item", "GET http"):
        assert word in page, word
    settled = busy.get("/invoice/eid:I1")["id"]
    assert "Leads to" in show(busy, f"/records/invoice/{settled}")
    impact = rows(busy, f"/records/invoice/{invoice}.json?table=impact")
    assert impact[0]["debit"] == "55.00"
    assert impact[0]["foreigndebit"] == "50.00"
    applied = busy.get("/depositApplication/eid:A1")["id"]
    links = rows(busy, f"/records/depositApplication/{applied}.json?table=previous")
    assert {row["type"] for row in links} == {"Customer Deposit", "Invoice"}


def test_revenue_is_planned_and_recognised(busy: Client) -> None:
    """Revenue by period, by arrangement and line by line say the same."""
    periods = rows(busy, "/revenue.json")
    usd = next(row for row in periods if row["currency"] == "USD")
    assert (usd["period"], usd["planned"], usd["recognized"]) == ("Jan 2024", "300.33", "300.33")
    planned = rows(busy, "/revenue/planned.json?state=recognized")
    assert {row["amount"] for row in planned} == {"300.33", "50.00"}
    arrangements = rows(busy, "/revenue.json?table=arrangements")
    assert {row["remaining"] for row in arrangements} == {"0.00"}


def test_filters_and_pages_are_in_the_url(busy: Client) -> None:
    """A filter narrows, the page links carry it on."""
    assert len(rows(busy, "/records/transaction.json?type=CustInvc")) == 2
    assert len(rows(busy, "/records/transaction.json?q=I2")) == 1
    assert len(rows(busy, f"/records/transaction.json?field={BLOCK}&value=B1&type=CustInvc")) == 2
    assert rows(busy, "/accounts.json?to=2023-12-31") == []
    page = show(busy, "/records/transaction?size=2&page=2&from=2024-01-01")
    following = next(x for x in Seen(page).links if "page=3" in x)
    assert "size=2" in following
    assert "from=2024-01-01" in following
    two = rows(busy, "/records/transaction.json?size=2&page=2")
    assert two == rows(busy, "/records/transaction.json")[2:4]


def test_periods_show_their_state(busy: Client) -> None:
    """A closed month is shown as closed, with its transactions."""
    january = next(r for r in rows(busy, "/periods.json?year=2024") if r["period"] == "Jan 2024")
    assert (january["state"], january["ar"]) == ("Closed", "Locked")
    assert january["transactions"] > 3


def test_requests_and_settings(busy: Client) -> None:
    """The request log tells what was asked and written; a changed setting is marked."""
    busy.refused("POST", "/invoice", {})
    refused = rows(busy, "/requests.json?status=4")
    assert refused[0]["path"].endswith("/invoice")
    written = rows(busy, "/requests.json?method=POST&q=customerDeposit")
    assert written[-1]["location"].startswith("customerDeposit/")
    busy.set(post_status=201)
    setting = next(r for r in rows(busy, "/settings.json") if r["name"] == "post_status")
    assert (setting["value"], setting["default"]) == ("201", "204")
    assert {row["mark"] for row in rows(busy, "/settings.json")} >= {"D", "U"}


def test_subscriptions_show_prepayment_usage_and_charges(ns: Client) -> None:
    """A subscription leads to its lines, usage, charges and the invoices these are on."""
    sub = Subscription(ns)
    sub.usage(100, "2024-01-10")
    sub.rate("2024-01-31")
    (bill,) = sub.bill("2024-02-01")
    (one,) = rows(ns, "/billing.json")
    assert (one["id"], one["lines"], one["usage"]) == (int(sub.id), 2, 1)
    assert float(one["remaining"]) == sub.balance() == 750
    lines = ns.http.get(f"{UI}/billing/{sub.id}.json?table=lines").json()["rows"]
    assert [(line["used"], line["remaining"]) for line in lines] == [("250", "750"), (None, None)]
    charges = ns.http.get(f"{UI}/billing/{sub.id}.json?table=charges").json()["rows"]
    assert sorted(charge["amount"] for charge in charges) == ["-250", "1000", "250"]
    assert one["charges"] == len(charges)
    page = Seen(show(ns, f"/billing/{sub.id}"))
    assert f"{UI}/records/invoice/{bill['id']}" in page.links
    for link in page.links:
        if link.startswith(UI):
            assert ns.http.get(link).status_code == 200, link
    only = ns.http.get(f"{UI}/billing/{sub.id}.json?table=usage&line={sub.lines[0]}").json()["rows"]
    assert only == []


def test_faults_and_snapshots_are_shown(ns: Client) -> None:
    """Rules with what they met and struck; snapshots with what they hold."""
    ns.invoice(5, "I")
    ns.http.post("/_sandbox/snapshots", json={"name": "first"})
    rule = {"fault": "error_before_commit", "method": "GET", "path": "/customer", "nth": [2]}
    ns.http.put("/_sandbox/faults", json={"seed": 4, "rules": [rule]})
    assert [ns.call("GET", "/customer").status_code for _ in range(3)] == [200, 500, 200]
    (shown,) = ns.http.get(f"{UI}/faults.json?table=rules").json()["rows"]
    assert (shown["seen"], shown["fired"], shown["more"]) == (3, 1, "nth [2]")
    (struck,) = ns.http.get(f"{UI}/faults.json?table=struck").json()["rows"]
    assert struck["fault"] == "error_before_commit"
    assert "first" in show(ns, "/snapshots")
    (kept,) = ns.http.get(f"{UI}/snapshots.json?table=snapshots").json()["rows"]
    assert kept["transactions"] == 1


def test_pages_follow_what_is_written(ns: Client) -> None:
    """What is remembered between two pages is forgotten with the next write, or a restored copy."""
    ns.http.post("/_sandbox/snapshots", json={"name": "empty"})
    for number in range(1, 4):
        ns.invoice(5, f"I{number}")
        assert len(rows(ns, "/records/invoice.json")) == number
        assert len(rows(ns, "/records/invoice.json")) == number
    ns.http.post("/_sandbox/snapshots/restore", json={"name": "empty"})
    assert rows(ns, "/records/invoice.json") == []


def test_nothing_a_caller_wrote_becomes_markup(ns: Client) -> None:
    """Text of records is escaped, formulas are disarmed in CSV, and no script may run."""
    evil = '=1+1<script>alert("x")</script>'
    ns.deposit(5, "E", memo=evil)
    answer = ns.http.get(f"{UI}/records/customerDeposit")
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "script" not in Seen(answer.text).tags
    assert "'=1+1" in ns.http.get(f"{UI}/records/customerDeposit.csv").text
    page = show(ns, "/records/transaction?q=%22%3E%3Cscript%3E&entity=1&field=%27%20OR%201")
    assert "<script" not in page
    ns.http.get("/services/rest/record/v1/%3Cscript%3E")
    assert "<script" not in show(ns, "/requests")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nope", 404), ("/accounts/999", 404), ("/accounts/x", 404), ("/records/nope", 404),
        ("/records/invoice/999", 404), ("/records/invoice/99999999999999999999", 404),
        ("/revenue/1", 404), ("/accounts?from=yesterday", 400),
        ("/records/transaction?period=x", 400), ("/accounts.json?table=nope", 404),
        ("/records/customer/1/2", 404),
    ],
)  # fmt: skip
def test_what_does_not_exist_says_so(ns: Client, path: str, status: int) -> None:
    """Unknown pages are 404, senseless filters 400, each with a word."""
    answer = ns.http.get(UI + path)
    assert answer.status_code == status
    assert "Simulated NetSuite" in answer.text


def test_pages_say_what_they_are_and_can_be_read_aloud(busy: Client) -> None:
    """A banner, a language, one main heading, labelled fields, headed columns, a way to skip."""
    for path in PAGES:
        page = show(busy, path)
        assert "Simulated NetSuite" in page
        tags = Seen(page).tags
        assert '<html lang="en">' in page
        assert tags.count("h1") == 1
        assert tags.count("label") >= tags.count("select")
        assert 'href="#main"' in page
        assert tags.count("thead") == tags.count("table")
    style = busy.http.get(f"{UI}/style.css")
    assert "prefers-color-scheme: dark" in style.text
    assert "tabular-nums" in style.text
    assert busy.http.post(f"{UI}/", json={}).status_code == 405


@pytest.mark.parametrize("few", [0, 1_000_000])
def test_parts_of_a_long_account_are_the_whole(
    busy: Client, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """Page by page the entries and their balance are those of the whole, for any size of page."""
    monkeypatch.setattr(ledger, "_FEW", few)
    busy.period("2024-01", "open")
    for number, day in enumerate(("2024-01-20", "2024-01-05", "2024-01-20", "2024-02-01")):
        busy.journal("2410", "2450", 7, f"day-{number}", day=day)
    busy.month_end("2024-02")
    for account in rows(busy, "/records/account.json"):
        path = f"/accounts/{account['id']}.json?to=2024-02-28"
        whole = rows(busy, path)
        for size in (1, 2, 3, 5):
            parts = [rows(busy, f"{path}&size={size}&page={page}") for page in range(1, 20)]
            assert [row for part in parts for row in part] == whole


@pytest.mark.parametrize(
    "asked", ["", "&to=2024-01-10", "&from=2024-01-11", "&type=CustInvc", "&side=credit"]
)
def test_sums_by_day_are_those_of_the_lines(busy: Client, asked: str) -> None:
    """Balances are read from sums by day; a filter of an unknown field has the lines added up."""
    moved, gone = (busy.journal("2410", "2450", 7, eid, day="2024-02-05") for eid in "AB")
    assert busy.call("PATCH", f"/journalEntry/{moved}", {"tranDate": "2024-03-02"}).is_success
    assert busy.call("DELETE", f"/journalEntry/{gone}").is_success
    pages = ["/trial-balance", "/accounts", *(f"/accounts/{n}" for n in range(1, 20))]
    for path in pages:
        sums, lines = (busy.http.get(f"{UI}{path}.json?{field}{asked}").json()
                       for field in ("", "field=none"))  # fmt: skip
        assert sums == lines


def test_projects_are_linked(ns: Client) -> None:
    """The page of a project is where every page leads that names one."""
    job = ns.make("/job", {"companyName": "Alpha", "parent": {"id": ns.customer}})
    ns.invoice(10, "I", entity={"id": job})
    ns.month_end("2024-01")
    found = ns.get("/invoice/eid:I")["id"]
    for path in (f"/records/invoice/{found}", "/records/invoice", "/revenue"):
        assert f"{UI}/records/job/{job}" in Seen(show(ns, path)).links, path
    assert "Alpha" in show(ns, f"/records/job/{job}")
