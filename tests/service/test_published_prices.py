"""What usage comes to, what is bought anew and what is paid back: published, with their figures."""

from __future__ import annotations

import pytest

from tests.cases.plan_script import Example, live
from tests.cases.plans import Shop, one_line


def of_money(amount: int, usage: str, more: str = "") -> str:
    """A plan that prepays money for one line of usage."""
    return f"""
[[prepay]]
id = "pre"
charge = "one_time"
amount = {amount}
{more}
[[usage]]
id = "api"
item = "api"
draws = ["pre"]
{usage}
"""


def of_credits(amount: int, price: str, usage: str, more: str = 'charge = "one_time"') -> str:
    """A plan that prepays credits for some lines of usage."""
    return f"""
id = "p"
currency = "USD"
unit = "credits"
end_of_term = "refund"
[[prepay]]
id = "pre"
amount = {amount}
price = "{price}"
{more}
{usage}
"""


def item(name: str, rate: str, more: str = 'overage_rate = "0"') -> str:
    """A line of usage that draws credits."""
    text = f'id = "{name}"\nitem = "{name}"\nrate = "{rate}"\ndraws = ["pre"]\n{more}\n'
    return f"[[usage]]\n{text}"


REFILLED = 'charge = "auto_refill"\namount = {}\nminimum_balance = {}\nrefill_amount = {}'

