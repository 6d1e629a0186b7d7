"""Taking over prepayments that the ERP billed itself: the opening entry of a cut-over.

What is left of each prepaid line becomes a block with an opening balance. Nothing is taken over
before the sum of what is left is the balance of the deferred revenue account it stands in, to the
cent; before every charge up to the cut-over is billed; and while anything of the lines deviates.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from drawdown.core.accounts import Role
from drawdown.core.events import BlockKind, BlockTerms, CustomerChanged, Event, OpeningBalance
from drawdown.core.ids import split_native
from drawdown.core.iso4217 import EXPONENTS
from drawdown.core.money import money_text, normal_credits, to_decimal
from drawdown.core.native_prepayment import NativePrepayment, NativePrepayments
from drawdown.core.policy import Policy
from drawdown.core.ports import Erp
from drawdown.service.mirror import deviations
from drawdown.store.database import Session
from drawdown.store.natives import customer_of

_ENDED = frozenset({"CLOSED", "DRAFT"})


class Takeover(NamedTuple):
    """What a cut-over would do.

    Attributes:
        events: Facts to ingest: customers that are not known yet, and opening balances.
        problems: What stands against it, in words; it must not be done while there is one.
        left: What is left of all lines, in base currency.
        booked: Credit balance of the former deferred revenue account, in base currency.
        base_currency: Code; empty if the account is not mapped.
    """

    events: tuple[Event, ...]
    problems: tuple[str, ...]
    left: Decimal
    booked: Decimal
    base_currency: str


def plan_takeover(
    session: Session, erp: Erp, prepayments: NativePrepayments, cutover: date, policy: Policy
) -> Takeover:
    """Work out the opening balances of a cut-over; nothing is written.

    Args:
        prepayments: The same ERP; only what is left at the cut-over counts.
        cutover: First day on which blocks are drawn instead of the prepaid lines.

    Raises:
        ErpError: The ERP cannot be read.
    """
    alive = [one for one in prepayments.prepayments() if _is_alive(one, cutover)]
    problems = [problem for one in alive for problem in _problems(one, cutover)]
    balances = [
        one for one in erp.account_balances() if one.account is Role.FORMER_DEFERRED_REVENUE
    ]
    booked = -sum((one.amount for one in balances), Decimal(0))
    base = balances[0].base_currency if balances else ""
    left = Decimal(0)
    if base:
        for one in alive:
            left += in_base(one.remaining_minor, one.facts.currency, one.exchange_rate, base)
    if not base:
        problems.append(
            "no account is mapped to former_deferred_revenue; map it to the deferred revenue "
            "account of the prepaid item, under accounts of the connection's mapping"
        )
    elif left != booked:
        problems.append(
            f"{left} {base} is left of the prepaid lines but account {balances[0].number} holds "
            f"{booked}; find the difference of {left - booked} (a manual journal, another item on "
            "the account, a month end not run) before taking over"
        )
    events = [event for one in alive for event in _events(session, one, cutover, policy)]
    return Takeover(tuple(events), tuple(problems), left, booked, base)


def _is_alive(one: NativePrepayment, cutover: date) -> bool:
    """Whether something is left that usage may still draw from the cut-over on."""
    ends_on = one.facts.ends_on
    return (
        one.remaining_minor > 0
        and one.status not in _ENDED
        and (ends_on is None or ends_on >= cutover)
    )


def _problems(one: NativePrepayment, cutover: date) -> Iterator[str]:
    facts = one.facts
    for deviation in deviations(one, cutover):
        yield deviation.detail
    unbilled = [
        charge
        for charges in (facts.bought, facts.drawn, facts.used)
        for charge in charges
        if charge.billed_on is None or charge.billed_on > cutover
    ]
    if unbilled:
        amount = sum(charge.amount_minor for charge in unbilled)
        yield (
            f"subscription {one.subscription}: {len(unbilled)} charges, "
            f"{money_text(amount, facts.currency)} {facts.currency}, are not billed by {cutover}; "
            "run billing up to the cut-over first"
        )
    late = [use for use in facts.used if use.on >= cutover]
    if late:
        yield (
            f"subscription {one.subscription}: {len(late)} usage charges are dated {cutover} or "
            "later; choose a later cut-over, or delete that usage there and send it here"
        )
    if not one.customer.reference:
        yield (
            f"subscription {one.subscription}: its customer cannot be read; let the role see "
            "customers"
        )


def in_base(amount_minor: int, currency: str, exchange_rate: Decimal, base: str) -> Decimal:
    """Return an amount in base currency, as the ERP rounds it."""
    amount = to_decimal(amount_minor, currency) * exchange_rate
    return amount.quantize(Decimal(1).scaleb(-EXPONENTS[base]), ROUND_HALF_UP)


def _events(
    session: Session, one: NativePrepayment, cutover: date, policy: Policy
) -> Iterator[Event]:
    facts, customer = one.facts, one.customer
    known = customer_of(session, customer.reference)
    at = _start(cutover, policy)
    customer_id = known.customer_id if known else customer.customer_id
    if known is None:
        is_theirs = split_native(customer.reference) is not None
        yield CustomerChanged(
            f"drawdown:takeover:customer:{customer.reference}", at, customer_id, customer.name,
            facts.currency, customer.reference if is_theirs else "",
        )  # fmt: skip
    credits_ = normal_credits(to_decimal(one.remaining_minor, facts.currency))
    name = f"suitebilling-{one.subscription}-{facts.item_id}"
    terms = BlockTerms(
        name, BlockKind.PURCHASED, one.remaining_minor, credits_, 0, at,
        _start(facts.ends_on + timedelta(days=1), policy) if facts.ends_on else None, (),
    )  # fmt: skip
    yield OpeningBalance(
        f"drawdown:takeover:{one.subscription}:{facts.item_id}", at, cutover, customer_id,
        facts.currency, one.exchange_rate, f"SuiteBilling {one.subscription}", (terms,),
    )  # fmt: skip


def _start(day: date, policy: Policy) -> datetime:
    return datetime.combine(day, time(), policy.time_zone).astimezone(UTC)
