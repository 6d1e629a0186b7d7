"""Delivering the outbox to the ERP: by any number of processes, in order per lane, nothing twice.

Three steps, apart from one another: `claim` (SQL), `perform` (calls to the ERP), `settle` (SQL). A
worker runs them side by side, a simulation one after the other under a clock of its own.
"""

from __future__ import annotations

from drawdown.service.delivery.deliver import DeliveryReport, Options, deliver
from drawdown.service.delivery.governor import CONCURRENCY_DEFAULT
from drawdown.service.delivery.observer import NoObserver, Observer
from drawdown.service.delivery.steps import (
    Outcome,
    Result,
    Settled,
    claim,
    give_back,
    learn_share,
    perform,
    register,
    renew,
    settle,
)
from drawdown.service.delivery.worker import Worker
from drawdown.store.delivery import Claim, ConnectionState

__all__ = [
    "CONCURRENCY_DEFAULT",
    "Claim",
    "ConnectionState",
    "DeliveryReport",
    "NoObserver",
    "Observer",
    "Options",
    "Outcome",
    "Result",
    "Settled",
    "Worker",
    "claim",
    "deliver",
    "give_back",
    "learn_share",
    "perform",
    "register",
    "renew",
    "settle",
]
