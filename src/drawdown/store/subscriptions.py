"""Plans, subscriptions and where accounts stand: reading and writing, set-wise.

Statements go out in the caller's pipeline; the transaction is the caller's.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec

from drawdown.core.subscription.account import Account, Meter
from drawdown.core.subscription.acts import Bill, Notice, NoticeKind, PlanBlock
from drawdown.core.subscription.plan import EndOfTerm, Plan
from drawdown.core.subscription.terms import Subscription
from drawdown.store.codec import array_literal
from drawdown.store.database import Row, Session
from drawdown.store.ledger import PAGE_SIZE

_encoder = msgspec.json.Encoder()
_accounts = msgspec.json.Decoder(Account)
_blocks = msgspec.json.Decoder(PlanBlock)
_meters = msgspec.json.Decoder(Meter)
_bills = msgspec.json.Decoder(Bill)
_plans = msgspec.json.Decoder(Plan)


def encode_account(account: Account) -> str:
    """Write a position as it is stored."""
    return _encoder.encode(account).decode()


def decode_account(text: str) -> Account:
    """Read a stored position."""
    return _accounts.decode(text)


def plan_key(plan: Plan) -> str:
    """Return the key of a plan's content: an edited plan is another plan."""
    return hashlib.sha256(_encoder.encode(plan)).hexdigest()[:32]


def add_subscription(session: Session, subscription: Subscription, now: datetime) -> None:
    """Store a subscription, with its plan where that is new."""
    key = plan_key(subscription.plan)
    content = _encoder.encode(subscription.plan).decode()
    session.run(
        "add_plan", {"plan_key": key, "plan_id": subscription.plan.plan_id, "content": content}
    )
    session.run(
        "add_subscription",
        {
            "subscription_id": subscription.subscription_id,
            "customer_id": subscription.customer_id,
            "plan_key": key,
            "starts_on": subscription.starts_on,
            "exchange_rate": subscription.exchange_rate,
            "end_of_term": subscription.end_of_term.value,
            "is_carried": subscription.is_carried,
            "now": now,
        },
    )


def change_subscription(session: Session, subscription: Subscription, now: datetime) -> None:
    """Store what may change of a subscription: its renewals, its end, what becomes of the rest."""
    session.run(
        "change_subscription",
        {
            "subscription_id": subscription.subscription_id,
            "renewals": subscription.renewals,
            "ended_on": subscription.ended_on,
            "is_carried": subscription.is_carried,
            "end_of_term": subscription.end_of_term.value,
            "now": now,
        },
    )


def customers_of(session: Session, subscription_ids: Iterable[str]) -> dict[str, str]:
    """Return the customers of subscriptions that exist, by subscription id."""
    rows = session.run("customers_of_subscriptions", {"ids": array_literal(subscription_ids)})
    return dict(rows.fetchall())


class Facts(NamedTuple):
    """What is stored of one customer.

    Attributes:
        subscriptions: By id.
        head: Where the account stands; None: it has none yet.
        blocks: That may take part in a fold, by id.
        left: Credits that the journal has left of them, and None where it has closed them; a block
            the journal does not know yet is absent.
    """

    customer_id: str
    subscriptions: dict[str, Subscription]
    head: Account | None
    blocks: dict[str, PlanBlock]
    left: dict[str, Decimal | None]


def load_facts(
    session: Session, customer_ids: Sequence[str], plans: dict[str, Plan]
) -> dict[str, Facts]:
    """Load what folds of customers begin with, by customer id; in one round trip of a pipeline.

    Args:
        plans: By key; those that are new are added.
    """
    ids = {"ids": array_literal(customer_ids)}
    asking = [
        session.run(name, ids)
        for name in (
            "subscriptions_of_customers", "accounts", "plan_blocks", "plan_block_positions",
        )
    ]  # fmt: skip
    subscriptions, heads, blocks, positions = (one.fetchall() for one in asking)
    _load_plans(session, subscriptions, plans)
    facts = {one: Facts(one, {}, None, {}, {}) for one in customer_ids}
    for row in subscriptions:
        facts[row[1]].subscriptions[row[0]] = _subscription(row, plans)
    for customer_id, head, _closed_at in heads:
        facts[customer_id] = facts[customer_id]._replace(head=_accounts.decode(head))
    for customer_id, terms in blocks:
        block = _blocks.decode(terms)
        facts[customer_id].blocks[block.block_id] = block
    for customer_id, block_id, state, left in positions:
        facts[customer_id].left[block_id] = left if state in ("new", "open") else None
    return facts


