"""Faults on demand and the concurrency limit."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sandbox_client import REST, Client
from test_server import call, start


def fault(ns: Client, *rules: dict[str, Any], seed: int = 0) -> None:
    answer = ns.http.put("/_sandbox/faults", json={"seed": seed, "rules": list(rules)})
    assert answer.status_code == 200, answer.text


def post(ns: Client, eid: str = "D") -> Any:
    return ns.call("POST", "/customerDeposit", {"customer": {"id": ns.customer}, "payment": 5,
                                                "externalId": eid})  # fmt: skip


def saved(ns: Client) -> int:
    return int(ns.sql("SELECT COUNT(*) n FROM transaction")[0]["n"])


@pytest.mark.parametrize(
    ("kind", "status", "count"),
    [
        ("error_before_commit", 500, 0),
        ("error_after_commit", 500, 1),
        ("truncated_request", 400, 0),
        ("too_many_requests", 429, 0),
        ("refuse", 400, 0),
        ("after_submit_error", 400, 1),
        ("token_expired", 401, 0),
    ],
)
def test_answers(ns: Client, kind: str, status: int, count: int) -> None:
    """Each fault says what becomes of the record and of the answer."""
    fault(ns, {"fault": kind, "path": "/customerDeposit", "times": 1})
    assert post(ns).status_code == status
    ns.headers = Client(ns.http).headers
    assert saved(ns) == count


def test_text_of_too_many_requests(ns: Client) -> None:
    """CONCURRENCY_LIMIT_EXCEEDED. Source: Error Handling in REST Web Services."""
    fault(ns, {"fault": "too_many_requests", "path": "/customerDeposit"})
    answer = post(ns)
    assert answer.json()["title"] == "Too Many Requests"
    assert answer.json()["o:errorDetails"] == [
        {
            "detail": "Concurrent request limit exceeded. Request blocked.",
            "o:errorCode": "CONCURRENCY_LIMIT_EXCEEDED",
        }
    ]


def test_lost_response(ns: Client) -> None:
    """The record is there, the answer is not; a second POST is refused."""
    fault(ns, {"fault": "lost_response", "path": "/customerDeposit", "nth": [1]})
    with pytest.raises(httpx2.RemoteProtocolError):
        post(ns)
    assert saved(ns) == 1
    assert post(ns).status_code == 400
    log = ns.http.get("/_sandbox/faults").json()["log"]
    assert [entry["fault"] for entry in log] == ["lost_response"]


def test_late_commit(ns: Client) -> None:
    """The record appears only some requests later: a look-up before says it is not there."""
    fault(ns, {"fault": "late_commit", "path": "/customerDeposit", "method": "POST",
               "after_requests": 2, "times": 1})  # fmt: skip
    with pytest.raises(httpx2.RemoteProtocolError):
        post(ns)
    assert ns.call("GET", "/customerDeposit/eid:D").status_code == 404
    assert ns.call("GET", "/customerDeposit/eid:D").status_code == 404
    assert ns.call("GET", "/customerDeposit/eid:D").status_code == 200


def test_late_commit_meets_the_retry(ns: Client) -> None:
    """When the retry was faster the late one is refused: one record."""
    fault(ns, {"fault": "late_commit", "path": "/customerDeposit", "times": 1, "status": 504})
    assert post(ns).status_code == 504
    assert post(ns).status_code == 204
    assert ns.http.post("/_sandbox/faults/flush").json() == {"flushed": 1}
    assert saved(ns) == 1


def test_truncated_response(ns: Client) -> None:
    """A cut body."""
    ns.deposit(5, "D")
    fault(ns, {"fault": "truncated_response", "method": "GET"})
    with pytest.raises((httpx2.RemoteProtocolError, json.JSONDecodeError)):
        ns.call("GET", "/customerDeposit/eid:D").json()


def test_user_event_changes_the_write(ns: Client) -> None:
    """A script of the customer may change what is saved. Source: User Event Scripts; third parties."""
    fault(ns, {"fault": "change", "path": "/customerDeposit", "set": {"memo": "by script"}})
    post(ns)
    assert ns.get("/customerDeposit/eid:D")["memo"] == "by script"


def test_chance_is_repeatable(ns: Client) -> None:
    """The same seed strikes the same requests."""

    def run() -> list[int]:
        rule = {"fault": "error_before_commit", "probability_percent": 40, "status": 503,
                "method": "GET"}  # fmt: skip
        fault(ns, rule, seed=11)
        return [ns.call("GET", "/customer").status_code for _ in range(30)]

    first = run()
    assert first == run()
    assert set(first) == {200, 503}


def test_bad_rules_are_refused(ns: Client) -> None:
    """A rule that says nothing known is refused."""
    for rule in ({"fault": "nope"}, {"fault": "latency", "speed": 1}):
        assert ns.http.put("/_sandbox/faults", json={"rules": [rule]}).status_code == 400


def test_what_was_refused_is_in_the_log(ns: Client) -> None:
    """The log of requests has those that a fault or the limit of concurrency kept out, too."""
    fault(ns, {"fault": "too_many_requests", "nth": [1]}, {"fault": "error_before_commit", "nth": [1]})  # fmt: skip
    for _ in range(3):
        post(ns)
    log = ns.http.get("/_sandbox/requests").json()["requests"]
    assert [entry["status"] for entry in log][-3:] == [429, 500, 204]


def test_over_a_real_connection(tmp_path: Path) -> None:
    """Lost answers, the concurrency limit and a cut request on the wire."""
    process, port = start(tmp_path / "c.sqlite3")
    try:
        call(port, "PUT", "/_sandbox/settings",
             {"require_authentication": False, "concurrency_limit": 2})  # fmt: skip
        body = {"companyName": "N", "subsidiary": {"id": "1"}, "externalId": "N"}
        call(port, "PUT", "/_sandbox/faults",
             {"rules": [{"fault": "lost_response", "method": "POST", "path": "customer"}]})  # fmt: skip
        with pytest.raises((ConnectionError, OSError)):
            call(port, "POST", REST + "/customer", body)
        assert call(port, "GET", REST + "/customer/eid:N")[0] == 200
        _cut_request(port)
        rules = [{"fault": "latency", "delay_ms": 300}]
        call(port, "PUT", "/_sandbox/faults", {"rules": rules})
        found: list[int] = []
        threads = [
            threading.Thread(target=lambda: found.append(call(port, "GET", REST + "/customer")[0]))
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(set(found)) == [200, 429]
        call(port, "DELETE", "/_sandbox/faults")
        assert call(port, "GET", REST + "/customer")[1]["totalResults"] == 1
    finally:
        process.terminate()
        process.communicate(timeout=10)


def _cut_request(port: int) -> None:
    """Send half a body and go away."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(
            f"POST {REST}/customer HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n".encode()
            + b'{"companyName": "Cut", "subsidiary": {"id": "1"}}'
        )
