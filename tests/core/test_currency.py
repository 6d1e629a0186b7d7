"""Amounts are read in the currency that the fact states, and refused if it is another's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from drawdown.core.decide import decide
from drawdown.core.events import CreditMemo, Payment
from drawdown.core.plan import PostingPlan, Reason, Rejection
from drawdown.core.policy import Policy
from tests.cases import facts as f
from tests.cases.script import run

BOUGHT = """
2026-01-01 customer C1                            -> ok nothing
2026-01-01 order S1 | A 100cr 80.00               -> ok nothing
2026-01-01 purchase I1 S1                         -> ok P1-4 80.00
2026-02-01 usage U1 | L1 25cr block=A             -> ok D1-3 20.00
"""


@pytest.mark.parametrize(
    "fact",
    [
        f.payment("2026-02-02", "P1", "I1", "10.00"),
        f.credit("2026-02-02", "M1", "U1", f.credit_line("10.00", line_id="L1")),
    ],
    ids=["payment", "credit memo"],
)
def test_a_fact_in_another_currency_than_its_invoice_is_refused(
    fact: Payment | CreditMemo,
) -> None:
    """1000 yen on an invoice in dollars are not 10.00 dollars; the invoice's own currency goes."""
    known = run(BOUGHT).known
    outcome = decide(replace(fact, currency="JPY"), known, Policy())
    assert isinstance(outcome, Rejection)
    assert outcome.reason is Reason.WRONG_CURRENCY
    assert "is in JPY but" in outcome.detail
    for stated in ("USD", ""):
        same = replace(fact, currency=stated)
        assert isinstance(decide(same, known, Policy()), PostingPlan)
