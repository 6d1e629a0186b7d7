"""What a form would show, without saving: create-form, edit-form and select-options.

Sources: REST API Browser 2026.1 (Accept of POST and PATCH), "Create-form Operation"
(article_1217103046): all fields prefilled, query parameters as for GET, sublists not expanded;
"selectOptions Operation" (article_0115100241): fields= names the select fields. The shape of the
select-options answer is unsure.
"""

from __future__ import annotations

from typing import Any

from netsuite_sandbox import groups
from netsuite_sandbox.errors import NetSuiteError
from netsuite_sandbox.records.fields import Definition, Field, Values
from netsuite_sandbox.records.kinds import Books
from netsuite_sandbox.records.master_kinds import display_name
from netsuite_sandbox.records.render import Renderer
from netsuite_sandbox.whole import whole
from netsuite_sandbox.wire.collections import page_links, paging
from netsuite_sandbox.wire.http import RESOURCE, Request, Response, answer

CREATE, EDIT, OPTIONS = "create-form", "edit-form", "select-options"
_MASTERS = {
    "entity": ("customer",), "customer": ("customer",), "item": ("serviceSaleItem",),
    "revRecRule": ("revRecRule",), "revPlansOn": ("revPlansOn",),
}  # fmt: skip


def wanted(request: Request) -> str:
    """Return which form the Accept header asks for; "" for none."""
    accept = request.headers.get("accept", "")
    for form in (CREATE, EDIT, OPTIONS):
        if f"type={form}" in accept.replace(" ", ""):
            return form
    return ""


def shown(form: str, values: Values) -> Response:
    """Answer with a form; what only a saved record has is left out of a new one."""
    if form == CREATE:
        saved = ("id", "createdDate", "lastModifiedDate", "links", "refName")
        values = {k: v for k, v in values.items() if k not in saved}
    return answer(values, content_type=f"{RESOURCE}; type={form}")


def defaults(
    books: Books, renderer: Renderer, record: Definition, values: Values, *, transaction: bool
) -> Values:
    """The form of a record that lacks too much to be made: what is given and the defaults."""
    out: Values = {k: v for k, v in values.items() if v is not None}
    if transaction:
        out.setdefault("tranDate", books.company.clock.today().isoformat())
        entity = out.get("entity", out.get("customer"))
        body = books.company.must("entity", entity).body if entity is not None else {}
        out.setdefault("subsidiary", body.get("subsidiary", 1))
        own = books.company.base_currency(out["subsidiary"])
        out.setdefault("currency", body.get("currency") or own)
        if out["currency"] != own:
            out.setdefault("exchangeRate", books.company.rate(out["currency"]))
        else:
            out["exchangeRate"] = 1
        period = books.periods.containing(out["tranDate"])
        if period is not None and "postingPeriod" in record.fields:
            out.setdefault("postingPeriod", period.id)
    return renderer.form(record, {k: v for k, v in out.items() if _known(record, k)})


def _known(record: Definition, name: str) -> bool:
    return name in record.fields or name.startswith("cust")


def select_options(books: Books, request: Request, record: Definition) -> Response:
    """Answer with the values that select fields may take.

    Raises:
        NetSuiteError: INVALID_PARAMETER if fields= is missing or names no select field.
    """
    names = [name for name in request.param("fields").split(",") if name.strip()]
    if not names:
        raise _bad("Provide the names of select fields in the query parameter 'fields'.")
    limit, offset = paging(request)
    out: dict[str, Any] = {}
    for name in names:
        spec = record.find(name.strip())
        if spec is None or spec.kind not in {"ref", "enum"}:
            raise _bad(f"The field '{name}' is not a select field of {record.record}.")
        options = _options(books, spec, request)
        page = options[offset : offset + limit]
        url = request.base_url + request.path
        out[spec.name] = {
            "links": page_links(url, request.query, limit, offset, len(options)),
            "items": page, "count": len(page), "offset": offset, "totalResults": len(options),
            "hasMore": offset + len(page) < len(options),
        }  # fmt: skip
    return answer(out, content_type=f"{RESOURCE}; type={OPTIONS}")


def _bad(detail: str) -> NetSuiteError:
    return NetSuiteError(400, "INVALID_PARAMETER", detail, **{"o:errorQueryParam": "fields"})


def _options(books: Books, spec: Field, request: Request) -> list[dict[str, str]]:
    company = books.company
    if spec.kind == "enum":
        return [{"id": choice, "refName": choice} for choice in spec.choices]
    entity = _chosen(books, request)
    subsidiary = entity.get("subsidiary") if entity else None
    out: list[dict[str, str]] = []
    for kind in _MASTERS.get(spec.target, (spec.target,)):
        for found in company.masters(kind):
            if found.body.get("isInactive") or not _fits(found.body, subsidiary, kind):
                continue
            name = display_name(company, groups.group_of(kind), found.id)
            out.append({"id": str(found.id), "refName": name})
    return out


def _fits(body: Values, subsidiary: Any, kind: str) -> bool:
    if kind == "accountingPeriod":
        return not (body.get("closed") or body.get("isYear") or body.get("isQuarter"))
    own = body.get("subsidiary")
    if subsidiary is None or own is None:
        return True
    return subsidiary in own if isinstance(own, list) else bool(own == subsidiary)


def _chosen(books: Books, request: Request) -> Values | None:
    """The customer that the body has chosen: other options depend on it."""
    body: Any = request.json() if request.body.strip() else {}
    value = body.get("entity", body.get("customer")) if isinstance(body, dict) else None
    key = value.get("id") if isinstance(value, dict) else value
    number = whole(str(key))
    found = None if number is None else books.company.master("entity", number)
    return found.body if found is not None else None
