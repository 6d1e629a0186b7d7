"""Another integration (or a person) that writes documents into NetSuite, not knowing of us."""

from __future__ import annotations

from typing import Any

from tests.e2e.company import Company

Body = dict[str, Any]


class Integration:
    """Writes customers, orders, invoices, memos and payments; block ids stand on the lines."""

    def __init__(self, company: Company) -> None:
        self.company = company

    def customer(self, name: str, currency: str = "USD") -> None:
        """Write a customer under the integration's own external id."""
        code = self._id("currency", "symbol", currency)
        body = {"companyName": name, "subsidiary": {"id": "1"}, "currency": {"id": code}}
        self.company.rest("PUT", f"/customer/eid:{name}", body)

    def order(
        self, number: str, customer: str, block_id: str, amount: float, credits_: int, **more: Any
    ) -> None:
        """Write a sales order for one block."""
        self._write(
            "/salesOrder",
            {
                "tranId": number,
                "entity": {"externalId": customer},
                "tranDate": "2026-01-02",
                "orderStatus": {"id": "B"},
                "item": {"items": [self.prepaid(block_id, amount, credits_)]},
                **more,
            },
        )

    def bill(self, number: str, order: str, **more: Any) -> None:
        """Make the invoice of an order."""
        path = f"/salesOrder/{self.id_of('salesorder', order)}/!transform/invoice"
        self._write(path, {"tranId": number, "tranDate": "2026-01-03", **more})

    def invoice(self, number: str, customer: str, *lines: Body, **more: Any) -> None:
        """Write an invoice."""
        self._write(
            "/invoice",
            {
                "tranId": number,
                "entity": {"externalId": customer},
                "tranDate": "2026-03-10",
                "item": {"items": list(lines)},
                **more,
            },
        )

    def credit(self, number: str, invoice: str, amount: float, **more: Any) -> None:
        """Make a credit memo from an invoice of one line, not applied."""
        path = f"/invoice/{self.id_of('invoice', invoice)}"
        lines = self.company.rest("GET", f"{path}?expandSubResources=true")["item"]["items"]
        body = {
            "tranId": number,
            "tranDate": "2026-03-20",
            "item": {"items": [{**_kept(lines[0]), "rate": amount, "amount": amount}]},
            "apply": {"items": []},
            **more,
        }
        self._write(f"{path}/!transform/creditMemo", body)

    def pay(self, number: str, invoice: str, amount: float) -> None:
        """Enter a customer's payment of an invoice."""
        doc = self.id_of("invoice", invoice)
        data = self.company.rest("GET", f"/invoice/{doc}")
        self._write(
            "/customerPayment",
            {
                "tranId": number,
                "customer": {"id": data["entity"]["id"]},
                "tranDate": "2026-01-20",
                "payment": amount,
                "undepFunds": {"id": "F"},
                "account": {"id": self.company.account_id("1000")},
                "apply": {"items": [{"doc": {"id": doc}, "apply": True, "amount": amount}]},
            },
        )

    def usage(self, amount: float, block_id: str = "") -> Body:
        """Return a line for usage."""
        return self._line("Usage", amount, 1, block_id)

    def prepaid(self, block_id: str, amount: float, credits_: int) -> Body:
        """Return a line that sells a block: the quantity is the credits."""
        return self._line("Prepaid Credits", amount, credits_, block_id)

    def id_of(self, record: str, number: str) -> str:
        """Return the internal id of a document by its number."""
        sql = (
            f"SELECT t.id AS id FROM transaction t WHERE t.recordtype = '{record}' "
            f"AND t.tranid = '{number}' ORDER BY t.id"
        )
        return self.company.rows(sql)[0]["id"]

    def _line(self, item: str, amount: float, quantity: int, block_id: str) -> Body:
        line: Body = {
            "item": {"id": self._id("item", "itemid", item)},
            "quantity": quantity,
            "amount": amount,
        }
        return {**line, "custcol_dd_block_id": block_id} if block_id else line

    def _id(self, table: str, column: str, value: str) -> str:
        sql = f"SELECT x.id AS id FROM {table} x WHERE x.{column} = '{value}' ORDER BY x.id"
        return self.company.rows(sql)[0]["id"]

    def _write(self, path: str, body: Body) -> None:
        self.company.rest("POST", path, body)


def _kept(line: Body) -> Body:
    return {
        "item": {"id": line["item"]["id"]},
        "line": line["line"],
        "quantity": 1,
        "custcol_dd_block_id": line["custcol_dd_block_id"],
    }
