"""Master data types: what each requires, fills in and refuses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from netsuite_sandbox.arm import field_maps
from netsuite_sandbox.arm.fair_value import check_formula, check_price
from netsuite_sandbox.company import Company, Master
from netsuite_sandbox.errors import (
    DUP_ITEM,
    REV_REC_UPDATE_DISALLWD,
    invalid_value,
    missing,
    user_error,
)
from netsuite_sandbox.records import projects
from netsuite_sandbox.records.fields import Values
from netsuite_sandbox.suitebilling import checks, subscriptions, terms

Check = Callable[[Company, Values, Master | None], None]
After = Callable[[Company, Master, Master | None], None]


def _nothing(_company: Company, _saved: Master, _before: Master | None) -> None:
    return


def _nothing_to_undo(_company: Company, _record: Master) -> None:
    return


@dataclass(frozen=True, slots=True)
class MasterKind:
    """A master data type.

    Attributes:
        check: Validates and completes the merged values, in place.
        custom: Which custom fields belong to it: entity, item or "".
        readonly: Whether the REST API may change it.
        referenced: SQL that yields a row when the record is in use; its parameter is the id.
        after: What follows from saving: the record as saved, and as it was before.
        undo: What is taken back before it is deleted.
    """

    record: str
    check: Check
    name_field: str
    custom: str = ""
    readonly: bool = False
    referenced: str = ""
    after: After = _nothing
    undo: Callable[[Company, Master], None] = _nothing_to_undo


def _taken(company: Company, record: str, field: str, value: Any, me: Master | None) -> bool:
    found = company.db.value(
        f"SELECT id FROM master WHERE type = ? AND json_extract(body, '$.{field}') = ? AND id <> ?",
        (record, value, me.id if me else 0),
    )
    return found is not None


def _customer(company: Company, values: Values, me: Master | None) -> None:
    # Texts as seen by third parties.
    if values.get("isPerson"):
        if not (values.get("firstName") and values.get("lastName")):
            raise user_error("You must enter a value for First Name and Last Name.")
    elif not values.get("companyName"):
        raise user_error("You must enter a value for Company Name.")
    if values.get("subsidiary") is None:
        raise user_error("Please enter value(s) for: Subsidiary.")
    if values.get("currency") is None:
        values["currency"] = company.base_currency(values["subsidiary"])
    if not values.get("entityId"):
        person = f"{values.get('firstName')} {values.get('lastName')}"
        values["entityId"] = person if values.get("isPerson") else values["companyName"]
    if _taken(company, "customer", "entityId", values["entityId"], me):
        raise user_error(
            "A customer record with this ID already exists. You must enter a unique customer ID "
            "for each record you create."
        )
    values.setdefault("isInactive", False)


def _account(company: Company, values: Values, me: Master | None) -> None:
    absent = [n for n in ("acctName", "acctType") if not values.get(n)]
    if absent:
        raise missing(["Name" if n == "acctName" else "Type" for n in absent])
    used = me is not None and company.db.one(
        "SELECT 1 FROM line WHERE account = ? LIMIT 1", (me.id,)
    )
    for field in ("acctType", "currency"):
        # Source: type and currency of an account cannot change once it is used.
        if used and me is not None and me.body.get(field) != values.get(field):
            raise user_error(f"You cannot change the {field} of an account that has been used.")
    number = values.get("acctNumber")
    if number and _taken(company, "account", "acctNumber", number, me):
        raise user_error("The account number you have chosen is already used.")
    parent = values.get("parent")
    if parent is not None and company.account_type(parent) != values["acctType"]:
        # Source: "Creating Accounts" (section_N1440518); the wording is unsure.
        raise user_error("The type of a subaccount is that of its parent account.")
    values.setdefault("isInactive", False)
    if values.get("isSummary"):  # Source: the same page: a summary account is inactive.
        values["isInactive"] = True


_INCOME_TYPES = frozenset({"Income", "OthIncome"})
_DEFERRAL_TYPES = frozenset({"DeferRevenue", "OthCurrLiab", "LongTermLiab"})
_NEVER_TYPES = frozenset({"NonPosting", "Stat", "AcctRec", "AcctPay"})


def _item(company: Company, values: Values, me: Master | None) -> None:
    absent = [n for n in ("itemId", "incomeAccount") if not values.get(n)]
    if absent:
        raise missing(["Item Name/Number" if n == "itemId" else "Income Account" for n in absent])
    expand = company.settings["expand_account_lists"]
    income = company.account_type(values["incomeAccount"])
    if income not in _INCOME_TYPES and (not expand or income in _NEVER_TYPES):
        raise invalid_value(values["incomeAccount"], "incomeAccount", "incomeAccount")
    deferral = values.get("deferredRevenueAccount")
    if deferral is not None and company.account_type(deferral) not in _DEFERRAL_TYPES:
        raise invalid_value(deferral, "deferredRevenueAccount", "deferredRevenueAccount")
    if values.get("revenueRecognitionRule") is not None:
        if deferral is None:
            # Source: DEFERRED_REV_REC_ACCT_REQD.
            raise user_error(
                f"The {values['itemId']} item does not have a Deferred Revenue Account specified."
            )
        values.setdefault("createRevenuePlansOn", -1)
    if _taken(company, "serviceSaleItem", "itemId", values["itemId"], me):
        raise user_error(DUP_ITEM)
    values.setdefault("directRevenuePosting", False)
    before = bool(me.body.get("directRevenuePosting")) if me else False
    if (
        me is not None
        and before != bool(values["directRevenuePosting"])
        and company.db.one("SELECT 1 FROM line WHERE item = ? LIMIT 1", (me.id,))
    ):  # Source: "Item Configuration for Advanced Revenue Management" (section_4340443927).
        raise user_error(REV_REC_UPDATE_DISALLWD)
    values.setdefault("isInactive", False)


def _currency(company: Company, values: Values, me: Master | None) -> None:
    absent = [n for n in ("name", "symbol", "exchangeRate") if not values.get(n)]
    if absent:
        raise missing(absent)
    if _taken(company, "currency", "symbol", values["symbol"], me):
        raise user_error("A currency with this symbol already exists.")
    values["currencyPrecision"] = int(values.get("currencyPrecision") or 2)
    values["exchangeRate"] = Decimal(values["exchangeRate"])


def _currency_rate(company: Company, values: Values, _me: Master | None) -> None:
    absent = [n for n in ("transactionCurrency", "effectiveDate", "exchangeRate")
              if not values.get(n)]  # fmt: skip
    if absent:
        raise missing(absent)
    if values["exchangeRate"] <= 0:
        raise invalid_value(values["exchangeRate"], "exchangeRate", "exchangeRate")
    values.setdefault("baseCurrency", company.base_currency(1))


def _subsidiary(company: Company, values: Values, me: Master | None) -> None:
    absent = [n for n in ("name", "country") if not values.get(n)]
    if absent:
        raise missing(absent)
    if _taken(company, "subsidiary", "name", values["name"], me):
        raise user_error("A subsidiary with this name already exists.")
    if values.get("currency") is None:
        values["currency"] = company.base_currency(1)


def _period(company: Company, values: Values, me: Master | None) -> None:
    absent = [n for n in ("periodName", "startDate", "endDate") if not values.get(n)]
    if not values.get("isYear") and values.get("parent") is None:
        absent.append("parent")
    if absent:
        raise missing(absent)
    if _taken(company, "accountingPeriod", "periodName", values["periodName"], me):
        raise user_error("An accounting period with this name already exists.")


def _named(_company: Company, values: Values, _me: Master | None) -> None:
    if not values.get("name"):
        raise missing(["name"])


_MEMBER = "SELECT 1 FROM master WHERE grp = '{}' AND json_extract(body, '$.{}') = ?"
_OTHER_ACTION = (
    "SELECT 1 FROM master WHERE grp = 'subscriptionChangeOrder' AND id = ?"
    f" AND json_extract(body, '$.action') <> '{terms.MODIFY}'"
)
_SELF = (
    "SELECT 1 FROM master WHERE grp = '{}' AND json_extract(body, '$.{}') IS NOT NULL AND id = ?"
)

KINDS: dict[str, MasterKind] = {
    kind.record: kind
    for kind in (
        MasterKind("customer", _customer, "entityId", "entity",
                   referenced="SELECT 1 FROM tx WHERE entity = ? LIMIT 1"),
        MasterKind("account", _account, "acctName",
                   referenced="SELECT 1 FROM line WHERE account = ? LIMIT 1"),
        MasterKind("serviceSaleItem", _item, "itemId", "item",
                   referenced="SELECT 1 FROM line WHERE item = ? LIMIT 1"),
        MasterKind("currency", _currency, "name",
                   referenced="SELECT 1 FROM tx WHERE currency = ? LIMIT 1"),
        MasterKind("currencyRate", _currency_rate, "id"),
        MasterKind("subsidiary", _subsidiary, "name",
                   referenced="SELECT 1 FROM tx WHERE subsidiary = ? LIMIT 1"),
        MasterKind("accountingPeriod", _period, "periodName",
                   referenced="SELECT 1 FROM tx WHERE postingperiod = ? LIMIT 1"),
        MasterKind("campaignSubscription", _named, "name"),
        MasterKind("subscriptionPlan", checks.check_plan, "itemId", "item",
                   referenced=_MEMBER.format("subscription", "subscriptionPlan")),
        MasterKind("priceBook", checks.check_price_book, "name"),
        MasterKind("pricePlan", checks.check_price_plan, "id",
                   referenced=_MEMBER.format("subscriptionLine", "pricePlan")),
        MasterKind("subscriptionTerm", checks.check_term, "name"),
        MasterKind("billingAccount", checks.check_billing_account, "name",
                   referenced=_MEMBER.format("subscription", "billingAccount")),
        MasterKind("subscription", subscriptions.check_subscription, "name",
                   referenced=_MEMBER.format("subscriptionLine", "subscription")
                   + " AND json_extract(body, '$.subscriptionLineStatus') <> 'DRAFT'",
                   after=subscriptions.after_subscription),
        MasterKind("subscriptionLine", checks.check_line, "id",
                   referenced="SELECT 1 WHERE ? IS NOT NULL"),
        MasterKind("subscriptionChangeOrder", terms.check_change_order, "idNumber",
                   referenced=_OTHER_ACTION, after=terms.after_change_order,
                   undo=terms.before_deletion),
        MasterKind("usage", checks.check_usage, "id", referenced=_SELF.format("usage", "rated")),
        MasterKind("charge", checks.check_charge, "id",
                   referenced=_SELF.format("charge", "invoice")),
        MasterKind("job", projects.check_project, "entityId", "entity",
                   referenced="SELECT 1 FROM tx WHERE entity = ?1 UNION ALL SELECT 1 FROM line"
                   " WHERE entity = ?1 OR json_extract(extra, '$.job') = ?1 UNION ALL SELECT 1"
                   " FROM master WHERE grp = 'timeBill'"
                   " AND json_extract(body, '$.customer') = ?1 LIMIT 1"),
        MasterKind("timeBill", projects.check_time, "id"),
        MasterKind("billingRevenueEvent", checks.check_event, "id"),
        MasterKind("fairValueFormula", check_formula, "name",
                   referenced=_MEMBER.format("fairValuePrice", "fairValueFormula")),
        MasterKind("fairValuePrice", check_price, "id"),
        MasterKind("revRecFieldMapping", field_maps.check, "id"),
        MasterKind("accountingBook", _named, "name", readonly=True),
        MasterKind("revRecRule", _named, "name", readonly=True),
        MasterKind("revPlansOn", _named, "name", readonly=True),
        MasterKind("projectRevenueRule", _named, "name", readonly=True),
    )
}  # fmt: skip
REST_KINDS = {name: kind for name, kind in KINDS.items() if not kind.readonly}


def full_name(company: Company, group: str, record_id: int) -> str:
    """Return the name of an account or a subsidiary with its parents: "A : B".

    The mark between is seen by third parties.
    """
    names: list[str] = []
    seen: set[int] = set()
    current: int | None = record_id
    while current is not None and current not in seen:
        seen.add(current)
        record = company.must(group, current)
        names.insert(0, str(record.body[KINDS[record.type].name_field]))
        current = record.body.get("parent")
    return " : ".join(names)


def display_name(company: Company, group: str, record_id: int) -> str:
    """Return what NetSuite shows for a reference (refName, BUILTIN.DF)."""
    record = company.master(group, record_id)
    if record is None:
        return str(record_id)
    if record.type == "account":
        number = record.body.get("acctNumber")
        name = str(record.body["acctName"])
        return f"{number} {name}" if number else name
    return str(record.body.get(KINDS[record.type].name_field, record_id))
