"""Accounting for prepaid credits in Oracle NetSuite, provably down to zero.

A billing platform knows the credits, NetSuite keeps the books, and this package stands between
the two. The way of one event through it: billing decodes, core decides, store writes journal and
outbox, erp delivers, service joins them.
"""

from __future__ import annotations

__version__ = "2026.11.0"
