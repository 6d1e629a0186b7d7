"""What people decided about records that were stuck; reconciliation explains it by the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from drawdown.core.money import money_text
from drawdown.service.reconcile.difference import Difference, Run

DECIDED = ("skipped", "adopted")
"""Kinds of differences that a person has decided on: they are explained, not open."""


def compare_skipped(run: Run) -> Iterator[Difference]:
    """Every record that a person decided not to deliver, with the reason."""
    for one in run.decisions.skipped:
        blocks = [lane for lane in one.lanes if not lane.startswith("customer:")]
        yield Difference(
            "skipped", blocks[0] if len(blocks) == 1 else "", one.external_id, one.currency,
            money_text(one.amount_minor, one.currency), "",
            f"{one.record} {one.external_id} was not delivered: {one.who} decided so on "
            f"{one.skipped_at:%Y-%m-%d}, because {one.reason}",
        )  # fmt: skip


def explained(run: Run, differences: Iterable[Difference]) -> Iterator[Difference]:
    """Name the decision behind differences of records that it concerns."""
    skipped = {
        name: one
        for one in run.decisions.skipped
        for name in (one.source, one.target, one.external_id)
        if name
    }
    adopted = run.decisions.adopted
    for difference in differences:
        name = difference.what
        if difference.kind in _OF_RECORDS and name in adopted:
            done = adopted[name]
            yield difference._replace(
                kind="adopted",
                detail=f"{difference.detail}; {done.who} adopted it so, because {done.reason}",
            )
        elif difference.kind in ("due", "unapplied") and name in skipped:
            one = skipped[name]
            yield difference._replace(
                kind="skipped",
                detail=f"{difference.detail}; {one.record} {one.external_id} was skipped by "
                f"{one.who}, because {one.reason}",
            )
        else:
            yield difference


_OF_RECORDS = frozenset(
    f"record_{name}"
    for name in (
        "amount", "date", "rate", "customer", "block", "event", "lines", "applied", "memo",
        "currency",
    )
)  # fmt: skip
