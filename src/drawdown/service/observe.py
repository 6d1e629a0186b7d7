"""What the ERP did by itself, taken in as events: recognition, and which periods are open."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import UTC, datetime, time
from typing import NamedTuple

from drawdown.core.events import Recognition
from drawdown.core.observed import Recognised
from drawdown.core.policy import Policy
from drawdown.core.ports import Erp
from drawdown.core.slices import slices
from drawdown.service.exceptions.redating import follow_periods
from drawdown.service.ingest import BATCH_SIZE, Answer, ingest, resume_held
from drawdown.service.rounding import settle_roundings
from drawdown.store.codec import decode_event
from drawdown.store.database import Session
from drawdown.store.ledger import events_by_id


class Observation(NamedTuple):
    """What was new.

    Attributes:
        recognised: Recognition journals' lines taken in now.
        refused: Answers of those that did not fit what is known.
        resumed: Events that went on because their period is open again.
    """

    recognised: int
    refused: tuple[Answer, ...]
    resumed: int


def observe(session: Session, erp: Erp, policy: Policy) -> Observation:
    """Read open periods and recognition from the ERP; safe to repeat."""
    follow_periods(session, erp, policy)
    resumed = resume_held(session, "period", policy)
    settle_roundings(session, erp, policy)
    answers: list[Answer] = []
    events = [_event(fact) for fact in erp.recognised() if fact.amount_minor]
    for batch in slices(_not_renamed(session, events), BATCH_SIZE):
        answers += ingest(session, batch, policy)
    return Observation(
        sum(answer.status == "accepted" and not answer.is_repeat for answer in answers),
        tuple(answer for answer in answers if answer.status != "accepted"),
        resumed,
    )


def _not_renamed(session: Session, events: list[Recognition]) -> list[Recognition]:
    """Leave out what was observed before under a name that is gone.

    The ERP names recognition by internal ids, which a refresh of the account changes. What says the
    same as an observation whose name is not there any more is that observation.
    """
    current = {event.event_id for event in events}
    gone: Counter[Recognition] = Counter()
    for event_id, payload in session.run("recognitions"):
        if event_id not in current:
            observed = decode_event("recognition", payload)
            assert isinstance(observed, Recognition)
            gone[_content(observed)] += 1
    if not gone:
        return events
    known = events_by_id(session, current)
    fresh: list[Recognition] = []
    for event in events:
        content = _content(event)
        if event.event_id not in known and gone[content]:
            gone[content] -= 1
        else:
            fresh.append(event)
    return fresh


def _content(event: Recognition) -> Recognition:
    return dataclasses.replace(event, event_id="", record="")


def _event(fact: Recognised) -> Recognition:
    return Recognition(
        f"drawdown:recognition:{fact.key}",
        datetime.combine(fact.posted_on, time(), UTC),
        fact.posted_on,
        fact.block_id,
        fact.item_id,
        fact.amount_minor,
        fact.deferred.value,
        fact.credited.value,
        fact.number,
    )
