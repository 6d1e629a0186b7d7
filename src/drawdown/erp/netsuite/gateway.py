"""NetSuite as `core.ports.Erp`: writes records (`writing`), reads the books back (`readings`)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime

from drawdown.core.native_prepayment import NativePrepayment
from drawdown.core.observed import (
    AccountBalance,
    BaseRest,
    ErpIdentity,
    ErpPeriod,
    ErpRecord,
    Finding,
    ForeignRecord,
    NativeDocument,
    Recognised,
    TaggedBalance,
    Untagged,
)
from drawdown.core.plan import RecordIntent
from drawdown.core.policy import Policy
from drawdown.erp.netsuite import account, doctor, keys, oauth1, readings
from drawdown.erp.netsuite.connection import ClientCredentials, Connection
from drawdown.erp.netsuite.content import content
from drawdown.erp.netsuite.directory import Directory
from drawdown.erp.netsuite.mapping import Mapping
from drawdown.erp.netsuite.outside import Outside
from drawdown.erp.netsuite.transport import Transport
from drawdown.erp.netsuite.writing import Writer, configured


class NetSuite(Writer):
    """One NetSuite account (and subsidiary), for use by several threads or tasks."""

    def __init__(self, connection: Connection, mapping: Mapping, outside: Outside) -> None:
        transport = Transport(connection, outside)
        super().__init__(transport, Directory(transport, mapping))
        self.connection = connection

    # -- the account ----------------------------------------------------------------------------

    def concurrency_limit(self) -> int:
        """Return how many calls may be under way at once."""
        return account.concurrency_limit(self.transport)

    def identity(self) -> ErpIdentity:
        """Return which books these are."""
        account_id = self.connection.account_id
        marks = (account_id, *account.marks(self.transport))
        fingerprint = hashlib.sha256("\n".join(marks).encode()).hexdigest()[:16]
        return ErpIdentity(account_id, self.connection.kind, fingerprint)

    def examine(self, policy: Policy) -> tuple[Finding, ...]:
        """Look the account over for what will break under a policy."""
        return doctor.examine(self.transport, self.directory, policy, self.access())

    def access(self) -> doctor.Access:
        """Return what is known of our own credentials."""
        return doctor.Access(
            self.connection.account_id,
            self.connection.kind,
            self.access_ends_at(),
            self.notices(),
            is_legacy=not isinstance(self.connection.credentials, ClientCredentials),
        )

    def notices(self) -> tuple[str, ...]:
        """Return what a person should know of the credentials."""
        if not isinstance(self.connection.credentials, ClientCredentials):
            return (oauth1.LEGACY,)
        ends_at = self.access_ends_at()
        now = datetime.fromtimestamp(self.transport.outside.now(), UTC)
        notice = keys.ends_soon(ends_at, now) if ends_at else ""
        return (notice,) if notice else ()

    def access_ends_at(self) -> datetime | None:
        """Return the end of the certificate that lasts longest."""
        credentials = self.connection.credentials
        if not isinstance(credentials, ClientCredentials):
            return None
        ends = [one.ends_at for one in credentials.certificates if one.ends_at is not None]
        return max(ends) if ends and len(ends) == len(credentials.certificates) else None

    def calls(self) -> dict[str, int]:
        """Return how many HTTP calls were made, by what they were."""
        return dict(self.transport.calls)

    # -- reading --------------------------------------------------------------------------------

    def books_open_from(self) -> date | None:
        """Return the first day of the first period that takes postings; None if all do."""
        with configured():
            return readings.books_open_from(self.transport)

    def periods(self) -> tuple[ErpPeriod, ...]:
        """Return the accounting periods in order of time."""
        with configured():
            return readings.periods(self.transport)

    def tagged_balances(self) -> Iterator[TaggedBalance]:
        """Read every block's balance per role, in any order."""
        with configured():
            yield from readings.tagged_balances(self.transport, self.directory)

    def base_roundings(self) -> Iterator[BaseRest]:
        """Read what rounding has left of blocks in other currencies than the base currency."""
        with configured():
            yield from readings.base_roundings(self.transport, self.directory)

    def recognised(self) -> Iterator[Recognised]:
        """Read all recognition of blocks, oldest first."""
        with configured():
            yield from readings.recognised(self.transport, self.directory)

    def untagged(self) -> Iterator[Untagged]:
        """Read ledger lines on our exclusive accounts that no block explains."""
        with configured():
            yield from readings.untagged(self.transport, self.directory)

    def records(self) -> Iterator[ErpRecord]:
        """Read all transactions that bear an external id of ours."""
        with configured():
            yield from readings.records(self.transport, self.directory)

    def foreign_records(self) -> Iterator[ForeignRecord]:
        """Read all transactions that are not ours but name a block or pay a record of ours."""
        with configured():
            yield from readings.foreign_records(self.transport, self.directory)

    def native_documents(
        self, since: datetime | None, references: Sequence[str] = ()
    ) -> Iterator[NativeDocument]:
        """Read the documents of others that were changed since an instant of NetSuite's clock."""
        with configured():
            yield from readings.native_documents(self.transport, self.directory, since, references)

    def native_ids(self, references: Iterable[str]) -> dict[str, str]:
        """Return the internal ids of those native references that there are now."""
        return readings.native_ids(self.transport, references)

    def content(self, intent: RecordIntent) -> ErpRecord:
        """Return what `records` would say of a record that is as a creation intends."""
        with configured():
            return content(intent, self.directory)

    def prepayments(self) -> Iterator[NativePrepayment]:
        """Read the prepaid lines of SuiteBilling subscriptions."""
        with configured():
            yield from readings.prepayments(self.transport, self.directory)

    def account_balances(self) -> Iterator[AccountBalance]:
        """Read the balance of every account that a role or observed account is mapped to."""
        with configured():
            yield from readings.account_balances(self.transport, self.directory)
