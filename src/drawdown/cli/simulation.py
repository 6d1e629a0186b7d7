"""The command ``drawdown simulate``."""

from __future__ import annotations

from importlib.util import find_spec

import typer

from drawdown.cli.output import DONE, REFUSED, print_json, print_table, progress_bar, say, warn
from drawdown.core.errors import ConfigurationError


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command("simulate")(_simulate)


def _simulate(
    seeds: int = typer.Option(100, min=1, help="How many seeds to run."),
    first_seed: int = typer.Option(1, min=0, help="The first of them."),
    jobs: int = typer.Option(1, min=1, max=64, help="Computer processes at once."),
    trace: bool = typer.Option(False, "--trace", help="Print every line of the schedule."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON."),
) -> int:
    """Run random lives under every fault, deterministically, and check that nothing is wrong."""
    if find_spec("greenlet") is None:
        raise ConfigurationError(
            "the simulation needs greenlet; run `pip install 'drawdown[simulate]'`"
        )
    if trace and jobs > 1:
        raise ConfigurationError("--trace prints one schedule: leave --jobs out")
    from drawdown.simulation.report import simulate  # noqa: PLC0415 (greenlet is an extra)

    with progress_bar(is_quiet=as_json or trace) as bar:
        task = bar.add_task("Simulating", total=seeds)
        report = simulate(
            first_seed,
            seeds,
            jobs=jobs,
            trace=(lambda line: warn(line) if as_json else say(line)) if trace else None,
            progress=lambda _result: bar.advance(task),
        )
    is_well = not (report.violations or report.lost or report.duplicated)
    if as_json:
        print_json(report.as_json())
        return DONE if is_well else REFUSED
    print_table(
        "Faults that struck",
        ("fault", "times"),
        [(name, str(times)) for name, times in sorted(report.faults_fired.items())],
        ("times",),
    )
    for violation in report.violations:
        warn(f"seed {violation['seed']}: {violation['kind']}: {violation['detail']}")
    if report.failed_seeds:
        warn(
            f"replay one: drawdown simulate --first-seed {report.failed_seeds[0]} --seeds 1 --trace"
        )
    say(
        f"{report.seeds} seeds, {report.facts} facts acknowledged, {report.records} records "
        f"delivered, {report.crashed.total()} crashes: {report.lost} lost, "
        f"{report.duplicated} duplicated, {len(report.violations) or 'no'} violations",
        "bold",
    )
    return DONE if is_well else REFUSED
