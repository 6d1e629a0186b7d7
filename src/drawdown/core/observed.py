"""What an ERP says of its books, its records and itself: the values that `core.ports.Erp` returns.

They speak in roles, block ids and minor units, as the port does.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from drawdown.core.accounts import Account, Role


class Posted(NamedTuple):
    """What the ERP holds after a delivery, read back from it.

    Attributes:
        internal_id: The ERP's id; a cache that may be dropped at any time.
        number: The document number people see (NetSuite: tranId); empty where there is none.
        posting_period: Name of the period it was posted to; empty for records that do not post.
        is_adopted: It was there already (an earlier try of ours) and its content agreed.
        is_verified: What the ERP holds was read and agrees with the intent; False after `post`
            alone: number and posting period are not known yet and `read_back` must follow.
    """

    external_id: str
    internal_id: str
    number: str
    posting_period: str
    is_adopted: bool
    is_verified: bool = True


class ErpIdentity(NamedTuple):
    """Which books answer at the other end of a connection.

    Attributes:
        account: As the ERP names it (NetSuite: ``1234567_SB1``).
        kind: ``production``, ``sandbox``, ``release preview``, ``test drive`` or ``local sandbox``.
        fingerprint: Changes when other books answer under the same name: another account, or a
            copy whose internal ids were dealt anew.
    """

    account: str
    kind: str
    fingerprint: str


class ErpPeriod(NamedTuple):
    """An accounting period that is posted to; neither quarter nor year.

    Attributes:
        is_open: It takes our postings: neither closed nor locked for receivables or wholly.
    """

    name: str
    starts_on: date
    ends_on: date
    is_open: bool


class Inspection(NamedTuple):
    """A record in the ERP, held against an intent.

    Attributes:
        differences: What it says otherwise than the intent, in words; empty if they agree.
    """

    internal_id: str
    number: str
    posting_period: str
    differences: tuple[str, ...]


class TaggedBalance(NamedTuple):
    """What the ERP's ledger says of one block and account role.

    Receivables are derived from the block's own lines (an invoice's receivable line carries no
    block) and leave customer payments out; recognition is left out as well (`Recognised`).

    Attributes:
        amount_minor: Debits minus credits, in the currency of the transactions.
    """

    block_id: str
    role: Role
    currency: str
    amount_minor: int


class BaseRest(NamedTuple):
    """What is left of a block on clearing in base currency, though nothing in its own.

    Attributes:
        amount_minor: Debits minus credits, in minor units of `currency`, the base currency.
    """

    block_id: str
    currency: str
    amount_minor: int


class Recognised(NamedTuple):
    """Revenue the ERP's revenue management recognised in one journal for one source line.

    Attributes:
        key: The ERP's stable name of this recognition (element and journal line).
        amount_minor: In the currency of the source; negative where it was taken back.
        number: Document number of the recognition journal.
    """

    key: str
    block_id: str
    item_id: str
    currency: str
    amount_minor: int
    posted_on: date
    deferred: Role
    credited: Account
    number: str


class Untagged(NamedTuple):
    """A ledger line on one of our accounts that names no block and is none of our records."""

    role: Role
    record: str
    number: str
    posted_on: date
    currency: str
    amount_minor: int
    memo: str


class ErpLine(NamedTuple):
    """A line of a record, as far as it is ours to say.

    Attributes:
        what: The item or account, as people see it in the ERP.
        amount_minor: Journals: debits minus credits; item lines: what is billed or credited;
            deposits and payments: 0, their amount is the record's.
        customer: Lines of journals, which have no customer of their own: as `ErpRecord` has it.
    """

    what: str
    block_id: str
    amount_minor: int
    customer: str = ""


class Applied(NamedTuple):
    """How much of a record pays a document.

    Attributes:
        target: External id of the document; where it is none of ours, type and number.
    """

    target: str
    amount_minor: int


class ErpRecord(NamedTuple):
    """A transaction in the ERP that bears one of our external ids.

    Attributes:
        record: Native record type, as `rules.Record` spells it.
        unpaid_minor: Invoices: what is still due; deposits: what is not applied; otherwise 0.
        posted_on: Date of the document.
        exchange_rate: Base currency per unit of `currency`.
        customer: External id of the customer; where it is none of ours, its internal id; empty
            for journals.
        posting_period: Name of the period; empty for records that do not post.
        lines: Sorted. Item lines of orders, invoices and memos, all lines of journals, the
            account of deposits and payments.
        applied: Sorted. What applications, memos and payments pay.
        reversal: Internal id of the journal that reverses it by a reversal date; empty: none.
    """

    external_id: str
    record: str
    internal_id: str
    number: str
    currency: str
    amount_minor: int
    unpaid_minor: int
    posted_on: date
    exchange_rate: Decimal
    block_id: str = ""
    event_id: str = ""
    customer: str = ""
    memo: str = ""
    posting_period: str = ""
    lines: tuple[ErpLine, ...] = ()
    applied: tuple[Applied, ...] = ()
    is_voided: bool = False
    reversal: str = ""


class ForeignRecord(NamedTuple):
    """A transaction that is none of ours but names a block of ours or pays a record of ours.

    Attributes:
        record: Native record type, as the ERP spells it.
        external_id: Somebody else's; empty: none.
        block_ids: Blocks it names on body or lines, sorted.
        pays: Records of ours that it is applied to or takes from, with the amount.
        lines: As those of `ErpRecord`.
    """

    record: str
    internal_id: str
    number: str
    external_id: str
    currency: str
    amount_minor: int
    posted_on: date
    block_ids: tuple[str, ...] = ()
    event_id: str = ""
    pays: tuple[Applied, ...] = ()
    lines: tuple[ErpLine, ...] = ()
    is_voided: bool = False


class NativeCustomer(NamedTuple):
    """A customer as the ERP has it.

    Attributes:
        reference: External id if it is ours, else its native reference.
        customer_id: What billing calls it: its external id in the ERP, else its number there.
    """

    reference: str
    customer_id: str
    name: str
    currency: str


class NativeLine(NamedTuple):
    """A line of a native document.

    Attributes:
        item_id: Billing item id, or `plan.PREPAID_ITEM`; empty: not mapped.
        amount_minor: What is billed or credited; positive as a rule.
        quantity: Of the item; for prepaid credits, the credits.
    """

    line_id: str
    item_id: str
    block_id: str
    amount_minor: int
    quantity: Decimal
    is_tax: bool


class NativeDocument(NamedTuple):
    """An order, invoice, credit memo or payment in the ERP that is none of ours.

    Attributes:
        record: Native record type, as `rules.Record` spells it.
        modified_at: When it was last changed, by the ERP's clock and in its time zone.
        created_from: Reference of the document it was made from; empty: none.
        applied: What it pays, by reference.
        block_kind: Kind of the blocks it sells; empty: not said.
        expires_on: Last day of the blocks it sells.
    """

    record: str
    internal_id: str
    number: str
    customer: NativeCustomer
    currency: str
    exchange_rate: Decimal
    posted_on: date
    modified_at: datetime
    created_from: str
    lines: tuple[NativeLine, ...]
    applied: tuple[Applied, ...]
    is_voided: bool
    block_kind: str
    expires_on: date | None


class AccountBalance(NamedTuple):
    """Balance of one ERP account in base currency: debits minus credits.

    Attributes:
        account: Role or observed account it is mapped from; several ERP accounts may share one.
        item_id: For accounts of one item, that item; otherwise empty.
    """

    account: Account
    item_id: str
    number: str
    name: str
    base_currency: str
    amount: Decimal


class Severity(StrEnum):
    """How much a finding about an account matters, worst first."""

    ERROR = "error"  # something will not work, or books will be wrong
    WARNING = "warning"  # something will not work in some case, or soon
    BY_HAND = "check by hand"  # the ERP does not tell; a person must look
    NOTE = "note"


class Finding(NamedTuple):
    """What was found in an ERP account: a defect, something to look at, or a fact to know.

    Attributes:
        code: Stable name of the kind of finding.
        what: What is the case, in words.
        where: Where in the ERP (or the configuration) a person mends it.
        otherwise: What breaks if nobody does.
    """

    severity: Severity
    code: str
    what: str
    where: str
    otherwise: str
