"""Many seeds: running them, in several computer processes if wanted, and what came of them."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from drawdown.simulation.company import Kitchen
from drawdown.simulation.run import SeedResult, run_seed
from drawdown.store.database import Database
from drawdown.store.embedded import temporary_server

SLICE_SEEDS = 5
"""Seeds that a computer process is given at a time."""
FINDINGS_MAX = 1_000
"""Violations told one by one."""


@dataclass(slots=True)
class Report:
    """What a range of seeds came to.

    Attributes:
        lost: Facts and records that should be there and are not.
        duplicated: Records and effects that are there more than once.
        violations: What was wrong, in words, with the seed that shows it.
    """

    first_seed: int
    seeds: int = 0
    failed_seeds: list[int] = field(default_factory=list)
    lost: int = 0
    duplicated: int = 0
    violations: list[dict[str, Any]] = field(default_factory=list)
    faults_fired: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    crashed: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    facts: int = 0
    records: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)

    def add(self, result: SeedResult) -> None:
        """Add one seed; seeds are added in their order."""
        self.seeds += 1
        self.faults_fired.update(result.fired)
        self.passed.update(result.passed)
        self.crashed.update(result.crashed)
        self.steps += result.steps
        self.facts += result.facts
        self.records += result.records
        self._digest.update(f"{result.seed} {result.state_hash}\n".encode())
        if result.findings:
            self.failed_seeds.append(result.seed)
        for finding in result.findings:
            if finding.kind == "lost":
                self.lost += finding.number
            elif finding.kind == "duplicated":
                self.duplicated += finding.number
            if len(self.violations) < FINDINGS_MAX:
                self.violations.append(
                    {"seed": result.seed, "kind": finding.kind, "detail": finding.detail}
                )

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON has it; the same seeds give the same report."""
        return {
            "first_seed": self.first_seed,
            "seeds": self.seeds,
            "lost": self.lost,
            "duplicated": self.duplicated,
            "violations": self.violations,
            "failed_seeds": self.failed_seeds,
            "facts_acknowledged": self.facts,
            "records_delivered": self.records,
            "steps": self.steps,
            "crashes": self.crashed.total(),
            "faults_fired": dict(sorted(self.faults_fired.items())),
            "step_boundaries": {
                "kinds": len(self.passed),
                "kinds_crashed_at": len(self.crashed),
                "passed": self.passed.total(),
                "crashed_at": dict(sorted(self.crashed.items())),
                "never_crashed_at": sorted(self.passed.keys() - self.crashed.keys()),
            },
            "state_hash": self._digest.hexdigest(),
        }


def simulate(
    first_seed: int,
    seeds: int,
    *,
    jobs: int = 1,
    trace: Callable[[str], None] | None = None,
    progress: Callable[[SeedResult], None] = lambda _: None,
) -> Report:
    """Run a range of seeds on a PostgreSQL of their own; interrupted, report those that are done.

    Args:
        jobs: Computer processes at once.
        trace: Is told every line of the schedule; one job only.
        progress: Is told of each seed that is done, in order.

    Raises:
        ConfigurationError: The sandbox is not installed.
        StoreError: The database cannot be started.
    """
    report = Report(first_seed)
    wanted = iter(range(first_seed, first_seed + seeds))
    with temporary_server(fsync=False) as url:
        Database(url).migrate()
        results = _results(url, wanted, jobs, trace)
        try:
            for result in results:
                report.add(result)
                progress(result)
        except KeyboardInterrupt:  # what is done is done: the report is of the first so many seeds
            results.close()
    return report


def _results(
    url: str, wanted: Iterator[int], jobs: int, trace: Callable[[str], None] | None
) -> Generator[SeedResult, None, None]:
    if jobs == 1:
        with closing(Kitchen(url)) as kitchen:
            for seed in wanted:
                yield run_seed(kitchen, seed, trace)
        return
    # Started anew rather than forked: connections must not be shared.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _set_up, (url,)) as pool:
        slices = iter(lambda: list(islice(wanted, SLICE_SEEDS)), [])
        try:
            for results in pool.map(_run_slice, slices):
                yield from results
        finally:
            pool.shutdown(cancel_futures=True)


_kitchen: Kitchen | None = None


def _set_up(url: str) -> None:
    global _kitchen  # noqa: PLW0603 (one per computer process, made when it starts)
    _kitchen = Kitchen(url)


def _run_slice(seeds: list[int]) -> list[SeedResult]:
    assert _kitchen is not None
    return [run_seed(_kitchen, seed) for seed in seeds]
