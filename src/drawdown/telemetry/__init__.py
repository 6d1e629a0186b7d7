"""What a worker tells the people who run it: structured logs, metrics, health.

No secret, and nothing of a tenant but its id, block ids and external ids, is ever told.
"""

from __future__ import annotations

from drawdown.telemetry.logs import DeliveryLog, new_logger
from drawdown.telemetry.metrics import Metrics
from drawdown.telemetry.observers import Together
from drawdown.telemetry.server import MonitoringServer, Probes

__all__ = ["DeliveryLog", "Metrics", "MonitoringServer", "Probes", "Together", "new_logger"]
