"""Revenue recognition field maps: source fields copied to the revenue elements made of them.

Sources: "Mapping Revenue Recognition Fields" (section_4527123579): which targets there are and what
they need; copied when the arrangement is created, later only with Automatically Update Target Field
Value. Names of the record's fields and the numbers of two fields: sample of "Revenue Recognition
Field Map" (article_1107125238). Fields are named by script id, targets by their label too, as their
numbers are not published (unsure); a blank source leaves what the element has without a map.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from netsuite_sandbox.errors import invalid_value, missing, user_error
from netsuite_sandbox.wire import jsontext

if TYPE_CHECKING:
    from netsuite_sandbox.company import Company, Master
    from netsuite_sandbox.ledger import Header, Line
    from netsuite_sandbox.records.fields import Values

START, END, GROUP = "startdate", "enddate", "unbilledreceivablegroup"
OVERRIDE, FAIR_VALUE = "fairvalueoverride", "calculatedfairvalueamount"
TARGETS = {START: "date", END: "date", GROUP: "text", OVERRIDE: "boolean", FAIR_VALUE: "number"}
_NUMBERS = {"-33602": END}
_START_OF_SOURCE = "-3078"


def target(value: Any) -> str:
    """Return a target field as a key of `TARGETS`, however it is named."""
    return _NUMBERS.get(str(value)) or re.sub(r"[^a-z]", "", str(value).lower())


def check(company: Company, values: Values, me: Master | None) -> None:
    """Refuse a map that lacks something, does not fit or maps a target a second time."""
    wanted = ["sourceRecordType", "sourceField", "targetField"]
    if values.get("endDate"):
        wanted.append("startDate")
    absent = [name for name in wanted if values.get(name) is None]
    if absent:
        raise missing(absent)
    if values["sourceRecordType"] != "TRANSACTION_LINE":
        raise user_error("Of source record types only Transaction Line is in the sandbox.")
    to = target(values["targetField"])
    if TARGETS.get(to) is None:
        raise invalid_value(values["targetField"], "targetField", "targetField")
    if _kind(company, values["sourceField"]) != TARGETS[to]:
        raise invalid_value(values["sourceField"], "sourceField", "sourceField")
    others = [one for one in company.masters("revRecFieldMapping") if me is None or one.id != me.id]
    if any(_collide(one.body, values) for one in others):
        raise user_error("Each target field can have only one source field mapped to it.")
    settings = company.settings
    if to == GROUP and settings["unbilled_receivable_grouping"] != "sub_arrangement":
        raise invalid_value(values["targetField"], "targetField", "targetField")
    if to in {OVERRIDE, FAIR_VALUE} and not settings["revenue_allocation"]:
        raise invalid_value(values["targetField"], "targetField", "targetField")
    if to == OVERRIDE and not any(target(one.body["targetField"]) == FAIR_VALUE for one in others):
        raise user_error("A field map for Calculated Fair Value Amount is needed first.")


def _kind(company: Company, source: Any) -> str:
    if str(source) == _START_OF_SOURCE:
        return "date"
    kind, applies = company.custom_fields.get(str(source).lower(), ("", ""))
    return kind if applies in {"body", "column"} else ""


def _collide(one: Values, other: Values) -> bool:
    if target(one["targetField"]) != target(other["targetField"]):
        return False
    types = {one.get("transactionType"), other.get("transactionType")}
    if len(types) == 2 and None not in types:
        return False
    first, second = sorted((one, other), key=lambda body: str(body.get("startDate") or ""))
    return str(first.get("endDate") or "~") >= str(second.get("startDate") or "")


def mapped(company: Company, head: Header, line: Line) -> dict[str, Any]:
    """Return what the maps give the element of a line, by target."""
    found: dict[str, Any] = {}
    maps = company.masters("revRecFieldMapping")
    if not maps:
        return found
    element = company.db.one(
        "SELECT * FROM element WHERE source = ? AND sourceline = ?", (head.id, line.id)
    )
    for one in maps:
        body = one.body
        if body.get("transactionType") not in (None, head.type):
            continue
        # Whether the dates are compared with the source's is unsure.
        if not str(body.get("startDate") or "") <= head.trandate <= str(body.get("endDate") or "~"):
            continue
        to = target(body["targetField"])
        if element is None or body.get("autoUpdateTargetFieldValue"):
            value = _source(head, line, str(body["sourceField"]).lower())
        else:
            value = element[to] if to in {START, END} else None
        if value is not None:
            found[to] = value
    return found


def _source(head: Header, line: Line, name: str) -> Any:
    if name == _START_OF_SOURCE:
        return line.extra.get("revRecStartDate")
    return line.custom.get(name, head.custom.get(name))


def columns(found: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of an element that mapped values set."""
    out = {name: found[name] for name in (START, END) if name in found}
    if found.get(OVERRIDE) and FAIR_VALUE in found:
        out["fairvalue"] = jsontext.dumps({"calculated": found[FAIR_VALUE], "isVsoePrice": False})
    elif OVERRIDE in found:
        out["fairvalue"] = None  # The price list again.
    return out
