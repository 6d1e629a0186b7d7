"""Prepay with drawdown beyond Oracle's example: other sizes, refills, ends and corrections.

Whatever happens, what the elements sell is what was bought, adjustments are reversed exactly, and
at the end all deferred revenue is recognized: as usage, as the unused rest, or not at all if that was
refunded.
"""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from billing_client import Subscription, control, journal
from sandbox_client import Client

RATES = ("2.50", "1.30")
MONTHS = ("2024-01", "2024-02", "2024-03", "2024-04")
ENDS = {"2024-01": "2024-01-31", "2024-02": "2024-02-29", "2024-03": "2024-03-31"}


class Life:
    """A subscription from January to March, and its bookkeeping to April."""

    def __init__(self, ns: Client, **terms: Any) -> None:
        self.ns = ns
        self.sub = Subscription(ns, rates=RATES, **terms)
        self.standing: list[list[str]] = []

    def month(self, month: str, usage: Any = (), *, end: str | None = None) -> None:
        """Bill, record and rate usage, end the term, close the month's books; check them."""
        self.sub.bill(f"{month}-01")
        for line, quantity, day in usage:
            self.sub.usage(quantity, f"{month}-{day:02d}", line)
        if month in ENDS:
            self.sub.rate(ENDS[month])
        if end is not None:
            control(self.ns, "/end-of-term", subscription=self.sub.id, remainder=end)
            self.sub.bill(ENDS[month])
        self.ns.month_end(month)
        self.reclassify(month)
        self.check(month)

    def reclassify(self, month: str) -> None:
        for made in control(self.ns, "/reclassification", period=month)["journals"]:
            lines = journal(self.ns, made["id"])
            if made["kind"].startswith("reversal"):
                other = {"Dr": "Cr", "Cr": "Dr"}
                assert [[other[side], *rest] for side, *rest in lines] == self.standing
                self.standing = []
            else:
                self.standing = lines

    def check(self, month: str) -> None:
        """Elements sell what was charged so far; the contract asset is what is standing."""
        day = ENDS.get(month, "2024-04-30")
        (charged,) = self.ns.sql(
            "SELECT SUM(amount) s FROM charge WHERE chargedate <= TO_DATE(?, 'YYYY-MM-DD')", day
        )
        (sold,) = self.ns.sql("SELECT SUM(salesamount) s FROM revenueelement")
        assert Decimal(sold["s"]) == Decimal(charged["s"])
        asset = sum(Decimal(amount) for side, name, amount in self.standing if side == "Dr")
        assert self.ns.balance("1150") == asset

    def finish(self) -> dict[str, Decimal]:
        """What is left on the books: receivables and income; nothing else."""
        balances = {k: Decimal(v) for k, v in self.ns.balances().items()}
        assert set(balances) <= {"1100", "40110", "40120", "40130"}, balances
        assert sum(balances.values()) == 0
        assert not self.standing
        return balances


def test_usage_above_the_whole_prepayment(ns: Client) -> None:
    """Auto-Refill makes as many prepayments as the usage needs. Source: section_0903123502."""
    life = Life(ns, amount=1000, minimum=300)
    life.month("2024-01", [(2, 2000, 31), (3, 1000, 31)])  # 5,000 + 1,300 of 1,000
    assert life.sub.balance() == 1000 + 6 * 1000 - 6300
    life.month("2024-02")
    life.month("2024-03")
    life.month("2024-04")
    assert life.finish() == {"1100": Decimal(7000), "40110": Decimal(-700),
                             "40120": Decimal(-5000), "40130": Decimal(-1300)}  # fmt: skip


def test_several_refills_in_one_month(ns: Client) -> None:
    """Each rating run looks at the minimum balance anew. Source: section_0903123502."""
    life = Life(ns, amount=1000, minimum=100)
    for day, quantity in ((5, 360), (15, 400), (25, 440)):  # 900, 1,000, 1,100
        life.sub.usage(quantity, f"2024-01-{day:02d}")
        made = life.sub.rate(f"2024-01-{day:02d}")
        assert made.count((1, "1000")) == 1
    assert life.sub.balance() == 1000
    for month in MONTHS:
        life.month(month)
    assert life.finish() == {"1100": Decimal(4000), "40110": Decimal(-1000),
                             "40120": Decimal(-3000)}  # fmt: skip


def test_one_time_with_overage(ns: Client) -> None:
    """What goes beyond the prepayment is billed directly and recognized as used. Source: section_0919040318."""
    life = Life(ns, amount=1000, frequency="ONETIME")
    life.month("2024-01", [(2, 300, 31)])  # 750
    life.month("2024-02", [(2, 200, 29)])  # 500, of which 250 are drawn
    assert life.sub.balance() == 0
    life.month("2024-03", [(3, 100, 31)])  # 130, pay as you go
    life.month("2024-04")
    assert life.finish() == {"1100": Decimal(1380), "40120": Decimal(-1250),
                             "40130": Decimal(-130)}  # fmt: skip


