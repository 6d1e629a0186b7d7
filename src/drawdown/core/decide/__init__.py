"""Decisions: block x event x policy -> posting plan, hold or refusal. Pure, one file a phase.

`DECISIONS` is the table of who decides what; `decide` looks it up. Nothing here loads or stores.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drawdown.core.decide.cancellation import void_block
from drawdown.core.decide.drawdown import draw_usage
from drawdown.core.decide.expiration import expire_block, expiry_of, is_due
from drawdown.core.decide.handover import hand_over_block
from drawdown.core.decide.known import Known
from drawdown.core.decide.native import await_document, native_of, take_over
from drawdown.core.decide.observation import observe_recognition
from drawdown.core.decide.payment import pay_invoice, pay_out_credit
from drawdown.core.decide.purchase import (
    change_customer,
    invoice_purchase,
    order_blocks,
)
from drawdown.core.decide.reversal import credit_invoice
from drawdown.core.decide.rounding import settle_rounding
from drawdown.core.decide.takeover import open_balance
from drawdown.core.events import (
    BaseRounding,
    BlockVoid,
    CreditMemo,
    CustomerChanged,
    Event,
    Expiry,
    Handover,
    InvoiceVoid,
    OpeningBalance,
    Payment,
    PurchaseInvoice,
    Recognition,
    Refund,
    SalesOrder,
    UsageInvoice,
)
from drawdown.core.plan import Outcome, PostingPlan
from drawdown.core.policy import Policy

__all__ = ["DECISIONS", "Known", "decide", "expiry_of", "is_due"]

# The event's class picks the function, so each takes exactly its own class of event.
DECISIONS: dict[type[Event], Callable[[Any, Known, Policy], Outcome]] = {
    CustomerChanged: change_customer,
    SalesOrder: order_blocks,
    OpeningBalance: open_balance,
    PurchaseInvoice: invoice_purchase,
    Payment: pay_invoice,
    Refund: pay_out_credit,
    UsageInvoice: draw_usage,
    Expiry: expire_block,
    CreditMemo: credit_invoice,
    InvoiceVoid: credit_invoice,
    BlockVoid: void_block,
    Handover: hand_over_block,
    Recognition: observe_recognition,
    BaseRounding: settle_rounding,
}


def decide(event: Event, known: Known, policy: Policy) -> Outcome:
    """Decide one event.

    Args:
        event: Any event but a clock, which stands for one `Expiry` per block that is due.
        known: Everything loaded that the event may need; it is not changed.
        policy: The tenant's choices.

    Returns:
        A posting plan to be stored as a whole, a hold, or a refusal with its reason.
    """
    waits = await_document(event, known, policy)
    if waits is not None:
        return waits
    outcome = DECISIONS[type(event)](event, known, policy)
    if native_of(event) and isinstance(outcome, PostingPlan):
        take_over(outcome, event)
    return outcome
