"""What the services need from the outside, as protocols. Adapters implement them.

An ERP adapter speaks in roles, block ids and minor units; account numbers, internal ids and field
names stay inside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol

from drawdown.core.errors import ErpError
from drawdown.core.events import Event
from drawdown.core.observed import (
    AccountBalance,
    BaseRest,
    ErpIdentity,
    ErpPeriod,
    ErpRecord,
    Finding,
    ForeignRecord,
    Inspection,
    NativeDocument,
    Posted,
    Recognised,
    TaggedBalance,
    Untagged,
)
from drawdown.core.plan import RecordIntent
from drawdown.core.policy import Policy


class Erp(Protocol):
    """An ERP that keeps the books.

    Every method raises `ErpUnavailableError` (try again), `ErpRefusedError` (a person must act) or
    `ErpUnknownError` (sent, no answer); nothing else.
    """

    def deliver(self, intent: RecordIntent) -> Posted:
        """Make the intent true in the ERP exactly once, and read back what it holds.

        A creation posts under the derived external id; on "already exists" or an unknown outcome
        the record is looked up by that id, compared and adopted. Foreign content under our id is
        refused, never adopted. May be called again at any time with the same intent.
        """
        ...

    def post(self, intent: RecordIntent) -> Posted:
        """Do as `deliver`, but leave the reading back of a plain success to `read_back`.

        What had to be looked up anyway (an adoption) comes back verified. Repeating it is as safe
        as repeating `deliver`.
        """
        ...

    def read_back(self, intents: Sequence[RecordIntent]) -> tuple[Posted | ErpError, ...]:
        """Read what the ERP holds for intents that were posted, many with few calls.

        Returns:
            In the order of the intents: the record, verified as `deliver` verifies it; or the
            error of this one (not shown yet: try again; other content: a person must act).

        Raises:
            ErpError: Nothing could be read.
        """
        ...

    def concurrency_limit(self) -> int:
        """Return how many calls may be under way at once, ours and others' of the same pool."""
        ...

    def identity(self) -> ErpIdentity:
        """Return which books these are, asked of the ERP each time."""
        ...

    def examine(self, policy: Policy) -> tuple[Finding, ...]:
        """Look the account over for what will break under a policy; only reads.

        Returns:
            Worst first. What cannot be asked for is a finding too, never an error.
        """
        ...

    def notices(self) -> tuple[str, ...]:
        """Return what a person should know of this connection before it fails, in words.

        Without asking the ERP. Empty if there is nothing, such as when a certificate lasts.
        """
        ...

    def access_ends_at(self) -> datetime | None:
        """Return when our access ends by itself (a certificate); None: never, or not known."""
        ...

    def calls(self) -> dict[str, int]:
        """Return how many calls this connection has made so far, by what they were."""
        ...

    def books_open_from(self) -> date | None:
        """Return the first day of the first period that takes postings; None if all do."""
        ...

    def periods(self) -> tuple[ErpPeriod, ...]:
        """Return the accounting periods in order of time."""
        ...

    def inspect(self, intent: RecordIntent, internal_id: str = "") -> Inspection | None:
        """Look at the record that a person says is the intent's; None if there is none.

        Args:
            internal_id: The ERP's id of it; empty: the record under our external id.
        """
        ...

    def relink(self, intent: RecordIntent, internal_id: str) -> None:
        """Give a record our external id, so that later records find it; nothing else is changed."""
        ...

    def tagged_balances(self) -> Iterator[TaggedBalance]:
        """Read every block's balance per role, in any order."""
        ...

    def base_roundings(self) -> Iterator[BaseRest]:
        """Read what rounding has left of blocks in other currencies than the base currency."""
        ...

    def recognised(self) -> Iterator[Recognised]:
        """Read all recognition of blocks, oldest first."""
        ...

    def untagged(self) -> Iterator[Untagged]:
        """Read ledger lines on our exclusive accounts that no block explains."""
        ...

    def records(self) -> Iterator[ErpRecord]:
        """Read all transactions that bear an external id of ours."""
        ...

    def foreign_records(self) -> Iterator[ForeignRecord]:
        """Read all transactions that are not ours but name a block or pay a record of ours."""
        ...

    def native_documents(
        self, since: datetime | None, references: Sequence[str] = ()
    ) -> Iterator[NativeDocument]:
        """Read the documents of others that were changed since an instant of the ERP's clock.

        Orders before invoices before what credits and pays them. With references, only those.
        """
        ...

    def relabel(self, record: str, internal_id: str, external_id: str) -> None:
        """Give a record another external id; only ever by a person's choice."""
        ...

    def set_back(self, intent: RecordIntent) -> None:
        """Set a record back to what an intent says; only ever by a person's choice.

        Lines of orders, invoices and memos cannot be set back: that is refused.
        """
        ...

    def native_ids(self, references: Iterable[str]) -> dict[str, str]:
        """Return the internal ids of those native references that there are now."""
        ...

    def content(self, intent: RecordIntent) -> ErpRecord:
        """Return what `records` would say of a record that is as a creation intends.

        Ids, numbers and periods, which the ERP gives, are left empty, `unpaid_minor` is 0.
        """
        ...

    def account_balances(self) -> Iterator[AccountBalance]:
        """Read the balance of every account that a role or observed account is mapped to."""
        ...


@dataclass(frozen=True, slots=True)
class Problem:
    """A place in a billing file that could not be read; the rest of the file goes on.

    Attributes:
        line: Line number, from 1.
        message: What is wrong and what to do.
    """

    line: int
    message: str


class Located(NamedTuple):
    """An event and the line of the file it came from."""

    line: int
    event: Event


class BillingSource(Protocol):
    """A billing source decodes its own format into events."""

    def decode(self, lines: Iterable[bytes]) -> Iterator[Located | Problem]:
        """Decode a file line by line; memory does not grow with its length."""
        ...
