"""The examples are stories that the core accepts from the first line to the last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest

from drawdown.billing.native import source_for
from drawdown.core.block import State
from drawdown.core.decide import expiry_of
from drawdown.core.decide.batch import decide_in_order
from drawdown.core.decide.known import Known
from drawdown.core.events import Clock, Event
from drawdown.core.plan import PostingPlan
from drawdown.core.policy import Policy
from drawdown.core.ports import Located

FOLDER = Path(__file__).parents[2] / "examples"
PATHS = sorted([*FOLDER.glob("*.jsonl"), *FOLDER.glob("*.csv")])


def events(path: Path) -> list[Event]:
    with path.open("rb") as file:
        found = list(source_for(path.name, UTC).decode(file))
    assert [each for each in found if not isinstance(each, Located)] == []
    return [each.event for each in found if isinstance(each, Located)]


def happening(event: Event, known: Known) -> Iterator[Event]:
    """Yield the event, or for a clock the expiries that it brings."""
    if not isinstance(event, Clock):
        yield event
        return
    for block in list(known.blocks.values()):
        is_due = block.expires_at is not None and block.expires_at <= event.effective_at
        if is_due and block.state is State.OPEN and not block.is_exhausted:
            yield expiry_of(block)


def test_there_are_examples() -> None:
    assert {path.suffix for path in PATHS} == {".jsonl", ".csv"}


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)
def test_every_example_is_accepted_and_ends_with_nothing_remaining(path: Path) -> None:
    known = Known("tenant")
    for event in events(path):
        for customer_id in known.customers:
            known.blocks_of.setdefault(customer_id, [])
        for decided in decide_in_order(happening(event, known), known, Policy(), {}):
            assert isinstance(decided.outcome, PostingPlan), decided.outcome
    assert known.blocks
    assert {block.remaining_minor for block in known.blocks.values()} == {0}


def test_json_lines_and_csv_of_the_same_facts_are_the_same_events() -> None:
    assert events(FOLDER / "first-block.csv") == events(FOLDER / "first-block.jsonl")
