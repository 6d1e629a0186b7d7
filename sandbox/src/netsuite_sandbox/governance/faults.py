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
    latency               saved                  answered after `delay_ms`, spread evenly by
                          `spread_ms`, or lognormal around it by `sigma_percent`; 15 minutes or
                          longer pass on the account's clock at once, and the connection is closed
    too_many_requests     nothing is saved       429
    refuse                nothing is saved       400 USER_ERROR (a user event's beforeSubmit)
    after_submit_error    saved                  400 USER_ERROR (afterSubmit; the record stays)
    change                saved with `set` laid over the body, and `set_lines` over the lines of
                          sublists (a user event's beforeSubmit)
    token_expired         nothing is saved       401; the token is gone

User events run on writes only, and may look at the record first: `where` names properties of the
body, as the events before it left it, and the values they must have. Source: "Using the REST Web
Services SuiteScript Execution Context"; beforeSubmit is in the same transaction, afterSubmit comes
after the commit. Source of their order: "Execution Order of Deployed Scripts" (article_1029021012):
grouped by entry point, then as listed; with the setting user_event_order any order, by the seed.
"""

from __future__ import annotations

import math
import random
from dataclasses import asdict, dataclass, field
from typing import Any

from netsuite_sandbox.errors import NetSuiteError, invalid_request
from netsuite_sandbox.wire import jsontext
from netsuite_sandbox.wire.http import Request

KINDS = frozenset(
    {"error_before_commit", "error_after_commit", "lost_response", "late_commit",
     "truncated_request", "truncated_response", "latency", "too_many_requests", "refuse",
     "after_submit_error", "change", "token_expired"}
)  # fmt: skip
LOG_MAX = 10_000
_AFTER_SUBMIT = "after_submit_error"
_USER_EVENTS = frozenset({"refuse", "change", _AFTER_SUBMIT})
_WRITES = frozenset({"POST", "PATCH", "PUT", "DELETE"})


@dataclass(slots=True)
class Rule:
    """One fault and the requests it meets.

    Attributes:
        path: Part of the URL path, in any case; "" meets all.
        nth: Which of the matching requests (1 is the first); empty means by `probability`.
        times: How often at most; 0 means without end.
        after_requests: Of a late commit: how many further requests come first.
        spread_ms: Of a latency: added by chance, evenly from 0 to this.
        sigma_percent: Of a latency: lognormal with median `delay_ms` and this sigma, in hundredths.
        most_ms: Of a latency: no delay is longer; 0 for no bound.
        where: Of a user event: properties of the body, and their values, that it acts on.
        set_lines: Of a change: by sublist, what every line gets.
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
    sigma_percent: int = 0
    most_ms: int = 0
    after_requests: int = 1
    message: str = ""
    set: dict[str, Any] = field(default_factory=dict)
    set_lines: dict[str, Any] = field(default_factory=dict)
    where: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    fired: int = 0

    def meets(self, request: Request, chance: random.Random) -> bool:
        """Count a request; say whether the fault strikes it."""
        if self.method and self.method.upper() != request.method:
            return False
        if self.path.lower() not in request.path.lower():
            return False
        if self.fault in _USER_EVENTS and request.method not in _WRITES:
            return False
        if self.where and not self._looks_like(request):
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

    def delay(self, chance: random.Random) -> int:
        """Draw a delay in milliseconds."""
        delay = self.delay_ms
        if self.sigma_percent:
            delay = round(delay * math.exp(chance.gauss(0, self.sigma_percent / 100)))
        if self.spread_ms:
            delay += chance.randrange(self.spread_ms + 1)
        return min(delay, self.most_ms) if self.most_ms else delay

    def _looks_like(self, request: Request) -> bool:
        try:
            body = jsontext.parse(request.body)
        except NetSuiteError:
            return False
        if not isinstance(body, dict):
            return False
        given = {name.lower(): value for name, value in body.items()}
        return all(given.get(name.lower()) == value for name, value in self.where.items())

    def change(self, request: Request) -> None:
        """Lay the changes of a user event over the body."""
        try:
            body = jsontext.parse(request.body)
        except NetSuiteError:
            return
        if not isinstance(body, dict):
            return
        body = {**body, **self.set}
        for name, more in self.set_lines.items():
            sublist = body.get(name)
            if not isinstance(sublist, dict) or not isinstance(more, dict):
                continue
            lines = sublist.get("items")
            if isinstance(lines, list):
                changed = [{**line, **more} if isinstance(line, dict) else line for line in lines]
                body[name] = {**sublist, "items": changed}
        request.body = jsontext.dumps(body).encode("ascii")


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
        seed = body.get("seed", 0)
        if type(seed) is not int:
            raise invalid_request("The seed is a whole number.")
        self.rules = rules
        self.seed = seed
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

    def strike(self, request: Request, *, any_order: bool = False) -> list[Rule]:
        """Change a request and return the rules that strike it; at most one decides its outcome.

        Args:
            any_order: Whether user events of the same entry point run in an order of chance.
        """
        struck: list[Rule] = []
        outcome = False
        for rule in self._as_run(any_order=any_order):
            if rule.fault not in {"latency", "change"} and outcome:
                continue
            if rule.meets(request, self.chance):
                struck.append(rule)
                if rule.fault == "change":
                    rule.change(request)
                outcome = outcome or rule.fault not in {"latency", "change"}
                if len(self.log) < LOG_MAX:
                    entry = {"fault": rule.fault, "method": request.method, "path": request.path}
                    self.log.append(entry)
        return struck

    def _as_run(self, *, any_order: bool) -> list[Rule]:
        """The rules with the user events among them in the order in which these run."""
        events = [rule for rule in self.rules if rule.fault in _USER_EVENTS]
        if any_order:
            self.chance.shuffle(events)
        events.sort(key=lambda rule: rule.fault == _AFTER_SUBMIT)
        following = iter(events)
        return [next(following) if r.fault in _USER_EVENTS else r for r in self.rules]

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
    plain = Rule("")
    for name, value in item.items():
        expected = type(getattr(plain, name))
        if type(value) is not expected:
            raise invalid_request(f"'{name}' of a rule is of the type {expected.__name__}.")
    if not all(type(number) is int for number in item.get("nth", [])):
        raise invalid_request("'nth' of a rule lists whole numbers.")
    if not 400 <= item.get("status", 500) <= 599:
        raise invalid_request("'status' of a rule is 400 to 599.")
    return Rule(**item)
