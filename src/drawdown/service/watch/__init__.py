"""Watching the ERP for documents that others write, and for what people change of ours."""

from __future__ import annotations

from drawdown.service.watch.cycle import Taken, Watched, adopt, watch

__all__ = ["Taken", "Watched", "adopt", "watch"]
