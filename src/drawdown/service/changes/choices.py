"""What a person may choose about a change: accept it, restore the record, or leave it.

`ACCEPT` and `RESTORE` are tables: what each kind of change on each kind of record means. Whatever
stands in neither can be left with a reason, or mended in the ERP by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import NamedTuple

from drawdown.core.errors import ChoiceError
from drawdown.core.events import CreditLine, CreditMemo, Event, InvoiceVoid
from drawdown.core.ids import native_reference
from drawdown.core.money import to_minor
from drawdown.core.plan import RecordIntent
from drawdown.core.policy import Policy
from drawdown.core.ports import Erp
from drawdown.core.rules import Record
from drawdown.service.ingest import ingest
from drawdown.service.reconcile.foreign import twin_of
from drawdown.service.watch import adopt
from drawdown.store import changes, natives, outbox
from drawdown.store.changes import Action, Change
from drawdown.store.database import Session
from drawdown.store.ledger import Writing, lock_tenant, write
from drawdown.store.outbox import Expected


class _Case(NamedTuple):
    """A change, what it is about, and who chooses."""

    session: Session
    erp: Erp
    policy: Policy
    change: Change
    expected: Expected | None

    @property
    def intent(self) -> RecordIntent:
        """What the record should be.

        Raises:
            ChoiceError: The change is of a record that is none of ours.
        """
        intent = self.expected.states[0] if self.expected else None
        if intent is None:
            raise ChoiceError(
                f"change {self.change.change_id} is of {self.change.record}, which is none of our "
                "records: delete it in NetSuite, adopt it, or leave it with a reason"
            )
        return intent


def accept(
    session: Session, erp: Erp, policy: Policy, change_id: str, person: str, reason: str = ""
) -> None:
    """Let the journal follow what was changed in the ERP.

    Raises:
        ChoiceError: It cannot follow, or a rule refuses; nothing was done.
    """
    case = _case(session, erp, policy, change_id)
    record = case.expected.record if case.expected else ""
    follow = ACCEPT.get((case.change.kind, record))
    if follow is None:
        raise ChoiceError(
            f"{case.change.detail.partition(';')[0]}: the journal cannot follow that by itself; "
            "restore it, or leave it with a reason"
        )
    follow(case)
    _choose(session, change_id, Action.ACCEPTED, person, reason)


def restore(
    session: Session, erp: Erp, policy: Policy, change_id: str, person: str, reason: str = ""
) -> None:
    """Put a record back to what was delivered.

    What is gone is delivered again under its own external id; a voided record gives that id up
    first and stays as it is. What was edited is set back.

    Raises:
        ChoiceError: That must be done in the ERP by hand; nothing was done.
        ErpError: The ERP refused or could not be reached.
    """
    case = _case(session, erp, policy, change_id)
    put_back = RESTORE.get(case.change.kind)
    if put_back is None:
        raise ChoiceError(
            f"{case.change.detail.partition(';')[0]}: mend it in NetSuite by hand, or leave it "
            "with a reason"
        )
    put_back(case)
    _choose(session, change_id, Action.RESTORED, person, reason)


def leave(session: Session, change_id: str, person: str, reason: str) -> None:
    """Leave a change as it is: from now on it is an explained difference.

    Raises:
        ChoiceError: There is no such change, or no reason.
    """
    _find(session, change_id)
    if not reason.strip():
        raise ChoiceError("say why the change is left: an explained difference needs its reason")
    _choose(session, change_id, Action.LEFT, person, reason)


def redeliver(session: Session, intents: list[RecordIntent]) -> None:
    """Put records into the outbox once more, in this order."""
    with session.transaction():
        lock = lock_tenant(session)
        write(session, lock, Writing(intents=intents))


def _choose(session: Session, change_id: str, action: Action, person: str, reason: str) -> None:
    with session.transaction():
        lock_tenant(session)
        changes.happen(session, change_id, action, person, reason)


def _find(session: Session, change_id: str) -> Change:
    change = changes.latest(session).get(change_id)
    if change is None:
        raise ChoiceError(f"there is no change {change_id}; `drawdown changes list` shows them")
    if change.action in (Action.GONE, Action.ACCEPTED):
        raise ChoiceError(f"change {change_id} is {change.action}: there is nothing left to choose")
    return change


def _case(session: Session, erp: Erp, policy: Policy, change_id: str) -> _Case:
    change = _find(session, change_id)
    return _Case(session, erp, policy, change, outbox.expected_record(session, change.record))


# -- accept --------------------------------------------------------------------------------------


def _void_invoice(case: _Case) -> None:
    """An invoice of ours was voided or deleted: its draws are taken back, nothing is written."""
    document = natives.documents_of(case.session, [case.change.record]).get(case.change.record)
    if document is None:
        raise ChoiceError(
            f"{case.change.record} carries only part of an invoice; restore it, or credit the "
            "invoice in billing"
        )
    posted_on = case.intent.posted_on or document.posted_on
    _take(
        case,
        InvoiceVoid(
            _event_id(case),
            datetime.combine(posted_on, time(), UTC),
            posted_on,
            document.document_id,
            "voided in the ERP",
            case.change.record,
        ),
    )


def _credit_usage(case: _Case) -> None:
    """An application was deleted or shrunk: what it applied is credited on its invoice."""
    intent = case.intent
    document = natives.documents_of(case.session, [intent.target]).get(intent.target)
    if document is None or intent.targets:
        raise ChoiceError(
            f"{case.change.record} is applied to more than one invoice of billing; restore it, or "
            "credit the invoices in billing"
        )
    amount = intent.amount_minor - _theirs(case)
    if amount <= 0:
        raise ChoiceError("more is applied than was drawn; restore the application")
    _take(case, _credit(case, document.document_id, amount, document.currency))


def _reduce_block(case: _Case) -> None:
    """A deposit was lowered: that part of the block is cancelled, as a credit of its purchase."""
    intent = case.intent
    amount = intent.amount_minor - _theirs(case)
    if amount <= 0:
        raise ChoiceError(
            f"the deposit of block {intent.block_id} was raised; sell the difference as a block of "
            "its own and restore the deposit, or leave it with a reason"
        )
    invoice = outbox.purchase_invoice(case.session, intent.block_id)
    if not invoice:
        raise ChoiceError(
            f"block {intent.block_id} is not invoiced yet, so no purchase can be credited; restore "
            "the deposit, or void the block"
        )
    _take(case, _credit(case, invoice, amount, intent.currency))


def _credit(case: _Case, invoice_id: str, amount: int, currency: str) -> CreditMemo:
    posted_on = case.intent.posted_on
    assert posted_on is not None
    block_id = case.intent.block_id
    return CreditMemo(
        _event_id(case),
        datetime.combine(posted_on, time(), UTC),
        posted_on,
        case.change.change_id,
        invoice_id,
        (CreditLine("", block_id, None, amount),),
        currency,
    )


def _adopt(case: _Case) -> None:
    """A credit memo or payment made by hand becomes a fact; the record itself is the document."""
    record, _, number = case.change.record.partition(" ")
    reference = native_reference(record, number)
    if record not in (Record.CREDIT_MEMO, Record.CUSTOMER_PAYMENT):
        raise ChoiceError(
            f"{case.change.record} cannot be taken in as a fact; delete it in NetSuite, or leave "
            "it with a reason"
        )
    documents = list(case.erp.native_documents(None, [reference]))
    if len(documents) != 1:
        raise ChoiceError(f"{case.change.record} is not in NetSuite any more, or not alone")
    taken = adopt(case.session, documents[0], case.policy)
    if taken is None or taken.status != "taken":
        raise ChoiceError(
            taken.detail if taken else f"{case.change.record} is about no block; leave it"
        )


def _take(case: _Case, event: Event) -> None:
    (answer,) = ingest(case.session, [event], case.policy)
    if answer.status != "accepted":
        raise ChoiceError(f"the journal cannot follow: {answer.detail}")


def _theirs(case: _Case) -> int:
    return to_minor(Decimal(case.change.theirs or "0"), case.intent.currency)


def _event_id(case: _Case) -> str:
    return f"drawdown:change:{case.change.change_id}"


# -- restore -------------------------------------------------------------------------------------


def _deliver_again(case: _Case) -> None:
    redeliver(case.session, [case.intent])


def _replace_voided(case: _Case) -> None:
    """The voided record stays as evidence, without the external id that the new one needs."""
    records = {record.external_id: record for record in case.erp.records()}
    found = records.get(case.change.record)
    if found is not None and found.is_voided:
        case.erp.relabel(found.record, found.internal_id, f"void_{case.change.change_id}")
    redeliver(case.session, [case.intent])


def _set_back(case: _Case) -> None:
    case.erp.set_back(case.intent)


def _link(case: _Case) -> None:
    """A record that lost its external id gets it back."""
    wanted = case.erp.content(case.intent)
    twin = twin_of(wanted, list(case.erp.foreign_records()))
    if twin is None:
        raise ChoiceError(f"the record that was {case.change.record} is not there any more")
    case.erp.relabel(wanted.record, twin.internal_id, wanted.external_id)


ACCEPT: dict[tuple[str, str], Callable[[_Case], None]] = {
    ("record_voided", Record.INVOICE): _void_invoice,
    ("record_missing", Record.INVOICE): _void_invoice,
    ("record_missing", Record.DEPOSIT_APPLICATION): _credit_usage,
    ("record_amount", Record.DEPOSIT_APPLICATION): _credit_usage,
    ("record_amount", Record.CUSTOMER_DEPOSIT): _reduce_block,
    ("record_foreign", ""): _adopt,
}
"""How the journal follows, by kind of change and type of record."""

RESTORE: dict[str, Callable[[_Case], None]] = {
    "record_missing": _deliver_again,
    "record_voided": _replace_voided,
    "record_unlinked": _link,
    **dict.fromkeys(
        (
            "record_amount", "record_date", "record_rate", "record_block", "record_event",
            "record_memo", "record_lines", "record_applied", "record_reversed", "record_period",
        ),
        _set_back,
    ),
}  # fmt: skip
"""How a record is put back, by kind of change."""
