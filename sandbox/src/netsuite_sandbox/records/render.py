"""Records as the REST API shows them. Source: "Getting a Record Instance"."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from netsuite_sandbox import groups
from netsuite_sandbox.records import computed, projects
from netsuite_sandbox.records.fields import Definition, Field, Values, definition
from netsuite_sandbox.records.kinds import Books
from netsuite_sandbox.records.master_kinds import display_name, full_name
from netsuite_sandbox.records.transactions import BY_CODE, KINDS, current_values, label

_MASTER_TARGETS = {
    "account": "account", "currency": "currency", "subsidiary": "subsidiary",
    "accountingPeriod": "accountingPeriod", "entity": "customer", "customer": "customer",
    "item": "serviceSaleItem", "revRecRule": "", "revPlansOn": "", "subscription": "subscription",
    "subscriptionLine": "subscriptionLine", "subscriptionPlan": "subscriptionPlan",
    "priceBook": "priceBook", "pricePlan": "pricePlan", "billingAccount": "billingAccount",
    "campaignSubscription": "campaignSubscription", "job": "job",
}  # fmt: skip
_ENUM_NAMES = {"T": "True", "F": "False"}


class Renderer:
    """Renders records for one request.

    Args:
        root: URL of the record service, ending in /record/v1.
        expand: Whether sublists are shown inside (expandSubResources=true).
        simple_enums: Whether enumerations are bare ids (simpleEnumFormat=true).
        fields: The query parameter of that name.
    """

    def __init__(
        self, books: Books, root: str, *, expand: bool, simple_enums: bool, fields: str = ""
    ) -> None:
        self._books = books
        self._fields = fields
        self._root = root
        self._expand = expand
        self._simple_enums = simple_enums

    def transaction(self, record: str, record_id: int, fields: set[str] | None) -> Values:
        """Render one transaction."""
        kind = KINDS[record]
        head = self._books.ledger.header(record_id)
        assert head is not None
        values = current_values(self._books, kind, head)
        values.update(computed.of_transaction(self._books, head))
        values.update(
            id=str(head.id), createdDate=head.createddate, lastModifiedDate=head.lastmodifieddate,
            prevDate=head.trandate, refName=f"{kind.label} #{head.tranid}",
            transactionNumber=head.tranid,
        )  # fmt: skip
        if head.status is not None:
            values["status"] = head.status
        known = definition(record).fields
        if "totalAfterTaxes" in known:  # Tax is a line here, so that the total has it.
            values["totalAfterTaxes"] = values.get("total")
            values.setdefault("taxTotal", Decimal(0))
        names = {"status": kind.status_name(head.status)}
        return self._record(definition(record), record, head.id, values, names, fields)

    def master(self, record: str, record_id: int, fields: set[str] | None) -> Values:
        """Render one record of master data."""
        company = self._books.company
        group = groups.group_of(record)
        found = company.must(group, record_id)
        values: Values = {
            **found.body, "id": str(found.id), "externalId": found.external_id,
            "refName": display_name(company, group, record_id),
            "dateCreated": found.created, "createdDate": found.created,
            "lastModifiedDate": found.modified,
        }  # fmt: skip
        if record == "customer":
            values.update(computed.of_customer(company, record_id))
        if record == "job":
            values.update(projects.of_project(company, found))
        if record == "account":
            values.update(computed.of_account(company, record_id, found.body))
        if record in {"account", "subsidiary"}:
            values["fullName"] = full_name(company, group, record_id)
        return self._record(definition(record), record, record_id, values, {}, fields)

    def form(self, spec: Definition, values: Values) -> Values:
        """Render values of a record that is not saved."""
        return self._values(spec, values, {}, None)

    def sublist(self, record: str, record_id: int, name: str) -> tuple[Field, list[Values]] | None:
        """Return a sublist of a record as values, or None if there is no such one."""
        kind = KINDS.get(record)
        found = definition(record).find(name)
        if found is None or found.sublist is None:
            return None
        if kind is None:
            body = self._books.company.must(groups.group_of(record), record_id).body
            return found, body.get(found.name) or []
        head = self._books.ledger.header(record_id)
        assert head is not None
        return found, current_values(self._books, kind, head).get(found.name) or []

    def collection(self, spec: Field, url: str, lines: list[Values]) -> Values:
        """Render a sublist as a collection with its lines."""
        assert spec.sublist is not None
        items = [self.line(spec, url, line, index) for index, line in enumerate(lines, 1)]
        return {
            "links": [{"rel": "self", "href": url}], "items": items, "totalResults": len(items),
            "count": len(items), "hasMore": False, "offset": 0,
        }  # fmt: skip

    def line(self, spec: Field, url: str, line: Values, index: int) -> Values:
        """Render one sublist line."""
        assert spec.sublist is not None
        if set(spec.sublist.fields) == {"id"}:
            return self._chosen(spec, line)
        key = line.get(spec.key[0]) if spec.key else index
        body = self._values(spec.sublist, line, {}, None)
        return {"links": [{"rel": "self", "href": f"{url}/{key}"}], **body}

    def _chosen(self, spec: Field, line: Values) -> Values:
        """One choice of several. Source: "Format of Multiselects": its link is the record's."""
        record = _MASTER_TARGETS.get(spec.name, "")
        url = f"{self._root}/{record}/{line['id']}"
        links = [{"rel": "self", "href": url}] if record else []
        return {"links": links, "id": str(line["id"])}

    def _record(
        self, spec: Definition, record: str, record_id: int, values: Values,
        names: dict[str, str], fields: set[str] | None,
    ) -> Values:  # fmt: skip
        url = f"{self._root}/{record}/{record_id}"
        # Source: "Getting a Record Instance": the link repeats the fields as they were asked for.
        href = f"{url}?{urlencode({'fields': self._fields})}" if fields is not None else url
        out: Values = {"links": [{"rel": "self", "href": href}]}
        out.update(self._values(spec, values, names, fields, url))
        return out

    def _values(
        self, spec: Definition, values: Values, names: dict[str, str], fields: set[str] | None,
        url: str = "",
    ) -> Values:  # fmt: skip
        out: Values = {}
        for name in sorted(values, key=str.lower):
            value = values[name]
            found = spec.fields.get(name)
            if value is None or value == "":
                continue
            if fields is not None and name.lower() not in fields:
                continue
            if found is None:
                if name.startswith("cust"):
                    out[name] = value
                continue
            if found.kind == "sublist":
                if fields is None and url:
                    out[name] = self._sublist(found, f"{url}/{name}", value)
                continue
            out[name] = self._value(found, value, names.get(name))
        return out

    def _sublist(self, spec: Field, url: str, lines: Any) -> Values:
        if not self._expand:
            return {"links": [{"rel": "self", "href": url}]}
        return self.collection(spec, url, lines)

    def _value(self, spec: Field, value: Any, name: str | None) -> Any:
        if spec.kind == "ref":
            return self._reference(spec, value)
        if spec.kind == "enum":
            text = str(value)
            if self._simple_enums:
                return text
            return {"id": text, "refName": name or _ENUM_NAMES.get(text, text)}
        if spec.kind == "integer":
            return int(value)
        if spec.kind == "number":
            return Decimal(value)
        return value

    def _reference(self, spec: Field, value: Any) -> Values:
        company = self._books.company
        if spec.target == "transaction":
            return self._transaction_reference(int(value))
        record = _MASTER_TARGETS.get(spec.target)
        if record is None:
            return {"id": str(value)}
        group = groups.group_of(spec.target)
        name = display_name(company, group, int(value))
        links = [{"rel": "self", "href": f"{self._root}/{record}/{value}"}] if record else []
        return {"links": links, "id": str(value), "refName": name}

    def _transaction_reference(self, tx: int) -> Values:
        row = self._books.company.db.one(
            "SELECT type, tranid, json_extract(extra, '$.record') AS record FROM tx WHERE id = ?",
            (tx,),
        )
        if row is None:
            return {"id": str(tx)}
        kind = BY_CODE.get(row["type"])
        href = f"{self._root}/{row['record'] or kind.record}/{tx}" if kind else ""
        return {
            "links": [{"rel": "self", "href": href}] if href else [],
            "id": str(tx),
            "refName": f"{label(row['type'])} #{row['tranid']}",
        }