EXAMPLES = {
    "lago, package": Example(
        "getlago.com/docs, Package: 5.00 for 100 units, the first 100 free: 201 cost 10.00",
        of_money(100, 'model = "package"\nrate = 5\npackage = 100\nfree = 100'),
        """
    2024-01-10T01:00 use 100
    = 2024-01-10T02:00 left 100
    2024-01-10T03:00 use 100
    = 2024-01-10T04:00 left 95
    2024-01-10T05:00 use 1
    = 2024-01-10T06:00 left 90
        """,
    ),
    "lago, volume": Example(
        "getlago.com/docs, Volume: 65,000 calls at 0.0006 and a fee of 10.00 are 49.00",
        of_money(
            100,
            'model = "volume"\ntiers = [{ up_to = 10000, rate = "0.0010", flat = 10 }, '
            '{ up_to = 50000, rate = "0.0008", flat = 10 }, '
            '{ up_to = 100000, rate = "0.0006", flat = 10 }, { rate = "0.0004", flat = 10 }]',
        ),
        """
    2024-01-10T01:00 use 10000
    = 2024-01-10T02:00 left 80
    2024-01-10T03:00 use 55000
    = 2024-01-10T04:00 left 51
    2024-01-31 bill
    = invoice S-1 49.00 0.00
        """,
    ),
    "lago, graduated": Example(
        "getlago.com/docs, Graduated: 1.00 for the first 100 units, 0.50 for the next 100, then "
        "0.10; quantities of ours, at the ends of tiers",
        of_money(
            1000,
            'model = "tiered"\ntiers = [{ up_to = 100, rate = "1" }, '
            '{ up_to = 200, rate = "0.50" }, { rate = "0.10" }]',
        ),
        """
    2024-01-10T01:00 use 100
    = 2024-01-10T02:00 left 900
    2024-01-10T03:00 use 1
    = 2024-01-10T04:00 left 899.50
    2024-01-10T05:00 use 99
    = 2024-01-10T06:00 left 850
    2024-01-10T07:00 use 5
    = 2024-01-10T08:00 left 849.50
        """,
    ),
    "kong, credits and then an invoice": Example(
        "developer.konghq.com, Credit consumption and expiration: a charge of 100, 40 of credits: "
        "60 are invoiced",
        of_money(40, "rate = 1"),
        """
    2024-01-10 use 100
    2024-01-31 bill
    = invoice S-1 40.00 60.00
        """,
    ),
    "zuora, overage": Example(
        "docs.zuora.com, Overage handling: a charge of 300, 200 of prepaid credit: 100 are billed",
        of_money(200, "rate = 1"),
        """
    2024-01-10 use 300
    2024-01-31 bill
    = invoice S-1 200.00 100.00
        """,
    ),
    "kong, a price per credit": Example(
        "developer.konghq.com, Credit grants: 100 credits at 0.50 are 50.00; usage of ours",
        of_credits(100, "50.00", item("api", "1")),
        """
    2024-01-10 use 60
    2024-01-31 bill
    = invoice S-1 30.00 0.00
        """,
    ),
    "orb, revenue as credits are used": Example(
        "changelog.withorb.com, Non-zero cost basis allocations: 10,000 credits at 0.50, revenue "
        "as used, free credits beside; usage of ours",
        of_credits(10000, "5000.00", item("api", "1")),
        """
    2024-01-01 give free 100 priority=-1
    2024-01-10 use 1334
    2024-01-31 bill
    = invoice S-1 617.00 0.00
    2024-02-10 use 8766
    2024-02-29 bill
    = invoice S-2 4383.00 0.00
    = block S/pre/1 5000.00 0.00 0.00
        """,
    ),
    "chargebee, credits by kind of generation": Example(
        "chargebee.com/docs, Prepaid credits for usage-based billing: 3, 5, 10 and 6 credits a "
        "generation; grant and usage of ours",
        of_credits(
            100,
            "20.00",
            item("prompt", "3") + item("image", "5") + item("multi", "10") + item("gpt", "6"),
        ),
        """
    2024-01-10 use 2 prompt
    2024-01-11 use 3 image
    2024-01-12 use 4 multi
    2024-01-13 use 5 gpt
    = 2024-01-14 left 9
    2024-01-31 bill
    = invoice S-1 18.20 0.00
        """,
    ),
    "chargebee, overage of included tasks": Example(
        "chargebee.com/docs, Mid-term subscription changes: 50.00 a month with 100,000 tasks, "
        "0.10 for each more, 60,000 used by the 15th; 50,000 more of ours",
        of_credits(
            100_000,
            "50.00",
            item("tasks", "1", 'overage_rate = "0.10"'),
            'charge = "recurring"\nevery = "1 month"',
        ),
        """
    2024-01-15 use 60000 tasks
    = 2024-01-15 left 40000
    2024-01-20 use 50000 tasks
    2024-01-31 bill
    = invoice S-1 50.00 1000.00
        """,
    ),
    "dodo, units per credit": Example(
        "docs.dodopayments.com, Credit-based billing, Usage: 1,000 calls draw one credit, a "
        "threshold is free; figures of ours",
        of_credits(10, "10.00", item("api", "0.001", 'free = 500\noverage_rate = "0"')),
        """
    2024-01-10 use 500
    = 2024-01-11 left 10
    2024-01-12 use 2500
    = 2024-01-13 left 7.5
        """,
    ),
    "dodo and metronome, no charge beyond the credits": Example(
        "docs.dodopayments.com, Forgive overage at reset; docs.metronome.com, Guarantee zero "
        "overages: usage beyond the credits is counted and costs nothing; figures of ours",
        of_credits(
            100,
            "10.00",
            item("api", "1", 'overage_rate = "0"'),
            'charge = "recurring"\nevery = "1 month"',
        ),
        """
    2024-01-10 use 130
    = 2024-01-11 left 0
    2024-01-31 bill
    = invoice S-1 10.00 0.00
    = 2024-02-01 left 100
        """,
    ),
    "flexprice, top-up at a threshold": Example(
        "docs.flexprice.io, Auto top-up: threshold 50, amount 100, at or below it, again until the "
        "balance is above; first balance and usage of ours",
        one_line(REFILLED.format(200, 50, 100)),
        """
    2024-01-10T01:00 use 149
    = 2024-01-10T02:00 left 51
    2024-01-10T03:00 use 1
    = 2024-01-10T04:00 left 150
    2024-01-10T05:00 use 350
    = 2024-01-10T06:00 left 100
    = blocks S/pre/1 S/pre/r1 S/pre/r2 S/pre/r3 S/pre/r4
        """,
    ),
    "flexprice, one top-up a window": Example(
        "docs.flexprice.io, Auto top-up, Cooloff: at most one in a window, skipped and not queued; "
        "the window is a billing month, figures of ours",
        one_line(REFILLED.format(100, 50, 100) + "\nrefills_per_period = 1"),
        """
    2024-01-10 use 60
    = 2024-01-11 left 140
    2024-01-12 use 100
    = 2024-01-13 left 40
    2024-02-01 use 1
    = 2024-02-02 left 139
        """,
    ),
    # Differs: there a recharge fills up to a target (50), whatever the balance was; here it is an
    # amount of its own, so that usage in any order comes to the same.
    "stigg and metronome, up to a target": Example(
        "docs.stigg.io, Auto-recharge: below 20, back to 50; docs.metronome.com, Prepaid balance "
        "thresholds: threshold 10, recharge to at least 20; usage of ours",
        one_line(REFILLED.format(50, 20, 30)),
        """
    2024-01-10T01:00 use 30
    = 2024-01-10T02:00 left 50
    2024-01-10T03:00 use 35
    = 2024-01-10T04:00 left 45
        """,
    ),
    "valid email checker, value of unused credits": Example(
        "validemailchecker.com, Prorated billing explained: of 10,500 credits for 15.00 5,250 are "
        "left; the next plan of 55.00 costs 47.50, since 7.50 come back",
        of_credits(10_500, "15.00", item("api", "1")),
        """
    2024-01-15 use 5250
    2024-01-16 end refund
    2024-01-16 bill
    = block S/pre/1 7.50 0.00 7.50
        """,
    ),
    # Differs: there 50.00 of 100.00 come back on day 15 of 30, whatever was used. Here it is what
    # of the credits is not used.
    "meteroid, a refund by days": Example(
        "meteroid.com, Prorated credit: 100.00 a month, cancelled on day 15 of 30; usage of ours",
        of_money(100, "rate = 1"),
        """
    2024-04-10 use 10
    2024-04-16 end refund
    2024-04-30 bill
    = block S/pre/1 10.00 0.00 90.00
        """,
        "2024-04-01",
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_published_price(shop: Shop, name: str) -> None:
    live(shop, *EXAMPLES[name][1:])
