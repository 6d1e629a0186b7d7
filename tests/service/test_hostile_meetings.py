"""Where two things meet that rarely do: calendars that do not fit, corrections after the end."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from drawdown.billing.plan_file import read_plan
from drawdown.core.subscription.span import day_of, midnight
from tests.cases.plan_script import live
from tests.cases.plans import ONE_TIME, Shop, one_line, plan, usage


def monthly(more: str = "", head: str = 'term = "3 months"') -> str:
    """A plan that allocates 1,000 a month."""
    return one_line(f'charge = "recurring"\nevery = "1 month"\namount = 1000\n{more}', head)


MEETINGS = {
    # A correction after the end of a term whose remainder is refunded: what it gives back is too.
    "correction after a refund": (
        one_line('charge = "one_time"\namount = 100', 'term = "1 month"\nend_of_term = "refund"'),
        """
    2024-01-05 use 100 id=1
    2024-01-31 bill
    = block S/pre/1 100.00 0.00 0.00
    2024-02-05 correct 1 70
    2024-02-29 bill
    = block S/pre/1 70.00 0.00 30.00
        """,
    ),
    "correction after the last term of what is carried over": (
        one_line('charge = "one_time"\namount = 100', 'term = "1 month"\ncarry_over = true'),
        """
    2024-01-05 use 100 id=1
    2024-01-31 renew 2
    2024-01-31 bill
    2024-02-10 correct 1 70
    2024-02-29 bill                         # it is the second month that the rest lives in
    = block S/pre/1 70.00 30.00 0.00
    2024-03-05 correct 1 60
    2024-03-31 bill
    = block S/pre/1 60.00 40.00 0.00
    = block S/pre/2 0.00 100.00 0.00
        """,
    ),
    # What is granted for nothing is not refunded, whatever the term does with the rest.
    "correction of a grant after a refund": (
        one_line('charge = "one_time"\namount = 100', 'term = "1 month"\nend_of_term = "refund"'),
        """
    2024-01-01 give gift 10 priority=-1
    2024-01-05 use 110 id=1
    2024-01-31 bill
    2024-02-05 correct 1 4
    2024-02-29 bill
    = block S/pre/1 0.00 0.00 100.00
    = block gift 0.00 0.00 0.00
    = 2024-03-01 left 0
        """,
    ),
    "usage at the instant of an expiry": (
        one_line('charge = "one_time"\namount = 100\nvalidity = "10 days"'),
        """
    2024-01-10T23:59:59 use 30
    2024-01-11T00:00:00 use 50
    2024-01-31 bill
    = invoice S-1 30.00 50.00
    = block S/pre/1 30.00 70.00 0.00
        """,
    ),
    "usage at the instant of a recurrence": (
        monthly(),
        """
    2024-01-31T23:59:59 use 100
    2024-02-01T00:00:00 use 10
    = 2024-02-01T00:00:00 S/pre/2 990
    2024-02-29 bill
    = block S/pre/1 100.00 900.00 0.00
    = invoice S-2 10.00 0.00
        """,
    ),
    # Volume prices fall where a tier begins: pay as you go is given back first, then the last draw.
    "a price that falls": (
        """
