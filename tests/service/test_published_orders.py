"""Which grant goes first: orders that billing systems have published, with their figures."""

from __future__ import annotations

import pytest

from tests.cases.plan_script import Example, live
from tests.cases.plans import Shop, one_line

GRANTS_ONLY = '[[usage]]\nid = "api"\nitem = "api"\nrate = 1'
CATEGORY = 'drawdown_order = ["priority", "soonest_expiry", "free_first", "earliest_effective"]\n'

EXAMPLES = {
    "stigg, credit consumption logic": Example(
        "docs.stigg.io, Credit consumption logic: priority, expiry, promotional before paid, "
        "effective date; its three grants, usage of ours",
        CATEGORY + GRANTS_ONLY,
        """
    2024-08-01 give A 50 price=50.00 priority=1 until=2024-08-31
    2024-08-01 give B 20 priority=1 until=2024-08-31
    2024-08-01 give C 100 priority=2 until=2024-08-14
    2024-08-05 use 15
    = 2024-08-06 B 5 | A 50 | C 100
    2024-08-06 use 45
    = 2024-08-07 B 0 | A 10 | C 100
    2024-08-07 use 60
    = 2024-08-08 B 0 | A 0 | C 50
    = 2024-08-15 left 0
        """,
        "2024-08-01",
    ),
    "stripe, promotional and paid of one priority": Example(
        "docs.stripe.com, Billing credits: as Stigg; 0 is the highest priority, 50 that of a grant "
        "without one, 100 the lowest; figures of ours",
        CATEGORY + GRANTS_ONLY,
        """
    2024-01-01 give paid 10 price=10.00 priority=50
    2024-01-01 give promotion 10 priority=50
    2024-01-01 give last 10 priority=100 until=2024-01-31
    2024-01-01 give first 10 price=10.00 priority=0
    2024-01-10 use 25
    = 2024-01-11 first 0 | promotion 0 | paid 5 | last 10
        """,
    ),
    "openmeter, higher priority first": Example(
        "openmeterio/openmeter, credit/engine/run_test.go: Burns down grant with higher priority",
        GRANTS_ONLY,
        """
    2024-01-01 give grant-2 100 priority=2 until=2024-01-30
    2024-01-01 give grant-1 100 priority=1 until=2024-01-30
    2024-01-01T01:00 use 120
    = 2024-01-02 grant-1 0 | grant-2 80
        """,
    ),
    "openmeter, what expires first": Example(
        "openmeterio/openmeter, credit/engine/run_test.go: Burns down grant that expires first",
        GRANTS_ONLY,
        """
    2024-01-01 give grant-2 100 priority=1 until=2123-12-31
    2024-01-01 give grant-1 100 priority=1 until=2024-01-30
    2024-01-01T01:00 use 120
    = 2024-01-02 grant-1 0 | grant-2 80
        """,
    ),
    "openmeter, one grant after another": Example(
        "openmeterio/openmeter, credit/engine/run_test.go: Burns down multiple grants",
        GRANTS_ONLY,
        """
    2024-01-01 give grant-1 100 priority=1 until=2024-01-30
    2024-01-01 give grant-2 100 priority=1 until=2024-01-30
    2024-01-01T01:00 use 200
    = 2024-01-02 grant-1 0 | grant-2 0
    2024-01-31 bill
    = invoice S-1 0.00 0.00
        """,
    ),
    "openmeter, a grant of the future and one of the past": Example(
        "openmeterio/openmeter, credit/engine/run_test.go: 0 balance for future effectiveAt, for "
        "past expiresAt, overage without grants",
        GRANTS_ONLY,
        """
    2024-01-01 give past 100 until=2024-01-01
    2024-01-11 give future 100
    2024-01-02T01:00 use 50
    = 2024-01-06 left 0
    = 2024-01-12 left 100
    2024-01-31 bill
    = invoice S-1 0.00 50.00
        """,
    ),
    # Differs: there the 25 of before are taken from the grant too, so that 50 are left.
    "openmeter, usage of before a grant": Example(
        "openmeterio/openmeter, credit/engine/run_test.go: Burns down grant that becomes active",
        GRANTS_ONLY,
        """
    2024-01-02 give grant-1 100
    2024-01-01T23:00 use 25
    2024-01-02T01:00 use 25
    = 2024-01-03 left 75
    2024-01-31 bill
    = invoice S-1 0.00 25.00
        """,
    ),
    # Differs: there the 50 of before the void stay paid. Here what is posted goes before usage that
    # is not billed yet: the void takes all that the books have.
    "openmeter, a void between two usages": Example(
        "openmeterio/openmeter, credit/engine/run_test.go: Burns down grant until it's voided",
        one_line('charge = "one_time"\namount = 100'),
        """
    2024-01-15T11:59 use 50
    2024-01-15T12:00 void S/pre/1
    2024-01-15T12:01 use 50
    = 2024-01-16 left 0
    2024-01-31 bill
    = invoice S-1 0.00 100.00
    = block S/pre/1 0.00 0.00 100.00
        """,
    ),
    "openmeter, a void after a bill": Example(
        "openmeterio/openmeter, credit/engine/run_test.go: Burns down grant until it's voided, "
        "billed in between: 50 paid and 50 not, as there",
        one_line('charge = "one_time"\namount = 100'),
        """
    2024-01-31 use 50
    2024-01-31 bill
    2024-02-01 void S/pre/1
    2024-02-02 use 50
    2024-02-29 bill
    = invoice S-1 50.00 0.00
    = invoice S-2 0.00 50.00
    = block S/pre/1 50.00 0.00 50.00
        """,
    ),
    "aws, order of credits": Example(
        "AWS credits (stream1.freshdesk.com, AWS Credits: how does it work): earliest to expire, "
        "fewest products, oldest; figures of ours",
        'drawdown_order = ["soonest_expiry", "fewest_items", "earliest_effective"]\n' + GRANTS_ONLY,
        """
    2024-01-02 give young 100 until=2024-12-31
    2024-01-01 give old 100 until=2024-12-31
    2024-01-03 give narrow 100 until=2024-12-31 items=api,db
    2024-01-03 give soon 100 until=2024-11-30
    2024-02-01 use 350
    = 2024-02-02 soon 0 | narrow 0 | old 0 | young 50
        """,
    ),
    "amazon, a yearly and a monthly credit": Example(
        "Amazon developer forums, How are AWS promotional credits expended: the monthly 100 first, "
        "then the initial credit of a year; its amount and the usage of ours",
        one_line('charge = "recurring"\nevery = "1 month"\namount = 100\nkind = "promotional"', ""),
        """
    2024-01-01 give initial 100 until=2024-12-31
    2024-01-10 use 130
    = 2024-01-11 S/pre/1 0 | initial 70
    2024-02-10 use 20
    = 2024-02-11 S/pre/2 80 | initial 70
    = 2024-03-01 left 170
        """,
    ),
    "autumn, balance stacking": Example(
        "docs.useautumn.com, Balance stacking: 500 a month and 200 for life are 700, the shorter "
        "interval goes first; usage of ours",
        one_line('charge = "recurring"\nevery = "1 month"\namount = 500\nprice = 20', ""),
        """
    2024-01-01 give top-up 200 price=10.00
    = 2024-01-01 left 700
    2024-01-10 use 550
    = 2024-01-11 S/pre/1 0 | top-up 150
    = 2024-02-01 left 650
        """,
    ),
    "orb, allocation and prepaid block": Example(
        "docs.withorb.com, First custom credits: 10 credits a month without rollover, 10 prepaid "
        "at 2.00, 2.00 for each credit more; usage of ours",
        """
id = "starter"
currency = "USD"
unit = "credits"
[[prepay]]
id = "allocation"
charge = "recurring"
every = "1 month"
kind = "promotional"
amount = 10
[[usage]]
id = "api"
item = "api"
rate = 1
draws = ["allocation"]
overage_rate = "2.00"
        """,
        """
    2024-01-01 give prepaid 10 price=20.00
    2024-01-10 use 13
    = 2024-01-11 S/allocation/1 0 | prepaid 7
    2024-02-10 use 19
    2024-02-29 bill
    = invoice S-1 6.00 0.00
    = invoice S-2 14.00 4.00
    = block prepaid 20.00 0.00 0.00
    2024-03-31 bill
    = 2024-04-01 left 10
        """,
    ),
    "dodo, the oldest grant first": Example(
        "docs.dodopayments.com, Credit-based billing: first in, first out over grants that have "
        "not expired; figures of ours",
        'drawdown_order = ["earliest_effective"]\n' + GRANTS_ONLY,
        """
    2024-01-01 give old 10
    2024-01-02 give soon 10 until=2024-01-31
    2024-01-03 give expired 10 until=2024-01-03
    2024-01-05 use 12
    = 2024-01-06 old 0 | soon 8 | expired 0
        """,
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_published_order(shop: Shop, name: str) -> None:
    live(shop, *EXAMPLES[name][1:])
