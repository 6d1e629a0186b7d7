"""Faults on demand: scripted rules, seeded chance, every one of them written to a log.

A rule says which requests it meets and what happens to them:

    {"fault": "lost_response", "method": "POST", "path": "/invoice", "nth": [2], "times": 1}

Kinds of fault, by what becomes of the record and of the answer:

    error_before_commit   nothing is saved       5xx
    error_after_commit    saved                  5xx
    lost_response         saved                  connection closed without an answer
    late_commit           saved some requests later   connection closed (or `status`)
    truncated_request     nothing is saved       400, as if the body had arrived cut
    truncated_response    saved                  body cut short, connection closed
    latency               saved                  answered after `delay_ms`
    too_many_requests     nothing is saved       429
    refuse                nothing is saved       400 USER_ERROR (a user event's beforeSubmit)
    after_submit_error    saved                  400 USER_ERROR (afterSubmit; the record stays)
    change                saved with `set` laid over the body (a user event)
    token_expired         nothing is saved       401; the token is gone
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from typing import Any

from netsuite_sandbox.errors import invalid_request
from netsuite_sandbox.wire.http import Request

KINDS = frozenset(
    {"error_before_commit", "error_after_commit", "lost_response", "late_commit",
     "truncated_request", "truncated_response", "latency", "too_many_requests", "refuse",
     "after_submit_error", "change", "token_expired"}
)  # fmt: skip
LOG_MAX = 10_000


@dataclass(slots=True)
class Rule:
    """One fault and the requests it meets.

    Attributes:
        path: Part of the URL path, in any case; "" meets all.
        nth: Which of the matching requests (1 is the first); empty means by `probability`.
        times: How often at most; 0 means without end.
        after_requests: Of a late commit: how many further requests come first.
        spread_ms: Of a latency: added by chance, evenly from 0 to this.
    """

    fault: str
    method: str = ""
    path: str = ""
    nth: list[int] = field(default_factory=list)
    probability_percent: int = 100
    times: int = 0
    status: int = 500
    delay_ms: int = 0
    spread_ms: int = 0
    after_requests: int = 1
    message: str = ""
    set: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    fired: int = 0

    def meets(self, request: Request, chance: random.Random) -> bool:
        """Count a request; say whether the fault strikes it."""
        if self.method and self.method.upper() != request.method:
            return False
        if self.path.lower() not in request.path.lower():
            return False
        self.seen += 1
        if self.times and self.fired >= self.times:
            return False
        if self.nth:
            strikes = self.seen in self.nth
        else:
            strikes = chance.randrange(100) < self.probability_percent
        self.fired += strikes
        return strikes


class Faults:
    """The rules in force, and what they did."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.log: list[dict[str, Any]] = []
        self.late: list[tuple[int, Request]] = []
        self.seed = 0
        self.chance = random.Random(0)  # noqa: S311 (repeatable chance is the point)

    def set_rules(self, body: Any) -> None:
        """Replace all rules: {"seed": 7, "rules": [...]}.

        Raises:
            NetSuiteError: INVALID_REQUEST naming what is wrong with a rule.
        """
        if not isinstance(body, dict) or not isinstance(body.get("rules"), list):
            raise invalid_request('Faults are {"seed": 7, "rules": [{"fault": ..., ...}]}.')
        rules = [_rule(item) for item in body["rules"]]
        self.rules = rules
        self.seed = int(body.get("seed", 0))
        self.chance = random.Random(self.seed)  # noqa: S311 (see above)
        self.log.clear()

    def describe(self) -> dict[str, Any]:
        """The rules with their counts, and the log of faults."""
        return {
            "seed": self.seed,
            "rules": [asdict(rule) for rule in self.rules],
            "log": self.log,
            "late": len(self.late),
        }

    def strike(self, request: Request) -> list[Rule]:
        """Return the rules that strike a request; at most one of them decides its outcome."""
        struck: list[Rule] = []
        outcome = False
        for rule in self.rules:
            if rule.fault not in {"latency", "change"} and outcome:
                continue
            if rule.meets(request, self.chance):
                struck.append(rule)
                outcome = outcome or rule.fault not in {"latency", "change"}
                if len(self.log) < LOG_MAX:
                    entry = {"fault": rule.fault, "method": request.method, "path": request.path}
                    self.log.append(entry)
        return struck

    def due(self) -> list[Request]:
        """Count one more request and return the late commits that come before it."""
        if not self.late:
            return []
        self.late = [(wait - 1, request) for wait, request in self.late]
        ready = [request for wait, request in self.late if wait < 0]
        self.late = [(wait, request) for wait, request in self.late if wait >= 0]
        return ready

    def flush(self) -> list[Request]:
        """Return all late commits at once."""
        ready = [request for _, request in self.late]
        self.late = []
        return ready


def _rule(item: Any) -> Rule:
    if not isinstance(item, dict) or item.get("fault") not in KINDS:
        raise invalid_request(f"A rule has a fault, one of {', '.join(sorted(KINDS))}.")
    known = set(Rule.__dataclass_fields__) - {"seen", "fired"}
    if unknown := set(item) - known:
        raise invalid_request(f"A rule has no {', '.join(sorted(unknown))}.")
    return Rule(**item)
