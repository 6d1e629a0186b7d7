"""The wire: routes, parsing and rendering. Nothing here knows accounting."""

from __future__ import annotations
