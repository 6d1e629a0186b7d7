"""Changes that people made in the ERP: found, shown, and never overwritten without a choice."""

from __future__ import annotations

from drawdown.service.changes.choices import accept, leave, restore
from drawdown.service.changes.noted import awaiting, note

__all__ = ["accept", "awaiting", "leave", "note", "restore"]
