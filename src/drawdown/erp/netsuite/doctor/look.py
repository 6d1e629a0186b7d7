"""What every check looks at, and the few words that make a finding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

from drawdown.core.observed import Finding, Severity
from drawdown.core.policy import Policy
from drawdown.erp.netsuite.directory import Directory
from drawdown.erp.netsuite.mapping import Mapping
from drawdown.erp.netsuite.transport import Row, Transport


@dataclass(frozen=True, slots=True)
class Access:
    """What is known of our own credentials, without asking.

    Attributes:
        ends_at: End of the certificate; None: it has none, or the end is not known.
        notices: What is said of it wherever the connection is used.
        is_legacy: Token-based authentication.
    """

    account_id: str
    kind: str
    ends_at: datetime | None
    notices: tuple[str, ...]
    is_legacy: bool


@dataclass(frozen=True, slots=True)
class Look:
    """One look at an account."""

    transport: Transport
    directory: Directory
    policy: Policy
    access: Access

    @property
    def mapping(self) -> Mapping:
        """The connection's mapping."""
        return self.directory.mapping

    @property
    def today(self) -> date:
        """The posting date that an instant of now would have."""
        now = datetime.fromtimestamp(self.transport.outside.now(), UTC)
        return now.astimezone(self.policy.time_zone).date()

    def rows(self, sql: str) -> Iterator[Row]:
        """Read all rows of a query."""
        return self.transport.rows(sql)


def error(code: str, what: str, where: str, otherwise: str) -> Finding:
    """Return a finding: something will not work."""
    return Finding(Severity.ERROR, code, what, where, otherwise)


def warning(code: str, what: str, where: str, otherwise: str) -> Finding:
    """Return a finding: something will not work in some case, or soon."""
    return Finding(Severity.WARNING, code, what, where, otherwise)


def by_hand(code: str, what: str, where: str, otherwise: str) -> Finding:
    """Return a finding: a person must look."""
    return Finding(Severity.BY_HAND, code, what, where, otherwise)


def note(code: str, what: str) -> Finding:
    """Return a finding: a fact to know."""
    return Finding(Severity.NOTE, code, what, "", "")
