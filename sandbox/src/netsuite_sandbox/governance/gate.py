"""What stands between the network and the sandbox: concurrency limit and faults.

Source: "Concurrency Governance": REST, SOAP and RESTlets of an account share one limit; what is
over it gets 429. No connection lasts longer than 15 minutes.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from netsuite_sandbox.access.oauth2 import unauthorized
from netsuite_sandbox.errors import NetSuiteError, invalid_request, user_error
from netsuite_sandbox.governance.faults import Faults, Rule
from netsuite_sandbox.wire.http import Request, Response

if TYPE_CHECKING:
    from netsuite_sandbox.sandbox import Sandbox

# Source: "Handling of Lengthy Requests"; "Concurrency Governance and Session Management".
CONNECTION_MS_MAX = 15 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer and how it travels.

    Attributes:
        response: None when the connection is closed without an answer.
        delay_ms: How long it takes.
        cut: Whether only half of the body arrives.
    """

    response: Response | None
    delay_ms: int = 0
    cut: bool = False


class Gate:
    """The gate of one account."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.faults = Faults()
        self._lock = threading.Lock()
        self._under_way = 0
        self.peak = 0

    def enter(self, request: Request) -> NetSuiteError | None:
        """Count a request in; the refusal if there are too many. `leave` must follow if None."""
        if request.path.startswith("/_sandbox"):
            return None
        with self._lock:
            settings = self._sandbox.company.settings
            limit = settings["integration_concurrency_limit"] or settings["concurrency_limit"]
            if self._under_way >= min(limit, settings["concurrency_limit"]):
                return too_many()
            self._under_way += 1
            self.peak = max(self.peak, self._under_way)
            return None

    def refuse(self, request: Request, error: NetSuiteError) -> Response:
        """Answer a request that does not come in; the log of requests has it."""
        response = self._sandbox.refusal(error)
        self._sandbox.note(request, response)
        return response

    def leave(self, request: Request) -> None:
        """Count a request out."""
        if not request.path.startswith("/_sandbox"):
            with self._lock:
                self._under_way -= 1

    def delay_ms(self, struck: list[Rule]) -> int:
        """How long the request takes, by the latency rules that struck it."""
        return sum(rule.delay(self.faults.chance) for rule in struck if rule.fault == "latency")

    def strike(self, request: Request) -> list[Rule]:
        """Let the faults see a request, after the late commits that come before it."""
        if request.path.startswith("/_sandbox") or not (self.faults.rules or self.faults.late):
            return []
        with self._lock:
            due = self.faults.due()
            any_order = self._sandbox.company.settings["user_event_order"] == "any"
            struck = self.faults.strike(request, any_order=any_order)
        for late in due:
            self._sandbox.handle(late)
        return struck

    def deliver(self, request: Request, struck: list[Rule]) -> Delivery:
        """Handle a request under the faults that struck it."""
        decisive = next((r for r in struck if r.fault not in {"latency", "change"}), None)
        if decisive is None:
            return Delivery(self._sandbox.handle(request))
        return self._strike(request, decisive)

    def time_out(self, request: Request, struck: list[Rule]) -> Delivery:
        """Let the longest time of a connection pass on the account's clock, and end it.

        A write of records is finished all the same; what reads is given up.
        """
        company = self._sandbox.company
        company.clock.advance(timedelta(milliseconds=CONNECTION_MS_MAX))
        writes = request.method != "GET" and "/record/" in request.path
        if writes and company.settings["timed_out_writes"] == "finished":
            self.deliver(request, struck)
        return Delivery(None)

    def _strike(self, request: Request, rule: Rule) -> Delivery:
        refusal = _before(rule, self._sandbox.account)
        if refusal is not None:
            if rule.fault == "token_expired":
                self._sandbox.tokens.forget()
            return Delivery(self.refuse(request, refusal))
        if rule.fault == "late_commit":
            with self._lock:
                self.faults.late.append((rule.after_requests, request))
            lost = None if rule.status == 500 else self._sandbox.refusal(_broken(rule))
            return Delivery(lost)
        response = self._sandbox.handle(request)
        if rule.fault == "lost_response":
            return Delivery(None)
        if rule.fault == "truncated_response":
            return Delivery(response, cut=True)
        if response.status >= 400:
            return Delivery(response)
        if rule.fault == "after_submit_error":
            return Delivery(
                self._sandbox.refusal(user_error(rule.message or "afterSubmit failed."))
            )
        return Delivery(self._sandbox.refusal(_broken(rule)))

    def flush(self) -> int:
        """Carry out all late commits now; return how many there were."""
        with self._lock:
            due = self.faults.flush()
        for late in due:
            self._sandbox.handle(late)
        return len(due)


def too_many() -> NetSuiteError:
    """429, as documented."""
    return NetSuiteError(
        429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked."
    )


def _before(rule: Rule, account: str) -> NetSuiteError | None:
    """The refusal of a fault that keeps a request from being acted on."""
    if rule.fault == "error_before_commit":
        return _broken(rule)
    if rule.fault == "too_many_requests":
        return too_many()
    if rule.fault == "truncated_request":
        return invalid_request("Invalid content in the request body. Provide a valid JSON body.")
    if rule.fault == "refuse":
        return user_error(rule.message or "This record has been locked by a user defined workflow.")
    if rule.fault == "token_expired":
        return unauthorized(account)
    return None


def _broken(rule: Rule) -> NetSuiteError:
    return NetSuiteError(
        rule.status,
        "UNEXPECTED_ERROR",
        f"An unexpected error occurred. Error ID: sandbox{rule.fired:05d}",
    )
