"""Scripts of the customer, slow and broken connections, limits and governance."""

from __future__ import annotations

import json
import threading
from typing import Any

import httpx2
import pytest
from sandbox_client import BLOCK, Client
from starlette.testclient import TestClient
from test_faults import fault, post, saved

from netsuite_sandbox import Sandbox, app as application, create_app
from netsuite_sandbox.governance.faults import Faults
from netsuite_sandbox.in_process import InProcessClient
from netsuite_sandbox.wire.http import Request


def deposit(ns: Client, **body: Any) -> Any:
    return ns.call("POST", "/customerDeposit",
                   {"customer": {"id": ns.customer}, "payment": 5, **body})  # fmt: skip


def test_before_submit_refuses(ns: Client) -> None:
    """An error in beforeSubmit stops the write: 400 USER_ERROR with its message. Source: User Event Scripts; the code is unsure."""
    fault(ns, {"fault": "refuse", "path": "/customerDeposit", "message": "Department is missing."})
    answer = deposit(ns)
    assert answer.json()["o:errorDetails"][0] == {
        "o:errorCode": "USER_ERROR",
        "detail": "Error while accessing a resource. Department is missing.",
    }
    assert saved(ns) == 0


def test_user_events_do_not_run_on_reads(ns: Client) -> None:
    """A script of writes leaves reads alone. Source: Using the REST Web Services SuiteScript Execution Context."""
    ns.deposit(5, "D")
    fault(ns, {"fault": "refuse", "path": "/customerDeposit"})
    assert ns.get("/customerDeposit/eid:D")["total"] == 5.0
    assert ns.call("PATCH", "/customerDeposit/eid:D", {"memo": "x"}).status_code == 400


def test_after_submit_error_leaves_the_record(ns: Client) -> None:
    """AfterSubmit comes after the commit: refused, but written. Source: User Event Scripts (SuiteScript); third parties."""
    fault(ns, {"fault": "after_submit_error", "path": "/customerDeposit", "message": "Mail failed"})
    assert deposit(ns, externalId="D").status_code == 400
    assert ns.get("/customerDeposit/eid:D")["total"] == 5.0


def test_script_looks_at_the_record(ns: Client) -> None:
    """Only what the script is about is refused or changed. Source: User Event Scripts."""
    fault(ns, {"fault": "refuse", "where": {"memo": "bad"}, "message": "no"},
              {"fault": "change", "where": {"MEMO": "plain"}, "set": {"memo": "changed"}})  # fmt: skip
    assert deposit(ns, memo="bad").status_code == 400
    assert deposit(ns, memo="good", externalId="G").status_code == 204
    assert deposit(ns, memo="plain", externalId="P").status_code == 204
    assert ns.get("/customerDeposit/eid:G")["memo"] == "good"
    assert ns.get("/customerDeposit/eid:P")["memo"] == "changed"


def test_script_changes_lines(ns: Client) -> None:
    """A script may set a field of every line, and the money with it. Source: User Event Scripts."""
    fault(
        ns,
        {"fault": "change", "path": "/invoice", "set_lines": {"item": {BLOCK: "X", "amount": 7}}},
    )
    ns.invoice(10, "I")
    body = ns.get("/invoice/eid:I?expandSubResources=true")
    assert (body["total"], body["item"]["items"][0][BLOCK]) == (7.0, "X")


BOTH = [{"fault": "change", "path": "/customerDeposit", "set": {"memo": memo}}
        for memo in ("first", "second")]  # fmt: skip


def test_scripts_run_as_listed(ns: Client) -> None:
    """Scripts of one entry point run as listed, and each sees what those before it set. Source: Execution Order of Deployed Scripts (article_1029021012)."""
    seen = {"fault": "refuse", "where": {"memo": "first"}, "message": "seen"}
    fault(ns, *BOTH)
    assert deposit(ns, externalId="D").status_code == 204
    assert ns.get("/customerDeposit/eid:D")["memo"] == "second"
    fault(ns, BOTH[0], seen)
    assert deposit(ns, memo="mine").status_code == 400
    fault(ns, seen, BOTH[0])
    assert deposit(ns, memo="mine").status_code == 204


