"""Records of ours that are in the ERP and were undone there."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from drawdown.core.observed import ErpRecord
from drawdown.service.reconcile.records import _aside
from drawdown.store.outbox import Expected


@pytest.mark.parametrize(
    ("currency", "ours", "theirs"), [("USD", "15.00", "0.00"), ("JPY", "1500", "0")]
)
def test_what_is_left_has_the_decimals_of_its_currency(
    currency: str, ours: str, theirs: str
) -> None:
    """A journal that was given a reversal date comes to zero, in a currency without cents too."""
    expected = Expected("dd_je_1", "journalEntry", "B1", (None,), "JE1", "")
    found = ErpRecord(
        "dd_je_1", "journalEntry", "7", "JE1", currency, 1500, 0, date(2026, 1, 31), Decimal(1),
        reversal="8",
    )  # fmt: skip
    (difference,) = _aside(expected, found)
    assert (difference.kind, difference.ours, difference.theirs) == (
        "record_reversed", ours, theirs,
    )  # fmt: skip
