"""The simulator is deterministic, and finds nothing wrong over many seeds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drawdown.simulation.company import Kitchen
from drawdown.simulation.report import Report, simulate
from drawdown.simulation.run import run_seed

SEEDS = 40


@pytest.fixture(scope="module")
def kitchen(database_url: str) -> Iterator[Kitchen]:
    opened = Kitchen(database_url)
    yield opened
    opened.close()


def test_the_same_seed_gives_the_same_run(kitchen: Kitchen) -> None:
    """Schedule, answers, books and NetSuite's store; in whatever order seeds are run."""
    seeds = range(9_000, 9_008)
    first = {seed: run_seed(kitchen, seed) for seed in seeds}
    again = {seed: run_seed(kitchen, seed) for seed in reversed(seeds)}
    assert first == again
    assert len({result.state_hash for result in first.values()}) == len(seeds)


def test_a_trace_changes_nothing(kitchen: Kitchen) -> None:
    lines: list[str] = []
    assert run_seed(kitchen, 9_001, lines.append) == run_seed(kitchen, 9_001)
    assert any("acknowledged" in line for line in lines)


@pytest.mark.slow
def test_nothing_is_lost_or_duplicated() -> None:
    """A few seeds; `make test` runs a thousand, docs/simulation-report.json shows many more."""
    report = simulate(1, SEEDS, jobs=2)
    assert (report.lost, report.duplicated, report.violations) == (0, 0, [])
    assert report.seeds == SEEDS
    assert report.crashed.total() > SEEDS
    assert len(report.faults_fired) > 20


def test_seeds_in_several_computer_processes_give_the_same_report() -> None:
    one, two = simulate(9_100, 6), simulate(9_100, 6, jobs=2)
    assert isinstance(one, Report)
    assert one.as_json() == two.as_json()
