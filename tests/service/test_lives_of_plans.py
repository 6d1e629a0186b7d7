"""Recurrence, rollover, thresholds, ends of terms: how they meet."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from drawdown.core.block import State
from drawdown.core.errors import SubscriptionError
from drawdown.core.subscription.plan import EndOfTerm
from drawdown.service.subscriptions import renew, terminate
from drawdown.service.usage import ingest_usage
from drawdown.store.database import Database
from tests.cases.plans import ONE_TIME, Shop, at, one_line, plan, usage

D = Decimal


# -- recurrence and rollover ----------------------------------------------------------------------


def recurring(rollover: str, head: str = 'term = "4 months"') -> str:
    every = 'charge = "recurring"\nevery = "1 month"\namount = 1000'
    return one_line(f"{every}\n{rollover}", head)


def test_zuora_rollover(shop: Shop) -> None:
    """ZU-01: 1,000 a month, 800 used in January: February begins with 1,200.

    Source: docs.zuora.com, "Create prepayment charge with rollover", example of the UI.
    """
    shop.subscribe(plan(recurring("rollover = { periods = 2 }")))
    assert shop.left("2024-01-01") == 1000
    shop.use(usage("1", "2024-01-15", 800))
    assert shop.left("2024-01-31") == 200
    shop.bill("2024-01-31")
    assert shop.left("2024-02-01") == 1200
    shop.use(usage("2", "2024-02-15", 150))
    left = {one.block.block_id: one.left for one in shop.balance("2024-02-16").blocks}
    assert left == {"S/pre/1": 50, "S/pre/2": 1000}  # what rolled over goes first
    shop.bill("2024-04-30")
    blocks = shop.blocks()
    assert {one.state for one in blocks.values()} == {State.EXPIRED}
    # January's rest lives to the end of March, February's to the end of the term.
    ends = {
        block_id: [m.occurred_at.date() for m in life.movements if m.step.value == "expired"]
        for block_id, life in shop.lives().items()
    }
    assert ends == {
        "S/pre/1": [date(2024, 4, 1)],
        "S/pre/2": [date(2024, 5, 1)],
        "S/pre/3": [date(2024, 5, 1)],
        "S/pre/4": [date(2024, 5, 1)],
    }


def test_apply_last_draws_what_is_new_first(shop: Shop) -> None:
    shop.subscribe(plan(recurring('rollover = { periods = 2, apply = "last" }')))
    shop.use(usage("1", "2024-01-15", 800), usage("2", "2024-02-15", 150))
    left = {one.block.block_id: one.left for one in shop.balance("2024-02-16").blocks}
    assert left == {"S/pre/1": 200, "S/pre/2": 850}


@pytest.mark.parametrize(
    ("rollover", "after"),
    [
        ("", 1000),
        ("rollover = {}", 1600),
        ('rollover = { share = "50%" }', 1300),
        ("rollover = { cap = 250 }", 1250),
        ('rollover = { share = "50%", cap = 250 }', 1250),
        ('rollover = { validity = "10 days" }', 1600),
    ],
)
def test_share_and_cap(shop: Shop, rollover: str, after: int) -> None:
    """Of 600 left of January some rolls over; the rest is breakage of January."""
    shop.subscribe(plan(recurring(rollover)))
    shop.use(usage("1", "2024-01-15", 400))
    assert shop.left("2024-02-01") == after
    shop.bill("2024-01-31")
    assert shop.left("2024-02-01") == after
    first = shop.lives()["S/pre/1"]
    lapsed = sum(e.amount_minor for e in first.entries if e.code == "E1")
    assert lapsed == (1600 - after) * 100
    assert {e.posted_on for e in first.entries if e.code == "E1"} <= {date(2024, 1, 31)}
    shop.bill("2024-02-29")
    still = 1000 if rollover and "validity" not in rollover and "cap" not in rollover else None
    if still is not None:
        assert shop.left("2024-03-01") == 2000 if '"50%"' not in rollover else 1500 + 0


def test_a_cap_counts_all_that_is_carried_over(shop: Shop) -> None:
    """Of 500 carried from January and 1,000 of February only 1,200 go on; the oldest lapses."""
    shop.subscribe(plan(recurring("rollover = { cap = 1200, periods = 3 }")))
    shop.use(usage("1", "2024-01-15", 500))
    assert shop.left("2024-02-01") == 1500
    left = {one.block.block_id: one.left for one in shop.balance("2024-03-01").blocks}
    assert left == {"S/pre/1": 200, "S/pre/2": 1000, "S/pre/3": 1000}
    shop.bill("2024-02-29")
    assert shop.blocks()["S/pre/1"].remaining_credits == 200


def test_an_own_expiry_of_what_rolled_over(shop: Shop) -> None:
    shop.subscribe(plan(recurring('rollover = { validity = "10 days" }')))
    assert [shop.left(on) for on in ("2024-01-31", "2024-02-10", "2024-02-11")] == [
        1000, 2000, 1000,
    ]  # fmt: skip


def test_usage_before_a_lapse_that_comes_to_light_after_it(shop: Shop) -> None:
    """Not billed: it draws what was there then. Billed: it draws what is there now."""
    shop.subscribe(plan(recurring('rollover = { share = "50%" }')))
    shop.use(usage("2", "2024-02-02", 100))
    assert shop.left("2024-02-03") == 1400
    shop.use(usage("1", "2024-01-30", 200))
    assert shop.left("2024-02-03") == 1300
    shop.bill("2024-01-31")
    shop.use(usage("3", "2024-01-31", 200))
    assert shop.left("2024-02-03") == 1100


# -- expiry ---------------------------------------------------------------------------------------


def test_metronome_segment(shop: Shop) -> None:
    """MT-01: a credit of 100 for September, 63 used: 37 expire, the ledger ends at zero.

    Source: docs.metronome.com, "Remaining balance".
    """
    text = one_line('charge = "one_time"\namount = 100\nvalidity = "1 month"')
    shop.subscribe(plan(text), starts_on="2024-09-01")
    shop.use(usage("1", "2024-09-20", 63))
    shop.bill("2024-09-30")
    life = shop.lives()["S/pre/1"]
    used = [(m.step.value, m.credits) for m in life.movements if m.credits]
    assert used == [("drawn", D(63)), ("expired", D(37))]
    assert life.block.remaining_credits == 0


def test_zuora_expiration(shop: Shop) -> None:
    """ZU-03: a commitment of 1,200, 800 consumed: 400 expire and nothing is due for it.

    Source: docs.zuora.com, prepaid commitment, "Expiration".
    """
    text = one_line('charge = "one_time"\namount = 1200\nvalidity = "1 month"')
    shop.subscribe(plan(text))
    shop.use(usage("1", "2024-01-20", 800))
    shop.bill("2024-01-31")
    life = shop.lives()["S/pre/1"]
    assert [m.credits for m in life.movements if m.step.value == "expired"] == [400]
    assert life.block.remaining_credits == 0
    assert [one.due_minor for one in shop.invoices()] == [0]


def test_invoice_ninja_expiry(shop: Shop) -> None:
    """IN-01: 200 from 1 to 31 July; 120 on the 20th, 20 on the 25th: 60 are left and expire.

    Source: github.com/invoiceninja/invoiceninja issue 6142.
    """
    text = one_line('charge = "one_time"\namount = 200\nvalidity = "1 month"')
    shop.subscribe(plan(text), starts_on="2024-07-01")
    shop.use(usage("1", "2024-07-20", 120), usage("2", "2024-07-25", 20))
    assert shop.left("2024-07-31") == 60
    assert shop.left("2024-08-01") == 0
    shop.bill("2024-07-31")
    life = shop.lives()["S/pre/1"]
    assert [m.credits for m in life.movements if m.step.value == "expired"] == [60]


def test_breakage_where_there_was_no_basis_to_estimate_it(shop: Shop) -> None:
    """BR-07: of 1,000 600 are used; when use becomes remote, at month 18, 400 are breakage.

    Source: ASC 606-10-55-48, remote method (Deloitte DART 8.8).
    """
    text = one_line('charge = "one_time"\namount = 1000\nvalidity = "18 months"')
    shop.subscribe(plan(text))
    shop.use(usage("1", "2024-05-10", 600))
    shop.bill("2025-05-31")
    assert not [e for e in shop.lives()["S/pre/1"].entries if e.code == "E1"]
    shop.bill("2025-06-30")
    life = shop.lives()["S/pre/1"]
    assert sum(e.amount_minor for e in life.entries if e.code == "D1") == 60_000
    assert [(e.amount_minor, e.posted_on) for e in life.entries if e.code == "E1"] == [
        (40_000, date(2025, 6, 30))
    ]


def test_usage_after_an_expiry_in_the_middle_of_a_period(shop: Shop) -> None:
    """What is used before the 11th is paid, what comes after is not; one invoice says both."""
    shop.subscribe(plan(one_line('charge = "one_time"\namount = 100\nvalidity = "10 days"')))
    shop.use(usage("2", "2024-01-20", 30), usage("1", "2024-01-05", 20))
    shop.bill("2024-01-31")
    (january,) = shop.invoices()
    assert (january.drawn_minor, january.due_minor) == (2000, 3000)
    life = shop.lives()["S/pre/1"]
    assert {e.posted_on for e in life.entries if e.code == "E1"} == {date(2024, 1, 10)}


# -- refills, thresholds --------------------------------------------------------------------------


def test_as_many_refills_as_it_takes(shop: Shop) -> None:
    shop.subscribe(plan(one_line('charge = "auto_refill"\namount = 10\nminimum_balance = 3')))
    shop.use(usage("1", "2024-01-05", 47))
    assert shop.left("2024-01-05") == 13  # 10 + 5 refills - 47 = 13
    assert len([one for one in shop.blocks() if "/r" in one]) == 5
    shop.use(usage("2", "2024-01-06", 10))
    assert shop.left("2024-01-06") == 13  # at 3: refilled once more


def test_a_limit_of_refills_in_a_period(shop: Shop) -> None:
    shop.subscribe(plan(one_line('charge = "auto_refill"\namount = 10\nrefills_per_period = 2')))
    shop.use(usage("1", "2024-01-05", 47))
    shop.bill("2024-01-31")
    (january,) = shop.invoices()
    assert (january.drawn_minor, january.due_minor) == (3000, 1700)
    assert any(one.startswith("refills_exhausted") for one in shop.notices())
    shop.use(usage("2", "2024-02-05", 5))
    assert shop.left("2024-02-05") == 5


def test_thresholds_are_told_once(shop: Shop) -> None:
    """In amount, share and days; again only after the line was filled again."""
    text = one_line(
        'charge = "one_time"\namount = 100\nvalidity = "1 month"\n'
        'thresholds = [{ balance = 50 }, { share = "10%" }, { days = 7 }]'
    )
    shop.subscribe(plan(text))
    for number in range(9):
        shop.use(usage(str(number), f"2024-01-{number + 10}", 10))
    kinds = sorted(one.split(":")[0] for one in shop.notices())
    assert kinds == ["balance_below", "share_below"]
    shop.bill("2024-01-31")
    assert sorted(one.split(":")[0] for one in shop.notices()) == [
        "balance_below", "expires_soon", "share_below", "term_ended",
    ][:3]  # fmt: skip
    shop.give("more", "100", "2024-02-01", line_id="pre", amount_minor=100)
    shop.use(usage("x", "2024-02-10", 60))
    assert [one.split(":")[0] for one in shop.notices()].count("balance_below") == 2


def test_a_refill_can_be_seen_coming(shop: Shop) -> None:
    text = one_line('charge = "auto_refill"\namount = 100\nminimum_balance = 10', "warn_days = 10")
    shop.subscribe(plan(text))
    for number in range(10):
        shop.use(usage(str(number), f"2024-01-{number + 1:02}", 5))
        # On the 8th 60 are left and 40 were used in 7.5 days: 10 are reached within ten days.
        assert shop.notices() == ([] if number < 7 else ["refill_expected:S:pre:1"])
    (line,) = shop.balance("2024-01-11T00:00").lines
    assert [line.left, line.minimum, line.burn_per_day] == [D(50), D(10), D(5)]
    assert line.refill_on == date(2024, 1, 19)


# -- ends of terms --------------------------------------------------------------------------------


def test_the_remainder_is_refunded(shop: Shop) -> None:
    """The credit memo takes the rest off the purchase, the liability goes, nothing is revenue."""
    text = one_line('charge = "one_time"\namount = 100', 'term = "2 months"')
    shop.subscribe(plan(text), end_of_term=EndOfTerm.REFUND)
    shop.use(usage("1", "2024-02-05", 30))
    shop.bill("2024-02-29")
    life = shop.lives()["S/pre/1"]
    assert (life.block.state, life.block.cancelled_minor) == (State.VOIDED, 7000)
    assert life.block.due_minor == 3000
    assert {e.posted_on for e in life.entries if e.code == "V4"} == {date(2024, 2, 29)}
    assert not [e for e in life.entries if e.code.startswith("E")]


def test_an_early_end(shop: Shop) -> None:
    """What is left on the last day is breakage of that day, though the block would live on."""
    text = one_line('charge = "one_time"\namount = 100\nvalidity = "1 year"', 'term = "1 year"')
    shop.subscribe(plan(text))
    shop.use(usage("1", "2024-02-05", 30))
    one = terminate(shop.session, "S", date(2024, 2, 16), shop.policy, shop.later())
    assert one.ends_on == date(2024, 2, 16)
    (late,) = shop.use(usage("2", "2024-02-16", 1))
    assert late.status == "refused"
    shop.bill("2024-02-29")
    life = shop.lives()["S/pre/1"]
    assert life.block.state is State.EXPIRED
    assert {e.posted_on for e in life.entries if e.code == "E1"} == {date(2024, 2, 15)}
    assert [i.posted_on for i in shop.invoices()] == [date(2024, 2, 15)]


def test_what_stands_against_an_early_end(shop: Shop) -> None:
    shop.subscribe(plan(one_line('charge = "one_time"\namount = 100', 'term = "1 year"')))
    shop.use(usage("1", "2024-02-05", 30))
    shop.bill("2024-01-31")

    def end(on: date) -> None:
        terminate(shop.session, "S", on, shop.policy, shop.later())

    with pytest.raises(SubscriptionError, match="billed through 2024-01-31"):
        end(date(2024, 1, 20))
    with pytest.raises(SubscriptionError, match="usage 1 is of 2024-02-05"):
        end(date(2024, 2, 2))
    with pytest.raises(SubscriptionError, match="last day is 2024-12-31 already"):
        end(date(2026, 1, 1))


@pytest.mark.parametrize("is_carried", [True, False])
def test_a_renewal(shop: Shop, is_carried: bool) -> None:  # noqa: FBT001
    """A remainder of 70 is carried over to the next term or ends with its own."""
    text = one_line('charge = "one_time"\namount = 100', 'term = "2 months"')
    shop.subscribe(plan(text), is_carried=is_carried)
    shop.use(usage("1", "2024-02-05", 30))
    renew(shop.session, "S", shop.policy, shop.later(), term=2)
    renew(shop.session, "S", shop.policy, shop.later(), term=2)  # a repeat changes nothing
    shop.bill("2024-03-31")
    assert shop.left("2024-04-01") == (170 if is_carried else 100)
    shop.bill("2024-04-30")
    assert {one.state for one in shop.blocks().values()} == {State.EXPIRED}
    with pytest.raises(SubscriptionError, match="has been settled"):
        renew(shop.session, "S", shop.policy, shop.later(), term=3)


def test_a_plan_that_renews_itself(shop: Shop) -> None:
    text = one_line('charge = "one_time"\namount = 100', 'term = "1 month"\nrenew = true')
    shop.subscribe(plan(text))
    shop.bill("2024-03-31")
    assert sorted(shop.blocks()) == ["S/pre/1", "S/pre/2", "S/pre/3", "S/pre/4"]
    assert shop.left("2024-04-01") == 100
    terminate(shop.session, "S", date(2024, 5, 1), shop.policy, shop.later())
    shop.bill("2024-05-31")
    assert {one.state for one in shop.blocks().values()} == {State.EXPIRED}


def test_credits_of_their_own_unit(shop: Shop) -> None:
    """10,000 credits for 900.00; an hour draws 12.5; what exceeds them costs 0.11 a credit."""
    text = """
