"""What is known when an event is decided: a snapshot that the caller loaded.

The snapshot may cover many events of a batch. After each accepted event `remember` brings it up to
date, so that a batch decides exactly as its events would one by one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from drawdown.core.block import Block, State, Step
from drawdown.core.plan import Customer, Document, Entry, Movement, PostingPlan


@dataclass(slots=True)
class Known:
    """Facts of one tenant that the events at hand may need.

    Attributes:
        blocks_of: Ids of the blocks that are not ended, of each customer whose usage names no
            block; any order.
        movements: By document id, in drawing order: what an invoice drew, and what undid it.
        purchases: By block id: its invoiced and purchased movements.
        entries: By (block id, sequence): the recorded entries of a movement, in posting order.
    """

    tenant_id: str
    customers: dict[str, Customer] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)
    blocks_of: dict[str, list[str]] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    movements: dict[str, list[Movement]] = field(default_factory=dict)
    purchases: dict[str, list[Movement]] = field(default_factory=dict)
    entries: dict[tuple[str, int], list[Entry]] = field(default_factory=dict)

    def remember(self, plan: PostingPlan) -> None:
        """Take over what an accepted plan changed."""
        for block_id, block in plan.blocks.items():
            before = self.blocks.get(block_id)
            self.blocks[block_id] = block
            if before is not None and before.state in _LISTED:
                continue
            owned = self.blocks_of.get(block.customer_id)
            # Also a block that had ended and that a credit memo opened again.
            if owned is not None and block_id not in owned:
                owned.append(block_id)
        for document in plan.documents:
            self.documents[document.document_id] = document
        for customer in plan.customers:
            self.customers[customer.customer_id] = customer
        for movement in plan.movements:
            self.movements.setdefault(movement.document_id, []).append(movement)
            if movement.step in _PURCHASE_STEPS:
                self.purchases.setdefault(movement.block_id, []).append(movement)
        for entry in plan.entries:
            self.entries.setdefault((entry.block_id, entry.sequence), []).append(entry)


_PURCHASE_STEPS = frozenset({Step.INVOICED, Step.PURCHASED, Step.OPENED})
_LISTED = frozenset({State.NEW, State.OPEN})  # what `blocks_of` is loaded with
