"""Routes of the pages: one path, three renderings (HTML, .csv, .json)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote

from netsuite_sandbox.pages import (
    billing,
    ledger,
    lists,
    record,
    render,
    revenue,
    system,
    trouble,
)
from netsuite_sandbox.pages.ask import Ask, NotFoundError, RefusedError
from netsuite_sandbox.pages.model import ROOT, Page
from netsuite_sandbox.wire.http import Request, Response

if TYPE_CHECKING:
    from netsuite_sandbox.sandbox import Sandbox

_HTML = "text/html; charset=utf-8"
_TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json", "": _HTML}
# Nothing is loaded from elsewhere and no script runs, whatever a record's text says.
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src data:;"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}


def handle(sandbox: Sandbox, request: Request) -> Response:
    """Answer one request below ROOT."""
    path = request.path.removeprefix(ROOT).rstrip("/")
    if request.method not in ("GET", "HEAD"):
        return _answer(405, _HTML, render.message("Pages are read with GET.", 405))
    if path == "/style.css":
        return _answer(200, "text/css; charset=utf-8", render.style())
    path, form = _form(path)
    ask = Ask(
        sandbox, tuple(unquote(part) for part in path.split("/") if part),
        dict(reversed(request.query)), request.base_url, export=bool(form),
    )  # fmt: skip
    try:
        view = _view(ask.parts)
        with sandbox.db.lock:
            page = view(ask)
        return _answer(200, _TYPES[form], _FORMS[form](page, ask))
    except NotFoundError:
        return _answer(404, _HTML, render.message("There is no such page.", 404))
    except RefusedError as error:
        return _answer(400, _HTML, render.message(str(error), 400))


def _form(path: str) -> tuple[str, str]:
    """Split the ending off a path: "/accounts.csv" is the CSV of "/accounts"."""
    for form in ("csv", "json"):
        if path.endswith("." + form):
            return path.removesuffix("." + form), form
    return path, ""


def _view(parts: tuple[str, ...]) -> Callable[[Ask], Page]:
    """Return the view of a path; a star stands for any one part."""
    for pattern in (parts, (*parts[:-1], "*"), (*parts[:-2], "*", "*")):
        found = _VIEWS.get("/".join(pattern))
        if found is not None and len(pattern) == len(parts):
            return found
    raise NotFoundError


_VIEWS: dict[str, Callable[[Ask], Page]] = {
    "": system.home,
    "index": system.home,
    "records": lists.record_types,
    "records/*": lists.records,
    "records/*/*": record.record,
    "accounts": ledger.accounts,
    "accounts/*": ledger.account,
    "trial-balance": ledger.trial_balance,
    "periods": ledger.periods,
    "revenue": revenue.overview,
    "revenue/planned": revenue.planned,
    "revenue/*": revenue.arrangement,
    "billing": billing.subscriptions,
    "billing/*": billing.subscription,
    "requests": system.requests,
    "faults": trouble.faults,
    "snapshots": trouble.snapshots,
    "settings": system.settings,
}
_FORMS: dict[str, Callable[[Page, Ask], str]] = {
    "": render.html, "csv": render.csv_of, "json": render.json_of,
}  # fmt: skip


def _answer(status: int, content_type: str, text: str) -> Response:
    return Response(status, {"content-type": content_type, **_HEADERS}, text.encode("utf-8"))