unit = "credits"
currency = "USD"
id = "p"
[[prepay]]
id = "pre"
charge = "one_time"
amount = 10000
price = "900.00"
[[usage]]
id = "api"
item = "gpu"
rate = "12.5"
draws = ["pre"]
overage_rate = "0.11"
"""
    shop.subscribe(plan(text))
    shop.use(usage("1", "2024-01-10", "3.3"))
    assert shop.left("2024-01-31") == D("9958.75")
    shop.bill("2024-01-31")
    shop.use(usage("2", "2024-02-10", 800))
    shop.bill("2024-02-29")
    first, second = shop.invoices()
    assert (first.drawn_minor, second.drawn_minor) == (371, 89_629)  # 900.00 in all
    assert second.due_minor == 454  # 41.25 credits: 4.5375


def test_yen(database: Database, new_tenant: object) -> None:
    """No decimals: a half is rounded up, and the shares of records add up."""
    tenant = new_tenant(database)  # type: ignore[operator]
    with database.session(tenant) as session:
        shop = Shop(session, currency="JPY")
        text = 'id = "p"\ncurrency = "JPY"\n' + one_line(
            'charge = "one_time"\namount = 100', "", '"0.5"'
        )
        shop.subscribe(plan(text))
        shop.use(*(usage(str(number), f"2024-01-{number + 1:02}", 1) for number in range(7)))
        assert [shop.left(f"2024-01-{on:02}") for on in (1, 2, 3, 7)] == [99, 99, 98, 96]


def test_usage_of_the_future_is_refused(shop: Shop) -> None:
    """A day is its end and clocks differ, so two days ahead are taken; not more."""
    shop.subscribe(plan(ONE_TIME))
    sent = [usage("1", "2024-01-12", 1), usage("2", "2024-01-12T12:01", 1)]
    answers = ingest_usage(shop.session, sent, shop.policy, at("2024-01-10"))
    assert [one.status for one in answers] == ["accepted", "refused"]
    assert answers[1].detail == (
        "usage 2 is of 2024-01-12 12:01 UTC, more than 2 days after now (2024-01-10 12:00 UTC); "
        "correct the instant, or send it once it has been used"
    )
