"""Structured logs of delivery: one line an event, with tenant, block, record and attempt.

structlog renders the same fields as JSON for machines or as text for people.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

from drawdown.service.delivery import Claim, ConnectionState, Result
from drawdown.telemetry.names import block_of

TEXT_CHARACTERS_MAX = 2_000
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}


def new_logger(
    form: str, level: str = "info", stream: TextIO | None = None
) -> FilteringBoundLogger:
    """Return a logger that writes lines to a stream.

    Args:
        form: ``json`` or ``console``.
        level: ``debug``, ``info`` or ``warning``.
        stream: None: standard error.
    """
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=12)
    )
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(stream or sys.stderr),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _plain,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
    )
    return logger


def _plain(_logger: WrappedLogger, _name: str, fields: EventDict) -> EventDict:
    """Keep every text to one bounded line: block ids and messages come from outside."""
    return {
        name: (
            "".join(one if one.isprintable() else " " for one in value[:TEXT_CHARACTERS_MAX])
            if isinstance(value, str)
            else value
        )
        for name, value in fields.items()
    }


class DeliveryLog:
    """Observes delivery and logs it. A log that cannot be written stops no delivery."""

    def __init__(self, logger: FilteringBoundLogger) -> None:
        self._logger = logger

    def claimed(self, claims: Sequence[Claim]) -> None:
        """Log each row that was taken, for those who look closely."""
        for claim in claims:
            self._write("debug", "claimed", **_fields(claim))

    def settled(self, result: Result) -> None:
        """Log what came of a row."""
        fields = _fields(result.claim) | {"outcome": result.outcome.value}
        if result.posted is not None:
            fields |= {
                "number": result.posted.number,
                "posting_period": result.posted.posting_period,
            }
            self._write("info", "delivered", **fields)
            return
        if result.error is not None:
            fields |= {"code": result.error.code, "problem": result.problem}
        self._write("warning", "not delivered", **fields)

    def lost(self, claim: Claim) -> None:
        """Log that another worker has the row."""
        self._write("warning", "lost to another worker", **_fields(claim))

    def in_flight(self, calls: int) -> None:
        """Log nothing: metrics tell it."""

    def connection_changed(self, before: ConnectionState, now: ConnectionState) -> None:
        """Log a share that changed, a circuit that opened or closed."""
        is_opening = before.opened_at is None and now.opened_at is not None
        is_closing = before.opened_at is not None and now.opened_at is None
        if not (is_opening or is_closing or before.allowed != now.allowed):
            return
        what = "circuit opened" if is_opening else "circuit closed" if is_closing else "share"
        self._write(
            "warning" if is_opening else "info",
            what,
            connection=now.connection_id,
            allowed=now.allowed,
            concurrency=now.concurrency,
            problem=now.problem,
        )

    def troubled(self, problem: str) -> None:
        """Log a problem of the worker itself."""
        self._write("warning", "worker troubled", problem=problem)

    def _write(self, level: str, event: str, **fields: Any) -> None:
        with suppress(OSError, ValueError):
            getattr(self._logger, level)(event, **fields)


def _fields(claim: Claim) -> dict[str, Any]:
    intent = claim.intent
    return {
        "tenant": claim.tenant_id,
        "block": block_of(intent),
        "external_id": claim.external_id,
        "event_id": intent.event_id,
        "record": intent.record.value,
        "operation": intent.operation.value,
        "attempt": claim.attempts,
    }
