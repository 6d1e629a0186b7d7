"""One running sandbox: composes the parts and answers requests, with or without a server."""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections import deque
from decimal import InvalidOperation
from typing import Any

from netsuite_sandbox.access.oauth2 import TOKEN_PATH, Tokens
from netsuite_sandbox.access.roles import Roles
from netsuite_sandbox.access.tba import TokenBased
from netsuite_sandbox.arm.automatic import update_when_due
from netsuite_sandbox.company import Company
from netsuite_sandbox.control import routes as control
from netsuite_sandbox.control.copies import Snapshots
from netsuite_sandbox.errors import (
    ERROR_TYPE,
    UNEXPECTED_ERROR,
    NetSuiteError,
    invalid_content,
    invalid_request,
)
from netsuite_sandbox.governance.gate import Gate
from netsuite_sandbox.ledger import Ledger
from netsuite_sandbox.pages import routes as pages
from netsuite_sandbox.pages.model import ROOT as PAGES
from netsuite_sandbox.periods import Periods
from netsuite_sandbox.records.kinds import Books
from netsuite_sandbox.seed import seed
from netsuite_sandbox.store.database import Database
from netsuite_sandbox.suiteql.execute import Engine
from netsuite_sandbox.suiteql.views import create_views
from netsuite_sandbox.wire import asyncapi, queryapi, recordapi, systemapi
from netsuite_sandbox.wire.http import Request, Response, answer

REQUEST_LOG_MAX = 10_000
# What clients ask first to see whether their signature is accepted; 204 by the test that
# netsuite-rest of npm runs against a live account.
ANY_RESOURCE = "/services/rest/*"
_LOG = logging.getLogger("netsuite_sandbox")
_REAL_ACCOUNT = re.compile(r"\d+(_(SB|RP)\d*)?", re.IGNORECASE)


class RealAccountError(ValueError):
    """The account id looks like a real one; a sandbox must not be mistaken for it."""


class Sandbox:
    """A NetSuite account that runs here.

    Args:
        db_path: File of the store, or ":memory:".
        account: Account id. Plain digits (with or without _SB1) look real and are refused unless
            `allow_real_account` is set.
    """

    def __init__(
        self, db_path: str = ":memory:", account: str = "TSTDRV1234567", *,
        allow_real_account: bool = False,
    ) -> None:  # fmt: skip
        if _REAL_ACCOUNT.fullmatch(account) and not allow_real_account:
            raise RealAccountError(
                f"'{account}' looks like a real NetSuite account. Choose another id, such as "
                "TSTDRV1234567, or allow it explicitly."
            )
        self.account = account
        self.db_path = db_path
        self.requests: deque[dict[str, Any]] = deque(maxlen=REQUEST_LOG_MAX)
        self._open()
        self.gate = Gate(self)
        self.snapshots = Snapshots(self)

    def _open(self) -> None:
        self.db = Database(self.db_path)
        self.company = Company(self.db, self.account)
        self.books = Books(self.company, Ledger(self.company), Periods(self.company))
        seed(self.company)
        create_views(self.company)
        self.company.settings.listeners.append(self._changed)
        self.engine = Engine(self.company)
        self.tokens = Tokens(self.company)
        self.token_based = TokenBased(self.company)
        self.roles = Roles(self.company)

    def _changed(self, setting: str) -> None:
        """Follow a setting that SuiteQL's views depend on."""
        if setting == "suiteql_lag_s":
            create_views(self.company)

    def reset(self) -> None:
        """Empty the store and seed it anew; tokens and integrations go too."""
        with self.db.lock:
            tables = self.db.all(
                "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view')"
                " AND name NOT LIKE 'sqlite_%'"
            )
            with self.db.transaction():
                for row in tables:
                    self.db.execute(f"DROP {row['type'].upper()} {row['name']}")
                self.db.execute("DELETE FROM sqlite_sequence")
            if self.db_path == ":memory:":
                self.db.close()
                self._open()
                return
            self.db.close()
            self._open()

    def reload(self) -> None:
        """Drop what is cached, after the store was changed from outside."""
        self.company.forget()
        self.company.settings.load()
        self.company.clock.load()
        self.company.load_custom_fields()
        self.books.periods.forget()
        self.tokens.reload()
        create_views(self.company)

    def close(self) -> None:
        """Close the store."""
        self.db.close()

    def handle(self, request: Request) -> Response:
        """Answer one request."""
        started = time.perf_counter()
        try:
            update_when_due(self.books)
            response = self._route(request)
        except NetSuiteError as error:
            response = self.refusal(error)
        except (OverflowError, InvalidOperation):
            large = invalid_content("Error while accessing a resource. A number is too large.")
            response = self.refusal(large)
        except Exception:  # noqa: BLE001 (the edge: a bug answers 500 and is logged)
            _LOG.exception("%s %s", request.method, request.path)
            # Source: Error Handling in REST Web Services, System Error: the id is for support.
            text = f"{UNEXPECTED_ERROR} Error ID: {secrets.token_hex(10)}"
            response = self.refusal(NetSuiteError(500, "UNEXPECTED_ERROR", text))
        self.note(request, response, time.perf_counter() - started)
        return response

    def note(self, request: Request, response: Response, seconds: float = 0) -> None:
        """Write a request of the REST services and its answer to the log of requests."""
        if request.path.startswith("/_sandbox/"):
            return
        self.requests.append(
            {
                "at": self.company.clock.stamp(),
                "method": request.method,
                "path": request.path,
                "status": response.status,
                "location": response.headers.get("location"),
                "milliseconds": round(seconds * 1000, 2),
            }
        )

    def refusal(self, error: NetSuiteError) -> Response:
        """Render an error in the wording of the account's settings."""
        body = error.body(self.company.settings.values)
        return answer(body, error.status, ERROR_TYPE, error.headers)

    def _route(self, request: Request) -> Response:
        path = request.path
        if path == PAGES or path.startswith(PAGES + "/"):
            return pages.handle(self, request)
        if path.startswith("/_sandbox/"):
            return control.handle(self, request)
        if path == TOKEN_PATH and request.method == "POST":
            return self.tokens.token_request(request)
        if not path.startswith("/services/rest/"):
            raise NetSuiteError(404, "NOT_FOUND", "The requested resource does not exist.")
        if self.company.settings["require_authentication"]:
            request.role = self._caller(request)
            self.roles.check(request.role, request.method, path)
        if path == ANY_RESOURCE and request.method == "OPTIONS":
            return Response(204)
        if path.startswith(queryapi.PATH):
            return queryapi.handle(self.engine, request)
        if path.startswith(recordapi.ROOT):
            if asyncapi.wanted(request):
                return asyncapi.submit(self.company, request, self._record)
            if asyncapi.is_batch(request):
                raise invalid_request("A batch needs the header Prefer: respond-async.")
            return self._record(request)
        if path.startswith(asyncapi.ROOT):
            return asyncapi.handle(self.company, request)
        if path.startswith(systemapi.ROOT):
            return systemapi.handle(self.company, request)
        raise NetSuiteError(404, "NOT_FOUND", "The requested resource does not exist.")

    def _caller(self, request: Request) -> str:
        """Return the role of the caller, by bearer token or by signature."""
        if request.headers.get("authorization", "").lower().startswith("oauth "):
            return self.token_based.check(request)
        return self.tokens.check(request)

    def _record(self, request: Request) -> Response:
        """Answer one request of the record service, in a transaction of its own."""
        if request.method == "GET":
            with self.db.lock:
                return recordapi.handle(self.books, request)
        with self.db.transaction():
            return recordapi.handle(self.books, request)
