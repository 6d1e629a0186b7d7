"""docs/reliability.md and the committed report of the simulation belong together."""

from __future__ import annotations

import json
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_every_seed_that_failed_is_explained() -> None:
    report = json.loads((DOCS / "simulation-report.json").read_text("utf-8"))
    page = (DOCS / "reliability.md").read_text("utf-8")
    assert report["lost"] == 0
    assert [seed for seed in report["failed_seeds"] if f"Seed {seed} " not in page] == []


def test_every_fault_of_the_report_is_explained() -> None:
    """A fault that the simulator counts stands in the table of the page, under its name."""
    report = json.loads((DOCS / "simulation-report.json").read_text("utf-8"))
    page = (DOCS / "reliability.md").read_text("utf-8")
    assert [name for name in report["faults_fired"] if f"`{name}`" not in page] == []


def test_the_page_says_how_many_seeds_the_report_has() -> None:
    report = json.loads((DOCS / "simulation-report.json").read_text("utf-8"))
    page = (DOCS / "reliability.md").read_text("utf-8")
    assert f"{report['seeds']:,} seeds" in page
    assert f"{report['crashes']:,} crashes" in page
