"""Plans as TOML files that people write and read: the format, and what is wrong with a file.

Money and credits are decimal numbers in units, never cents; TOML's own numbers are read exactly.
"""

from __future__ import annotations

from drawdown.billing.plan_file.read import read_plan

__all__ = ["read_plan"]
