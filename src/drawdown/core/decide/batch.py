"""Deciding many events in their order, with held events going on the moment they can.

One event at a time or a thousand at once, the sequence of decisions is the same, so the books are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from heapq import heappop, heappush
from typing import NamedTuple

from drawdown.core.decide import decide
from drawdown.core.decide.known import Known
from drawdown.core.events import Event
from drawdown.core.plan import Hold, Outcome, PostingPlan
from drawdown.core.policy import Policy

Held = dict[str, list[Event]]
"""Events that wait, by the key they wait for."""


class Decided(NamedTuple):
    """An event and what came of it."""

    event: Event
    outcome: Outcome


def decide_in_order(
    events: Iterable[Event], known: Known, policy: Policy, held: Held
) -> Iterator[Decided]:
    """Decide events one after the other; each accepted one releases what waited for it.

    What waited goes on in the order in which it happened. The order of arrival would not do: an
    event that waited for two facts joins the second queue at different places in a batch and one
    by one, and a void must not overtake the usage before it.

    Args:
        known: Brought up to date after every accepted event.
        held: Brought up to date as events are held and released. An event may be decided more
            than once: the last result stands.
    """
    for event in events:
        decided = _decide_one(event, known, policy, held)
        yield decided
        if held and isinstance(decided.outcome, PostingPlan):
            yield from _go_on(decided.outcome, known, policy, held)


def _decide_one(event: Event, known: Known, policy: Policy, held: Held) -> Decided:
    outcome = decide(event, known, policy)
    if isinstance(outcome, Hold):
        held.setdefault(outcome.waiting_for, []).append(event)
    elif isinstance(outcome, PostingPlan):
        known.remember(outcome)
    return Decided(event, outcome)


def _go_on(plan: PostingPlan, known: Known, policy: Policy, held: Held) -> Iterator[Decided]:
    """Decide what waited for a plan, and what that sets going in its turn."""
    released: list[tuple[datetime, str, Event]] = []
    plans = [plan]
    while True:
        for key in (key for done in plans for key in done.provides):
            for event in held.pop(key, ()):
                heappush(released, (event.effective_at, event.event_id, event))
        if not released:
            return
        decided = _decide_one(heappop(released)[2], known, policy, held)
        yield decided
        plans = [decided.outcome] if isinstance(decided.outcome, PostingPlan) else []