[[prepay]]
id = "pre"
charge = "one_time"
amount = 60
[[usage]]
id = "api"
item = "api"
model = "volume"
tiers = [{ up_to = 100, rate = "1" }, { rate = "0.50" }]
draws = ["pre"]
        """,
        """
    2024-01-01 give gift 20 priority=1
    2024-01-05 use 100
    = 2024-01-05T13:00 S/pre/1 0 | gift 0
    2024-01-06 use 1
    = 2024-01-06T13:00 S/pre/1 9.5 | gift 20
    2024-01-31 bill
    = invoice S-1 50.50 0.00
        """,
    ),
    "a block voided after it rolled over": (
        monthly("rollover = { periods = 2 }"),
        """
    2024-01-10 use 800
    2024-01-31 bill
    = 2024-02-05 left 1200
    2024-02-05 void S/pre/1
    = 2024-02-06 left 1000
    2024-02-10 use 1100
    2024-04-30 bill
    = invoice S-2 1000.00 100.00
    = block S/pre/1 800.00 0.00 200.00
        """,
    ),
    "usage of before an expiry that was posted": (
        ONE_TIME,
        """
    2024-01-01 give trial 50 price=50.00 until=2024-01-20 priority=-1
    2024-01-10 use 30
    2024-01-31 bill
    = block trial 30.00 20.00 0.00
    2024-01-15 use 40                       # what has become breakage pays no more
    = 2024-02-05 S/pre/1 60 | trial 0
    2024-02-29 bill
    = invoice S-2 40.00 0.00
    = block trial 30.00 20.00 0.00
        """,
    ),
    "usage of before an expiry that was not posted": (
        ONE_TIME,
        """
    2024-01-01 give trial 50 price=50.00 until=2024-01-20 priority=-1
    2024-01-10 use 30
    = 2024-01-25 S/pre/1 100 | trial 0
    2024-01-15 use 40
    = 2024-01-25 S/pre/1 80 | trial 0
    2024-01-31 bill
    = block trial 50.00 0.00 0.00
        """,
    ),
    "a correction beyond what refills were bought for": (
        one_line('charge = "auto_refill"\namount = 10\nminimum_balance = 2', 'term = "2 months"'),
        """
    2024-01-05 use 35 id=1
    = blocks S/pre/1 S/pre/r1 S/pre/r2 S/pre/r3
    2024-01-06 correct 1 3                  # what was bought was bought
    = 2024-01-07 left 37
    2024-01-31 bill
    2024-02-06 correct 1 0
    = 2024-02-07 left 40
    2024-02-29 bill
    = blocks S/pre/1 S/pre/r1 S/pre/r2 S/pre/r3
    = block S/pre/1 0.00 10.00 0.00
    = block S/pre/r3 0.00 10.00 0.00
        """,
    ),
    # A refill that was used up, and invoiced, comes back without being invoiced again.
    "a correction of what a refill paid that was invoiced with a bill": (
        one_line('charge = "auto_refill"\namount = 10\nrefill_invoice = "with_next_bill"'),
        """
    2024-01-05 use 15 id=1
    2024-01-31 bill
    2024-02-05 use 5
    2024-02-29 bill
    = 2024-03-01 left 10
    2024-03-05 correct 1 8
    2024-03-31 bill
    = 2024-04-01 S/pre/1 2 | S/pre/r1 5 | S/pre/r2 10
    2024-04-30 bill
    = blocks S/pre/1 S/pre/r1 S/pre/r2
        """,
    ),
    # It is not invoiced; what it paid for needs another one.
    "a refill voided before it was invoiced": (
        one_line('charge = "auto_refill"\namount = 10\nrefill_invoice = "with_next_bill"'),
        """
    2024-01-05 use 15
    2024-01-10 void S/pre/r1
    = 2024-01-11 left 5
    2024-01-31 bill
    = invoice S-1 15.00 0.00
    = blocks S/pre/1 S/pre/r1 S/pre/r2
    = block S/pre/r1 0.00 0.00 10.00
    = block S/pre/r2 5.00 0.00 0.00
        """,
    ),
    # At the end of a period what would not roll over lapses first; what would is refunded.
    "an early end at the instant of a rollover": (
        monthly('rollover = { share = "50%", periods = 2 }', 'term = "1 year"'),
        """
    2024-01-10 use 400
    2024-01-31 bill
    2024-02-10 use 100
    2024-03-01 end refund
    2024-03-31 bill
    = blocks S/pre/1 S/pre/2
    = block S/pre/1 500.00 400.00 100.00
    = block S/pre/2 0.00 500.00 500.00
        """,
    ),
    "an early end in the middle of a period that rolls over": (
        monthly('rollover = { share = "50%", periods = 2 }', 'term = "1 year"'),
        """
    2024-01-10 use 400
    2024-02-15 end refund
    2024-02-29 bill
    = blocks S/pre/1 S/pre/2
    = block S/pre/1 400.00 300.00 300.00
    = block S/pre/2 0.00 0.00 1000.00
        """,
    ),
    "a promotion that rolls over": (
        monthly('kind = "promotional"\nrollover = { share = "50%" }'),
        """
    2024-01-10 use 400
    = 2024-02-01 left 1300
    2024-02-29 bill
    = 2024-03-01 left 1500
    2024-04-30 bill
    = invoice S-1 0.00 0.00
    = block S/pre/1 0.00 0.00 0.00
        """,
    ),
    # Like usage of that size, which would keep the customer from being billed.
    "a correction that no usage can come to": (
        ONE_TIME,
        """
    2024-01-05 use 5 id=1
    2024-01-06 correct 1 10000000001 id=much -> comes to more than 10,000,000,000 USD
    2024-01-06 correct 1 -5 id=less         -> is negative
    2024-01-06 correct 2 10000000001 id=early -> is not known yet
    2024-01-07 use 5 id=2                   -> comes to more than 10,000,000,000 USD
    2024-01-07 use -5 id=3                  -> is negative
    2024-01-31 bill
    = invoice S-1 5.00 0.00
    2024-02-06 correct 1 10000000001 id=late -> comes to more than 10,000,000,000 USD
    2024-02-06 correct 1 7
    2024-02-29 bill
    = invoice S-2 2.00 0.00
        """,
    ),
    "two grants that differ in nothing but their id": (
        ONE_TIME,
        """
    2024-01-01 give b 10 priority=-1 until=2024-01-31
    2024-01-01 give a 10 priority=-1 until=2024-01-31
    2024-01-05 use 12
    = 2024-01-06 a 0 | b 8
        """,
    ),
}


@pytest.mark.parametrize("name", MEETINGS)
def test_meeting(shop: Shop, name: str) -> None:
    live(shop, *MEETINGS[name])


# -- subscriptions that share ---------------------------------------------------------------------

OTHER = one_line('charge = "one_time"\namount = 1', 'term = "1 month"')
"""A plan whose subscription ends, and is billed for corrections after all others."""


@pytest.mark.parametrize("lender", ["A", "Z"])
def test_what_one_gives_back_another_draws(shop: Shop, lender: str) -> None:
    """The credit memo of one comes before the invoice of the other, which draws the same block."""
    shop.subscribe(plan(one_line('charge = "one_time"\namount = 10\nshared = true')), lender)
    shop.subscribe(plan(OTHER), "M")
    shop.use(usage("1", "2024-01-10", 11, subscription_id="M"))
    shop.bill("2024-01-31")
    shop.use(usage("k", "2024-02-05", 1, corrects="1"))
    shop.use(usage("2", "2024-02-10", 10, subscription_id=lender))
    report = shop.bill("2024-02-29")
    assert (report.problems, report.credit_memos) == ((), 1)
    invoices = {one.number: (one.drawn_minor, one.due_minor) for one in shop.invoices()}
    assert invoices == {"M-1": (1100, 0), f"{lender}-2": (1000, 0)}


@pytest.mark.parametrize("lender", ["A", "Z"])
def test_what_one_gives_back_to_an_expired_block_of_another_expires(
    shop: Shop, lender: str
) -> None:
    """The end waits for the credit memo: before it there is nothing that could expire."""
    text = one_line('charge = "one_time"\namount = 10\nvalidity = "1 month"\nshared = true')
    shop.subscribe(plan(text), lender)
    shop.subscribe(plan(OTHER), "M")
    shop.use(usage("1", "2024-01-10", 11, subscription_id="M"))
    shop.bill("2024-01-31")
    shop.use(usage("k", "2024-02-05", 3, corrects="1"))
    shop.bill("2024-02-29")
    shop.bill("2024-03-31")
    life = shop.lives()[f"{lender}/pre/1"]
    assert life.block.remaining_credits == 0
    assert [e.amount_minor for e in life.entries if e.code == "E1"] == [800]


# -- calendars ------------------------------------------------------------------------------------


def bought_on(shop: Shop) -> list[str]:
    """Return the days on which blocks begin and end."""
    blocks = sorted(shop.blocks().values(), key=lambda one: one.effective_at)
    return [f"{one.effective_at:%m-%d}..{one.expires_at:%m-%d}" for one in blocks if one.expires_at]


@pytest.mark.parametrize(
    ("starts_on", "days"),
    [
        ("2023-01-31", "01-31 02-28 03-31 04-30 05-31 06-30 07-31"),
        ("2023-11-29", "11-29 12-29 01-29 02-29 03-29 04-29 05-29"),
        ("2023-11-30", "11-30 12-30 01-30 02-29 03-30 04-30 05-30"),
        ("2022-11-30", "11-30 12-30 01-30 02-28 03-30 04-30 05-30"),
        ("2023-12-31", "12-31 01-31 02-29 03-31 04-30 05-31 06-30"),
    ],
)
def test_months_that_are_too_short_move_nothing(shop: Shop, starts_on: str, days: str) -> None:
    """Three allocations a term, two terms: the second begins on the last day of February or so."""
    head = 'term = "3 months"\nrenew = true'
    live(shop, monthly("", head), "2024-07-31 bill", starts_on)
    first = days.split()
    assert bought_on(shop)[:6] == [f"{a}..{b}" for a, b in pairwise(first)]


def test_a_year_that_began_on_a_leap_day(shop: Shop) -> None:
    head = 'term = "1 year"\nrenew = true'
    live(shop, monthly("", head), "2025-04-30 bill", "2024-02-29")
    assert bought_on(shop)[10:14] == [
        "12-29..01-29", "01-29..02-28", "02-28..03-29", "03-29..04-29",
    ]  # fmt: skip
    assert len([one for one in shop.blocks() if one.startswith("S/pre/")]) == 15


def test_what_rolled_over_lives_to_the_end_of_a_month_not_of_its_number(shop: Shop) -> None:
    """A month that began on the 31st ends on 29 February, and what rolled over on 31 March."""
    live(shop, monthly('rollover = { validity = "1 month" }', ""), "", "2023-12-31")
    assert shop.left("2024-01-31T00:00:00") == 2000
    shop.bill("2024-01-30")
    ends = [f"{one.block_id} {one.expires_at:%m-%d}" for one in shop.blocks().values()]
    assert ends == ["S/pre/1 02-29", "S/pre/2 03-31"]


@pytest.mark.parametrize(
    "zone",
    [
        "America/Sao_Paulo", "America/Havana", "Asia/Beirut", "Africa/Cairo", "America/Santiago",
        "Australia/Lord_Howe", "Asia/Kathmandu", "America/New_York",
    ],
)  # fmt: skip
def test_a_day_begins_at_its_first_instant(zone: str) -> None:
    """Also where clocks change at midnight, so that there is no midnight, or there are two."""
    found, tick = ZoneInfo(zone), timedelta(microseconds=1)
    day = date(2010, 1, 1)
    while day < date(2026, 1, 1):
        begins = midnight(day, found)
        assert day_of(begins, found) == day
        assert day_of(begins - tick, found) == day - timedelta(days=1)
        day += timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (one_line('charge = "one_time"\namount = 1\nvalidity = "101 years"'), "validity"),
        (one_line('charge = "recurring"\namount = 1\nevery = "9999 years"'), "every"),
        (one_line('charge = "one_time"\namount = 1', 'term = "9999 quarters"'), "term"),
        (monthly("rollover = { periods = 1201 }"), "rollover"),
    ],
)
def test_a_span_that_no_calendar_has_is_told(text: str, key: str) -> None:
    found = read_plan(f'id = "p"\ncurrency = "USD"\n{text}')
    assert isinstance(found, list)
    (problem,) = found
    assert problem.message.startswith(f"{key}: ")
    assert "longer than 100 years" in problem.message
