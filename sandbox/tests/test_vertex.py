"""Oracle's worked example of Prepay with Drawdown, line by line (section_0919041722).

Vertex Company pays 5,000 for a three-month support contract; each test plays the months up to the
one it looks at. The facts are in data/vertex.json.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest
from billing_client import control, item, journal, prepay_plan, rate_plan
from sandbox_client import Client

FACTS: Any = json.loads((Path(__file__).parent / "data" / "vertex.json").read_text("utf-8"))
MONTHS = ("2024-05", "2024-06", "2024-07")
ITEMS = ("Prepaid Service", "Usage Support A", "Usage Support B")


class Vertex:
    """The example played up to the end of a month."""

    def __init__(self, ns: Client) -> None:
        self.ns = ns
        rule = control(
            ns, "/revenue-rules", name="Straight-line", recognitionMethod="even",
            amountSource="amount", startDateSource="event", endDateSource="days", term=0,
        )["id"]  # fmt: skip
        self.items = {name: item(ns, name, f"2{n}", rule) for n, name in enumerate(ITEMS)}
        self._subscribe()
        self.journals: list[tuple[str, str, list[list[str]]]] = []
        self.invoices: dict[str, list[list[str]]] = {}
        self.elements: dict[str, Any] = {}
        self.plans: dict[str, Any] = {}
        self.charges: dict[str, int] = {}

    def _subscribe(self) -> None:
        ns, terms = self.ns, FACTS["subscription"]
        members = [
            {"item": {"id": self.items[name]}, "isRequired": True,
             "subscriptionLineType": "Prepay" if name == ITEMS[0] else "Usage"}
            for name in ITEMS
        ]  # fmt: skip
        plan = ns.make("/subscriptionPlan", {"itemId": "Support", "member": {"items": members}})
        prices = [prepay_plan(ns, float(terms["prepay"]["amount"]),
                              float(terms["prepay"]["minimum_balance"]))]  # fmt: skip
        prices += [rate_plan(ns, float(line["rate"])) for line in terms["usage_lines"]]
        intervals: list[dict[str, Any]] = [
            {"subscriptionPlanLineNumber": n, "pricePlan": {"id": price}, "frequency": "MONTHLY",
             "repeatEvery": 1, "prepayLine": "1"}
            for n, price in enumerate(prices, 1)
        ]  # fmt: skip
        intervals[0].update(frequency="AUTOREFILL", prepayLine=None)
        book = ns.make("/priceBook", {
            "name": "Support", "currency": {"id": "1"}, "subscriptionPlan": {"id": plan},
            "priceInterval": {"items": intervals}})  # fmt: skip
        billing = ns.make("/billingAccount", {
            "customer": {"id": ns.customer}, "startDate": terms["start"]})  # fmt: skip
        self.subscription = ns.make("/subscription", {
            "customer": {"id": ns.customer}, "billingAccount": {"id": billing},
            "subscriptionPlan": {"id": plan}, "priceBook": {"id": book},
            "startDate": terms["start"], "endDate": terms["end"]})  # fmt: skip
        shown = ns.get(f"/subscription/{self.subscription}?expandSubResources=true")
        self.lines = {x["item"]["refName"]: str(x["subscriptionLine"])
                      for x in shown["subscriptionLine"]["items"]}  # fmt: skip
        ns.make("/subscriptionChangeOrder", {
            "action": "ACTIVATE", "subscription": {"id": self.subscription},
            "effectiveDate": terms["start"],
            "subLine": {"items": [{"sequence": n, "apply": True} for n in ("2", "3")]}})  # fmt: skip

    def play(self, month: str) -> None:
        """One month: bill on the first, record usage, rate, update, recognize, reclassify."""
        for bill in control(self.ns, "/billing-run", date=f"{month}-01")["bills"]:
            body = self.ns.get(f"/invoice/{bill['id']}?expandSubResources=true")
            self.invoices[body["tranDate"]] = [
                [line["item"]["refName"], *(f"{line[n]:g}" for n in ("quantity", "rate", "amount"))]
                for line in body["item"]["items"]
            ]
        for usage in FACTS["usage"]:
            if usage["date"].startswith(month):
                self.ns.make("/usage", {
                    "customer": {"id": self.ns.customer}, "usageQuantity": int(usage["quantity"]),
                    "usageDate": usage["date"], "usageSubscription": {"id": self.subscription},
                    "usageSubscriptionLine": {"id": self.lines[usage["item"]]}})  # fmt: skip
        control(self.ns, "/rating-run", to=f"{month}-31")
        self.charges[month] = int(self.ns.sql("SELECT COUNT(*) n FROM charge")[0]["n"])
        control(self.ns, "/revenue-arrangements/update")
        control(self.ns, "/revenue-plans/update")
        self.elements[month] = self._elements()
        self.plans[month] = self._plans()
        made = control(self.ns, "/revenue-recognition", period=month)["journals"]
        found = [("recognition", one["id"]) for one in made]
        made = control(self.ns, "/reclassification", period=month)["journals"]
        found += [(one["kind"], one["id"]) for one in made]
        for kind, number in found:
            self.journals.append((month, kind, journal(self.ns, number)))

    def _elements(self) -> Any:
        rows = self.ns.sql(
            "SELECT BUILTIN.DF(item) item, quantity, salesamount sales, revenueamount revenue,"
            " TO_CHAR(revrecstartdate, 'YYYY-MM-DD') starts,"
            " TO_CHAR(revrecenddate, 'YYYY-MM-DD') ends, allocationtype FROM revenueelement"
        )
        return {row.pop("item"): row for row in rows}

    def _plans(self) -> dict[str, tuple[str, str, str]]:
        rows = self.ns.sql(
            "SELECT BUILTIN.DF(p.item) item, p.amount, p.totalrecognized done,"
            " BUILTIN.DF(r.plannedperiod) period FROM revenueplan p"
            " JOIN revenueplanplannedrevenue r ON r.revenueplan = p.id AND r.journal IS NULL"
        )
        return {row["item"]: (row["amount"], row["done"], row["period"]) for row in rows}


@pytest.fixture
def vertex(ns: Client) -> Vertex:
    made = Vertex(ns)
    for month in MONTHS:
        made.play(month)
    return made


def test_six_charges_in_may_and_four_in_june(vertex: Vertex) -> None:
    """Prepayment, two usages, two drawdowns, refill; then two and two.

    Source: section_0919041722.
    """
    may, june, july = (vertex.charges[month] for month in MONTHS)
    assert (may, june - may, july - june) == (
        FACTS["charges"]["2024-05"], FACTS["charges"]["2024-06"], 0,
    )  # fmt: skip


def test_usage_charges(vertex: Vertex) -> None:
    """Minutes x rate. Source: section_0919041722, May and June Usages."""
    for usage in FACTS["usage"]:
        rows = vertex.ns.sql(
            "SELECT quantity, amount FROM charge WHERE subscriptionline = ?"
            " AND TO_CHAR(serviceenddate, 'YYYY-MM-DD') = ?",
            vertex.lines[usage["item"]], usage["date"],
        )  # fmt: skip
        assert rows == [{"quantity": usage["quantity"], "amount": usage["amount"]}]


def test_invoices(vertex: Vertex) -> None:
    """Three bills, line by line: quantity, rate and amount as the page shows them.

    Source: section_0919041722, May, June and July Invoice.
    """
    rates = {line["item"]: line["rate"] for line in FACTS["subscription"]["usage_lines"]}
    wanted: dict[str, list[list[str]]] = {}
    for facts in FACTS["invoices"]:
        lines = wanted.setdefault(facts["date"], [])
        for shown, amount in facts["lines"]:
            name = shown.removesuffix(" (refill)")
            rate = f"{float(rates[name]):g}" if name in rates else amount
            lines.append([name, f"{float(amount) / float(rate):g}", rate, amount])
    assert vertex.invoices == wanted


@pytest.mark.parametrize("month", FACTS["elements_after"])
def test_revenue_arrangement(vertex: Vertex, month: str) -> None:
    """Sales amount moves from the prepay to the usage elements. Source: section_0919041722."""
    terms = FACTS["subscription"]
    assert vertex.elements[month] == {
        name: {**facts, "revenue": facts["sales"], "starts": terms["start"], "ends": terms["end"],
               "allocationtype": "EXCLUDE"}
        for name, facts in FACTS["elements_after"][month].items()
    }  # fmt: skip


@pytest.mark.parametrize("month", FACTS["plans_after"])
def test_revenue_plans(vertex: Vertex, month: str) -> None:
    """Plan total, recognized, planned period.

    Source: section_0919041722, May and June Revenue Plan.
    """
    periods = {"May": "May 2024", "June": "Jun 2024", "July": "Jul 2024"}
    assert vertex.plans[month] == {
        name: (total, done.removeprefix("recognized "), periods[period])
        for name, total, done, period in FACTS["plans_after"][month]
    }


@pytest.mark.parametrize("month", MONTHS)
def test_journals(vertex: Vertex, month: str) -> None:
    """Recognition, reversal of the prior adjustment, new adjustment. Source: section_0919041722."""
    kinds = {"recognition": "recognition", "unbilled receivable": "unbilled",
             "reversal of prior unbilled receivable": "reversal of prior unbilled"}  # fmt: skip
    wanted = [(f["period"], kinds[f["kind"]], f["lines"]) for f in FACTS["journals"]]
    assert [j for j in vertex.journals if j[0] == month] == [w for w in wanted if w[0] == month]


def test_all_revenue_is_recognized_and_nothing_is_left(vertex: Vertex) -> None:
    """10,000 prepaid: 8,800 used, 1,200 recognized at the end. Source: section_0919041722."""
    totals, balances = FACTS["totals"], vertex.ns.balances()
    assert balances == {
        "1100": f"{totals['prepaid']}.00", "40200": f"-{totals['remainder_recognized']}.00",
        "40210": "-4250.00", "40220": "-4550.00",
    }  # fmt: skip
    usage = float(balances["40210"]) + float(balances["40220"])
    assert -usage == float(totals["usage_revenue"])


def test_the_same_over_a_real_connection(tmp_path: Path) -> None:
    """The whole example against a server in a process of its own. Source: section_0919041722."""
    process = subprocess.Popen(
        [sys.executable, "-m", "netsuite_sandbox", "serve", "--port", "0",
         "--db", str(tmp_path / "vertex.sqlite3")],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        with httpx2.Client(base_url=url) as http:
            ns = Client(http)
            ns.set_up()
            vertex = Vertex(ns)
            for month in MONTHS:
                vertex.play(month)
            test_invoices(vertex)
            for month in FACTS["elements_after"]:
                test_revenue_arrangement(vertex, month)
                test_revenue_plans(vertex, month)
            for month in MONTHS:
                test_journals(vertex, month)
            test_all_revenue_is_recognized_and_nothing_is_left(vertex)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_month_end_does_the_same_in_one_call(ns: Client) -> None:
    """Month-end steps in their order: recognition, then reclassification.

    Source: chapter_4744857571.
    """
    vertex = Vertex(ns)
    for month in MONTHS:
        control(ns, "/billing-run", date=f"{month}-01")
        for usage in FACTS["usage"]:
            if usage["date"].startswith(month):
                ns.make("/usage", {
                    "customer": {"id": ns.customer}, "usageQuantity": int(usage["quantity"]),
                    "usageDate": usage["date"], "usageSubscription": {"id": vertex.subscription},
                    "usageSubscriptionLine": {"id": vertex.lines[usage["item"]]}})  # fmt: skip
        control(ns, "/rating-run", to=f"{month}-31")
        result = control(ns, "/month-end", period=month, reclassify=True)
        made = [*result["journals"], *result["reclassification"]]
        wanted = [f["lines"] for f in FACTS["journals"] if f["period"] == month]
        assert [journal(ns, one["id"]) for one in made] == wanted
