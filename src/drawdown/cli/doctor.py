"""The account check: drawdown doctor."""

from __future__ import annotations

import typer

from drawdown.cli.books import AS_JSON, chosen_books_and_erp
from drawdown.cli.output import DONE, REFUSED, print_json, say
from drawdown.core.observed import Finding, Severity

_STYLES = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "yellow",
    Severity.BY_HAND: "cyan",
    Severity.NOTE: "dim",
}


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command("doctor")(_doctor)


def _doctor(context: typer.Context, as_json: bool = AS_JSON) -> int:
    """Look the NetSuite account over: what will break, where to mend it. Only reads."""
    with chosen_books_and_erp(context) as (books, erp):
        findings = erp.examine(books.policy)
    counts = {severity.value: 0 for severity in Severity}
    for finding in findings:
        counts[finding.severity.value] += 1
    if as_json:
        print_json({"findings": [finding._asdict() for finding in findings], "counts": counts})
    else:
        for finding in findings:
            _tell(finding)
        say(", ".join(f"{count} {name}" for name, count in counts.items()), "bold")
    return REFUSED if counts[Severity.ERROR.value] else DONE


def _tell(finding: Finding) -> None:
    say(f"{finding.severity.value}: {finding.what}", _STYLES[finding.severity])
    if finding.where:
        say(f"    mend: {finding.where}")
    if finding.otherwise:
        say(f"    otherwise: {finding.otherwise}")
