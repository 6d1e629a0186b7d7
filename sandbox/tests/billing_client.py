"""What tests of subscription billing and revenue management have in common."""

from __future__ import annotations

from typing import Any

from sandbox_client import Client


def control(ns: Client, path: str, **body: Any) -> Any:
    answer = ns.http.post(f"/_sandbox{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def account(ns: Client, number: str, name: str, kind: str, **more: Any) -> str:
    body = {"acctName": name, "acctNumber": number, "acctType": kind, "externalId": number, **more}
    made = ns.make("/account", body)
    ns.names[number] = made
    return made


def item(ns: Client, name: str, number: str, rule: str, plans_on: str = "-5", **more: Any) -> str:
    """A service item with its own deferred revenue and income accounts."""
    deferred = account(ns, f"24{number}0", f"{name} Deferred Revenue", "DeferRevenue")
    income = account(ns, f"40{number}0", f"{name} Income", "Income")
    return ns.make("/serviceSaleItem", {
        "itemId": name, "incomeAccount": {"id": income},
        "deferredRevenueAccount": {"id": deferred}, "revenueRecognitionRule": {"id": rule},
        "createRevenuePlansOn": {"id": plans_on}, "VSOESopGroup": "EXCLUDE", **more})  # fmt: skip


def rate_plan(ns: Client, rate: Any) -> str:
    tier = {"fromVal": 0, "value": rate, "pricingOption": {"id": "-101"}}
    return ns.make("/pricePlan", {"currency": {"id": "1"}, "pricePlanType": "2",
                                  "priceTiers": {"items": [tier]}})  # fmt: skip


def prepay_plan(ns: Client, amount: Any, minimum: Any = 0) -> str:
    return ns.make("/pricePlan", {"currency": {"id": "1"}, "prepayAmount": amount,
                                  "prepayMinBalance": minimum})  # fmt: skip


def journal(ns: Client, journal_id: str) -> list[list[str]]:
    """The lines of a journal as [side, account name, amount]."""
    body = ns.get(f"/journalEntry/{journal_id}?expandSubResources=true")
    out = []
    for line in body["line"]["items"]:
        name = line["account"]["refName"].partition(" ")[2]
        side = "Dr" if "debit" in line else "Cr"
        out.append([side, name, f"{line.get('debit', line.get('credit')):.10g}"])
    return out


class Subscription:
    """A subscription with one prepaid line and usage lines linked to it."""

    def __init__(  # noqa: PLR0913
        self, ns: Client, *, amount: Any = 1000, minimum: Any = 0, frequency: str = "AUTOREFILL",
        rates: tuple[Any, ...] = ("2.50",), start: str = "2024-01-01", end: str = "2024-03-31",
        activate: bool = True,
    ) -> None:  # fmt: skip
        self.ns = ns
        self.items = [item(ns, "Prepaid Service", "11", "2")]
        self.items += [item(ns, f"Usage {n}", f"{n + 11}", "2") for n in range(1, len(rates) + 1)]
        lines = [{"lineNumber": n, "item": {"id": one}, "subscriptionLineType": "3"}
                 for n, one in enumerate(self.items, 1)]  # fmt: skip
        lines[0]["subscriptionLineType"] = {"refName": "Prepay"}
        prices = [{"lineNumber": 1, "pricePlan": {"id": prepay_plan(ns, amount, minimum)},
                   "frequency": frequency}]  # fmt: skip
        prices += [{"lineNumber": n, "pricePlan": {"id": rate_plan(ns, float(rate))},
                    "frequency": "MONTHLY"} for n, rate in enumerate(rates, 2)]  # fmt: skip
        self.id = ns.make("/subscription", {
            "customer": {"id": ns.customer}, "startDate": start, "endDate": end,
            "subscriptionLine": {"items": lines}, "priceInterval": {"items": prices}})  # fmt: skip
        shown = ns.get(f"/subscription/{self.id}?expandSubResources=true")
        self.lines = [str(x["subscriptionLine"]) for x in shown["subscriptionLine"]["items"]]
        self.link(*range(2, len(rates) + 2))
        if activate:
            self.activate(start)

    def link(self, *numbers: int) -> Any:
        items = [{"lineNumber": n, "prepayLine": {"id": self.lines[0]}} for n in numbers]
        return self.ns.call(
            "PATCH", f"/subscription/{self.id}", {"priceInterval": {"items": items}}
        )

    def order(self, action: str, day: str, *numbers: int) -> Any:
        chosen = numbers or range(2, len(self.lines) + 1)
        return self.ns.call("POST", "/subscriptionChangeOrder", {
            "action": action, "subscription": {"id": self.id}, "effectiveDate": day,
            "subLine": {"items": [{"sequence": str(n), "apply": True} for n in chosen]}})  # fmt: skip

    def activate(self, day: str) -> None:
        answer = self.order("ACTIVATE", day)
        assert answer.status_code == 204, answer.text

    def usage(self, quantity: Any, day: str, line: int = 2, **more: Any) -> str:
        return self.ns.make("/usage", self.usage_body(quantity, day, line, **more))

    def usage_body(self, quantity: Any, day: str, line: int = 2, **more: Any) -> Any:
        return {"customer": {"id": self.ns.customer}, "usageSubscription": {"id": self.id},
                "usageSubscriptionLine": {"id": self.lines[line - 1]}, "usageQuantity": quantity,
                "usageDate": day, **more}  # fmt: skip

    def rate(self, to: str) -> list[tuple[int, str]]:
        """Rate; the charges made as (line number, amount)."""
        made = control(self.ns, "/rating-run", to=to)["charges"]
        return [(self.lines.index(c["subscriptionLine"]) + 1, f"{float(c['amount']):g}")
                for c in made]  # fmt: skip

    def balance(self) -> float:
        return float(self.ns.get(f"/subscriptionLine/{self.lines[0]}")["prepaymentRemaining"])

    def bill(self, day: str) -> list[Any]:
        bills: list[Any] = control(self.ns, "/billing-run", date=day)["bills"]
        return bills
