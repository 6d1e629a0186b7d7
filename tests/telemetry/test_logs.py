"""Structured logs: the fields are there, in both forms, on one line each, without secrets."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from drawdown.core.errors import ErpRefusedError
from drawdown.core.observed import Posted
from drawdown.service.delivery import Claim, ConnectionState, Outcome, Result
from drawdown.telemetry import DeliveryLog, Together, new_logger
from tests.erp.conftest import deposit, usage

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
ONE = Claim("acme", 1, "dd_dep_b1", "1234567", 1, 1, 2, NOW, deposit())
POSTED = Posted("dd_dep_b1", "7", "CD7", "Jun 2026", is_adopted=False)
CONNECTION = ConnectionState("1234567", 5, 5, NOW, 0, 0, NOW, None, "")


def logged(form: str = "json", level: str = "debug") -> tuple[DeliveryLog, io.StringIO]:
    stream = io.StringIO()
    return DeliveryLog(new_logger(form, level, stream)), stream


def entries(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_delivery_is_one_line_with_what_it_is_about() -> None:
    log, stream = logged()

    log.settled(Result(ONE, Outcome.DELIVERED, POSTED))

    (entry,) = entries(stream)
    assert entry.pop("timestamp").endswith("Z")
    assert entry == {
        "event": "delivered", "level": "info", "tenant": "acme", "block": "B1",
        "external_id": "dd_dep_b1", "event_id": "event of dd_dep_b1",
        "record": "customerDeposit", "operation": "create", "attempt": 2,
        "outcome": "delivered", "number": "CD7", "posting_period": "Jun 2026",
    }  # fmt: skip


def test_a_record_of_several_blocks_names_them_all() -> None:
    log, stream = logged()
    intent = usage([("B2", "input_tokens", 1), ("B1", "input_tokens", 1), ("B1", "x", 1)])

    log.claimed([ONE._replace(intent=intent)])

    assert entries(stream)[0]["block"] == "B1 B2"


def test_a_refusal_has_its_code_and_words_on_one_line() -> None:
    log, stream = logged()
    error = ErpRefusedError("first\nsecond\x1b[31m", external_id="dd_dep_b1", code="USER_ERROR")

    log.settled(Result(ONE, Outcome.REFUSED, error=error))

    (entry,) = entries(stream)
    assert entry["level"] == "warning"
    assert (entry["code"], entry["outcome"]) == ("USER_ERROR", "refused")
    assert entry["problem"] == "first second [31m"
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("form", ["json", "console"])
def test_what_comes_from_outside_cannot_forge_a_line(form: str) -> None:
    log, stream = logged(form)
    hostile = "B1\n2026-01-01T00:00:00Z [info] delivered tenant=other\r\x1b[2J\u2028x"

    log.settled(
        Result(
            ONE._replace(intent=deposit(hostile), external_id=hostile), Outcome.DELIVERED, POSTED
        )
    )

    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


def test_a_text_without_end_is_cut() -> None:
    log, stream = logged()

    log.troubled("x" * 1_000_000)

    assert len(stream.getvalue()) < 3_000


def test_a_circuit_that_opens_and_closes_is_told_and_health_is_not() -> None:
    log, stream = logged()
    opened = CONNECTION._replace(opened_at=NOW, problem="the certificate ended")

    log.connection_changed(CONNECTION, opened)
    log.connection_changed(opened, CONNECTION)
    log.connection_changed(CONNECTION, CONNECTION._replace(allowed=2))
    log.connection_changed(CONNECTION, CONNECTION._replace(failures=1))

    found = [(entry["event"], entry["level"]) for entry in entries(stream)]
    assert found == [("circuit opened", "warning"), ("circuit closed", "info"), ("share", "info")]
    assert entries(stream)[0]["problem"] == "the certificate ended"


def test_the_level_leaves_out_what_is_beneath_it() -> None:
    log, stream = logged(level="warning")

    log.claimed([ONE])
    log.settled(Result(ONE, Outcome.DELIVERED, POSTED))
    log.lost(ONE)

    assert [entry["event"] for entry in entries(stream)] == ["lost to another worker"]


def test_a_log_that_cannot_be_written_stops_nothing() -> None:
    log, stream = logged()
    stream.close()

    log.settled(Result(ONE, Outcome.DELIVERED, POSTED))


def test_several_observers_hear_the_same() -> None:
    first, one = logged()
    second, other = logged()
    together = Together(first, second)

    together.claimed([ONE])
    together.settled(Result(ONE, Outcome.DELIVERED, POSTED))
    together.lost(ONE)
    together.in_flight(1)
    together.troubled("x")
    together.connection_changed(CONNECTION, CONNECTION._replace(allowed=1))

    assert [e["event"] for e in entries(one)] == [e["event"] for e in entries(other)]
    assert len(entries(one)) == 5
