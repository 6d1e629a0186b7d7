"""Limits and faults: what makes a client's life hard, on demand and repeatable."""

from __future__ import annotations
