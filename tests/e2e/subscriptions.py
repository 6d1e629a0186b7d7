"""A prepaid subscription run by NetSuite itself, as an administrator and its billing make it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tests.e2e.company import URL, Company


class Subscription:
    """One customer with a subscription: a prepaid line, and usage lines that draw it.

    Attributes:
        number: Of the subscription, as people see it.
        deferred: Number of the deferred revenue account of each item.
    """

    def __init__(
        self,
        company: Company,
        *,
        prepay: str,
        minimum: str,
        usage: Sequence[tuple[str, str]],
        start: str,
        end: str,
        frequency: str = "AUTOREFILL",
        name: str = "Vertex",
        customer: str = "",
        currency: str = "USD",
    ) -> None:
        """Sell it.

        Args:
            usage: Item name and rate of each usage line.
            end: Empty: open.
            customer: Internal id of one that exists; empty: a new one.
        """
        self.company = company
        sql = f"SELECT c.id AS id FROM currency c WHERE c.symbol = '{currency}' ORDER BY c.id"
        self.currency = company.rows(sql)[0]["id"]
        rule = company.controls.control(
            "POST", "/revenue-rules",
            {"name": f"Straight-line {name}", "recognitionMethod": "even", "amountSource": "amount",
             "startDateSource": "event", "endDateSource": "days", "term": 0},
        )["id"]  # fmt: skip
        self.deferred: dict[str, str] = {}
        names = [f"{name} Prepaid", *(item for item, _rate in usage)]
        self.items = {item: self._item(item, rule, f"{name}{n}") for n, item in enumerate(names)}
        subsidiary = company.rows("SELECT s.id AS id FROM subsidiary s ORDER BY s.id")[0]["id"]
        self.customer = customer or self.make(
            "/customer",
            {"companyName": name, "isPerson": False, "externalId": f"native-{name}",
             "subsidiary": {"id": subsidiary}},
        )  # fmt: skip
        prices = [self._price({"prepayAmount": float(prepay), "prepayMinBalance": float(minimum)})]
        prices += [
            self._price(
                {"pricePlanType": "2", "priceTiers": {"items": [
                    {"fromVal": 0, "value": float(rate), "pricingOption": {"id": "-101"}}]}}
            )
            for _item, rate in usage
        ]  # fmt: skip
        kinds = [{"refName": "Prepay"}] + ["3"] * len(usage)
        lines = [
            {"lineNumber": n, "item": {"id": self.items[item]}, "subscriptionLineType": kind}
            for n, (item, kind) in enumerate(zip(names, kinds, strict=True), 1)
        ]
        intervals = [
            {"lineNumber": n, "pricePlan": {"id": price},
             "frequency": "MONTHLY" if n > 1 else frequency}
            for n, price in enumerate(prices, 1)
        ]  # fmt: skip
        self.id = self.make(
            "/subscription",
            {"customer": {"id": self.customer}, "startDate": start, "endDate": end,
             "subscriptionLine": {"items": lines}, "priceInterval": {"items": intervals}},
        )  # fmt: skip
        shown = self.get(f"/subscription/{self.id}")
        self.number: str = shown["idNumber"]
        self.lines = [str(x["subscriptionLine"]) for x in shown["subscriptionLine"]["items"]]
        links = [
            {"lineNumber": n, "prepayLine": {"id": self.lines[0]}} for n in range(2, len(names) + 1)
        ]
        company.rest("PATCH", f"/subscription/{self.id}", {"priceInterval": {"items": links}})
        self.change("ACTIVATE", start)

    def change(self, action: str, day: str) -> None:
        """Activate, suspend or terminate its usage lines."""
        chosen = [{"sequence": str(n), "apply": True} for n in range(2, len(self.lines) + 1)]
        self.make(
            "/subscriptionChangeOrder",
            {"action": action, "subscription": {"id": self.id}, "effectiveDate": day,
             "subLine": {"items": chosen}},
        )  # fmt: skip

    def use(self, day: str, line: int, quantity: str) -> None:
        """Record usage of the n-th usage line (from 1)."""
        self.make(
            "/usage",
            {"customer": {"id": self.customer}, "usageSubscription": {"id": self.id},
             "usageSubscriptionLine": {"id": self.lines[line]},
             "usageQuantity": float(Decimal(quantity)), "usageDate": day},
        )  # fmt: skip

    def bill(self, day: str) -> None:
        """Run billing."""
        self.company.controls.control("POST", "/billing-run", {"date": day})

    def rate(self, day: str) -> None:
        """Run rating, and update arrangements and plans."""
        control = self.company.controls.control
        control("POST", "/rating-run", {"to": day})
        control("POST", "/revenue-arrangements/update", {})
        control("POST", "/revenue-plans/update", {})

    def close(self, month: str) -> None:
        """Run recognition and reclassification of a month."""
        body = {"period": month, "reclassify": True}
        self.company.controls.control("POST", "/month-end", body)

    def hold(self) -> None:
        """Put the revenue plans of the prepaid line on hold."""
        sql = (
            "SELECT p.id AS id FROM revenueplan p JOIN revenueelement e ON e.id = p.createdfrom "
            f"WHERE e.subscriptionline = {self.lines[0]} ORDER BY p.id"
        )
        for row in self.company.rows(sql):
            self.company.controls.control("POST", "/revenue-plans/hold", {"plan": row["id"]})

    def make(self, path: str, body: Any) -> str:
        """Create a record; return its id."""
        answer = self.company.controls.client.post(
            f"{URL}/services/rest/record/v1{path}", json=body, headers=self.company._headers()
        )
        assert answer.status_code == 204, answer.text
        return str(answer.headers["location"].rsplit("/", 1)[1])

    def get(self, path: str) -> Any:
        """Read a record with its sublists."""
        return self.company.rest("GET", f"{path}?expandSubResources=true")

    def _item(self, name: str, rule: str, number: str) -> str:
        self.deferred[name] = f"Def{number}"
        accounts = {
            kind: self.make(
                "/account",
                {"acctName": f"{name} {word}", "acctNumber": f"{kind[:3]}{number}",
                 "acctType": kind},
            )
            for kind, word in (("DeferRevenue", "Deferred Revenue"), ("Income", "Income"))
        }  # fmt: skip
        return self.make(
            "/serviceSaleItem",
            {"itemId": name, "incomeAccount": {"id": accounts["Income"]},
             "deferredRevenueAccount": {"id": accounts["DeferRevenue"]},
             "revenueRecognitionRule": {"id": rule}, "createRevenuePlansOn": {"id": "-5"},
             "VSOESopGroup": "EXCLUDE"},
        )  # fmt: skip

    def _price(self, terms: dict[str, Any]) -> str:
        return self.make("/pricePlan", {"currency": {"id": self.currency}, **terms})
