"""The sandbox's own store: one SQLite file per NetSuite account."""

from __future__ import annotations
