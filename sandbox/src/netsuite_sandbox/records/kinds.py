"""What a transaction type is: names, letters and the functions that give it its behaviour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from netsuite_sandbox.company import Company
from netsuite_sandbox.ledger import Header, Ledger, Line
from netsuite_sandbox.periods import Periods
from netsuite_sandbox.records.fields import Values


@dataclass(slots=True)
class Books:
    """What the behaviour of a record works on."""

    company: Company
    ledger: Ledger
    periods: Periods


@dataclass(frozen=True, slots=True)
class Application:
    """A tick on an apply sublist: so much of this document is settled.

    Attributes:
        units: Transaction currency, positive.
        line: Line of a journal; 0 of any other document.
    """

    doc: int
    units: int
    day: str | None = None
    line: int = 0


@dataclass(slots=True)
class Draft:
    """A transaction about to be saved.

    Attributes:
        applies: Documents that it settles.
        credits: Of a payment: what deposits and credits settle, by their id and line.
    """

    header: Header
    lines: list[Line]
    applies: list[Application] = field(default_factory=list)
    credits: dict[tuple[int, int], list[Application]] = field(default_factory=dict)


def _nothing(_books: Books, _draft: Draft) -> None:
    return


def _nothing_to_show(_books: Books, _header: Header) -> Values:
    return {}


@dataclass(frozen=True, slots=True)
class Kind:
    """A transaction type.

    Attributes:
        record: REST name, e.g. "customerDeposit".
        code: Type in SuiteQL, e.g. "CustDep".
        label: Name for people, e.g. "Customer Deposit".
        prefix: Of the document number.
        entity_field: REST name of the entity field; "" if there is none.
        build: Values to draft; receives the old header on updates.
        settle: After saving: links to other documents.
        undo: Before an update or deletion: takes the links back.
        show: Further REST fields that are computed.
        sublists: Names of sublists that `show` or the generic renderer give back.
        statuses: Letter to name.
        settled_once: Whether an update leaves the settlement as it is (a refund).
        posts: Whether it has a posting period.
        create: Whether a plain POST may create one (a deposit application: only a transform).
    """

    record: str
    code: str
    label: str
    prefix: str
    entity_field: str
    build: Callable[[Books, Kind, Values, Header | None], Draft]
    settle: Callable[[Books, Draft], None] = _nothing
    undo: Callable[[Books, Draft], None] = _nothing
    show: Callable[[Books, Header], Values] = _nothing_to_show
    sublists: tuple[str, ...] = ()
    statuses: dict[str, str] = field(default_factory=dict)
    receivables: bool = True
    create: bool = True
    posts: bool = True
    settled_once: bool = False
    required: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)

    def status_name(self, letter: str | None) -> str:
        """Return the name of a status letter."""
        return self.statuses.get(letter or "", "")