def _load_plans(session: Session, subscriptions: Sequence[Row], plans: dict[str, Plan]) -> None:
    missing = {row[2] for row in subscriptions} - plans.keys()
    if missing:
        found = session.run("plans_by_key", {"ids": array_literal(missing)})
        plans.update((key, _plans.decode(content)) for key, content in found)


def _subscription(row: Row, plans: dict[str, Plan]) -> Subscription:
    return Subscription(
        row[0], row[1], plans[row[2]], row[3], row[4], EndOfTerm(row[5]), row[6], row[7], row[8]
    )


def subscriptions_known(
    session: Session, customer_id: str, known_at: datetime
) -> dict[str, Subscription]:
    """Return the subscriptions of a customer as they were known at an instant, by id."""
    rows = session.run(
        "subscriptions_known", {"customer_id": customer_id, "known_at": known_at}
    ).fetchall()
    plans: dict[str, Plan] = {}
    _load_plans(session, rows, plans)
    return {row[0]: _subscription(row, plans) for row in rows}


def all_subscriptions(session: Session) -> Iterator[Subscription]:
    """Yield every subscription of the tenant by id, page by page."""
    plans: dict[str, Plan] = {}
    after = ""
    while True:
        rows = session.run("subscriptions_all", {"after": after, "limit": PAGE_SIZE}).fetchall()
        _load_plans(session, rows, plans)
        yield from (_subscription(row, plans) for row in rows)
        if len(rows) < PAGE_SIZE:
            return
        after = rows[-1][0]


def bases(
    session: Session, customer_ids: Sequence[str], as_of: datetime, known_at: datetime
) -> dict[str, Account]:
    """Return the latest stored positions at an instant, as they were known at another."""
    rows = session.run(
        "bases", {"ids": array_literal(customer_ids), "as_of": as_of, "known_at": known_at}
    )
    return {customer_id: _accounts.decode(position) for customer_id, position in rows}


class Position(NamedTuple):
    """A block of an account as the journal had it.

    Attributes:
        ended_at: Instant of the bill that let go of it; None: none has.
        left: Credits; None: the journal does not know the block.
        is_closed: It had been expired, voided or handed over.
    """

    block: PlanBlock
    ended_at: datetime | None
    left: Decimal | None
    is_closed: bool


def positions_known(
    session: Session, customer_id: str, from_at: datetime, as_of: datetime, known_at: datetime
) -> list[Position]:
    """Return the blocks of an account that were known at an instant.

    Args:
        from_at: Of what the account itself did the bills up to this instant count.
        as_of: Of what others did to its blocks everything up to this instant counts.
    """
    rows = session.run(
        "positions_known",
        {"customer_id": customer_id, "from_at": from_at, "as_of": as_of, "known_at": known_at},
    )
    return [Position(_blocks.decode(row[0]), *row[1:]) for row in rows]


def blocks_of_account(session: Session, customer_id: str) -> dict[str, PlanBlock]:
    """Return every block that the account of a customer has or had, by id."""
    rows = session.run("plan_blocks_all", {"customer_id": customer_id})
    found = (_blocks.decode(terms) for (terms,) in rows)
    return {block.block_id: block for block in found}


def closed_meters(
    session: Session, customer_ids: Sequence[str], as_of: datetime
) -> dict[str, list[Meter]]:
    """Return the meters of billed periods as the bills up to an instant left them, by customer."""
    found: dict[str, list[Meter]] = {}
    rows = session.run("meters", {"ids": array_literal(customer_ids), "as_of": as_of})
    for customer_id, content in rows:
        found.setdefault(customer_id, []).append(_meters.decode(content))
    return found


