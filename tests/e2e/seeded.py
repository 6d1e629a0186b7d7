"""Changing an account at random and looking for it; living a clean one and looking for nothing."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from drawdown.service.reconcile import Difference
from tests.e2e import random_accounts
from tests.e2e.changes import CHANGES, Finding, UnsuitableError, lives_of
from tests.e2e.company import Companies, Company

CHANGES_PER_ACCOUNT = 20
SPARE_BLOCKS = 5
"""Blocks that nobody touches: nothing may be said of them."""


@dataclass(slots=True)
class Result:
    """What came of one account.

    Attributes:
        made: Name of each change made.
        missed: Change and block of those that reconcile did not name.
        false_alarms: Differences on blocks that nobody touched.
    """

    made: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    false_alarms: list[Difference] = field(default_factory=list)


def change_account(
    company: Company, chance: random.Random, count: int, names: list[str] | None = None
) -> Result:
    """Make changes to blocks of an account, one each, then reconcile once.

    Args:
        names: Changes to draw from, in this order as far as they go; None: any.
    """
    company.take(*random_accounts.busy(chance, count + SPARE_BLOCKS))
    delivered = company.deliver()
    assert (delivered.problems, delivered.waiting) == ({}, 0)
    assert company.observe().refused == ()
    assert company.reconcile().differences == ()
    result = Result()
    wanted: list[tuple[str, str, Finding]] = []
    lives = lives_of(company, chance)
    untouched = {life.block_id for life in lives}
    queue = names if names is not None else chance.sample(list(CHANGES), len(CHANGES))
    for life in lives[:count]:
        for name in list(queue):
            try:
                finding = CHANGES[name](life)
            except UnsuitableError:
                continue
            queue.remove(name)
            wanted.append((name, life.block_id, finding))
            result.made.append(name)
            untouched.discard(life.block_id)
            break
    found = company.reconcile().differences
    result.missed = [
        f"{name} ({block_id})" for name, block_id, finding in wanted if not finding.is_in(found)
    ]
    result.false_alarms = [one for one in found if one.block_id in untouched]
    return result


def live_clean(companies: Companies, chance: random.Random) -> list[Difference]:
    """Live the months of a random account; return whatever reconcile says of any of them."""
    with companies.open(**random_accounts.policy(chance)) as company:
        for month, events in random_accounts.clean(chance):
            company.take(*events)
            delivered = company.deliver()
            assert (delivered.problems, delivered.waiting) == ({}, 0)
            company.controls.month_end(month)
            assert company.observe().refused == ()
            differences = company.reconcile().differences
            if differences:
                return list(differences)
    return []
