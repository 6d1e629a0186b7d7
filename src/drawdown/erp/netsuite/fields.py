"""The custom fields that carry our links in NetSuite. Created once by an administrator.

REST cannot create custom fields; they come with the SDF project or by hand. The REST name of a
custom field is its script id. Source: Oracle help, "Custom Fields" (REST web services).
"""

from __future__ import annotations

from typing import NamedTuple

from drawdown.core.rules import Record

BLOCK_ID = "custbody_dd_block_id"
LINE_BLOCK_ID = "custcol_dd_block_id"
CREDIT_TYPE = "custbody_dd_credit_type"
INITIAL_AMOUNT = "custbody_dd_initial_amount"
EXPIRES_ON = "custbody_dd_expires_on"
EVENT_ID = "custbody_dd_event_id"
TEXT_CHARACTERS_MAX = 300
"""Length of a free-form text field."""


class CustomField(NamedTuple):
    """A custom field that must exist.

    Attributes:
        kind: Type: text, currency or date.
        applies_to: ``body`` of transactions, or ``column``: their lines.
        records: Records whose form must have it.
    """

    script_id: str
    kind: str
    applies_to: str
    label: str
    records: tuple[Record, ...]


_ALL = (
    Record.SALES_ORDER,
    Record.INVOICE,
    Record.CUSTOMER_DEPOSIT,
    Record.DEPOSIT_APPLICATION,
    Record.JOURNAL_ENTRY,
    Record.CREDIT_MEMO,
    Record.CUSTOMER_PAYMENT,
    Record.CUSTOMER_REFUND,
)
_LINES = (Record.SALES_ORDER, Record.INVOICE, Record.JOURNAL_ENTRY, Record.CREDIT_MEMO)
_DEPOSIT = (Record.CUSTOMER_DEPOSIT,)

CUSTOM_FIELDS: tuple[CustomField, ...] = (
    CustomField(BLOCK_ID, "text", "body", "Credit Block", _ALL),
    CustomField(LINE_BLOCK_ID, "text", "column", "Credit Block", _LINES),
    CustomField(CREDIT_TYPE, "text", "body", "Credit Type", _DEPOSIT),
    CustomField(INITIAL_AMOUNT, "currency", "body", "Initial Amount", _DEPOSIT),
    CustomField(EXPIRES_ON, "date", "body", "Credits Expire On", _DEPOSIT),
    CustomField(EVENT_ID, "text", "body", "Billing Event", _ALL),
)