def exhausted_blocks(
    session: Session, block_ids: Iterable[str]
) -> Iterator[tuple[PlanBlock, Decimal]]:
    """Yield the blocks that accounts let go of because nothing was left, with what is left now."""
    ids = array_literal(block_ids)
    if ids != "{}":
        for terms, left in session.run("exhausted_blocks", {"ids": ids}).fetchall():
            yield _blocks.decode(terms), left


def revived_blocks(
    session: Session, customer_ids: Sequence[str]
) -> Iterator[tuple[PlanBlock, Decimal]]:
    """Yield the blocks that accounts let go of and that have something left again."""
    rows = session.run("revived_blocks", {"ids": array_literal(customer_ids)})
    for terms, left in rows.fetchall():
        yield _blocks.decode(terms), left


def late_customers(session: Session, customer_ids: Sequence[str]) -> list[str]:
    """Return those of the customers that have usage of before their last bill not billed yet."""
    rows = session.run("late_customers", {"ids": array_literal(customer_ids)})
    return [customer_id for (customer_id,) in rows]


def plan_block(session: Session, block_id: str) -> PlanBlock | None:
    """Return a block that a subscription manages or managed; None: it is none of those."""
    row = session.run("plan_block", {"block_id": block_id}).fetchone()
    return None if row is None else _blocks.decode(row[0])


class Written(NamedTuple):
    """What a transaction writes of subscriptions.

    Attributes:
        heads: Accounts with the instant at which a bill run has something to do.
        ended: Blocks that take no part in later folds, with the instant of their end.
        meters: Totals of billed periods: customer, and instant of the bill that left them so.
    """

    heads: list[tuple[Account, datetime | None]]
    bases: list[Account]
    blocks: list[PlanBlock]
    ended: list[tuple[str, datetime]]
    meters: list[tuple[str, datetime, Meter]]
    bills: list[Bill]
    notices: list[Notice]


def write(session: Session, written: Written, now: datetime) -> None:
    """Write what folds led to, one statement a table."""
    rows: dict[str, list[tuple[object, ...]]] = {
        "add_plan_blocks": [
            (
                one.block_id, one.customer_id, one.subscription_id, _encoder.encode(one).decode(),
                one.entered_at, now,
            )
            for one in written.blocks
        ],
        "end_plan_blocks": list(written.ended),
        "save_meters": [
            (
                customer_id, one.subscription_id, one.line_id, one.starts_on, at,
                _encoder.encode(one).decode(),
            )
            for customer_id, at, one in written.meters
        ],
        "add_bills": [
            (
                one.subscription_id, one.number, one.customer_id, one.starts_on, one.at,
                one.posted_on, _encoder.encode(one).decode(), now,
            )
            for one in written.bills
        ],
        "add_bases": [(one.customer_id, one.at, encode_account(one), now) for one in written.bases],
        "add_notices": [
            (*one[:1], one.kind.value, *one[2:6], one.text, now) for one in written.notices
        ],
        "save_accounts": [
            (one.customer_id, encode_account(one), one.closed_at, next_at)
            for one, next_at in written.heads
        ],
    }  # fmt: skip
    for name, found in rows.items():
        if found:
            columns = enumerate(zip(*found, strict=True))
            session.send(name, {f"c{n}": array_literal(column) for n, column in columns})


def bills_of(session: Session, customer_id: str) -> list[Bill]:
    """Return the bills of a customer, oldest first."""
    rows = session.run("bills_of_customer", {"customer_id": customer_id})
    return [_bills.decode(content) for (content,) in rows]


class StoredNotice(NamedTuple):
    """A notice and when it was recorded."""

    notice: Notice
    recorded_at: datetime


def notices(session: Session, customer_id: str = "") -> list[StoredNotice]:
    """Return notices, oldest first; of one customer if one is named."""
    return [
        StoredNotice(Notice(row[0], NoticeKind(row[1]), *row[2:7]), row[7])
        for row in session.run("notices", {"customer_id": customer_id})
    ]
