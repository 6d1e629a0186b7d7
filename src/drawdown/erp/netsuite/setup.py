"""Creates in a NetSuite account what the approach needs: accounts and items. Can be repeated.

Whatever is there already, by number or name, is taken as it is. What is missing is created by PUT
under an external id of ours, so that a run that was broken off is simply run again. Custom fields
cannot be made over REST: `missing_fields` says which an administrator (or the sandbox's control
interface) must add.

Sources: REST API Browser 2026.1 (account, serviceSaleItem); Oracle help, "Using the Upsert
Operation", "Direct Revenue Posting".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from drawdown.core.accounts import Account, Observed, Role
from drawdown.core.errors import ConfigurationError, ErpRefusedError
from drawdown.core.events import LineKind
from drawdown.core.plan import BREAKAGE_ITEM, PREPAID_ITEM
from drawdown.core.policy import Policy, PrepaidItem
from drawdown.erp.netsuite import wire
from drawdown.erp.netsuite.directory import Directory
from drawdown.erp.netsuite.fields import CUSTOM_FIELDS, CustomField
from drawdown.erp.netsuite.mapping import Item, Mapping
from drawdown.erp.netsuite.transport import Transport

_NAMES: dict[Account, str] = {
    Role.CASH: "Checking",
    Role.PREPAYMENT_CLEARING: "Prepayment Clearing",
    Role.PREPAID_CREDITS_LIABILITY: "Prepaid Credits Liability",
    Role.DEFERRED_REVENUE_PREPAID: "Deferred Revenue - Prepaid Credits",
    Role.DEFERRED_REVENUE_USAGE: "Deferred Revenue - Usage",
    Role.DEFERRED_REVENUE_BREAKAGE: "Deferred Revenue - Breakage",
    Observed.REVENUE_USAGE: "Revenue - Usage",
    Observed.REVENUE_BREAKAGE: "Revenue - Breakage",
}
_TYPES: dict[Account, str] = {
    Role.CASH: "Bank",
    # Deposits go to it and refunds come out of it: a bank account, unless lists are expanded.
    Role.PREPAYMENT_CLEARING: "Bank",
    Role.PREPAID_CREDITS_LIABILITY: "OthCurrLiab",
    Role.DEFERRED_REVENUE_PREPAID: "DeferRevenue",
    Role.DEFERRED_REVENUE_USAGE: "DeferRevenue",
    Role.DEFERRED_REVENUE_BREAKAGE: "DeferRevenue",
    Observed.REVENUE_USAGE: "Income",
    Observed.REVENUE_BREAKAGE: "Income",
}
ON_BILLING = "Billing"
"""The prepaid item is recognised (into the liability) when its order is billed, not before."""
_PLAIN_KINDS = (LineKind.SUBSCRIPTION, LineKind.TAX, LineKind.SHIPPING, LineKind.OTHER)

Body = dict[str, Any]


class AccountPlan(NamedTuple):
    """An account to be there."""

    number: str
    name: str
    kind: str


class ItemPlan(NamedTuple):
    """An item to be there; accounts by number, empty where it has none.

    Attributes:
        plans_on: Revenue management recognises it on this event; empty: never.
        is_direct: Direct Revenue Posting.
    """

    item: Item
    income: str
    deferred: str = ""
    plans_on: str = ""
    is_direct: bool = False


def set_up(transport: Transport, mapping: Mapping, policy: Policy) -> tuple[str, ...]:
    """Create what is missing of the mapping's accounts and items.

    Returns:
        What was created, in words; empty if everything was there.

    Raises:
        ErpError: NetSuite could not be reached or refused; run it again after remedying.
        ConfigurationError: The mapping lacks something.
    """
    created: list[str] = []
    directory = Directory(transport, mapping)
    chart = directory.chart()
    numbers = {row.number: row.internal_id for row in chart.accounts.values() if row.number}
    for plan in planned_accounts(mapping):
        if plan.number not in numbers:
            numbers[plan.number] = _put_account(transport, plan, chart.subsidiary)
            created.append(f"account {plan.number} {plan.name}")
    for item in planned_items(mapping, policy):
        if directory.find_item(item.item) is None:
            body = _item_body(item, mapping, numbers, chart.subsidiary)
            _put(transport, "serviceSaleItem", _external_id("item", item.item.name), body)
            created.append(f"item {item.item.name}")
    return tuple(created)


def missing_fields(transport: Transport) -> tuple[CustomField, ...]:
    """Return the custom fields that the account lacks or the role may not see."""
    return tuple(field for field in CUSTOM_FIELDS if not _has_field(transport, field))


def missing_fields_text(missing: tuple[CustomField, ...]) -> str:
    """Say in words what an administrator must do; empty if nothing."""
    if not missing:
        return ""
    lines = [
        f"- {field.script_id}: {field.label}, type {field.kind}, transaction {field.applies_to} "
        f"field of {', '.join(field.records)}"
        for field in missing
    ]
    return (
        "NetSuite lacks these custom fields, and REST cannot create them. An administrator makes "
        "them under Customization > Lists, Records, & Fields, with exactly these ids:\n"
        + "\n".join(lines)
    )


def _has_field(transport: Transport, field: CustomField) -> bool:
    # A query naming an unknown column is refused, so asking is enough; it need not find a row.
    table = "transaction" if field.applies_to == "body" else "transactionline"
    sql = f"SELECT x.{field.script_id} AS value FROM {table} x WHERE x.id = -1 ORDER BY x.id"
    try:
        transport.page(sql, 0)
    except ErpRefusedError as error:
        if field.script_id in str(error).lower():
            return False
        raise
    return True


def planned_accounts(mapping: Mapping) -> Iterator[AccountPlan]:
    """Yield the accounts that must exist. NetSuite's own are never created."""
    for account, item_id, number in mapping.posting_accounts():
        if not number or account not in _NAMES:
            continue
        name = f"{_NAMES[account]}{f' {item_id}' if item_id else ''}"
        yield AccountPlan(number, name, _TYPES[account])
    for item in mapping.default_items.values():
        if item.revenue and not item.deferred:
            yield AccountPlan(item.revenue, "Other Billed Revenue", "Income")


