"""The record service: /services/rest/record/v1.

Sources: "Creating/Getting/Updating/Deleting a Record Instance", "Using External IDs", "Using the
Upsert Operation", "Transforming Records".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from netsuite_sandbox import groups
from netsuite_sandbox.errors import (
    CANT_UPDATE_ACCTNG_PRDS,
    TYPE_MISMATCH,
    NetSuiteError,
    invalid_request,
    method_not_allowed,
    nonexistent,
    unknown_record,
    user_error,
)
from netsuite_sandbox.records import masters, transactions
from netsuite_sandbox.records.fields import Field, Reader, Values, definition
from netsuite_sandbox.records.kinds import Books
from netsuite_sandbox.records.master_kinds import REST_KINDS
from netsuite_sandbox.records.render import Renderer
from netsuite_sandbox.whole import whole
from netsuite_sandbox.wire import actions, forms, metadata
from netsuite_sandbox.wire.collections import collection
from netsuite_sandbox.wire.http import RESOURCE, Request, Response, answer, created

ROOT = "/services/rest/record/v1"
_TYPES = {name.lower(): name for name in (*transactions.KINDS, *REST_KINDS)}
_MODES = frozenset({"error", "warning", "ignore"})


@dataclass(frozen=True, slots=True)
class Target:
    """What a URL below the root names."""

    record: str
    key: str = ""
    rest: tuple[str, ...] = ()


def handle(books: Books, request: Request) -> Response:
    """Answer one request of the record service."""
    below = request.path.removeprefix(ROOT).strip("/").split("/")
    for name in below:
        if books.company.settings.lacks(name):
            raise unknown_record(name)
    if below[0].lower() == "metadata-catalog" and request.method == "GET":
        return metadata.handle(books, request, below[1:])
    target = _target(request.path.removeprefix(ROOT))
    if not target.key:
        return _collection(books, request, target)
    if target.rest:
        return _below(books, request, target)
    if request.method == "GET":
        return _get(books, request, target)
    if request.method == "PATCH":
        return _patch(books, request, target)
    if request.method == "PUT":
        return _put(books, request, target)
    if request.method == "DELETE":
        return _delete(books, target)
    raise method_not_allowed(f"{request.method} is not supported on a record instance.")


def _target(path: str) -> Target:
    parts = [unquote(part) for part in path.strip("/").split("/") if part]
    if not parts:
        raise invalid_request("Invalid URL. Provide a record type.")
    record = _TYPES.get(parts[0].lower())
    if record is None:
        raise unknown_record(parts[0])
    return Target(record, parts[1] if len(parts) > 1 else "", tuple(parts[2:]))


def _group(record: str) -> str:
    return "transaction" if record in transactions.KINDS else groups.group_of(record)


def _resolve(books: Books, target: Target) -> int:
    """Return the internal id behind an id or eid: of a URL."""
    if target.key.startswith("eid:"):
        found = books.company.by_external_id(_group(target.record), target.key[4:])
        if found is None:
            raise nonexistent()
        return found
    record_id = whole(target.key)
    if record_id is None:
        raise nonexistent()
    return record_id


def _reader(books: Books, request: Request) -> Reader:
    names = request.headers.get("x-netsuite-propertynamevalidation", "Warning").lower()
    values = request.headers.get("x-netsuite-propertyvaluevalidation", "Error").lower()
    for mode in (names, values):
        if mode not in _MODES:
            raise invalid_request(f"Invalid validation mode '{mode}'.")
    return Reader(books.company, names, values)


def _custom_kind(record: str) -> str:
    return "body" if record in transactions.KINDS else REST_KINDS[record].custom


def _body(books: Books, request: Request, record: str) -> tuple[Values, Reader]:
    reader = _reader(books, request)
    values = reader.read(definition(record), request.json(), _custom_kind(record))
    return values, reader


def _headers(reader: Reader) -> dict[str, str]:
    """Warnings travel in a response header (its exact form is unsure)."""
    if not reader.warnings:
        return {}
    text = "; ".join(reader.warnings).encode("ascii", "replace").decode("ascii")
    return {"x-netsuite-warning": text}


def _location(request: Request, record: str, record_id: int) -> str:
    return f"{request.base_url}{ROOT}/{record}/{record_id}"


def _collection(books: Books, request: Request, target: Target) -> Response:
    if request.method == "GET":
        return collection(
            books, request, target.record, f"{request.base_url}{ROOT}",
            lambda record_id: _shown(books, request, target.record, record_id),
        )  # fmt: skip
    if request.method != "POST":
        raise method_not_allowed(f"{request.method} is not supported on a collection.")
    form = forms.wanted(request)
    if form == forms.OPTIONS:
        return forms.select_options(books, request, definition(target.record))
    if form and not request.body.strip():
        request.body = b"{}"
    values, reader = _body(books, request, target.record)
    if form:
        return _create_form(books, request, target.record, values)
    record_id = _create(books, target.record, values)
    response = created(_location(request, target.record, record_id), _headers(reader))
    response.status = books.company.settings["post_status"]
    return response


def _create_form(books: Books, request: Request, record: str, values: Values) -> Response:
    """Show what would be created. Source: "Create-form Operation"."""
    with books.company.db.rehearsal():
        try:
            made = _create(books, record, dict(values))
            return forms.shown(forms.CREATE, _shown(books, request, record, made))
        except NetSuiteError:
            renderer = _renderer(books, request)
            is_transaction = record in transactions.KINDS
            shown = forms.defaults(books, renderer, definition(record), values,
                                   transaction=is_transaction)  # fmt: skip
            return forms.shown(forms.CREATE, shown)


def _create(books: Books, record: str, values: Values) -> int:
    kind = transactions.KINDS.get(record)
    if kind is not None:
        return transactions.create(books, kind, values)
    record_id = masters.create(books.company, REST_KINDS[record], values)
    _after_master(books, record)
    return record_id


def _after_master(books: Books, record: str) -> None:
    if record == "accountingPeriod":
        books.periods.forget()


def _get(books: Books, request: Request, target: Target) -> Response:
    record_id = _checked(books, target)
    return answer(_shown(books, request, target.record, record_id))


def _shown(books: Books, request: Request, record: str, record_id: int) -> Values:
    wanted = request.param("fields")
    fields = {name.strip().lower() for name in wanted.split(",")} if wanted else None
    renderer = _renderer(books, request)
    if record in transactions.KINDS:
        return renderer.transaction(record, record_id, fields)
    return renderer.master(record, record_id, fields)


def _renderer(books: Books, request: Request) -> Renderer:
    return Renderer(
        books, f"{request.base_url}{ROOT}",
        expand=request.param("expandSubResources").lower() == "true",
        simple_enums=request.param("simpleEnumFormat").lower() == "true",
        fields=request.param("fields"),
    )  # fmt: skip


def _checked(books: Books, target: Target) -> int:
    """Resolve a URL and check that the instance is of the type."""
    record_id = _resolve(books, target)
    kind = transactions.KINDS.get(target.record)
    if kind is not None:
        transactions.get(books, kind, record_id)
    else:
        masters.get(books.company, REST_KINDS[target.record], record_id)
    return record_id


def _patch(books: Books, request: Request, target: Target) -> Response:
    record_id = _checked(books, target)
    form = forms.wanted(request)
    if form == forms.OPTIONS:
        return forms.select_options(books, request, definition(target.record))
    if form and not request.body.strip():
        request.body = b"{}"
    values, reader = _body(books, request, target.record)
    if form:
        with books.company.db.rehearsal():
            _update(books, request, target.record, record_id, values)
            return forms.shown(forms.EDIT, _shown(books, request, target.record, record_id))
    _update(books, request, target.record, record_id, values)
    return created(_location(request, target.record, record_id), _headers(reader))


def _update(books: Books, request: Request, record: str, record_id: int, values: Values) -> None:
    kind = transactions.KINDS.get(record)
    replace = _replaced(request, record)
    if request.param("replaceSelectedFields").lower() == "true":
        values = _only_selected(record, values, replace)
    if kind is None:
        if (
            record == "accountingPeriod"
            and books.company.settings["accounting_period_updates"] == "refused"
        ):
            raise user_error(CANT_UPDATE_ACCTNG_PRDS)
        masters.update(books.company, REST_KINDS[record], record_id, values, replace)
        _after_master(books, record)
        return
    transactions.update(books, kind, record_id, values, replace)


def _replaced(request: Request, record: str) -> frozenset[str]:
    lower = definition(record).lower
    names = (name.strip().lower() for name in request.param("replace").split(","))
    return frozenset(lower.get(name, name) for name in names if name)


def _only_selected(record: str, values: Values, replace: frozenset[str]) -> Values:
    """Delete exactly the fields that `replace` lists and the body leaves out or sets to null.

    Source: "Updating a Record Instance": with replaceSelectedFields=true every field to be
    deleted, body fields included, must be in `replace`.
    """
    fields = definition(record).fields
    kept = {k: v for k, v in values.items() if v is not None or k in replace}
    absent = {n: None for n in replace if n not in kept and (n in fields or n.startswith("cust"))}
    return {**kept, **absent}


def _put(books: Books, request: Request, target: Target) -> Response:
    """Upsert, by external id only. Source: "Using the Upsert Operation"."""
    if not target.key.startswith("eid:"):
        raise invalid_request("PUT is supported with an external ID (eid:) only.")
    external = target.key[4:]
    values, reader = _body(books, request, target.record)
    values["externalId"] = external
    found = books.company.by_external_id(_group(target.record), external)
    if found is None:
        record_id = _create(books, target.record, values)
    else:
        record_id = found
        head = books.ledger.header(found) if target.record in transactions.KINDS else None
        if head and transactions.record_of(head) != target.record:
            raise user_error(TYPE_MISMATCH)
        _update(books, request, target.record, record_id, values)
    return created(_location(request, target.record, record_id), _headers(reader))


def _delete(books: Books, target: Target) -> Response:
    record_id = _checked(books, target)
    kind = transactions.KINDS.get(target.record)
    if kind is not None:
        transactions.delete(books, kind, record_id)
    else:
        masters.delete(books.company, REST_KINDS[target.record], record_id)
        _after_master(books, target.record)
    return Response(204)


def _below(books: Books, request: Request, target: Target) -> Response:
    """Transforms and sub-resources."""
    if target.rest[0] == "!transform" and len(target.rest) == 2:
        if request.method != "POST":
            raise method_not_allowed("A transformation is a POST.")
        return _transform(books, request, target, target.rest[1])
    if target.rest[0].startswith("@") and len(target.rest) == 1:
        if request.method != "POST":
            raise method_not_allowed("A record action is a POST.")
        return _action(books, request, target)
    if request.method != "GET":
        raise method_not_allowed(f"{request.method} is not supported on a sub-resource.")
    record_id = _checked(books, target)
    renderer = _renderer(books, request)
    found = renderer.sublist(target.record, record_id, target.rest[0])
    if found is None:
        raise nonexistent()
    spec, lines = found
    url = f"{_location(request, target.record, record_id)}/{spec.name}"
    if len(target.rest) == 1:
        return answer(renderer.collection(spec, url, lines), content_type=RESOURCE +
                      "; type=collection")  # fmt: skip
    key = spec.key[0] if spec.key else "line"
    wanted = _line_key(books, spec, key, target.rest[1])
    for index, line in enumerate(lines, 1):
        if str(line.get(key, index)) == wanted:
            return answer(renderer.line(spec, url, line, index))
    raise nonexistent()


def _line_key(books: Books, spec: Field, key: str, given: str) -> str:
    """Return the key of a line in a URL; an external id stands for the record that is the key.

    Source: "Using External IDs": they may stand wherever an internal id does.
    """
    assert spec.sublist is not None
    field = spec.sublist.fields.get(key)
    if field is None or field.kind != "ref" or not given.startswith("eid:"):
        return given
    return str(books.company.by_external_id(groups.group_of(field.target), given[4:]))


def _action(books: Books, request: Request, target: Target) -> Response:
    """Source: "Executing Record Actions": {"links": [...], "result": true}."""
    record_id = _checked(books, target)
    if request.body.strip() and not isinstance(request.json(), dict):
        raise invalid_request("The parameters of an action are a JSON object.")
    kind = transactions.KINDS.get(target.record)
    head = books.ledger.header(record_id) if kind else None
    actions.execute(books, kind, target.record, head, target.rest[0][1:])
    url = f"{_location(request, target.record, record_id)}/{target.rest[0]}"
    return answer({"links": [{"rel": "self", "href": url}], "result": True})


def _transform(books: Books, request: Request, source: Target, name: str) -> Response:
    record = _TYPES.get(name.lower())
    kind = transactions.KINDS.get(record or "")
    if record is None or kind is None:
        raise unknown_record(name)
    source_id = _checked(books, source)
    reader = _reader(books, request)
    content: Any = request.json() if request.body.strip() else {}
    values = reader.read(definition(record), content, "body")
    whole = _replaced(request, record)
    if forms.wanted(request):
        with books.company.db.rehearsal():
            made = transactions.transform(books, (source.record, source_id), kind, values, whole)
            return forms.shown(forms.CREATE, _shown(books, request, record, made))
    record_id = transactions.transform(books, (source.record, source_id), kind, values, whole)
    return created(_location(request, record, record_id), _headers(reader))
