"""SuiteQL: parsed by sqlglot, checked against the documented tables, run by SQLite.

What is not supported is refused with NetSuite's error; nothing is matched by patterns.
"""

from __future__ import annotations