def planned_items(mapping: Mapping, policy: Policy) -> Iterator[ItemPlan]:
    """Yield the items that must exist, with the accounts that the policy gives them."""
    prepaid = mapping.items.get(PREPAID_ITEM)
    breakage = mapping.items.get(BREAKAGE_ITEM)
    if prepaid is None or breakage is None:
        raise ConfigurationError(
            f"the mapping names no item for {PREPAID_ITEM} or {BREAKAGE_ITEM}; set both under "
            "items of the connection's mapping"
        )
    plans_on = mapping.plans_on
    if not plans_on:
        raise ConfigurationError(
            "the mapping names no plans_on, so revenue management would recognise nothing; set "
            "plans_on of the connection's mapping"
        )
    liability = mapping.number(Role.PREPAID_CREDITS_LIABILITY)
    revenue = mapping.number(Observed.REVENUE_USAGE)
    match policy.prepaid_item:
        case PrepaidItem.DEFERRED:
            # Without a rule nothing is ever recognised: our transfer journal takes it out. The
            # income account is asked for by NetSuite and never posted to.
            deferred = mapping.number(Role.DEFERRED_REVENUE_PREPAID)
            yield ItemPlan(prepaid, revenue, deferred)
        case PrepaidItem.DIRECT:
            yield ItemPlan(prepaid, liability, is_direct=True)
        case PrepaidItem.RECOGNISED:
            deferred = mapping.number(Role.DEFERRED_REVENUE_PREPAID)
            yield ItemPlan(prepaid, liability, deferred, plans_on=ON_BILLING)
    yield ItemPlan(
        breakage,
        breakage.revenue or mapping.number(Observed.REVENUE_BREAKAGE),
        breakage.deferred or mapping.number(Role.DEFERRED_REVENUE_BREAKAGE),
        plans_on=plans_on,
    )
    usage = [item for item_id, item in mapping.items.items() if item_id[:1] != "@"]
    if LineKind.USAGE in mapping.default_items:
        usage.append(mapping.default_items[LineKind.USAGE])
    for item in usage:
        yield ItemPlan(
            item,
            item.revenue or revenue,
            item.deferred or mapping.number(Role.DEFERRED_REVENUE_USAGE),
            plans_on=plans_on,
        )
    for kind in _PLAIN_KINDS:
        if kind in mapping.default_items:
            plain = mapping.default_items[kind]
            yield ItemPlan(plain, plain.revenue or revenue)


def _put_account(transport: Transport, plan: AccountPlan, subsidiary: str) -> str:
    body: Body = {
        "acctNumber": plan.number,
        "acctName": plan.name,
        "acctType": {"id": plan.kind},
        **_subsidiaries(subsidiary),
    }
    return _put(transport, "account", _external_id("account", plan.number), body)


def _item_body(plan: ItemPlan, mapping: Mapping, numbers: dict[str, str], subsidiary: str) -> Body:
    body: Body = {
        "itemId": plan.item.name,
        "incomeAccount": {"id": _account_id(plan.income, numbers)},
        **_subsidiaries(subsidiary),
    }
    if plan.deferred:
        body["deferredRevenueAccount"] = {"id": _account_id(plan.deferred, numbers)}
    if plan.is_direct:
        body["directRevenuePosting"] = True
    if plan.plans_on:
        if not mapping.revenue_rule:
            raise ConfigurationError(
                "the mapping names no revenue_rule, so revenue management would recognise "
                "nothing; set revenue_rule of the connection's mapping"
            )
        body["revenueRecognitionRule"] = _named(mapping.revenue_rule)
        body["createRevenuePlansOn"] = _named(plan.plans_on)
    return body


def _account_id(number: str, numbers: dict[str, str]) -> str:
    found = numbers.get(number)
    if found is None:
        raise ConfigurationError(
            f"an item posts to account {number}, which NetSuite does not have; add it to accounts "
            "of the connection's mapping, or create it in NetSuite"
        )
    return found


def _named(value: str) -> Body:
    """Refer to a record that has no external id: by internal id if it is a number, else by name."""
    return {"id": value} if value.lstrip("-").isdecimal() else {"refName": value}


def _subsidiaries(subsidiary: str) -> Body:
    if not subsidiary:
        return {}
    return {"subsidiary": {"items": [{"id": subsidiary}]}, "includeChildren": True}


def _external_id(kind: str, name: str) -> str:
    return f"dd_{kind}_{re.sub('[^a-z0-9]+', '_', name.lower()).strip('_')}"


def _put(transport: Transport, record: str, external_id: str, body: Body) -> str:
    return transport.send(wire.upsert_record(record, external_id, body)).internal_id
