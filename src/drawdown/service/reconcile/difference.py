"""What a reconciliation yields, and what its comparisons share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from drawdown.core.ids import external_id
from drawdown.core.observed import ErpRecord, ForeignRecord
from drawdown.core.ports import Erp
from drawdown.store.database import Session
from drawdown.store.exceptions import Decisions
from drawdown.store.natives import Native
from drawdown.store.outbox import Outgoing
from drawdown.store.summaries import Gathering


class Difference(NamedTuple):
    """One disagreement, named.

    Attributes:
        kind: Short name of the cause, for filters.
        what: Account role or record concerned.
        ours: Decimal string of what our journal says; empty where no amount is compared.
        theirs: Decimal string of what the ERP says.
        detail: What happened and what to do, in words.
    """

    kind: str
    block_id: str
    what: str
    currency: str
    ours: str
    theirs: str
    detail: str


def change_id_of(difference: Difference) -> str:
    """Return the id of a finding: the same one has the same id, whenever it is found."""
    parts = (difference.kind, difference.block_id, difference.what)
    return external_id("chg", *parts, difference.ours, difference.theirs).removeprefix("dd_")


class Reconciliation(NamedTuple):
    """The result of one reconciliation.

    Attributes:
        blocks: Number of blocks compared.
        records: Number of the ERP's records compared.
        explained: Differences that a person left as they are, with a reason.
    """

    blocks: int
    records: int
    differences: tuple[Difference, ...]
    explained: tuple[Difference, ...] = ()


@dataclass(slots=True)
class Run:
    """One reading of both ledgers.

    Attributes:
        records: The ERP's records of ours, by external id.
        foreign: Its records of others that touch ours.
        waiting: Rows of the outbox that are not delivered.
        decisions: What people decided about records that were stuck.
        gathering: Drawdowns that are summed up and not posted yet.
        natives: Documents of others that watch has taken in, by reference.
        delivered: External ids of records that must be there and are; what is due on them, and
            what refers to them, can be compared.
        twins: Internal ids of records of others that are missing ones of ours.
        blocks: How many blocks were compared so far.
    """

    session: Session
    erp: Erp
    records: dict[str, ErpRecord]
    foreign: list[ForeignRecord]
    waiting: list[Outgoing]
    gathering: Gathering
    natives: dict[str, Native]
    decisions: Decisions
    delivered: set[str] = field(default_factory=set)
    twins: set[str] = field(default_factory=set)
    blocks: int = 0
