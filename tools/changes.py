"""Proves reconciliation at full size: many seeded changes found, nothing said of clean accounts.

Run: make changes, or python tools/changes.py [--changes N] [--accounts N] [--first-seed S]

Writes the report that is committed as bench/reports/changes.md to standard output. Exit status: 0
every change found and no false alarm, 1 not.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent.parent))

from drawdown.store.database import Database
from drawdown.store.embedded import temporary_server
from tests.e2e.changes import CHANGES
from tests.e2e.company import Companies
from tests.e2e.seeded import CHANGES_PER_ACCOUNT, change_account, live_clean


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--changes", type=int, default=500)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--first-seed", type=int, default=1)
    options = parser.parse_args()
    started = perf_counter()
    with tempfile.TemporaryDirectory() as folder, temporary_server(fsync=False) as url:
        os.environ["DATABASE_URL"] = url
        Database(url).migrate()
        companies = Companies(Path(folder))
        made, wrong = make_changes(companies, options.first_seed, options.changes)
        alarms = live_accounts(companies, options.first_seed, options.accounts)
    print(report(made, wrong, alarms, options.accounts, options.first_seed))
    print(f"{perf_counter() - started:.0f} s", file=sys.stderr)
    return 1 if wrong or alarms else 0


def make_changes(companies: Companies, seed: int, count: int) -> tuple[Counter[str], list[str]]:
    """Return how often each change was made, and what went wrong."""
    made: Counter[str] = Counter()
    wrong: list[str] = []
    while made.total() < count:
        size = min(CHANGES_PER_ACCOUNT, count - made.total())
        with companies.open() as company:
            result = change_account(company, random.Random(seed), size)
        made.update(result.made)
        wrong += [f"seed {seed}: not found: {name}" for name in result.missed]
        wrong += [f"seed {seed}: false alarm: {one.detail}" for one in result.false_alarms]
        print(f"seed {seed}: {made.total()} changes, {len(wrong)} wrong", file=sys.stderr)
        seed += 1
    return made, wrong


def live_accounts(companies: Companies, seed: int, count: int) -> list[str]:
    """Return what was said of clean accounts."""
    alarms: list[str] = []
    for number in range(seed, seed + count):
        found = live_clean(companies, random.Random(number))
        alarms += [f"seed {number}: {one.detail}" for one in found]
        if (number - seed + 1) % 20 == 0:
            print(f"{number - seed + 1} accounts, {len(alarms)} alarms", file=sys.stderr)
    return alarms


def report(
    made: Counter[str], wrong: list[str], alarms: list[str], accounts: int, seed: int
) -> str:
    """Render the report."""
    rows = "\n".join(f"| {name} | {made[name]} |" for name in CHANGES)
    missed = sum("not found" in one for one in wrong)
    problems = "\n".join(f"- {one}" for one in [*wrong, *alarms]) or "None."
    return f"""# Changes behind our back: what reconciliation found

Written by `make changes` from seed {seed} on. In each account of many blocks up to
{CHANGES_PER_ACCOUNT} changes are made to records of ours, one a block, then `reconcile` runs once;
a change counts as found if it is named on its record with its cause. A clean account lives six
months under a random policy and is reconciled after each.

- {made.total()} changes made, {made.total() - missed} found in one cycle
- {len(wrong) - missed} false alarms on blocks beside them
- {accounts} clean accounts, {len(alarms)} false alarms

| change | times |
| --- | --: |
{rows}

## Problems

{problems}
"""


if __name__ == "__main__":
    sys.exit(main())
