"""Routes of the control interface."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from netsuite_sandbox.control import reports, revenue
from netsuite_sandbox.control.generating import generate
from netsuite_sandbox.control.loading import load
from netsuite_sandbox.control.refreshing import COLUMNS, refresh
from netsuite_sandbox.errors import invalid_request
from netsuite_sandbox.records.master_kinds import REST_KINDS
from netsuite_sandbox.records.masters import get
from netsuite_sandbox.records.reversal import make_due
from netsuite_sandbox.records.transactions import BY_CODE
from netsuite_sandbox.records.voiding import void
from netsuite_sandbox.suiteql.views import create_views
from netsuite_sandbox.whole import whole
from netsuite_sandbox.wire.http import Request, Response, plain_json

if TYPE_CHECKING:
    from netsuite_sandbox.sandbox import Sandbox

Handler = Callable[["Sandbox", Request], Any]


def handle(sandbox: Sandbox, request: Request) -> Response:
    """Answer one control request."""
    path = request.path.removeprefix("/_sandbox").rstrip("/")
    if path.startswith("/periods/") and request.method == "POST":
        return plain_json(_period(sandbox, path))
    found = _ROUTES.get((request.method, path))
    if found is None:
        known = ", ".join(f"{method} /_sandbox{where}" for method, where in _ROUTES)
        raise invalid_request(f"No control {request.method} {request.path}. There are: {known}.")
    result = found(sandbox, request)
    return result if isinstance(result, Response) else plain_json(result)


def _object(request: Request) -> dict[str, Any]:
    body = request.json()
    if not isinstance(body, dict):
        raise invalid_request("A JSON object is expected.")
    return body


def _health(sandbox: Sandbox, _request: Request) -> Any:
    return {"ok": True, "account": sandbox.account, "now": sandbox.company.clock.stamp()}


def _integration(sandbox: Sandbox, request: Request) -> Any:
    body = _object(request)
    pem = body.get("public_key_pem")
    if not isinstance(pem, str):
        raise invalid_request("public_key_pem is required: a PEM public key or certificate.")
    client, certificate = sandbox.tokens.add_integration(
        pem, str(body.get("role", "admin")), str(body.get("client_id", ""))
    )
    return {"client_id": client, "certificate_id": certificate}


def _token(sandbox: Sandbox, request: Request) -> Any:
    role = str(_object(request).get("role", "admin")) if request.body.strip() else "admin"
    token, lifetime = sandbox.tokens.issue("control", role, "rest_webservices")
    return {"access_token": token, "expires_in": lifetime, "token_type": "Bearer"}


def _custom_fields(sandbox: Sandbox, request: Request) -> Any:
    body = request.json()
    items = body if isinstance(body, list) else [body]
    made = []
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("scriptId"), str):
            raise invalid_request("Each custom field has scriptId, type and appliesTo.")
        kind, applies = str(item.get("type", "text")), str(item.get("appliesTo", "body"))
        if sandbox.company.add_custom_field(item["scriptId"], kind, applies):
            made.append(item["scriptId"].lower())
    if made:
        create_views(sandbox.company)
    return {"created": made, "customFields": sorted(sandbox.company.custom_fields)}


def _period(sandbox: Sandbox, path: str) -> Any:
    parts = path.split("/")
    if len(parts) != 4:
        raise invalid_request("POST /_sandbox/periods/{YYYY-MM}/close, /open, /lock or /lock-ar.")
    period = sandbox.books.periods.set_state(parts[2].replace("%20", " "), parts[3])
    return {
        "id": str(period.id), "periodName": period.name, "closed": period.closed,
        "allLocked": period.all_locked, "arLocked": period.ar_locked,
    }  # fmt: skip


def _clock(sandbox: Sandbox, _request: Request) -> Any:
    return {"now": sandbox.company.clock.stamp()}


def _set_clock(sandbox: Sandbox, request: Request) -> Any:
    body = _object(request)
    try:
        now = None if body.get("now") is None else datetime.fromisoformat(str(body["now"]))
    except ValueError:
        raise invalid_request("now is an ISO 8601 instant, or null for real time.") from None
    sandbox.company.clock.set(now, frozen=bool(body.get("frozen", False)))
    with sandbox.db.transaction():
        make_due(sandbox.books, sandbox.company.clock.today().isoformat())
    return _clock(sandbox, request)


def _settings(sandbox: Sandbox, _request: Request) -> Any:
    return sandbox.company.settings.describe()


def _set_settings(sandbox: Sandbox, request: Request) -> Any:
    for name, value in _object(request).items():
        sandbox.company.settings.set(name, value)
    return _settings(sandbox, request)


def _book(sandbox: Sandbox, request: Request) -> int:
    book = whole(request.param("book") or "1")
    if book is None or sandbox.company.master("accountingBook", book) is None:
        raise invalid_request("book is the id of an accounting book.")
    return book


def _ledger(sandbox: Sandbox, request: Request) -> Any:
    return reports.trial_balance(sandbox.company, request.param("as_of"), _book(sandbox, request))


def _hledger(sandbox: Sandbox, request: Request) -> Any:
    text = reports.hledger(sandbox.company, _book(sandbox, request))
    return Response(200, {"content-type": "text/plain; charset=utf-8"}, text.encode("utf-8"))


def _reset(sandbox: Sandbox, _request: Request) -> Any:
    sandbox.reset()
    return {"ok": True}


def _tba(sandbox: Sandbox, request: Request) -> Any:
    body = _object(request) if request.body.strip() else {}
    return sandbox.token_based.add(str(body.get("role", "admin")))


def _role(sandbox: Sandbox, request: Request) -> Any:
    body = _object(request)
    sandbox.roles.set(str(body.get("name", "")), body.get("permissions"))
    return {"name": body["name"]}


def _take(sandbox: Sandbox, request: Request) -> Any:
    sandbox.snapshots.take(str(_object(request).get("name", "")))
    return {"snapshots": sandbox.snapshots.names()}


def _restore(sandbox: Sandbox, request: Request) -> Any:
    sandbox.snapshots.restore(str(_object(request).get("name", "")))
    return {"ok": True}


def _snapshots(sandbox: Sandbox, _request: Request) -> Any:
    return {"snapshots": sandbox.snapshots.names()}


def _refresh(sandbox: Sandbox, _request: Request) -> Any:
    return {"moved": refresh(sandbox)}


def _void(sandbox: Sandbox, request: Request) -> Any:
    """What a RESTlet with SuiteScript's transaction.void would do."""
    body = _object(request)
    books = sandbox.books
    found = body.get("id") or books.company.by_external_id(
        "transaction", str(body.get("externalId", ""))
    )
    head = books.ledger.header(int(found)) if found else None
    kind = BY_CODE.get(head.type) if head else None
    if head is None or kind is None:
        raise invalid_request("A void names an id or externalId of a transaction.")
    with books.company.db.transaction():
        made = void(books, kind, head.id)
    return {"id": str(made), "voided": True}


