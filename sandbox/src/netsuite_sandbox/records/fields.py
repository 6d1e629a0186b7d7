"""Field definitions of record types and the check of what a caller writes against them.

The definitions under `definitions/` transcribe Oracle's REST API Browser 2026.1. Names are accepted
in any case and given back in camelCase (Oracle's own samples use both spellings).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Any

from netsuite_sandbox import groups
from netsuite_sandbox.company import Company
from netsuite_sandbox.errors import NetSuiteError, invalid_content, invalid_value
from netsuite_sandbox.whole import whole
from netsuite_sandbox.wire import jsontext

Values = dict[str, Any]

# Select fields whose target is not one record type of ours. "raw" targets are kept as given.
_TARGETS = {
    "doc": "transaction", "createdFrom": "transaction", "salesOrder": "transaction",
    "deposit": "transaction", "orderDoc": "transaction", "entity": "entity",
    "customer": "entity", "item": "item", "billingItem": "item", "invoice": "transaction",
    "creditMemo": "transaction", "eventType": "revPlansOn",
    "job": "job",
}  # fmt: skip
_KNOWN_TARGETS = frozenset(
    {"account", "currency", "subsidiary", "accountingPeriod", "transaction", "entity", "item",
     "customer", "revRecRule", "revPlansOn", "subscription", "subscriptionLine",
     "subscriptionPlan", "priceBook", "pricePlan", "billingAccount", "campaignSubscription", "job",
     "fairValueFormula", "accountingBook"}
)  # fmt: skip
ID_MAX = 2**31 - 1  # Source: REST API Browser: internal ids are int32.
INTEGER_MAX = 2**63 - 1
# Sums of money stay exact below this; third parties cut numbers to 15 digits.
NUMBER_MAX = Decimal(10) ** 14
QUANTITY_MAX = Decimal(10) ** 10  # Source: third parties see larger quantities refused.
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_\-|.: ]+")
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:T.*)?")


@dataclass(frozen=True, slots=True)
class Field:
    """One property of a record or of a sublist line.

    Attributes:
        kind: text, integer, number, boolean, date, datetime, ref, enum, sublist or any.
        target: Of a ref: record type or group.
        choices: Of an enum: allowed ids; empty means any.
        sublist: Of a sublist: the fields of a line.
        key: Of a sublist: names of its key fields; empty means not keyed.
    """

    name: str
    kind: str
    target: str = ""
    choices: tuple[str, ...] = ()
    sublist: Definition | None = None
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Definition:
    """The fields of a record type or of a sublist line."""

    record: str
    fields: dict[str, Field]
    lower: dict[str, str] = field(default_factory=dict)

    def find(self, name: str) -> Field | None:
        """Return a field by its name in any case."""
        spelled = self.lower.get(name.lower())
        return None if spelled is None else self.fields[spelled]


# Properties that the transcription leaves out but the record has, with their source.
_MORE: dict[str, dict[str, Any]] = {
    "invoice": {"shippingCost": "number", "taxItem": "ref:nsResource", "taxRate": "number"},
    "salesOrder": {"total": "number", "subtotal": "number"},
    "customer": {"comments": "text", "phone": "text"},
    "serviceSaleItem": {"description": "text", "isInactive": "boolean", "salesDescription": "text",
                        "upcCode": "text", "featuredDescription": "longtext",
                        "storeDetailedDescription": "longtext", "metaTagHtml": "longtext"},
    "account": {"description": "text", "localizations": "any"},
}  # fmt: skip


def _make_field(name: str, spec: Any, record: str) -> Field:
    if isinstance(spec, dict):
        return Field(
            name, "sublist", sublist=_make(f"{record}.{name}", spec["fields"]),
            key=tuple(spec["key"]),
        )  # fmt: skip
    kind, _, rest = spec.partition(":")
    if kind == "ref":
        target = _TARGETS.get(name, rest)
        if name == "revenueRecognitionRule":
            target = "revRecRule"
        if name == "createRevenuePlansOn":
            target = "revPlansOn"
        return Field(name, "ref", target=target)
    if kind == "enum":
        return Field(name, "enum", choices=tuple(rest.split(",")) if rest else ())
    return Field(name, kind)


def _make(record: str, specs: dict[str, Any]) -> Definition:
    fields = {name: _make_field(name, spec, record) for name, spec in specs.items()}
    return Definition(record, fields, {name.lower(): name for name in fields})


@cache
def definition(record: str) -> Definition:
    """Return the definition of a record type (REST spelling)."""
    text = resources.files(__package__).joinpath("definitions", f"{record}.json").read_text("utf-8")
    specs: dict[str, Any] = jsontext.loads(text)["fields"]
    specs.update(_MORE.get(record, {}))
    return _make(record, specs)


class Reader:
    """Turns a JSON body into values of a record, or says what is wrong.

    Args:
        company: Resolves references and knows the custom fields.
        names: What to do with unknown property names: "error", "warning" or "ignore".
            Source: header X-NetSuite-PropertyNameValidation, default Warning.
        values: The same for values that do not fit, default error.
    """

    def __init__(self, company: Company, names: str = "warning", values: str = "error") -> None:
        self._company = company
        self._names = names
        self._values = values
        self.warnings: list[str] = []

    def read(self, record: Definition, body: Any, custom: str, path: str = "") -> Values:
        """Read one record or line.

        Args:
            custom: Which custom fields belong here: body, column, entity, item or "".

        Returns:
            Values by camelCase name: references are ids, sublists {"items": [...]} become lists.
        """
        if not isinstance(body, dict):
            raise invalid_content("Invalid content. A JSON object was expected.", path)
        out: Values = {}
        for name, value in body.items():
            if name == "links":
                continue
            where = f"{path}.{name}" if path else name
            found = record.find(name)
            if found is None:
                lower = name.lower()
                kind = self._company.custom_fields.get(lower)
                if kind is None or kind[1] != custom:
                    self._unknown(name, record.record, where)
                    continue
                found = Field(lower, kind[0])
            try:
                out[found.name] = self._value(found, value, where)
            except NetSuiteError as error:
                if (
                    self._values == "error"
                    or error.code != "INVALID_CONTENT"
                    or found.kind == "ref"
                ):
                    raise
                if self._values == "warning":
                    self.warnings.append(error.detail)
        return out

    def _unknown(self, name: str, record: str, where: str) -> None:
        message = f"Unknown property name '{name}' in record '{record.partition('.')[0]}'."
        if self._names == "error":
            raise invalid_content(f"Error while accessing a resource. {message}", where)
        if self._names == "warning":
            self.warnings.append(message)

    def _value(self, spec: Field, value: Any, path: str) -> Any:
        if value is None:
            return None
        if spec.kind == "sublist":
            return self._sublist(spec, value, path)
        if spec.kind == "ref":
            return self.reference(spec, value, path)
        convert = _CONVERT.get(spec.kind)
        if convert is not None:
            return convert(spec, value, path)
        return value

    def _sublist(self, spec: Field, value: Any, path: str) -> list[Values] | None:
        assert spec.sublist is not None
        items = value.get("items", []) if isinstance(value, dict) else value
        if items is None:
            return None  # Source: "Replacing a Sublist": items null clears.
        if not isinstance(items, list):
            raise invalid_content("Invalid content. A collection has the property 'items'.", path)
        return [
            self.read(spec.sublist, line, "column", f"{path}.items[{index}]")
            for index, line in enumerate(items)
        ]

    def reference(self, spec: Field, value: Any, path: str) -> int | str:
        """Resolve a select field to an internal id.

        Source: "Using External IDs" for {"externalId": ...}; bare ids are accepted in several
        samples (unsure).
        """
        target = spec.target
        known = target in _KNOWN_TARGETS
        external = None
        shown: Any = value
        lenient = self._company.settings["reference_forms"] == "any"
        if isinstance(value, dict):
            lower = {key.lower(): item for key, item in value.items()}
            external = lower.get("externalid")
            shown = lower.get("id", external if external is not None else lower.get("refname"))
            if "id" not in lower and external is None:
                found = self._by_name(target, shown) if known and shown is not None else None
                if found is None:
                    raise invalid_value(shown, spec.name, path)
                return found
        elif not lenient:
            raise invalid_value(value, spec.name, path)
        if isinstance(shown, bool) or not isinstance(shown, (int, str)):
            raise invalid_value(shown, spec.name, path)
        if not known:
            return shown
        group = groups.group_of(target)
        text = str(shown)
        if external is None and lenient and text.startswith("eid:"):
            external = text[4:]
        if external is not None:
            record_id = self._company.by_external_id(group, str(external))
        else:
            record_id = whole(text)
            if record_id is None:
                record_id = self._by_name(target, text)
        if record_id is None or abs(record_id) > ID_MAX or not self._exists(group, record_id):
            raise invalid_value(shown, spec.name, path)
        return record_id

    def _exists(self, group: str, record_id: int) -> bool:
        if group == "transaction":
            return self._company.db.one("SELECT 1 FROM tx WHERE id = ?", (record_id,)) is not None
        return self._company.master(group, record_id) is not None

    def _by_name(self, target: str, name: Any) -> int | None:
        if target in {"revRecRule", "revPlansOn", "subsidiary", "currency"}:
            for record in self._company.masters(target):
                if str(name).lower() in {
                    str(record.body.get("name", "")).lower(),
                    str(record.body.get("symbol", "")).lower(),
                }:
                    return record.id
        return None


def _bad(spec: Field, value: Any, path: str) -> NetSuiteError:
    return invalid_content(
        f"Invalid value for the property '{spec.name}'. A value of type {spec.kind} was expected, "
        f"'{value}' was given.",
        path,
    )


def _text(spec: Field, value: Any, path: str) -> str | None:
    if isinstance(value, (bool, dict, list)):
        raise _bad(spec, value, path)
    text = str(value)
    if spec.name == "externalId" and not _EXTERNAL_ID.fullmatch(text):
        raise _bad(spec, value, path)
    return text or None


def _integer(spec: Field, value: Any, path: str) -> int:
    number = whole(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int) or abs(number) > INTEGER_MAX:
        raise _bad(spec, value, path)
    return number


def _number(spec: Field, value: Any, path: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise _bad(spec, value, path)
    number = Decimal(value)
    if abs(number) >= (QUANTITY_MAX if spec.name == "quantity" else NUMBER_MAX):
        raise _bad(spec, value, path)
    return number


def _boolean(spec: Field, value: Any, path: str) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("T", "F"):
        return bool(value == "T")
    raise _bad(spec, value, path)


def _date(spec: Field, value: Any, path: str) -> str:
    match = _DATE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise _bad(spec, value, path)
    try:
        return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError:
        raise _bad(spec, value, path) from None


def _datetime(spec: Field, value: Any, path: str) -> str:
    """Source: "Using Datetime Fields": RFC 3339, given back in UTC; a zone may be given."""
    if isinstance(value, str) and _DATE.fullmatch(value) and "T" not in value:
        return f"{_date(spec, value, path)}T00:00:00Z"
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise _bad(spec, value, path)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _enum(spec: Field, value: Any, path: str) -> str:
    # Source: "Format of Enumeration Values": writes take an id string, {id} or {refName}.
    if isinstance(value, dict):
        value = value.get("id", value.get("refName"))
    if isinstance(value, bool):
        value = "T" if value else "F"
    text = str(value)
    if spec.choices:
        for choice in spec.choices:
            if choice.lower() == text.lower():
                return choice
        raise invalid_value(value, spec.name, path)
    return text


_CONVERT: dict[str, Callable[[Field, Any, str], Any]] = {
    "text": _text, "longtext": _text, "integer": _integer, "number": _number, "boolean": _boolean,
    "date": _date, "datetime": _datetime, "enum": _enum,
}  # fmt: skip
