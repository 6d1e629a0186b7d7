"""Random lives of deposits and invoices: the books hold after every step."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from sandbox_client import BLOCK, Client

STEPS = 40
CURRENCIES = {"USD": ("1", 2), "EUR": ("1.09873", 2), "JPY": ("0.00671", 0), "KWD": ("3.257", 3)}


class Life:
    """A company to which random things happen, seeded."""

    def __init__(self, ns: Client, seed: int) -> None:
        self.ns = ns
        self.chance = random.Random(seed)  # noqa: S311 (repeatable chance is the point)
        self.deposits: list[str] = []
        self.invoices: list[str] = []
        self.applications: list[str] = []
        self.memos: list[str] = []
        self.month = 1
        self.count = 0

    def money(self, symbol: str) -> Decimal:
        return Decimal(self.chance.randint(1, 100_000)).scaleb(-CURRENCIES[symbol][1])

    def head(self) -> dict[str, Any]:
        self.count += 1
        symbol = self.chance.choice(sorted(CURRENCIES))
        change = self.chance.choice([Decimal(1), Decimal(1), Decimal("1.05")])
        rate = float(Decimal(CURRENCIES[symbol][0]) * change)
        return {
            "externalId": f"X{self.count}", "currency": {"refName": symbol}, "exchangeRate": rate,
            "tranDate": f"2024-{self.month:02d}-{self.chance.randint(1, 28):02d}",
        }  # fmt: skip

    def step(self) -> None:
        kinds = [self.deposit, self.invoice, self.apply, self.apply, self.shrink, self.undo,
                 self.memo, self.edit, self.close]  # fmt: skip
        self.chance.choice(kinds)()

    def deposit(self) -> None:
        head = self.head()
        body = {**head, "customer": {"id": self.ns.customer}, "payment":
                float(self.money(head["currency"]["refName"]))}  # fmt: skip
        self.deposits.append(self.ns.make("/customerDeposit", body))

    def invoice(self) -> None:
        head = self.head()
        lines = [
            {"item": {"id": self.chance.choice([self.ns.usage, self.ns.prepaid])}, BLOCK: "B1",
             "amount": float(self.money(head["currency"]["refName"]))}
            for _ in range(self.chance.randint(1, 3))
        ]  # fmt: skip
        body = {**head, "entity": {"id": self.ns.customer}, "item": {"items": lines}}
        self.invoices.append(self.ns.make("/invoice", body))

    def apply(self) -> None:
        rows = self.ns.sql(
            "SELECT d.id AS d, i.id AS i, d.foreignpaymentamountunused AS unused, "
            "i.foreignamountunpaid AS unpaid FROM transaction d JOIN transaction i "
            "ON i.currency = d.currency WHERE d.type = 'CustDep' AND i.type = 'CustInvc' "
            "AND d.foreignpaymentamountunused > 0 AND i.foreignamountunpaid > 0 ORDER BY d.id, i.id"
        )
        if rows:
            row = self.chance.choice(rows)
            most = min(Decimal(row["unused"]), Decimal(row["unpaid"]))
            part = self.chance.choice([most, (most / 3).quantize(Decimal(1).scaleb(
                most.as_tuple().exponent))])  # type: ignore[arg-type]  # fmt: skip
            if part:
                day = f"2024-{self.month:02d}-28"
                self.applications.append(
                    self.ns.apply(row["d"], row["i"], float(part), self.head()["externalId"],
                                  day=day)
                )  # fmt: skip

    def shrink(self) -> None:
        if self.applications:
            made = self.chance.choice(self.applications)
            body = self.ns.get(f"/depositApplication/{made}?expandSubResources=true")
            (line,) = body["apply"]["items"]
            decimals = CURRENCIES[body["currency"]["refName"].replace("US Dollar", "USD")
                                  .replace("Euro", "EUR").replace("Japanese Yen", "JPY")
                                  .replace("Kuwaiti Dinar", "KWD")][1]  # fmt: skip
            half = round(line["amount"] / 2, decimals)
            if half:
                patch = {"apply": {"items": [{"doc": {"id": line["doc"]["id"]}, "amount": half}]}}
                answer = self.ns.call("PATCH", f"/depositApplication/{made}", patch)
                assert answer.status_code == 204, answer.text

    def undo(self) -> None:
        if self.applications:
            made = self.applications.pop(self.chance.randrange(len(self.applications)))
            assert self.ns.call("DELETE", f"/depositApplication/{made}").status_code == 204

    def memo(self) -> None:
        if self.invoices:
            invoice = self.chance.choice(self.invoices)
            self.memos.append(
                self.ns.make(f"/invoice/{invoice}/!transform/creditMemo",
                             {"tranDate": f"2024-{self.month:02d}-28"})
            )  # fmt: skip

    def edit(self) -> None:
        if self.invoices:
            invoice = self.chance.choice(self.invoices)
            change = {"item": {"items": [{"line": 1, "amount": self.chance.randint(0, 5000)}]}}
            assert self.ns.call("PATCH", f"/invoice/{invoice}", change).status_code in {204, 400}

    def close(self) -> None:
        if self.month < 12:
            self.ns.month_end(f"2024-{self.month:02d}")
            self.month += 1

    def end(self) -> None:
        """Delete everything and run a last month end."""
        for record, made in (
            ("depositApplication", self.applications),
            ("creditMemo", self.memos),
            ("invoice", self.invoices),
            ("customerDeposit", self.deposits),
        ):
            for record_id in made:
                answer = self.ns.call("DELETE", f"/{record}/{record_id}")
                assert answer.status_code == 204, answer.text
        self.ns.month_end("2024-12")


def check(ns: Client) -> None:
    """Every posting balances; the ledger and the open amounts of documents agree."""
    for row in ns.sql(
        "SELECT transaction, SUM(amount) AS s FROM transactionaccountingline "
        "WHERE posting = 'T' GROUP BY transaction HAVING SUM(amount) <> 0"
    ):
        raise AssertionError(row)
    ledger = {row["number"]: row["currencies"] for row in ns.http.get("/_sandbox/ledger").json()}
    for account, unpaid in (
        ("1100", "foreignamountunpaid"),
        ("2100", "foreignpaymentamountunused"),
    ):
        kinds = "'CustInvc'" if account == "1100" else "'CustDep'"
        open_by = {
            row["c"]: Decimal(row["s"])
            for row in ns.sql(f"SELECT c.symbol AS c, SUM(t.{unpaid}) AS s FROM transaction t "
                              f"JOIN currency c ON c.id = t.currency WHERE t.type IN ({kinds}) "
                              "GROUP BY c.symbol")
        }  # fmt: skip
        sign = 1
        if account == "1100":
            for row in ns.sql(
                "SELECT c.symbol AS c, SUM(t.foreignpaymentamountunused) AS s "
                "FROM transaction t JOIN currency c ON c.id = t.currency "
                "WHERE t.type = 'CustCred' GROUP BY c.symbol"
            ):
                open_by[row["c"]] = open_by.get(row["c"], Decimal(0)) - Decimal(row["s"])
        else:
            sign = -1
        for symbol in CURRENCIES:
            held = Decimal(ledger[account].get(symbol, "0"))
            assert held == sign * open_by.get(symbol, Decimal(0)), (account, symbol)


@pytest.mark.parametrize("seed", range(8))
def test_random_lives(ns: Client, seed: int) -> None:
    """Whatever happens in whatever order, the books balance; deleting all leaves nothing."""
    life = Life(ns, seed)
    for _ in range(STEPS):
        life.step()
        check(ns)
    life.end()
    assert ns.balances() == {}
