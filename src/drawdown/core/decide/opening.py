"""What every way of opening a block has in common: checks of its terms, deposit and journals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from drawdown.core import deposits
from drawdown.core.block import Block, Step
from drawdown.core.decide.known import Known
from drawdown.core.decide.posting import open_day, post, record_id, too_large
from drawdown.core.decide.records import journal_line, of_block, with_terms
from drawdown.core.events import BlockTerms, OpeningBalance, PurchaseInvoice, SalesOrder
from drawdown.core.plan import (
    Hold,
    PostingPlan,
    Reason,
    Rejection,
    foremost,
)
from drawdown.core.policy import Policy
from drawdown.core.rules import Record, rules_for


def unknown_customer(customer_id: str, what: str) -> Hold:
    """Hold a fact of a customer that is not known yet."""
    return Hold(
        f"customer:{customer_id}",
        f"{what} is for customer {customer_id}, which is not known yet; send the customer",
    )


def check_terms(
    blocks: Iterable[BlockTerms], known: Known, at: datetime, currency: str, what: str
) -> Rejection | None:
    """Refuse blocks that exist already, that would never live, or that are too large together.

    Args:
        what: The fact that brings them, in words.
    """
    problems: list[Rejection] = []
    seen: set[str] = set()
    total = 0
    for terms in blocks:
        total += terms.amount_minor
        if terms.block_id in known.blocks or terms.block_id in seen:
            problems.append(
                Rejection(
                    Reason.DUPLICATE_BLOCK,
                    f"block {terms.block_id} exists already; a block is ordered once, so send the "
                    "order with a block id of its own",
                    terms.block_id,
                )
            )
        seen.add(terms.block_id)
        starts_at = max(terms.effective_at, at)
        if terms.expires_at is not None and terms.expires_at <= starts_at:
            problems.append(
                Rejection(
                    Reason.EXPIRY_IN_THE_PAST,
                    f"block {terms.block_id} would expire at {terms.expires_at:%Y-%m-%d %H:%M} "
                    f"UTC, not after it starts at {starts_at:%Y-%m-%d %H:%M} UTC; correct "
                    "expires_at or effective_at and send the order with a new event id",
                    terms.block_id,
                )
            )
    return foremost(problems) or too_large(total, currency, what)


def open_block(
    plan: PostingPlan,
    block: Block,
    step: Step,
    event: SalesOrder | PurchaseInvoice | OpeningBalance,
    what: str,
    known: Known,
    policy: Policy,
) -> None:
    """Add deposit, clearing and transfer of a block; none of them for a block without a price.

    Args:
        block: After its movement `step`.
        what: Where it comes from, for the memo.
    """
    if not block.amount_minor:
        return
    posted_on = open_day(policy, event.posted_on)
    assert not isinstance(posted_on, Hold)
    records: dict[str, str] = {}
    for rule in rules_for(step, policy):  # one record for each row
        records[rule.code] = record_id(
            rule.record, known.tenant_id, event.event_id, block.block_id, rule.code
        )
        intent = of_block(
            rule.record, records[rule.code], block, event, known, posted_on=posted_on,
            memo=f"{rule.memo}: block {block.block_id}, {what}", amount_minor=block.amount_minor,
        )  # fmt: skip
        if rule.record is not Record.CUSTOMER_DEPOSIT:
            line = journal_line(block.amount_minor, block.block_id, rule.debit, rule.credit)
            intent = replace(intent, lines=(line,))
        plan.intents.append(with_terms(intent, block, policy))
    post(plan, block, step, policy, block.amount_minor, posted_on, records)
    held = deposits.add((), records["P2"], posted_on, block.amount_minor)
    plan.blocks[block.block_id] = block._replace(deposits=held)