def test_before_submit_comes_before_after_submit(ns: Client) -> None:
    """Scripts are grouped by entry point first: nothing is saved although afterSubmit is listed first. Source: Execution Order of Deployed Scripts (article_1029021012)."""
    fault(ns, {"fault": "after_submit_error", "path": "/customerDeposit"},
              {"fault": "refuse", "path": "/customerDeposit", "message": "first"})  # fmt: skip
    assert "first" in deposit(ns).json()["o:errorDetails"][0]["detail"]
    assert saved(ns) == 0


def test_scripts_in_any_order(ns: Client) -> None:
    """An integration cannot rely on the order: any administrator may move a script; a seed repeats the orders. Source: User Event Scripts and Localized User Event Scripts Subtabs on the Scripted Records Page (subsect_1520896383)."""
    ns.set(user_event_order="any")
    runs = []
    for run in range(2):
        ns.http.put("/_sandbox/faults", json={"seed": 3, "rules": BOTH})
        for number in range(12):
            assert deposit(ns, externalId=f"{run} {number}").status_code == 204
        runs.append([ns.get(f"/customerDeposit/eid:{run} {n}")["memo"] for n in range(12)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {"first", "second"}


def test_script_can_break_a_write(ns: Client) -> None:
    """What a script sets is validated like what the caller sent. Source: User Event Scripts."""
    fault(ns, {"fault": "change", "path": "/customerDeposit", "set": {"account": {"id": "99999"}}})
    assert deposit(ns).status_code == 400


def test_lognormal_latency() -> None:
    """Median as asked, a long tail, bounded, and the same for the same seed."""
    faults = Faults()
    rule = {"fault": "latency", "delay_ms": 100, "sigma_percent": 80, "most_ms": 1500}
    faults.set_rules({"seed": 5, "rules": [rule]})
    drawn = sorted(faults.rules[0].delay(faults.chance) for _ in range(2001))
    assert 90 < drawn[1000] < 110
    assert drawn[1900] > 300
    assert drawn[-1] <= 1500
    faults.set_rules({"seed": 5, "rules": [rule]})
    assert sorted(faults.rules[0].delay(faults.chance) for _ in range(2001)) == drawn


def test_even_latency() -> None:
    """Delay plus an even spread."""
    faults = Faults()
    faults.set_rules({"seed": 1, "rules": [{"fault": "latency", "delay_ms": 10, "spread_ms": 20}]})
    drawn = {faults.rules[0].delay(faults.chance) for _ in range(500)}
    assert min(drawn) == 10
    assert max(drawn) == 30


@pytest.mark.parametrize(
    "rule",
    [{"fault": "latency", "delay_ms": "x"}, {"fault": "latency", "nth": 5},
     {"fault": "latency", "nth": ["1"]}, {"fault": "refuse", "where": []}, {"fault": "refuse", "status": 200},
     {"fault": "refuse", "seen": 1}, "latency", None],
)  # fmt: skip
def test_rules_of_wrong_types_are_refused(ns: Client, rule: Any) -> None:
    """A rule that cannot work says so at once."""
    assert ns.http.put("/_sandbox/faults", json={"rules": [rule]}).status_code == 400
    assert ns.http.put("/_sandbox/faults", json={"seed": "x", "rules": []}).status_code == 400


@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize(("kind", "count"), [("error_before_commit", 0), ("error_after_commit", 1)])
def test_5xx_before_and_after_the_commit(ns: Client, status: int, kind: str, count: int) -> None:
    """The answer does not tell whether it was saved. Source: Error Handling in REST Web Services, UNEXPECTED_ERROR; third parties on 502."""
    fault(ns, {"fault": kind, "path": "/customerDeposit", "status": status})
    answer = post(ns)
    assert answer.status_code == status
    detail = answer.json()["o:errorDetails"][0]
    assert detail["o:errorCode"] == "UNEXPECTED_ERROR"
    assert detail["detail"].startswith("An unexpected error occurred. Error ID: ")
    ns.http.delete("/_sandbox/faults")
    assert saved(ns) == count


def test_token_taken_away_in_the_middle(ns: Client) -> None:
    """401 with WWW-Authenticate; a new token goes on. Source: OAuth 2.0 Client Credentials Flow."""
    fault(ns, {"fault": "token_expired", "nth": [2], "path": "/customerDeposit"})
    assert post(ns, "A").status_code == 204
    answer = post(ns, "B")
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert post(ns, "B").status_code == 401
    ns.headers = Client(ns.http).headers
    assert post(ns, "B").status_code == 204


def test_lost_answer_of_a_transform(ns: Client) -> None:
    """A transform cannot be an upsert: look its result up by external id. Source: Transforming Records; follows from the form of the URL."""
    made, bill = ns.deposit(10, "D"), ns.invoice(10, "I")
    fault(ns, {"fault": "lost_response", "path": "!transform", "times": 1})
    with pytest.raises(httpx2.RemoteProtocolError):
        ns.apply(made, bill, 10, "A")
    assert ns.get("/depositApplication/eid:A")["applied"] == 10.0
    ns.refused("POST", f"/customerDeposit/{made}/!transform/depositApplication",
               {"externalId": "A", "apply": {"items": [{"doc": {"id": bill}, "apply": True}]}})  # fmt: skip


LENGTHY = {"fault": "latency", "delay_ms": 15 * 60 * 1000}


@pytest.mark.parametrize(("becomes", "count"), [("finished", 1), ("undone", 0)])
@pytest.mark.parametrize("frozen", [True, False])
def test_a_write_of_fifteen_minutes(ns: Client, becomes: str, count: int, *, frozen: bool) -> None:
    """The connection ends after 15 minutes without an answer; SOAP finishes the write of one record, REST does so by a setting. Source: Handling of Lengthy Requests (section_4078474279); Concurrency Governance and Session Management (subsect_1559222360)."""
    ns.set(timed_out_writes=becomes)
    ns.http.put("/_sandbox/clock", json={"now": "2024-01-05T12:00:00Z", "frozen": frozen})
    fault(ns, {**LENGTHY, "times": 1})
    with pytest.raises(httpx2.RemoteProtocolError):
        post(ns)
    assert saved(ns) == count
    later = ns.http.get("/_sandbox/clock").json()["now"]
    assert "2024-01-05T12:14:59" <= later < "2024-01-05T12:30"


def test_a_query_of_fifteen_minutes() -> None:
    """A read or query that takes so long is given up; one millisecond less is answered. Source: Handling of Lengthy Requests (section_4078474279), List and Search Requests."""
    with TestClient(create_app()) as http:  # in an event loop, which can wait
        ns = Client(http)
        ns.set_up()
        fault(ns, LENGTHY)
        for ask in (lambda: ns.get("/customer"), lambda: ns.sql("SELECT id FROM customer")):
            with pytest.raises(httpx2.RemoteProtocolError):
                ask()
        fault(ns, {**LENGTHY, "most_ms": 1})
        assert len(ns.sql("SELECT id FROM customer")) == 1


def test_body_limit(monkeypatch: pytest.MonkeyPatch, ns: Client) -> None:
    """A body of at most 104 MB. Source: SuiteTalk limits."""
    assert application.BODY_BYTES_MAX == 104 * 1024 * 1024
    monkeypatch.setattr(application, "BODY_BYTES_MAX", 2000)
    answer = deposit(ns, memo="x" * 3000)
    assert answer.status_code == 400
    assert answer.json()["o:errorDetails"][0]["o:errorCode"] == "INVALID_REQUEST"
    assert saved(ns) == 0


def test_too_many_lines(ns: Client) -> None:
    """5,000 lines of a transaction, 10,000 of a journal; here fewer. Source: Line Limitations for Transactions (article_159361099314); Usage Notes for Transaction Record Types."""
    found = {one["name"]: one["value"] for one in ns.http.get("/_sandbox/settings").json()}
    assert (found["transaction_lines_max"], found["journal_lines_max"]) == (5_000, 10_000)
    ns.set(transaction_lines_max=2, journal_lines_max=3)
    line = {"item": {"id": ns.usage}, "amount": 1}
    bill: dict[str, Any] = {"entity": {"id": ns.customer}}
    made = ns.make("/invoice", {**bill, "item": {"items": [line] * 2}})
    ns.refused("POST", "/invoice", {**bill, "item": {"items": [line] * 3}})
    ns.refused("PATCH", f"/invoice/{made}", {"item": {"items": [line]}})
    ns.set(journal_lines_max=1)
    with pytest.raises(AssertionError, match="up to 1 lines"):
        ns.journal("1000", "4000", 5, "J")


def test_many_lines(ns: Client) -> None:
    """1,000 lines pass. Source: Limitations for Creating/Importing Transactions."""
    lines = [{"account": {"id": ns.account("1000")}, "debit": 1} for _ in range(999)]
    lines.append({"account": {"id": ns.account("4000")}, "credit": 999})
    ns.make(
        "/journalEntry", {"subsidiary": {"id": "1"}, "externalId": "J", "line": {"items": lines}}
    )
    assert ns.balance("1000") == 999


def governance(ns: Client) -> Any:
    return ns.http.get("/services/rest/system/v1/governanceLimits", headers=ns.headers).json()


def test_integration_limit(ns: Client) -> None:
    """Account limit = sum of integration limits + unallocated. Source: Concurrency Governance; REST system service (2025.2)."""
    ns.set(concurrency_limit=15, integration_concurrency_limit=4)
    limits = governance(ns)
    assert limits["accountConcurrencyLimit"] == 15
    assert limits["integrationConcurrencyLimit"] == 4
    assert limits["accountUnallocatedConcurrencyLimit"] == 11
    ns.set(integration_concurrency_limit=0)
    assert "integrationConcurrencyLimit" not in governance(ns)


@pytest.mark.parametrize(("account", "own", "most"), [(3, 0, 3), (5, 2, 2), (2, 9, 2)])
def test_concurrent_requests_are_counted(account: int, own: int, most: int) -> None:
    """It counts requests under way at once, not a rate; the lower limit holds. Source: Concurrency Governance."""
    sandbox = Sandbox()
    sandbox.company.settings.set("concurrency_limit", account)
    sandbox.company.settings.set("integration_concurrency_limit", own)
    request = Request("GET", "/services/rest/record/v1/customer")
    refused = [sandbox.gate.enter(request) for _ in range(10)]
    assert [r is None for r in refused].count(True) == most
    for _ in range(most):
        sandbox.gate.leave(request)
    assert sandbox.gate.enter(request) is None
    error = next(r for r in refused if r is not None)
    assert (error.status, error.code) == (429, "CONCURRENCY_LIMIT_EXCEEDED")
    sandbox.close()


def test_no_retry_after_is_promised(ns: Client) -> None:
    """No Retry-After header is documented. Source: Concurrency Governance (absence)."""
    fault(ns, {"fault": "too_many_requests", "path": "/customer"})
    answer = ns.call("GET", "/customer")
    assert answer.status_code == 429
    assert "retry-after" not in answer.headers


def test_parallel_posts_of_one_external_id(ns: Client, http: InProcessClient) -> None:
    """Eight at the same time: one is saved, seven are refused."""
    ns.set(concurrency_limit=20)
    sandbox = http.sandbox
    body = json.dumps({"customer": {"id": ns.customer}, "payment": 5, "externalId": "P"}).encode()
    found: list[int] = []

    def run() -> None:
        request = Request("POST", "/services/rest/record/v1/customerDeposit", [],
                          {"authorization": ns.headers["Authorization"]}, body)  # fmt: skip
        found.append(sandbox.handle(request).status)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [204] + [400] * 7
    assert saved(ns) == 1
