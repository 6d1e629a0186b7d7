"""A shop that sells plans, in a tenant of its own: short to write in tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from drawdown.billing.plan_file import read_plan
from drawdown.core.block import Block
from drawdown.core.checks import violations
from drawdown.core.events import CustomerChanged
from drawdown.core.policy import Policy
from drawdown.core.subscription.plan import EndOfTerm, Plan
from drawdown.core.subscription.terms import Subscription
from drawdown.core.subscription.usage import UsageRecord
from drawdown.reports.journal import Life
from drawdown.service.balances import Balance, balance
from drawdown.service.billing import BillReport, bill
from drawdown.service.ingest import ingest
from drawdown.service.lives import all_lives
from drawdown.service.subscriptions import Given, create, give
from drawdown.service.usage import UsageAnswer, ingest_usage
from drawdown.store.database import Session
from drawdown.store.ledger import all_documents
from drawdown.store.subscriptions import notices

START = datetime(2024, 1, 1, tzinfo=UTC)
VERTEX = """
id = "support"
currency = "USD"
term = "3 months"
invoice_date = "next_day"
[[prepay]]
id = "prepaid"
charge = "auto_refill"
amount = "5000"
minimum_balance = "300"
refill_invoice = "with_next_bill"
[[usage]]
id = "a"
item = "usage"
rate = "2.50"
draws = ["prepaid"]
[[usage]]
id = "b"
item = "chat"
rate = "1.30"
draws = ["prepaid"]
"""
"""The plan of Oracle's "Prepay with Drawdown Example" (section_0919041722)."""


def plan(text: str) -> Plan:
    """Read a plan that is right; id and currency are given where the text has none."""
    head = "" if "currency" in text else 'id = "plan"\ncurrency = "USD"\n'
    found = read_plan(head + text)
    assert isinstance(found, Plan), found
    return found


def one_line(prepay: str, head: str = "", rate: str = "1") -> str:
    """Write a plan of one prepaid line and one line of usage that draws it, at a rate."""
    return f"""
{head}
[[prepay]]
id = "pre"
{prepay}
[[usage]]
id = "api"
item = "api"
rate = {rate}
draws = ["pre"]
"""


ONE_TIME = one_line('charge = "one_time"\namount = 100')


def at(text: str) -> datetime:
    """Read an instant; a day is its noon."""
    return datetime.fromisoformat(text if "T" in text else f"{text}T12:00").replace(tzinfo=UTC)


def day(text: str) -> date:
    """Read a day."""
    return date.fromisoformat(text)


def end_of(text: str) -> datetime:
    """Return the first instant after a day."""
    return datetime.combine(day(text) + timedelta(days=1), datetime.min.time(), UTC)


def usage(
    usage_id: str,
    when: str,
    quantity: str | int,
    line: str = "api",
    subscription_id: str = "S",
    corrects: str = "",
) -> UsageRecord:
    """Return a usage record."""
    return UsageRecord(
        usage_id, subscription_id, line, at(when), Decimal(quantity).normalize() + 0, corrects
    )


class Invoice(NamedTuple):
    """An invoice as it was posted: what blocks paid by block, and what is ordinary."""

    number: str
    posted_on: date
    drawn: dict[str, Decimal]
    drawn_minor: int
    due_minor: int


class Shop:
    """A tenant with one customer."""

    def __init__(
        self, session: Session, policy: Policy | None = None, currency: str = "USD"
    ) -> None:
        self.session = session
        self.policy = policy or Policy()
        self.now = START
        self.customer("C", currency)

    def customer(self, customer_id: str, currency: str = "USD") -> None:
        """Make a customer known."""
        made = CustomerChanged(f"customer {customer_id}", START, customer_id, customer_id, currency)
        ingest(self.session, [made], self.policy)

    def later(self) -> datetime:
        """Return the next instant at which something is done; each differs."""
        self.now += timedelta(seconds=1)
        return self.now

    def subscribe(
        self,
        what: Plan,
        subscription_id: str = "S",
        starts_on: str = "2024-01-01",
        customer_id: str = "C",
        end_of_term: EndOfTerm | None = None,
        exchange_rate: str = "1",
        **more: bool,
    ) -> Subscription:
        """Begin a subscription."""
        made = Subscription(
            subscription_id, customer_id, what, day(starts_on), Decimal(exchange_rate),
            end_of_term or what.end_of_term, more.get("is_carried", what.is_carried),
        )  # fmt: skip
        # It begins now, whatever the clock of the machine says.
        self.now = max(self.now, end_of(starts_on))
        create(self.session, made, self.policy, self.later())
        return made

    def use(self, *records: UsageRecord) -> list[UsageAnswer]:
        """Take in usage, all of it at once; it has been used by then."""
        self.now = max([self.now, *(one.used_at for one in records)])
        return ingest_usage(self.session, records, self.policy, self.later())

    def use_one_by_one(self, records: Iterable[UsageRecord]) -> None:
        """Take in usage, each record in a call of its own."""
        for record in records:
            (answer,) = self.use(record)
            assert answer.status in ("accepted", "held"), answer

    def bill(self, through: str) -> BillReport:
        """Bill everything that ends by a day."""
        return bill(self.session, end_of(through), self.policy, self.later())

    def give(self, block_id: str, credits_: str, on: str, **more: object) -> bool:
        """Grant, or top up where there is a price."""
        given = Given(
            block_id, "C", str(more.pop("subscription_id", "S")), str(more.pop("line_id", "")),
            Decimal(credits_), int(str(more.pop("amount_minor", 0))), day(on), **more,  # type: ignore[arg-type]
        )  # fmt: skip
        return give(self.session, given, self.policy, self.later())

    def balance(
        self, when: str, known_at: datetime | None = None, customer_id: str = "C"
    ) -> Balance:
        """Return the customer's balance."""
        return balance(self.session, customer_id, self.policy, at(when), known_at)

    def left(self, when: str, known_at: datetime | None = None) -> Decimal:
        """Return all that the customer has left."""
        return self.balance(when, known_at).left

    def lives(self) -> dict[str, Life]:
        """Return every block's life; every invariant of each holds."""
        found = {life.block.block_id: life for life in all_lives(self.session)}
        for life in found.values():
            assert violations(life.block, life.entries) == []
        return found

    def blocks(self) -> dict[str, Block]:
        """Return every block."""
        return {block_id: life.block for block_id, life in self.lives().items()}

    def invoices(self) -> list[Invoice]:
        """Return the usage invoices in the order of their numbers."""
        found: list[Invoice] = []
        lives = self.lives()
        for document in all_documents(self.session):
            if document.kind.value != "usage":
                continue
            drawn: dict[str, Decimal] = {}
            drawn_minor = 0
            for life in lives.values():
                for one in life.movements:
                    if one.document_id == document.document_id and one.step.value == "drawn":
                        block_id = life.block.block_id
                        drawn[block_id] = drawn.get(block_id, Decimal(0)) + one.credits
                        drawn_minor += one.amount_minor
            found.append(
                Invoice(
                    document.document_id, document.posted_on, drawn, drawn_minor,
                    document.due_minor,
                )
            )  # fmt: skip
        return sorted(found, key=lambda one: (one.posted_on, one.number))

    def notices(self) -> list[str]:
        """Return the ids of all notices."""
        return [one.notice.notice_id for one in notices(self.session)]