@pytest.mark.parametrize(("end", "kept"), [("refund", "0"), ("recognize", "500")])
def test_early_termination(ns: Client, end: str, kept: str) -> None:
    """The rest is refunded or recognized when the term ends early. Source: section_0903123502."""
    life = Life(ns, amount=1000, frequency="ONETIME")
    life.month("2024-01", [(2, 200, 20)])
    assert life.sub.order("TERMINATE", "2024-02-29").status_code == 204
    life.month("2024-02", end=end)
    life.month("2024-03")
    income = {"40110": -Decimal(kept)} if kept != "0" else {}
    assert life.finish() == {"1100": 500 + Decimal(kept), "40120": Decimal(-500), **income}


def test_refund_after_refills(ns: Client) -> None:
    """The remainder of all prepayments is refunded by a credit memo. Source: section_0903123502."""
    life = Life(ns, amount=1000, minimum=300)
    life.month("2024-01", [(2, 500, 31)])  # 1,250: two refills
    life.month("2024-02", [(3, 500, 29)])  # 650
    assert life.sub.balance() == 1100
    life.month("2024-03", end="refund")
    life.month("2024-04")
    assert life.finish() == {"1100": Decimal(1900), "40120": Decimal(-1250),
                             "40130": Decimal(-650)}  # fmt: skip


def test_corrected_usage(ns: Client) -> None:
    """A void gives back what was drawn; the right usage is recorded anew. Source: section_1546981289."""
    life = Life(ns, amount=1000)
    wrong = life.sub.usage(200, "2024-01-15")
    life.month("2024-01")
    assert life.sub.balance() == 500
    assert ns.call("PATCH", f"/usage/{wrong}", {"status": "VOIDED"}).status_code == 204
    life.sub.usage(100, "2024-01-15")
    life.month("2024-02")
    assert life.sub.balance() == 750
    life.month("2024-03")
    life.month("2024-04")
    assert life.finish() == {"1100": Decimal(1000), "40110": Decimal(-750),
                             "40120": Decimal(-250)}  # fmt: skip


def test_deleted_usage(ns: Client) -> None:
    """Usage that is not rated can be deleted; it leaves no trace. Source: section_1546981289."""
    life = Life(ns, amount=1000)
    for month in MONTHS[:3]:
        gone = life.sub.usage(100, f"{month}-10")
        assert ns.call("DELETE", f"/usage/{gone}").status_code == 204
        life.month(month)
    life.month("2024-04")
    assert life.finish() == {"1100": Decimal(1000), "40110": Decimal(-1000)}


def test_everything_voided(ns: Client) -> None:
    """With all usage voided the whole prepayment is left for the end. Source: section_1546981289."""
    life = Life(ns, amount=1000, frequency="ONETIME")
    used = [life.sub.usage(500, "2024-01-15"), life.sub.usage(100, "2024-01-16", 3)]
    life.month("2024-01")  # 1,250 + 130: beyond the prepayment
    for one in used:
        assert ns.call("PATCH", f"/usage/{one}", {"status": "VOIDED"}).status_code == 204
    for month in MONTHS[1:]:
        life.month(month)
    assert life.sub.balance() == 1000
    assert life.finish() == {"1100": Decimal(1000), "40110": Decimal(-1000)}


def test_rating_to_an_earlier_day(ns: Client) -> None:
    """A run up to an earlier day leaves what was rated before. Source: section_1547759775."""
    life = Life(ns, amount=1000)
    life.sub.usage(100, "2024-01-27")
    assert life.sub.rate("2024-01-31") == [(2, "250"), (1, "-250")]
    life.sub.usage(40, "2024-01-10")
    assert life.sub.rate("2024-01-15") == [(2, "100"), (1, "-100")]


@pytest.mark.parametrize("seed", [*range(10), 21, 31, 44])
def test_random_lives(ns: Client, seed: int) -> None:
    """Any terms, any usage, rated at any time, voided at any time: the books hold."""
    chance = random.Random(seed)  # noqa: S311 (repeatable chance is the point)
    frequency = chance.choice(["AUTOREFILL", "ONETIME"])
    life = Life(ns, amount=chance.choice([100, 999.99, 5000]), frequency=frequency,
                minimum=chance.choice([0, 33.33, 300]) if frequency == "AUTOREFILL" else 0)  # fmt: skip
    live: dict[str, tuple[int, Decimal]] = {}
    for month in MONTHS[:3]:
        for _ in range(chance.randint(0, 4)):
            line, quantity = chance.choice([2, 3]), Decimal(chance.randint(1, 900))
            day = chance.randint(1, 28)
            one = life.sub.usage(float(quantity), f"{month}-{day:02d}", line)
            live[one] = (line, quantity)
            if chance.random() < 0.3:
                life.sub.rate(f"{month}-{day:02d}")
        for one in [u for u in live if chance.random() < 0.15]:
            assert ns.call("PATCH", f"/usage/{one}", {"status": "VOIDED"}).status_code == 204
            live.pop(one)
        last = month == "2024-03"
        life.month(month, end=chance.choice(["refund", "recognize", None]) if last else None)
    life.month("2024-04")
    balances = life.finish()
    for line, rate, account in ((2, RATES[0], "40120"), (3, RATES[1], "40130")):
        used = sum(q for number, q in live.values() if number == line)
        assert -balances.get(account, Decimal(0)) == used * Decimal(rate)
