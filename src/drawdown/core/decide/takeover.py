"""Decisions about what was there before: a block taken over from another system. Phase *purchase*.

The customer paid elsewhere and the balance stands in a deferred revenue account (SuiteBilling's, or
of the accounting before). The journal notes it as it stands (O1), the deposit is made as for any
block (P2, P3), and the balance moves to the liability (O2).
"""

from __future__ import annotations

from datetime import date

from drawdown.core.block import Block, Step
from drawdown.core.decide.known import Known
from drawdown.core.decide.opening import check_terms, open_block, unknown_customer
from drawdown.core.decide.posting import move, open_day
from drawdown.core.events import BlockTerms, OpeningBalance
from drawdown.core.plan import Entry, Hold, Outcome, PostingPlan, Reason, Rejection
from drawdown.core.policy import Policy
from drawdown.core.rules import noted_rule


def open_balance(event: OpeningBalance, known: Known, policy: Policy) -> Outcome:
    """Open blocks with what is left of balances from before."""
    what = f"the opening balance of {event.origin}"
    if event.customer_id not in known.customers:
        return unknown_customer(event.customer_id, what)
    refused = check_terms(event.blocks, known, event.effective_at, event.currency, what)
    if refused is not None:
        return refused
    for terms in event.blocks:
        if not terms.amount_minor:
            return Rejection(
                Reason.NOTHING_TO_DO,
                f"{what} is zero on block {terms.block_id}; leave the block out, or grant free "
                "credits as a promotional block of a sales order",
                terms.block_id,
            )
    posted_on = open_day(policy, event.posted_on)
    if isinstance(posted_on, Hold):
        return posted_on
    plan = PostingPlan()
    for terms in event.blocks:
        _open(plan, event, terms, known, policy, posted_on)
    return plan


def _open(
    plan: PostingPlan,
    event: OpeningBalance,
    terms: BlockTerms,
    known: Known,
    policy: Policy,
    posted_on: date,
) -> None:
    plan.provides += [f"known:{terms.block_id}", f"block:{terms.block_id}"]
    block = Block(
        terms.block_id, event.customer_id, "", terms.kind, event.currency, terms.amount_minor,
        terms.credits, terms.priority, terms.effective_at, terms.expires_at,
        frozenset(terms.item_ids), event.exchange_rate,
    )  # fmt: skip
    block = move(
        plan, block, Step.OPENED, event_id=event.event_id, document_id=event.origin,
        occurred_at=event.effective_at, amount_minor=terms.amount_minor,
    )._replace(is_invoiced=True)  # fmt: skip
    stands = noted_rule(Step.OPENED)
    plan.entries.append(
        Entry(
            block.block_id, block.sequence, stands.code, stands.debit, stands.credit,
            terms.amount_minor, event.currency, posted_on, event.origin, "",
        )
    )  # fmt: skip
    what = f"opening balance of {event.origin}"
    open_block(plan, block, Step.OPENED, event, what, known, policy)