def _merge(sandbox: Sandbox, request: Request) -> Any:
    """What the page Merge Duplicates does: all that one customer has becomes another's."""
    body = _object(request)
    company = sandbox.company
    customers = [
        get(company, REST_KINDS["customer"], int(str(body.get(name) or 0)))
        for name in ("from", "into")
    ]
    gone, kept = (customer.id for customer in customers)
    with company.db.transaction():
        for table, column in COLUMNS["entity"]:
            company.db.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (kept, gone))
        company.delete_master("entity", gone)
    return {"id": str(kept), "merged": str(gone)}


def _faults(sandbox: Sandbox, _request: Request) -> Any:
    return sandbox.gate.faults.describe()


def _set_faults(sandbox: Sandbox, request: Request) -> Any:
    sandbox.gate.faults.set_rules(request.json())
    return sandbox.gate.faults.describe()


def _clear_faults(sandbox: Sandbox, _request: Request) -> Any:
    flushed = sandbox.gate.flush()
    sandbox.gate.faults.set_rules({"rules": []})
    return {"flushed": flushed}


def _flush(sandbox: Sandbox, _request: Request) -> Any:
    return {"flushed": sandbox.gate.flush()}


def _generate(sandbox: Sandbox, request: Request) -> Any:
    body = _object(request)
    count, seed = body.get("count"), body.get("seed", 0)
    if type(count) is not int or type(seed) is not int:
        raise invalid_request('Generate {"count": 1000000, "seed": 7}: whole numbers.')
    return generate(sandbox, count, seed)


def _requests(sandbox: Sandbox, _request: Request) -> Any:
    return {"requests": [_shown(entry) for entry in sandbox.requests]}


def _shown(entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry, "milliseconds": str(entry["milliseconds"])}


_ROUTES: dict[tuple[str, str], Handler] = {
    ("GET", "/health"): _health,
    ("POST", "/integrations"): _integration,
    ("POST", "/tokens"): _token,
    ("POST", "/custom-fields"): _custom_fields,
    ("POST", "/void"): _void,
    ("POST", "/load"): load,
    ("POST", "/tba"): _tba,
    ("POST", "/roles"): _role,
    ("GET", "/snapshots"): _snapshots,
    ("POST", "/snapshots"): _take,
    ("POST", "/snapshots/restore"): _restore,
    ("POST", "/refresh"): _refresh,
    ("POST", "/merge"): _merge,
    ("GET", "/clock"): _clock,
    ("PUT", "/clock"): _set_clock,
    ("GET", "/settings"): _settings,
    ("PUT", "/settings"): _set_settings,
    ("GET", "/ledger"): _ledger,
    ("GET", "/journal.hledger"): _hledger,
    ("POST", "/reset"): _reset,
    ("POST", "/generate"): _generate,
    ("GET", "/requests"): _requests,
    ("GET", "/faults"): _faults,
    ("PUT", "/faults"): _set_faults,
    ("DELETE", "/faults"): _clear_faults,
    ("POST", "/faults/flush"): _flush,
    **revenue.ROUTES,
}
