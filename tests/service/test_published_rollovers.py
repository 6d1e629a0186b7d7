"""What outlives its period, what lapses and what a renewal keeps: published, with their figures."""

from __future__ import annotations

import pytest

from tests.cases.plan_script import Example, live
from tests.cases.plans import Shop, one_line


def monthly(amount: int, more: str = "", head: str = "") -> str:
    """A plan that allocates credits every month."""
    return one_line(f'charge = "recurring"\nevery = "1 month"\namount = {amount}\n{more}', head)


TOKENS = """
id = "starter"
currency = "USD"
unit = "tokens"
[[prepay]]
id = "pre"
charge = "recurring"
every = "1 month"
amount = 10000
price = "29.00"
rollover = { share = "25%" }
[[usage]]
id = "api"
item = "api"
rate = 1
draws = ["pre"]
overage_rate = "0.003"
"""

EXAMPLES = {
    "autumn, 400 of 1,000": Example(
        "docs.useautumn.com, Rollovers: 1,000 a month, 600 used in January, 1,400 in February",
        monthly(1000, "rollover = {}"),
        """
    2024-01-20 use 600
    = 2024-01-31 left 400
    = 2024-02-01 left 1400
        """,
    ),
    "autumn, a maximum that never expires": Example(
        "docs.useautumn.com, Rollovers: 1,000 a month, max 2,000, expiry forever; usage of ours",
        monthly(1000, "rollover = { cap = 2000, periods = 1200 }"),
        """
    = 2024-02-01 left 2000
    = 2024-03-01 left 3000
    = 2024-12-31 left 3000
    2024-12-31 use 1500
    = 2025-01-01 left 2500
        """,
    ),
    "elevenlabs, three times the allowance": Example(
        "help.elevenlabs.io, How does credit rollover work: up to two months of 2,000,000 carried "
        "over, never more than 6,000,000",
        monthly(2_000_000, "rollover = { cap = 4000000, periods = 2 }"),
        """
    = 2024-01-01 left 2000000
    = 2024-02-01 left 4000000
    = 2024-03-01 left 6000000
    = 2024-04-01 left 6000000
    2024-04-30 bill
    = block S/pre/1 0.00 2000000.00 0.00
        """,
    ),
    "dodo, 75 % of 200": Example(
        "docs.dodopayments.com, Credit-based billing, Rollover: 200 unused, 150 carried over, 50 "
        "forfeited; the rest of the allowance is ours",
        monthly(1000, 'rollover = { share = "75%" }'),
        """
    2024-01-20 use 800
    = 2024-01-31 left 200
    2024-01-31 bill
    = 2024-02-01 S/pre/1 150 | S/pre/2 1000
    = block S/pre/1 800.00 50.00 0.00
        """,
    ),
    "dodo, starter plan": Example(
        "docs.dodopayments.com, Credit-based billing, AI SaaS Platform: 29.00 for 10,000 tokens, "
        "25 % for one month, 0.003 for each more; usage of ours",
        TOKENS,
        """
    2024-01-20 use 6000
    = 2024-02-01 left 11000
    2024-02-20 use 12000
    = 2024-03-01 left 10000
    2024-03-31 bill
    = invoice S-1 17.40 0.00
    = invoice S-2 31.90 3.00
    = block S/pre/1 20.30 8.70 0.00
    = block S/pre/2 29.00 0.00 0.00
    = block S/pre/3 0.00 21.75 0.00
    = 2024-04-01 S/pre/3 2500 | S/pre/4 10000
        """,
    ),
    "dodo, at most one rollover": Example(
        "docs.dodopayments.com, Credit-based billing, Cloud Storage: 100 GB-hours for 9.00, "
        "50 % carried over once; unused throughout (ours)",
        monthly(100, 'price = "9.00"\nrollover = { share = "50%" }'),
        """
    = 2024-02-01 S/pre/1 50 | S/pre/2 100
    = 2024-03-01 S/pre/1 0 | S/pre/2 50 | S/pre/3 100
    2024-02-29 bill
    = block S/pre/1 0.00 9.00 0.00
        """,
    ),
    "zuora, a life of its own": Example(
        "docs.zuora.com, Create prepayment charge with rollover, UI example 2: 1,000 a year from "
        "2023-01-01 for 24 months, rollover period 5 months, 800 used in the first year",
        one_line(
            'charge = "recurring"\nevery = "1 year"\namount = 1000\n'
            'rollover = { validity = "5 months" }',
            'term = "24 months"',
        ),
        """
    2023-06-15 use 800
    = 2023-12-31 left 200
    = 2024-01-01 S/pre/1 200 | S/pre/2 1000
    = 2024-05-31 left 1200
    = 2024-06-01 left 1000
    2024-12-31 bill
    = block S/pre/1 800.00 200.00 0.00
    = block S/pre/2 0.00 1000.00 0.00
        """,
        "2023-01-01",
    ),
    "zuora, rollover applied last": Example(
        "docs.zuora.com, Create prepayment charge with rollover: the same three months, Apply "
        "Rollover Fund Last; usage of February is ours",
        monthly(1000, 'rollover = { periods = 2, apply = "last" }', 'term = "3 months"'),
        """
    2022-01-15 use 800
    2022-01-31 bill
    = 2022-02-01 left 1200
    2022-02-15 use 1100
    = 2022-02-16 S/pre/1 100 | S/pre/2 0
        """,
        "2022-01-01",
    ),
    # Differs: there one run over several periods rolls over the latest only.
    "zuora, one bill run for several periods": Example(
        "docs.zuora.com, Create prepayment charge with rollover, Considerations: three months of "
        "1,000, rollover of 2 periods, 800 used in January",
        monthly(1000, "rollover = { periods = 2 }", 'term = "3 months"'),
        """
    2022-01-15 use 800
    2022-02-15 use 150
    2022-03-15 use 900
    2022-03-31 bill
    = invoice S-1 800.00 0.00
    = invoice S-2 150.00 0.00
    = invoice S-3 900.00 0.00
    = block S/pre/1 1000.00 0.00 0.00
    = block S/pre/2 850.00 150.00 0.00
    = block S/pre/3 0.00 1000.00 0.00
        """,
        "2022-01-01",
    ),
    "zuora, three rollovers": Example(
        "docs.zuora.com, Rollover enhancements: rollover periods 3 by default, after the third "
        "what is left is depleted; 100 a month, unused, of ours",
        monthly(100, "rollover = { periods = 3 }"),
        """
    = 2024-04-01 S/pre/1 100 | S/pre/2 100 | S/pre/3 100 | S/pre/4 100
    = 2024-05-01 S/pre/1 0 | S/pre/2 100 | S/pre/5 100
    2024-05-31 bill
    = block S/pre/1 0.00 100.00 0.00
        """,
    ),
    "zuora, the last period": Example(
        "docs.zuora.com, Create prepayment charge with rollover, Considerations: what is left of "
        "the last validity period is not rolled over",
        monthly(1000, "rollover = { periods = 2 }", 'term = "3 months"'),
        """
    2022-03-15 use 2900
    = 2022-03-31 left 100
    = 2022-04-01 left 0
    2022-03-31 bill
    = blocks S/pre/1 S/pre/2 S/pre/3
    = block S/pre/3 900.00 100.00 0.00
        """,
        "2022-01-01",
    ),
    "openmeter, maximum rollover": Example(
        "openmeterio/openmeter, credit/engine/reset_test.go: of 100 10 are used, at most 50 roll "
        "over; there the grant is not given anew",
        monthly(100, "rollover = { cap = 50 }"),
        """
    2024-01-01T01:00 use 10
    = 2024-02-01 S/pre/1 50 | S/pre/2 100
    2024-01-31 bill
    = block S/pre/1 10.00 40.00 0.00
        """,
    ),
    # Differs: there the 20 too many are taken from the next day's grant, which leaves 80.
    "openmeter, usage beyond a recurring grant": Example(
        "openmeterio/openmeter, credit/engine/run_test.go: Burns down recurring grant, 100 a day, "
        "120 used on the first",
        one_line('charge = "recurring"\nevery = "1 day"\namount = 100\nkind = "promotional"'),
        """
    2024-01-01T01:00 use 120
    = 2024-01-02T01:00 left 100
    2024-01-31 bill
    = invoice S-1 0.00 20.00
        """,
    ),
    # Differs: there the deficit can be carried to the next cycle, or repaid from its credits.
    "dodo, carried deficit": Example(
        "docs.dodopayments.com, Credit-based billing, Overage: bill at billing, the behaviour that "
        "ours is; figures of ours",
        monthly(100),
        """
    2024-01-20 use 130
    = 2024-02-01 left 100
    2024-01-31 bill
    = invoice S-1 100.00 30.00
        """,
    ),
    "polar, without rollover": Example(
        "docs.polar.sh, Credits benefit: credited at the beginning of every cycle, rollover off; "
        "figures of ours",
        monthly(100, 'kind = "promotional"'),
        """
    2024-01-20 use 30
    = 2024-02-01 left 100
    2024-02-29 bill
    = invoice S-1 0.00 0.00
        """,
    ),
    "snowflake, capacity at a renewal": Example(
        "reddit.com/r/snowflake, Capacity pricing model: of 25,000 22,000 are used, renewed for "
        "25,000 there are 28,000",
        one_line('charge = "one_time"\namount = 25000', 'term = "1 year"\ncarry_over = true'),
        """
    2024-10-10 use 22000
    2024-12-31 renew 2
    2024-12-31 bill
    = 2025-01-01 left 28000
    2025-12-31 use 26000
    2025-12-31 bill
    = block S/pre/1 25000.00 0.00 0.00
    = block S/pre/2 23000.00 2000.00 0.00
        """,
    ),
    "credyt, credits that reset": Example(
        "credyt.ai, Revenue recognition for usage-based billing: 20.00 a month for 100 credits "
        "that do not roll over; unused credits are revenue at the latest when they lapse",
        monthly(100, 'price = "20.00"'),
        """
    2024-02-10 use 40
    2024-02-29 bill
    = block S/pre/1 0.00 20.00 0.00
    = block S/pre/2 8.00 12.00 0.00
        """,
    ),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_published_rollover(shop: Shop, name: str) -> None:
    live(shop, *EXAMPLES[name][1:])
