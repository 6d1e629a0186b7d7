"""What must be true of the books alone, and of what the billing platform was told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from drawdown.core import checks
from drawdown.core.block import Block
from drawdown.core.decide import expiry_of
from drawdown.core.decide.batch import Held, decide_in_order
from drawdown.core.decide.known import Known
from drawdown.core.events import Event
from drawdown.core.plan import Entry, PostingPlan
from drawdown.simulation.evidence import OBSERVED, RECOGNITION_CODES, Evidence, Finding
from drawdown.simulation.scenario import ENDS
from drawdown.store.codec import decode_event, encode_event


def check_acknowledged(evidence: Evidence) -> Iterator[Finding]:
    """I2: what was acknowledged is there, with the content and the fate that were told."""
    stored = {row[0]: row for row in evidence.events}
    company = evidence.company
    for event, answer in company.acknowledged:
        found = stored.get(event.event_id)
        if found is None:
            yield Finding("lost", f"{event.event_id} was acknowledged and is not there")
            continue
        same = found[2] == encode_event(event).fingerprint
        if same == (answer.status == "conflict"):
            yield Finding(
                "violation", f"{event.event_id} was answered {answer.status}; the stored content "
                f"{'agrees' if same else 'differs'}",
            )  # fmt: skip
        if answer.status in ("accepted", "refused") and found[3] != answer.status:
            yield Finding(
                "violation",
                f"{event.event_id} was answered {answer.status} and is {found[3]} now",
            )
    prints = {name: {encode_event(e).fingerprint for e in sent} for name, sent in
              company.sent.items()}  # fmt: skip
    for event_id, kind, fingerprint, _status, _payload in evidence.events:
        if kind in ("expiry", "recognition", "base_rounding") or event_id.startswith(OBSERVED):
            continue
        if fingerprint not in prints.get(event_id, ()):
            yield Finding("violation", f"event {event_id} is there with content nobody sent")


def check_nothing_is_held(evidence: Evidence) -> Iterator[Finding]:
    """I10: all facts having been told, none waits, unless for what will never come."""
    known = {event.event_id for event in evidence.company.scenario.facts}
    told = set(evidence.company.sent)
    if not known <= told:
        return
    for event_id, waiting_for, detail in evidence.company.rows(
        "SELECT event_id, waiting_for, detail FROM drawdown.event "
        "WHERE tenant_id = %s AND status = 'held' ORDER BY position"
    ):
        if waiting_for == "period":
            yield Finding("violation", f"{event_id} is held though every period is open: {detail}")
        elif not detail:
            yield Finding("violation", f"{event_id} is held without a word")


def check_ledger_effects(evidence: Evidence) -> Iterator[Finding]:
    """I1, I2, I8: replayed from its log, the ledger has the same movements, each exactly once."""
    if evidence.company.world.fired["period_closed"]:
        return  # what was decided depended on the period of the moment
    company = evidence.company
    known = Known(company.tenant_id)
    held: Held = {}
    policy = company.books_policy()
    plans: dict[str, PostingPlan] = {}
    log = [
        decode_event(kind, payload)
        for _id, kind, _fingerprint, _status, payload in evidence.events
        if kind != "clock"
    ]
    for decided in decide_in_order(_learning(known, log), known, policy, held):
        if isinstance(decided.outcome, PostingPlan):
            plans[decided.event.event_id] = decided.outcome
    wanted = {(m.block_id, m.sequence): m for plan in plans.values() for m in plan.movements}
    stored = {(m.block_id, m.sequence): m for m in evidence.movements}
    for key in sorted(wanted.keys() | stored.keys()):
        ours, theirs = stored.get(key), wanted.get(key)
        if ours != theirs:
            kind = "duplicated" if theirs is None else "lost" if ours is None else "violation"
            yield Finding(kind, f"movement {key}: stored {ours}, replayed {theirs}")
    for block in known.blocks.values():
        if evidence.blocks.get(block.block_id) != block:
            yield Finding(
                "violation",
                f"block {block.block_id}: stored {evidence.blocks.get(block.block_id)}, "
                f"replayed {block}",
            )


def _learning(known: Known, log: list[Event]) -> Iterator[Event]:
    """Yield the log; what is known lists every customer's blocks from the start."""
    for event in log:
        customer = getattr(event, "customer_id", "")
        if customer:
            known.blocks_of.setdefault(customer, [])
        yield event


def check_blocks(evidence: Evidence) -> Iterator[Finding]:
    """I1, I4, I5: every invariant of every block; at the end of life, every account at zero."""
    for block in evidence.blocks.values():
        entries = evidence.entries[block.block_id]
        is_ended = evidence.is_ended and checks.has_ended(block) and block.due_minor == 0
        asked = checks.AT_END if is_ended else checks.CHECKS
        for problem in checks.violations(block, entries, asked):
            yield Finding("violation", problem)


def check_expiry_dates(evidence: Evidence) -> Iterator[Finding]:
    """I14: breakage is dated by the block's terms and the tenant's zone, by no clock."""
    if evidence.company.world.fired["period_closed"]:
        return
    policy = evidence.company.policy
    steps = {(m.block_id, m.sequence): m for m in evidence.movements}
    for entries in evidence.entries.values():
        for entry in entries:
            if entry.code not in ("E1", "E2", "E3"):
                continue
            block = evidence.blocks[entry.block_id]
            assert block.expires_at is not None
            wanted = policy.last_day(block.expires_at)
            if entry.posted_on < wanted:
                movement = steps[entry.block_id, entry.sequence]
                yield Finding(
                    "violation", f"block {block.block_id} expires on {wanted}, its breakage is "
                    f"dated {entry.posted_on} ({movement.step})",
                )  # fmt: skip


def check_order_of_telling(evidence: Evidence) -> Iterator[Finding]:
    """I12: told in another order, and more than once, orderly lives end in the same books."""
    company = evidence.company
    if not company.scenario.is_orderly or company.world.fired["period_closed"]:
        return
    if company.world.fired["conflicting_content"]:
        return
    known = Known(company.tenant_id)
    held: Held = {}
    entries: dict[str, list[Entry]] = defaultdict(list)
    facts = [*company.scenario.facts]
    policy = company.books_policy()
    for event in _in_order(known, facts, evidence):
        for decided in decide_in_order([event], known, policy, held):
            if isinstance(decided.outcome, PostingPlan):
                for entry in decided.outcome.entries:
                    entries[entry.block_id].append(entry)
    for block_id, block in known.blocks.items():
        mine = evidence.blocks.get(block_id)
        if mine is None or _books(block, entries[block_id]) != _books(
            mine, evidence.entries[block_id]
        ):
            yield Finding("violation", f"block {block_id}: in order {block}, as told {mine}")


def _in_order(known: Known, facts: list[Event], evidence: Evidence) -> Iterator[Event]:
    yield from _learning(known, facts)
    if evidence.is_expired:
        for block in sorted(known.blocks.values(), key=lambda one: one.expires_at or ENDS):
            if block.expires_at and block.expires_at <= ENDS and not block.is_exhausted:
                yield expiry_of(block)


def _books(block: Block, entries: list[Entry]) -> object:
    """What must not depend on the order of telling, without payments and recognition."""
    found = checks.balances(e for e in entries if e.code not in (*RECOGNITION_CODES, "P5"))
    return (
        block.state, block.used_credits, block.used_minor, block.cancelled_minor,
        {account: amount for account, amount in found.items() if amount},
    )  # fmt: skip
