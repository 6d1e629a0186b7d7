"""A small client of the sandbox, speaking to it as an integrator would."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx2

REST = "/services/rest/record/v1"
BLOCK = "custcol_dd_block_id"
EURO: dict[str, Any] = {"currency": {"refName": "EUR"}}


def tick(doc: str, amount: Any = None, **more: Any) -> dict[str, Any]:
    """A ticked line of an apply sublist; without an amount all that is due."""
    line = {"doc": {"id": doc}, "apply": True, **more}
    return line if amount is None else {**line, "amount": amount}


def items(*lines: Any) -> dict[str, Any]:
    """The lines of a sublist, as bodies carry them."""
    return {"items": list(lines)}


class Client:
    """Speaks to a sandbox as an integrator would."""

    def __init__(self, http: httpx2.Client) -> None:
        self.http = http
        token = http.post("/_sandbox/tokens").json()["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}
        self.names: dict[str, str] = {}

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.http.request(
            method, REST + path, json=body, headers={**self.headers, **headers}
        )

    def make(self, path: str, body: Any) -> str:
        answer = self.call("POST", path, body)
        assert answer.status_code == 204, answer.text
        return str(answer.headers["location"].rsplit("/", 1)[1])

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method: str, path: str, body: Any = None, status: int = 400) -> str:
        answer = self.call(method, path, body)
        assert answer.status_code == status, answer.text
        return str(answer.json()["o:errorDetails"][0]["detail"])

    def sql(self, query: str, *params: Any, **paging: int) -> list[dict[str, str]]:
        return [
            {k: v for k, v in item.items() if k != "links"}
            for item in self.sql_page(query, *params, **paging)["items"]
        ]

    def sql_page(self, query: str, *params: Any, **paging: int) -> Any:
        answer = self.http.post(
            "/services/rest/query/v1/suiteql",
            params=paging,
            json={"q": query, "params": list(params)},
            headers={**self.headers, "Prefer": "transient"},
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def sql_refused(self, query: str) -> str:
        answer = self.http.post(
            "/services/rest/query/v1/suiteql",
            json={"q": query},
            headers={**self.headers, "Prefer": "transient"},
        )
        assert answer.status_code == 400, answer.text
        assert answer.json()["o:errorDetails"][0]["o:errorCode"] == "INVALID_PARAMETER"
        return str(answer.json()["o:errorDetails"][0]["detail"])

    def one(self, expression: str, eid: str = "U") -> str | None:
        """The value of an expression over one transaction."""
        query = f"SELECT {expression} AS x FROM transaction t WHERE t.externalid = '{eid}'"
        return self.sql(query)[0].get("x")

    def set(self, **settings: Any) -> None:
        assert self.http.put("/_sandbox/settings", json=settings).status_code == 200

    def balance(self, number: str) -> Decimal:
        rows = self.http.get("/_sandbox/ledger?by=account").json()
        return Decimal(next(row["base"] for row in rows if row["number"] == number))

    def balances(self) -> dict[str, str]:
        rows = self.http.get("/_sandbox/ledger?by=account").json()
        return {row["number"]: row["base"] for row in rows if Decimal(row["base"])}

    def month_end(self, period: str) -> Any:
        answer = self.http.post("/_sandbox/month-end", json={"period": period})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def period(self, name: str, action: str) -> None:
        assert self.http.post(f"/_sandbox/periods/{name}/{action}").status_code == 200

    # -- a company like Drawdown's ---------------------------------------------------------------

    def set_up(self) -> None:
        fields = [
            {"scriptId": "custbody_dd_block_id", "type": "text", "appliesTo": "body"},
            {"scriptId": BLOCK, "type": "text", "appliesTo": "column"},
        ]
        assert self.http.post("/_sandbox/custom-fields", json=fields).status_code == 200
        for number, name, kind in (
            ("2410", "Deferred Prepaid", "DeferRevenue"),
            ("2420", "Deferred Usage", "DeferRevenue"),
            ("2450", "Prepaid Credits", "OthCurrLiab"),
            ("1500", "Prepayment Clearing", "OthCurrAsset"),
            ("4010", "Usage Revenue", "Income"),
        ):
            self.names[number] = self.make(
                "/account",
                {"acctName": name, "acctNumber": number, "acctType": kind, "externalId": number},
            )
        self.customer = self.make(
            "/customer",
            {"externalId": "CUS-1", "companyName": "Acme", "subsidiary": {"id": "1"}},
        )
        self.prepaid = self.make(
            "/serviceSaleItem",
            {
                "itemId": "Prepaid",
                "externalId": "prepaid",
                "incomeAccount": {"externalId": "4010"},
                "deferredRevenueAccount": {"externalId": "2410"},
            },
        )
        self.usage = self.make(
            "/serviceSaleItem",
            {
                "itemId": "Usage",
                "externalId": "usage",
                "incomeAccount": {"externalId": "4010"},
                "deferredRevenueAccount": {"externalId": "2420"},
                "revenueRecognitionRule": {"id": "2"},
                "createRevenuePlansOn": {"id": "-2"},
            },
        )

    def invoice(self, amount: Any, eid: str, *, day: str = "2024-01-10", **more: Any) -> str:
        line = {"item": {"id": self.usage}, "amount": amount, BLOCK: "B1"}
        return self.make(
            "/invoice",
            {
                "entity": {"id": self.customer},
                "tranDate": day,
                "externalId": eid,
                "item": {"items": [line]},
                **more,
            },
        )

    def invoices_in_may(self) -> None:
        """It is 15 May 2024; invoice E is in EUR, U in USD."""
        self.http.put("/_sandbox/clock", json={"now": "2024-05-15T12:00:00Z"})
        self.headers = Client(self.http).headers
        self.invoice(110, "E", currency={"refName": "EUR"}, exchangeRate=1.2)
        self.invoice(50, "U")

    def deposit(self, amount: Any, eid: str, *, day: str = "2024-01-05", **more: Any) -> str:
        return self.make(
            "/customerDeposit",
            {
                "customer": {"id": self.customer},
                "payment": amount,
                "tranDate": day,
                "externalId": eid,
                "custbody_dd_block_id": "B1",
                "undepFunds": {"id": "T"},
                **more,
            },
        )

    def apply(
        self, deposit: str, invoice: str, amount: Any, eid: str, *, day: str = "2024-01-10",
        **more: Any,
    ) -> str:  # fmt: skip
        return self.make(
            f"/customerDeposit/{deposit}/!transform/depositApplication",
            {
                "externalId": eid,
                "tranDate": day,
                "apply": {"items": [{"doc": {"id": invoice}, "apply": True, "amount": amount}]},
                **more,
            },
        )

    def journal(
        self, debit: str, credit: str, amount: Any, eid: str, *, day: str = "2024-01-05",
        **more: Any,
    ) -> str:  # fmt: skip
        line = {BLOCK: "B1"}
        return self.make(
            "/journalEntry",
            {
                "subsidiary": {"id": "1"},
                "tranDate": day,
                "externalId": eid,
                "line": {
                    "items": [
                        {"account": {"id": self.account(debit)}, "debit": amount, **line},
                        {"account": {"id": self.account(credit)}, "credit": amount, **line},
                    ]
                },
                **more,
            },
        )

    def memo(self, amount: Any, eid: str, *, day: str = "2024-01-15", **more: Any) -> str:
        line = {"item": {"id": self.usage}, "amount": amount, BLOCK: "B1"}
        return self.make(
            "/creditMemo",
            {"entity": {"id": self.customer}, "tranDate": day, "externalId": eid,
             "item": {"items": [line]}, **more},
        )  # fmt: skip

    def refund(self, eid: str, *, day: str = "2024-01-25", **more: Any) -> str:
        body = {"customer": {"id": self.customer}, "tranDate": day, "externalId": eid,
                "account": {"id": self.account("1000")}, **more}  # fmt: skip
        return self.make("/customerRefund", body)

    def bank(self, number: str, name: str) -> str:
        made = self.make("/account", {"acctName": name, "acctNumber": number, "acctType": "Bank"})
        self.names[number] = made
        return made

    def open_amounts(self, *invoices: str) -> list[float]:
        return [self.get(f"/invoice/{invoice}")["amountRemaining"] for invoice in invoices]

    def account(self, number: str) -> str:
        if number not in self.names:
            rows = self.http.get("/_sandbox/ledger").json()
            self.names.update({row["number"]: row["id"] for row in rows})
        return self.names[number]
