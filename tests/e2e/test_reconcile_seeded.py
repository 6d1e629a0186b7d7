"""Whatever people change behind our back is found in one cycle; of clean accounts nothing is said.

The number of changes and accounts grows with ``TEST_EFFORT``; `tools/changes.py` runs the same with
500 and 200 and writes a report.
"""

from __future__ import annotations

import random

import pytest

from tests.e2e.company import Companies
from tests.e2e.seeded import CHANGES_PER_ACCOUNT, change_account, live_clean
from tests.properties.lives import EFFORT


@pytest.mark.parametrize("seed", range(3 * EFFORT))
def test_every_change_is_found_in_one_cycle(companies: Companies, seed: int) -> None:
    """Each of an account's changes is named on its record, and no untouched block is named."""
    with companies.open() as company:
        result = change_account(company, random.Random(seed), CHANGES_PER_ACCOUNT)
    assert result.missed == []
    assert result.false_alarms == []
    assert len(result.made) == CHANGES_PER_ACCOUNT


@pytest.mark.parametrize("seed", range(20 * EFFORT))
def test_nothing_is_said_of_a_clean_account(companies: Companies, seed: int) -> None:
    """Random lives under any policy: after every month the ledgers agree to the cent."""
    assert live_clean(companies, random.Random(seed)) == []
