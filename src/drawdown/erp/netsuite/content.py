"""What a record would look like to `readings.records` if it is as its intent says. Pure.

The other half of reconciliation: both sides are rendered in the same words and compared as values.
"""

from __future__ import annotations

from drawdown.core.accounts import Role
from drawdown.core.ids import split_native
from drawdown.core.observed import Applied, ErpLine, ErpRecord
from drawdown.core.plan import RecordIntent
from drawdown.core.rules import Record
from drawdown.erp.netsuite.directory import Directory
from drawdown.erp.netsuite.encode import event_text, memo, refunded_from

_ITEM_LINES = (Record.SALES_ORDER, Record.INVOICE, Record.CREDIT_MEMO)
_PAYING = (
    Record.DEPOSIT_APPLICATION,
    Record.CREDIT_MEMO,
    Record.CUSTOMER_PAYMENT,
    Record.CUSTOMER_REFUND,
)


def content(intent: RecordIntent, directory: Directory) -> ErpRecord:
    """Render an intent as a record that was read.

    Raises:
        MissingMappingError: An account or item of it is not mapped any more.
    """
    assert intent.posted_on is not None
    applied = intent.applications if intent.record in _PAYING else ()
    return ErpRecord(
        intent.external_id,
        intent.record.value,
        "",
        "",
        intent.currency,
        intent.amount_minor,
        0,
        intent.posted_on,
        intent.exchange_rate,
        intent.block_id,
        event_text(intent),
        "" if intent.record is Record.JOURNAL_ENTRY else intent.customer,
        memo(intent),
        lines=tuple(sorted(_lines(intent, directory))),
        applied=tuple(sorted(Applied(_target(name), minor) for name, minor in applied)),
    )


def _target(name: str) -> str:
    native = split_native(name)
    return " ".join(native) if native else name


def _lines(intent: RecordIntent, directory: Directory) -> list[ErpLine]:
    if intent.record in _ITEM_LINES:
        return [
            ErpLine(directory.item_name(directory.item(line)), line.block_id, line.amount_minor)
            for line in intent.lines
        ]
    if intent.record is Record.JOURNAL_ENTRY:
        return [
            ErpLine(_account(role, directory), line.block_id, amount, intent.customer)
            for line in intent.lines
            for role, amount in ((line.debit, line.amount_minor), (line.credit, -line.amount_minor))
        ]
    if intent.record is Record.CUSTOMER_DEPOSIT:
        is_clearing = intent.is_clearing_deposit
        role = Role.PREPAYMENT_CLEARING if is_clearing else Role.UNDEPOSITED_FUNDS
        return [ErpLine(_account(role, directory), "", 0)]
    if intent.record is Record.CUSTOMER_PAYMENT:
        return [ErpLine(_account(Role.CASH, directory), "", 0)]
    if intent.record is Record.CUSTOMER_REFUND:
        return [ErpLine(_account(refunded_from(intent), directory), "", 0)]
    return []


def _account(role: Role | str, directory: Directory) -> str:
    return directory.account_name(directory.account(Role(role)))
