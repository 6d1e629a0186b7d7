"""The sandbox's own controls, under /_sandbox/. Nothing here exists in NetSuite."""

from __future__ import annotations
