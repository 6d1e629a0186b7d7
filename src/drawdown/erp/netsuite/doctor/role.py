"""Our role and the account's features: records, fields, limits.

Sources: Oracle help, "Working with Resource Metadata" (what a role does not see, its metadata does
not have); permission keys of SDF role objects.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from drawdown.core.errors import ErpRefusedError
from drawdown.core.observed import Finding
from drawdown.core.rules import Record
from drawdown.erp.netsuite import wire
from drawdown.erp.netsuite.account import CONCURRENCY_FLOOR
from drawdown.erp.netsuite.doctor.look import Look, error, note, warning
from drawdown.erp.netsuite.fields import CUSTOM_FIELDS
from drawdown.erp.netsuite.setup import missing_fields
from drawdown.erp.netsuite.wire import RecordMissingError, RoleRefusedError

ROLES = "Setup > Users/Roles > Manage Roles"
FEATURES = "Setup > Company > Enable Features"
FIELDS = "Customization > Lists, Records, & Fields"


class _Needed(NamedTuple):
    """A record type and the permission it takes.

    Attributes:
        level: What we do with it at most.
        feature: What switches it on; empty: nothing does.
    """

    record: str
    permission: str
    key: str
    level: str
    feature: str = ""


NEEDED: tuple[_Needed, ...] = (
    _Needed("customer", "Lists > Customers", "LIST_CUSTJOB", "Edit"),
    _Needed("salesOrder", "Transactions > Sales Order", "TRAN_SALESORD", "Create", "Sales Orders"),
    _Needed("invoice", "Transactions > Invoice", "TRAN_CUSTINVC", "Create", "A/R"),
    _Needed("customerDeposit", "Transactions > Customer Deposit", "TRAN_CUSTDEP", "Full", "A/R"),
    _Needed(
        "depositApplication",
        "Transactions > Apply Customer Deposits",
        "TRAN_DEPAPPL",
        "Full",
        "A/R",
    ),
    _Needed("journalEntry", "Transactions > Make Journal Entry", "TRAN_JOURNAL", "Create"),
    _Needed("creditMemo", "Transactions > Credit Memo", "TRAN_CUSTCRED", "Create", "A/R"),
    _Needed("customerPayment", "Transactions > Customer Payment", "TRAN_CUSTPYMT", "Create", "A/R"),
    _Needed("customerRefund", "Transactions > Customer Refund", "TRAN_CUSTRFND", "Create", "A/R"),
    _Needed("account", "Lists > Accounts", "LIST_ACCOUNT", "View"),
    _Needed("serviceSaleItem", "Lists > Items", "LIST_ITEM", "View"),
)


def limits(look: Look) -> Iterator[Finding]:
    """How many calls the account takes at once, and how many of these are ours."""
    data = look.transport.send(wire.get_system("governanceLimits")).data
    account, own, free = (
        value if isinstance(value := data.get(name), int) else 0
        for name in (
            "accountConcurrencyLimit",
            "integrationConcurrencyLimit",
            "accountUnallocatedConcurrencyLimit",
        )
    )
    if own:
        yield note("concurrency", f"{own} of the account's {account} calls at once are ours alone")
        return
    yield note(
        "concurrency", f"{free} of the account's {account} calls at once are shared with others"
    )
    if free < CONCURRENCY_FLOOR:
        yield warning(
            "concurrency_short",
            f"only {free} calls at once are left for this and all other integrations without a "
            "share of their own",
            "Setup > Integration > Integration Governance: give this integration a share",
            "deliveries wait for other integrations and are refused with 429",
        )


def records(look: Look) -> Iterator[Finding]:
    """Which record types our role sees, and whether they have the fields that carry our links."""
    for needed in NEEDED:
        try:
            schema = look.transport.send(wire.describe_record(needed.record)).data
        except RoleRefusedError:
            yield error(
                "permission_missing",
                f"the role may not see {needed.record}",
                f"{ROLES}: {needed.permission} ({needed.key}), level {needed.level}",
                f"no {needed.record} can be delivered or read back",
            )
            continue
        except RecordMissingError:
            where = f"{FEATURES}: {needed.feature}" if needed.feature else FEATURES
            yield error(
                "feature_off",
                f"the account has no {needed.record}",
                f"{where}; then {ROLES}: {needed.permission}",
                f"no {needed.record} can be delivered or read back",
            )
            continue
        yield from _missing_on(needed.record, schema)


def _missing_on(record: str, schema: dict[str, object]) -> Iterator[Finding]:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return
    there = {str(name).lower() for name in properties}
    for field in CUSTOM_FIELDS:
        if field.applies_to == "body" and record in field.records and field.script_id not in there:
            yield error(
                "field_missing",
                f"{record} has no field {field.script_id} ({field.label}, {field.kind})",
                f"{FIELDS} > Transaction Body Fields: applied to {record}, shown to the role",
                f"no {Record(record)} of ours can be saved: the block id is the link",
            )


def fields(look: Look) -> Iterator[Finding]:
    """Which custom fields of transaction lines are there; queries read them all."""
    for field in missing_fields(look.transport):
        if field.applies_to == "column":
            yield error(
                "field_missing",
                f"transaction lines have no field {field.script_id} ({field.label}, {field.kind})",
                f"{FIELDS} > Transaction Line Fields: applied to sales and journal",
                "no invoice, credit memo or journal of ours can be saved",
            )


class _Feature(NamedTuple):
    """A feature, and the table that is there only with it."""

    table: str
    name: str
    where: str
    otherwise: str


_FEATURES = (
    _Feature(
        "revenueelement",
        "Advanced Revenue Management",
        f"{FEATURES} > Accounting > Advanced Revenue Management (Essentials or Revenue Allocation)",
        "nothing is recognised, and the deferred accounts never reach zero",
    ),
    _Feature(
        "accountingperiod",
        "Accounting Periods",
        f"{FEATURES} > Accounting > Accounting Periods; {ROLES}: Setup > Manage Accounting Periods",
        "closed periods are not seen before a record is refused",
    ),
)


def features(look: Look) -> Iterator[Finding]:
    """Which features are on, by the tables that come with them."""
    for feature in _FEATURES:
        if not has_table(look, feature.table):
            yield error(
                "feature_off",
                f"{feature.name} is off, or the role may not see it",
                feature.where,
                feature.otherwise,
            )


def has_table(look: Look, table: str) -> bool:
    """Whether SuiteQL knows a table, as the role sees the account."""
    try:
        look.transport.page(f"SELECT x.id AS id FROM {table} x WHERE x.id = -1 ORDER BY x.id", 0)
    except ErpRefusedError as refused:
        if table in str(refused).lower() or isinstance(refused, RoleRefusedError):
            return False
        raise
    return True
