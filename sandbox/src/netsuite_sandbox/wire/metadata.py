"""The metadata catalog: record types as JSON Schema or OpenAPI 3.

Source: "Working with Resource Metadata": Accept application/schema+json or
application/swagger+json; it shows what the account's features, its custom fields and the caller's
role allow. Filters take body fields only ("Record Collection Filtering"), so no field of a sublist
is marked filterable.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from netsuite_sandbox.access.roles import Roles
from netsuite_sandbox.errors import MALFORMED, invalid_request, unknown_record
from netsuite_sandbox.records.fields import Definition, Field, definition
from netsuite_sandbox.records.kinds import Books
from netsuite_sandbox.records.master_kinds import REST_KINDS
from netsuite_sandbox.records.transactions import KINDS
from netsuite_sandbox.records.transforming import TRANSFORMS
from netsuite_sandbox.wire.http import RESOURCE, Request, Response, answer

SCHEMA, SWAGGER = "application/schema+json", "application/swagger+json"
_NAMES = (*KINDS, *REST_KINDS)
_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"}, "longtext": {"type": "string"},
    "integer": {"type": "integer", "format": "int64"},
    "number": {"type": "number", "format": "double"}, "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"}, "any": {},
}  # fmt: skip


def handle(books: Books, request: Request, rest: list[str]) -> Response:
    """Answer GET on the catalog or on one record type."""
    url = f"{request.base_url}/services/rest/record/v1/metadata-catalog"
    accept = request.headers.get("accept", "")
    if rest and not re.fullmatch(r"\w+", unquote(rest[0])):
        raise invalid_request(MALFORMED)  # Source: Error Handling, Invalid Request.
    if rest:
        names = [_spelled(rest[0])]
    else:
        chosen = [name for name in request.param("select").split(",") if name]
        roles, lacks = Roles(books.company), books.company.settings.lacks
        names = [
            name
            for name in ([_spelled(name) for name in chosen] or _NAMES)
            if roles.sees(request.role, name) and not lacks(name)
        ]
    if SWAGGER in accept:
        return answer(_openapi(books, request, names), content_type=SWAGGER)
    if SCHEMA in accept or rest:
        schemas = {name: _schema(books, name) for name in names}
        body = schemas[names[0]] if rest else {"items": list(schemas.values())}
        return answer(body, content_type=SCHEMA)
    items = [
        {"name": name, "links": [{"rel": "canonical", "href": f"{url}/{name}"},
                                 {"rel": "describes", "href": f"{url}/{name}"}]}
        for name in names
    ]  # fmt: skip
    return answer({"items": items}, content_type=RESOURCE + "; type=collection")


def _spelled(name: str) -> str:
    for known in _NAMES:
        if known.lower() == name.lower():
            return known
    raise unknown_record(name)


def _schema(books: Books, name: str) -> dict[str, Any]:
    properties = _properties(definition(name))
    wanted = "body" if name in KINDS else REST_KINDS[name].custom
    for script_id, (kind, applies) in books.company.custom_fields.items():
        if applies == wanted:
            properties[script_id] = {**_TYPES[kind], "x-ns-custom-field": True}
    return {"$schema": "http://json-schema.org/draft-06/hyper-schema#", "title": name,
            "type": "object", "properties": properties}  # fmt: skip


def _properties(record: Definition) -> dict[str, Any]:
    properties = {name: _property(spec) for name, spec in record.fields.items()}
    for name, spec in record.fields.items():
        if spec.kind in _TYPES:
            properties[name]["x-ns-filterable"] = True
    return properties


def _property(spec: Field) -> dict[str, Any]:
    if spec.kind == "sublist":
        assert spec.sublist is not None
        columns = {name: _property(column) for name, column in spec.sublist.fields.items()}
        items = {"type": "object", "properties": columns}
        return {"type": "object", "properties": {"items": {"type": "array", "items": items}}}
    if spec.kind == "ref":
        return {"type": "object", "properties": {
            name: {"type": "string"} for name in ("id", "externalId", "refName")}}  # fmt: skip
    if spec.kind == "enum":
        value: dict[str, Any] = {"type": "string"}
        if spec.choices:
            value["enum"] = list(spec.choices)
        return {"type": "object", "properties": {"id": value, "refName": {"type": "string"}}}
    return dict(_TYPES[spec.kind])


def _openapi(books: Books, request: Request, names: list[str]) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for name in names:
        body = {"content": {"application/vnd.oracle.resource+json; type=singular": {
            "schema": {"$ref": f"#/components/schemas/{name}"}}}}  # fmt: skip
        done = {"204": {"description": "Done."}}
        one = {"200": {"description": "The record.", **body}}
        parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        paths[f"/{name}"] = {
            "get": {"responses": {"200": {"description": "Ids."}}},
            "post": {"requestBody": body, "responses": done},
        }
        paths[f"/{name}/{{id}}"] = {
            "parameters": [parameter],
            "get": {"responses": one},
            "patch": {"requestBody": body, "responses": done},
            "put": {"requestBody": body, "responses": done},
            "delete": {"responses": done},
        }
        for source, target in sorted(TRANSFORMS):
            if source == name:
                paths[f"/{name}/{{id}}/!transform/{target}"] = {
                    "parameters": [parameter], "post": {"responses": done},
                }  # fmt: skip
    return {
        "openapi": "3.0.1",
        "info": {"title": "NetSuite REST Record API (sandbox)", "version": "v1"},
        "servers": [{"url": f"{request.base_url}/services/rest/record/v1"}],
        "paths": paths,
        "components": {"schemas": {name: _schema(books, name) for name in names}},
    }
