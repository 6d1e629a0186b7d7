"""Items: whether they post where the policy has them post, and are recognised as it says.

Sources: Oracle help, "Direct Revenue Posting", "Create Revenue Plans On"; REST API Browser 2026.1
(serviceSaleItem).
"""

from __future__ import annotations

from collections.abc import Iterator

from drawdown.core.events import LineKind
from drawdown.core.observed import Finding
from drawdown.core.plan import PREPAID_ITEM
from drawdown.core.policy import PrepaidItem
from drawdown.erp.netsuite.bodies import text_literal
from drawdown.erp.netsuite.doctor.look import Look, error, warning
from drawdown.erp.netsuite.setup import ItemPlan, planned_items
from drawdown.erp.netsuite.transport import Row

ITEMS = "Lists > Accounting > Items"
_FREE_KINDS = (LineKind.SUBSCRIPTION, LineKind.TAX, LineKind.SHIPPING, LineKind.OTHER)


def mapped(look: Look) -> Iterator[Finding]:
    """Whether each kind of line has an item when its own billing item is not mapped."""
    for kind in LineKind:
        if kind in _FREE_KINDS or kind is LineKind.USAGE:
            if kind in look.mapping.default_items:
                continue
            yield warning(
                "mapping_gap",
                f"{kind} lines whose billing item is not mapped have no item",
                f"default_items.{kind} of the connection's mapping",
                "invoices with such lines are parked",
            )


def planned(look: Look) -> Iterator[Finding]:
    """Whether the items of the mapping post and are recognised as the policy needs it."""
    prepaid = look.mapping.items.get(PREPAID_ITEM)
    for plan in planned_items(look.mapping, look.policy):
        row = look.directory.find_item(plan.item)
        if row is None:
            yield error(
                "item_missing",
                f"there is no active item {plan.item.name!r}",
                f"{ITEMS}, or items of the connection's mapping",
                "records with it are parked",
            )
            continue
        for detail in _details(look, row.internal_id):
            yield from _of_item(look, plan, detail, is_prepaid=plan.item == prepaid)


def _details(look: Look, internal_id: str) -> Iterator[Row]:
    return look.rows(
        "SELECT i.id AS id, i.incomeaccount AS income, i.deferredrevenueaccount AS deferred, "
        "i.directrevenueposting AS direct, i.revenuerecognitionrule AS rule, "
        "BUILTIN.DF(i.revenuerecognitionrule) AS rulename, i.createrevenueplanson AS planson, "
        "BUILTIN.DF(i.createrevenueplanson) AS plansonname FROM item i "
        f"WHERE i.id = {text_literal(internal_id)} ORDER BY i.id"
    )


def _of_item(look: Look, plan: ItemPlan, row: Row, *, is_prepaid: bool) -> Iterator[Finding]:
    name = plan.item.name
    where = f"{ITEMS} > {name} > Accounting"
    is_direct = row.get("direct") == "T"
    if is_direct != plan.is_direct:
        has, needs = ("on", "off") if is_direct else ("off", "on")
        yield error(
            "item_direct_posting",
            f"item {name!r}: Direct Revenue Posting is {has}, the policy needs it {needs}",
            f"{where}: Direct Revenue Posting (cannot be changed once revenue management used it: "
            "then another item)",
            "invoices post to the wrong account",
        )
    yield from _accounts_of(look, plan, row, where, is_prepaid=is_prepaid)
    yield from _recognition_of(look, plan, row, where, is_prepaid=is_prepaid)


def _accounts_of(
    look: Look, plan: ItemPlan, row: Row, where: str, *, is_prepaid: bool
) -> Iterator[Finding]:
    name = plan.item.name
    deferred = _number(look, row.get("deferred", ""))
    if plan.deferred and deferred != plan.deferred:
        yield error(
            "item_deferral_account",
            f"item {name!r}: its deferred revenue account is {deferred or 'none'}, the mapping has "
            f"{plan.deferred}",
            f"{where}: Deferred Revenue Account; or the mapping",
            "the deferred account of the block never reaches zero",
        )
    income = _number(look, row.get("income", ""))
    is_posted = plan.is_direct or bool(plan.plans_on) or not plan.deferred
    if is_posted and income != plan.income:
        otherwise = (
            "a purchase does not reach the prepaid credits liability"
            if is_prepaid
            else "revenue goes to an account that is not reconciled"
        )
        yield error(
            "item_income_account",
            f"item {name!r}: its income account is {income or 'none'}, the mapping has "
            f"{plan.income}",
            f"{where}: Income Account (another type than income needs the preference Expand "
            "Account Lists); or the mapping",
            otherwise,
        )


def _recognition_of(
    look: Look, plan: ItemPlan, row: Row, where: str, *, is_prepaid: bool
) -> Iterator[Finding]:
    name = plan.item.name
    rule = row.get("rule", "")
    if is_prepaid and look.policy.prepaid_item is PrepaidItem.DEFERRED:
        if rule:
            yield error(
                "item_revenue_rule",
                f"item {name!r} has a revenue recognition rule ({row.get('rulename') or rule}), "
                "but our transfer journal already takes it out of deferred revenue",
                f"{where}: Rev Rec Rule: none (or policy prepaid_item = recognised)",
                "the purchase is recognised as revenue as well as transferred: the deferred "
                "account goes below zero",
            )
        return
    if not plan.plans_on:
        return
    wanted_rule = look.mapping.revenue_rule
    if not rule or (not is_prepaid and wanted_rule not in (rule, row.get("rulename"), "")):
        yield error(
            "item_revenue_rule",
            f"item {name!r}: its revenue recognition rule is {row.get('rulename') or 'none'}, the "
            f"mapping has {wanted_rule or 'none'}",
            f"{where}: Rev Rec Rule; or revenue_rule of the connection's mapping",
            "revenue is recognised at another time, or never",
        )
    if plan.plans_on not in (row.get("planson", ""), row.get("plansonname", "")):
        yield error(
            "item_plans_on",
            f"item {name!r}: Create Revenue Plans On is {row.get('plansonname') or 'none'}, needed "
            f"is {plan.plans_on}",
            f"{where}: Create Revenue Plans On; or plans_on of the connection's mapping",
            "revenue is recognised at another time, or never",
        )


def _number(look: Look, internal_id: str) -> str:
    row = look.directory.chart().accounts.get(internal_id)
    return row.number if row else internal_id
